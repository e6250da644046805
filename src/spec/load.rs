//! From one schema file to all it includes and imports, and to a register of what they define.

use std::collections::HashMap;

use super::SchemaFault;
use super::source::{self, File, Node, QName, Sources};

/// Files of one set, each read once however many schemas import it.
pub(super) struct Library<'s> {
    sources: &'s Sources,
    pub files: Vec<File>,
    known: HashMap<String, usize>,
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

/// The symbol spaces of a schema. Types of both kinds share one. Source: XML Schema Part 1, 2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Type,
    Element,
    Attribute,
    Group,
    AttributeGroup,
}

/// Everything one schema can refer to.
pub(super) struct Register {
    pub units: Vec<Unit>,
    known: HashMap<(Space, QName), Place>,
    /// Global elements in the target namespace of the root file, in order.
    pub roots: Vec<Place>,
    pub namespace: String,
}

impl<'s> Library<'s> {
    pub(super) fn new(sources: &'s Sources) -> Library<'s> {
        Library { sources, files: Vec::new(), known: HashMap::new(), climbs: false }
    }

    pub(super) fn file(&mut self, location: &str) -> Result<usize, SchemaFault> {
        if let Some(&at) = self.known.get(location) {
            return Ok(at);
        }
        let text = self.sources.text(location)?;
        self.files.push(source::parse(location, &text)?);
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

    /// Refuses attributes of a node that are not on the list.
    pub(super) fn allow(&self, file: usize, node: usize, names: &[&str]) -> Result<(), SchemaFault> {
        let found = &self.files[file].nodes[node];
        match found.attributes.iter().find(|(name, _)| name != "id" && !names.contains(&name.as_str())) {
            Some((name, _)) => self.unsupported(file, node, format!("the attribute {name} of {}", found.kind)),
            None => Ok(()),
        }
    }

    /// Reads the files at `locations` and all they lead to. Files that import each other in a circle are read once
    /// each. The first file says which documents are described; the others are at hand for wildcards.
    pub(super) fn register(&mut self, locations: &[&str]) -> Result<Register, SchemaFault> {
        let root = self.file(locations[0])?;
        let namespace = self.target(root)?;
        let mut register = Register { units: Vec::new(), known: HashMap::new(), roots: Vec::new(), namespace };
        let mut known = HashMap::new();
        register.units.push(Unit { file: root, namespace: register.namespace.clone() });
        known.insert(register.units[0].clone(), 0);
        for location in &locations[1..] {
            let file = self.file(location)?;
            let unit = Unit { file, namespace: self.target(file)? };
            if !known.contains_key(&unit) {
                known.insert(unit.clone(), register.units.len());
                register.units.push(unit);
            }
        }
        let mut at = 0;
        while at < register.units.len() {
            let unit = register.units[at].clone();
            for node in self.files[unit.file].nodes[0].children.clone() {
                let Some(next) = self.reference(&unit, node)? else {
                    self.define(&mut register, at, node)?;
                    continue;
                };
                if !known.contains_key(&next) {
                    known.insert(next.clone(), register.units.len());
                    register.units.push(next);
                }
            }
            at += 1;
        }
        Ok(register)
    }

    /// The target namespace a file claims, empty for none.
    fn target(&self, file: usize) -> Result<String, SchemaFault> {
        // What final and block forbid are derivations and substitutions that we refuse anyway.
        self.allow(
            file,
            0,
            &[
                "targetNamespace",
                "elementFormDefault",
                "attributeFormDefault",
                "version",
                "finalDefault",
                "blockDefault",
            ],
        )?;
        Ok(self.files[file].nodes[0].attribute("targetNamespace").unwrap_or("").to_string())
    }

    /// What an include or import leads to; none for any other node.
    fn reference(&mut self, unit: &Unit, node: usize) -> Result<Option<Unit>, SchemaFault> {
        let found = &self.files[unit.file].nodes[node];
        let include = match found.kind.as_str() {
            "include" => true,
            "import" => false,
            "redefine" | "notation" => return self.unsupported(unit.file, node, found.kind.clone()),
            _ => return Ok(None),
        };
        self.allow(unit.file, node, &["schemaLocation", "namespace"])?;
        let Some(reference) = found.attribute("schemaLocation") else {
            if !include {
                // What it imports is at hand already, or a reference to it will be found wanting.
                return Ok(Some(unit.clone()));
            }
            return self.unsupported(unit.file, node, format!("{} without schemaLocation", found.kind));
        };
        let wanted = found.attribute("namespace").unwrap_or("").to_string();
        let Some(location) = source::resolve(&self.files[unit.file].location, reference, self.climbs) else {
            let construct = format!("the schemaLocation {reference}, which leads out of the folder,");
            return self.unsupported(unit.file, node, construct);
        };
        let file = self.file(&location)?;
        let target = self.target(file)?;
        if include {
            if !target.is_empty() && target != unit.namespace {
                return self.broken(unit.file, node, format!("{location} is included but has another namespace"));
            }
            return Ok(Some(Unit { file, namespace: unit.namespace.clone() }));
        }
        if target != wanted {
            return self.broken(unit.file, node, format!("{location} is imported as {wanted} but is of {target}"));
        }
        if wanted == unit.namespace {
            return self.broken(unit.file, node, "a schema cannot import its own namespace");
        }
        Ok(Some(Unit { file, namespace: target }))
    }

    fn define(&self, register: &mut Register, unit: usize, node: usize) -> Result<(), SchemaFault> {
        let Unit { file, namespace } = register.units[unit].clone();
        let found = &self.files[file].nodes[node];
        let space = match found.kind.as_str() {
            "simpleType" | "complexType" => Space::Type,
            "element" => Space::Element,
            "attribute" => Space::Attribute,
            "group" => Space::Group,
            "attributeGroup" => Space::AttributeGroup,
            kind => return self.unsupported(file, node, format!("{kind} at the top of a schema")),
        };
        let Some(local) = found.attribute("name") else {
            return self.broken(file, node, format!("a global {} has no name", found.kind));
        };
        let place = Place { unit, node };
        let name = QName { namespace, local: local.to_string() };
        let local = name.local.clone();
        if let Some(&before) = register.known.get(&(space, name.clone())) {
            let other = register.units[before.unit].file;
            // One definition reached by two roads is one definition; so are two that say the same.
            if (other, before.node) != (file, node) && !same(&self.files[other], before.node, &self.files[file], node) {
                let where_ = &self.files[other].location;
                return self.broken(file, node, format!("{} {local} is defined in {where_} too", found.kind));
            }
            return Ok(());
        }
        if space == Space::Element && name.namespace == register.namespace {
            register.roots.push(place);
        }
        register.known.insert((space, name), place);
        Ok(())
    }
}

impl Register {
    /// A name as the file at `place` means it: one without a namespace, in a file without one, is of the namespace
    /// that the file was included into. Source: XML Schema Part 1, 4.2.1.
    pub(super) fn adopt(&self, library: &Library, place: Place, name: &QName) -> QName {
        let unit = &self.units[place.unit];
        let chameleon = library.files[unit.file].nodes[0].attribute("targetNamespace").is_none();
        let namespace = if chameleon && name.namespace.is_empty() { &unit.namespace } else { &name.namespace };
        QName { namespace: namespace.clone(), local: name.local.clone() }
    }

    /// All that is defined in a space, in a fixed order.
    pub(super) fn all(&self, space: Space) -> Vec<Place> {
        let mut places: Vec<Place> =
            self.known.iter().filter(|((known, _), _)| *known == space).map(|(_, &place)| place).collect();
        places.sort_unstable();
        places
    }

    pub(super) fn find(&self, space: Space, name: &QName) -> Option<Place> {
        self.known.get(&(space, name.clone())).copied()
    }
}

/// Do two nodes say the same? Depth is bounded by what [`source::parse`] takes.
fn same(a: &File, a_at: usize, b: &File, b_at: usize) -> bool {
    let (x, y): (&Node, &Node) = (&a.nodes[a_at], &b.nodes[b_at]);
    x.kind == y.kind
        && x.attributes == y.attributes
        && x.children.len() == y.children.len()
        && x.children.iter().zip(&y.children).all(|(&x, &y)| same(a, x, b, y))
}
