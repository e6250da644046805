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

    /// So many more are decided.
    pub fn counts(&mut self, decided: usize, now: Instant) {
        let (since, before) = self.counting.unwrap_or((now, 0));
        let counted = before + decided;
        let elapsed = now.saturating_duration_since(since);
        if elapsed >= COUNTED_FOR {
            self.per_second = Some(counted as f64 / elapsed.as_secs_f64());
            self.counting = Some((now, 0));
        } else {
            self.counting = Some((since, counted));
        }
    }

    /// How long it takes to decide so many, in whole seconds: 1 to [`LONGEST`].
    pub fn time_for(&self, count: usize, now: Instant) -> Duration {
        let elapsed = |since| now.saturating_duration_since(since).max(Duration::from_millis(1));
        let lately = self.counting.map(|(since, counted)| (elapsed(since), counted));
        let lately = lately.map(|(elapsed, counted)| (elapsed, counted as f64 / elapsed.as_secs_f64()));
        let per_second = match (self.per_second, lately) {
            // What came to a halt is not told of as if it went on.
            (_, Some((elapsed, lately))) if elapsed >= COUNTED_FOR => lately,
            (Some(per_second), _) => per_second,
            (None, lately) => lately.map_or(0.0, |(_, lately)| lately),
        };
        let seconds = (count as f64 / per_second).ceil().clamp(1.0, LONGEST.as_secs_f64());
        Duration::from_secs(if seconds.is_nan() { LONGEST.as_secs() } else { seconds as u64 })
    }
}

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
        assert_eq!(pace.time_for(1, start), LONGEST, "nothing is known yet");
        pace.begins(start);
        pace.counts(50, after(500));
        assert_eq!(pace.time_for(1_000, after(500)).as_secs(), 10);
        pace.counts(150, after(1_000));
        assert_eq!(pace.time_for(1_000, after(1_200)).as_secs(), 5);
        assert_eq!(pace.time_for(7, after(1_200)).as_secs(), 1);
        assert_eq!(pace.time_for(100_000, after(1_200)), LONGEST);
        assert_eq!(pace.time_for(1, after(9_000)), LONGEST, "everything has come to a halt");
        pace.begins(after(60_000));
        assert_eq!(pace.time_for(1_000, after(60_100)).as_secs(), 5, "and goes on as it did");
    }
}
