//! Records as a document: the same bytes that an integration would send.

use std::fmt::Write as _;

use super::rows::{Element, Record};
use crate::market::{ActorNumber, Timestamp};
use crate::process::files::Files;
use crate::xml::escape_text;

/// An id for a document of these records: 32 hexadecimal digits.
pub fn message_id(records: &[&Record]) -> String {
    let mut hash = blake3::Hasher::new();
    for record in records {
        hash.update(record.transaction_id.as_bytes());
    }
    hash.finalize().to_hex()[..32].to_string()
}

/// Who sends a document to whom, and by which table of columns.
pub struct Parties<'a> {
    pub files: &'static Files,
    pub sender: &'a ActorNumber,
    pub hub: &'a ActorNumber,
}

/// One document. All records are of one table.
pub fn write(records: &[&Record], message_id: &str, parties: &Parties, now: Timestamp) -> String {
    let mut out = String::new();
    let Some(first) = records.first() else { return out };
    let (name, namespace) = (first.table.document.name, first.table.document.namespace);
    let files = parties.files;
    let _ = write!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}_MarketDocument xmlns=\"{namespace}\">\n");
    value(&mut out, "mRID", message_id);
    value(&mut out, "type", first.table.document_type);
    value(&mut out, "process.processType", files.business_reason);
    value(&mut out, "businessSector.type", files.business_sector);
    for (party, side) in [(parties.sender, "sender"), (parties.hub, "receiver")] {
        let (scheme, number) = (party.coding_scheme(), escape_text(party.as_str()).into_owned());
        let element = format!("{side}_MarketParticipant.mRID");
        let _ = writeln!(out, "<{element} codingScheme=\"{scheme}\">{number}</{element}>");
        value(&mut out, &format!("{side}_MarketParticipant.marketRole.type"), files.role.code());
    }
    value(&mut out, "createdDateTime", &now.to_string());
    for record in records {
        out.push_str("<MktActivityRecord>\n");
        value(&mut out, "mRID", &record.transaction_id);
        for element in &record.elements {
            match element {
                Element::Value(name, text) => value(&mut out, name, text),
                Element::Group(name, values) => {
                    let _ = writeln!(out, "<{name}>");
                    values.iter().for_each(|(name, text)| value(&mut out, name, text));
                    let _ = writeln!(out, "</{name}>");
                }
            }
        }
        out.push_str("</MktActivityRecord>\n");
    }
    let _ = writeln!(out, "</{name}_MarketDocument>");
    out
}

fn value(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "<{name}>{}</{name}>", escape_text(text));
}
