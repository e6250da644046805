//! Wire forms: which one a document is in, and reading it whichever that is.

use std::io::{self, Read};

use super::cim_json::{self, Misformed, Translated};
use super::{Reader, cim_xml};
use crate::spec::{self, Flaw, Schema, Specs, Verdict};
use crate::xml::{Limits, Positions};

/// The form in which a document travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    CimXml,
    CimJson,
}

impl Wire {
    /// What a document looks like by its first character.
    pub fn of(document: &[u8]) -> Wire {
        let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
        match document.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => Wire::CimJson,
            _ => Wire::CimXml,
        }
    }
}

/// The schema that describes a document, by its root.
///
/// # Errors
///
/// The flaw that keeps its root from being read; `Ok(None)` when its root is of no schema.
pub fn recognise<'s>(specs: &'s Specs, document: &[u8], limits: &Limits) -> Result<Option<&'s Schema>, Flaw> {
    match Wire::of(document) {
        Wire::CimXml => Ok(specs.schema_for(&spec::root_of(document, limits)?.namespace)),
        // JSON has no namespaces, and so no versions: each name is taken to be the version that there is.
        Wire::CimJson => {
            let name = cim_json::root_name(document).map_err(|wrong| flaw(wrong, document))?;
            Ok(specs.iter().find(|schema| schema.root_part(&name).is_some()))
        }
    }
}

/// The same of a document that is kept, which is read by pieces where it is XML and its root comes early. `None` when
/// its root is of no schema, or cannot be read.
pub fn read_from(
    specs: &Specs,
    mut source: impl Read,
    limits: &Limits,
    reader: &mut dyn Reader,
) -> io::Result<Option<Verdict>> {
    let mut head = Vec::new();
    (&mut source).take(HEAD_BYTES).read_to_end(&mut head)?;
    let mut schema = recognise(specs, &head, limits);
    if schema.is_err() || Wire::of(&head) != Wire::CimXml {
        source.read_to_end(&mut head)?;
        schema = recognise(specs, &head, limits);
        return Ok(schema.ok().flatten().map(|schema| read(schema, &head, limits, reader)));
    }
    let Ok(Some(schema)) = schema else { return Ok(None) };
    spec::check_reader(schema, head.as_slice().chain(source), limits, &mut cim_xml::Pass(reader)).map(Some)
}

/// Bytes in which the root of a document is looked for at first.
const HEAD_BYTES: u64 = 64 * 1024;

/// Checks a document against its schema and hands what it says to `reader`. Flaws, and the places told to the reader,
/// are those of the document as it came.
pub fn read(schema: &Schema, document: &[u8], limits: &Limits, reader: &mut dyn Reader) -> Verdict {
    if Wire::of(document) == Wire::CimXml {
        return cim_xml::read(schema, document, limits, reader);
    }
    match cim_json::to_xml(schema, document, limits.flaws_max) {
        Err(wrong) => {
            let truncated = wrong.len() >= limits.flaws_max;
            let mut flaws: Vec<Flaw> = wrong.into_iter().map(bare).collect();
            place(&mut flaws, document);
            Verdict { root: None, flaws, truncated }
        }
        Ok(translated) => {
            let mut verdict =
                cim_xml::read(schema, &translated.xml, limits, &mut Placed { reader, translated: &translated });
            for flaw in &mut verdict.flaws {
                flaw.byte = translated.place(flaw.byte);
            }
            place(&mut verdict.flaws, document);
            verdict
        }
    }
}

/// Tells a reader the places of the JSON.
struct Placed<'a> {
    reader: &'a mut dyn Reader,
    translated: &'a Translated,
}

impl Reader for Placed<'_> {
    fn open(&mut self, name: &str) {
        self.reader.open(name);
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        self.reader.attribute(element, name, value);
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        self.reader.value(name, value, self.translated.place(byte));
    }

    fn close(&mut self, name: &str) {
        self.reader.close(name);
    }
}

/// Sorts flaws by where they stand, and says in lines and columns where that is.
fn place(flaws: &mut [Flaw], document: &[u8]) {
    flaws.sort_by_key(|flaw| flaw.byte);
    let mut positions = Positions::new(document);
    for flaw in flaws {
        (flaw.line, flaw.column) = positions.of(flaw.byte);
    }
}

fn bare(wrong: Misformed) -> Flaw {
    Flaw { line: 1, column: 1, byte: wrong.byte, path: wrong.path, code: "json-misformed", message: wrong.message }
}

fn flaw(wrong: Misformed, document: &[u8]) -> Flaw {
    let mut flaws = [bare(wrong)];
    place(&mut flaws, document);
    let [flaw] = flaws;
    flaw
}
