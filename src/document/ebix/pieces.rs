//! A document that is checked, handed on piece by piece: each element below its root as a tree of its own.

use super::PIECE_NODES_MAX;
use super::tree::Node;
use crate::spec::Handler;

/// Grows the pieces of a document, and hands each on when it ends. No more than one is held.
pub struct Pieces<F> {
    each: F,
    /// The root's name, once it has begun.
    root: Option<String>,
    /// The open elements below the root.
    open: Vec<Node>,
    attributes: Vec<(&'static str, String)>,
    /// Elements of the piece so far.
    nodes: usize,
    /// Where a piece first had too many elements. It was not handed on.
    pub too_large: Option<usize>,
}

impl<F: FnMut(&str, Node)> Pieces<F> {
    /// `each` is told the name of the root with each piece.
    pub fn new(each: F) -> Self {
        Self { each, root: None, open: Vec::new(), attributes: Vec::new(), nodes: 0, too_large: None }
    }

    fn add(&mut self, node: Node) {
        self.nodes += 1;
        let fits = self.nodes <= PIECE_NODES_MAX;
        if !fits {
            self.too_large.get_or_insert(node.byte);
        }
        match self.open.last_mut() {
            Some(parent) if fits => {
                if parent.byte == 0 {
                    parent.byte = node.byte;
                }
                parent.push(node);
            }
            Some(_) => {}
            None => {
                if fits {
                    (self.each)(self.root.as_deref().unwrap_or_default(), node);
                }
                self.nodes = 0;
            }
        }
    }
}

impl<F: FnMut(&str, Node) + Send> Handler for Pieces<F> {
    fn open(&mut self, name: &str) {
        self.attributes.clear();
        match self.root {
            None => self.root = Some(name.to_string()),
            Some(_) => self.open.push(Node::group(name, 0)),
        }
    }

    fn attribute(&mut self, _element: &str, name: &str, value: &str) {
        if let Some(known) = ATTRIBUTES.iter().find(|known| **known == name) {
            self.attributes.push((known, value.to_string()));
        }
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        let attributes = std::mem::take(&mut self.attributes);
        self.add(Node { name: name.to_string(), attributes, ..Node::text(value, byte) });
    }

    fn close(&mut self, _name: &str) {
        self.attributes.clear();
        if let Some(node) = self.open.pop() {
            self.add(node);
        }
    }
}

/// Those that mean something when a document goes from one form into the other.
const ATTRIBUTES: [&str; 3] = ["codingScheme", "schemeAgencyIdentifier", "unit"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_may_be_so_large_and_no_larger() {
        for (values, expected) in
            [(1, "head:1 piece:1"), (PIECE_NODES_MAX - 1, "head:1 piece:99999"), (PIECE_NODES_MAX, "head:1")]
        {
            let mut told = Vec::new();
            let mut pieces = Pieces::new(|root: &str, piece: Node| {
                assert_eq!(root, "root");
                told.push(format!("{}:{}", piece.name, piece.nodes().len().max(1)));
            });
            pieces.open("root");
            pieces.value("head", "1", 5);
            pieces.open("piece");
            (0..values).for_each(|at| pieces.value("value", "", 10 + at));
            pieces.close("piece");
            pieces.close("root");
            assert_eq!(pieces.too_large, (values == PIECE_NODES_MAX).then_some(10));
            assert_eq!(told.join(" "), expected);
        }
    }
}
