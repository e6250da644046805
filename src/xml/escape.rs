//! What must be written otherwise, and how it is read back.

use std::borrow::Cow;

use super::chars::is_char;

/// Character data for writing: `&`, `<` and `>` as entities, a carriage return as a reference, lest it become a line
/// feed. Characters that XML cannot hold become U+FFFD, for a document we wrote must always be readable.
pub fn escape_text(text: &str) -> Cow<'_, str> {
    escape(text, false)
}

/// An attribute value for writing between double quotes: as [`escape_text`], and `"`, tab and line feed besides.
pub fn escape_attribute(text: &str) -> Cow<'_, str> {
    escape(text, true)
}

fn escape(text: &str, attribute: bool) -> Cow<'_, str> {
    let special = |c: char| match c {
        '&' | '<' | '>' | '\r' => true,
        '"' | '\t' | '\n' => attribute,
        _ => !is_char(c),
    };
    let Some(first) = text.find(special) else { return Cow::Borrowed(text) };
    let mut out = String::with_capacity(text.len() + 16);
    out.push_str(&text[..first]);
    for c in text[first..].chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            '"' if attribute => out.push_str("&quot;"),
            '\t' if attribute => out.push_str("&#9;"),
            '\n' if attribute => out.push_str("&#10;"),
            c if is_char(c) => out.push(c),
            _ => out.push('\u{FFFD}'),
        }
    }
    Cow::Owned(out)
}

/// The character that `&name;` stands for, given `name`: one of the five of XML itself, or a character reference.
pub(super) fn resolve(name: &str) -> Option<char> {
    match name {
        "amp" => return Some('&'),
        "lt" => return Some('<'),
        "gt" => return Some('>'),
        "quot" => return Some('"'),
        "apos" => return Some('\''),
        _ => {}
    }
    let digits = name.strip_prefix('#')?;
    let (digits, radix) = digits.strip_prefix('x').map_or((digits, 10), |hex| (hex, 16));
    // `from_str_radix` would take a sign, and zeros without end are legal.
    if digits.is_empty() || !digits.bytes().all(|b| (b as char).is_digit(radix)) {
        return None;
    }
    let significant = digits.trim_start_matches('0');
    if significant.len() > 8 {
        return None;
    }
    let code = if significant.is_empty() { 0 } else { u32::from_str_radix(significant, radix).ok()? };
    char::from_u32(code).filter(|&c| is_char(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed() {
        assert!(matches!(escape_text("5790001330552 \"x\""), Cow::Borrowed(_)));
    }

    #[test]
    fn what_xml_would_misread_is_escaped() {
        assert_eq!(escape_text("a<b>&\r\u{1}"), "a&lt;b&gt;&amp;&#13;\u{FFFD}");
        assert_eq!(escape_attribute("\"\t\n"), "&quot;&#9;&#10;");
    }

    #[test]
    fn references_resolve_to_legal_characters_only() {
        assert_eq!(resolve("amp"), Some('&'));
        assert_eq!(resolve("#x41"), Some('A'));
        assert_eq!(resolve("#0000000000065"), Some('A'));
        for wrong in ["nbsp", "#", "#x", "#0", "#x1", "#xD800", "#xFFFE", "#x110000", "#+65", "#99999999999", "#X41"] {
            assert_eq!(resolve(wrong), None, "{wrong}");
        }
    }
}
