//! A schema becomes a table; a table and events become a verdict.
//!
//! [`Schema::load`] reads any XSD 1.0 schema of the profile below and compiles it to flat tables; [`check`] then judges
//! a document in one pass without building a tree, collects all its flaws, and tells a [`Handler`] what is in it.
//!
//! Supported: element (global, local, by reference), complexType, sequence, choice, all (as a whole model of up to ten),
//! group, attribute, attributeGroup, simpleContent, simpleType by restriction, list and union, every facet where it
//! applies, default and fixed, nillable, include, import, and the built-in types except QName, NOTATION, ID and its
//! relatives, anyURI, anyType and anySimpleType. Everything else is refused by name when a schema is loaded: wildcards,
//! complexContent, substitution groups, abstract things, identity constraints, redefine, and whatever we never heard of.

mod check;
mod codes;
mod compile;
mod content;
mod decimal;
mod fault;
mod flaw;
mod lexical;
mod load;
mod pattern;
mod recover;
mod root;
mod schema;
mod simple;
mod simple_types;
mod source;
mod specs;

#[cfg(test)]
mod tests;

pub use check::{Handler, check};
pub use fault::SchemaFault;
pub use flaw::{CODES, Flaw, Root, Verdict};
pub use root::root_of;
pub use schema::Schema;
pub use source::Sources;
pub use specs::Specs;
