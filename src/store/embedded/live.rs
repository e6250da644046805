//! What is so at this moment: sled, and above it what is on disk in the journal but not yet in sled.
//!
//! Sled takes longer to write than the journal, and its `Batch` keeps every reader out while it is applied. So a
//! commit is visible as soon as it is durable, from memory, and another thread brings it into sled, some frames at a
//! time. That thread also flushes sled now and then, while commits go on.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;

use super::body::Location;
use super::state::{self, Flat, State};
use crate::record::{Entry, Key, KeyRange, Version};
use crate::store::{Fault, Page, range};

/// Writes that go into sled at once, unless one frame has more. Readers of sled wait that long, some milliseconds.
const APPLY_WRITES_MAX: usize = 512;

/// What may wait for sled, in bytes of memory, about. Commits wait when it is reached.
const BACKLOG_BYTES_MAX: usize = 64 << 20;

/// What a write takes in memory beside its key and value, in bytes, about.
const WRITE_OVERHEAD_BYTES: usize = 160;

/// Sled is flushed after this many bytes of journal, or when nothing came for this long. It bounds what a start has to
/// apply again to a second or two.
const CHECKPOINT_BYTES: u64 = 16 << 20;
const CHECKPOINT_IDLE: Duration = Duration::from_secs(2);

pub(super) struct Live {
    state: State,
    /// By sled's key: the frame that wrote it last, and what it wrote; `None` for a deletion.
    recent: RwLock<BTreeMap<Bytes, (u64, Option<Bytes>)>>,
    backlog: Mutex<Backlog>,
    arrived: Condvar,
    room: Condvar,
}

#[derive(Default)]
struct Backlog {
    frames: VecDeque<Flat>,
    bytes: usize,
    closed: bool,
    /// Sled has failed: nothing more goes in, and nobody need wait for it.
    failed: bool,
}

impl Live {
    pub fn new(state: State) -> Self {
        let (recent, backlog) = (RwLock::default(), Mutex::default());
        Self { state, recent, backlog, arrived: Condvar::new(), room: Condvar::new() }
    }

    pub fn get(&self, key: &[u8]) -> Result<Option<Entry>, Fault> {
        Ok(self.read(&state::record_key(key))?.map(state::entry))
    }

    /// The version of a record, or `None` where there is none.
    pub fn version(&self, key: &[u8]) -> Result<Option<Version>, Fault> {
        Ok(self.get(key)?.map(|entry| entry.version))
    }

    pub fn location(&self, key: &[u8]) -> Result<Option<Location>, Fault> {
        self.read(&state::body_key(key))?.map(|stored| state::location(&stored)).transpose()
    }

