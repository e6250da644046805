//! No document is longer than the bounds of one: what a decision sends is written once for all who are told the same, and
//! divided between records where it is too long (post-office 1.6, item 4).

use std::collections::BTreeSet;
use std::ops::Range;

use crate::document::{Outgoing, Record, cim_xml};
use crate::post_office::{Bounds, Subjects};

/// A rendered document of a decision.
pub(super) struct Document<'d> {
    pub outgoing: &'d Outgoing,
    /// Its own id: that of `outgoing`, unless it is one of several.
    pub message_id: String,
    /// Those of `outgoing` that it tells.
    pub records: &'d [Record],
    pub points: u64,
    pub about: Subjects,
    pub bytes: Vec<u8>,
    /// The byte at which its records begin.
    pub records_from: usize,
}

/// Rendered records, and which of their bytes go into one document.
pub(super) struct Parts {
    rendered: Vec<u8>,
    parts: Vec<Part>,
}

struct Part {
    bytes: Range<usize>,
    records: Range<usize>,
    points: u64,
    about: BTreeSet<u32>,
}

impl Parts {
    pub fn of(outgoing: &Outgoing, bounds: &Bounds) -> Self {
        let mut rendered = Vec::new();
        cim_xml::write_head(outgoing, &mut rendered);
        let around = HEADER_BYTES_MAX + rendered.len() as u64;
        rendered.clear();
        let bounds = &Bounds { bytes_max: bounds.bytes_max.saturating_sub(around), ..*bounds };
        let mut parts: Vec<Part> = Vec::new();
        for (nth, record) in outgoing.records.iter().enumerate() {
            let from = rendered.len();
            cim_xml::write_record(outgoing.kind, record, &mut rendered);
            let (to, points) = (rendered.len(), record.points());
            let about = record.subjects().into_iter().map(Subjects::number);
            match parts.last_mut() {
                Some(part) if part.takes(to, points, bounds) => {
                    part.bytes.end = to;
                    part.records.end = nth + 1;
                    part.points += points;
                    part.about.extend(about);
                }
                _ => parts.push(Part { bytes: from..to, records: nth..nth + 1, points, about: about.collect() }),
            }
        }
        Self { rendered, parts }
    }

    /// The documents that tell one receiver all of it.
    pub fn documents<'d>(&self, outgoing: &'d Outgoing) -> impl Iterator<Item = Document<'d>> {
        self.parts.iter().enumerate().map(move |(nth, part)| {
            let message_id = match nth {
                0 => outgoing.message_id.clone(),
                nth => later_id(&outgoing.message_id, nth),
            };
            let (bytes, records_from) = cim_xml::write_part(outgoing, &message_id, &self.rendered[part.bytes.clone()]);
            let (records, points) = (&outgoing.records[part.records.clone()], part.points);
            let about = part.about.iter().copied().collect();
            Document { outgoing, message_id, records, points, about, bytes, records_from }
        })
    }
}

impl Part {
    /// Whether another record, which ends at byte `to`, still fits; the bounds are those of the records.
    fn takes(&self, to: usize, points: u64, bounds: &Bounds) -> bool {
        let bytes = (to - self.bytes.start) as u64;
        let Bounds { records_max, points_max, bytes_max, .. } = *bounds;
        (self.records.len() as u64) < records_max && self.points + points <= points_max && bytes <= bytes_max
    }
}

/// The id of a document that goes on where another ended.
fn later_id(first: &str, nth: usize) -> String {
    blake3::hash(format!("{first}/{nth}").as_bytes()).to_hex()[..32].to_string()
}

/// What a document has around its head and records, at most.
const HEADER_BYTES_MAX: u64 = 4 * 1024;
