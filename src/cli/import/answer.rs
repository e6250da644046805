//! What an imported document was answered with, record by record, as its sender will read it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use crate::archive::{self, Direction, LogEntry};
use crate::document::{self, Reader};
use crate::gateway::Gateway;
use crate::process::installation_accounts::{CONFIRM, REJECT};
use crate::spec::Specs;
use crate::store;
use crate::xml::Limits;

/// Log entries that are read at a time.
const PAGE_RECORDS: usize = 1_000;

/// Verdict and reasons by transaction id, from the documents that were sent after commit `taken_in` because of this one.
pub fn read(
    gateway: &Gateway,
    specs: &Specs,
    taken_in: u64,
    correlation_id: &str,
) -> Result<BTreeMap<String, (String, Vec<String>)>> {
    let mut found = BTreeMap::new();
    for record in store::records(&**gateway.store(), &archive::log_after(taken_in), PAGE_RECORDS) {
        let (_, entry) = record?;
        for logged in LogEntry::from_record(&entry).context("read the log of documents")? {
            let ours = logged.direction == Direction::Out && logged.correlation_id == correlation_id;
            let kind = [&CONFIRM, &REJECT].into_iter().find(|kind| kind.name == logged.document);
            let Some(kind) = kind.filter(|_| ours) else { continue };
            let body = gateway.store().body(&archive::body_key(entry.version, logged.place.part))?;
            let body = body.and_then(|body| logged.place.in_body(&body)).context("read an answer")?;
            let schema = specs.schema_for(kind.namespace).context("find the schema of an answer")?;
            let mut reader = AnswerReader::default();
            document::read(schema, &body, &Limits::default(), &mut reader);
            found.extend(reader.found);
        }
    }
    Ok(found)
}

#[derive(Default)]
struct AnswerReader {
    found: BTreeMap<String, (String, Vec<String>)>,
    transaction_id: String,
    verdict: String,
    reasons: Vec<String>,
    entity: String,
}

impl Reader for AnswerReader {
    fn open(&mut self, name: &str) {
        if name == "MktActivityRecord" {
            (self.verdict, self.reasons) = ("rejected".into(), Vec::new());
        }
    }

    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        match name {
            "originalTransactionIDReference_MktActivityRecord.mRID" => self.transaction_id = value.to_string(),
            "outcome" => self.verdict = value.to_string(),
            "text" => self.reasons.push(value.to_string()),
            "entity" => self.entity = value.to_string(),
            "number" => self.reasons.push(format!("waiting for {} {value}", self.entity)),
            _ => {}
        }
    }

    fn close(&mut self, name: &str) {
        if name == "MktActivityRecord" {
            let answer = (std::mem::take(&mut self.verdict), std::mem::take(&mut self.reasons));
            self.found.insert(std::mem::take(&mut self.transaction_id), answer);
        }
    }
}
