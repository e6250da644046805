//! The journal's files: how they are named, how each begins.
//!
//! `journal/00000000000000000001.journal` holds frame 1 and those behind it, up to the frame that names the next
//! file. A segment comes into the folder by a rename, so one that is there has its whole header:
//!
//! ```text
//! magic "GPJOURNL", format u32, first frame u64, store id 16, hash of the frame before 32, zeros, checksum 16
//! ```

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::frame::{self, Hash, StoreId};
use crate::store::Fault;

pub(super) const SEGMENT_HEADER_BYTES: usize = 96;

const MAGIC: [u8; 8] = *b"GPJOURNL";

/// Of a segment's header; frames have formats of their own.
const FORMAT: u32 = 1;

/// What to do about a journal that is not what was written.
pub(super) const ADVICE: &str =
    "a journal is not repaired by guessing: run `gridpost store verify`, then put this file back from a backup";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SegmentHeader {
    pub first_frame: u64,
    pub store: StoreId,
    pub before: Hash,
}

impl SegmentHeader {
    fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[0..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_frame.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.store);
        bytes[40..72].copy_from_slice(&self.before);
        let seal = frame::seal(&self.store, &bytes[..80]);
        bytes[80..].copy_from_slice(&seal);
        bytes
    }

    fn decode(bytes: &[u8; SEGMENT_HEADER_BYTES]) -> Result<Self, String> {
        let store = bytes[24..40].try_into().expect("16 bytes");
        if bytes[0..8] != MAGIC || bytes[80..] != frame::seal(&store, &bytes[..80]) {
            return Err("the header of a segment is damaged".into());
        }
        let format = frame::number::<4>(bytes, 8);
        if format != u64::from(FORMAT) {
            return Err(format!("a segment of format {format}, where {FORMAT} is known"));
        }
        let before = bytes[40..72].try_into().expect("32 bytes");
        Ok(Self { first_frame: frame::number::<8>(bytes, 16), store, before })
    }
}

pub(super) fn path(journal: &Path, first_frame: u64) -> PathBuf {
    journal.join(format!("{first_frame:020}.journal"))
}

/// The first frames of all segments, in order. Throws away a segment whose making was interrupted.
pub(super) fn list(journal: &Path) -> Result<Vec<u64>, Fault> {
    for name in names(journal)?.iter().filter(|name| name.ends_with(".new")) {
        let path = journal.join(name);
        fs::remove_file(&path).map_err(Fault::io("remove the unfinished segment", &path))?;
    }
    list_beside_the_committer(journal)
}

/// The same, where another segment may just be in the making.
pub(super) fn list_beside_the_committer(journal: &Path) -> Result<Vec<u64>, Fault> {
    let first_frame = |name: &String| name.strip_suffix(".journal").and_then(|name| name.parse().ok());
    let mut segments: Vec<u64> = names(journal)?.iter().filter_map(first_frame).collect();
    segments.sort_unstable();
    Ok(segments)
}

fn names(journal: &Path) -> Result<Vec<String>, Fault> {
    let names = fs::read_dir(journal).and_then(|entries| {
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect::<io::Result<Vec<_>>>()
    });
    names.map_err(Fault::io("list the journal in", journal))
}

/// Makes a segment that will begin with `header.first_frame`, durably, and returns it open for reading and writing.
pub(super) fn create(journal: &Path, header: &SegmentHeader) -> Result<File, Fault> {
    let path = path(journal, header.first_frame);
    let unfinished = path.with_extension("new");
    let made = OpenOptions::new().read(true).write(true).create_new(true).open(&unfinished).and_then(|mut file| {
        file.write_all(&header.encode())?;
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(journal)?.sync_all()?;
        Ok(file)
    });
    made.map_err(Fault::io("begin the journal segment", &path))
}

pub(super) fn read_header(journal: &Path, first_frame: u64) -> Result<(File, SegmentHeader), Fault> {
    let path = path(journal, first_frame);
    let file = File::open(&path).map_err(Fault::io("open the journal segment", &path))?;
    let mut bytes = [0; SEGMENT_HEADER_BYTES];
    let header = match file.read_exact_at(&mut bytes, 0) {
        Ok(()) => SegmentHeader::decode(&bytes),
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => Err("a segment without its header".into()),
        Err(cause) => return Err(Fault::io("read the journal segment", &path)(cause)),
    };
    let header = header.and_then(|header| match header.first_frame == first_frame {
        true => Ok(header),
        false => Err(format!("a segment that begins with frame {} under another's name", header.first_frame)),
    });
    match header {
        Ok(header) => Ok((file, header)),
        Err(found) => Err(Fault::Corrupt { file: path, offset: 0, found, advice: ADVICE }),
    }
}

/// Where the chain of a new store begins.
pub(super) fn first_hash(store: &StoreId) -> Hash {
    frame::hash(store)
}
