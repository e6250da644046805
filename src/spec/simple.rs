//! Simple types in their compiled form, and the question put to each value: does it belong?

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

use super::codes::Codes;
use super::decimal::Decimal;
use super::lexical;
use super::order;
use super::pattern::Dfa;
use super::values;
use crate::xml;

/// What a type does with white space before anything else. Source: XML Schema Part 2, 4.3.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum WhiteSpace {
    Preserve,
    Replace,
    Collapse,
}

/// The built-in type that a value's form comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    String,
    Language,
    Nmtoken,
    Name,
    NcName,
    Boolean,
    Decimal,
    Integer,
    Float,
    Double,
    DateTime,
    Date,
    Time,
    YearMonth,
    Year,
    MonthDay,
    Day,
    Month,
    Duration,
    HexBinary,
    Base64Binary,
    AnyUri,
    QName,
    Notation,
    Id,
    IdRef,
    Entity,
}

#[derive(Debug, Clone)]
pub(super) enum Variety {
    Atomic(Base),
    /// Index of the item's type.
    List(u32),
    /// Indices of the member types, in order.
    Union(Vec<u32>),
}

#[derive(Debug, Clone)]
pub(super) struct Simple {
    /// For messages: the name in the schema, or what it is derived from.
    pub name: String,
    pub variety: Variety,
    pub white_space: WhiteSpace,
    pub facets: Facets,
}

/// Everything a restriction may add, with the restrictions of all its ancestors joined in.
#[derive(Debug, Clone, Default)]
pub(super) struct Facets {
    /// In characters, in bytes for binary types, in items for lists.
    pub length: Option<usize>,
    pub length_min: Option<usize>,
    pub length_max: Option<usize>,
    /// Every one must match.
    pub patterns: Vec<Arc<Dfa>>,
    pub codes: Option<Arc<Codes>>,
    /// The same as values, where one value has several spellings.
    pub values: Option<Arc<HashSet<String>>>,
    pub min: Option<Bound>,
    pub max: Option<Bound>,
    pub total_digits: Option<usize>,
    pub fraction_digits: Option<usize>,
    /// Facets that no restriction may change any more, one bit each.
    pub fixed: u16,
}

impl Facets {
    pub(super) fn is_sized(&self) -> bool {
        self.length.is_some() || self.length_min.is_some() || self.length_max.is_some()
    }
}

#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub text: String,
    pub inclusive: bool,
}

/// Why a value does not belong to its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrong {
    /// Not of the form its built-in type has.
    Form(&'static str),
    /// Not on the type's list; the index of the type.
    NotInList(u32),
    Length(usize, String),
    Pattern,
    Range(String),
    Digits(String),
    /// None of a union's members takes it.
    NoMember,
}

/// Judges `raw`, the value as it stands in the document, and gives back what it is after white space was handled.
pub(super) fn check<'v>(types: &[Simple], at: u32, raw: &'v str) -> Result<Cow<'v, str>, Wrong> {
    let simple = &types[at as usize];
    if let Variety::Union(members) = &simple.variety {
        return check_union(types, at, members, raw);
    }
    let value = white_space(raw, simple.white_space);
    match &simple.variety {
        Variety::Atomic(base) => {
            let base = *base;
            if !has_form(base, &value) {
                return Err(Wrong::Form(form(base)));
            }
            if simple.facets.is_sized() && !matches!(base, Base::QName | Base::Notation) {
                let length = match base {
                    Base::HexBinary => value.len() / 2,
                    Base::Base64Binary => lexical::base64_bytes(&value).unwrap_or(0),
                    _ if value.is_ascii() => value.len(),
                    _ => value.chars().count(),
                };
                check_length(simple, length)?;
            }
            check_facets(types, base, at, &value)?;
        }
        Variety::List(item) => {
            for part in value.split(' ').filter(|part| !part.is_empty()) {
                check(types, *item, part)?;
            }
            check_length(simple, value.split(' ').filter(|part| !part.is_empty()).count())?;
            check_facets(types, Base::String, at, &value)?;
        }
        Variety::Union(_) => {}
    }
    Ok(value)
}

