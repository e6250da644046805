//! The shortest and the fullest document that a schema of ours allows, made from the schema itself; mutations begin
//! with them.
//!
//! It understands what our own files use, and no more: named types, sequences, text with attributes.

use roxmltree::{Document, Node};

/// The shortest document leaves out what may be left out. The fullest has it all, and two of what may come often.
pub fn of(schema: &str, codes: &str) -> Vec<String> {
    let (schema, codes) = (Document::parse(schema).unwrap(), Document::parse(codes).unwrap());
    [false, true].into_iter().map(|full| Maker { schema: &schema, codes: &codes, full }.document()).collect()
}

struct Maker<'a> {
    schema: &'a Document<'a>,
    codes: &'a Document<'a>,
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
        let (name, typed) = (element.attribute("name").unwrap(), element.attribute("type").unwrap());
        let open = format!("{}<cim:{name}{declared}", "  ".repeat(depth));
        let complex = typed.strip_prefix("d:").and_then(|name| self.find("complexType", name));
        let sequence = complex.and_then(|complex| child(complex, "sequence"));
        let extension = complex.and_then(|complex| child(complex, "simpleContent")).and_then(|c| child(c, "extension"));
        if let Some(sequence) = sequence {
            *out += &format!("{open}>\n");
            for part in sequence.children().filter(Node::is_element) {
                let least = part.attribute("minOccurs").unwrap_or("1") != "0";
                let times = match (self.full, part.attribute("maxOccurs")) {
                    (true, Some("unbounded")) => 2,
                    (full, _) => usize::from(full || least),
                };
                (0..times).for_each(|_| self.element(part, "", depth + 1, out));
            }
            *out += &format!("{}</cim:{name}>\n", "  ".repeat(depth));
            return;
        }
        let base = extension.map_or(typed, |extension| extension.attribute("base").unwrap());
        let value = element.attribute("default").map_or_else(|| self.value(base), str::to_string);
        let attributes: String = extension
            .iter()
            .flat_map(|extension| extension.children().filter(Node::is_element))
            .map(|attribute| format!(" {}=\"{}\"", attribute.attribute("name").unwrap(), self.attribute(attribute)))
            .collect();
        *out += &format!("{open}{attributes}>{value}</cim:{name}>\n");
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

    fn value(&self, typed: &str) -> String {
        if let Some(list) = typed.strip_prefix("code:") {
            let list = self.codes.descendants().find(|node| node.attribute("name") == Some(list)).unwrap();
            let mut codes = list.descendants().filter(|node| node.has_tag_name((XS, "enumeration")));
            let code = if self.full { codes.next_back() } else { codes.next() };
            return code.unwrap().attribute("value").unwrap().to_string();
        }
        let name = typed.trim_start_matches("d:");
        let known = VALUES.iter().find(|(known, _)| *known == name);
        match known {
            Some((_, value)) => (*value).to_string(),
            None => {
                // Text of a limited length.
                let simple = self.find("simpleType", name).unwrap_or_else(|| panic!("no value for {name}"));
                let restriction = child(simple, "restriction").unwrap();
                assert_eq!(restriction.attribute("base"), Some("string"), "no value for {name}");
                assert!(child(restriction, "pattern").is_none(), "no value for {name}");
                "Text".to_string()
            }
        }
    }

    fn find(&self, kind: &str, name: &str) -> Option<Node<'_, '_>> {
        let mut types = self.schema.root_element().children().filter(|node| node.has_tag_name((XS, kind)));
        types.find(|node| node.attribute("name") == Some(name))
    }
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name((XS, name)))
}

const XS: &str = "http://www.w3.org/2001/XMLSchema";

/// Values of the built-in types, and of our own that do not take just any text.
const VALUES: &[(&str, &str)] = &[
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
