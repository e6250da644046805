//! The CIM XML form: the same names in the same order as the model, in the document's own namespace.

use super::{Field, Kind, Outgoing, Reader, Record};
use crate::spec::{self, Handler, Schema, Verdict};
use crate::xml::{Limits, escape_attribute, escape_text};

/// Checks `bytes` against `schema` and hands what they say to `reader`, in one pass.
pub fn read(schema: &Schema, bytes: &[u8], limits: &Limits, reader: &mut dyn Reader) -> Verdict {
    spec::check(schema, bytes, limits, &mut Pass(reader))
}

/// Hands a document's reader what the check of its XML says.
pub struct Pass<'a>(pub &'a mut dyn Reader);

impl Handler for Pass<'_> {
    fn open(&mut self, name: &str) {
        self.0.open(name);
    }

    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        self.0.attribute(element, name, value);
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        self.0.value(name, value, byte);
    }

    fn default_value(&mut self, name: &str, value: &str, byte: usize) {
        self.0.default_value(name, value, byte);
    }

    fn close(&mut self, name: &str) {
        self.0.close(name);
    }
}

/// Renders records, one behind the other.
pub fn write_records(kind: &Kind, records: &[Record]) -> Vec<u8> {
    let mut out = Vec::new();
    for record in records {
        write_record(kind, record, &mut out);
    }
    out
}

/// Renders a record behind what `out` holds.
pub fn write_record(kind: &Kind, record: &Record, out: &mut Vec<u8>) {
    if !kind.is_typeless() {
        write_group(out, "MktActivityRecord", &record.fields, 1);
    } else if !record.fields.is_empty() {
        write_group(out, "Original_MktActivityRecord", &record.fields, 1);
    }
}

/// Renders what stands between header and records.
pub fn write_head(outgoing: &Outgoing, out: &mut Vec<u8>) {
    write_fields(out, &outgoing.head, 1);
}

/// Renders the whole document around its records.
pub fn write(outgoing: &Outgoing, records: &[u8]) -> Vec<u8> {
    write_part(outgoing, &outgoing.message_id, records).0
}

/// Renders a document with an id of its own around some of the records: UTF-8 without byte-order mark, prefix `cim`, no
/// schema location (post-office 3.3, charges 7.2). Says at which byte the records begin.
pub fn write_part(outgoing: &Outgoing, message_id: &str, records: &[u8]) -> (Vec<u8>, usize) {
    let root = outgoing.kind.root();
    let mut out = Vec::with_capacity(1_200 + records.len());
    out.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<cim:");
    out.extend_from_slice(root.as_bytes());
    out.extend_from_slice(b" xmlns:cim=\"");
    out.extend_from_slice(escape_attribute(outgoing.kind.namespace).as_bytes());
    out.extend_from_slice(b"\">\n");
    let (sender, receiver) = (&outgoing.sender, &outgoing.receiver);
    write_value(&mut out, "mRID", None, message_id, 1);
    if !outgoing.kind.is_typeless() {
        write_value(&mut out, "type", None, outgoing.kind.type_code, 1);
        write_value(&mut out, "process.processType", None, &outgoing.business_reason, 1);
    }
    write_value(&mut out, "businessSector.type", None, ELECTRICITY, 1);
    for (party, number, role) in [
        (sender, "sender_MarketParticipant.mRID", "sender_MarketParticipant.marketRole.type"),
        (receiver, "receiver_MarketParticipant.mRID", "receiver_MarketParticipant.marketRole.type"),
    ] {
        let scheme = Some((CODING_SCHEME, party.number.coding_scheme()));
        write_value(&mut out, number, scheme, party.number.as_str(), 1);
        write_value(&mut out, role, None, party.role.code(), 1);
    }
    write_value(&mut out, "createdDateTime", None, &outgoing.created.to_string(), 1);
    if let Some(status) = outgoing.kind.status {
        write_value(&mut out, "reason.code", None, status, 1);
    }
    write_head(outgoing, &mut out);
    let records_from = out.len();
    out.extend_from_slice(records);
    out.extend_from_slice(b"</cim:");
    out.extend_from_slice(root.as_bytes());
    out.extend_from_slice(b">\n");
    (out, records_from)
}

fn write_group(out: &mut Vec<u8>, name: &str, fields: &[Field], depth: usize) {
    indent(out, depth);
    out.extend_from_slice(b"<cim:");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
    write_fields(out, fields, depth + 1);
    indent(out, depth);
    out.extend_from_slice(b"</cim:");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
}

fn write_fields(out: &mut Vec<u8>, fields: &[Field], depth: usize) {
    for field in fields {
        match field {
            Field::Text(name, value) | Field::Code(name, value) | Field::Number(name, value) => {
                write_value(out, name, None, value, depth);
            }
            Field::Id(name, scheme, value) => write_value(out, name, Some((CODING_SCHEME, scheme)), value, depth),
            Field::Attributed(name, attribute, said, value) => {
                write_value(out, name, Some((attribute, said)), value, depth);
            }
            Field::Group(name, fields) | Field::Item(name, fields) => write_group(out, name, fields, depth),
        }
    }
}

fn write_value(out: &mut Vec<u8>, name: &str, attribute: Option<(&str, &str)>, value: &str, depth: usize) {
    indent(out, depth);
    out.extend_from_slice(b"<cim:");
    out.extend_from_slice(name.as_bytes());
    if let Some((attribute, said)) = attribute {
        out.push(b' ');
        out.extend_from_slice(attribute.as_bytes());
        out.extend_from_slice(b"=\"");
        out.extend_from_slice(escape_attribute(said).as_bytes());
        out.push(b'"');
    }
    out.push(b'>');
    out.extend_from_slice(escape_text(value).as_bytes());
    out.extend_from_slice(b"</cim:");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b">\n");
}

fn indent(out: &mut Vec<u8>, depth: usize) {
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

/// The attribute that says who gave out a number.
const CODING_SCHEME: &str = "codingScheme";
/// Sector code of electricity.
const ELECTRICITY: &str = "23";
