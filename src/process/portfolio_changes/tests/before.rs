//! What comes before a forced change and does not after all, and what comes to nothing with it.

use super::*;
use crate::process::accounting_points::{ProcessKind, Status};
use crate::process::change_of_supplier::tests::{broken, cancellation, ending, move_in, request, value};
use crate::process::reallocation::tests::{agree, decline, reallocate};

const MARCH: &str = "2023-03-14T23:00:00Z";
const LATER: &str = "2023-03-19T23:00:00Z";
const MAY: &str = "2023-04-30T22:00:00Z";

fn accept(house: &mut House, request: &dyn crate::process::Request) {
    assert_eq!(broken(&house.send(request)), [""; 0]);
}

fn forced_change(house: &House) -> Status {
    let point = house.accounting_point(POINT);
    let found =
        point.processes().into_iter().rfind(|it| it.kind == ProcessKind::ForcedSupplierChange).map(|it| it.status);
    found.expect("one was registered")
}

#[test]
fn an_end_of_supply_is_not_overtaken_by_a_forced_change_from_another() {
    let mut house = House::opened();
    accept(&mut house, &request(C, "E03", "c1", MARCH));
    let id = order(&mut house, &on(MARCH, forced("E06", C, B))).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    accept(&mut house, &cancellation(C, "E03", "x1", "c1"));
    accept(&mut house, &ending(A, "E20", "e1", MARCH));
    house.pass(at(MARCH));
    assert_eq!((house.supplier(MARCH).as_str(), forced_change(&house)), ("nobody", Status::Cancelled));
    assert!(house.accounting_point(POINT).open().is_empty());
}

#[test]
fn it_goes_on_when_what_it_stood_by_for_is_cancelled_although_a_move_in_keeps_that() {
    // With the supplier that it takes over from.
    let mut house = House::opened();
    accept(&mut house, &request(C, "E03", "c1", MARCH));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    let mut third = house.clone();
    accept(&mut house, &move_in(A, "m1", "2023-03-09T23:00:00Z"));
    accept(&mut house, &cancellation(C, "E03", "x1", "c1"));
    assert_eq!(forced_change(&house), Status::Pending);
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house)), (B, Status::Completed));

    // With a third: the move-in comes before it as the change did, and nobody hears of it.
    accept(&mut third, &move_in(C, "m1", "2023-03-09T23:00:00Z"));
    accept(&mut third, &cancellation(C, "E03", "x1", "c1"));
    assert_eq!(forced_change(&third), Status::Suspended);
    third.pass(at(MAY));
    assert_eq!((third.supplier(APRIL).as_str(), forced_change(&third)), (C, Status::Cancelled));
    assert!(third.post().iter().all(|it| !it.contains("E06")));
}

#[test]
fn a_move_in_of_the_past_withdraws_it_only_where_the_supplier_does_not_supply_any_more() {
    let mut house = House::opened();
    accept(&mut house, &request(C, "E03", "c1", "2023-03-01T23:00:00Z"));
    accept(&mut house, &request(A, "E03", "a1", "2023-03-02T23:00:00Z"));
    house.pass(at("2023-03-04T09:00:00Z"));
    order(&mut house, &takeover()).unwrap();
    accept(&mut house, &move_in(B, "m1", "2023-02-19T23:00:00Z"));
    let supplier = |house: &House, instant| house.supplier(instant);
    assert_eq!(
        ["2023-02-20T00:00:00Z", "2023-03-02T00:00:00Z", "2023-03-04T09:00:00Z"].map(|it| supplier(&house, it)),
        [B, C, A]
    );
    assert_eq!(forced_change(&house), Status::Pending);
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house)), (B, Status::Completed));
}

#[test]
fn what_goes_on_because_of_something_pending_is_expected_as_well() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "e1", "2023-03-13T23:00:00Z"));
    let id = order(&mut house, &on(MARCH, takeover())).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    // It overtakes the end of supply, and the supply of A goes on until it is taken over.
    accept(&mut house, &move_in(A, "m1", "2023-03-13T23:00:00Z"));
    let id = order(&mut house, &forced("E06", B, C)).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MARCH).as_str(), house.supplier(APRIL).as_str()), (B, C));
}

