//! Events of a document, each checked before it is handed out.

use super::attributes::{self, Attribute};
use super::chars::{first_illegal, is_nc_name, is_space};
use super::names::{Names, Scope, short, undeclared};
use super::tokens::{Token, Tokens};
use super::{Limits, Malformed, declaration};

/// What comes next in a document. Comments and processing instructions are checked and passed over in silence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<'d> {
    /// An element begins. Its name is asked for by slot, its attributes with [`Reader::attributes`]; both hold until
    /// the next event. An empty-element tag is followed by its own `Close`.
    Open { slot: usize, byte: usize },
    /// Character data, line ends already made into `\n`. An element's text may come in several pieces.
    Text { text: &'d str, byte: usize },
    /// A character that was written as a reference.
    Character { character: char, byte: usize },
    /// The innermost open element ends; `byte` is where its end tag begins.
    Close { byte: usize },
    /// The document ends, and was well-formed.
    End,
}

/// Reads one document. After an error it has nothing more to say.
pub struct Reader<'d> {
    text: &'d str,
    limits: &'d Limits,
    tokens: Tokens<'d>,
    names: Names<'d>,
    open: Vec<Open<'d>>,
    attributes: Vec<Attribute<'d>>,
    /// What is left of a run of character data that had carriage returns in it.
    rest: (&'d str, usize),
    /// Bytes of character data since the last tag.
    run: usize,
    /// The empty-element tag just read is still to be closed.
    closing: bool,
    root_seen: bool,
    /// Bytes before `text`: the byte-order mark.
    base: usize,
}

struct Open<'d> {
    raw: &'d str,
    /// Set on elements that declared namespaces.
    scope: Option<Scope>,
}

