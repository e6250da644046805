//! A forced change at one accounting point: its states and documents, and what goes before it.

use super::*;
use crate::process::accounting_points::{Process, ProcessKind, Status};
use crate::process::change_of_supplier::course::State;
use crate::process::change_of_supplier::settings::Means;
use crate::process::change_of_supplier::tests::{cancellation, ending, move_in, request, value};
use crate::process::reallocation::tests::{agree, decline, reallocate};

const MARCH: &str = "2023-03-14T23:00:00Z";
const MAY: &str = "2023-04-30T22:00:00Z";

/// The forced change at the accounting point; the latest where there are several.
fn forced_change(house: &House) -> Process {
    let point = house.accounting_point(POINT);
    let found = point.processes().into_iter().rfind(|it| it.kind == ProcessKind::ForcedSupplierChange).cloned();
    found.expect("one was registered")
}

fn notices() -> [String; 3] {
    [
        format!("GenericNotification E06 {B}/DDQ"),
        format!("GenericNotification E06 {A}/DDQ"),
        "GenericNotification E06 8100000000030/DDM".to_string(),
    ]
}

fn withdrawals() -> [String; 3] {
    notices().map(|it| it.replace("GenericNotification", "NotifyCancellation"))
}

fn details() -> [String; 2] {
    [format!("AccountingPointCharacteristics E06 {B}/DDQ"), format!("CharacteristicsOfACustomerAtAnAP E06 {B}/DDQ")]
}

#[test]
fn a_forced_change_goes_through_its_states_with_every_document() {
    let mut house = House::opened();
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    let process = forced_change(&house);
    assert_eq!((process.status, process.requester.as_ref().map(|it| it.as_str())), (Status::Pending, Some(B)));
    assert_eq!(house.course(&process.id).state, State::AwaitingMasterDataDispatch);
    let start = |it: &crate::document::Outgoing| value(it, "validityStart_DateAndOrTime.dateTime");
    assert!(house.sent.iter().all(|it| start(it).as_deref() == Some(APRIL)));
    assert!(house.sent.iter().all(|it| value(it, "originalTransactionIDReference_MktActivityRecord.mRID").is_none()));
    let details_id = house.sent[3].message_id.clone();
    assert_eq!(house.post(), [&notices()[..], &details()[..]].concat());
    house.dequeue(&details_id);
    assert_eq!(house.course(&process.id).state, State::AwaitingSupplierChange);
    house.pass(at("2023-03-31T21:59:59Z"));
    assert_eq!(house.supplier("2023-03-31T21:59:59Z"), A);
    house.pass(at(APRIL));
    assert_eq!((house.supplier(APRIL).as_str(), house.supplier("2023-03-31T21:59:59Z").as_str()), (B, A));
    assert_eq!(house.post(), Vec::<String>::new(), "everybody was told in advance");
    let course = house.course(&process.id);
    let states: Vec<&str> = course.story.iter().filter_map(|it| it.what.strip_prefix("state ")).collect();
    let expected =
        ["AwaitingNotificationDispatch", "AwaitingMasterDataDispatch", "AwaitingSupplierChange", "Completed"];
    assert_eq!(states, expected);
    let told: Vec<&str> = house.events.iter().map(|it| it.name).collect();
    assert_eq!(told, ["FutureEnergySupplierChangeRegistered", "EnergySupplierChanged"]);
    assert_eq!(house.events[1].payload["previous_energy_supplier_gln"], A);
    assert_eq!(house.first_timer(), None);
}

#[test]
fn where_every_document_is_to_be_dequeued_each_is_waited_for() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.dispatch.notifications = Means::Dequeued;
    house.market.dk_mut().market_roles.dispatch.customer_details = Means::Dequeued;
    order(&mut house, &takeover()).unwrap();
    let process = forced_change(&house).id;
    let messages: Vec<String> = house.sent.iter().map(|it| it.message_id.clone()).collect();
    assert_eq!(house.post(), notices());
    for message in &messages[..2] {
        house.dequeue(message);
    }
    assert_eq!(house.course(&process).state, State::AwaitingNotificationDispatch);
    house.dequeue(&messages[0]);
    house.dequeue(&messages[2]);
    assert_eq!(house.course(&process).state, State::AwaitingMasterDataDispatch);
    assert_eq!(house.post(), details());
    house.pass(at("2023-03-02T09:00:00Z"));
    assert_eq!(house.course(&process).state, State::AwaitingSupplierChange, "patience ends after a day");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (B, None));
}

