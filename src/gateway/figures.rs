//! The figures of the road and of the post office, for `/metrics` (post-office 6.5). Those that say what waits now are put in when
//! they are asked for (`depth`); all others add up what happens, from the start of the process on.

use std::time::{Duration, Instant};

use crate::document::Category;
use crate::market::Timestamp;

/// What an operator is woken by is there from the start, so that its first increase is seen as one.
pub fn begin() {
    for what in ["messages_parked", "timers_parked", "errands_parked", "bundles_given_up", "documents_quarantined"] {
        metrics::counter!(format!("gridpost_{what}_total")).increment(0);
    }
}

/// A document has been checked against its schema and read.
pub(super) fn read(began: Instant) {
    metrics::histogram!("gridpost_reading_seconds").record(began.elapsed());
}

/// A document is in the archive and in the inbox, on disk.
pub(super) fn taken_in(began: Instant) {
    metrics::histogram!("gridpost_taking_in_seconds").record(began.elapsed());
}

/// A decision was made; it is not on disk yet.
pub(super) fn decided(began: Instant) {
    metrics::histogram!("gridpost_deciding_seconds").record(began.elapsed());
}

/// What was decided about a document is on disk, so long after its sender was answered.
pub(super) fn settled(arrived: Instant) {
    metrics::histogram!("gridpost_settling_seconds").record(arrived.elapsed());
}

/// A document was made, and is not on disk yet.
pub(super) fn made(document: &'static str) {
    metrics::counter!("gridpost_documents_out_total", "document" => document).increment(1);
}

/// A document has joined a queue, also one that comes back from quarantine.
pub(super) fn joined(category: Category) {
    metrics::counter!("gridpost_documents_queued_total", "category" => category.name()).increment(1);
}

/// A document has left its queue, dequeued by its receiver.
pub(super) fn dequeued(category: Category, enqueued: Timestamp, now: Timestamp) {
    metrics::counter!("gridpost_documents_dequeued_total", "category" => category.name()).increment(1);
    metrics::histogram!("gridpost_waiting_seconds", "category" => category.name()).record(between(enqueued, now));
}

/// So many documents have been moved aside.
pub(super) fn quarantined(documents: usize) {
    metrics::counter!("gridpost_documents_quarantined_total").increment(documents as u64);
}

/// So many documents stand aside.
pub(super) fn stand_aside(documents: i64) {
    metrics::gauge!("gridpost_quarantine_documents").set(documents as f64);
}

/// So many documents wait in a category, where that is known, and the oldest since then.
pub(super) fn waits(category: Category, documents: Option<u64>, oldest: Option<Timestamp>, now: Timestamp) {
    if let Some(documents) = documents {
        metrics::gauge!("gridpost_queue_documents", "category" => category.name()).set(documents as f64);
    }
    let age = oldest.map_or(Duration::ZERO, |enqueued| between(enqueued, now));
    metrics::gauge!("gridpost_queue_oldest_age_seconds", "category" => category.name()).set(age.as_secs_f64());
}

/// So many documents, enqueued between two moments, have become one. It took so long to put together and to check.
pub(super) fn bundled(category: Category, documents: usize, span: (Timestamp, Timestamp), began: Instant) {
    metrics::counter!("gridpost_bundles_closed_total").increment(1);
    metrics::counter!("gridpost_documents_bundled_total", "category" => category.name())
        .increment(documents.saturating_sub(1) as u64);
    metrics::histogram!("gridpost_bundle_documents").record(documents as f64);
    metrics::histogram!("gridpost_bundle_span_seconds").record(between(span.0, span.1));
    metrics::histogram!("gridpost_bundling_seconds").record(began.elapsed());
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::from_micros(u64::try_from(to.micros() - from.micros()).unwrap_or(0))
}
