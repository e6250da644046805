//! Reads the journal frame by frame, and tells a torn tail from damage.
//!
//! Every frame is durable before the next one is written. So a bad frame with nothing behind it is a write that was
//! interrupted, and nobody has an answer from it; a bad frame with anything behind it is damage.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::body::{self, Location};
use super::erase;
use super::frame::{self, Commit, HEADER_BYTES, Hash, Header, MAGIC, StoreId};
use super::segment::{self, ADVICE, SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::store::Fault;

/// How much of a damaged segment is searched at a time for frames behind the damage, in bytes.
const SEARCH_BYTES: usize = 1 << 20;

/// The next frame to read: where it begins and what it must follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub segment: u64,
    pub offset: u64,
    pub frame: u64,
    pub commit: u64,
    pub before: Hash,
}

#[derive(Debug)]
pub(super) enum Step {
    Frame(Frame),
    /// The last frame was never finished: whatever stands in `file` from `offset` on.
    Torn {
        file: PathBuf,
        offset: u64,
        found: String,
    },
    End,
}

#[derive(Debug)]
pub(super) struct Frame {
    pub header: Header,
    pub hash: Hash,
    pub commits: Vec<Commit>,
    pub segment: u64,
    pub offset: u64,
}

impl Frame {
    /// The place of every body in the frame, by commit, in the table's order.
    pub fn locations(&self) -> Vec<Vec<Location>> {
        let mut offset = self.offset + HEADER_BYTES as u64 + self.header.table_bytes;
        let mut place = |line: &frame::BodyLine| {
            let at = offset;
            offset += line.stored_bytes;
            let (stored_bytes, bytes, hash) = (line.stored_bytes, line.bytes, line.hash);
            Location { segment: self.segment, offset: at, stored_bytes, bytes, hash }
        };
        self.commits.iter().map(|commit| commit.bodies.iter().map(&mut place).collect()).collect()
    }

    pub fn end(&self) -> u64 {
        self.offset + self.header.frame_bytes()
    }
}

pub(super) struct Walk {
    journal: PathBuf,
    store: StoreId,
    segments: Vec<u64>,
    file: File,
    place: Place,
}

impl Walk {
    /// Starts at the journal's first frame.
    pub fn from_start(journal: &Path, segments: Vec<u64>) -> Result<Self, Fault> {
        let (file, header) = segment::read_header(journal, segments[0])?;
        if header.first_frame != 1 || header.before != segment::first_hash(&header.store) {
            let found = format!("the journal begins with frame {} instead of 1", header.first_frame);
            return Err(Fault::Corrupt { file: segment::path(journal, segments[0]), offset: 0, found, advice: ADVICE });
        }
        let offset = SEGMENT_HEADER_BYTES as u64;
        let place = Place { segment: segments[0], offset, frame: 1, commit: 1, before: header.before };
        Ok(Self { journal: journal.to_owned(), store: header.store, segments, file, place })
    }

    /// Starts at a place that an earlier walk or append came to. The caller has checked the frame before it.
    pub fn from_place(journal: &Path, segments: Vec<u64>, place: Place) -> Result<Self, Fault> {
        let (file, header) = segment::read_header(journal, place.segment)?;
        Ok(Self { journal: journal.to_owned(), store: header.store, segments, file, place })
    }

    /// The header of the frame at `offset` with its hash, if a whole and sound one stands there.
    pub fn header_at(journal: &Path, segment: u64, offset: u64) -> Result<Option<(Header, Hash)>, Fault> {
        let (file, header) = segment::read_header(journal, segment)?;
        let mut bytes = [0; HEADER_BYTES];
        let read = file.read_exact_at(&mut bytes, offset).is_ok();
        let found = Header::decode(&bytes, &header.store).ok().filter(|_| read);
        Ok(found.map(|header| (header, frame::hash(&bytes))))
    }

