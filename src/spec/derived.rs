//! Which type is derived from which, and how.

use super::schema::{Content, Derivations, Schema};
use super::simple::{Simple, Variety};

impl Schema {
    /// May a value of type `typed` stand where `declared` is called for? The derivations it took, if so.
    /// Source: XML Schema Part 1, 3.4.6 and 3.14.6.
    pub(super) fn derived(&self, typed: u32, declared: u32) -> Option<Derivations> {
        self.derivation(typed, declared, true)
    }

    /// The same, but that no member stands for its union.
    pub(super) fn derived_strictly(&self, typed: u32, declared: u32) -> Option<Derivations> {
        self.derivation(typed, declared, false)
    }

    fn derivation(&self, typed: u32, declared: u32, unions: bool) -> Option<Derivations> {
        let any = self.elements[self.any_element as usize].typed;
        let mut at = typed;
        let mut taken = Derivations::NONE;
        for _ in 0..=self.types.len() {
            if at == declared {
                return Some(taken);
            }
            let here = &self.types[at as usize];
            if let (Content::Simple(a), Content::Simple(b)) = (here.content, self.types[declared as usize].content)
                && here.is_simple
                && self.types[declared as usize].is_simple
                && self.simple_derived(a, b, unions)
            {
                return Some(taken.with(Derivations::RESTRICTION));
            }
            if here.is_simple && declared == any {
                return Some(taken.with(Derivations::RESTRICTION));
            }
            let (base, how) = here.base?;
            taken = taken.with(how);
            at = base;
        }
        None
    }

    /// Is one simple type derived from another? `unions`: members of a union count as derived from it.
    pub(super) fn simple_derived(&self, from: u32, to: u32, unions: bool) -> bool {
        let mut at = from;
        let member =
            |members: &[u32], at: u32| unions && members.iter().any(|&m| m != to && self.simple_derived(at, m, true));
        for _ in 0..=self.simples.len() {
            if at == to || self.simples[to as usize].name == "xs:anySimpleType" {
                return true;
            }
            if let Simple { variety: Variety::Union(members), .. } = &self.simples[to as usize]
                && member(members, at)
            {
                return true;
            }
            if self.unions.get(&to).is_some_and(|members| member(members, at)) {
                return true;
            }
            match self.simple_bases.get(&at) {
                Some(&base) => at = base,
                None => return false,
            }
        }
        false
    }
}
