//! What may be seen: plain structs read from the store, computed once and shown by every door in its own way.

mod queue;

pub use queue::{Counted, QUEUE_COUNTED_MAX, QueueLength, queue};
