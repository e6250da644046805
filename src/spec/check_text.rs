//! The text of elements: values held against their types, and text where there may be none.

use super::check::{Checker, Frame};
use super::flaw;
use super::meaning;
use super::schema::{Content, ValueConstraint};
use super::simple;
use super::values;
use crate::xml::Reader;

impl Checker<'_> {
    #[inline]
    pub(super) fn characters(&mut self, text: &str, byte: usize) {
        let Some(frame) = self.frames.last() else { return };
        match frame.content {
            Content::Simple(_) => self.text.push_str(text),
            Content::Mixed(_) if !frame.nil => {
                if self.schema.elements[frame.element as usize].value.is_some() {
                    self.text.push_str(text);
                }
            }
            Content::Elements(_) if !frame.nil => {
                if let Some(at) = text.bytes().position(|b| !matches!(b, b' ' | b'\n' | b'\t' | b'\r')) {
                    self.text_between(byte + at, &text[at..]);
                }
            }
            _ => self.text_between(byte, text),
        }
    }

    pub(super) fn character(&mut self, c: char, byte: usize) {
        let Some(frame) = self.frames.last() else { return };
        match frame.content {
            Content::Simple(_) => self.text.push(c),
            Content::Mixed(_) if !frame.nil => self.text.push(c),
            Content::Elements(_) if !frame.nil && matches!(c, ' ' | '\n' | '\t' | '\r') => {}
            _ => self.text_between(byte, c.encode_utf8(&mut [0; 4])),
        }
    }

    /// Text where there may be none; said once for each element.
    pub(super) fn text_between(&mut self, byte: usize, text: &str) {
        let Some(frame) = self.frames.last_mut() else { return };
        if std::mem::replace(&mut frame.texted, true) {
            return;
        }
        if frame.nil {
            self.report(byte, "nil-with-content", "An element that is nil must be empty.".to_string());
            return;
        }
        let empty = frame.content == Content::Empty;
        let name = self.schema.local(self.schema.elements[frame.element as usize].name);
        let holds = if empty { "must be empty" } else { "holds elements only" };
        // Its first character only: text comes in pieces, and where they end must make no difference.
        let first: String = text.trim_start().chars().take(1).collect();
        let message = format!("<{name}> {holds}; the text that begins with {first:?} has no place in it.");
        self.report(byte, "text-unexpected", message);
    }

    /// Mixed content with a fixed value is that text and nothing else, or nothing. Source: XML Schema Part 1, 3.3.4.
    pub(super) fn close_mixed(&mut self, frame: Frame) {
        let fixed = self.schema.elements[frame.element as usize].value.as_ref().filter(|value| value.fixed);
        let Some(fixed) = fixed.filter(|_| !frame.nil && matches!(frame.content, Content::Mixed(_))) else { return };
        let holds = self.counts.len() > frame.counts;
        if holds || !self.text.is_empty() && self.text != fixed.text {
            let name = self.schema.local(self.schema.elements[frame.element as usize].name);
            let message = format!("<{name}> must be {}.", flaw::quote(&fixed.text));
            self.report(frame.byte, "value-fixed", message);
        }
    }

    #[inline]
    pub(super) fn close_value(&mut self, reader: &Reader, frame: Frame, simple: u32) {
        let schema = self.schema;
        let element = &schema.elements[frame.element as usize];
        let name = schema.local(element.name);
        if frame.nil {
            if !self.text.is_empty() {
                self.report(frame.byte, "nil-with-content", "An element that is nil must be empty.".to_string());
            }
            return;
        }
        if self.text.is_empty()
            && let Some(value) = &element.value
        {
            // The default was checked when the schema was loaded; white space it may still have.
            let value = simple::check(&schema.simples, simple, &value.text).unwrap_or_default();
            if !self.keys.is_idle() {
                self.key_value(reader, simple, Some(&value));
            }
            if !frame.silent {
                self.handler.default_value(name, &value, frame.byte);
            }
            return;
        }
        let text = std::mem::take(&mut self.text);
        let checked = simple::check(&schema.simples, simple, &text);
        if !self.keys.is_idle() {
            self.key_value(reader, simple, checked.as_deref().ok());
        }
        match checked {
            Ok(value) => {
                if let Some(fixed) = element.value.as_ref().filter(|v| v.fixed)
                    && !self.equal(reader, simple, fixed, &value)
                {
                    let message = format!("<{name}> must be {}.", flaw::quote(&fixed.text));
                    self.report(frame.byte, "value-fixed", message);
                } else if self.meaning(reader, simple, &value, frame.byte) && !frame.silent {
                    self.handler.value(name, &value, frame.byte);
                }
            }
            Err(wrong) => {
                let (code, message) = flaw::word(schema, simple, &text, wrong);
                self.report(frame.byte, code, message);
            }
        }
        self.text = text;
    }

    /// Is `value` the fixed value, as its type tells values apart?
    pub(super) fn equal(&self, reader: &Reader, simple: u32, fixed: &ValueConstraint, value: &str) -> bool {
        values::canonical(&self.schema.simples, simple, value, &|name| meaning::named(reader, name)) == fixed.canonical
    }
}
