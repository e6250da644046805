//! Bodies, read back straight from their place in the journal.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use super::segment;
use crate::record::{Hash, Packed};
use crate::store::{Fault, Trouble};

/// Segments that are kept open for reading bodies; beyond this all are closed and opened again as needed. It keeps
/// the process far below the usual limit of 1024 open files.
const SEGMENTS_OPEN_MAX: usize = 128;

/// Where a body stands; kept in sled under the body's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Location {
    /// The first frame of its segment, which names the file.
    pub segment: u64,
    pub offset: u64,
    pub stored_bytes: u64,
    pub bytes: u64,
    pub hash: Hash,
}

/// Reads a body as it stands there; `None` where the file ends within it.
pub(super) fn read(file: &File, place: &Location) -> io::Result<Option<Packed>> {
    let mut stored = vec![0; place.stored_bytes as usize];
    match file.read_exact_at(&mut stored, place.offset) {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    Ok(Some(Packed::again(stored.into(), place.bytes, place.hash)))
}

/// Checks a body without holding it in memory.
pub(super) fn check(file: &File, place: &Location) -> Result<(), String> {
    let stored = Section { file, at: place.offset, end: place.offset.saturating_add(place.stored_bytes) };
    let mut hasher = blake3::Hasher::new();
    let unpacked = Packed::decoder(BufReader::new(stored))
        .and_then(|decoder| io::copy(&mut decoder.take(place.bytes.saturating_add(1)), &mut hasher));
    match unpacked {
        Err(_) => Err("a body cannot be unpacked".into()),
        Ok(bytes) if bytes == place.bytes && *hasher.finalize().as_bytes() == place.hash => Ok(()),
        Ok(_) => Err("the checksum of a body does not match".into()),
    }
}

/// A part of a file as a reader, without a position that others share.
struct Section<'a> {
    file: &'a File,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..room], self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

/// The journal's files, open for reading bodies.
pub(super) struct Segments {
    pub journal: PathBuf,
    open: RwLock<HashMap<u64, Arc<File>>>,
    /// Why a body could not be read when that was last tried.
    trouble: Mutex<Option<Fault>>,
    /// What was found first that is not as it was written, and what is the matter with it.
    harm: Mutex<Option<(Location, Fault)>>,
    /// Whether there is some trouble: readers do not queue for the lock while all is well.
    in_trouble: AtomicBool,
}

impl Segments {
    pub fn new(journal: PathBuf) -> Self {
        let (open, trouble, harm) = (RwLock::default(), Mutex::default(), Mutex::default());
        Self { journal, open, trouble, harm, in_trouble: AtomicBool::new(false) }
    }

    pub fn failed(&self, fault: &Fault) {
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if trouble.is_none() {
            tracing::error!(?fault, "a body cannot be read; it is tried again whenever it is asked for");
        }
        *trouble = Some(fault.clone());
        self.in_trouble.store(true, Ordering::Relaxed);
    }

    pub fn read(&self) {
        if self.in_trouble.load(Ordering::Relaxed) && self.in_trouble.swap(false, Ordering::Relaxed) {
            *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = None;
            tracing::info!("bodies can be read again");
        }
    }

    pub fn harmed(&self, place: &Location, fault: &Fault) {
        let mut harm = self.harm.lock().unwrap_or_else(PoisonError::into_inner);
        harm.get_or_insert_with(|| (place.clone(), fault.clone()));
        self.forget(place.segment);
    }

    /// Opens a segment's file anew when it is read next: another one may be put in its place.
    fn forget(&self, segment: u64) {
        self.open.write().unwrap_or_else(PoisonError::into_inner).remove(&segment);
    }

    /// What is the matter, looked at once more where something has come to harm: an operator may have put it back.
    pub fn trouble(&self) -> Option<Trouble> {
        let mut harm = self.harm.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((place, _)) = &*harm
            && File::open(segment::path(&self.journal, place.segment)).is_ok_and(|file| check(&file, place).is_ok())
        {
            tracing::info!("what had come to harm is as it was written again");
            self.forget(place.segment);
            *harm = None;
        }
        let unread = || self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        harm.as_ref().map(|(_, fault)| Trouble::Harmed(fault.clone())).or_else(|| unread().map(Trouble::Unread))
    }

    pub fn open(&self, first_frame: u64) -> Result<Arc<File>, Fault> {
        if let Some(file) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(&first_frame) {
            return Ok(file.clone());
        }
        let path = segment::path(&self.journal, first_frame);
        let file = Arc::new(File::open(&path).map_err(Fault::unread(&path))?);
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= SEGMENTS_OPEN_MAX {
            open.clear();
        }
        open.insert(first_frame, file.clone());
        Ok(file)
    }
}
