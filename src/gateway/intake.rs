//! Commit 1: a document is read, checked and archived, and its sender is answered.
//!
//! What is refused here is refused with every flaw named, leaves no id behind, and is kept in the archive only.

use std::time::Instant;

use bytes::Bytes;

use super::decider::Message;
use super::door::{Head, Judged};
use super::reading::{Arrived, Unread};
use super::turned_away::TurnedAway;
use super::{Error, Fault, Gateway, figures, load};
use crate::archive::{self, Came, Direction, FirstUse, InboxEntry, LogEntry, Place};
use crate::document::Header;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::{Incoming, Pack, Request, delegations, participants};
use crate::record::{Batch, Expected, Key, Outcome, Packed};

/// What a sender is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Receipt {
    /// It is on disk, and will be decided.
    Accepted(Received),
    /// It was not taken in.
    Refused { correlation_id: String, error: Error },
}

/// The answer to a document that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The id to quote in a support case; of the first receipt when the document came again.
    pub correlation_id: String,
    /// The same bytes were accepted before, and this is the first answer again.
    pub duplicate: bool,
    /// The document's own id.
    pub message_id: String,
}

impl Gateway {
    /// Takes in one document. Returns once the answer is on disk.
    pub async fn receive(
        &self,
        caller: &Party,
        arrived: Arrived,
        correlation_id: &str,
        now: Timestamp,
    ) -> Result<Receipt, Fault> {
        let Arrived { document, body, reading, came } = arrived;
        self.answer(Arrival { caller, document, body, came, correlation_id, now }, reading).await
    }

    /// Takes in a document as the party that it names as its sender: what `replay` does.
    pub async fn receive_from_its_sender(&self, body: Bytes, correlation_id: &str) -> Result<Receipt, Fault> {
        let document = match self.recognise(&body) {
            Ok(document) => document,
            Err(error) => {
                let what = TurnedAway { document: "", body, came: None, error: error.clone() };
                self.turn_away(&nobody(), what, correlation_id, self.now()).await?;
                return Ok(Receipt::Refused { correlation_id: correlation_id.to_string(), error });
            }
        };
        let arrived = Arrived::of(&self.specs, &self.settings.limits, document, &body);
        let caller = match arrived.head() {
            Some(head) => self.caller_of(head.header)?,
            None => nobody(),
        };
        self.receive(&caller, arrived, correlation_id, self.now()).await
    }

    /// Who sends a document with this header: whom it names or, where that number is not registered in that role, the
    /// same number as somebody to whom something is delegated.
    fn caller_of(&self, header: &Header) -> Result<Party, Fault> {
        let named = sender_of(header);
        let delegates = [ActorRole::Delegated, ActorRole::GridAccessProvider];
        let delegates = delegates.map(|role| Party { number: named.number.clone(), role });
        let facts = load(&*self.store, &delegations::needs_of_any().and(participants::needs_of(Pack::DK, &named)))?;
        if participants::participant(&facts, Pack::DK, &named).is_some() {
            return Ok(named);
        }
        Ok(delegates.into_iter().find(|party| delegations::is_delegate(&facts, party)).unwrap_or(named))
    }

    async fn answer(&self, arrival: Arrival<'_>, reading: Result<Box<dyn Request>, Unread>) -> Result<Receipt, Fault> {
        let receipt = match reading {
            Ok(request) => self.admit(&arrival, request).await?,
            Err(unread) => {
                let (caller, body) = (arrival.caller, &arrival.body);
                let error = self.why_unread(caller, arrival.document, body, &unread)?;
                let header = unread.head().map(|head| head.header);
                self.refuse(&arrival, header, error).await?
            }
        };
        let verdict = match &receipt {
            Receipt::Accepted(Received { duplicate: true, .. }) => "duplicate",
            Receipt::Accepted(_) => "accepted",
            Receipt::Refused { error, .. } => &error.code,
        };
        let document = arrival.document.name;
        tell(document, arrival.caller, arrival.correlation_id, verdict, arrival.body.bytes());
        Ok(receipt)
    }

    /// All that keeps a document outside which has not become a request.
    pub(super) fn why_unread(
        &self,
        caller: &Party,
        document: &'static Incoming,
        body: &Packed,
        unread: &Unread,
    ) -> Result<Error, Fault> {
        let Some(head) = unread.head() else { return Ok(unread.error(body)) };
        Ok(match self.judge(caller, document, body, &head)? {
            Judged::Refused(error) => error,
            Judged::New(_) | Judged::Accepted { .. } => unread.error(body),
        })
    }

    /// The checks that need to know the caller and what was sent before.
    async fn admit(&self, arrival: &Arrival<'_>, request: Box<dyn Request>) -> Result<Receipt, Fault> {
        let header = request.header().clone();
        let mut request = Some(request);
        loop {
            let head = Head::of(&**request.as_ref().expect("a request is given back on conflict"));
            let ids = match self.judge(arrival.caller, arrival.document, &arrival.body, &head)? {
                Judged::New(ids) => ids,
                Judged::Accepted { correlation_id } => {
                    let message_id = header.message_id;
                    return Ok(Receipt::Accepted(Received { correlation_id, duplicate: true, message_id }));
                }
                Judged::Refused(error) => return self.refuse(arrival, Some(&header), error).await,
            };
            let batch = arrival.batch(&header, &ids);
            match self.take_in(arrival, batch, &mut request).await? {
                Outcome::Committed(_) => {
                    return Ok(Receipt::Accepted(Received {
                        correlation_id: arrival.correlation_id.to_string(),
                        duplicate: false,
                        message_id: header.message_id,
                    }));
                }
                // Somebody used one of the ids in between: look again, and it will be found.
                Outcome::Conflict(_) => continue,
            }
        }
    }

