//! From the register of a schema's parts to its tables: elements, complex types and their attributes.
//!
//! Whatever part of XML Schema is not handled here or in `simple_types` ends the loading with its name. Types wait in a
//! queue rather than being followed at once, so types may contain themselves and nothing recurses without bound.

use std::collections::HashMap;

use super::SchemaFault;
use super::content::{self, ModelFault, Particle, Term};
use super::load::{Library, Place, Register, Space};
use super::schema::{AttributeUse, Content, Element, Name, Schema, Type, ValueConstraint};
use super::simple::check;
use super::simple_types::SimpleTypes;
use super::source::{Node, QName, SCHEMA_NAMESPACE};

/// Groups may refer to groups so deep, and types derive from types; more is taken for a circle.
pub(super) const DERIVATIONS_MAX: usize = 64;

/// Compiles one schema. Patterns are shared with other schemas of the set.
pub(super) fn compile(library: &Library, register: &Register, simple: &mut SimpleTypes) -> Result<Schema, SchemaFault> {
    let mut compiler = Compiler {
        library,
        register,
        simple,
        schema: Schema {
            namespace: register.namespace.clone(),
            names: Vec::new(),
            lookup: HashMap::new(),
            roots: Vec::new(),
            elements: Vec::new(),
            types: Vec::new(),
            simples: Vec::new(),
            models: Vec::new(),
        },
        elements: HashMap::new(),
        types: HashMap::new(),
        simple_content: HashMap::new(),
        waiting: Vec::new(),
    };
    for &place in &register.roots {
        let element = compiler.global_element(place)?;
        compiler.schema.roots.push(element);
    }
    while let Some((at, place)) = compiler.waiting.pop() {
        let compiled = compiler.complex_type(place, 0)?;
        compiler.schema.types[at as usize] = compiled;
    }
    compiler.check_values()?;
    compiler.schema.simples = std::mem::take(&mut compiler.simple.types);
    Ok(compiler.schema)
}

struct Compiler<'l> {
    library: &'l Library<'l>,
    register: &'l Register,
    simple: &'l mut SimpleTypes,
    schema: Schema,
    elements: HashMap<Place, u32>,
    /// Complex types by where they stand.
    types: HashMap<Place, u32>,
    /// The type that stands for an element of a simple type, by that simple type.
    simple_content: HashMap<u32, u32>,
    /// Types that have an index and no content yet.
    waiting: Vec<(u32, Place)>,
}

