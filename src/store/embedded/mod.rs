//! The store of one machine: a journal, and sled behind it.
//!
//! The journal says what happened: every batch is in it, checksummed and chained, before anybody is told. Sled says
//! what is now so: it is fed from the journal, and can be thrown away and made again from it at any time, which is why
//! no segment is ever dropped in this version (that would need a snapshot to start from). Bodies that were let go are
//! erased where they stand; see erase.rs.
//!
//! | Thread | Does |
//! |---|---|
//! | whoever submits | compresses and hashes the bodies, joins the queue |
//! | whoever reads | looks into memory, then sled, and the journal's files for bodies; waits for no flush and no writer |
//! | `store-commit` | checks, appends, flushes, makes visible, completes: one group after the other |
//! | `store-apply` | brings what is visible into sled, a window at a time; flushes sled now and then, so that a start is short |

mod block;
mod body;
mod committer;
mod directory;
mod erase;
mod frame;
mod journal;
mod live;
mod paced;
mod proof;
mod prove;
mod recent;
mod recover;
mod segment;
mod state;
mod tree;
mod verify;
mod walk;
mod window;

use std::path::Path;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;

use super::range::Way;
use super::{Completion, Fault, Page, Store, Trouble, assert_well_formed, let_go_key};
use crate::record::{Batch, Entry, Key, KeyRange, Packed, Version};
use body::{Location, Segments};
use committer::{Committer, Prepared, Queue};
use directory::Directory;
use journal::Journal;
use live::Live;
use prove::Landmarks;
use recover::{Recovered, recover};
use state::State;

pub use erase::{ClosedSegments, Erased};
pub use proof::{Head, Proof, Proved};
pub use prove::{Unproved, Until};
pub use verify::{Problem, Progress, Report, rebuild, verify};

/// A group of commits that takes so long hangs: the disk does not answer.
const HANGS_AFTER: Duration = Duration::from_secs(10);

/// What is not in sled after so long is told of; a window goes in within seconds.
const BEHIND_AFTER: Duration = Duration::from_secs(60);

#[derive(Debug, Clone)]
pub struct Options {
    /// A segment that has reached this size, in bytes, is followed by a new one. A frame is never split.
    pub segment_bytes_max: u64,
    /// How much of its tree sled may keep in memory, in bytes.
    pub cache_bytes: u64,
    /// Memory that commits take, in bytes, about, until they are brought into sled together. The more it is, the less
    /// sled has to write for each of them, and the more a start after a crash has to do again.
    pub window_bytes: usize,
    /// Batches that may wait for the committer; one more is told [`Fault::Busy`].
    pub queue_batches_max: usize,
    /// What they may weigh together, in bytes with bodies compressed; an empty queue takes a batch of any size.
    pub queue_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes_max: 256 << 20,
            cache_bytes: 64 << 20,
            window_bytes: 32 << 20,
            queue_batches_max: 16 << 10,
            queue_bytes_max: 256 << 20,
        }
    }
}

pub struct Embedded {
    queue: Arc<Queue>,
    live: Arc<Live>,
    directory: Arc<Directory>,
    segments: Segments,
    landmarks: Landmarks,
    committing: Option<JoinHandle<()>>,
    applying: Option<JoinHandle<()>>,
}

impl Embedded {
    /// Opens the store in `dir`, or makes one there, and brings it to the end of its journal.
    pub fn open(dir: &Path, options: Options) -> Result<Self, Fault> {
        Self::recovered(Directory::open(dir)?, &options)
    }

    /// The same where there must be a store in `dir` already; where there is none, nothing is made.
    pub fn open_existing(dir: &Path, options: Options) -> Result<Self, Fault> {
        Self::recovered(Directory::open_existing(dir)?, &options)
    }

    fn recovered(directory: Directory, options: &Options) -> Result<Self, Fault> {
        let directory = Arc::new(directory);
        let Recovered { state, journal } = recover(&directory, options)?;
        Self::start(directory, state, journal, options)
    }

