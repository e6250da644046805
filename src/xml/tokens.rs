//! Where one piece of markup ends and the next begins, and nothing about whether it is right.
//!
//! The tokenizer sees a window of the document, never more. A piece that does not end within the window is answered
//! with [`Cut::More`], unless the window is the last one. Comments, processing instructions and CDATA sections are
//! announced by their first bytes and then read in stretches, so that none of them needs a window of its own size.

use super::chars::is_space;

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
    /// `&name;`
    Reference,
    /// `<!--`, and no more.
    Comment,
    /// `<![CDATA[`, and no more.
    CData,
    /// `<?`, and no more.
    Instruction,
    /// `<!DOCTYPE`, and no more.
    Doctype,
    End,
}

/// What the tokenizer found at an offset of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    /// A piece, and where it ends.
    Token(Token, usize),
    /// The piece does not end within this window, and another will come.
    More,
    /// No piece of markup begins like this, or it begins and the document ends.
    Wrong(&'static str),
}

/// The piece that begins at `at`. `last` says that nothing follows the window.
#[inline]
pub(super) fn cut(window: &[u8], at: usize, last: bool) -> Cut {
    match window.get(at) {
        Some(b'<') => markup(window, at, last),
        Some(b'&') => reference(window, at, last),
        Some(_) => text(window, at, last),
        None if last => Cut::Token(Token::End, at),
        None => Cut::More,
    }
}

#[inline]
fn markup(window: &[u8], at: usize, last: bool) -> Cut {
    match window.get(at + 1) {
        Some(b'/') => match memchr::memchr(b'>', &window[at + 2..]) {
            Some(length) => Cut::Token(Token::Close, at + 2 + length + 1),
            None => unclosed(last, "an end tag is not closed"),
        },
        Some(b'!') => declaration(&window[at..], at, last),
        Some(b'?') => Cut::Token(Token::Instruction, at + 2),
        Some(_) => start_tag(window, at, last),
        None => unclosed(last, "\"<\" begins nothing"),
    }
}

fn unclosed(last: bool, words: &'static str) -> Cut {
    if last { Cut::Wrong(words) } else { Cut::More }
}

#[inline]
fn start_tag(window: &[u8], at: usize, last: bool) -> Cut {
    let inside = &window[at + 1..];
    let name = inside.iter().position(|&b| matches!(b, b'>' | b'/' | b' ' | b'\n' | b'\t' | b'\r'));
    let Some(name) = name else { return unclosed(last, "a start tag is not closed") };
    let mut end = name;
    loop {
        // A `>` within quotes is a character like any other.
        match memchr::memchr3(b'>', b'"', b'\'', &inside[end..]) {
            Some(length) if inside[end + length] == b'>' => {
                end += length;
                break;
            }
            Some(length) => {
                let quote = inside[end + length];
                match memchr::memchr(quote, &inside[end + length + 1..]) {
                    Some(value) => end += length + value + 2,
                    None => return unclosed(last, "the quotes of an attribute's value are not closed"),
                }
            }
            None => return unclosed(last, "a start tag is not closed"),
        }
    }
    let empty = end > name && inside[end - 1] == b'/';
    let token = if empty { Token::Empty(name) } else { Token::Open(name) };
    Cut::Token(token, at + 1 + end + 1)
}

#[cold]
fn declaration(rest: &[u8], at: usize, last: bool) -> Cut {
    const KNOWN: [(&[u8], Token); 3] =
        [(b"<!--", Token::Comment), (b"<![CDATA[", Token::CData), (b"<!DOCTYPE", Token::Doctype)];
    for (mark, token) in KNOWN {
        let seen = &rest[..rest.len().min(mark.len())];
        if seen.eq_ignore_ascii_case(mark) && (token == Token::Doctype || seen == mark) {
            return Cut::Token(token, at + mark.len());
        }
        if seen.len() < mark.len() && mark.starts_with(seen) && !last {
            return Cut::More;
        }
    }
    Cut::Wrong("\"<!\" begins neither a comment nor a CDATA section")
}

#[cold]
fn reference(window: &[u8], at: usize, last: bool) -> Cut {
    let inside = &window[at + 1..];
    match inside.iter().position(|&b| matches!(b, b';' | b'<' | b'&' | b'>') || is_space(b)) {
        Some(length) if inside[length] == b';' => Cut::Token(Token::Reference, at + 1 + length + 1),
        Some(_) => Cut::Wrong("\"&\" must begin a reference that ends with \";\"; write &amp; for itself"),
        None => unclosed(last, "\"&\" must begin a reference that ends with \";\"; write &amp; for itself"),
    }
}

#[inline]
fn text(window: &[u8], at: usize, last: bool) -> Cut {
    if let Some(length) = memchr::memchr2(b'<', b'&', &window[at..]) {
        return Cut::Token(Token::Text, at + length);
    }
    let end = if last { window.len() } else { at + safe(&window[at..], b']') };
    if end > at { Cut::Token(Token::Text, end) } else { Cut::More }
}

/// How much of a stretch can be handed out when what follows is not known: neither half a line end, nor the beginning
/// of a `]]>`, `?>` or `-->`, of which `mark` is the first byte.
pub(super) fn safe(stretch: &[u8], mark: u8) -> usize {
    let mut end = stretch.len();
    if stretch.last() == Some(&b'\r') {
        return end - 1;
    }
    while end > 0 && stretch.len() - end < 2 && stretch[end - 1] == mark {
        end -= 1;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(Token, usize)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Cut::Token(token, end) = cut(text.as_bytes(), at, true) {
            found.push((token, end));
            if token == Token::End {
                break;
            }
            at = end;
        }
        found
    }

    #[test]
    fn pieces_end_where_they_should() {
        use Token::*;
        assert_eq!(all("<a b='>'>x&lt;</a >"), [(Open(1), 9), (Text, 10), (Reference, 14), (Close, 19), (End, 19)]);
        assert_eq!(all("<a/><b c=\"/\"/>"), [(Empty(1), 4), (Empty(1), 14), (End, 14)]);
        assert_eq!(all("<!doctype"), [(Doctype, 9), (End, 9)]);
        assert_eq!(cut(b"<!cdata[[", 0, true), Cut::Wrong("\"<!\" begins neither a comment nor a CDATA section"));
    }

    #[test]
    fn a_window_that_ends_within_a_piece_asks_for_more() {
        for part in ["<", "<a", "<a b='", "<a b='>", "</a", "&am", "<!", "<!-", "<![CDA", "]", "]]", "\r", ""] {
            assert_eq!(cut(part.as_bytes(), 0, false), Cut::More, "{part}");
        }
        assert_eq!(cut(b"a]]", 0, false), Cut::Token(Token::Text, 1));
        assert_eq!(cut(b"a\r", 0, false), Cut::Token(Token::Text, 1));
        assert_eq!(cut(b"a]]]", 0, false), Cut::Token(Token::Text, 2));
    }
}
