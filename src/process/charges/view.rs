//! What may be seen of charges: plain structs, each read from the facts that its own needs name.
//!
//! A view commits nothing, so nobody minds that a range here is guarded by a record that says little. Source: charges 10.

use std::collections::BTreeSet;

use serde::Serialize;

use super::record::{self, Accepted, Said};
use super::state::{Charge, ChargeIdentity, ChargeState, MasterData, PricePoint};
use crate::market::{ActorNumber, ChargeType, Period, Resolution, Timestamp};
use crate::record::{Facts, Key, KeyRange, Needs};

/// One period of a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeriodRow {
    pub charge_id: String,
    /// Code, such as `D03`.
    pub charge_type: &'static str,
    pub owner: String,
    pub resolution: &'static str,
    pub tax: bool,
    pub name: String,
    pub description: String,
    pub vat_class: &'static str,
    pub transparent_invoicing: bool,
    pub valid_from: String,
    /// Nothing while it is open.
    pub valid_to: Option<String>,
}

/// A price and when it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceRow {
    pub price: String,
    pub from: String,
    pub to: String,
}

/// A part of a longer list, and how long the list is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Page<T> {
    pub total: usize,
    pub rows: Vec<T>,
}

/// An accepted operation on a charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MessageRow {
    pub document_id: String,
    pub transaction_id: String,
    /// `D18` or `D08`.
    pub business_reason: &'static str,
    pub received: String,
}

/// Which charges are looked for; what is empty admits all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Part of the charge's id, or of its name in any period.
    pub text: String,
    pub owners: BTreeSet<ActorNumber>,
    pub types: BTreeSet<ChargeType>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriceOrder {
    Time,
    Price,
}

/// From row `skip` on, at most `take` rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub skip: usize,
    pub take: usize,
}

pub const EVERYTHING: Cut = Cut { skip: 0, take: usize::MAX };

pub fn timeline_needs(identity: &ChargeIdentity) -> Needs {
    Needs::default().range(record::periods(identity), record::charge_key(identity))
}

/// The periods of a charge in order; none when it is unknown. Needs: [`timeline_needs`].
pub fn timeline(facts: &Facts, identity: &ChargeIdentity) -> Vec<PeriodRow> {
    let Some(charge) = charge(facts, identity) else { return Vec::new() };
    let periods = facts.range(&record::periods(identity)).iter().map(|(key, entry)| (key, entry));
    rows(identity, &charge, record::read_timeline(&charge, periods))
}

/// What is valid at an instant. Needs: [`timeline_needs`].
pub fn valid_at(facts: &Facts, identity: &ChargeIdentity, at: Timestamp) -> Option<PeriodRow> {
    let charge = charge(facts, identity)?;
    let periods = facts.range(&record::periods(identity)).iter().map(|(key, entry)| (key, entry));
    let timeline = record::read_timeline(&charge, periods);
    let valid = timeline.into_iter().find(|(period, _)| period.contains(at))?;
    rows(identity, &charge, vec![valid]).pop()
}

/// Every charge with all its periods.
pub fn search_needs() -> Needs {
    let nobody = Key::new(record::CHARGES);
    Needs::default().range(record::all_charges(), nobody.clone()).range(all_periods(), nobody)
}

/// The charges that pass the filter, by charge id, newest period first. Needs: [`search_needs`].
pub fn search(facts: &Facts, filter: &Filter) -> Vec<PeriodRow> {
    let mut periods = facts.range(&all_periods()).iter().map(|(key, entry)| (key, entry)).peekable();
    let mut found = Vec::new();
    for (key, entry) in facts.range(&record::all_charges()) {
        let identity = record::read_identity(key);
        let mut own = Vec::new();
        // Both ranges are in the order of owner, type and id.
        while let Some(period) = periods.next_if(|(key, _)| record::read_identity(key) <= identity) {
            own.push(period);
        }
        let owned = filter.owners.is_empty() || filter.owners.contains(&identity.owner);
        let typed = filter.types.is_empty() || filter.types.contains(&identity.charge_type);
        if owned && typed {
            let charge = record::read_charge(&entry.value);
            let timeline = record::read_timeline(&charge, own);
            let named = timeline.iter().any(|(_, data)| data.name.contains(&filter.text));
            if named || identity.id.contains(&filter.text) {
                let mut rows = rows(&identity, &charge, timeline);
                rows.reverse();
                found.extend(rows);
            }
        }
    }
    found.sort_by(|a, b| a.charge_id.cmp(&b.charge_id));
    found
}

pub fn prices_needs(identity: &ChargeIdentity, interval: Period) -> Needs {
    Needs::default().range(blocks(identity, interval), record::charge_key(identity))
}

