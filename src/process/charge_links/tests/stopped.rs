//! Who hears that a subscription or a fee is stopped, and that a stop is taken back: charges 6.6, last row.

use serde_json::json;

use super::super::stopped::{self, Task};
use super::*;
use crate::process::errand::Errand;
use crate::process::{Event, aftermath, gather_more};

fn stop(world: &mut World, id: &str, charge_type: ChargeType, date: &str) {
    hear(world, "ChargeDiscontinued", "end", (id, charge_type, date));
    let (day, month) = date.split_once('-').unwrap();
    world.charge(id, charge_type.code(), GRID, false, Some(&format!("2023-{month}-{day}")));
}

fn take_back(world: &mut World, id: &str, charge_type: ChargeType, date: &str) {
    hear(world, "ChargeDiscontinuationCancelled", "cancelled_end", (id, charge_type, date));
    world.charge(id, charge_type.code(), GRID, false, None);
}

fn hear(world: &mut World, name: &'static str, end: &str, (id, charge_type, date): (&str, ChargeType, &str)) {
    let payload = json!({
        "charge_id": id, "charge_type": charge_type.number(), "charge_owner": GRID, end: local(date).to_string(),
    });
    let changes = aftermath(&[Event { name, payload }], &world.context());
    world.commit(&changes);
}

fn tasks(world: &World) -> Vec<Task> {
    let range = stopped::tasks();
    world.store.records.range(range.from..range.to).map(|(key, entry)| stopped::read_task(key, entry)).collect()
}

/// Takes one page of each task. Returns receiver, metering point and dates of every record that is sent.
fn take_a_page(world: &mut World, points_max: usize) -> Vec<String> {
    let mut told = Vec::new();
    for task in tasks(world) {
        let (range, _) = task.left().unwrap();
        let keys: Vec<Key> = world.store.records.range(range.from..range.to).map(|(key, _)| key.clone()).collect();
        let page = &keys[..keys.len().min(points_max)];
        let market = world.market.clone();
        let context = task.context(&market);
        let more = |facts: &Facts| task.needs_more(page, facts, &context);
        let Ok(facts) = gather_more(task.needs(page, &context), more, |needs| world.load(needs));
        let decision = task.decide(page, page.len() < keys.len(), &facts, &context);
        assert_eq!(task.decide(page, page.len() < keys.len(), &facts, &context), decision);
        world.commit(&decision.changes);
        for outgoing in &decision.outgoing {
            for record in outgoing.records.iter() {
                let text = format!("{:?}", record.fields);
                let date = |name: &str| text.split(name).nth(1).map_or("inf".to_string(), |it| it[4..14].to_string());
                let point = &text[text.find("57131311").unwrap()..][..18];
                let dates = [date("effectiveDate"), date("terminationDate")].join(" ");
                told.push(format!("{} {} {dates}", outgoing.receiver.number, &point[14..]));
            }
        }
    }
    told
}

fn paying(world: &mut World, points: usize) {
    for n in 0..points {
        let point = format!("5713131100000{n:05}");
        world.point(&point, "E17", "131");
        world.supply(&point, SUPPLIER, "2022-01-01", None);
        let operation = Operation { metering_point: point, ..link("01-07", "inf", 1) };
        assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
    }
}

#[test]
fn suppliers_hear_which_links_end() {
    let mut world = World::new();
    // One link runs beyond the stop, one ended before it, one has yet to begin.
    let ended = of("SUB", ChargeType::Subscription, GRID, link("01-06", "01-07", 5));
    world.send(&request(vec![ended, link("01-08", "01-11", 1), link("01-12", "inf", 2)]));
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    let end = "2023-08-31";
    let both = [format!("0005 2023-07-31 {end}"), format!("0005 {end} {end}")];
    let expected: Vec<String> =
        [SUPPLIER, NEXT_SUPPLIER].iter().flat_map(|who| both.iter().map(move |it| format!("{who} {it}"))).collect();
    assert_eq!(take_a_page(&mut world, 500), expected);
    assert_eq!(tasks(&world), []);
}

