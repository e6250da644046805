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
}

/// A document that has left its queue, found by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    pub owner: Party,
    pub dequeued: Timestamp,
}

impl Waiting {
    pub(super) fn encode(&self) -> Bytes {
        stored::write(
            VERSION,
            &StoredWaiting {
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
        )
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let form: StoredWaiting = stored::read(VERSION, bytes)?;
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
        })
    }
}

impl Slip {
    pub(super) fn encode(&self) -> Bytes {
        stored::write(
            VERSION,
            &StoredSlip {
                number: self.owner.number.to_string(),
                role: self.owner.role.code().to_string(),
                dequeued: self.dequeued.micros(),
            },
        )
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let form: StoredSlip = stored::read(VERSION, bytes)?;
        Some(Self {
            owner: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            dequeued: Timestamp::from_micros(form.dequeued),
        })
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

/// First byte of a stored record.
const VERSION: u8 = 2;

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
    peeked: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct StoredSlip {
    number: String,
    role: String,
    dequeued: i64,
}
