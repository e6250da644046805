//! Schema files taken apart: their elements without what only people read.
//!
//! A file is read into [`Node`]s with every qualified name already resolved, so that nothing later needs the text. Each is
//! held against the grammar on the way. What stands in other namespaces than that of XML Schema (annotations' contents,
//! foreign attributes) is left out, as the Recommendation says.

use std::collections::HashSet;

use super::SchemaFault;
use super::doctype;
use super::grammar::{self, Says};

/// The namespace of schema documents.
pub(super) const SCHEMA_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema";

/// Elements in a schema file may be nested so deep; what compiles them recurses.
const DEPTH_MAX: usize = 64;

/// One file, taken apart.
#[derive(Debug)]
pub(super) struct File {
    pub location: String,
    /// The root, `schema`, comes first, and every element before those within it.
    pub nodes: Vec<Node>,
    /// Prefixes and what they mean, as nodes refer to them; the first is empty.
    scopes: Vec<Vec<(String, String)>>,
    /// The namespaces that this file imports, empty for none.
    pub imports: HashSet<String>,
}

impl File {
    /// What a prefixed name in a value of this node means; the empty prefix is the default namespace.
    pub(super) fn meaning(&self, node: usize, name: &str) -> Option<QName> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let scope = &self.scopes[self.nodes[node].scope];
        let namespace = scope.iter().find(|(known, _)| known == prefix).map(|(_, namespace)| namespace.as_str());
        let namespace = match (prefix, namespace) {
            ("xml", _) => crate::xml::XML_NAMESPACE,
            ("", None) => "",
            (_, found) => found?,
        };
        Some(QName { namespace: namespace.to_string(), local: local.to_string() })
    }
}

/// An element of the schema language.
#[derive(Debug)]
pub(super) struct Node {
    /// Local name: `element`, `complexType`, …
    pub kind: &'static str,
    pub line: u32,
    /// Attributes without a namespace. Qualified names are written `{namespace}local`.
    pub attributes: Vec<(&'static str, String)>,
    pub children: Vec<usize>,
    /// Index of the declarations in force, where values may hold prefixes.
    pub scope: usize,
}

/// A qualified name, its namespace empty for none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct QName {
    pub namespace: String,
    pub local: String,
}

impl Node {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
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

/// Elements in whose values prefixes may stand.
const SCOPED: [&str; 5] = ["enumeration", "selector", "field", "element", "attribute"];

/// An element still to be read: its node's parent, its rule, its depth.
struct Waiting<'d> {
    element: roxmltree::Node<'d, 'd>,
    parent: usize,
    rule: usize,
    depth: usize,
}

