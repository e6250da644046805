//! Bundles: documents of one key that wait in one queue are given out as one document (post-office 1.6, items 3 to 5).
//!
//! Which documents go together follows from the queue alone: a bundle begins with the first document of its queue and takes
//! in those of the same key behind it, in their order, until one does not fit or came too long after the first. It is closed
//! when its owner asks for it, so nothing waits for a bundle to fill up, and nothing that was shown changes afterwards.

use super::record::{BundleKey, Bundling, Kept, Members, Subjects, Waiting};
use super::shown::Shown;
use super::slip::{Left, Slip};
use super::{position, queue_of, slip_key};
use crate::document::{Bearing, Category, Outgoing};
use crate::market::Timestamp;
use crate::record::{Batch, Change, Expected, Key, KeyRange, Space, Version};

/// What bundles are made of, by their message id and the commit that closed them.
const BUNDLES: Space = Space(85);
/// Members in one record. Each takes 33 bytes for its id, and 60 at most for where it is; a value may hold 64 KiB.
const RECORD_MEMBERS_MAX: usize = 500;

/// What one document may hold at most. A single record that is larger makes a document of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Activity records.
    pub records_max: u64,
    /// Points of series, in all records. Two thousand days of quarter-hours would exceed 50 MiB in ebIX.
    pub points_max: u64,
    /// Bytes in CIM XML, the longest of the forms for whatever is long.
    pub bytes_max: u64,
    /// How long after the first document of a bundle others may still join it. 0: nothing is bundled.
    pub wait_seconds: i64,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { records_max: 2_000, points_max: 150_000, bytes_max: 52_428_800, wait_seconds: 300 }
    }
}

/// What a document has in common with those that it may be given out with. Its queue is not in it: only one is looked at.
pub fn bundle_key(outgoing: &Outgoing) -> BundleKey {
    let mut hash = blake3::Hasher::new();
    let Outgoing { kind, business_reason, sender, receiver, records, .. } = outgoing;
    let parties = [sender, receiver].map(|party| [party.number.as_str(), party.role.code()]);
    for part in [kind.name, business_reason].into_iter().chain(parties.as_flattened().iter().copied()) {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
    }
    // Another form has another document for answers.
    if records.iter().any(|record| record.bearing == Some(Bearing::Answers)) {
        hash.update(b"answers");
    }
    let mut key = BundleKey::default();
    key.copy_from_slice(&hash.finalize().as_bytes()[..size_of::<BundleKey>()]);
    key
}

/// A waiting document, where it stands, and the commit that last wrote its record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub key: Key,
    pub version: Version,
    pub waiting: Waiting,
}

impl Member {
    /// Where its bytes are, where it stands in a queue and may go together with others.
    pub fn kept(&self) -> Option<Kept> {
        let Waiting { part, offset, bytes, records, .. } = self.waiting;
        let Bundling::With { records_from, .. } = self.waiting.bundling else { return None };
        let commit = self.waiting.kept_by(position(&self.key)?.0);
        Some(Kept { commit, part, offset, bytes, records, records_from })
    }
}

/// A bundle that is being made.
#[derive(Debug)]
pub struct Bundle {
    members: Vec<Member>,
    key: BundleKey,
    records: u64,
    points: u64,
    bytes: u64,
    until: Timestamp,
    bounds: Bounds,
}

impl Bundle {
    /// Begins with the first document of a queue; `None` where that leaves alone, or has been shown as it is.
    pub fn begin(first: Member, bounds: Bounds) -> Option<Self> {
        let Bundling::With { key, points, .. } = first.waiting.bundling else { return None };
        if first.waiting.shown.is_some() || bounds.wait_seconds <= 0 {
            return None;
        }
        let Waiting { records, bytes, enqueued, .. } = first.waiting;
        let until =
            Timestamp::from_micros(enqueued.micros().saturating_add(bounds.wait_seconds.saturating_mul(1_000_000)));
        Some(Self { members: vec![first], key, records, points, bytes, until, bounds })
    }

    /// What the documents must have in common that it takes in.
    pub(super) fn key(&self) -> BundleKey {
        self.key
    }

    /// The name of its documents.
    pub(super) fn document(&self) -> &str {
        &self.members[0].waiting.document
    }

    /// Whether a document that was enqueued then came too late.
    pub fn is_over(&self, enqueued: Timestamp) -> bool {
        enqueued > self.until
    }

