//! The first bytes: which encoding a document is in, and whether its XML declaration is right.

use super::{Limits, names::short};
use super::{Malformed, attributes};

/// Offset behind the byte-order mark, or the name of an encoding we do not take. Source: XML 1.0, appendix F.
pub(super) fn skip_mark(document: &[u8]) -> Result<usize, Malformed> {
    let name = match document {
        [0xEF, 0xBB, 0xBF, ..] => return Ok(3),
        [0, 0, 0xFE, 0xFF, ..] | [0xFF, 0xFE, 0, 0, ..] | [0, 0, 0, b'<', ..] | [b'<', 0, 0, 0, ..] => "UTF-32",
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..] | [b'<', 0, ..] => "UTF-16 without saying so",
        [0x4C, 0x6F, 0xA7, 0x94, ..] => "EBCDIC",
        _ => return Ok(0),
    };
    Err(unsupported(name))
}

fn unsupported(name: &str) -> Malformed {
    let message = format!("The document is in {}; only UTF-8 and UTF-16 are taken.", short(name));
    Malformed::coded("encoding-unsupported", 0, message)
}

/// How the bytes of a document became the UTF-8 that the reader sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Utf8,
    /// With a byte-order mark, which is enough to know it by.
    Utf16,
    /// Without a mark: the declaration must say so.
    Utf16Unmarked,
}

/// Checks what stands between `<?xml` and `?>`, and gives back the encoding, now certain.
/// Source: XML 1.0, productions 23 to 32 and 80.
pub(super) fn check(inside: &str, byte: usize, limits: &Limits, encoding: Encoding) -> Result<Encoding, Malformed> {
    let mut sure = encoding;
    let mut found = Vec::new();
    attributes::read(inside, byte + "<?xml".len(), limits, &mut found)?;
    let mut rest = found.iter().filter(|a| a.prefix.is_empty());
    let wrong = |message: &str| Err(Malformed::new(byte, message));
    match rest.next() {
        Some(version) if version.local == "version" => {
            let minor = version.value.strip_prefix("1.").unwrap_or("");
            if minor.is_empty() || !minor.bytes().all(|b| b.is_ascii_digit()) {
                return wrong("The version in the XML declaration must be 1.0.");
            }
        }
        _ => return wrong("The XML declaration must begin with its version."),
    }
    let mut next = rest.next();
    if let Some(named) = next
        && named.local == "encoding"
    {
        let name = named.value.as_ref();
        let legal = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if !legal {
            return wrong("The encoding in the XML declaration is not a name.");
        }
        // US-ASCII is UTF-8 that happens to be plain, and was checked as such.
        let utf8 = name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("us-ascii");
        let utf16 = ["utf-16", "utf-16le", "utf-16be"].iter().any(|known| name.eq_ignore_ascii_case(known));
        match encoding {
            Encoding::Utf8 if utf8 => {}
            Encoding::Utf16 | Encoding::Utf16Unmarked if utf16 => sure = Encoding::Utf16,
            Encoding::Utf8 if utf16 => return wrong("The declaration says UTF-16, but the document is not in it."),
            _ if utf8 => return wrong("The declaration says UTF-8, but the document is not in it."),
            _ => return Err(unsupported(name)),
        }
        next = rest.next();
    }
    if let Some(standalone) = next
        && standalone.local == "standalone"
    {
        if standalone.value != "yes" && standalone.value != "no" {
            return wrong("standalone in the XML declaration must be yes or no.");
        }
        next = rest.next();
    }
    match next {
        None if found.iter().all(|a| a.prefix.is_empty()) => Ok(sure),
        _ => wrong("The XML declaration holds version, encoding and standalone, in this order, and nothing else."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(declaration: &str, byte: usize, limits: &Limits) -> Result<Encoding, Malformed> {
        super::check(&declaration["<?xml".len()..declaration.len() - "?>".len()], byte, limits, Encoding::Utf8)
    }

    #[test]
    fn declarations_that_are_right_pass() {
        for right in [
            "<?xml version='1.0'?>",
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
            "<?xml version='1.0' encoding='utf-8' standalone='yes' ?>",
            "<?xml version='1.0' standalone='no'?>",
        ] {
            assert_eq!(check(right, 0, &Limits::default()), Ok(Encoding::Utf8), "{right}");
        }
    }

    #[test]
    fn declarations_that_are_wrong_do_not() {
        for wrong in [
            "<?xml ?>",
            "<?xml encoding='UTF-8'?>",
            "<?xml version='2.0'?>",
            "<?xml version='1.'?>",
            "<?xml version='1.0' standalone='maybe'?>",
            "<?xml version='1.0' standalone='yes' encoding='UTF-8'?>",
            "<?xml version='1.0' a='b'?>",
            "<?xml version='1.0' p:encoding='UTF-8'?>",
            "<?xml version='1.0' encoding='-'?>",
        ] {
            assert_eq!(check(wrong, 0, &Limits::default()).unwrap_err().code, "not-well-formed", "{wrong}");
        }
    }

    #[test]
    fn other_encodings_are_refused_by_name() {
        let latin = check("<?xml version='1.0' encoding='ISO-8859-1'?>", 0, &Limits::default()).unwrap_err();
        assert_eq!(latin.code, "encoding-unsupported");
        assert!(latin.message.contains("ISO-8859-1"));
        assert!(skip_mark(b"\xFF\xFE<\0").unwrap_err().message.contains("UTF-16"));
        assert!(skip_mark(b"\0<\0a").unwrap_err().message.contains("UTF-16"));
        assert!(skip_mark(b"\0\0\xFE\xFF").unwrap_err().message.contains("UTF-32"));
        assert_eq!(skip_mark(b"\xEF\xBB\xBF<a/>"), Ok(3));
    }
}
