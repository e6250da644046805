//! Bodies: packed by whoever submits them, read back straight from their place in the journal.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use zstd::bulk::Compressor;

use super::frame::{self, Hash};
use crate::record::{Body, Key};

/// zstd's level for bodies: 9 to 1 on small XML, 30 to 1 on large, and fast enough to hide behind a flush.
const LEVEL: i32 = 1;

/// A body as it will stand in the journal.
pub(super) struct Packed {
    pub key: Key,
    pub stored: Vec<u8>,
    pub bytes: u64,
    pub hash: Hash,
}

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

/// Compresses and hashes on the caller's thread, so that the committer only has to append.
pub(super) fn pack(body: Body) -> Packed {
    thread_local! {
        static COMPRESSOR: RefCell<Compressor<'static>> =
            RefCell::new(Compressor::new(LEVEL).expect("zstd knows its level 1"));
    }
    let stored = COMPRESSOR.with_borrow_mut(|zstd| zstd.compress(&body.bytes));
    let mut stored = stored.expect("zstd compresses into a buffer of the size that it asked for");
    stored.shrink_to_fit();
    Packed { key: body.key, stored, bytes: body.bytes.len() as u64, hash: frame::hash(&body.bytes) }
}

/// Reads a body whole. `Ok(Err(..))` says what is wrong with it.
pub(super) fn read(file: &File, place: &Location) -> io::Result<Result<Bytes, String>> {
    let mut stored = vec![0; place.stored_bytes as usize];
    match file.read_exact_at(&mut stored, place.offset) {
        Err(cause) if cause.kind() == io::ErrorKind::UnexpectedEof => return Ok(Err("a body is cut short".into())),
        read => read?,
    }
    let Ok(bytes) = zstd::bulk::decompress(&stored, place.bytes as usize) else {
        return Ok(Err("a body cannot be unpacked".into()));
    };
    if bytes.len() as u64 != place.bytes || frame::hash(&bytes) != place.hash {
        return Ok(Err("the checksum of a body does not match".into()));
    }
    Ok(Ok(bytes.into()))
}

/// Checks a body without holding it in memory.
pub(super) fn check(file: &File, place: &Location) -> Result<(), String> {
    let stored = Section { file, at: place.offset, end: place.offset.saturating_add(place.stored_bytes) };
    let mut hasher = blake3::Hasher::new();
    let unpacked = zstd::stream::read::Decoder::new(stored)
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
