//! What we know: records, and where bodies stand, in one sled tree together with the last frame that is wholly in it.
//!
//! Records stand in blocks (see block.rs). A window of frames goes in block by block and the mark behind it last, so a
//! crash may leave sled with a part of the frames behind its mark. They are applied again at the next start, which
//! comes to the same: a write says what stands under its key from then on, whatever stood there. Which frames they may
//! be is written before the first of them ([`State::frame_begun`]): a journal that ends earlier is not the one that sled
//! followed. How they are written, and a block is cut, says paced.rs.
//!
//! sled 0.34.7 has edges (see dependencies.md): its `flush` is no fsync, so [`State::checkpoint`] adds one of our own;
//! an interrupted snapshot looks like corruption, so it is deleted before every open; some damage makes it panic, so
//! opening catches that.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::block::{self, Cursor, Damaged, Pair};
use super::body::Location;
use super::frame::{Hash, Write};
use super::paced::Paced;
use super::recent::{Held, Recent};
use super::walk::{Frame, Place};
use super::window::Window;
use crate::record::{Entry, Key, Version};
use crate::store::Fault;

/// The form in which sled holds things; another one is made anew from the journal.
const FORMAT: u32 = 2;

const MARK: &[u8] = &[0];
/// The last frame of the window that goes in, written before anything of it.
const BEGUN: &[u8] = &[0, 1];
const RECORDS: u8 = 1;
const BODIES: u8 = 2;

/// Before every key of a record: the fence of the first block.
const FENCE_FIRST: &[u8] = &[RECORDS];

/// The last frame that is wholly in sled. Kept in sled, written behind the frame's changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    format: u32,
    pub frame: u64,
    pub hash: Hash,
    pub segment: u64,
    pub offset: u64,
    pub end: u64,
    pub next_commit: Version,
}

impl Mark {
    fn behind(frame: &Frame) -> Self {
        Self {
            format: FORMAT,
            frame: frame.header.number,
            hash: frame.hash,
            segment: frame.segment,
            offset: frame.offset,
            end: frame.end(),
            next_commit: frame.header.first_commit + u64::from(frame.header.commits),
        }
    }

    /// Where the journal goes on.
    pub fn next(&self) -> Place {
        Place {
            segment: self.segment,
            offset: self.end,
            frame: self.frame + 1,
            commit: self.next_commit,
            before: self.hash,
        }
    }
}

pub(super) struct State {
    dir: PathBuf,
    tree: sled::Db,
    recent: Recent,
}

/// Blocks of one range that are held.
const HELD_OF_A_RANGE: usize = 8;

/// How long, and how often, sled's lock is waited for: ten seconds in all.
const LOCK_WAIT: Duration = Duration::from_millis(20);
const LOCK_WAITS_MAX: u32 = 500;

/// Sled hides the kind of the error in its text.
fn is_locked(fault: &sled::Error) -> bool {
    matches!(fault, sled::Error::Io(cause) if cause.to_string().contains("could not acquire lock"))
}

impl State {
    /// Opens sled, or makes it. A panic of sled's comes back as a fault.
    ///
    /// Sled's own threads let go of its lock a moment after it was closed. The store's lock is ours already, so whoever
    /// still holds sled's is on the way out: it is waited for.
    pub fn open(dir: &Path, cache_bytes: u64) -> Result<Self, Fault> {
        remove_unfinished_snapshots(dir).map_err(Fault::io("remove an unfinished snapshot in", dir))?;
        let config = sled::Config::new().path(dir).cache_capacity(cache_bytes).flush_every_ms(None);
        let mut waits = 0;
        let opened = loop {
            match catch_unwind(AssertUnwindSafe(|| config.open())).unwrap_or_else(|_| Err(panicked())) {
                Err(fault) if is_locked(&fault) && waits < LOCK_WAITS_MAX => std::thread::sleep(LOCK_WAIT),
                opened => break opened,
            }
            waits += 1;
        };
        let tree = opened.map_err(Fault::sled("open sled"))?;
        Ok(Self { dir: dir.to_owned(), tree, recent: Recent::new() })
    }

    /// The last frame that sled knows, `None` when it is new. A mark of another format is a fault.
    pub fn mark(&self) -> Result<Option<Mark>, Fault> {
        let found = self.tree.get(MARK).map_err(Fault::sled("read from sled"))?;
        let Some(bytes) = found else { return Ok(None) };
        match postcard::from_bytes::<Mark>(&bytes) {
            Ok(mark) if mark.format == FORMAT => Ok(Some(mark)),
            _ => Err(unreadable("sled's mark is of another format")),
        }
    }

