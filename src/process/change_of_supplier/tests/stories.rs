//! The user stories on the passing of time. Source: market-roles 6.7; each test is named for its story.

use super::*;
use crate::market::Calendar;

#[test]
fn story_1_everything_due_happens_in_due_order_as_of_its_own_time() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&request(C, "E03", "c2", "2023-04-30T22:00:00Z"));
    house.sent.clear();
    house.pass(at("2024-01-01T00:00:00Z"));
    let times: Vec<Timestamp> = house.sent.iter().map(|it| it.created).collect();
    assert!(times.is_sorted());
    let notices: Vec<String> =
        house.sent.iter().filter(|it| it.kind.name == "GenericNotification").map(|it| it.created.to_string()).collect();
    assert_eq!(notices, ["2023-03-28T22:00:00Z", "2023-04-27T22:00:00Z"]);
    let happened: Vec<_> =
        house.told("EnergySupplierChanged").iter().map(|it| it.payload["occurred_at"].clone()).collect();
    assert_eq!(happened, ["2023-03-31T22:00:00Z", "2023-04-30T22:00:00Z"]);
}

#[test]
fn story_2_a_change_for_the_first_of_april_happens_at_its_local_midnight() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-03-31T21:59:59Z"));
    assert_eq!((house.supplier("2023-03-31T21:59:59Z").as_str(), house.told("EnergySupplierChanged").len()), (A, 0));
    house.pass(at(APRIL));
    house.pass(at("2023-04-05T00:00:00Z"));
    assert_eq!((house.supplier(APRIL).as_str(), house.told("EnergySupplierChanged").len()), (B, 1));
}

#[test]
fn story_3_and_one_for_the_first_of_january_at_its_own() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", "2023-12-31T23:00:00Z"));
    house.pass(at("2023-12-31T22:59:59Z"));
    assert_eq!(house.told("EnergySupplierChanged").len(), 0);
    house.pass(at("2023-12-31T23:00:00Z"));
    assert_eq!((house.supplier("2023-12-31T23:00:00Z").as_str(), house.told("EnergySupplierChanged").len()), (B, 1));
}

#[test]
fn story_4_the_current_supplier_hears_of_it_72_hours_before_and_once() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    let to_a = |house: &House| house.sent.iter().filter(|it| it.receiver.number.as_str() == A).count();
    // 72 hours have passed when summer time began in between: at midnight in summer, not at midnight in winter.
    house.pass(at("2023-03-28T21:59:59Z"));
    assert_eq!(to_a(&house), 0);
    house.pass(at("2023-03-28T22:00:00Z"));
    assert_eq!(to_a(&house), 1);
    house.pass(at("2023-05-01T00:00:00Z"));
    assert_eq!(to_a(&house), 1);
}

#[test]
fn story_5_what_fell_due_while_nobody_was_there_happens_as_of_its_day() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    // The house is closed, and opened again weeks later.
    let mut reopened = House { sent: vec![], events: vec![], ..house.clone() };
    reopened.pass(at("2023-04-20T12:00:00Z"));
    let point = reopened.accounting_point(POINT);
    let starts: Vec<String> = point.supplies().iter().map(|it| it.period.start.to_string()).collect();
    assert_eq!(starts, ["2021-12-31T23:00:00Z", APRIL]);
    assert_eq!(reopened.told("EnergySupplierChanged")[0].payload["effective_date"], APRIL);
    // The order of messages is unbroken: customer, then the notice.
    let names: Vec<&str> = reopened.sent.iter().map(|it| it.kind.name).collect();
    assert_eq!(names, ["CharacteristicsOfACustomerAtAnAP", "GenericNotification"]);
}

#[test]
fn story_6_a_clock_that_goes_back_fires_nothing_twice() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-04-02T00:00:00Z"));
    let (sent, events) = (house.sent.len(), house.events.len());
    house.now = at("2023-03-20T00:00:00Z");
    house.pass(at("2023-04-10T00:00:00Z"));
    assert_eq!((house.sent.len(), house.events.len()), (sent, events));
}

