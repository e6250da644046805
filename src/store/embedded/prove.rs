//! Finds a commit in the journal by the headers alone, and makes proofs of what it wrote.
//!
//! Nothing is kept for this while documents come in: where a commit stands is looked for when somebody asks. A segment's
//! first header says with which commit it begins; from there headers are followed one by one, and a landmark is left in
//! memory now and then, so that the next one who asks has a short way.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Embedded;
use super::frame::{self, Commit, HEADER_BYTES, Hash, Header, StoreId, Write};
use super::proof::{Head, Proof};
use super::segment::{self, ADVICE, SEGMENT_HEADER_BYTES};
use super::tree;
use crate::record::{Key, Version};
use crate::store::Fault;

/// Bytes of journal between two landmarks: some hundred small frames, which take a fraction of a millisecond to follow.
const LANDMARK_BYTES: u64 = 256 << 10;

/// How far a proof goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// The frame that holds the record.
    Own,
    Frame(u64),
    /// The journal's last frame.
    Last,
}

/// Why there is no proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unproved {
    #[error("the journal has no such record")]
    NoRecord,
    #[error("an older version wrote its frame: nothing in it can be proved without showing all that is in it")]
    OlderFormat,
    #[error("there is no frame {0} behind it")]
    NoFrame(u64),
}

/// Where frames stand, by the first commit of each.
#[derive(Default)]
pub(super) struct Landmarks(Mutex<BTreeMap<Version, (u64, u64)>>);

impl Embedded {
    /// The frame of a commit, which proves everything up to there. `None` where there is no such commit.
    pub(super) fn head_at(&self, commit: Version) -> Result<Option<Head>, Fault> {
        let found = self.frame_of(commit)?;
        Ok(found.map(|(_, found)| Head { frame: found.header.number, hash: found.hash }))
    }

    /// Proves that a commit put a record.
    pub fn prove(&self, commit: Version, key: &Key, until: Until) -> Result<Result<Proof, Unproved>, Fault> {
        let Some((mut headers, found)) = self.frame_of(commit)? else { return Ok(Err(Unproved::NoRecord)) };
        if !found.header.is_hashed_as_a_tree() {
            return Ok(Err(Unproved::OlderFormat));
        }
        let table = headers.table(&found)?;
        let read = frame::decode_table(&found.header, &table, &headers.store).map_err(|what| headers.corrupt(what))?;
        let Some(index) = index_of(&read.commits, (commit - found.header.first_commit) as usize, key) else {
            return Ok(Err(Unproved::NoRecord));
        };
        let path = tree::path(&headers.store, found.header.number, &table, &read.items, index);
        let mut proof = Proof::begin(table[read.items[index].clone()].to_vec(), path, &found.header, &found.seal);
        let mut before = found.hash;
        let last = match until {
            Until::Own => found.header.number,
            Until::Frame(frame) => frame,
            Until::Last => u64::MAX,
        };
        while proof.head().frame < last {
            let Some(next) = headers.next()? else { break };
            if next.header.before != before {
                return Err(
                    headers.corrupt(format!("frame {} does not continue the chain of hashes", next.header.number))
                );
            }
            before = next.hash;
            proof.go_on(&next.header, next.seal);
        }
        let reached = until == Until::Last || proof.head().frame == last;
        Ok(if reached { Ok(proof) } else { Err(Unproved::NoFrame(last)) })
    }

    fn frame_of(&self, commit: Version) -> Result<Option<(Headers, Found)>, Fault> {
        let journal = &self.segments.journal;
        let segments = segment::list_beside_the_committer(journal)?;
        let Some(mut headers) = self.segment_of(commit, segments)? else { return Ok(None) };
        if let Some((_, offset)) = self.landmarks.before(commit).filter(|(segment, _)| *segment == headers.segment) {
            headers.offset = offset;
        }
        let mut left = None;
        while let Some(found) = headers.next()? {
            let Header { first_commit, commits, .. } = found.header;
            if left.is_none_or(|(segment, offset)| segment != found.segment || found.offset - offset >= LANDMARK_BYTES)
            {
                self.landmarks.leave(first_commit, found.segment, found.offset);
                left = Some((found.segment, found.offset));
            }
            if (first_commit..first_commit + u64::from(commits)).contains(&commit) {
                return Ok(Some((headers, found)));
            }
            if first_commit > commit {
                break;
            }
        }
        Ok(None)
    }

