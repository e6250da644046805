//! What a restriction adds to a simple type: facets, held against those of the base and against each other.
//!
//! Source: XML Schema Part 2, section 4.3, each with its "valid restriction" constraints, and 4.1.5 for which facet
//! applies to what.

use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::SchemaFault;
use super::builtins::{has_length, is_number, is_text};
use super::codes::Codes;
use super::load::{Library, Place};
use super::nodes::Node;
use super::order;
use super::pattern;
use super::register::Register;
use super::schema::Derivations;
use super::simple::{Base, Bound, Facets, Simple, Variety, WhiteSpace, check};
use super::simple_types::SimpleTypes;
use super::values;

/// Facets that may be fixed, by the bit that says so.
const FIXABLE: [&str; 10] = [
    "length",
    "minLength",
    "maxLength",
    "whiteSpace",
    "minInclusive",
    "maxInclusive",
    "minExclusive",
    "maxExclusive",
    "totalDigits",
    "fractionDigits",
];

impl SimpleTypes {
    /// A new type: `base` with the facets at `places` added.
    pub(super) fn restrict(
        &mut self,
        library: &Library,
        register: &Register,
        place: Place,
        base: u32,
        places: &[Place],
    ) -> Result<u32, SchemaFault> {
        let file = register.units[place.unit].file;
        if self.finals.get(&base).is_some_and(|last| last.meets(Derivations::RESTRICTION)) {
            return library.broken(file, place.node, format!("the base {} is final", self.types[base as usize].name));
        }
        if Some(&base) == self.builtins.get("anySimpleType") {
            return library.broken(file, place.node, "anySimpleType cannot be restricted");
        }
        let mut simple = self.types[base as usize].clone();
        let mut codes: Option<Vec<String>> = None;
        let mut alternatives: Vec<String> = Vec::new();
        let mut own: Vec<&'static str> = Vec::new();
        let mut values = None;
        for &facet in places {
            let node = &library.files[file].nodes[facet.node];
            let value = node.attribute("value").unwrap_or("");
            match node.kind {
                "enumeration" => {
                    self.may_list(library, file, facet.node, &simple)?;
                    let found = match check(&self.types, base, value) {
                        Ok(found) => found.into_owned(),
                        Err(_) => return library.broken(file, facet.node, format!("{value} is not of the base type")),
                    };
                    if !values::is_plain(&self.types, base) {
                        let resolve = |name: &str| named(library, register, facet, name);
                        let known: &mut HashSet<String> = values.get_or_insert_default();
                        known.insert(values::canonical(&self.types, base, &found, &resolve));
                        self.is_declared(library, register, facet, &simple, &found)?;
                    }
                    codes.get_or_insert_default().push(found);
                }
                "pattern" => alternatives.push(value.to_string()),
                kind if own.contains(&kind) => return library.broken(file, facet.node, format!("{kind} stands twice")),
                kind => {
                    own.push(kind);
                    self.facet(library, file, facet.node, node, base, &mut simple)?;
                }
            }
        }
        if let Some(codes) = codes {
            simple.facets.codes = Some(Arc::new(Codes::new(codes)));
            simple.facets.values = values.map(Arc::new);
        }
        if let Some(message) = contradiction(&own, &self.types[base as usize], &simple) {
            return library.broken(file, place.node, message);
        }
        if !alternatives.is_empty() {
            // Patterns of one step are alternatives; those of several steps must all hold.
            let text = alternatives.join("|");
            let compiled = match self.shared.patterns.get(&text) {
                Some(compiled) => compiled.clone(),
                None => match alternatives
                    .iter()
                    .try_for_each(|one| pattern::is_one(one))
                    .and_then(|()| pattern::compile(&text))
                {
                    Ok(compiled) => Arc::new(compiled),
                    Err(pattern::Refused::Wrong(why)) => {
                        return library.broken(file, place.node, format!("a pattern has {why}"));
                    }
                    Err(pattern::Refused::TooLarge) => {
                        return library.unsupported(file, place.node, "a pattern that unfolds this far");
                    }
                },
            };
            self.shared.patterns.insert(text, compiled.clone());
            simple.facets.patterns.push(compiled);
        }
        let at = self.add(simple);
        self.bases.insert(at, base);
        if let Some(members) = self.members.get(&base).cloned() {
            self.members.insert(at, members);
        }
        Ok(at)
    }

    /// May values of this kind be listed?
    fn may_list(&self, library: &Library, file: usize, node: usize, simple: &Simple) -> Result<(), SchemaFault> {
        let named = |at: u32| matches!(self.types[at as usize].variety, Variety::Atomic(Base::QName | Base::Notation));
        let many = match &simple.variety {
            Variety::Atomic(Base::Boolean) => {
                return library.broken(file, node, format!("enumeration does not apply to {}", simple.name));
            }
            Variety::Atomic(_) => false,
            Variety::List(item) => named(*item),
            Variety::Union(members) => members.iter().any(|&member| named(member)),
        };
        match many {
            true => library.unsupported(file, node, "an enumeration of lists or unions of QName or NOTATION"),
            false => Ok(()),
        }
    }

