//! The stored forms of the post office: what waits, and what bundles are made of.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::shown::{Shown, StoredShown};
use crate::document::Category;
use crate::market::Timestamp;
use crate::record::stored;

/// A document at its place in a queue: enough to answer a peek's headers and to find its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub message_id: String,
    /// Name without `_MarketDocument`.
    pub document: String,
    pub records: u64,
    pub enqueued: Timestamp,
    pub hash: [u8; 32],
    /// Where the archive keeps it among the bodies of the commit that enqueued it, see `kept_by`.
    pub part: u64,
    pub offset: u64,
    pub bytes: u64,
    /// How it was shown to its owner, if it was.
    pub shown: Option<Shown>,
    /// Whether it may be given out together with others.
    pub bundling: Bundling,
    /// What it is about: what joins others overtakes nothing that is about the same.
    pub about: Subjects,
    /// The commit that keeps its bytes where its place does not name it: it was in quarantine, and came back to another place.
    pub kept_by: Option<u64>,
}

/// Metering points and charges that a document is about, each as a number made from its id. Two may have one number, which
/// lets a document wait for its turn that need not; so does what names too many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Subjects {
    These(Vec<u32>),
    /// It names too many, or was written before this was kept.
    Anything,
}

/// Subjects that are kept of one document. What names more has little to gain from being given out together with others.
const SUBJECTS_MAX: usize = 64;

impl Subjects {
    /// The number of a subject.
    pub fn number(id: &str) -> u32 {
        let mut number = [0; size_of::<u32>()];
        number.copy_from_slice(&blake3::hash(id.as_bytes()).as_bytes()[..size_of::<u32>()]);
        u32::from_be_bytes(number)
    }
}

impl FromIterator<u32> for Subjects {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut these = BTreeSet::new();
        for number in numbers {
            these.insert(number);
            if these.len() > SUBJECTS_MAX {
                return Self::Anything;
            }
        }
        Self::These(these.into_iter().collect())
    }
}

/// Whether a document may be given out together with others that wait behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bundling {
    /// It leaves alone: an answer, or one that was not to wait for others.
    Alone,
    /// With others of the same key.
    With {
        key: BundleKey,
        /// Points of its series, in all its records.
        points: u64,
        /// The byte at which its records begin.
        records_from: u64,
    },
    /// It is such a bundle, and stands where its first member stood. Its bytes are in the commit that closed it, which its
    /// [`super::bundle_range`] tells.
    Bundle,
}

/// A hash over what documents must have in common to be given out as one, besides their queue.
pub type BundleKey = [u8; 16];

/// What a bundle is made of, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    pub category: Category,
    /// The place of its first member, which it has taken: the commit, and which of its documents.
    pub place: (u64, u64),
    /// Message ids of the documents that it took in, in their order.
    pub ids: Vec<String>,
    /// Where the bytes of each of them are; nothing of a bundle that was closed before this was kept.
    pub kept: Vec<Kept>,
}

/// Where the bytes of a document are that was given out in a bundle, and what must be known of it to make that anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// The commit that enqueued it.
    pub commit: u64,
    pub part: u64,
    pub offset: u64,
    pub bytes: u64,
    pub records: u64,
    /// The byte at which its records begin.
    pub records_from: u64,
}

impl Waiting {
    /// The commit that keeps its bytes, where it stands at the place of a commit. Where a bundle's are its [`super::bundle_range`] tells.
    pub fn kept_by(&self, place: u64) -> u64 {
        self.kept_by.unwrap_or(place)
    }

    /// Whether it is certain that it is given out as it stands there.
    pub fn is_settled(&self) -> bool {
        self.shown.is_some() || !matches!(self.bundling, Bundling::With { .. })
    }