#[test]
fn of_a_fee_only_the_supplier_on_that_date_hears() {
    let mut world = World::new();
    let fee = of("FEE", ChargeType::Fee, GRID, link("01-08", "inf", 1));
    world.send(&request(vec![fee]));
    stop(&mut world, "FEE", ChargeType::Fee, "01-09");
    assert_eq!(take_a_page(&mut world, 500), [format!("{SUPPLIER} 0005 2023-07-31 2023-08-31")]);
    // Of a tariff nobody hears more than its stop, which goes to every supplier.
    stop(&mut world, "NET", ChargeType::Tariff, "01-09");
    assert_eq!(tasks(&world), []);
}

#[test]
fn a_charge_of_many_metering_points_is_told_page_by_page() {
    let mut world = World::new();
    paying(&mut world, 5);
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    let mut pages = Vec::new();
    while !tasks(&world).is_empty() {
        pages.push(take_a_page(&mut world, 2).len());
    }
    assert_eq!(pages, [2, 2, 1]);
    // A charge that nobody pays is done at once.
    stop(&mut world, "FEE", ChargeType::Fee, "01-09");
    assert_eq!((take_a_page(&mut world, 2).len(), tasks(&world)), (0, vec![]));
}

#[test]
fn no_two_pages_send_one_id() {
    let mut world = World::new();
    paying(&mut world, 2);
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    let first = tasks(&world).remove(0);
    take_a_page(&mut world, 1);
    let second = tasks(&world).remove(0);
    let id = |task: &Task| task.context(&world.market).id(&["document"]);
    assert_ne!(id(&first), id(&second));
}

#[test]
fn a_stop_that_stands_no_longer_is_not_told() {
    let mut world = World::new();
    paying(&mut world, 2);
    let end =
        |from: &str, end: &str| -> Vec<String> { (0..2).map(|n| format!("{SUPPLIER} 000{n} {from} {end}")).collect() };
    // Taken back in the same document, or before anybody was told: what is told is that the links go on.
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    take_back(&mut world, "SUB", ChargeType::Subscription, "01-09");
    assert_eq!(take_a_page(&mut world, 500), end("2023-06-30", "inf"));
    assert_eq!(tasks(&world), []);
    // Moved: the earlier stop is told alone.
    stop(&mut world, "SUB", ChargeType::Subscription, "01-10");
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    assert_eq!(take_a_page(&mut world, 500), end("2023-06-30", "2023-08-31"));
    // Taken back and stopped again, as a stop is moved to a later date.
    take_back(&mut world, "SUB", ChargeType::Subscription, "01-09");
    stop(&mut world, "SUB", ChargeType::Subscription, "01-12");
    let told = take_a_page(&mut world, 500);
    assert_eq!(told, [end("2023-06-30", "2023-11-30"), end("2023-06-30", "2023-11-30")].concat());
    // And stopped on an earlier date: nothing goes on.
    take_back(&mut world, "SUB", ChargeType::Subscription, "01-12");
    stop(&mut world, "SUB", ChargeType::Subscription, "15-08");
    assert_eq!(take_a_page(&mut world, 500), end("2023-06-30", "2023-08-14"));
}

#[test]
fn a_stop_that_is_taken_back_halfway_is_told_no_further_and_then_taken_back_for_all() {
    let mut world = World::new();
    paying(&mut world, 3);
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    assert_eq!(take_a_page(&mut world, 1), [format!("{SUPPLIER} 0000 2023-06-30 2023-08-31")]);
    take_back(&mut world, "SUB", ChargeType::Subscription, "01-09");
    let goes_on: Vec<String> = (0..3).map(|n| format!("{SUPPLIER} 000{n} 2023-06-30 inf")).collect();
    assert_eq!(take_a_page(&mut world, 3), goes_on);
    assert_eq!((take_a_page(&mut world, 3), tasks(&world)), (vec![], vec![]));
}

