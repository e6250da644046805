//! A proof in a file: that a document, as the log has it, stands in the journal; and who says that the journal stood there.

use serde::{Deserialize, Serialize};

use super::{Journal, Keys, Statement, hexadecimal};
use crate::archive::{self, LogEntry, LogPlace};
use crate::record::Entry;
use crate::store::{Head, Proof};

/// What a file begins with; the number is its format.
const MAGIC: &[u8] = b"GPPROOF1";

/// A proof for one document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProofFile {
    /// Of the document's bytes: which of the log's entries in the record it is about.
    pub document: [u8; 32],
    /// Of the record of the log.
    pub proof: Proof,
    /// The head to which the proof leads, signed by the gateway.
    pub signed_head: Option<String>,
}

/// What whoever checks a proof has from elsewhere. Without any of it a proof only holds together.
#[derive(Default)]
pub struct Witnesses<'a> {
    /// The document itself.
    pub document: Option<&'a [u8]>,
    /// The gateway's public key.
    pub keys: Option<&'a Keys>,
    /// A receipt of this or of a later document, which that key has signed.
    pub receipt: Option<&'a str>,
    /// A head that is known from elsewhere.
    pub head: Option<[u8; 32]>,
}

/// What a proof that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    pub entry: LogEntry,
    pub place: LogPlace,
    /// The frame that holds it, and the frame to which the proof leads.
    pub own: Head,
    pub head: Head,
    /// Why the head is to be believed, in words; empty where nobody says so.
    pub believed: Vec<String>,
}

impl ProofFile {
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_extend(self, MAGIC.to_vec()).expect("a proof in memory can always be written")
    }

    /// What [`ProofFile::to_bytes`] made, byte for byte, and nothing else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let file: Option<Self> = bytes.strip_prefix(MAGIC).and_then(|rest| postcard::from_bytes(rest).ok());
        file.filter(|file| file.to_bytes() == bytes).ok_or_else(|| "this is no proof, or it was altered".into())
    }

    /// What it says, or the first thing that is wrong with it.
    pub fn check(&self, witnesses: &Witnesses<'_>) -> Result<Checked, String> {
        let proved = self.proof.check()?;
        let (own, head) = match &proved.heads[..] {
            [own, .., head] => (*own, *head),
            [own] => (*own, *own),
            [] => return Err("a proof without a frame".into()),
        };
        let no_log = "the record that it proves is none of the archive's log";
        let (commit, first) = archive::in_log(&proved.key).ok_or(no_log)?;
        let entries = LogEntry::from_record(&Entry { version: commit, value: proved.value.clone() }).ok_or(no_log)?;
        if !proved.commits.contains(&commit) {
            return Err(format!("commit {commit} is not one of frame {}", own.frame));
        }
        let (nth, entry) = (first..)
            .zip(entries)
            .find(|(_, entry)| entry.hash == self.document)
            .ok_or_else(|| format!("the log has no document with the hash {} there", hexadecimal(&self.document)))?;
        if witnesses.document.is_some_and(|document| *blake3::hash(document).as_bytes() != entry.hash) {
            return Err("the document is not the one that was logged: its bytes have another hash".into());
        }
        let mut believed = Vec::new();
        if let Some(keys) = witnesses.keys {
            if let Some(signed) = &self.signed_head {
                let standing = keys.head(signed)?;
                if standing.journal != Journal::of(&head) {
                    return Err("the signature is one of another head than that to which the proof leads".into());
                }
                believed.push(format!("{} has signed the head", standing.iss));
            }
            if let Some(receipt) = witnesses.receipt {
                let receipt = keys.receipt(receipt)?;
                let known = receipt.journal.as_ref().and_then(Journal::head);
                if !known.is_some_and(|known| proved.goes_through(&known)) {
                    return Err(format!(
                        "the chain does not go through the frame of the receipt for {}",
                        receipt.message_id
                    ));
                }
                let own = receipt.commit == commit && nth == 0;
                if own && !is_of(&receipt, &entry) {
                    return Err("the receipt states other things of the document than the log".into());
                }
                let whose = if own { "the document" } else { "another document" };
                believed.push(format!("a receipt of {} for {whose} leads to the same chain", receipt.iss));
            }
        } else if witnesses.receipt.is_some() {
            return Err("a receipt is worth nothing without the key that it was signed with".into());
        }
        if let Some(known) = witnesses.head {
            if !proved.heads.iter().any(|head| head.hash == known) {
                return Err(format!("the chain does not go through {}", hexadecimal(&known)));
            }
            believed.push("the chain goes through the head that was given".into());
        }
        Ok(Checked { entry, place: LogPlace { commit, nth }, own, head, believed })
    }
}

fn is_of(receipt: &Statement, entry: &LogEntry) -> bool {
    receipt.correlation_id == entry.correlation_id
        && receipt.message_id == entry.message_id
        && receipt.sender.number == entry.party.number.as_str()
        && receipt.sender.role == entry.party.role.code()
        && receipt.document == entry.document
        && receipt.received == entry.at.to_string()
        && receipt.bytes == entry.place.bytes
        && receipt.blake3 == hexadecimal(&entry.hash)
}
