//! Where the exact bytes of documents are kept.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::record::{Body, Key, Packed, Space};

/// Bodies by the number of the commit that wrote them, then by part.
pub const BODIES: Space = Space(14);

/// Documents of one decision share a body up to this many bytes; a larger one has a body of its own. Whoever reads one
/// document unpacks the body, which at this size takes well below a millisecond.
pub const SHARED_BYTES_MAX: usize = 64 * 1024;

/// Where a document stands among the bodies of the commit that wrote it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub part: u64,
    pub offset: u64,
    pub bytes: u64,
}

impl Place {
    /// The document, out of the body in which it stands; `None` when it is not in there.
    pub fn in_body(&self, body: &Bytes) -> Option<Bytes> {
        let from = usize::try_from(self.offset).ok()?;
        let to = from.checked_add(usize::try_from(self.bytes).ok()?)?;
        (to <= body.len()).then(|| body.slice(from..to))
    }

    /// What was kept beside the document, out of the body in which it stands; nothing where nothing was.
    pub fn beside_in_body(&self, body: &Bytes) -> Bytes {
        let behind = self.offset.checked_add(self.bytes).and_then(|behind| usize::try_from(behind).ok());
        let found = || {
            let from = behind?.checked_add(BESIDE_HEAD_BYTES)?;
            let length = body.get(behind?..from)?.strip_prefix(&[BESIDE])?;
            let to = from.checked_add(usize::try_from(u32::from_be_bytes(length.try_into().ok()?)).ok()?)?;
            (to <= body.len()).then(|| body.slice(from..to))
        };
        found().unwrap_or_default()
    }
}

/// Puts behind a document what is kept beside it: what the document does not say itself, whatever that is.
fn put_beside(document: &mut Vec<u8>, beside: &[u8]) {
    if !beside.is_empty() {
        document.push(BESIDE);
        document.extend_from_slice(&u32::try_from(beside.len()).unwrap_or(0).to_be_bytes());
        document.extend_from_slice(beside);
    }
}

/// The byte between a document and what is kept beside it, before the length of that in four bytes. No document begins with it, so
/// what stands behind one that has nothing beside it is another document, or the end.
const BESIDE: u8 = 1;
const BESIDE_HEAD_BYTES: usize = 1 + size_of::<u32>();

/// A body of commit `number`.
pub fn body_key(number: u64, part: u64) -> Key {
    Key::new(BODIES).number(number).number(part)
}

/// The commit that wrote a body, and which of its parts the body is.
pub fn body_of_key(key: &Key) -> Option<(u64, u64)> {
    let mut parts = key.reader();
    Some((parts.number()?, parts.number()?)).filter(|_| key.space() == BODIES)
}

/// The document that commit `number` took in.
pub fn received_key(number: u64) -> Key {
    body_key(number, 0)
}

/// A document that comes in, under the number of the commit that takes it in.
pub fn received(packed: Packed) -> Body {
    Body { key: Key::new(BODIES).stamp().number(0), packed }
}

/// The documents that one decision sends, on their way into the archive.
#[derive(Default)]
pub struct Outbound {
    parts: Vec<Vec<u8>>,
}

impl Outbound {
    /// Adds a document behind the ones before it, with what is kept beside it.
    pub fn add(&mut self, mut document: Vec<u8>, beside: &[u8]) -> Place {
        let bytes = document.len() as u64;
        put_beside(&mut document, beside);
        let last = self.parts.len().checked_sub(1);
        match last.filter(|last| self.parts[*last].len() + document.len() <= SHARED_BYTES_MAX) {
            Some(part) => {
                let offset = self.parts[part].len() as u64;
                self.parts[part].extend_from_slice(&document);
                Place { part: part as u64, offset, bytes }
            }
            None => {
                self.parts.push(document);
                Place { part: self.parts.len() as u64 - 1, offset: 0, bytes }
            }
        }
    }

    /// The bodies, for the batch of the decision and no other.
    pub fn bodies(self) -> impl Iterator<Item = Body> {
        let key = |part| Key::new(BODIES).stamp().number(part);
        (0..).zip(self.parts).map(move |(part, bytes)| Body { key: key(part), packed: Packed::of(&bytes) })
    }
}

/// Where a document stands that is the only one that its commit sends, and its body, with what is kept beside it.
pub fn sent_alone(document: &[u8], beside: &[u8]) -> (Place, Body) {
    let place = Place { part: 0, offset: 0, bytes: document.len() as u64 };
    let packed = if beside.is_empty() {
        Packed::of(document)
    } else {
        let mut whole = document.to_vec();
        put_beside(&mut whole, beside);
        Packed::of(&whole)
    };
    (place, Body { key: Key::new(BODIES).stamp().number(0), packed })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_document_is_found_again_byte_for_byte_wherever_it_was_put() {
        let lengths = [10, SHARED_BYTES_MAX - 10, 1, SHARED_BYTES_MAX + 1, 0, 7, SHARED_BYTES_MAX, 3];
        let documents: Vec<Vec<u8>> = (0..).zip(lengths).map(|(number, length)| vec![number; length]).collect();
        let mut outbound = Outbound::default();
        let places: Vec<Place> = documents.iter().map(|document| outbound.add(document.clone(), &[])).collect();
        let parts: Vec<u64> = places.iter().map(|place| place.part).collect();
        assert_eq!(parts, [0, 0, 1, 2, 3, 3, 4, 5]);
        let bodies: Vec<Body> = outbound.bodies().collect();
        assert_eq!(bodies.len(), 6);
        for (place, document) in places.iter().zip(&documents) {
            let body = &bodies[place.part as usize];
            assert_eq!(body.key.clone().at_commit(9), body_key(9, place.part));
            assert_eq!(place.in_body(&body.packed.unpack().unwrap()).unwrap(), document[..]);
        }
        let beyond = Place { part: 0, offset: u64::MAX, bytes: 2 };
        assert_eq!(beyond.in_body(&bodies[0].packed.unpack().unwrap()), None);
    }

    #[test]
    fn what_is_kept_beside_a_document_is_found_behind_it_and_nothing_where_nothing_is() {
        let documents: [(&[u8], &[u8]); 5] =
            [(b"<a/>", b""), (b"<b/>", b"beside b"), (b"<c/>", b"c"), (b"<d/>", b""), (b"<e/>", b"e")];
        let mut outbound = Outbound::default();
        let places = documents.map(|(document, beside)| outbound.add(document.to_vec(), beside));
        let body = outbound.bodies().next().unwrap().packed.unpack().unwrap();
        for (place, (document, beside)) in places.iter().zip(documents) {
            assert_eq!((place.in_body(&body).unwrap(), place.beside_in_body(&body)), (document.into(), beside.into()));
            let (place, alone) = sent_alone(document, beside);
            let alone = alone.packed.unpack().unwrap();
            assert_eq!(
                (place.in_body(&alone).unwrap(), place.beside_in_body(&alone)),
                (document.into(), beside.into())
            );
        }
        // What a body does not hold whole is nothing.
        let last = places[2];
        for cut in 0..body.len() {
            let beside = last.beside_in_body(&body.slice(..cut));
            assert!(beside.is_empty() || *beside == *b"c", "{cut}");
        }
        let beyond = Place { part: 0, offset: u64::MAX, bytes: 2 };
        assert!(beyond.beside_in_body(&body).is_empty());
    }
}
