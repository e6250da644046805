//! What makes a piece of markup right: each is checked before it becomes an event.

use super::Malformed;
use super::attributes;
use super::chars::{is_nc_name, is_space};
use super::declaration::{self, Encoding};
use super::names::{Scope, short, undeclared};
use super::reader::{Event, Inside, Open, Reader};
use super::tokens::{Token, safe};

impl<'d> Reader<'d> {
    #[inline]
    pub(super) fn enter(
        &mut self,
        raw: &'d str,
        name: usize,
        start: usize,
        empty: bool,
    ) -> Result<Event<'d>, Malformed> {
        let byte = self.state.base + start;
        if self.state.open.is_empty() && self.state.root_seen {
            return Err(Malformed::new(byte, "A document has one root element; a second begins here."));
        }
        if self.state.open.len() == self.state.limits.depth_max {
            let message = format!("Elements may be nested at most {} deep.", self.state.limits.depth_max);
            return Err(Malformed::coded("depth-limit", byte, message));
        }
        if raw.len() > self.tag_bytes_max() {
            return Err(self.too_long(byte));
        }
        if !self.state.root_seen && self.state.encoding == Encoding::Utf16Unmarked {
            let message = "A document in UTF-16 must begin with a byte-order mark or say so in its declaration.";
            return Err(Malformed::coded("encoding-unsupported", 0, message));
        }
        self.state.root_seen = true;
        self.state.run = 0;
        let name = &raw[1..1 + name];
        attributes::check_length(name, byte, &self.state.limits)?;
        let inside = &raw[1 + name.len()..raw.len() - if empty { 2 } else { 1 }];
        let mut scope = None;
        self.attributes.clear();
        if !inside.is_empty() {
            scope = self.take_attributes(inside, byte + 1 + name.len())?;
        }
        let slot = self.state.names.slot(name, byte)?;
        self.state.open.push(Open { name: self.state.open_names.len() as u32, scope });
        self.state.open_names.push_str(name);
        if empty {
            self.state.closing = Some(byte);
        }
        Ok(Event::Open { slot, byte })
    }

    fn take_attributes(&mut self, inside: &'d str, byte: usize) -> Result<Option<Scope>, Malformed> {
        attributes::read(inside, byte, &self.state.limits, &mut self.attributes)?;
        let names = &mut self.state.names;
        let before = names.scope();
        let mut declared = false;
        for attribute in &self.attributes {
            let prefix = match (attribute.prefix, attribute.local) {
                ("", "xmlns") => "",
                ("xmlns", prefix) => prefix,
                _ => continue,
            };
            let most = self.state.limits.namespaces_max;
            if names.declared() == most {
                let message = format!("At most {most} namespaces may be declared at once.");
                return Err(Malformed::coded("namespaces-limit", attribute.byte, message));
            }
            names.declare(prefix, &attribute.value, attribute.byte)?;
            declared = true;
        }
        self.refuse_doubles()?;
        if declared {
            self.attributes.retain(|a| a.prefix != "xmlns" && !(a.prefix.is_empty() && a.local == "xmlns"));
        }
        Ok(declared.then_some(before))
    }

    /// No two attributes may have one name, as written or as meant. At most [`super::Limits::attributes_max`] squared
    /// looks.
    fn refuse_doubles(&self) -> Result<(), Malformed> {
        for (at, attribute) in self.attributes.iter().enumerate() {
            let namespace = match attribute.prefix {
                "" | "xmlns" => None,
                prefix => match self.lookup(prefix) {
                    Some(namespace) => Some(namespace),
                    None => return Err(undeclared(prefix, attribute.byte)),
                },
            };
            let double = self.attributes[..at].iter().any(|other| {
                other.local == attribute.local
                    && (other.prefix == attribute.prefix
                        || namespace.is_some_and(|n| {
                            !matches!(other.prefix, "" | "xmlns") && self.lookup(other.prefix) == Some(n)
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
    pub(super) fn close(&mut self, raw: &'d str, start: usize) -> Result<Event<'d>, Malformed> {
        let byte = self.state.base + start;
        let name = &raw[2..raw.len() - 1];
        self.state.run = 0;
        let Some(open) = self.state.open.last() else {
            return Err(Malformed::new(byte, format!("\"</{}>\" closes nothing.", short(name))));
        };
        let open = &self.state.open_names[open.name as usize..];
        if open != name && open != name.trim_end_matches([' ', '\t', '\n', '\r']) {
            let message = format!("\"</{}>\" stands where \"</{}>\" must.", short(name), short(open));
            return Err(Malformed::new(byte, message));
        }
        self.state.leaving = true;
        Ok(Event::Close { byte })
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        if let Some(Open { name, scope }) = self.state.open.pop() {
            self.state.open_names.truncate(name as usize);
            if let Some(scope) = scope {
                self.state.names.leave(scope);
            }
        }
    }

    #[inline]
    pub(super) fn characters(&mut self, raw: &'d str, start: usize) -> Result<Option<Event<'d>>, Malformed> {
        let bytes = raw.as_bytes();
        let byte = self.state.base + start;
        if self.state.open.is_empty() {
            return match bytes.iter().position(|&b| !is_space(b)) {
                None => Ok(None),
                Some(at) => Err(Malformed::new(byte + at, "Nothing may stand outside the root element.")),
            };
        }
        let marked = if bytes.len() < 16 {
            bytes.iter().any(|&b| b == b'\r' || b == b']')
        } else {
            memchr::memchr2(b'\r', b']', bytes).is_some()
        };
        if !marked {
            self.count(bytes.len(), byte)?;
            return Ok(Some(Event::Text { text: raw, byte }));
        }
        // No piece ends within a `]]>`, so looking within one piece finds them all. What stands before it is told first,
        // as it would be if the piece ended there.
        let raw = match memchr::memmem::find(bytes, b"]]>") {
            None => raw,
            Some(0) => return Err(Malformed::new(byte, "\"]]>\" may not stand in text; write ]]&gt;.")),
            Some(at) => {
                self.at = start + at;
                &raw[..at]
            }
        };
        self.count(raw.len(), byte)?;
        self.rest = (raw, byte);
        Ok(Some(self.piece()))
    }

    /// The next piece of a run with carriage returns: `\r\n` and `\r` alone are both one `\n`.
    pub(super) fn piece(&mut self) -> Event<'d> {
        let (rest, byte) = self.rest;
        let (piece, taken) = match memchr::memchr(b'\r', rest.as_bytes()) {
            None => (rest, rest.len()),
            Some(0) if rest.as_bytes().get(1) == Some(&b'\n') => ("\n", 2),
            Some(0) => ("\n", 1),
            Some(at) => (&rest[..at], at),
        };
        self.rest = (&rest[taken..], byte + taken);
        Event::Text { text: piece, byte }
    }

    #[inline]
    fn count(&mut self, bytes: usize, byte: usize) -> Result<(), Malformed> {
        let most = self.state.limits.text_bytes_max;
        let before = self.state.run;
        self.state.run += bytes;
        if self.state.run > most {
            // Where the first byte too many is, wherever the pieces end.
            let byte = byte + (most - before.min(most));
            let message = format!("The text of one element may have at most {most} bytes.");
            return Err(Malformed::coded("text-limit", byte, message));
        }
        Ok(())
    }

    pub(super) fn seldom(&mut self, token: Token, raw: &str, start: usize) -> Result<Option<Event<'d>>, Malformed> {
        let byte = self.state.base + start;
        self.state.inside_byte = byte;
        match token {
            Token::CData | Token::Reference if self.state.open.is_empty() => {
                return Err(Malformed::new(byte, "Nothing may stand outside the root element."));
            }
            Token::CData => {
                self.count("<![CDATA[]]>".len(), byte)?;
                self.state.inside = Inside::CData;
            }
            Token::Reference => {
                self.count(raw.len(), byte)?;
                let (character, _) = attributes::reference(raw, byte)?;
                return Ok(Some(Event::Character { character, byte }));
            }
            Token::Comment => self.state.inside = Inside::Comment,
            Token::Instruction => self.state.inside = Inside::Instruction,
            Token::Doctype => return Err(doctype(byte)),
            _ => return self.end(),
        }
        Ok(None)
    }

    /// Goes on within a comment, an instruction or a CDATA section. None when it ended, or when the window did.
    #[cold]
    pub(super) fn within(&mut self) -> Result<Option<Event<'d>>, Malformed> {
        let rest = &self.text[self.at..];
        let bytes = rest.as_bytes();
        let begun = self.state.inside_byte;
        match self.state.inside {
            Inside::Content => {}
            Inside::Comment => match memchr::memmem::find(bytes, b"--") {
                Some(at) if bytes.get(at + 2) == Some(&b'>') => {
                    self.at += at + 3;
                    self.state.inside = Inside::Content;
                }
                Some(at) if at + 2 < bytes.len() => {
                    return Err(Malformed::new(self.byte() + at, "\"--\" may not stand in a comment."));
                }
                _ if self.last => return Err(unclosed(begun, "comment")),
                Some(at) => self.at += at,
                None => self.at += bytes.len() - usize::from(bytes.last() == Some(&b'-')),
            },
            Inside::Instruction => {
                if self.byte() == begun + 2 && !self.instruction(rest)? {
                    return Ok(None);
                }
                let rest = &self.text.as_bytes()[self.at..];
                match memchr::memmem::find(rest, b"?>") {
                    Some(at) => {
                        self.at += at + 2;
                        self.state.inside = Inside::Content;
                    }
                    None if self.last => return Err(unclosed(begun, "processing instruction")),
                    None => self.at += rest.len() - usize::from(rest.last() == Some(&b'?')),
                }
            }
            Inside::CData => {
                let found = memchr::memmem::find(bytes, b"]]>");
                // Wherever windows end, all of an unclosed section is handed out before it is found out.
                let length = match found {
                    Some(length) => length,
                    None if self.last && bytes.is_empty() => return Err(unclosed(begun, "CDATA section")),
                    None if self.last => bytes.len(),
                    None => safe(bytes, b']'),
                };
                let byte = self.byte();
                self.at += length;
                if found.is_some() {
                    self.at += "]]>".len();
                    self.state.inside = Inside::Content;
                }
                if length > 0 {
                    self.count(length, byte)?;
                    self.rest = (&rest[..length], byte);
                    return Ok(Some(self.piece()));
                }
            }
        }
        Ok(None)
    }

    /// The target of an instruction that begins here; of the XML declaration, all. No when the window ends before.
    fn instruction(&mut self, rest: &str) -> Result<bool, Malformed> {
        let byte = self.state.inside_byte;
        let limits = &self.state.limits;
        let Some(end) = rest.bytes().position(|b| is_space(b) || b == b'?') else {
            attributes::check_length(rest, byte, limits)?;
            return if self.last { Err(unclosed(byte, "processing instruction")) } else { Ok(false) };
        };
        let target = &rest[..end];
        attributes::check_length(target, byte, limits)?;
        if target == "xml" {
            if Some(byte) != self.state.mark {
                return Err(Malformed::new(byte, "The XML declaration may stand only at the very beginning."));
            }
            return match rest.find("?>") {
                Some(end) => {
                    self.state.encoding = declaration::check(&rest[3..end], byte, limits, self.state.encoding)?;
                    self.at += end;
                    Ok(true)
                }
                None if self.last => Err(unclosed(byte, "XML declaration")),
                None if rest.len() > self.tag_bytes_max() => Err(self.too_long(byte)),
                None => Ok(false),
            };
        }
        let spaced = rest.as_bytes()[end] != b'?' || matches!(rest.as_bytes().get(end + 1), Some(b'>') | None);
        if target.eq_ignore_ascii_case("xml") || !is_nc_name(target) || !spaced {
            let message = format!("\"{}\" is not a name a processing instruction can have.", short(target));
            return Err(Malformed::new(byte, message));
        }
        if end + 1 == rest.len() && !self.last {
            return Ok(false);
        }
        self.at += end;
        Ok(true)
    }

    fn end(&self) -> Result<Option<Event<'d>>, Malformed> {
        let byte = self.byte();
        if let Some(open) = self.state.open.last() {
            let open = &self.state.open_names[open.name as usize..];
            let message = format!("The document ends before \"</{}>\".", short(open));
            return Err(Malformed::new(byte, message));
        }
        if !self.state.root_seen {
            return Err(Malformed::new(byte, "The document has no root element."));
        }
        Ok(Some(Event::End))
    }

    /// Where the reader stands in the document.
    fn byte(&self) -> usize {
        self.state.base + self.at
    }

    /// Bytes a tag may have: one value of the greatest length, and attributes of the greatest number and name.
    fn tag_bytes_max(&self) -> usize {
        let limits = &self.state.limits;
        limits.text_bytes_max + limits.attributes_max.saturating_mul(limits.name_bytes_max + 4) + 4096
    }

    fn too_long(&self, byte: usize) -> Malformed {
        Malformed::coded("text-limit", byte, format!("A tag may have at most {} bytes.", self.tag_bytes_max()))
    }

    /// Ends a tag or a reference that goes on for longer than any that is taken.
    pub(super) fn refuse_endless(&self) -> Result<(), Malformed> {
        let rest = &self.text[self.at..];
        if rest.len() <= self.tag_bytes_max() {
            return Ok(());
        }
        let name = rest.trim_start_matches(['<', '/', '&']);
        let name = &name[..name.find([' ', '\t', '\n', '\r', '>', '=']).unwrap_or(name.len())];
        attributes::check_length(name, self.byte(), &self.state.limits)?;
        Err(self.too_long(self.byte()))
    }

    /// What the tokenizer could not cut.
    pub(super) fn misread(&self, words: &str) -> Malformed {
        let rest = &self.text[self.at..];
        // What follows "<!" is no name: it is wrong as soon as it is seen, however much of it is.
        let name = rest.strip_prefix('<').filter(|name| !name.starts_with('!')).unwrap_or("");
        let name = &name[..name.find([' ', '\t', '\n', '\r', '/', '>']).unwrap_or(name.len())];
        if let Err(wrong) = attributes::check_length(name, self.byte(), &self.state.limits) {
            return wrong;
        }
        Malformed::new(self.byte(), format!("This is not XML: {words}."))
    }
}

fn unclosed(byte: usize, what: &str) -> Malformed {
    Malformed::new(byte, format!("This is not XML: the {what} that begins here is not closed."))
}

fn doctype(byte: usize) -> Malformed {
    Malformed::coded("doctype-refused", byte, "A document type may not be declared; entities are not expanded here.")
}
