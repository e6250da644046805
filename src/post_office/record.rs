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
    pub bytes: u64,
}

/// A document's fate, found by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    pub owner: Party,
    pub category: Category,
    /// Place within the commit that enqueued it.
    pub place: u64,
    pub state: SlipState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlipState {
    Waiting,
    /// First shown to its owner at this moment; `commit` enqueued it.
    Peeked {
        commit: u64,
        at: Timestamp,
    },
    Dequeued {
        at: Timestamp,
    },
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
                bytes: self.bytes,
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
            bytes: form.bytes,
        })
    }
}

impl Slip {
    pub(super) fn encode(&self) -> Bytes {
        let state = match self.state {
            SlipState::Waiting => StoredState::Waiting,
            SlipState::Peeked { commit, at } => StoredState::Peeked { commit, at: at.micros() },
            SlipState::Dequeued { at } => StoredState::Dequeued { at: at.micros() },
        };
        stored::write(
            VERSION,
            &StoredSlip {
                number: self.owner.number.to_string(),
                role: self.owner.role.code().to_string(),
                category: category_number(self.category),
                place: self.place,
                state,
            },
        )
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let form: StoredSlip = stored::read(VERSION, bytes)?;
        Some(Self {
            owner: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            category: Category::ALL.into_iter().find(|category| category_number(*category) == form.category)?,
            place: form.place,
            state: match form.state {
                StoredState::Waiting => SlipState::Waiting,
                StoredState::Peeked { commit, at } => SlipState::Peeked { commit, at: Timestamp::from_micros(at) },
                StoredState::Dequeued { at } => SlipState::Dequeued { at: Timestamp::from_micros(at) },
            },
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
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredWaiting {
    message_id: String,
    document: String,
    records: u64,
    enqueued: i64,
    hash: [u8; 32],
    bytes: u64,
}

#[derive(Serialize, Deserialize)]
struct StoredSlip {
    number: String,
    role: String,
    category: u64,
    place: u64,
    state: StoredState,
}

#[derive(Serialize, Deserialize)]
enum StoredState {
    Waiting,
    Peeked { commit: u64, at: i64 },
    Dequeued { at: i64 },
}
