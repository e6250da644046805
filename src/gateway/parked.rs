//! What was set aside because of a bug of ours: documents, timers and errands, each with its cause, and how they are taken
//! up again once the bug is mended.
//!
//! What is taken up again stands where it stood: a document is decided as of its receipt, a timer as of the instant at
//! which it was due, an errand goes on behind its last page. That happens when the gateway opens next. What can or shall
//! not be decided any more is given up: it leaves nothing but what the archive and the audit trail know of it.

use super::{Fault, PAGE_RECORDS};
use crate::archive::{self, InboxEntry};
use crate::market::Timestamp;
use crate::process::{errand, timer};
use crate::record::{Batch, Entry, Expected, Key, KeyRange};
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
