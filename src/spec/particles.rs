//! Content models as a schema states them: particles with their references followed.

use std::collections::HashSet;

use super::SchemaFault;
use super::compile::{Compiler, DERIVATIONS_MAX};
use super::content::{self, ModelFault, Particle, Term};
use super::load::Place;
use super::nodes::{QName, SCHEMA_NAMESPACE};
use super::register::Space;
use super::schema::{Derivations, Move, WILD};

/// Particles of one schema, each counted as often as it is referred to: groups of groups of groups grow fast.
const PARTICLES_MAX: usize = 200_000;

/// Where a type stands: in a schema file, or in XML Schema itself.
#[derive(Debug, PartialEq, Eq)]
enum TypeAt {
    Place(Place),
    BuiltIn(String),
}

impl TypeAt {
    fn any() -> TypeAt {
        TypeAt::BuiltIn("anyType".to_string())
    }
}

impl Compiler<'_> {
    pub(super) fn model(&mut self, place: Place, particle: &Particle) -> Result<u32, SchemaFault> {
        let schema = &self.schema;
        let space = |step: &Move| schema.names[step.name as usize].namespace.as_str();
        let wild = |step: &Move| &schema.wildcards[step.element as usize].namespaces;
        let overlap = |a: &Move, b: &Move| match (a.name == WILD, b.name == WILD) {
            (false, false) => a.name == b.name,
            (true, true) => wild(a).overlaps(wild(b)),
            (true, false) => wild(a).takes(space(b)),
            (false, true) => wild(b).takes(space(a)),
        };
        let model = match content::compile(particle, &overlap) {
            Ok(model) => model,
            Err(ModelFault::Ambiguous(name)) => {
                let local = self.schema.local(name);
                let message = format!("the content is ambiguous: two particles take the element {local}");
                return self.broken(place, message);
            }
            Err(ModelFault::TooLarge) => return self.unsupported(place, "a content model that unfolds this far"),
            Err(ModelFault::All) => {
                return self.broken(place, "all stands alone and once, and so does each element in it");
            }
        };
        let mut typed: std::collections::HashMap<u32, u32> = std::collections::HashMap::new();
        for step in model.moves.iter().filter(|step| step.name != WILD) {
            let element = &self.schema.elements[step.element as usize];
            if *typed.entry(step.name).or_insert(element.typed) != element.typed {
                let message = format!("the element {} has two types in one model", self.schema.local(step.name));
                return self.broken(place, message);
            }
        }
        self.schema.models.push(model);
        Ok(self.schema.models.len() as u32 - 1)
    }

    /// Counts what was looked at, each time it was.
    pub(super) fn count(&mut self, place: Place) -> Result<(), SchemaFault> {
        self.particles += 1;
        match self.particles > PARTICLES_MAX {
            true => self.unsupported(place, format!("a schema of more than {PARTICLES_MAX} particles")),
            false => Ok(()),
        }
    }

    pub(super) fn particle(&mut self, place: Place, depth: usize) -> Result<Particle, SchemaFault> {
        self.count(place)?;
        let node = self.node(place);
        let (min, max) = self.occurs(place)?;
        let term = match node.kind {
            "element" => self.element_particle(place)?,
            "any" => {
                let wildcard = self.wildcard(place)?;
                Term::Any(self.wildcard_index(wildcard))
            }
            "group" => {
                if depth > DERIVATIONS_MAX {
                    return self.broken(place, "groups refer to each other in a circle, or too deep");
                }
                let Some(name) = node.qname("ref") else { return self.broken(place, "a group without ref") };
                let found = self.find(place, Space::Group, &name)?;
                let mut inside = self.children(found);
                let (Some(child), None) = (inside.next(), inside.next()) else {
                    return self.broken(found, "a group holds one sequence, choice or all");
                };
                self.particle(child, depth + 1)?.term
            }
            kind @ ("sequence" | "choice" | "all") => {
                let mut particles = Vec::new();
                for child in self.children(place) {
                    let particle = self.particle(child, depth)?;
                    // What may stand no time is not there. Source: XML Schema Part 1, 3.3.2 and 3.8.2.
                    particles.extend(Some(particle).filter(|particle| particle.max != Some(0)));
                }
                match kind {
                    "sequence" => Term::Sequence(particles),
                    "all" => Term::All(particles),
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
                // More than anybody counts is more than the model may unfold to.
                Err(_) => Ok(Some(u32::MAX)),
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
            let found = self.find(place, Space::Element, &name)?;
            return self.global_particle(found);
        }
        let unit = &self.register.units[place.unit];
        let form = node.attribute("form").or(self.root(place).attribute("elementFormDefault"));
        let namespace = if form == Some("qualified") { unit.namespace.clone() } else { String::new() };
        let element = match self.elements.get(&place).copied() {
            Some(known) => known,
            None => self.element(place, &namespace)?,
        };
        Ok(Term::Element(element, self.schema.elements[element as usize].name))
    }

    /// A global element with all that may stand in its place.
    fn global_particle(&mut self, head: Place) -> Result<Term, SchemaFault> {
        let element = self.global_element(head)?;
        let name = self.schema.elements[element as usize].name;
        if !self.substitutes.contains_key(&head) {
            return Ok(Term::Element(element, name));
        }
        let block = self.schema.elements[element as usize].block;
        let mut members = vec![(element, name)];
        if !block.meets(Derivations::SUBSTITUTION) {
            let mut waiting = vec![head];
            let mut seen = HashSet::from([head]);
            while let Some(at) = waiting.pop() {
                for &member in self.substitutes.get(&at).cloned().unwrap_or_default().iter() {
                    self.count(member)?;
                    if !seen.insert(member) {
                        return self.broken(member, "substitution groups go round in a circle");
                    }
                    waiting.push(member);
                    let element = self.global_element(member)?;
                    if !self.is_blocked(head, member, block)? {
                        members.push((element, self.schema.elements[element as usize].name));
                    }
                }
            }
        }
        Ok(Term::Elements(name, members))
    }

    /// Does the head, or its type, forbid the derivation that leads to the type of the member?
    /// Source: XML Schema Part 1, 3.3.6 (Substitution Group OK (Transitive)).
    fn is_blocked(&mut self, head: Place, member: Place, block: Derivations) -> Result<bool, SchemaFault> {
        let target = self.type_place(head, 0)?;
        let mut at = self.type_place(member, 0)?;
        let mut block = block;
        let mut taken = Derivations::NONE;
        for _ in 0..DERIVATIONS_MAX {
            if at == target {
                break;
            }
            let TypeAt::Place(place) = at else {
                // Those of XML Schema itself are all restrictions of one another.
                taken = taken.with(Derivations::RESTRICTION);
                break;
            };
            let Some((base, how)) = self.base_place(place)? else { break };
            taken = taken.with(how);
            at = base;
            if let TypeAt::Place(place) = at
                && self.node(place).kind == "complexType"
            {
                block = block.with(self.derivations(place, "block", "blockDefault")?);
            }
        }
        Ok(taken.meets(block))
    }

    /// Where the type of a global element stands.
    fn type_place(&self, element: Place, depth: usize) -> Result<TypeAt, SchemaFault> {
        let node = self.node(element);
        if let Some(name) = node.qname("type") {
            return self.type_of_name(element, name);
        }
        let inside =
            self.children(element).find(|&child| matches!(self.node(child).kind, "simpleType" | "complexType"));
        match (inside, node.qname("substitutionGroup")) {
            (None, Some(head)) if depth < DERIVATIONS_MAX => {
                let head = self.find(element, Space::Element, &head)?;
                self.type_place(head, depth + 1)
            }
            (inside, _) => Ok(inside.map_or_else(TypeAt::any, TypeAt::Place)),
        }
    }

    fn type_of_name(&self, place: Place, name: QName) -> Result<TypeAt, SchemaFault> {
        match name.namespace.as_str() {
            SCHEMA_NAMESPACE => Ok(TypeAt::BuiltIn(name.local)),
            _ => self.find(place, Space::Type, &name).map(TypeAt::Place),
        }
    }

    /// What the type at a place is derived from, and how, by its node alone.
    fn base_place(&self, place: Place) -> Result<Option<(TypeAt, Derivations)>, SchemaFault> {
        let Some(mut derivation) = self.children(place).next() else { return Ok(None) };
        if matches!(self.node(derivation).kind, "simpleContent" | "complexContent") {
            match self.children(derivation).next() {
                Some(inside) => derivation = inside,
                None => return Ok(None),
            }
        }
        let node = self.node(derivation);
        let how = if node.kind == "extension" { Derivations::EXTENSION } else { Derivations::RESTRICTION };
        match node.qname("base") {
            None => Ok(Some((TypeAt::any(), Derivations::RESTRICTION))),
            Some(base) => Ok(Some((self.type_of_name(derivation, base)?, how))),
        }
    }
}
