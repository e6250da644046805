//! What a schema says about a document, to walk through: which elements stand in which, in order, and what their text
//! is. For those who show a schema, or write its documents in another form.

use super::Schema;
use super::schema::{Content, Use, WILD};
use super::simple::{Base, Simple, Variety};

/// An element at its place.
#[derive(Clone, Copy)]
pub struct Part<'s> {
    schema: &'s Schema,
    element: u32,
    /// May stand more than once there.
    pub repeats: bool,
}

/// What stands in an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// Elements, or nothing.
    Elements,
    /// One of a list of codes.
    Code,
    Boolean,
    Integer,
    Decimal,
    /// Any other text.
    Text,
}

/// What a text may be, for those who describe it; patterns and ranges are left to the schema.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values {
    /// All that there are; empty where there is no list.
    pub codes: Vec<String>,
    /// In characters.
    pub length_min: Option<usize>,
    /// In characters.
    pub length_max: Option<usize>,
}

impl Schema {
    /// The element of this name that a document may begin with.
    pub fn root_part(&self, name: &str) -> Option<Part<'_>> {
        let element = self.roots.iter().copied().find(|&root| self.local(self.elements[root as usize].name) == name)?;
        Some(Part { schema: self, element, repeats: false })
    }
}

impl<'s> Part<'s> {
    /// Its local name.
    pub fn name(self) -> &'s str {
        self.schema.local(self.schema.elements[self.element as usize].name)
    }

    /// The elements that may stand in it, in the order of the schema.
    pub fn children(self) -> impl Iterator<Item = Part<'s>> {
        let uses: &[Use] = match self.content() {
            Content::Elements(model) | Content::Mixed(model) => &self.schema.models[model as usize].uses,
            Content::Empty | Content::Simple(_) => &[],
        };
        let known = uses.iter().filter(|used| used.name != WILD);
        known.map(move |used| Part { schema: self.schema, element: used.element, repeats: used.repeats })
    }

    pub fn child(self, name: &str) -> Option<Part<'s>> {
        self.children().find(|child| child.name() == name)
    }

    /// Local names of its attributes.
    pub fn attributes(self) -> impl Iterator<Item = &'s str> {
        self.typed().attributes.iter().map(|attribute| &*attribute.local)
    }

    /// The same with whether each must be there, and what it may be.
    pub fn described_attributes(self) -> impl Iterator<Item = (&'s str, bool, Values)> {
        let described = move |simple| values(&self.schema.simples, simple);
        self.typed().attributes.iter().map(move |it| (&*it.local, it.required, described(it.simple)))
    }

    /// What its text may be; anything where it holds elements.
    pub fn values(self) -> Values {
        match self.content() {
            Content::Simple(simple) => values(&self.schema.simples, simple),
            Content::Empty | Content::Elements(_) | Content::Mixed(_) => Values::default(),
        }
    }

    /// Whether there must be one of its [`Part::children`].
    pub fn requires(self, child: Part<'_>) -> bool {
        let (Content::Elements(model) | Content::Mixed(model)) = self.content() else { return false };
        let model = &self.schema.models[model as usize];
        let at = model.uses.iter().position(|used| used.name != WILD && used.element == child.element);
        at.is_some_and(|at| self.schema.must(model, at as u32))
    }

    /// Whether both are of one type, and so hold the same.
    pub fn is_like(self, other: Part<'_>) -> bool {
        let typed = |part: Part<'_>| self.schema.elements[part.element as usize].typed;
        typed(self) == typed(other)
    }

    pub fn inside(self) -> Inside {
        match self.content() {
            Content::Simple(simple) => inside(&self.schema.simples, simple),
            Content::Empty | Content::Elements(_) | Content::Mixed(_) => Inside::Elements,
        }
    }

    fn content(self) -> Content {
        self.typed().content
    }

    fn typed(self) -> &'s super::schema::Type {
        &self.schema.types[self.schema.elements[self.element as usize].typed as usize]
    }
}

fn values(simples: &[Simple], at: u32) -> Values {
    let Simple { variety, facets, .. } = &simples[at as usize];
    let mut codes: Vec<String> = facets.codes.iter().flat_map(|codes| codes.iter()).collect();
    if let Variety::Union(members) = variety
        && inside(simples, at) == Inside::Code
        && codes.is_empty()
    {
        codes.extend(members.iter().flat_map(|&member| values(simples, member).codes));
    }
    let one = |length: Option<usize>| facets.length.or(length);
    Values { codes, length_min: one(facets.length_min), length_max: one(facets.length_max) }
}

fn inside(simples: &[Simple], at: u32) -> Inside {
    let simple = &simples[at as usize];
    if simple.facets.codes.is_some() {
        return Inside::Code;
    }
    match &simple.variety {
        Variety::Atomic(Base::Boolean) => Inside::Boolean,
        Variety::Atomic(Base::Integer) => Inside::Integer,
        Variety::Atomic(Base::Decimal) => Inside::Decimal,
        Variety::Union(members) if members.iter().all(|&member| inside(simples, member) == Inside::Code) => {
            Inside::Code
        }
        _ => Inside::Text,
    }
}
