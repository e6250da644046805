//! What is kept of how a document was shown to its owner.

use serde::{Deserialize, Serialize};

use crate::document::Wire;
use crate::market::Timestamp;

/// How a document was shown. When and in which form it first was is written down as that happens; the rest is known as far as it
/// was written down since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// When it first was.
    pub at: Timestamp,
    /// The form in which it first was; not known of what was first shown before that was kept.
    pub first: Option<Wire>,
    /// The form in which it last was.
    pub last: Option<Wire>,
    /// How often; at least once.
    pub times: u64,
}

impl Shown {
    /// Shown for the first time.
    pub fn first(form: Wire, at: Timestamp) -> Self {
        Self { at, first: Some(form), last: Some(form), times: 1 }
    }

    /// Shown once more.
    pub fn again(&mut self, form: Wire) {
        self.last = Some(form);
        self.times += 1;
    }

    /// What was known before forms were kept.
    pub(super) fn before_forms(at: i64, times: u64) -> Self {
        Self { at: Timestamp::from_micros(at), first: None, last: None, times }
    }
}

/// The stored form.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct StoredShown {
    at: i64,
    first: Option<u8>,
    last: Option<u8>,
    times: u64,
}

impl From<Shown> for StoredShown {
    fn from(Shown { at, first, last, times }: Shown) -> Self {
        Self { at: at.micros(), first: first.map(Wire::number), last: last.map(Wire::number), times }
    }
}

impl From<StoredShown> for Shown {
    fn from(StoredShown { at, first, last, times }: StoredShown) -> Self {
        Self {
            at: Timestamp::from_micros(at),
            first: first.and_then(Wire::from_number),
            last: last.and_then(Wire::from_number),
            times,
        }
    }
}
