//! What an operation makes of the links that are there: charges 6.2 and 6.4, row by row, and the event of each.

use serde_json::{Value, json};

use super::state::known_at;
use super::*;

/// `start end factor`, local dates of 2023, as `01-09 inf 1`.
type Row<'a> = (&'a str, &'a str, i64);

fn check(stored: &[Row], asked: Row, after: &[Row]) -> Decision {
    let mut world = World::new();
    for (start, end, factor) in stored {
        assert_eq!(broken(&world.send(&request(vec![link(start, end, *factor)]))), [ACCEPTED]);
    }
    let decision = world.send(&request(vec![link(asked.0, asked.1, asked.2)]));
    assert_eq!(broken(&decision), [ACCEPTED], "{asked:?}");
    let found: Vec<(Period, i64)> = world.links(&identity()).iter().map(|it| (it.period, it.factor)).collect();
    let after: Vec<(Period, i64)> =
        after.iter().map(|(start, end, factor)| (Period::new(local(start), local(end)), *factor)).collect();
    assert_eq!(found, after, "{stored:?} and {asked:?}");
    decision
}

#[test]
fn links_that_do_not_overlap_stand_side_by_side() {
    check(&[], ("01-09", "inf", 1), &[("01-09", "inf", 1)]);
    check(&[("01-09", "01-10", 1)], ("01-10", "inf", 2), &[("01-09", "01-10", 1), ("01-10", "inf", 2)]);
    check(&[("01-10", "inf", 2)], ("01-09", "01-10", 1), &[("01-09", "01-10", 1), ("01-10", "inf", 2)]);
    check(&[("01-09", "01-10", 1)], ("01-11", "01-12", 1), &[("01-09", "01-10", 1), ("01-11", "01-12", 1)]);
}

#[test]
fn what_overlaps_is_an_update() {
    let open = [("01-07", "inf", 1)];
    check(&open, ("01-09", "inf", 2), &[("01-07", "01-09", 1), ("01-09", "inf", 2)]);
    check(&open, ("01-09", "01-11", 2), &[("01-07", "01-09", 1), ("01-09", "01-11", 2), ("01-11", "inf", 1)]);
    check(&open, ("01-07", "inf", 2), &[("01-07", "inf", 2)]);
    check(&open, ("01-06", "inf", 2), &[("01-06", "inf", 2)]);
    check(&[("01-09", "01-10", 1)], ("01-08", "01-11", 2), &[("01-08", "01-11", 2)]);
    let three = [("01-07", "01-08", 1), ("01-08", "01-09", 2), ("01-10", "inf", 3)];
    check(&three, ("15-07", "15-10", 4), &[("01-07", "15-07", 1), ("15-07", "15-10", 4), ("15-10", "inf", 3)]);
}

#[test]
fn links_that_touch_and_agree_are_one() {
    check(&[("01-07", "01-09", 1)], ("01-09", "inf", 1), &[("01-07", "inf", 1)]);
    check(&[("01-07", "01-09", 1), ("01-10", "inf", 1)], ("01-09", "01-10", 1), &[("01-07", "inf", 1)]);
    check(&[("01-07", "inf", 1)], ("01-08", "01-09", 1), &[("01-07", "inf", 1)]);
    let doubled = [("01-07", "inf", 1), ("01-08", "01-09", 2)];
    check(&doubled, ("01-08", "01-09", 1), &[("01-07", "inf", 1)]);
}

#[test]
fn a_termination_date_on_the_effective_date_is_a_stop() {
    check(&[("01-07", "inf", 1)], ("01-09", "01-09", 1), &[("01-07", "01-09", 1)]);
    check(&[("01-07", "inf", 1)], ("01-07", "01-07", 1), &[]);
    check(&[("01-07", "01-08", 1), ("01-10", "inf", 2)], ("01-09", "01-09", 1), &[("01-07", "01-08", 1)]);
    // Again on the same date, and an earlier one after a later one.
    check(&[("01-07", "01-09", 1)], ("01-09", "01-09", 1), &[("01-07", "01-09", 1)]);
    check(&[("01-07", "01-09", 1)], ("01-08", "01-08", 1), &[("01-07", "01-08", 1)]);
}

