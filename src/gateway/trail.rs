//! What of fetching post goes into the audit trail: the first peek of a document and its dequeuing, each a record in the commit
//! that it makes anyway. A peek that is made again commits nothing, so it is counted in memory and told with the dequeuing; a
//! restart forgets the count, and the log of requests has each of them. What changes nothing has no entry.
//!
//! Source: post-office 6.6.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Gateway;
use super::post::Access;
use crate::archive::AuditEntry;
use crate::market::Timestamp;
use crate::record::{Change, Key};

/// How often each waiting document was peeked again, by its place: no more places than queues have heads.
#[derive(Default)]
pub(super) struct Trail {
    off: AtomicBool,
    again: Mutex<HashMap<Key, u64>>,
}

impl Gateway {
    /// Whether peeking and dequeuing are written into the audit trail; they are until this says otherwise.
    pub fn audit_post(&self, audit: bool) {
        self.trail.off.store(!audit, Ordering::Relaxed);
    }
}

impl Trail {
    pub fn entry(&self, activity: &str, access: Access<'_>, target: String, at: Timestamp) -> Option<Change> {
        let Access { party, correlation_id } = access;
        let (activity, correlation_id) = (activity.to_string(), correlation_id.to_string());
        let done = AuditEntry { at, party: party.clone(), activity, target, status: 200, correlation_id };
        (!self.off.load(Ordering::Relaxed)).then(|| done.put())
    }

    pub fn peeked_again(&self, place: Key) {
        *self.counts().entry(place).or_default() += 1;
    }

    /// What a dequeuing was about.
    pub fn dequeued(&self, place: &Key, message_id: &str) -> String {
        match self.counts().get(place) {
            None => message_id.to_string(),
            Some(times) => format!("{message_id} peeked again: {times}"),
        }
    }

    /// How often what stands at a place was shown, once it was.
    pub fn shown(&self, place: &Key) -> u64 {
        1 + self.counts().get(place).copied().unwrap_or_default()
    }

    pub fn forget(&self, place: &Key) {
        self.counts().remove(place);
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, u64>> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
