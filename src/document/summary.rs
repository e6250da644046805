//! What a document says at a glance, whatever its kind: its header, and how each of its activity records fared.

use super::{Header, HeaderReader, Reader};

/// A document at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    pub header: Header,
    pub records: Vec<RecordSummary>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordSummary {
    /// The sender's transaction that it answers; the record's own id where it answers none.
    pub id: String,
    pub status: RecordStatus,
    /// Code and text of every reason, in order.
    pub reasons: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordStatus {
    /// Stands in a document with status `A01`.
    Accepted,
    /// Stands in a document with status `A02`, or in an acknowledgement, which only says what was wrong.
    Rejected,
    /// Stands in a document without a status: it tells, it does not answer.
    Notified,
}

impl RecordStatus {
    pub fn name(self) -> &'static str {
        match self {
            RecordStatus::Accepted => "accepted",
            RecordStatus::Rejected => "rejected",
            RecordStatus::Notified => "notified",
        }
    }
}

/// Collects a summary while a document is read.
#[derive(Debug, Default)]
pub struct SummaryReader {
    header: HeaderReader,
    status: Option<String>,
    records: Vec<RecordSummary>,
    depth: usize,
}

impl SummaryReader {
    pub fn finish(self) -> Summary {
        let status = match self.status.as_deref() {
            Some("A01") => RecordStatus::Accepted,
            Some("A02") => RecordStatus::Rejected,
            _ => RecordStatus::Notified,
        };
        let mut records = self.records;
        for record in records.iter_mut().filter(|record| record.status == RecordStatus::Notified) {
            record.status = status;
        }
        Summary { header: self.header.finish(), records }
    }
}

impl Reader for SummaryReader {
    fn open(&mut self, name: &str) {
        self.depth += 1;
        let begins = match name {
            "MktActivityRecord" => Some(RecordStatus::Notified),
            "Original_MktActivityRecord" => Some(RecordStatus::Rejected),
            _ => None,
        };
        if let Some(status) = begins.filter(|_| self.depth == RECORD) {
            self.records.push(RecordSummary { id: String::new(), status, reasons: Vec::new() });
        }
        if self.depth == RECORD + 1
            && name == "Reason"
            && let Some(record) = self.records.last_mut()
        {
            record.reasons.push(Default::default());
        }
    }

    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        if self.depth == HEADER {
            if name == "reason.code" {
                self.status = Some(value.to_string());
            } else {
                self.header.value(name, value);
            }
            return;
        }
        let Some(record) = self.records.last_mut() else { return };
        match (self.depth, name) {
            (RECORD, "mRID") => record.id = value.to_string(),
            (RECORD, "originalTransactionIDReference_MktActivityRecord.mRID") => record.id = value.to_string(),
            (REASON, "code" | "text") => {
                let Some((code, text)) = record.reasons.last_mut() else { return };
                *(if name == "code" { code } else { text }) = value.to_string();
            }
            _ => {}
        }
    }

    fn close(&mut self, _name: &str) {
        self.depth = self.depth.saturating_sub(1);
    }
}

/// How many elements are open around a value of the header, of a record, of a reason.
const HEADER: usize = 1;
const RECORD: usize = 2;
const REASON: usize = 3;
