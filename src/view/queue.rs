//! How much waits for a participant, and since when.

use crate::document::Category;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Waiting};
use crate::store::{Fault, Store};

/// One queue of a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueLength {
    pub category: Category,
    /// Documents that wait, counted up to [`QUEUE_COUNTED_MAX`].
    pub pending: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// When the oldest of them was decided.
    pub oldest: Option<Timestamp>,
    /// What the next peek shows; nothing while others may still join it, for a bundle gets its id when it is closed.
    pub next_message_id: Option<String>,
}

/// Documents counted in one queue: looking must cost the same however long a queue has grown.
pub const QUEUE_COUNTED_MAX: usize = 1_000;

/// All queues of a participant.
pub fn queue(store: &dyn Store, owner: &Party) -> Result<Vec<QueueLength>, Fault> {
    Category::ALL
        .into_iter()
        .map(|category| {
            let page = store.page(&post_office::queue_range(owner, category), None, QUEUE_COUNTED_MAX)?;
            let first = page.records.first().and_then(|(_, entry)| Waiting::decode(&entry.value));
            Ok(QueueLength {
                category,
                pending: page.records.len() as u64,
                more: page.more,
                oldest: first.as_ref().map(|waiting| waiting.enqueued),
                next_message_id: first.filter(Waiting::is_settled).map(|waiting| waiting.message_id),
            })
        })
        .collect()
}