    fn start(directory: Arc<Directory>, state: State, journal: Journal, options: &Options) -> Result<Self, Fault> {
        let live = Arc::new(Live::new(state, options.window_bytes));
        let queue = Arc::new(Queue::new(options.queue_batches_max, options.queue_bytes_max));
        let committer = Committer { queue: queue.clone(), journal, live: live.clone(), _directory: directory.clone() };
        let segments = Segments::new(directory.journal());
        let landmarks = Landmarks::default();
        let mut store = Self { queue, live, directory, segments, landmarks, committing: None, applying: None };
        let (live, queue, directory) = (store.live.clone(), store.queue.clone(), store.directory.clone());
        store.applying = Some(spawn("store-apply", move || apply(&live, &queue, &directory))?);
        store.committing = Some(spawn("store-commit", move || committer.run())?);
        Ok(store)
    }
}

impl Embedded {
    /// A body as it stands in the journal, and where that is.
    fn kept(&self, key: &Key) -> Result<Option<(Location, Packed)>, Fault> {
        let kept = self.look_for(key);
        match &kept {
            Err(fault @ Fault::Unread { .. }) => self.segments.failed(fault),
            Ok(Some(_)) => self.segments.read(),
            _ => {}
        }
        kept
    }

    fn look_for(&self, key: &Key) -> Result<Option<(Location, Packed)>, Fault> {
        let Some(place) = self.live.location(key.as_bytes())? else { return Ok(None) };
        let file = self.segments.open(place.segment)?;
        let path = segment::path(&self.segments.journal, place.segment);
        match body::read(&file, &place).map_err(Fault::unread(&path))? {
            // A sound body does not begin with zeros, so hardly ever more than its first byte is looked at.
            Some(packed) if packed.stored().iter().all(|byte| *byte == 0) => match self.get(&let_go_key(key))? {
                Some(_) => Ok(None),
                None => Err(self.corrupt(&place, "a body is gone, and nobody let it go".into())),
            },
            Some(packed) => Ok(Some((place, packed))),
            None => Err(self.corrupt(&place, "a body is cut short".into())),
        }
    }

    fn corrupt(&self, place: &Location, found: String) -> Fault {
        let file = segment::path(&self.segments.journal, place.segment);
        let fault = Fault::Corrupt { file, offset: place.offset, found, advice: segment::ADVICE };
        self.segments.harmed(place, &fault);
        fault
    }
}

