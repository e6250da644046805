//! A window: what frames that follow each other wrote, each key once, as sled will take it.
//!
//! Much of what the journal says is over before sled hears of it: an inbox entry is let go, a place in a queue is left.
//! What stands side by side in key order goes into sled together, so the longer a window the cheaper each record.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::state::{Flat, Mark};

/// What a write takes in memory beside its key and value, in bytes, about.
const WRITE_OVERHEAD_BYTES: usize = 160;

#[derive(Default)]
pub(super) struct Window {
    /// By sled's key; `None` for a deletion.
    pub writes: BTreeMap<Bytes, Option<Bytes>>,
    /// The last frame in it; `None` while it is empty.
    pub mark: Option<Mark>,
    /// What it takes in memory, about.
    pub bytes: usize,
    /// What its frames take in the journal.
    pub journal_bytes: u64,
}

impl Window {
    /// Adds the frame that follows the last one.
    pub fn take_in(&mut self, flat: Flat) {
        for (key, value) in flat.writes {
            let bytes = weight(&key, &value);
            self.bytes += bytes;
            let key_bytes = key.len();
            if let Some(before) = self.writes.insert(key, value) {
                self.bytes -= WRITE_OVERHEAD_BYTES + key_bytes + before.as_ref().map_or(0, Bytes::len);
            }
        }
        self.journal_bytes += flat.journal_bytes;
        self.mark = Some(flat.mark);
    }

    pub fn is_empty(&self) -> bool {
        self.mark.is_none()
    }
}

fn weight(key: &Bytes, value: &Option<Bytes>) -> usize {
    WRITE_OVERHEAD_BYTES + key.len() + value.as_ref().map_or(0, Bytes::len)
}
