//! An envelope in: which operation it asks for, and the document in it, cut out byte for byte.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{B2B, Container, NEXT, Payload, Request, SOAP, Wrong};
use crate::market::Timestamp;
use crate::xml::{Event, Limits, Malformed, Reader};

/// Reads an envelope in UTF-8.
pub fn read(envelope: &Bytes, limits: &Limits) -> Result<Request, Wrong> {
    let reader = Reader::new(envelope, limits)?;
    let mut walk = Walk { reader, envelope, open: Vec::new() };
    let root = walk.child()?.ok_or_else(|| wrong("the envelope is empty"))?;
    if root.local != "Envelope" {
        return Err(wrong("the body is no SOAP envelope: it must begin with Envelope"));
    }
    if root.namespace != SOAP {
        let message = format!("the envelope's namespace must be {SOAP}");
        return Err(Wrong { code: "VersionMismatch", message });
    }
    let mut part = walk.child()?;
    if part.as_ref().is_some_and(|it| it.is(SOAP, "Header")) {
        while let Some(block) = walk.child()? {
            if walk.must_be_understood() {
                let message = format!("the header {} is not understood", shown(&block.local));
                return Err(Wrong { code: "MustUnderstand", message });
            }
            walk.skip()?;
        }
        part = walk.child()?;
    }
    if !part.is_some_and(|it| it.is(SOAP, "Body")) {
        return Err(wrong("the envelope has no Body"));
    }
    let asked = walk.child()?.ok_or_else(|| wrong("the Body is empty"))?;
    let request = match asked.local.strip_suffix("Request").filter(|_| asked.namespace == B2B) {
        Some("SendMessage") => Request::SendMessage(walk.container()?),
        Some("PeekMessage") => Request::PeekMessage,
        Some("DequeueMessage") => Request::DequeueMessage { message_id: walk.text("MessageId", ID_LENGTH_MAX)? },
        Some("GetMessage") => Request::GetMessage { message_id: walk.text("MessageId", ID_LENGTH_MAX)? },
        Some("GetMessageIds") => Request::GetMessageIds { from: walk.instant("From")?, to: walk.instant("To")? },
        Some("QueryData") => Request::QueryData(walk.payload()?),
        _ => {
            let message = format!("the Body holds {}, which is no request of {B2B}", shown(&asked.local));
            return Err(wrong(&message));
        }
    };
    // The request, and the Body, have nothing else in them.
    walk.end()?;
    walk.end()?;
    while let Some(tag) = walk.child()? {
        // The Header is the first child, and there is one Body (SOAP 1.1, 4).
        if tag.namespace == SOAP {
            return Err(wrong(&format!("{} stands behind the Body, where it may not", shown(&tag.local))));
        }
        walk.skip()?;
    }
    match walk.reader.read()? {
        Event::End => Ok(request),
        _ => Err(wrong("something follows the envelope")),
    }
}

struct Walk<'e> {
    reader: Reader<'e>,
    envelope: &'e Bytes,
    /// Where the start tags of the open elements begin.
    open: Vec<usize>,
}

/// An element that has just begun.
struct Tag {
    namespace: String,
    local: String,
    byte: usize,
    /// As it is written, prefix and all.
    raw_length: usize,
}

impl Tag {
    fn is(&self, namespace: &str, local: &str) -> bool {
        self.namespace == namespace && self.local == local
    }
}