#[test]
fn it_comes_about_where_the_supplier_supplies_again_by_then() {
    for kind in ["E06", "D13"] {
        for (day, ordered_first) in [(MARCH, true), (MARCH, false), (LATER, true), (LATER, false)] {
            let mut house = House::opened();
            accept(&mut house, &ending(A, "E66", "o1", MARCH));
            let id = if ordered_first {
                let id = order(&mut house, &forced(kind, A, B)).unwrap();
                accept(&mut house, &move_in(A, "m1", day));
                id
            } else {
                accept(&mut house, &move_in(A, "m1", day));
                order(&mut house, &forced(kind, A, B)).unwrap()
            };
            let expected = if ordered_first { "stands by OvertakenByAnother" } else { "done" };
            assert_eq!(what_became(&house, &id), expected);
            let mut cancelled = house.clone();
            house.pass(at(MAY));
            assert_eq!((house.supplier(LATER).as_str(), house.supplier(APRIL).as_str()), (A, B), "{kind} {day}");
            assert_eq!((forced_change(&house), house.first_timer()), (Status::Completed, None));
            let post = house.post();
            assert!(post.iter().all(|it| !it.starts_with("NotifyCancellation")), "{post:?}");
            assert_eq!(post.iter().filter(|it| it.starts_with(&format!("GenericNotification {kind}"))).count(), 3);

            // Whoever was to move in does not: whoever had been told that it is taken over is told again.
            accept(&mut cancelled, &cancellation(A, "E65", "x1", "m1"));
            cancelled.pass(at(MAY));
            assert_eq!((cancelled.supplier(APRIL).as_str(), forced_change(&cancelled)), ("nobody", Status::Cancelled));
            let told = cancelled.post();
            let told = told.iter().filter(|it| it.starts_with(&format!("NotifyCancellation {kind}")));
            assert_eq!(told.count(), if ordered_first { 0 } else { 3 });
        }
    }
}

#[test]
fn an_end_on_its_day_is_overtaken_and_happens_where_it_is_called_off() {
    for (kind, reason) in [("E06", "E20"), ("E06", "E66"), ("D13", "E66")] {
        let mut house = House::opened();
        accept(&mut house, &ending(A, reason, "e1", APRIL));
        let id = order(&mut house, &forced(kind, A, B)).unwrap();
        assert_eq!(what_became(&house, &id), "done");
        house.post();
        let called_off = [true, false].map(|gone_through| {
            let mut house = house.clone();
            if gone_through {
                super::call_off::called(&mut house, &id);
            } else {
                super::call_off::call_only(&mut house, &id);
            }
            house
        });
        house.pass(at(APRIL));
        assert_eq!(house.post(), ["GenericNotification D41 8100000000030/DDM"], "nobody is to be disconnected");
        house.pass(at(MAY));
        assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house)), (B, Status::Completed));
        assert!(house.accounting_point(POINT).open().is_empty());
        for mut house in called_off {
            house.pass(at(MAY));
            assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house)), ("nobody", Status::Cancelled));
            assert!(house.accounting_point(POINT).open().is_empty());
        }
    }
}

#[test]
fn who_moves_in_on_its_day_speaks_for_the_customer() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "o1", APRIL));
    accept(&mut house, &move_in(A, "m1", APRIL));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    house.pass(at(MAY));
    assert_eq!(house.supplier(APRIL), B);
    assert_eq!((house.told("ConsumerMovedOut").len(), house.told("ConsumerMoveOutCancelled").len()), (1, 0));
}

