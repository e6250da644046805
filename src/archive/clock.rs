//! What a clock showed that had been moved, or runs elsewhere than the machine's: whoever opens the store next goes on from there.

use super::catalogue::REACHED;
use crate::market::Timestamp;
use crate::record::{Change, Entry, Key, stored};

/// First byte of the stored instant.
const VERSION: u8 = 1;

/// Where the instant stands.
pub fn clock_key() -> Key {
    Key::new(REACHED).text("clock")
}

/// The change that writes down what the clock shows.
pub fn clock_shows(now: Timestamp) -> Change {
    Change::Put(clock_key(), stored::write(VERSION, &now.micros()))
}

/// What it showed; `None` when that cannot be read.
pub fn clock_showed(entry: &Entry) -> Option<Timestamp> {
    stored::read(VERSION, &entry.value).map(Timestamp::from_micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_clock_showed_is_read_back() {
        let now = Timestamp::from_micros(1_690_880_400_000_001);
        let Change::Put(key, value) = clock_shows(now) else { panic!("it is put") };
        assert_eq!((key, clock_showed(&Entry { version: 1, value })), (clock_key(), Some(now)));
    }
}
