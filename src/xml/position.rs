//! From a byte offset to the line and column a person looks for.

/// Walks a document once, forwards: ask for offsets in ascending order.
///
/// Positions are wanted only for flaws, so nothing is counted while a document is read.
pub struct Positions<'d> {
    document: &'d [u8],
    at: usize,
    line: u32,
    column: u32,
}

impl<'d> Positions<'d> {
    pub fn new(document: &'d [u8]) -> Positions<'d> {
        // A byte-order mark is no character of the document.
        let at = if document.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Positions { document, at, line: 1, column: 1 }
    }

    /// Line and column of `byte`, both from 1, the column in characters. An offset behind the last one asked for is
    /// answered with that last one's position.
    pub fn of(&mut self, byte: usize) -> (u32, u32) {
        let end = byte.min(self.document.len());
        while self.at < end {
            match self.document[self.at] {
                b'\n' => self.next_line(),
                // A carriage return ends a line by itself, unless a line feed follows and does it.
                b'\r' if self.document.get(self.at + 1) != Some(&b'\n') => self.next_line(),
                0x80..=0xBF => {}
                _ => self.column += 1,
            }
            self.at += 1;
        }
        (self.line, self.column)
    }

    fn next_line(&mut self) {
        self.line += 1;
        self.column = 1;
    }
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
    }
}
