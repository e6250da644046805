//! Who is sent what: charges 6.6 and 7.3.

use std::sync::Arc;

use super::*;
use crate::document::Field;

fn told(decision: &Decision) -> Vec<Party> {
    sent(decision, NOTIFY.name).iter().map(|it| it.receiver.clone()).collect()
}

fn grid() -> Party {
    party(GRID, ActorRole::GridAccessProvider)
}

fn supplier(number: &str) -> Party {
    party(number, ActorRole::EnergySupplier)
}

/// Charge, asked from, and who hears of it besides the owner, who asks.
#[test]
fn suppliers_hear_of_links_and_the_grid_of_taxes() {
    let rows: &[(&str, ChargeType, &str, &str, &[&str])] = &[
        ("SUB", ChargeType::Subscription, GRID, "01-09", &[SUPPLIER, NEXT_SUPPLIER]),
        ("NET", ChargeType::Tariff, GRID, "01-09", &[SUPPLIER, NEXT_SUPPLIER]),
        ("FEE", ChargeType::Fee, GRID, "01-09", &[SUPPLIER]),
        ("FEE", ChargeType::Fee, GRID, "30-09", &[SUPPLIER]),
        ("FEE", ChargeType::Fee, GRID, "01-10", &[NEXT_SUPPLIER]),
        ("SUB", ChargeType::Subscription, GRID, "01-10", &[NEXT_SUPPLIER]),
        ("40000", ChargeType::Tariff, OPERATOR, "01-09", &[SUPPLIER, NEXT_SUPPLIER]),
        ("TAX", ChargeType::Tariff, OPERATOR, "01-09", &["grid", SUPPLIER, NEXT_SUPPLIER]),
        ("TAX", ChargeType::Tariff, OPERATOR, "01-10", &["grid", NEXT_SUPPLIER]),
    ];
    for (id, charge_type, owner, date, expected) in rows {
        let role = if *owner == GRID { "DDM" } else { "EZ" };
        let operation = of(id, *charge_type, owner, link(date, "inf", 1));
        let decision = World::new().send(&from(owner, role, vec![operation]));
        assert_eq!(broken(&decision), [ACCEPTED]);
        let expected: Vec<Party> =
            expected.iter().map(|it| if *it == "grid" { grid() } else { supplier(it) }).collect();
        assert_eq!(told(&decision), expected, "{id} from {date}");
        let confirm = &sent(&decision, CONFIRM.name)[0];
        assert_eq!(confirm.receiver.number.as_str(), *owner);
        assert_eq!(confirm.sender, party(HUB, ActorRole::MeteringPointAdministrator));
    }
}

#[test]
fn whoever_asks_is_confirmed_and_not_told() {
    let tax = of("TAX", ChargeType::Tariff, OPERATOR, operation());
    let decision = World::new().send(&from(SUPPLIER, "DDQ", vec![tax]));
    assert_eq!(told(&decision), [grid(), supplier(NEXT_SUPPLIER)]);
    assert_eq!(sent(&decision, CONFIRM.name)[0].receiver, supplier(SUPPLIER));
}

/// The metering point lies in an area without an owner, in none that is known, in one whose owner has left.
#[test]
fn a_grid_area_without_an_owner_hinders_nobody() {
    for (area, owner) in [("999", None), ("131", None), ("131", Some("8100000000207"))] {
        let mut world = World::new();
        world.register("8100000000207", ActorRole::GridAccessProvider, Status::Inactive);
        world.point(POINT, "E17", area);
        world.commit(&GridAreaTable { code: "131".into(), owner: owner.map(str::to_string) }.changes());
        let tax = of("TAX", ChargeType::Tariff, OPERATOR, operation());
        let decision = world.send(&from(OPERATOR, "EZ", vec![tax]));
        assert_eq!(broken(&decision), [ACCEPTED]);
        assert_eq!(told(&decision), [supplier(SUPPLIER), supplier(NEXT_SUPPLIER)]);
    }
}

#[test]
fn only_live_suppliers_are_told() {
    for status in Status::ALL {
        let mut world = World::new();
        world.register(NEXT_SUPPLIER, ActorRole::EnergySupplier, status);
        let decision = world.send(&request(vec![operation()]));
        assert_eq!(told(&decision).contains(&supplier(NEXT_SUPPLIER)), status.is_live(), "{status:?}");
    }
}

