//! What we know: records, and where bodies stand, in one sled tree together with the last frame that is in it.
//!
//! Frames go in whole, in one sled `Batch`, which is atomic within a tree, so sled always stands exactly behind some
//! frame. It may be behind the journal, never ahead of it. sled 0.34.7 has edges (see dependencies.md): its `flush` is
//! no fsync, so [`State::checkpoint`] adds one of our own; an interrupted snapshot looks like corruption, so it is
//! deleted before every open; some damage makes it panic, so opening catches that.

use std::fs::{self, File};
use std::io;
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::body::Location;
use super::frame::{Hash, Write};
use super::walk::{Frame, Place};
use crate::record::{Entry, Key, Version};
use crate::store::Fault;

/// The form in which sled holds things; another one is made anew from the journal.
const FORMAT: u32 = 1;

const MARK: &[u8] = &[0];
const RECORDS: u8 = 1;
const BODIES: u8 = 2;

/// The last frame that is in sled. Kept in sled, written by the same batch as the frame's changes.
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
}

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
        Ok(Self { dir: dir.to_owned(), tree: opened.map_err(Fault::sled("open sled"))? })
    }

    /// The last frame that sled knows, `None` when it is new. A mark of another format is a fault.
    pub fn mark(&self) -> Result<Option<Mark>, Fault> {
        let Some(bytes) = self.read(MARK)? else {
            return match self.tree.is_empty() {
                true => Ok(None),
                false => Err(unreadable("sled holds records, but no mark")),
            };
        };
        match postcard::from_bytes::<Mark>(&bytes) {
            Ok(mark) if mark.format == FORMAT => Ok(Some(mark)),
            _ => Err(unreadable("sled's mark is of another format")),
        }
    }

    /// Applies frames that follow each other, all or none of them.
    pub fn apply(&self, frames: &[Flat]) -> Result<(), Fault> {
        let Some(last) = frames.last() else { return Ok(()) };
        let mut batch = sled::Batch::default();
        for (key, value) in frames.iter().flat_map(|flat| &flat.writes) {
            match value {
                Some(value) => batch.insert(&key[..], &value[..]),
                None => batch.remove(&key[..]),
            }
        }
        batch.insert(MARK, to_bytes(&last.mark));
        self.tree.apply_batch(batch).map_err(Fault::sled("apply frames to sled"))
    }

    /// What stands under one of sled's keys.
    pub fn read(&self, key: &[u8]) -> Result<Option<Bytes>, Fault> {
        let found = self.tree.get(key).map_err(Fault::sled("read from sled"))?;
        Ok(found.map(|stored| Bytes::copy_from_slice(&stored)))
    }

    /// What stands between two of sled's keys.
    pub fn range(
        &self,
        bounds: (Bound<Vec<u8>>, Bound<Vec<u8>>),
    ) -> impl Iterator<Item = Result<(Bytes, Bytes), Fault>> {
        self.tree.range::<Vec<u8>, _>(bounds).map(|found| {
            let (key, stored) = found.map_err(Fault::sled("read a page from sled"))?;
            Ok((Bytes::copy_from_slice(&key), Bytes::copy_from_slice(&stored)))
        })
    }

    /// Everything that sled holds, in key order, as it holds it; the mark comes first.
    pub fn everything(&self) -> impl Iterator<Item = Result<(sled::IVec, sled::IVec), Fault>> {
        self.tree.iter().map(|pair| pair.map_err(Fault::sled("read through sled")))
    }

    /// How many records there are, and how many bodies.
    pub fn count(&self) -> Result<(u64, u64), Fault> {
        let (mut records, mut bodies) = (0, 0);
        for pair in self.everything() {
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
            _ if key == MARK => "the mark of the last frame".into(),
            _ => format!("the unknown key {}", key.escape_ascii()),
        }
    }

    /// Waits until everything applied so far is on disk. May run beside reads and [`State::apply`].
    pub fn checkpoint(&self) -> Result<(), Fault> {
        self.tree.flush().map_err(Fault::sled("flush sled"))?;
        sync_all_under(&self.dir).map_err(Fault::io("flush sled's files in", &self.dir))
    }
}

/// A frame as sled takes it: its keys and values, with the places of its bodies, in the order of its commits.
pub(super) struct Flat {
    mark: Mark,
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

    pub fn frame(&self) -> u64 {
        self.mark.frame
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
