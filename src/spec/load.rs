//! From one schema file to all it includes, imports and redefines: which files there are, and in which namespace each is
//! read. What they define is entered into the register.

use std::collections::HashMap;

use super::SchemaFault;
use super::nodes::{self, File};
use super::register::Register;
use super::source::{self, Sources};
use crate::xml::XML_NAMESPACE;

/// Files of one set, each read once however many schemas import it.
pub(super) struct Library<'s> {
    sources: &'s Sources,
    pub files: Vec<File>,
    known: HashMap<String, usize>,
    /// Files that are referred to and not there.
    pub missing: Vec<String>,
    /// A file that is not there is done without.
    pub forgives: bool,
    /// References may lead out of the folder, upwards: whoever names a file means what it names.
    pub climbs: bool,
}

/// A file in the light of a target namespace: a file without one takes that of the file that includes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Unit {
    pub file: usize,
    pub namespace: String,
}

/// Where a component stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Place {
    pub unit: usize,
    pub node: usize,
}

impl<'s> Library<'s> {
    pub(super) fn new(sources: &'s Sources) -> Library<'s> {
        Library {
            sources,
            files: Vec::new(),
            known: HashMap::new(),
            missing: Vec::new(),
            forgives: false,
            climbs: false,
        }
    }

    pub(super) fn file(&mut self, location: &str) -> Result<usize, SchemaFault> {
        if let Some(&at) = self.known.get(location) {
            return Ok(at);
        }
        let text = self.sources.text(location)?;
        self.files.push(nodes::parse(location, &text)?);
        self.known.insert(location.to_string(), self.files.len() - 1);
        Ok(self.files.len() - 1)
    }

    pub(super) fn broken<T>(&self, file: usize, node: usize, message: impl Into<String>) -> Result<T, SchemaFault> {
        let file = &self.files[file];
        let line = file.nodes[node].line;
        Err(SchemaFault::Broken { location: file.location.clone(), line, message: message.into() })
    }

    pub(super) fn unsupported<T>(
        &self,
        file: usize,
        node: usize,
        construct: impl Into<String>,
    ) -> Result<T, SchemaFault> {
        let file = &self.files[file];
        let line = file.nodes[node].line;
        Err(SchemaFault::Unsupported { location: file.location.clone(), line, construct: construct.into() })
    }

    /// Reads the files at `locations` and all they lead to. Files that import each other in a circle are read once
    /// each. The first file says which documents are described; the others are at hand for wildcards.
    pub(super) fn register(&mut self, locations: &[&str]) -> Result<Register, SchemaFault> {
        let root = self.file(locations[0])?;
        let namespace = self.target(root)?;
        let mut register = Register::new(namespace.clone());
        register.unit(Unit { file: root, namespace });
        for location in &locations[1..] {
            let file = self.file(location)?;
            let namespace = self.target(file)?;
            register.unit(Unit { file, namespace });
        }
        let mut redefining = Vec::new();
        let mut at = 0;
        while at < register.units.len() {
            let unit = register.units[at].clone();
            for node in self.files[unit.file].nodes[0].children.clone() {
                match self.files[unit.file].nodes[node].kind {
                    "include" | "redefine" => {
                        if let Some(next) = self.included(&unit, node)? {
                            register.unit(next);
                        }
                    }
                    "import" => {
                        if let Some(next) = self.imported(&unit, node)? {
                            register.unit(next);
                        }
                    }
                    _ => register.define(self, Place { unit: at, node })?,
                }
                if self.files[unit.file].nodes[node].kind == "redefine" {
                    redefining.push(Place { unit: at, node });
                }
            }
            at += 1;
        }
        // What is redefined twice is redefined first by the file that stands nearer to it.
        for place in redefining.into_iter().rev() {
            register.redefine(self, place)?;
        }
        Ok(register)
    }

    /// The target namespace a file claims, empty for none.
    fn target(&self, file: usize) -> Result<String, SchemaFault> {
        Ok(self.files[file].nodes[0].attribute("targetNamespace").unwrap_or("").to_string())
    }

    /// The file that the node's schemaLocation means; none where it is not there, or on the network, and may be done
    /// without: what is needed of it will be found wanting. Source: XML Schema Part 1, 4.2.1 to 4.2.3.
    fn located(&mut self, unit: &Unit, node: usize, reference: &str) -> Result<Option<(usize, String)>, SchemaFault> {
        let found = &self.files[unit.file].nodes[node];
        let needed = !self.forgives || found.kind == "redefine" && !found.children.is_empty();
        if reference.contains("://") && !needed {
            self.missing.push(reference.to_string());
            return Ok(None);
        }
        let Some(location) = source::resolve(&self.files[unit.file].location, reference, self.climbs) else {
            let construct = format!("the schemaLocation {reference}, which leads out of the folder,");
            return self.unsupported(unit.file, node, construct);
        };
        match self.file(&location) {
            Ok(file) => Ok(Some((file, location))),
            Err(fault) if fault.is_missing() && !needed => {
                self.missing.push(location);
                Ok(None)
            }
            Err(fault) => Err(fault),
        }
    }

    /// What an include or a redefine leads to: a file of the same namespace, or of none, which then takes this one.
    fn included(&mut self, unit: &Unit, node: usize) -> Result<Option<Unit>, SchemaFault> {
        let reference = self.files[unit.file].nodes[node].attribute("schemaLocation").unwrap_or("").to_string();
        let Some((file, location)) = self.located(unit, node, &reference)? else { return Ok(None) };
        let target = self.target(file)?;
        if !target.is_empty() && target != unit.namespace {
            return self.broken(unit.file, node, format!("{location} is included but has another namespace"));
        }
        Ok(Some(Unit { file, namespace: unit.namespace.clone() }))
    }

    /// What an import leads to; none where it says no location: then what it imports is at hand already, or a
    /// reference to it will be found wanting. Source: XML Schema Part 1, 4.2.3.
    fn imported(&mut self, unit: &Unit, node: usize) -> Result<Option<Unit>, SchemaFault> {
        let found = &self.files[unit.file].nodes[node];
        let wanted = found.attribute("namespace").unwrap_or("").to_string();
        if wanted == unit.namespace {
            return self.broken(unit.file, node, "a schema cannot import its own namespace");
        }
        let reference = found.attribute("schemaLocation").map(str::to_string);
        if wanted == XML_NAMESPACE && reference.as_ref().is_none_or(|reference| reference.contains("://")) {
            return Ok(Some(Unit { file: self.xml_attributes()?, namespace: wanted }));
        }
        let Some(reference) = reference else { return Ok(None) };
        let Some((file, location)) = self.located(unit, node, &reference)? else { return Ok(None) };
        let target = self.target(file)?;
        if target != wanted {
            return self.broken(unit.file, node, format!("{location} is imported as {wanted} but is of {target}"));
        }
        Ok(Some(Unit { file, namespace: target }))
    }

    /// The attributes of XML itself, which everybody imports and hardly anybody has at hand.
    fn xml_attributes(&mut self) -> Result<usize, SchemaFault> {
        if let Some(&at) = self.known.get(XML_NAMESPACE) {
            return Ok(at);
        }
        self.files.push(nodes::parse("xml.xsd", include_str!("xml.xsd"))?);
        self.known.insert(XML_NAMESPACE.to_string(), self.files.len() - 1);
        Ok(self.files.len() - 1)
    }
}
