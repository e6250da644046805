//! One frame of the journal: what one flush made durable. Its layout, and nothing about files.
//!
//! ```text
//! header    128 bytes, see Header; sealed with a checksum that is keyed by the store's id
//! table     postcard: Vec<Commit>, the changes and the list of bodies of each commit
//! bodies    each a zstd frame of its own, small ones with a dictionary (see record::packed), back to back in the table's order
//! ```
//!
//! The hash of a frame is the hash of its header. The header holds the hash of the table and of the frame before, the
//! table holds the hash of every body, so the chain proves each byte. A table is hashed as a tree (see tree.rs), so one
//! record can be proved with a path in it and the headers alone; in frames of format 1, which older versions wrote, it was
//! hashed as a whole. Numbers are little-endian. Key and value bytes are as the caller gave them.

use std::ops::Range;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::tree;

pub(super) const HEADER_BYTES: usize = 128;

/// What of a header its checksum covers.
const SEALED_BYTES: usize = 112;

/// The format that this version writes.
pub(super) const FORMAT: u32 = 2;

/// The first format: its tables can be read, and nothing in them proved alone.
const FORMAT_HASHED_WHOLE: u32 = 1;

pub(super) const MAGIC: [u8; 4] = *b"GPFR";

pub(super) type Hash = [u8; 32];