    /// The headers of the last segment that does not begin behind a commit.
    fn segment_of(&self, commit: Version, segments: Vec<u64>) -> Result<Option<Headers>, Fault> {
        let (mut from, mut to) = (0, segments.len());
        while to - from > 1 {
            let middle = (from + to) / 2;
            let mut headers =
                Headers::at(&self.segments.journal, segments.clone(), segments[middle], SEGMENT_HEADER_BYTES as u64)?;
            // A segment that has just been begun may be empty.
            match headers.next()? {
                Some(first) if first.header.first_commit <= commit => from = middle,
                _ => to = middle,
            }
        }
        let Some(segment) = segments.get(from).copied() else { return Ok(None) };
        Headers::at(&self.segments.journal, segments, segment, SEGMENT_HEADER_BYTES as u64).map(Some)
    }
}

/// Which item of the table it is that put the record.
fn index_of(commits: &[Commit], nth: usize, key: &Key) -> Option<usize> {
    let puts = |write: &Write| matches!(write, Write::Put(put, _) if put[..] == *key.as_bytes());
    let before: usize = commits[..nth].iter().map(|commit| commit.changes.len() + commit.bodies.len()).sum();
    commits[nth].changes.iter().position(puts).map(|index| before + index)
}

impl Landmarks {
    fn before(&self, commit: Version) -> Option<(u64, u64)> {
        self.lock().range(..=commit).next_back().map(|(_, place)| *place)
    }

    fn leave(&self, first_commit: Version, segment: u64, offset: u64) {
        self.lock().insert(first_commit, (segment, offset));
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Version, (u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Follows the headers of frames, and reads nothing between them.
struct Headers {
    journal: PathBuf,
    segments: Vec<u64>,
    store: StoreId,
    segment: u64,
    file: File,
    /// Of the next header.
    offset: u64,
}

/// A header, and where it stands.
struct Found {
    header: Header,
    seal: [u8; 16],
    hash: Hash,
    segment: u64,
    offset: u64,
}

impl Headers {
    fn at(journal: &Path, segments: Vec<u64>, segment: u64, offset: u64) -> Result<Self, Fault> {
        let (file, header) = segment::read_header(journal, segment)?;
        Ok(Self { journal: journal.to_owned(), segments, store: header.store, segment, file, offset })
    }

    /// The next header; `None` behind the last one. What is just being written may look like either.
    fn next(&mut self) -> Result<Option<Found>, Fault> {
        let bytes = self.file.metadata().map_err(self.reading())?.len();
        if self.offset >= bytes {
            let later = self.segments.iter().copied().find(|first_frame| *first_frame > self.segment);
            let Some(next) = later else { return Ok(None) };
            let segments = std::mem::take(&mut self.segments);
            *self = Self::at(&self.journal, segments, next, SEGMENT_HEADER_BYTES as u64)?;
            return self.next();
        }
        let mut header = [0; HEADER_BYTES];
        let is_last = self.segments.last() == Some(&self.segment);
        let cut = bytes - self.offset < HEADER_BYTES as u64;
        if !cut {
            self.file.read_exact_at(&mut header, self.offset).map_err(self.reading())?;
        }
        match Header::decode(&header, &self.store) {
            Ok(read) => {
                let found = Found {
                    seal: Header::seal_of(&header),
                    hash: frame::hash(&header),
                    segment: self.segment,
                    offset: self.offset,
                    header: read,
                };
                self.offset = self.offset.saturating_add(found.header.frame_bytes());
                Ok(Some(found))
            }
            Err(_) if is_last => Ok(None),
            Err(what) => Err(self.corrupt(what)),
        }
    }

    /// The table of a frame in this segment.
    fn table(&self, found: &Found) -> Result<Vec<u8>, Fault> {
        let mut table = vec![0; found.header.table_bytes as usize];
        self.file.read_exact_at(&mut table, found.offset + HEADER_BYTES as u64).map_err(self.reading())?;
        Ok(table)
    }

    fn corrupt(&self, found: String) -> Fault {
        Fault::Corrupt { file: self.path(), offset: self.offset, found, advice: ADVICE }
    }

    fn reading(&self) -> impl FnOnce(std::io::Error) -> Fault + use<> {
        let path = self.path();
        move |cause| Fault::io("read the journal segment", &path)(cause)
    }

    fn path(&self) -> PathBuf {
        segment::path(&self.journal, self.segment)
    }
}
