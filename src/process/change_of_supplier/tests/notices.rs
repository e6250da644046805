//! Who is told that its supply ends or begins, when something comes between.

use super::*;
use crate::process::reallocation::tests::{agree, reallocate};

const EARLY: &str = "2023-03-19T23:00:00Z";

fn accept(house: &mut House, request: &dyn Request) {
    assert_eq!(broken(&house.send(request)), Vec::<&str>::new());
}

/// Everything is fetched, so that nothing but days is waited for.
fn fetched(house: &mut House) {
    house.market.dk_mut().market_roles.dispatch.metering_point_details = settings::Means::Enqueued;
}

/// To whom it was said so far that a supply ends, or begins, on a day.
fn told(house: &House, day: &str) -> Vec<String> {
    let is_it = |it: &&Outgoing| {
        let about = said(it).iter().any(|(_, text)| text == day);
        it.kind.name == "GenericNotification" && ["E01", "E03"].contains(&&*it.business_reason) && about
    };
    let line = |it: &Outgoing| format!("{} {} {}", it.created, it.business_reason, it.receiver);
    house.sent.iter().filter(is_it).map(line).collect()
}

#[test]
fn whoever_comes_to_supply_after_the_notice_is_told_then() {
    let mut house = House::opened();
    fetched(&mut house);
    accept(&mut house, &request(B, "E03", "c1", "2023-03-30T22:00:00Z"));
    accept(&mut house, &request(C, "E03", "c2", APRIL));
    house.pass(at(APRIL));
    let (a, b) = (format!("2023-03-28T22:00:00Z E03 {A}/DDQ"), format!("2023-03-30T22:00:00Z E03 {B}/DDQ"));
    assert_eq!(told(&house, APRIL), [a, b]);
    // Its own return: nobody had to be told when the notice was due.
    let mut house = House::opened();
    fetched(&mut house);
    accept(&mut house, &request(C, "E03", "c1", "2023-03-30T22:00:00Z"));
    accept(&mut house, &request(A, "E03", "c2", APRIL));
    house.pass(at(APRIL));
    assert_eq!(
        (told(&house, APRIL), house.supplier(APRIL).as_str()),
        (vec![format!("2023-03-30T22:00:00Z E03 {C}/DDQ")], A)
    );
}

#[test]
fn whoever_gets_a_supply_back_is_told_that_it_ends() {
    let mut house = House::opened();
    fetched(&mut house);
    accept(&mut house, &request(B, "E03", "c1", EARLY));
    house.pass(at("2023-03-20T09:00:00Z"));
    accept(&mut house, &request(C, "E03", "c2", APRIL));
    house.pass(at("2023-03-29T09:00:00Z"));
    accept(&mut house, &reallocate(B, "D07", "r1", EARLY));
    let asked = house.sent.iter().rfind(|it| it.kind.name == "RequestReallocateChangeOfSupplier").unwrap();
    let id = value(asked, "mRID");
    // Its answer comes before the day, or behind it.
    let mut late = house.clone();
    house.pass(at("2023-03-30T09:00:00Z"));
    house.send(&agree(A, "a1", id.as_deref()));
    late.pass(at("2023-04-02T09:00:00Z"));
    late.send(&agree(A, "a1", id.as_deref()));
    for (house, when) in [(house, "2023-03-30T09:00:00Z"), (late, "2023-04-02T09:00:00Z")] {
        let (b, a) = (format!("2023-03-28T22:00:00Z E03 {B}/DDQ"), format!("{when} E03 {A}/DDQ"));
        assert_eq!(told(&house, APRIL), [b, a]);
    }
}

