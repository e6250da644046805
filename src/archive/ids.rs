//! Which ids a sender has used: of documents, and of the activity records in them.
//!
//! An id counts as used once its document was accepted, so a refused document may be corrected and sent again under
//! the same id. Ids are compared byte for byte, and a number shares them between its roles. Source: post-office 5.4.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::market::{ActorNumber, Timestamp};
use crate::record::{Entry, Key, Space, stored};

/// First use of a document's id, by sender.
const MESSAGE_IDS: Space = Space(17);
/// First use of an activity record's id, by sender.
const TRANSACTION_IDS: Space = Space(18);

/// The document that used an id first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirstUse {
    /// Hash of its bytes: the same document sent again is told from another one under the same id.
    pub hash: [u8; 32],
    /// With which it was answered.
    pub correlation_id: String,
    pub at: Timestamp,
}

pub fn message_id_key(sender: &ActorNumber, message_id: &str) -> Key {
    Key::new(MESSAGE_IDS).text(sender.as_str()).text(message_id)
}

pub fn transaction_id_key(sender: &ActorNumber, transaction_id: &str) -> Key {
    Key::new(TRANSACTION_IDS).text(sender.as_str()).text(transaction_id)
}

impl FirstUse {
    pub fn encode(&self) -> Bytes {
        let form = Stored { hash: self.hash, correlation_id: self.correlation_id.clone(), at: self.at.micros() };
        stored::write(VERSION, &form)
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: Stored = stored::read(VERSION, &entry.value)?;
        Some(Self { hash: form.hash, correlation_id: form.correlation_id, at: Timestamp::from_micros(form.at) })
    }
}

/// First byte of a stored record.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct Stored {
    hash: [u8; 32],
    correlation_id: String,
    at: i64,
}
