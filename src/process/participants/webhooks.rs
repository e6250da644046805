//! Where a participant wants to hear that post waits for it (post-office 8.3). Hearing so changes nothing: what waits is
//! fetched as always, by peek and dequeue.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::record::{party, versioned};
use crate::market::Party;
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space};

/// Webhooks, by role and number.
const WEBHOOKS: Space = Space(57);

const VERSION: u8 = 1;

/// Longest address of a webhook, in bytes: what servers take.
pub const URL_BYTES_MAX: usize = 2_000;

/// An address, and the secret with which hints to it are signed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    pub url: String,
    pub secret: String,
}

impl fmt::Debug for Webhook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook").field("url", &self.url).finish_non_exhaustive()
    }
}

fn key(party: &Party) -> Key {
    Key::new(WEBHOOKS).text(party.role.code()).text(party.number.as_str())
}

/// Everybody's, by role and number.
pub fn every_webhook() -> KeyRange {
    KeyRange::under(&Key::new(WEBHOOKS))
}

/// One record of [`every_webhook`].
///
/// # Panics
///
/// When it is none.
pub fn read_webhook(key: &Key, entry: &Entry) -> (Party, Webhook) {
    let mut parts = key.reader();
    let role = parts.text().expect("a role stands in its key");
    (party(role, parts.text().expect("a number stands in its key")), read(entry))
}

fn read(entry: &Entry) -> Webhook {
    postcard::from_bytes(versioned(&entry.value)).expect("a stored webhook is read back")
}

pub fn webhook_needs(party: &Party) -> Needs {
    Needs::default().key(key(party))
}

/// Needs: [`webhook_needs`].
pub fn webhook(facts: &Facts, party: &Party) -> Option<Webhook> {
    facts.get(&key(party)).map(read)
}

/// Puts a webhook in the place of the one that the participant had, or takes that away.
pub fn set_webhook(party: &Party, webhook: Option<&Webhook>) -> Change {
    match webhook {
        Some(webhook) => {
            let stored = postcard::to_extend(webhook, vec![VERSION]).expect("a webhook can be written");
            Change::Put(key(party), stored.into())
        }
        None => Change::Delete(key(party)),
    }
}
