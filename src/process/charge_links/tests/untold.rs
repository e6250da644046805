//! Who hears of taxes that were linked where nobody ran the grid: charges 9.

use super::super::untold::{self, Task};
use super::*;
use crate::market::ActorNumber;
use crate::process::errand::{self, Errand};
use crate::process::{aftermath, gather_more, metering_points};

const LONELY: &str = "571313110000000050";

/// A consumption metering point in an area of nobody's, with a supplier, and a tax on it.
fn world() -> World {
    let mut world = World::new();
    world.point(LONELY, "E17", "999");
    world.supply(LONELY, SUPPLIER, "2022-01-01", None);
    let linked = |id: &str, operation: Operation| {
        let operation = Operation { metering_point: LONELY.into(), ..operation };
        of(id, ChargeType::Tariff, OPERATOR, operation)
    };
    let operations = vec![linked("TAX", link("01-08", "01-10", 1)), linked("40000", link("01-08", "inf", 1))];
    let decision = world.send(&from(OPERATOR, "EZ", operations));
    assert_eq!(broken(&decision), [ACCEPTED, ACCEPTED]);
    assert!(sent(&decision, NOTIFY.name).iter().all(|it| it.receiver.role == ActorRole::EnergySupplier));
    world
}

fn notes(world: &World) -> usize {
    world.store.records.keys().filter(|key| key.space() == record::UNTOLD).count()
}

fn own(world: &mut World, area: &str, owner: &str) {
    let (changes, event) = metering_points::owned(area, &ActorNumber::new(owner));
    world.commit(&changes);
    let changes = aftermath(&[event], &world.context());
    assert!(errand::is_left_by(&changes));
    world.commit(&changes);
}

/// Takes one page of every task. Returns receiver, metering point, charge and dates of each record.
fn take_a_page(world: &mut World, pairs_max: usize) -> Vec<String> {
    let range = untold::tasks();
    let tasks: Vec<Task> =
        world.store.records.range(range.from..range.to).map(|(key, entry)| untold::read_task(key, entry)).collect();
    let mut told = Vec::new();
    for task in tasks {
        let (range, _) = task.left().unwrap();
        let keys: Vec<Key> = world.store.records.range(range.from..range.to).map(|(key, _)| key.clone()).collect();
        let page = &keys[..keys.len().min(pairs_max)];
        let market = world.market.clone();
        let context = task.context(&market);
        let more = |facts: &Facts| task.needs_more(page, facts, &context);
        let Ok(facts) = gather_more(task.needs(page, &context), more, |needs| world.load(needs));
        let decision = task.decide(page, page.len() < keys.len(), &facts, &context);
        assert_eq!(task.decide(page, page.len() < keys.len(), &facts, &context), decision);
        world.commit(&decision.changes);
        for outgoing in &decision.outgoing {
            told.push(format!("{} {} {}", outgoing.message_id, outgoing.receiver, outgoing.records.len()));
        }
    }
    told
}

#[test]
fn a_new_owner_hears_of_the_taxes_that_were_linked_before() {
    let mut world = world();
    assert_eq!(notes(&world), 1, "of the tax, not of the tariff");
    own(&mut world, "999", GRID);
    let told = take_a_page(&mut world, 500);
    assert_eq!(told.len(), 1);
    assert!(told[0].ends_with(&format!("{GRID}/DDM 1")), "{told:?}");
    assert_eq!((notes(&world), take_a_page(&mut world, 500)), (0, vec![]), "once");
    // From now on it hears at once, and nothing is noted.
    let tax = Operation { metering_point: LONELY.into(), ..link("01-10", "inf", 1) };
    let decision = world.send(&from(OPERATOR, "EZ", vec![of("TAX", ChargeType::Tariff, OPERATOR, tax)]));
    assert!(sent(&decision, NOTIFY.name).iter().any(|it| it.receiver == party(GRID, ActorRole::GridAccessProvider)));
    assert_eq!(notes(&world), 0);
}

#[test]
fn it_hears_what_there_is_by_then_and_of_its_own_area_only() {
    let mut world = world();
    own(&mut world, "998", GRID);
    assert_eq!((take_a_page(&mut world, 500), notes(&world)), (vec![], 1));
    let stop = Operation { metering_point: LONELY.into(), ..link("01-08", "01-08", 1) };
    let stop = of("TAX", ChargeType::Tariff, OPERATOR, stop);
    assert_eq!(broken(&world.send(&from(OPERATOR, "EZ", vec![stop]))), [ACCEPTED]);
    own(&mut world, "999", GRID);
    assert_eq!((take_a_page(&mut world, 500), notes(&world)), (vec![], 0));
}

/// It is noted as where there is none, and told once somebody is active: another that is given the area, or the owner itself.
#[test]
fn an_owner_that_is_not_live_is_told_nothing_until_it_is() {
    const LEFT: &str = "8100000000207";
    for returns in [false, true] {
        let mut world = world();
        world.register(LEFT, ActorRole::GridAccessProvider, Status::Inactive);
        own(&mut world, "999", LEFT);
        assert_eq!((take_a_page(&mut world, 500), notes(&world)), (vec![], 1), "what was noted before stays");
        let other = Operation { metering_point: LONELY.into(), ..link("01-08", "inf", 1) };
        world.charge("TAX2", "D03", OPERATOR, true, None);
        let decision = world.send(&from(OPERATOR, "EZ", vec![of("TAX2", ChargeType::Tariff, OPERATOR, other)]));
        assert_eq!((broken(&decision), notes(&world)), (vec![ACCEPTED.to_vec()], 2));
        let owner = if returns { LEFT } else { GRID };
        match returns {
            false => own(&mut world, "999", GRID),
            true => {
                world.register(LEFT, ActorRole::GridAccessProvider, Status::Active);
                let event = metering_points::owner_activated("999", &ActorNumber::new(LEFT));
                let changes = aftermath(&[event], &world.context());
                world.commit(&changes);
            }
        }
        let told = take_a_page(&mut world, 500);
        assert!(matches!(&told[..], [one] if one.ends_with(&format!("{owner}/DDM 2"))), "{told:?}");
        assert_eq!(notes(&world), 0);
    }
}

#[test]
fn of_two_owners_in_a_row_the_later_is_told() {
    let mut world = world();
    world.register("8200000000011", ActorRole::GridAccessProvider, Status::Active);
    own(&mut world, "999", GRID);
    own(&mut world, "999", "8200000000011");
    let told = take_a_page(&mut world, 500);
    assert!(matches!(&told[..], [one] if one.ends_with("8200000000011/DDM 1")), "{told:?}");
}

#[test]
fn an_area_of_many_metering_points_is_told_page_by_page() {
    let mut world = World::new();
    for n in 0..5 {
        let point = format!("5713131100000{n:05}");
        world.point(&point, "E17", "999");
        let tax = Operation { metering_point: point, ..link("01-08", "inf", 1) };
        world.send(&from(OPERATOR, "EZ", vec![of("TAX", ChargeType::Tariff, OPERATOR, tax)]));
    }
    own(&mut world, "999", GRID);
    let mut pages = Vec::new();
    loop {
        let told = take_a_page(&mut world, 2);
        if told.is_empty() {
            break;
        }
        pages.extend(told);
    }
    let sizes: Vec<&str> = pages.iter().map(|it| it.rsplit(' ').next().unwrap()).collect();
    assert_eq!(sizes, ["2", "2", "1"]);
    let ids: std::collections::BTreeSet<&str> = pages.iter().map(|it| it.split(' ').next().unwrap()).collect();
    assert_eq!(ids.len(), 3, "no two pages send one id");
}
