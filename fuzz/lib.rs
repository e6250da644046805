//! The rooms of the house that a stranger's bytes reach, without the doors, so that fuzz targets build quickly.

#[path = "../src/document/mod.rs"]
pub mod document;
#[path = "../src/market/mod.rs"]
pub mod market;
#[path = "../src/process/mod.rs"]
pub mod process;
#[path = "../src/record/mod.rs"]
pub mod record;
#[path = "../src/spec/mod.rs"]
pub mod spec;
#[path = "../src/xml/mod.rs"]
pub mod xml;
