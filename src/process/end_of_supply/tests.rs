//! Ends of supply and move-outs: every rule, every step, and what overtakes them.

use crate::process::Request;
use crate::process::accounting_points::Status;
use crate::process::change_of_supplier::tests::*;
use crate::process::charge_documents::tests::at;
use crate::process::market_documents::requests::RequestEndOfSupply;

/// 1 May.
const MAY: &str = "2023-04-30T22:00:00Z";

fn accept(house: &mut House, request: &dyn Request) {
    assert_eq!(broken(&house.send(request)), Vec::<&str>::new());
}

fn consumes(house: &House, instant: &str) -> bool {
    house.accounting_point(POINT).consumer_at(at(instant)).is_some()
}

type Tweak = fn(&mut House, &mut RequestEndOfSupply);

fn check(reason: &str, tweak: Tweak, rules: &[&str], answered: &[&str]) {
    let mut house = House::opened();
    let mut request = ending(A, reason, "x1", APRIL);
    tweak(&mut house, &mut request);
    let before = house.accounting_point(POINT);
    let decision = house.send(&request);
    assert_eq!(broken(&decision), rules, "{reason}");
    assert_eq!(codes(&decision), answered, "{reason} {rules:?}");
    let kind = if rules.is_empty() { "ConfirmRequestEndOfSupply" } else { "RejectRequestEndOfSupply" };
    assert_eq!(decision.outgoing[0].kind.name, kind);
    if !rules.is_empty() {
        assert_eq!(house.accounting_point(POINT).processes(), before.processes(), "what is rejected changes nothing");
    }
}