impl<'d> Reader<'d> {
    /// Takes a whole document; its encoding and its characters are checked here, in one sweep.
    pub fn new(document: &'d [u8], limits: &'d Limits) -> Result<Reader<'d>, Malformed> {
        if document.len() > limits.body_bytes_max {
            let message = format!("A document may have at most {} bytes.", limits.body_bytes_max);
            return Err(Malformed::coded("body-limit", limits.body_bytes_max, message));
        }
        let base = declaration::skip_mark(document)?;
        let text = match std::str::from_utf8(&document[base..]) {
            Ok(text) => text,
            Err(wrong) => {
                let byte = base + wrong.valid_up_to();
                return Err(Malformed::coded("encoding-invalid", byte, "These bytes are not UTF-8."));
            }
        };
        Reader::over(text, base, limits)
    }

    /// Takes text that is known to be UTF-8 and begins `base` bytes into the document.
    pub(super) fn over(text: &'d str, base: usize, limits: &'d Limits) -> Result<Reader<'d>, Malformed> {
        if let Some(at) = first_illegal(text) {
            return Err(Malformed::new(base + at, "This character may not stand in an XML document."));
        }
        // The tokenizer would swallow a second mark, and count wrongly ever after.
        if text.starts_with('\u{FEFF}') {
            return Err(Malformed::new(base, "A document has one byte-order mark at most."));
        }
        Ok(Reader {
            text,
            limits,
            tokens: Tokens::new(text),
            names: Names::new(),
            open: Vec::with_capacity(16),
            attributes: Vec::new(),
            rest: ("", 0),
            run: 0,
            closing: false,
            root_seen: false,
            base,
        })
    }

    /// The next event. The first error is the last thing a reader says.
    #[inline]
    pub fn read(&mut self) -> Result<Event<'d>, Malformed> {
        if self.closing {
            self.closing = false;
            self.run = 0;
            let byte = self.rest.1;
            self.leave();
            return Ok(Event::Close { byte });
        }
        if !self.rest.0.is_empty() {
            return Ok(self.piece());
        }
        loop {
            let (token, start, end) = match self.tokens.next() {
                Ok(found) => found,
                Err((byte, message)) => return Err(self.misread(byte, &message)),
            };
            let raw = &self.text[start..end];
            match token {
                Token::Open(name) => return self.enter(raw, name, start, false),
                Token::Empty(name) => return self.enter(raw, name, start, true),
                Token::Close => return self.close(raw, start),
                Token::Text => {
                    if let Some(event) = self.characters(raw, start)? {
                        return Ok(event);
                    }
                }
                _ => {
                    if let Some(event) = self.seldom(token, raw, start)? {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Open elements, the one just opened included.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// The local part of a name.
    pub fn local(&self, slot: usize) -> &'d str {
        self.names.at(slot).local
    }

    /// The namespace of a name, empty for none. Ask while the element is the innermost one.
    pub fn namespace(&self, slot: usize) -> &str {
        self.names.namespace(slot)
    }

    /// What was last said with [`Reader::set_tag`] about this very name in its present meaning, or [`super::UNTAGGED`].
    #[inline]
    pub fn tag(&self, slot: usize) -> u32 {
        self.names.at(slot).tag
    }

    pub fn set_tag(&mut self, slot: usize, tag: u32) {
        self.names.tag(slot, tag);
    }

    /// Attributes of the element just opened, in document order, namespace declarations left out.
    #[inline]
    pub fn attributes(&self) -> &[Attribute<'d>] {
        &self.attributes
    }

    /// What a prefix means where the reader stands; the empty prefix is the default namespace.
    pub fn lookup(&self, prefix: &str) -> Option<&str> {
        self.names.lookup(prefix)
    }

    #[inline]
    fn enter(&mut self, raw: &'d str, name: usize, start: usize, empty: bool) -> Result<Event<'d>, Malformed> {
        let byte = self.base + start;
        if self.open.is_empty() && self.root_seen {
            return Err(Malformed::new(byte, "A document has one root element; a second begins here."));
        }
        if self.open.len() == self.limits.depth_max {
            let message = format!("Elements may be nested at most {} deep.", self.limits.depth_max);
            return Err(Malformed::coded("depth-limit", byte, message));
        }
        self.root_seen = true;
        self.run = 0;
        let name = &raw[1..1 + name];
        attributes::check_length(name, byte, self.limits)?;
        let inside = &raw[1 + name.len()..raw.len() - if empty { 2 } else { 1 }];
        let mut scope = None;
        self.attributes.clear();
        if !inside.is_empty() {
            scope = self.take_attributes(inside, byte + 1 + name.len())?;
        }
        let slot = self.names.slot(name, byte)?;
        self.open.push(Open { raw: name, scope });
        if empty {
            self.closing = true;
            self.rest = ("", byte);
        }
        Ok(Event::Open { slot, byte })
    }

    fn take_attributes(&mut self, inside: &'d str, byte: usize) -> Result<Option<Scope>, Malformed> {
        attributes::read(inside, byte, self.limits, &mut self.attributes)?;
        let before = self.names.scope();
        let mut declared = false;
        for at in 0..self.attributes.len() {
            let attribute = &self.attributes[at];
            let prefix = match (attribute.prefix, attribute.local) {
                ("", "xmlns") => "",
                ("xmlns", prefix) => prefix,
                _ => continue,
            };
            if self.names.declared() == self.limits.namespaces_max {
                let message = format!("At most {} namespaces may be declared at once.", self.limits.namespaces_max);
                return Err(Malformed::coded("namespaces-limit", attribute.byte, message));
            }
            self.names.declare(prefix, attribute.value.clone(), attribute.byte)?;
            declared = true;
        }
        self.refuse_doubles()?;
        if declared {
            self.attributes.retain(|a| a.prefix != "xmlns" && !(a.prefix.is_empty() && a.local == "xmlns"));
        }
        Ok(declared.then_some(before))
    }

    /// No two attributes may have one name, as written or as meant. At most [`Limits::attributes_max`] squared looks.
    fn refuse_doubles(&self) -> Result<(), Malformed> {
        for (at, attribute) in self.attributes.iter().enumerate() {
            let namespace = match attribute.prefix {
                "" | "xmlns" => None,
                prefix => match self.names.lookup(prefix) {
                    Some(namespace) => Some(namespace),
                    None => return Err(undeclared(prefix, attribute.byte)),
                },
            };
            let double = self.attributes[..at].iter().any(|other| {
                other.local == attribute.local
                    && (other.prefix == attribute.prefix
                        || namespace.is_some_and(|n| {
                            !matches!(other.prefix, "" | "xmlns") && self.names.lookup(other.prefix) == Some(n)
                        }))
            });
            if double {
                let message = format!("The attribute \"{}\" is given twice.", short(attribute.local));
                return Err(Malformed::new(attribute.byte, message));
            }
        }
        Ok(())
    }

    #[inline]
    fn close(&mut self, raw: &'d str, start: usize) -> Result<Event<'d>, Malformed> {
        let byte = self.base + start;
        let name = &raw[2..raw.len() - 1];
        self.run = 0;
        let Some(open) = self.open.last() else {
            return Err(Malformed::new(byte, format!("\"</{}>\" closes nothing.", short(name))));
        };
        if open.raw != name && open.raw != name.trim_end_matches([' ', '\t', '\n', '\r']) {
            let message = format!("\"</{}>\" stands where \"</{}>\" must.", short(name), short(open.raw));
            return Err(Malformed::new(byte, message));
        }
        self.leave();
        Ok(Event::Close { byte })
    }

    #[inline]
    fn leave(&mut self) {
        if let Some(Open { scope: Some(scope), .. }) = self.open.pop() {
            self.names.leave(scope);
        }
    }

    #[inline]
    fn characters(&mut self, raw: &'d str, start: usize) -> Result<Option<Event<'d>>, Malformed> {
        let bytes = raw.as_bytes();
        let byte = self.base + start;
        if raw.is_empty() {
            return Ok(None);
        }
        if self.open.is_empty() {
            return match bytes.iter().position(|&b| !is_space(b)) {
                None => Ok(None),
                Some(at) => Err(Malformed::new(byte + at, "Nothing may stand outside the root element.")),
            };
        }
        self.count(bytes.len(), byte)?;
        let marked = if bytes.len() < 16 {
            bytes.iter().any(|&b| b == b'\r' || b == b']')
        } else {
            memchr::memchr2(b'\r', b']', bytes).is_some()
        };
        if marked {
            // A `]]>` may not be split by anything but a comment, so looking within one piece finds them all.
            if let Some(at) = memchr::memmem::find(bytes, b"]]>") {
                return Err(Malformed::new(byte + at, "\"]]>\" may not stand in text; write ]]&gt;."));
            }
            self.rest = (raw, start);
            return Ok(Some(self.piece()));
        }
        Ok(Some(Event::Text { text: raw, byte }))
    }

    /// The next piece of a run with carriage returns: `\r\n` and `\r` alone are both one `\n`.
    fn piece(&mut self) -> Event<'d> {
        let (rest, start) = self.rest;
        let byte = self.base + start;
        let (piece, taken) = match memchr::memchr(b'\r', rest.as_bytes()) {
            None => (rest, rest.len()),
            Some(0) if rest.as_bytes().get(1) == Some(&b'\n') => ("\n", 2),
            Some(0) => ("\n", 1),
            Some(at) => (&rest[..at], at),
        };
        self.rest = (&rest[taken..], start + taken);
        Event::Text { text: piece, byte }
    }

    #[inline]
    fn count(&mut self, bytes: usize, byte: usize) -> Result<(), Malformed> {
        self.run += bytes;
        if self.run > self.limits.text_bytes_max {
            let message = format!("The text of one element may have at most {} bytes.", self.limits.text_bytes_max);
            return Err(Malformed::coded("text-limit", byte, message));
        }
        Ok(())
    }

    fn seldom(&mut self, token: Token, raw: &'d str, start: usize) -> Result<Option<Event<'d>>, Malformed> {
        let byte = self.base + start;
        match token {
            Token::CData => {
                if self.open.is_empty() {
                    return Err(Malformed::new(byte, "Nothing may stand outside the root element."));
                }
                self.count(raw.len(), byte)?;
                self.rest = (&raw["<![CDATA[".len()..raw.len() - "]]>".len()], start + "<![CDATA[".len());
                Ok((!self.rest.0.is_empty()).then(|| self.piece()))
            }
            Token::Reference => {
                if self.open.is_empty() {
                    return Err(Malformed::new(byte, "Nothing may stand outside the root element."));
                }
                self.count(raw.len(), byte)?;
                let (character, _) = attributes::reference(raw, byte)?;
                Ok(Some(Event::Character { character, byte }))
            }
            Token::Comment => {
                let inside = &raw.as_bytes()["<!--".len()..raw.len() - "-->".len()];
                if memchr::memmem::find(inside, b"--").is_some() || inside.ends_with(b"-") {
                    return Err(Malformed::new(byte, "\"--\" may not stand in a comment."));
                }
                Ok(None)
            }
            Token::Instruction => self.instruction(raw, start).map(|()| None),
            Token::Doctype => Err(doctype(byte)),
            _ => self.end(),
        }
    }

    fn instruction(&self, raw: &str, start: usize) -> Result<(), Malformed> {
        let byte = self.base + start;
        let inside = &raw["<?".len()..raw.len() - "?>".len()];
        let end = inside.bytes().position(is_space).unwrap_or(inside.len());
        let target = &inside[..end];
        if target == "xml" {
            if start != 0 {
                return Err(Malformed::new(byte, "The XML declaration may stand only at the very beginning."));
            }
            return declaration::check(raw, byte, self.limits);
        }
        attributes::check_length(target, byte, self.limits)?;
        if target.eq_ignore_ascii_case("xml") || !is_nc_name(target) {
            let message = format!("\"{}\" is not a name a processing instruction can have.", short(target));
            return Err(Malformed::new(byte, message));
        }
        Ok(())
    }

    fn end(&self) -> Result<Option<Event<'d>>, Malformed> {
        let byte = self.base + self.text.len();
        if let Some(open) = self.open.last() {
            let message = format!("The document ends before \"</{}>\".", short(open.raw));
            return Err(Malformed::new(byte, message));
        }
        if !self.root_seen {
            return Err(Malformed::new(byte, "The document has no root element."));
        }
        Ok(Some(Event::End))
    }

    /// What the tokenizer could not cut.
    fn misread(&self, at: usize, message: &str) -> Malformed {
        let rest = self.text.get(at.min(self.text.len())..).unwrap_or("");
        if rest.get(..9).is_some_and(|word| word.eq_ignore_ascii_case("<!doctype")) {
            return doctype(self.base + at);
        }
        let message = format!("This is not XML: {message}.");
        Malformed { byte: self.base + at, code: "not-well-formed", message }
    }
}

fn doctype(byte: usize) -> Malformed {
    Malformed::coded("doctype-refused", byte, "A document type may not be declared; entities are not expanded here.")
}