impl<'l> Compiler<'l> {
    fn node(&self, place: Place) -> &'l Node {
        &self.library.files[self.file(place)].nodes[place.node]
    }

    fn file(&self, place: Place) -> usize {
        self.register.units[place.unit].file
    }

    fn children(&self, place: Place) -> impl Iterator<Item = Place> + use<'l> {
        self.node(place).children.iter().map(move |&node| Place { node, ..place })
    }

    fn unsupported<T>(&self, place: Place, construct: impl Into<String>) -> Result<T, SchemaFault> {
        self.library.unsupported(self.file(place), place.node, construct)
    }

    fn broken<T>(&self, place: Place, message: impl Into<String>) -> Result<T, SchemaFault> {
        self.library.broken(self.file(place), place.node, message)
    }

    fn allow(&self, place: Place, names: &[&str]) -> Result<(), SchemaFault> {
        self.library.allow(self.file(place), place.node, names)
    }

    fn find(&self, place: Place, space: Space, name: &QName) -> Result<Place, SchemaFault> {
        let name = self.register.adopt(self.library, place, name);
        match self.register.find(space, &name) {
            Some(found) => Ok(found),
            None => self.broken(place, format!("{} is not defined anywhere", name.local)),
        }
    }

    fn name(&mut self, namespace: &str, local: &str) -> u32 {
        if let Some(known) = self.schema.name(namespace, local) {
            return known;
        }
        let at = self.schema.names.len() as u32;
        self.schema.names.push(Name { namespace: namespace.to_string(), local: local.to_string() });
        self.schema.lookup.entry(namespace.to_string()).or_default().insert(local.to_string(), at);
        at
    }

    fn global_element(&mut self, place: Place) -> Result<u32, SchemaFault> {
        if let Some(&known) = self.elements.get(&place) {
            return Ok(known);
        }
        let namespace = self.register.units[place.unit].namespace.clone();
        let allowed =
            ["name", "type", "default", "fixed", "nillable", "abstract", "block", "final", "substitutionGroup"];
        self.allow(place, &allowed)?;
        let node = self.node(place);
        if node.attribute("substitutionGroup").is_some() {
            return self.unsupported(place, "substitutionGroup");
        }
        if node.attribute("abstract").is_some_and(is_true) {
            return self.unsupported(place, "an abstract element");
        }
        let element = self.element(place, &namespace)?;
        self.elements.insert(place, element);
        Ok(element)
    }

    fn element(&mut self, place: Place, namespace: &str) -> Result<u32, SchemaFault> {
        let node = self.node(place);
        let Some(local) = node.attribute("name") else { return self.broken(place, "an element has no name") };
        let name = self.name(namespace, local);
        let value = self.value_constraint(place)?;
        let nillable = node.attribute("nillable").is_some_and(is_true);
        let at = self.schema.elements.len() as u32;
        self.schema.elements.push(Element { name, typed: 0, value, nillable });
        let typed = self.type_of_element(place)?;
        self.schema.elements[at as usize].typed = typed;
        Ok(at)
    }

    fn value_constraint(&self, place: Place) -> Result<Option<ValueConstraint>, SchemaFault> {
        let node = self.node(place);
        match (node.attribute("default"), node.attribute("fixed")) {
            (Some(_), Some(_)) => self.broken(place, "default and fixed exclude each other"),
            (Some(text), None) => Ok(Some(ValueConstraint { text: text.to_string(), fixed: false })),
            (None, Some(text)) => Ok(Some(ValueConstraint { text: text.to_string(), fixed: true })),
            (None, None) => Ok(None),
        }
    }

    fn type_of_element(&mut self, place: Place) -> Result<u32, SchemaFault> {
        let mut inside = None;
        for child in self.children(place) {
            match self.node(child).kind.as_str() {
                "simpleType" | "complexType" if inside.is_none() => inside = Some(child),
                kind => return self.unsupported(child, format!("{kind} within an element")),
            }
        }
        match (self.node(place).qname("type"), inside) {
            (Some(_), Some(child)) => self.broken(child, "an element has two types"),
            (None, None) => self.unsupported(place, "an element without a type (xs:anyType)"),
            (Some(name), None) if name.namespace == SCHEMA_NAMESPACE => {
                let simple = self.simple.builtin(self.library, self.register, place, &name.local)?;
                Ok(self.type_of_simple(simple))
            }
            (Some(name), None) => {
                let found = self.find(place, Space::Type, &name)?;
                self.type_at(found)
            }
            (None, Some(child)) => self.type_at(child),
        }
    }

    fn type_at(&mut self, place: Place) -> Result<u32, SchemaFault> {
        if self.node(place).kind == "simpleType" {
            let simple = self.simple.at(self.library, self.register, place, 0)?;
            return Ok(self.type_of_simple(simple));
        }
        if let Some(&known) = self.types.get(&place) {
            return Ok(known);
        }
        let at = self.schema.types.len() as u32;
        self.schema.types.push(Type { name: None, content: Content::Empty, attributes: Vec::new() });
        self.types.insert(place, at);
        self.waiting.push((at, place));
        Ok(at)
    }

    fn type_of_simple(&mut self, simple: u32) -> u32 {
        if let Some(&known) = self.simple_content.get(&simple) {
            return known;
        }
        let name = self.simple.names.get(&simple).cloned();
        let at = self.schema.types.len() as u32;
        self.schema.types.push(Type { name, content: Content::Simple(simple), attributes: Vec::new() });
        self.simple_content.insert(simple, at);
        at
    }

    fn complex_type(&mut self, place: Place, depth: usize) -> Result<Type, SchemaFault> {
        if depth > DERIVATIONS_MAX {
            return self.broken(place, "types are derived from each other in a circle, or too deep");
        }
        self.allow(place, &["name", "mixed", "abstract", "block", "final"])?;
        let node = self.node(place);
        if node.attribute("abstract").is_some_and(is_true) {
            return self.unsupported(place, "an abstract type");
        }
        let namespace = &self.register.units[place.unit].namespace;
        let name = node.attribute("name").map(|local| (namespace.clone(), local.to_string()));
        let mixed = node.attribute("mixed").is_some_and(is_true);
        let mut particle = None;
        let mut attributes = Vec::new();
        for child in self.children(place) {
            match self.node(child).kind.as_str() {
                "simpleContent" => {
                    let (simple, attributes) = self.simple_content(child, depth)?;
                    return Ok(Type { name, content: Content::Simple(simple), attributes });
                }
                "sequence" | "choice" | "all" | "group" if particle.is_none() => {
                    particle = Some(self.particle(child, 0)?);
                }
                _ => self.attribute(child, &mut attributes, false, 0)?,
            }
        }
        let content = match particle {
            None if mixed => return self.unsupported(place, "mixed content without elements"),
            None => Content::Empty,
            Some(particle) => {
                let model = self.model(place, &particle)?;
                if mixed { Content::Mixed(model) } else { Content::Elements(model) }
            }
        };
        Ok(Type { name, content, attributes })
    }

    fn model(&mut self, place: Place, particle: &Particle) -> Result<u32, SchemaFault> {
        let model = match content::compile(particle) {
            Ok(model) => model,
            Err(ModelFault::Ambiguous(name)) => {
                let local = self.schema.local(name);
                let message = format!("the content is ambiguous: two particles take the element {local}");
                return self.broken(place, message);
            }
            Err(ModelFault::TooLarge) => return self.unsupported(place, "a content model that unfolds this far"),
            Err(ModelFault::All) => {
                return self.unsupported(place, "all with many members, with repetition or within another group");
            }
        };
        for step in &model.moves {
            let used = model.uses[step.used as usize].element;
            let (a, b) = (&self.schema.elements[used as usize], &self.schema.elements[step.element as usize]);
            if a.typed != b.typed {
                let message = format!("the element {} has two types in one model", self.schema.local(a.name));
                return self.broken(place, message);
            }
        }
        self.schema.models.push(model);
        Ok(self.schema.models.len() as u32 - 1)
    }

    fn particle(&mut self, place: Place, depth: usize) -> Result<Particle, SchemaFault> {
        let node = self.node(place);
        let (min, max) = self.occurs(place)?;
        let term = match node.kind.as_str() {
            "element" => self.element_particle(place)?,
            "group" => {
                self.allow(place, &["ref", "minOccurs", "maxOccurs"])?;
                if depth > DERIVATIONS_MAX {
                    return self.broken(place, "groups refer to each other in a circle, or too deep");
                }
                let Some(name) = node.qname("ref") else { return self.broken(place, "a group without ref") };
                let found = self.find(place, Space::Group, &name)?;
                self.allow(found, &["name"])?;
                let mut inside = self.children(found);
                let (Some(child), None) = (inside.next(), inside.next()) else {
                    return self.broken(found, "a group holds one sequence, choice or all");
                };
                self.particle(child, depth + 1)?.term
            }
            kind @ ("sequence" | "choice" | "all") => {
                self.allow(place, &["minOccurs", "maxOccurs"])?;
                let mut particles = Vec::new();
                for child in self.children(place) {
                    particles.push(self.particle(child, depth)?);
                }
                match kind {
                    "sequence" => Term::Sequence(particles),
                    "all" => Term::All(particles),
                    _ if particles.is_empty() => return self.unsupported(place, "a choice between nothing"),
                    _ => Term::Choice(particles),
                }
            }
            kind => return self.unsupported(place, format!("{kind} in a content model")),
        };
        Ok(Particle { min, max, term })
    }

    fn occurs(&self, place: Place) -> Result<(u32, Option<u32>), SchemaFault> {
        let node = self.node(place);
        let number = |name: &str| match node.attribute(name).map(str::trim) {
            None => Ok(Some(1)),
            Some("unbounded") if name == "maxOccurs" => Ok(None),
            Some(text) => match text.parse::<u32>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => self.broken(place, format!("{name} is {text}")),
            },
        };
        let (min, max) = (number("minOccurs")?.unwrap_or(1), number("maxOccurs")?);
        if max.is_some_and(|max| max < min) {
            return self.broken(place, "minOccurs is more than maxOccurs");
        }
        Ok((min, max))
    }

    fn element_particle(&mut self, place: Place) -> Result<Term, SchemaFault> {
        let node = self.node(place);
        if let Some(name) = node.qname("ref") {
            self.allow(place, &["ref", "minOccurs", "maxOccurs"])?;
            let found = self.find(place, Space::Element, &name)?;
            let element = self.global_element(found)?;
            return Ok(Term::Element(element, self.schema.elements[element as usize].name));
        }
        self.allow(
            place,
            &["name", "type", "minOccurs", "maxOccurs", "default", "fixed", "nillable", "form", "block"],
        )?;
        let unit = &self.register.units[place.unit];
        let root = &self.library.files[unit.file].nodes[0];
        let form = node.attribute("form").or(root.attribute("elementFormDefault"));
        let namespace = if form == Some("qualified") { unit.namespace.clone() } else { String::new() };
        let known = self.elements.get(&place).copied();
        let element = match known {
            Some(known) => known,
            None => self.element(place, &namespace)?,
        };
        self.elements.insert(place, element);
        Ok(Term::Element(element, self.schema.elements[element as usize].name))
    }

    fn simple_content(&mut self, place: Place, depth: usize) -> Result<(u32, Vec<AttributeUse>), SchemaFault> {
        self.allow(place, &[])?;
        let mut inside = self.children(place);
        let (Some(derivation), None) = (inside.next(), inside.next()) else {
            return self.broken(place, "simpleContent holds one extension or restriction");
        };
        self.allow(derivation, &["base"])?;
        let node = self.node(derivation);
        let restriction = match node.kind.as_str() {
            "extension" => false,
            "restriction" => true,
            kind => return self.unsupported(derivation, format!("{kind} in simpleContent")),
        };
        let Some(base) = node.qname("base") else { return self.broken(derivation, "a derivation without base") };
        let (mut simple, mut attributes);
        if base.namespace == SCHEMA_NAMESPACE {
            simple = self.simple.builtin(self.library, self.register, derivation, &base.local)?;
            attributes = Vec::new();
        } else {
            let found = self.find(derivation, Space::Type, &base)?;
            if self.node(found).kind == "simpleType" {
                simple = self.simple.at(self.library, self.register, found, 0)?;
                attributes = Vec::new();
            } else {
                let compiled = self.complex_type(found, depth + 1)?;
                let Content::Simple(inner) = compiled.content else {
                    return self.broken(derivation, "the base of simpleContent has no simple content");
                };
                (simple, attributes) = (inner, compiled.attributes);
            }
        }
        let mut facets = Vec::new();
        for child in self.children(derivation) {
            match self.node(child).kind.as_str() {
                "attribute" | "attributeGroup" | "anyAttribute" => {
                    self.attribute(child, &mut attributes, restriction, 0)?;
                }
                "simpleType" if restriction => simple = self.simple.at(self.library, self.register, child, 0)?,
                kind if !restriction => return self.unsupported(child, format!("{kind} in an extension")),
                _ => facets.push(child),
            }
        }
        if !facets.is_empty() {
            simple = self.simple.restrict(self.library, self.register, derivation, simple, &facets)?;
        }
        Ok((simple, attributes))
    }

    fn attribute(
        &mut self,
        place: Place,
        into: &mut Vec<AttributeUse>,
        replaces: bool,
        depth: usize,
    ) -> Result<(), SchemaFault> {
        let node = self.node(place);
        match node.kind.as_str() {
            "attribute" => {}
            "attributeGroup" => {
                self.allow(place, &["ref"])?;
                if depth > DERIVATIONS_MAX {
                    return self.broken(place, "attribute groups refer to each other in a circle, or too deep");
                }
                let Some(name) = node.qname("ref") else { return self.broken(place, "an attributeGroup without ref") };
                let found = self.find(place, Space::AttributeGroup, &name)?;
                self.allow(found, &["name"])?;
                for child in self.children(found) {
                    self.attribute(child, into, replaces, depth + 1)?;
                }
                return Ok(());
            }
            kind => return self.unsupported(place, format!("{kind} in a complexType")),
        }
        let (declared, namespace) = match node.qname("ref") {
            Some(name) => {
                self.allow(place, &["ref", "use", "default", "fixed"])?;
                let found = self.find(place, Space::Attribute, &name)?;
                self.allow(found, &["name", "type", "default", "fixed"])?;
                (found, self.register.units[found.unit].namespace.clone())
            }
            None => {
                self.allow(place, &["name", "type", "use", "default", "fixed", "form"])?;
                let unit = &self.register.units[place.unit];
                let root = &self.library.files[unit.file].nodes[0];
                let form = node.attribute("form").or(root.attribute("attributeFormDefault"));
                (place, if form == Some("qualified") { unit.namespace.clone() } else { String::new() })
            }
        };
        let Some(local) = self.node(declared).attribute("name").map(str::to_string) else {
            return self.broken(place, "an attribute has no name");
        };
        let before = into.iter().position(|known| known.namespace == namespace && known.local == local);
        if let Some(before) = before {
            if !replaces {
                return self.broken(place, format!("the attribute {local} is declared twice"));
            }
            into.remove(before);
        }
        let usage = node.attribute("use").unwrap_or("optional");
        if usage == "prohibited" {
            return Ok(());
        }
        if usage != "optional" && usage != "required" {
            return self.broken(place, format!("use is {usage}"));
        }
        let simple = self.simple.of_attribute(self.library, self.register, declared)?;
        let value = match self.value_constraint(place)? {
            None if declared != place => self.value_constraint(declared)?,
            own => own,
        };
        if let Some(value) = &value
            && check(&self.simple.types, simple, &value.text).is_err()
        {
            return self.broken(place, format!("the default {} is not of the attribute's type", value.text));
        }
        into.push(AttributeUse { namespace, local, simple, required: usage == "required", value });
        Ok(())
    }

    /// Defaults of elements must be of the elements' types, which are all known by now.
    fn check_values(&self) -> Result<(), SchemaFault> {
        for (&place, &element) in &self.elements {
            let element = &self.schema.elements[element as usize];
            let Some(value) = &element.value else { continue };
            let Content::Simple(simple) = self.schema.types[element.typed as usize].content else {
                return self.unsupported(place, "a default on an element with elements in it");
            };
            if check(&self.simple.types, simple, &value.text).is_err() {
                return self.broken(place, format!("the default {} is not of the element's type", value.text));
            }
        }
        Ok(())
    }
}

pub(super) fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}
