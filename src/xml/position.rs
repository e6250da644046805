//! From a byte offset to the line and column a person looks for.

use std::collections::HashMap;
use std::io::{self, Read};

/// Walks a document once, forwards: ask for offsets in ascending order.
///
/// Positions are wanted only for flaws, so nothing is counted while a document is read.
pub struct Positions<'d> {
    document: &'d [u8],
    walk: Walk,
}

impl<'d> Positions<'d> {
    pub fn new(document: &'d [u8]) -> Positions<'d> {
        Positions { document, walk: Walk::new() }
    }

    /// Line and column of `byte`, both from 1, the column in characters. An offset behind the last one asked for is
    /// answered with that last one's position.
    pub fn of(&mut self, byte: usize) -> (u32, u32) {
        let end = byte.clamp(self.walk.byte, self.document.len());
        self.walk.over(&self.document[self.walk.byte..end]);
        (self.walk.line, self.walk.column)
    }
}

/// Lines and columns of several bytes of a document that is read once more for them, in the order of `bytes`.
pub fn positions_in(mut document: impl Read, bytes: &[usize]) -> io::Result<Vec<(u32, u32)>> {
    let mut wanted: Vec<usize> = bytes.to_vec();
    wanted.sort_unstable();
    let mut found = HashMap::new();
    let mut wanted = wanted.into_iter().peekable();
    let (mut walk, mut piece) = (Walk::new(), [0; 16 * 1024]);
    while wanted.peek().is_some() {
        let read = document.read(&mut piece)?;
        let (start, mut passed) = (walk.byte, 0);
        while let Some(byte) = wanted.next_if(|&byte| byte < start + read || read == 0) {
            let to = byte.saturating_sub(start).min(read);
            walk.over(&piece[passed..to.max(passed)]);
            passed = to.max(passed);
            found.insert(byte, (walk.line, walk.column));
        }
        walk.over(&piece[passed..read]);
    }
    Ok(bytes.iter().map(|byte| found[byte]).collect())
}

/// The place that a walk through a document has come to. The document may be shown to it in pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk {
    /// Bytes walked over.
    pub byte: usize,
    pub line: u32,
    pub column: u32,
    /// Units of UTF-16 that the same characters take, if they are counted.
    pub units: usize,
    pub wide: bool,
    /// The last character was a carriage return: a line feed now would end the same line.
    returned: bool,
}

impl Walk {
    pub(crate) fn new() -> Walk {
        Walk { byte: 0, line: 1, column: 1, units: 0, wide: false, returned: false }
    }

    pub(crate) fn over(&mut self, mut bytes: &[u8]) {
        // A byte-order mark is no character of the document.
        if self.byte < 3 {
            for (at, mark) in [0xEF, 0xBB, 0xBF].into_iter().enumerate().skip(self.byte) {
                match bytes.split_first() {
                    Some((&first, rest)) if first == mark => {
                        bytes = rest;
                        self.byte = at + 1;
                    }
                    _ => break,
                }
            }
        }
        self.byte += bytes.len();
        for piece in bytes.chunks(4096) {
            if memchr::memchr(b'\r', piece).is_some() || self.returned {
                piece.iter().for_each(|&byte| self.step(byte));
                continue;
            }
            let tail = match memchr::memrchr(b'\n', piece) {
                Some(last) => {
                    self.line += memchr::memchr_iter(b'\n', piece).count() as u32;
                    self.column = 1;
                    &piece[last + 1..]
                }
                None => piece,
            };
            self.column += characters(tail) as u32;
            if self.wide {
                self.units += characters(piece) + piece.iter().filter(|&&b| b >= 0xF0).count();
            }
        }
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'\n' if self.returned => {}
            b'\n' | b'\r' => {
                self.line += 1;
                self.column = 1;
            }
            0x80..=0xBF => {}
            _ => self.column += 1,
        }
        self.returned = byte == b'\r';
        self.units += match byte {
            0x80..=0xBF => 0,
            0xF0.. => 2,
            _ => 1,
        };
    }
}

fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|&&b| !(0x80..=0xBF).contains(&b)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_end_in_three_ways() {
        let document = "a\næøå<\r\nb\rc".as_bytes();
        let mut positions = Positions::new(document);
        assert_eq!(positions.of(0), (1, 1));
        assert_eq!(positions.of(8), (2, 4));
        assert_eq!(positions.of(11), (3, 1));
        assert_eq!(positions.of(13), (4, 1));
        assert_eq!(positions.of(99), (4, 2));
    }

    #[test]
    fn a_byte_order_mark_takes_no_column() {
        assert_eq!(Positions::new("\u{FEFF}<a/>".as_bytes()).of(3), (1, 1));
        assert_eq!(Positions::new("\u{FEFF}<a/>".as_bytes()).of(4), (1, 2));
    }

    #[test]
    fn a_document_read_once_more_leads_to_the_same_places() {
        let document = "\u{FEFF}a\r\nbæ\n".repeat(5_000);
        let bytes = [40_000, 3, 0, 16_383, 16_384, 16_385, 3, document.len(), document.len() + 9];
        let places = |byte: &usize| Positions::new(document.as_bytes()).of(*byte);
        let expected: Vec<(u32, u32)> = bytes.iter().map(places).collect();
        assert_eq!(positions_in(document.as_bytes(), &bytes).unwrap(), expected);
        assert_eq!(positions_in(&b""[..], &[7]).unwrap(), [(1, 1)]);
    }

    #[test]
    fn pieces_and_the_whole_lead_to_one_place() {
        let document = "\u{FEFF}a\r\nb\r\r\n😀æ\nx\ry".as_bytes();
        let mut whole = Walk { wide: true, ..Walk::new() };
        whole.over(document);
        for cut in 0..document.len() {
            let mut walk = Walk { wide: true, ..Walk::new() };
            walk.over(&document[..cut]);
            walk.over(&document[cut..]);
            assert_eq!((walk.line, walk.column, walk.units), (whole.line, whole.column, whole.units), "{cut}");
        }
        assert_eq!((whole.line, whole.column, whole.units), (6, 2, 14));
    }
}