    /// Whether the next document of its key may join: it came in time, and fits. If not, none behind it may.
    pub(super) fn may_take(&self, next: &Waiting) -> bool {
        let Bounds { records_max, points_max, bytes_max, .. } = self.bounds;
        let (records, points, bytes) = self.with(next);
        !self.is_over(next.enqueued) && records <= records_max && points <= points_max && bytes <= bytes_max
    }

    pub(super) fn take(&mut self, next: Member) {
        (self.records, self.points, self.bytes) = self.with(&next.waiting);
        self.members.push(next);
    }

    /// Records, points and bytes with one more document.
    fn with(&self, next: &Waiting) -> (u64, u64, u64) {
        let points = if let Bundling::With { points, .. } = next.bundling { points } else { 0 };
        (self.records + next.records, self.points + points, self.bytes + next.bytes)
    }

    /// The documents that it has taken in, in their order.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// What its members have in bytes.
    pub fn bytes(&self) -> usize {
        self.bytes as usize
    }

    /// The id of the document that is given out: made from those of its members, so the same bundle has the same id.
    pub fn message_id(&self) -> String {
        let mut hash = blake3::Hasher::new();
        for member in &self.members {
            hash.update(&(member.waiting.message_id.len() as u64).to_be_bytes());
            hash.update(member.waiting.message_id.as_bytes());
        }
        hash.finalize().to_hex()[..32].to_string()
    }

    /// Closes the bundle as it is shown for the first time: it takes the place of its first member, and the others leave.
    /// `message_id` is its [`Bundle::message_id`]; `bytes` is the length of the document, the only one in the body that is
    /// written along, and `hash` is over it; `shown` is how that is. `None` where a member stands in no queue.
    pub fn close(self, message_id: String, hash: [u8; 32], bytes: u64, shown: Shown) -> Option<(Batch, Waiting)> {
        let first = self.members.first()?;
        let (owner, category) = queue_of(&first.key)?;
        let place = position(&first.key)?;
        let waiting = Waiting {
            message_id: message_id.clone(),
            document: first.waiting.document.clone(),
            records: self.records,
            enqueued: first.waiting.enqueued,
            hash,
            part: 0,
            offset: 0,
            bytes,
            shown: Some(shown),
            bundling: Bundling::Bundle,
            // It is the first of its queue, so nothing is before it and nothing joins it. One that comes back from quarantine has others
            // before it; those behind it then join nothing in front of it.
            about: Subjects::Anything,
            kept_by: None,
        };
        let mut batch = Batch::default();
        for member in &self.members {
            batch.expect(member.key.clone(), Expected::At(member.version));
            if member.key != first.key {
                batch.delete(member.key.clone());
            }
            let slip = Slip { owner: owner.clone(), left: Left::Bundled(message_id.clone()) };
            batch.put(slip_key(&member.waiting.message_id), slip.encode());
        }
        batch.put(first.key.clone(), waiting.encode());
        batch.put_all(written(&message_id, category, place, &self.members));
        Some((batch, waiting))
    }
}

fn written(message_id: &str, category: Category, place: (u64, u64), members: &[Member]) -> Vec<Change> {
    let chunk = |(nth, members): (u64, &[Member])| {
        let ids = members.iter().map(|member| member.waiting.message_id.clone()).collect();
        let kept = members.iter().filter_map(Member::kept).collect();
        Change::Put(record_key(message_id, nth), Members { category, place, ids, kept }.encode())
    };
    (0..).zip(members.chunks(RECORD_MEMBERS_MAX)).map(chunk).collect()
}

/// The changes by which a bundle is the document that their commit writes, and not the one that an earlier commit did.
pub fn made_anew(message_id: &str, records: &[(Key, Members)]) -> Vec<Change> {
    let moved = |(nth, (key, members)): (u64, &(Key, Members))| {
        [Change::Delete(key.clone()), Change::Put(record_key(message_id, nth), members.encode())]
    };
    (0..).zip(records).flat_map(moved).collect()
}

/// Where the commit that closes a bundle says what that is made of.
fn record_key(message_id: &str, nth: u64) -> Key {
    Key::new(BUNDLES).text(message_id).stamp().number(nth)
}

/// The records that say what a bundle is made of.
pub fn bundle_range(message_id: &str) -> KeyRange {
    KeyRange::under(&Key::new(BUNDLES).text(message_id))
}