#[test]
fn whose_end_of_supply_is_cancelled_after_the_notice_is_told() {
    let mut house = House::opened();
    fetched(&mut house);
    house.market.dk_mut().market_roles.end_of_supply.cancellation_period_hours = 0;
    accept(&mut house, &ending(A, "E20", "e1", "2023-03-30T22:00:00Z"));
    accept(&mut house, &request(B, "E03", "c1", APRIL));
    house.pass(at("2023-03-29T09:00:00Z"));
    assert_eq!(told(&house, APRIL), Vec::<String>::new());
    accept(&mut house, &cancellation(A, "E20", "x1", "e1"));
    assert_eq!(told(&house, APRIL), [format!("2023-03-29T09:00:00Z E03 {A}/DDQ")]);
}

#[test]
fn whoever_takes_over_in_the_past_is_told_that_its_supply_is_over() {
    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", EARLY));
    house.pass(at("2023-03-20T09:00:00Z"));
    house.sent.clear();
    accept(&mut house, &move_in(C, "m1", "2023-03-14T23:00:00Z"));
    assert_eq!(told(&house, EARLY), [format!("2023-03-20T09:00:00Z E03 {C}/DDQ")]);
    let supplies = ["2023-03-14T23:00:00Z", EARLY].map(|instant| house.supplier(instant));
    assert_eq!(supplies, [C, B]);
}

#[test]
fn a_change_to_whoever_supplies_already_tells_nobody_that_a_supply_begins() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.change_of_supplier.notify_grid_operator = true;
    house.send(&request(B, "E03", "later", APRIL));
    assert_eq!(broken(&house.send(&request(B, "E03", "earlier", "2023-03-20T23:00:00Z"))), Vec::<&str>::new());
    house.pass(at("2023-03-20T23:00:00Z"));
    assert!(house.post().contains(&format!("GenericNotification E03 {GRID}/DDM")));
    house.pass(at(APRIL));
    assert_eq!(house.post().iter().filter(|it| it.starts_with("GenericNotification")).count(), 0);
    assert_eq!((house.supplier(APRIL).as_str(), house.told("EnergySupplierChanged").len()), (B, 1));
}

/// The move-in of whoever has agreed to a change is cancelled.
#[test]
fn a_consent_of_somebody_who_does_not_come_takes_nothing_over() {
    let mut house = House::opened();
    house.send(&move_in(C, "m1", "2023-03-20T23:00:00Z"));
    let mut agreed = request(B, "E03", "c1", APRIL);
    agreed.records[0].customer = Some(customer_id(PERSON));
    assert_eq!(broken(&house.send(&agreed)), Vec::<&str>::new());
    // The same customer was to move in before that as well.
    let mut twice = house.clone();
    twice.send(&move_in(A, "m2", "2023-03-10T23:00:00Z"));
    twice.send(&cancellation(B, "E03", "x2", "c1"));
    agreed.records[0].transaction_id = "c2".into();
    assert_eq!(broken(&twice.send(&agreed)), Vec::<&str>::new());
    for (house, told, then) in
        [(&mut house, vec![format!("NotifyCancellation E03 {B}/DDQ")], A), (&mut twice, vec![], B)]
    {
        house.post();
        assert_eq!(broken(&house.send(&cancellation(C, "E65", "x1", "m1"))), Vec::<&str>::new());
        assert_eq!(house.post()[1..], told);
        house.pass(at("2023-06-01T00:00:00Z"));
        assert_eq!((house.supplier(APRIL).as_str(), house.first_timer()), (then, None));
    }
}

#[test]
fn whoever_has_taken_a_customer_over_hears_that_it_had_moved_out() {
    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", EARLY));
    house.pass(at("2023-03-20T09:00:00Z"));
    house.sent.clear();
    accept(&mut house, &ending(A, "E66", "o1", "2023-03-14T23:00:00Z"));
    let told: Vec<&Outgoing> =
        house.sent.iter().filter(|it| it.kind.name == "CharacteristicsOfACustomerAtAnAP").collect();
    let days = told.iter().map(|it| (it.receiver.number.as_str(), said(it).iter().any(|(_, text)| text == EARLY)));
    assert_eq!(days.collect::<Vec<_>>(), [(GRID, false), (B, true)]);
}