pub(super) fn parse(location: &str, text: &str) -> Result<File, SchemaFault> {
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let Some(defaults) = doctype::defaults(text) else {
        let construct = "a document type that declares attributes in this way".to_string();
        return Err(SchemaFault::Unsupported { location: location.to_string(), line: 1, construct });
    };
    let options = roxmltree::ParsingOptions { allow_dtd: true, ..roxmltree::ParsingOptions::default() };
    let document = roxmltree::Document::parse_with_options(text, options)
        .map_err(|cause| SchemaFault::NotXml { location: location.to_string(), message: cause.to_string() })?;
    let root = document.root_element();
    let line_starts: Vec<usize> =
        std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
    let line = |byte: usize| line_starts.partition_point(|&start| start <= byte) as u32;
    if root.tag_name().namespace() != Some(SCHEMA_NAMESPACE) || root.tag_name().name() != "schema" {
        let message = "its root is not the schema element of XML Schema".to_string();
        return Err(SchemaFault::NotXml { location: location.to_string(), message });
    }
    let (scopes, imports) = (vec![Vec::new()], HashSet::new());
    let mut file = File { location: location.to_string(), nodes: Vec::new(), scopes, imports };
    let mut ids = HashSet::new();
    let mut letters = String::new();
    let mut waiting = vec![Waiting { element: root, parent: 0, rule: grammar::ROOT, depth: 1 }];
    while let Some(Waiting { element, parent, rule, depth }) = waiting.pop() {
        let at = file.nodes.len();
        let refused = |wrong: Wrong| {
            let (location, line) = (location.to_string(), line(element.range().start));
            Err(match wrong {
                Wrong::Broken(message) => SchemaFault::Broken { location, line, message },
                Wrong::Later(construct) => SchemaFault::Unsupported { location, line, construct },
            })
        };
        if depth > DEPTH_MAX {
            return refused(Wrong::Broken(format!("elements are nested more than {DEPTH_MAX} deep")));
        }
        if let Some(construct) = doctype::lacking(&defaults, element) {
            return refused(Wrong::Later(construct));
        }
        let attributes = match attributes(element, rule, &mut ids) {
            Ok(attributes) => attributes,
            Err(wrong) => return refused(wrong),
        };
        letters.clear();
        let first = waiting.len();
        let kind = grammar::rule_at(rule).kind;
        let for_people = kind == "annotation";
        for child in element.children() {
            if child.is_text() && child.text().is_some_and(|text| !text.trim().is_empty()) {
                return refused(Wrong::Broken("text stands where only elements may".into()));
            }
            if !child.is_element() {
                continue;
            }
            let name = child.tag_name().name();
            if child.tag_name().namespace() != Some(SCHEMA_NAMESPACE) {
                return refused(Wrong::Broken(format!("the element {name} is not of XML Schema")));
            }
            let Some(inside) = grammar::child(rule, name) else {
                return refused(match grammar::is_later(name) {
                    true => Wrong::Later(format!("{name}, which is of XML Schema 1.1,")),
                    false => Wrong::Broken(format!("{name} may not stand in {kind}")),
                });
            };
            letters.push(grammar::letter(inside));
            if grammar::is_note(inside) {
                if let Err(wrong) = self::attributes(child, inside, &mut ids) {
                    return refused(wrong);
                }
                continue;
            }
            waiting.push(Waiting { element: child, parent: at, rule: inside, depth: depth + 1 });
        }
        if !grammar::fits(rule, &letters) {
            return refused(Wrong::Broken(format!(
                "what stands in {kind} does not stand in the right order or number"
            )));
        }
        // A list of no names is as good as none.
        let says = |known: &str, value: &str| known != "memberTypes" || !value.is_empty();
        let has = |name: &str| attributes.iter().any(|(known, value)| *known == name && says(known, value));
        if let Some(message) = grammar::contradiction(rule, &has, &letters) {
            return refused(Wrong::Broken(message));
        }
        if for_people {
            continue;
        }
        if kind == "import" {
            let namespace = attributes.iter().find(|(name, _)| *name == "namespace");
            file.imports.insert(namespace.map(|(_, namespace)| namespace.clone()).unwrap_or_default());
        }
        // The stack turns the order round; once more, and children are met in document order.
        waiting[first..].reverse();
        let scope = if SCOPED.contains(&kind) { scope_of(element, &mut file.scopes) } else { 0 };
        file.nodes.push(Node { kind, line: line(element.range().start), attributes, children: Vec::new(), scope });
        if at > 0 {
            file.nodes[parent].children.push(at);
        }
    }
    Ok(file)
}

/// Why an element of a schema file cannot be taken.
enum Wrong {
    Broken(String),
    /// Legal, and not done: most of it is of the next version of XML Schema.
    Later(String),
}

