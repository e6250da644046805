//! gzip both ways: unpacking what a stranger sent, within limits; packing an answer piece by piece.

use std::io::{self, Write};

use axum::body::Body;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::{GzEncoder, MultiGzDecoder};
use futures_util::stream;

use super::Limits;

/// Bytes that are packed at a time, off the threads that serve connections. Smaller answers are packed in place.
const PIECE_BYTES: usize = 256 * 1024;

/// Below this an answer is sent as it is: the head of the packed form would eat what is saved.
pub const PACKED_BYTES_MIN: usize = 1024;

/// What is wrong with packed bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// More came out than a body may have.
    TooLarge,
    /// More came out of each byte than honest documents give.
    Ratio,
    /// Not gzip, or it ends too early.
    Broken,
}

/// Unpacks as bytes come in, and stops as soon as a limit is crossed.
pub struct Unpacker {
    decoder: MultiGzDecoder<Bounded>,
}

struct Bounded {
    out: Vec<u8>,
    /// What has come out in all.
    bytes: usize,
    packed_bytes: usize,
    flaw: Option<Flaw>,
    limits: Limits,
}

impl Unpacker {
    pub fn new(limits: &Limits) -> Self {
        let bounded = Bounded { out: Vec::new(), bytes: 0, packed_bytes: 0, flaw: None, limits: limits.clone() };
        Self { decoder: MultiGzDecoder::new(bounded) }
    }

    /// Unpacks a piece; returns what comes out.
    pub fn feed(&mut self, piece: &[u8]) -> Result<Bytes, Flaw> {
        self.decoder.get_mut().packed_bytes += piece.len();
        let fed = self.decoder.write_all(piece).and_then(|()| self.decoder.flush());
        self.out(fed)
    }

    /// What still comes out once the packed bytes have ended.
    pub fn finish(&mut self) -> Result<Bytes, Flaw> {
        let finished = self.decoder.try_finish();
        self.out(finished)
    }

    fn out(&mut self, done: io::Result<()>) -> Result<Bytes, Flaw> {
        let bounded = self.decoder.get_mut();
        match (done, bounded.flaw) {
            (_, Some(flaw)) => Err(flaw),
            (Err(_), None) => Err(Flaw::Broken),
            (Ok(()), None) => Ok(Bytes::from(std::mem::take(&mut bounded.out))),
        }
    }
}

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let after = self.bytes + bytes.len();
        if after > self.limits.body_bytes_max {
            self.flaw = Some(Flaw::TooLarge);
        } else if after > self.limits.gzip_ratio_from_bytes && after / self.limits.gzip_ratio_max > self.packed_bytes {
            self.flaw = Some(Flaw::Ratio);
        }
        if self.flaw.is_some() {
            return Err(io::Error::other("a limit was crossed"));
        }
        self.bytes = after;
        self.out.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Packs an answer: a small one at once, a large one piece by piece while it is sent, so that memory stays flat.
pub fn pack(body: Bytes) -> Body {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    if body.len() <= PIECE_BYTES {
        let packed = next_piece(encoder, body).expect("packing into memory does not fail");
        return Body::from(packed.0);
    }
    Body::from_stream(stream::try_unfold(Some((encoder, body)), |state| async {
        let Some((encoder, body)) = state else { return Ok::<_, io::Error>(None) };
        let packed = tokio::task::spawn_blocking(move || next_piece(encoder, body)).await;
        packed.map_err(io::Error::other)?.map(Some)
    }))
}

type Packing = Option<(GzEncoder<Vec<u8>>, Bytes)>;

/// Packs up to [`PIECE_BYTES`], and goes on until something came out.
fn next_piece(mut encoder: GzEncoder<Vec<u8>>, mut body: Bytes) -> io::Result<(Bytes, Packing)> {
    loop {
        let piece = body.split_to(body.len().min(PIECE_BYTES));
        encoder.write_all(&piece)?;
        if body.is_empty() {
            return Ok((encoder.finish()?.into(), None));
        }
        if !encoder.get_ref().is_empty() {
            let out = std::mem::take(encoder.get_mut());
            return Ok((out.into(), Some((encoder, body))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits { body_bytes_max: 100_000, gzip_ratio_max: 20, gzip_ratio_from_bytes: 10_000, ..Limits::default() }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    /// Bytes that do not pack.
    fn noise(length: usize) -> Vec<u8> {
        (0..length as u32).flat_map(|n| blake3::hash(&n.to_be_bytes()).as_bytes()[..1].to_vec()).collect()
    }

    fn unpack(bytes: &[u8], piece: usize) -> Result<Vec<u8>, Flaw> {
        let mut unpacker = Unpacker::new(&limits());
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            out.extend_from_slice(&unpacker.feed(piece)?);
        }
        out.extend_from_slice(&unpacker.finish()?);
        Ok(out)
    }

    #[test]
    fn each_limit_holds_on_both_of_its_sides() {
        let rows = [
            (packed(b"hello"), Ok(5)),
            (packed(b""), Ok(0)),
            (packed(&noise(100_000)), Ok(100_000)),
            (packed(&noise(100_001)), Err(Flaw::TooLarge)),
            (packed(&[b' '; 10_000]), Ok(10_000)),
            (packed(&[b' '; 50_000]), Err(Flaw::Ratio)),
            ([packed(b"one"), packed(b"two")].concat(), Ok(6)),
            ([packed(b"one"), b"rubbish".to_vec()].concat(), Err(Flaw::Broken)),
            (packed(b"hello")[..20].to_vec(), Err(Flaw::Broken)),
            (b"<xml/>".to_vec(), Err(Flaw::Broken)),
        ];
        for (at, (bytes, expected)) in rows.into_iter().enumerate() {
            for piece in [7, 4096, usize::MAX] {
                assert_eq!(unpack(&bytes, piece).map(|out| out.len()), expected, "row {at}, pieces of {piece}");
            }
        }
    }

    #[tokio::test]
    async fn an_answer_is_the_same_after_packing_and_unpacking() {
        for length in [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 3 * PIECE_BYTES + 5] {
            let body: Bytes = noise(length).into();
            let sent = axum::body::to_bytes(pack(body.clone()), usize::MAX).await.unwrap();
            let mut back = Vec::new();
            io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*sent), &mut back).unwrap();
            assert!(back == body, "{length}");
        }
    }
}
