//! Records as a document: the same bytes that an integration would send.

use std::fmt::Write as _;

use super::rows::{Element, Record};
use crate::market::{ActorNumber, Timestamp};
use crate::process::Incoming;
use crate::process::installation_accounts::{EntityKind, REQUESTS};
use crate::xml::escape_text;

/// The document that entities of this kind are delivered in.
pub fn incoming(kind: EntityKind) -> &'static Incoming {
    let found = REQUESTS.iter().find(|(_, delivered)| *delivered == kind);
    found.expect("every kind of entity has its request").0
}

/// An id for a document of these records: 32 hexadecimal digits.
pub fn message_id(records: &[&Record]) -> String {
    let mut hash = blake3::Hasher::new();
    for record in records {
        hash.update(record.transaction_id.as_bytes());
    }
    hash.finalize().to_hex()[..32].to_string()
}

/// One document. All records are of one kind.
pub fn write(records: &[&Record], message_id: &str, sender: &ActorNumber, hub: &ActorNumber, now: Timestamp) -> String {
    let mut out = String::new();
    let Some(first) = records.first() else { return out };
    let incoming = incoming(first.kind);
    let (name, namespace) = (incoming.name, incoming.namespace);
    let _ = write!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<{name}_MarketDocument xmlns=\"{namespace}\">\n");
    value(&mut out, "mRID", message_id);
    value(&mut out, "type", type_code(first.kind));
    value(&mut out, "process.processType", "S01");
    value(&mut out, "businessSector.type", "23");
    for (party, side) in [(sender, "sender"), (hub, "receiver")] {
        let (scheme, number) = (party.coding_scheme(), escape_text(party.as_str()).into_owned());
        let element = format!("{side}_MarketParticipant.mRID");
        let _ = writeln!(out, "<{element} codingScheme=\"{scheme}\">{number}</{element}>");
        value(&mut out, &format!("{side}_MarketParticipant.marketRole.type"), "DDQ");
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

fn type_code(kind: EntityKind) -> &'static str {
    match kind {
        EntityKind::BusinessPartner => "S02",
        EntityKind::ConnectionObject => "S03",
        EntityKind::Installation => "S04",
        EntityKind::ContractAccount => "S05",
        EntityKind::BillingContract => "S06",
        EntityKind::ProspectAccount => "S07",
    }
}
