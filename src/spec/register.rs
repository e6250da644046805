//! What a set of schema files defines, by name: the symbol spaces of one schema.

use std::collections::HashMap;

use super::SchemaFault;
use super::load::{Library, Place, Unit};
use super::nodes::{File, Node, QName};

/// The symbol spaces of a schema. Types of both kinds share one. Source: XML Schema Part 1, 2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Space {
    Type,
    Element,
    Attribute,
    Group,
    AttributeGroup,
    Notation,
}

/// Everything one schema can refer to.
pub(super) struct Register {
    pub units: Vec<Unit>,
    known_units: HashMap<Unit, usize>,
    known: HashMap<(Space, QName), Place>,
    /// Global elements in the target namespace of the root file, in order.
    pub roots: Vec<Place>,
    pub namespace: String,
    pub redefined: Vec<Redefined>,
}

/// A component that took the place of another of its name, which it alone may still refer to.
pub(super) struct Redefined {
    pub place: Place,
    /// Behind the last node within it.
    end: usize,
    pub space: Space,
    name: QName,
    pub original: Place,
}

impl Register {
    pub(super) fn new(namespace: String) -> Register {
        let (units, roots, redefined) = (Vec::new(), Vec::new(), Vec::new());
        Register { units, known_units: HashMap::new(), known: HashMap::new(), roots, namespace, redefined }
    }

    /// Enters a file, once for each namespace that it is read in.
    pub(super) fn unit(&mut self, unit: Unit) {
        if !self.known_units.contains_key(&unit) {
            self.known_units.insert(unit.clone(), self.units.len());
            self.units.push(unit);
        }
    }

    /// Enters the component at a place.
    pub(super) fn define(&mut self, library: &Library, place: Place) -> Result<(), SchemaFault> {
        let Unit { file, .. } = self.units[place.unit];
        let Some((space, name)) = self.described(library, place) else { return Ok(()) };
        if let Some(&before) = self.known.get(&(space, name.clone())) {
            let other = self.units[before.unit].file;
            // One definition reached by two roads is one definition; so are two in different files that say the same.
            let one = (other, before.node) == (file, place.node);
            let alike = other != file && same(&library.files[other], before.node, &library.files[file], place.node);
            if !one && !alike {
                let (kind, local) = (library.files[file].nodes[place.node].kind, name.local);
                let message = format!("{kind} {local} is defined in {} too", library.files[other].location);
                return library.broken(file, place.node, message);
            }
            return Ok(());
        }
        if space == Space::Element && name.namespace == self.namespace {
            self.roots.push(place);
        }
        self.known.insert((space, name), place);
        Ok(())
    }

    /// Puts what stands within a redefine in the place of what it redefines. Source: XML Schema Part 1, 4.2.2.
    pub(super) fn redefine(&mut self, library: &Library, redefine: Place) -> Result<(), SchemaFault> {
        let file = self.units[redefine.unit].file;
        let nodes = &library.files[file].nodes;
        for &node in &nodes[redefine.node].children {
            let place = Place { node, ..redefine };
            let Some((space, name)) = self.described(library, place) else { continue };
            let Some(&original) = self.known.get(&(space, name.clone())) else {
                let message = format!("{} is redefined, and not defined", name.local);
                return library.broken(file, node, message);
            };
            if self
                .redefined
                .iter()
                .any(|known| known.place.unit == place.unit && known.space == space && known.name == name)
            {
                return library.broken(file, node, format!("{} is redefined twice", name.local));
            }
            let kind = |place: Place| library.files[self.units[place.unit].file].nodes[place.node].kind;
            if kind(place) != kind(original) {
                return library.broken(file, node, format!("{} is redefined as something else", name.local));
            }
            let end = end_of(&library.files[file], node);
            self.check_redefinition(library, place, end, space, &name)?;
            self.known.insert((space, name.clone()), place);
            self.redefined.push(Redefined { place, end, space, name, original });
        }
        Ok(())
    }

