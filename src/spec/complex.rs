//! Complex types: what they are made of, and what deriving one from another makes of that.

use std::rc::Rc;

use super::SchemaFault;
use super::compile::{Compiler, DERIVATIONS_MAX};
use super::content::{self, Particle, Term};
use super::load::Place;
use super::nodes::SCHEMA_NAMESPACE;
use super::register::Space;
use super::schema::{AttributeUse, Content, Derivations, Type};
use super::wildcard::{Namespaces, Process, Wildcard};

/// What a complex type is made of, before its model is compiled.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts {
    pub simple: Option<u32>,
    pub particle: Option<Particle>,
    pub mixed: bool,
    pub attributes: Vec<AttributeUse>,
    pub wildcard: Option<Wildcard>,
    pub base: Option<(u32, Derivations)>,
    /// Derivations that there may be none of.
    pub last: Derivations,
}

impl Compiler<'_> {
    pub(super) fn complex_type(&mut self, place: Place) -> Result<Type, SchemaFault> {
        let parts = self.parts(place, 0)?;
        let node = self.node(place);
        let namespace = &self.register.units[place.unit].namespace;
        let name = node.attribute("name").map(|local| (namespace.clone(), local.to_string()));
        let content = match (parts.simple, &parts.particle) {
            (Some(simple), _) => Content::Simple(simple),
            (None, None) if !parts.mixed => Content::Empty,
            (None, particle) => {
                let nothing = Particle { min: 1, max: Some(1), term: Term::Sequence(Vec::new()) };
                let model = self.model(place, particle.as_ref().unwrap_or(&nothing))?;
                if parts.mixed { Content::Mixed(model) } else { Content::Elements(model) }
            }
        };
        let wildcard = parts.wildcard.clone().map(|wildcard| self.wildcard_index(wildcard));
        if let (Some((base, Derivations::RESTRICTION)), Some(&at)) = (parts.base, self.types.get(&place)) {
            self.restrictions.push((at, base, place));
        }
        Ok(Type {
            wildcard,
            base: parts.base,
            is_abstract: self.truth(place, "abstract")?,
            block: self.derivations(place, "block", "blockDefault")?,
            ..Type::new(name, content, parts.attributes.clone())
        })
    }

    pub(super) fn wildcard_index(&mut self, wildcard: Wildcard) -> u32 {
        let known = self.schema.wildcards.iter().position(|known| *known == wildcard);
        known.unwrap_or_else(|| {
            self.schema.wildcards.push(wildcard);
            self.schema.wildcards.len() - 1
        }) as u32
    }

    fn parts(&mut self, place: Place, depth: usize) -> Result<Rc<Parts>, SchemaFault> {
        if let Some(known) = self.parts.get(&place) {
            return Ok(known.clone());
        }
        if depth > DERIVATIONS_MAX {
            return self.broken(place, "types are derived from each other in a circle, or too deep");
        }
        let mut parts = Parts {
            mixed: self.truth(place, "mixed")?,
            last: self.derivations(place, "final", "finalDefault")?,
            ..Parts::default()
        };
        let children: Vec<Place> = self.children(place).collect();
        match children.first().map(|&child| self.node(child).kind) {
            Some("simpleContent" | "complexContent") if children.len() > 1 => {
                return self.broken(children[1], format!("{} behind its content", self.node(children[1]).kind));
            }
            Some("simpleContent") => self.simple_content(children[0], &mut parts, depth)?,
            Some("complexContent") => self.complex_content(children[0], &mut parts, depth)?,
            _ => {
                self.content(&children, &mut parts)?;
                parts.base = Some((Self::ANY, Derivations::RESTRICTION));
            }
        }
        let parts = Rc::new(parts);
        self.parts.insert(place, parts.clone());
        Ok(parts)
    }

    /// The particle and the attributes among these nodes.
    fn content(&mut self, nodes: &[Place], parts: &mut Parts) -> Result<(), SchemaFault> {
        let mut attributed = false;
        for &child in nodes {
            match self.node(child).kind {
                "sequence" | "choice" | "all" | "group" if parts.particle.is_none() && !attributed => {
                    parts.particle = Some(self.particle(child, 0)?).filter(|particle| particle.max != Some(0));
                }
                _ => {
                    attributed = true;
                    self.attribute(child, parts, 0)?;
                }
            }
        }
        // A particle that takes nothing, whatever it is written as, is no content.
        if parts
            .particle
            .as_ref()
            .is_some_and(|particle| content::size(particle) == 0 && !content::is_impossible(particle))
        {
            parts.particle = None;
        }
        Ok(())
    }

    /// The derivation within a content, its kind, and its base: an index and, of a complex type, its parts.
    #[allow(clippy::type_complexity)]
    fn derivation(
        &mut self,
        place: Place,
        depth: usize,
    ) -> Result<(Place, bool, u32, Option<Rc<Parts>>, Option<u32>), SchemaFault> {
        let mut inside = self.children(place);
        let (Some(derivation), None) = (inside.next(), inside.next()) else {
            return self.broken(place, format!("{} holds one extension or restriction", self.node(place).kind));
        };
        let node = self.node(derivation);
        let restriction = match node.kind {
            "extension" => false,
            "restriction" => true,
            kind => return self.broken(derivation, format!("{kind} in {}", self.node(place).kind)),
        };
        let Some(base) = node.qname("base") else { return self.broken(derivation, "a derivation without base") };
        if base.namespace == SCHEMA_NAMESPACE && base.local == "anyType" {
            return Ok((derivation, restriction, Self::ANY, None, None));
        }
        if base.namespace == SCHEMA_NAMESPACE {
            let simple = self.simple.builtin(self.library, self.register, derivation, &base.local)?;
            return Ok((derivation, restriction, self.type_of_simple(simple), None, Some(simple)));
        }
        let found = self.find(derivation, Space::Type, &base)?;
        if self.node(found).kind == "simpleType" {
            let simple = self.simple.at(self.library, self.register, found, 0)?;
            return Ok((derivation, restriction, self.type_of_simple(simple), None, Some(simple)));
        }
        let parts = self.parts(found, depth + 1)?;
        let how = if restriction { Derivations::RESTRICTION } else { Derivations::EXTENSION };
        if parts.last.meets(how) {
            return self.broken(derivation, format!("the base {} is final", base.local));
        }
        Ok((derivation, restriction, self.type_at(found)?, Some(parts), None))
    }

    fn simple_content(&mut self, place: Place, parts: &mut Parts, depth: usize) -> Result<(), SchemaFault> {
        let (derivation, restriction, base, of, simple) = self.derivation(place, depth)?;
        let mut simple = match (&of, simple) {
            (None, Some(simple)) => Some(simple),
            (Some(of), _) => of.simple,
            _ => None,
        };
        let of = if base == Self::ANY { Some(any_parts()) } else { of };
        let from_mixed = restriction && simple.is_none() && of.as_ref().is_some_and(|of| of.mixed);
        if simple.is_none() && !from_mixed {
            return self.broken(derivation, "the base of simpleContent has no simple content");
        }
        if restriction && of.is_none() {
            return self.broken(derivation, "simpleContent can restrict a complex type only");
        }
        if let Some(of) = &of {
            parts.attributes.clone_from(&of.attributes);
            parts.wildcard.clone_from(&of.wildcard);
        }
        let mut facets = Vec::new();
        let mut attributes = Vec::new();
        for child in self.children(derivation) {
            match self.node(child).kind {
                "attribute" | "attributeGroup" | "anyAttribute" => attributes.push(child),
                "simpleType" if restriction => {
                    let own = self.simple.at(self.library, self.register, child, 0)?;
                    match simple {
                        Some(of) => self.narrowed.push((child, own, of)),
                        None => self.emptied.push((child, base)),
                    }
                    simple = Some(own);
                }
                _ => facets.push(child),
            }
        }
        self.derive_attributes(derivation, &attributes, restriction, parts)?;
        let Some(mut simple) = simple else {
            return self.broken(derivation, "a restriction of mixed content to text needs a simpleType");
        };
        if !facets.is_empty() {
            simple = self.simple.restrict(self.library, self.register, derivation, simple, &facets)?;
        }
        parts.simple = Some(simple);
        parts.mixed = false;
        parts.base = Some((base, if restriction { Derivations::RESTRICTION } else { Derivations::EXTENSION }));
        Ok(())
    }

    fn complex_content(&mut self, place: Place, parts: &mut Parts, depth: usize) -> Result<(), SchemaFault> {
        if self.node(place).attribute("mixed").is_some() {
            parts.mixed = self.truth(place, "mixed")?;
        }
        let (derivation, restriction, base, of, simple) = self.derivation(place, depth)?;
        if simple.is_some() {
            return self.broken(derivation, "the base of complexContent is a simple type");
        }
        let of = of.unwrap_or_else(any_parts);
        let nodes: Vec<Place> = self.children(derivation).collect();
        let (particles, attributes): (Vec<Place>, Vec<Place>) = nodes
            .iter()
            .partition(|&&node| !matches!(self.node(node).kind, "attribute" | "attributeGroup" | "anyAttribute"));
        self.content(&particles, parts)?;
        parts.attributes.clone_from(&of.attributes);
        parts.wildcard.clone_from(&of.wildcard);
        self.derive_attributes(derivation, &attributes, restriction, parts)?;
        if !restriction {
            self.extend(derivation, &of, parts)?;
        } else if of.simple.is_some() {
            return self.broken(derivation, "the base of a restriction by complexContent has simple content");
        } else if parts.mixed && !of.mixed {
            return self.broken(derivation, "a restriction is mixed, but its base is not");
        }
        parts.base = Some((base, if restriction { Derivations::RESTRICTION } else { Derivations::EXTENSION }));
        Ok(())
    }

    /// The content of an extension: that of the base, and its own behind it. Source: XML Schema Part 1, 3.4.2 and 3.4.6.
    fn extend(&self, place: Place, of: &Parts, parts: &mut Parts) -> Result<(), SchemaFault> {
        // Mixed content is never nothing, even where it takes no elements.
        let own = parts.particle.take();
        if own.is_none() && !parts.mixed {
            parts.simple = of.simple;
            parts.particle.clone_from(&of.particle);
            parts.mixed = of.mixed;
            return Ok(());
        }
        if of.simple.is_some() {
            return self.broken(place, "simple content is extended by elements");
        }
        if of.particle.is_none() && !of.mixed {
            parts.particle = own;
            return Ok(());
        }
        if parts.mixed != of.mixed {
            return self.broken(place, "an extension and its base must both be mixed, or neither");
        }
        if [&own, &of.particle].iter().any(|one| one.as_ref().is_some_and(|one| matches!(one.term, Term::All(_)))) {
            return self.broken(place, "all is neither extended nor added");
        }
        parts.particle = match (of.particle.clone(), own) {
            (Some(base), Some(own)) => Some(Particle { min: 1, max: Some(1), term: Term::Sequence(vec![base, own]) }),
            (base, own) => base.or(own),
        };
        Ok(())
    }
}

/// What the type of anything is made of.
fn any_parts() -> Rc<Parts> {
    let particle = Some(Particle { min: 0, max: None, term: Term::Any(0) });
    let wildcard = Some(Wildcard { namespaces: Namespaces::Any, process: Process::Lax });
    Rc::new(Parts { particle, mixed: true, wildcard, ..Parts::default() })
}
