//! Errands: what a decision leaves to be done behind it, because it may be too much for one commit, or because it must
//! look at what that commit has made true.
//!
//! An errand is written as a record in the batch of the decision that leaves it, by [`super::aftermath`], so it is there
//! exactly when its cause is. Whoever drives the gateway takes the oldest, page by page; each page is a decision of its
//! own that moves the errand on, or ends it by deleting its record. After a crash it goes on with the page that was not
//! committed. Pages are decided as of the moment that caused them, and their ids are made from it, so they come out the
//! same whenever they are made.
//!
//! An errand that fails through a bug of ours is parked with the cause: its record is set aside as it is, so that it can
//! be taken up again where it failed.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Context, Decision, Market};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Errands that failed, each with its record.
const PARKED: Space = Space(48);

/// A kind of errand: where its records are, and what one of them says.
#[derive(Debug)]
pub struct Kind {
    /// What is left to be done, for the operator.
    pub name: &'static str,
    /// Every errand of the kind that is not done, the oldest first.
    pub waiting: fn() -> KeyRange,
    /// May panic when the record is not one that the kind has written.
    pub read: fn(&Key, &Entry) -> Box<dyn Errand>,
}

/// Something that is still to be done.
pub trait Errand {
    /// Records that are to be gone through, and how many of them make a page; nothing when one decision does it all.
    fn left(&self) -> Option<(KeyRange, usize)> {
        None
    }
    /// Its own cause, made from that of the decision that left it, where that may go back to a request: what it sends then
    /// belongs to that, page after page.
    fn origin(&self) -> Option<[u8; 32]> {
        None
    }
    /// The moment and the message that caused it, as far as this page goes.
    fn context<'a>(&self, market: &'a Market) -> Context<'a>;
    /// What must be known about `page`; the errand's own record is part of it, so that no page is done twice.
    fn needs(&self, page: &[Key], context: &Context) -> Needs;
    /// What must be known besides, now that `facts` are: asked again until it names nothing new.
    fn needs_more(&self, page: &[Key], facts: &Facts, context: &Context) -> Needs;
    /// What happens, the errand's own record included; `more` says whether another page follows.
    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision;
}

/// Whether something is left to be done by what is written here.
pub fn is_left_by(changes: &[Change]) -> bool {
    let waiting: Vec<KeyRange> = super::errands().map(|(_, kind)| (kind.waiting)()).collect();
    changes.iter().any(|change| waiting.iter().any(|range| range.contains(change.key())))
}

/// What sets an errand aside, with the reason.
pub fn park(key: &Key, entry: &Entry, cause: &str) -> Vec<Change> {
    let cause = cause.chars().take(CAUSE_CHARS_MAX).collect();
    let stored = Stored { key: key.as_bytes().to_vec(), value: entry.value.to_vec(), cause };
    vec![Change::Put(Key::new(PARKED).nested(key), stored::write(VERSION, &stored)), Change::Delete(key.clone())]
}

/// Every errand that failed.
pub fn parked() -> KeyRange {
    KeyRange::under(&Key::new(PARKED))
}

/// An errand that failed: its record, and why. `None` when the record is not one that [`park`] made.
pub fn read_parked(entry: &Entry) -> Option<Parked> {
    let stored: Stored = stored::read(VERSION, &entry.value)?;
    Some(Parked { key: Key::from_bytes(stored.key), value: stored.value.into(), cause: stored.cause })
}

/// An errand that was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub key: Key,
    pub value: Bytes,
    pub cause: String,
}

impl Parked {
    /// What is left to be done, if we still know such errands.
    pub fn kind(&self) -> Option<&'static str> {
        super::errands().map(|(_, kind)| kind).find(|kind| (kind.waiting)().contains(&self.key)).map(|kind| kind.name)
    }

    /// What has it taken up again.
    pub fn retry(&self) -> Vec<Change> {
        vec![Change::Put(self.key.clone(), self.value.clone()), Change::Delete(Key::new(PARKED).nested(&self.key))]
    }
}

const VERSION: u8 = 1;
/// What of a cause is kept: enough for a panic's text and place.
const CAUSE_CHARS_MAX: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct Stored {
    key: Vec<u8>,
    value: Vec<u8>,
    cause: String,
}

/// A hash for what one message causes apart from its own documents.
pub fn cause(cause: &[u8; 32], parts: &[&str]) -> [u8; 32] {
    let mut hash = blake3::Hasher::new();
    hash.update(cause);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
    }
    *hash.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_parked_is_taken_up_again_as_it_was() {
        let (_, kind) = super::super::errands().next().unwrap();
        let key = Key::from_bytes([(kind.waiting)().from.as_bytes(), b"some\0where"].concat());
        let entry = Entry { version: 7, value: Bytes::from_static(b"\x01\0") };
        let changes = park(&key, &entry, &"x".repeat(5_000));
        let [Change::Put(place, value), Change::Delete(left)] = &changes[..] else { panic!("it moves") };
        assert!(parked().contains(place) && *left == key);
        let found = read_parked(&Entry { version: 8, value: value.clone() }).unwrap();
        assert_eq!((found.kind(), found.cause.len()), (Some(kind.name), CAUSE_CHARS_MAX));
        assert_eq!(found.retry(), [Change::Put(key, entry.value), Change::Delete(place.clone())]);
    }

    /// Bytes that version 1 wrote. They must be read for as long as a store may hold them.
    #[test]
    fn old_bytes_are_read() {
        let parked = read_parked(&Entry { version: 1, value: Bytes::from_static(b"\x01\x02\x2fa\x01\x07\x03why") });
        let key = Key::from_bytes(b"\x2fa".to_vec());
        assert_eq!(parked, Some(Parked { key, value: Bytes::from_static(b"\x07"), cause: "why".into() }));
    }
}
