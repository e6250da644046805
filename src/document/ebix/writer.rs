//! Pieces of a document as XML, each in the order of its schema, and where each element came from.

use super::tree::{Inside, Node};
use crate::document::translated::Translated;
use crate::spec::{Part, Schema};
use crate::xml::{escape_attribute, escape_text};

/// Writes one document.
pub struct Writer<'s> {
    name: String,
    root: Option<Part<'s>>,
    out: Translated,
}

impl<'s> Writer<'s> {
    /// A document with this root, and what stands before its records.
    pub fn begin(schema: &'s Schema, name: String, head: &Node) -> Self {
        let root = schema.root_part(&name);
        let mut writer = Writer { name, root, out: Translated::default() };
        writer.out.came_from(head.byte);
        let (name, namespace) = (&writer.name, escape_attribute(schema.namespace()));
        let start = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name} xmlns=\"{namespace}\">\n");
        writer.out.write(&start);
        writer.inside(head, root, 1);
        writer
    }

    /// A record, or what else stands directly in the root.
    pub fn write(&mut self, node: &Node) {
        self.element(node, self.root.and_then(|root| root.child(&node.name)), 1);
    }

    pub fn end(mut self) -> Translated {
        let end = format!("</{}>\n", self.name);
        self.out.write(&end);
        self.out
    }

    fn element(&mut self, node: &Node, part: Option<Part<'s>>, depth: usize) {
        let (name, indent) = (&node.name, "  ".repeat(depth));
        self.out.came_from(node.byte);
        let attribute = |(name, value): &(&str, String)| format!(" {name}=\"{}\"", escape_attribute(value));
        let attributes: String = node.attributes.iter().map(attribute).collect();
        self.out.write(&format!("{indent}<{name}{attributes}>"));
        match &node.inside {
            Inside::Text(value) => self.out.write(&format!("{}</{name}>\n", escape_text(value))),
            Inside::Nodes(_) => {
                self.out.write("\n");
                self.inside(node, part, depth + 1);
                self.out.write(&format!("{indent}</{name}>\n"));
            }
        }
    }

    fn inside(&mut self, node: &Node, part: Option<Part<'s>>, depth: usize) {
        let mut sorted: Vec<&Node> = node.nodes().iter().collect();
        let place = |name: &str| part.and_then(|part| part.children().position(|child| child.name() == name));
        sorted.sort_by_cached_key(|node| place(&node.name).unwrap_or(usize::MAX));
        for child in sorted {
            self.element(child, part.and_then(|part| part.child(&child.name)), depth);
        }
    }
}
