//! The attributes of complex types, and what deriving one type from another makes of them.

use super::SchemaFault;
use super::check::INSTANCE_NAMESPACE;
use super::compile::{Compiler, DERIVATIONS_MAX};
use super::complex::Parts;
use super::load::Place;
use super::register::Space;
use super::schema::AttributeUse;
use super::wildcard::{Namespaces, Process, Wildcard};

/// Attributes of one type. Each is compared with all the others; official types have three.
const ATTRIBUTES_MAX: usize = 1_000;

impl Compiler<'_> {
    /// Adds attributes to those of the base, or puts them in their place.
    pub(super) fn derive_attributes(
        &mut self,
        place: Place,
        nodes: &[Place],
        restriction: bool,
        parts: &mut Parts,
    ) -> Result<(), SchemaFault> {
        let mut own = Parts::default();
        for &node in nodes {
            self.attribute(node, &mut own, 0)?;
        }
        if !restriction {
            for attribute in own.attributes {
                if parts.attributes.iter().any(|a| a.namespace == attribute.namespace && a.local == attribute.local) {
                    return self.broken(place, format!("the attribute {} is declared twice", attribute.local));
                }
                if self.is_id(attribute.simple) && parts.attributes.iter().any(|known| self.is_id(known.simple)) {
                    return self.broken(place, "two attributes are ids");
                }
                parts.attributes.push(attribute);
            }
            parts.wildcard = match (parts.wildcard.take(), own.wildcard) {
                (Some(base), Some(own)) => match base.namespaces.either(&own.namespaces) {
                    Some(namespaces) => Some(Wildcard { namespaces, process: own.process }),
                    None => return self.broken(place, "the union of the attribute wildcards cannot be expressed"),
                },
                (base, own) => own.or(base),
            };
            return Ok(());
        }
        // In a restriction, what is prohibited goes, and what is declared anew takes its old place.
        let gone = self.prohibited(nodes)?;
        let is_gone = |a: &AttributeUse| gone.iter().any(|(n, l)| *n == a.namespace && *l == a.local);
        if let Some(lost) = parts.attributes.iter().find(|a| a.required && is_gone(a)) {
            return self.broken(place, format!("the attribute {} must stay required", lost.local));
        }
        parts.attributes.retain(|a| !gone.iter().any(|(n, l)| *n == a.namespace && *l == a.local));
        for attribute in own.attributes {
            let same = |a: &&mut AttributeUse| a.namespace == attribute.namespace && a.local == attribute.local;
            match parts.attributes.iter_mut().find(same) {
                Some(before) if before.required && !attribute.required => {
                    return self.broken(place, format!("the attribute {} must stay required", attribute.local));
                }
                Some(before) => {
                    let fixed = before.value.as_ref().filter(|value| value.fixed);
                    let kept = fixed.is_none_or(|fixed| {
                        attribute.value.as_ref().is_some_and(|own| own.fixed && own.canonical == fixed.canonical)
                    });
                    if !kept {
                        return self.broken(place, format!("the attribute {} must stay fixed", attribute.local));
                    }
                    self.narrowed.push((place, attribute.simple, before.simple));
                    *before = attribute;
                }
                None => {
                    let takes = parts.wildcard.as_ref().is_some_and(|w| w.namespaces.takes(&attribute.namespace));
                    if !takes {
                        let message = format!("the base has no attribute {}", attribute.local);
                        return self.broken(place, message);
                    }
                    parts.attributes.push(attribute);
                }
            }
        }
        match (&parts.wildcard, &own.wildcard) {
            (None, Some(_)) => return self.broken(place, "a restriction takes attributes that its base does not"),
            (Some(base), Some(own)) if !own.namespaces.within(&base.namespaces) || own.process < base.process => {
                return self.broken(place, "a restriction takes attributes that its base does not");
            }
            _ => {}
        }
        parts.wildcard = own.wildcard;
        Ok(())
    }

    /// Namespace and name of the attributes prohibited here.
    fn prohibited(&self, nodes: &[Place]) -> Result<Vec<(String, String)>, SchemaFault> {
        let mut found = Vec::new();
        for &place in nodes {
            let node = self.node(place);
            if node.kind != "attribute" || node.attribute("use") != Some("prohibited") {
                continue;
            }
            match (node.qname("ref"), node.attribute("name")) {
                (Some(name), _) => {
                    let name = self.register.adopt(self.library, place, &name);
                    found.push((name.namespace, name.local));
                }
                (None, Some(local)) => found.push((self.attribute_namespace(place), local.to_string())),
                (None, None) => return self.broken(place, "an attribute has no name"),
            }
        }
        Ok(found)
    }

    fn attribute_namespace(&self, place: Place) -> String {
        let form = self.node(place).attribute("form").or(self.root(place).attribute("attributeFormDefault"));
        if form == Some("qualified") { self.register.units[place.unit].namespace.clone() } else { String::new() }
    }

    pub(super) fn attribute(&mut self, place: Place, into: &mut Parts, depth: usize) -> Result<(), SchemaFault> {
        let node = self.node(place);
        match node.kind {
            "attribute" => {}
            "anyAttribute" => {
                let own = self.wildcard(place)?;
                into.wildcard = match into.wildcard.take() {
                    None => Some(own),
                    Some(other) => match own.namespaces.both(&other.namespaces) {
                        // Of groups, the first says how closely to look; of the type itself, it says. Source: XML Schema
                        // Part 1, 3.4.2.
                        Some(namespaces) if depth == 0 => Some(Wildcard { namespaces, process: own.process }),
                        Some(namespaces) => Some(Wildcard { namespaces, process: other.process }),
                        None => {
                            return self
                                .broken(place, "the intersection of the attribute wildcards cannot be expressed");
                        }
                    },
                };
                return Ok(());
            }
            "attributeGroup" => {
                self.count(place)?;
                if depth > DERIVATIONS_MAX {
                    return self.broken(place, "attribute groups refer to each other in a circle, or too deep");
                }
                let Some(name) = node.qname("ref") else { return self.broken(place, "an attributeGroup without ref") };
                let found = self.find(place, Space::AttributeGroup, &name)?;
                for child in self.children(found) {
                    self.attribute(child, into, depth + 1)?;
                }
                return Ok(());
            }
            kind => return self.broken(place, format!("{kind} in a complexType")),
        }
        let (declared, namespace) = match node.qname("ref") {
            Some(name) => {
                let found = self.find(place, Space::Attribute, &name)?;
                (found, self.register.units[found.unit].namespace.clone())
            }
            None => (place, self.attribute_namespace(place)),
        };
        let Some(local) = self.node(declared).attribute("name").map(str::to_string) else {
            return self.broken(place, "an attribute has no name");
        };
        if namespace == INSTANCE_NAMESPACE {
            return self.broken(place, format!("no attribute may be called {local}"));
        }
        let usage = node.attribute("use").unwrap_or("optional");
        if usage == "prohibited" {
            return match node.attribute("default") {
                Some(_) => self.broken(place, "a default on an attribute that may not be there"),
                None => Ok(()),
            };
        }
        if into.attributes.iter().any(|known| known.namespace == namespace && known.local == local) {
            return self.broken(place, format!("the attribute {local} is declared twice"));
        }
        if into.attributes.len() == ATTRIBUTES_MAX {
            return self.unsupported(place, format!("more than {ATTRIBUTES_MAX} attributes of one type"));
        }
        let simple = self.simple.of_attribute(self.library, self.register, declared)?;
        self.is_usable(place, simple)?;
        let global = if declared == place { None } else { self.value_constraint(declared, simple)? };
        let value = match (self.value_constraint(place, simple)?, global) {
            // Source: XML Schema Part 1, 3.5.6 (au-props-correct).
            (Some(own), Some(global)) if global.fixed && (!own.fixed || own.canonical != global.canonical) => {
                return self.broken(place, format!("the attribute {local} is fixed to {}", global.text));
            }
            (own, global) => own.or(global),
        };
        if value.as_ref().is_some_and(|value| !value.fixed) && usage == "required" {
            return self.broken(place, "a default on an attribute that must be there");
        }
        if value.is_some() && self.is_id(simple) {
            return self.broken(place, "an id has no default");
        }
        if self.is_id(simple) && into.attributes.iter().any(|known| self.is_id(known.simple)) {
            return self.broken(place, "two attributes are ids");
        }
        into.attributes.push(AttributeUse { namespace, local, simple, required: usage == "required", value });
        Ok(())
    }

    pub(super) fn wildcard(&self, place: Place) -> Result<Wildcard, SchemaFault> {
        let node = self.node(place);
        let target = &self.register.units[place.unit].namespace;
        let namespaces = Namespaces::read(node.attribute("namespace").unwrap_or("##any"), target);
        match Process::read(node.attribute("processContents")) {
            Some(process) => Ok(Wildcard { namespaces, process }),
            None => self.broken(place, "processContents is neither strict nor lax nor skip"),
        }
    }
}