/// Links that the stop did not end are not told, and one that begins behind it concerns nobody who supplied before. Of a tariff nobody was told that its links end, but who has come since was told
/// nothing of them.
#[test]
fn whoever_hears_of_a_link_hears_that_it_goes_on() {
    let rows: &[(&str, ChargeType, &[&str])] = &[
        ("SUB", ChargeType::Subscription, &[SUPPLIER, NEXT_SUPPLIER]),
        ("FEE", ChargeType::Fee, &[SUPPLIER, NEXT_SUPPLIER]),
        ("NET", ChargeType::Tariff, &[SUPPLIER, NEXT_SUPPLIER]),
    ];
    for (id, charge_type, receivers) in rows {
        let mut world = World::new();
        let until = |start: &str, end: &str| of(id, *charge_type, GRID, link(start, end, 1));
        let links = vec![until("01-07", "01-08"), until("02-08", "01-12"), until("02-12", "03-12")];
        assert_eq!(broken(&world.send(&request(links))), [ACCEPTED; 3]);
        world.charge(id, charge_type.code(), GRID, false, Some("2023-09-01"));
        take_back(&mut world, id, *charge_type, "01-09");
        let mut expected: Vec<String> = receivers.iter().map(|it| format!("{it} 0005 2023-08-01 2023-11-30")).collect();
        expected.push(format!("{NEXT_SUPPLIER} 0005 2023-12-01 2023-12-02"));
        assert_eq!(take_a_page(&mut world, 500), expected, "{id}");
    }
}

/// Charges 9: whoever runs the grid one day is told then.
#[test]
fn a_tax_that_goes_on_where_nobody_runs_the_grid_is_noted() {
    let mut world = World::new();
    let point = "571313110000000050";
    world.point(point, "E17", "999");
    let tax = Operation { metering_point: point.into(), ..link("01-08", "inf", 1) };
    let decision = world.send(&from(OPERATOR, "EZ", vec![of("TAX", ChargeType::Tariff, OPERATOR, tax)]));
    assert_eq!(broken(&decision), [ACCEPTED]);
    // Whoever ran it while the tax was stopped has heard of an end.
    world.store.records.retain(|key, _| key.space() != record::UNTOLD);
    let payload = json!({
        "charge_id": "TAX", "charge_type": ChargeType::Tariff.number(), "charge_owner": OPERATOR,
        "cancelled_end": local("01-12").to_string(),
    });
    let changes = aftermath(&[Event { name: "ChargeDiscontinuationCancelled", payload }], &world.context());
    world.commit(&changes);
    assert_eq!(take_a_page(&mut world, 500), [""; 0]);
    assert_eq!(world.store.records.keys().filter(|key| key.space() == record::UNTOLD).count(), 1);
}

#[test]
fn what_one_document_stops_and_takes_back_nobody_hears_of() {
    let world = World::new();
    let event = |name, end: &str, date| {
        let payload = json!({
            "charge_id": "SUB", "charge_type": ChargeType::Subscription.number(), "charge_owner": GRID,
            end: local(date).to_string(),
        });
        Event { name, payload }
    };
    let stop = |date| event("ChargeDiscontinued", "end", date);
    let take_back = |date| event("ChargeDiscontinuationCancelled", "cancelled_end", date);
    let dates = |events: &[Event]| {
        let mut world = world.clone();
        let changes = aftermath(events, &world.context());
        world.commit(&changes);
        tasks(&world).into_iter().map(|task| (task.stop, task.goes_on)).collect::<Vec<_>>()
    };
    assert_eq!(dates(&[stop("01-09"), take_back("01-09")]), []);
    assert_eq!(dates(&[take_back("01-09"), stop("01-09")]), []);
    let moved = [take_back("01-09"), stop("01-10")];
    assert_eq!(dates(&moved), [(local("01-09"), true), (local("01-10"), false)]);
    assert_eq!(dates(&[stop("01-09"), take_back("01-09"), stop("01-10")]), [(local("01-10"), false)]);
}

/// Bytes of version 1, when only stops were told.
#[test]
fn an_old_task_is_read() {
    let mut world = World::new();
    stop(&mut world, "SUB", ChargeType::Subscription, "01-09");
    let range = stopped::tasks();
    let (key, entry) = world.store.records.range(range.from..range.to).next().unwrap();
    let old = [&[1], &entry.value[1..entry.value.len() - 1]].concat();
    let old = crate::record::Entry { value: old.into(), ..entry.clone() };
    assert_eq!(stopped::read_task(key, &old), stopped::read_task(key, entry));
}