/// Random, made once with the store; keys every checksum, so that no stranger's document can pose as a frame.
pub(super) type StoreId = [u8; 16];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub format: u32,
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
        let fields = self.fields();
        self.sealed_with(&seal(store, &fields))
    }

    /// With a checksum that is known already.
    pub fn sealed_with(&self, seal: &[u8; 16]) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..SEALED_BYTES].copy_from_slice(&self.fields());
        bytes[SEALED_BYTES..].copy_from_slice(seal);
        bytes
    }

    fn fields(&self) -> [u8; SEALED_BYTES] {
        let mut bytes = [0; SEALED_BYTES];
        bytes[0..4].copy_from_slice(&MAGIC);
        bytes[4..8].copy_from_slice(&self.format.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first_commit.to_le_bytes());
        bytes[24..28].copy_from_slice(&self.commits.to_le_bytes());
        bytes[32..40].copy_from_slice(&self.table_bytes.to_le_bytes());
        bytes[40..48].copy_from_slice(&self.bodies_bytes.to_le_bytes());
        bytes[48..80].copy_from_slice(&self.before);
        bytes[80..112].copy_from_slice(&self.table_hash);
        bytes
    }

    /// The header that stands in `bytes`, or what is wrong with it.
    pub fn decode(bytes: &[u8; HEADER_BYTES], store: &StoreId) -> Result<Self, String> {
        if bytes[0..4] != MAGIC {
            return Err("no frame begins here".into());
        }
        if bytes[SEALED_BYTES..] != seal(store, &bytes[..SEALED_BYTES]) {
            return Err("the checksum of a frame's header does not match".into());
        }
        Self::read(bytes)
    }

    /// The same, whatever its checksum says: for whoever does not know the store's id.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, String> {
        let format = number::<4>(bytes, 4) as u32;
        if bytes[0..4] != MAGIC || !(FORMAT_HASHED_WHOLE..=FORMAT).contains(&format) {
            return Err(format!("a frame of format {format}, where those up to {FORMAT} are known"));
        }
        let hash = |at: usize| bytes[at..at + 32].try_into().expect("32 bytes");
        Ok(Self {
            format,
            number: number::<8>(bytes, 8),
            first_commit: number::<8>(bytes, 16),
            commits: number::<4>(bytes, 24) as u32,
            table_bytes: number::<8>(bytes, 32),
            bodies_bytes: number::<8>(bytes, 40),
            before: hash(48),
            table_hash: hash(80),
        })
    }

    /// The checksum of a header's bytes.
    pub fn seal_of(bytes: &[u8; HEADER_BYTES]) -> [u8; 16] {
        bytes[SEALED_BYTES..].try_into().expect("16 bytes")
    }

    /// Whether one record of the frame can be proved alone.
    pub fn is_hashed_as_a_tree(&self) -> bool {
        self.format > FORMAT_HASHED_WHOLE
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

/// Writes a table behind `bytes`. Says where each change and each body stands in it, counted from the table's first byte.
pub(super) fn encode_table(commits: &[Commit], bytes: Vec<u8>) -> (Vec<u8>, Vec<Range<usize>>) {
    let start = bytes.len();
    let mut items = Vec::new();
    // What postcard makes of the list of commits, piece by piece.
    let mut table = extend(bytes, &commits.len());
    for commit in commits {
        table = extend_items(table, &commit.changes, start, &mut items);
        table = extend_items(table, &commit.bodies, start, &mut items);
    }
    (table, items)
}

fn extend_items<T: Serialize>(table: Vec<u8>, list: &[T], start: usize, items: &mut Vec<Range<usize>>) -> Vec<u8> {
    let mut table = extend(table, &list.len());
    for item in list {
        let from = table.len() - start;
        table = extend(table, item);
        items.push(from..table.len() - start);
    }
    table
}

/// A table with the places of its items, or what is wrong with it.
pub(super) fn decode_table(header: &Header, bytes: &[u8], store: &StoreId) -> Result<Table, String> {
    let altered = || format!("the checksum of the changes in frame {} does not match", header.number);
    if !header.is_hashed_as_a_tree() && hash(bytes) != header.table_hash {
        return Err(altered());
    }
    let table = Table::read(bytes).ok_or_else(altered)?;
    if header.is_hashed_as_a_tree() && tree::hash(store, header.number, bytes, &table.items) != header.table_hash {
        return Err(altered());
    }
    let bodies_bytes: u64 = table.commits.iter().flat_map(|commit| &commit.bodies).map(|body| body.stored_bytes).sum();
    if table.commits.len() != header.commits as usize || bodies_bytes != header.bodies_bytes {
        return Err(format!("the header of frame {} does not fit its changes", header.number));
    }
    Ok(table)
}

/// A table that was read.
pub(super) struct Table {
    pub commits: Vec<Commit>,
    /// Where each change and each body stands, in order.
    pub items: Vec<Range<usize>>,
}

impl Table {
    /// The bytes may be anybody's. A length that is too large ends with the bytes.
    fn read(bytes: &[u8]) -> Option<Self> {
        let (mut table, mut rest) = (Self { commits: Vec::new(), items: Vec::new() }, bytes);
        for _ in 0..take::<usize>(&mut rest)? {
            let mut commit = Commit::default();
            for _ in 0..take::<usize>(&mut rest)? {
                commit.changes.push(table.take_item(bytes, &mut rest)?);
            }
            for _ in 0..take::<usize>(&mut rest)? {
                commit.bodies.push(table.take_item(bytes, &mut rest)?);
            }
            table.commits.push(commit);
        }
        rest.is_empty().then_some(table)
    }

    fn take_item<T: DeserializeOwned>(&mut self, bytes: &[u8], rest: &mut &[u8]) -> Option<T> {
        let from = bytes.len() - rest.len();
        let item = take(rest)?;
        self.items.push(from..bytes.len() - rest.len());
        Some(item)
    }
}

fn extend(bytes: Vec<u8>, value: &impl Serialize) -> Vec<u8> {
    postcard::to_extend(value, bytes).expect("a table in memory can always be written")
}

fn take<T: DeserializeOwned>(rest: &mut &[u8]) -> Option<T> {
    let (value, behind) = postcard::take_from_bytes(rest).ok()?;
    *rest = behind;
    Some(value)
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
            format: FORMAT,
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
        let (bytes, items) = encode_table(&table, b"before".to_vec());
        assert_eq!(bytes, [b"before", &expected[..]].concat());
        assert_eq!(items, [2..13, 13..16, 17..expected.len()]);
        let read = Table::read(&expected).unwrap();
        assert_eq!((read.commits, read.items), (table, items));
    }

    #[test]
    fn a_table_of_the_first_format_is_still_read_and_every_other_table_is_refused() {
        let commits = vec![Commit { changes: vec![Write::Delete(Bytes::from_static(b"x"))], bodies: vec![] }; 2];
        let (bytes, items) = encode_table(&commits, Vec::new());
        let (number, bodies_bytes) = (3, 0);
        let first = Header { format: FORMAT_HASHED_WHOLE, bodies_bytes, table_hash: hash(&bytes), ..header() };
        let now = Header { format: FORMAT, table_hash: tree::hash(&STORE, number, &bytes, &items), ..first.clone() };
        for header in [first, now] {
            assert_eq!(Header::decode(&header.encode(&STORE), &STORE).as_ref(), Ok(&header));
            assert_eq!(decode_table(&header, &bytes, &STORE).map(|table| table.commits), Ok(commits.clone()));
            for at in 0..bytes.len() {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1;
                assert!(decode_table(&header, &flipped, &STORE).is_err(), "byte {at}");
            }
            assert!(decode_table(&header, &bytes[1..], &STORE).is_err());
        }
        let next = Header { format: FORMAT + 1, ..header() };
        assert!(Header::decode(&next.encode(&STORE), &STORE).unwrap_err().contains("format 3"));
    }
}
