//! The grammar of schema files themselves: which element may stand where, with which attributes, and what they may say.
//!
//! Source: XML Schema Part 1, appendix A (the schema for schemas) and the representation constraints that it cannot
//! express. A file that passes here is well-formed as a schema; what it means is looked at when it is compiled.

use std::sync::LazyLock;

use super::lexical;
use super::pattern::{self, Dfa};
use crate::xml::is_nc_name;

/// How one element of a schema file is made, in one of the places where it may stand.
#[derive(Debug)]
pub(super) struct Rule {
    /// Names this rule in the patterns of others.
    letter: char,
    pub kind: &'static str,
    /// Name, what it may say, and whether it must be there.
    pub attributes: &'static [(&'static str, Says, bool)],
    /// The children's letters, as a pattern of XML Schema.
    inside: &'static str,
}

/// What an attribute may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    Anything,
    /// Text whose white space says nothing.
    Words,
    Name,
    /// Any name but `xmlns`, which no attribute may have.
    OtherName,
    Qualified,
    QualifiedList,
    Address,
    Truth,
    Natural,
    NaturalOrUnbounded,
    OneOf(&'static [&'static str]),
    /// `#all`, or some of these.
    SetOf(&'static [&'static str]),
    Namespaces,
}

use Says::*;

const DERIVED: Says = SetOf(&["extension", "restriction"]);
const BLOCKED: Says = SetOf(&["extension", "restriction", "substitution"]);
const FORM: Says = OneOf(&["qualified", "unqualified"]);
const PROCESS: Says = OneOf(&["strict", "lax", "skip"]);

const NOTES: &str = "n?";
const FACET: &[(&str, Says, bool)] = &[("value", Anything, true), ("fixed", Truth, false)];
const LISTED: &[(&str, Says, bool)] = &[("value", Anything, true)];
const OCCURS: &[(&str, Says, bool)] = &[("minOccurs", Natural, false), ("maxOccurs", NaturalOrUnbounded, false)];

const fn rule(
    letter: char,
    kind: &'static str,
    attributes: &'static [(&'static str, Says, bool)],
    inside: &'static str,
) -> Rule {
    Rule { letter, kind, attributes, inside }
}

