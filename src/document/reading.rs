//! Reading: a document arrives as names and values in order, and ends as a typed request or a list of refusals.

use crate::market::ActorNumber;

/// Takes in what a document says, in document order. Names are local names, without prefix.
///
/// The schema has its own say in the same pass, and a reader's result is only asked for when the schema found no flaw.
/// So a reader may rely on order, cardinality and lexical forms, but must survive anything: it also sees the values of
/// documents that turn out to be flawed.
pub trait Reader: Send {
    /// An element with children opens.
    fn open(&mut self, name: &str);
    /// An attribute of the element whose `value` comes next, such as `codingScheme` or `unit`. Most readers know from a
    /// number's length who gave it out, and do not ask.
    fn attribute(&mut self, _element: &str, _name: &str, _value: &str) {}
    /// An element with text: its white space as the schema's type says, its place as a byte offset in the document.
    fn value(&mut self, name: &str, value: &str, byte: usize);
    /// An empty element, and what stands for it by the schema. Whether it is asked is for the market's rules to say: not where what
    /// is empty says nothing (charges 3.2), but elsewhere (market-roles 5.3).
    fn default_value(&mut self, name: &str, default: &str, byte: usize) {
        self.value(name, default, byte);
    }
    /// An element with children closes.
    fn close(&mut self, name: &str);
}

/// One reason why a document that follows its schema is not taken in (charges 3.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The code of the error document, such as `B2B-005`.
    pub code: &'static str,
    /// What the error is about, such as `MessageId`; the `Target` of the error document.
    pub target: Option<&'static str>,
    /// A sentence: what was wrong, and what to do.
    pub message: String,
    /// Where in the document, as a byte offset, if one place is to blame.
    pub byte: Option<usize>,
}

/// The header that every CIM document begins with (post-office 3.3), as the sender wrote it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Header {
    pub message_id: String,
    /// Document type code, such as `D10`.
    pub document_type: String,
    /// Business reason, such as `D08`.
    pub business_reason: String,
    pub business_sector: Option<String>,
    pub sender_number: String,
    /// Role code as written; it may be one that we have no [`crate::market::ActorRole`] for.
    pub sender_role: String,
    pub receiver_number: String,
    pub receiver_role: String,
    /// The sender's clock; informative.
    pub created: String,
}

impl Header {
    pub fn sender(&self) -> ActorNumber {
        ActorNumber::new(&*self.sender_number)
    }
}

/// Collects the header's values; a document's own reader hands on what it does not know itself.
#[derive(Debug, Default)]
pub struct HeaderReader {
    header: Header,
}

impl HeaderReader {
    /// Takes a value that stands directly below the root. Returns whether it belongs to the header.
    pub fn value(&mut self, name: &str, value: &str) -> bool {
        let header = &mut self.header;
        let field = match name {
            "mRID" => &mut header.message_id,
            "type" => &mut header.document_type,
            "process.processType" => &mut header.business_reason,
            "businessSector.type" => header.business_sector.insert(String::new()),
            "sender_MarketParticipant.mRID" => &mut header.sender_number,
            "sender_MarketParticipant.marketRole.type" => &mut header.sender_role,
            "receiver_MarketParticipant.mRID" => &mut header.receiver_number,
            "receiver_MarketParticipant.marketRole.type" => &mut header.receiver_role,
            "createdDateTime" => &mut header.created,
            _ => return false,
        };
        field.clear();
        field.push_str(value);
        true
    }

    pub fn finish(self) -> Header {
        self.header
    }
}

/// Reads `name`, `/name` and `name=value`, separated by semicolons, within a root; a value's place is its number in that
/// list.
#[cfg(test)]
pub fn feed(reader: &mut dyn Reader, root: &str, text: &str) {
    reader.open(root);
    for (byte, part) in text.split(';').map(str::trim_start).enumerate() {
        match (part.split_once('='), part.strip_prefix('/')) {
            (Some((name, value)), _) => reader.value(name, value, byte),
            (None, Some(name)) => reader.close(name),
            (None, None) => reader.open(part),
        }
    }
    reader.close(root);
}