#[test]
fn story_7_on_the_nights_on_which_the_clock_changes_there_is_one_midnight_each() {
    let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
    for date in ["2023-03-26", "2023-03-27", "2023-10-29", "2023-10-30"] {
        let midnight = calendar.midnight(date.parse().unwrap());
        let mut house = House::opened();
        let start = midnight.to_string();
        assert_eq!(broken(&house.send(&request(B, "E03", "c1", &start))), Vec::<&str>::new(), "{date}");
        house.pass(Timestamp::from_micros(midnight.micros() - 1));
        assert_eq!(house.told("EnergySupplierChanged").len(), 0, "{date}");
        house.pass(midnight);
        assert_eq!(house.told("EnergySupplierChanged").len(), 1, "{date}");
        // An hour beside it is no midnight.
        let beside = Timestamp::from_seconds(midnight.seconds() + 3_600).to_string();
        assert_eq!(codes(&House::opened().send(&request(B, "E03", "c1", &beside))), ["D66"], "{date}");
    }
}

#[test]
fn story_8_a_move_in_reported_late_is_effective_at_once_and_its_data_follow_from_its_day() {
    let mut house = House::opened();
    // Ten days late: 19 February.
    house.send(&move_in(B, "m1", "2023-02-18T23:00:00Z"));
    assert_eq!(house.supplier("2023-02-19T00:00:00Z"), B);
    assert_eq!(house.told("EnergySupplierChanged").len(), 1);
    let grid_data = "CharacteristicsOfACustomerAtAnAP E65 8100000000030/DDM".to_string();
    assert!(!house.post().contains(&grid_data));
    house.pass(at("2023-03-05T22:59:59Z"));
    assert_eq!(house.post(), Vec::<String>::new());
    house.pass(at("2023-03-05T23:00:00Z"));
    assert_eq!(house.post(), [grid_data]);
}

#[test]
fn story_9_a_second_before_the_deadline_is_in_time_and_the_deadline_is_not() {
    let sent_at = |instant: &str| {
        let mut house = House::opened();
        house.send(&request(B, "E03", "c1", APRIL));
        house.pass(at(instant));
        codes(&house.send(&cancellation(B, "E03", "x1", "c1")))
    };
    assert_eq!(sent_at("2023-03-28T21:59:59Z"), Vec::<String>::new());
    assert_eq!(sent_at("2023-03-28T22:00:00Z"), ["E17"]);
}

#[test]
fn story_10_two_processes_due_at_one_instant_happen_in_one_order() {
    let order = |first: &RequestChangeOfSupplier, second: &RequestChangeOfSupplier| {
        let mut house = House::opened();
        // Asked for in either order; B must be supplier, or be about to be, to name its balance responsible party.
        for request in [first, second] {
            house.send(request);
        }
        house.pass(at(APRIL));
        let changed = |event: &&Event| ["EnergySupplierChanged", "BalanceResponsibleChanged"].contains(&event.name);
        house.events.iter().filter(changed).map(|event| event.name).collect::<Vec<_>>()
    };
    let (change, balance) = (request(B, "E03", "c1", APRIL), request(B, "E56", "b1", APRIL));
    assert_eq!(order(&change, &balance), ["EnergySupplierChanged", "BalanceResponsibleChanged"]);
    let (by_a, change_by_b) = (request(A, "E56", "b1", APRIL), request(B, "E03", "c1", APRIL));
    assert_eq!(order(&by_a, &change_by_b), ["EnergySupplierChanged"], "A has nothing to be responsible for any more");
}

#[test]
fn story_11_a_past_instant_keeps_its_supplier_whatever_happens_since() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.pass(at("2023-04-10T09:00:00Z"));
    house.send(&move_in(C, "m1", "2023-04-14T22:00:00Z"));
    house.pass(at("2023-05-10T09:00:00Z"));
    let instants = ["2021-06-01T00:00:00Z", "2023-03-15T00:00:00Z", "2023-04-10T00:00:00Z", "2023-05-01T00:00:00Z"];
    assert_eq!(instants.map(|instant| house.supplier(instant)), ["nobody", A, B, C]);
}
