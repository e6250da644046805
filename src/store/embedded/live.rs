//! What is so at this moment: sled, and above it what is on disk in the journal but not yet in sled.
//!
//! Sled takes longer to write than the journal. So a commit is visible as soon as it is durable, from memory, and
//! another thread brings it into sled, a window of frames at a time. The window that grows and the one that is being
//! applied both stand above sled; an applied one is forgotten as a whole. The thread also flushes sled now and then,
//! while commits go on.

use std::iter::Peekable;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::block::Pair;
use super::body::Location;
use super::state::{self, Flat, State};
use super::window::Window;
use crate::record::{Entry, Key, KeyRange, Version};
use crate::store::range::Way;
use crate::store::{Fault, Page};

/// What may stand above sled, in bytes of memory, about. Commits wait when it is reached.
const ABOVE_BYTES_MAX: usize = 128 << 20;

/// A window is applied when it is this old, if it has not grown to its full size before.
const WINDOW_AGE: Duration = Duration::from_secs(1);

/// Sled is flushed after this many bytes of journal, or when nothing came for this long. With [`ABOVE_BYTES_MAX`] it
/// bounds what a start has to apply again to a second or two.
const CHECKPOINT_BYTES: u64 = 32 << 20;
const CHECKPOINT_IDLE: Duration = Duration::from_secs(2);

pub(super) struct Live {
    state: State,
    /// A window that takes so much memory is applied.
    window_bytes: usize,
    above: RwLock<Above>,
    backlog: Mutex<Backlog>,
    /// A window waits, or no more will come.
    arrived: Condvar,
    room: Condvar,
}

/// The windows above sled; what the growing one says goes before what the other says.
#[derive(Default)]
struct Above {
    growing: Window,
    applying: Arc<Window>,
}

#[derive(Default)]
struct Backlog {
    /// What the growing window takes in memory; `began` when its first frame came.
    growing_bytes: usize,
    began: Option<Instant>,
    applying_bytes: usize,
    /// When the first frame came of the window that is being applied.
    applying_began: Option<Instant>,
    closed: bool,
    /// Sled has failed: nothing more goes in, and nobody need wait for it.
    failed: bool,
}

