//! Orders in a house of their own: given, gone through page by page, and carried out.

mod balance;
mod before;
mod call_off;
mod fan_out;
mod force;
mod many;
mod orders;

use std::collections::BTreeMap;

use super::record::{self, Outcome, Progress};
use super::*;
use crate::market::{MeteringPointId, Timestamp};
use crate::process::change_of_supplier::tests::{A, APRIL, B, C, House, POINT};
use crate::process::charge_documents::tests::{HUB, at, party};
use crate::process::{Context, Decision};
use crate::record::{Change, Key};

/// That B takes over from A on 1 April what A supplies.
pub fn takeover() -> OrderTable {
    forced("E06", A, B)
}

pub fn forced(kind: &str, from: &str, to: &str) -> OrderTable {
    OrderTable::ForceSupplierChange {
        kind: kind.into(),
        from: from.into(),
        to: Some(to.into()),
        to_by_grid_area: BTreeMap::new(),
        date: APRIL.into(),
        grid_areas: None,
        metering_points: None,
    }
}

/// The same from another day on.
pub fn on(day: &str, mut table: OrderTable) -> OrderTable {
    let (OrderTable::ForceSupplierChange { date, .. } | OrderTable::ChangeBalanceResponsible { date, .. }) = &mut table;
    *date = day.into();
    table
}

/// Gives an order and carries it out; or the numbers of the rules that it breaks.
pub fn order(house: &mut House, table: &OrderTable) -> Result<String, Vec<&'static str>> {
    let id = give_only(house, table)?;
    go_through(house);
    house.pass(house.now);
    Ok(id)
}

/// Gives an order, and leaves it to be carried out.
pub fn give_only(house: &mut House, table: &OrderTable) -> Result<String, Vec<&'static str>> {
    let order = table.order().expect("it is written as orders are");
    let market = house.market.clone();
    let caller = party(HUB, crate::market::ActorRole::MeteringPointAdministrator);
    let context = Context { now: house.now, caller, cause: [0; 32], market: &market };
    let facts = house.store.facts(&needs(&order, &context));
    let refused = refusals(&order, &facts, &context);
    if !refused.is_empty() {
        return Err(refused.iter().map(|it| it.rule.number()).collect());
    }
    let (given, changes) = give(&order, &facts, &context);
    if facts.get(&record::order_key(&given.id)).is_some() {
        return Err(vec!["given before"]);
    }
    house.store.commit(&changes);
    Ok(given.id)
}

/// Lays out every job. Returns how many pages that took.
pub fn go_through(house: &mut House) -> usize {
    let mut pages = 0;
    while let Some(decision) = next_page(house) {
        house.store.commit(&decision.changes);
        pages += 1;
    }
    pages
}

/// The next page of the oldest order that has not been gone through.
pub fn next_page(house: &House) -> Option<Decision> {
    let tasks = record::tasks();
    let (key, entry) = house.store.records.range(tasks.from..tasks.to).next()?;
    let errand = (FAN_OUT.read)(key, entry);
    let (range, most) = errand.left().expect("an order is gone through");
    let mut found = house.store.records.range(range.from..range.to).map(|(key, _)| key.clone());
    let page: Vec<Key> = found.by_ref().take(most).collect();
    let more = found.next().is_some();
    let market = house.market.clone();
    let context = errand.context(&market);
    let facts = house.store.facts(&errand.needs(&page, &context));
    Some(errand.decide(&page, more, &facts, &context))
}

/// What became of an accounting point.
pub fn outcome(house: &House, order: &str, point: &str) -> Option<Outcome> {
    house.store.records.get(&record::result_key(order, &MeteringPointId::new(point))).map(Outcome::read)
}

/// `outcome rule` of [`POINT`].
pub fn what_became(house: &House, order: &str) -> String {
    let outcome = outcome(house, order, POINT).expect("the order is about it");
    [&[outcome.kind.name().to_string()], &outcome.broken[..]].concat().join(" ")
}
