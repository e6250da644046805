//! Wire forms: which one a document is in, and reading it whichever that is.

use std::io::{self, Read};

use super::cim_json::{self, Misformed};
use super::translated::{Translated, Untranslated};
use super::{Reader, cim_xml, ebix};
use crate::spec::{self, Flaw, Schema, Specs, Verdict};
use crate::xml::{Limits, Positions};

/// The form in which a document travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    CimXml,
    CimJson,
    Ebix,
}

impl Wire {
    pub const ALL: [Wire; 3] = [Wire::CimXml, Wire::CimJson, Wire::Ebix];

    /// The name on the command line and in `--json` output.
    pub fn name(self) -> &'static str {
        match self {
            Wire::CimXml => "xml",
            Wire::CimJson => "json",
            Wire::Ebix => "ebix",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.name().eq_ignore_ascii_case(name))
    }

    /// Its number in stored records; never changed.
    pub fn number(self) -> u8 {
        match self {
            Wire::CimXml => 1,
            Wire::CimJson => 2,
            Wire::Ebix => 3,
        }
    }

    /// `None` for a form of another version.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.number() == number)
    }

    /// What a document looks like by its first character and the namespace of its root.
    pub fn of(document: &[u8], limits: &Limits) -> Wire {
        if is_json(document) {
            return Wire::CimJson;
        }
        if ebix_namespace(document, limits).is_some() { Wire::Ebix } else { Wire::CimXml }
    }
}

/// The schema of a document, by the namespace or the name of its root.
///
/// # Errors
///
/// The flaw that keeps its root from being read; `Ok(None)` when its root is of no schema.
pub fn recognise<'s>(specs: &'s Specs, document: &[u8], limits: &Limits) -> Result<Option<&'s Schema>, Flaw> {
    // JSON has no namespaces, and so no versions: each name is taken to be the version that there is.
    let named = |name: &str| specs.iter().find(|schema| schema.root_part(name).is_some());
    if is_json(document) {
        return Ok(named(&cim_json::root_name(document).map_err(|wrong| flaw(wrong, document))?));
    }
    let root = spec::root_of(document, limits)?;
    Ok(match ebix::root_of_namespace(&root.namespace) {
        Some(name) => ebix::cim_root(name).and_then(|twin| named(&twin)),
        None => specs.schema_for(&root.namespace),
    })
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
    if schema.is_err() || Wire::of(&head, limits) != Wire::CimXml {
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
    let json = is_json(document);
    let translated = if json {
        cim_json::to_xml(schema, document, limits.flaws_max).map_err(|Untranslated { wrong, rest }| {
            let truncated = wrong.len() >= limits.flaws_max;
            let wrong = Verdict { root: None, flaws: wrong.into_iter().map(bare).collect(), truncated };
            Untranslated { wrong, rest }
        })
    } else {
        match ebix_namespace(document, limits) {
            Some(namespace) => {
                let name = ebix::root_of_namespace(&namespace).unwrap_or_default();
                ebix::to_cim(schema, name, document, limits)
            }
            None => return cim_xml::read(schema, document, limits, reader),
        }
    };
    match translated {
        Err(Untranslated { wrong: mut verdict, rest }) => {
            // It is found by what it says all the same.
            if !rest.xml.is_empty() {
                let limits = Limits { body_bytes_max: usize::MAX, ..limits.clone() };
                cim_xml::read(schema, &rest.xml, &limits, &mut Placed { reader, translated: &rest });
            }
            place(&mut verdict.flaws, document);
            verdict
        }
        Ok(translated) => {
            // What may be too large is what was sent.
            let limits = Limits { body_bytes_max: usize::MAX, ..limits.clone() };
            let mut placed = Placed { reader, translated: &translated };
            let mut verdict = cim_xml::read(schema, &translated.xml, &limits, &mut placed);
            for flaw in &mut verdict.flaws {
                flaw.byte = translated.place(flaw.byte);
                if json {
                    flaw.path = cim_json::pointer(&flaw.path);
                }
            }
            if !json {
                in_words_of_ebix(&mut verdict.flaws, document, &limits);
            }
            place(&mut verdict.flaws, document);
            verdict
        }
    }
}

/// A value that the schema of CIM is stricter about is said to stand where it does in ebIX.
fn in_words_of_ebix(flaws: &mut [Flaw], document: &[u8], limits: &Limits) {
    let of_values = |flaw: &&mut Flaw| flaw.code.starts_with("value-");
    let places = flaws.iter_mut().filter(of_values).map(|flaw| flaw.byte).collect();
    let paths = ebix::paths(document, limits, places);
    for flaw in flaws.iter_mut().filter(of_values) {
        if let Some(path) = paths.get(&flaw.byte) {
            flaw.path.clone_from(path);
        }
    }
}

/// The flaw that keeps a document from being looked at in the form that it is said to be in; none where it is simply in
/// another form.
pub fn misfit(document: &[u8], said: Wire, limits: &Limits) -> Option<Flaw> {
    match said {
        Wire::CimJson if first_of(document) != Some(&b'<') => {
            cim_json::root_name(document).err().map(|wrong| flaw(wrong, document))
        }
        Wire::Ebix if !is_json(document) => spec::root_of(document, limits).err(),
        _ => None,
    }
}

/// The namespaces that a document may be in, when it is in the form that `like` is of; in CIM its name is `name`.
pub fn namespaces_like(name: &str, namespace: &str, like: &str) -> Vec<String> {
    let ebix = if ebix::is_namespace(like) { ebix::namespaces(name) } else { Vec::new() };
    if ebix.is_empty() { vec![namespace.to_string()] } else { ebix }
}

