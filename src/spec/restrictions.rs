//! Does a restriction restrict? The models of a type and its base are compared as the automata they are, which takes
//! whatever the Recommendation takes, and some restrictions that it words too narrowly.

use super::SchemaFault;
use super::compile::Compiler;
use super::schema::{Content, Derivations, WILD};

/// Pairs of states compared to find out whether a restriction restricts.
const PAIRS_MAX: usize = 100_000;

impl Compiler<'_> {
    /// A restriction takes nothing that its base would not. Models are compared as the automata they are.
    pub(super) fn check_restrictions(&self) -> Result<(), SchemaFault> {
        for &(typed, base, place) in &self.restrictions {
            if base == Self::ANY {
                continue;
            }
            let (of, from) = (self.schema.types[typed as usize].content, self.schema.types[base as usize].content);
            let fits = match (of, from) {
                (Content::Elements(a) | Content::Mixed(a), Content::Elements(b) | Content::Mixed(b)) => {
                    self.within(a, b)
                }
                (Content::Empty, Content::Elements(b) | Content::Mixed(b)) => {
                    self.schema.models[b as usize].states[0].accepting
                }
                (Content::Elements(_) | Content::Mixed(_), _) => false,
                _ => true,
            };
            if !fits {
                return self.broken(place, "a restriction takes what its base does not");
            }
        }
        Ok(())
    }

    fn within(&self, a: u32, b: u32) -> bool {
        let schema = &self.schema;
        let (a, b) = (&schema.models[a as usize], &schema.models[b as usize]);
        let mut seen = std::collections::HashSet::from([(0u32, 0u32)]);
        let mut waiting = vec![(0u32, 0u32)];
        while let Some((x, y)) = waiting.pop() {
            if a.states[x as usize].accepting && !b.states[y as usize].accepting {
                return false;
            }
            for step in schema.moves(a, x) {
                let same = schema.moves(b, y).iter().find(|other| match (step.name == WILD, other.name == WILD) {
                    (false, false) => step.name == other.name && self.narrower(step.element, other.element),
                    (false, true) => {
                        let space = &schema.names[step.name as usize].namespace;
                        schema.wildcards[other.element as usize].namespaces.takes(space)
                    }
                    (true, true) => {
                        let (one, two) = (step.element as usize, other.element as usize);
                        schema.wildcards[one].namespaces.within(&schema.wildcards[two].namespaces)
                    }
                    (true, false) => false,
                });
                let Some(same) = same else { return false };
                if seen.len() < PAIRS_MAX && seen.insert((step.next, same.next)) {
                    waiting.push((step.next, same.next));
                }
            }
        }
        true
    }

    /// May one element stand for another of its name in a restriction? Source: XML Schema Part 1, 3.9.6.
    fn narrower(&self, element: u32, of: u32) -> bool {
        let (one, other) = (&self.schema.elements[element as usize], &self.schema.elements[of as usize]);
        let fixed = other.value.as_ref().filter(|value| value.fixed);
        (other.nillable || !one.nillable)
            && fixed.is_none_or(|fixed| one.value.as_ref().is_some_and(|v| v.fixed && v.text == fixed.text))
            && self.schema.derived(one.typed, other.typed).is_some_and(|taken| !taken.meets(Derivations::EXTENSION))
    }
}
