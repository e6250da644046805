//! The path for valid documents: the schema says which tags may come next, so their bytes are compared in place.
//!
//! It takes an element only when every byte of it is as foreseen, and otherwise leaves the reader where the element
//! begins, for the general path to judge. It knows no words for flaws. What it takes, it tells the handler exactly as
//! the general path would: a property test and a fuzz target hold the two against each other.

use super::check::{Checker, Frame};
use super::quick::{self, load16};
use super::schema::{Content, Move, Type};
use crate::xml::Reader;

/// Attributes of one element that are kept at hand; more go the general way.
const ATTRIBUTES: usize = 4;

/// How the document at hand writes the names of one namespace, for as long as its declarations stay in force.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Learned {
    /// The state of the declarations it was learnt under; 0 is none.
    epoch: u32,
    /// Index of the namespace.
    space: u32,
    /// `<prefix:`, the first byte lowest.
    tag: u128,
    mask: u128,
    length: usize,
}

impl Checker<'_> {
    /// Remembers the prefix of an element that the general path took.
    #[inline]
    pub(super) fn learn(&mut self, reader: &Reader, slot: usize, name: u32) {
        let space = self.schema.names[name as usize].space;
        if self.learned.epoch == reader.epoch() && self.learned.space == space {
            return;
        }
        let prefix = reader.prefix(slot);
        self.learned = Learned::default();
        if prefix.len() < 16 {
            let (tag, mask) = quick::head(format!("<{prefix}").as_bytes());
            self.learned = Learned { epoch: reader.epoch(), space, tag, mask, length: 1 + prefix.len() };
        }
    }

    /// Takes all that is as foreseen from the window.
    #[inline]
    pub(super) fn predict(&mut self, reader: &mut Reader) {
        reader.settle();
        if !reader.is_between() {
            return;
        }
        while self.learned.epoch == reader.epoch() {
            reader.look_ahead();
            if !self.take(reader) {
                return;
            }
        }
    }

    /// Takes one tag, or one element with a value in it; says no where nothing was taken.
    #[inline]
    fn take(&mut self, reader: &mut Reader) -> bool {
        let schema = self.schema;
        let Some(frame) = self.frames.last() else { return false };
        let Content::Elements(model) = frame.content else { return false };
        if frame.nil || frame.tentative {
            return false;
        }
        let model = &schema.models[model as usize];
        let (text, before, base) = reader.window();
        let bytes = text.as_bytes();
        let at = quick::skip_space(bytes, before);
        if at - before > self.limits.text_bytes_max {
            return false;
        }
        let Some(begin) = load16(bytes, at) else { return false };
        if begin as u16 == u16::from_le_bytes(*b"</") {
            return self.may_end(model, frame.state) && self.take_close(reader, bytes, at);
        }
        if begin & self.learned.mask != self.learned.tag {
            return false;
        }
        let name_at = at + self.learned.length;
        let Some(head) = load16(bytes, name_at) else { return false };
        for step in schema.moves(model, frame.state) {
            let Some(name) = schema.names.get(step.name as usize) else { return false };
            if head & name.mask != name.head || name.space != self.learned.space {
                continue;
            }
            let end = name_at + name.local.len();
            if name.local.len() > 16 && bytes.get(name_at + 16..end) != Some(&name.local.as_bytes()[16..]) {
                continue;
            }
            match bytes.get(end) {
                Some(b'>' | b' ') => return self.take_element(reader, text, at, end, base + at, *step),
                _ => continue,
            }
        }
        false
    }

    #[inline]
    fn take_close(&mut self, reader: &mut Reader, bytes: &[u8], at: usize) -> bool {
        let Some(name) = reader.innermost() else { return false };
        let end = at + 2 + name.len();
        if bytes.get(at + 2..end) != Some(name.as_bytes()) || bytes.get(end) != Some(&b'>') {
            return false;
        }
        let Some(frame) = self.frames.last().copied() else { return false };
        reader.pop();
        reader.seek(end + 1);
        self.leave(frame);
        self.recovery.forget(self.frames.len());
        self.counts.truncate(frame.counts);
        self.frames.pop();
        true
    }

    /// Takes the element whose tag begins at `at`, its name ending at `end`, if it goes on as foreseen.
    #[inline]
    fn take_element(
        &mut self,
        reader: &mut Reader,
        text: &str,
        at: usize,
        end: usize,
        byte: usize,
        step: Move,
    ) -> bool {
        let schema = self.schema;
        let element = &schema.elements[step.element as usize];
        let typed = &schema.types[element.typed as usize];
        if !element.foreseen || !typed.foreseen || end - at - 1 > self.limits.name_bytes_max {
            return false;
        }
        let mut attributes = [(0u8, ""); ATTRIBUTES];
        let mut given = 0;
        let mut behind = end + 1;
        if text.as_bytes()[end] == b' ' {
            match take_attributes(schema, typed, text, end, &mut attributes) {
                Some((count, open)) => (given, behind) = (count, open),
                None => return false,
            }
        } else if typed.needed != 0 {
            return false;
        }
        let attributes = &attributes[..given];
        if given > 0 && !self.within_limits(typed, attributes) {
            return false;
        }
        match typed.content {
            Content::Simple(simple) => {
                let rest = &text.as_bytes()[behind..];
                let Some((from, to, length)) = quick::value(schema, simple, text, behind, rest, b'<') else {
                    return false;
                };
                if length == 0 || length > self.limits.text_bytes_max {
                    return false;
                }
                // `</prefix:name>` repeats what the start tag said, byte for byte.
                let (close, name) = (behind + length, end - at - 1);
                let tag = text.as_bytes().get(close..close + name + 3);
                let same = tag.is_some_and(|tag| {
                    tag[1] == b'/' && tag[2..2 + name] == text.as_bytes()[at + 1..end] && tag[2 + name] == b'>'
                });
                if !same || reader.depth() >= self.limits.depth_max {
                    return false;
                }
                let Some(silent) = self.advance(step) else { return false };
                reader.seek(close + name + 3);
                if !silent {
                    let local = &schema.names[step.name as usize].local;
                    for &(at, value) in attributes {
                        self.handler.attribute(local, &typed.attributes[at as usize].local, value);
                    }
                    self.handler.value(local, &text[from..to], byte);
                }
                true
            }
            Content::Elements(_) => {
                if !reader.push(&text[at + 1..end]) {
                    return false;
                }
                let Some(silent) = self.advance(step) else {
                    reader.pop();
                    return false;
                };
                reader.seek(behind);
                let local = &schema.names[step.name as usize].local;
                self.frames.push(Frame {
                    index: if self.repeats { self.counted } else { 0 },
                    ..Frame::new(step.element, element.typed, typed.content, byte, self.counts.len(), silent)
                });
                if !silent {
                    self.handler.open(local);
                    for &(at, value) in attributes {
                        self.handler.attribute(local, &typed.attributes[at as usize].local, value);
                    }
                }
                true
            }
            _ => false,
        }
    }

    fn within_limits(&self, typed: &Type, attributes: &[(u8, &str)]) -> bool {
        attributes.len() <= self.limits.attributes_max
            && attributes.iter().all(|&(at, value)| {
                value.len() <= self.limits.text_bytes_max
                    && typed.attributes[at as usize].local.len() <= self.limits.name_bytes_max
            })
    }

    /// Moves the innermost element on by one child and counts it; whether it is silent. None, and nothing done, where
    /// it would be one too many.
    #[inline]
    fn advance(&mut self, step: Move) -> Option<bool> {
        let frame = self.frames.last_mut()?;
        let Content::Elements(model) = frame.content else { return None };
        let counted = match self.counts[frame.counts..].iter_mut().rev().find(|(known, _)| *known == step.used) {
            Some((_, count)) => {
                let once = self.schema.models[model as usize].counted.is_some();
                if once || *count as usize >= self.limits.records_max {
                    return None;
                }
                *count += 1;
                *count
            }
            None if self.limits.records_max == 0 => return None,
            None => {
                self.counts.push((step.used, 1));
                1
            }
        };
        frame.state = step.next;
        self.counted = counted;
        self.repeats = counted > 1 || self.schema.models[model as usize].uses[step.used as usize].repeats;
        Some(frame.silent)
    }
}

