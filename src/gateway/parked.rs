//! What was set aside because of a bug of ours, or a document because the disk has harmed it: documents, timers and errands, each with its
//! cause, and how they are taken up again once that is mended.
//!
//! What is taken up again stands where it stood: a document is decided as of its receipt, a timer as of the instant at
//! which it was due, an errand goes on behind its last page. That happens at once where a gateway is open, and else when one opens
//! next. What can or shall not be decided any more is given up: it leaves nothing but what the archive and the audit trail know of it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::decider::Message;
use super::step::{PIECE, Step};
use super::{By, Fault, Gateway, PAGE_RECORDS, is_whole, with_causes};
use crate::archive::{self, InboxEntry};
use crate::market::Timestamp;
use crate::process::{errand, timer};
use crate::record::{Batch, Change, Entry, Expected, Key};
use crate::store::{self, Store};

/// Something that could not be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Where it is kept, and the name by which it is taken up again.
    pub key: Key,
    pub what: What,
    pub cause: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Document(InboxEntry),
    Timer {
        due: Timestamp,
        /// Unknown where an earlier version set it aside.
        kind: Option<String>,
    },
    /// What is left to be done.
    Errand(&'static str),
}

/// Everything that was set aside: documents by their receipt, timers by the instant at which they were due, errands.
pub fn parked(store: &dyn Store) -> Result<Vec<Parked>, Fault> {
    let mut found = Vec::new();
    each(store, |key, entry| {
        found.push(read(key, entry)?);
        Ok(())
    })?;
    Ok(found)
}

/// What these keys name, or everything: as many at a time as one commit changes, in the order in which it is set aside. And the keys
/// under which nothing is.
pub fn pieces(store: &dyn Store, keys: Option<&BTreeSet<String>>) -> Result<(Vec<Vec<Key>>, Vec<String>), Fault> {
    let (mut found, mut unknown) = (Vec::new(), keys.cloned().unwrap_or_default());
    each(store, |key, _| {
        if keys.is_none() || unknown.remove(&key.to_string()) {
            found.push(key.clone());
        }
        Ok(())
    })?;
    Ok((found.chunks(PIECE).map(<[Key]>::to_vec).collect(), unknown.into_iter().collect()))
}

/// What takes these up again. A document stays where it is that cannot be decided, as `looked_at` says, told the commit that took it in.
pub fn plan_retry(
    store: &dyn Store,
    keys: &[Key],
    looked_at: &mut dyn FnMut(u64, &InboxEntry) -> Result<(), String>,
) -> Result<(Batch, Retried), Fault> {
    let (mut batch, mut retried) = (Batch::default(), Retried::default());
    for (key, entry) in found(store, keys)? {
        let parked = read(&key, &entry)?;
        if let (What::Document(document), Some(number)) = (&parked.what, document_of(&key))
            && let Err(cause) = looked_at(number, document)
        {
            retried.harmed.push(Parked { cause, ..parked });
            continue;
        }
        match changes(&key, &entry).ok_or(UNREADABLE)? {
            Some(changes) => {
                batch.expect(key.clone(), Expected::At(entry.version)).put_all(changes);
                retried.taken.push(key);
            }
            None => retried.kept.push(key),
        }
    }
    Ok((batch, retried))
}

/// Whether a document that is set aside can be read as it came, for [`plan_retry`] where no gateway is open.
pub fn can_be_read(store: &dyn Store, number: u64) -> Result<(), String> {
    is_whole(store, number).map_err(|fault| with_causes(&fault))
}

/// What gives these up without another decision, and what that is.
pub fn plan_discard(store: &dyn Store, keys: &[Key]) -> Result<(Batch, Vec<Parked>), Fault> {
    let (mut batch, mut gone) = (Batch::default(), Vec::new());
    for (key, entry) in found(store, keys)? {
        gone.push(read(&key, &entry)?);
        batch.expect(key.clone(), Expected::At(entry.version)).delete(key);
    }
    Ok((batch, gone))
}

/// Something that was set aside, as a row of JSON.
pub fn row(parked: &Parked) -> Value {
    let Parked { key, what, cause } = parked;
    let key = key.to_string();
    match what {
        What::Document(entry) => json!({
            "key": key, "document": entry.document, "received": entry.at.to_string(), "from": entry.caller.to_string(),
            "correlationId": entry.correlation_id, "cause": cause,
        }),
        What::Timer { due, kind } => {
            json!({ "key": key, "timer": kind.as_deref().unwrap_or("timer"), "due": due.to_string(), "cause": cause })
        }
        What::Errand(name) => json!({ "key": key, "errand": name, "cause": cause }),
    }
}

/// What became of what was to be taken up again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retried {
    pub taken: Vec<Key>,
    /// Nothing but its cause was kept of these, so they cannot be.
    pub kept: Vec<Key>,
    /// Documents that cannot be decided, for they cannot be read or are not valid any more, and why that is: they stay where they are.
    pub harmed: Vec<Parked>,
    /// Keys under which nothing is set aside.
    pub unknown: Vec<String>,
}

