//! What comes before a forced change and does not after all, and what comes to nothing with it.

use super::*;
use crate::process::accounting_points::{ProcessKind, Status};
use crate::process::change_of_supplier::tests::{broken, cancellation, ending, move_in, request};

const MARCH: &str = "2023-03-14T23:00:00Z";
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
    accept(&mut house, &ending(A, "E20", "e1", MARCH));
    let id = order(&mut house, &on(MARCH, takeover())).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    // It overtakes the end of supply, and the supply of A goes on until it is taken over.
    accept(&mut house, &move_in(A, "m1", MARCH));
    let id = order(&mut house, &forced("E06", B, C)).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MARCH).as_str(), house.supplier(APRIL).as_str()), (B, C));
}
