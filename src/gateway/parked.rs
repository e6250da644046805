//! What was set aside because of a bug of ours: documents, timers and errands, each with its cause, and how they are taken
//! up again once the bug is mended.
//!
//! What is taken up again stands where it stood: a document is decided as of its receipt, a timer as of the instant at
//! which it was due, an errand goes on behind its last page. That happens at once where a gateway is open, and else when one opens
//! next. What can or shall not be decided any more is given up: it leaves nothing but what the archive and the audit trail know of it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Fault, Gateway, PAGE_RECORDS};
use crate::archive::{self, InboxEntry};
use crate::market::Timestamp;
use crate::process::{errand, timer};
use crate::record::{Batch, Entry, Expected, Key, KeyRange, Outcome};
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
        Some(())
    })?;
    Ok(found)
}

/// What takes up again whatever `chosen` wants; how much that is, and how much of it cannot be taken up because the
/// version that set it aside kept no more than the cause.
pub fn retry(store: &dyn Store, chosen: impl Fn(&Key) -> bool) -> Result<(Batch, usize, usize), Fault> {
    let (mut batch, mut taken, mut lost) = (Batch::default(), 0, 0);
    each(store, |key, entry| {
        if !chosen(key) {
            return Some(());
        }
        let Some(changes) = changes(key, entry)? else {
            lost += 1;
            return Some(());
        };
        batch.expect(key.clone(), Expected::At(entry.version)).put_all(changes);
        taken += 1;
        Some(())
    })?;
    Ok((batch, taken, lost))
}

/// Each that `chosen` wants, with what gives it up without another decision.
pub fn discard(store: &dyn Store, chosen: impl Fn(&Key) -> bool) -> Result<Vec<(Parked, Batch)>, Fault> {
    let mut given_up = Vec::new();
    each(store, |key, entry| {
        if chosen(key) {
            let mut batch = Batch::default();
            batch.expect(key.clone(), Expected::At(entry.version)).delete(key.clone());
            given_up.push((read(key, entry)?, batch));
        }
        Some(())
    })?;
    Ok(given_up)
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
    pub taken: usize,
    /// Nothing but its cause was kept of these, so they cannot be.
    pub kept: usize,
    /// Keys under which nothing is set aside.
    pub unknown: usize,
}

impl Gateway {
    /// Has what was set aside decided again, now: what these keys name, or everything.
    pub async fn retry_parked(self: &Arc<Self>, keys: Option<&BTreeSet<String>>) -> Result<Retried, Fault> {
        let chosen = |key: &Key| keys.is_none_or(|keys| keys.contains(&key.to_string()));
        let (batch, taken, kept) = retry(&*self.store, chosen)?;
        let unknown = keys.map_or(0, |keys| keys.len().saturating_sub(taken + kept));
        let documents = batch.expectations.iter().filter(|(key, _)| archive::parked_range().contains(key));
        let documents: Vec<u64> = documents.filter_map(|(key, _)| archive::number_of(key)).collect();
        if taken > 0
            && let Outcome::Conflict(_) = self.write(batch).await?
        {
            return Err(Fault::Moving { what: "what is parked" });
        }
        let gateway = self.clone();
        let decide = move || documents.into_iter().try_for_each(|number| gateway.decide_again(number));
        tokio::task::spawn_blocking(decide).await.map_err(|_| Fault::Stopping)??;
        Ok(Retried { taken, kept, unknown })
    }

    /// Gives up what these keys name. Returns what that was.
    pub async fn discard_parked(&self, keys: &BTreeSet<String>) -> Result<Vec<Parked>, Fault> {
        let mut gone = Vec::new();
        for (parked, batch) in discard(&*self.store, |key| keys.contains(&key.to_string()))? {
            // Whoever has been quicker has it decided again, or gave it up.
            if let Outcome::Committed(_) = self.write(batch).await? {
                gone.push(parked);
            }
        }
        Ok(gone)
    }
}

/// What puts one back in its place; an inner `None` when that cannot be, an outer one when it cannot be read.
fn changes(key: &Key, entry: &Entry) -> Option<Option<Vec<crate::record::Change>>> {
    if archive::parked_range().contains(key) {
        return Some(Some(archive::Parked::from_entry(entry)?.retry(archive::number_of(key)?)));
    }
    if timer::parked().contains(key) {
        return Some(timer::read_parked(key, entry)?.retry());
    }
    Some(Some(errand::read_parked(entry)?.retry()))
}

fn read(key: &Key, entry: &Entry) -> Option<Parked> {
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
    Some(Parked { key: key.clone(), what, cause })
}

/// Goes through all of it, as long as it can be read.
fn each(store: &dyn Store, mut see: impl FnMut(&Key, &Entry) -> Option<()>) -> Result<(), Fault> {
    for range in ranges() {
        for record in store::records(store, &range, PAGE_RECORDS) {
            let (key, entry) = record.map_err(Fault::store("read what is parked"))?;
            see(&key, &entry).ok_or(Fault::Unreadable { what: "what is parked" })?;
        }
    }
    Ok(())
}

fn ranges() -> [KeyRange; 3] {
    [archive::parked_range(), timer::parked(), errand::parked()]
}
