//! What a check says: a verdict, and each flaw in words that the sender of a document can act on.

use std::cmp::Reverse;

use super::schema::Schema;
use super::simple::{Facets, Simple, Wrong};
use crate::xml::{Malformed, Positions};

/// The root element of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    /// Empty for none.
    pub namespace: String,
    /// Local name.
    pub name: String,
}

/// One thing wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// Offset into the document as it arrived.
    pub byte: usize,
    /// `/Root/MktActivityRecord[3]/mRID`; elements that may repeat are numbered from 1. Empty before the root.
    pub path: String,
    /// A stable word in kebab case. The full list is with [`super::CODES`].
    pub code: &'static str,
    /// A sentence that says what was expected.
    pub message: String,
}

impl Flaw {
    /// What is wrong with the beginning of a document, where lines need not be counted.
    pub(super) fn first(wrong: Malformed) -> Flaw {
        let Malformed { byte, code, message } = wrong;
        Flaw { line: 1, column: 1, byte, path: String::new(), code, message }
    }
}

/// The outcome of a check. A document without flaws is valid.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Verdict {
    /// None if the document never came to its root.
    pub root: Option<Root>,
    /// By position in the document.
    pub flaws: Vec<Flaw>,
    /// There were more flaws than the limit, and the check stopped there.
    pub truncated: bool,
}

impl Verdict {
    pub fn is_valid(&self) -> bool {
        self.flaws.is_empty()
    }
}

/// Every code a flaw can have, with what it means. Codes are never renamed; new ones may come.
pub const CODES: &[(&str, &str)] = &[
    ("not-well-formed", "the document is not XML; the check ended here"),
    ("doctype-refused", "a document type is declared; the check ended here"),
    ("encoding-unsupported", "the document says it is in another encoding than UTF-8"),
    ("encoding-invalid", "the document is not in the UTF-8 that it should be in"),
    ("body-limit", "the document is larger than is taken"),
    ("depth-limit", "elements are nested deeper than is taken; the check ended here"),
    ("attributes-limit", "an element has more attributes than are taken; the check ended here"),
    ("namespaces-limit", "more namespaces are declared at once than are taken; the check ended here"),
    ("name-limit", "a name is longer than is taken; the check ended here"),
    ("text-limit", "a text is longer than is taken; the check ended here"),
    ("records-limit", "an element is repeated more often than is taken; the check ended here"),
    ("root-unexpected", "the document begins with another element than the schema describes"),
    ("element-unexpected", "an element stands where none of its name may"),
    ("element-namespace", "an element has the right name and the wrong namespace"),
    ("element-misplaced", "an element stands before or behind its place"),
    ("element-repeated", "an element stands more often than it may"),
    ("element-missing", "a required element is not there"),
    ("text-unexpected", "text stands where only elements may"),
    ("attribute-unexpected", "an attribute is not known on its element"),
    ("attribute-missing", "a required attribute is not there"),
    ("value-type", "a value does not have the form of its type"),
    ("value-not-in-list", "a value is not on the code list"),
    ("value-length", "a value is too short or too long"),
    ("value-pattern", "a value does not match the pattern of its type"),
    ("value-range", "a number is too small or too large"),
    ("value-digits", "a number has too many digits"),
    ("value-fixed", "a value is another than the only one allowed"),
    ("nil-not-allowed", "xsi:nil stands on an element that may not be nil, or says neither true nor false"),
    ("nil-with-content", "an element is nil and has content"),
    ("xsi-type-unsupported", "xsi:type names a type that is not known, not derived from the declared one, or blocked"),
    ("abstract", "an element stands where only something derived from it, or of a type derived from its own, may"),
    ("key-repeated", "two elements have the key or the value that the schema keeps apart"),
    ("key-missing", "an element lacks a field of its key"),
    ("key-unknown", "a reference to a key that no element has"),
    ("key-field", "a field of a key is more than one value, or none that can be compared"),
    ("id-repeated", "an id stands twice in the document"),
    ("id-missing", "an id is referred to that is not in the document"),
];

/// A flaw before its line is counted.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub byte: usize,
    pub path: String,
    pub code: &'static str,
    pub message: String,
}

impl Found {
    pub(super) fn malformed(wrong: Malformed, path: String) -> Found {
        Found { byte: wrong.byte, path, code: wrong.code, message: wrong.message }
    }
}

