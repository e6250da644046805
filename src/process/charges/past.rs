//! What was known of a charge when, and which messages were about it: its history, read from the first operation on.
//!
//! A charge may have a long history, so it is handed in record by record, and only what is asked for is kept. Source:
//! charges 10.3 and 10.4.

use serde::Serialize;

use super::record::{self, Accepted, Rejected, Said};
use super::state::{ChargeIdentity, ChargeState, PricePoint};
use super::view::{self, PeriodRow};
use crate::market::{Period, Timestamp};
use crate::record::{Entry, Key, KeyRange};

/// An operation on a charge as it was asked for, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageRow {
    pub document_id: String,
    pub transaction_id: String,
    /// `D18` or `D08`.
    pub business_reason: &'static str,
    pub received: String,
    /// `accepted` or `rejected`.
    pub verdict: &'static str,
    /// The rules that it broke, such as `VR.209`.
    pub broken: Vec<String>,
}

/// An accepted operation, and what it did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OperationRow {
    pub accepted: String,
    /// Nothing for what a world file knew from the start.
    pub document_id: Option<String>,
    pub transaction_id: Option<String>,
    /// `create`, `update`, `stop`, `cancel stop` or `prices`.
    pub operation: &'static str,
    pub start: String,
    /// Of prices: the end of their interval.
    pub end: Option<String>,
    /// The data that charge information came with, whether it was applied (a stop applies none).
    pub name: Option<String>,
    pub description: Option<String>,
    pub vat_class: Option<&'static str>,
    pub transparent_invoicing: Option<bool>,
    /// How many prices a series has.
    pub prices: Option<usize>,
}

/// The history of a charge, done again up to an instant of knowledge.
pub struct Past {
    state: ChargeState,
    known_at: Timestamp,
    operations: Vec<OperationRow>,
}

/// Where a charge's accepted operations are, in the order in which they took effect.
pub fn accepted(identity: &ChargeIdentity) -> KeyRange {
    record::history(identity)
}

/// Where its rejected operations are, in the order in which they were decided.
pub fn rejected(identity: &ChargeIdentity) -> KeyRange {
    record::rejected(identity)
}

impl Past {
    pub fn new(identity: ChargeIdentity, known_at: Timestamp) -> Self {
        Self { state: ChargeState::unknown(identity), known_at, operations: Vec::new() }
    }

    /// Does the next accepted operation, unless it came later.
    pub fn see(&mut self, entry: &Entry) {
        let Accepted { at, document_id, transaction_id, said } = record::read_history(&entry.value);
        if at > self.known_at {
            return;
        }
        let (start, end, count) = match &said {
            Said::Information { start, .. } => (*start, None, None),
            Said::Prices { interval, points, .. } => {
                (interval.start, Some(interval.end.to_string()), Some(points.len()))
            }
        };
        let mut row = OperationRow {
            accepted: at.to_string(),
            document_id: Some(document_id).filter(|id| !id.is_empty()),
            transaction_id: Some(transaction_id).filter(|id| !id.is_empty()),
            operation: "prices",
            start: start.to_string(),
            end,
            name: None,
            description: None,
            vat_class: None,
            transparent_invoicing: None,
            prices: count,
        };
        if let Said::Information { data, .. } = &said {
            row.name = Some(data.name.clone());
            row.description = Some(data.description.clone());
            row.vat_class = Some(data.vat_class.code());
            row.transparent_invoicing = Some(data.transparent_invoicing);
        }
        match (self.again(said), self.operations.last_mut()) {
            (Some(operation), _) => self.operations.push(OperationRow { operation, ..row }),
            (None, Some(series)) => series.prices = series.prices.zip(count).map(|(before, more)| before + more),
            (None, None) => {}
        }
    }

    /// What it was, or nothing when it goes on with a long series.
    fn again(&mut self, said: Said) -> Option<&'static str> {
        let state = &mut self.state;
        match said {
            Said::Information { start, stops, tax_indicator, resolution, data } => {
                let stop = state.charge().map(|charge| charge.stop);
                Some(match stop {
                    None => {
                        state.create(start, tax_indicator, resolution, data);
                        "create"
                    }
                    Some(_) if stops => {
                        state.stop(start);
                        "stop"
                    }
                    Some(stop) if stop == start => {
                        state.cancel_stop(data);
                        "cancel stop"
                    }
                    Some(_) => {
                        state.update(start, data);
                        "update"
                    }
                })
            }
            Said::Prices { interval, points, .. } => {
                let (first, last) = (points.first()?.period, points.last()?.period);
                // A long series is kept in parts, each of which says the whole interval; the first makes room for all.
                let is_first = first.start == interval.start;
                state.replace_prices(if is_first { interval } else { Period::new(first.start, last.end) }, &points);
                is_first.then_some("prices")
            }
        }
    }

    /// The timeline as it was known.
    pub fn timeline(&self) -> Vec<PeriodRow> {
        let Some(charge) = self.state.charge() else { return Vec::new() };
        view::rows(&self.state.identity, charge, self.state.timeline())
    }

    /// The operations, the newest first.
    pub fn operations(mut self, cut: view::Cut) -> view::Page<OperationRow> {
        self.operations.reverse();
        view::page(self.operations, cut, |row| row)
    }

    /// The prices as they were known, of those that apply at some time within `interval`.
    pub fn prices(&self, interval: Period) -> Vec<PricePoint> {
        self.state.prices().filter(|point| view::applies_within(point, interval)).copied().collect()
    }
}

/// The messages about a charge, accepted and rejected, each with the place by which they are sorted.
#[derive(Default)]
pub struct Messages(Vec<((u64, u64), MessageRow)>);

impl Messages {
    pub fn see_accepted(&mut self, identity: &ChargeIdentity, key: &Key, entry: &Entry, received: Period) {
        let accepted = record::read_history(&entry.value);
        let place = record::read_place(identity, key);
        let again = self.0.last().is_some_and(|(last, _)| *last == place);
        // What a world file knew from the start was in no message; a long series is kept in several parts.
        if accepted.document_id.is_empty() || again || !received.contains(accepted.at) {
            return;
        }
        let row = MessageRow {
            document_id: accepted.document_id,
            transaction_id: accepted.transaction_id,
            business_reason: reason(matches!(accepted.said, Said::Prices { .. })),
            received: accepted.at.to_string(),
            verdict: "accepted",
            broken: Vec::new(),
        };
        self.0.push((place, row));
    }

    pub fn see_rejected(&mut self, identity: &ChargeIdentity, key: &Key, entry: &Entry, received: Period) {
        let Rejected { at, document_id, transaction_id, prices, broken } = record::read_rejected(&entry.value);
        if received.contains(at) {
            let (business_reason, received, verdict) = (reason(prices), at.to_string(), "rejected");
            let row = MessageRow { document_id, transaction_id, business_reason, received, verdict, broken };
            self.0.push((record::read_place(identity, key), row));
        }
    }

    /// The newest first; operations of one document in the reverse of its order.
    pub fn rows(mut self, cut: view::Cut) -> view::Page<MessageRow> {
        self.0.sort_by(|(a, _), (b, _)| b.cmp(a));
        view::page(self.0, cut, |(_, row)| row)
    }
}

fn reason(prices: bool) -> &'static str {
    if prices { super::request::REASON_PRICES } else { super::request::REASON_INFORMATION }
}
