//! A glimpse of a document that nobody can read: whose schema is not known, or that breaks off before it could be told which it
//! is. What it says of its ids is looked for up to the place at which it breaks, for the archive alone (post-office 4.4).
//!
//! Nothing is promised of what is found: it is what a stranger wrote. So only values that stand where ids stand are taken, short
//! ones, and not more than [`VALUES_MAX`]; entities are not expanded, and records that may be customers are passed over. Nor is
//! more looked at than a bounded part, whatever is in it, and nothing of a document that is in UTF-16.

use super::mentions::{is_subject, names_subject};
use super::{HeaderReader, Mentions, ebix};
use crate::xml::{self, Event, Limits};

/// What a document seems to say of itself, in whatever form it is.
pub fn glimpse(document: &[u8], limits: &Limits) -> Mentions {
    let mut seen = Glimpse::default();
    let document = &document[..document.len().min(GLIMPSED_BYTES_MAX)];
    let text = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document).trim_ascii_start();
    match text.first() {
        Some(b'{') => drop(see_json(text, limits, &mut seen)),
        // Where it breaks has been told to its sender.
        Some(b'<') => drop(see_xml(behind_prolog(text), limits, &mut seen)),
        _ => {}
    }
    seen.finish()
}

fn see_xml(text: &[u8], limits: &Limits, seen: &mut Glimpse) -> Result<(), xml::Malformed> {
    let mut reader = xml::Reader::new(text, limits)?;
    while seen.may_go_on() {
        match reader.read()? {
            Event::Open { slot, .. } => seen.open(reader.local(slot)),
            Event::Text { text, .. } => seen.text(text),
            Event::Character { character, .. } => seen.text(character.encode_utf8(&mut [0; 4])),
            Event::Close { .. } => seen.close(),
            Event::End => break,
        }
    }
    Ok(())
}

/// An XML document from its root on. A document type is passed over with whatever it declares.
fn behind_prolog(mut text: &[u8]) -> &[u8] {
    loop {
        text = text.trim_ascii_start();
        let behind = if text.starts_with(b"<?") {
            behind(text, b"?>")
        } else if text.starts_with(b"<!--") {
            behind(text, b"-->")
        } else if text.starts_with(b"<!DOCTYPE") {
            behind_doctype(text)
        } else {
            return text;
        };
        let Some(behind) = behind else { return &[] };
        text = behind;
    }
}

fn behind<'d>(text: &'d [u8], end: &[u8]) -> Option<&'d [u8]> {
    memchr::memmem::find(text, end).map(|at| &text[at + end.len()..])
}

fn behind_doctype(mut text: &[u8]) -> Option<&[u8]> {
    let mut nested = 0_usize;
    loop {
        let at = text.iter().position(|byte| b"<>[]\"'".contains(byte))?;
        let (found, rest) = (text[at], &text[at + 1..]);
        text = match found {
            b'<' if rest.starts_with(b"!--") => behind(rest, b"-->")?,
            b'"' | b'\'' => behind(rest, &[found])?,
            b'<' | b'[' => {
                nested += 1;
                rest
            }
            _ => {
                nested = nested.saturating_sub(1);
                rest
            }
        };
        if nested == 0 {
            return Some(text);
        }
    }
}

/// An object or an array of JSON that is still open.
struct Level {
    /// What its items are called, if it is an array; its members have names of their own.
    items: Option<String>,
    /// Whether it is an element itself.
    is_element: bool,
}

/// Goes through JSON as far as it is JSON: objects are elements, and so is each item of an array. `None` where it breaks.
fn see_json(mut text: &[u8], limits: &Limits, seen: &mut Glimpse) -> Option<()> {
    let mut open: Vec<Level> = Vec::new();
    // The name of the member whose value comes next.
    let mut name: Option<String> = None;
    while seen.may_go_on() && open.len() <= limits.depth_max {
        let at = text.iter().position(|byte| b"{}[],\"".contains(byte))?;
        let found = text[at];
        text = &text[at + 1..];
        match found {
            b'{' => {
                let name = name.take().or_else(|| open.last()?.items.clone());
                if let Some(name) = &name {
                    seen.open(name);
                }
                open.push(Level { items: None, is_element: name.is_some() });
            }
            b'[' => open.push(Level { items: Some(name.take()?), is_element: false }),
            b'}' | b']' => {
                if open.pop()?.is_element {
                    seen.close();
                }
                name = None;
            }
            b'"' => {
                let string;
                (string, text) = string_of(text)?;
                match (name.take(), &open.last()?.items) {
                    (None, None) => name = Some(string),
                    // What XML says as text, and in an attribute.
                    (Some(name), _) if name == "value" => seen.text(&string),
                    (Some(name), _) if name == "codingScheme" => {}
                    (Some(name), _) => seen.element(&name, &string),
                    (None, Some(items)) => seen.element(items, &string),
                }
            }
            _ => name = None,
        }
    }
    Some(())
}

