//! JSON out: what a document's XML says, in the order of the XML.

use super::{Bare, Form};
use crate::spec::{self, Handler, Part, Schema, Verdict};
use crate::xml::Limits;

/// A document of this schema as JSON; the verdict when it does not follow the schema.
pub fn from_xml(schema: &Schema, xml: &[u8], limits: &Limits) -> Result<Vec<u8>, Verdict> {
    let mut writer = Writer { schema, out: Vec::with_capacity(xml.len()), open: Vec::new(), attributes: Vec::new() };
    let verdict = spec::check(schema, xml, limits, &mut writer);
    if !verdict.is_valid() {
        return Err(verdict);
    }
    Ok(writer.out)
}

struct Writer<'s> {
    schema: &'s Schema,
    out: Vec<u8>,
    open: Vec<Level<'s>>,
    /// Attributes of the element that began last: its name, theirs, and their values.
    attributes: Vec<(String, String, String)>,
}

/// An element with elements in it.
struct Level<'s> {
    /// None below something that the schema's outline does not know, such as a wildcard's content.
    part: Option<Part<'s>>,
    /// Nothing was written in it yet.
    empty: bool,
    /// The array that is open in it, by the name of its items.
    array: Option<String>,
}

impl<'s> Writer<'s> {
    /// Writes the name of an element that comes next in the innermost group, and opens or goes on with its array.
    fn begin(&mut self, name: &str) -> Option<Part<'s>> {
        let level = self.open.last_mut()?;
        let part = level.part.and_then(|parent| parent.child(name));
        let repeats = part.is_some_and(|part| part.repeats);
        if repeats && level.array.as_deref() == Some(name) {
            self.out.push(b',');
            return part;
        }
        if level.array.take().is_some() {
            self.out.push(b']');
        }
        if !std::mem::take(&mut level.empty) {
            self.out.push(b',');
        }
        string(&mut self.out, name);
        self.out.push(b':');
        if repeats {
            level.array = Some(name.to_string());
            self.out.push(b'[');
        }
        part
    }
}

impl Handler for Writer<'_> {
    fn open(&mut self, name: &str) {
        self.attributes.clear();
        let part = if self.open.is_empty() {
            self.out.push(b'{');
            string(&mut self.out, name);
            self.out.push(b':');
            self.schema.root_part(name)
        } else {
            self.begin(name)
        };
        self.out.push(b'{');
        self.open.push(Level { part, empty: true, array: None });
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        self.attributes.push((element.to_string(), name.to_string(), value.to_string()));
    }

    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        let parent = self.open.last().and_then(|level| level.part).map_or("", Part::name);
        let part = self.begin(name);
        let form = part.map_or(Form::Bare(Bare::Text), |part| Form::of(part, parent));
        match form {
            Form::Bare(bare) => text(&mut self.out, bare, value),
            Form::Valued(bare) => {
                self.out.push(b'{');
                for (_, attribute, value) in self.attributes.iter().filter(|(element, ..)| element == name) {
                    string(&mut self.out, attribute);
                    self.out.push(b':');
                    string(&mut self.out, value);
                    self.out.push(b',');
                }
                self.out.extend_from_slice(b"\"value\":");
                text(&mut self.out, bare, value);
                self.out.push(b'}');
            }
            // The schema lets elements stand here, and none did.
            Form::Group => self.out.extend_from_slice(b"{}"),
        }
        self.attributes.clear();
    }

    fn close(&mut self, _name: &str) {
        self.attributes.clear();
        let Some(level) = self.open.pop() else { return };
        if level.array.is_some() {
            self.out.push(b']');
        }
        self.out.push(b'}');
        if self.open.is_empty() {
            self.out.push(b'}');
        }
    }
}

fn text(out: &mut Vec<u8>, bare: Bare, value: &str) {
    match bare {
        Bare::Text => string(out, value),
        Bare::Boolean => out.extend_from_slice(if matches!(value, "true" | "1") { b"true" } else { b"false" }),
        Bare::Number { .. } => number(out, value),
    }
}

/// A decimal as JSON writes numbers: no plus sign, no needless zeros in front, digits on both sides of the point.
fn number(out: &mut Vec<u8>, value: &str) {
    let (minus, digits) = match value.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, value.strip_prefix('+').unwrap_or(value)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let whole = whole.trim_start_matches('0');
    if minus {
        out.push(b'-');
    }
    out.extend_from_slice(if whole.is_empty() { b"0" } else { whole.as_bytes() });
    if !fraction.is_empty() {
        out.push(b'.');
        out.extend_from_slice(fraction.as_bytes());
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a string can be written to memory");
}