    /// A notation that is listed must be declared. Source: XML Schema Part 2, 3.2.19.
    fn is_declared(
        &self,
        library: &Library,
        register: &Register,
        place: Place,
        simple: &Simple,
        value: &str,
    ) -> Result<(), SchemaFault> {
        let file = register.units[place.unit].file;
        let Variety::Atomic(base @ (Base::QName | Base::Notation)) = simple.variety else { return Ok(()) };
        let meant = library.files[file].meaning(place.node, value);
        let Some(name) = meant else {
            return library.broken(file, place.node, format!("the prefix of {value} is not declared"));
        };
        let name = register.adopt(library, place, &name);
        match base == Base::Notation && !register.has_notation(&name) {
            true => library.broken(file, place.node, format!("the notation {value} is not declared")),
            false => Ok(()),
        }
    }

    fn facet(
        &self,
        library: &Library,
        file: usize,
        at: usize,
        node: &Node,
        base: u32,
        simple: &mut Simple,
    ) -> Result<(), SchemaFault> {
        let (kind, value) = (node.kind, node.attribute("value").unwrap_or("").trim());
        let broken = |message: String| library.broken(file, at, message);
        if !applies(kind, &simple.variety) {
            return broken(format!("{kind} does not apply to {}", simple.name));
        }
        let before = simple.facets.clone();
        let facets = &mut simple.facets;
        let number = value.strip_prefix('+').unwrap_or(value);
        let number = if kind == "totalDigits" || kind == "fractionDigits" || kind.to_lowercase().ends_with("length") {
            match number.parse::<usize>() {
                Ok(number) => number,
                Err(_) if number.bytes().all(|b| b.is_ascii_digit()) && !number.is_empty() => usize::MAX,
                Err(_) if number.starts_with('-') && number[1..].bytes().all(|b| b == b'0') && number.len() > 1 => 0,
                Err(_) => return broken(format!("{kind} is {value}")),
            }
        } else {
            0
        };
        let wider = || broken(format!("{kind} {value} is wider than the base type"));
        let same = match kind {
            "whiteSpace" => {
                let wanted = match value {
                    "preserve" => WhiteSpace::Preserve,
                    "replace" => WhiteSpace::Replace,
                    "collapse" => WhiteSpace::Collapse,
                    _ => return broken(format!("whiteSpace is {value}")),
                };
                if wanted < simple.white_space {
                    return broken(format!("whiteSpace is {value}, but the base type does more"));
                }
                let same = wanted == simple.white_space;
                simple.white_space = wanted;
                same
            }
            "length" => {
                if before.length.is_some_and(|known| known != number) {
                    return wider();
                }
                facets.length = Some(number);
                true
            }
            "minLength" => {
                if before.length_min.is_some_and(|known| number < known) {
                    return wider();
                }
                facets.length_min = Some(number);
                before.length_min == Some(number)
            }
            "maxLength" => {
                if before.length_max.is_some_and(|known| number > known) {
                    return wider();
                }
                facets.length_max = Some(number);
                before.length_max == Some(number)
            }
            "totalDigits" => {
                if number == 0 {
                    return broken("totalDigits is 0".to_string());
                }
                if before.total_digits.is_some_and(|known| number > known) {
                    return wider();
                }
                facets.total_digits = Some(number);
                before.total_digits == Some(number)
            }
            "fractionDigits" => {
                let whole = matches!(simple.variety, Variety::Atomic(Base::Integer));
                if before.fraction_digits.is_some_and(|known| number > known) || whole && number > 0 {
                    return wider();
                }
                // What has no fraction needs no bound to it.
                facets.fraction_digits = Some(number).filter(|_| !whole);
                whole || before.fraction_digits == Some(number)
            }
            _ => return self.bound(library, file, at, node, base, simple),
        };
        self.fix(library, file, at, node, same, simple)
    }

    /// A fixed facet stays as it is. Notes that this one is fixed from here on.
    fn fix(
        &self,
        library: &Library,
        file: usize,
        at: usize,
        node: &Node,
        same: bool,
        simple: &mut Simple,
    ) -> Result<(), SchemaFault> {
        let bit = FIXABLE.iter().position(|&known| known == node.kind).map_or(0, |at| 1u16 << at);
        if simple.facets.fixed & bit != 0 && !same {
            return library.broken(file, at, format!("{} is fixed in the base type", node.kind));
        }
        if matches!(node.attribute("fixed"), Some("true" | "1")) {
            simple.facets.fixed |= bit;
        }
        Ok(())
    }

