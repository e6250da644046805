//! What other systems are told: charges 8.2, to the field.

use serde_json::{Value, json};

use super::*;
use crate::process::Event;

fn told(decision: &Decision) -> Vec<(&'static str, Value)> {
    decision.events.iter().map(|it: &Event| (it.name, it.payload.clone())).collect()
}

fn on(date: &str, termination: bool) -> RequestChangeOfPriceList {
    let mut operation = Operation { effective: Some(local(date)), ..information() };
    asked(&mut operation).termination = termination.then(|| local(date));
    request(vec![operation])
}

/// Operations on one charge, in order; the event of each, without the charge's identity.
#[test]
fn every_kind_of_operation_has_its_event() {
    let mut world = World::new();
    let five = prices(Resolution::Day, local("01-09"), local("04-09"), &["-1.5", "0", "99999.999999"]);
    let point = |units: i64, nanos: i64, time: &str| json!({"price": {"units": units, "nanos": nanos}, "time": time});
    let rows: Vec<(RequestChangeOfPriceList, &str, Value)> = vec![
        (
            on("01-09", false),
            "ChargeCreated",
            json!({
                "currency": "DKK", "resolution": 3, "tax_indicator": false,
                "start": "2023-08-31T22:00:00Z", "end": "9999-12-31T23:59:59Z",
            }),
        ),
        (
            on("01-10", false),
            "ChargePeriodUpdated",
            json!({"period": {"start": "2023-09-30T22:00:00Z", "end": "9999-12-31T23:59:59Z"}}),
        ),
        (
            request(vec![five]),
            "ChargePricesUpdated",
            json!({
                "update_period_start": "2023-08-31T22:00:00Z", "update_period_end": "2023-09-03T22:00:00Z",
                "points": [
                    point(-1, -500_000_000, "2023-08-31T22:00:00Z"),
                    point(0, 0, "2023-09-01T22:00:00Z"),
                    point(99_999, 999_999_000, "2023-09-02T22:00:00Z"),
                ],
            }),
        ),
        (on("01-11", true), "ChargeDiscontinued", json!({"end": "2023-10-31T23:00:00Z"})),
        (
            on("15-10", false),
            "ChargePeriodUpdated",
            json!({"period": {"start": "2023-10-14T22:00:00Z", "end": "2023-10-31T23:00:00Z"}}),
        ),
        (on("01-11", false), "ChargeDiscontinuationCancelled", json!({"cancelled_end": "2023-10-31T23:00:00Z"})),
    ];
    for (request, name, mut payload) in rows {
        let decision = world.send(&request);
        payload["charge_id"] = "C-1".into();
        payload["charge_type"] = 3.into();
        payload["charge_owner"] = GRID.into();
        assert_eq!(told(&decision), [(name, payload)]);
    }
}

#[test]
fn events_come_in_document_order_and_nothing_rejected_is_told() {
    let mut world = World::new();
    let on = |id: &str, date: &str, stop: bool| {
        let mut operation = Operation {
            transaction_id: format!("{id} {date} {stop}"),
            charge_id: id.into(),
            effective: Some(local(date)),
            ..information()
        };
        asked(&mut operation).termination = stop.then(|| local(date));
        operation
    };
    let decision = world.send(&request(vec![
        on("B", "01-09", false),
        on("A", "01-09", false),
        on("B", "01-10", true),
        on("A", "01-08", true),
        on("A", "01-11", false),
    ]));
    assert_eq!(broken(&decision), [ACCEPTED, ACCEPTED, ACCEPTED, &["CH.01"], &["VR.906"]]);
    let events: Vec<(&str, &str)> =
        decision.events.iter().map(|it| (it.name, it.payload["charge_id"].as_str().unwrap())).collect();
    assert_eq!(events, [("ChargeCreated", "B"), ("ChargeCreated", "A"), ("ChargeDiscontinued", "B")]);
}

/// Names and descriptions are written by people; events carry none.
#[test]
fn no_event_repeats_free_text() {
    let decision = World::new().send(&request(vec![information()]));
    assert!(!told(&decision)[0].1.to_string().contains("what it is"));
}
