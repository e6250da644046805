//! A store in memory: for tests, simulations and a gateway that may forget.
//!
//! It starts no thread. Whoever submits while nobody commits becomes the committer, and hands out the outcomes of all
//! that arrives meanwhile; so with one submitter every completion has run when `submit` returns.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;

use super::{Completion, Fault, Page, Store, assert_well_formed, range};
use crate::record::{Batch, Change, Entry, Expected, Key, KeyRange, Outcome, Version};

#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct State {
    records: BTreeMap<Vec<u8>, Entry>,
    bodies: BTreeMap<Vec<u8>, Bytes>,
    last: Version,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Batch, Completion)>,
    committing: bool,
}

impl Store for Memory {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        Ok(lock(&self.state).records.get(key.as_bytes()).cloned())
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        assert!(limit > 0, "a page holds at least one record");
        let Some(bounds) = range::rest_of(range, after) else { return Ok(Page::default()) };
        let state = lock(&self.state);
        let mut rest = state.records.range::<[u8], range::Bounds>(bounds);
        let taken = rest.by_ref().take(limit);
        let records = taken.map(|(key, entry)| (Key::from_bytes(key.clone()), entry.clone())).collect();
        Ok(Page { records, more: rest.next().is_some() })
    }

    fn body(&self, key: &Key) -> Result<Option<Bytes>, Fault> {
        Ok(lock(&self.state).bodies.get(key.as_bytes()).cloned())
    }

    fn submit(&self, batch: Batch, done: Completion) {
        assert_well_formed(&batch);
        {
            let mut queue = lock(&self.queue);
            queue.waiting.push_back((batch, done));
            if std::mem::replace(&mut queue.committing, true) {
                return;
            }
        }
        // A completion that panics must not leave the queue behind without a committer.
        let _turn = Turn(&self.queue);
        while let Some((batch, done)) = self.next() {
            let outcome = lock(&self.state).commit(batch);
            done(Ok(outcome));
        }
    }
}

impl Memory {
    /// The first batch in the queue; with the last one the turn to commit ends, under the same lock.
    fn next(&self) -> Option<(Batch, Completion)> {
        let mut queue = lock(&self.queue);
        let next = queue.waiting.pop_front();
        queue.committing = next.is_some();
        next
    }
}

struct Turn<'a>(&'a Mutex<Queue>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.0).committing = false;
        }
    }
}

impl State {
    fn commit(&mut self, batch: Batch) -> Outcome {
        for (key, expected) in batch.expectations {
            let found = self.records.get(key.as_bytes()).map_or(Expected::Absent, |entry| Expected::At(entry.version));
            if found != expected {
                return Outcome::Conflict(key);
            }
        }
        self.last += 1;
        let version = self.last;
        for change in batch.changes {
            match change {
                Change::Put(key, value) => {
                    self.records.insert(key.at_commit(version).as_bytes().to_vec(), Entry { version, value });
                }
                Change::Delete(key) => {
                    self.records.remove(key.as_bytes());
                }
            }
        }
        for body in batch.bodies {
            self.bodies.insert(body.key.at_commit(version).as_bytes().to_vec(), body.bytes);
        }
        Outcome::Committed(version)
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
