//! Schema files: where their text comes from, and their elements without what only people read.
//!
//! A file is read into [`Node`]s with every qualified name already resolved, so that nothing later needs the text.
//! What stands in other namespaces than that of XML Schema (annotations' contents, foreign attributes) is left out, as
//! the Recommendation says; everything in it that we do not know is refused by name when it is compiled.

use std::path::PathBuf;

use super::SchemaFault;

/// The namespace of schema documents.
pub(super) const SCHEMA_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema";

/// Elements in a schema file may be nested so deep; what compiles them recurses.
const DEPTH_MAX: usize = 64;

/// Folders that a reference may lead out of, where it may at all.
const CLIMBS_MAX: usize = 4;

/// Where schema files are kept: a folder, or a table in the program. Locations are relative paths with `/`.
#[derive(Debug, Clone)]
pub enum Sources {
    Folder(PathBuf),
    Table(Vec<(String, String)>),
}

impl Sources {
    /// A table of file names and texts, as `include_str!` gives them.
    pub fn table(files: &[(&str, &str)]) -> Sources {
        Sources::Table(files.iter().map(|&(name, text)| (name.to_string(), text.to_string())).collect())
    }

    /// All locations that end in `.xsd`, sorted. Folders within a folder are not looked into.
    pub(super) fn locations(&self) -> Result<Vec<String>, SchemaFault> {
        let mut locations = Vec::new();
        match self {
            Sources::Table(files) => locations.extend(files.iter().map(|(name, _)| name.clone())),
            Sources::Folder(folder) => {
                let unreadable = |cause| SchemaFault::Read { location: folder.display().to_string(), cause };
                for entry in std::fs::read_dir(folder).map_err(unreadable)? {
                    locations.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
                }
            }
        }
        locations.retain(|location| location.ends_with(".xsd"));
        locations.sort();
        Ok(locations)
    }

    pub(super) fn text(&self, location: &str) -> Result<String, SchemaFault> {
        match self {
            Sources::Table(files) => match files.iter().find(|(name, _)| name == location) {
                Some((_, text)) => Ok(text.clone()),
                None => Err(SchemaFault::Missing { location: location.to_string() }),
            },
            Sources::Folder(folder) => std::fs::read_to_string(folder.join(location))
                .map_err(|cause| SchemaFault::Read { location: location.to_string(), cause }),
        }
    }
}

/// The location that `reference`, written in the file at `base`, means; none where it leads out of the sources, unless
/// it may climb.
pub(super) fn resolve(base: &str, reference: &str, climbs: bool) -> Option<String> {
    if reference.contains(':') || reference.contains('\\') || reference.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').collect();
    parts.pop();
    for part in reference.split('/') {
        match part {
            "." | "" => {}
            ".." => match parts.last() {
                Some(&last) if last != ".." => {
                    parts.pop();
                }
                _ if climbs && parts.len() < CLIMBS_MAX => parts.push(".."),
                _ => return None,
            },
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// One file, taken apart.
#[derive(Debug)]
pub(super) struct File {
    pub location: String,
    /// The root, `schema`, comes first.
    pub nodes: Vec<Node>,
}

/// An element of the schema language.
#[derive(Debug)]
pub(super) struct Node {
    /// Local name: `element`, `complexType`, …
    pub kind: String,
    pub line: u32,
    /// Attributes without a namespace. Qualified names are written `{namespace}local`.
    pub attributes: Vec<(String, String)>,
    pub children: Vec<usize>,
}

/// A qualified name, its namespace empty for none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct QName {
    pub namespace: String,
    pub local: String,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that holds one qualified name.
    pub(super) fn qname(&self, name: &str) -> Option<QName> {
        self.attribute(name).and_then(QName::expanded)
    }
}

impl QName {
    /// Reads `{namespace}local`.
    pub(super) fn expanded(text: &str) -> Option<QName> {
        let (namespace, local) = text.strip_prefix('{')?.rsplit_once('}')?;
        Some(QName { namespace: namespace.to_string(), local: local.to_string() })
    }
}

/// Attributes whose value is one qualified name, or several.
const QUALIFIED: [&str; 7] = ["type", "base", "ref", "itemType", "memberTypes", "substitutionGroup", "refer"];

pub(super) fn parse(location: &str, text: &str) -> Result<File, SchemaFault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let document = roxmltree::Document::parse(text)
        .map_err(|cause| SchemaFault::NotXml { location: location.to_string(), message: cause.to_string() })?;
    let root = document.root_element();
    let line_starts: Vec<usize> =
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
    let line = |byte: usize| line_starts.partition_point(|&start| start <= byte) as u32;
    if root.tag_name().namespace() != Some(SCHEMA_NAMESPACE) || root.tag_name().name() != "schema" {
        let message = "its root is not the schema element of XML Schema".to_string();
        return Err(SchemaFault::NotXml { location: location.to_string(), message });
    }
    let mut file = File { location: location.to_string(), nodes: Vec::new() };
    let mut waiting = vec![(root, 0, 1)];
    while let Some((element, parent, depth)) = waiting.pop() {
        let at = file.nodes.len();
        let broken = |message: String| {
            Err(SchemaFault::Broken { location: location.to_string(), line: line(element.range().start), message })
        };
        if depth > DEPTH_MAX {
            return broken(format!("elements are nested more than {DEPTH_MAX} deep"));
        }
        let mut attributes = Vec::with_capacity(element.attributes().len());
        for attribute in element.attributes().filter(|attribute| attribute.namespace().is_none()) {
            let (name, value) = (attribute.name(), attribute.value());
            let value = if QUALIFIED.contains(&name) {
                match expand(element, value) {
                    Ok(value) => value,
                    Err(prefix) => return broken(format!("the prefix {prefix} is not declared")),
                }
            } else {
                value.to_string()
            };
            attributes.push((name.to_string(), value));
        }
        let kind = element.tag_name().name().to_string();
        file.nodes.push(Node { kind, line: line(element.range().start), attributes, children: Vec::new() });
        if at > 0 {
            file.nodes[parent].children.push(at);
        }
        let first = waiting.len();
        for child in element.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                return broken("text stands where only elements may".into());
            }
            if !child.is_element() {
                continue;
            }
            if child.tag_name().namespace() != Some(SCHEMA_NAMESPACE) {
                return broken(format!("the element {} is not of XML Schema", child.tag_name().name()));
            }
            if child.tag_name().name() != "annotation" {
                waiting.push((child, at, depth + 1));
            }
        }
        // The stack turns the order round; once more, and children are met in document order.
        waiting[first..].reverse();
    }
    Ok(file)
}

