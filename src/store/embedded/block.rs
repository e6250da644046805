//! A block: records that follow each other in key order, packed into one of sled's values.
//!
//! Sled takes tens of microseconds for each value that it writes, however small, so what stands side by side is
//! written together. A block stands under its *fence*: every key from there up to the next fence belongs into it. It is
//! rewritten whole, and cut when it has grown too large.
//!
//! ```text
//! for each record: bytes shared with the key before, bytes of its own, its own bytes, bytes of the value, the value
//! ```
//!
//! The three numbers are LEB128.

use std::cmp::Ordering;
use std::ops::Range;

use bytes::Bytes;

/// A key and what stands under it.
pub(super) type Pair = (Bytes, Bytes);

/// A block that has grown beyond this many bytes is cut; a single record may be larger. A larger block costs more when
/// one record of it is read or changed, a smaller one more when many that follow each other are written.
const BLOCK_BYTES_MAX: usize = 4096;

/// What stands under `key`. `Err` when the block is damaged.
pub(super) fn find(block: &[u8], key: &[u8]) -> Result<Option<Bytes>, Damaged> {
    let mut records = Cursor::new(block);
    while records.step()? {
        match records.key().cmp(key) {
            Ordering::Less => {}
            Ordering::Equal => return Ok(Some(Bytes::copy_from_slice(records.value()))),
            Ordering::Greater => return Ok(None),
        }
    }
    Ok(None)
}

/// The part of a block whose records lie before `key`: a block too.
pub(super) fn before<'b>(block: &'b [u8], key: &[u8]) -> Result<&'b [u8], Damaged> {
    let mut records = Cursor::new(block);
    loop {
        let end = records.at;
        if !records.step()? || records.key() >= key {
            return Ok(&block[..end]);
        }
    }
}

/// The records of a block, in key order. They share two allocations, one for all keys and one for all values.
pub(super) fn unpack(block: &[u8]) -> Result<Vec<Pair>, Damaged> {
    let mut records = Cursor::new(block);
    let mut keys = Vec::with_capacity(2 * block.len());
    let mut ends = Vec::new();
    while records.step()? {
        keys.extend_from_slice(records.key());
        ends.push((keys.len(), records.value.clone()));
    }
    let (keys, values) = (Bytes::from(keys), Bytes::copy_from_slice(block));
    let mut from = 0;
    let pair =
        |(to, value): (usize, Range<usize>)| (keys.slice(std::mem::replace(&mut from, to)..to), values.slice(value));
    Ok(ends.into_iter().map(pair).collect())
}

/// What becomes of a block's records under changes in key order. Returns whether anything is another.
pub(super) fn change<'a>(
    pairs: &mut Vec<Pair>,
    changes: impl IntoIterator<Item = (&'a Bytes, &'a Option<Bytes>)>,
) -> bool {
    let mut old = std::mem::take(pairs).into_iter().peekable();
    let mut changed = false;
    for (key, value) in changes {
        while let Some(pair) = old.next_if(|pair| pair.0 < *key) {
            pairs.push(pair);
        }
        let before = old.next_if(|pair| pair.0 == *key);
        changed |= before.as_ref().map(|pair| &pair.1) != value.as_ref();
        if let Some(value) = value {
            pairs.push((key.clone(), value.clone()));
        }
    }
    pairs.extend(old);
    changed
}

/// Packs records into as many blocks as they need, in order; each with the key of its first record.
///
/// Records that were added `behind` all others come from a log: its blocks are filled. All others are cut evenly, so
/// that there is room wherever the next one falls.
pub(super) fn pack(pairs: &[Pair], behind: bool) -> Vec<(Bytes, Vec<u8>)> {
    let bytes_all: usize = pairs.iter().map(|(key, value)| key.len() + value.len()).sum();
    let bytes_max = match behind {
        true => BLOCK_BYTES_MAX,
        false => bytes_all / bytes_all.div_ceil(BLOCK_BYTES_MAX).max(1),
    };
    let mut blocks: Vec<(Bytes, Vec<u8>)> = Vec::new();
    let mut before: &[u8] = &[];
    let mut bytes = usize::MAX;
    for (key, value) in pairs {
        if bytes > bytes_max || bytes + key.len() + value.len() > BLOCK_BYTES_MAX {
            blocks.push((key.clone(), Vec::with_capacity(BLOCK_BYTES_MAX)));
            before = &[];
            bytes = 0;
        }
        let (_, block) = blocks.last_mut().expect("the first record begins a block");
        let shared = before.iter().zip(key.iter()).take_while(|(one, other)| one == other).count();
        write_number(block, shared);
        write_number(block, key.len() - shared);
        block.extend_from_slice(&key[shared..]);
        write_number(block, value.len());
        block.extend_from_slice(value);
        bytes += key.len() + value.len();
        before = key;
    }
    blocks
}

/// The bytes are not what [`pack`] made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Goes through the records of a block, in key order, and copies none that nobody asks for.
pub(super) struct Cursor<B> {
    block: B,
    at: usize,
    key: Vec<u8>,
    value: Range<usize>,
}

