//! Values that mean something only where they stand: prefixed names, and ids with the references to them.

use super::check::Checker;
use super::flaw::{self, Found};
use super::quick::Quick;
use super::simple::{self, Base, Variety};
use super::values;
use crate::xml::Reader;

impl Checker<'_> {
    /// What a valid value means where it stands: prefixes must be declared, and ids must be the only ones.
    pub(super) fn meaning(&mut self, reader: &Reader, simple: u32, value: &str, byte: usize) -> bool {
        let schema = self.schema;
        if schema.quick[simple as usize] != Quick::Never {
            return true;
        }
        let Some(of) = self.settle(reader, simple, value) else {
            let message = format!("The value {} names nothing that is declared, or listed.", flaw::quote(value));
            self.report(byte, "value-type", message);
            return false;
        };
        for word in value.split(' ').filter(|word| !word.is_empty()) {
            let base = match (&schema.simples[of as usize].variety, self.settle(reader, of, word)) {
                (Variety::List(item), _) => self.settle(reader, *item, word),
                (_, found) => found,
            };
            match base.map(|at| &schema.simples[at as usize].variety) {
                Some(Variety::Atomic(Base::Id)) => {
                    let full = self.ids.len() >= self.limits.records_max;
                    if full || !self.ids.insert(word.to_string()) {
                        let code = if full { "records-limit" } else { "id-repeated" };
                        let message = format!("The id {} stands twice, or is one too many.", flaw::quote(word));
                        self.report(byte, code, message);
                        return false;
                    }
                }
                Some(Variety::Atomic(Base::IdRef)) if !self.ids.contains(word) => {
                    if self.references.len() >= self.limits.records_max {
                        self.report(byte, "records-limit", "There are too many references to ids.".to_string());
                        return false;
                    }
                    let path = self.path();
                    self.references.entry(word.to_string()).or_insert((byte, path));
                }
                _ => {}
            }
        }
        true
    }

    /// The type without alternatives that a valid value is of where it stands; none where it is of none, for its prefix
    /// is not declared, or what it means is not on the list.
    fn settle(&self, reader: &Reader, at: u32, value: &str) -> Option<u32> {
        let simples = &self.schema.simples;
        let simple = &simples[at as usize];
        match &simple.variety {
            Variety::Atomic(Base::QName | Base::Notation) => {
                named(reader, value)?;
                let listed = simple.facets.values.as_ref().is_none_or(|known| {
                    known.contains(&values::canonical(simples, at, value, &|name| named(reader, name)))
                });
                listed.then_some(at)
            }
            // Only a DTD declares entities, and there is none.
            Variety::Atomic(Base::Entity) => None,
            Variety::Atomic(_) => Some(at),
            Variety::List(item) => {
                let mut words = value.split(' ').filter(|word| !word.is_empty());
                words.all(|word| self.settle(reader, *item, word).is_some()).then_some(at)
            }
            Variety::Union(members) => members.iter().find_map(|&member| {
                let value = simple::check(simples, member, value).ok()?;
                self.settle(reader, member, &value)
            }),
        }
    }

    /// Where references stand that may still turn out to lead nowhere.
    pub(super) fn referred(&self) -> impl Iterator<Item = usize> {
        self.references.values().map(|(byte, _)| *byte)
    }

    /// The document ends: what was referred to must have been there.
    pub(super) fn end(&mut self) {
        for (word, (byte, path)) in std::mem::take(&mut self.references) {
            if !self.ids.contains(&word) {
                let message = format!("There is no id {} in the document.", flaw::quote(&word));
                self.recovery.report(Found { byte, path, code: "id-missing", message });
            }
        }
    }
}

/// What a prefixed name means where the reader stands, written out; none where its prefix is not declared.
pub(super) fn named(reader: &Reader, name: &str) -> Option<String> {
    let (prefix, local) = name.split_once(':').unwrap_or(("", name));
    Some(format!("{{{}}}{local}", reader.lookup(prefix)?))
}
