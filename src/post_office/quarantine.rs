//! Quarantine: a waiting document that cannot be given out, or must not be, is moved aside, so that its queue goes on. An operator
//! lets it back, at the end of its queue, or gives it up. Source: post-office 1.6 (9).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record::{Bundling, Waiting, category_number, category_of};
use super::shown::Shown;
use super::slip::{Left, Parting, Slip};
use super::{position, queue_of, queue_prefix, slip_key};
use crate::document::Category;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Documents that were moved aside, by message id.
const QUARANTINE: Space = Space(86);

/// A document that was moved aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quarantined {
    /// Whose queue it stood in.
    pub owner: Party,
    pub category: Category,
    pub waiting: Waiting,
    /// When it was moved aside.
    pub since: Timestamp,
    /// Why, in words for an operator.
    pub cause: String,
}

/// What waits at `place`, as it stands aside, and the changes by which it does; `shown` is how it was shown until now. `None` where
/// that is no place of a queue.
pub fn quarantine(
    place: &Key,
    waiting: &Waiting,
    shown: Option<Shown>,
    since: Timestamp,
    cause: &str,
) -> Option<(Quarantined, [Change; 3])> {
    let ((owner, category), (commit, _)) = (queue_of(place)?, position(place)?);
    let waiting = Waiting { shown, kept_by: Some(waiting.kept_by(commit)), ..waiting.clone() };
    let slip = Slip { owner: owner.clone(), left: Left::Quarantined(Parting { at: since, shown }) };
    let (key, slip_key) = (quarantine_key(&waiting.message_id), slip_key(&waiting.message_id));
    let quarantined = Quarantined { owner, category, waiting, since, cause: cause.to_string() };
    let (record, slip) = (Change::Put(key, quarantined.encode()), Change::Put(slip_key, slip.encode()));
    Some((quarantined, [Change::Delete(place.clone()), record, slip]))
}

/// Where a document stands that was moved aside.
pub fn quarantine_key(message_id: &str) -> Key {
    Key::new(QUARANTINE).text(message_id)
}

/// Everything that was moved aside.
pub fn quarantine_range() -> KeyRange {
    KeyRange::under(&Key::new(QUARANTINE))
}

/// How many more documents stand aside by these changes.
pub fn moved_aside(changes: &[Change]) -> i64 {
    let by = |change: &Change| match change {
        Change::Put(key, _) => i64::from(key.space() == QUARANTINE),
        Change::Delete(key) => -i64::from(key.space() == QUARANTINE),
    };
    changes.iter().map(by).sum()
}

impl Quarantined {
    /// Where it stood at first: the commit that enqueued it, or the first document of it, then its place among the bytes of that.
    pub fn stood(&self) -> (u64, u64, u64) {
        (self.waiting.kept_by(0), self.waiting.part, self.waiting.offset)
    }

    /// The changes by which it joins its queue again, behind all that wait, and waits anew since `now`; it is the `nth` that one commit
    /// lets back. It is given out by itself: what it could have gone together with has gone on.
    pub fn release(&self, nth: u64, now: Timestamp) -> [Change; 3] {
        let bundling = match self.waiting.bundling {
            Bundling::Bundle => Bundling::Bundle,
            Bundling::Alone | Bundling::With { .. } => Bundling::Alone,
        };
        let waiting = Waiting { bundling, enqueued: now, ..self.waiting.clone() };
        let id = &self.waiting.message_id;
        let place = queue_prefix(&self.owner, self.category).stamp().number(nth);
        let slip = Slip { owner: self.owner.clone(), left: Left::Returned(self.category, (0, nth)) };
        [
            Change::Delete(quarantine_key(id)),
            Change::Put(place, waiting.encode()),
            Change::Put(slip_key(id), slip.encode()),
        ]
    }

    /// The changes by which it is given up: nobody gets it any more, and the archive keeps it.
    pub fn discard(&self, now: Timestamp) -> [Change; 2] {
        self.goes(Left::Discarded(Parting { at: now, shown: self.waiting.shown }))
    }

    /// The changes by which its owner lets it go, who had seen it before it was moved aside.
    pub fn dequeue(&self, now: Timestamp) -> [Change; 2] {
        self.goes(Left::Dequeued(Parting { at: now, shown: self.waiting.shown }))
    }

    fn goes(&self, left: Left) -> [Change; 2] {
        let id = &self.waiting.message_id;
        let slip = Slip { owner: self.owner.clone(), left };
        [Change::Delete(quarantine_key(id)), Change::Put(slip_key(id), slip.encode())]
    }