impl<B: AsRef<[u8]>> Cursor<B> {
    /// Stands before the first record.
    pub fn new(block: B) -> Self {
        Self { block, at: 0, key: Vec::new(), value: 0..0 }
    }

    /// Moves to the next record, if there is one.
    pub fn step(&mut self) -> Result<bool, Damaged> {
        if self.at == self.block.as_ref().len() {
            return Ok(false);
        }
        let shared = self.number()?;
        if shared > self.key.len() {
            return Err(Damaged);
        }
        let own = self.number()?;
        let own = self.bytes(own)?;
        self.key.truncate(shared);
        self.key.extend_from_slice(&self.block.as_ref()[own]);
        let length = self.number()?;
        self.value = self.bytes(length)?;
        Ok(true)
    }

    pub fn key(&self) -> &[u8] {
        &self.key
    }

    pub fn value(&self) -> &[u8] {
        &self.block.as_ref()[self.value.clone()]
    }

    pub fn pair(&self) -> Pair {
        (Bytes::copy_from_slice(self.key()), Bytes::copy_from_slice(self.value()))
    }

    fn number(&mut self) -> Result<usize, Damaged> {
        let mut number = 0_usize;
        for shift in [0, 7, 14, 21] {
            let byte = *self.block.as_ref().get(self.at).ok_or(Damaged)?;
            self.at += 1;
            number |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Damaged)
    }

    fn bytes(&mut self, length: usize) -> Result<Range<usize>, Damaged> {
        let from = self.at;
        if length > self.block.as_ref().len() - from {
            return Err(Damaged);
        }
        self.at += length;
        Ok(from..self.at)
    }
}

fn write_number(block: &mut Vec<u8>, mut number: usize) {
    debug_assert!(number < 1 << 28, "a key or a value is far smaller");
    while number >= 0x80 {
        block.push(number as u8 | 0x80);
        number >>= 7;
    }
    block.push(number as u8);
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn pairs(map: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<Pair> {
        map.iter().map(|(key, value)| (key.clone().into(), value.clone().into())).collect()
    }

    fn any_map() -> impl Strategy<Value = BTreeMap<Vec<u8>, Vec<u8>>> {
        let key = proptest::collection::vec(0..3_u8, 1..12);
        proptest::collection::btree_map(key, proptest::collection::vec(any::<u8>(), 0..900), 0..30)
    }

    #[test]
    fn what_follows_a_full_block_begins_a_new_one_and_what_falls_between_cuts_in_halves() {
        let records: Vec<Pair> =
            (0..100_u8).map(|n| (Bytes::copy_from_slice(&[n]), Bytes::from(vec![n; 99]))).collect();
        let lengths = |behind| -> Vec<usize> {
            pack(&records, behind).iter().map(|(_, block)| unpack(block).unwrap().len()).collect()
        };
        assert_eq!(lengths(true), [40, 40, 20]);
        assert_eq!(lengths(false), [34, 34, 32]);
        let large = [(Bytes::from_static(b"k"), Bytes::from(vec![7; 64 << 10]))];
        assert_eq!(find(&pack(&large, true)[0].1, b"k").unwrap().unwrap(), large[0].1);
        assert!(pack(&[], true).is_empty());
    }

    proptest! {
        #[test]
        fn records_are_read_back_and_no_block_is_too_large(map in any_map(), behind: bool) {
            let records = pairs(&map);
            let blocks = pack(&records, behind);
            let mut read = Vec::new();
            for (fence, block) in &blocks {
                let held = unpack(block).unwrap();
                prop_assert_eq!(fence, &held[0].0);
                let bytes: usize = held.iter().map(|(key, value)| key.len() + value.len()).sum();
                prop_assert!(bytes <= BLOCK_BYTES_MAX);
                for (key, value) in &held {
                    prop_assert_eq!(find(block, key).unwrap(), Some(value.clone()));
                }
                prop_assert_eq!(find(block, b"\x05").unwrap(), None);
                read.extend(held);
            }
            prop_assert_eq!(read, records);
        }

        #[test]
        fn changes_do_to_a_block_what_they_do_to_a_map(
            map in any_map(),
            changes in proptest::collection::btree_map(
                proptest::collection::vec(0..3_u8, 1..6), proptest::option::of(Just(vec![9; 10])), 0..20),
        ) {
            let mut expected = map.clone();
            for (key, value) in &changes {
                match value {
                    Some(value) => drop(expected.insert(key.clone(), value.clone())),
                    None => drop(expected.remove(key)),
                }
            }
            let changes: BTreeMap<Bytes, Option<Bytes>> =
                changes.into_iter().map(|(key, value)| (key.into(), value.map(Bytes::from))).collect();
            let mut records = pairs(&map);
            let changed = change(&mut records, &changes);
            prop_assert_eq!(changed, expected != map);
            prop_assert_eq!(records, pairs(&expected));
        }

        #[test]
        fn damaged_bytes_are_told_and_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = unpack(&bytes);
            let _ = find(&bytes, b"key");
        }
    }
}
