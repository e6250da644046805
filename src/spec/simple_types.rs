//! Simple types from their definitions: built in, restricted, listed, united.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

use super::SchemaFault;
use super::builtins::{self, is_number, is_text};
use super::codes::Codes;
use super::compile::DERIVATIONS_MAX;
use super::load::{Library, Place, Register, Space};
use super::order;
use super::pattern::{self, Dfa};
use super::simple::{Base, Bound, Facets, Simple, Variety, WhiteSpace, check, is_formed};
use super::source::{Node, SCHEMA_NAMESPACE};

/// What was compiled before, for a set of schemas repeats itself: patterns by their text, and plain types by the file
/// and the node they are defined in.
#[derive(Default)]
pub(super) struct Shared {
    patterns: HashMap<String, Arc<Dfa>>,
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
            shared,
            known: HashMap::new(),
            builtins: HashMap::new(),
        }
    }

    fn add(&mut self, simple: Simple) -> u32 {
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
            return library.unsupported(file, place.node, format!("the type xs:{name}"));
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
        library.allow(unit.file, place.node, &["name", "final"])?;
        let nodes = &library.files[unit.file].nodes;
        let [child] = nodes[place.node].children[..] else {
            return broken("a simpleType holds one restriction, list or union");
        };
        let inside = Place { node: child, ..place };
        let node = &nodes[child];
        // The same definition means the same in every schema, but for one that takes its namespace from another.
        let key = (unit.file, place.node);
        let shareable = nodes[0].attribute("targetNamespace").is_some() && node.kind != "list";
        let at = match node.kind.as_str() {
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
                library.allow(unit.file, child, &["itemType"])?;
                let item = self.referred(library, register, inside, "itemType", depth)?;
                if matches!(self.types[item as usize].variety, Variety::List(_)) {
                    return broken("a list of lists");
                }
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
        name: &super::source::QName,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        if name.namespace == SCHEMA_NAMESPACE {
            return self.builtin(library, register, place, &name.local);
        }
        let file = register.units[place.unit].file;
        let name = register.adopt(library, place, name);
        let Some(found) = register.find(Space::Type, &name) else {
            return library.broken(file, place.node, format!("the type {} is not defined anywhere", name.local));
        };
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
        library.allow(file, place.node, &["memberTypes"])?;
        let node = &library.files[file].nodes[place.node];
        let mut members = Vec::new();
        for name in node.attribute("memberTypes").unwrap_or("").split(' ') {
            if let Some(name) = super::source::QName::expanded(name) {
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
        if members.is_empty() {
            return library.broken(file, place.node, "a union of nothing");
        }
        let name = "a union".to_string();
        // Nearly all unions are of code lists, and a union of lists is a longer list.
        let key = (file, place.node);
        let shareable = library.files[file].nodes[0].attribute("targetNamespace").is_some();
        let known = self.shared.unions.get(&key).filter(|_| shareable).cloned();
        let joined = known.or_else(|| self.joined(&members).map(Arc::new));
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
                variety: Variety::Union(members),
                white_space: WhiteSpace::Collapse,
                facets: Facets::default(),
            },
        };
        let at = self.add(simple);
        self.unions.extend(of_lists.map(|members| (at, members)));
        Ok(at)
    }

    fn joined(&self, members: &[u32]) -> Option<Codes> {
        let mut all = Vec::new();
        for &member in members {
            let Simple { variety, white_space, facets, .. } = &self.types[member as usize];
            let plain = facets.patterns.is_empty() && facets.length_min.is_none() && facets.length_max.is_none();
            let (Variety::Atomic(base), WhiteSpace::Collapse, true) = (variety, white_space, plain) else {
                return None;
            };
            if !is_text(*base) {
                return None;
            }
            all.extend(facets.codes.as_ref()?.iter());
        }
        Some(Codes::new(all))
    }

    fn restriction(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        depth: usize,
    ) -> Result<u32, SchemaFault> {
        let file = register.units[place.unit].file;
        library.allow(file, place.node, &["base"])?;
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

    /// A new type: `base` with the facets at `places` added.
    pub(super) fn restrict(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        base: u32,
        places: &[Place],
    ) -> Result<u32, SchemaFault> {
        let mut simple = self.types[base as usize].clone();
        let mut codes: Option<Vec<String>> = None;
        let mut alternatives: Vec<String> = Vec::new();
        let file = register.units[place.unit].file;
        for &facet in places {
            let node = &library.files[file].nodes[facet.node];
            library.allow(file, facet.node, &["value", "fixed"])?;
            let Some(value) = node.attribute("value").filter(|_| node.children.is_empty()) else {
                return library.unsupported(file, facet.node, format!("{} in a restriction", node.kind));
            };
            match node.kind.as_str() {
                "enumeration" => {
                    if !self.lists(&simple.variety) {
                        let construct = format!("an enumeration on {}", simple.name);
                        return library.unsupported(file, facet.node, construct);
                    }
                    match check(&self.types, base, value) {
                        Ok(value) => codes.get_or_insert_default().push(value.into_owned()),
                        Err(_) => return library.broken(file, facet.node, format!("{value} is not of the base type")),
                    }
                }
                "pattern" => alternatives.push(value.to_string()),
                _ => self.facet(library, file, facet.node, node, value, &mut simple)?,
            }
        }
        if let Some(codes) = codes {
            simple.facets.codes = Some(Arc::new(Codes::new(codes)));
        }
        if !alternatives.is_empty() {
            // Patterns of one step are alternatives; those of several steps must all hold.
            let text = alternatives.join("|");
            let compiled = match self.shared.patterns.get(&text) {
                Some(compiled) => compiled.clone(),
                None => match pattern::compile(&text) {
                    Ok(compiled) => Arc::new(compiled),
                    Err(why) => return library.unsupported(file, place.node, format!("in a pattern, {why}")),
                },
            };
            self.shared.patterns.insert(text, compiled.clone());
            simple.facets.patterns.push(compiled);
        }
        let at = self.add(simple);
        self.bases.insert(at, base);
        Ok(at)
    }

    /// May this kind of value be listed? Where one value has several spellings, comparing them is not done here.
    fn lists(&self, variety: &Variety) -> bool {
        match variety {
            Variety::Atomic(base) => !matches!(base, Base::Boolean | Base::QName),
            Variety::List(item) => match &self.types[*item as usize].variety {
                Variety::Atomic(base) => is_text(*base),
                _ => false,
            },
            Variety::Union(members) => members.iter().all(|&member| match self.types[member as usize].variety {
                Variety::Atomic(base) => is_text(base),
                _ => false,
            }),
        }
    }

    fn facet(
        &self,
        library: &Library,
        file: usize,
        at: usize,
        node: &Node,
        value: &str,
        simple: &mut Simple,
    ) -> Result<(), SchemaFault> {
        let kind = node.kind.as_str();
        let broken = |message: String| library.broken(file, at, message);
        let applies = match (kind, &simple.variety) {
            ("length" | "minLength" | "maxLength", Variety::Atomic(base)) => {
                is_text(*base) || matches!(base, Base::HexBinary | Base::Base64Binary)
            }
            ("length" | "minLength" | "maxLength", Variety::List(_)) => true,
            ("whiteSpace", Variety::Atomic(_) | Variety::List(_)) => true,
            ("totalDigits" | "fractionDigits", Variety::Atomic(base)) => is_number(*base),
            ("minInclusive" | "maxInclusive" | "minExclusive" | "maxExclusive", Variety::Atomic(base)) => {
                order::is_ordered(*base)
            }
            _ => false,
        };
        if !applies {
            return library.unsupported(file, at, format!("{kind} on {}", simple.name));
        }
        if kind == "whiteSpace" {
            let wanted = match value {
                "preserve" => WhiteSpace::Preserve,
                "replace" => WhiteSpace::Replace,
                "collapse" => WhiteSpace::Collapse,
                _ => return broken(format!("whiteSpace is {value}")),
            };
            if wanted < simple.white_space {
                return broken(format!("whiteSpace is {value}, but the base type does more"));
            }
            simple.white_space = wanted;
            return Ok(());
        }
        let facets = &mut simple.facets;
        if let "minInclusive" | "maxInclusive" | "minExclusive" | "maxExclusive" = kind {
            let value = value.trim();
            let Variety::Atomic(base) = simple.variety else { return broken(format!("{kind} on {}", simple.name)) };
            if !is_formed(base, value) {
                return broken(format!("{kind} is {value}"));
            }
            let bound = Bound { text: value.to_string(), inclusive: kind.ends_with("Inclusive") };
            // Only ever narrower: a bound beyond the base's is not a restriction.
            let (slot, wanted) = if kind.starts_with("min") {
                (&mut facets.min, Ordering::Greater)
            } else {
                (&mut facets.max, Ordering::Less)
            };
            let narrower = slot.as_ref().is_none_or(|known| {
                let order = order::compare(base, value, &known.text);
                order == Some(wanted) || order == Some(Ordering::Equal) && (known.inclusive || !bound.inclusive)
            });
            if !narrower {
                return broken(format!("{kind} {value} is wider than the base type"));
            }
            *slot = Some(bound);
            return Ok(());
        }
        let Ok(number) = value.trim().parse::<usize>() else { return broken(format!("{kind} is {value}")) };
        let (low, high) = match kind {
            "length" => (Some(number), Some(number)),
            "minLength" => (Some(number), None),
            "maxLength" => (None, Some(number)),
            "totalDigits" if number > 0 => {
                facets.total_digits = Some(facets.total_digits.map_or(number, |known| known.min(number)));
                return Ok(());
            }
            "fractionDigits" => {
                facets.fraction_digits = Some(facets.fraction_digits.map_or(number, |known| known.min(number)));
                return Ok(());
            }
            _ => return broken(format!("{kind} is {value}")),
        };
        facets.length_min = facets.length_min.max(low);
        facets.length_max = match (facets.length_max, high) {
            (Some(known), Some(high)) => Some(known.min(high)),
            (known, high) => known.or(high),
        };
        if facets.length_max.is_some_and(|max| facets.length_min.is_some_and(|min| min > max)) {
            return broken(format!("{kind} {value} leaves no length that fits"));
        }
        Ok(())
    }
}
