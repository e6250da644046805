//! The place of a flaw in its document, as compilers show it: the line, and carets below what is meant.

use crate::spec::Flaw;

/// Characters of a line that are shown; of a longer one, those around the flaw.
const SHOWN_MAX: usize = 100;

/// Characters before the flaw that are shown of a line that is too long.
const BEFORE: usize = 30;

/// Carets at most: a flaw has a place rather than an extent.
const CARETS_MAX: usize = 40;

/// A flaw with the line it stands in. `name` is that of the file; with `colours` for a terminal that has them.
pub fn excerpt(name: &str, document: &[u8], flaw: &Flaw, colours: bool) -> String {
    let paint = |code: &str, text: &str| match colours {
        true => format!("\x1b[{code}m{text}\x1b[0m"),
        false => text.to_string(),
    };
    let number = flaw.line.to_string();
    let margin = " ".repeat(number.len());
    let bar = paint("34", "|");
    let mut text = format!(
        "{}: {}\n",
        paint("1;31", &format!("error[{}]", flaw.code)),
        paint("1", &shown(flaw.message.as_bytes()))
    );
    text += &format!("{margin}{} {name}:{}:{}\n", paint("34", "-->"), flaw.line, flaw.column);
    if let Some((line, before, carets)) = line_of(document, flaw) {
        let (spaces, carets) = (" ".repeat(before), paint("1;31", &"^".repeat(carets)));
        text += &format!("{margin} {bar}\n{} {bar} {line}\n{margin} {bar} {spaces}{carets}\n", paint("34", &number));
    }
    if !flaw.path.is_empty() {
        text += &format!("{margin} {} at {}\n", paint("34", "="), flaw.path);
    }
    text
}

/// The line of a flaw, the characters before it, and how many it takes. None of a document that is not in UTF-8: its
/// bytes are not characters.
fn line_of(document: &[u8], flaw: &Flaw) -> Option<(String, usize, usize)> {
    let before = document.get(..flaw.byte)?;
    if document.starts_with(&[0xFF, 0xFE]) || document.starts_with(&[0xFE, 0xFF]) || document.contains(&0) {
        return None;
    }
    let is_end = |&b: &u8| b == b'\n' || b == b'\r';
    let start = before.iter().rposition(is_end).map_or(0, |at| at + 1);
    let end = document[flaw.byte..].iter().position(is_end).map_or(document.len(), |at| flaw.byte + at);
    let (left, right) = (shown(&document[start..flaw.byte]), shown(&document[flaw.byte..end]));
    let carets = extent(&right).min(CARETS_MAX);
    // Indentation says nothing to a reader of one line; what is left of a long line stands behind dots.
    let indent = left.chars().take_while(|&c| c == ' ').count().min(left.chars().count());
    let mut left: String = left.chars().skip(indent).collect();
    let length = left.chars().count();
    if length > BEFORE && length + right.chars().count() > SHOWN_MAX {
        left = format!("…{}", left.chars().skip(length - BEFORE).collect::<String>());
    }
    let room = SHOWN_MAX.saturating_sub(left.chars().count());
    let mut line = left.clone();
    line.extend(right.chars().take(room));
    if right.chars().count() > room {
        line.push('…');
    }
    Some((line.trim_end().to_string(), left.chars().count(), carets))
}

/// Bytes as a terminal may show them: a stranger's control characters have no say there.
fn shown(bytes: &[u8]) -> String {
    let clean = |c: char| match c {
        '\t' => ' ',
        c if c.is_control()
            || matches!(c, '\u{200E}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') =>
        {
            '\u{FFFD}'
        }
        c => c,
    };
    String::from_utf8_lossy(bytes).chars().map(clean).collect()
}

/// Characters of the tag, the reference or the word that begins here.
fn extent(right: &str) -> usize {
    let mut chars = right.chars();
    let tag = chars.next() == Some('<');
    let end = match tag {
        true => right.chars().position(|c| c == '>').map(|at| at + 1),
        false => right.chars().position(|c| matches!(c, ' ' | '<' | '>' | '=' | '"' | '\'')),
    };
    end.unwrap_or_else(|| right.chars().count()).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::{Schema, Sources, check};
    use crate::xml::Limits;

    fn shown_of(document: &str) -> String {
        let schema = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:t" elementFormDefault="qualified">
            <xs:element name="list"><xs:complexType><xs:sequence><xs:element name="count" type="xs:int" maxOccurs="unbounded"/>
            </xs:sequence><xs:attribute name="kind" type="xs:boolean"/></xs:complexType></xs:element></xs:schema>"#;
        let schema = Schema::load(&Sources::table(&[("t.xsd", schema)]), "t.xsd").unwrap();
        let verdict = check(&schema, document.as_bytes(), &Limits::default(), &mut ());
        let excerpts = verdict.flaws.iter().map(|flaw| excerpt("list.xml", document.as_bytes(), flaw, false));
        excerpts.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn carets_stand_below_what_is_meant() {
        insta::assert_snapshot!(shown_of("<list xmlns=\"urn:t\" kind=\"perhaps\">\n    <count>1</count>\n    <count>twelve</count>\n    <cuont>3</cuont>\n</list>\n"), @r#"
        error[value-type]: The value "perhaps" must be true or false.
         --> list.xml:1:21
          |
        1 | <list xmlns="urn:t" kind="perhaps">
          |                     ^^^^
          = at /list/@kind

        error[value-type]: The value "twelve" must be a whole number.
         --> list.xml:3:5
          |
        3 | <count>twelve</count>
          | ^^^^^^^
          = at /list/count[2]

        error[element-unexpected]: The element "cuont" is not known here; <count> is expected.
         --> list.xml:4:5
          |
        4 | <cuont>3</cuont>
          | ^^^^^^^
          = at /list/cuont
        "#);
    }

    #[test]
    fn long_lines_and_control_characters_do_no_harm() {
        let long = format!(
            "<list xmlns='urn:t'>{}<count>\u{9b}x</count>{}</list>",
            "<count>1</count>".repeat(40),
            "<count>2</count>".repeat(40)
        );
        insta::assert_snapshot!(shown_of(&long), @r#"
        error[value-type]: The value "\u{9b}x" must be a whole number.
         --> list.xml:1:661
          |
        1 | …ount>1</count><count>1</count><count>�x</count><count>2</count><count>2</count><count>2</count><cou…
          |                                ^^^^^^^
          = at /list/count[41]
        "#);
        assert!(shown_of("").starts_with("error[not-well-formed]"));
    }
}