/// The prices that apply at some time within `interval`. Needs: [`prices_needs`].
pub fn prices(
    facts: &Facts,
    identity: &ChargeIdentity,
    interval: Period,
    order: PriceOrder,
    cut: Cut,
) -> Page<PriceRow> {
    let mut points = price_points(facts, identity, interval);
    if order == PriceOrder::Price {
        points.sort_by_key(|point| (point.price, point.period.start));
    }
    page(points, cut, |point| PriceRow {
        price: point.price.to_string(),
        from: point.period.start.to_string(),
        to: point.period.end.to_string(),
    })
}

/// The same as they are kept. Needs: [`prices_needs`].
pub fn price_points(facts: &Facts, identity: &ChargeIdentity, interval: Period) -> Vec<PricePoint> {
    let blocks = facts.range(&blocks(identity, interval)).iter();
    let points = blocks.flat_map(|(_, entry)| record::read_block(&entry.value));
    points.filter(|it| it.period.start < interval.end && interval.start < it.period.end).collect()
}

pub fn history_needs(identity: &ChargeIdentity) -> Needs {
    Needs::default().range(record::history(identity), record::charge_key(identity))
}

/// The timeline as it was known at `at`: every operation accepted by then, done again. Needs: [`history_needs`].
pub fn known_at(facts: &Facts, identity: &ChargeIdentity, at: Timestamp) -> Vec<PeriodRow> {
    let mut state = ChargeState::unknown(identity.clone());
    for accepted in history(facts, identity).filter(|accepted| accepted.at <= at) {
        let Said::Information { start, stops, tax_indicator, resolution, data } = accepted.said else { continue };
        match state.charge().map(|charge| charge.stop) {
            None => state.create(start, tax_indicator, resolution, data),
            Some(_) if stops => state.stop(start),
            Some(stop) if stop == start => state.cancel_stop(data),
            Some(_) => state.update(start, data),
        }
    }
    let Some(charge) = state.charge() else { return Vec::new() };
    rows(identity, charge, state.timeline())
}

/// What was accepted about a charge and received within `received`, newest first. Needs: [`history_needs`].
pub fn messages(facts: &Facts, identity: &ChargeIdentity, received: Period, cut: Cut) -> Page<MessageRow> {
    // What a world file knew from the start was in no message.
    let told = history(facts, identity).filter(|it| !it.document_id.is_empty());
    let mut accepted: Vec<Accepted> = told.filter(|it| received.contains(it.at)).collect();
    // A long series is kept in parts, one behind the other.
    accepted.dedup_by(|a, b| (&a.document_id, &a.transaction_id, a.at) == (&b.document_id, &b.transaction_id, b.at));
    accepted.reverse();
    page(accepted, cut, |accepted| MessageRow {
        document_id: accepted.document_id,
        transaction_id: accepted.transaction_id,
        business_reason: match accepted.said {
            Said::Information { .. } => "D18",
            Said::Prices { .. } => "D08",
        },
        received: accepted.at.to_string(),
    })
}

fn charge(facts: &Facts, identity: &ChargeIdentity) -> Option<Charge> {
    facts.get(&record::charge_key(identity)).map(|entry| record::read_charge(&entry.value))
}

fn history<'a>(facts: &'a Facts, identity: &ChargeIdentity) -> impl Iterator<Item = Accepted> + 'a {
    facts.range(&record::history(identity)).iter().map(|(_, entry)| record::read_history(&entry.value))
}

fn all_periods() -> KeyRange {
    KeyRange::under(&Key::new(record::PERIODS))
}

/// Every block that may hold a price that applies within `interval`, at any resolution.
fn blocks(identity: &ChargeIdentity, interval: Period) -> KeyRange {
    let last = interval.end.seconds() + record::block_seconds(Resolution::Month);
    KeyRange { to: record::block_key(identity, last + 1), ..record::blocks_from(identity, interval.start) }
}

fn rows(identity: &ChargeIdentity, charge: &Charge, timeline: Vec<(Period, MasterData)>) -> Vec<PeriodRow> {
    let row = |(period, data): (Period, MasterData)| PeriodRow {
        charge_id: identity.id.clone(),
        charge_type: identity.charge_type.code(),
        owner: identity.owner.to_string(),
        resolution: charge.resolution.code(),
        tax: charge.tax_indicator,
        name: data.name,
        description: data.description,
        vat_class: data.vat_class.code(),
        transparent_invoicing: data.transparent_invoicing,
        valid_from: period.start.to_string(),
        valid_to: (!period.end.is_open_end()).then(|| period.end.to_string()),
    };
    timeline.into_iter().map(row).collect()
}

/// Sorted first, cut afterwards.
fn page<T, R>(all: Vec<T>, cut: Cut, row: impl Fn(T) -> R) -> Page<R> {
    Page { total: all.len(), rows: all.into_iter().skip(cut.skip).take(cut.take).map(row).collect() }
}
