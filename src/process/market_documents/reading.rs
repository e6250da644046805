//! Reading: one reader for all these documents, which knows the header and where a record begins; the rest is the record's.

use super::door::{self, Door};
use super::{Said, Sent, SentRecord};
use crate::document::{Header, HeaderReader, Reader, Refusal};
use crate::process::{Refused, Request, RequestReader};

/// Most refusals that one document is answered with; who sends more flaws than this will not miss the rest.
pub const REFUSALS_MAX: usize = 100;

/// The reader of a document that some process takes in, as [`crate::process::Incoming`] wants it.
pub fn reader<R: SentRecord>() -> Box<dyn RequestReader>
where
    Sent<R>: Request,
{
    Box::new(DocumentReader::<R>::default())
}

/// Collects one document whose records are `R`.
#[derive(Debug, Default)]
pub struct DocumentReader<R> {
    header: HeaderReader,
    reason_code: Option<String>,
    /// Where the values of the header stand.
    places: Vec<(String, usize)>,
    /// The open elements below the root, from the record on; empty in the header.
    groups: Vec<String>,
    /// Attributes of the element whose value comes next.
    coding_scheme: String,
    unit: String,
    draft: R,
    records: Vec<R>,
    /// What is wrong with records' ids.
    refusals: Vec<Refusal>,
    root_seen: bool,
}

impl<R: SentRecord> Reader for DocumentReader<R> {
    fn open(&mut self, name: &str) {
        if !self.root_seen {
            self.root_seen = true;
        } else if !self.groups.is_empty() {
            self.draft.open(name);
            self.groups.push(name.to_string());
        } else if name == RECORD {
            self.draft = R::default();
            self.groups.push(name.to_string());
        }
    }

    fn attribute(&mut self, _element: &str, name: &str, value: &str) {
        let kept = match name {
            "codingScheme" => &mut self.coding_scheme,
            "unit" => &mut self.unit,
            _ => return,
        };
        kept.clear();
        kept.push_str(value);
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        // Market-roles 1.3: identifiers are trimmed before anything is asked of them.
        let value = if name.ends_with(ID) { value.trim() } else { value };
        match self.groups.last() {
            Some(group) => {
                let said = Said { text: value, coding_scheme: &self.coding_scheme, unit: &self.unit };
                self.draft.take(group, name, &said);
                if name == ID && self.groups.len() == 1 && self.refusals.len() < REFUSALS_MAX {
                    self.refusals.extend(door::transaction_id_turned_away(value, byte));
                }
            }
            None if name == "reason.code" => self.reason_code = Some(value.to_string()),
            None => {
                if self.header.value(name, value) && self.places.len() < HEADER_VALUES_MAX {
                    self.places.push((name.to_string(), byte));
                }
            }
        }
        self.coding_scheme.clear();
        self.unit.clear();
    }

    fn close(&mut self, _name: &str) {
        if self.groups.pop().is_some() && self.groups.is_empty() {
            self.records.push(std::mem::take(&mut self.draft));
        }
    }
}

impl<R: SentRecord> RequestReader for DocumentReader<R>
where
    Sent<R>: Request,
{
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        let (sent, refusals) = self.read();
        Refused::unless_none(refusals, sent)
    }
}

impl<R: SentRecord> DocumentReader<R> {
    /// [`RequestReader::finish`], with its type still known.
    pub fn finish_typed(self) -> Result<Sent<R>, Vec<Refusal>> {
        let (sent, refusals) = self.read();
        if refusals.is_empty() { Ok(sent) } else { Err(refusals) }
    }

    /// The document, and why it is turned away.
    fn read(self) -> (Sent<R>, Vec<Refusal>) {
        let Self { header, reason_code, places, records, refusals, .. } = self;
        let header: Header = header.finish();
        let place = |element: &str| places.iter().find(|(name, _)| name == element).map(|(_, byte)| *byte);
        let door: Door = R::DOOR;
        let mut turned_away = door.turned_away(&header, place);
        turned_away.extend(refusals);
        (Sent { header, reason_code, records }, turned_away)
    }
}

/// How the element of an identifier is called, or ends.
const ID: &str = "mRID";
/// The element of a record.
const RECORD: &str = "MktActivityRecord";
/// The header has nine; a flawed document may repeat them.
const HEADER_VALUES_MAX: usize = 16;
