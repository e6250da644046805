//! Patterns of XML Schema, compiled once to a table.
//!
//! The language is that of XML Schema Part 2, appendix F, which is not the language of the usual regular expressions:
//! `^` and `$` are ordinary characters, classes subtract, `\i` and `\c` exist, and a pattern always matches the whole
//! value. What is not understood is refused by name. Matching looks at each character once.

mod blocks;
mod charset;
mod dfa;
mod parse;

pub(super) use dfa::Dfa;

/// Why a pattern was not compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is none: in a few words, why.
    Wrong(String),
    /// Its table would be larger than we keep.
    TooLarge,
}

/// Compiles one pattern.
pub(super) fn compile(pattern: &str) -> Result<Dfa, Refused> {
    dfa::build(&parse::parse(pattern)?)
}

/// Is this one pattern, that could be joined with others by `|`?
pub(super) fn is_one(pattern: &str) -> Result<(), Refused> {
    parse::parse(pattern).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, inside: &[&str], outside: &[&str]) {
        let dfa = compile(pattern).unwrap_or_else(|why| panic!("{pattern}: {why:?}"));
        for value in inside {
            assert!(dfa.matches(value), "{pattern} takes {value:?}");
        }
        for value in outside {
            assert!(!dfa.matches(value), "{pattern} does not take {value:?}");
        }
    }

    #[test]
    fn the_whole_value_must_match() {
        check("a|bc", &["a", "bc"], &["", "ab", "abc", "bca"]);
        check("", &[""], &["a"]);
        check("a*", &["", "aaa"], &["aab"]);
    }

    #[test]
    fn quantifiers_count() {
        check("[A-Z]{2}", &["DK"], &["D", "DKK", "dk"]);
        check("(ab){1,2}", &["ab", "abab"], &["", "ababab"]);
        check("a{2,}", &["aa", "aaaa"], &["a"]);
        check("a{0}", &[""], &["a"]);
        check("[1-9]([0-9]){0,2}", &["1", "999"], &["0", "1000"]);
    }

    #[test]
    fn classes_negate_and_subtract() {
        check("[a-z-[aeiou]]+", &["xyz"], &["xaz", "-"]);
        check("[^a]", &["b", "æ", "😀"], &["a", ""]);
        check(r"[\-]", &["-"], &["\\"]);
        check("[a-]", &["a", "-"], &["b"]);
        check("[-a]", &["a", "-"], &["b"]);
        check(r"[\d-[5]]", &["4"], &["5"]);
        check("[^a-z-[0]]", &["1"], &["0", "b"]);
    }

    #[test]
    fn escapes_are_those_of_xml_schema() {
        check(r"\d+", &["0", "٣"], &["a", "½"]);
        check(r"\s\S", &[" a", "\tb"], &["  ", "\u{a0}a"]);
        check(r"\i\c*", &["a:b-1", "_x", ":x"], &["1a", "-"]);
        check(r"\w", &["a", "æ", "1", "+"], &[" ", ".", "-"]);
        check(r"\p{Lu}\P{Lu}", &["Aa", "Æ1"], &["aA", "AA"]);
        check("^$", &["^$"], &[""]);
        check(".", &["a", "\t"], &["\n", "\r", ""]);
        check(r"\.\\\n", &[".\\\n"], &["a\\\n"]);
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for (pattern, word) in [
            ("a{2,1}", "{2,1}"),
            ("(a", "("),
            ("a)", ")"),
            ("*a", "*"),
            ("a**", "*"),
            ("[]", "[]"),
            ("[a", "["),
            ("[z-a]", "z-a"),
            ("[+--]", "-"),
            ("[--a]", "-"),
            (r"\q", r"\q"),
            (r"\p{IsBasicLattice}", "IsBasicLattice"),
            (r"\p{Nonsense}", "Nonsense"),
            ("{", "{"),
        ] {
            match compile(pattern).err() {
                Some(Refused::Wrong(why)) => assert!(why.contains(word), "{pattern}: {why}"),
                other => panic!("{pattern} must be refused: {other:?}"),
            }
        }
        for pattern in ["a{100000}", "(a{1,200}){1,200}"] {
            assert_eq!(compile(pattern).err(), Some(Refused::TooLarge), "{pattern}");
        }
        assert!(compile(&"(".repeat(100_000)).is_err());
    }
}
