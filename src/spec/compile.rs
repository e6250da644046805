//! From the register of a schema's parts to its tables: elements, and the types they have.
//!
//! Whatever part of XML Schema is not handled here, in `complex` or in `simple_types` ends the loading with its name.
//! Types wait in a queue rather than being followed at once, so types may contain themselves and nothing recurses
//! without bound.

use std::collections::HashMap;
use std::rc::Rc;

use super::SchemaFault;
use super::builtins;
use super::check::INSTANCE_NAMESPACE;
use super::complex::Parts;
use super::content::Particle;
use super::load::{Library, Place};
use super::nodes::{Node, QName, SCHEMA_NAMESPACE};
use super::quick;
use super::register::{Register, Space};
use super::schema::{AttributeUse, Content, Derivations, Element, Model, Move, Schema, State, Type, Use, WILD};
use super::simple::{Base, Simple, Variety};
use super::simple_types::SimpleTypes;
use super::wildcard::{Namespaces, Process, Wildcard};

/// Groups may refer to groups so deep, and types derive from types; more is taken for a circle.
pub(super) const DERIVATIONS_MAX: usize = 64;

/// The type that everything is derived from, as the register would know it.
const ANY_TYPE: &str = "anyType";

/// Compiles one schema. Patterns and plain types are shared with other schemas of the set.
pub(super) fn compile(library: &Library, register: &Register, simple: &mut SimpleTypes) -> Result<Schema, SchemaFault> {
    let schema = Schema { namespace: register.namespace.clone(), ..Schema::default() };
    let mut compiler = Compiler {
        library,
        register,
        simple,
        schema,
        elements: HashMap::new(),
        types: HashMap::new(),
        simple_content: HashMap::new(),
        waiting: Vec::new(),
        parts: HashMap::new(),
        substitutes: HashMap::new(),
        restrictions: Vec::new(),
        places: HashMap::new(),
        narrowed: Vec::new(),
        emptied: Vec::new(),
        redefined_groups: Vec::new(),
        groups: HashMap::new(),
        particles: 0,
    };
    compiler.any_type();
    compiler.find_substitutes()?;
    compiler.find_redefined_groups()?;
    for place in register.all(Space::Element) {
        let element = compiler.global_element(place)?;
        compiler.schema.globals.insert(compiler.schema.elements[element as usize].name, element);
    }
    for &place in &register.roots {
        let element = compiler.global_element(place)?;
        compiler.schema.roots.push(element);
    }
    for place in register.all(Space::Type) {
        let at = compiler.type_at(place)?;
        let name = compiler.library.files[compiler.file(place)].nodes[place.node].attribute("name").unwrap_or("");
        let namespace = register.units[place.unit].namespace.clone();
        compiler.schema.named.insert((namespace, name.to_string()), at);
    }
    // Groups that nobody refers to are looked at all the same.
    for place in register.all(Space::Group) {
        for child in compiler.children(place) {
            compiler.particle(child, 0)?;
        }
    }
    for place in register.all(Space::AttributeGroup) {
        let mut parts = Parts::default();
        for child in compiler.children(place) {
            compiler.attribute(child, &mut parts, 0)?;
        }
    }
    for place in register.all(Space::Attribute) {
        let mut found = Vec::new();
        compiler.attribute_at(place, &mut found)?;
        compiler.schema.attributes.append(&mut found);
    }
    while let Some((at, place)) = compiler.waiting.pop() {
        compiler.schema.types[at as usize] = compiler.complex_type(place)?;
    }
    compiler.check_values()?;
    compiler.keys()?;
    // All of them: `xsi:type` may name any.
    for name in builtins::NAMES {
        let place = Place { unit: 0, node: 0 };
        let simple = compiler.simple.builtin(library, register, place, name)?;
        let typed = compiler.type_of_simple(simple);
        compiler.schema.named.insert((SCHEMA_NAMESPACE.to_string(), name.to_string()), typed);
    }
    let any = compiler.schema.elements[compiler.schema.any_element as usize].typed;
    compiler.schema.named.insert((SCHEMA_NAMESPACE.to_string(), ANY_TYPE.to_string()), any);
    compiler.schema.unions = std::mem::take(&mut compiler.simple.unions);
    compiler.schema.simple_bases = std::mem::take(&mut compiler.simple.bases);
    compiler.schema.simples = std::mem::take(&mut compiler.simple.types);
    compiler.check_restrictions()?;
    compiler.check_substitutes()?;
    compiler.schema.foresee();
    Ok(compiler.schema)
}