/// The event of each kind of operation, without the names that all have.
#[test]
fn every_kind_of_operation_has_its_event() {
    let period = |start: &str, end: &str, factor: i64| json!({"start": local(start).to_string(), "end": local(end).to_string(), "factor": factor});
    let updated = |start: &str, end: &str, periods: Vec<Value>| {
        let start = local(start).to_string();
        json!({"updated_period_start": start, "updated_period_end": local(end).to_string(), "periods": periods})
    };
    let open = &[("01-07", "inf", 1)][..];
    let rows: &[(&[Row], Row, &str, Value)] = &[
        (&[], ("01-09", "inf", 1), "ChargeLinkCreated", json!({"period": period("01-09", "inf", 1)})),
        (
            &[("01-07", "01-08", 1)],
            ("01-09", "01-10", 3),
            "ChargeLinkCreated",
            json!({"period": period("01-09", "01-10", 3)}),
        ),
        (
            open,
            ("01-09", "inf", 2),
            "ChargeLinkUpdated",
            updated("01-07", "inf", vec![period("01-07", "01-09", 1), period("01-09", "inf", 2)]),
        ),
        (open, ("01-09", "01-09", 1), "ChargeLinkUpdated", updated("01-07", "inf", vec![period("01-07", "01-09", 1)])),
        (open, ("01-07", "inf", 1), "ChargeLinkUpdated", updated("01-07", "inf", vec![period("01-07", "inf", 1)])),
    ];
    for (stored, asked, name, payload) in rows {
        let decision = check(
            stored,
            *asked,
            &{
                let mut world = World::new();
                for (start, end, factor) in stored.iter().chain([asked]) {
                    world.send(&request(vec![link(start, end, *factor)]));
                }
                let links = world.links(&identity());
                let date = |at: Timestamp| match at.is_open_end() {
                    true => "inf".to_string(),
                    false => Calendar::new(world.market.zone).date(at).format("%d-%m").to_string(),
                };
                let rows: Vec<(String, String, i64)> =
                    links.iter().map(|it| (date(it.period.start), date(it.period.end), it.factor)).collect();
                rows
            }
            .iter()
            .map(|(start, end, factor)| (start.as_str(), end.as_str(), *factor))
            .collect::<Vec<_>>(),
        );
        let mut expected = payload.clone();
        expected["charge_link_id"] = "t-1".into();
        expected["metering_point_id"] = POINT.into();
        expected["charge_id"] = "SUB".into();
        expected["charge_type"] = 1.into();
        expected["charge_owner"] = GRID.into();
        let events: Vec<(&str, &Value)> = decision.events.iter().map(|it| (it.name, &it.payload)).collect();
        assert_eq!(events, [(*name, &expected)]);
    }
}

/// What was replaced still says who made it and who retired it, so every earlier state can be told.
#[test]
fn what_was_known_at_any_time_can_be_told() {
    let mut world = World::new();
    let acts = [("01-07", "inf", 1), ("01-09", "inf", 2), ("01-08", "01-10", 3), ("01-12", "01-12", 1)];
    let mut states = Vec::new();
    for (n, (start, end, factor)) in acts.into_iter().enumerate() {
        world.now = Timestamp::from_seconds(at(NOW).seconds() + n as i64);
        let operation = Operation { transaction_id: format!("t-{n}"), ..link(start, end, factor) };
        assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
        states.push((world.now, world.links(&identity())));
    }
    let (links, retired) = (world.links(&identity()), world.retired(&identity()));
    for (at, state) in states {
        assert_eq!(known_at(&links, &retired, at), state, "{at}");
    }
    assert_eq!(known_at(&links, &retired, at("2023-08-01T08:59:59Z")), []);
    let by: Vec<(&str, &str)> =
        retired.iter().map(|it| (it.link.created_by.transaction_id.as_str(), it.by.transaction_id.as_str())).collect();
    assert_eq!(by, [("t-0", "t-1"), ("t-1", "t-2"), ("t-1", "t-2"), ("t-2", "t-3")]);
}

#[test]
fn operations_of_one_document_see_each_other_and_fail_together() {
    let mut world = World::new();
    let numbered = |n: usize, operation: Operation| Operation { transaction_id: format!("t-{n}"), ..operation };
    let decision = world.send(&request(vec![
        numbered(1, link("01-07", "inf", 1)),
        numbered(2, link("01-09", "inf", 2)),
        numbered(3, of("FEE", ChargeType::Fee, GRID, link("01-09", "02-09", 1))),
        numbered(4, link("01-10", "inf", 0)),
        numbered(5, link("01-11", "inf", 3)),
        numbered(6, of("FEE", ChargeType::Fee, GRID, link("01-10", "02-10", 1))),
    ]));
    assert_eq!(broken(&decision), [ACCEPTED, ACCEPTED, ACCEPTED, &["CH.10"], &["VR.906"], ACCEPTED]);
    let factors: Vec<i64> = world.links(&identity()).iter().map(|it| it.factor).collect();
    assert_eq!(factors, [1, 2]);
    let behind = &sent(&decision, REJECT.name)[0].records[1];
    assert_eq!((behind.transaction_id.as_str(), behind.reasons.len()), ("t-5", 1));
    assert!(behind.reasons[0].1.contains("transaction t-4 before it failed"));
    let names: Vec<&str> = decision.events.iter().map(|it| it.name).collect();
    assert_eq!(names, ["ChargeLinkCreated", "ChargeLinkUpdated", "ChargeLinkCreated", "ChargeLinkCreated"]);
}

/// Both directions of the index: which charges a metering point pays, and which metering points pay a charge.
#[test]
fn links_are_found_from_both_ends() {
    let mut world = World::new();
    let other = "571313110000000012";
    world.point(other, "E18", "131");
    let points = |world: &World| {
        let charge = identity().charge;
        let points = state::points_of_charge(&world.facts(&state::needs_of_charge(&charge)), &charge);
        points.iter().map(|it| it.to_string()).collect::<Vec<_>>()
    };
    let fee = of("FEE", ChargeType::Fee, GRID, link("01-09", "02-09", 1));
    world.send(&request(vec![link("01-07", "inf", 1), fee, Operation { metering_point: other.into(), ..operation() }]));
    assert_eq!(points(&world), [POINT, other]);
    let point = MeteringPointId::new(POINT);
    let found = state::links_of_point(&world.facts(&state::needs_of_point(&point)), &point);
    let found: Vec<&str> = found.iter().map(|(charge, _)| charge.id.as_str()).collect();
    assert_eq!(found, ["SUB", "FEE"]);
    world.send(&request(vec![link("01-09", "01-09", 1)]));
    assert_eq!(points(&world), [POINT, other], "it was linked up to the stop");
    world.send(&request(vec![link("01-07", "01-07", 1)]));
    assert_eq!(points(&world), [other]);
}