    fn bound(
        &self,
        library: &Library,
        file: usize,
        at: usize,
        node: &Node,
        base: u32,
        simple: &mut Simple,
    ) -> Result<(), SchemaFault> {
        let (kind, value) = (node.kind, node.attribute("value").unwrap_or("").trim());
        let Variety::Atomic(form) = simple.variety else { return Ok(()) };
        let inclusive = kind.ends_with("Inclusive");
        let slot = if kind.starts_with("min") { &mut simple.facets.min } else { &mut simple.facets.max };
        let of_base = if kind.starts_with("min") {
            &self.types[base as usize].facets.min
        } else {
            &self.types[base as usize].facets.max
        };
        let same = of_base.as_ref().is_some_and(|known| {
            known.inclusive == inclusive && order::compare(form, &known.text, value) == Some(Ordering::Equal)
        });
        if !same && check(&self.types, base, value).is_err() {
            return library.broken(file, at, format!("{kind} {value} is not a value of the base type, or wider"));
        }
        *slot = Some(Bound { text: value.to_string(), inclusive });
        self.fix(library, file, at, node, same, simple)
    }
}

/// Does a facet apply to values of this kind? Source: XML Schema Part 2, 4.1.5.
fn applies(kind: &str, variety: &Variety) -> bool {
    match (kind, variety) {
        ("length" | "minLength" | "maxLength", Variety::Atomic(base)) => has_length(*base),
        ("length" | "minLength" | "maxLength", Variety::List(_)) => true,
        ("whiteSpace", Variety::Atomic(_) | Variety::List(_)) => true,
        ("totalDigits" | "fractionDigits", Variety::Atomic(base)) => is_number(*base),
        ("minInclusive" | "maxInclusive" | "minExclusive" | "maxExclusive", Variety::Atomic(base)) => {
            order::is_ordered(*base)
        }
        _ => false,
    }
}

/// What the facets of one step say against each other, and against those of the base.
fn contradiction(own: &[&str], base: &Simple, simple: &Simple) -> Option<String> {
    let has = |kind: &str| own.contains(&kind);
    let Facets { length, length_min, length_max, total_digits, fraction_digits, min, max, .. } = &simple.facets;
    for (low, kind) in [(true, "minLength"), (false, "maxLength")] {
        let (known, now) = match low {
            true => (base.facets.length_min, length_min),
            false => (base.facets.length_max, length_max),
        };
        if let (Some(length), Some(now)) = (length, now) {
            // Both may stand only where the one was there before the other, and allows it.
            let before = !has(kind) || known == Some(*now);
            let allows = if low { now <= length } else { now >= length };
            if !before || !allows {
                return Some(format!("length and {kind} exclude each other"));
            }
        }
    }
    if let (Some(least), Some(most)) = (length_min, length_max)
        && least > most
    {
        return Some("minLength is more than maxLength".to_string());
    }
    if let (Some(total), Some(fraction)) = (total_digits, fraction_digits)
        && fraction > total
    {
        return Some("fractionDigits is more than totalDigits".to_string());
    }
    if has("minInclusive") && has("minExclusive") || has("maxInclusive") && has("maxExclusive") {
        return Some("a bound is both inclusive and exclusive".to_string());
    }
    let (Some(min), Some(max), Variety::Atomic(form)) = (min, max, &simple.variety) else { return None };
    if !["minInclusive", "minExclusive", "maxInclusive", "maxExclusive"].iter().any(|kind| has(kind)) {
        return None;
    }
    let order = order::compare(*form, &min.text, &max.text);
    let fits = order == Some(Ordering::Less) || order == Some(Ordering::Equal) && min.inclusive == max.inclusive;
    (!fits).then(|| format!("the bounds {} and {} leave nothing between them", min.text, max.text))
}

/// What a name in a value of the node at `place` means, written out.
pub(super) fn named(library: &Library, register: &Register, place: Place, name: &str) -> Option<String> {
    let file = register.units[place.unit].file;
    let meant = library.files[file].meaning(place.node, name)?;
    let meant = register.adopt(library, place, &meant);
    Some(format!("{{{}}}{}", meant.namespace, meant.local))
}

/// Code lists of plain text whose union is one longer list. Source: XML Schema Part 2, 2.5.1.3.
pub(super) fn joined(types: &[Simple], members: &[u32]) -> Option<Codes> {
    let mut all = Vec::new();
    for &member in members {
        let Simple { variety, white_space, facets, .. } = &types[member as usize];
        let sized = facets.length.is_some() || facets.length_min.is_some() || facets.length_max.is_some();
        let (Variety::Atomic(base), WhiteSpace::Collapse) = (variety, white_space) else { return None };
        if !is_text(*base) || sized || !facets.patterns.is_empty() {
            return None;
        }
        all.extend(facets.codes.as_ref()?.iter());
    }
    Some(Codes::new(all))
}
