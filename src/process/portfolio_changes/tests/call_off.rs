//! Orders that are called off: at each stage of being carried out, and too late.

use super::super::call_off::{Called, call_off, needs, needs_more};
use super::orders::balance;
use super::*;
use crate::process::accounting_points::{Status, area_balance};
use crate::process::change_of_supplier::tests::{BALANCE, OTHER_BALANCE, request};
use crate::process::gather_more;

/// Calls an order off and takes back what it has done.
pub fn called(house: &mut House, id: &str) -> Called {
    let called = call_only(house, id);
    go_through(house);
    house.pass(house.now);
    called
}

pub fn call_only(house: &mut House, id: &str) -> Called {
    let load = |needs: &crate::record::Needs| Ok::<_, std::convert::Infallible>(house.store.facts(needs));
    let facts = gather_more(needs(id), |facts| needs_more(id, facts), load).unwrap();
    let called = call_off(id, &facts, house.now);
    if let Called::Off(_, changes) = &called {
        house.store.commit(changes);
    }
    called
}

/// Who is responsible for all that A supplies to consumers in the grid area.
fn area_party(house: &House, instant: &str) -> Option<String> {
    let supplier = crate::market::ActorNumber::new(A);
    let facts = house.store.facts(&area_balance::needs_of(&supplier, "131"));
    area_balance::responsible_at(&facts, &supplier, "131", at(instant)).map(|it| it.to_string())
}

fn to_each(name: &str) -> Vec<String> {
    [format!("{B}/DDQ"), format!("{A}/DDQ"), "8100000000030/DDM".into()].map(|it| format!("{name} E06 {it}")).to_vec()
}

#[test]
fn who_was_told_is_told_again_and_nothing_happens_on_the_day() {
    let mut house = House::opened();
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(house.post()[..3], to_each("GenericNotification"));
    house.pass(at("2023-03-31T21:59:59Z"));
    house.post();
    assert!(matches!(called(&mut house, &id), Called::Off(..)));
    assert_eq!(house.post(), to_each("NotifyCancellation"));
    assert_eq!(what_became(&house, &id), "called off");
    assert_eq!(house.first_timer(), None);
    let told = house.told("FutureEnergySupplierChangeCancelled");
    assert_eq!((told.len(), told[0].payload["reason"].as_str()), (1, Some("hub")));
    assert!(matches!(called(&mut house, &id), Called::Before(_)));
    assert_eq!((house.post(), house.told("FutureEnergySupplierChangeCancelled").len()), (vec![], 1));
    house.pass(at("2023-04-02T00:00:00Z"));
    assert_eq!((house.supplier("2023-04-02T00:00:00Z").as_str(), house.post()), (A, vec![]));
}

#[test]
fn on_its_day_it_is_too_late_and_what_took_effect_stays() {
    let mut house = House::opened();
    let id = order(&mut house, &takeover()).unwrap();
    house.pass(at(APRIL));
    house.post();
    let Called::Refused(refused) = called(&mut house, &id) else { panic!("its day has come") };
    assert_eq!((refused.rule.number(), refused.what.as_str()), ("F10", APRIL));
    assert_eq!((what_became(&house, &id).as_str(), house.supplier(APRIL).as_str(), house.post()), ("done", B, vec![]));
    assert_eq!(called(&mut house, "unknown"), Called::Unknown);
}

#[test]
fn jobs_that_are_not_done_are_done_no_more() {
    // Before the first page, behind the last, and behind the jobs.
    for done in 0..3 {
        let mut house = House::opened();
        let id = give_only(&mut house, &takeover()).unwrap();
        if done > 0 {
            go_through(&mut house);
        }
        if done > 1 {
            house.pass(house.now);
        }
        assert!(matches!(called(&mut house, &id), Called::Off(..)));
        let post = house.post();
        assert_eq!(post.len(), if done > 1 { 8 } else { 0 }, "{post:#?}");
        assert_eq!(outcome(&house, &id, POINT).map(|it| it.kind.name()), (done > 0).then_some("called off"));
        assert!(house.accounting_point(POINT).open().is_empty());
        assert_eq!((next_page(&house).is_none(), house.first_timer()), (true, None));
        house.pass(at(APRIL));
        assert_eq!(house.supplier(APRIL), A);
    }
}

