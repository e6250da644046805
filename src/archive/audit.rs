//! The audit trail: who looked into the archive or the processes, who fetched which document, and who changed something by
//! hand (post-office 6.6). What participants send leaves its traces in the log, and needs none here.

use serde::{Deserialize, Serialize};

use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Audit entries, by commit.
const AUDIT: Space = Space(56);
/// First byte of a stored entry.
const VERSION: u8 = 1;
/// What of a target is kept: a value has room for 64 KiB. What we write ourselves is shorter.
const TARGET_BYTES_MAX: usize = 60_000;
/// How the number of whoever used the command line begins; no participant's does. The rest is the operating system's name.
pub const BY_COMMAND: &str = "user:";

/// Something that somebody did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    pub at: Timestamp,
    /// Of the command line [`BY_COMMAND`] and the operating system's name.
    pub party: Party,
    /// What kind of thing it was: a method and a route, such as `GET /v1.0/operator/messages/{id}`; `peek`, `dequeue`,
    /// `quarantine`, `release`, `discard` or `retry`; or a command, such as `gridpost archive hold`.
    pub activity: String,
    /// What it was about: the path with its parameters and what was to be changed, as much of it as is kept of what others say; the ids
    /// or keys of what was changed, all of them; or what the command names.
    pub target: String,
    /// What it was answered with.
    pub status: u16,
    pub correlation_id: String,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    at: i64,
    number: String,
    role: String,
    activity: String,
    target: String,
    status: u16,
    correlation_id: String,
}

impl AuditEntry {
    /// The change that writes it under the number of the commit.
    pub fn put(&self) -> Change {
        let form = Stored {
            at: self.at.micros(),
            number: self.party.number.to_string(),
            role: self.party.role.code().into(),
            activity: self.activity.clone(),
            target: cut(self.target.clone(), TARGET_BYTES_MAX),
            status: self.status,
            correlation_id: self.correlation_id.clone(),
        };
        Change::Put(Key::new(AUDIT).stamp(), stored::write(VERSION, &form))
    }

    /// Whether it was done on the command line, which goes by the machine's clock.
    pub fn is_by_command(&self) -> bool {
        self.party.number.as_str().starts_with(BY_COMMAND)
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: Stored = stored::read(VERSION, &entry.value)?;
        Some(Self {
            at: Timestamp::from_micros(form.at),
            party: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            activity: form.activity,
            target: form.target,
            status: form.status,
            correlation_id: form.correlation_id,
        })
    }
}

/// Words, ended by "…" where they are longer than so many bytes.
pub fn cut(mut words: String, bytes_max: usize) -> String {
    if words.len() > bytes_max {
        words.truncate(words.floor_char_boundary(bytes_max));
        words.push('…');
    }
    words
}

/// The entries of all commits after `commit`, oldest first.
pub fn audit_after(commit: u64) -> KeyRange {
    let all = Key::new(AUDIT);
    KeyRange::under_from(&all, all.clone().number(commit.saturating_add(1)))
}

/// The commit that wrote the entry under a key.
pub fn audit_position(key: &Key) -> Option<u64> {
    key.reader().number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_read_back_whole() {
        let entry = AuditEntry {
            at: Timestamp::from_seconds(1_690_880_400),
            party: Party { number: ActorNumber::new("5790001330552"), role: ActorRole::MeteringPointAdministrator },
            activity: "GET /v1.0/operator/charges".into(),
            target: "/v1.0/operator/charges?text=net".repeat(200),
            status: 200,
            correlation_id: "c-1".into(),
        };
        let read = |entry: &AuditEntry| {
            let Change::Put(_, value) = entry.put() else { panic!("an entry is put") };
            assert!(value.len() < crate::record::VALUE_BYTES_MAX);
            AuditEntry::from_entry(&Entry { version: 7, value }).unwrap()
        };
        assert_eq!(read(&entry), entry);
        let novel = AuditEntry { target: "æ".repeat(40_000), ..entry };
        assert_eq!(read(&novel).target, "æ".repeat(30_000) + "…");
    }
}
