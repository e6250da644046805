//! The header that all business documents share; how to read a document, how to write one.
//!
//! A document is known here as names and values, whatever wire form it came in: CIM XML, CIM JSON or ebIX XML.
//! Which processes exist is not known here.

mod bearing;
mod bundled;
pub mod cim_json;
pub mod cim_xml;
pub mod ebix;
pub mod envelope;
mod glimpse;
mod mentions;
mod outgoing;
mod reading;
mod rsm;
mod schemas;
mod summary;
mod translated;
mod wire;

pub use bearing::{Bearing, Bearings};
pub use bundled::{Part, bundled};
pub use glimpse::{GLIMPSED_BYTES_MAX, glimpse};
pub use mentions::{Mentions, MentionsReader};
pub use outgoing::{Category, Field, Kind, Outgoing, Record};
#[cfg(test)]
pub use reading::feed;
pub use reading::{Header, HeaderReader, Reader, Refusal};
pub use rsm::rsm;
pub use schemas::{built_in, ebix as ebix_schema, ebix_roots, schema_for};
pub use summary::{RecordStatus, RecordSummary, Summary, SummaryReader};
pub use wire::{Wire, misfit, namespaces_like, read, read_from, recognise};
