//! Who hears of it: suppliers by RSM-022, the house by events. Source: metering-points 11.3, 11.4.

use std::collections::BTreeMap;

use serde_json::json;

use super::decide::Case;
use super::standing;
use crate::document::Record;
use crate::market::{ActorNumber, MeteringMethod, MeteringPointId, Period, SettlementMethod, Timestamp};
use crate::process::Event;
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::kinds::METERING_POINT_DATA;
use crate::process::market_documents::letters;
use crate::process::market_documents::master_data::{Subject, metering_point_data};
use crate::process::metering_points::{self, MasterData, MeteringPoint, Version};

/// Whoever supplies the metering point, or is to: all that is known of it from each day on that a change has made other than
/// it was `before`, day by day, as far as it supplies then.
pub fn suppliers(work: &mut Work, case: &Case, before: &MeteringPoint, from: Timestamp) {
    let mut told: BTreeMap<ActorNumber, Vec<Record>> = BTreeMap::new();
    for supply in work.site(&case.id).point.as_expected().supplies() {
        let records = told.entry(supply.supplier.clone()).or_default();
        for day in days(before, standing::point(work, &case.id), from, &supply.period) {
            let supplied = Some((supply.supplier.clone(), supply.period.start));
            let Some(details) = work.point_known(&case.id, supplied, day) else { continue };
            let subject = Subject { point: &case.id, from: day, original: None };
            let (number, on) = (supply.supplier.as_str(), day.to_string());
            let mut parts = vec!["record", METERING_POINT_DATA.name, &case.own_id, number];
            parts.extend((!records.is_empty()).then_some(&*on));
            records.push(metering_point_data(work.context.id(&parts), &subject, &details));
        }
    }
    for (supplier, records) in told.into_iter().filter(|(_, records)| !records.is_empty()) {
        let receiver = Work::supplier(&supplier);
        let letter = letters::document(&METERING_POINT_DATA, &receiver, case.reason, records, work.context);
        work.outgoing.push(letter);
    }
}

/// The days within a supply from which on a metering point is as it was not before.
fn days(before: &MeteringPoint, after: &MeteringPoint, from: Timestamp, supply: &Period) -> Vec<Timestamp> {
    let first = from.max(after.effective).max(supply.start);
    let later = after.versions().iter().map(|it| it.from).filter(|day| *day > first);
    let within = std::iter::once(first).chain(later).filter(|day| *day < supply.end);
    within.filter(|day| !after.at(*day).is_as(before.at(*day))).collect()
}

/// A metering point that has just been made.
pub fn created(work: &Work, id: &MeteringPointId) -> Event {
    let point = standing::point(work, id);
    let first = &point.versions()[0];
    let mut event = metering_points::created(point);
    let parent = first.master.parent.as_ref().map(|(parent, _)| parent.as_str());
    let operator = work.grid_operator(id);
    let more = json!({
        "gsrn_number": id.as_str(),
        "grid_area_code": point.grid_area,
        "metering_point_type": point.kind.code(),
        "net_settlement_group": first.master.net_settlement_group,
        "from_grid_area_code": first.master.from_grid_area,
        "to_grid_area_code": first.master.to_grid_area,
        "parent_gsrn_number": parent,
        "grid_operator_id": operator.map(|it| it.number.to_string()),
    });
    extend(&mut event, &[more, measured(&first.master)]);
    event
}

/// Master data have changed; and what of it others have to know at once.
pub fn updated(work: &mut Work, id: &MeteringPointId, before: &Version, effective: Timestamp) {
    let after = standing::at(work, id, effective).clone();
    let group = after.master.net_settlement_group;
    let mut event = dated("MasterDataUpdated", id, effective);
    extend(&mut event, &[json!({"net_settlement_group": group}), measured(&after.master)]);
    work.tell(event);
    let (was, is) = (&before.master, &after.master);
    let news = [
        (was.settlement_method != is.settlement_method, "SettlementDetailsChanged", "settlement_method"),
        (was.metering_method != is.metering_method, "MeteringMethodChanged", "metering_method"),
        (was.net_settlement_group != group, "NetSettlementGroupChanged", "net_settlement_group"),
        (was.meter != is.meter, "MeteringConfigurationChanged", "meter_number"),
    ];
    for (_, name, field) in news.into_iter().filter(|(changed, ..)| *changed) {
        let value = match field {
            "settlement_method" => json!(is.settlement_method.map(SettlementMethod::code)),
            "metering_method" => json!(is.metering_method.map(MeteringMethod::code)),
            "net_settlement_group" => json!(group),
            _ => json!(is.meter),
        };
        let mut event = dated(name, id, effective);
        event.payload[field] = value;
        work.tell(event);
    }
}

/// Something is so from a day on.
pub fn dated(name: &'static str, id: &MeteringPointId, effective: Timestamp) -> Event {
    let payload = json!({
        "metering_point_id": id.as_str(),
        "gsrn_number": id.as_str(),
        "effective_date": effective.to_string(),
    });
    Event { name, payload }
}

pub fn coupled(name: &'static str, child: &MeteringPointId, parent: &MeteringPointId) -> Event {
    Event { name, payload: json!({"child_id": child.as_str(), "parent_id": parent.as_str()}) }
}

/// How it is measured and settled, in codes.
fn measured(it: &MasterData) -> serde_json::Value {
    json!({
        "settlement_method": it.settlement_method.map(SettlementMethod::code),
        "metering_method": it.metering_method.map(MeteringMethod::code),
        "meter_reading_periodicity": it.read_cycle,
        "product": it.product.map(crate::market::EnergyProduct::code),
        "unit_type": it.unit.map(crate::market::EnergyUnit::code),
    })
}

fn extend(event: &mut Event, more: &[serde_json::Value]) {
    for (name, value) in more.iter().filter_map(serde_json::Value::as_object).flatten() {
        event.payload[name] = value.clone();
    }
}