/// The commit that closed a bundle, from the key of one of its records.
pub fn closed_by(key: &Key) -> Option<u64> {
    let mut reader = key.reader();
    let _message_id = reader.text()?;
    reader.number()
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Ahead;
    use super::*;
    use crate::document::{Kind, Record, Wire};
    use crate::market::{ActorNumber, ActorRole, Party};
    use crate::record::Entry;

    pub const BOUNDS: Bounds = Bounds { records_max: 10, points_max: 100, bytes_max: 1_000, wait_seconds: 300 };

    /// Key, records, points, bytes, and seconds after the first.
    pub type Row = (u8, u64, u64, u64, i64);

    pub fn member(place: u64, (key, records, points, bytes, after): Row) -> Member {
        let waiting = Waiting {
            message_id: format!("m-{place}"),
            document: if key == b'-' { "AnotherDocument" } else { "NotifyPriceList" }.into(),
            records,
            enqueued: Timestamp::from_seconds(1_690_880_400 + after),
            hash: [7; 32],
            part: 1,
            offset: 2,
            bytes,
            shown: None,
            bundling: match key {
                b'-' | b'!' => Bundling::Alone,
                key => Bundling::With { key: [key; 16], points, records_from: 900 },
            },
            about: Subjects::These(Vec::new()),
            kept_by: None,
        };
        let key = Key::new(Space(12)).text("8100000000108").text("DDQ").number(1).number(place).number(0);
        Member { key, version: place, waiting }
    }

    #[test]
    fn a_bundle_takes_in_what_is_of_its_key_and_fits() {
        let few = (b'a', 1, 1, 10, 0);
        let rows: &[(&str, &[Row], &[u64])] = &[
            ("one alone", &[few], &[0]),
            ("two", &[few, few], &[0, 1]),
            ("exactly as many records as fit", &[few, (b'a', 9, 1, 10, 0), few], &[0, 1]),
            ("one record too many", &[few, (b'a', 10, 1, 10, 0), few], &[0]),
            ("exactly as many points as fit", &[few, (b'a', 1, 99, 10, 0)], &[0, 1]),
            ("one point too many", &[few, (b'a', 1, 100, 10, 0)], &[0]),
            ("exactly as many bytes as fit", &[few, (b'a', 1, 1, 990, 0)], &[0, 1]),
            ("one byte too many", &[few, (b'a', 1, 1, 991, 0)], &[0]),
            ("what does not fit lets none behind it pass", &[few, (b'a', 10, 1, 10, 0), few, few], &[0]),
            ("one that is too large by itself", &[(b'a', 1, 101, 10, 0), few], &[0]),
            (
                "other keys are left where they are",
                &[few, (b'b', 1, 1, 10, 0), few, (b'-', 1, 0, 10, 0), few],
                &[0, 2, 4],
            ),
            ("an answer of the same kind lets none behind it pass", &[few, (b'!', 1, 0, 10, 0), few], &[0]),
            ("within the time", &[few, (b'a', 1, 1, 10, 300)], &[0, 1]),
            ("too late", &[few, (b'a', 1, 1, 10, 301)], &[0]),
        ];
        for (name, waiting, expected) in rows {
            let mut members = waiting.iter().zip(0..).map(|(each, place)| member(place, *each));
            let mut bundle = Bundle::begin(members.next().unwrap(), BOUNDS).unwrap();
            let mut ahead = Ahead::default();
            members.for_each(|member| ahead.add(member));
            ahead.fill(&mut bundle);
            let taken: Vec<u64> = bundle.members().iter().map(|member| member.version).collect();
            assert_eq!(taken, *expected, "{name}");
        }
    }

    #[test]
    fn what_answers_a_query_goes_with_nothing_that_does_not() {
        static KIND: Kind = Kind {
            name: "NotifyPriceList",
            namespace: "urn:x",
            type_code: "D12",
            category: Category::MasterData,
            status: None,
        };
        let party = Party { number: ActorNumber::new("8100000000108"), role: ActorRole::EnergySupplier };
        let key = |bearing| {
            let record = Record { transaction_id: String::new(), reasons: Vec::new(), fields: Vec::new(), bearing };
            bundle_key(&Outgoing {
                kind: &KIND,
                receiver: party.clone(),
                delegate: None,
                sender: party.clone(),
                business_reason: "D18".into(),
                created: Timestamp::from_seconds(0),
                message_id: "m-1".into(),
                head: Vec::new(),
                records: vec![record].into(),
            })
        };
        assert_ne!(key(Some(Bearing::Answers)), key(None));
        assert_eq!(key(Some(Bearing::Starts)), key(Some(Bearing::Ends)), "each record says that of itself");
    }

    #[test]
    fn what_was_shown_or_is_to_leave_alone_begins_no_bundle() {
        let first = member(0, (b'a', 1, 1, 10, 0));
        let begins = |change: &dyn Fn(&mut Waiting), bounds| {
            let mut first = first.clone();
            change(&mut first.waiting);
            Bundle::begin(first, bounds).is_some()
        };
        assert!(begins(&|_| {}, BOUNDS));
        assert!(!begins(&|_| {}, Bounds { wait_seconds: 0, ..BOUNDS }));
        assert!(!begins(&|waiting| waiting.shown = Some(Shown::first(Wire::CimXml, waiting.enqueued)), BOUNDS));
        assert!(!begins(&|waiting| waiting.bundling = Bundling::Alone, BOUNDS));
        assert!(!begins(&|waiting| waiting.bundling = Bundling::Bundle, BOUNDS));
    }

    #[test]
    fn a_closed_bundle_stands_where_its_first_member_stood_and_says_what_it_took_in() {
        let mut bundle = Bundle::begin(member(7, (b'a', 1, 1, 10, 0)), BOUNDS).unwrap();
        bundle.take(member(8, (b'a', 2, 1, 10, 0)));
        let id = bundle.message_id();
        let shown = Shown::first(Wire::Ebix, Timestamp::from_seconds(1_690_880_500));
        let places: Vec<Key> = bundle.members().iter().map(|member| member.key.clone()).collect();
        let (batch, waiting) = bundle.close(id.clone(), [9; 32], 1_234, shown).unwrap();
        assert_eq!((&waiting.message_id, waiting.records, waiting.bytes, waiting.shown), (&id, 3, 1_234, Some(shown)));
        let seen = [(places[0].clone(), Expected::At(7)), (places[1].clone(), Expected::At(8))];
        assert_eq!(batch.expectations, seen);
        let put = |key: &Key| {
            let put = batch.changes.iter().filter(|change| change.key() == key).collect::<Vec<_>>();
            let [Change::Put(_, value)] = put[..] else { panic!("{key} is put once: {put:?}") };
            value.clone()
        };
        assert_eq!(Waiting::decode(&put(&places[0])), Some(waiting));
        assert!(batch.changes.contains(&Change::Delete(places[1].clone())));
        for member in ["m-7", "m-8"] {
            assert_eq!(
                Slip::from_entry(&Entry { version: 9, value: put(&slip_key(member)) }).unwrap().left,
                Left::Bundled(id.clone())
            );
        }
        let written = put(&Key::new(BUNDLES).text(&id).stamp().number(0));
        let ids = vec!["m-7".to_string(), "m-8".to_string()];
        let kept = |commit, records| Kept { commit, part: 1, offset: 2, bytes: 10, records, records_from: 900 };
        let kept = vec![kept(7, 1), kept(8, 2)];
        let members = Members { category: Category::MasterData, place: (7, 0), ids, kept };
        assert_eq!(Members::decode(&written), Some(members.clone()));
        let before = Key::new(BUNDLES).text(&id).number(9).number(0);
        let anew = made_anew(&id, &[(before.clone(), members)]);
        assert_eq!(anew, [Change::Delete(before), Change::Put(Key::new(BUNDLES).text(&id).stamp().number(0), written)]);
        assert_eq!(closed_by(&Key::new(BUNDLES).text(&id).number(9).number(0)), Some(9));
    }

    #[test]
    fn what_a_full_bundle_was_made_of_fits_into_its_records() {
        let bounds = Bounds { records_max: 5_000, ..BOUNDS };
        let long = |place| {
            let mut member = member(place, (b'a', 1, 0, 0, 0));
            member.waiting.message_id = format!("{place:032}");
            (member.waiting.part, member.waiting.offset) = (u64::MAX, u64::MAX);
            member
        };
        let mut bundle = Bundle::begin(long(0), bounds).unwrap();
        (1..5_000).for_each(|place| bundle.take(long(place)));
        let id = bundle.message_id();
        let (batch, _) = bundle.close(id, [9; 32], 1, Shown::first(Wire::CimXml, Timestamp::from_seconds(0))).unwrap();
        let chunks = batch.changes.iter().filter_map(|change| match change {
            Change::Put(key, value) if key.space() == BUNDLES => Some(value),
            _ => None,
        });
        let chunks: Vec<Members> = chunks
            .inspect(|value| assert!(value.len() <= crate::record::VALUE_BYTES_MAX, "{} bytes", value.len()))
            .map(|value| Members::decode(value).unwrap())
            .collect();
        assert_eq!(chunks.iter().map(|members| members.ids.len()).sum::<usize>(), 5_000);
    }
}
