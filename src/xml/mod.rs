//! Bytes to events and back, within limits.
//!
//! The reader is strict where its tokenizer is not: what passes here is a namespace-well-formed XML 1.0 document in
//! UTF-8 without a document type, and no larger in any direction than [`Limits`] allows. It builds no tree, borrows
//! what it hands out, and runs in linear time whatever arrives. It has never heard of a schema.

mod attributes;
mod chars;
mod declaration;
mod escape;
mod events;
mod limits;
mod names;
mod position;
mod reader;
mod tokens;

pub use attributes::Attribute;
pub use chars::{first_illegal, is_name, is_nc_name, is_nmtoken};
pub use escape::{escape_attribute, escape_text};
pub use limits::Limits;
pub use names::UNTAGGED;
pub use position::{Positions, positions_in};
pub use reader::{Event, Reader};

pub(crate) use chars::{is_name_char, is_name_start};
pub(crate) use declaration::Encoding;
pub(crate) use position::Walk;
pub(crate) use reader::{State, Then};

/// The namespace that the prefix `xml` is always bound to. Source: Namespaces in XML 1.0, section 3.
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";

/// The namespace of declarations themselves, which no prefix may be bound to. Source: as above.
pub const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";

/// Why the reader stopped: the document is not XML as we take it, or it is larger than we take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where, as an offset into the document as it arrived (a byte-order mark counts).
    pub byte: usize,
    /// Stable kebab-case word: `not-well-formed`, `doctype-refused`, `encoding-unsupported`, `depth-limit`, …
    pub code: &'static str,
    /// A sentence for whoever sent the document.
    pub message: String,
}

impl Malformed {
    pub(crate) fn new(byte: usize, message: impl Into<String>) -> Malformed {
        Malformed { byte, code: "not-well-formed", message: message.into() }
    }

    pub(crate) fn too_large(limits: &Limits) -> Malformed {
        let message = format!("A document may have at most {} bytes.", limits.body_bytes_max);
        Malformed::coded("body-limit", limits.body_bytes_max, message)
    }

    pub(crate) fn coded(code: &'static str, byte: usize, message: impl Into<String>) -> Malformed {
        Malformed { byte, code, message: message.into() }
    }
}