    pub(super) fn encode(&self) -> Bytes {
        let waiting = StoredWaiting {
            message_id: self.message_id.clone(),
            document: self.document.clone(),
            records: self.records,
            enqueued: self.enqueued.micros(),
            hash: self.hash,
            part: self.part,
            offset: self.offset,
            bytes: self.bytes,
            shown: self.shown.map(StoredShown::from),
            bundling: self.bundling.clone(),
            about: self.about.clone(),
        };
        match self.kept_by {
            None => stored::write(WAITING_VERSION, &waiting),
            Some(kept_by) => stored::write(ELSEWHERE_VERSION, &StoredElsewhere { waiting, kept_by }),
        }
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        if let Some(StoredElsewhere { waiting, kept_by }) = stored::read(ELSEWHERE_VERSION, bytes) {
            return Some(Self { kept_by: Some(kept_by), ..waiting.into() });
        }
        let second = || stored::read::<StoredWaitingSecond>(2, bytes).map(StoredWaiting::from);
        let third = || stored::read::<StoredWaitingThird>(3, bytes).map(StoredWaiting::from);
        let fourth = || stored::read::<StoredWaitingFourth>(4, bytes).map(StoredWaiting::from);
        let form: StoredWaiting =
            stored::read(WAITING_VERSION, bytes).or_else(fourth).or_else(third).or_else(second)?;
        Some(form.into())
    }
}

impl From<StoredWaiting> for Waiting {
    fn from(form: StoredWaiting) -> Self {
        Self {
            message_id: form.message_id,
            document: form.document,
            records: form.records,
            enqueued: Timestamp::from_micros(form.enqueued),
            hash: form.hash,
            part: form.part,
            offset: form.offset,
            bytes: form.bytes,
            shown: form.shown.map(Shown::from),
            bundling: form.bundling,
            about: form.about,
            kept_by: None,
        }
    }
}

impl Members {
    pub(super) fn encode(&self) -> Bytes {
        let Self { category, place, ids, kept } = self;
        let members = StoredMembersThird { category: category_number(*category), place: *place, ids: ids.clone() };
        stored::write(MEMBERS_VERSION, &StoredMembers { members, kept: kept.clone() })
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let third = || stored::read(3, bytes).map(|members| StoredMembers { members, kept: Vec::new() });
        let StoredMembers { members, kept } = stored::read(MEMBERS_VERSION, bytes).or_else(third)?;
        let StoredMembersThird { category, place, ids } = members;
        Some(Self { category: category_of(category)?, place, ids, kept })
    }
}

/// A category's number in keys and records; never changed once form.
pub(super) fn category_number(category: Category) -> u64 {
    match category {
        Category::MasterData => 1,
        Category::Aggregations => 2,
        Category::TimeSeries => 3,
    }
}

/// The category of a number in a key or record.
pub(super) fn category_of(number: u64) -> Option<Category> {
    Category::ALL.into_iter().find(|each| category_number(*each) == number)
}

/// First byte of a stored record of what a bundle is made of.
const MEMBERS_VERSION: u8 = 4;
/// The same, of a waiting document.
const WAITING_VERSION: u8 = 5;
/// The same, where another commit keeps its bytes than its place names.
const ELSEWHERE_VERSION: u8 = 6;

#[derive(Serialize, Deserialize)]
struct StoredWaiting {
    message_id: String,
    document: String,
    records: u64,
    enqueued: i64,
    hash: [u8; 32],
    part: u64,
    offset: u64,
    bytes: u64,
    shown: Option<StoredShown>,
    bundling: Bundling,
    about: Subjects,
}

#[derive(Serialize, Deserialize)]
struct StoredElsewhere {
    waiting: StoredWaiting,
    kept_by: u64,
}

/// What version 4 kept: of how it was shown only since when.
#[derive(Serialize, Deserialize)]
struct StoredWaitingFourth {
    waiting: StoredWaitingSecond,
    bundling: Bundling,
    about: Subjects,
}

/// What version 3 kept: nothing of what a document is about.
#[derive(Serialize, Deserialize)]
struct StoredWaitingThird {
    waiting: StoredWaitingSecond,
    bundling: Bundling,
}

/// What version 2 kept: nothing was given out together.
#[derive(Serialize, Deserialize)]
struct StoredWaitingSecond {
    message_id: String,
    document: String,
    records: u64,
    enqueued: i64,
    hash: [u8; 32],
    part: u64,
    offset: u64,
    bytes: u64,
    peeked: Option<i64>,
}

impl From<StoredWaitingFourth> for StoredWaiting {
    fn from(StoredWaitingFourth { waiting, bundling, about }: StoredWaitingFourth) -> Self {
        let StoredWaitingSecond { message_id, document, records, enqueued, hash, part, offset, bytes, peeked } =
            waiting;
        let shown = peeked.map(|at| Shown::before_forms(at, 1).into());
        Self { message_id, document, records, enqueued, hash, part, offset, bytes, shown, bundling, about }
    }
}