/// Sorts, and counts lines: one walk through the document, and none without flaws.
pub(super) fn settle(mut found: Vec<Found>, document: &[u8]) -> Vec<Flaw> {
    found.sort_by_key(|flaw| flaw.byte);
    let mut positions = Positions::new(document);
    found
        .into_iter()
        .map(|Found { byte, path, code, message }| {
            let (line, column) = positions.of(byte);
            Flaw { line, column, byte, path, code, message }
        })
        .collect()
}

/// Code and sentence for a value that does not belong.
pub(super) fn word(schema: &Schema, simple: u32, value: &str, wrong: Wrong) -> (&'static str, String) {
    let value = quote(value);
    let typed = &schema.simples[simple as usize];
    match wrong {
        Wrong::Form(form) => ("value-type", format!("The value {value} must be {form}.")),
        Wrong::NotInList(at) => {
            let listed = &schema.simples[at as usize];
            ("value-not-in-list", format!("The value {value} {}.", not_listed(listed, &value)))
        }
        Wrong::Length(length, wanted) => {
            ("value-length", format!("The value {value} has {length}; it must have {wanted}."))
        }
        Wrong::Pattern => ("value-pattern", format!("The value {value} does not match the pattern of {}.", typed.name)),
        Wrong::Range(wanted) => ("value-range", format!("The value {value} must be {wanted}.")),
        Wrong::Digits(wanted) => ("value-digits", format!("The value {value} must have {wanted}.")),
        Wrong::NoMember => {
            ("value-type", format!("The value {value} is of none of the types that {} unites.", typed.name))
        }
    }
}

fn not_listed(listed: &Simple, value: &str) -> String {
    let Facets { codes: Some(codes), .. } = &listed.facets else {
        return format!("is not on the list of {}", listed.name);
    };
    if codes.len() <= 12 {
        return format!("is none of {}", codes.iter().collect::<Vec<_>>().join(", "));
    }
    let bare = value.trim_matches('"').trim();
    let near = codes.iter().find(|code| code.eq_ignore_ascii_case(bare));
    match near {
        Some(code) => format!("is not on the list of {}; {code} is", listed.name),
        None => format!("is not one of the {} codes of {}", codes.len(), listed.name),
    }
}

/// A stranger's text in quotes, its beginning only.
pub(super) fn quote(text: &str) -> String {
    const SHOWN: usize = 60;
    let (begin, dots) = match text.char_indices().nth(SHOWN) {
        Some((end, _)) => (&text[..end], "…"),
        None => (text, ""),
    };
    if !begin.contains(char::is_control) {
        return format!("\"{begin}{dots}\"");
    }
    // A message is one line, whatever a value holds.
    let mut shown = String::new();
    begin.chars().for_each(|c| match c.is_control() {
        true => shown.extend(c.escape_default()),
        false => shown.push(c),
    });
    format!("\"{shown}{dots}\"")
}

/// Of several names, the one that `name` was probably meant to be.
pub(super) fn nearest<'n>(name: &str, among: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    if name.len() > 80 {
        return None;
    }
    // Two slips of the keyboard, fewer in short names; case is none.
    let allowed = (name.len() / 3).min(2);
    among
        .filter_map(|candidate| {
            let distance = if candidate.eq_ignore_ascii_case(name) { 0 } else { distance(name, candidate) };
            (distance <= allowed).then_some((distance, candidate))
        })
        .max_by_key(|&(distance, _)| Reverse(distance))
        .map(|(_, candidate)| candidate)
}

/// Letters to insert, delete or replace between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, c) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, &d) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(c != d);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_found_and_far_ones_are_not() {
        let known = ["mRID", "type", "process.processType", "createdDateTime"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("mrid"), Some("mRID"));
        assert_eq!(near("typ"), Some("type"));
        assert_eq!(near("process.procesType"), Some("process.processType"));
        assert_eq!(near("createdDatetime"), Some("createdDateTime"));
        assert_eq!(near("name"), None);
        assert_eq!(near("x"), None);
    }

    #[test]
    fn long_values_are_cut_where_a_character_ends() {
        assert_eq!(quote(&"æ".repeat(61)), format!("\"{}…\"", "æ".repeat(60)));
        assert_eq!(quote("a"), "\"a\"");
    }

    #[test]
    fn codes_are_kebab_case_and_told_apart() {
        for (at, (code, _)) in CODES.iter().enumerate() {
            assert!(code.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{code}");
            assert!(CODES[at + 1..].iter().all(|(other, _)| other != code), "{code}");
        }
    }
}