/// Every name of a white-space separated list, as `{namespace}local`; fails with the prefix that is not declared.
fn expand(element: roxmltree::Node, value: &str) -> Result<String, String> {
    let mut names = Vec::new();
    for name in value.split_ascii_whitespace() {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        let namespace = match (element.lookup_namespace_uri(prefix), prefix) {
            (Some(namespace), _) => namespace,
            (None, None) => "",
            (None, Some(prefix)) => return Err(prefix.to_string()),
        };
        names.push(format!("{{{namespace}}}{local}"));
    }
    Ok(names.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_stay_within_the_sources() {
        assert_eq!(resolve("a.xsd", "b.xsd", false).as_deref(), Some("b.xsd"));
        assert_eq!(resolve("document/a.xsd", "../generic/./b.xsd", false).as_deref(), Some("generic/b.xsd"));
        for outside in ["../b.xsd", "/etc/passwd", "http://example.org/b.xsd", "..\\b.xsd"] {
            assert_eq!(resolve("a.xsd", outside, false), None, "{outside}");
        }
        assert_eq!(resolve("a.xsd", "../../generic/b.xsd", true).as_deref(), Some("../../generic/b.xsd"));
        assert_eq!(resolve("../../generic/a.xsd", "../x/b.xsd", true).as_deref(), Some("../../x/b.xsd"));
        assert_eq!(resolve("a.xsd", "../../../../../etc/passwd", true), None);
    }

    #[test]
    fn names_are_resolved_where_they_stand() {
        let file = parse(
            "a.xsd",
            r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:f="urn:foreign">
                <xs:annotation><xs:documentation><b/>words</xs:documentation></xs:annotation>
                <xs:element name="a" type="xs:string" f:note="x"/>
            </xs:schema>"#,
        )
        .unwrap();
        assert_eq!(file.nodes.len(), 2);
        let element = &file.nodes[1];
        assert_eq!((element.kind.as_str(), element.line), ("element", 3));
        assert_eq!(element.attribute("type"), Some("{http://www.w3.org/2001/XMLSchema}string"));
        assert_eq!(element.attribute("note"), None);
    }

    #[test]
    fn what_is_no_schema_file_is_refused() {
        assert!(matches!(parse("a.xsd", "<a/>"), Err(SchemaFault::NotXml { .. })));
        assert!(matches!(parse("a.xsd", "<a"), Err(SchemaFault::NotXml { .. })));
        let deep = format!(
            "<xs:schema xmlns:xs='{SCHEMA_NAMESPACE}'>{}{}</xs:schema>",
            "<xs:sequence>".repeat(100),
            "</xs:sequence>".repeat(100)
        );
        assert!(matches!(parse("a.xsd", &deep), Err(SchemaFault::Broken { .. })));
        let foreign = format!("<xs:schema xmlns:xs='{SCHEMA_NAMESPACE}'><element/></xs:schema>");
        assert!(parse("a.xsd", &foreign).unwrap_err().to_string().contains("element is not of XML Schema"));
    }
}
