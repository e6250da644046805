//! How fast the house decides, measured while there is something to decide: so whoever is asked to come back later can be
//! told when.

use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Pace {
    /// When counting began, and what has been decided since.
    counting: Option<(Instant, usize)>,
    /// What was decided in a second when counting last came to an end.
    per_second: Option<f64>,
}

impl Pace {
    /// There is something to decide, after there was nothing.
    pub fn begins(&mut self, now: Instant) {
        self.counting = Some((now, 0));
    }

    /// So many more are decided; `all` when nothing is left.
    pub fn counts(&mut self, decided: usize, all: bool, now: Instant) {
        let (since, before) = self.counting.unwrap_or((now, 0));
        let counted = before + decided;
        let elapsed = now.saturating_duration_since(since);
        self.counting = Some((since, counted));
        if elapsed >= COUNTED_FOR || all && counted >= COUNTED_MIN {
            self.per_second = Some(per_second(counted, elapsed));
            self.counting = Some((now, 0));
        }
    }

    /// How long it takes to decide so many, in whole seconds: 1 to [`LONGEST`]. While nothing has been counted for long
    /// enough, the shortest time.
    pub fn time_for(&self, count: usize, now: Instant) -> Duration {
        let lately = self.counting.map(|(since, counted)| (counted, now.saturating_duration_since(since)));
        let per_second = match lately {
            // What came to a halt is not told of as if it went on.
            Some((counted, elapsed)) if elapsed >= COUNTED_FOR => Some(per_second(counted, elapsed)),
            _ => self.per_second,
        };
        let seconds = per_second.map_or(0.0, |per_second| count as f64 / per_second);
        Duration::from_secs(seconds.ceil().clamp(1.0, LONGEST.as_secs_f64()) as u64)
    }
}

fn per_second(counted: usize, elapsed: Duration) -> f64 {
    counted as f64 / elapsed.max(Duration::from_millis(1)).as_secs_f64()
}

/// So many in less than a second say as much.
const COUNTED_MIN: usize = 100;
const COUNTED_FOR: Duration = Duration::from_secs(1);
/// Whoever comes back after it finds out whether things go on at all.
pub(super) const LONGEST: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_for_what_waits_follows_from_what_was_decided_lately() {
        let start = Instant::now();
        let after = |millis| start + Duration::from_millis(millis);
        let mut pace = Pace::default();
        assert_eq!(pace.time_for(1_000, start).as_secs(), 1, "nothing is known yet");
        pace.begins(start);
        pace.counts(50, false, after(500));
        assert_eq!(pace.time_for(1_000, after(500)).as_secs(), 1);
        pace.counts(150, false, after(1_000));
        assert_eq!(pace.time_for(1_000, after(1_200)).as_secs(), 5);
        assert_eq!(pace.time_for(7, after(1_200)).as_secs(), 1);
        assert_eq!(pace.time_for(100_000, after(1_200)), LONGEST);
        assert_eq!(pace.time_for(1, after(9_000)), LONGEST, "everything has come to a halt");
        pace.begins(after(60_000));
        assert_eq!(pace.time_for(1_000, after(60_100)).as_secs(), 5, "and goes on as it did");
        pace.counts(COUNTED_MIN, true, after(60_200));
        assert_eq!(pace.time_for(1_000, after(60_300)).as_secs(), 2, "all is decided, faster than before");
    }
}
