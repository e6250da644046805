//! A schema in its compiled form: flat tables, every reference an index.

use std::collections::HashMap;

use super::simple::Simple;

/// Everything needed to check documents of one namespace. Immutable, and free to share between threads.
#[derive(Debug)]
pub struct Schema {
    /// The namespace of the documents it describes, empty for none.
    pub(super) namespace: String,
    /// Every element name that occurs, with its namespace; the index is what everything else calls it by.
    pub(super) names: Vec<Name>,
    /// By namespace, then by local name: the index of the name.
    pub(super) lookup: HashMap<String, HashMap<String, u32>>,
    /// Elements a document may begin with.
    pub(super) roots: Vec<u32>,
    pub(super) elements: Vec<Element>,
    pub(super) types: Vec<Type>,
    pub(super) simples: Vec<Simple>,
    pub(super) models: Vec<Model>,
}

#[derive(Debug, Clone)]
pub(super) struct Name {
    pub namespace: String,
    pub local: String,
}

#[derive(Debug, Clone)]
pub(super) struct Element {
    pub name: u32,
    /// Index of its type.
    pub typed: u32,
    pub value: Option<ValueConstraint>,
    pub nillable: bool,
}

/// What an empty element or an absent attribute means.
#[derive(Debug, Clone)]
pub(super) struct ValueConstraint {
    pub text: String,
    /// Any other value is a flaw.
    pub fixed: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Type {
    /// Namespace and local name, for messages and `xsi:type`; none for a type that stands within an element.
    pub name: Option<(String, String)>,
    pub content: Content,
    pub attributes: Vec<AttributeUse>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Neither elements nor text.
    Empty,
    /// Text of a simple type.
    Simple(u32),
    /// Elements by a model.
    Elements(u32),
    /// Elements by a model, and any text between them.
    Mixed(u32),
}

#[derive(Debug, Clone)]
pub(super) struct AttributeUse {
    /// Empty for none, as the attributes of market documents have it.
    pub namespace: String,
    pub local: String,
    pub simple: u32,
    pub required: bool,
    pub value: Option<ValueConstraint>,
}

/// Which children may follow one another: a deterministic automaton.
#[derive(Debug, Default)]
pub(super) struct Model {
    /// The first is the start.
    pub states: Vec<State>,
    pub moves: Vec<Move>,
    /// Children that may occur at all, in schema order.
    pub uses: Vec<Use>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    /// Its moves are `moves[first..end]`.
    pub first: u32,
    pub end: u32,
    /// The parent may end here.
    pub accepting: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Move {
    pub name: u32,
    pub element: u32,
    /// Index into the model's uses.
    pub used: u32,
    pub next: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Use {
    pub name: u32,
    pub element: u32,
    /// May stand more than once: paths number it.
    pub repeats: bool,
}

impl Schema {
    /// The namespace of the documents it describes, empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Local names of the elements a document may begin with.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|&element| self.local(self.elements[element as usize].name))
    }

    pub(super) fn local(&self, name: u32) -> &str {
        &self.names[name as usize].local
    }

    /// The index of an element name, if any element has it.
    pub(super) fn name(&self, namespace: &str, local: &str) -> Option<u32> {
        self.lookup.get(namespace)?.get(local).copied()
    }

    pub(super) fn moves<'s>(&'s self, model: &'s Model, state: u32) -> &'s [Move] {
        let state = model.states[state as usize];
        &model.moves[state.first as usize..state.end as usize]
    }
}