/// The first member that takes the value decides what it is; what the union itself restricts comes after.
fn check_union<'v>(types: &[Simple], at: u32, members: &[u32], raw: &'v str) -> Result<Cow<'v, str>, Wrong> {
    let Some(value) = members.iter().find_map(|&member| check(types, member, raw).ok()) else {
        return Err(Wrong::NoMember);
    };
    check_facets(types, Base::String, at, &value)?;
    Ok(value)
}

#[inline]
pub(super) fn white_space(raw: &str, kind: WhiteSpace) -> Cow<'_, str> {
    let bytes = raw.as_bytes();
    match kind {
        WhiteSpace::Preserve => Cow::Borrowed(raw),
        WhiteSpace::Replace if bytes.iter().any(|b| matches!(b, b'\t' | b'\n' | b'\r')) => {
            Cow::Owned(raw.replace(['\t', '\n', '\r'], " "))
        }
        WhiteSpace::Replace => Cow::Borrowed(raw),
        WhiteSpace::Collapse => {
            // Only these four are white space to XML; Rust's own trim knows more.
            let trimmed = raw.trim_matches([' ', '\t', '\n', '\r']);
            let doubled = |pair: &[u8]| pair == b"  ";
            let strange = |b: &u8| matches!(b, b'\t' | b'\n' | b'\r');
            if trimmed.bytes().any(|b| strange(&b)) || trimmed.as_bytes().windows(2).any(doubled) {
                let words = trimmed.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty());
                Cow::Owned(words.collect::<Vec<_>>().join(" "))
            } else {
                Cow::Borrowed(trimmed)
            }
        }
    }
}

#[inline]
fn has_form(base: Base, value: &str) -> bool {
    match base {
        Base::String => true,
        Base::Language => lexical::is_language(value),
        Base::Nmtoken => xml::is_nmtoken(value),
        Base::Name => xml::is_name(value),
        Base::NcName | Base::Id | Base::IdRef | Base::Entity => xml::is_nc_name(value),
        Base::QName | Base::Notation => lexical::is_qname(value),
        Base::AnyUri => lexical::is_any_uri(value),
        Base::Boolean => lexical::is_boolean(value),
        Base::Decimal => Decimal::parse(value).is_some(),
        Base::Integer => Decimal::parse_integer(value).is_some(),
        Base::Float | Base::Double => lexical::is_float(value),
        Base::DateTime => lexical::is_date_time(value),
        Base::Date => lexical::is_date(value),
        Base::Time => lexical::is_time(value),
        Base::YearMonth => lexical::is_year_month(value),
        Base::Year => lexical::is_year(value),
        Base::MonthDay => lexical::is_month_day(value),
        Base::Day => lexical::is_day(value),
        Base::Month => lexical::is_month(value),
        Base::Duration => lexical::is_duration(value),
        Base::HexBinary => lexical::is_hex(value),
        Base::Base64Binary => lexical::base64_bytes(value).is_some(),
    }
}

/// What a value of this built-in type looks like, for messages.
pub(super) fn form(base: Base) -> &'static str {
    match base {
        Base::String => "a text",
        Base::Language => "a language code such as da",
        Base::Nmtoken => "a word of letters, digits and .-_:",
        Base::Name | Base::NcName | Base::Id | Base::IdRef | Base::Entity | Base::QName | Base::Notation => "a name",
        Base::AnyUri => "an address such as http://example.org/a",
        Base::Boolean => "true or false",
        Base::Decimal => "a decimal number such as 12.50",
        Base::Integer => "a whole number",
        Base::Float | Base::Double => "a number such as 1.5E3",
        Base::DateTime => "a date and time such as 2022-12-31T23:00:00Z",
        Base::Date => "a date such as 2022-12-31",
        Base::Time => "a time such as 23:00:00Z",
        Base::YearMonth => "a month such as 2022-12",
        Base::Year => "a year such as 2022",
        Base::MonthDay => "a day of a month such as --12-31",
        Base::Day => "a day such as ---31",
        Base::Month => "a month such as --12",
        Base::Duration => "a duration such as PT1H",
        Base::HexBinary => "bytes as pairs of hexadecimal digits",
        Base::Base64Binary => "bytes in base64",
    }
}

