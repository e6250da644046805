//! The stored forms of the post office.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::document::Category;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
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
    /// Where the archive keeps it among the bodies of the commit that enqueued it.
    pub part: u64,
    pub offset: u64,
    pub bytes: u64,
    /// When it was first shown to its owner.
    pub peeked: Option<Timestamp>,
    /// Whether it may be given out together with others.
    pub bundling: Bundling,
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

/// What became of a document that has left its queue, found by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    pub owner: Party,
    pub left: Left,
}

/// How a document left its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    Dequeued(Timestamp),
    /// What it says was given out in the document with this id, and never under its own.
    Bundled(String),
    /// Its owner had been inactive for so long that nobody was expected to fetch it any more.
    Expired(Timestamp),
}

/// What a bundle is made of, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Members {
    pub category: Category,
    /// The place of its first member, which it has taken: the commit, and which of its documents.
    pub place: (u64, u64),
    /// Message ids of the documents that it took in, in their order.
    pub ids: Vec<String>,
}

impl Waiting {
    /// Whether it is certain that it is given out as it stands there.
    pub fn is_settled(&self) -> bool {
        self.peeked.is_some() || !matches!(self.bundling, Bundling::With { .. })
    }

    pub(super) fn encode(&self) -> Bytes {
        stored::write(
            VERSION,
            &StoredWaiting {
                waiting: StoredWaitingSecond {
                    message_id: self.message_id.clone(),
                    document: self.document.clone(),
                    records: self.records,
                    enqueued: self.enqueued.micros(),
                    hash: self.hash,
                    part: self.part,
                    offset: self.offset,
                    bytes: self.bytes,
                    peeked: self.peeked.map(|peeked| peeked.micros()),
                },
                bundling: self.bundling.clone(),
            },
        )
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let alone = |waiting| StoredWaiting { waiting, bundling: Bundling::Alone };
        let second = || stored::read(2, bytes).map(alone);
        let StoredWaiting { waiting: form, bundling } = stored::read(VERSION, bytes).or_else(second)?;
        Some(Self {
            message_id: form.message_id,
            document: form.document,
            records: form.records,
            enqueued: Timestamp::from_micros(form.enqueued),
            hash: form.hash,
            part: form.part,
            offset: form.offset,
            bytes: form.bytes,
            peeked: form.peeked.map(Timestamp::from_micros),
            bundling,
        })
    }
}

impl Slip {
    pub(super) fn encode(&self) -> Bytes {
        let (number, role) = (self.owner.number.to_string(), self.owner.role.code().to_string());
        let left = match &self.left {
            Left::Dequeued(at) => StoredLeft::Dequeued(at.micros()),
            Left::Bundled(into) => StoredLeft::Bundled(into.clone()),
            Left::Expired(at) => StoredLeft::Expired(at.micros()),
        };
        stored::write(VERSION, &StoredSlip { number, role, left })
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let second = || stored::read::<StoredSlipSecond>(2, bytes).map(StoredSlip::from);
        let form: StoredSlip = stored::read(VERSION, bytes).or_else(second)?;
        let left = match form.left {
            StoredLeft::Dequeued(at) => Left::Dequeued(Timestamp::from_micros(at)),
            StoredLeft::Bundled(into) => Left::Bundled(into),
            StoredLeft::Expired(at) => Left::Expired(Timestamp::from_micros(at)),
        };
        Some(Self {
            owner: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            left,
        })
    }
}

impl Members {
    pub(super) fn encode(&self) -> Bytes {
        stored::write(
            VERSION,
            &StoredMembers { category: category_number(self.category), place: self.place, ids: self.ids.clone() },
        )
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let StoredMembers { category, place, ids } = stored::read(VERSION, bytes)?;
        Some(Self { category: category_of(category)?, place, ids })
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

/// First byte of a stored record.
const VERSION: u8 = 3;

#[derive(Serialize, Deserialize)]
struct StoredWaiting {
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

#[derive(Serialize, Deserialize)]
struct StoredSlip {
    number: String,
    role: String,
    left: StoredLeft,
}

#[derive(Serialize, Deserialize)]
enum StoredLeft {
    Dequeued(i64),
    Bundled(String),
    Expired(i64),
}

/// What version 2 kept: what left was dequeued.
#[derive(Deserialize)]
struct StoredSlipSecond {
    number: String,
    role: String,
    dequeued: i64,
}

impl From<StoredSlipSecond> for StoredSlip {
    fn from(StoredSlipSecond { number, role, dequeued }: StoredSlipSecond) -> Self {
        Self { number, role, left: StoredLeft::Dequeued(dequeued) }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredMembers {
    category: u64,
    place: (u64, u64),
    ids: Vec<String>,
}
