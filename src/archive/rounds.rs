//! What retention remembers from one day to the next, so that it need not look at everything again.
//!
//! It goes along the log and remembers how far. A body that it leaves behind, because something in it may not go yet, is
//! written down with the instant from which on it is worth another look. What was let go and is not erased yet is written down
//! in the commit that lets it go, so a run that is interrupted is finished by the next.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::bodies::{body_key, body_of_key};
use super::catalogue::REACHED;
use super::retention::Policy;
use crate::market::{Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Version, stored};

/// How far retention has come, and by which policy: another policy begins again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// All commits up to this one have been looked at.
    pub reached: u64,
    pub policy: Policy,
}

impl Round {
    pub fn key() -> Key {
        Key::new(REACHED).text("retention")
    }

    pub fn put(&self) -> Change {
        let Policy { years, documents } = self.policy.clone();
        Change::Put(Self::key(), stored::write(VERSION, &StoredRound { reached: self.reached, years, documents }))
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let StoredRound { reached, years, documents } = stored::read(VERSION, &entry.value)?;
        Some(Self { reached, policy: Policy { years, documents } })
    }
}

/// Bodies that are worth another look from an instant on, the earliest first.
fn left() -> Key {
    Key::new(REACHED).text("left")
}

/// Where a body stands that was left behind; `None` for what is no body.
pub fn left_key(body: &Key, due: Timestamp) -> Option<Key> {
    let (commit, part) = body_of_key(body)?;
    Some(left().signed(due.micros()).number(commit).number(part))
}

/// The bodies that are due by an instant.
pub fn left_by(now: Timestamp) -> KeyRange {
    KeyRange { from: left(), to: left().signed(now.micros().saturating_add(1)) }
}

/// The body that a key of [`left_by`] leads to.
pub fn body_left(key: &Key) -> Option<Key> {
    let mut parts = key.reader();
    let _ = (parts.text()?, parts.signed()?);
    Some(body_key(parts.number()?, parts.number()?))
}

/// The record that a body was left behind.
pub fn leave(key: Key) -> Change {
    Change::Put(key, stored::write(VERSION, &()))
}

fn erasing() -> Key {
    Key::new(REACHED).text("erasing")
}

/// The records of bodies that were let go and may not be erased yet.
pub fn erasing_range() -> KeyRange {
    KeyRange::under(&erasing())
}

/// The changes that write such bodies down.
pub fn erase_next(bodies: &[Key]) -> Vec<Change> {
    let places: Vec<(u64, u64)> = bodies.iter().filter_map(body_of_key).collect();
    let record =
        |(nth, some): (u64, &[(u64, u64)])| Change::Put(erasing().number(nth), stored::write(VERSION, &some.to_vec()));
    (0..).zip(places.chunks(RECORD_BODIES_MAX)).map(record).collect()
}

/// The bodies of one record of [`erasing_range`].
pub fn bodies_to_erase(entry: &Entry) -> Option<Vec<Key>> {
    let places: Vec<(u64, u64)> = stored::read(VERSION, &entry.value)?;
    Some(places.into_iter().map(|(commit, part)| body_key(commit, part)).collect())
}

/// When it was first found that nobody may fetch an owner's post any more, by these versions of what the registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundInactive {
    pub since: Timestamp,
    pub versions: Vec<Version>,
}

impl FoundInactive {
    pub fn key(owner: &Party) -> Key {
        Key::new(REACHED).text("inactive").text(owner.number.as_str()).text(owner.role.code())
    }

    pub fn put(&self, owner: &Party) -> Change {
        Change::Put(Self::key(owner), stored::write(VERSION, &(self.since.micros(), &self.versions)))
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let (since, versions): (i64, Vec<Version>) = stored::read(VERSION, &entry.value)?;
        Some(Self { since: Timestamp::from_micros(since), versions })
    }
}

/// First byte of a stored record.
const VERSION: u8 = 1;
/// Each takes 20 bytes at most; a value may hold 64 KiB.
const RECORD_BODIES_MAX: usize = 1_000;

#[derive(Serialize, Deserialize)]
struct StoredRound {
    reached: u64,
    years: i64,
    documents: BTreeMap<String, i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    fn entry(change: Change) -> Entry {
        let Change::Put(_, value) = change else { panic!("it is put") };
        Entry { version: 1, value }
    }

    #[test]
    fn what_is_remembered_is_read_back() {
        let documents = BTreeMap::from([("NotifyPriceList".to_string(), -1)]);
        let round = Round { reached: 17, policy: Policy { years: 3, documents } };
        assert_eq!(Round::from_entry(&entry(round.put())), Some(round));
        let owner = Party { number: ActorNumber::new("8100000000047"), role: ActorRole::GridAccessProvider };
        let found = FoundInactive { since: Timestamp::from_seconds(7), versions: vec![3, 9] };
        assert_eq!(FoundInactive::from_entry(&entry(found.put(&owner))), Some(found));
        let bodies: Vec<Key> = (0..2_500).map(|commit| body_key(commit, 1)).collect();
        let records = erase_next(&bodies);
        assert!(records.iter().all(|record| erasing_range().contains(record.key())));
        let read: Vec<Key> = records.into_iter().flat_map(|it| bodies_to_erase(&entry(it)).unwrap()).collect();
        assert_eq!(read, bodies);
    }

    #[test]
    fn a_body_that_was_left_behind_is_due_from_its_instant_on() {
        let (body, due) = (body_key(9, 2), Timestamp::from_seconds(1_690_880_400));
        let key = left_key(&body, due).unwrap();
        assert_eq!(body_left(&key), Some(body));
        let before = Timestamp::from_micros(due.micros() - 1);
        assert_eq!([left_by(before), left_by(due)].map(|range| range.contains(&key)), [false, true]);
        assert!(!left_by(Timestamp::OPEN_END).contains(&Round::key()));
        assert_eq!(left_key(&Round::key(), due), None);
    }
}