    /// Commit 1. The decider hears of the document before the sender does, and in order of commit.
    async fn take_in(
        &self,
        arrival: &Arrival<'_>,
        batch: Batch,
        request: &mut Option<Box<dyn Request>>,
    ) -> Result<Outcome, Fault> {
        self.must_not_hang(TAKING_IN)?;
        let began = Instant::now();
        let (done, outcome) = tokio::sync::oneshot::channel();
        let taken = request.take().expect("a request is handed over once and given back on conflict");
        let (entry, decider) = (arrival.inbox_entry(), self.decider.clone());
        let completion = move |result: Result<Outcome, _>| {
            let given_back = match &result {
                Ok(Outcome::Committed(number)) => {
                    decider.arrived(Message { number: *number, version: *number, entry, request: Ok(taken) });
                    None
                }
                _ => Some(taken),
            };
            // A caller that has gone away does not undo the commit; it only misses its answer.
            drop(done.send((result, given_back)));
        };
        self.store.submit(batch, Box::new(completion));
        let (result, given_back) = self.unless_it_hangs(TAKING_IN, outcome).await?;
        *request = given_back;
        figures::taken_in(began);
        result.map_err(Fault::store(TAKING_IN))
    }

    /// Archives what is not taken in, and answers with the error.
    async fn refuse(&self, arrival: &Arrival<'_>, header: Option<&Header>, error: Error) -> Result<Receipt, Fault> {
        let entry = LogEntry { came: arrival.came.clone(), ..arrival.log_entry(header, codes_of(&error)) };
        self.archive_refused(&entry, arrival.body.clone()).await?;
        Ok(Receipt::Refused { correlation_id: arrival.correlation_id.to_string(), error })
    }

    pub(super) async fn archive_refused(&self, entry: &LogEntry, body: Packed) -> Result<(), Fault> {
        let mut batch = Batch::default();
        batch.put_all([archive::log_in(entry)]);
        batch.body_all([archive::received(body)]);
        self.commit("archive a refused document", batch).await.map(drop)
    }
}

/// The codes of an error that the log keeps.
pub(super) fn codes_of(error: &Error) -> Vec<String> {
    let refused = std::iter::once(error).chain(&error.details).map(|error| error.code.clone());
    let mut codes: Vec<String> = refused.collect();
    codes.dedup();
    codes.truncate(REFUSAL_CODES_KEPT);
    codes
}

/// Counts what became of a document at the door, and says so in the log of the program.
pub(super) fn tell(document: &'static str, caller: &Party, correlation_id: &str, verdict: &str, bytes: u64) {
    metrics::counter!("gridpost_documents_in_total", "document" => document, "verdict" => verdict.to_string())
        .increment(1);
    tracing::info!(stage = "intake", document, %caller, correlation_id, verdict, bytes, "document answered");
}

/// One document at the door.
struct Arrival<'a> {
    caller: &'a Party,
    document: &'static Incoming,
    body: Packed,
    came: Option<Came>,
    correlation_id: &'a str,
    now: Timestamp,
}

impl Arrival<'_> {
    fn batch(&self, header: &Header, ids: &[Key]) -> Batch {
        let first_use =
            FirstUse { hash: self.body.hash(), correlation_id: self.correlation_id.to_string(), at: self.now }.encode();
        let mut batch = Batch::default();
        for id in ids {
            batch.expect(id.clone(), Expected::Absent).put(id.clone(), first_use.clone());
        }
        batch.put_all([self.inbox_entry().put(), archive::log_in(&self.log_entry(Some(header), Vec::new()))]);
        batch.body_all([archive::received(self.body.clone())]);
        batch
    }

    fn inbox_entry(&self) -> InboxEntry {
        InboxEntry {
            caller: self.caller.clone(),
            document: self.document.name.to_string(),
            at: self.now,
            correlation_id: self.correlation_id.to_string(),
            hash: self.body.hash(),
        }
    }

    fn log_entry(&self, header: Option<&Header>, refused: Vec<String>) -> LogEntry {
        LogEntry {
            direction: Direction::In,
            at: self.now,
            party: self.caller.clone(),
            addressee: None,
            document: self.document.name.to_string(),
            message_id: header.map(|header| header.message_id.clone()).unwrap_or_default(),
            correlation_id: self.correlation_id.to_string(),
            refused,
            hash: self.body.hash(),
            place: Place { bytes: self.body.bytes(), ..Place::default() },
            came: None,
            request: None,
        }
    }
}

/// Whom a document names as its sender. A role that the market does not know reads as grid access provider: the rules
/// turn the document down by the role's code, and the answer needs a queue.
fn sender_of(header: &Header) -> Party {
    let role = ActorRole::from_code(&header.sender_role).unwrap_or(ActorRole::GridAccessProvider);
    Party { number: header.sender(), role }
}

/// Whoever sent a document that cannot be read.
fn nobody() -> Party {
    Party { number: ActorNumber::new(""), role: ActorRole::GridAccessProvider }
}

/// Not yours to send.
pub(super) const SENDER: &str = "B2B-008";
const TAKING_IN: &str = "take in a document";
const REFUSAL_CODES_KEPT: usize = 8;