/// The attributes of an element, as its rule knows them.
fn attributes(
    element: roxmltree::Node,
    rule: usize,
    ids: &mut HashSet<String>,
) -> Result<Vec<(&'static str, String)>, Wrong> {
    let rule = grammar::rule_at(rule);
    let mut found = Vec::with_capacity(element.attributes().len());
    for attribute in element.attributes() {
        let (name, value) = (attribute.name(), attribute.value());
        match attribute.namespace() {
            None => {}
            Some(SCHEMA_NAMESPACE) => {
                return Err(Wrong::Broken(format!("the attribute {name} of {} may not have a namespace", rule.kind)));
            }
            // Foreign attributes are for others.
            Some(_) => continue,
        }
        if name == "id" {
            let id = value.trim();
            if !crate::xml::is_nc_name(id) || !ids.insert(id.to_string()) {
                return Err(Wrong::Broken(format!("the id {id} is no name, or stands twice")));
            }
            continue;
        }
        let Some(&(name, says, _)) = rule.attributes.iter().find(|(known, ..)| *known == name) else {
            return Err(match grammar::is_later(name) {
                true => Wrong::Later(format!("the attribute {name} of {}, which is of XML Schema 1.1,", rule.kind)),
                false => Wrong::Broken(format!("{} may not have the attribute {name}", rule.kind)),
            });
        };
        if !grammar::says(says, value) {
            return Err(Wrong::Broken(format!("the attribute {name} of {} is {value}", rule.kind)));
        }
        let value = match says {
            Says::Anything => value.to_string(),
            Says::Qualified | Says::QualifiedList => expand(element, value)?,
            _ => value.split_ascii_whitespace().collect::<Vec<_>>().join(" "),
        };
        found.push((name, value));
    }
    let missing = rule.attributes.iter().find(|(name, _, required)| *required && !found.iter().any(|(n, _)| n == name));
    match missing {
        Some((name, ..)) => Err(Wrong::Broken(format!("{} must have the attribute {name}", rule.kind))),
        None => Ok(found),
    }
}

/// The declarations in force, which are mostly those of the element before.
fn scope_of(element: roxmltree::Node, scopes: &mut Vec<Vec<(String, String)>>) -> usize {
    let here = || element.namespaces().map(|declared| (declared.name().unwrap_or(""), declared.uri()));
    let known =
        scopes.last().is_some_and(|last| here().eq(last.iter().map(|(name, uri)| (name.as_str(), uri.as_str()))));
    if !known {
        scopes.push(here().map(|(name, uri)| (name.to_string(), uri.to_string())).collect());
    }
    scopes.len() - 1
}

/// Every name of a white-space separated list, as `{namespace}local`.
fn expand(element: roxmltree::Node, value: &str) -> Result<String, Wrong> {
    let mut names = String::with_capacity(value.len() + 40);
    for name in value.split_ascii_whitespace() {
        let (prefix, local) = match name.split_once(':') {
            Some((prefix, local)) => (Some(prefix), local),
            None => (None, name),
        };
        let namespace = match (element.lookup_namespace_uri(prefix), prefix) {
            (Some(namespace), _) => namespace,
            (None, None) => "",
            (None, Some("xml")) => crate::xml::XML_NAMESPACE,
            (None, Some(prefix)) => return Err(Wrong::Broken(format!("the prefix {prefix} is not declared"))),
        };
        if !names.is_empty() {
            names.push(' ');
        }
        names.extend(["{", namespace, "}", local]);
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!((element.kind, element.line), ("element", 3));
        assert_eq!(element.attribute("type"), Some("{http://www.w3.org/2001/XMLSchema}string"));
        assert_eq!(element.attribute("note"), None);
    }

    #[test]
    fn what_is_no_schema_file_is_refused() {
        assert!(matches!(parse("a.xsd", "<a/>"), Err(SchemaFault::NotXml { .. })));
        assert!(matches!(parse("a.xsd", "<a"), Err(SchemaFault::NotXml { .. })));
        let deep = format!(
            "<xs:schema xmlns:xs='{SCHEMA_NAMESPACE}'><xs:group name='g'>{}{}</xs:group></xs:schema>",
            "<xs:sequence>".repeat(100),
            "</xs:sequence>".repeat(100)
        );
        assert!(matches!(parse("a.xsd", &deep), Err(SchemaFault::Broken { .. })));
        let foreign = format!("<xs:schema xmlns:xs='{SCHEMA_NAMESPACE}'><element/></xs:schema>");
        assert!(parse("a.xsd", &foreign).unwrap_err().to_string().contains("element is not of XML Schema"));
    }
}
