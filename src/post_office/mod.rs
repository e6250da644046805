//! Each participant's post: one queue for each (number, role, category), first in, first out.
//!
//! A document waits as a [`Waiting`] record at its place in the queue, and leaves a [`Slip`] under its id when it is
//! dequeued. A place is the number of the commit that enqueued it, so a document becomes visible and gets its place in
//! the same instant. Only the first document of a queue can have been peeked, or one that came back from quarantine, whose slip says
//! where it stands; so nothing else is needed to find it. What may be given out together is bundled when the first of it is asked for
//! ([`Bundle`]). What waits for somebody who has long been inactive may [`expire`]; what has come to harm is moved aside
//! ([`quarantine`]). Everything here is a decision: it says what to write and writes nothing. Source: post-office 1.6.

mod ahead;
mod beside;
mod bundle;
mod quarantine;
mod record;
mod shown;
mod slip;

use crate::document::{Category, Outgoing, Wire};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Key, KeyRange, Space};

pub use ahead::Ahead;
pub use beside::{read_beside, write_beside};
pub use bundle::{Bounds, Bundle, Member, bundle_range, closed_by, made_anew};
pub use quarantine::{Quarantined, moved_aside, quarantine, quarantine_key, quarantine_range};
pub use record::{Bundling, Kept, Members, Subjects, Waiting};
pub use shown::Shown;
pub use slip::{Left, Parting, Slip};

/// Waiting documents by owner, category, commit and place within the commit.
const QUEUES: Space = Space(12);
/// Every document that has left its queue, by message id, with its owner.
const SLIPS: Space = Space(13);

/// A rendered document on its way into a queue.
pub struct Letter<'a> {
    pub outgoing: &'a Outgoing,
    /// Its own id: that of `outgoing`, unless it is one of several that tell all of it.
    pub message_id: String,
    pub records: u64,
    /// Points of series in its records.
    pub points: u64,
    /// What its records are about.
    pub about: Subjects,
    pub hash: [u8; 32],
    /// Where the archive keeps it: the part, the first byte in it, the number of bytes.
    pub part: u64,
    pub offset: u64,
    pub bytes: u64,
    /// The byte of it at which its records begin, where it may be given out together with others.
    pub joins_from: Option<u64>,
}

/// The changes that put documents into their receivers' queues, in the order given.
pub fn enqueue<'a>(letters: impl IntoIterator<Item = Letter<'a>>) -> Vec<Change> {
    let change = |(letter, place): (Letter, u64)| {
        let outgoing = letter.outgoing;
        let waiting = Waiting {
            message_id: letter.message_id,
            document: outgoing.kind.name.to_string(),
            records: letter.records,
            enqueued: outgoing.created,
            hash: letter.hash,
            part: letter.part,
            offset: letter.offset,
            bytes: letter.bytes,
            shown: None,
            bundling: match letter.joins_from {
                Some(records_from) => {
                    Bundling::With { key: bundle::bundle_key(outgoing), points: letter.points, records_from }
                }
                None => Bundling::Alone,
            },
            about: letter.about,
            kept_by: None,
        };
        let queue = queue_prefix(outgoing.owner(), outgoing.kind.category);
        Change::Put(queue.stamp().number(place), waiting.encode())
    };
    letters.into_iter().zip(0..).map(change).collect()
}

/// Where everything that waits for `owner` in `category` stands, oldest first.
pub fn queue_range(owner: &Party, category: Category) -> KeyRange {
    KeyRange::under(&queue_prefix(owner, category))
}

/// A place in a queue: a commit, and which of its documents.
pub fn place_key(owner: &Party, category: Category, (commit, place): (u64, u64)) -> Key {
    queue_prefix(owner, category).number(commit).number(place)
}

/// Every queue of everybody.
pub fn all_queues_range() -> KeyRange {
    KeyRange::under(&Key::new(QUEUES))
}

