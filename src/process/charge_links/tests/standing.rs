//! What is told of links whose charge is stopped: no more than the stop leaves. Charges 4.3 and 6.6, market-roles 2.2.2.

use super::super::query::{Query, RequestBillingMasterData};
use super::super::{details, untold};
use super::*;
use crate::document::Record;
use crate::market::ActorNumber;
use crate::process::errand::Errand;
use crate::process::{aftermath, gather_more, metering_points};

/// POINT pays SUB once since July, twice from 15 August to September, and again once from then on, though SUB is stopped
/// on 1 September; FEE since July, which is stopped on 1 December; TAX since July.
fn world() -> World {
    let mut world = World::new();
    let fee = of("FEE", ChargeType::Fee, GRID, link("01-07", "inf", 1));
    world.send(&request(vec![link("01-07", "inf", 1), fee]));
    let tax = of("TAX", ChargeType::Tariff, OPERATOR, link("01-07", "inf", 1));
    world.send(&from(OPERATOR, "EZ", vec![tax]));
    world.charge("SUB", "D01", GRID, false, Some("2023-09-01"));
    world.charge("FEE", "D02", GRID, false, Some("2023-12-01"));
    assert_eq!(broken(&world.send(&request(vec![link("15-08", "01-09", 2)]))), [ACCEPTED]);
    assert_eq!(world.links(&identity()).len(), 3, "all of it stays in the store");
    world
}

/// Charge, factor, start and end of each record.
fn told(records: &[Record]) -> Vec<String> {
    let told = records.iter().map(|record| {
        let text = format!("{:?}", record.fields);
        let value = |name: &str| text.split(&format!("\"{name}\", \"")).last().unwrap().split('"').next().unwrap();
        let end = if text.contains("terminationDate") { &value("terminationDate")[..10] } else { "inf" };
        format!("{} {} {} {end}", value("mRID"), value("factor"), &value("effectiveDate")[..10])
    });
    told.collect()
}

fn asked(world: &World, start: &str) -> Vec<String> {
    let query = Query {
        transaction_id: "q-1".into(),
        metering_point: POINT.into(),
        start: Some(local(start)),
        end: Some(Timestamp::OPEN_END),
    };
    let request = RequestBillingMasterData { header: header("D08", "E0G"), queries: vec![query] };
    let context = world.context();
    let Ok(facts) = gather(&request, &context, |needs| world.load(needs));
    told(&request.decide(&facts, &context).outgoing[0].records)
}

#[test]
fn whoever_asks_is_told_no_link_beyond_the_stop() {
    let world = world();
    let tax = "TAX 1 2023-06-30 inf".to_string();
    let fee = "FEE 1 2023-06-30 2023-11-30".to_string();
    let before = ["SUB 1 2023-06-30 2023-08-14".to_string(), "SUB 2 2023-08-14 2023-08-31".to_string()];
    assert_eq!(asked(&world, "01-08"), [&before[..], &[fee.clone(), tax.clone()]].concat());
    assert_eq!(asked(&world, "15-08"), [&before[1..], &[fee.clone(), tax.clone()]].concat());
    assert_eq!(asked(&world, "01-09"), [fee, tax.clone()]);
    assert_eq!(asked(&world, "01-12"), [tax]);
}

#[test]
fn whoever_takes_over_is_told_no_link_beyond_the_stop() {
    let world = world();
    let point = MeteringPointId::new(POINT);
    let more = |facts: &Facts| details::details_needs_more(facts, &point);
    let Ok(facts) = gather_more(details::details_needs(&point), more, |needs| world.load(needs));
    let rows: [(&str, &[&str]); 3] = [
        ("15-08", &["SUB 2 2023-08-14 2023-08-31", "FEE 1 2023-06-30 2023-11-30", "TAX 1 2023-06-30 inf"]),
        ("01-10", &["FEE 1 2023-06-30 2023-11-30", "TAX 1 2023-06-30 inf"]),
        ("01-12", &["TAX 1 2023-06-30 inf"]),
    ];
    for (from, expected) in rows {
        let details = Details { point: &point, from: local(from), transaction_id: "c-1" };
        assert_eq!(told(&super::super::details(&facts, &details, |place| place.to_string())), expected, "{from}");
    }
}

/// Three taxes, of which one ends, and one was stopped on the day on which it began.
#[test]
fn a_new_owner_of_a_grid_area_is_told_no_link_beyond_the_stop() {
    let mut world = World::new();
    let point = "571313110000000050";
    world.point(point, "E17", "999");
    let taxes = [("TAX", None), ("ENDING", Some("2023-12-01")), ("NEVER", Some("2021-01-01"))];
    for (id, _) in taxes {
        world.charge(id, "D03", OPERATOR, true, None);
        let tax = Operation { metering_point: point.into(), ..link("01-07", "inf", 1) };
        let decision = world.send(&from(OPERATOR, "EZ", vec![of(id, ChargeType::Tariff, OPERATOR, tax)]));
        assert_eq!(broken(&decision), [ACCEPTED]);
    }
    for (id, stop) in taxes {
        world.charge(id, "D03", OPERATOR, true, stop);
    }
    let (changes, event) = metering_points::owned("999", &ActorNumber::new(GRID));
    world.commit(&changes);
    let changes = aftermath(&[event], &world.context());
    world.commit(&changes);
    let range = untold::tasks();
    let (key, entry) = world.store.records.range(range.from..range.to).next().unwrap();
    let task = untold::read_task(key, entry);
    let (range, _) = task.left().unwrap();
    let page: Vec<Key> = world.store.records.range(range.from..range.to).map(|(key, _)| key.clone()).collect();
    let context = task.context(&world.market);
    let Ok(facts) = gather_more(
        task.needs(&page, &context),
        |facts| task.needs_more(&page, facts, &context),
        |needs| world.load(needs),
    );
    let decision = task.decide(&page, false, &facts, &context);
    assert_eq!(told(&decision.outgoing[0].records), ["ENDING 1 2023-06-30 2023-11-30", "TAX 1 2023-06-30 inf"]);
}