#[test]
fn a_change_of_supplier_that_comes_before_is_waited_for_and_nobody_is_told() {
    for day in [MARCH, APRIL] {
        let mut house = House::opened();
        house.send(&request(C, "E03", "c1", day));
        house.post();
        let id = order(&mut house, &takeover()).unwrap();
        assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
        assert_eq!((house.post(), forced_change(&house).status), (vec![], Status::Suspended));
        let mut cancelled = house.clone();

        house.pass(at(MAY));
        assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house).status), (C, Status::Cancelled));
        assert!(house.post().iter().all(|it| !it.contains("E06")));
        assert_eq!(house.told("FutureEnergySupplierChangeCancelled").len(), 0, "nobody had heard of it");
        assert_eq!(house.first_timer(), None);

        cancelled.send(&cancellation(C, "E03", "x1", "c1"));
        let post = cancelled.post();
        assert_eq!(post[1..], [&notices()[..], &details()[..]].concat(), "{post:?}");
        cancelled.pass(at(MAY));
        assert_eq!((cancelled.supplier(APRIL).as_str(), cancelled.first_timer()), (B, None));
    }
}

#[test]
fn a_move_out_and_a_move_in_come_before_likewise() {
    let mut house = House::opened();
    house.send(&ending(A, "E66", "o1", MARCH));
    house.post();
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    let mut back = house.clone();
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), forced_change(&house).status), ("nobody", Status::Cancelled));
    back.send(&cancellation(A, "E66", "x1", "o1"));
    back.pass(at(MAY));
    assert_eq!(back.supplier(APRIL), B);

    // A customer moves in with another supplier, and the move-out lapses with the change that it would have ended.
    let mut house = House::opened();
    house.send(&move_in(C, "m1", MARCH));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (C, None));

    // With the same supplier: whoever moves in is taken over.
    let mut house = House::opened();
    house.send(&move_in(A, "m1", MARCH));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    house.pass(at(MAY));
    assert_eq!(house.supplier(MAY), B);
}

#[test]
fn what_comes_before_may_itself_be_overtaken() {
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", APRIL));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    // The customer leaves, and with it the consent; the supplier stays.
    house.send(&move_in(A, "m1", MARCH));
    house.post();
    house.pass(at(MARCH));
    let post = house.post();
    assert!(notices().iter().all(|it| post.contains(it)), "{post:?}");
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), house.first_timer()), (B, None));
}

#[test]
fn a_change_that_is_asked_for_later_and_comes_earlier_withdraws_it() {
    for day in [MARCH, APRIL] {
        let mut house = House::opened();
        order(&mut house, &takeover()).unwrap();
        house.post();
        house.send(&request(C, "E03", "c1", day));
        house.post();
        house.pass(at(day));
        let post = house.post();
        assert!(withdrawals().iter().all(|it| post.contains(it)), "{post:?}");
        assert_eq!((house.supplier(day).as_str(), forced_change(&house).status), (C, Status::Cancelled));
        let told = house.told("FutureEnergySupplierChangeCancelled");
        assert_eq!((told.len(), &told[0].payload["reason"]), (1, &"superseded".into()));
        house.pass(at(MAY));
        assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (C, None));
    }
}

#[test]
fn a_change_behind_it_stands() {
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", MAY));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "done");
    house.pass(at("2023-06-01T00:00:00Z"));
    assert_eq!((house.supplier(APRIL).as_str(), house.supplier(MAY).as_str()), (B, C));
    assert!(house.post().contains(&format!("GenericNotification E03 {B}/DDQ")), "it hears that its supply ends");
}

#[test]
fn a_failing_supplier_gets_nothing_more() {
    // A change to it is cancelled by the hub, although its deadline is over; nothing is left to take over.
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", "2023-03-02T23:00:00Z"));
    house.pass(at("2023-03-01T10:00:00Z"));
    house.post();
    let id = order(&mut house, &forced("D13", C, B)).unwrap();
    assert_eq!(what_became(&house, &id), "skipped SupplierMustSupplyOnTheDate");
    assert_eq!(outcome(&house, &id, POINT).unwrap().cancelled, [house.course_of("c1").process]);
    let post = house.post();
    assert!(post.contains(&format!("NotifyCancellation D45 {C}/DDQ")), "{post:?}");
    assert_eq!(house.told("FutureEnergySupplierChangeCancelled")[0].payload["reason"], "hub");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (A, None));

    // In a takeover it is let be.
    let mut house = House::opened();
    house.send(&request(C, "E03", "c1", MARCH));
    let id = order(&mut house, &forced("E06", C, B)).unwrap();
    assert_eq!(what_became(&house, &id), "done", "it supplies on the date");
    house.pass(at(MAY));
    assert_eq!((house.supplier(MARCH).as_str(), house.supplier(APRIL).as_str()), (C, B));
}

