//! Takes bodies off the disk that were let go.
//!
//! Nothing in the journal moves: where a body stood there are zeros from then on, which the file system keeps no blocks for
//! where it can (a hole). Tables and headers stay, and with them the hash of every body, so the chain holds. Only closed
//! segments are touched: in the last one a body that cannot be read must mean that its frame was never finished.
//!
//! Whether a body was erased can be read off its bytes, for no zstd frame begins with zeros. So a crash between the record
//! that lets a body go and the hole loses nothing: whoever erases it again finishes the work.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};

use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

use super::body::Location;
use super::{Embedded, segment};
use crate::record::Key;
use crate::store::{Fault, Store, let_go_key};

/// What came of [`Embedded::erase`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Erased {
    /// Bodies whose bytes are gone now.
    pub bodies: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes of disk that became free. Less than was erased: a file system gives back whole blocks only.
    pub freed_bytes: u64,
}

impl Embedded {
    /// The segments that nothing more is written to.
    pub fn closed_segments(&self) -> Result<ClosedSegments<'_>, Fault> {
        Ok(ClosedSegments { store: self, last: self.last_segment()? })
    }

    fn last_segment(&self) -> Result<u64, Fault> {
        Ok(segment::list_beside_the_committer(&self.segments.journal)?.last().copied().unwrap_or_default())
    }

    /// Erases those of these bodies that were let go and can be erased; the others are left as they are.
    pub fn erase(&self, bodies: &[Key]) -> Result<Erased, Fault> {
        let mut erased = Erased::default();
        let mut places: BTreeMap<u64, Vec<Location>> = BTreeMap::new();
        let last = self.last_segment()?;
        for body in bodies {
            let place = self.live.location(body.as_bytes())?.filter(|place| place.segment < last);
            if let Some(place) = place
                && self.get(&let_go_key(body))?.is_some()
            {
                places.entry(place.segment).or_default().push(place);
            }
        }
        for (segment, mut places) in places {
            let path = segment::path(&self.segments.journal, segment);
            let touched = OpenOptions::new().read(true).write(true).open(&path).and_then(|file| {
                let blocks_before = file.metadata()?.blocks();
                places.sort_by_key(|place| place.offset);
                let mut left = Vec::new();
                for place in places {
                    if !is_erased(&file, &place)? {
                        left.push(place);
                    }
                }
                for (offset, bytes) in together(&left) {
                    punch(&file, offset, bytes)?;
                }
                file.sync_all()?;
                erased.bodies += left.len() as u64;
                erased.bytes += left.iter().map(|place| place.stored_bytes).sum::<u64>();
                erased.freed_bytes += blocks_before.saturating_sub(file.metadata()?.blocks()) * 512;
                Ok(())
            });
            touched.map_err(Fault::io("erase bodies in", &path))?;
        }
        Ok(erased)
    }
}

/// The segments that nothing more is written to.
pub struct ClosedSegments<'s> {
    store: &'s Embedded,
    last: u64,
}

impl ClosedSegments<'_> {
    /// Whether a body stands in one of them, so that it can be erased.
    pub fn hold(&self, body: &Key) -> Result<bool, Fault> {
        Ok(self.store.live.location(body.as_bytes())?.is_some_and(|place| place.segment < self.last))
    }
}

/// Whether nothing but zeros stands where a body stood.
pub(super) fn is_erased(file: &File, place: &Location) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    let (mut at, end) = (place.offset, place.offset.saturating_add(place.stored_bytes));
    while at < end {
        let part = &mut buffer[..(end - at).min(4096) as usize];
        match file.read_exact_at(part, at) {
            Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if part.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at += part.len() as u64;
    }
    Ok(place.stored_bytes > 0)
}

/// Places that stand side by side, as one: whole blocks become free only within one hole.
fn together(places: &[Location]) -> Vec<(u64, u64)> {
    let mut holes: Vec<(u64, u64)> = Vec::new();
    for place in places {
        match holes.last_mut() {
            Some((offset, bytes)) if *offset + *bytes == place.offset => *bytes += place.stored_bytes,
            _ => holes.push((place.offset, place.stored_bytes)),
        }
    }
    holes
}

fn punch(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE, offset, bytes) {
        // A file system without holes: the bytes go, the blocks stay.
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_zeros(file, offset, bytes),
        punched => Ok(punched?),
    }
}

fn write_zeros(file: &File, offset: u64, bytes: u64) -> io::Result<()> {
    let zeros = [0; 4096];
    let mut done = 0;
    while done < bytes {
        let part = (bytes - done).min(4096);
        file.write_all_at(&zeros[..part as usize], offset + done)?;
        done += part;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_holes_zeros_are_written_over_exactly_the_bytes_of_a_body() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("segment");
        std::fs::write(&path, vec![7; 10_000]).unwrap();
        let file = OpenOptions::new().read(true).write(true).open(&path).unwrap();
        let place = Location { segment: 1, offset: 100, stored_bytes: 9_000, bytes: 1, hash: [0; 32] };
        assert!(!is_erased(&file, &place).unwrap());
        write_zeros(&file, place.offset, place.stored_bytes).unwrap();
        assert!(is_erased(&file, &place).unwrap());
        let bytes = std::fs::read(&path).unwrap();
        assert!(bytes.iter().enumerate().all(|(at, byte)| (*byte == 0) == (100..9_100).contains(&at)));
        let cut = Location { offset: 9_999, stored_bytes: 5, ..place };
        assert!(!is_erased(&file, &cut).unwrap());
    }

    #[test]
    fn bodies_side_by_side_make_one_hole() {
        let place = |offset, stored_bytes| Location { segment: 1, offset, stored_bytes, bytes: 1, hash: [0; 32] };
        let holes = together(&[place(10, 5), place(15, 5), place(21, 4), place(25, 1)]);
        assert_eq!(holes, [(10, 10), (21, 5)]);
    }
}