#[test]
fn every_rule_has_its_code() {
    let rows: &[(&str, Tweak, &[&str], &[&str])] = &[
        ("E20", |_, _| {}, &[], &[]),
        ("E66", |_, _| {}, &[], &[]),
        ("E20", |_, it| it.records[0].metering_point = id(" "), &["GsrnNumberIsRequired"], &["D64"]),
        ("E66", |_, it| it.records[0].metering_point = id("571313100000001001"), &["InvalidGsrnNumber"], &["E10"]),
        ("E20", |_, it| it.records[0].energy_supplier = Some(id(A)), &[], &[]),
        ("E20", |_, it| it.records[0].energy_supplier = Some(id(B)), &["EnergySupplierDoesNotMatchSender"], &["E16"]),
        (
            "E66",
            |_, it| {
                it.records[0].energy_supplier =
                    Some(crate::process::market_documents::Id { coding_scheme: "A01".into(), number: A.into() })
            },
            &["ActorNumberMustMatchItsScheme"],
            &["D66"],
        ),
        ("E20", |_, it| it.records[0].end = " ".into(), &["EffectiveDateIsEmpty"], &["E17"]),
        ("E66", |_, it| it.records[0].end = "2023-03-31T22:00:00+00:00".into(), &["DateFormatMustBeUTC"], &["E86"]),
        (
            "E20",
            |_, it| {
                it.records[0].metering_point = id("1");
                it.records[0].energy_supplier = Some(id(B));
                it.records[0].end = String::new();
            },
            &["InvalidGsrnNumber", "EnergySupplierDoesNotMatchSender", "EffectiveDateIsEmpty"],
            &["E10", "E16", "E17"],
        ),
        ("E20", |_, it| it.records[0].metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        ("E20", |_, it| it.header.sender_number = "5790002000041".into(), &["UnknownEnergySupplier"], &["D02"]),
        ("E66", |_, it| it.header.sender_number = GRID.into(), &["EnergySupplierMustBeActive"], &["E16"]),
        ("E20", |house, _| house.point(POINT, "D14", "Connected"), &["MeteringPointMustBeEnergySuppliable"], &["E22"]),
        ("E66", |house, _| house.point(POINT, "E17", "ClosedDown"), &["CannotBeInStateOfClosedDown"], &["D16"]),
        (
            "E20",
            |house, it| {
                house.point("571313100000001017", "E17", "Connected");
                it.records[0].metering_point = id("571313100000001017");
            },
            &["MustHaveEnergySupplierAssociated", "SenderMustBeCurrentSupplier"],
            &["E22", "E16"],
        ),
        (
            "E20",
            |house, _| accept(house, &move_in(B, "m1", APRIL)),
            &["MoveInRegisteredOnSameDateIsNotAllowed"],
            &["D07"],
        ),
        (
            "E66",
            |house, _| accept(house, &ending(A, "E66", "x0", APRIL)),
            &["MoveOutRegisteredOnSameDateIsNotAllowed"],
            &["D07"],
        ),
        (
            "E20",
            |house, _| accept(house, &ending(A, "E66", "x0", APRIL)),
            &["MoveOutRegisteredOnSameDateIsNotAllowed"],
            &["D07"],
        ),
        // Today has begun.
        (
            "E20",
            |_, it| it.records[0].end = "2023-02-28T23:00:00Z".into(),
            &["EffectiveDateCannotBeInThePast", "EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("E20", |_, it| it.records[0].end = "2023-03-01T23:00:00Z".into(), &[], &[]),
        (
            "E20",
            |house, _| house.market.dk_mut().market_roles.end_of_supply.min_notice_days = 31,
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("E66", |_, it| it.records[0].end = "2023-02-13T23:00:00Z".into(), &[], &[]),
        (
            "E66",
            |_, it| it.records[0].end = "2023-02-12T23:00:00Z".into(),
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        ("E66", |_, it| it.records[0].end = MAY.into(), &[], &[]),
        (
            "E66",
            |_, it| it.records[0].end = "2023-05-01T22:00:00Z".into(),
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        (
            "E20",
            |_, it| it.records[0].end = "2023-03-31T23:00:00Z".into(),
            &["InvalidEffectiveDateTimeOfDay"],
            &["D66"],
        ),
        ("E20", |_, it| it.header.sender_number = B.into(), &["CurrentSupplierIsAnother"], &["D08"]),
        ("E66", |_, it| it.header.sender_number = B.into(), &["SenderMustBeCurrentSupplier"], &["E16"]),
        ("E20", |house, _| accept(house, &ending(A, "E20", "x0", MAY)), &["OngoingEndOfSupply"], &["D39"]),
        // Behind a change that has happened, with a window that reaches back.
        (
            "E20",
            |house, it| {
                accept(house, &request(B, "E03", "c1", "2023-03-02T23:00:00Z"));
                house.pass(at("2023-03-04T09:00:00Z"));
                house.market.dk_mut().market_roles.end_of_supply.days_before = 10;
                it.records[0].end = "2023-03-01T23:00:00Z".into();
            },
            &["NoLaterCompletedChange"],
            &["E17"],
        ),
        // A change before it is pending: as long as that can be cancelled.
        (
            "E20",
            |house, it| {
                accept(house, &request(B, "E03", "c1", APRIL));
                house.pass(at("2023-03-28T21:59:59Z"));
                it.records[0].end = MAY.into();
            },
            &[],
            &[],
        ),
        (
            "E20",
            |house, it| {
                accept(house, &request(B, "E03", "c1", APRIL));
                house.pass(at("2023-03-28T22:00:00Z"));
                it.records[0].end = MAY.into();
            },
            &["ChangeCannotBeCancelledAnyMore"],
            &["D20"],
        ),
        (
            "E66",
            |house, it| {
                accept(house, &request(B, "E03", "c1", APRIL));
                it.records[0].end = MAY.into();
            },
            &["SenderMustBeCurrentSupplier"],
            &["E16"],
        ),
        ("E66", |house, _| accept(house, &request(B, "E03", "c1", APRIL)), &["SenderMustBeCurrentSupplier"], &["E16"]),
        // Whoever takes over before may end its own supply.
        (
            "E20",
            |house, it| {
                accept(house, &request(B, "E03", "c1", APRIL));
                it.header.sender_number = B.into();
                it.records[0].end = MAY.into();
            },
            &[],
            &[],
        ),
        (
            "E66",
            |house, it| {
                house.market.dk_mut().market_roles.move_out.ends_supply = false;
                accept(house, &ending(A, "E66", "x0", "2023-03-09T23:00:00Z"));
                it.records[0].end = APRIL.into();
            },
            &["ConsumerMustBeRegistered"],
            &["D72"],
        ),
    ];
    for (reason, tweak, rules, answered) in rows {
        check(reason, *tweak, rules, answered);
    }
}

#[test]
fn a_supply_ends_on_its_day_and_the_grid_company_knows() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    let grid = format!("{GRID}/DDM");
    assert_eq!(
        house.post(),
        [format!("ConfirmRequestEndOfSupply E20 {A}/DDQ"), format!("GenericNotification E20 {grid}")]
    );
    assert_eq!(house.course_of("x1").state.name(), "AwaitingEndOfSupply");
    house.pass(at("2023-03-31T21:59:59Z"));
    assert_eq!(house.supplier("2023-04-01T00:00:00Z"), A);
    house.pass(at(APRIL));
    assert_eq!(house.supplier("2023-03-31T21:59:59Z"), A);
    assert_eq!(house.supplier(APRIL), "nobody");
    assert!(consumes(&house, APRIL));
    assert_eq!(house.course_of("x1").state.name(), "Completed");
    assert_eq!(house.post(), Vec::<String>::new());
    assert_eq!(house.told("EndOfSupplyEffectuated").len(), 1);
    assert_eq!(house.told("EnergySupplierChanged").len(), 0);
    // Then supply begins again by a move-in alone.
    let asked = request(B, "E03", "c1", MAY);
    assert_eq!(broken(&house.send(&asked)), ["MustHaveEnergySupplierAssociated"]);
    accept(&mut house, &move_in(B, "m1", MAY));
    house.pass(at(MAY));
    assert_eq!(house.supplier(MAY), B);
}

#[test]
fn a_completed_end_may_keep_people_out() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.move_in.after_end_of_supply = false;
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    house.pass(at(APRIL));
    assert_eq!(codes(&house.send(&move_in(B, "m1", MAY))), ["D54"]);
}

#[test]
fn the_day_comes_although_nobody_fetches_the_confirmation() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.dispatch.confirm = crate::process::change_of_supplier::settings::Means::Dequeued;
    accept(&mut house, &ending(A, "E20", "x1", "2023-03-01T23:00:00Z"));
    house.pass(at("2023-03-01T23:00:00Z"));
    assert_eq!(house.supplier("2023-03-01T23:00:00Z"), "nobody");
    assert_eq!(house.course_of("x1").state.name(), "AwaitingConfirmationMessageDispatch");
    house.post();
    house.pass(at("2023-03-02T09:00:00Z"));
    assert_eq!(house.post(), [format!("GenericNotification E20 {GRID}/DDM")]);
    assert_eq!(house.course_of("x1").state.name(), "Completed");
    assert_eq!(house.told("EndOfSupplyEffectuated").len(), 1);
}

#[test]
fn a_change_of_supplier_on_its_day_or_before_overtakes_an_end() {
    for change in ["2023-03-19T23:00:00Z", APRIL] {
        let mut house = House::opened();
        accept(&mut house, &ending(A, "E20", "x1", APRIL));
        accept(&mut house, &request(B, "E03", "c1", change));
        house.pass(at("2023-03-19T22:59:59Z"));
        house.post();
        house.pass(at(APRIL));
        let post = house.post();
        assert!(post.contains(&format!("GenericNotification D41 {GRID}/DDM")), "{post:#?}");
        assert!(post.contains(&format!("GenericNotification E03 {B}/DDQ")), "{post:#?}");
        assert_eq!(house.supplier(APRIL), B, "{change}");
        assert_eq!(house.told("EndOfSupplyCancelled")[0].payload["reason"], "superseded");
        assert_eq!(house.told("EndOfSupplyEffectuated").len(), 0);
        let changed = house.told("EnergySupplierChanged");
        assert_eq!(changed[0].payload["previous_energy_supplier_gln"], A);
    }
}

#[test]
fn a_cancelled_change_leaves_the_end_as_it_was() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    accept(&mut house, &request(B, "E03", "c1", "2023-03-19T23:00:00Z"));
    accept(&mut house, &cancellation(B, "E03", "y1", "c1"));
    house.pass(at(APRIL));
    assert_eq!(house.supplier("2023-03-31T21:59:59Z"), A);
    assert_eq!(house.supplier(APRIL), "nobody");
}

#[test]
fn a_change_behind_an_end_begins_where_nobody_supplies() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    accept(&mut house, &request(B, "E03", "c1", MAY));
    house.pass(at("2023-04-30T21:59:59Z"));
    assert_eq!(house.supplier("2023-04-30T21:59:59Z"), "nobody");
    let post = house.post();
    assert!(!post.contains(&format!("GenericNotification E03 {A}/DDQ")), "nobody has to be told: {post:#?}");
    house.pass(at("2023-05-03T00:00:00Z"));
    let post = house.post();
    assert!(post.contains(&format!("GenericNotification E03 {B}/DDQ")), "{post:#?}");
    assert!(post.contains(&format!("GenericNotification E03 {GRID}/DDM")), "{post:#?}");
    assert_eq!(house.supplier(MAY), B);
}

#[test]
fn a_move_in_on_its_day_or_before_overtakes_an_end() {
    for day in ["2023-03-19T23:00:00Z", APRIL] {
        let mut house = House::opened();
        accept(&mut house, &ending(A, "E20", "x1", APRIL));
        accept(&mut house, &move_in(B, "m1", day));
        house.pass(at(APRIL));
        let post = house.post();
        assert!(post.contains(&format!("GenericNotification D41 {GRID}/DDM")), "{post:#?}");
        assert!(post.contains(&format!("GenericNotification E01 {A}/DDQ")), "{post:#?}");
        assert_eq!(house.supplier(APRIL), B);
    }
}

#[test]
fn what_the_new_supplier_announces_of_its_own_supply_stands() {
    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", APRIL));
    accept(&mut house, &ending(B, "E20", "x1", MAY));
    house.pass(at("2023-05-03T00:00:00Z"));
    assert_eq!(house.supplier(APRIL), B);
    assert_eq!(house.supplier(MAY), "nobody");
    // And lapses with the change that it builds on.
    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", APRIL));
    accept(&mut house, &ending(B, "E20", "x1", MAY));
    accept(&mut house, &cancellation(B, "E03", "y1", "c1"));
    house.post();
    house.pass(at("2023-05-03T00:00:00Z"));
    assert_eq!(house.supplier(MAY), A);
    assert_eq!(house.post(), [format!("GenericNotification D41 {GRID}/DDM")]);
    assert_eq!(house.told("EndOfSupplyCancelled").len(), 1);
}

#[test]
fn an_end_is_cancelled_until_its_deadline_and_the_grid_company_hears_that_the_supply_goes_on() {
    for reason in ["E20", "E66"] {
        for (instant, answer) in [("2023-03-28T21:59:59Z", None), ("2023-03-28T22:00:00Z", Some("CancellationTooLate"))]
        {
            let mut house = House::opened();
            accept(&mut house, &ending(A, reason, "x1", APRIL));
            house.pass(at(instant));
            house.post();
            let decision = house.send(&cancellation(A, reason, "y1", "x1"));
            assert_eq!(broken(&decision), answer.into_iter().collect::<Vec<_>>());
            if answer.is_none() {
                let sent = [
                    format!("ConfirmRequestCancellation {reason} {A}/DDQ"),
                    format!("GenericNotification D36 {GRID}/DDM"),
                ];
                assert_eq!(house.post(), sent);
                house.pass(at(MAY));
                assert_eq!(house.supplier(MAY), A);
                assert!(consumes(&house, MAY));
                let name = if reason == "E20" { "EndOfSupplyCancelled" } else { "ConsumerMoveOutCancelled" };
                assert_eq!(house.told(name)[0].payload["reason"], "requested");
                assert_eq!(broken(&house.send(&cancellation(A, reason, "y2", "x1"))), ["NoEndOfSupplyRegistered"]);
            }
        }
    }
}

#[test]
fn cancelling_what_was_never_asked_for() {
    let mut house = House::opened();
    assert_eq!(codes(&house.send(&cancellation(A, "E20", "y1", "x1"))), ["D38"]);
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    assert_eq!(codes(&house.send(&cancellation(A, "E20", "y2", "x2"))), ["E0H"]);
    assert_eq!(codes(&house.send(&cancellation(B, "E20", "y3", "x1"))), ["E16"]);
    assert_eq!(codes(&house.send(&cancellation(A, "E66", "y4", "x1"))), ["D40"]);
}

#[test]
fn a_customer_moves_out_and_the_supply_ends() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    house.post();
    assert_eq!(house.course_of("x1").state.name(), "AwaitingEffectuation");
    house.pass(at(APRIL));
    assert!(consumes(&house, "2023-03-31T21:59:59Z") && !consumes(&house, APRIL));
    assert_eq!(house.supplier(APRIL), "nobody");
    let details = house.sent.last().unwrap().clone();
    assert_eq!(house.post(), [format!("CharacteristicsOfACustomerAtAnAP E66 {GRID}/DDM")]);
    assert_eq!(value(&details, "hasEnergySupplier").as_deref(), Some("false"));
    assert_eq!(value(&details, "firstCustomer_MarketParticipant.name"), None);
    assert_eq!((house.told("ConsumerMoveOutRegistered").len(), house.told("ConsumerMovedOut").len()), (1, 1));
    assert_eq!(house.course_of("x1").state.name(), "Completed");
}

