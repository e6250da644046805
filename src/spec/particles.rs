//! Content models as a schema states them: particles with their references followed.

use super::SchemaFault;
use super::compile::{Compiler, DERIVATIONS_MAX};
use super::content::{self, ModelFault, Particle, Term};
use super::load::{Place, Space};
use super::schema::{Derivations, Move, WILD};

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
                return self.unsupported(place, "all with many members, with repetition or within another group");
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

    pub(super) fn particle(&mut self, place: Place, depth: usize) -> Result<Particle, SchemaFault> {
        let node = self.node(place);
        let (min, max) = self.occurs(place)?;
        let term = match node.kind.as_str() {
            "element" => self.element_particle(place)?,
            "any" => {
                let wildcard = self.wildcard(place, &["namespace", "processContents", "minOccurs", "maxOccurs"])?;
                Term::Any(self.wildcard_index(wildcard))
            }
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
            return self.global_particle(found);
        }
        let allowed = ["name", "type", "minOccurs", "maxOccurs", "default", "fixed", "nillable", "form", "block"];
        self.allow(place, &allowed)?;
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
            let mut seen = vec![head];
            while let Some(at) = waiting.pop() {
                for &member in self.substitutes.get(&at).cloned().unwrap_or_default().iter() {
                    if seen.contains(&member) {
                        return self.broken(member, "substitution groups go round in a circle");
                    }
                    seen.push(member);
                    waiting.push(member);
                    let element = self.global_element(member)?;
                    members.push((element, self.schema.elements[element as usize].name));
                }
            }
        }
        Ok(Term::Elements(name, members))
    }
}
