//! A store in memory with a gate before it: every batch comes to the gate, and reads go straight through.

use std::sync::Arc;
use std::time::Duration;

use gridpost::record::{Batch, Entry, Key, KeyRange, Packed};
use gridpost::store::{Completion, Fault, Memory, Page, Store};

/// What becomes of a batch before it comes to the store.
pub trait Gate: Send + Sync + 'static {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion);

    /// Why nothing goes through any more, if it is so.
    fn stopped(&self) -> Option<Fault> {
        None
    }

    /// For how long the disk has not answered, if it does not.
    fn hangs(&self) -> Option<Duration> {
        None
    }

    /// Why no body can be read, if it is so.
    fn unread(&self) -> Option<Fault> {
        None
    }
}

#[derive(Default)]
pub struct Gated<G> {
    pub store: Arc<Memory>,
    pub gate: G,
}

impl<G: Gate> Store for Gated<G> {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        self.store.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.store.page(range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.store.page_back(range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, Fault> {
        self.gate.unread().map_or_else(|| self.store.packed(key), Err)
    }

    fn stopped(&self) -> Option<Fault> {
        self.gate.stopped()
    }

    fn hangs(&self) -> Option<Duration> {
        self.gate.hangs()
    }

    fn submit(&self, batch: Batch, done: Completion) {
        self.gate.submit(&self.store, batch, done);
    }
}