#[test]
fn a_move_out_of_the_past_happens_at_once() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", "2023-02-19T23:00:00Z"));
    let post = house.post();
    assert_eq!(
        post,
        [
            format!("ConfirmRequestEndOfSupply E66 {A}/DDQ"),
            format!("GenericNotification E66 {GRID}/DDM"),
            format!("CharacteristicsOfACustomerAtAnAP E66 {GRID}/DDM"),
        ]
    );
    assert!(!consumes(&house, "2023-02-19T23:00:00Z"));
    assert_eq!(house.supplier("2023-02-19T23:00:00Z"), "nobody");
}

#[test]
fn a_move_out_that_was_undone_may_be_asked_for_again() {
    const DAY: &str = "2023-02-19T23:00:00Z";
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", DAY));
    accept(&mut house, &crate::process::reallocation::tests::reallocate(A, "D33", "r1", DAY));
    assert!(consumes(&house, DAY) && house.supplier(DAY) == A);
    accept(&mut house, &ending(A, "E66", "x2", DAY));
    assert!(!consumes(&house, DAY) && house.supplier(DAY) == "nobody");
    let again = broken(&house.send(&ending(A, "E66", "x3", DAY)));
    assert!(again.contains(&"MoveOutRegisteredOnSameDateIsNotAllowed"), "{again:?}");
}