/// The queue that each document joins by these changes.
pub fn joined(changes: &[Change]) -> impl Iterator<Item = (Party, Category)> {
    let put = changes.iter().filter_map(|change| match change {
        Change::Put(key, _) if key.space() == QUEUES && key.is_stamped() => Some(key),
        Change::Put(..) | Change::Delete(_) => None,
    });
    put.filter_map(queue_of)
}

/// The places that documents leave by these changes.
pub fn left(changes: &[Change]) -> impl Iterator<Item = &Key> {
    changes.iter().filter_map(|change| match change {
        Change::Delete(key) if key.space() == QUEUES => Some(key),
        Change::Put(..) | Change::Delete(_) => None,
    })
}

/// Whose queue a key belongs to.
pub fn queue_of(key: &Key) -> Option<(Party, Category)> {
    let mut reader = key.reader();
    let number = ActorNumber::new(reader.text()?);
    let party = Party { number, role: ActorRole::from_code(&reader.text()?)? };
    Some((party, record::category_of(reader.number()?)?))
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

/// The change that remembers the first peek, and in which form it was; or nothing when it was peeked before: a peek never changes
/// what the next peek shows. `key` is the document's place.
pub fn peek(key: &Key, waiting: &Waiting, form: Wire, now: Timestamp) -> Option<Change> {
    waiting.shown.is_none().then(|| peeked(key, waiting, Shown::first(form, now)))
}

/// The change that writes down how a document has been shown until now.
pub fn peeked(key: &Key, waiting: &Waiting, shown: Shown) -> Change {
    Change::Put(key.clone(), Waiting { shown: Some(shown), ..waiting.clone() }.encode())
}

/// What a request to dequeue comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dequeue {
    /// The document at this place leaves its queue with these changes.
    Leaves(Key, Vec<Change>),
    /// Its owner has seen it, and then it was moved aside: it leaves by [`Quarantined::dequeue`].
    Quarantined,
    /// It left before, or an operator gave it up after its owner had seen it; asking again is safe.
    Already,
    /// It is the next one, and its owner has not seen it yet.
    NotPeeked,
    /// There is no such document, or it is somebody else's: the caller cannot tell which. Or it is the caller's own, and others
    /// wait before it; where a queue begins does not tell that.
    Unknown,
}

/// Decides a request by `caller` to dequeue a document, knowing the first document of each of the caller's queues with
/// its place (and the one that is asked for, where it came back from quarantine), the document's slip, and how what stands at a place
/// was shown, told what its record says.
pub fn dequeue(
    message_id: &str,
    heads: &[(Key, Waiting)],
    slip: Option<&Slip>,
    caller: &Party,
    shown: &dyn Fn(&Key, Shown) -> Shown,
    now: Timestamp,
) -> Dequeue {
    match heads.iter().find(|(_, waiting)| waiting.message_id == message_id) {
        Some((_, waiting)) if waiting.shown.is_none() => Dequeue::NotPeeked,
        Some((place, waiting)) => {
            let parting = Parting { at: now, shown: waiting.shown.map(|known| shown(place, known)) };
            let slip = Slip { owner: caller.queue_owner(), left: Left::Dequeued(parting) };
            let changes = vec![Change::Delete(place.clone()), Change::Put(slip_key(message_id), slip.encode())];
            Dequeue::Leaves(place.clone(), changes)
        }
        None => match slip.filter(|slip| slip.owner == caller.queue_owner()).map(|slip| &slip.left) {
            // What is given up after it was seen is let go by both.
            Some(Left::Dequeued(_) | Left::Discarded(Parting { shown: Some(_), .. })) => Dequeue::Already,
            Some(Left::Quarantined(Parting { shown: Some(_), .. })) => Dequeue::Quarantined,
            _ => Dequeue::Unknown,
        },
    }
}