    /// The last frame of which sled may hold something: its mark's, or one behind it where a crash, or whoever copied the folder,
    /// has come between. 0 when it is new.
    pub fn frame_begun(&self) -> Result<u64, Fault> {
        let found = self.tree.get(BEGUN).map_err(Fault::sled("read from sled"))?;
        let begun = found.map(|bytes| bytes.as_ref().try_into().map(u64::from_le_bytes));
        let begun = begun.transpose().map_err(|_| unreadable("sled's note of what was begun is damaged"))?;
        Ok(begun.unwrap_or(0).max(self.mark()?.map_or(0, |mark| mark.frame)))
    }

    #[cfg(test)]
    pub fn put_mark_back(&self, mark: &Mark) {
        self.tree.insert(MARK, to_bytes(mark)).unwrap();
    }

    /// Applies frames that follow sled's mark, then moves the mark behind them. Until it returns a reader may still see
    /// what was there before.
    pub fn apply(&self, window: &Window) -> Result<(), Fault> {
        let Some(mark) = &window.mark else { return Ok(()) };
        let mut sled = Paced::new(&self.tree);
        sled.insert(BEGUN, mark.frame.to_le_bytes().to_vec())?;
        let mut changed = Vec::new();
        let mut writes = window.writes.iter().peekable();
        while let Some(&(first, _)) = writes.peek() {
            let (fence, stored) = self.block_of(first)?;
            let mut pairs = block::unpack(&stored).map_err(damaged)?;
            let last = pairs.last().map(|(key, _)| key.clone());
            let behind = last.is_none_or(|last| last < *first);
            let next = self.next_fence(first)?;
            let fits = |(key, _): &(&Bytes, &Option<Bytes>)| next.as_ref().is_none_or(|next| key[..] < next[..]);
            if block::change(&mut pairs, std::iter::from_fn(|| writes.next_if(fits))) {
                sled.replace(&fence, &stored, block::pack(&pairs, behind))?;
                changed.push(fence);
            }
        }
        sled.finish()?;
        self.recent.forget(changed);
        sled.insert(MARK, to_bytes(mark))
    }

    /// The block into which a key belongs, with its fence; an empty one where there is none yet.
    fn block_of(&self, key: &[u8]) -> Result<(sled::IVec, sled::IVec), Fault> {
        let found =
            self.tree.range(FENCE_FIRST..=key).next_back().transpose().map_err(Fault::sled("read from sled"))?;
        Ok(found.unwrap_or_else(|| (FENCE_FIRST.into(), sled::IVec::default())))
    }

    /// The first fence behind a key.
    fn next_fence(&self, key: &[u8]) -> Result<Option<sled::IVec>, Fault> {
        let found = self.tree.get_gt(key).map_err(Fault::sled("read from sled"))?;
        Ok(found.map(|(fence, _)| fence))
    }

    /// The same for readers: a block that was read lately is not looked for again.
    fn held(&self, key: &[u8]) -> Result<Arc<Held>, Fault> {
        let round = self.recent.round();
        if let Some(held) = self.recent.block_of(key) {
            return Ok(held);
        }
        let (fence, block) = self.block_of(key)?;
        let held = Arc::new(Held::new(&fence, &block).map_err(damaged)?);
        self.recent.remember(round, &held);
        Ok(held)
    }

    /// The fence behind a block.
    fn behind(&self, held: &Held) -> Result<Option<Bytes>, Fault> {
        if let Some(next) = held.next.get() {
            return Ok(next.clone());
        }
        let next = self.next_fence(&held.fence)?.map(|fence| Bytes::copy_from_slice(&fence));
        Ok(held.next.get_or_init(|| next).clone())
    }

    /// What stands under one of our keys.
    pub fn read(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        block::find(&self.held(key)?.block, key).map_err(damaged)
    }

