//! Values as their types tell them apart: one spelling for all spellings of one value.
//!
//! Source: XML Schema Part 2, 2.2 and 3.2: values of different primitive types are never equal, those of types derived
//! from one primitive may be.

use super::decimal::Decimal;
use super::order;
use super::simple::{Base, Simple, Variety, check};

/// Gives the one spelling of a value, which is known to be of its type. Two values of whatever types are one if and only
/// if this says the same of them. `resolve` writes out what a prefixed name means.
pub(super) fn canonical(types: &[Simple], at: u32, value: &str, resolve: &dyn Fn(&str) -> Option<String>) -> String {
    match &types[at as usize].variety {
        Variety::Atomic(base) => atom(*base, value, resolve),
        Variety::List(item) => {
            let mut all = String::from("list");
            for part in value.split(' ').filter(|part| !part.is_empty()) {
                // No canonical spelling of an item holds a line feed: items are free of white space.
                all.push('\n');
                all.push_str(&canonical(types, *item, part, resolve));
            }
            all
        }
        Variety::Union(members) => {
            let member = members.iter().find_map(|&member| Some((member, check(types, member, value).ok()?)));
            match member {
                Some((member, value)) => canonical(types, member, &value, resolve),
                None => format!("string {value}"),
            }
        }
    }
}

fn atom(base: Base, value: &str, resolve: &dyn Fn(&str) -> Option<String>) -> String {
    match base {
        Base::Decimal | Base::Integer => match Decimal::parse(value) {
            Some(number) => format!("decimal {number}"),
            None => format!("decimal {value}"),
        },
        Base::Boolean => format!("boolean {}", matches!(value, "true" | "1")),
        Base::Float => match value.parse::<f32>() {
            // Adding nothing makes one zero of two.
            Ok(number) => format!("float {:?}", number + 0.0),
            Err(_) => format!("float {value}"),
        },
        Base::Double => match value.parse::<f64>() {
            Ok(number) => format!("double {:?}", number + 0.0),
            Err(_) => format!("double {value}"),
        },
        Base::HexBinary => format!("hex {}", value.to_ascii_uppercase()),
        Base::Base64Binary => format!("base64 {}", value.replace(' ', "")),
        Base::AnyUri => format!("uri {value}"),
        Base::QName => format!("name {}", resolve(value).unwrap_or_default()),
        Base::Notation => format!("notation {}", resolve(value).unwrap_or_default()),
        _ => match order::canonical(base, value) {
            Some(spelling) => format!("{base:?} {spelling}"),
            None => format!("string {value}"),
        },
    }
}

/// Is every spelling of a type's values a value of its own, wherever it stands?
pub(super) fn is_plain(types: &[Simple], at: u32) -> bool {
    use Base::*;
    match &types[at as usize].variety {
        Variety::Atomic(base) => {
            matches!(base, String | Language | Nmtoken | Name | NcName | AnyUri | Id | IdRef | Entity)
        }
        Variety::List(item) => is_plain(types, *item),
        Variety::Union(_) => false,
    }
}
