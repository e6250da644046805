//! Every rule of the tables, broken alone and beside others, and on both sides of its edge.

use super::*;

/// What is done to the house, and to a request that breaks no rule.
type Tweak = fn(&mut House, &mut RequestChangeOfSupplier);

fn record(request: &mut RequestChangeOfSupplier) -> &mut ChangeOfSupplier {
    &mut request.records[0]
}

fn check(reason: &str, tweak: Tweak, rules: &[&str], answered: &[&str]) {
    let mut house = House::opened();
    let mut request = match reason {
        "E65" | "D21" | "D29" => move_in(B, "c1", APRIL),
        "E56" => request(A, reason, "c1", APRIL),
        _ => request(B, reason, "c1", APRIL),
    };
    request.header.business_reason = reason.into();
    tweak(&mut house, &mut request);
    let before = house.accounting_point(POINT);
    let decision = house.send(&request);
    assert_eq!(broken(&decision), rules, "{reason}");
    assert_eq!(codes(&decision), answered, "{reason} {rules:?}");
    if !rules.is_empty() {
        assert_eq!(house.accounting_point(POINT).processes(), before.processes(), "what is rejected changes nothing");
        assert_eq!(decision.outgoing.len(), 1);
        assert!(decision.events.is_empty());
    }
}

#[test]
fn a_request_that_breaks_no_rule_is_accepted() {
    for reason in ["E03", "D30", "E65", "D21", "D29", "E56"] {
        check(reason, |_, _| {}, &[], &[]);
    }
}

