//! The only clock: read once for each message. `local` and `replay` may set it and move it forward.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Fault;
use crate::market::Timestamp;

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
