//! Elements that a wildcard took: looked at as closely as it says.

use super::check::{Checker, INSTANCE_NAMESPACE};
use super::flaw;
use super::schema::{Move, WILD};
use super::wildcard::Process;
use crate::xml::Reader;

impl Checker<'_> {
    /// The wildcard among these moves that takes the element just opened.
    #[inline]
    pub(super) fn wild<'m>(&self, reader: &Reader, slot: usize, moves: &'m [Move]) -> Option<&'m Move> {
        moves.iter().find(|step| {
            step.name == WILD && self.schema.wildcards[step.element as usize].namespaces.takes(reader.namespace(slot))
        })
    }

    /// Begins an element that a wildcard took.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn enter_wild(
        &mut self,
        reader: &Reader,
        wildcard: u32,
        slot: usize,
        name: u32,
        index: u32,
        byte: usize,
        silent: bool,
    ) {
        let schema = self.schema;
        let process = schema.wildcards[wildcard as usize].process;
        if process == Process::Skip {
            self.skipping = 1;
            return;
        }
        if let Some(&element) = schema.globals.get(&name) {
            self.learn(reader, slot, name);
            self.enter(reader, element, slot, index, byte, silent);
            return;
        }
        let typed = reader.attributes().iter().any(|a| a.local == "type" && self.is_instance(reader, a.prefix));
        if process == Process::Strict && !typed {
            let local = reader.local(slot);
            let message = format!(
                "The element {} of the namespace {} is not declared anywhere, and must be here.",
                flaw::quote(local),
                flaw::quote(reader.namespace(slot))
            );
            let below = format!("/{}", flaw::quote(local).trim_matches('"'));
            self.report_at(byte, "element-unexpected", message, &below);
            self.skipping = 1;
            return;
        }
        self.strangers.push((self.frames.len(), reader.local(slot).to_string()));
        self.enter(reader, schema.any_element, slot, 0, byte, true);
    }

    pub(super) fn is_instance(&self, reader: &Reader, prefix: &str) -> bool {
        !prefix.is_empty() && reader.lookup(prefix) == Some(INSTANCE_NAMESPACE)
    }
}