#[test]
fn input_rules() {
    let rows: &[(&str, Tweak, &[&str], &[&str])] = &[
        ("E03", |_, it| record(it).metering_point = id(" "), &["GsrnNumberIsRequired"], &["E10"]),
        ("E65", |_, it| record(it).metering_point = id(""), &["GsrnNumberIsRequired"], &["D64"]),
        ("E56", |_, it| record(it).metering_point = id(""), &["GsrnNumberIsRequired"], &["D64"]),
        ("E03", |_, it| record(it).metering_point = id("571313100000001001"), &["InvalidGsrnNumber"], &["E10"]),
        ("E65", |_, it| record(it).metering_point = id("57131310000000100x"), &["InvalidGsrnNumber"], &["E10"]),
        ("E03", |_, it| record(it).energy_supplier = id(""), &["EnergySupplierIdIsEmpty"], &["E16"]),
        ("E03", |_, it| record(it).energy_supplier = id("5790002000011"), &["InvalidEnergySupplierGln"], &["D02"]),
        (
            "E03",
            |_, it| record(it).energy_supplier.coding_scheme = "A01".into(),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        ("E03", |_, it| record(it).energy_supplier = id(C), &["EnergySupplierDoesNotMatchSender"], &["E16"]),
        ("E03", |_, it| record(it).start = "2023-03-31T22:00:00+00:00".into(), &["DateFormatMustBeUTC"], &["E86"]),
        ("E65", |_, it| record(it).start = "xx2023-03-31T22:00:00Z".into(), &["DateFormatMustBeUTC"], &["E86"]),
        ("E03", |_, it| record(it).start = " ".into(), &["EffectiveDateIsEmpty"], &["E17"]),
        ("E03", |_, it| record(it).customer = None, &["ConsumerIdentifierIsRequired"], &["D17"]),
        ("E65", |_, it| record(it).customer = Some(customer_id("")), &["ConsumerIdentifierIsRequired"], &["D64"]),
        ("E03", |_, it| record(it).customer = Some(customer_id("1234")), &["InvalidCustomerNumber"], &["D17"]),
        ("E65", |_, it| record(it).customer = Some(customer_id("3202801234")), &["InvalidCustomerNumber"], &["D17"]),
        (
            "E65",
            |_, it| record(it).customer.as_mut().unwrap().coding_scheme = "VAT".into(),
            &["InvalidCustomerNumber"],
            &["D17"],
        ),
        ("E65", |_, it| record(it).customer_name = None, &["ConsumerNameIsRequired"], &["D64"]),
        ("E65", |_, it| record(it).customer_name = Some("é".repeat(132)), &[], &[]),
        ("E65", |_, it| record(it).customer_name = Some("é".repeat(133)), &["CustomerTextLength"], &["E86"]),
        ("E03", |_, it| record(it).customer_name = None, &[], &[]),
        ("E56", |_, it| record(it).balance_responsible = None, &["BalanceResponsibleMissing"], &["E18"]),
        (
            "E56",
            |_, it| record(it).balance_responsible = Some(Id { coding_scheme: "A01".into(), ..id(BALANCE) }),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (
            "E03",
            |_, it| record(it).balance_responsible = Some(Id { coding_scheme: "A01".into(), ..id(BALANCE) }),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (
            "E65",
            |_, it| record(it).balance_responsible = Some(Id { coding_scheme: "A01".into(), ..id(BALANCE) }),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (
            "E56",
            |_, it| record(it).balance_responsible = Some(Id { coding_scheme: "A10".into(), ..id("10X1001A1001A248") }),
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (
            "E56",
            |_, it| {
                record(it).energy_supplier.coding_scheme = "A01".into();
                record(it).balance_responsible = Some(Id { coding_scheme: "A10".into(), ..id("10X1001A1001A248") });
            },
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        (
            "E03",
            |house, _| house.market.dk_mut().market_roles.change_of_supplier.require_brp = true,
            &["BalanceResponsibleMissing"],
            &["E18"],
        ),
        // Two of a level together, each code once; nothing of the next level.
        (
            "E03",
            |_, it| {
                record(it).metering_point = id("");
                record(it).start = "2023-03-31".into();
                record(it).customer = Some(customer_id("1"));
            },
            &["GsrnNumberIsRequired", "DateFormatMustBeUTC", "InvalidCustomerNumber"],
            &["E10", "E86", "D17"],
        ),
        (
            "E65",
            |_, it| {
                record(it).metering_point = id("");
                record(it).customer_name = None;
            },
            &["GsrnNumberIsRequired", "ConsumerNameIsRequired"],
            &["D64"],
        ),
        // Of a move-in the supplier is asked first, and alone.
        (
            "E65",
            |_, it| {
                record(it).energy_supplier = id("");
                record(it).metering_point = id("");
            },
            &["EnergySupplierIdIsEmpty"],
            &["E16"],
        ),
    ];
    for (reason, tweak, rules, answered) in rows {
        check(reason, *tweak, rules, answered);
    }
}

#[test]
fn domain_rules() {
    let rows: &[(&str, Tweak, &[&str], &[&str])] = &[
        ("E03", |_, it| record(it).metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        ("E65", |_, it| record(it).metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        (
            "E03",
            |house, _| house.store.register(B, ActorRole::EnergySupplier, Status::Inactive),
            &["EnergySupplierMustBeActive"],
            &["E16"],
        ),
        (
            "E03",
            |_, it| {
                (it.header.sender_number, record(it).energy_supplier) = (GRID.into(), id(GRID));
            },
            &["EnergySupplierMustBeActive"],
            &["E16"],
        ),
        (
            "E65",
            |_, it| {
                let unknown = "5790002000041";
                (it.header.sender_number, record(it).energy_supplier) = (unknown.into(), id(unknown));
            },
            &["UnknownEnergySupplier"],
            &["D02"],
        ),
        ("E03", |house, _| house.point(POINT, "D14", "Connected"), &["MeteringPointMustBeEnergySuppliable"], &["E22"]),
        ("E65", |house, _| house.point(POINT, "E20", "Connected"), &["MeteringPointMustBeEnergySuppliable"], &["E22"]),
        ("E03", |house, _| house.point(POINT, "E18", "Connected"), &[], &[]),
        ("E03", |house, _| house.point(POINT, "E17", "ClosedDown"), &["CannotBeInStateOfClosedDown"], &["D16"]),
        ("E65", |house, _| house.point(POINT, "E17", "ClosedDown"), &["CannotBeInStateOfClosedDown"], &["D16"]),
        ("E03", |house, _| house.point(POINT, "E17", "Disconnected"), &[], &[]),
        (
            "E03",
            |house, _| {
                house.send(&request(C, "E03", "other", APRIL));
            },
            &["ChangeOfSupplierRegisteredOnSameDateIsNotAllowed"],
            &["D07"],
        ),
        (
            "E03",
            |house, _| {
                house.send(&request(C, "E03", "other", APRIL));
                house.send(&cancellation(C, "E03", "x", "other"));
            },
            &[],
            &[],
        ),
        (
            "E03",
            |house, it| {
                house.send(&move_in(C, "other", APRIL));
                record(it).customer = Some(customer_id(PERSON));
            },
            &["MoveInRegisteredOnSameDateIsNotAllowed"],
            &["D07"],
        ),
        (
            "E65",
            |house, it| {
                house.send(&move_in(C, "other", APRIL));
                record(it).customer = Some(customer_id("0202801234"));
            },
            &["MoveInRegisteredOnSameDateIsNotAllowed"],
            &["E22"],
        ),
        (
            "D29",
            |house, it| {
                house.send(&move_in(B, "other", APRIL));
                record(it).customer = Some(customer_id("0202801234"));
            },
            &[],
            &[],
        ),
        (
            "D29",
            |house, it| {
                house.send(&move_in(C, "other", APRIL));
                record(it).customer = Some(customer_id("0202801234"));
            },
            &["MoveInRegisteredOnSameDateIsNotAllowed"],
            &["E22"],
        ),
        // The midnight with which today began is past, and tomorrow's is not.
        (
            "E03",
            |_, it| record(it).start = "2023-02-28T23:00:00Z".into(),
            &["EffectiveDateCannotBeInThePast", "EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("E03", |_, it| record(it).start = "2023-03-01T23:00:00Z".into(), &[], &[]),
        (
            "E03",
            |house, it| {
                house.market.dk_mut().market_roles.change_of_supplier.allow_today = true;
                record(it).start = "2023-02-28T23:00:00Z".into();
            },
            &[],
            &[],
        ),
        (
            "E03",
            |house, it| {
                house.market.dk_mut().market_roles.change_of_supplier.days_before = 2;
                record(it).start = "2023-02-27T23:00:00Z".into();
            },
            &[],
            &[],
        ),
        (
            "E03",
            |house, _| house.market.dk_mut().market_roles.change_of_supplier.min_notice_days = 31,
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("D30", |house, _| house.market.dk_mut().market_roles.change_of_supplier.min_notice_days = 31, &[], &[]),
        (
            "D30",
            |house, _| house.market.dk_mut().market_roles.change_of_supplier.short_notice_min_notice_days = 31,
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("E03", |_, it| record(it).start = "2023-03-31T21:00:00Z".into(), &["InvalidEffectiveDateTimeOfDay"], &["D66"]),
        ("E03", |_, it| record(it).start = "2023-03-31T22:00:01Z".into(), &["InvalidEffectiveDateTimeOfDay"], &["D66"]),
        ("E65", |_, it| record(it).start = "2023-03-31T23:00:00Z".into(), &["InvalidEffectiveDateTimeOfDay"], &["D66"]),
        // 16 days back and 60 ahead, counted in UTC; out of the window, the time of day is not asked.
        ("E65", |_, it| record(it).start = "2023-02-13T23:00:00Z".into(), &[], &[]),
        (
            "E65",
            |_, it| record(it).start = "2023-02-12T12:00:00Z".into(),
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("D21", |_, it| record(it).start = "2023-04-30T22:00:00Z".into(), &[], &[]),
        (
            "D21",
            |_, it| record(it).start = "2023-05-01T22:00:00Z".into(),
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        (
            "E03",
            |_, it| {
                (it.header.sender_number, record(it).energy_supplier) = (A.into(), id(A));
            },
            &["CannotBeCurrentSupplier"],
            &["D02"],
        ),
        // Somebody else takes over before, so that the current supplier may come back.
        (
            "E03",
            |house, it| {
                house.send(&request(C, "E03", "other", "2023-03-19T23:00:00Z"));
                (it.header.sender_number, record(it).energy_supplier) = (A.into(), id(A));
            },
            &[],
            &[],
        ),
        ("E03", |_, it| record(it).customer = Some(customer_id("87654321")), &["ConsumerMustMatch"], &["D17"]),
        (
            "E65",
            |_, it| record(it).customer = Some(customer_id(COMPANY)),
            &["CustomerMustBeDifferentFromCurrentCustomer"],
            &["D17"],
        ),
        ("D21", |_, it| record(it).customer = Some(customer_id(COMPANY)), &[], &[]),
        // A number that stands for none is nobody's; names decide.
        ("E03", |_, it| record(it).customer = Some(customer_id("11111111")), &[], &[]),
        (
            "E65",
            |house, _| house.market.dk_mut().market_roles.notices.blocked = vec![format!("131:{B}")],
            &["ActorBlockedInGridArea"],
            &["D48"],
        ),
        (
            "E56",
            |house, _| house.market.dk_mut().market_roles.notices.blocked = vec![format!("131:{BALANCE}")],
            &["OtherActorBlockedInGridArea"],
            &["D49"],
        ),
        ("E56", |_, it| record(it).balance_responsible = Some(id(GRID)), &["BalanceResponsibleMustBeKnown"], &["E18"]),
        (
            "E56",
            |_, it| {
                (it.header.sender_number, record(it).energy_supplier) = (B.into(), id(B));
            },
            &["SenderMustBeCurrentSupplier"],
            &["E16"],
        ),
        // Everything about an accounting point that is asked together is told together, each code once.
        (
            "E03",
            |house, it| {
                house.point(POINT, "D14", "ClosedDown");
                record(it).start = "2023-02-28T22:00:00Z".into();
                record(it).customer = Some(customer_id("87654321"));
            },
            &[
                "MeteringPointMustBeEnergySuppliable",
                "CannotBeInStateOfClosedDown",
                "EffectiveDateCannotBeInThePast",
                "EffectiveDateIsNotWithinAllowedTimePeriod",
                "InvalidEffectiveDateTimeOfDay",
                "ConsumerMustMatch",
            ],
            &["E22", "D16", "E17", "D66", "D17"],
        ),
    ];
    for (reason, tweak, rules, answered) in rows {
        check(reason, *tweak, rules, answered);
    }
}

#[test]
fn where_nobody_supplies_supply_begins_by_a_move_in() {
    let mut house = House::opened();
    let empty = "571313100000001055";
    house.point(empty, "E17", "Connected");
    house.customer(empty, COMPANY, "Example Bakery");
    let mut asked = request(B, "E03", "c1", APRIL);
    asked.records[0].metering_point = id(empty);
    let decision = house.send(&asked);
    assert_eq!((broken(&decision), codes(&decision)), (vec!["MustHaveEnergySupplierAssociated"], vec!["E22".into()]));
    let mut asked = move_in(B, "m1", APRIL);
    asked.records[0].metering_point = id(empty);
    assert_eq!(broken(&house.send(&asked)), Vec::<&str>::new());
}

#[test]
fn a_production_metering_point_must_be_obligated() {
    let mut house = House::opened();
    let table = MeteringPointTable {
        number: POINT.into(),
        kind: "E18".into(),
        grid_area: "131".into(),
        status: "Connected".into(),
        effective_date: "2020-12-31T23:00:00Z".into(),
        production_obligated: false,
    };
    house.store.commit(&table.changes().unwrap());
    let decision = house.send(&request(B, "E03", "c1", APRIL));
    assert_eq!(broken(&decision), ["ProductionMeteringPointMustBeObligated"]);
}

#[test]
fn net_settlement_group_6_keeps_its_supplier_where_the_settings_say_so() {
    use crate::process::metering_points::{self, metering_point};
    let mut house = House::opened();
    let id = MeteringPointId::new(POINT);
    let mut point = metering_point(&house.store.facts(&metering_points::needs_of(&id)), &id).unwrap();
    point.change(at("2023-03-30T22:00:00Z"), |version| version.master.net_settlement_group = Some(6));
    house.store.commit(&metering_points::changes(&point, None));
    house.market.dk_mut().market_roles.change_of_supplier.net_settlement_group_6_stays = true;
    let decision = house.send(&request(B, "E03", "c1", APRIL));
    assert_eq!((broken(&decision), codes(&decision)), (vec!["NetSettlementGroup6"], vec!["D47".to_string()]));
    // It is of the group from the day before on, and was not until then.
    assert_eq!(broken(&house.clone().send(&request(B, "E03", "c0", "2023-03-29T22:00:00Z"))), [""; 0]);
    house.market.dk_mut().market_roles.change_of_supplier.net_settlement_group_6_stays = false;
    assert_eq!(broken(&house.send(&request(B, "E03", "c2", APRIL))), [""; 0]);
}
