//! Commit 1: a document is read, checked and archived, and its sender is answered.
//!
//! What is refused here is refused with every flaw named, leaves no id behind, and is kept in the archive only.

use std::time::Instant;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::door::{Head, Judged, refused};
use super::turned_away::TurnedAway;
use super::{Error, Fault, Gateway, figures, load};
use crate::archive::{self, Came, Direction, FirstUse, InboxEntry, LogEntry, Place};
use crate::document::{self, Header, Wire, cim_xml};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::{self, Incoming, Pack, Refused, Request, RequestReader, delegations, participants};
use crate::record::{Batch, Expected, Key, Outcome, Packed, Packer};
use crate::spec::{self, Flaw, Schema, Specs, Verdict};
use crate::xml::Limits;

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

    /// Which document it is, by its root's namespace.
    pub fn recognise(&self, body: &[u8]) -> Result<&'static Incoming, Error> {
        let schema = document::recognise(&self.specs, body, &self.settings.limits).map_err(|flaw| {
            Error::new(SYNTAX, "the document is not well-formed").details(vec![flaw_error(&flaw, FLAW)])
        })?;
        let namespace = schema.map(Schema::namespace);
        let known = process::documents().find(|document| Some(document.namespace) == namespace);
        known.ok_or_else(|| {
            let message = "no document with this root element and namespace is taken in here";
            Error::new(SYNTAX, message).details(vec![schema_unknown(message.into())])
        })
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

    /// Reads a caller's document that is at hand, a large one on a thread of its own: the doors' threads stay free for
    /// others. Nothing is read while more of the caller waits for its decision than may.
    pub async fn read_whole(&self, caller: &Party, document: &'static Incoming, body: Bytes) -> Result<Arrived, Fault> {
        self.decider.has_room(&caller.number, self.settings.undecided_max)?;
        if body.len() <= READ_AT_ONCE_BYTES_MAX {
            return Ok(Arrived::of(&self.specs, &self.settings.limits, document, &body));
        }
        let (specs, settings) = (self.specs.clone(), self.settings.clone());
        tokio::task::spawn_blocking(move || Arrived::of(&specs, &settings.limits, document, &body))
            .await
            .map_err(|_| Fault::Reading { document: document.name })
    }

    /// What is wrong with a document that has not begun like the form which it is said to be in; none where it is simply in
    /// another form.
    pub fn misfit(&self, document: &'static Incoming, body: &[u8], said: Wire) -> Option<Error> {
        let flaws = vec![document::misfit(body, said, &self.settings.limits)?];
        Some(flawed(document, &Verdict { root: None, flaws, truncated: false }))
    }

    /// A document that is not read at all: to be kept in the archive, and answered with this error.
    pub async fn not_read(&self, document: &'static Incoming, body: Bytes, error: Error) -> Result<Arrived, Fault> {
        let small = body.len() <= READ_AT_ONCE_BYTES_MAX;
        let reading = Err(Unread::Flawed(error));
        let pack = move || Arrived { document, body: Packed::of(&body), reading, came: None };
        if small {
            return Ok(pack());
        }
        tokio::task::spawn_blocking(pack).await.map_err(|_| Fault::Reading { document: document.name })
    }

    /// Reads a document in CIM XML while it arrives: of its bytes no more than a window and what is packed for the
    /// archive are held. An error of `pieces` ends it.
    pub async fn read_pieces<E: From<Fault>>(
        &self,
        caller: &Party,
        document: &'static Incoming,
        pieces: impl Stream<Item = Result<Bytes, E>> + Send,
    ) -> Result<Arrived, E> {
        self.decider.has_room(&caller.number, self.settings.undecided_max)?;
        let mut pieces = std::pin::pin!(pieces);
        let mut reader = (document.reader)();
        let mut packer = Packer::new();
        let schema = schema_of(&self.specs, document);
        let verdict = {
            let mut pass = cim_xml::Pass(&mut *reader);
            let mut check = schema.map(|schema| spec::Pieces::new(schema, &self.settings.limits, &mut pass));
            while let Some(piece) = pieces.next().await {
                let piece = piece?;
                packer.add(&piece);
                if let Ok(check) = &mut check {
                    check.feed(&piece);
                }
            }
            check.map(spec::Pieces::finish)
        };
        let finish = move || {
            let body = packer.finish();
            let reading = verdict.map_err(Unread::Flawed).and_then(|verdict| finished(document, verdict, reader));
            Arrived { document, body, reading, came: None }
        };
        let finished = tokio::task::spawn_blocking(finish).await;
        Ok(finished.map_err(|_| Fault::Reading { document: document.name })?)
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
        let began = Instant::now();
        let (done, outcome) = tokio::sync::oneshot::channel();
        let taken = request.take().expect("a request is handed over once and given back on conflict");
        let (entry, decider) = (arrival.inbox_entry(), self.decider.clone());
        let completion = move |result: Result<Outcome, _>| {
            let given_back = match &result {
                Ok(Outcome::Committed(number)) => {
                    decider.arrived(*number, *number, entry, taken);
                    None
                }
                _ => Some(taken),
            };
            // A caller that has gone away does not undo the commit; it only misses its answer.
            drop(done.send((result, given_back)));
        };
        self.store.submit(batch, Box::new(completion));
        let (result, given_back) = outcome.await.map_err(|_| Fault::Stopping)?;
        *request = given_back;
        figures::taken_in(began);
        result.map_err(Fault::store("take in a document"))
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

/// A document that has been read to its end: a request, or why it is none; and its bytes, packed.
pub struct Arrived {
    pub(super) document: &'static Incoming,
    pub(super) body: Packed,
    pub(super) reading: Result<Box<dyn Request>, Unread>,
    pub(super) came: Option<Came>,
}

/// Why a document has not become a request.
pub(super) enum Unread {
    /// It has flaws by its schema, or is not in the form that it was said to be in.
    Flawed(Error),
    /// It has none, and says what is not taken in.
    Refused(Refused),
}

impl Unread {
    /// None where nothing past the schema is looked at.
    pub(super) fn head(&self) -> Option<Head<'_>> {
        match self {
            Unread::Flawed(_) => None,
            Unread::Refused(refused) => Some(Head::of_refused(refused)),
        }
    }

    /// What it is answered with, whoever sent it.
    pub(super) fn error(&self, body: &Packed) -> Error {
        match self {
            Unread::Flawed(error) => error.clone(),
            Unread::Refused(it) => refused(&it.refusals, body),
        }
    }
}

