//! JSON in: put into the order of the schema, as XML that remembers where each of its elements came from.
//!
//! Whether the document is right is left to the schema: here only what no XML could say is refused, such as a member
//! that the schema does not know, or an array where one value belongs.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::number::plain;
use super::pieces::{Members, Text, items, members};
use super::{Bare, Form};
use crate::document::translated::{Translated, Untranslated, created};
use crate::spec::{Inside, Part, Schema};
use crate::xml::{escape_attribute, escape_text, first_illegal};

/// What of a JSON document cannot be read as this document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misformed {
    /// Offset into the JSON.
    pub byte: usize,
    /// JSON pointer (RFC 6901), such as `/Root/MktActivityRecord/2/mRID`.
    pub path: String,
    pub message: String,
}

/// The name of the one member of the object that a document is.
pub fn root_name(json: &[u8]) -> Result<String, Misformed> {
    root_member(json).map(|(name, _)| name.into_owned())
}

fn root_member(json: &[u8]) -> Result<(Cow<'_, str>, &RawValue), Misformed> {
    let text = text_of(json)?;
    let behind_mark = |error: &_| not_json(text, error, json.len() - text.len());
    let value: &RawValue = serde_json::from_str(text).map_err(|error| behind_mark(&error))?;
    let mut members = match members(value) {
        Err(error) if is_object(value) => return Err(behind_mark(&error)),
        members => members.unwrap_or_default(),
    };
    match members.pop().filter(|_| members.is_empty()) {
        Some(root) => Ok(root),
        None => Err(misformed(0, "", "a document is an object with one member, named like its root element")),
    }
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

/// The JSON pointer to what a flaw of the schema is about: `/Root/MktActivityRecord[3]/mRID` is
/// `/Root/MktActivityRecord/2/mRID`.
pub fn pointer(path: &str) -> String {
    let step = |step: &str| {
        let name = step.strip_prefix('@').unwrap_or(step);
        let numbered = name.strip_suffix(']').and_then(|name| name.split_once('['));
        let numbered = numbered.and_then(|(name, number)| Some((name, number.parse::<usize>().ok()?.checked_sub(1)?)));
        numbered.map_or_else(|| format!("/{name}"), |(name, index)| format!("/{name}/{index}"))
    };
    path.split('/').skip(1).map(step).collect()
}

/// Puts a document into the order of its schema.
///
/// # Errors
///
/// Everything that has no place in the document's XML, at most `most` of them, beside what has one.
pub fn to_xml(schema: &Schema, json: &[u8], most: usize) -> Result<Translated, Untranslated<Vec<Misformed>>> {
    let one = |wrong| Untranslated::at_all(vec![wrong]);
    let (root, value) = root_member(json).map_err(one)?;
    let Some(part) = schema.root_part(&root) else {
        return Err(one(misformed(0, "", &format!("a document of this kind is not called {root:?}"))));
    };
    let mut writer = Writer { json, out: Translated::default(), wrong: Vec::new(), most };
    writer.out.xml.reserve(json.len() * 2);
    writer.root(part, schema.namespace(), value);
    match writer.wrong.is_empty() {
        true => Ok(writer.out),
        false => Err(Untranslated { wrong: writer.wrong, rest: Box::new(writer.out) }),
    }
}

/// The text behind a byte-order mark, which some clients write.
fn text_of(json: &[u8]) -> Result<&str, Misformed> {
    let text = json.strip_prefix(b"\xef\xbb\xbf").unwrap_or(json);
    let mark = json.len() - text.len();
    std::str::from_utf8(text).map_err(|error| misformed(mark + error.valid_up_to(), "", "JSON documents are in UTF-8"))
}

fn not_json(text: &str, error: &serde_json::Error, mark: usize) -> Misformed {
    let line = error.line().saturating_sub(1);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    // Its place is told in characters, as that of any flaw.
    let why = error.to_string();
    let why = why.rsplit_once(" at line ").map_or(&*why, |(why, _)| why);
    misformed(mark + start + error.column().saturating_sub(1), "", &format!("this is not JSON: {why}"))
}

fn misformed(byte: usize, path: &str, message: &str) -> Misformed {
    Misformed { byte, path: path.to_string(), message: message.to_string() }
}

/// Writes elements, and notes what cannot be one.
struct Writer<'j> {
    /// The document as it came.
    json: &'j [u8],
    out: Translated,
    wrong: Vec<Misformed>,
    most: usize,
}

impl<'j> Writer<'j> {
    fn root(&mut self, part: Part<'_>, namespace: &str, value: &'j RawValue) {
        self.out.xml.extend_from_slice(b"<");
        self.write(part.name());
        self.write(" xmlns=\"");
        self.write(&escape_attribute(namespace));
        self.write("\">");
        let path = format!("/{}", part.name());
        self.group(part, value, &path);
        self.close(part.name());
    }

    /// An element, or all elements of a name that repeats.
    fn elements(&mut self, part: Part<'_>, parent: &str, value: &'j RawValue, path: &str) {
        if !part.repeats {
            return self.element(part, parent, value, path);
        }
        match items(value) {
            Ok(items) => {
                for (index, item) in items.into_iter().enumerate() {
                    self.element(part, parent, item, &format!("{path}/{index}"));
                }
            }
            Err(_) => self.refuse(value, path, "an array belongs here, also for a single one"),
        }
    }

