//! The SOAP envelope in which ebIX clients send and fetch documents: SOAP 1.1, document/literal (post-office 2.7.1).
//!
//! An envelope is read in one pass. The document in it is cut out byte for byte, so that the archive has what its sender
//! wrote; only where it leans on namespaces that are declared around it are these declarations copied into its root.

mod read;
mod write;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::market::Timestamp;

pub use read::read;
pub use write::{Answer, done, fault, found, given, ids, sent};

/// What a client asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    SendMessage(Container),
    PeekMessage,
    DequeueMessage { message_id: String },
    GetMessage { message_id: String },
    GetMessageIds { from: Timestamp, to: Timestamp },
    QueryData(Payload),
}

/// `MessageContainer`: a document and what is written on its wrapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The transport's own id of the container.
    pub reference: String,
    /// The root's name without `DK_`.
    pub document_type: String,
    pub payload: Payload,
}

/// A document that stood in an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// The root's local name.
    pub root: String,
    pub document: Bytes,
}

/// Why an envelope cannot be read, with the fault code that SOAP 1.1 has for it (4.4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    pub code: &'static str,
    pub message: String,
}

impl Request {
    /// As `SOAPAction` has it.
    pub fn operation(&self) -> &'static str {
        match self {
            Request::SendMessage(_) => "sendMessage",
            Request::PeekMessage => "peekMessage",
            Request::DequeueMessage { .. } => "dequeueMessage",
            Request::GetMessage { .. } => "getMessage",
            Request::GetMessageIds { .. } => "getMessageIds",
            Request::QueryData(_) => "queryData",
        }
    }
}

/// What `DocumentType` says of a document with this root: its name without `DK_`; of a CIM document that has no ebIX form,
/// without `_MarketDocument`.
pub fn document_type(root: &str) -> &str {
    root.strip_prefix("DK_").unwrap_or(root).trim_end_matches("_MarketDocument")
}

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The actor that is whoever gets the message next: us.
const NEXT: &str = "http://schemas.xmlsoap.org/soap/actor/next";
const B2B: &str = "urn:www:datahub:dk:b2b:v01";