    /// What stands between two of our keys, in key order.
    ///
    /// A block may be cut while this goes on. Records only ever move to a later block, so none is missed, and one that
    /// has been given out already is passed over.
    pub fn range(
        &self,
        (from, to): (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> Result<impl Iterator<Item = Result<Pair, Fault>>, Fault> {
        let start = match &from {
            Bound::Included(key) | Bound::Excluded(key) => &key[..],
            Bound::Unbounded => FENCE_FIRST,
        };
        let held = self.held(start)?;
        let mut records = Cursor::new(held.block.clone());
        let mut blocks = Blocks { state: self, at: At::Held(held), held_left: HELD_OF_A_RANGE - 1 };
        let mut after = from;
        Ok(std::iter::from_fn(move || {
            loop {
                loop {
                    match records.step() {
                        Ok(true) if !is_behind(records.key(), &after) => {}
                        Ok(true) => return is_before(records.key(), &to).then(|| Ok(records.pair())),
                        Ok(false) => break,
                        Err(flaw) => return Some(Err(damaged(flaw))),
                    }
                }
                if is_behind(records.key(), &after) {
                    after = Bound::Excluded(records.key().to_vec());
                }
                match blocks.next_before(&to) {
                    Ok(block) => records = Cursor::new(block?),
                    Err(fault) => return Some(Err(fault)),
                }
            }
        }))
    }

    /// The same from the end, block by block.
    ///
    /// A block may be cut or taken away while this goes on. Whatever lies behind the last fence that was come to has been
    /// given out, and the block before it is looked for by that fence, so nothing is missed and nothing told twice.
    pub fn range_back(
        &self,
        (from, to): (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> impl Iterator<Item = Result<Pair, Fault>> {
        let mut records: Vec<Pair> = Vec::new();
        // What is given out lies before it; `None` once no block is left.
        let mut rest = Some(to);
        std::iter::from_fn(move || {
            loop {
                match records.pop() {
                    Some(pair) if is_behind(&pair.0, &from) => return Some(Ok(pair)),
                    Some(_) => (records, rest) = (Vec::new(), None),
                    None => {}
                }
                let to = rest.take()?;
                match self.block_before(&to).transpose()? {
                    Ok((fence, mut pairs)) => {
                        pairs.retain(|(key, _)| is_before(key, &to));
                        records = pairs;
                        rest = (fence[..] > *FENCE_FIRST && is_behind(&fence, &from))
                            .then(|| Bound::Excluded(fence.to_vec()));
                    }
                    Err(fault) => return Some(Err(fault)),
                }
            }
        })
    }

    /// The last block that begins before `to`, with its fence.
    fn block_before(&self, to: &Bound<Vec<u8>>) -> Result<Option<(sled::IVec, Vec<Pair>)>, Fault> {
        let begin_before = (Bound::Included(FENCE_FIRST), to.as_ref().map(Vec::as_slice));
        let found = self
            .tree
            .range::<&[u8], _>(begin_before)
            .next_back()
            .transpose()
            .map_err(Fault::sled("read a page from sled"))?;
        found.map(|(fence, block)| Ok((fence, block::unpack(&block).map_err(damaged)?))).transpose()
    }

    /// Every record and every place of a body, in key order.
    pub fn everything(&self) -> Result<impl Iterator<Item = Result<Pair, Fault>>, Fault> {
        self.range((Bound::Unbounded, Bound::Unbounded))
    }

    /// How many records there are, and how many bodies.
    pub fn count(&self) -> Result<(u64, u64), Fault> {
        let (mut records, mut bodies) = (0, 0);
        for pair in self.everything()? {
            match pair?.0[0] {
                RECORDS => records += 1,
                BODIES => bodies += 1,
                _ => {}
            }
        }
        Ok((records, bodies))
    }

    /// What one of sled's keys stands for, in words.
    pub fn describe(key: &[u8]) -> String {
        match key.split_first() {
            Some((&RECORDS, rest)) if !rest.is_empty() => format!("record {}", Key::from_bytes(rest.to_vec())),
            Some((&BODIES, rest)) if !rest.is_empty() => {
                format!("the place of body {}", Key::from_bytes(rest.to_vec()))
            }
            _ => format!("the unknown key {}", key.escape_ascii()),
        }
    }

    /// Waits until everything applied so far is on disk. May run beside reads and [`State::apply`].
    pub fn checkpoint(&self) -> Result<(), Fault> {
        self.tree.flush().map_err(Fault::sled("flush sled"))?;
        sync_all_under(&self.dir).map_err(Fault::io("flush sled's files in", &self.dir))
    }
}

/// Blocks that follow each other: the first ones as they are held, so that a short range that is read again and again costs
/// little, and the others as sled gives them out, so that a long one does not drive out what is held.
struct Blocks<'s> {
    state: &'s State,
    at: At,
    held_left: usize,
}

enum At {
    Held(Arc<Held>),
    Sled(Box<sled::Iter>),
}

impl Blocks<'_> {
    /// The next block, unless nothing in it can be before `to`.
    fn next_before(&mut self, to: &Bound<Vec<u8>>) -> Result<Option<Bytes>, Fault> {
        match &mut self.at {
            At::Held(held) if self.held_left > 0 => {
                let Some(next) = self.state.behind(held)?.filter(|next| is_before(next, to)) else { return Ok(None) };
                let next = self.state.held(&next)?;
                self.held_left -= 1;
                self.at = At::Held(next.clone());
                Ok(Some(next.block.clone()))
            }
            At::Held(held) => {
                let behind = (Bound::Excluded(&held.fence[..]), Bound::Unbounded);
                self.at = At::Sled(Box::new(self.state.tree.range::<&[u8], _>(behind)));
                self.next_before(to)
            }
            At::Sled(blocks) => {
                let next = blocks.next().transpose().map_err(Fault::sled("read a page from sled"))?;
                let next = next.filter(|(fence, _)| is_before(fence, to));
                Ok(next.map(|(_, block)| Bytes::copy_from_slice(&block)))
            }
        }
    }
}

/// A frame as sled takes it: its keys and values, with the places of its bodies, in the order of its commits.
pub(super) struct Flat {
    pub mark: Mark,
    pub writes: Vec<(Bytes, Option<Bytes>)>,
    pub journal_bytes: u64,
}

impl Flat {
    pub fn of(frame: &Frame) -> Self {
        let mut writes = Vec::new();
        let locations = frame.locations();
        for ((version, commit), places) in (frame.header.first_commit..).zip(&frame.commits).zip(locations) {
            for write in &commit.changes {
                writes.push(match write {
                    Write::Put(key, value) => {
                        (record_key(key).into(), Some([&version.to_be_bytes()[..], value].concat().into()))
                    }
                    Write::Delete(key) => (record_key(key).into(), None),
                });
            }
            for (line, place) in commit.bodies.iter().zip(places) {
                writes.push((body_key(&line.key).into(), Some(to_bytes(&place).into())));
            }
        }
        Self { mark: Mark::behind(frame), writes, journal_bytes: frame.header.frame_bytes() }
    }
}

pub(super) fn record_key(key: &[u8]) -> Vec<u8> {
    in_space(RECORDS, key)
}

pub(super) fn body_key(key: &[u8]) -> Vec<u8> {
    in_space(BODIES, key)
}

/// A record as sled holds it: eight bytes of version, then the value.
pub(super) fn entry(stored: Bytes) -> Entry {
    let version = stored.first_chunk().expect("every record begins with its version");
    Entry { version: Version::from_be_bytes(*version), value: stored.slice(8..) }
}

pub(super) fn location(stored: &[u8]) -> Result<Location, Fault> {
    postcard::from_bytes(stored).map_err(|_| unreadable("the place of a body is damaged"))
}

fn is_behind(key: &[u8], from: &Bound<Vec<u8>>) -> bool {
    match from {
        Bound::Included(from) => key >= &from[..],
        Bound::Excluded(from) => key > &from[..],
        Bound::Unbounded => true,
    }
}

fn is_before(key: &[u8], to: &Bound<Vec<u8>>) -> bool {
    match to {
        Bound::Included(to) => key <= &to[..],
        Bound::Excluded(to) => key < &to[..],
        Bound::Unbounded => true,
    }
}

fn in_space(space: u8, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() + 1);
    bytes.push(space);
    bytes.extend_from_slice(key);
    bytes
}

fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("a value in memory can always be written")
}

