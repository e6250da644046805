//! How much waits for a participant, and since when.

use crate::document::Category;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Waiting};
use crate::store::{Fault, Store};

/// One queue of a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueLength {
    pub category: Category,
    pub waits: Counted,
    /// Whether there are more documents than were counted.
    pub more: bool,
    /// When the oldest of them was decided.
    pub oldest: Option<Timestamp>,
    /// What the next peek shows; nothing while others may still join it, for a bundle gets its id when it is closed.
    pub next_message_id: Option<String>,
}

/// What waits in a queue until it is dequeued, of at most [`QUEUE_COUNTED_MAX`] documents.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// Activity records in all of them, or 1 for a document that has none: only a dequeuing makes them fewer, for what is bundled keeps
    /// its records.
    pub pending: u64,
    /// Documents as they stand; several notices become one when they are peeked together.
    pub documents: u64,
    /// Those of them that are given out as they are: closed bundles, and what leaves alone.
    pub closed: u64,
}

impl Counted {
    pub fn add(&mut self, waiting: &Waiting) {
        self.pending += waiting.records.max(1);
        self.documents += 1;
        self.closed += u64::from(waiting.is_settled());
    }
}

/// Documents counted in one queue: looking must cost the same however long a queue has grown.
pub const QUEUE_COUNTED_MAX: usize = 1_000;

/// All queues of a participant.
pub fn queue(store: &dyn Store, owner: &Party) -> Result<Vec<QueueLength>, Fault> {
    Category::ALL
        .into_iter()
        .map(|category| {
            let page = store.page(&post_office::queue_range(owner, category), None, QUEUE_COUNTED_MAX)?;
            let waiting = page.records.iter().filter_map(|(_, entry)| Waiting::decode(&entry.value));
            let waiting: Vec<Waiting> = waiting.collect();
            let mut waits = Counted::default();
            waiting.iter().for_each(|each| waits.add(each));
            let first = waiting.into_iter().next();
            Ok(QueueLength {
                category,
                waits,
                more: page.more,
                oldest: first.as_ref().map(|waiting| waiting.enqueued),
                next_message_id: first.filter(Waiting::is_settled).map(|waiting| waiting.message_id),
            })
        })
        .collect()
}
