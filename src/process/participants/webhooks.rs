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
const URL_BYTES_MAX: usize = 2_000;
/// Shortest secret that is taken, in bytes.
const SECRET_BYTES_MIN: usize = 32;

/// Why a webhook is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoWebhook {
    #[error("an address begins with https:// and a host; on this machine, http:// will do")]
    Url,
    #[error("an address has at most {URL_BYTES_MAX} characters")]
    Long,
    #[error("a secret has at least {SECRET_BYTES_MIN} characters")]
    Secret,
}

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

impl Webhook {
    /// A webhook whose address and secret may be used.
    pub fn new(url: &str, secret: &str) -> Result<Self, NoWebhook> {
        let (scheme, rest) = url.split_once("://").ok_or(NoWebhook::Url)?;
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let is_here = ["localhost", "127.0.0.1", "[::1]"]
            .iter()
            .any(|here| host.strip_prefix(here).is_some_and(|port| port.is_empty() || port.starts_with(':')));
        let is_safe = scheme == "https" || scheme == "http" && is_here;
        if !is_safe || host.is_empty() || host.contains('@') || !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(NoWebhook::Url);
        }
        if url.len() > URL_BYTES_MAX {
            return Err(NoWebhook::Long);
        }
        if secret.len() < SECRET_BYTES_MIN {
            return Err(NoWebhook::Secret);
        }
        Ok(Self { url: url.into(), secret: secret.into() })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_safe_or_on_this_machine() {
        let secret = "s".repeat(SECRET_BYTES_MIN);
        let long = format!("https://example.org/{}", "x".repeat(URL_BYTES_MAX));
        for (url, expected) in [
            ("https://example.org/post?key=1", Ok(())),
            ("http://localhost:8080/post", Ok(())),
            ("http://127.0.0.1", Ok(())),
            ("http://[::1]:80/", Ok(())),
            ("http://example.org/", Err(NoWebhook::Url)),
            ("http://localhost.example.org/", Err(NoWebhook::Url)),
            ("http://127.0.0.1@example.org/", Err(NoWebhook::Url)),
            ("http://localhost:x@example.org/", Err(NoWebhook::Url)),
            ("https://", Err(NoWebhook::Url)),
            ("https:///post", Err(NoWebhook::Url)),
            ("https://example.org/ö", Err(NoWebhook::Url)),
            ("https://example.org/ x", Err(NoWebhook::Url)),
            ("file:///etc/passwd", Err(NoWebhook::Url)),
            ("example.org", Err(NoWebhook::Url)),
            (&long, Err(NoWebhook::Long)),
        ] {
            assert_eq!(Webhook::new(url, &secret).map(|_| ()), expected, "{url}");
        }
        assert_eq!(Webhook::new("https://example.org/", &secret[1..]), Err(NoWebhook::Secret));
    }
}
