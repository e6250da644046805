//! What an imported document was answered with, record by record, as its sender will read it.

use anyhow::{Context, Result};

use crate::archive::{self, Direction, LogEntry};
use crate::document;
use crate::gateway::Gateway;
use crate::process::files::{Files, Verdicts};
use crate::spec::Specs;
use crate::store;
use crate::xml::Limits;

/// Log entries that are read at a time.
const PAGE_RECORDS: usize = 1_000;

/// The verdicts of the documents that were sent after commit `taken_in` because of this one.
pub fn read(files: &Files, gateway: &Gateway, specs: &Specs, taken_in: u64, correlation_id: &str) -> Result<Verdicts> {
    let mut found = Verdicts::new();
    for record in store::records(&**gateway.store(), &archive::log_after(taken_in), PAGE_RECORDS) {
        let (_, entry) = record?;
        for logged in LogEntry::from_record(&entry).context("read the log of documents")? {
            let ours = logged.direction == Direction::Out && logged.correlation_id == correlation_id;
            let kind = files.answers.iter().find(|kind| kind.name == logged.document);
            let Some(kind) = kind.filter(|_| ours) else { continue };
            let body = gateway.store().body(&archive::body_key(entry.version, logged.place.part))?;
            let body = body.and_then(|body| logged.place.in_body(&body)).context("read an answer")?;
            let schema = specs.schema_for(kind.namespace).context("find the schema of an answer")?;
            let mut reader = (files.answer_reader)();
            document::read(schema, &body, &Limits::default(), &mut *reader);
            found.extend(reader.finish());
        }
        // A decision answers all of a document, in one commit.
        if !found.is_empty() {
            break;
        }
    }
    Ok(found)
}
