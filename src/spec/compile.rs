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
use super::facets;
use super::load::{Library, Place};
use super::quick;
use super::register::{Register, Space};
use super::schema::{
    AttributeUse, Content, Derivations, Element, Model, Move, Schema, State, Type, Use, ValueConstraint, WILD,
};
use super::simple::{Base, Simple, Variety, check};
use super::simple_types::SimpleTypes;
use super::source::{Node, QName, SCHEMA_NAMESPACE};
use super::values;
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
    groups: HashMap<Place, Particle>,
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

    fn find_substitutes(&mut self) -> Result<(), SchemaFault> {
        for place in self.register.all(Space::Element) {
            let Some(head) = self.node(place).qname("substitutionGroup") else { continue };
            let head = self.find(place, Space::Element, &head)?;
            self.substitutes.entry(head).or_default().push(place);
            let mut above = head;
            for _ in 0..DERIVATIONS_MAX {
                match self.node(above).qname("substitutionGroup") {
                    Some(_) if above == place => break,
                    Some(next) => above = self.find(above, Space::Element, &next)?,
                    None => break,
                }
            }
            if above == place {
                return self.broken(place, "substitution groups go round in a circle");
            }
        }
        Ok(())
    }

    pub(super) fn global_element(&mut self, place: Place) -> Result<u32, SchemaFault> {
        if let Some(&known) = self.elements.get(&place) {
            return Ok(known);
        }
        let namespace = self.register.units[place.unit].namespace.clone();
        self.element(place, &namespace)
    }

    pub(super) fn element(&mut self, place: Place, namespace: &str) -> Result<u32, SchemaFault> {
        let node = self.node(place);
        let Some(local) = node.attribute("name") else { return self.broken(place, "an element has no name") };
        if !crate::xml::is_nc_name(local) {
            return self.broken(place, format!("{local} is not a name"));
        }
        let name = self.name(namespace, local);
        let nillable = self.truth(place, "nillable")?;
        let is_abstract = self.truth(place, "abstract")?;
        let block = self.derivations(place, "block", "blockDefault")?;
        let at = self.schema.elements.len() as u32;
        self.elements.insert(place, at);
        self.schema.elements.push(Element {
            name,
            typed: 0,
            value: None,
            nillable,
            is_abstract,
            block,
            ..Element::default()
        });
        let typed = self.type_of_element(place, 0)?;
        self.schema.elements[at as usize].typed = typed;
        Ok(at)
    }

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

    /// The default or fixed value of an attribute or of an element with text in it, held against its type.
    pub(super) fn value_constraint(&self, place: Place, simple: u32) -> Result<Option<ValueConstraint>, SchemaFault> {
        let node = self.node(place);
        let (text, fixed) = match (node.attribute("default"), node.attribute("fixed")) {
            (Some(text), _) => (text.to_string(), false),
            (None, Some(text)) => (text.to_string(), true),
            (None, None) => return Ok(None),
        };
        match check(&self.simple.types, simple, &text) {
            Ok(value) => {
                let resolve = |name: &str| facets::named(self.library, self.register, place, name);
                let canonical = values::canonical(&self.simple.types, simple, &value, &resolve);
                Ok(Some(ValueConstraint { text, canonical, fixed }))
            }
            Err(_) => self.broken(place, format!("the default {text} is not of its type")),
        }
    }

    pub(super) fn redefined_particle(&self, group: Place) -> Option<&Particle> {
        self.groups.get(&group)
    }

    /// Groups that were redefined without referring to themselves. Source: XML Schema Part 1, 4.2.2 (6.2).
    fn find_redefined_groups(&mut self) -> Result<(), SchemaFault> {
        let register = self.register;
        for redefined in register.redefined.iter().filter(|redefined| redefined.space == Space::Group) {
            if register.refers_to_itself(self.library, redefined) {
                continue;
            }
            for place in [redefined.place, redefined.original] {
                if let Some(child) = self.children(place).next() {
                    let particle = self.particle(child, 0)?;
                    self.groups.insert(place, particle);
                }
            }
            self.redefined_groups.push((redefined.place, redefined.original));
        }
        for redefined in register.redefined.iter().filter(|redefined| redefined.space == Space::AttributeGroup) {
            if register.refers_to_itself(self.library, redefined) {
                continue;
            }
            let mut before = Parts::default();
            for child in self.children(redefined.original) {
                self.attribute(child, &mut before, 0)?;
            }
            let own: Vec<Place> = self.children(redefined.place).collect();
            let lost = before.attributes.clone();
            self.derive_attributes(redefined.place, &own, true, &mut before)?;
            // A group has what it says, and not what it does not take away.
            let mut says = Parts::default();
            for child in own {
                self.attribute(child, &mut says, 0)?;
            }
            let same = |a: &AttributeUse, b: &AttributeUse| a.local == b.local && a.namespace == b.namespace;
            if lost.iter().any(|a| a.required && !says.attributes.iter().any(|b| same(a, b))) {
                return self.broken(redefined.place, "an attribute that must be there is left out");
            }
        }
        Ok(())
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

    fn type_of_element(&mut self, place: Place, depth: usize) -> Result<u32, SchemaFault> {
        let mut inside = None;
        for child in self.children(place) {
            match self.node(child).kind {
                "simpleType" | "complexType" if inside.is_none() => inside = Some(child),
                _ => {}
            }
        }
        match (self.node(place).qname("type"), inside) {
            (Some(_), Some(child)) => self.broken(child, "an element has two types"),
            (None, None) => match self.node(place).qname("substitutionGroup") {
                // Of the type of the element it stands for.
                Some(_) if depth > DERIVATIONS_MAX => self.broken(place, "substitution groups go round in a circle"),
                Some(head) => {
                    let head = self.find(place, Space::Element, &head)?;
                    self.type_of_element(head, depth + 1)
                }
                None => Ok(Self::ANY),
            },
            (Some(name), None) => self.type_named(place, &name),
            (None, Some(child)) => self.type_at(child),
        }
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

    /// Defaults of elements must be of the elements' types, which are all known by now. Source: XML Schema Part 1, 3.3.6.
    fn check_values(&mut self) -> Result<(), SchemaFault> {
        let all: Vec<(Place, u32)> = self.elements.iter().map(|(&place, &element)| (place, element)).collect();
        for (place, element) in all {
            let node = self.node(place);
            if let Content::Simple(simple) =
                self.schema.types[self.schema.elements[element as usize].typed as usize].content
            {
                self.is_usable(place, simple)?;
            }
            let (default, fixed) = (node.attribute("default"), node.attribute("fixed"));
            let Some(text) = default.or(fixed) else { continue };
            let typed = self.schema.elements[element as usize].typed;
            let value = match self.schema.types[typed as usize].content {
                Content::Simple(simple) if self.is_id(simple) => return self.broken(place, "an id has no default"),
                Content::Simple(simple) => self.value_constraint(place, simple)?,
                Content::Mixed(model) if self.schema.models[model as usize].is_optional() => {
                    let text = text.to_string();
                    Some(ValueConstraint { canonical: text.clone(), text, fixed: fixed.is_some() })
                }
                _ => return self.broken(place, "a default on an element that cannot be text alone"),
            };
            self.schema.elements[element as usize].value = value;
        }
        Ok(())
    }

    /// What stands for another element must be of its type, or of one derived from it as is allowed.
    fn check_substitutes(&self) -> Result<(), SchemaFault> {
        for (head, members) in &self.substitutes {
            let of = &self.schema.elements[self.elements[head] as usize];
            let last = self.derivations(*head, "final", "finalDefault")?;
            for &member in members {
                let typed = self.schema.elements[self.elements[&member] as usize].typed;
                match self.schema.derived(typed, of.typed) {
                    Some(taken) if !taken.meets(last) => {}
                    _ => return self.broken(member, "its type is not derived from that of its substitution group"),
                }
            }
        }
        Ok(())
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