impl Retried {
    /// With what became of more.
    pub fn add(&mut self, more: Self) {
        let Self { taken, kept, harmed, unknown } = more;
        self.taken.extend(taken);
        self.kept.extend(kept);
        self.harmed.extend(harmed);
        self.unknown.extend(unknown);
    }

    /// As JSON: how much of each, and the documents that cannot be read.
    pub fn row(&self) -> Value {
        let harmed: Vec<Value> = self.harmed.iter().map(row).collect();
        json!({ "taken": self.taken.len(), "kept": self.kept.len(), "harmed": harmed, "unknown": self.unknown.len() })
    }
}

impl Gateway {
    /// Has what was set aside decided again, now: what these keys name, or everything.
    pub async fn retry_parked(&self, by: &By, keys: Option<&BTreeSet<String>>) -> Result<Retried, Fault> {
        let (pieces, unknown) = pieces(&*self.store, keys)?;
        let mut retried = Retried { unknown, ..Retried::default() };
        for piece in pieces {
            let plan = || {
                let mut documents = Vec::new();
                let mut look = |number, entry: &InboxEntry| {
                    let read = self.read_left(number, &entry.document).map_err(|fault| with_causes(&fault));
                    documents.push((number, entry.clone(), read.flatten()?));
                    Ok(())
                };
                let (batch, some) = plan_retry(&*self.store, &piece, &mut look)?;
                let decider = self.decider.clone();
                // As for what comes in: whatever becomes of whoever asked, what is in the inbox is with the decider.
                let then = move |version| {
                    for (number, entry, request) in documents {
                        decider.arrived(Message { number, version, entry, request: Ok(request) });
                    }
                };
                Ok(Step { batch, names: some.taken.iter().map(Key::to_string).collect(), then, done: some })
            };
            retried.add(self.step(by, "retry", WHAT, plan).await?);
        }
        Ok(retried)
    }

    /// Gives up what these keys name. Returns what that was, and the keys under which nothing is set aside.
    pub async fn discard_parked(&self, by: &By, keys: &BTreeSet<String>) -> Result<(Vec<Parked>, Vec<String>), Fault> {
        let (pieces, unknown) = pieces(&*self.store, Some(keys))?;
        let mut gone = Vec::new();
        for piece in pieces {
            let plan = || {
                let (batch, some) = plan_discard(&*self.store, &piece)?;
                let names = some.iter().map(|parked| parked.key.to_string()).collect();
                Ok(Step { batch, names, then: |_| (), done: some })
            };
            gone.extend(self.step(by, "discard", WHAT, plan).await?);
        }
        Ok((gone, unknown))
    }
}

/// What is set aside under these keys at this moment.
fn found(store: &dyn Store, keys: &[Key]) -> Result<Vec<(Key, Entry)>, Fault> {
    let entries = store.get_many(keys).map_err(Fault::store(DOING))?;
    Ok(keys.iter().cloned().zip(entries).filter_map(|(key, entry)| Some((key, entry?))).collect())
}

/// The commit that took in the document that is set aside there, if that is one.
fn document_of(key: &Key) -> Option<u64> {
    archive::parked_range().contains(key).then(|| archive::number_of(key)).flatten()
}

/// What puts one back in its place; an inner `None` when that cannot be, an outer one when it cannot be read.
fn changes(key: &Key, entry: &Entry) -> Option<Option<Vec<Change>>> {
    if archive::parked_range().contains(key) {
        return Some(Some(archive::Parked::from_entry(entry)?.retry(archive::number_of(key)?)));
    }
    if timer::parked().contains(key) {
        return Some(timer::read_parked(key, entry)?.retry());
    }
    Some(Some(errand::read_parked(entry)?.retry()))
}

fn read(key: &Key, entry: &Entry) -> Result<Parked, Fault> {
    let (what, cause) = what(key, entry).ok_or(UNREADABLE)?;
    Ok(Parked { key: key.clone(), what, cause })
}

fn what(key: &Key, entry: &Entry) -> Option<(What, String)> {
    let (what, cause) = if archive::parked_range().contains(key) {
        let archive::Parked { entry, cause } = archive::Parked::from_entry(entry)?;
        (What::Document(entry), cause)
    } else if timer::parked().contains(key) {
        let timer::Parked { due, cause, timer } = timer::read_parked(key, entry)?;
        (What::Timer { due, kind: timer.map(|timer| timer.kind) }, cause)
    } else {
        let errand = errand::read_parked(entry)?;
        (What::Errand(errand.kind().unwrap_or("an errand of another version")), errand.cause)
    };
    Some((what, cause))
}

/// Goes through all of it, as long as it can be read.
fn each(store: &dyn Store, mut see: impl FnMut(&Key, &Entry) -> Result<(), Fault>) -> Result<(), Fault> {
    for range in [archive::parked_range(), timer::parked(), errand::parked()] {
        for record in store::records(store, &range, PAGE_RECORDS) {
            let (key, entry) = record.map_err(Fault::store(DOING))?;
            see(&key, &entry)?;
        }
    }
    Ok(())
}

const DOING: &str = "read what is parked";
const WHAT: &str = "what is parked";
const UNREADABLE: Fault = Fault::Unreadable { what: WHAT };