    /// A type is derived from itself; a group refers to itself once, or not at all.
    fn check_redefinition(
        &self,
        library: &Library,
        place: Place,
        end: usize,
        space: Space,
        name: &QName,
    ) -> Result<(), SchemaFault> {
        let file = self.units[place.unit].file;
        let nodes = &library.files[file].nodes;
        let means = |node: &Node, attribute: &str| {
            node.qname(attribute).is_some_and(|found| self.adopt(library, place, &found) == *name)
        };
        if space == Space::Type {
            let content = nodes[place.node].children.first().map(|&child| &nodes[child]);
            let derivation = match content {
                Some(node) if matches!(node.kind, "simpleContent" | "complexContent") => {
                    node.children.first().map(|&child| &nodes[child])
                }
                found => found,
            };
            let own = derivation.is_some_and(|node| means(node, "base"));
            let message = format!("{} is redefined without being derived from itself", name.local);
            return if own { Ok(()) } else { library.broken(file, place.node, message) };
        }
        let own = self.own_references(library, place, end, name);
        let once = |node: &Node| {
            ["minOccurs", "maxOccurs"].iter().all(|name| matches!(node.attribute(name), None | Some("1")))
        };
        match own[..] {
            [] => Ok(()),
            [one] if once(one) => Ok(()),
            _ => library.broken(file, place.node, format!("{} refers to itself more than once", name.local)),
        }
    }

    /// The nodes within a group by which it refers to itself.
    fn own_references<'l>(&self, library: &'l Library, place: Place, end: usize, name: &QName) -> Vec<&'l Node> {
        let nodes = &library.files[self.units[place.unit].file].nodes;
        let kind = nodes[place.node].kind;
        let means = |node: &Node| node.qname("ref").is_some_and(|found| self.adopt(library, place, &found) == *name);
        nodes[place.node + 1..end].iter().filter(|node| node.kind == kind && means(node)).collect()
    }

    pub(super) fn refers_to_itself(&self, library: &Library, redefined: &Redefined) -> bool {
        !self.own_references(library, redefined.place, redefined.end, &redefined.name).is_empty()
    }

    /// In which space, and by which name, the node at a place is known; none for one that has no name.
    fn described(&self, library: &Library, place: Place) -> Option<(Space, QName)> {
        let Unit { file, namespace } = &self.units[place.unit];
        let node = &library.files[*file].nodes[place.node];
        let space = match node.kind {
            "simpleType" | "complexType" => Space::Type,
            "element" => Space::Element,
            "attribute" => Space::Attribute,
            "group" => Space::Group,
            "attributeGroup" => Space::AttributeGroup,
            _ => Space::Notation,
        };
        Some((space, QName { namespace: namespace.clone(), local: node.attribute("name")?.to_string() }))
    }

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

    /// What a name means to the node at `place`, or why it means nothing.
    pub(super) fn find(
        &self,
        library: &Library,
        place: Place,
        space: Space,
        name: &QName,
    ) -> Result<Place, SchemaFault> {
        let unit = &self.units[place.unit];
        let name = self.adopt(library, place, name);
        let imported = || library.files[unit.file].imports.contains(&name.namespace);
        // Each file imports for itself. Source: XML Schema Part 1, 3.15.3 (QName resolution).
        if name.namespace != unit.namespace && !imported() {
            let message = format!("{} is of the namespace {}, which is not imported", name.local, name.namespace);
            return library.broken(unit.file, place.node, message);
        }
        let within = |known: &&Redefined| {
            known.space == space
                && known.place.unit == place.unit
                && (known.place.node..known.end).contains(&place.node)
                && known.name == name
        };
        if let Some(redefined) = self.redefined.iter().find(within) {
            return Ok(redefined.original);
        }
        match self.known.get(&(space, name.clone())) {
            Some(&found) => Ok(found),
            None => {
                let missing = match library.missing.as_slice() {
                    [] => String::new(),
                    missing => format!(", and {} is not there", missing.join(", ")),
                };
                library.broken(unit.file, place.node, format!("{} is not defined anywhere{missing}", name.local))
            }
        }
    }

    /// Is there a notation of this name?
    pub(super) fn has_notation(&self, name: &QName) -> bool {
        self.known.contains_key(&(Space::Notation, name.clone()))
    }
}

/// Behind the last node within a node: nodes stand in the order of the document.
fn end_of(file: &File, node: usize) -> usize {
    let mut end = node + 1;
    let mut last = node;
    while let Some(&child) = file.nodes[last].children.last() {
        last = child;
        end = child + 1;
    }
    end
}

/// Do two nodes say the same? Depth is bounded by what [`super::nodes::parse`] takes.
fn same(a: &File, a_at: usize, b: &File, b_at: usize) -> bool {
    let (x, y): (&Node, &Node) = (&a.nodes[a_at], &b.nodes[b_at]);
    x.kind == y.kind
        && x.attributes == y.attributes
        && x.children.len() == y.children.len()
        && x.children.iter().zip(&y.children).all(|(&x, &y)| same(a, x, b, y))
}