fn check_length(simple: &Simple, length: usize) -> Result<(), Wrong> {
    let Facets { length: given, length_min, length_max, .. } = simple.facets;
    let (length_min, length_max) = (given.or(length_min), given.or(length_max));
    if length_min.is_some_and(|min| length < min) || length_max.is_some_and(|max| length > max) {
        let unit = if matches!(simple.variety, Variety::List(_)) { "items" } else { "characters" };
        let wanted = match (length_min, length_max) {
            (Some(min), Some(max)) if min == max => format!("exactly {min} {unit}"),
            (Some(min), Some(max)) => format!("{min} to {max} {unit}"),
            (None, Some(max)) => format!("at most {max} {unit}"),
            (min, None) => format!("at least {} {unit}", min.unwrap_or(0)),
        };
        return Err(Wrong::Length(length, wanted));
    }
    Ok(())
}

#[inline]
fn check_facets(types: &[Simple], base: Base, at: u32, value: &str) -> Result<(), Wrong> {
    let facets = &types[at as usize].facets;
    if let Some(codes) = &facets.codes
        && !codes.contains(value)
        && !is_listed(types, facets, at, value)
    {
        return Err(Wrong::NotInList(at));
    }
    if !facets.patterns.iter().all(|pattern| pattern.matches(value)) {
        return Err(Wrong::Pattern);
    }
    if facets.min.is_some() || facets.max.is_some() {
        check_bounds(facets, base, value)?;
    }
    if (facets.total_digits.is_some() || facets.fraction_digits.is_some())
        && let Some(number) = Decimal::parse(value)
    {
        check_digits(facets, number)?;
    }
    Ok(())
}

/// 1.0 and 01 are one value, and so are P1Y and P12M. What a prefixed name means is known only where it stands.
#[cold]
fn is_listed(types: &[Simple], facets: &Facets, at: u32, value: &str) -> bool {
    if let Variety::Atomic(Base::QName | Base::Notation) = types[at as usize].variety {
        return true;
    }
    facets.values.as_ref().is_some_and(|known| known.contains(&values::canonical(types, at, value, &|_| None)))
}

/// What cannot be compared with a bound is not within it.
fn check_bounds(facets: &Facets, base: Base, value: &str) -> Result<(), Wrong> {
    let outside = |bound: &Bound, wanted: Ordering| {
        let order = order::compare(base, value, &bound.text);
        order != Some(wanted) && !(bound.inclusive && order == Some(Ordering::Equal))
    };
    if let Some(bound) = facets.min.as_ref().filter(|bound| outside(bound, Ordering::Greater)) {
        let word = if bound.inclusive { "at least" } else { "more than" };
        return Err(Wrong::Range(format!("{word} {}", bound.text)));
    }
    if let Some(bound) = facets.max.as_ref().filter(|bound| outside(bound, Ordering::Less)) {
        let word = if bound.inclusive { "at most" } else { "less than" };
        return Err(Wrong::Range(format!("{word} {}", bound.text)));
    }
    Ok(())
}

fn check_digits(facets: &Facets, number: Decimal) -> Result<(), Wrong> {
    if let Some(most) = facets.total_digits.filter(|&most| number.total_digits() > most) {
        return Err(Wrong::Digits(format!("at most {most} digits")));
    }
    if let Some(most) = facets.fraction_digits.filter(|&most| number.fraction_digits() > most) {
        return Err(Wrong::Digits(format!("at most {most} digits behind the point")));
    }
    Ok(())
}

/// Does a value of this type mean something only where it stands? A name with a prefix does, and an id in its document.
pub(super) fn is_contextual(types: &[Simple], at: u32) -> bool {
    match &types[at as usize].variety {
        Variety::Atomic(base) => matches!(base, Base::QName | Base::Notation | Base::Id | Base::IdRef | Base::Entity),
        Variety::List(item) => is_contextual(types, *item),
        Variety::Union(members) => members.iter().any(|&member| is_contextual(types, member)),
    }
}