#[test]
fn who_moves_in_with_a_failing_supplier_is_taken_over_until_the_date_and_turned_away_behind_it() {
    let mut house = House::opened();
    house.send(&move_in(C, "m1", MARCH));
    house.post();
    let id = order(&mut house, &forced("D13", C, B)).unwrap();
    assert_eq!((what_became(&house, &id).as_str(), outcome(&house, &id, POINT).unwrap().cancelled.len()), ("done", 0));
    house.pass(at(APRIL));
    assert_eq!((house.supplier(MARCH).as_str(), house.supplier(APRIL).as_str()), (C, B));

    let mut house = House::opened();
    house.send(&move_in(C, "m1", "2023-04-14T22:00:00Z"));
    house.post();
    let id = order(&mut house, &forced("D13", C, B)).unwrap();
    assert_eq!(what_became(&house, &id), "skipped SupplierMustSupplyOnTheDate");
    assert_eq!(house.post(), [format!("NotifyCancellation D45 {C}/DDQ")]);
}

#[test]
fn an_end_of_supply_of_a_failing_supplier_is_cancelled_and_none_is_taken_after() {
    for day in [MARCH, MAY] {
        let mut house = House::opened();
        house.send(&ending(A, "E20", "e1", day));
        house.post();
        let id = order(&mut house, &forced("D13", A, B)).unwrap();
        assert_eq!(what_became(&house, &id), "done");
        let post = house.post();
        assert_eq!(post[0], "GenericNotification D36 8100000000030/DDM", "{post:?}");
        let late = house.send(&ending(A, "E20", "e2", day));
        assert_eq!(late.fates[0].broken, ["ChangeCannotBeCancelledAnyMore"]);
        house.pass(at(MAY));
        assert_eq!(house.supplier(MAY), B);
    }
}

#[test]
fn an_end_of_supply_in_a_takeover_is_waited_for_or_overtaken() {
    let mut house = House::opened();
    house.send(&ending(A, "E20", "e1", MARCH));
    let id = order(&mut house, &takeover()).unwrap();
    assert_eq!(what_became(&house, &id), "stands by OvertakenByAnother");
    house.pass(at(MAY));
    assert_eq!(house.supplier(MAY), "nobody");

    let mut house = House::opened();
    house.send(&ending(A, "E20", "e1", MAY));
    house.post();
    order(&mut house, &takeover()).unwrap();
    house.post();
    house.pass(at(APRIL));
    assert_eq!(house.post(), ["GenericNotification D41 8100000000030/DDM"], "nobody is to be disconnected");
    house.pass(at("2023-06-01T00:00:00Z"));
    assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (B, None));
}

#[test]
fn a_reallocation_that_runs_is_waited_for() {
    for agrees in [true, false] {
        let mut house = House::opened();
        house.send(&request(C, "E03", "c1", "2023-03-01T23:00:00Z"));
        house.pass(at("2023-03-03T09:00:00Z"));
        house.send(&reallocate(C, "D07", "r1", "2023-03-01T23:00:00Z"));
        let asked = house.sent.iter().rfind(|it| it.kind.name == "RequestReallocateChangeOfSupplier").unwrap();
        let asked = value(asked, "mRID");
        house.post();
        // A would get it back.
        let id = order(&mut house, &takeover()).unwrap();
        assert_eq!((what_became(&house, &id).as_str(), house.post()), ("stands by OvertakenByAnother", vec![]));
        if agrees {
            house.send(&agree(A, "a1", asked.as_deref()));
        } else {
            house.send(&decline(A, "a1", asked.as_deref()));
        }
        house.pass(at(MAY));
        assert_eq!(house.supplier(MAY), if agrees { B } else { C });
        let expected = if agrees { Status::Completed } else { Status::Cancelled };
        assert_eq!((forced_change(&house).status, house.first_timer()), (expected, None));
    }
}

