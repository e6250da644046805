//! Simple types from their definitions: built in, restricted, listed, united.

use std::collections::HashMap;
use std::sync::Arc;

use super::SchemaFault;
use super::builtins;
use super::codes::Codes;
use super::compile::DERIVATIONS_MAX;
use super::facets;
use super::load::{Library, Place};
use super::nodes::SCHEMA_NAMESPACE;
use super::pattern::Dfa;
use super::register::{Register, Space};
use super::schema::Derivations;
use super::simple::{Base, Bound, Facets, Simple, Variety, WhiteSpace};

/// What was compiled before, for a set of schemas repeats itself: patterns by their text, and plain types by the file
/// and the node they are defined in.
#[derive(Default)]
pub(super) struct Shared {
    pub patterns: HashMap<String, Arc<Dfa>>,
    simples: HashMap<(usize, usize), Simple>,
    /// The lists that unions of lists make, likewise.
    unions: HashMap<(usize, usize), Arc<Codes>>,
}

/// The simple types of one schema, added as they are asked for.
pub(super) struct SimpleTypes {
    pub types: Vec<Simple>,
    /// Namespace and name of those that have one.
    pub names: HashMap<u32, (String, String)>,
    /// What unions of lists are made of, where the lists were joined.
    pub unions: HashMap<u32, Vec<u32>>,
    /// What each is derived from.
    pub bases: HashMap<u32, u32>,
    /// What unions are made of, and what restricts them.
    pub members: HashMap<u32, Vec<u32>>,
    /// Derivations that there may be none of.
    pub finals: HashMap<u32, Derivations>,
    pub shared: Shared,
    known: HashMap<Place, u32>,
    pub builtins: HashMap<String, u32>,
}

impl SimpleTypes {
    pub(super) fn new(shared: Shared) -> SimpleTypes {
        SimpleTypes {
            types: Vec::new(),
            names: HashMap::new(),
            unions: HashMap::new(),
            bases: HashMap::new(),
            members: HashMap::new(),
            finals: HashMap::new(),
            shared,
            known: HashMap::new(),
            builtins: HashMap::new(),
        }
    }

    pub(super) fn add(&mut self, simple: Simple) -> u32 {
        self.types.push(simple);
        self.types.len() as u32 - 1
    }

    /// A type of XML Schema itself.
    pub(super) fn builtin(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        name: &str,
    ) -> Result<u32, SchemaFault> {
        if let Some(&known) = self.builtins.get(name) {
            return Ok(known);
        }
        let Some((base, white_space, min, max)) = builtins::builtin(name) else {
            let file = register.units[place.unit].file;
            return library.broken(file, place.node, format!("there is no type xs:{name}"));
        };
        let bound = |text: &str| Some(Bound { text: text.to_string(), inclusive: true }).filter(|b| !b.text.is_empty());
        let facets = Facets { min: bound(min), max: bound(max), ..Facets::default() };
        let mut simple = Simple { name: format!("xs:{name}"), variety: Variety::Atomic(base), white_space, facets };
        if let "NMTOKENS" | "IDREFS" | "ENTITIES" = name {
            let item = match name {
                "NMTOKENS" => "NMTOKEN",
                "IDREFS" => "IDREF",
                _ => "ENTITY",
            };
            let item = self.builtin(library, register, place, item)?;
            simple.variety = Variety::List(item);
            simple.facets.length_min = Some(1);
        }
        let at = self.add(simple);
        if let Some(base) = builtins::base(name) {
            let base = self.builtin(library, register, place, base)?;
            self.bases.insert(at, base);
        }
        self.names.insert(at, (SCHEMA_NAMESPACE.to_string(), name.to_string()));
        self.builtins.insert(name.to_string(), at);
        Ok(at)
    }

    /// The type defined by the simpleType at `place`.
    pub(super) fn at(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        if let Some(&known) = self.known.get(&place) {
            return Ok(known);
        }
        let unit = &register.units[place.unit];
        let broken = |message: &str| library.broken(unit.file, place.node, message);
        if depth > DERIVATIONS_MAX {
            return broken("types are derived from each other in a circle, or too deep");
        }
        let nodes = &library.files[unit.file].nodes;
        let [child] = nodes[place.node].children[..] else {
            return broken("a simpleType holds one restriction, list or union");
        };
        let inside = Place { node: child, ..place };
        let node = &nodes[child];
        // The same definition means the same in every schema, but for one that takes its namespace from another.
        let key = (unit.file, place.node);
        let shareable = nodes[0].attribute("targetNamespace").is_some() && node.kind != "list";
        let at = match node.kind {
            "restriction" if shareable && self.shared.simples.contains_key(&key) => {
                // Its base is made all the same: what is derived from it must be known.
                let base = match node.qname("base") {
                    Some(name) => Some(self.named(library, register, inside, &name, depth)?),
                    None => None,
                };
                let at = self.add(self.shared.simples[&key].clone());
                self.bases.extend(base.map(|base| (at, base)));
                at
            }
            "restriction" => self.restriction(library, register, inside, depth)?,
            "list" => {
                let item = self.referred(library, register, inside, "itemType", depth)?;
                let listed = |at: &u32| matches!(self.types[*at as usize].variety, Variety::List(_));
                if listed(&item) || self.members.get(&item).is_some_and(|members| members.iter().any(listed)) {
                    return broken("a list of lists");
                }
                self.may_stand(library, register, inside, item, Derivations::LIST)?;
                let name = format!("a list of {}", self.types[item as usize].name);
                let (variety, white_space) = (Variety::List(item), WhiteSpace::Collapse);
                self.add(Simple { name, variety, white_space, facets: Facets::default() })
            }
            "union" => self.union(library, register, inside, depth)?,
            kind => return library.unsupported(unit.file, child, format!("{kind} in a simpleType")),
        };
        if let Some(name) = nodes[place.node].attribute("name") {
            self.types[at as usize].name = name.to_string();
            self.names.insert(at, (unit.namespace.clone(), name.to_string()));
            let last = nodes[place.node].attribute("final").or(nodes[0].attribute("finalDefault")).unwrap_or("");
            self.finals.extend(Derivations::read(last).map(|last| (at, last)));
        }
        self.known.insert(place, at);
        if shareable && matches!(self.types[at as usize].variety, Variety::Atomic(_)) && node.qname("base").is_some() {
            self.shared.simples.entry(key).or_insert_with(|| self.types[at as usize].clone());
        }
        Ok(at)
    }

