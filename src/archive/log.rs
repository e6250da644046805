//! The log: one entry for each document in or out, in order of commit.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Log entries by commit number, then by place within the commit.
const LOG: Space = Space(11);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    In,
    Out,
}

/// What is known of one document without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub direction: Direction,
    /// When it was received, or decided.
    pub at: Timestamp,
    /// The sender of a document that came in, the receiver of one that went out.
    pub party: Party,
    /// Name without `_MarketDocument`; empty where the document was not recognised.
    pub document: String,
    pub message_id: String,
    pub correlation_id: String,
    /// Codes of the error document; empty for what was accepted or sent.
    pub refused: Vec<String>,
    /// Hash of the bytes, see [`super::body_key`].
    pub hash: [u8; 32],
}

/// The change that logs a document that came in.
pub fn log_in(entry: &LogEntry) -> Change {
    Change::Put(Key::new(LOG).stamp().number(0), encode(entry))
}

/// The changes that log what one decision sends, in order.
pub fn log_out<'a>(entries: impl IntoIterator<Item = &'a LogEntry>) -> Vec<Change> {
    let key = |place| Key::new(LOG).stamp().number(place);
    entries.into_iter().zip(1..).map(|(entry, place)| Change::Put(key(place), encode(entry))).collect()
}

/// All entries, oldest first.
pub fn log_range() -> KeyRange {
    KeyRange::under(&Key::new(LOG))
}

impl LogEntry {
    /// Reads a stored entry.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: Stored = stored::read(VERSION, &entry.value)?;
        Some(Self {
            direction: form.direction,
            at: Timestamp::from_micros(form.at),
            party: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            document: form.document,
            message_id: form.message_id,
            correlation_id: form.correlation_id,
            refused: form.refused,
            hash: form.hash,
        })
    }
}

fn encode(entry: &LogEntry) -> Bytes {
    let form = Stored {
        direction: entry.direction,
        at: entry.at.micros(),
        number: entry.party.number.to_string(),
        role: entry.party.role.code().to_string(),
        document: entry.document.clone(),
        message_id: entry.message_id.chars().take(MESSAGE_ID_CHARS_MAX).collect(),
        correlation_id: entry.correlation_id.clone(),
        refused: entry.refused.clone(),
        hash: entry.hash,
    };
    stored::write(VERSION, &form)
}

/// First byte of a stored entry.
const VERSION: u8 = 1;

/// The schema sets no bound on a document's id; the log keeps this much of it, the body has it whole.
const MESSAGE_ID_CHARS_MAX: usize = 128;

#[derive(Serialize, Deserialize)]
struct Stored {
    direction: Direction,
    at: i64,
    number: String,
    role: String,
    document: String,
    message_id: String,
    correlation_id: String,
    refused: Vec<String>,
    hash: [u8; 32],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_back_as_it_was_logged() {
        let entry = LogEntry {
            direction: Direction::In,
            at: Timestamp::from_seconds(1_690_880_400),
            party: Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider },
            document: "RequestChangeOfPriceList".into(),
            message_id: "doc-17".into(),
            correlation_id: "c-1".into(),
            refused: vec!["B2B-008".into()],
            hash: [7; 32],
        };
        let Change::Put(_, value) = log_in(&entry) else { panic!("a log entry is put") };
        assert_eq!(LogEntry::from_entry(&Entry { version: 1, value }), Some(entry));
    }
}
