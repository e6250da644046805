//! Who hears that a subscription or a fee is stopped: charges 6.6, last row.

use serde_json::json;

use super::super::stopped::{self, Task};
use super::*;
use crate::process::errand::Errand;
use crate::process::{Event, aftermath, gather_more};

fn stop(world: &mut World, id: &str, charge_type: ChargeType, date: &str) {
    let payload = json!({
        "charge_id": id, "charge_type": charge_type.number(), "charge_owner": GRID, "end": local(date).to_string(),
    });
    let changes = aftermath(&[Event { name: "ChargeDiscontinued", payload }], &world.context());
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
                let date = |name: &str| text.split(name).nth(1).unwrap()[4..14].to_string();
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