#[test]
fn a_second_order_finds_what_the_first_has_done() {
    let mut house = House::opened();
    order(&mut house, &takeover()).unwrap();
    house.post();
    house.pass(at("2023-03-01T10:00:00Z"));
    let again = order(&mut house, &takeover()).unwrap();
    assert_eq!((what_became(&house, &again).as_str(), house.post()), ("skipped ForcedChangeIsRegistered", vec![]));
    // It fails earlier than it was to hand over: whoever steps in first has it, and the takeover is withdrawn.
    let sooner = order(&mut house, &on(MARCH, forced("D13", A, C))).unwrap();
    assert_eq!(what_became(&house, &sooner), "done");
    house.post();
    house.pass(at(MARCH));
    assert_eq!((house.supplier(MARCH).as_str(), house.post()), (C, withdrawals().to_vec()));
    house.pass(at(MAY));
    assert_eq!((house.supplier(MAY).as_str(), house.first_timer()), (C, None));
}

#[test]
fn every_rule_of_an_accounting_point_is_told() {
    let became = |prepare: &dyn Fn(&mut House), table: OrderTable| {
        let mut house = House::opened();
        prepare(&mut house);
        let id = order(&mut house, &table).unwrap();
        (what_became(&house, &id), house.post().len())
    };
    let named = |point: &str, table: OrderTable| match table {
        OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, grid_areas, .. } => {
            let metering_points = Some(vec![point.to_string()]);
            OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, grid_areas, metering_points }
        }
        other => other,
    };
    let elsewhere = OrderTable::ForceSupplierChange {
        kind: "E06".into(),
        from: A.into(),
        to: None,
        to_by_grid_area: BTreeMap::from([("131".to_string(), B.to_string())]),
        date: APRIL.into(),
        grid_areas: None,
        metering_points: None,
    };
    let skipped = |rule: &str| (format!("skipped {rule}"), 0);
    let closed = |house: &mut House| house.point(POINT, "E17", "ClosedDown");
    assert_eq!(became(&closed, takeover()), skipped("CannotBeInStateOfClosedDown"));
    // The end of supply with which it is to be closed down stands, whatever the order.
    let to_be_closed = |house: &mut House| {
        house.send(&ending(A, "E20", "e1", MAY));
        let id = MeteringPointId::new(POINT);
        let facts = house.store.facts(&crate::process::metering_points::needs_of(&id));
        let before = crate::process::metering_points::metering_point(&facts, &id).unwrap();
        let mut point = before.clone();
        point.close_from(at(MAY));
        house.store.commit(&crate::process::metering_points::changes(&point, Some(&before)));
        house.post();
    };
    assert_eq!(became(&to_be_closed, takeover()), skipped("CannotBeInStateOfClosedDown"));
    assert_eq!(became(&to_be_closed, forced("D13", A, B)), skipped("CannotBeInStateOfClosedDown"));
    let blocked = |house: &mut House| house.market.dk_mut().market_roles.notices.blocked = vec![format!("131:{B}")];
    assert_eq!(became(&blocked, takeover()), skipped("NewSupplierBlockedInGridArea"));
    assert_eq!(became(&|_| (), named(POINT, forced("E06", C, B))), skipped("SupplierMustSupplyOnTheDate"));
    assert_eq!(became(&|_| (), named(POINT, elsewhere.clone())).0, "done");
    let moved = |house: &mut House| {
        use crate::process::metering_points::GridAreaTable;
        house.store.commit(&GridAreaTable { code: "151".into(), owner: None }.changes());
        let id = MeteringPointId::new(POINT);
        let facts = house.store.facts(&crate::process::metering_points::needs_of(&id));
        let mut point = crate::process::metering_points::metering_point(&facts, &id).unwrap();
        point.grid_area = "151".into();
        house.store.commit(&crate::process::metering_points::changes(&point, None));
    };
    assert_eq!(became(&moved, elsewhere), skipped("GridAreaHasNoNewSupplier"));
    let mut house = House::opened();
    let unknown = "571313100000009990";
    let id = order(&mut house, &named(unknown, takeover())).unwrap();
    assert_eq!(outcome(&house, &id, unknown).unwrap().broken, ["AccountingPointMustBeKnown"]);
    assert_eq!(outcome(&house, &id, POINT), None, "it was not named");
}
