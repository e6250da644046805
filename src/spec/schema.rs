//! A schema in its compiled form: flat tables, every reference an index.

use std::collections::HashMap;

use super::quick::{self, Quick};
use super::simple::Simple;
use super::wildcard::Wildcard;

/// Everything needed to check documents of one namespace. Immutable, and free to share between threads.
#[derive(Debug, Default)]
pub struct Schema {
    /// The namespace of the documents it describes, empty for none.
    pub(super) namespace: String,
    pub(super) missing: Vec<String>,
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
    pub(super) wildcards: Vec<Wildcard>,
    /// Global elements by name: what a wildcard may find.
    pub(super) globals: HashMap<u32, u32>,
    /// Global attributes: what an attribute wildcard may find.
    pub(super) attributes: Vec<AttributeUse>,
    /// Types that `xsi:type` may name.
    pub(super) named: HashMap<(String, String), u32>,
    /// An element of any type, for those that no declaration is known of.
    pub(super) any_element: u32,
    /// From which type each simple type was derived.
    pub(super) simple_bases: HashMap<u32, u32>,
    /// The members of unions that were joined into one list.
    pub(super) unions: HashMap<u32, Vec<u32>>,
    pub(super) keys: Vec<Key>,
    /// How each simple type is read by the predicting path.
    pub(super) quick: Vec<Quick>,
}

#[derive(Debug, Clone)]
pub(super) struct Name {
    pub namespace: String,
    pub local: String,
    /// The same number for the same namespace.
    pub space: u32,
    /// The first sixteen bytes of the local name, and which of them there are.
    pub head: u128,
    pub mask: u128,
}

/// In place of the name of an element: whatever a wildcard takes. The element is then the wildcard's index.
pub(super) const WILD: u32 = u32::MAX - 2;

/// A set of ways to derive one thing from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Derivations(u8);

impl Derivations {
    pub(super) const NONE: Derivations = Derivations(0);
    pub(super) const EXTENSION: Derivations = Derivations(1);
    pub(super) const RESTRICTION: Derivations = Derivations(2);
    pub(super) const SUBSTITUTION: Derivations = Derivations(4);
    pub(super) const LIST: Derivations = Derivations(8);
    pub(super) const UNION: Derivations = Derivations(16);

    /// Reads `block` or `final`; the words that do not apply say nothing.
    pub(super) fn read(text: &str) -> Option<Derivations> {
        text.split_ascii_whitespace().try_fold(Derivations::NONE, |all, word| {
            Some(all.with(match word {
                "#all" => Derivations(31),
                "extension" => Derivations::EXTENSION,
                "restriction" => Derivations::RESTRICTION,
                "substitution" => Derivations::SUBSTITUTION,
                "list" => Derivations::LIST,
                "union" => Derivations::UNION,
                _ => return None,
            }))
        })
    }

    pub(super) fn with(self, other: Derivations) -> Derivations {
        Derivations(self.0 | other.0)
    }

    pub(super) fn meets(self, other: Derivations) -> bool {
        self.0 & other.0 != 0
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct Element {
    pub name: u32,
    /// Index of its type.
    pub typed: u32,
    pub value: Option<ValueConstraint>,
    pub nillable: bool,
    pub is_abstract: bool,
    /// Derivations that `xsi:type` may not use here.
    pub block: Derivations,
    /// Keys, uniqueness and references within it.
    pub keys: Vec<u32>,
    /// Nothing about it but its type asks for the general path.
    pub foreseen: bool,
}

/// What an element keeps apart within itself, or refers to. Source: XML Schema Part 1, 3.11.
#[derive(Debug)]
pub(super) struct Key {
    pub name: String,
    pub kind: KeyKind,
    pub selector: Vec<Path>,
    /// Each with its alternatives.
    pub fields: Vec<Vec<Path>>,
    /// Some reference asks for it.
    pub referred: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyKind {
    Key,
    Unique,
    /// To the key of this index.
    Reference(u32),
}

/// A way from one element to others, or to an attribute of theirs.
#[derive(Debug, Clone)]
pub(super) struct Path {
    /// From wherever below the element.
    pub deep: bool,
    pub steps: Vec<Test>,
    pub attribute: Option<Test>,
}

/// What a name must be.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Any,
    Namespace(String),
    /// Namespace and local name.
    Name(String, String),
}

/// What an empty element or an absent attribute means.
#[derive(Debug, Clone)]
pub(super) struct ValueConstraint {
    pub text: String,
    /// The one spelling of this value.
    pub canonical: String,
    /// Any other value is a flaw.
    pub fixed: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Type {
    /// Namespace and local name, for messages and `xsi:type`; none for a type that stands within an element.
    pub name: Option<(String, String)>,
    pub content: Content,
    pub attributes: Vec<AttributeUse>,
    /// Takes attributes that are not among these.
    pub wildcard: Option<u32>,
    /// The type it is derived from, and how.
    pub base: Option<(u32, Derivations)>,
    pub is_abstract: bool,
    /// It stands for a simple type.
    pub is_simple: bool,
    pub block: Derivations,
    /// Nothing about it asks for the general path.
    pub foreseen: bool,
    /// The attributes, one bit each, without which the general path must fill something in or miss something.
    pub needed: u64,
}

impl Type {
    pub(super) fn new(name: Option<(String, String)>, content: Content, attributes: Vec<AttributeUse>) -> Type {
        Type {
            name,
            content,
            attributes,
            wildcard: None,
            base: None,
            is_abstract: false,
            is_simple: false,
            block: Derivations::NONE,
            foreseen: false,
            needed: 0,
        }
    }
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
    /// Of an `all` of many members: there is one state, and each use stands at most once. These must.
    pub counted: Option<Vec<u32>>,
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

impl Model {
    /// Does nothing at all satisfy it?
    pub(super) fn is_optional(&self) -> bool {
        self.states.first().is_some_and(|state| state.accepting)
    }
}

impl Schema {
    /// The namespace of the documents it describes, empty for none.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Files that are included or imported and were not there: nothing of them was needed.
    pub fn missing(&self) -> &[String] {
        &self.missing
    }

    /// Local names of the elements a document may begin with.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roots.iter().map(|&element| self.local(self.elements[element as usize].name))
    }

    pub(super) fn local(&self, name: u32) -> &str {
        self.names.get(name as usize).map_or("*", |name| &name.local)
    }

    /// The index of an element name, if any element has it.
    pub(super) fn name(&self, namespace: &str, local: &str) -> Option<u32> {
        self.lookup.get(namespace)?.get(local).copied()
    }

    /// Works out what the predicting path will want to know. The tables are complete.
    pub(super) fn foresee(&mut self) {
        self.quick = (0..self.simples.len()).map(|at| quick::of(&self.simples, at)).collect();
        for element in &mut self.elements {
            let plain = element.value.as_ref().is_none_or(|value| !value.fixed);
            element.foreseen = !element.is_abstract && plain && element.keys.is_empty();
        }
        for typed in &mut self.types {
            typed.foreseen = typed.attributes.len() <= 64 && !typed.is_abstract;
            for (at, attribute) in typed.attributes.iter().take(64).enumerate() {
                typed.needed |= u64::from(attribute.required || attribute.value.is_some()) << at;
            }
        }
    }

    pub(super) fn moves<'s>(&'s self, model: &'s Model, state: u32) -> &'s [Move] {
        let state = model.states[state as usize];
        &model.moves[state.first as usize..state.end as usize]
    }
}