fn unreadable(found: &str) -> Fault {
    Fault::sled("read from sled")(sled::Error::Unsupported(found.into()))
}

pub(super) fn damaged(_: Damaged) -> Fault {
    unreadable("a block of records is damaged")
}

fn panicked() -> sled::Error {
    sled::Error::ReportableBug("sled panicked while it was opened".into())
}

fn remove_unfinished_snapshots(dir: &Path) -> io::Result<()> {
    let Ok(entries) = fs::read_dir(dir) else { return Ok(()) };
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "generating") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// Flushes a folder and all that is in it; a file that sled removes meanwhile is none of ours.
fn sync_all_under(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let synced =
            if path.is_dir() { sync_all_under(&path) } else { File::open(&path).and_then(|file| file.sync_data()) };
        match synced {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn mark(frame: u64) -> Mark {
        Mark { format: FORMAT, frame, hash: [0; 32], segment: 1, offset: 0, end: 0, next_commit: frame }
    }

    fn window(frame: u64, changes: &BTreeMap<u16, Option<u8>>) -> Window {
        let writes = changes.iter().map(|(number, value)| {
            (record_key(&number.to_be_bytes()).into(), value.map(|value| Bytes::from(vec![value; 300])))
        });
        Window { writes: writes.collect(), mark: Some(mark(frame)), ..Window::default() }
    }

    fn any_changes() -> impl Strategy<Value = BTreeMap<u16, Option<u8>>> {
        proptest::collection::btree_map(0..200_u16, proptest::option::weighted(0.7, any::<u8>()), 1..150)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn a_window_that_went_in_by_half_before_a_crash_goes_in_again_to_the_same_end(
            first in any_changes(), second in any_changes(), third in any_changes(), half in 0..150_usize,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let state = State::open(dir.path(), 1 << 20).unwrap();
            state.apply(&window(1, &first)).unwrap();
            // Of the second and third frame together only a part went in, and no mark.
            let both: BTreeMap<u16, Option<u8>> = second.clone().into_iter().chain(third.clone()).collect();
            let part = both.into_iter().take(half).collect();
            state.apply(&window(1, &part)).unwrap();
            drop(state);
            let state = State::open(dir.path(), 1 << 20).unwrap();
            prop_assert_eq!(state.mark().unwrap(), Some(mark(1)));
            state.apply(&window(2, &second)).unwrap();
            state.apply(&window(3, &third)).unwrap();
            let mut expected: BTreeMap<Vec<u8>, Bytes> = BTreeMap::new();
            for (number, value) in first.into_iter().chain(second).chain(third) {
                let key = record_key(&number.to_be_bytes());
                match value {
                    Some(value) => drop(expected.insert(key, vec![value; 300].into())),
                    None => drop(expected.remove(&key)),
                }
            }
            for (key, value) in &expected {
                prop_assert_eq!(state.read(key).unwrap(), Some(value.clone()));
            }
            let found: Vec<Pair> = state.everything().unwrap().collect::<Result<_, _>>().unwrap();
            let expected: Vec<Pair> = expected.into_iter().map(|(key, value)| (key.into(), value)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn what_was_read_before_a_window_is_not_told_again_after_it(
            windows in proptest::collection::vec((any_changes(), 0..200_u16, 0..200_u16), 1..12),
        ) {
            let dir = tempfile::tempdir().unwrap();
            let state = State::open(dir.path(), 1 << 20).unwrap();
            let mut expected: BTreeMap<Bytes, Bytes> = BTreeMap::new();
            for (frame, (changes, one, other)) in (1..).zip(windows) {
                state.apply(&window(frame, &changes)).unwrap();
                for (number, value) in changes {
                    let key = record_key(&number.to_be_bytes()).into();
                    match value {
                        Some(value) => drop(expected.insert(key, vec![value; 300].into())),
                        None => drop(expected.remove(&key)),
                    }
                }
                for number in 0..200_u16 {
                    let key = record_key(&number.to_be_bytes());
                    prop_assert_eq!(state.read(&key).unwrap(), expected.get(&key[..]).cloned());
                }
                let [from, to] = [one.min(other), one.max(other)].map(|number| record_key(&number.to_be_bytes()));
                let found = state.range((Bound::Included(from.clone()), Bound::Excluded(to.clone()))).unwrap();
                let found: Vec<Pair> = found.collect::<Result<_, _>>().unwrap();
                let within = expected.range::<[u8], _>((Bound::Included(&from[..]), Bound::Excluded(&to[..])));
                let within: Vec<Pair> = within.map(|(key, value)| (key.clone(), value.clone())).collect();
                prop_assert_eq!(&found, &within);
                let back = state.range_back((Bound::Included(from.clone()), Bound::Excluded(to.clone())));
                let mut back: Vec<Pair> = back.collect::<Result<_, _>>().unwrap();
                back.reverse();
                prop_assert_eq!(back, within);
            }
        }
    }

    #[test]
    fn whoever_reads_while_a_window_goes_in_leaves_nothing_old_behind() {
        let dir = tempfile::tempdir().unwrap();
        let state = State::open(dir.path(), 1 << 20).unwrap();
        let key = |number: u16| record_key(&number.to_be_bytes());
        std::thread::scope(|scope| {
            let (going_on, ended) = std::sync::mpsc::channel::<()>();
            scope.spawn({
                let state = &state;
                move || {
                    // Until the other side is dropped, also by a panic.
                    for number in (0..200).cycle().step_by(7) {
                        state.read(&key(number)).unwrap();
                        if ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Disconnected) {
                            return;
                        }
                    }
                }
            });
            let _going_on = going_on;
            for frame in 1..=60_u8 {
                let changes = (0..200).filter(|number| number % 3 != u16::from(frame) % 3);
                let changes = changes.map(|number| (number, (number % 5 != u16::from(frame) % 5).then_some(frame)));
                let changes: BTreeMap<u16, Option<u8>> = changes.collect();
                state.apply(&window(frame.into(), &changes)).unwrap();
                for (number, value) in changes {
                    let expected = value.map(|value| Bytes::from(vec![value; 300]));
                    assert_eq!(state.read(&key(number)).unwrap(), expected, "record {number} behind frame {frame}");
                }
            }
        });
    }
}
