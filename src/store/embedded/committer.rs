//! One thread that commits: it takes whatever arrived while the last flush ran, checks it batch by batch, writes one
//! frame, and tells everybody.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::directory::Directory;
use super::frame::{BodyLine, Commit, Write};
use super::journal::Journal;
use super::live::Live;
use super::state::Flat;
use crate::record::{Batch, Body, Change, Expected, Key, Outcome, Packed, Version};
use crate::store::{Completion, Fault};

/// Most batches in one group. A group of this size takes some milliseconds beside its flush.
const GROUP_BATCHES_MAX: usize = 1024;

/// A group is full once it weighs this much, in bytes; one batch may weigh more and is then a group of its own.
const GROUP_BYTES_MAX: usize = 16 << 20;

/// A batch, ready to be appended.
pub(super) struct Prepared {
    expectations: Vec<(Key, Expected)>,
    changes: Vec<Change>,
    bodies: Vec<Body>,
    /// What it adds to a frame, in bytes, about.
    weight: usize,
}

impl Prepared {
    pub fn new(batch: Batch) -> Self {
        let changes = batch.changes.iter().map(|change| {
            let value_bytes = if let Change::Put(_, value) = change { value.len() } else { 0 };
            change.key().as_bytes().len() + value_bytes
        });
        let bodies = batch.bodies.iter().map(|body| body.packed.stored().len());
        let weight = changes.sum::<usize>() + bodies.sum::<usize>();
        Self { expectations: batch.expectations, changes: batch.changes, bodies: batch.bodies, weight }
    }
}

/// What waits for the committer. Nobody holds the lock for longer than it takes to push or to take.
pub(super) struct Queue {
    inner: Mutex<Waiting>,
    arrived: Condvar,
    batches_max: usize,
    bytes_max: usize,
}

#[derive(Default)]
struct Waiting {
    batches: VecDeque<(Prepared, Completion)>,
    bytes: usize,
    /// When the group was taken that is being committed.
    taken: Option<Instant>,
    closed: bool,
    stopped: Option<Arc<Fault>>,
}

impl Queue {
    pub fn new(batches_max: usize, bytes_max: usize) -> Self {
        Self { inner: Mutex::default(), arrived: Condvar::new(), batches_max, bytes_max }
    }

    /// Queues a batch, or tells it at once that it cannot be queued.
    pub fn push(&self, batch: Prepared, done: Completion) {
        match self.refusal(&batch) {
            Err(fault) => done(Err(fault)),
            Ok(mut waiting) => {
                waiting.bytes += batch.weight;
                waiting.batches.push_back((batch, done));
                if waiting.batches.len() == 1 {
                    self.arrived.notify_one();
                }
            }
        }
    }

    /// Takes nothing more; what waits is still committed.
    pub fn close(&self) {
        self.lock().closed = true;
        self.arrived.notify_one();
    }

    /// From now on nothing is written; what waits is told so, in its turn.
    pub fn stop(&self, fault: Fault) {
        tracing::error!(?fault, "the store stops writing; reads go on");
        self.lock().stopped.get_or_insert_with(|| Arc::new(fault));
    }

    pub fn stopped(&self) -> Option<Arc<Fault>> {
        self.lock().stopped.clone()
    }

    /// How long the group that is being committed has been so.
    pub fn at_work(&self) -> Option<Duration> {
        self.lock().taken.map(|taken| taken.elapsed())
    }

    fn refusal(&self, batch: &Prepared) -> Result<MutexGuard<'_, Waiting>, Fault> {
        let waiting = self.lock();
        if let Some(source) = &waiting.stopped {
            return Err(Fault::Stopped { source: source.clone() });
        }
        if waiting.closed {
            return Err(Fault::Closed);
        }
        let (batches, bytes) = (waiting.batches.len(), waiting.bytes);
        let full = batches >= self.batches_max || bytes + batch.weight > self.bytes_max;
        // An empty queue takes a batch of any size, or the largest could never be written.
        if full && batches > 0 {
            return Err(Fault::Busy { batches, bytes });
        }
        Ok(waiting)
    }

    /// Whatever has arrived, up to a group's limits; `None` when the queue is closed and empty.
    fn take(&self) -> Option<Vec<(Prepared, Completion)>> {
        let nothing = |waiting: &mut Waiting| waiting.batches.is_empty() && !waiting.closed;
        let mut waiting = self.lock();
        waiting.taken = None;
        waiting = self.arrived.wait_while(waiting, nothing).unwrap_or_else(PoisonError::into_inner);
        let (mut count, mut bytes) = (0, 0);
        for (batch, _) in &waiting.batches {
            if count == GROUP_BATCHES_MAX || bytes >= GROUP_BYTES_MAX {
                break;
            }
            count += 1;
            bytes += batch.weight;
        }
        waiting.bytes -= bytes;
        waiting.taken = (count > 0).then(Instant::now);
        (count > 0).then(|| waiting.batches.drain(..count).collect())
    }

    /// Nothing panics while it holds this lock, so a poisoned one is still whole.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct Committer {
    pub queue: Arc<Queue>,
    pub journal: Journal,
    pub live: Arc<Live>,
    /// Nobody else may open the folder while this thread writes to it.
    pub _directory: Arc<Directory>,
}