impl Walk<'_> {
    /// The next element in the one that is open, which it becomes; none when that ends.
    fn child(&mut self) -> Result<Option<Tag>, Wrong> {
        loop {
            match self.reader.read()? {
                Event::Open { slot, byte } => {
                    let (namespace, local) =
                        (self.reader.namespace(slot).to_string(), self.reader.local(slot).to_string());
                    let raw_length = self.reader.prefix(slot).len() + local.len();
                    self.open.push(byte);
                    return Ok(Some(Tag { namespace, local, byte, raw_length }));
                }
                Event::Close { .. } => {
                    self.open.pop();
                    return Ok(None);
                }
                Event::Text { text, .. } if text.trim().is_empty() => {}
                Event::Text { .. } | Event::Character { .. } => {
                    return Err(wrong("text stands where only elements may"));
                }
                Event::End => return Err(wrong("the envelope ends too early")),
            }
        }
    }

    /// Passes over the rest of the element that is open.
    fn skip(&mut self) -> Result<(), Wrong> {
        let outside = self.open.len() - 1;
        while self.open.len() > outside {
            match self.reader.read()? {
                Event::Open { byte, .. } => self.open.push(byte),
                Event::Close { .. } => _ = self.open.pop(),
                Event::Text { .. } | Event::Character { .. } => {}
                Event::End => return Err(wrong("the envelope ends too early")),
            }
        }
        Ok(())
    }

    /// The open element ends here.
    fn end(&mut self) -> Result<(), Wrong> {
        match self.child()? {
            None => Ok(()),
            Some(tag) => Err(wrong(&format!("{} stands where nothing more may", shown(&tag.local)))),
        }
    }

    /// Whether the header that has just begun is for us (SOAP 1.1, 4.2.2) and may not be passed over (4.2.3).
    fn must_be_understood(&self) -> bool {
        let said = |name: &str| {
            let of_soap = |prefix| self.reader.lookup(prefix) == Some(SOAP);
            let attribute = self.reader.attributes().iter().find(|it| it.local == name && of_soap(it.prefix));
            attribute.map(|attribute| attribute.value.trim())
        };
        let for_us = said("actor").is_none_or(|actor| actor.is_empty() || actor == NEXT);
        for_us && said("mustUnderstand") == Some("1")
    }

    /// The text of the next element, which must be this one.
    fn text(&mut self, name: &str, length_max: usize) -> Result<String, Wrong> {
        self.next(name)?;
        let mut said = String::new();
        loop {
            match self.reader.read()? {
                Event::Text { text, .. } => said.push_str(text),
                Event::Character { character, .. } => said.push(character),
                Event::Close { .. } => break,
                Event::Open { .. } | Event::End => return Err(wrong(&format!("{name} holds text alone"))),
            }
            if said.len() > TEXT_BYTES_MAX {
                break;
            }
        }
        if said.chars().count() > length_max {
            return Err(wrong(&format!("{name} has at most {length_max} characters")));
        }
        self.open.pop();
        Ok(said)
    }

    fn instant(&mut self, name: &str) -> Result<Timestamp, Wrong> {
        let text = self.text(name, DATE_LENGTH_MAX)?;
        Timestamp::parse_date_time(&text).ok_or_else(|| wrong(&format!("{name} is a date and a time")))
    }

    fn next(&mut self, name: &str) -> Result<Tag, Wrong> {
        match self.child()? {
            Some(tag) if tag.is(B2B, name) => Ok(tag),
            Some(tag) => Err(wrong(&format!("{} stands where {name} of {B2B} must", shown(&tag.local)))),
            None => Err(wrong(&format!("{name} is missing"))),
        }
    }

    fn container(&mut self) -> Result<Container, Wrong> {
        self.next("MessageContainer")?;
        let reference = self.text("MessageReference", ID_LENGTH_MAX)?;
        let document_type = self.text("DocumentType", TYPE_LENGTH_MAX)?;
        if self.text("MessageType", TYPE_LENGTH_MAX)?.trim() != "XML" {
            return Err(wrong("the MessageType must be XML: nothing else is taken"));
        }
        self.next("Payload")?;
        let payload = self.payload()?;
        self.end()?;
        self.end()?;
        Ok(Container { reference, document_type, payload })
    }

    /// The one document in the element that is open.
    fn payload(&mut self) -> Result<Payload, Wrong> {
        let root = self.child()?.ok_or_else(|| wrong("the payload is missing"))?;
        let outside = self.open.len() - 1;
        let (mut used, mut end) = (BTreeSet::new(), root.byte);
        let used_here = |reader: &Reader<'_>, prefix: &str, used: &mut BTreeSet<String>| {
            used.insert(prefix.trim_end_matches(':').to_string());
            used.extend(reader.attributes().iter().map(|it| it.prefix.to_string()).filter(|prefix| !prefix.is_empty()));
        };
        // The root has just begun.
        used_here(&self.reader, prefix_of(self.envelope, &root), &mut used);
        while self.open.len() > outside {
            match self.reader.read()? {
                Event::Open { slot, byte } => {
                    used_here(&self.reader, self.reader.prefix(slot), &mut used);
                    self.open.push(byte);
                }
                Event::Close { byte } => {
                    self.open.pop();
                    end = byte;
                }
                Event::Text { .. } | Event::Character { .. } => {}
                Event::End => return Err(wrong("the envelope ends too early")),
            }
        }
        let end = end + tag_at(self.envelope, end).len();
        let own: Vec<&str> =
            declarations(tag_at(self.envelope, root.byte)).into_iter().map(|(prefix, _)| prefix).collect();
        let mut copied = String::new();
        for prefix in used.iter().filter(|prefix| !own.contains(&&***prefix)) {
            let around = self.open.iter().rev().flat_map(|byte| declarations(tag_at(self.envelope, *byte)));
            if let Some((_, declaration)) = around.into_iter().find(|(declared, _)| declared == prefix) {
                copied = format!("{copied} {declaration}");
            }
        }
        let document = if copied.is_empty() {
            self.envelope.slice(root.byte..end)
        } else {
            let name_end = root.byte + 1 + root.raw_length;
            [&self.envelope[root.byte..name_end], copied.as_bytes(), &self.envelope[name_end..end]].concat().into()
        };
        Ok(Payload { root: root.local, document })
    }
}

