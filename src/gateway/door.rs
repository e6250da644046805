//! What a document is asked that follows its schema: who sent it and to whom, what its header and its records say, whether
//! its ids are new. All that is wrong is told at once (market-roles 5.4, post-office 2.6.2 and 5.4).

use std::collections::HashSet;

use super::intake::SENDER;
use super::reading::{SYNTAX, shown};
use super::{Error, Fault, Gateway, load};
use crate::archive::{self, FirstUse};
use crate::document::{Header, Refusal};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::{self, Incoming, Pack, Refused, Request, delegations, participants};
use crate::record::{Key, Packed};
use crate::xml;

/// A document's header, the ids of its records in their order, and what is wrong with it whoever sent it.
pub struct Head<'a> {
    pub header: &'a Header,
    pub transaction_ids: Vec<&'a str>,
    pub refusals: &'a [Refusal],
}

/// What the door says to a document.
pub(super) enum Judged {
    /// It may come in, under these ids: the document's first.
    New(Vec<Key>),
    /// This very document was accepted before.
    Accepted {
        correlation_id: String,
    },
    Refused(Error),
}

/// What the ids of a document were used for before.
enum Used {
    /// This very document.
    ByItself { correlation_id: String },
    /// Others, or nothing.
    ByOthers { message: Option<Refusal>, transactions: Vec<Refusal> },
}

/// In which role a document is sent, beside that of its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Acting {
    /// The caller's own, or one in which nobody of its number takes part: that is for the market's rules to say.
    AsItself,
    /// That of whoever lets the caller act.
    ForAnother,
    /// One that the caller's number has as well, and that this caller has not come in.
    InAnotherRole,
}

impl<'a> Head<'a> {
    pub fn of(request: &'a dyn Request) -> Self {
        Head { header: request.header(), transaction_ids: request.transaction_ids(), refusals: &[] }
    }

    pub fn of_refused(refused: &'a Refused) -> Self {
        let (header, ids) = &*refused.head;
        let transaction_ids = ids.iter().map(String::as_str).collect();
        Head { header, transaction_ids, refusals: &refused.refusals }
    }
}

impl Gateway {
    /// In which role the caller sends a document.
    pub(super) fn acting(&self, caller: &Party, document: &Incoming, header: &Header) -> Result<Acting, Fault> {
        if header.sender_role == caller.role.code() {
            return Ok(Acting::AsItself);
        }
        let facts = load(&*self.store, &delegations::needs_of_any())?;
        if delegations::may_send_as(&facts, caller, document.name, header) {
            return Ok(Acting::ForAnother);
        }
        let role = ActorRole::from_code(&header.sender_role).filter(|role| role.queue_role() != caller.role);
        let (Some(role), Some(pack)) = (role, Pack::of_document(document.name)) else { return Ok(Acting::AsItself) };
        let other = Party { number: caller.number.clone(), role };
        let facts = load(&*self.store, &participants::needs_of(pack, &other))?;
        let is_there = participants::participant(&facts, pack, &other).is_some();
        Ok(if is_there { Acting::InAnotherRole } else { Acting::AsItself })
    }

    /// Whether the caller may send this document as it is: the keys of its ids, or everything that keeps it outside.
    ///
    /// Details stand in the order of the rules: of the header, of the records (message-specs/rules-market-roles.tsv).
    pub(super) fn judge(
        &self,
        caller: &Party,
        document: &'static Incoming,
        body: &Packed,
        head: &Head<'_>,
    ) -> Result<Judged, Fault> {
        let header = head.header;
        let acting = self.acting(caller, document, header)?;
        let mut refusals: Vec<Refusal> = not_the_callers(header, caller).into_iter().collect();
        if let Some(pack) = Pack::of_document(document.name) {
            let (for_another, market) = (acting == Acting::ForAnother, self.settings.markets.of(pack));
            refusals.extend(process::turned_away(document, header, caller, for_another, market));
        }
        if acting == Acting::InAnotherRole && refusals.iter().all(|refusal| refusal.code != OTHER_ROLE) {
            refusals.push(not_the_callers_role(header, caller));
        }
        // What is empty is not told a second time as what is another's.
        let told: Vec<&str> = head.refusals.iter().map(|refusal| refusal.code).collect();
        refusals.retain(|refusal| !told.contains(&refusal.code));
        refusals.extend_from_slice(head.refusals);
        let (keys, repeated) = used_ids(&header.sender(), head);
        refusals.extend(repeated);
        // What others have used is their own business.
        if header.sender_number == caller.number.as_str() {
            match self.used_before(header, &body.hash(), &keys)? {
                Used::ByItself { correlation_id } if refusals.is_empty() => {
                    return Ok(Judged::Accepted { correlation_id });
                }
                Used::ByItself { .. } => {}
                Used::ByOthers { message, transactions } => {
                    let of_record = |refusal: &Refusal| OF_RECORDS.contains(&refusal.code);
                    let header_ends = refusals.iter().position(of_record).unwrap_or(refusals.len());
                    refusals.splice(header_ends..header_ends, message);
                    refusals.extend(transactions);
                }
            }
        }
        Ok(if refusals.is_empty() { Judged::New(keys) } else { Judged::Refused(refused(&refusals, body)) })
    }