impl Store for Embedded {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        self.live.get(key.as_bytes())
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.live.page(Way::Onward, range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.live.page(Way::Back, range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, Fault> {
        Ok(self.kept(key)?.map(|(_, packed)| packed))
    }

    fn body(&self, key: &Key) -> Result<Option<Bytes>, Fault> {
        let Some((place, packed)) = self.kept(key)? else { return Ok(None) };
        packed.unpack().map(Some).map_err(|damaged| self.corrupt(&place, damaged.to_string()))
    }

    fn head_of(&self, commit: Version) -> Result<Option<Head>, Fault> {
        self.head_at(commit)
    }

    fn stopped(&self) -> Option<Fault> {
        self.queue.stopped().map(|fault| (*fault).clone())
    }

    fn trouble(&self) -> Option<Trouble> {
        let behind = || self.live.behind().filter(|behind| *behind >= BEHIND_AFTER).map(Trouble::Behind);
        let hangs = self.hangs().map(Trouble::Hangs);
        hangs.or_else(behind).or_else(|| self.segments.trouble())
    }

    fn hangs(&self) -> Option<Duration> {
        self.queue.at_work().filter(|at_work| *at_work >= HANGS_AFTER)
    }

    fn submit(&self, batch: Batch, done: Completion) {
        assert_well_formed(&batch);
        self.queue.push(Prepared::new(batch), done);
    }
}

impl Drop for Embedded {
    /// Commits what waits, flushes sled, and leaves the folder to the next.
    fn drop(&mut self) {
        self.queue.close();
        let committing = self.committing.take();
        if committing.as_ref().is_some_and(|committer| committer.thread().id() == thread::current().id()) {
            tracing::warn!(
                "the store was dropped by a completion: it closes by itself, the next start applies the rest"
            );
            return;
        }
        join(committing);
        self.live.close();
        join(self.applying.take());
        if self.queue.stopped().is_some() {
            return;
        }
        if let Err(fault) = self.live.checkpoint().and_then(|()| self.directory.end_running()) {
            tracing::error!(?fault, "the store was not closed cleanly; the next start will see to it");
        }
    }
}

/// Brings commits into sled until the store is closed. Where sled fails the next start makes it anew.
fn apply(live: &Live, queue: &Queue, directory: &Directory) {
    if let Err(fault) = live.keep_applying() {
        if let Err(fault) = directory.distrust_sled() {
            tracing::error!(?fault, "could not note that sled has failed");
        }
        queue.stop(fault);
    }
}

fn join(thread: Option<JoinHandle<()>>) {
    if thread.is_some_and(|thread| thread.join().is_err()) {
        tracing::error!("a thread of the store panicked");
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, Fault> {
    thread::Builder::new().name(name.into()).spawn(work).map_err(Fault::io("start the thread", Path::new(name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Outcome, Space};

    fn put(name: &str) -> Batch {
        let mut batch = Batch::default();
        batch.put(Key::new(Space(1)).text(name), name.to_owned());
        batch
    }

    /// An open store whose journal can write nothing more.
    fn on_a_full_disk(dir: &Path) -> Embedded {
        let directory = Arc::new(Directory::open(dir).unwrap());
        let Recovered { state, mut journal } = recover(&directory, &Options::default()).unwrap();
        journal.fill_the_disk();
        Embedded::start(directory, state, journal, &Options::default()).unwrap()
    }

    #[test]
    fn a_body_that_could_not_be_read_is_said_to_be_so_until_one_is_read() {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(dir.path(), Options::default()).unwrap();
        let key = Key::new(Space(1)).text("body");
        let mut batch = Batch::default();
        batch.body(key.clone(), b"<document/>");
        store.commit(batch).unwrap();
        let (segment, away) = (segment::path(&dir.path().join("journal"), 1), dir.path().join("away"));
        std::fs::rename(&segment, &away).unwrap();
        assert!(store.body(&key).unwrap_err().is_unread());
        assert!(matches!(store.trouble(), Some(Trouble::Unread(_))));
        assert_eq!((store.body(&Key::new(Space(2))).unwrap(), store.trouble().is_some()), (None, true));
        std::fs::rename(&away, &segment).unwrap();
        assert!(store.body(&key).unwrap().is_some() && store.trouble().is_none());
    }

    #[test]
    fn how_long_a_commit_takes_and_what_is_not_in_sled_are_known_while_that_is_so() {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(dir.path(), Options::default()).unwrap();
        assert_eq!((store.queue.at_work(), store.live.behind()), (None, None));
        let ((began, has_begun), (let_go, lets_go)) = (std::sync::mpsc::channel(), std::sync::mpsc::channel::<()>());
        let hangs = move |_| {
            began.send(()).unwrap();
            lets_go.recv().unwrap();
        };
        store.submit(put("slow"), Box::new(hangs));
        has_begun.recv().unwrap();
        let before = store.queue.at_work().unwrap();
        thread::sleep(Duration::from_millis(5));
        assert!(store.queue.at_work().unwrap() >= before + Duration::from_millis(5));
        assert!(store.live.behind().is_some() && store.hangs().is_none() && store.trouble().is_none());
        let_go.send(()).unwrap();
        while store.queue.at_work().is_some() || store.live.behind().is_some() {
            thread::sleep(Duration::from_millis(5));
        }
    }

    #[test]
    fn after_a_write_that_failed_nothing_is_acknowledged_until_the_store_is_opened_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Embedded::open(dir.path(), Options::default()).unwrap();
        assert_eq!(store.commit(put("before")).unwrap(), Outcome::Committed(1));
        drop(store);
        let store = on_a_full_disk(dir.path());
        let fault = store.commit(put("lost")).unwrap_err();
        assert!(matches!(&fault, Fault::Io { doing: "append to the journal segment", .. }), "{fault}");
        assert_eq!(store.stopped().map(|fault| fault.to_string()), Some(fault.to_string()));
        assert!(matches!(store.commit(put("after")).unwrap_err(), Fault::Stopped { .. }));
        assert!(store.get(&Key::new(Space(1)).text("before")).unwrap().is_some());
        assert_eq!(store.get(&Key::new(Space(1)).text("lost")).unwrap(), None);
        drop(store);
        let store = Embedded::open(dir.path(), Options::default()).unwrap();
        assert_eq!(store.commit(put("after")).unwrap(), Outcome::Committed(2));
    }
}