#[test]
fn where_the_market_has_it_so_a_supplier_keeps_the_empty_house() {
    let mut house = House::opened();
    house.market.dk_mut().market_roles.move_out.ends_supply = false;
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    // What was asked for under one rule goes by it.
    house.market.dk_mut().market_roles.move_out.ends_supply = true;
    house.pass(at(APRIL));
    assert_eq!(house.supplier(APRIL), A);
    assert!(!consumes(&house, APRIL));
    let details = house.sent.last().unwrap();
    assert_eq!(value(details, "hasEnergySupplier").as_deref(), Some("true"));
}

#[test]
fn the_supply_passes_to_whoever_somebody_moves_in_with_on_the_same_day() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    accept(&mut house, &move_in(B, "m1", APRIL));
    house.pass(at(APRIL));
    assert_eq!(house.supplier("2023-03-31T21:59:59Z"), A);
    assert_eq!(house.supplier(APRIL), B);
    assert!(consumes(&house, APRIL));
    assert_eq!(house.told("EnergySupplierChanged")[0].payload["previous_energy_supplier_gln"], A);
    let post = house.post();
    assert!(post.contains(&format!("GenericNotification E01 {A}/DDQ")), "{post:#?}");
    assert!(!post.iter().any(|line| line.contains("D41")), "{post:#?}");
    // With the same supplier its supply simply goes on.
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    accept(&mut house, &move_in(A, "m1", APRIL));
    house.pass(at(APRIL));
    assert_eq!(house.accounting_point(POINT).supplies().len(), 1);
    assert_eq!(house.supplier(APRIL), A);
}

