//! The seam to the tokenizer: where one piece of markup ends and the next begins, and nothing about whether it is right.
//!
//! Today quick-xml finds the pieces. Whatever replaces it need only cut the text at the same places.

use quick_xml::events::Event;
use quick_xml::reader::Reader;

/// What a piece of the text is. Spans include their delimiters, except for character data, which has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    /// `<name …>`; the bytes that the name takes come along.
    Open(usize),
    /// `<name …/>`
    Empty(usize),
    /// `</name>`
    Close,
    Text,
    CData,
    /// `&name;`
    Reference,
    Comment,
    /// `<?…?>`, the XML declaration included.
    Instruction,
    Doctype,
    End,
}

pub(super) struct Tokens<'d> {
    inner: Reader<&'d [u8]>,
}

impl<'d> Tokens<'d> {
    pub(super) fn new(text: &'d str) -> Tokens<'d> {
        let mut inner = Reader::from_str(text);
        let config = inner.config_mut();
        // Our reader keeps its own stack of names, with limits.
        config.check_end_names = false;
        config.allow_unmatched_ends = true;
        config.trim_markup_names_in_closing_tags = false;
        Tokens { inner }
    }

    /// The next piece and where it lies, or the offset and the words of what is wrong.
    #[inline]
    pub(super) fn next(&mut self) -> Result<(Token, usize, usize), (usize, String)> {
        let start = self.inner.buffer_position() as usize;
        let token = match self.inner.read_event() {
            Ok(Event::Start(tag)) => Token::Open(tag.name().as_ref().len()),
            Ok(Event::Empty(tag)) => Token::Empty(tag.name().as_ref().len()),
            Ok(Event::End(_)) => Token::Close,
            Ok(Event::Text(_)) => Token::Text,
            Ok(Event::CData(_)) => Token::CData,
            Ok(Event::GeneralRef(_)) => Token::Reference,
            Ok(Event::Comment(_)) => Token::Comment,
            Ok(Event::PI(_) | Event::Decl(_)) => Token::Instruction,
            Ok(Event::DocType(_)) => Token::Doctype,
            Ok(Event::Eof) => Token::End,
            Err(wrong) => return Err((self.inner.error_position() as usize, wrong.to_string())),
        };
        Ok((token, start, self.inner.buffer_position() as usize))
    }
}
