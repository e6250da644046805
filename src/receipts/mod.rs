//! What the gateway signs with a key of its own: that it accepted a document, and where its journal stood.
//!
//! A receipt is a [`Statement`] in the form of a JWS (RFC 7515, Ed25519), so any JOSE library checks it against the key
//! that the gateway publishes. It is made from the log when it is asked for, and comes out the same each time: nothing of it
//! is kept, and no document waits for it. Because it names the frame of the journal that holds the document, and that
//! frame binds all before it, every receipt is also a head to which proofs of older documents can lead ([`ProofFile`]).

mod key;
mod proof_file;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::archive::LogEntry;
use crate::store::Head;

pub use key::{Fault, Keys, Signer};
pub use proof_file::{Checked, ProofFile, Witnesses};

/// That a document was accepted. The members stand in this order, in the names that they have on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// The hub's number.
    pub iss: String,
    pub correlation_id: String,
    pub message_id: String,
    pub sender: Sender,
    /// Name without `_MarketDocument`.
    pub document: String,
    /// The moment of receipt, which is the `now` of its decision.
    pub received: String,
    pub bytes: u64,
    /// Of the bytes as they came, in hexadecimal.
    pub blake3: String,
    /// Number of the commit that took it in.
    pub commit: u64,
    /// Absent where the store keeps no journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub journal: Option<Journal>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sender {
    pub number: String,
    pub role: String,
}

/// A head of the journal: a frame, and its hash in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub frame: u64,
    pub hash: String,
}

/// Where the journal stood, said without any document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    pub iss: String,
    pub journal: Journal,
}

/// A document that was taken in, as the log has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    pub commit: u64,
    pub entry: LogEntry,
    /// Where the store keeps a journal.
    pub head: Option<Head>,
}

impl Statement {
    pub(crate) fn of(issuer: &str, accepted: &Accepted) -> Self {
        let entry = &accepted.entry;
        let sender = Sender { number: entry.party.number.to_string(), role: entry.party.role.code().into() };
        Self {
            iss: issuer.into(),
            correlation_id: entry.correlation_id.clone(),
            message_id: entry.message_id.clone(),
            sender,
            document: entry.document.clone(),
            received: entry.at.to_string(),
            bytes: entry.place.bytes,
            blake3: hexadecimal(&entry.hash),
            commit: accepted.commit,
            journal: accepted.head.as_ref().map(Journal::of),
        }
    }
}

impl Journal {
    fn of(head: &Head) -> Self {
        Self { frame: head.frame, hash: hexadecimal(&head.hash) }
    }

    pub(crate) fn head(&self) -> Option<Head> {
        Some(Head { frame: self.frame, hash: *blake3::Hash::from_hex(&self.hash).ok()?.as_bytes() })
    }
}

/// A hash as receipts, proofs and rows show it.
pub fn hexadecimal(hash: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*hash).to_hex().to_string()
}