#[test]
fn nobody_takes_over_a_customer_who_will_have_left() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    assert_eq!(broken(&house.send(&request(B, "E03", "c1", MAY))), ["ConsumerMustMatch"]);
    assert_eq!(broken(&house.send(&request(B, "E03", "c2", APRIL)))[0], "MoveOutRegisteredOnSameDateIsNotAllowed");
    // Registered before, it stands, and starts where nobody consumes.
    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", MAY));
    accept(&mut house, &ending(A, "E66", "x1", APRIL));
    house.pass(at("2023-05-03T00:00:00Z"));
    assert_eq!((house.supplier(APRIL), house.supplier(MAY)), ("nobody".into(), B.into()));
    assert!(!consumes(&house, MAY));
}

#[test]
fn a_customer_who_left_before_leaves_no_second_time() {
    // The one who moves out is gone when somebody has moved in.
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "x1", MAY));
    accept(&mut house, &move_in(A, "m1", APRIL));
    house.pass(at("2023-05-03T00:00:00Z"));
    assert!(consumes(&house, MAY));
    assert_eq!(house.supplier(MAY), A);
    assert_eq!(house.told("ConsumerMoveOutCancelled")[0].payload["reason"], "superseded");
    // Asked for behind the move-in, the one who is to move in is meant.
    let mut house = House::opened();
    accept(&mut house, &move_in(A, "m1", APRIL));
    accept(&mut house, &ending(A, "E66", "x1", MAY));
    house.pass(at("2023-05-03T00:00:00Z"));
    assert!(consumes(&house, APRIL) && !consumes(&house, MAY));
}

