//! The only clock: read once for each message. `local` and `replay` may set it and move it forward, never to before what the store
//! has seen: a deadline that has passed does not come again, and nothing is dequeued before it was peeked (design 6).

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::{Fault, Gateway};
use crate::archive::{self, AuditEntry, LogEntry};
use crate::market::Timestamp;
use crate::record::{Batch, Entry, Key, KeyRange};
use crate::store::Store;

/// A clock that runs with the machine's, ahead of it or behind it, or one that stands still until it is moved.
#[derive(Debug)]
pub struct Clock {
    runs: bool,
    /// The instant shown, or how far ahead of the machine's clock it runs, in microseconds.
    micros: AtomicI64,
}

impl Clock {
    /// The machine's clock.
    pub fn machine() -> Self {
        Self { runs: true, micros: AtomicI64::new(0) }
    }

    /// Starts at `now` and runs on from there.
    pub fn running_from(now: Timestamp) -> Self {
        Self { runs: true, micros: AtomicI64::new(now.micros() - machine_micros()) }
    }

    /// Shows `now` until it is moved.
    pub fn standing_at(now: Timestamp) -> Self {
        Self { runs: false, micros: AtomicI64::new(now.micros()) }
    }

    /// Whether it moves by itself.
    pub fn runs(&self) -> bool {
        self.runs
    }

    pub fn now(&self) -> Timestamp {
        let micros = self.micros.load(Ordering::Acquire);
        Timestamp::from_micros(if self.runs { machine_micros() + micros } else { micros })
    }

    /// The same clock, or where that shows an earlier instant than `seen`, one that goes on from there.
    pub fn not_before(self, seen: Option<Timestamp>) -> Self {
        match seen.filter(|seen| *seen > self.now()) {
            Some(seen) if self.runs => Self::running_from(seen),
            Some(seen) => Self::standing_at(seen),
            None => self,
        }
    }

    /// Moves the clock forward to `to`.
    pub fn move_to(&self, to: Timestamp) -> Result<(), Fault> {
        let now = self.now();
        if to < now {
            return Err(Fault::ClockBackwards { now, asked: to });
        }
        self.micros.fetch_add(to.micros() - now.micros(), Ordering::AcqRel);
        Ok(())
    }
}

impl Gateway {
    /// Writes down what the clock shows, where it may be another's than the machine's: the next gateway goes on from there. A kill
    /// leaves that to the log and the audit trail.
    pub async fn write_down_the_clock(&self) -> Result<(), Fault> {
        let mut batch = Batch::default();
        batch.put_all([archive::clock_shows(self.now())]);
        self.commit("write down what the clock shows", batch).await.map(|_| ())
    }
}

/// The latest instant that a store has seen: when its last documents came or went, when somebody last fetched post or looked into
/// it over HTTPS, what its clock showed when its gateway closed. `None` for a store in which nothing has happened.
///
/// What was done on the command line says nothing, for the commands go by the machine's clock.
pub fn latest_seen(store: &dyn Store) -> Result<Option<Timestamp>, Fault> {
    let clock = store.get(&archive::clock_key()).map_err(Fault::store(LOOKING))?;
    let clock = clock.map(|entry| archive::clock_showed(&entry).ok_or(Fault::Unreadable { what: "the clock" }));
    let logged = last(store, &archive::log_range())?.into_iter().map(|(_, entry)| {
        let entries = LogEntry::from_record(&entry).ok_or(Fault::Unreadable { what: "the log" })?;
        Ok(entries.iter().map(|entry| entry.at).max())
    });
    let audited = last(store, &archive::audit_after(0))?.into_iter().map(|(_, entry)| {
        let entry = AuditEntry::from_entry(&entry).ok_or(Fault::Unreadable { what: "the audit trail" })?;
        Ok(Some(entry.at).filter(|_| !entry.is_by_command()))
    });
    let mut latest = clock.transpose()?;
    for at in logged.chain(audited) {
        latest = latest.max(at?);
    }
    Ok(latest)
}

/// The last records of a range. Decisions are committed a little out of the order of their instants, and commands may stand between
/// other entries of the audit trail.
fn last(store: &dyn Store, range: &KeyRange) -> Result<Vec<(Key, Entry)>, Fault> {
    Ok(store.page_back(range, None, LOOKED_AT_MAX).map_err(Fault::store(LOOKING))?.records)
}

const LOOKING: &str = "look what the store has seen last";
/// Records looked at in the log, and in the audit trail.
const LOOKED_AT_MAX: usize = 200;

fn machine_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_forward_only() {
        let clock = Clock::standing_at(Timestamp::from_seconds(100));
        assert_eq!(clock.now(), Timestamp::from_seconds(100));
        clock.move_to(Timestamp::from_seconds(160)).unwrap();
        assert_eq!(clock.now(), Timestamp::from_seconds(160));
        assert!(matches!(clock.move_to(Timestamp::from_seconds(159)), Err(Fault::ClockBackwards { .. })));
        assert_eq!(clock.now(), Timestamp::from_seconds(160));
    }
}
