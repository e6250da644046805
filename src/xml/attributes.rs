//! The inside of a start tag: attributes, one after the other, and their values as a program should see them.

use std::borrow::Cow;

use super::chars::{is_nc_name, is_space};
use super::escape::resolve;
use super::names::short;
use super::{Limits, Malformed};

/// One attribute of the element just opened; namespace declarations are not among them.
#[derive(Debug, Clone)]
pub struct Attribute<'d> {
    /// Prefix as written, empty for none. It is declared: [`super::Reader::lookup`] knows what it means.
    pub prefix: &'d str,
    pub local: &'d str,
    /// References resolved, white space turned into spaces. Source: XML 1.0, section 3.3.3.
    pub value: Cow<'d, str>,
    /// Where the name begins, as an offset into the document.
    pub byte: usize,
}

/// Cuts `name = "value"` pairs from `rest`, what a tag holds behind its name. `byte` is where `rest` begins.
pub(super) fn read<'d>(
    rest: &'d str,
    byte: usize,
    limits: &Limits,
    into: &mut Vec<Attribute<'d>>,
) -> Result<(), Malformed> {
    let bytes = rest.as_bytes();
    let mut at = 0;
    loop {
        let gap = skip_space(bytes, at);
        if gap == bytes.len() {
            return Ok(());
        }
        if gap == at {
            return Err(Malformed::new(byte + at, "White space must stand before an attribute."));
        }
        if into.len() == limits.attributes_max {
            let message = format!("An element may have at most {} attributes.", limits.attributes_max);
            return Err(Malformed::coded("attributes-limit", byte + gap, message));
        }
        let name_end = (gap..bytes.len()).find(|&i| bytes[i] == b'=' || is_space(bytes[i])).unwrap_or(bytes.len());
        let name = &rest[gap..name_end];
        check_length(name, byte + gap, limits)?;
        let (prefix, local) = super::names::split(name);
        if !is_nc_name(local) || (local.len() < name.len() && !is_nc_name(prefix)) {
            let message = format!("\"{}\" is not a name an attribute can have.", short(name));
            return Err(Malformed::new(byte + gap, message));
        }
        let equals = skip_space(bytes, name_end);
        if bytes.get(equals) != Some(&b'=') {
            let message = format!("The attribute \"{}\" has no value.", short(name));
            return Err(Malformed::new(byte + gap, message));
        }
        let open = skip_space(bytes, equals + 1);
        let quote = match bytes.get(open) {
            Some(&quote @ (b'"' | b'\'')) => quote,
            _ => return Err(Malformed::new(byte + open, "The value of an attribute must be quoted.")),
        };
        let Some(length) = memchr::memchr(quote, &bytes[open + 1..]) else {
            return Err(Malformed::new(byte + open, "The quotes of an attribute's value are not closed."));
        };
        let raw = &rest[open + 1..open + 1 + length];
        if raw.len() > limits.text_bytes_max {
            let message = format!("An attribute's value may have at most {} bytes.", limits.text_bytes_max);
            return Err(Malformed::coded("text-limit", byte + gap, message));
        }
        let value = normalise(raw, byte + open + 1)?;
        into.push(Attribute { prefix, local, value, byte: byte + gap });
        at = open + 1 + length + 1;
    }
}

pub(super) fn check_length(name: &str, byte: usize, limits: &Limits) -> Result<(), Malformed> {
    if name.len() > limits.name_bytes_max {
        let message = format!("A name may have at most {} bytes.", limits.name_bytes_max);
        return Err(Malformed::coded("name-limit", byte, message));
    }
    Ok(())
}

fn skip_space(bytes: &[u8], from: usize) -> usize {
    (from..bytes.len()).find(|&i| !is_space(bytes[i])).unwrap_or(bytes.len())
}

fn normalise(raw: &str, byte: usize) -> Result<Cow<'_, str>, Malformed> {
    if !raw.bytes().any(|b| matches!(b, b'&' | b'<' | b'\t' | b'\n' | b'\r')) {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find(['&', '<', '\t', '\n', '\r']) {
        let here = byte + (raw.len() - rest.len()) + at;
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'<' => return Err(Malformed::new(here, "\"<\" may not stand in an attribute's value; write &lt;.")),
            b'&' => {
                let (c, length) = reference(&rest[at..], here)?;
                out.push(c);
                rest = &rest[at + length..];
            }
            // A carriage return and its line feed are one line end, and one space.
            b'\r' if rest.as_bytes().get(at + 1) == Some(&b'\n') => rest = &rest[at + 1..],
            _ => {
                out.push(' ');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    Ok(Cow::Owned(out))
}

/// The character behind the reference that `text` begins with, and the bytes the reference takes.
pub(super) fn reference(text: &str, byte: usize) -> Result<(char, usize), Malformed> {
    let Some(length) = memchr::memchr(b';', &text.as_bytes()[1..]) else {
        return Err(Malformed::new(byte, "\"&\" must begin a reference that ends with \";\"; write &amp; for itself."));
    };
    let name = &text[1..1 + length];
    match resolve(name) {
        Some(c) => Ok((c, length + 2)),
        None => {
            Err(Malformed::new(byte, format!("\"&{};\" stands for nothing that XML knows without a DTD.", short(name))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(rest: &str) -> Result<Vec<String>, Malformed> {
        let mut attributes = Vec::new();
        read(rest, 0, &Limits::default(), &mut attributes)?;
        Ok(attributes.iter().map(|a| format!("{}|{}|{}", a.prefix, a.local, a.value)).collect())
    }

    #[test]
    fn attributes_are_cut_and_normalised() {
        assert_eq!(values(" a='1' p:b = \"x&lt;\t\r\ny\" ").unwrap(), ["|a|1", "p|b|x<  y"]);
        assert_eq!(values("  ").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_no_attribute_is_refused() {
        for wrong in [
            "a='1'",
            " a",
            " a=1",
            " a='1'b='2'",
            " a='<'",
            " a='&x;'",
            " a='&",
            " 1='x'",
            " a:='x'",
            " /",
            " ='1'",
            " a:b:c=''",
        ] {
            assert!(values(wrong).is_err(), "{wrong}");
        }
    }
}