    /// Whether this very document was accepted before, or another one under one of its ids.
    fn used_before(&self, header: &Header, hash: &[u8; 32], ids: &[Key]) -> Result<Used, Fault> {
        let entries = self.store.get_many(ids).map_err(Fault::store("look up used ids"))?;
        let used = |entry: &_| FirstUse::from_entry(entry).ok_or(Fault::Unreadable { what: "a used id" });
        let (mut message, mut transactions) = (None, Vec::new());
        if let Some(Some(entry)) = entries.first() {
            let first = used(entry)?;
            if first.hash == *hash {
                return Ok(Used::ByItself { correlation_id: first.correlation_id });
            }
            let text = format!(
                "message id {} was used at {} by another document: give each document an id of its own",
                shown(&header.message_id),
                first.at
            );
            message = Some(Refusal { code: "00101", target: Some("MessageId"), message: text, byte: None });
        }
        for (key, entry) in ids.iter().zip(&entries).skip(1) {
            if transactions.len() >= DETAILS_MAX {
                break;
            }
            let Some(entry) = entry else { continue };
            let first = used(entry)?;
            let mut parts = key.reader();
            let id = parts.text().and(parts.text()).unwrap_or_else(|| "(too long to show)".to_string());
            let message = format!(
                "transaction id {} was used at {} before: give each activity record an id of its own",
                shown(&id),
                first.at
            );
            transactions.push(Refusal { code: "00102", target: Some("TransactionId"), message, byte: None });
        }
        Ok(Used::ByOthers { message, transactions })
    }
}

fn not_the_callers(header: &Header, caller: &Party) -> Option<Refusal> {
    let is_own = header.sender_number == caller.number.as_str();
    let message = || {
        format!(
            "the document names {} as its sender, but it was sent by {}: send it with the sender's own token",
            shown(&header.sender_number),
            caller.number
        )
    };
    (!is_own).then(|| Refusal { code: OTHER_SENDER, target: Some("SenderId"), message: message(), byte: None })
}

/// For documents whose own rules do not say so.
fn not_the_callers_role(header: &Header, caller: &Party) -> Refusal {
    let (named, own) = (&header.sender_role, caller.role.code());
    let message = format!(
        "the document is sent as {named}, but with the token of a {own}: send it with that of your role {named}"
    );
    Refusal { code: OTHER_ROLE, target: None, message, byte: None }
}

/// The keys under which the document's id, first, and its records' ids are registered; and each id that stands twice.
///
/// A blank id is not registered: the rules turn down the record that lacks one (VR.223).
fn used_ids(sender: &ActorNumber, head: &Head<'_>) -> (Vec<Key>, Vec<Refusal>) {
    let mut keys = vec![archive::message_id_key(sender, &head.header.message_id)];
    let mut seen = HashSet::new();
    let mut repeated = Vec::new();
    for id in head.transaction_ids.iter().filter(|id| !id.trim().is_empty()) {
        if seen.insert(id) {
            keys.push(archive::transaction_id_key(sender, id));
        } else if repeated.len() < DETAILS_MAX {
            let message = format!("transaction id {} stands more than once in the document", shown(id));
            repeated.push(Refusal { code: "00102", target: Some("TransactionId"), message, byte: None });
        }
    }
    (keys, repeated)
}

/// The one error that says all of this, with its places in the document. What its reader could not take in comes first, and
/// wins over a sender that is another (charges 2.1).
pub(super) fn refused(refusals: &[Refusal], body: &Packed) -> Error {
    let mut named: Vec<&Refusal> = refusals.iter().collect();
    named.sort_by_key(|refusal| refusal.code != SYNTAX);
    let is_unread = named.first().is_some_and(|first| first.code == SYNTAX);
    named.truncate(DETAILS_MAX);
    let bytes: Vec<usize> = named.iter().filter_map(|refusal| refusal.byte).collect();
    // What was packed a moment ago can be unpacked; and if not, the error is worth telling without its places.
    let mut positions = xml::positions_in(body.reader(), &bytes).unwrap_or_default().into_iter();
    let details = named.iter().map(|refusal| {
        let position = refusal.byte.and_then(|_| positions.next());
        Error {
            code: refusal.code.to_string(),
            message: refusal.message.clone(),
            target: refusal.target.map(str::to_string),
            line: position.map(|(line, _)| line),
            column: position.map(|(_, column)| column),
            details: Vec::new(),
        }
    });
    let details = details.collect();
    let is_anothers = refusals.iter().any(|refusal| refusal.code == OTHER_SENDER);
    told(if is_anothers && !is_unread { SENDER } else { SYNTAX }, details)
}

/// An error about all these, with what they have in common at the top.
fn told(code: &str, mut details: Vec<Error>) -> Error {
    let message = match &*details {
        [one] => one.message.clone(),
        many => format!("{} errors", many.len()),
    };
    let target = details.first().and_then(|first| first.target.clone());
    let target = target.filter(|target| details.iter().all(|each| each.target.as_ref() == Some(target)));
    details.truncate(DETAILS_MAX);
    Error { target, ..Error::new(code, message) }.details(details)
}

/// What is said of records, not of the header.
const OF_RECORDS: [&str; 3] = ["00102", "00202", "00205"];
/// The sender's role is not the caller's.
const OTHER_ROLE: &str = "00001";
/// The sender's number is not the caller's.
const OTHER_SENDER: &str = "00002";
/// Details in one error document; the rest would not be read.
const DETAILS_MAX: usize = 100;
