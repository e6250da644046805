//! What of fetching post is written down besides the queues: in the audit trail the first peek of a document and its dequeuing, each a
//! record in the commit that it makes anyway; and how often a document was peeked, and in which form last.
//!
//! A peek that is made again commits nothing, so it is counted in memory. The count is written with the dequeuing; what still waits
//! has its count written down every [`WRITTEN_EVERY`], all that have changed in one commit, and when the gateway stops in good order. So
//! a kill forgets the peeks of that time at most, and the log of requests has each of them. What changes nothing has no entry in the
//! audit trail.
//!
//! Sources: post-office 1.6 (7), 4.4 (7), 6.6.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::post::Access;
use super::{Fault, Gateway, delivery};
use crate::archive::AuditEntry;
use crate::document::Wire;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Shown};
use crate::record::{Batch, Change, Expected, Key, Outcome, Version};

/// How often counts are written down while the gateway is open.
pub const WRITTEN_EVERY: Duration = Duration::from_secs(60);

/// How each waiting document was shown that was shown again, by its place: that of the first of a queue, or of one that
/// came back from quarantine.
#[derive(Default)]
pub(super) struct Trail {
    off: AtomicBool,
    again: Mutex<HashMap<Key, Again>>,
}

struct Again {
    shown: Shown,
    /// How often its record says that it was.
    written: u64,
}

impl Gateway {
    /// Whether peeking and dequeuing are written into the audit trail; they are until this says otherwise.
    pub fn audit_post(&self, audit: bool) {
        self.trail.off.store(!audit, Ordering::Relaxed);
    }

    /// Writes down how often each waiting document has been peeked, if it was peeked again since that was last done. Returns of how
    /// many that was written.
    pub async fn write_down_peeks(&self) -> Result<usize, Fault> {
        let mut written = 0;
        for some in self.trail.changed().chunks(PLACES_MAX) {
            let mut left = self.peeks_to_write(some)?;
            while !left.is_empty() {
                let mut batch = Batch::default();
                batch.unless_moved(left.iter().map(|it| (it.key.clone(), Expected::At(it.version))));
                batch.put_all(left.iter().map(|it| it.change.clone()));
                match self.commit("write down how often post was peeked", batch).await? {
                    Outcome::Committed(_) => {
                        written += left.len();
                        left.drain(..).for_each(|it| self.trail.written(&it.key, it.times));
                    }
                    // It leaves its queue at this moment, and its count with it.
                    Outcome::Conflict(moved) => left.retain(|it| it.key != moved),
                }
            }
        }
        Ok(written)
    }

    fn peeks_to_write(&self, changed: &[(Key, Shown)]) -> Result<Vec<Written>, Fault> {
        let keys: Vec<Key> = changed.iter().map(|(key, _)| key.clone()).collect();
        let entries = self.store.get_many(&keys).map_err(Fault::store("read a queue"))?;
        let mut to_write = Vec::new();
        for ((key, shown), entry) in changed.iter().zip(entries) {
            let Some(entry) = entry else {
                self.trail.forget(key);
                continue;
            };
            let change = post_office::peeked(key, &delivery::waiting(&entry)?, *shown);
            to_write.push(Written { key: key.clone(), version: entry.version, change, times: shown.times });
        }
        Ok(to_write)
    }

    /// Writes counts down every so often, for as long as the gateway is open.
    pub fn write_down_peeks_at_leisure(self: &Arc<Self>) {
        let gateway = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(WRITTEN_EVERY).await;
                let Some(gateway) = gateway.upgrade() else { return };
                gateway.write_down_peeks_or_tell().await;
            }
        });
    }

    /// The same once; where it fails the log says so, for nobody waits for it.
    pub async fn write_down_peeks_or_tell(&self) {
        if let Err(fault) = self.write_down_peeks().await {
            tracing::error!(error = &fault as &dyn std::error::Error, "failed to write down how often post was peeked");
        }
    }
}

/// Who changes something by hand, and the id of the request by which that is found in the log.
#[derive(Debug, Clone)]
pub struct By {
    pub party: Party,
    pub correlation_id: String,
}

impl By {
    /// The entry for what is done to these, for the commit that does it.
    pub(super) fn did(&self, activity: &str, names: impl IntoIterator<Item = String>, at: Timestamp) -> Change {
        let Self { party, correlation_id } = self.clone();
        let target = names.into_iter().collect::<Vec<_>>().join(" ");
        AuditEntry { at, party, activity: activity.into(), target, status: 200, correlation_id }.put()
    }
}

/// A count on its way into a record.
struct Written {
    key: Key,
    version: Version,
    change: Change,
    times: u64,
}

impl Trail {
    pub fn entry(&self, activity: &str, access: Access<'_>, target: String, at: Timestamp) -> Option<Change> {
        let Access { party, correlation_id, .. } = access;
        let (activity, correlation_id) = (activity.to_string(), correlation_id.to_string());
        let done = AuditEntry { at, party: party.clone(), activity, target, status: 200, correlation_id };
        (!self.off.load(Ordering::Relaxed)).then(|| done.put())
    }

    /// What stands at a place was shown once more; `known` is what its record says.
    pub fn peeked_again(&self, place: Key, known: Shown, form: Wire) {
        let mut counts = self.counts();
        let again = counts.entry(place).or_insert(Again { shown: known, written: known.times });
        again.shown.again(form);
    }

    /// How what stands at a place was shown until now; `known` is what its record says.
    pub fn shown(&self, place: &Key, known: Shown) -> Shown {
        let again = self.counts().get(place).map(|again| again.shown);
        again.filter(|again| again.times > known.times).unwrap_or(known)
    }

    pub fn forget(&self, place: &Key) {
        self.counts().remove(place);
    }

    /// What is to be written. What has not changed since the last time is known from its record alone from now on.
    fn changed(&self) -> Vec<(Key, Shown)> {
        let mut counts = self.counts();
        counts.retain(|_, again| again.shown.times > again.written);
        counts.iter().map(|(place, again)| (place.clone(), again.shown)).collect()
    }

    fn written(&self, place: &Key, times: u64) {
        if let Some(again) = self.counts().get_mut(place) {
            again.written = again.written.max(times);
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Key, Again>> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a dequeuing was about.
pub(super) fn dequeued(message_id: &str, shown: Option<Shown>) -> String {
    match shown.map_or(0, |shown| shown.times.saturating_sub(1)) {
        0 => message_id.to_string(),
        times => format!("{message_id} peeked again: {times}"),
    }
}

/// Places that are written in one commit. Each takes a few hundred bytes.
const PLACES_MAX: usize = 1_000;
