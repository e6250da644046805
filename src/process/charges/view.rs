//! What may be seen of charges as they are: which there are, their timelines, their prices; plain structs, read from the
//! facts that their own needs name. What was known when, and which messages came, is told by [`super::past`].
//!
//! A view commits nothing, so nobody minds that a range here is guarded by a record that says little. Source: charges 10.

use std::collections::BTreeSet;

use serde::Serialize;

use super::record;
use super::state::{Charge, ChargeIdentity, MasterData, PricePoint};
use crate::market::{ActorNumber, ChargeType, Period, Resolution, Timestamp};
use crate::record::{Entry, Facts, Key, KeyRange, Needs};

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

/// One period of a charge in a list of charges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChargeRow {
    #[serde(flatten)]
    pub period: PeriodRow,
    pub owner_name: Option<String>,
    pub has_prices: bool,
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

/// Where the periods of several charges are that stand one behind the other, from the first to the last of them.
pub fn periods_of_all(first: &ChargeIdentity, last: &ChargeIdentity) -> KeyRange {
    KeyRange { from: record::periods(first).from, to: record::periods(last).to }
}

/// Those of `charges` that pass the filter, each with its number of periods. `periods` are those of the same charges;
/// both in the order of owner, type and id in which they are stored.
pub fn search(charges: &[(Key, Entry)], periods: &[(Key, Entry)], filter: &Filter) -> Vec<(ChargeIdentity, usize)> {
    let mut periods = periods.iter().peekable();
    let mut found = Vec::new();
    for (key, _) in charges {
        let identity = record::read_identity(key);
        let owned = filter.owners.is_empty() || filter.owners.contains(&identity.owner);
        let typed = filter.types.is_empty() || filter.types.contains(&identity.charge_type);
        let (mut count, mut named) = (0, identity.id.contains(&filter.text));
        while let Some((_, entry)) = periods.next_if(|(key, _)| record::read_identity(key) <= identity) {
            count += 1;
            named = named || record::read_master_data(&entry.value).name.contains(&filter.text);
        }
        if owned && typed && named {
            found.push((identity, count));
        }
    }
    found
}

/// In the order in which charges are listed: by id, then owner and type.
pub fn listed(found: &mut [(ChargeIdentity, usize)]) {
    found.sort_by(|(a, _), (b, _)| (&a.id, a).cmp(&(&b.id, b)));
}

/// The newest period first, as a list of charges shows them. `has_prices` says whether there is any price at all.
pub fn charge_rows(timeline: Vec<PeriodRow>, owner_name: Option<&str>, has_prices: bool) -> Vec<ChargeRow> {
    let rows = timeline.into_iter().rev();
    rows.map(|period| ChargeRow { period, owner_name: owner_name.map(str::to_string), has_prices }).collect()
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
    price_rows(price_points(facts, identity, interval), order, cut)
}

pub fn price_rows(mut points: Vec<PricePoint>, order: PriceOrder, cut: Cut) -> Page<PriceRow> {
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
    points.filter(|it| applies_within(it, interval)).collect()
}

pub fn applies_within(point: &PricePoint, interval: Period) -> bool {
    point.period.start < interval.end && interval.start < point.period.end
}

fn charge(facts: &Facts, identity: &ChargeIdentity) -> Option<Charge> {
    facts.get(&record::charge_key(identity)).map(|entry| record::read_charge(&entry.value))
}

/// Every block that may hold a price that applies within `interval`, at any resolution.
fn blocks(identity: &ChargeIdentity, interval: Period) -> KeyRange {
    let last = interval.end.seconds() + record::block_seconds(Resolution::Month);
    KeyRange { to: record::block_key(identity, last + 1), ..record::blocks_from(identity, interval.start) }
}

pub fn rows(identity: &ChargeIdentity, charge: &Charge, timeline: Vec<(Period, MasterData)>) -> Vec<PeriodRow> {
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
pub fn page<T, R>(all: Vec<T>, cut: Cut, row: impl Fn(T) -> R) -> Page<R> {
    Page { total: all.len(), rows: all.into_iter().skip(cut.skip).take(cut.take).map(row).collect() }
}
