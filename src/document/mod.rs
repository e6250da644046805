//! The header that all business documents share; how to read a document, how to write one.
//!
//! A document is known here as names and values, whatever wire form it came in: CIM XML today. Which processes
//! exist is not known here.

mod outgoing;
mod reading;

pub use outgoing::{Category, Field, Kind, Outgoing, Record};
pub use reading::{Header, HeaderReader, Reader, Refusal};