impl Committer {
    /// Commits until the queue is closed and empty.
    pub fn run(mut self) {
        while let Some(group) = self.queue.take() {
            self.group(group);
        }
        self.live.close();
    }

    fn group(&mut self, group: Vec<(Prepared, Completion)>) {
        let (batches, completions): (Vec<_>, Vec<_>) = group.into_iter().unzip();
        match self.commit_unless_stopped(batches) {
            Ok(outcomes) => {
                for (done, outcome) in completions.into_iter().zip(outcomes) {
                    complete(done, Ok(outcome));
                }
            }
            Err(fault) => {
                for done in completions {
                    complete(done, Err(fault.clone()));
                }
            }
        }
    }

    /// After the first fault there is no second attempt: what a failed flush left on the disk, nobody knows.
    fn commit_unless_stopped(&mut self, batches: Vec<Prepared>) -> Result<Vec<Outcome>, Fault> {
        if let Some(source) = self.queue.stopped() {
            return Err(Fault::Stopped { source });
        }
        let committed = catch_unwind(AssertUnwindSafe(|| self.commit(batches))).unwrap_or(Err(Fault::Panicked));
        if let Err(fault) = &committed {
            self.queue.stop(fault.clone());
        }
        committed
    }

    /// Checks each batch against all before it, then makes those that hold durable and visible.
    fn commit(&mut self, batches: Vec<Prepared>) -> Result<Vec<Outcome>, Fault> {
        let mut written = HashMap::new();
        let mut commits = Vec::with_capacity(batches.len());
        let mut bodies = Vec::new();
        let mut outcomes = Vec::with_capacity(batches.len());
        for batch in batches {
            if let Some(key) = self.first_moved(&batch.expectations, &written)? {
                outcomes.push(Outcome::Conflict(key));
                continue;
            }
            let number = self.journal.next_commit() + commits.len() as u64;
            outcomes.push(Outcome::Committed(number));
            commits.push(write(batch, number, &mut written, &mut bodies));
        }
        if !commits.is_empty() {
            let frame = self.journal.append(commits, &bodies)?;
            self.live.publish(Flat::of(&frame));
        }
        Ok(outcomes)
    }

    fn first_moved(
        &self,
        expectations: &[(Key, Expected)],
        written: &HashMap<Bytes, Option<Version>>,
    ) -> Result<Option<Key>, Fault> {
        for (key, expected) in expectations {
            let version = match written.get(key.as_bytes()) {
                Some(version) => *version,
                None => self.live.version(key.as_bytes())?,
            };
            if version.map_or(Expected::Absent, Expected::At) != *expected {
                return Ok(Some(key.clone()));
            }
        }
        Ok(None)
    }
}

/// Turns a batch into what its commit writes; `written` learns which versions the batches behind it will find.
fn write(
    batch: Prepared,
    number: Version,
    written: &mut HashMap<Bytes, Option<Version>>,
    bodies: &mut Vec<Packed>,
) -> Commit {
    let stamped = |key: Key| Bytes::copy_from_slice(key.at_commit(number).as_bytes());
    let mut commit = Commit::default();
    for change in batch.changes {
        commit.changes.push(match change {
            Change::Put(key, value) => {
                let key = stamped(key);
                written.insert(key.clone(), Some(number));
                Write::Put(key, value)
            }
            Change::Delete(key) => {
                let key = stamped(key);
                written.insert(key.clone(), None);
                Write::Delete(key)
            }
        });
    }
    for Body { key, packed } in batch.bodies {
        let (stored_bytes, bytes, hash) = (packed.stored().len() as u64, packed.bytes(), packed.hash());
        commit.bodies.push(BodyLine { key: stamped(key), stored_bytes, bytes, hash });
        bodies.push(packed);
    }
    commit
}

/// Tells one caller. A completion that panics is its caller's bug; the others must still hear.
fn complete(done: Completion, outcome: Result<Outcome, Fault>) {
    if catch_unwind(AssertUnwindSafe(|| done(outcome))).is_err() {
        tracing::error!("the completion of a commit panicked");
    }
}