/// Elements of one name in several places are several rules: capital letters and digits are those at the top.
const RULES: &[Rule] = &[
    rule(
        '0',
        "schema",
        &[
            ("targetNamespace", Address, false),
            ("version", Words, false),
            ("elementFormDefault", FORM, false),
            ("attributeFormDefault", FORM, false),
            ("blockDefault", BLOCKED, false),
            ("finalDefault", SetOf(&["extension", "restriction", "list", "union"]), false),
        ],
        "[imdn]*([STGHEAN]n*)*",
    ),
    rule('n', "annotation", &[], "[pq]*"),
    rule('p', "appinfo", &[("source", Address, false)], ""),
    rule('q', "documentation", &[("source", Address, false)], ""),
    rule('i', "include", &[("schemaLocation", Address, true)], NOTES),
    rule('m', "import", &[("namespace", Address, false), ("schemaLocation", Address, false)], NOTES),
    rule('d', "redefine", &[("schemaLocation", Address, true)], "[nSTGH]*"),
    rule('N', "notation", &[("name", Name, true), ("public", Words, false), ("system", Address, false)], NOTES),
    rule(
        'E',
        "element",
        &[
            ("name", Name, true),
            ("type", Qualified, false),
            ("substitutionGroup", Qualified, false),
            ("default", Anything, false),
            ("fixed", Anything, false),
            ("nillable", Truth, false),
            ("abstract", Truth, false),
            ("final", DERIVED, false),
            ("block", BLOCKED, false),
        ],
        "n?[st]?[kKR]*",
    ),
    rule(
        'e',
        "element",
        &[
            ("name", Name, false),
            ("ref", Qualified, false),
            ("type", Qualified, false),
            ("minOccurs", Natural, false),
            ("maxOccurs", NaturalOrUnbounded, false),
            ("default", Anything, false),
            ("fixed", Anything, false),
            ("nillable", Truth, false),
            ("block", BLOCKED, false),
            ("form", FORM, false),
        ],
        "n?[st]?[kKR]*",
    ),
    rule(
        'b',
        "element",
        &[
            ("name", Name, false),
            ("ref", Qualified, false),
            ("type", Qualified, false),
            ("minOccurs", OneOf(&["0", "1"]), false),
            ("maxOccurs", OneOf(&["0", "1"]), false),
            ("default", Anything, false),
            ("fixed", Anything, false),
            ("nillable", Truth, false),
            ("block", BLOCKED, false),
            ("form", FORM, false),
        ],
        "n?[st]?[kKR]*",
    ),
    rule(
        'A',
        "attribute",
        &[
            ("name", OtherName, true),
            ("type", Qualified, false),
            ("default", Anything, false),
            ("fixed", Anything, false),
        ],
        "n?s?",
    ),
    rule(
        'a',
        "attribute",
        &[
            ("name", OtherName, false),
            ("ref", Qualified, false),
            ("type", Qualified, false),
            ("use", OneOf(&["optional", "required", "prohibited"]), false),
            ("default", Anything, false),
            ("fixed", Anything, false),
            ("form", FORM, false),
        ],
        "n?s?",
    ),
    rule(
        'T',
        "complexType",
        &[
            ("name", Name, true),
            ("mixed", Truth, false),
            ("abstract", Truth, false),
            ("final", DERIVED, false),
            ("block", DERIVED, false),
        ],
        "n?(V|W|[gQCL]?[ah]*w?)",
    ),
    rule('t', "complexType", &[("mixed", Truth, false)], "n?(V|W|[gQCL]?[ah]*w?)"),
    rule(
        'S',
        "simpleType",
        &[("name", Name, true), ("final", SetOf(&["list", "union", "restriction"]), false)],
        "n?[rlu]",
    ),
    rule('s', "simpleType", &[], "n?[rlu]"),
    rule('r', "restriction", &[("base", Qualified, false)], "n?s?[IJMODFPBUcvj]*"),
    rule('l', "list", &[("itemType", Qualified, false)], "n?s?"),
    rule('u', "union", &[("memberTypes", QualifiedList, false)], "n?s*"),
    rule('V', "simpleContent", &[], "n?[Xx]"),
    rule('W', "complexContent", &[("mixed", Truth, false)], "n?[YZ]"),
    rule('X', "restriction", &[("base", Qualified, true)], "n?s?[IJMODFPBUcvj]*[ah]*w?"),
    rule('x', "extension", &[("base", Qualified, true)], "n?[ah]*w?"),
    rule('Y', "restriction", &[("base", Qualified, true)], "n?[gQCL]?[ah]*w?"),
    rule('Z', "extension", &[("base", Qualified, true)], "n?[gQCL]?[ah]*w?"),
    rule('G', "group", &[("name", Name, true)], "n?[123]"),
    rule(
        'g',
        "group",
        &[("ref", Qualified, true), ("minOccurs", Natural, false), ("maxOccurs", NaturalOrUnbounded, false)],
        NOTES,
    ),
    rule('Q', "sequence", OCCURS, "n?[egQCy]*"),
    rule('C', "choice", OCCURS, "n?[egQCy]*"),
    rule('L', "all", &[("minOccurs", OneOf(&["0", "1"]), false), ("maxOccurs", OneOf(&["1"]), false)], "n?b*"),
    rule('1', "sequence", &[], "n?[egQCy]*"),
    rule('2', "choice", &[], "n?[egQCy]*"),
    rule('3', "all", &[], "n?b*"),
    rule('H', "attributeGroup", &[("name", Name, true)], "n?[ah]*w?"),
    rule('h', "attributeGroup", &[("ref", Qualified, true)], NOTES),
    rule(
        'y',
        "any",
        &[
            ("namespace", Namespaces, false),
            ("processContents", PROCESS, false),
            ("minOccurs", Natural, false),
            ("maxOccurs", NaturalOrUnbounded, false),
        ],
        NOTES,
    ),
    rule('w', "anyAttribute", &[("namespace", Namespaces, false), ("processContents", PROCESS, false)], NOTES),
    rule('k', "key", &[("name", Name, true)], "n?of+"),
    rule('K', "unique", &[("name", Name, true)], "n?of+"),
    rule('R', "keyref", &[("name", Name, true), ("refer", Qualified, true)], "n?of+"),
    rule('o', "selector", &[("xpath", Words, true)], NOTES),
    rule('f', "field", &[("xpath", Words, true)], NOTES),
    rule('I', "minInclusive", FACET, NOTES),
    rule('J', "maxInclusive", FACET, NOTES),
    rule('M', "minExclusive", FACET, NOTES),
    rule('O', "maxExclusive", FACET, NOTES),
    rule('D', "totalDigits", FACET, NOTES),
    rule('F', "fractionDigits", FACET, NOTES),
    rule('P', "length", FACET, NOTES),
    rule('B', "minLength", FACET, NOTES),
    rule('U', "maxLength", FACET, NOTES),
    rule('j', "whiteSpace", FACET, NOTES),
    rule('c', "enumeration", LISTED, NOTES),
    rule('v', "pattern", LISTED, NOTES),
];

/// What XML Schema 1.1 added. It is known, and not done.
const LATER: &[&str] = &[
    "assert",
    "assertion",
    "alternative",
    "openContent",
    "defaultOpenContent",
    "override",
    "explicitTimezone",
    "defaultAttributes",
    "defaultAttributesApply",
    "xpathDefaultNamespace",
    "inheritable",
    "notNamespace",
    "notQName",
    "appliesToEmpty",
    "mode",
];

/// The patterns of the rules, compiled, in the order of [`RULES`].
static INSIDE: LazyLock<Vec<Option<Dfa>>> =
    LazyLock::new(|| RULES.iter().map(|rule| pattern::compile(rule.inside).ok()).collect());

/// The rule of the root element.
pub(super) const ROOT: usize = 0;

pub(super) fn rule_at(at: usize) -> &'static Rule {
    &RULES[at]
}