impl Live {
    pub fn new(state: State, window_bytes: usize) -> Self {
        let (above, backlog) = (RwLock::default(), Mutex::default());
        Self { state, window_bytes, above, backlog, arrived: Condvar::new(), room: Condvar::new() }
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
    pub fn page(&self, way: Way, range: &KeyRange, behind: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        assert!(limit > 0, "a page holds at least one record");
        let mut page = Page::default();
        let Some((from, to)) = way.rest_of(range, behind) else { return Ok(page) };
        let bounds = (from.map(state::record_key), to.map(state::record_key));
        let mut new = self.above_in(way, &bounds, limit).into_iter().peekable();
        let mut old: Box<dyn Iterator<Item = Result<Pair, Fault>>> = match way {
            Way::Onward => Box::new(self.state.range(bounds)?),
            Way::Back => Box::new(self.state.range_back(bounds)),
        };
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
                        way.is_before(old_key, new_key)
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

    /// Makes a frame visible that is on disk; waits while too much stands above sled.
    pub fn publish(&self, flat: Flat) {
        let mut backlog = self.backlog();
        backlog.growing_bytes = {
            let mut above = self.above_mut();
            above.growing.take_in(flat);
            above.growing.bytes
        };
        if backlog.began.is_none() || backlog.growing_bytes >= self.window_bytes {
            self.arrived.notify_one();
        }
        backlog.began.get_or_insert_with(Instant::now);
        let full =
            |backlog: &mut Backlog| backlog.growing_bytes + backlog.applying_bytes > ABOVE_BYTES_MAX && !backlog.failed;
        drop(self.room.wait_while(backlog, full).unwrap_or_else(PoisonError::into_inner));
    }

    /// Nothing more will be published; what stands above sled still goes into it.
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

    /// How long something has been visible that is not in sled yet.
    pub fn behind(&self) -> Option<Duration> {
        let backlog = self.backlog();
        backlog.applying_began.or(backlog.began).map(|began| began.elapsed())
    }

    pub fn checkpoint(&self) -> Result<(), Fault> {
        self.state.checkpoint()
    }

    fn apply_until_closed(&self) -> Result<(), Fault> {
        // What the start applied waits for a first checkpoint, too.
        let mut bytes_since = 1;
        loop {
            let closed = self.wait_for_a_window(bytes_since > 0);
            let window = self.next_window();
            if window.is_empty() && closed {
                return Ok(());
            }
            bytes_since += window.journal_bytes;
            let idle = window.is_empty() && bytes_since > 0;
            if !window.is_empty() {
                self.state.apply(&window)?;
                self.forget();
            }
            if idle || bytes_since >= CHECKPOINT_BYTES {
                self.state.checkpoint()?;
                bytes_since = 0;
            }
        }
    }

    /// Returns when a window is large or old enough, when nothing came for a while, or when nothing more will come;
    /// says whether it is the last.
    fn wait_for_a_window(&self, dirty: bool) -> bool {
        let mut backlog = self.backlog();
        loop {
            if backlog.closed || backlog.growing_bytes >= self.window_bytes {
                return backlog.closed;
            }
            let left = match backlog.began {
                Some(began) => WINDOW_AGE.saturating_sub(began.elapsed()),
                None => CHECKPOINT_IDLE,
            };
            if left.is_zero() {
                return false;
            }
            let idle = backlog.began.is_none();
            let (guard, waited) = self.arrived.wait_timeout(backlog, left).unwrap_or_else(PoisonError::into_inner);
            backlog = guard;
            if waited.timed_out() && idle && dirty && backlog.began.is_none() {
                return backlog.closed;
            }
        }
    }

    /// What has grown so far is applied next; another window begins to grow.
    fn next_window(&self) -> Arc<Window> {
        let mut backlog = self.backlog();
        let window = {
            let mut above = self.above_mut();
            above.applying = Arc::new(std::mem::take(&mut above.growing));
            above.applying.clone()
        };
        backlog.applying_bytes = window.bytes;
        (backlog.growing_bytes, backlog.applying_began) = (0, backlog.began.take());
        window
    }

    /// Forgets the window that sled now has.
    fn forget(&self) {
        let applied = std::mem::take(&mut self.above_mut().applying);
        {
            let mut backlog = self.backlog();
            (backlog.applying_bytes, backlog.applying_began) = (0, None);
        }
        self.room.notify_one();
        // Giving its memory back takes a while; readers need not wait for it.
        drop(applied);
    }

    /// First memory, then sled: what is forgotten between the two is in sled by then.
    fn read(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        let found = {
            let above = self.above();
            above.growing.writes.get(key).or_else(|| above.applying.writes.get(key)).cloned()
        };
        match found {
            Some(value) => Ok(value),
            None => self.state.read(key),
        }
    }

    /// As much of what is in memory as a page can need: behind `limit` + 1 records nothing can be on it.
    fn above_in(
        &self,
        way: Way,
        bounds: &(Bound<Vec<u8>>, Bound<Vec<u8>>),
        limit: usize,
    ) -> Vec<(Bytes, Option<Bytes>)> {
        let above = self.above();
        let bounds = (bounds.0.as_ref().map(Vec::as_slice), bounds.1.as_ref().map(Vec::as_slice));
        let (growing, applying) = (&above.growing.writes, &above.applying.writes);
        let (growing, applying) = (growing.range::<[u8], _>(bounds), applying.range::<[u8], _>(bounds));
        let both: Box<dyn Iterator<Item = _>> = match way {
            Way::Onward => Box::new(Both { way, growing: growing.peekable(), applying: applying.peekable() }),
            Way::Back => Box::new(Both { way, growing: growing.rev().peekable(), applying: applying.rev().peekable() }),
        };
        let mut taken = Vec::new();
        let mut records = 0;
        for (key, value) in both {
            if records > limit {
                break;
            }
            records += usize::from(value.is_some());
            taken.push((key.clone(), value.clone()));
        }
        taken
    }

    // Nothing panics while it holds one of these locks, so a poisoned one is still whole.

    fn above(&self) -> RwLockReadGuard<'_, Above> {
        self.above.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn above_mut(&self) -> RwLockWriteGuard<'_, Above> {
        self.above.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn backlog(&self) -> MutexGuard<'_, Backlog> {
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What two windows say, one way, the growing one first where both say something.
struct Both<I: Iterator> {
    way: Way,
    growing: Peekable<I>,
    applying: Peekable<I>,
}

impl<'a, I: Iterator<Item = (&'a Bytes, &'a Option<Bytes>)>> Iterator for Both<I> {
    type Item = (&'a Bytes, &'a Option<Bytes>);

    fn next(&mut self) -> Option<Self::Item> {
        let Some((first, _)) = self.growing.peek() else { return self.applying.next() };
        let way = self.way;
        if let Some(before) = self.applying.next_if(|(key, _)| way.is_before(key, first)) {
            return Some(before);
        }
        let _said_again = self.applying.next_if(|(key, _)| key == first);
        self.growing.next()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::super::frame::{Commit, FORMAT, Header, Write};
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
        let header = Header {
            format: FORMAT,
            number,
            first_commit: number,
            commits: 1,
            table_bytes: 0,
            bodies_bytes: 0,
            before,
            table_hash,
        };
        Flat::of(&Frame { header, hash: [0; 32], commits, segment: 1, offset: 0 })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn reading_is_the_same_however_much_is_in_sled_already_and_whatever_was_read_before(
            frames in proptest::collection::vec(proptest::collection::vec((0..20_u8, any::<bool>()), 1..8), 1..12),
            (forgotten, applied) in (0..12_u64, 0..12_u64),
            limit in 1..25_usize,
            way in prop_oneof![Just(Way::Onward), Just(Way::Back)],
        ) {
            let dir = tempfile::tempdir().unwrap();
            let live = Live::new(State::open(dir.path(), 1 << 20).unwrap(), 1 << 20);
            let mut expected = BTreeMap::new();
            for (number, changes) in (1..).zip(&frames) {
                live.publish(frame(number, changes));
                for (name, put) in changes {
                    if *put { expected.insert(*name, number) } else { expected.remove(name) };
                }
                if number == forgotten || number == applied {
                    let window = live.next_window();
                    live.state.apply(&window).unwrap();
                }
                if number == forgotten {
                    live.forget();
                }
                for name in 0..20 {
                    let version = live.version(key(name).as_bytes()).unwrap();
                    prop_assert_eq!(version.as_ref(), expected.get(&name), "what was read before is not told again");
                }
            }
            let range = KeyRange::under(&Key::new(Space(1)));
            let (mut after, mut seen) = (None, Vec::new());
            loop {
                let page = live.page(way, &range, after.as_ref(), limit).unwrap();
                seen.extend(page.records.iter().map(|(key, entry)| (key.clone(), entry.version)));
                let Some(next) = page.next_after() else { break };
                prop_assert_eq!(page.records.len(), limit);
                after = Some(next.clone());
            }
            let mut expected: Vec<_> = expected.into_iter().map(|(name, version)| (key(name), version)).collect();
            if way == Way::Back {
                expected.reverse();
            }
            prop_assert_eq!(seen, expected);
        }
    }
}
