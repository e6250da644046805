//! Bodies, packed: compressed and hashed on their way to the store, so that its committer only has to append, and read
//! back without ever being held whole by whoever need not.

use std::cell::RefCell;
use std::io::{self, BufRead, Read, Write};
use std::sync::LazyLock;

use bytes::Bytes;
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};
use zstd::stream::{read::Decoder, write::Encoder};

/// BLAKE3 of a body as it came.
pub type Hash = [u8; 32];

/// zstd's level for bodies: 30 to 1 on large ones, and fast enough to hide behind a flush.
const LEVEL: i32 = 1;

/// What market documents have in common, in each of their forms: zstd's dictionary 1218128657, trained on the documents
/// in `samples/` and on their forms in JSON and ebIX. Small bodies are packed with it: of documents like those that it was trained on,
/// and were not among them, 10 to 1 where it was 3 to 1 without, in a quarter of the time. A frame names its dictionary, so another one needs another number; this one never changes.
const DICTIONARY: &[u8] = include_bytes!("bodies.dict");

static PACKING: LazyLock<EncoderDictionary<'static>> = LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, LEVEL));
static UNPACKING: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

/// Bodies up to this size are packed with the dictionary; larger ones have words enough of their own.
const SMALL_BYTES_MAX: usize = 64 * 1024;

/// A body as it stands in the journal. Unpacking holds it against its size and its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    stored: Bytes,
    bytes: u64,
    hash: Hash,
}

/// What was packed cannot be had back: it says in what way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damaged {
    #[error("a body cannot be unpacked")]
    Compression,
    #[error("the checksum of a body does not match")]
    Checksum,
}

impl Packed {
    /// Packs a body that is at hand.
    pub fn of(body: &[u8]) -> Self {
        let small = body.len() <= SMALL_BYTES_MAX;
        let stored = if small { small_packed(body) } else { zstd::bulk::compress(body, LEVEL).map(Bytes::from) };
        let stored = stored.expect("zstd compresses into a buffer of the size that it asks for");
        Self { stored, bytes: body.len() as u64, hash: hash(body) }
    }

    /// A body that was packed before: its stored form, its own size and hash.
    pub fn again(stored: Bytes, bytes: u64, hash: Hash) -> Self {
        Self { stored, bytes, hash }
    }

    /// Its compressed form.
    pub fn stored(&self) -> &Bytes {
        &self.stored
    }

    /// How many bytes it has unpacked.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// The body, whole.
    pub fn unpack(&self) -> Result<Bytes, Damaged> {
        thread_local! {
            static ZSTD: RefCell<Decompressor<'static>> = RefCell::new(
                Decompressor::with_prepared_dictionary(&UNPACKING).expect("zstd takes the dictionary that it made"),
            );
        }
        let capacity = usize::try_from(self.bytes).map_err(|_| Damaged::Compression)?;
        let body = ZSTD.with_borrow_mut(|zstd| zstd.decompress(&self.stored, capacity));
        let body = body.map_err(|_| Damaged::Compression)?;
        if body.len() as u64 != self.bytes || hash(&body) != self.hash {
            return Err(Damaged::Checksum);
        }
        Ok(body.into())
    }

    /// Unpacks what [`Packed::stored`] gave, whether it was packed with the dictionary or not; its size and hash are the
    /// caller's to check.
    pub fn decoder<R: BufRead>(stored: R) -> io::Result<Decoder<'static, R>> {
        Decoder::with_prepared_dictionary(stored, &UNPACKING)
    }

    /// The body, a piece at a time. What is damaged ends in an error that holds a [`Damaged`], never in an early end.
    pub fn reader(&self) -> impl Read + use<> {
        Unpacking {
            decoder: Self::decoder(io::Cursor::new(self.stored.clone())).ok(),
            hasher: blake3::Hasher::new(),
            left: self.bytes,
            hash: self.hash,
        }
    }
}

/// Packs with the dictionary, in a buffer that the thread keeps.
fn small_packed(body: &[u8]) -> io::Result<Bytes> {
    thread_local! {
        static ZSTD: RefCell<(Compressor<'static>, Vec<u8>)> = RefCell::new((
            Compressor::with_prepared_dictionary(&PACKING).expect("zstd takes the dictionary that it made"),
            Vec::with_capacity(zstd::zstd_safe::compress_bound(SMALL_BYTES_MAX)),
        ));
    }
    ZSTD.with_borrow_mut(|(zstd, buffer)| {
        buffer.clear();
        zstd.compress_to_buffer(body, buffer)?;
        Ok(Bytes::copy_from_slice(buffer))
    })
}

fn hash(body: &[u8]) -> Hash {
    *blake3::hash(body).as_bytes()
}