/// Nobody hears of a forced change that comes to nothing while it stands by.
#[track_caller]
fn unheard(mut house: House) {
    house.pass(at(MAY));
    assert_eq!((forced_change(&house), house.first_timer()), (Status::Cancelled, None));
    let post = house.post();
    assert!(post.iter().all(|it| !it.contains(" E06 ")), "{post:?}");
    let events = house.told("FutureEnergySupplierChangeCancelled");
    assert!(events.iter().all(|it| it.payload["business_reason"] != "E06"));
}

#[test]
fn it_lapses_unheard_where_what_it_stood_by_for_is_overtaken() {
    // By a change of supplier that was asked for later.
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "e1", MARCH));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    accept(&mut house, &request(C, "E03", "c1", "2023-03-09T23:00:00Z"));
    unheard(house);

    // By a move-in with a third supplier.
    let mut house = House::opened();
    accept(&mut house, &request(C, "E03", "c1", MARCH));
    order(&mut house, &takeover()).unwrap();
    accept(&mut house, &move_in(C, "m1", "2023-03-09T23:00:00Z"));
    unheard(house);

    // When it is cancelled, and another comes before it.
    let mut house = House::opened();
    accept(&mut house, &request(C, "E03", "c1", MARCH));
    accept(&mut house, &request(B, "E03", "b1", LATER));
    order(&mut house, &takeover()).unwrap();
    accept(&mut house, &cancellation(C, "E03", "x1", "c1"));
    assert_eq!(forced_change(&house), Status::Suspended);
    let mut goes_on = house.clone();
    unheard(house);
    accept(&mut goes_on, &cancellation(B, "E03", "x2", "b1"));
    assert_eq!(forced_change(&goes_on), Status::Pending);
}

#[test]
fn it_lapses_unheard_where_a_reallocation_leaves_nothing_to_take_over() {
    for agrees in [true, false] {
        let mut house = House::opened();
        accept(&mut house, &request(C, "E03", "c1", "2023-03-01T23:00:00Z"));
        house.pass(at("2023-03-03T09:00:00Z"));
        accept(&mut house, &reallocate(C, "D07", "r1", "2023-03-01T23:00:00Z"));
        let asked = house.sent.iter().rfind(|it| it.kind.name == "RequestReallocateChangeOfSupplier").unwrap();
        let asked = value(asked, "mRID");
        let id = order(&mut house, &if agrees { forced("E06", C, B) } else { takeover() }).unwrap();
        assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
        if agrees {
            accept(&mut house, &agree(A, "a1", asked.as_deref()));
        } else {
            accept(&mut house, &decline(A, "a1", asked.as_deref()));
        }
        unheard(house);
    }
}

#[test]
fn whoever_takes_over_hears_whom_it_will_find() {
    let names = |house: &House| {
        let told = house.sent.iter().filter(|it| it.kind.name == "CharacteristicsOfACustomerAtAnAP");
        let told = told.filter(|it| it.business_reason == "E06" && it.receiver.number.as_str() == B);
        let name = "firstCustomer_MarketParticipant.name";
        told.map(|it| value(it, name).unwrap_or_default()).collect::<Vec<String>>()
    };
    for kind in ["E06", "D13"] {
        let mut house = House::opened();
        order(&mut house, &forced(kind, A, B)).unwrap();
        let bakery = names(&house);
        assert_eq!(bakery.len(), 1);
        accept(&mut house, &move_in(A, "m1", MARCH));
        let both = names(&house);
        assert_eq!((both.len(), &both[..1], both[1] == both[0]), (2, &bakery[..], false));
        let mut stays = house.clone();
        stays.pass(at(MAY));
        assert_eq!(names(&stays), both, "it was told");
        accept(&mut house, &cancellation(A, "E65", "x1", "m1"));
        house.pass(at(MAY));
        assert_eq!(names(&house), [&both[..], &bakery[..]].concat());
        // Somebody who moves in behind the day is no business of this order.
        let mut house = House::opened();
        order(&mut house, &forced(kind, A, B)).unwrap();
        accept(&mut house, &move_in(A, "m1", "2023-04-14T22:00:00Z"));
        assert_eq!(names(&house), bakery);
    }
}