/// The errand that goes through the accounting points has not come by when the day comes.
#[test]
fn what_was_called_off_in_the_last_moment_does_not_take_effect() {
    for table in [takeover(), balance(A, "131", BALANCE, APRIL)] {
        let mut house = House::opened();
        let id = order(&mut house, &table).unwrap();
        house.pass(at("2023-03-31T21:59:59Z"));
        house.post();
        assert!(matches!(call_only(&mut house, &id), Called::Off(..)));
        house.pass(at(APRIL));
        assert_eq!(what_became(&house, &id), "called off");
        let supplies = house.accounting_point(POINT).supplies();
        assert_eq!((house.supplier(APRIL).as_str(), supplies.len()), (A, 1));
        let (told, post) = (house.events.len(), house.post());
        go_through(&mut house);
        house.pass(house.now);
        assert_eq!((house.events.len(), house.post(), house.first_timer()), (told, vec![], None), "{post:?}");
    }
}

/// What keeps a forced change is cancelled behind its day, and its order was called off just before.
#[test]
fn what_stood_by_and_was_called_off_does_not_go_on() {
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", "2023-03-14T23:00:00Z"));
    let id = order(&mut house, &takeover()).unwrap();
    call_only(&mut house, &id);
    house.pass(at(APRIL));
    assert_eq!(
        (what_became(&house, &id).as_str(), house.supplier(APRIL).as_str()),
        ("stands by OvertakenByAnother", C)
    );
    go_through(&mut house);
    house.pass(house.now);
    assert_eq!(house.supplier(APRIL), C);
}

#[test]
fn of_two_orders_that_a_supplier_fails_one_holds() {
    let mut house = House::opened();
    let later = on("2023-04-30T22:00:00Z", forced("D13", B, C));
    let ids = [order(&mut house, &forced("D13", B, C)).unwrap(), order(&mut house, &later).unwrap()];
    for (at, id) in ids.iter().enumerate() {
        assert_eq!(order(&mut house, &takeover()), Err(vec!["F04"]), "{at} are called off");
        called(&mut house, id);
    }
    assert!(order(&mut house, &takeover()).is_ok(), "it fails no more");
}

#[test]
fn of_two_parties_of_an_area_on_one_day_the_one_of_the_order_that_stands_is_responsible() {
    for off in 0..2 {
        let mut house = House::opened();
        let parties = [BALANCE, OTHER_BALANCE];
        let ids = parties.map(|party| order(&mut house, &balance(A, "131", party, APRIL)).unwrap());
        assert_eq!(area_party(&house, APRIL).as_deref(), Some(OTHER_BALANCE), "the last one holds");
        called(&mut house, &ids[off]);
        assert_eq!(area_party(&house, APRIL).as_deref(), Some(parties[1 - off]));
    }
}

#[test]
fn what_stands_by_lapses_without_a_word() {
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", "2023-03-14T23:00:00Z"));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    house.post();
    called(&mut house, &id);
    assert_eq!((what_became(&house, &id).as_str(), house.post()), ("called off OvertakenByAnother", vec![]));
    house.pass(at(APRIL));
    assert_eq!(house.supplier(APRIL), C);
}

#[test]
fn a_supplier_fails_no_more_and_what_was_cancelled_stays_so() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", "2023-03-30T22:00:00Z"));
    let id = order(&mut house, &forced("D13", B, C)).unwrap();
    assert_eq!(order(&mut house, &takeover()), Err(vec!["F04"]));
    called(&mut house, &id);
    assert!(order(&mut house, &takeover()).is_ok(), "it may take over again");
    let point = house.accounting_point(POINT);
    assert_eq!(point.processes().iter().find(|it| it.transaction_id == "c1").unwrap().status, Status::Cancelled);
}

#[test]
fn nobody_becomes_responsible_for_the_area() {
    let mut house = House::opened();
    let first = order(&mut house, &balance(A, "131", BALANCE, APRIL)).unwrap();
    assert_eq!(area_party(&house, APRIL).as_deref(), Some(BALANCE));
    house.post();
    called(&mut house, &first);
    assert_eq!((area_party(&house, APRIL), what_became(&house, &first).as_str()), (None, "called off"));
    assert_eq!(house.told("FutureBalanceResponsibleChangeCancelled").len(), 1);
    let second = order(&mut house, &balance(A, "131", OTHER_BALANCE, APRIL)).unwrap();
    assert_eq!(what_became(&house, &second), "done", "the day is free again");
}

#[test]
fn an_order_that_was_called_off_is_read_back() {
    let given = record::Given::new(&takeover().order().unwrap(), at("2023-03-01T09:00:00Z"));
    let off = record::Given { called_off: Some(at("2023-03-02T09:00:00Z")), found: Some(3), ..given.clone() };
    let Change::Put(key, value) = off.put() else { panic!("it is written") };
    assert_eq!(record::Given::read(&key, &crate::record::Entry { version: 1, value }), off);
    assert_eq!(given.id, off.id, "it stays the order that it was");
}
