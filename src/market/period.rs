//! A stretch of time: from its start, which belongs to it, to its end, which does not.

use super::Timestamp;

/// Half-open: `[start, end)`. A period without an end ends at [`Timestamp::OPEN_END`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    pub start: Timestamp,
    pub end: Timestamp,
}

impl Period {
    pub const fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    pub const fn from(start: Timestamp) -> Self {
        Self { start, end: Timestamp::OPEN_END }
    }

    /// No instant lies in it: the end is not after the start.
    pub fn is_empty(self) -> bool {
        self.end <= self.start
    }

    pub fn contains(self, instant: Timestamp) -> bool {
        self.start <= instant && instant < self.end
    }

    /// Whether all of `other` lies in it.
    pub fn covers(self, other: Period) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Length in whole seconds, rounded towards the past; negative when the end comes first.
    pub fn seconds(self) -> i64 {
        self.end.micros().saturating_sub(self.start.micros()).div_euclid(1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_belongs_to_it_and_the_end_does_not() {
        let at = Timestamp::from_seconds;
        let period = Period::new(at(10), at(20));
        assert!(
            period.contains(at(10)) && period.contains(at(19)) && !period.contains(at(20)) && !period.contains(at(9))
        );
        assert!(
            period.covers(period)
                && !period.covers(Period::new(at(10), at(21)))
                && !period.covers(Period::from(at(10)))
        );
        assert!(Period::new(at(10), at(10)).is_empty() && Period::new(at(11), at(10)).is_empty() && !period.is_empty());
    }
}