    fn encode(&self) -> Bytes {
        let (number, role) = (self.owner.number.to_string(), self.owner.role.code().to_string());
        let (category, waiting) = (category_number(self.category), self.waiting.encode().to_vec());
        let (since, cause) = (self.since.micros(), self.cause.clone());
        stored::write(VERSION, &StoredQuarantined { number, role, category, waiting, since, cause })
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: StoredQuarantined = stored::read(VERSION, &entry.value)?;
        Some(Self {
            owner: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            category: category_of(form.category)?,
            waiting: Waiting::decode(&form.waiting)?,
            since: Timestamp::from_micros(form.since),
            cause: form.cause,
        })
    }
}

/// First byte of a stored record.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredQuarantined {
    number: String,
    role: String,
    category: u64,
    /// As it stood in its queue.
    waiting: Vec<u8>,
    since: i64,
    cause: String,
}

#[cfg(test)]
mod tests {
    use super::super::bundle::tests::member;
    use super::super::place_key;
    use super::*;
    use crate::document::Wire;
    use crate::post_office::Subjects;

    const NOON: Timestamp = Timestamp::from_seconds(1_690_880_400);
    const LATER: Timestamp = Timestamp::from_seconds(1_690_880_460);

    fn put(changes: &[Change], key: &Key) -> Entry {
        let value = changes.iter().find_map(|change| match change {
            Change::Put(put, value) if put == key => Some(value.clone()),
            Change::Put(..) | Change::Delete(_) => None,
        });
        Entry { version: 40, value: value.expect("it is put") }
    }

    #[test]
    fn what_comes_back_stands_at_the_end_of_its_queue_and_knows_where_its_bytes_are() {
        let shown = Some(Shown::first(Wire::CimXml, NOON));
        let owner = Party { number: ActorNumber::new("8100000000108"), role: ActorRole::EnergySupplier };
        for (bundling, comes_back) in [
            (Bundling::Alone, Bundling::Alone),
            (Bundling::With { key: [1; 16], points: 4, records_from: 9 }, Bundling::Alone),
            (Bundling::Bundle, Bundling::Bundle),
        ] {
            let waiting = Waiting { bundling, about: Subjects::Anything, ..member(7, (b'a', 1, 1, 10, 0)).waiting };
            let place = place_key(&owner, Category::MasterData, (7, 2));
            let (moved, changes) = quarantine(&place, &waiting, shown, NOON, "hash does not fit").unwrap();
            assert_eq!(changes[0], Change::Delete(place));
            let aside = Quarantined::from_entry(&put(&changes, &quarantine_key("m-7"))).unwrap();
            assert_eq!(moved, aside);
            assert_eq!(
                (&aside.owner, aside.category, &*aside.cause),
                (&owner, Category::MasterData, "hash does not fit")
            );
            assert_eq!((aside.since, aside.waiting.shown, aside.waiting.kept_by), (NOON, shown, Some(7)));
            let slip = Slip::from_entry(&put(&changes, &slip_key("m-7"))).unwrap();
            assert_eq!(slip, Slip { owner: owner.clone(), left: Left::Quarantined(Parting { at: NOON, shown }) });

            let changes = aside.release(3, LATER);
            let joins = queue_prefix(&owner, Category::MasterData).stamp().number(3);
            let back = Waiting::decode(&put(&changes, &joins).value).unwrap();
            assert_eq!(back, Waiting { bundling: comes_back, enqueued: LATER, ..aside.waiting.clone() });
            let slip = Slip::from_entry(&put(&changes, &slip_key("m-7"))).unwrap();
            assert_eq!(slip.left, Left::Returned(Category::MasterData, (40, 3)));
            // Moved aside once more, it still knows.
            let place = place_key(&owner, aside.category, (40, 3));
            let (_, changes) = quarantine(&place, &back, shown, NOON, "again").unwrap();
            let again = Quarantined::from_entry(&put(&changes, &quarantine_key("m-7"))).unwrap();
            assert_eq!(again.waiting.kept_by, Some(7));

            for (changes, left) in [
                (aside.discard(NOON), Left::Discarded(Parting { at: NOON, shown })),
                (aside.dequeue(NOON), Left::Dequeued(Parting { at: NOON, shown })),
            ] {
                assert_eq!(changes[0], Change::Delete(quarantine_key("m-7")));
                assert_eq!(Slip::from_entry(&put(&changes, &slip_key("m-7"))).unwrap().left, left);
            }
        }
    }
}
