//! One frame of the journal: what one flush made durable. Its layout, and nothing about files.
//!
//! ```text
//! header    128 bytes, see Header; sealed with a checksum that is keyed by the store's id
//! table     postcard: Vec<Commit>, the changes and the list of bodies of each commit
//! bodies    each a zstd frame of its own, back to back in the table's order
//! ```
//!
//! The hash of a frame is the hash of its header. The header holds the hash of the table and of the frame before, the
//! table holds the hash of every body, so the chain proves each byte, and a body can be proved with one table and
//! the headers alone. Numbers are little-endian. Key and value bytes are as the caller gave them.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(super) const HEADER_BYTES: usize = 128;

/// The format that this version writes, and the only one it reads.
pub(super) const FORMAT: u32 = 1;

pub(super) const MAGIC: [u8; 4] = *b"GPFR";

pub(super) type Hash = [u8; 32];

/// Random, made once with the store; keys every checksum, so that no stranger's document can pose as a frame.
pub(super) type StoreId = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// 1 for the first frame of the store, then without a gap.
    pub number: u64,
    pub first_commit: u64,
    /// 1 or more.
    pub commits: u32,
    pub table_bytes: u64,
    pub bodies_bytes: u64,
    pub before: Hash,
    pub table_hash: Hash,
}

impl Header {
    pub fn encode(&self, store: &StoreId) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_commit.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.commits.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.table_bytes.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.bodies_bytes.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.before);
        bytes[80..112].copy_from_slice(&self.table_hash);
        let seal = seal(store, &bytes[..112]);
        bytes[112..].copy_from_slice(&seal);
        bytes
    }

    /// The header that stands in `bytes`, or what is wrong with it.
    pub fn decode(bytes: &[u8; HEADER_BYTES], store: &StoreId) -> Result<Self, String> {
        if bytes[0..4] != MAGIC {
            return Err("no frame begins here".into());
        }
        if bytes[112..] != seal(store, &bytes[..112]) {
            return Err("the checksum of a frame's header does not match".into());
        }
        let format = number::<4>(bytes, 4) as u32;
        if format != FORMAT {
            return Err(format!("a frame of format {format}, where {FORMAT} is known"));
        }
        let hash = |at: usize| bytes[at..at + 32].try_into().expect("32 bytes");
        Ok(Self {
            number: number::<8>(bytes, 8),
            first_commit: number::<8>(bytes, 16),
            commits: number::<4>(bytes, 24) as u32,
            table_bytes: number::<8>(bytes, 32),
            bodies_bytes: number::<8>(bytes, 40),
            before: hash(48),
            table_hash: hash(80),
        })
    }

    /// The length of the whole frame; saturates, since a header may have been read from anywhere.
    pub fn frame_bytes(&self) -> u64 {
        (HEADER_BYTES as u64).saturating_add(self.table_bytes).saturating_add(self.bodies_bytes)
    }
}

/// What one commit wrote. Its number is its place in the table plus the header's first commit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Commit {
    pub changes: Vec<Write>,
    pub bodies: Vec<BodyLine>,
}

/// A change with its key's stamp filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Write {
    Put(Bytes, Bytes),
    Delete(Bytes),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct BodyLine {
    pub key: Bytes,
    /// Its length in the journal, compressed.
    pub stored_bytes: u64,
    /// Its own length.
    pub bytes: u64,
    /// blake3 of its own bytes.
    pub hash: Hash,
}

/// A table, or what is wrong with it.
pub(super) fn decode_table(header: &Header, bytes: &[u8]) -> Result<Vec<Commit>, String> {
    if hash(bytes) != header.table_hash {
        return Err(format!("the checksum of the changes in frame {} does not match", header.number));
    }
    let table: Vec<Commit> =
        postcard::from_bytes(bytes).map_err(|cause| format!("frame {} cannot be read ({cause})", header.number))?;
    let bodies_bytes: u64 = table.iter().flat_map(|commit| &commit.bodies).map(|body| body.stored_bytes).sum();
    if table.len() != header.commits as usize || bodies_bytes != header.bodies_bytes {
        return Err(format!("the header of frame {} does not fit its changes", header.number));
    }
    Ok(table)
}

pub(super) fn hash(bytes: &[u8]) -> Hash {
    *blake3::hash(bytes).as_bytes()
}

/// The checksum of a header, of a frame or of a segment.
pub(super) fn seal(store: &StoreId, bytes: &[u8]) -> [u8; 16] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(store).update(bytes);
    hasher.finalize().as_bytes()[..16].try_into().expect("16 bytes")
}

/// The little-endian number of `N` bytes that begins at `at`.
pub(super) fn number<const N: usize>(bytes: &[u8], at: usize) -> u64 {
    let mut wide = [0; 8];
    wide[..N].copy_from_slice(&bytes[at..at + N]);
    u64::from_le_bytes(wide)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = [7; 16];

    fn header() -> Header {
        Header {
            number: 3,
            first_commit: 17,
            commits: 2,
            table_bytes: 40,
            bodies_bytes: 1 << 40,
            before: [1; 32],
            table_hash: [2; 32],
        }
    }

    #[test]
    fn a_header_reads_back_and_no_flipped_bit_goes_unseen() {
        let bytes = header().encode(&STORE);
        assert_eq!(Header::decode(&bytes, &STORE), Ok(header()));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&flipped, &STORE).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn a_frame_of_another_store_is_none_of_ours() {
        assert!(Header::decode(&header().encode(&STORE), &[8; 16]).is_err());
    }

    #[test]
    fn the_stored_form_of_a_table_stays_as_it_is() {
        let put = Write::Put(Bytes::from_static(b"key"), Bytes::from_static(b"value"));
        let body = BodyLine { key: Bytes::from_static(b"b"), stored_bytes: 300, bytes: 2048, hash: [9; 32] };
        let table = vec![Commit { changes: vec![put, Write::Delete(Bytes::from_static(b"x"))], bodies: vec![body] }];
        let mut expected = b"\x01\x02\x00\x03key\x05value\x01\x01x\x01\x01b\xac\x02\x80\x10".to_vec();
        expected.extend([9; 32]);
        assert_eq!(postcard::to_stdvec(&table).unwrap(), expected);
    }
}
