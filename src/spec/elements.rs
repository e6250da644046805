//! Elements: their types, their values, and those that may stand in their place.

use super::SchemaFault;
use super::compile::{Compiler, DERIVATIONS_MAX};
use super::facets;
use super::load::Place;
use super::register::Space;
use super::schema::{Content, Element, ValueConstraint};
use super::simple::check;
use super::values;

impl Compiler<'_> {
    pub(super) fn find_substitutes(&mut self) -> Result<(), SchemaFault> {
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

    pub(super) fn type_of_element(&mut self, place: Place, depth: usize) -> Result<u32, SchemaFault> {
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

    /// Defaults of elements must be of the elements' types, which are all known by now. Source: XML Schema Part 1, 3.3.6.
    pub(super) fn check_values(&mut self) -> Result<(), SchemaFault> {
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
    pub(super) fn check_substitutes(&self) -> Result<(), SchemaFault> {
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
}
