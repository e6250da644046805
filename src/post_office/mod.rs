//! Each participant's post: one queue for each (number, role, category), first in, first out.
//!
//! A document waits as a [`Waiting`] record at its place in the queue and as a [`Slip`] under its id. A place is the
//! number of the commit that enqueued it, so a document becomes visible and gets its place in the same instant.
//! Everything here is a decision: it says what to write and writes nothing. Source: post-office 1.6.

mod record;

use crate::document::{Category, Outgoing};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Key, KeyRange, Space};

pub use record::{Slip, SlipState, Waiting};

/// Waiting documents by owner, category, commit and place within the commit.
const QUEUES: Space = Space(12);
/// Every document ever enqueued, by message id, with its owner and its fate.
const SLIPS: Space = Space(13);

/// A rendered document on its way into a queue.
pub struct Letter<'a> {
    pub outgoing: &'a Outgoing,
    /// Hash of the rendered bytes, under which the archive keeps them.
    pub hash: [u8; 32],
    pub bytes: u64,
}

/// The changes that put documents into their receivers' queues, in the order given.
pub fn enqueue<'a>(letters: impl IntoIterator<Item = Letter<'a>>) -> Vec<Change> {
    let mut changes = Vec::new();
    for (letter, place) in letters.into_iter().zip(0..) {
        let outgoing = letter.outgoing;
        let waiting = Waiting {
            message_id: outgoing.message_id.clone(),
            document: outgoing.kind.name.to_string(),
            records: outgoing.records.len() as u64,
            enqueued: outgoing.created,
            hash: letter.hash,
            bytes: letter.bytes,
        };
        let slip = Slip {
            owner: outgoing.receiver.clone(),
            category: outgoing.kind.category,
            place,
            state: SlipState::Waiting,
        };
        let queue = queue_prefix(&outgoing.receiver, outgoing.kind.category);
        changes.push(Change::Put(queue.stamp().number(place), waiting.encode()));
        changes.push(Change::Put(slip_key(&outgoing.message_id), slip.encode()));
    }
    changes
}

/// Where everything that waits for `owner` in `category` stands, oldest first.
pub fn queue_range(owner: &Party, category: Category) -> KeyRange {
    KeyRange::under(&queue_prefix(owner, category))
}

/// Every queue of everybody.
pub fn all_queues_range() -> KeyRange {
    KeyRange::under(&Key::new(QUEUES))
}

/// Whose queue a key belongs to.
pub fn queue_of(key: &Key) -> Option<(Party, Category)> {
    let mut reader = key.reader();
    let number = ActorNumber::new(reader.text()?);
    let party = Party { number, role: ActorRole::from_code(&reader.text()?)? };
    let category = reader.number()?;
    Some((party, Category::ALL.into_iter().find(|each| record::category_number(*each) == category)?))
}

/// The commit and the place that a key of a queue names.
pub fn position(key: &Key) -> Option<(u64, u64)> {
    let mut reader = key.reader();
    let _owner_and_category = (reader.text()?, reader.text()?, reader.number()?);
    Some((reader.number()?, reader.number()?))
}

/// The slip of a document.
pub fn slip_key(message_id: &str) -> Key {
    Key::new(SLIPS).text(message_id)
}

/// The change that remembers the first peek, or nothing when it was peeked before: a peek never changes what the next
/// peek shows.
pub fn peek(message_id: &str, slip: &Slip, position: (u64, u64), now: Timestamp) -> Option<Change> {
    if slip.state != SlipState::Waiting {
        return None;
    }
    let peeked = Slip { state: SlipState::Peeked { commit: position.0, at: now }, ..slip.clone() };
    Some(Change::Put(slip_key(message_id), peeked.encode()))
}

/// What a request to dequeue comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dequeue {
    /// It leaves the queue with these changes.
    Leaves(Vec<Change>),
    /// It left before; asking again is safe.
    Already,
    /// Its owner has not seen it yet.
    NotPeeked,
    /// There is no such document, or it is somebody else's: the caller cannot tell which.
    Unknown,
}

/// Decides a request by `caller` to dequeue a document.
pub fn dequeue(message_id: &str, slip: Option<&Slip>, caller: &Party, now: Timestamp) -> Dequeue {
    let Some(slip) = slip.filter(|slip| slip.owner == *caller) else { return Dequeue::Unknown };
    match slip.state {
        SlipState::Waiting => Dequeue::NotPeeked,
        SlipState::Dequeued { .. } => Dequeue::Already,
        SlipState::Peeked { commit, .. } => {
            let place = queue_prefix(&slip.owner, slip.category).number(commit).number(slip.place);
            let dequeued = Slip { state: SlipState::Dequeued { at: now }, ..slip.clone() };
            Dequeue::Leaves(vec![Change::Delete(place), Change::Put(slip_key(message_id), dequeued.encode())])
        }
    }
}

fn queue_prefix(owner: &Party, category: Category) -> Key {
    Key::new(QUEUES).text(owner.number.as_str()).text(owner.role.code()).number(record::category_number(category))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_seconds(1_690_880_400);

    fn party(number: &str, role: ActorRole) -> Party {
        Party { number: ActorNumber::new(number), role }
    }

    fn slip(state: SlipState) -> Slip {
        Slip {
            owner: party("8100000000108", ActorRole::EnergySupplier),
            category: Category::MasterData,
            place: 2,
            state,
        }
    }

    #[test]
    fn only_its_owner_dequeues_a_document_and_only_once_it_was_peeked() {
        let owner = party("8100000000108", ActorRole::EnergySupplier);
        let same_number_other_role = party("8100000000108", ActorRole::GridAccessProvider);
        let other = party("8100000000030", ActorRole::GridAccessProvider);
        let peeked = SlipState::Peeked { commit: 7, at: NOW };
        let dequeued = SlipState::Dequeued { at: NOW };
        let rows = [
            (None, &owner, "unknown"),
            (Some(slip(SlipState::Waiting)), &owner, "not peeked"),
            (Some(slip(peeked)), &owner, "leaves"),
            (Some(slip(peeked)), &other, "unknown"),
            (Some(slip(peeked)), &same_number_other_role, "unknown"),
            (Some(slip(dequeued)), &owner, "already"),
            (Some(slip(dequeued)), &other, "unknown"),
        ];
        for (slip, caller, expected) in rows {
            let outcome = match dequeue("m-1", slip.as_ref(), caller, NOW) {
                Dequeue::Leaves(_) => "leaves",
                Dequeue::Already => "already",
                Dequeue::NotPeeked => "not peeked",
                Dequeue::Unknown => "unknown",
            };
            assert_eq!(outcome, expected, "{slip:?} {caller}");
        }
    }

    #[test]
    fn a_dequeued_document_leaves_exactly_the_place_at_which_it_was_peeked() {
        let slip = slip(SlipState::Waiting);
        let place = queue_prefix(&slip.owner, slip.category).number(7).number(2);
        assert_eq!(position(&place), Some((7, 2)));
        assert_eq!(queue_of(&place), Some((slip.owner.clone(), slip.category)));
        let Some(Change::Put(_, value)) = peek("m-1", &slip, (7, 2), NOW) else { panic!("a first peek is remembered") };
        let peeked = Slip::decode(&value).expect("what was encoded is read back");
        assert_eq!(peek("m-1", &peeked, (7, 2), NOW), None);
        let Dequeue::Leaves(changes) = dequeue("m-1", Some(&peeked), &slip.owner, NOW) else { panic!("it leaves") };
        assert_eq!(changes[0], Change::Delete(place));
    }
}