    pub fn store(&self) -> StoreId {
        self.store
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The next frame; with `bodies`, every body in it has been read and checked.
    pub fn step(&mut self, bodies: bool) -> Result<Step, Fault> {
        loop {
            let file_bytes = self.file_bytes()?;
            if self.place.offset < file_bytes {
                return self.frame(file_bytes, bodies);
            }
            if self.place.offset > file_bytes {
                return Err(self.corrupt(format!("the segment ends early, with {file_bytes} bytes")));
            }
            if !self.enter_next_segment()? {
                return Ok(Step::End);
            }
        }
    }

    fn frame(&mut self, file_bytes: u64, bodies: bool) -> Result<Step, Fault> {
        let offset = self.place.offset;
        let header = match self.header(offset, file_bytes)? {
            Ok(header) => header,
            Err(found) => {
                let torn = self.may_be_torn() && self.frame_behind(offset, file_bytes)?.is_none();
                return self.torn_or_corrupt(torn, found);
            }
        };
        let (header, hash) = header;
        if header.number != self.place.frame || header.first_commit != self.place.commit {
            let (number, commit) = (header.number, header.first_commit);
            let (frame, next) = (self.place.frame, self.place.commit);
            let found = format!("frame {number} of commit {commit} stands where frame {frame} of {next} should");
            return Err(self.corrupt(found));
        }
        if header.before != self.place.before {
            return Err(self.corrupt(format!("frame {} does not continue the chain of hashes", header.number)));
        }
        let end = offset.saturating_add(header.frame_bytes());
        let torn = self.may_be_torn() && end >= file_bytes;
        if end > file_bytes {
            return self.torn_or_corrupt(torn, format!("frame {} is cut short", header.number));
        }
        let mut table = vec![0; header.table_bytes as usize];
        self.read(&mut table, offset + HEADER_BYTES as u64)?;
        let commits = match frame::decode_table(&header, &table, &self.store) {
            Ok(table) => table.commits,
            Err(found) => return self.torn_or_corrupt(torn, found),
        };
        let frame = Frame { header, hash, commits, segment: self.place.segment, offset };
        if bodies {
            for location in frame.locations().iter().flatten() {
                if let Err(found) = body::check(&self.file, location) {
                    return self.torn_or_corrupt(torn, format!("{found} in frame {}", frame.header.number));
                }
            }
        }
        let commit = self.place.commit + u64::from(frame.header.commits);
        self.place =
            Place { segment: frame.segment, offset: end, frame: self.place.frame + 1, commit, before: frame.hash };
        Ok(Step::Frame(frame))
    }

    fn header(&self, offset: u64, file_bytes: u64) -> Result<Result<(Header, Hash), String>, Fault> {
        if file_bytes - offset < HEADER_BYTES as u64 {
            return Ok(Err("the header of a frame is cut short".into()));
        }
        let mut bytes = [0; HEADER_BYTES];
        self.read(&mut bytes, offset)?;
        Ok(Header::decode(&bytes, &self.store).map(|header| (header, frame::hash(&bytes))))
    }

    /// Where the first sound header of a later frame stands behind `offset`, if there is one.
    fn frame_behind(&self, offset: u64, file_bytes: u64) -> Result<Option<(u64, Header)>, Fault> {
        let mut at = offset + 1;
        while file_bytes.saturating_sub(at) >= HEADER_BYTES as u64 {
            let mut window = vec![0; SEARCH_BYTES.min((file_bytes - at) as usize)];
            self.read(&mut window, at)?;
            for (skipped, bytes) in window.windows(HEADER_BYTES).enumerate() {
                if bytes[..4] != MAGIC {
                    continue;
                }
                let bytes = bytes.try_into().expect("a window has the length of a header");
                match Header::decode(bytes, &self.store) {
                    Ok(header) if header.number > self.place.frame => return Ok(Some((at + skipped as u64, header))),
                    _ => {}
                }
            }
            at += (window.len() - HEADER_BYTES + 1) as u64;
        }
        Ok(None)
    }

    /// After a fault: goes on at the next frame whose header is sound, in this segment or a later one. Returns
    /// whether there is one. For those who want to hear of all damage; the chain is not checked across the gap.
    pub fn step_over_damage(&mut self) -> Result<bool, Fault> {
        let file_bytes = self.file_bytes()?;
        if let Some((offset, header)) = self.frame_behind(self.place.offset, file_bytes)? {
            let Header { number, first_commit, before, .. } = header;
            self.place = Place { segment: self.place.segment, offset, frame: number, commit: first_commit, before };
            return Ok(true);
        }
        let offset = SEGMENT_HEADER_BYTES as u64;
        for segment in self.segments.clone().into_iter().filter(|first_frame| *first_frame > self.place.segment) {
            let Ok((file, _)) = segment::read_header(&self.journal, segment) else { continue };
            let Ok(Some((header, _))) = Self::header_at(&self.journal, segment, offset) else { continue };
            self.file = file;
            let Header { number, first_commit, before, .. } = header;
            self.place = Place { segment, offset, frame: number, commit: first_commit, before };
            return Ok(true);
        }
        Ok(false)
    }

    /// Checks a body of the frame that was just read.
    pub fn check_body(&self, place: &Location) -> Result<(), String> {
        body::check(&self.file, place)
    }

    /// Whether nothing but zeros stands where a body of the frame that was just read should.
    pub fn is_erased(&self, place: &Location) -> bool {
        erase::is_erased(&self.file, place).unwrap_or(false)
    }

    /// Whether the frame that was just read is the journal's last.
    pub fn is_at_end(&self) -> bool {
        self.may_be_torn() && self.file_bytes().is_ok_and(|bytes| bytes == self.place.offset)
    }

    fn enter_next_segment(&mut self) -> Result<bool, Fault> {
        let Some(&next) = self.segments.iter().find(|first_frame| **first_frame > self.place.segment) else {
            return Ok(false);
        };
        let (file, SegmentHeader { before, store, .. }) = segment::read_header(&self.journal, next)?;
        if next != self.place.frame || before != self.place.before || store != self.store {
            return Err(self.corrupt(format!(
                "the journal ends with frame {}, and the next segment begins with frame {next} of another chain",
                self.place.frame - 1
            )));
        }
        self.file = file;
        self.place.segment = next;
        self.place.offset = SEGMENT_HEADER_BYTES as u64;
        Ok(true)
    }

    /// Only the last segment can end in a torn frame; what stands before it was flushed before it was begun.
    pub fn may_be_torn(&self) -> bool {
        self.segments.last() == Some(&self.place.segment)
    }

    pub fn path(&self) -> PathBuf {
        segment::path(&self.journal, self.place.segment)
    }

    fn file_bytes(&self) -> Result<u64, Fault> {
        Ok(self.file.metadata().map_err(Fault::io("read the journal segment", &self.path()))?.len())
    }

    fn read(&self, buffer: &mut [u8], offset: u64) -> Result<(), Fault> {
        self.file.read_exact_at(buffer, offset).map_err(Fault::io("read the journal segment", &self.path()))
    }

    fn torn_or_corrupt(&self, torn: bool, found: String) -> Result<Step, Fault> {
        match torn {
            true => Ok(Step::Torn { file: self.path(), offset: self.place.offset, found }),
            false => Err(self.corrupt(found)),
        }
    }

    fn corrupt(&self, found: String) -> Fault {
        Fault::Corrupt { file: self.path(), offset: self.place.offset, found, advice: ADVICE }
    }
}