fn prefix_of<'e>(envelope: &'e [u8], tag: &Tag) -> &'e str {
    let name = &envelope[tag.byte + 1..tag.byte + 1 + tag.raw_length - tag.local.len()];
    std::str::from_utf8(name).unwrap_or_default()
}

/// A tag that has been read, from `<` to `>`.
fn tag_at(envelope: &[u8], byte: usize) -> &str {
    let mut quote = None;
    let end = envelope[byte..].iter().position(|&it| {
        match (quote, it) {
            (None, b'"' | b'\'') => quote = Some(it),
            (Some(open), it) if open == it => quote = None,
            (None, b'>') => return true,
            _ => {}
        }
        false
    });
    let end = end.map_or(envelope.len(), |end| byte + end + 1);
    std::str::from_utf8(&envelope[byte..end]).unwrap_or_default()
}

/// The prefixes that a well-formed start tag declares, the empty one for the default, each with its declaration as it is
/// written.
fn declarations(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag.split_once(|c: char| c.is_ascii_whitespace()).map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let value = after.trim_start();
        let Some(quote) = value.chars().next() else { break };
        let Some(length) = value[1..].find(quote) else { break };
        let written = name.trim_start();
        let start = name.len() - written.len();
        let length = rest.len() - value.len() + length + 2;
        let prefix = match written.trim_end() {
            "xmlns" => Some(""),
            name => name.strip_prefix("xmlns:"),
        };
        found.extend(prefix.map(|prefix| (prefix, &rest[start..length])));
        rest = &rest[length..];
    }
    found
}

impl From<Malformed> for Wrong {
    fn from(malformed: Malformed) -> Self {
        wrong(&format!("the envelope is not well-formed at byte {}: {}", malformed.byte, malformed.message))
    }
}

fn wrong(message: &str) -> Wrong {
    Wrong { code: "Client", message: message.to_string() }
}

/// A stranger's name, as much of it as an error text shows.
fn shown(name: &str) -> String {
    name.chars().take(NAME_CHARS_SHOWN).collect()
}

/// Characters of a message id or a reference.
const ID_LENGTH_MAX: usize = 35;
/// Characters of a document type.
const TYPE_LENGTH_MAX: usize = 200;
/// Characters of an instant: more is no date.
const DATE_LENGTH_MAX: usize = 64;
/// Bytes after which a text is too long, whatever it is.
const TEXT_BYTES_MAX: usize = 1024;
const NAME_CHARS_SHOWN: usize = 60;
