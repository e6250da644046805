//! The document type of a schema file: some of W3C's own begin with one. Its external part is never fetched, its entities
//! are those of the XML reader, and of its attribute declarations only the defaults matter.

use super::flaw::quote;
use super::nodes::SCHEMA_NAMESPACE;

/// An attribute that the document type gives to every element of a name that does not have it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Default<'t> {
    element: &'t str,
    attribute: &'t str,
    value: &'t str,
}

/// The defaults that a document type declares; none where it cannot be read. Source: XML 1.0, 3.3.
pub(super) fn defaults(text: &str) -> Option<Vec<Default<'_>>> {
    let mut defaults = Vec::new();
    let Some(start) = text.find("<!DOCTYPE") else { return Some(defaults) };
    let mut rest = &text[start..];
    while let Some(at) = rest.find("<!ATTLIST") {
        let (element, mut inside) = word(&rest[at + "<!ATTLIST".len()..])?;
        loop {
            inside = inside.trim_start();
            if let Some(behind) = inside.strip_prefix('>') {
                rest = behind;
                break;
            }
            let (attribute, behind) = word(inside)?;
            let behind = behind.trim_start();
            let behind = match behind.strip_prefix("NOTATION").unwrap_or(behind).trim_start().strip_prefix('(') {
                Some(list) => list.split_once(')')?.1,
                None => word(behind)?.1,
            };
            let behind = behind.trim_start();
            if let Some(behind) = behind.strip_prefix("#REQUIRED").or(behind.strip_prefix("#IMPLIED")) {
                inside = behind;
                continue;
            }
            let behind = behind.strip_prefix("#FIXED").unwrap_or(behind).trim_start();
            let mark = behind.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, behind) = behind[1..].split_once(mark)?;
            defaults.push(Default { element, attribute, value });
            inside = behind;
        }
    }
    Some(defaults)
}

/// A name, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let end = text.find(|c| !crate::xml::is_name_char(c) && c != ':').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// Does the element say by itself what the document type would add to it? If not, what is lacking.
pub(super) fn lacking(defaults: &[Default], element: roxmltree::Node) -> Option<String> {
    let name = element.tag_name();
    let written = |default: &&Default| {
        let (prefix, local) = default.element.split_once(':').map_or((None, default.element), |(p, l)| (Some(p), l));
        name.namespace() == Some(SCHEMA_NAMESPACE)
            && local == name.name()
            && element.lookup_namespace_uri(prefix) == name.namespace()
    };
    let says = |default: &Default| match default.attribute.strip_prefix("xmlns") {
        Some(prefix) if prefix.is_empty() || prefix.starts_with(':') => {
            element.lookup_namespace_uri(prefix.strip_prefix(':')) == Some(default.value)
        }
        _ => element.attributes().any(|attribute| attribute.name() == default.attribute),
    };
    let lacking = defaults.iter().filter(written).find(|default| !says(default))?;
    Some(format!("the attribute {} that only the document type gives", quote(lacking.attribute)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_defaults_are_kept() {
        let text = r#"<!DOCTYPE s PUBLIC "a" "b" [<!ENTITY e 'x'><!ATTLIST s
            a CDATA #IMPLIED b (x | y) "x" xmlns:c CDATA #FIXED 'urn:c'
            d NOTATION (n) #REQUIRED><!ATTLIST t>]><s/>"#;
        let found = defaults(text).unwrap();
        let found: Vec<_> = found.iter().map(|d| (d.element, d.attribute, d.value)).collect();
        assert_eq!(found, [("s", "b", "x"), ("s", "xmlns:c", "urn:c")]);
        assert_eq!(defaults("<s/>"), Some(vec![]));
        for wrong in ["<!DOCTYPE s [<!ATTLIST s a CDATA %d;>]>", "<!DOCTYPE s [<!ATTLIST s a", "<!DOCTYPE s [<!ATTLIST"]
        {
            assert_eq!(defaults(wrong), None, "{wrong}");
        }
    }
}