    /// What was durable when the page was begun; of what came since, perhaps a part.
    pub fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        assert!(limit > 0, "a page holds at least one record");
        let mut page = Page::default();
        let Some((from, to)) = range::rest_of(range, after) else { return Ok(page) };
        let bounds = (from.map(state::record_key), to.map(state::record_key));
        let mut new = self.recent_in(&bounds, limit).into_iter().peekable();
        let mut old = self.state.range(bounds);
        let mut old_next = old.next().transpose()?;
        loop {
            let old_first = match (new.peek(), &old_next) {
                (None, None) => return Ok(page),
                (None, Some(_)) => true,
                (Some(_), None) => false,
                (Some((new_key, _)), Some((old_key, _))) => {
                    if new_key == old_key {
                        old_next = old.next().transpose()?;
                        false
                    } else {
                        old_key < new_key
                    }
                }
            };
            let (key, stored) = if old_first {
                let Some((key, stored)) = std::mem::replace(&mut old_next, old.next().transpose()?) else { continue };
                (key, Some(stored))
            } else {
                let Some(pair) = new.next() else { continue };
                pair
            };
            let Some(stored) = stored else { continue };
            if page.records.len() == limit {
                page.more = true;
                return Ok(page);
            }
            page.records.push((Key::from_bytes(key[1..].to_vec()), state::entry(stored)));
        }
    }

    /// Makes a frame visible that is on disk; waits while too much is waiting for sled.
    pub fn publish(&self, flat: Flat) {
        {
            let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
            for (key, value) in &flat.writes {
                recent.insert(key.clone(), (flat.frame(), value.clone()));
            }
        }
        let full = |backlog: &mut Backlog| backlog.bytes > BACKLOG_BYTES_MAX && !backlog.failed;
        let mut backlog = self.room.wait_while(self.backlog(), full).unwrap_or_else(PoisonError::into_inner);
        backlog.bytes += weight(&flat);
        backlog.frames.push_back(flat);
        self.arrived.notify_one();
    }

    /// Nothing more will be published; what waits still goes into sled.
    pub fn close(&self) {
        self.backlog().closed = true;
        self.arrived.notify_one();
    }

    /// Brings what is published into sled until that is closed and empty. Returns early when sled fails.
    pub fn keep_applying(&self) -> Result<(), Fault> {
        let kept = catch_unwind(AssertUnwindSafe(|| self.apply_until_closed())).unwrap_or(Err(Fault::Panicked));
        if kept.is_err() {
            self.backlog().failed = true;
            self.room.notify_all();
        }
        kept
    }

    pub fn checkpoint(&self) -> Result<(), Fault> {
        self.state.checkpoint()
    }

    fn apply_until_closed(&self) -> Result<(), Fault> {
        // What the start applied waits for a first checkpoint, too.
        let mut bytes_since = 1;
        loop {
            let waited = self.arrived.wait_timeout_while(self.backlog(), CHECKPOINT_IDLE, |backlog| {
                backlog.frames.is_empty() && !backlog.closed
            });
            let (mut backlog, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let frames = take(&mut backlog.frames);
            let closed = backlog.closed;
            drop(backlog);
            if frames.is_empty() && closed {
                return Ok(());
            }
            let idle = frames.is_empty() && bytes_since > 0;
            if let Some(last) = frames.last().map(Flat::frame) {
                self.state.apply(&frames)?;
                self.retire(&frames, last);
                bytes_since += frames.iter().map(|flat| flat.journal_bytes).sum::<u64>();
                self.backlog().bytes -= frames.iter().map(weight).sum::<usize>();
                self.room.notify_one();
            }
            if idle || bytes_since >= CHECKPOINT_BYTES {
                self.state.checkpoint()?;
                bytes_since = 0;
            }
        }
    }

    /// Forgets what sled now has, unless it has been written again since.
    fn retire(&self, frames: &[Flat], last: u64) {
        let mut recent = self.recent.write().unwrap_or_else(PoisonError::into_inner);
        for (key, _) in frames.iter().flat_map(|flat| &flat.writes) {
            if recent.get(key).is_some_and(|(frame, _)| *frame <= last) {
                recent.remove(key);
            }
        }
    }

    /// First memory, then sled: what is forgotten between the two is in sled by then.
    fn read(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        let recent =
            self.recent.read().unwrap_or_else(PoisonError::into_inner).get(key).map(|(_, value)| value.clone());
        match recent {
            Some(value) => Ok(value),
            None => self.state.read(key),
        }
    }

    /// As much of what is in memory as a page can need: behind `limit` + 1 records nothing can be on it.
    fn recent_in(&self, bounds: &(Bound<Vec<u8>>, Bound<Vec<u8>>), limit: usize) -> Vec<(Bytes, Option<Bytes>)> {
        let recent = self.recent.read().unwrap_or_else(PoisonError::into_inner);
        let bounds = (bounds.0.as_ref().map(Vec::as_slice), bounds.1.as_ref().map(Vec::as_slice));
        let mut taken = Vec::new();
        let mut records = 0;
        for (key, (_, value)) in recent.range::<[u8], _>(bounds) {
            if records > limit {
                break;
            }
            records += usize::from(value.is_some());
            taken.push((key.clone(), value.clone()));
        }
        taken
    }

    /// Nothing panics while it holds this lock, so a poisoned one is still whole.
    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The next frames to apply together.
fn take(waiting: &mut VecDeque<Flat>) -> Vec<Flat> {
    let mut writes = 0;
    let mut frames = Vec::new();
    while let Some(flat) = waiting.pop_front_if(|flat| writes == 0 || writes + flat.writes.len() <= APPLY_WRITES_MAX) {
        writes += flat.writes.len();
        frames.push(flat);
    }
    frames
}

fn weight(flat: &Flat) -> usize {
    let value_bytes = |value: &Option<Bytes>| value.as_ref().map_or(0, Bytes::len);
    flat.writes.iter().map(|(key, value)| key.len() + value_bytes(value) + WRITE_OVERHEAD_BYTES).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::{Commit, Header, Write};
    use super::super::walk::Frame;
    use super::*;
    use crate::record::Space;

    fn key(number: u8) -> Key {
        Key::new(Space(1)).number(number.into())
    }

    /// A frame of one commit that puts (true) or deletes (false) each of these keys.
    fn frame(number: u64, changes: &[(u8, bool)]) -> Flat {
        let write = |(number, put): &(u8, bool)| {
            let key = Bytes::copy_from_slice(key(*number).as_bytes());
            if *put { Write::Put(key, "value".into()) } else { Write::Delete(key) }
        };
        let commits = vec![Commit { changes: changes.iter().map(write).collect(), bodies: vec![] }];
        let (before, table_hash) = ([0; 32], [0; 32]);
        let header =
            Header { number, first_commit: number, commits: 1, table_bytes: 0, bodies_bytes: 0, before, table_hash };
        Flat::of(&Frame { header, hash: [0; 32], commits, segment: 1, offset: 0 })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_page_is_the_same_however_much_of_it_is_in_sled_already(
            frames in proptest::collection::vec(proptest::collection::vec((0..20_u8, any::<bool>()), 1..8), 1..12),
            applied in 0..12_usize,
            limit in 1..25_usize,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let live = Live::new(State::open(dir.path(), 1 << 20).unwrap());
            let mut expected = BTreeMap::new();
            for (number, changes) in (1..).zip(&frames) {
                live.publish(frame(number, changes));
                for (name, put) in changes {
                    if *put { expected.insert(*name, number) } else { expected.remove(name) };
                }
            }
            for _ in 0..applied {
                let Some(flat) = live.backlog().frames.pop_front() else { break };
                let last = flat.frame();
                live.state.apply(&[flat]).unwrap();
                live.retire(&[frame(last, &frames[last as usize - 1])], last);
            }
            let range = KeyRange::under(&Key::new(Space(1)));
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = live.page(&range, after.as_ref(), limit).unwrap();
                seen.extend(page.records.iter().map(|(key, entry)| (key.clone(), entry.version)));
                let Some(next) = page.next_after() else { break };
                prop_assert_eq!(page.records.len(), limit);
                after = Some(next.clone());
            }
            let expected: Vec<_> = expected.into_iter().map(|(name, version)| (key(name), version)).collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
