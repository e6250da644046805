//! Appends frames to the journal: one write, one flush, and no answer before both are done.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::frame::{self, Commit, FORMAT, HEADER_BYTES, Header, StoreId};
use super::segment::{self, SEGMENT_HEADER_BYTES, SegmentHeader};
use super::tree;
use super::walk::{Frame, Place};
use crate::record::Packed;
use crate::store::Fault;

/// Parts of a frame up to this size are gathered into one write, larger ones are written from where they are.
const GATHER_BYTES_MAX: usize = 256 << 10;

pub(super) struct Journal {
    dir: PathBuf,
    store: StoreId,
    file: File,
    next: Place,
    segment_bytes_max: u64,
}

impl Journal {
    /// Opens the journal where a walk ended; everything behind that place has been cut.
    pub fn open(dir: &Path, store: StoreId, next: Place, segment_bytes_max: u64) -> Result<Self, Fault> {
        let path = segment::path(dir, next.segment);
        let opened = OpenOptions::new().write(true).open(&path).and_then(|mut file| {
            let end = file.seek(SeekFrom::End(0))?;
            assert_eq!(end, next.offset, "the journal is opened at its end");
            Ok(file)
        });
        let file = opened.map_err(Fault::io("open the journal segment", &path))?;
        Ok(Self { dir: dir.to_owned(), store, file, next, segment_bytes_max })
    }

    pub fn next_commit(&self) -> u64 {
        self.next.commit
    }

    /// Writes one frame and waits until it is on disk. After a fault the journal must not be used again.
    pub fn append(&mut self, commits: Vec<Commit>, bodies: &[Packed]) -> Result<Frame, Fault> {
        if self.next.offset >= self.segment_bytes_max && self.next.offset > SEGMENT_HEADER_BYTES as u64 {
            self.begin_segment()?;
        }
        let (mut start, items) = frame::encode_table(&commits, vec![0; HEADER_BYTES]);
        let header = Header {
            format: FORMAT,
            number: self.next.frame,
            first_commit: self.next.commit,
            commits: u32::try_from(commits.len()).expect("a group has a limit"),
            table_bytes: (start.len() - HEADER_BYTES) as u64,
            bodies_bytes: bodies.iter().map(|body| body.stored().len() as u64).sum(),
            before: self.next.before,
            table_hash: tree::hash(&self.store, self.next.frame, &start[HEADER_BYTES..], &items),
        };
        start[..HEADER_BYTES].copy_from_slice(&header.encode(&self.store));
        let hash = frame::hash(&start[..HEADER_BYTES]);
        let path = segment::path(&self.dir, self.next.segment);
        self.write(start, bodies).map_err(Fault::io("append to the journal segment", &path))?;
        self.file.sync_data().map_err(Fault::io("flush the journal segment", &path))?;

        let frame = Frame { header, hash, commits, segment: self.next.segment, offset: self.next.offset };
        self.next.offset = frame.end();
        self.next.frame += 1;
        self.next.commit += u64::from(frame.header.commits);
        self.next.before = hash;
        Ok(frame)
    }

    fn write(&mut self, mut gathered: Vec<u8>, bodies: &[Packed]) -> std::io::Result<()> {
        for body in bodies {
            if gathered.len() + body.stored().len() > GATHER_BYTES_MAX {
                self.file.write_all(&gathered)?;
                gathered.clear();
            }
            match body.stored().len() > GATHER_BYTES_MAX {
                true => self.file.write_all(body.stored())?,
                false => gathered.extend_from_slice(body.stored()),
            }
        }
        self.file.write_all(&gathered)
    }

    fn begin_segment(&mut self) -> Result<(), Fault> {
        let header = SegmentHeader { first_frame: self.next.frame, store: self.store, before: self.next.before };
        self.file = segment::create(&self.dir, &header)?;
        self.next.segment = header.first_frame;
        self.next.offset = SEGMENT_HEADER_BYTES as u64;
        Ok(())
    }

    /// Stands in for a disk that fails: whatever is written next does not fit.
    #[cfg(test)]
    pub fn fill_the_disk(&mut self) {
        self.file = OpenOptions::new().write(true).open("/dev/full").expect("every Linux has /dev/full");
    }
}
