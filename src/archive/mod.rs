//! Everything that came or went, byte for byte. The inbox is its undecided end.
//!
//! A body is kept once, under the hash of its bytes; the log, the inbox and the queues refer to it. Deciding who may
//! ask, and how they ask, is left to the doors.

mod ids;
mod inbox;
mod log;

pub use ids::{FirstUse, message_id_key, transaction_id_key};
pub use inbox::{InboxEntry, Parked, inbox_key, inbox_range, park, parked_range};
pub use log::{Direction, LogEntry, log_in, log_out, log_range};

use crate::record::{Key, Space};

/// Bodies by the BLAKE3 hash of their bytes.
pub const BODIES: Space = Space(14);

/// Where a body with this hash is kept.
pub fn body_key(hash: &[u8; 32]) -> Key {
    Key::new(BODIES).fixed(*hash)
}
