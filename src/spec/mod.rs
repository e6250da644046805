//! A schema becomes a table; a table and events become a verdict.
//!
//! [`Schema::load`] reads any XSD 1.0 schema of the profile below and compiles it to flat tables; [`check`] then judges
//! a document in one pass without building a tree, collects all its flaws, and tells a [`Handler`] what is in it.
//!
//! Supported: XSD 1.0. What is not done is refused by name when a schema is loaded, and so is what is no schema; `docs/`
//! has the whole list.
//!
//! A valid document goes through `predict`, which compares bytes; whatever is not as foreseen goes through `check`, which
//! alone words flaws.

mod builtins;
mod check;
mod check_attributes;
mod check_text;
mod check_wildcards;
mod codes;
mod compile;
mod complex;
mod complex_attributes;
mod content;
mod decimal;
mod derived;
mod doctype;
mod elements;
mod facets;
mod fault;
mod fields;
mod flaw;
mod grammar;
mod identity;
mod keys;
mod lexical;
mod load;
mod meaning;
mod nodes;
mod order;
mod outline;
mod particles;
mod pattern;
mod predict;
mod quick;
mod recover;
mod redefinitions;
mod register;
mod restrictions;
mod root;
mod schema;
mod simple;
mod simple_types;
mod source;
mod specs;
mod stream;
mod utf16;
mod values;
mod wildcard;

#[cfg(test)]
mod tests;

pub use check::{Handler, check, check_generally};
pub use fault::SchemaFault;
pub use fields::Field;
pub use flaw::{CODES, Flaw, Root, Verdict};
pub use outline::{Inside, Part, Values};
pub use root::root_of;
pub use schema::Schema;
pub use source::Sources;
pub use specs::Specs;
pub use stream::{Pieces, check_reader, check_reader_by};
