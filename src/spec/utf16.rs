//! UTF-16 to UTF-8, a piece at a time.

use crate::xml::{Encoding, Malformed};

/// Turns what arrives into UTF-8. What is UTF-8 already goes by untouched.
pub(super) struct Decoder {
    /// None for UTF-8.
    little: Option<bool>,
    mark: usize,
    marked: bool,
    /// Units turned so far.
    units: usize,
    /// Bytes of UTF-8 made so far.
    made: usize,
    /// What ended the text.
    pub wrong: Option<Malformed>,
}

/// Byte order, and bytes of the mark, of a document in UTF-16. Source: XML 1.0, appendix F.
pub(super) fn detect(document: &[u8]) -> Option<(bool, usize)> {
    match document {
        [0xFF, 0xFE, 0, 0, ..] => None,
        [0xFE, 0xFF, ..] => Some((false, 2)),
        [0xFF, 0xFE, ..] => Some((true, 2)),
        [0, b'<', 0, b'?', ..] => Some((false, 0)),
        [b'<', 0, b'?', 0, ..] => Some((true, 0)),
        _ => None,
    }
}

impl Decoder {
    pub(super) fn new(document: &[u8]) -> Decoder {
        let found = detect(document);
        let mark = found.map_or(0, |(_, mark)| mark);
        Decoder { little: found.map(|(little, _)| little), mark, marked: mark > 0, units: 0, made: 0, wrong: None }
    }

    pub(super) fn is_wide(&self) -> bool {
        self.little.is_some()
    }

    pub(super) fn mark(&self) -> usize {
        self.mark
    }

    pub(super) fn encoding(&self) -> Encoding {
        match (self.little, self.marked) {
            (None, _) => Encoding::Utf8,
            (Some(_), true) => Encoding::Utf16,
            (Some(_), false) => Encoding::Utf16Unmarked,
        }
    }

    /// Moves whole characters from `raw` to `text`.
    pub(super) fn decode(&mut self, raw: &mut Vec<u8>, text: &mut Vec<u8>, ended: bool) {
        let Some(little) = self.little else { return };
        if self.wrong.is_some() {
            raw.clear();
            return;
        }
        let before = text.len();
        let unit = |at: usize| {
            let pair = [*raw.get(at)?, *raw.get(at + 1)?];
            Some(if little { u16::from_le_bytes(pair) } else { u16::from_be_bytes(pair) })
        };
        let mut at = 0;
        while let Some(first) = unit(at) {
            let (code, length) = match (first, unit(at + 2)) {
                (0xD800..=0xDBFF, Some(second @ 0xDC00..=0xDFFF)) => {
                    (0x1_0000 + ((u32::from(first) - 0xD800) << 10) + (u32::from(second) - 0xDC00), 4)
                }
                (0xD800..=0xDBFF, None) if !ended => break,
                _ => (u32::from(first), 2),
            };
            // Half of a pair is no character.
            let Some(c) = char::from_u32(code) else { break };
            text.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            at += length;
            self.units += length / 2;
        }
        let lone = unit(at).is_some_and(|u| (0xDC00..=0xDFFF).contains(&u))
            || unit(at).is_some_and(|u| (0xD800..=0xDBFF).contains(&u)) && (ended || unit(at + 2).is_some());
        let left = at < raw.len();
        raw.drain(..at);
        self.made += text.len() - before;
        if lone || ended && left {
            self.wrong = Some(Malformed::coded("encoding-invalid", self.made, "These bytes are not UTF-16."));
        }
    }
}
