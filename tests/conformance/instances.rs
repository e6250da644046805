//! The shortest and the fullest document that a schema of ours allows, made from the schema itself; mutations begin
//! with them.
//!
//! It understands what our own files use, and no more: types, sequences, choices, text with attributes.

use roxmltree::{Document, Node};

/// The shortest document leaves out what may be left out. The fullest has it all, and two of what may come often. `shared`
/// is the file of codes or types that the schema refers to.
pub fn of(schema: &str, shared: &str) -> Vec<String> {
    let (schema, shared) = (Document::parse(schema).unwrap(), Document::parse(shared).unwrap());
    [false, true].into_iter().map(|full| Maker { schema: &schema, shared: &shared, full }.document()).collect()
}

struct Maker<'a> {
    schema: &'a Document<'a>,
    shared: &'a Document<'a>,
    full: bool,
}

impl Maker<'_> {
    fn document(&self) -> String {
        let root = self.schema.root_element();
        let namespace = root.attribute("targetNamespace").unwrap();
        let element = root.children().find(|child| child.has_tag_name((XS, "element"))).unwrap();
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        let declared = format!(" xmlns:cim=\"{namespace}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"");
        self.element(element, &declared, 0, &mut out);
        out
    }

    fn element(&self, element: Node, declared: &str, depth: usize, out: &mut String) {
        let name = element.attribute("name").unwrap();
        let open = format!("{}<cim:{name}{declared}", "  ".repeat(depth));
        let typed = element.attribute("type").unwrap_or_default();
        let complex = child(element, "complexType").or_else(|| self.find("complexType", typed));
        if let Some(sequence) = complex.and_then(|complex| child(complex, "sequence")) {
            *out += &format!("{open}>\n");
            self.parts(sequence, depth + 1, out);
            *out += &format!("{}</cim:{name}>\n", "  ".repeat(depth));
            return;
        }
        let default = element.attribute("default").map(str::to_string);
        let (value, attributes) = match complex {
            Some(complex) => self.text(complex),
            None => (String::new(), String::new()),
        };
        let value = default.unwrap_or_else(|| if complex.is_some() { value } else { self.value(typed) });
        *out += &format!("{open}{attributes}>{value}</cim:{name}>\n");
    }

    fn parts(&self, group: Node, depth: usize, out: &mut String) {
        for part in group.children().filter(Node::is_element) {
            let least = part.attribute("minOccurs").unwrap_or("1") != "0";
            let times = match (self.full, part.attribute("maxOccurs")) {
                (true, Some("unbounded")) => 2,
                (full, _) => usize::from(full || least),
            };
            for _ in 0..times {
                if part.has_tag_name((XS, "choice")) {
                    let mut chosen = part.children().filter(Node::is_element);
                    let chosen = if self.full { chosen.next_back() } else { chosen.next() };
                    self.element(chosen.unwrap(), "", depth, out);
                } else {
                    self.element(part, "", depth, out);
                }
            }
        }
    }

    /// A value with its attributes: of a type that adds them to text, or that picks codes from such a type.
    fn text(&self, complex: Node) -> (String, String) {
        let content = child(complex, "simpleContent").unwrap();
        if let Some(extension) = child(content, "extension") {
            let attributes = extension.children().filter(Node::is_element);
            let said = attributes.map(|it| format!(" {}=\"{}\"", it.attribute("name").unwrap(), self.attribute(it)));
            let said = said.collect();
            return (self.value(extension.attribute("base").unwrap()), said);
        }
        let restriction = child(content, "restriction").unwrap();
        let base = self.find("complexType", restriction.attribute("base").unwrap()).unwrap();
        let value = self.code(restriction).unwrap();
        (value, self.text(base).1)
    }

    fn attribute(&self, attribute: Node) -> String {
        match attribute.attribute("name") {
            Some("codingScheme") => "A10".to_string(),
            _ => {
                let fixed = attribute.attribute("fixed").map(str::to_string);
                fixed.unwrap_or_else(|| self.value(attribute.attribute("type").unwrap()))
            }
        }
    }

    /// The first or the last code that stands in a type.
    fn code(&self, typed: Node) -> Option<String> {
        let mut codes = typed.descendants().filter(|node| node.has_tag_name((XS, "enumeration")));
        let code = if self.full { codes.next_back() } else { codes.next() };
        code.and_then(|code| code.attribute("value")).map(str::to_string)
    }

    fn value(&self, typed: &str) -> String {
        if let Some((_, value)) = VALUES.iter().find(|(known, _)| *known == local(typed)) {
            return (*value).to_string();
        }
        let simple = self.find("simpleType", typed).unwrap_or_else(|| panic!("no value for {typed}"));
        if let Some(code) = self.code(simple) {
            return code;
        }
        // Text of a limited length.
        let restriction = child(simple, "restriction").unwrap();
        assert_eq!(restriction.attribute("base").map(local), Some("string"), "no value for {typed}");
        assert!(child(restriction, "pattern").is_none(), "no value for {typed}");
        "Text".to_string()
    }

    fn find(&self, kind: &str, name: &str) -> Option<Node<'_, '_>> {
        let types = [self.schema, self.shared].into_iter().flat_map(|file| file.root_element().children());
        let mut types = types.filter(|node| node.has_tag_name((XS, kind)));
        types.find(|node| node.attribute("name") == Some(local(name)))
    }
}

fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name((XS, name)))
}

const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// Values of the built-in types, and of our own that do not take just any text.
const VALUES: &[(&str, &str)] = &[
    ("token", "D01"),
    ("Count", "1"),
    ("Number", "12.5"),
    ("DarReference", "0a3f507c-b8ad-32b8-e044-0003ba298018"),
    ("string", "Gade &amp; vej"),
    ("boolean", "true"),
    ("decimal", "12.5"),
    ("duration", "PT1H"),
    ("dateTime", "2024-02-29T23:00:00Z"),
    ("gMonthDay", "--02-29"),
    ("Country", "DK"),
    ("MeteringPointNumber", "571313100000000010"),
    ("ParticipantNumber", "5790001330552"),
    ("PartyNumber", "5790001330552"),
    ("GridAreaNumber", "244"),
    ("Position", "1"),
    ("Price", "0.25"),
    ("Version", "1"),
    ("WholeMinute", "2024-02-29T23:00Z"),
    ("WholeSecond", "2024-02-29T23:00:00Z"),
];