/// The rule of a child of this kind, if one may stand there at all.
pub(super) fn child(parent: usize, kind: &str) -> Option<usize> {
    let inside = RULES[parent].inside;
    let mut candidates = RULES.iter().enumerate().filter(|(_, rule)| rule.kind == kind);
    candidates.find(|(_, rule)| inside.contains(rule.letter)).map(|(at, _)| at)
}

pub(super) fn letter(rule: usize) -> char {
    RULES[rule].letter
}

/// Do children of these letters stand as they should?
pub(super) fn fits(rule: usize, letters: &str) -> bool {
    INSIDE[rule].as_ref().is_none_or(|inside| inside.matches(letters))
}

/// A name of the next version of XML Schema, which is refused as such.
pub(super) fn is_later(name: &str) -> bool {
    LATER.contains(&name)
}

/// Is the content of this element for people, and passed over?
pub(super) fn is_note(rule: usize) -> bool {
    matches!(RULES[rule].kind, "appinfo" | "documentation")
}

/// Does an attribute say what it may? Source: XML Schema Part 1, appendix A.
pub(super) fn says(says: Says, text: &str) -> bool {
    let word = text.trim_matches([' ', '\t', '\n', '\r']);
    let mut words = word.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
    match says {
        Anything | Words => true,
        Name => is_nc_name(word),
        OtherName => is_nc_name(word) && word != "xmlns",
        Qualified => lexical::is_qname(word),
        QualifiedList => words.all(lexical::is_qname),
        Address => lexical::is_any_uri(word),
        Truth => lexical::is_boolean(word),
        Natural => is_natural(word),
        NaturalOrUnbounded => word == "unbounded" || is_natural(word),
        OneOf(list) => list.contains(&word),
        SetOf(list) => word == "#all" || words.all(|word| list.contains(&word)),
        Namespaces => {
            matches!(word, "##any" | "##other")
                || words.all(|word| {
                    matches!(word, "##targetNamespace" | "##local")
                        || !word.starts_with("##") && lexical::is_any_uri(word)
                })
        }
    }
}

fn is_natural(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    let zero = text.strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b == b'0'));
    zero || !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// Attributes and children that exclude each other, or want each other: what the patterns alone cannot say. None where
/// all is well.
pub(super) fn contradiction(rule: usize, has: &dyn Fn(&str) -> bool, letters: &str) -> Option<String> {
    let Rule { letter, kind, .. } = RULES[rule];
    match letter {
        'E' | 'e' | 'b' | 'A' | 'a' if has("ref") == has("name") => {
            Some(format!("an {kind} has either a name or a ref"))
        }
        'E' | 'e' | 'b' | 'A' | 'a' if has("default") && has("fixed") => {
            Some("default and fixed exclude each other".to_string())
        }
        'E' | 'e' | 'b' | 'A' | 'a' if has("type") && letters.contains(['s', 't']) => {
            Some(format!("an {kind} has two types"))
        }
        'e' | 'b' | 'a' if has("ref") => {
            let own: &[&str] = match letter {
                'e' | 'b' => &["type", "nillable", "block", "form", "default", "fixed"],
                _ => &["type", "form"],
            };
            let declares = own.iter().any(|name| has(name)) || letters.contains(['s', 't', 'k', 'K', 'R']);
            declares.then(|| format!("an {kind} with a ref declares nothing of its own"))
        }
        'r' | 'l' if (has("base") || has("itemType")) == letters.contains('s') => {
            Some(format!("a {kind} has exactly one base"))
        }
        // Source: XML Schema Part 1, 3.14.3 (src-union-memberTypes-or-simpleTypes).
        'u' if !has("memberTypes") && !letters.contains('s') => Some("a union of nothing".to_string()),
        'N' if !has("public") && !has("system") => Some("a notation has a public or a system identifier".to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_its_own_letter_and_a_pattern_that_compiles() {
        for (at, rule) in RULES.iter().enumerate() {
            assert!(RULES[..at].iter().all(|other| other.letter != rule.letter), "{}", rule.letter);
            assert!(pattern::compile(rule.inside).is_ok(), "{}", rule.inside);
        }
        assert_eq!(RULES[ROOT].kind, "schema");
    }

    #[test]
    fn children_follow_the_rule_of_their_place() {
        let element = child(ROOT, "element").unwrap();
        assert!(RULES[element].attributes.iter().any(|(name, _, required)| *name == "name" && *required));
        let complex = child(element, "complexType").unwrap();
        assert!(RULES[complex].attributes.iter().all(|(name, ..)| *name != "name"));
        assert!(child(ROOT, "sequence").is_none());
        assert!(fits(ROOT, "nimnEnSn") && !fits(ROOT, "Ei"));
    }

    #[test]
    fn attributes_say_what_they_may() {
        assert!(says(Natural, " 007 ") && says(Natural, "-0") && !says(Natural, "-1") && !says(Natural, "1.0"));
        assert!(says(NaturalOrUnbounded, "unbounded") && !says(Natural, "unbounded"));
        assert!(says(DERIVED, "") && says(DERIVED, "#all") && !says(DERIVED, "#all extension"));
        assert!(says(Namespaces, "##local urn:a") && !says(Namespaces, "##any urn:a") && !says(Namespaces, "##every"));
    }
}