pub(super) struct Compiler<'l> {
    pub library: &'l Library<'l>,
    pub register: &'l Register,
    pub simple: &'l mut SimpleTypes,
    pub schema: Schema,
    pub elements: HashMap<Place, u32>,
    /// Complex types by where they stand.
    pub types: HashMap<Place, u32>,
    /// The type that stands for an element of a simple type, by that simple type.
    simple_content: HashMap<u32, u32>,
    /// Types that have an index and no content yet.
    waiting: Vec<(u32, Place)>,
    /// What complex types are made of, for those derived from them.
    pub parts: HashMap<Place, Rc<Parts>>,
    /// Global elements that may stand in the place of another, by that other.
    pub substitutes: HashMap<Place, Vec<Place>>,
    /// Complex types that must take no more than their base: type, base, place.
    pub restrictions: Vec<(u32, u32, Place)>,
    /// Where complex types stand.
    pub places: HashMap<u32, Place>,
    /// Simple types that must be derived from others: place, type, base.
    pub narrowed: Vec<(Place, u32, u32)>,
    /// Complex types that must be able to hold no elements, for what restricts them holds none.
    pub emptied: Vec<(Place, u32)>,
    /// Redefinitions of groups that must take no more than the original does.
    pub redefined_groups: Vec<(Place, Place)>,
    pub groups: HashMap<Place, Particle>,
    /// Particles made so far.
    pub particles: usize,
}

