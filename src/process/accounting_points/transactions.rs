//! What became of each transaction about an accounting point: who sent it, under which id, and whether it was accepted.
//!
//! A participant names its own ids when it withdraws what it has asked for; our own ids are those of the processes.

use serde::{Deserialize, Serialize};

use super::record;
use crate::document::Header;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::market_documents::{Id, RequestKind, Rule};
use crate::record::{Change, Facts, Needs, stored};

/// One activity record that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction {
    pub sender: ActorNumber,
    pub transaction_id: String,
    /// Ours; the process has the same.
    pub own_id: String,
    /// Name of the document, such as `RequestChangeOfSupplier`.
    pub document: String,
    pub message_id: String,
    /// Business reason of the document.
    pub reason: String,
    /// As sent.
    pub point: MeteringPointId,
    pub received: Timestamp,
    /// The rules that it broke, with the codes they were answered with; empty when it was accepted.
    pub broken: Vec<(String, String)>,
}

/// The record that a transaction came in.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Name of the document.
    pub document: &'a str,
    pub header: &'a Header,
    pub transaction_id: &'a str,
    pub metering_point: &'a Id,
}

impl Transaction {
    /// What became of a record at `now`.
    pub fn decided(origin: &Origin, own_id: &str, now: Timestamp, broken: &[Rule], kind: RequestKind) -> Self {
        Self {
            sender: origin.header.sender(),
            transaction_id: origin.transaction_id.to_string(),
            own_id: own_id.to_string(),
            document: origin.document.to_string(),
            message_id: origin.header.message_id.clone(),
            reason: origin.header.business_reason.clone(),
            point: origin.metering_point.metering_point(),
            received: now,
            broken: broken.iter().map(|rule| (rule.name().into(), rule.code(kind).code().into())).collect(),
        }
    }

    pub fn is_accepted(&self) -> bool {
        self.broken.is_empty()
    }

    /// What keeps it.
    pub fn keep(&self) -> [Change; 2] {
        let stored = Stored {
            sender: self.sender.to_string(),
            transaction_id: self.transaction_id.clone(),
            own_id: self.own_id.clone(),
            document: self.document.clone(),
            message_id: self.message_id.clone(),
            reason: self.reason.clone(),
            point: self.point.to_string(),
            received: self.received.micros(),
            broken: self.broken.clone(),
        };
        let index = stored::write(record::VERSION, &(&stored.sender, &stored.transaction_id));
        [
            Change::Put(
                record::transaction_key(&self.sender, &self.transaction_id),
                stored::write(record::VERSION, &stored),
            ),
            Change::Put(record::own_id_key(&self.own_id), index),
        ]
    }
}

pub fn needs_of(sender: &ActorNumber, transaction_id: &str) -> Needs {
    Needs::default().key(record::transaction_key(sender, transaction_id))
}

/// Whether [`needs_of`] this transaction are among the facts.
pub fn is_known(facts: &Facts, sender: &ActorNumber, transaction_id: &str) -> bool {
    facts.knows(&record::transaction_key(sender, transaction_id))
}

/// Needs: [`needs_of`].
pub fn transaction(facts: &Facts, sender: &ActorNumber, transaction_id: &str) -> Option<Transaction> {
    facts.get(&record::transaction_key(sender, transaction_id)).map(|entry| read(&entry.value))
}

pub fn needs_of_own_id(own_id: &str) -> Needs {
    Needs::default().key(record::own_id_key(own_id))
}

/// Sender and transaction id of one of our own ids. Needs: [`needs_of_own_id`].
pub fn by_own_id(facts: &Facts, own_id: &str) -> Option<(ActorNumber, String)> {
    let entry = facts.get(&record::own_id_key(own_id))?;
    let (sender, transaction_id): (String, String) =
        stored::read(record::VERSION, &entry.value).expect("a stored id is read back");
    Some((ActorNumber::new(sender), transaction_id))
}

fn read(bytes: &[u8]) -> Transaction {
    let found: Stored = stored::read(record::VERSION, bytes).expect("a stored transaction is read back");
    Transaction {
        sender: ActorNumber::new(found.sender),
        transaction_id: found.transaction_id,
        own_id: found.own_id,
        document: found.document,
        message_id: found.message_id,
        reason: found.reason,
        point: MeteringPointId::new(found.point),
        received: Timestamp::from_micros(found.received),
        broken: found.broken,
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    sender: String,
    transaction_id: String,
    own_id: String,
    document: String,
    message_id: String,
    reason: String,
    point: String,
    received: i64,
    broken: Vec<(String, String)>,
}
