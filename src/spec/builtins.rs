//! The types of XML Schema itself.

use super::simple::{Base, WhiteSpace};

/// All types a document may name.
pub(super) const NAMES: [&str; 45] = [
    "anySimpleType",
    "string",
    "normalizedString",
    "token",
    "language",
    "NMTOKEN",
    "NMTOKENS",
    "Name",
    "NCName",
    "ID",
    "IDREF",
    "IDREFS",
    "ENTITY",
    "ENTITIES",
    "boolean",
    "decimal",
    "integer",
    "nonPositiveInteger",
    "negativeInteger",
    "nonNegativeInteger",
    "positiveInteger",
    "long",
    "int",
    "short",
    "byte",
    "unsignedLong",
    "unsignedInt",
    "unsignedShort",
    "unsignedByte",
    "float",
    "double",
    "dateTime",
    "date",
    "time",
    "gYearMonth",
    "gYear",
    "gMonthDay",
    "gDay",
    "gMonth",
    "duration",
    "hexBinary",
    "base64Binary",
    "anyURI",
    "QName",
    "NOTATION",
];

pub(super) fn is_text(base: Base) -> bool {
    matches!(base, Base::String | Base::Language | Base::Nmtoken | Base::Name | Base::NcName | Base::AnyUri)
}

/// Do values of this type have a length?
pub(super) fn has_length(base: Base) -> bool {
    let named = matches!(base, Base::Id | Base::IdRef | Base::Entity | Base::QName | Base::Notation);
    is_text(base) || named || matches!(base, Base::HexBinary | Base::Base64Binary)
}

pub(super) fn is_number(base: Base) -> bool {
    matches!(base, Base::Decimal | Base::Integer)
}

/// Form, white space, least and greatest value of the built-in types we know. Source: XML Schema Part 2, 3.2 and 3.3.
pub(super) fn builtin(name: &str) -> Option<(Base, WhiteSpace, &'static str, &'static str)> {
    use WhiteSpace::{Collapse, Preserve, Replace};
    let (base, white_space, min, max) = match name {
        "string" => (Base::String, Preserve, "", ""),
        "normalizedString" => (Base::String, Replace, "", ""),
        "token" => (Base::String, Collapse, "", ""),
        "language" => (Base::Language, Collapse, "", ""),
        "NMTOKEN" | "NMTOKENS" => (Base::Nmtoken, Collapse, "", ""),
        "Name" => (Base::Name, Collapse, "", ""),
        "NCName" => (Base::NcName, Collapse, "", ""),
        "boolean" => (Base::Boolean, Collapse, "", ""),
        "decimal" => (Base::Decimal, Collapse, "", ""),
        "integer" => (Base::Integer, Collapse, "", ""),
        "nonPositiveInteger" => (Base::Integer, Collapse, "", "0"),
        "negativeInteger" => (Base::Integer, Collapse, "", "-1"),
        "nonNegativeInteger" => (Base::Integer, Collapse, "0", ""),
        "positiveInteger" => (Base::Integer, Collapse, "1", ""),
        "long" => (Base::Integer, Collapse, "-9223372036854775808", "9223372036854775807"),
        "int" => (Base::Integer, Collapse, "-2147483648", "2147483647"),
        "short" => (Base::Integer, Collapse, "-32768", "32767"),
        "byte" => (Base::Integer, Collapse, "-128", "127"),
        "unsignedLong" => (Base::Integer, Collapse, "0", "18446744073709551615"),
        "unsignedInt" => (Base::Integer, Collapse, "0", "4294967295"),
        "unsignedShort" => (Base::Integer, Collapse, "0", "65535"),
        "unsignedByte" => (Base::Integer, Collapse, "0", "255"),
        "float" => (Base::Float, Collapse, "", ""),
        "double" => (Base::Double, Collapse, "", ""),
        "dateTime" => (Base::DateTime, Collapse, "", ""),
        "date" => (Base::Date, Collapse, "", ""),
        "time" => (Base::Time, Collapse, "", ""),
        "gYearMonth" => (Base::YearMonth, Collapse, "", ""),
        "gYear" => (Base::Year, Collapse, "", ""),
        "gMonthDay" => (Base::MonthDay, Collapse, "", ""),
        "gDay" => (Base::Day, Collapse, "", ""),
        "gMonth" => (Base::Month, Collapse, "", ""),
        "duration" => (Base::Duration, Collapse, "", ""),
        "anySimpleType" => (Base::String, Preserve, "", ""),
        "anyURI" => (Base::AnyUri, Collapse, "", ""),
        "QName" => (Base::QName, Collapse, "", ""),
        "NOTATION" => (Base::Notation, Collapse, "", ""),
        "ID" => (Base::Id, Collapse, "", ""),
        "IDREF" | "IDREFS" => (Base::IdRef, Collapse, "", ""),
        "ENTITY" | "ENTITIES" => (Base::Entity, Collapse, "", ""),
        "hexBinary" => (Base::HexBinary, Collapse, "", ""),
        "base64Binary" => (Base::Base64Binary, Collapse, "", ""),
        _ => return None,
    };
    Some((base, white_space, min, max))
}

/// What a built-in type is derived from. Source: XML Schema Part 2, section 3.
pub(super) fn base(name: &str) -> Option<&'static str> {
    Some(match name {
        "anySimpleType" => return None,
        "normalizedString" => "string",
        "token" => "normalizedString",
        "language" | "NMTOKEN" | "Name" => "token",
        "NCName" => "Name",
        "ID" | "IDREF" | "ENTITY" => "NCName",
        "integer" => "decimal",
        "nonPositiveInteger" | "long" | "nonNegativeInteger" => "integer",
        "negativeInteger" => "nonPositiveInteger",
        "int" => "long",
        "short" => "int",
        "byte" => "short",
        "unsignedLong" | "positiveInteger" => "nonNegativeInteger",
        "unsignedInt" => "unsignedLong",
        "unsignedShort" => "unsignedInt",
        "unsignedByte" => "unsignedShort",
        _ => "anySimpleType",
    })
}