    fn element(&mut self, part: Part<'_>, parent: &str, value: &'j RawValue, path: &str) {
        if self.wrong.len() >= self.most {
            return;
        }
        self.out.came_from(self.byte(value.get()));
        self.write("<");
        self.write(part.name());
        match Form::of(part, parent) {
            Form::Group => {
                self.write(">");
                self.group(part, value, path);
            }
            Form::Bare(bare) => {
                self.write(">");
                self.text(bare, value, path);
            }
            Form::Valued(bare) => self.valued(part, bare, value, path),
        }
        self.close(part.name());
    }

    fn group(&mut self, part: Part<'_>, value: &'j RawValue, path: &str) {
        let Some(mut members) = self.members(value, path) else { return };
        for child in part.children() {
            let Some(at) = members.iter().position(|(name, _)| name == child.name()) else { continue };
            let (_, value) = members.swap_remove(at);
            self.elements(child, part.name(), value, &format!("{path}/{}", child.name()));
        }
        for (name, value) in members {
            self.refuse(value, &format!("{path}/{}", shown(&name)), "the document has no such member here");
        }
    }

    fn valued(&mut self, part: Part<'_>, bare: Bare, value: &'j RawValue, path: &str) {
        let Some(members) = self.members(value, path) else { return self.write(">") };
        let mut text = None;
        for (name, value) in members {
            if name == "value" {
                text = Some(value);
            } else if part.attributes().any(|attribute| attribute == name) {
                let Some(text) = self.string(value, &format!("{path}/{name}")) else { continue };
                self.write(" ");
                self.write(&name);
                self.write("=\"");
                self.write(&escape_attribute(&text));
                self.write("\"");
            } else {
                self.refuse(value, &format!("{path}/{}", shown(&name)), "the document has no such member here");
            }
        }
        self.write(">");
        match text {
            None => self.refuse(value, path, "the member \"value\" belongs here"),
            // In XML an empty element may stand for what the schema fills in.
            Some(value) if value.get() == "\"\"" && part.inside() == Inside::Code => {
                self.refuse(value, path, "a code belongs here; leave the member out where there is none");
            }
            Some(value) => self.text(bare, value, path),
        }
    }

    fn text(&mut self, bare: Bare, value: &'j RawValue, path: &str) {
        let raw = value.get();
        match (bare, raw.as_bytes().first()) {
            (Bare::Number { whole }, Some(b'-' | b'0'..=b'9')) => match plain(raw, whole) {
                Some(plain) => self.write(&plain),
                None => self.refuse(value, path, "the number is too large or too small; write it like 12.50"),
            },
            (Bare::Boolean, _) if matches!(raw, "true" | "false") => self.write(raw),
            (Bare::Boolean, _) => self.refuse(value, path, "true or false belongs here"),
            (Bare::Number { .. }, Some(b'"')) | (Bare::Text, _) => {
                let Some(text) = self.string(value, path) else { return };
                let text = if path.ends_with(CREATED) { created(&text) } else { Cow::Borrowed(&*text) };
                self.write(&escape_text(&text));
            }
            (Bare::Number { .. }, _) => self.refuse(value, path, "a number belongs here"),
        }
    }

    fn string(&mut self, value: &'j RawValue, path: &str) -> Option<Cow<'j, str>> {
        let Ok(Text(text)) = serde_json::from_str(value.get()) else {
            let is_string = value.get().starts_with('"');
            let missing = "a string belongs here; leave the member out where there is none";
            self.refuse(value, path, if is_string { HALF_A_PAIR } else { missing });
            return None;
        };
        // In XML it could not be said, and nothing else may take its place.
        if let Some(c) = first_illegal(&text).and_then(|at| text[at..].chars().next()) {
            let message = format!("the character U+{:04X} cannot stand in a document: leave it out", u32::from(c));
            self.refuse(value, path, &message);
            return None;
        }
        Some(text)
    }

    fn members(&mut self, value: &'j RawValue, path: &str) -> Option<Members<'j>> {
        let Ok(members) = members(value) else {
            self.refuse(value, path, if is_object(value) { HALF_A_PAIR } else { "an object belongs here" });
            return None;
        };
        let mut names: Vec<&str> = members.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("the member {:?} stands here more than once", shown(pair[0]));
            self.refuse(value, path, &message);
            return None;
        }
        Some(members)
    }

    fn refuse(&mut self, value: &RawValue, path: &str, message: &str) {
        if self.wrong.len() < self.most {
            self.wrong.push(misformed(self.byte(value.get()), path, message));
        }
    }

    /// Where a piece of the document begins.
    fn byte(&self, piece: &str) -> usize {
        (piece.as_ptr() as usize).saturating_sub(self.json.as_ptr() as usize)
    }

    fn close(&mut self, name: &str) {
        self.write("</");
        self.write(name);
        self.write(">");
    }

    fn write(&mut self, text: &str) {
        self.out.write(text);
    }
}

/// A stranger's name, as much of it as an error text shows, as a pointer has it.
fn shown(name: &str) -> String {
    let name: String = name.chars().take(NAME_CHARS_SHOWN).collect();
    name.replace('~', "~0").replace('/', "~1")
}

/// What JSON itself lets pass.
const HALF_A_PAIR: &str =
    "an escape here, \\ud800 to \\udfff, is half a character: write both halves, or the character itself";

const NAME_CHARS_SHOWN: usize = 64;
/// The sender's clock, in the header.
const CREATED: &str = "_MarketDocument/createdDateTime";