impl<'l> Compiler<'l> {
    pub(super) fn node(&self, place: Place) -> &'l Node {
        &self.library.files[self.file(place)].nodes[place.node]
    }

    pub(super) fn file(&self, place: Place) -> usize {
        self.register.units[place.unit].file
    }

    /// The schema element of the file that the place is in.
    pub(super) fn root(&self, place: Place) -> &'l Node {
        &self.library.files[self.file(place)].nodes[0]
    }

    pub(super) fn children(&self, place: Place) -> impl Iterator<Item = Place> + use<'l> {
        self.node(place).children.iter().map(move |&node| Place { node, ..place })
    }

    pub(super) fn unsupported<T>(&self, place: Place, construct: impl Into<String>) -> Result<T, SchemaFault> {
        self.library.unsupported(self.file(place), place.node, construct)
    }

    pub(super) fn broken<T>(&self, place: Place, message: impl Into<String>) -> Result<T, SchemaFault> {
        self.library.broken(self.file(place), place.node, message)
    }

    pub(super) fn find(&self, place: Place, space: Space, name: &QName) -> Result<Place, SchemaFault> {
        self.register.find(self.library, place, space, name)
    }

    pub(super) fn name(&mut self, namespace: &str, local: &str) -> u32 {
        if let Some(known) = self.schema.name(namespace, local) {
            return known;
        }
        let at = self.schema.names.len() as u32;
        let space = match self.schema.names.iter().find(|name| name.namespace == namespace) {
            Some(name) => name.space,
            None => at,
        };
        self.schema.names.push(quick::name(namespace, local, space));
        self.schema.lookup.entry(namespace.to_string()).or_default().insert(local.to_string(), at);
        at
    }

    /// Any elements, any text, any attributes, each looked at if it is known. Source: XML Schema Part 1, 3.4.7.
    fn any_type(&mut self) {
        let schema = &mut self.schema;
        schema.wildcards.push(Wildcard { namespaces: Namespaces::Any, process: Process::Lax });
        schema.models.push(Model {
            states: vec![State { first: 0, end: 1, accepting: true }],
            moves: vec![Move { name: WILD, element: 0, used: 0, next: 0 }],
            uses: vec![Use { name: WILD, element: 0, repeats: true }],
            counted: None,
        });
        let name = Some((SCHEMA_NAMESPACE.to_string(), ANY_TYPE.to_string()));
        schema.types.push(Type { wildcard: Some(0), ..Type::new(name, Content::Mixed(0), Vec::new()) });
        schema.elements.push(Element { name: WILD, typed: 0, ..Element::default() });
        schema.any_element = 0;
    }

    /// The type of anything.
    pub(super) const ANY: u32 = 0;

    pub(super) fn truth(&self, place: Place, name: &str) -> Result<bool, SchemaFault> {
        match self.node(place).attribute(name).map(str::trim) {
            None | Some("false" | "0") => Ok(false),
            Some("true" | "1") => Ok(true),
            Some(other) => self.broken(place, format!("{name} is {other}")),
        }
    }

    pub(super) fn derivations(&self, place: Place, name: &str, default: &str) -> Result<Derivations, SchemaFault> {
        let text = self.node(place).attribute(name).or(self.root(place).attribute(default)).unwrap_or("");
        match Derivations::read(text) {
            Some(found) => Ok(found),
            None => self.broken(place, format!("{name} is {text}")),
        }
    }

    /// Notations must be listed where they are used. Source: XML Schema Part 2, 3.2.19.
    pub(super) fn is_usable(&self, place: Place, simple: u32) -> Result<(), SchemaFault> {
        let Simple { variety, facets, .. } = &self.simple.types[simple as usize];
        if matches!(variety, Variety::Atomic(Base::Notation)) && facets.codes.is_none() {
            return self.broken(place, "NOTATION can be used with an enumeration only");
        }
        Ok(())
    }

    /// Is this the type of an id?
    pub(super) fn is_id(&self, simple: u32) -> bool {
        matches!(self.simple.types[simple as usize].variety, Variety::Atomic(Base::Id))
    }

    /// The type of a name as the node at `place` means it.
    pub(super) fn type_named(&mut self, place: Place, name: &QName) -> Result<u32, SchemaFault> {
        if name.namespace != SCHEMA_NAMESPACE {
            let found = self.find(place, Space::Type, name)?;
            return self.type_at(found);
        }
        if name.local == ANY_TYPE {
            return Ok(Self::ANY);
        }
        let simple = self.simple.builtin(self.library, self.register, place, &name.local)?;
        Ok(self.type_of_simple(simple))
    }

    pub(super) fn type_at(&mut self, place: Place) -> Result<u32, SchemaFault> {
        if self.node(place).kind == "simpleType" {
            let simple = self.simple.at(self.library, self.register, place, 0)?;
            return Ok(self.type_of_simple(simple));
        }
        if let Some(&known) = self.types.get(&place) {
            return Ok(known);
        }
        let at = self.schema.types.len() as u32;
        self.schema.types.push(Type::new(None, Content::Empty, Vec::new()));
        self.types.insert(place, at);
        self.places.insert(at, place);
        self.waiting.push((at, place));
        Ok(at)
    }

    pub(super) fn type_of_simple(&mut self, simple: u32) -> u32 {
        if let Some(&known) = self.simple_content.get(&simple) {
            return known;
        }
        let name = self.simple.names.get(&simple).cloned();
        let at = self.schema.types.len() as u32;
        self.schema.types.push(Type { is_simple: true, ..Type::new(name, Content::Simple(simple), Vec::new()) });
        self.simple_content.insert(simple, at);
        at
    }

    pub(super) fn attribute_at(&mut self, place: Place, into: &mut Vec<AttributeUse>) -> Result<(), SchemaFault> {
        let namespace = self.register.units[place.unit].namespace.clone();
        let Some(local) = self.node(place).attribute("name").map(str::to_string) else {
            return self.broken(place, "an attribute has no name");
        };
        if namespace == INSTANCE_NAMESPACE {
            return self.broken(place, format!("no attribute may be called {local}"));
        }
        let simple = self.simple.of_attribute(self.library, self.register, place)?;
        self.is_usable(place, simple)?;
        let value = self.value_constraint(place, simple)?;
        into.push(AttributeUse { namespace, local, simple, required: false, value });
        Ok(())
    }
}
