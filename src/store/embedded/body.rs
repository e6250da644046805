//! Bodies, read back straight from their place in the journal.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::os::unix::fs::FileExt;

use serde::{Deserialize, Serialize};

use crate::record::{Hash, Packed};

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
