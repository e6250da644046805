//! A metering point through time: what it is, who supplies, who consumes and who is balance responsible there, and what will be.
//!
//! It is told in the order of the days from which things hold, whenever they were told to us. What has yet to happen is marked as
//! such. Customers are told by what they are, never by their numbers or names.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::work;
use crate::market::{CustomerType, MeteringPointId, MeteringPointType, Timestamp};
use crate::process::accounting_points::{
    AccountingPoint, Dates, Process, ProcessKind, Status, customer_data, customers,
};
use crate::process::metering_points::{self, MeteringPoint, Version, view};
use crate::record::{Facts, Needs};

/// What [`timeline`] must know first.
pub fn needs(id: &MeteringPointId) -> Needs {
    work::needs([id])
}

/// And besides, now that `facts` are: asked again until it names nothing new.
pub fn needs_more(id: &MeteringPointId, facts: &Facts) -> Needs {
    work::needs_more(facts, [id])
}

/// The rows in order; nothing when there is no such metering point, and nothing was ever registered there. Needs: both.
pub fn timeline(facts: &Facts, id: &MeteringPointId) -> Option<Vec<Value>> {
    let master = metering_points::metering_point(facts, id);
    let point = AccountingPoint::load(facts, id);
    if master.is_none() && point.processes().is_empty() {
        return None;
    }
    let mut rows: Vec<(Timestamp, u8, Value)> = Vec::new();
    if let Some(master) = &master {
        rows.extend(of_master(facts, master));
    }
    for process in point.processes() {
        rows.extend(of_process(facts, &point, process));
    }
    for told in customer_data::versions(facts, id) {
        let row = json!({"at": told.from.to_string(), "what": "customer data", "told_by": told.supplier.as_str()});
        rows.push((told.from, CUSTOMER_DATA, row));
    }
    // Of one day: what ends, what is carried out, what begins.
    rows.sort_by_key(|(at, place, _)| (*at, *place));
    Some(rows.into_iter().map(|(_, _, row)| row).collect())
}

/// What it is for life, and of each version what differs from the one before it.
fn of_master(facts: &Facts, master: &MeteringPoint) -> Vec<(Timestamp, u8, Value)> {
    let owner = metering_points::grid_area(facts, &master.grid_area).and_then(|area| area.owner);
    let first = &master.versions()[0].master;
    let children: Vec<&str> = first.children.iter().map(|(id, _)| id.as_str()).collect();
    let row = json!({
        "at": master.effective.to_string(),
        "what": "metering point",
        "metering_point": master.id.as_str(),
        "type": master.kind.name(),
        "grid_area": master.grid_area,
        "grid_company": owner.as_ref().map(|it| it.as_str()),
        "parent": first.parent.as_ref().map(|(id, _)| id.as_str()),
        "children": if children.is_empty() { Value::Null } else { json!(children) },
    });
    let mut rows = vec![(master.effective, EXISTS, row)];
    let mut before: Option<&Version> = None;
    for version in master.versions() {
        if before.is_none_or(|before| before.state_since != version.state_since || before.state != version.state) {
            let at = version.state_since;
            rows.push((at, STATE, json!({"at": at.to_string(), "what": "state", "state": version.state.name()})));
        }
        rows.extend(of_version(master, version, before).map(|row| (version.from, MASTER_DATA, row)));
        before = Some(version);
    }
    rows
}

/// Master data that are so from a day on, and were otherwise before; what is not known any more is told as null.
fn of_version(master: &MeteringPoint, version: &Version, before: Option<&Version>) -> Option<Value> {
    let was: BTreeMap<&str, Option<String>> = before.map(view::fields).unwrap_or_default().into_iter().collect();
    let is_family = |name: &str| before.is_none() && matches!(name, "parent" | "children");
    let changed = view::fields(version)
        .into_iter()
        .filter(|(name, value)| *was.get(name).unwrap_or(&None) != *value && !is_family(name));
    let mut row: Map<String, Value> = changed.map(|(name, value)| (name.to_string(), json!(value))).collect();
    let obliged = version.production_obligated;
    if master.kind == MeteringPointType::Production && before.is_none_or(|it| it.production_obligated != obliged) {
        row.insert("production_obligated".to_string(), json!(obliged));
    }
    let told = Map::from_iter([("at", version.from.to_string()), ("what", "master data".to_string())].map(named));
    (!row.is_empty()).then(|| Value::Object(told.into_iter().chain(row).collect()))
}

fn named((name, text): (&str, String)) -> (String, Value) {
    (name.to_string(), text.into())
}

/// What a process is, and what it has registered from when until when.
fn of_process(facts: &Facts, point: &AccountingPoint, process: &Process) -> Vec<(Timestamp, u8, Value)> {
    let mut rows = Vec::new();
    if process.kind != ProcessKind::Opening {
        let row = json!({
            "at": process.effective.to_string(),
            "what": if process.status.is_open() { "will happen" } else { "process" },
            "kind": process.kind.name(),
            "reason": process.reason,
            "status": process.status.name(),
            "reversed": point.is_reversed(process).then_some(true),
            "by": process.requester.as_ref().map(|it| it.as_str()),
            "transaction": Some(&process.transaction_id).filter(|id| !id.is_empty()),
            "id": process.id,
            "suspended_by": process.suspended_by.as_ref().filter(|_| process.status == Status::Suspended),
        });
        rows.push((process.effective, PROCESS, row));
    }
    let mut holds = |dates: Dates, what: &str, name: &str, who: Value| {
        let (starts, ends) = (format!("{what} begins"), format!("{what} ends"));
        let Some(start) = dates.start else { return };
        let row = |at: Timestamp, what: &str| json!({"at": at.to_string(), "what": what, name: who, "reversed": dates.reversed.then_some(true)});
        rows.push((start, BEGINS, row(start, &starts)));
        rows.extend(dates.end.map(|end| (end, ENDS, row(end, &ends))));
    };
    if let Some(supply) = &process.supply {
        holds(supply.dates, "supply", "supplier", json!(supply.supplier.as_str()));
    }
    if let Some(consumer) = &process.consumer {
        let customer = customers::customer(facts, &consumer.customer);
        let kind = customer.and_then(|it| it.number.customer_type()).map(CustomerType::name);
        holds(consumer.dates, "consumption", "customer", json!(kind));
    }
    if let Some(balance) = &process.balance {
        holds(balance.dates, "balance responsibility", "party", json!(balance.responsible.as_str()));
    }
    rows
}

/// The order of what holds from one day on.
const EXISTS: u8 = 0;
const MASTER_DATA: u8 = 1;
const STATE: u8 = 2;
const ENDS: u8 = 3;
const PROCESS: u8 = 4;
const BEGINS: u8 = 5;
const CUSTOMER_DATA: u8 = 6;