    /// The type of the attribute declared at `place`.
    pub(super) fn of_attribute(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
    ) -> Result<u32, SchemaFault> {
        self.referred(library, register, place, "type", 0)
    }

    /// The type that the node names in its attribute `name`, or holds as its only child.
    fn referred(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        name: &str,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        let file = register.units[place.unit].file;
        let node = &library.files[file].nodes[place.node];
        match (node.qname(name), &node.children[..]) {
            (None, []) if node.kind == "attribute" => self.builtin(library, register, place, "anySimpleType"),
            (Some(found), []) => self.named(library, register, place, &found, depth),
            (None, &[child]) if library.files[file].nodes[child].kind == "simpleType" => {
                self.at(library, register, Place { node: child, ..place }, depth + 1)
            }
            _ => library.unsupported(file, place.node, format!("{} without exactly one type", node.kind)),
        }
    }

    fn named(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        name: &super::nodes::QName,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        if name.namespace == SCHEMA_NAMESPACE {
            return self.builtin(library, register, place, &name.local);
        }
        let file = register.units[place.unit].file;
        let found = register.find(library, place, Space::Type, name)?;
        let node = &library.files[register.units[found.unit].file].nodes[found.node];
        if node.kind != "simpleType" {
            return library.broken(file, place.node, format!("the type {} is not a simple one", name.local));
        }
        self.at(library, register, found, depth + 1)
    }

    fn union(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        let file = register.units[place.unit].file;
        let node = &library.files[file].nodes[place.node];
        let mut members = Vec::new();
        for name in node.attribute("memberTypes").unwrap_or("").split(' ') {
            if let Some(name) = super::nodes::QName::expanded(name) {
                members.push(self.named(library, register, place, &name, depth)?);
            }
        }
        for &child in &node.children {
            if library.files[file].nodes[child].kind != "simpleType" {
                let construct = format!("{} in a union", library.files[file].nodes[child].kind);
                return library.unsupported(file, child, construct);
            }
            members.push(self.at(library, register, Place { node: child, ..place }, depth + 1)?);
        }
        // Unions within a union are their members. Source: XML Schema Part 1, 3.14.2.
        let mut flat: Vec<u32> = Vec::new();
        for member in members {
            self.may_stand(library, register, place, member, Derivations::UNION)?;
            let inner = self.members.get(&member).cloned().unwrap_or(vec![member]);
            flat.extend(inner.iter().filter(|at| !flat.contains(at)).copied().collect::<Vec<_>>());
        }
        let members = flat;
        let name = "a union".to_string();
        // Nearly all unions are of code lists, and a union of lists is a longer list.
        let key = (file, place.node);
        let shareable = library.files[file].nodes[0].attribute("targetNamespace").is_some();
        let known = self.shared.unions.get(&key).filter(|_| shareable).cloned();
        let joined = known.or_else(|| facets::joined(&self.types, &members).map(Arc::new));
        let of_lists = joined.is_some().then(|| members.clone());
        if let Some(codes) = joined.as_ref().filter(|_| shareable) {
            self.shared.unions.insert(key, codes.clone());
        }
        let simple = match joined {
            Some(codes) => Simple {
                name,
                variety: Variety::Atomic(Base::String),
                white_space: WhiteSpace::Collapse,
                facets: Facets { codes: Some(codes), ..Facets::default() },
            },
            None => Simple {
                name,
                variety: Variety::Union(members.clone()),
                white_space: WhiteSpace::Collapse,
                facets: Facets::default(),
            },
        };
        let at = self.add(simple);
        self.members.insert(at, members);
        self.unions.extend(of_lists.map(|members| (at, members)));
        Ok(at)
    }

    /// May a type be the item of a list, or the member of a union? Source: XML Schema Part 1, 3.14.6.
    fn may_stand(
        &self,
        library: &Library,
        register: &Register,
        place: Place,
        at: u32,
        how: Derivations,
    ) -> Result<(), SchemaFault> {
        let file = register.units[place.unit].file;
        if self.finals.get(&at).is_some_and(|last| last.meets(how)) {
            return library.broken(file, place.node, format!("the type {} is final", self.types[at as usize].name));
        }
        Ok(())
    }

    fn restriction(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        let file = register.units[place.unit].file;
        let node = &library.files[file].nodes[place.node];
        let mut facets = Vec::new();
        let mut inside = None;
        for &child in &node.children {
            let child = Place { node: child, ..place };
            if library.files[file].nodes[child.node].kind == "simpleType" && inside.is_none() {
                inside = Some(child);
            } else {
                facets.push(child);
            }
        }
        let base = match (node.qname("base"), inside) {
            (Some(name), None) => self.named(library, register, place, &name, depth)?,
            (None, Some(inside)) => self.at(library, register, inside, depth + 1)?,
            _ => return library.broken(file, place.node, "a restriction has one base"),
        };
        self.restrict(library, register, place, base, &facets)
    }
}
