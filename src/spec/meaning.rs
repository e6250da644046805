//! Values that mean something only where they stand: prefixed names, and ids with the references to them.

use super::check::Checker;
use super::flaw::{self, Found};
use super::quick::Quick;
use super::simple::{self, Base, Variety};
use crate::xml::Reader;

impl Checker<'_> {
    /// What a valid value means where it stands: prefixes must be declared, and ids must be the only ones.
    pub(super) fn meaning(&mut self, reader: &Reader, simple: u32, value: &str, byte: usize) -> bool {
        let schema = self.schema;
        if schema.quick[simple as usize] != Quick::Never {
            return true;
        }
        let mut base = None;
        let mut at = simple;
        while base.is_none() {
            match &schema.simples[at as usize].variety {
                Variety::Atomic(found) => base = Some(*found),
                Variety::List(item) => at = *item,
                Variety::Union(members) => {
                    let member = members.iter().find(|&&m| simple::check(&schema.simples, m, value).is_ok());
                    let Some(&member) = member else { return true };
                    at = member;
                }
            }
        }
        for word in value.split(' ').filter(|word| !word.is_empty()) {
            match base {
                Some(Base::QName) => {
                    let prefix = word.split_once(':').map_or("", |(prefix, _)| prefix);
                    if reader.lookup(prefix).is_none() {
                        let message = format!("The prefix of the value {} is not declared.", flaw::quote(word));
                        self.report(byte, "value-type", message);
                        return false;
                    }
                }
                Some(Base::Id) => {
                    let full = self.ids.len() >= self.limits.records_max;
                    if full || !self.ids.insert(word.to_string()) {
                        let code = if full { "records-limit" } else { "id-repeated" };
                        let message = format!("The id {} stands twice, or is one too many.", flaw::quote(word));
                        self.report(byte, code, message);
                        return false;
                    }
                }
                Some(Base::IdRef) if !self.ids.contains(word) => {
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