impl Arrived {
    /// Says how it came, which is kept if it is refused.
    pub fn by(self, came: Came) -> Self {
        Self { came: Some(came), ..self }
    }

    /// How large it is.
    pub fn bytes(&self) -> u64 {
        self.body.bytes()
    }

    fn head(&self) -> Option<Head<'_>> {
        match &self.reading {
            Ok(request) => Some(Head::of(&**request)),
            Err(unread) => unread.head(),
        }
    }

    fn of(specs: &Specs, limits: &Limits, document: &'static Incoming, bytes: &[u8]) -> Self {
        let began = Instant::now();
        let body = Packed::of(bytes);
        let mut reader = (document.reader)();
        let verdict = schema_of(specs, document).map(|schema| document::read(schema, bytes, limits, &mut *reader));
        let reading = verdict.map_err(Unread::Flawed).and_then(|verdict| finished(document, verdict, reader));
        figures::read(began);
        Self { document, body, reading, came: None }
    }
}

/// A document that was taken in before, out of the archive.
pub(super) fn read_again(
    specs: &Specs,
    limits: &Limits,
    document: &'static Incoming,
    body: &Packed,
) -> Result<Result<Box<dyn Request>, Error>, Fault> {
    let mut reader = (document.reader)();
    let verdict = document::read_from(specs, body.reader(), limits, &mut *reader);
    let verdict = verdict.map_err(|_| Fault::Unreadable { what: "an archived document" })?;
    Ok(match verdict {
        Some(verdict) => finished(document, verdict, reader).map_err(|unread| unread.error(body)),
        None => Err(no_schema(document)),
    })
}

fn schema_of<'s>(specs: &'s Specs, document: &Incoming) -> Result<&'s Schema, Error> {
    specs.schema_for(document.namespace).ok_or_else(|| no_schema(document))
}

fn no_schema(document: &Incoming) -> Error {
    Error::new(SYNTAX, format!("no schema is loaded for {}, see [specs] in the configuration", document.name))
}

/// The request of a document that was checked, or why it is none.
fn finished(incoming: &Incoming, verdict: Verdict, reader: Box<dyn RequestReader>) -> Result<Box<dyn Request>, Unread> {
    if !verdict.flaws.is_empty() {
        return Err(Unread::Flawed(flawed(incoming, &verdict)));
    }
    reader.finish().map_err(Unread::Refused)
}