/// Takes ` name="value"` as often as it comes, and the `>` behind; how many, and where the content begins.
#[inline]
fn take_attributes<'d>(
    schema: &super::Schema,
    typed: &Type,
    text: &'d str,
    mut at: usize,
    into: &mut [(u8, &'d str); ATTRIBUTES],
) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let mut seen = 0u64;
    let mut given = 0;
    while bytes.get(at) == Some(&b' ') {
        let rest = &bytes[at + 1..];
        let found = typed
            .attributes
            .iter()
            .position(|known| rest.starts_with(known.local.as_bytes()) && rest.get(known.local.len()) == Some(&b'='))?;
        let known = &typed.attributes[found];
        if !known.namespace.is_empty() || seen >> found & 1 != 0 || given == ATTRIBUTES {
            return None;
        }
        let open = at + 1 + known.local.len() + 1;
        if bytes.get(open) != Some(&b'"') || known.value.as_ref().is_some_and(|value| value.fixed) {
            return None;
        }
        let (from, to, length) = quick::value(schema, known.simple, text, open + 1, &bytes[open + 1..], b'"')?;
        into[given] = (found as u8, &text[from..to]);
        given += 1;
        seen |= 1 << found;
        at = open + 1 + length + 1;
    }
    (bytes.get(at) == Some(&b'>') && typed.needed & !seen == 0).then_some((given, at + 1))
}