impl From<StoredWaitingThird> for StoredWaiting {
    fn from(StoredWaitingThird { waiting, bundling }: StoredWaitingThird) -> Self {
        StoredWaitingFourth { waiting, bundling, about: Subjects::Anything }.into()
    }
}

impl From<StoredWaitingSecond> for StoredWaiting {
    fn from(waiting: StoredWaitingSecond) -> Self {
        StoredWaitingThird { waiting, bundling: Bundling::Alone }.into()
    }
}

#[derive(Serialize, Deserialize)]
struct StoredMembers {
    members: StoredMembersThird,
    kept: Vec<Kept>,
}

/// What version 3 kept: nothing of where its members' bytes are.
#[derive(Serialize, Deserialize)]
struct StoredMembersThird {
    category: u64,
    place: (u64, u64),
    ids: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Wire;

    #[test]
    fn what_names_many_subjects_may_be_about_anything() {
        let of = |many: usize| (0..many as u32).chain([0]).collect::<Subjects>();
        assert_eq!(of(2), Subjects::These(vec![0, 1]));
        assert!(matches!(of(SUBJECTS_MAX), Subjects::These(these) if these.len() == SUBJECTS_MAX));
        assert_eq!(of(SUBJECTS_MAX + 1), Subjects::Anything);
        assert_ne!(Subjects::number("571313100000000010"), Subjects::number("571313100000000027"));
    }

    /// What earlier versions wrote. It must be read for as long as something may wait that was enqueued then.
    #[test]
    fn a_waiting_document_of_an_earlier_version_says_less() {
        let waiting = |peeked| StoredWaitingSecond {
            message_id: "m-1".into(),
            document: "NotifyPriceList".into(),
            records: 1,
            enqueued: 5,
            hash: [7; 32],
            part: 1,
            offset: 2,
            bytes: 3,
            peeked,
        };
        let bundling = Bundling::With { key: [1; 16], points: 4, records_from: 9 };
        let (alone, anything, these) = (Bundling::Alone, Subjects::Anything, Subjects::These(vec![3]));
        let fourth = StoredWaitingFourth { waiting: waiting(None), bundling: bundling.clone(), about: these.clone() };
        let third = StoredWaitingThird { waiting: waiting(None), bundling: bundling.clone() };
        let shown = StoredWaitingThird { waiting: waiting(Some(6)), bundling: bundling.clone() };
        let at_six = Shown { at: Timestamp::from_micros(6), first: None, last: None, times: 1 };
        let rows = [
            (stored::write(4, &fourth), None, &bundling, &these),
            (stored::write(3, &third), None, &bundling, &anything),
            (stored::write(3, &shown), Some(at_six), &bundling, &anything),
            (stored::write(2, &waiting(None)), None, &alone, &anything),
        ];
        for (bytes, shown, bundling, about) in rows {
            let read = Waiting::decode(&bytes).unwrap();
            let expected = ("m-1", shown, bundling, about);
            assert_eq!((&*read.message_id, read.shown, &read.bundling, &read.about), expected);
            assert_eq!(Waiting::decode(&read.encode()), Some(read.clone()));
            let elsewhere = Waiting { kept_by: Some(17), ..read };
            assert_eq!(Waiting::decode(&elsewhere.encode()), Some(elsewhere));
        }
    }

    #[test]
    fn a_bundle_of_an_earlier_version_does_not_say_where_its_members_are() {
        let third = StoredMembersThird { category: 1, place: (7, 2), ids: vec!["m-1".into()] };
        let (category, place, ids) = (Category::MasterData, (7, 2), vec!["m-1".to_string()]);
        let read = Members::decode(&stored::write(3, &third)).unwrap();
        assert_eq!(read, Members { category, place, ids, kept: Vec::new() });
        let kept = vec![Kept { commit: 7, part: 1, offset: 2, bytes: 3, records: 4, records_from: 5 }];
        let said = Members { kept, ..read };
        assert_eq!(Members::decode(&said.encode()), Some(said));
    }

    #[test]
    fn how_a_document_was_shown_is_read_as_it_was_written() {
        for form in Wire::ALL {
            let mut shown = Shown::first(form, Timestamp::from_micros(6));
            shown.again(Wire::CimJson);
            assert_eq!((shown.first, shown.last, shown.times), (Some(form), Some(Wire::CimJson), 2));
            assert_eq!(Shown::from(StoredShown::from(shown)), shown);
        }
    }
}