/// A string behind its first quotation mark, and what follows it. Of one that is too long to be an id it does not matter what it says.
fn string_of(text: &[u8]) -> Option<(String, &[u8])> {
    let mut end = 0;
    loop {
        end += memchr::memchr2(b'"', b'\\', &text[end..])?;
        if text[end] == b'"' {
            break;
        }
        end = (end + 2).min(text.len());
    }
    let quoted = [b"\"", &text[..end.min(6 * VALUE_BYTES_MAX)], b"\""].concat();
    Some((serde_json::from_slice(&quoted).unwrap_or_default(), &text[end + 1..]))
}

/// Collects ids by where they stand, in whatever form.
#[derive(Default)]
struct Glimpse {
    mentions: Mentions,
    header: HeaderReader,
    /// Names of the open elements, the root first.
    open: Vec<String>,
    /// Text of the innermost element, as long as nothing else was seen in it.
    text: Option<String>,
    /// Values that were looked at.
    looked_at: usize,
    /// Values that were taken.
    taken: usize,
    /// Whether a name was longer than any.
    given_up: bool,
}

impl Glimpse {
    fn may_go_on(&self) -> bool {
        self.taken < VALUES_MAX && self.looked_at < LOOKED_AT_MAX && !self.given_up
    }

    fn open(&mut self, name: &str) {
        self.given_up |= name.len() > NAME_BYTES_MAX;
        self.open.push(name.to_string());
        self.text = Some(String::new());
    }

    fn text(&mut self, piece: &str) {
        // One byte too many is enough to see that it is no id.
        if let Some(text) = &mut self.text
            && text.len() <= VALUE_BYTES_MAX
        {
            text.push_str(&piece[..piece.floor_char_boundary(VALUE_BYTES_MAX + 4)]);
        }
    }

    fn element(&mut self, name: &str, text: &str) {
        self.open(name);
        self.text(text);
        self.close();
    }

    fn close(&mut self) {
        if let Some(text) = self.text.take() {
            self.looked_at += 1;
            let text = text.trim();
            if !text.is_empty() && text.len() <= VALUE_BYTES_MAX {
                self.take(text);
            }
        }
        self.open.pop();
    }

    /// Takes a value if it stands where one is looked for.
    fn take(&mut self, value: &str) {
        let path: Vec<&str> = self.open.iter().skip(1).map(String::as_str).collect();
        let into = match path[..] {
            [] => return,
            [name] => {
                self.header.value(name, value);
                return;
            }
            [first, ..] if EBIX_HEADER.contains(&first) => {
                if path.len() <= EBIX_HEADER_NAMES_MAX
                    && let Some(name) = ebix::header_in_cim(&path.join("/"))
                {
                    self.header.value(name, value);
                }
                return;
            }
            [first, ..] if !is_record(first) => return,
            [_, "mRID" | "Identification"] => &mut self.mentions.transactions,
            [.., "originalTransactionIDReference_MktActivityRecord.mRID" | "OriginalBusinessDocument"] => {
                &mut self.mentions.transactions
            }
            [.., "MeteringPointDomainLocation", "Identification"] | [.., "PartyChargeTypeID"] => {
                &mut self.mentions.subjects
            }
            [.., parent, name] if is_subject(name, names_subject(parent)) => &mut self.mentions.subjects,
            _ => return,
        };
        if into.insert(value.to_string()) {
            self.taken += 1;
        }
    }

    fn finish(self) -> Mentions {
        Mentions { header: self.header.finish(), ..self.mentions }
    }
}