/// Packs a body while it arrives.
pub struct Packer {
    encoder: Encoder<'static, Vec<u8>>,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl Packer {
    pub fn new() -> Self {
        let encoder = Encoder::new(Vec::new(), LEVEL).expect("zstd knows its level 1");
        Self { encoder, hasher: blake3::Hasher::new(), bytes: 0 }
    }

    pub fn add(&mut self, piece: &[u8]) {
        self.encoder.write_all(piece).expect("packing into memory does not fail");
        self.hasher.update(piece);
        self.bytes += piece.len() as u64;
    }

    pub fn finish(self) -> Packed {
        let stored = self.encoder.finish().expect("packing into memory does not fail");
        Packed { stored: stored.into(), bytes: self.bytes, hash: *self.hasher.finalize().as_bytes() }
    }
}

impl Default for Packer {
    fn default() -> Self {
        Self::new()
    }
}

struct Unpacking {
    /// `None` where there is not even a beginning.
    decoder: Option<Decoder<'static, io::Cursor<Bytes>>>,
    hasher: blake3::Hasher,
    left: u64,
    hash: Hash,
}

impl Read for Unpacking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let damaged = |how| io::Error::new(io::ErrorKind::InvalidData, how);
        let decoder = self.decoder.as_mut().ok_or_else(|| damaged(Damaged::Compression))?;
        let read = decoder.read(buffer).map_err(|_| damaged(Damaged::Compression))?;
        self.hasher.update(&buffer[..read]);
        self.left = self.left.checked_sub(read as u64).ok_or_else(|| damaged(Damaged::Checksum))?;
        let ended = read == 0 && !buffer.is_empty();
        if ended && (self.left > 0 || *self.hasher.finalize().as_bytes() != self.hash) {
            return Err(damaged(Damaged::Checksum));
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(packed: &Packed) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        packed.reader().read_to_end(&mut body).map(|_| body)
    }

    #[test]
    fn a_body_is_the_same_again_however_it_was_packed_and_is_unpacked() {
        for length in [0, 1, 2_000, 300_000] {
            let body: Vec<u8> = (0..length).map(|n: u32| (n % 251) as u8).collect();
            let mut packer = Packer::new();
            body.chunks(7_001).for_each(|piece| packer.add(piece));
            for packed in [Packed::of(&body), packer.finish()] {
                assert_eq!((packed.bytes(), packed.hash()), (length.into(), hash(&body)));
                assert_eq!(packed.unpack().unwrap(), body);
                assert_eq!(read(&packed).unwrap(), body);
            }
        }
    }

    #[test]
    fn the_dictionary_stays_as_it_is_for_bodies_cannot_be_read_without_it() {
        assert_eq!(DICTIONARY[4..8], 1_218_128_657_u32.to_le_bytes());
        assert_eq!(
            blake3::hash(DICTIONARY).to_hex().as_str(),
            "dab60b5cd4926964221e6ba9899eed6751b94438b9acf59842d593585e12ad98"
        );
        let body = include_bytes!("../../samples/change-of-supplier/ActorBlockedInGridArea-the-requester/01-in.xml");
        let plain = zstd::bulk::compress(body, LEVEL).unwrap();
        let packed = Packed::of(body);
        assert!(packed.stored().len() * 2 < plain.len(), "{} and {}", packed.stored().len(), plain.len());
        // What was packed before there was a dictionary.
        let before = Packed::again(plain.into(), packed.bytes(), packed.hash());
        assert_eq!((before.unpack().unwrap(), read(&before).unwrap()), (Bytes::from_static(body), body.to_vec()));
    }

    #[test]
    fn what_is_damaged_is_found_out_either_way() {
        let whole = Packed::of(b"a price of twelve");
        let other = Packed::of(b"a price of twenty");
        let cut = whole.stored().slice(..whole.stored().len() - 1);
        for (damaged, how) in [
            (Packed::again(cut, whole.bytes(), whole.hash()), Damaged::Compression),
            (Packed::again(Bytes::from_static(b"no zstd at all"), 14, whole.hash()), Damaged::Compression),
            (Packed::again(other.stored().clone(), whole.bytes(), whole.hash()), Damaged::Checksum),
            (Packed::again(whole.stored().clone(), whole.bytes() + 1, whole.hash()), Damaged::Checksum),
        ] {
            assert_eq!(damaged.unpack(), Err(how));
            assert_eq!(read(&damaged).unwrap_err().downcast::<Damaged>().unwrap(), how);
        }
        for (stored, bytes) in [(Bytes::new(), whole.bytes()), (whole.stored().clone(), whole.bytes() - 1)] {
            let wrong = Packed::again(stored, bytes, whole.hash());
            assert!(wrong.unpack().is_err() && read(&wrong).is_err());
        }
    }
}