#[test]
fn an_end_behind_a_move_out_comes_to_nothing_without_a_word_to_the_grid_company() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "x1", MAY));
    accept(&mut house, &ending(A, "E66", "x2", APRIL));
    house.pass(at("2023-05-03T00:00:00Z"));
    assert_eq!(house.supplier(APRIL), "nobody");
    let post = house.post();
    assert!(!post.iter().any(|line| line.contains("D41")), "{post:#?}");
    let point = house.accounting_point(POINT);
    assert!(point.open().is_empty());
    assert_eq!(point.processes().last().unwrap().status, Status::Completed);
}

#[test]
fn a_story_tells_what_is_due() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E20", "x1", APRIL));
    let process = house.course_of("x1").process;
    let rows = story(&house, &process);
    let due: Vec<_> = rows.iter().filter(|row| row["what"] == "due").collect();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0]["at"].as_str(), due[0]["step"].as_str()), (Some(APRIL), Some("takes effect")));
    assert_eq!(rows[1]["kind"], "EndOfSupply");
}

#[test]
fn an_end_that_comes_to_nothing_is_in_nobodys_way() {
    let mut house = House::opened();
    accept(&mut house, &move_in(C, "m1", "2023-03-20T23:00:00Z"));
    accept(&mut house, &ending(A, "E20", "overtaken", APRIL));
    accept(&mut house, &ending(C, "E20", "own", MAY));
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), house.supplier(MAY).as_str()), (C, "nobody"));

    let mut house = House::opened();
    accept(&mut house, &request(B, "E03", "c1", "2023-03-20T23:00:00Z"));
    accept(&mut house, &ending(B, "E20", "of nothing", APRIL));
    accept(&mut house, &cancellation(B, "E03", "x1", "c1"));
    accept(&mut house, &ending(A, "E20", "own", MAY));
    house.pass(at(MAY));
    assert_eq!((house.supplier(APRIL).as_str(), house.supplier(MAY).as_str()), (A, "nobody"));
}

#[test]
fn a_customer_whose_supply_has_ended_moves_out_all_the_same() {
    let mut house = House::opened();
    accept(&mut house, &ending(A, "E66", "o1", APRIL));
    accept(&mut house, &ending(A, "E20", "e1", "2023-03-20T23:00:00Z"));
    house.pass(at("2023-03-31T21:59:59Z"));
    assert!(house.accounting_point(POINT).consumer_at(at("2023-03-31T21:59:59Z")).is_some());
    house.post();
    house.pass(at(APRIL));
    assert_eq!(house.post(), [format!("CharacteristicsOfACustomerAtAnAP E66 {GRID}/DDM")]);
    assert_eq!((house.accounting_point(POINT).consumer_at(at(APRIL)), house.told("ConsumerMovedOut").len()), (None, 1));
}