/// Whether what stands in an element below the root is a record; everything else may be somebody's name.
fn is_record(name: &str) -> bool {
    name.ends_with("MktActivityRecord") || name.ends_with("Series") || name.starts_with("Payload")
}

/// Elements of an ebIX header.
const EBIX_HEADER: [&str; 2] = ["HeaderEnergyDocument", "ProcessEnergyContext"];
/// Names on the way to a value of an ebIX header, such as `HeaderEnergyDocument/SenderEnergyParty/Identification`.
const EBIX_HEADER_NAMES_MAX: usize = 3;
/// Bytes of a document that are looked at: its header stands there, and the records of all but the largest.
pub const GLIMPSED_BYTES_MAX: usize = 1024 * 1024;
/// Values that are looked at: more than so many bytes have in earnest.
const LOOKED_AT_MAX: usize = 50_000;
/// Bytes of a name behind which a document is given up. The longest that is known has 68.
const NAME_BYTES_MAX: usize = 256;
/// Ids that are taken of one document: more than any that is sent in earnest has.
const VALUES_MAX: usize = 10_000;
/// Ids have 36 characters at most.
const VALUE_BYTES_MAX: usize = 256;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CIM: &str = include_str!("../../samples/charges/C1-create/01-in.xml");
    const EBIX: &str = include_str!("../../samples/ebix/E20-a-fraction-of-zeros/01-in.xml");
    const JSON: &str = r#"{"X_MarketDocument": {"mRID": "doc-\u0031", "process.processType": {"value": "E20"}, "count": [1, -2e3, null, true],
        "sender_MarketParticipant.mRID": {"codingScheme": "A10", "value": "8100000000108"}, "MktActivityRecord": [
        {"mRID": "t-1", "marketEvaluationPoint.mRID": {"codingScheme": "A10", "value": "571"}, "tags": ["a", "b"]}, {"mRID": "t-2"}],
        "Customer": {"mRID": "0101701234"}}}"#;

    fn seen(document: &str) -> (String, String, Vec<String>, Vec<String>) {
        let Mentions { header, transactions, subjects } = glimpse(document.as_bytes(), &Limits::default());
        let (transactions, subjects) = (transactions.into_iter().collect(), subjects.into_iter().collect());
        (header.message_id, header.sender_number, transactions, subjects)
    }

    fn expected(
        id: &str,
        sender: &str,
        transactions: &[&str],
        subjects: &[&str],
    ) -> (String, String, Vec<String>, Vec<String>) {
        let texts = |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect();
        (id.into(), sender.into(), texts(transactions), texts(subjects))
    }

    #[test]
    fn ids_are_seen_whatever_the_document_is_up_to_where_it_breaks() {
        let of_cim = expected("DOC-1", "8100000000030", &["T-1"], &["TARIFF-1"]);
        let of_ebix = expected("eos-1", "8100000000108", &["e1"], &["571313100000001000"]);
        let of_json = expected("doc-1", "8100000000108", &["t-1", "t-2"], &["571"]);
        let doctype = r#"<!DOCTYPE a SYSTEM "x>" [<!-- don't ]> --><!ENTITY e "]>"><!ELEMENT a ANY>] >"#;
        let rows = [
            (CIM.to_string(), of_cim.clone()),
            (CIM.replace(":0:1\"", ":0:2\""), of_cim.clone()),
            (CIM.replace("RequestChangeOfPriceList_", "Whatever_"), of_cim.clone()),
            (CIM.replace("xmlns:cim=", "xmlns:cim='urn:x' xmlns:other="), of_cim.clone()),
            (CIM.replace("UTF-8", "ISO-8859-1"), of_cim.clone()),
            (CIM.replace("?>", &format!("?><!-- > -->{doctype}")), of_cim.clone()),
            (CIM.replace("<cim:name>", "<cim:name>&e;"), expected("DOC-1", "8100000000030", &["T-1"], &["TARIFF-1"])),
            (
                CIM.replace("<cim:MktActivityRecord>", "<cim:MktActivityRecord>&e;"),
                expected("DOC-1", "8100000000030", &[], &[]),
            ),
            (
                CIM.replace("DOC-1", &"D".repeat(VALUE_BYTES_MAX + 1)),
                expected("", "8100000000030", &["T-1"], &["TARIFF-1"]),
            ),
            (EBIX.to_string(), of_ebix.clone()),
            (EBIX.replace(":v3", ":v2"), of_ebix.clone()),
            (EBIX.replace(":v3", ""), of_ebix.clone()),
            (JSON.to_string(), of_json.clone()),
            (format!("\u{feff} {JSON}"), of_json.clone()),
            (JSON.replace("\"Customer\"", "\"Customer\" oops"), of_json.clone()),
            (JSON[..JSON.find("t-2").unwrap()].to_string(), expected("doc-1", "8100000000108", &["t-1"], &["571"])),
            ("[1]".into(), expected("", "", &[], &[])),
            ("".into(), expected("", "", &[], &[])),
            ("<!DOCTYPE a [".into(), expected("", "", &[], &[])),
            ("{\"a\": \"b".into(), expected("", "", &[], &[])),
            ("{]}}".into(), expected("", "", &[], &[])),
        ];
        for (document, expected) in rows {
            assert_eq!(seen(&document), expected, "{document}");
        }
    }

    #[test]
    fn what_is_seen_is_bounded() {
        let records: String = (0..VALUES_MAX + 5).map(|id| format!("<Series><mRID>{id}</mRID></Series>")).collect();
        assert_eq!(seen(&format!("<a><mRID>m</mRID>{records}</a>")).2.len(), VALUES_MAX);
        let deep = "{\"a\":".repeat(1_000_000);
        assert_eq!(seen(&deep), expected("", "", &[], &[]));
        assert_eq!(seen(&deep.replace('{', "[")), expected("", "", &[], &[]));
        assert_eq!(seen(&"<a>".repeat(1_000_000)), expected("", "", &[], &[]));
        // Values of which none is taken count too.
        let filled = |values| {
            let values = "\"a\",".repeat(values);
            format!(r#"{{"r": {{"HeaderEnergyDocument": {{"x": [{values}]}}, "mRID": "behind"}}}}"#)
        };
        assert_eq!(seen(&filled(LOOKED_AT_MAX - 1)).0, "behind");
        assert_eq!(seen(&filled(LOOKED_AT_MAX)).0, "");
        let empty = |values| {
            format!("<r><HeaderEnergyDocument>{}</HeaderEnergyDocument><mRID>behind</mRID></r>", "<a/>".repeat(values))
        };
        assert_eq!(seen(&empty(LOOKED_AT_MAX - 1)).0, "behind");
        assert_eq!(seen(&empty(LOOKED_AT_MAX)).0, "");
        // As deep as it may be, under the longest names, millions of them.
        let name = "N".repeat(NAME_BYTES_MAX);
        let down = format!("{{\"{name}\": ").repeat(60);
        let (values, up) = ("\"a\"".repeat(3_000_000), "}".repeat(60));
        let document =
            format!(r#"{{"r": {{"mRID": "m", "HeaderEnergyDocument": {down}[{values}]{up}, "mRID": "behind"}}}}"#);
        assert_eq!(seen(&document).0, "m");
        assert_eq!(seen(&document.replace(&values, "\"a\"")).0, "behind", "it is its values that are too many");
        let named = |name: &str| format!(r#"{{"r": {{"{name}": "a", "mRID": "behind"}}}}"#);
        assert_eq!(seen(&named(&name)).0, "behind");
        assert_eq!(seen(&named(&format!("{name}N"))).0, "");
        for (bytes, transactions) in [(GLIMPSED_BYTES_MAX / 2, &["t"][..]), (GLIMPSED_BYTES_MAX, &[])] {
            // One of them is cut in two.
            let long = "é".repeat(bytes / 2);
            let document = format!("<a><mRID>m</mRID><b>{long}</b><Series><mRID>t</mRID></Series></a>");
            assert_eq!(seen(&document), expected("m", "", transactions, &[]));
        }
    }

    proptest! {
        #[test]
        fn nothing_that_comes_is_too_much(cut in 0..2_000_usize, put in ".{0,8}", which in 0..3_usize) {
            let document = [CIM, EBIX, JSON][which];
            let cut = document.floor_char_boundary(cut.min(document.len()));
            let (before, behind) = document.split_at(cut);
            glimpse(format!("{before}{put}{behind}").as_bytes(), &Limits::default());
            glimpse(before.as_bytes(), &Limits::default());
        }
    }
}
