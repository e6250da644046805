//! The attributes of an element: those its type has, those a wildcard takes, and those that speak to the validator.

use super::check::{Checker, INSTANCE_NAMESPACE};
use super::flaw;
use super::meaning;
use super::schema::{AttributeUse, Type};
use super::simple;
use super::values;
use super::wildcard::Process;
use crate::xml::Reader;

/// The attributes that speak to the validator. Source: XML Schema Part 1, 2.6.
const SPEAKING: [&str; 4] = ["type", "nil", "schemaLocation", "noNamespaceSchemaLocation"];

impl<'a> Checker<'a> {
    /// Follows `xsi:type`; no where it could not. Source: XML Schema Part 1, 3.3.4.
    pub(super) fn retype(&mut self, reader: &Reader) -> bool {
        let schema = self.schema;
        let Some(depth) = self.frames.len().checked_sub(1) else { return true };
        let mut followed = true;
        for attribute in reader.attributes() {
            if attribute.local != "type" || !self.is_instance(reader, attribute.prefix) {
                continue;
            }
            let value = attribute.value.trim_matches([' ', '\t', '\n', '\r']);
            let (prefix, local) = value.split_once(':').unwrap_or(("", value));
            let meant = reader.lookup(prefix).unwrap_or("\u{0}").to_string();
            let found = schema.named.get(&(meant, local.to_string())).copied();
            let declared = self.frames[depth].typed;
            let element = &schema.elements[self.frames[depth].element as usize];
            let block = element.block.with(schema.types[declared as usize].block);
            let wrong = match found.map(|found| (found, schema.derived(found, declared))) {
                Some((found, Some(taken))) if found == declared || !taken.meets(block) => {
                    self.frames[depth].typed = found;
                    self.frames[depth].content = schema.types[found as usize].content;
                    continue;
                }
                Some((_, Some(_))) => "is derived in a way that is blocked here",
                Some((_, None)) => "is not derived from the declared type",
                None => "is not a known type",
            };
            let wanted = schema.types[declared as usize].name.as_ref();
            let wanted = wanted.map(|(_, local)| format!("; {local} is the declared one")).unwrap_or_default();
            let message = format!("The type {} in xsi:type {wrong}{wanted}.", flaw::quote(value));
            self.report(attribute.byte, "xsi-type-unsupported", message);
            followed = false;
        }
        followed
    }

    pub(super) fn attributes(&mut self, reader: &Reader, element: u32, compiled: &'a Type) {
        let schema = self.schema;
        let name = schema.local(schema.elements[element as usize].name);
        let silent = self.frames.last().is_some_and(|frame| frame.silent);
        let keyed = self.is_keyed(element);
        let mut missing = compiled.attributes.len();
        for attribute in reader.attributes() {
            let namespace = match attribute.prefix {
                "" => "",
                prefix => reader.lookup(prefix).unwrap_or(""),
            };
            if namespace == INSTANCE_NAMESPACE && SPEAKING.contains(&attribute.local) {
                self.instance(attribute.local, &attribute.value, attribute.byte);
                continue;
            }
            let same = |a: &&AttributeUse| a.local == attribute.local && a.namespace == namespace;
            let mut known = compiled.attributes.iter().find(same);
            if known.is_some() {
                missing -= 1;
            } else if let Some(wildcard) = compiled.wildcard.map(|at| &schema.wildcards[at as usize])
                && wildcard.namespaces.takes(namespace)
            {
                known = schema.attributes.iter().find(same);
                if wildcard.process == Process::Skip || known.is_none() && wildcard.process == Process::Lax {
                    continue;
                }
            }
            let Some(known) = known else {
                let near = flaw::nearest(attribute.local, compiled.attributes.iter().map(|a| a.local.as_str()));
                let hint = near.map(|near| format!(" Did you mean {near}?")).unwrap_or_default();
                let message = format!("The attribute {} is not known on <{name}>.{hint}", flaw::quote(attribute.local));
                self.report(attribute.byte, "attribute-unexpected", message);
                continue;
            };
            match simple::check(&schema.simples, known.simple, &attribute.value) {
                Ok(value) => {
                    if keyed {
                        let resolve = |name: &str| meaning::named(reader, name);
                        let canonical = values::canonical(&schema.simples, known.simple, &value, &resolve);
                        self.keys.note(namespace, &known.local, canonical);
                    }
                    if let Some(fixed) = known.value.as_ref().filter(|v| v.fixed)
                        && !self.equal(reader, known.simple, fixed, &value)
                    {
                        let message = format!("The attribute {} must be {}.", known.local, flaw::quote(&fixed.text));
                        self.report(attribute.byte, "value-fixed", message);
                    } else if self.meaning(reader, known.simple, &value, attribute.byte) && !silent {
                        self.handler.attribute(name, &known.local, &value);
                    }
                }
                Err(wrong) => {
                    let (code, message) = flaw::word(schema, known.simple, &attribute.value, wrong);
                    self.report_at(attribute.byte, code, message, &format!("/@{}", known.local));
                }
            }
        }
        // Doubles were refused by the reader, so a number is enough to know that none is missing.
        if missing > 0 {
            self.absent_attributes(reader, name, compiled, silent);
            for value in compiled.attributes.iter().filter(|_| keyed) {
                if let Some(default) = &value.value
                    && !is_given(reader, value)
                {
                    self.keys.note(&value.namespace, &value.local, default.canonical.clone());
                }
            }
        }
    }

    pub(super) fn absent_attributes(&mut self, reader: &Reader, name: &str, compiled: &Type, silent: bool) {
        let byte = self.frames.last().map_or(0, |frame| frame.byte);
        for known in &compiled.attributes {
            if is_given(reader, known) {
                continue;
            }
            if known.required {
                let message = format!("<{name}> must have the attribute {}.", known.local);
                self.report_at(byte, "attribute-missing", message, &format!("/@{}", known.local));
            } else if let Some(value) = &known.value
                && !silent
            {
                self.handler.attribute(name, &known.local, &value.text);
            }
        }
    }

    /// An attribute that speaks to us. Schema locations are not followed: the schema is ours to choose.
    fn instance(&mut self, local: &str, value: &str, byte: usize) {
        let schema = self.schema;
        let Some(frame) = self.frames.last().copied() else { return };
        let element = &schema.elements[frame.element as usize];
        match local {
            "schemaLocation" | "noNamespaceSchemaLocation" => {}
            "nil" => match value.trim_matches([' ', '\t', '\n', '\r']) {
                // Nothing is declared about it that could forbid, or allow.
                _ if frame.element == schema.any_element => {}
                _ if !element.nillable => {
                    let name = schema.local(element.name);
                    self.report(byte, "nil-not-allowed", format!("<{name}> may not carry xsi:nil."));
                }
                "true" | "1" if element.value.as_ref().is_some_and(|v| v.fixed) => {
                    let message = "An element with a fixed value may not be nil.".to_string();
                    self.report(byte, "nil-not-allowed", message);
                }
                "true" | "1" => {
                    if let Some(frame) = self.frames.last_mut() {
                        frame.nil = true;
                    }
                }
                "false" | "0" => {}
                _ => self.report(byte, "nil-not-allowed", "xsi:nil must be true or false.".to_string()),
            },
            // Followed already.
            _ => {}
        }
    }
}

/// Stands this attribute on the element just opened?
fn is_given(reader: &Reader, known: &AttributeUse) -> bool {
    reader.attributes().iter().any(|a| {
        let namespace = if a.prefix.is_empty() { Some("") } else { reader.lookup(a.prefix) };
        a.local == known.local && namespace == Some(known.namespace.as_str())
    })
}