#[test]
fn a_document_for_each_receiver_and_records_in_document_order() {
    let mut world = World::new();
    let decision = world.send(&request(vec![
        Operation { transaction_id: "t-1".into(), ..operation() },
        Operation { transaction_id: "t-2".into(), ..of("FEE", ChargeType::Fee, GRID, link("01-09", "02-09", 2)) },
        Operation { transaction_id: "t-3".into(), ..of("NET", ChargeType::Tariff, GRID, operation()) },
        Operation { transaction_id: "t-4".into(), ..of("NONE", ChargeType::Tariff, GRID, operation()) },
    ]));
    let ids = |kind: &str, at: usize| {
        sent(&decision, kind)[at].records.iter().map(|it| it.transaction_id.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(CONFIRM.name, 0), ["t-1", "t-2", "t-3"]);
    assert_eq!(ids(REJECT.name, 0), ["t-4"]);
    assert_eq!(ids(NOTIFY.name, 0), ["t-1", "t-2", "t-3"]);
    assert_eq!(ids(NOTIFY.name, 1), ["t-1", "t-3"]);
    let notified = sent(&decision, NOTIFY.name);
    assert_eq!(notified[0].records[2], notified[1].records[1], "one record, one id, whoever reads it");

    let decision = world.send(&request(vec![link("01-11", "inf", 2)]));
    assert_eq!(sent(&decision, NOTIFY.name).len(), 1);
    let tariff = world.send(&request(vec![of("NET", ChargeType::Tariff, GRID, link("02-09", "inf", 1))]));
    let notified = sent(&tariff, NOTIFY.name);
    assert!(Arc::ptr_eq(&notified[0].records, &notified[1].records));
}

/// Elements in the order of the schema. No end is no termination date.
#[test]
fn what_a_notification_says() {
    let mut world = World::new();
    for (operation, termination) in [
        (link("01-09", "inf", 3), None),
        (Operation { termination: Some(Timestamp::OPEN_END), ..link("01-09", "inf", 3) }, None),
        (link("01-09", "01-10", 3), Some("2023-09-30T22:00:00Z")),
        (link("01-09", "01-09", 3), Some("2023-08-31T22:00:00Z")),
    ] {
        let decision = world.send(&request(vec![operation]));
        let record = &sent(&decision, NOTIFY.name)[0].records[0];
        let mut charge = vec![
            Field::Id("chargeTypeOwner_MarketParticipant.mRID", "A10", GRID.into()),
            Field::Code("type", "D01".into()),
            Field::Text("mRID", "SUB".into()),
            Field::Text("factor", "3".into()),
            Field::Text("effectiveDate", "2023-08-31T22:00:00Z".into()),
        ];
        charge.extend(termination.map(|date| Field::Text("terminationDate", date.into())));
        let Field::Text("mRID", id) = &record.fields[0] else { panic!("{record:?}") };
        assert_eq!(id.len(), 32);
        assert_eq!(
            record.fields[1..],
            [
                Field::Id("marketEvaluationPoint.mRID", "A10", POINT.into()),
                Field::Group("ChargeGroup", vec![Field::Item("ChargeType", charge)]),
            ]
        );
    }
}

#[test]
fn receipts_name_the_metering_point_if_there_is_one() {
    let mut world = World::new();
    let decision = world.send(&request(vec![
        operation(),
        Operation { transaction_id: "t-2".into(), metering_point: "".into(), ..operation() },
    ]));
    let point = Field::Id("marketEvaluationPoint.mRID", "A10", POINT.into());
    assert_eq!(sent(&decision, CONFIRM.name)[0].records[0].fields[2], point);
    let rejected = &sent(&decision, REJECT.name)[0].records[0];
    assert!(matches!(&rejected.fields[2], Field::Item("Reason", _)), "{rejected:?}");
    assert_eq!(sent(&decision, REJECT.name)[0].business_reason, "D17");
}

#[test]
fn who_is_not_registered_still_hears_why() {
    let mut world = World::new();
    let decision = world.send(&from(GRID, "DDX", vec![operation()]));
    assert_eq!(sent(&decision, REJECT.name)[0].receiver, world.caller);
}
