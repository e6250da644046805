//! Ordered keys: the first byte names a space, the rest sorts as its parts do.

use std::fmt;

/// A numbered part of the store; the module that owns its records declares it, `ARCHITECTURE.md` lists them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(pub u8);

/// Longest text that stands in a key as it is; a longer one is replaced by its hash, so that a key stays short
/// whatever a stranger sends.
pub const KEY_TEXT_BYTES_MAX: usize = 96;

/// An ordered key. Build it part by part: `Key::new(SPACE).text("8100000000030").number(7)`.
///
/// A key may end in the number of the commit that writes it ([`Key::stamp`]): the store fills it in, so records of a
/// log or a queue are numbered by the same commit that makes them visible.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    bytes: Vec<u8>,
    stamp_at: Option<usize>,
}

impl Key {
    pub fn new(space: Space) -> Self {
        Self { bytes: vec![space.0], stamp_at: None }
    }

    /// A key as the store gave it back.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        assert!(!bytes.is_empty(), "a key begins with its space");
        Self { bytes, stamp_at: None }
    }

    /// Adds a text that sorts before every longer text it begins.
    pub fn text(mut self, text: &str) -> Self {
        if text.len() > KEY_TEXT_BYTES_MAX {
            self.bytes.push(LONG_TEXT);
            self.bytes.extend_from_slice(blake3::hash(text.as_bytes()).as_bytes());
            return self;
        }
        self.escaped(text.as_bytes())
    }

    /// Adds another key, whole; keys under it stand together, in the order of the keys that were added.
    pub fn nested(self, key: &Key) -> Self {
        assert!(!key.is_stamped(), "a key that is added to another is known");
        self.escaped(&key.bytes)
    }

    fn escaped(mut self, bytes: &[u8]) -> Self {
        self.bytes.reserve(bytes.len() + 1);
        for byte in bytes {
            match *byte {
                END | ESCAPE | LONG_TEXT => self.bytes.extend_from_slice(&[ESCAPE, *byte]),
                _ => self.bytes.push(*byte),
            }
        }
        self.bytes.push(END);
        self
    }

    /// Adds a number, eight bytes, largest last.
    pub fn number(mut self, number: u64) -> Self {
        self.bytes.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds a signed number (an instant in microseconds, a block's index), negative ones first.
    pub fn signed(self, number: i64) -> Self {
        self.number((number as u64) ^ (1 << 63))
    }

    /// Adds bytes of a fixed length (a hash, an id).
    pub fn fixed<const N: usize>(mut self, bytes: [u8; N]) -> Self {
        self.bytes.extend_from_slice(&bytes);
        self
    }

    /// Leaves eight bytes for the number of the commit that will write this key. At most one stamp a key.
    pub fn stamp(mut self) -> Self {
        assert!(self.stamp_at.is_none(), "a key carries one stamp");
        self.stamp_at = Some(self.bytes.len());
        self.number(0)
    }

    pub fn is_stamped(&self) -> bool {
        self.stamp_at.is_some()
    }

    /// The key as it stands once commit `number` writes it; any other key is unchanged. For the store.
    pub fn at_commit(mut self, number: u64) -> Self {
        if let Some(at) = self.stamp_at.take() {
            self.bytes[at..at + 8].copy_from_slice(&number.to_be_bytes());
        }
        self
    }

    pub fn space(&self) -> Space {
        Space(self.bytes[0])
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Reads the parts again, in the order in which they were added.
    pub fn reader(&self) -> KeyReader<'_> {
        KeyReader { rest: &self.bytes[1..] }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.bytes[0], self.bytes[1..].escape_ascii())
    }
}

/// Takes a key apart; every method returns `None` where the bytes are not of that kind.
pub struct KeyReader<'a> {
    rest: &'a [u8],
}

impl KeyReader<'_> {
    /// A text that was short enough to stand in the key as it is.
    pub fn text(&mut self) -> Option<String> {
        let mut text = Vec::new();
        let mut bytes = self.rest.iter();
        loop {
            match *bytes.next()? {
                END => break,
                ESCAPE => text.push(*bytes.next()?),
                LONG_TEXT => return None,
                byte => text.push(byte),
            }
        }
        self.rest = bytes.as_slice();
        String::from_utf8(text).ok()
    }

    pub fn number(&mut self) -> Option<u64> {
        self.fixed().map(u64::from_be_bytes)
    }

    pub fn signed(&mut self) -> Option<i64> {
        self.number().map(|n| (n ^ (1 << 63)) as i64)
    }

    pub fn fixed<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*head)
    }
}

/// Keys from `from` (included) up to `to` (excluded), in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRange {
    pub from: Key,
    pub to: Key,
}

impl KeyRange {
    /// Every key that begins with all the parts of `prefix`.
    pub fn under(prefix: &Key) -> Self {
        let mut end = prefix.bytes.clone();
        while end.last() == Some(&u8::MAX) {
            end.pop();
        }
        match end.last_mut() {
            Some(last) => *last += 1,
            None => end = vec![u8::MAX; KEY_TEXT_BYTES_MAX],
        }
        Self { from: prefix.clone(), to: Key::from_bytes(end) }
    }

    /// Every key under `prefix` from `from` on.
    pub fn under_from(prefix: &Key, from: Key) -> Self {
        Self { from, to: Self::under(prefix).to }
    }

    pub fn contains(&self, key: &Key) -> bool {
        self.from.bytes <= key.bytes && key.bytes < self.to.bytes
    }
}

const END: u8 = 0;
const ESCAPE: u8 = 1;
const LONG_TEXT: u8 = 2;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SPACE: Space = Space(9);

    #[test]
    fn a_long_text_becomes_its_hash_and_two_long_texts_stay_apart() {
        let key = |c: &str| Key::new(SPACE).text(&c.repeat(KEY_TEXT_BYTES_MAX + 1));
        assert!(key("a").as_bytes().len() < 40);
        assert_ne!(key("a"), key("b"));
    }

    #[test]
    fn the_store_fills_in_the_stamp() {
        let key = Key::new(SPACE).text("queue").stamp().number(2);
        assert_eq!(key.at_commit(7), Key::new(SPACE).text("queue").number(7).number(2));
    }

    proptest! {
        #[test]
        fn parts_are_read_back_and_keys_sort_as_their_parts(a in "\\PC{0,20}", b in "\\PC{0,20}", m: i64, n: i64) {
            let key = |text: &str, number| Key::new(SPACE).text(text).signed(number);
            let one = key(&a, m);
            let mut reader = one.reader();
            prop_assert_eq!(reader.text(), Some(a.clone()));
            prop_assert_eq!(reader.signed(), Some(m));
            prop_assert_eq!(one.cmp(&key(&a, n)), m.cmp(&n));
            prop_assert_eq!(Key::new(SPACE).text(&a) == Key::new(SPACE).text(&b), a == b);
        }

        #[test]
        fn a_range_under_a_prefix_holds_exactly_its_keys(a in "[\\x00-\\x7f]{0,4}", b in "[\\x00-\\x7f]{0,4}", n: u64) {
            let range = KeyRange::under(&Key::new(SPACE).text(&a));
            prop_assert_eq!(range.contains(&Key::new(SPACE).text(&b).number(n)), a == b);
        }
    }
}