/// The namespace of a document's root, if it is that of an ebIX document.
///
/// Such a namespace stands in the document as it is, unless letters are written as references or in UTF-16 (with bytes of
/// zero). The root of a document with none of these is not looked at: most are in CIM.
fn ebix_namespace(document: &[u8], limits: &Limits) -> Option<String> {
    if memchr::memchr2(b'&', 0, document).is_none() && memchr::memmem::find(document, ebix::FAMILY.as_bytes()).is_none()
    {
        return None;
    }
    let root = spec::root_of(document, limits).ok()?;
    ebix::is_namespace(&root.namespace).then_some(root.namespace)
}

fn is_json(document: &[u8]) -> bool {
    first_of(document) == Some(&b'{')
}

/// What a document begins with.
fn first_of(document: &[u8]) -> Option<&u8> {
    let document = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    document.iter().find(|byte| !byte.is_ascii_whitespace())
}

/// Tells a reader the places of the document as it came.
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

    fn default_value(&mut self, name: &str, default: &str, byte: usize) {
        self.reader.default_value(name, default, self.translated.place(byte));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::MentionsReader;

    #[test]
    fn what_is_not_in_its_form_has_a_flaw_or_is_in_another() {
        let ebix = r#"<DK_QueryMasterData xmlns="un:unece:260:data:EEM-DK_QueryMasterData:v3"/>"#;
        let rows = [
            ("", Wire::CimJson, Some("json-misformed")),
            (" []", Wire::CimJson, Some("json-misformed")),
            ("null", Wire::CimJson, Some("json-misformed")),
            ("see attachment", Wire::CimJson, Some("json-misformed")),
            (ebix, Wire::CimJson, None),
            ("", Wire::Ebix, Some("not-well-formed")),
            (&ebix[..30], Wire::Ebix, Some("not-well-formed")),
            (&format!("<!DOCTYPE a>{ebix}"), Wire::Ebix, Some("doctype-refused")),
            (
                &format!("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>{ebix}"),
                Wire::Ebix,
                Some("encoding-unsupported"),
            ),
            ("<a/>", Wire::Ebix, None),
            ("{}", Wire::Ebix, None),
            ("{}", Wire::CimXml, None),
        ];
        for (document, said, expected) in rows {
            let flaw = misfit(document.as_bytes(), said, &Limits::default());
            assert_eq!(flaw.map(|flaw| flaw.code), expected, "{document} as {said:?}");
        }
    }

    #[test]
    fn what_is_refused_is_found_by_what_it_says_in_any_form() {
        let specs = crate::document::built_in();
        let party = |name: &str, number: &str, role: &str| {
            format!(
                r#""{name}_MarketParticipant.mRID":{{"codingScheme":"A10","value":"{number}"}},
                "{name}_MarketParticipant.marketRole.type":{{"value":"{role}"}},"#
            )
        };
        let (sender, receiver) = (party("sender", "8100000000108", "DDQ"), party("receiver", "5790001330552", "DDZ"));
        let json = format!(
            r#"{{"RequestEndOfSupply_MarketDocument":{{"mRID":"doc-1","unknown":1,"type":{{"value":"432"}},
            "process.processType":{{"value":"E20"}},"businessSector.type":{{"value":"23"}},{sender}{receiver}
            "createdDateTime":"2023-08-01T08:59:00Z","MktActivityRecord":[{{"mRID":"t-1",
            "marketEvaluationPoint.mRID":{{"codingScheme":"A10","value":"571313100000001000"}}}}]}}}}"#
        );
        let ebix = include_str!("../../samples/ebix/E20-a-fraction-of-zeros/01-in.xml");
        let ebix = ebix.replace(">432<", ">999<");
        for (document, message, transaction) in [(json, "doc-1", "t-1"), (ebix, "eos-1", "e1")] {
            let (limits, mut reader) = (Limits::default(), MentionsReader::default());
            let schema = recognise(&specs, document.as_bytes(), &limits).unwrap().unwrap();
            assert!(!read(schema, document.as_bytes(), &limits, &mut reader).is_valid());
            let found = reader.finish();
            assert_eq!(found.header.message_id, message);
            assert_eq!(Vec::from_iter(found.transactions), [transaction]);
            assert_eq!(Vec::from_iter(found.subjects), ["571313100000001000"]);
        }
    }

    #[test]
    fn the_form_is_known_however_the_namespace_is_written() {
        let utf16 = |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let ebix = r#"<DK_QueryMasterData xmlns="un:unece:260:data:EEM-DK_QueryMasterData:v3"/>"#;
        let cim = r#"<A xmlns="urn:ediel.org:structure:a:0:1">R&amp;D, not un:unece:260:data:EEM-A</A>"#;
        for (document, form) in [
            (ebix.as_bytes().to_vec(), Wire::Ebix),
            (ebix.replace("EEM-", "&#69;EM-").into_bytes(), Wire::Ebix),
            (utf16(ebix), Wire::Ebix),
            (cim.as_bytes().to_vec(), Wire::CimXml),
            (utf16(cim), Wire::CimXml),
            (b"\xef\xbb\xbf {}".to_vec(), Wire::CimJson),
        ] {
            assert_eq!(Wire::of(&document, &Limits::default()), form, "{}", String::from_utf8_lossy(&document));
        }
    }
}