/// The error that names the flaws of a document; of one in an unknown namespace nothing else can be said (market-roles 5.4).
fn flawed(incoming: &Incoming, verdict: &Verdict) -> Error {
    let other = verdict.root.as_ref().filter(|root| ![incoming.namespace, ""].contains(&&*root.namespace));
    if let Some(root) = other {
        let error = schema_unknown(format!(
            "there is no schema of {} for namespace {}: write {}",
            incoming.name,
            shown(&root.namespace),
            document::namespaces_like(incoming.name, incoming.namespace, &root.namespace).join(" or ")
        ));
        return Error::new(SYNTAX, error.message.clone()).details(vec![error]);
    }
    let count = verdict.flaws.len();
    let more = if verdict.truncated { " or more" } else { "" };
    let plural = if count == 1 { "" } else { "s" };
    let message = format!("the document does not follow its schema: {count}{more} flaw{plural}");
    let code = Pack::of_document(incoming.name).map_or(FLAW, |pack| pack.schema_flaw(incoming));
    let details = verdict.flaws.iter().map(|flaw| flaw_error(flaw, code));
    Error::new(SYNTAX, message).details(details.collect())
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

/// Document type or schema version that we have no schema for (post-office 2.6.3).
fn schema_unknown(message: String) -> Error {
    Error::new("00301", message).target("schemaVersion")
}

fn flaw_error(flaw: &Flaw, (code, target): (&str, Option<&str>)) -> Error {
    // A wrong value is repeated, but not where it may be a person's number with one digit too many.
    let is_customers = |step: &str| step.contains(CUSTOMER_NUMBER) || step == EBIX_CUSTOMER_NUMBER;
    let message = if flaw.path.split('/').any(is_customers) {
        "The customer's number does not have the form of its type."
    } else {
        &flaw.message
    };
    Error {
        code: code.to_string(),
        message: if flaw.path.is_empty() {
            format!("{message} ({})", flaw.code)
        } else {
            format!("{}: {message} ({})", flaw.path, flaw.code)
        },
        line: Some(flaw.line),
        column: Some(flaw.column),
        target: target.map(str::to_string),
        ..Error::default()
    }
}

/// An id as an error text shows it: quoted, and cut where a stranger sent a novel.
pub(super) fn shown(id: &str) -> String {
    let cut: String = id.chars().take(ID_CHARS_SHOWN).collect();
    if cut.len() < id.len() { format!("\"{cut}…\"") } else { format!("\"{cut}\"") }
}

/// Not well-formed, off its schema, or unreadable for another reason.
pub(super) const SYNTAX: &str = "B2B-005";
/// A flaw of a document that is no pack's, and its target.
const FLAW: (&str, Option<&str>) = ("00302", Some("schema"));
/// Not yours to send.
pub(super) const SENDER: &str = "B2B-008";
/// Documents up to this size are read where they arrive; it takes well below a millisecond.
pub const READ_AT_ONCE_BYTES_MAX: usize = 64 * 1024;
const ID_CHARS_SHOWN: usize = 64;
/// How the elements that hold customers' numbers end: first, second, or the only one.
const CUSTOMER_NUMBER: &str = "ustomer_MarketParticipant.mRID";
/// A person's number in ebIX.
const EBIX_CUSTOMER_NUMBER: &str = "CPR";
const REFUSAL_CODES_KEPT: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customers_number_that_is_too_long_is_not_repeated() {
        let specs = crate::document::built_in();
        let namespace = "urn:ediel.org:structure:requestchangeofsupplier:0:1";
        let element = "marketEvaluationPoint.customer_MarketParticipant.mRID";
        let document = format!(
            "<RequestChangeOfSupplier_MarketDocument xmlns=\"{namespace}\"><MktActivityRecord>\
             <{element} codingScheme=\"ARR\">010170-1234-01017</{element}>\
             <marketEvaluationPoint.energySupplier_MarketParticipant.mRID codingScheme=\"A10\">5790001330552-579\
             </marketEvaluationPoint.energySupplier_MarketParticipant.mRID>"
        );
        let schema = specs.schema_for(namespace).unwrap();
        let verdict = crate::spec::check(schema, document.as_bytes(), &Limits::default(), &mut ());
        let told: Vec<String> = verdict.flaws.iter().map(|flaw| flaw_error(flaw, FLAW).message).collect();
        assert!(told.iter().any(|it| it.contains(element) && it.contains("(value-length)")), "{told:#?}");
        assert!(told.iter().any(|it| it.contains("5790001330552-579")), "other values are: {told:#?}");
        assert!(!told.iter().any(|it| it.contains("0101")), "{told:#?}");
    }
}