/// The changes by which a document leaves the queue of an owner that nobody expects to fetch it any more.
pub fn expire(place: &Key, waiting: &Waiting, owner: &Party, now: Timestamp) -> [Change; 2] {
    let slip = Slip { owner: owner.queue_owner(), left: Left::Expired(Parting { at: now, shown: waiting.shown }) };
    [Change::Delete(place.clone()), Change::Put(slip_key(&waiting.message_id), slip.encode())]
}

/// A role that has no queue of its own is served by that of its number in another (post-office 5.6).
fn queue_prefix(owner: &Party, category: Category) -> Key {
    Key::new(QUEUES)
        .text(owner.number.as_str())
        .text(owner.role.queue_role().code())
        .number(record::category_number(category))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Entry;

    const NOW: Timestamp = Timestamp::from_seconds(1_690_880_400);

    const FIRST: Shown = Shown { at: NOW, first: Some(Wire::Ebix), last: Some(Wire::Ebix), times: 1 };
    const THRICE: Shown = Shown { last: Some(Wire::CimXml), times: 3, ..FIRST };
    const FETCHED: Parting = Parting { at: NOW, shown: Some(THRICE) };

    fn party(number: &str, role: ActorRole) -> Party {
        Party { number: ActorNumber::new(number), role }
    }

    fn place(commit: u64) -> Key {
        let owner = party("8100000000108", ActorRole::EnergySupplier);
        queue_prefix(&owner, Category::MasterData).number(commit).number(2)
    }

    fn waiting(message_id: &str, shown: Option<Shown>) -> Waiting {
        Waiting {
            message_id: message_id.into(),
            document: "NotifyPriceList".into(),
            records: 1,
            enqueued: NOW,
            hash: [7; 32],
            part: 1,
            offset: 2,
            bytes: 3,
            shown,
            bundling: Bundling::Alone,
            about: Subjects::Anything,
            kept_by: None,
        }
    }

    #[test]
    fn only_its_owner_dequeues_a_document_and_only_once_it_was_peeked() {
        let owner = party("8100000000108", ActorRole::EnergySupplier);
        let same_number_other_role = party("8100000000108", ActorRole::GridAccessProvider);
        let other = party("8100000000030", ActorRole::GridAccessProvider);
        let slip = Slip { owner: owner.clone(), left: Left::Dequeued(FETCHED) };
        let bundled = Slip { owner: owner.clone(), left: Left::Bundled("m-3".into()) };
        let expired = Slip { owner: owner.clone(), left: Left::Expired(FETCHED) };
        let [seen, unseen] = [FETCHED, Parting { shown: None, ..FETCHED }]
            .map(|parting| Slip { owner: owner.clone(), left: Left::Quarantined(parting) });
        let [discarded, given_up_unseen] = [FETCHED, Parting { shown: None, ..FETCHED }]
            .map(|parting| Slip { owner: owner.clone(), left: Left::Discarded(parting) });
        let first = |shown| vec![(place(7), waiting("m-1", shown))];
        let another = vec![(place(7), waiting("m-2", Some(FIRST)))];
        let rows = [
            (vec![], None, &owner, "unknown"),
            (first(None), None, &owner, "not peeked"),
            (first(Some(FIRST)), None, &owner, "leaves"),
            (another.clone(), None, &owner, "unknown"),
            (another.clone(), Some(&slip), &owner, "already"),
            (vec![], Some(&slip), &owner, "already"),
            (vec![], Some(&bundled), &owner, "unknown"),
            (vec![], Some(&expired), &owner, "unknown"),
            (another.clone(), Some(&seen), &owner, "quarantined"),
            (vec![], Some(&seen), &other, "unknown"),
            (vec![], Some(&unseen), &owner, "unknown"),
            (vec![], Some(&discarded), &owner, "already"),
            (vec![], Some(&given_up_unseen), &owner, "unknown"),
            (vec![], Some(&slip), &other, "unknown"),
            (another, Some(&slip), &same_number_other_role, "unknown"),
        ];
        for (heads, slip, caller, expected) in rows {
            let outcome = match dequeue("m-1", &heads, slip, caller, &|_, _| THRICE, NOW) {
                Dequeue::Leaves(..) => "leaves",
                Dequeue::Quarantined => "quarantined",
                Dequeue::Already => "already",
                Dequeue::NotPeeked => "not peeked",
                Dequeue::Unknown => "unknown",
            };
            assert_eq!(outcome, expected, "{heads:?} {slip:?} {caller}");
        }
    }

    #[test]
    fn what_expires_leaves_its_place_and_a_slip_that_says_so() {
        let owner = party("8100000000108", ActorRole::EnergySupplier);
        for shown in [None, Some(THRICE)] {
            let [left, Change::Put(key, value)] = expire(&place(7), &waiting("m-1", shown), &owner, NOW) else {
                panic!("a slip is put")
            };
            assert_eq!((left, key), (Change::Delete(place(7)), slip_key("m-1")));
            let left = Left::Expired(Parting { at: NOW, shown });
            assert_eq!(
                Slip::from_entry(&Entry { version: 9, value: value.clone() }),
                Some(Slip { owner: owner.clone(), left })
            );
        }
    }

    #[test]
    fn a_metered_data_responsible_shares_the_queue_of_its_number_as_grid_access_provider() {
        let responsible = party("8100000000030", ActorRole::MeteredDataResponsible);
        let grid = party("8100000000030", ActorRole::GridAccessProvider);
        assert_eq!(queue_range(&responsible, Category::TimeSeries), queue_range(&grid, Category::TimeSeries));
        let key = queue_prefix(&responsible, Category::TimeSeries).number(7).number(2);
        assert_eq!(queue_of(&key), Some((grid.clone(), Category::TimeSeries)));
        let waits = vec![(key.clone(), waiting("m-1", Some(FIRST)))];
        let Dequeue::Leaves(left, changes) = dequeue("m-1", &waits, None, &responsible, &|_, _| THRICE, NOW) else {
            panic!("it leaves")
        };
        let Change::Put(_, value) = &changes[1] else { panic!("a slip is put") };
        let slip =
            Slip::from_entry(&Entry { version: 9, value: value.clone() }).expect("what was encoded is read back");
        assert_eq!((left, &slip.owner), (key, &grid));
        for caller in [&responsible, &grid] {
            assert_eq!(dequeue("m-1", &[], Some(&slip), caller, &|_, _| THRICE, NOW), Dequeue::Already);
        }
    }

    #[test]
    fn a_dequeued_document_leaves_exactly_the_place_at_which_it_was_peeked() {
        let owner = party("8100000000108", ActorRole::EnergySupplier);
        assert_eq!(position(&place(7)), Some((7, 2)));
        assert_eq!(queue_of(&place(7)), Some((owner.clone(), Category::MasterData)));
        let first = waiting("m-1", None);
        let Some(Change::Put(key, value)) = peek(&place(7), &first, Wire::Ebix, NOW) else {
            panic!("a first peek is remembered")
        };
        let peeked = Waiting::decode(&value).expect("what was encoded is read back");
        assert_eq!((key, &peeked), (place(7), &waiting("m-1", Some(FIRST))));
        assert_eq!(peek(&place(7), &peeked, Wire::CimXml, NOW), None);
        let Dequeue::Leaves(left, changes) = dequeue("m-1", &[(place(7), peeked)], None, &owner, &|_, _| THRICE, NOW)
        else {
            panic!("it leaves")
        };
        assert_eq!((left, &changes[0]), (place(7), &Change::Delete(place(7))));
        let Change::Put(_, value) = &changes[1] else { panic!("a slip is put") };
        assert_eq!(
            Slip::from_entry(&Entry { version: 9, value: value.clone() }),
            Some(Slip { owner, left: Left::Dequeued(FETCHED) })
        );
    }
}
