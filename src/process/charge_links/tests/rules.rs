//! Every rule from both sides of its edge: rows follow the order in which the rules are asked.

use super::super::rules::{self, Rule};
use super::*;

/// A change to a document that breaks no rule, and the rules that its first operation then breaks.
type Row = (&'static str, fn(&mut RequestChangeBillingMasterData), &'static [&'static str]);

fn world() -> World {
    let mut world = World::new();
    world.register(GRID, ActorRole::BalanceResponsibleParty, Status::Inactive);
    world.register("8200000000011", ActorRole::GridAccessProvider, Status::Active);
    world.register("8100000000207", ActorRole::GridAccessProvider, Status::Inactive);
    world.register("7300000000011", ActorRole::EnergySupplier, Status::Active);
    world.charge("GONE", "D01", "8100000000207", false, None);
    world
}

fn check(world: fn() -> World, rows: &[Row]) {
    for (name, change, rules) in rows {
        let mut request = request(vec![operation()]);
        change(&mut request);
        let decision = world().send(&request);
        assert_eq!(broken(&decision)[0], *rules, "{name}");
        assert_texts(&decision, name);
    }
}

/// Every reject text opens with its rule's number and is one sentence without an internal name in it.
fn assert_texts(decision: &Decision, name: &str) {
    for (code, text) in sent(decision, REJECT.name).iter().flat_map(|it| it.records.iter()).flat_map(|it| &it.reasons) {
        let number = text.split(": ").next().unwrap();
        let rule =
            all_rules().into_iter().find(|rule| rule.number == number).unwrap_or_else(|| panic!("{name}: {text}"));
        assert_eq!(rule.code.code(), code, "{name}");
        assert!(!text.contains("Tariff") && !text.contains("Some(") && !text.contains("  "), "{name}: {text}");
    }
}

fn all_rules() -> Vec<&'static Rule> {
    let stages = [rules::DOCUMENT, rules::INPUT, rules::METERING_POINT, rules::CHARGE, rules::LINK];
    stages.into_iter().flatten().copied().chain([&Rule::VR_906]).collect()
}

fn first(request: &mut RequestChangeBillingMasterData) -> &mut Operation {
    &mut request.operations[0]
}

/// A charge of the system operator instead, asked for by a supplier.
fn by_supplier(request: &mut RequestChangeBillingMasterData, number: &str, charge: (&str, ChargeType, &str)) {
    (request.header.sender_number, request.header.sender_role) = (number.into(), "DDQ".into());
    request.operations = vec![of(charge.0, charge.1, charge.2, operation())];
}

#[test]
fn document_rules() {
    check(
        world,
        &[
            ("nothing wrong", |_| {}, &[]),
            ("sender unknown in this role", |it| it.header.sender_role = "DDX".into(), &["VR.152"]),
            ("sender inactive in this role", |it| it.header.sender_role = "DDK".into(), &["VR.152"]),
            ("an unknown sender", |it| it.header.sender_number = "9999999999999".into(), &["VR.152"]),
            ("another type", |it| it.header.document_type = "D10".into(), &["VR.404"]),
            ("no receiver", |it| it.header.receiver_number = " ".into(), &["VR.153"]),
            ("no sender", |it| it.header.sender_number = "".into(), &["VR.152", "VR.150"]),
            ("the system operator as receiver", |it| it.header.receiver_role = "EZ".into(), &[]),
            ("another receiver", |it| it.header.receiver_role = "DDM".into(), &["VR.165"]),
            (
                "all at once, and nothing about the operation",
                |it| {
                    it.header = Header::default();
                    it.operations[0].charge_id.clear();
                },
                &["VR.152", "VR.404", "VR.153", "VR.150", "VR.165"],
            ),
        ],
    );
}

#[test]
fn input_rules() {
    check(
        world,
        &[
            ("id of 11 characters", |it| first(it).charge_id = "12345678901".into(), &["VR.441"]),
            ("no id", |it| first(it).charge_id = "".into(), &["VR.440"]),
            ("a blank transaction id", |it| first(it).transaction_id = " ".into(), &["VR.223"]),
            ("transaction id of 36", |it| first(it).transaction_id = "x".repeat(36), &[]),
            ("transaction id of 37", |it| first(it).transaction_id = "x".repeat(37), &["VR.922"]),
            ("no owner", |it| first(it).owner = "".into(), &["VR.532"]),
            ("no type", |it| first(it).charge_type = None, &["VR.449"]),
            ("no effective date", |it| first(it).effective = None, &["VR.531"]),
            ("no factor", |it| first(it).factor = None, &["CH.10"]),
            ("factor 0", |it| first(it).factor = Some(0), &["CH.10"]),
            ("factor -1", |it| first(it).factor = Some(-1), &["CH.10"]),
            ("factor 2", |it| first(it).factor = Some(2), &[]),
            ("factor 2 of a fee", |it| *first(it) = of("FEE", ChargeType::Fee, GRID, link("01-09", "02-09", 2)), &[]),
            (
                "factor 1 of a tariff",
                |it| *first(it) = of("NET", ChargeType::Tariff, GRID, link("01-09", "inf", 1)),
                &[],
            ),
            (
                "factor 2 of a tariff",
                |it| *first(it) = of("NET", ChargeType::Tariff, GRID, link("01-09", "inf", 2)),
                &["CH.10"],
            ),
            ("a microsecond", |it| first(it).termination = Some(micros(local("01-09"), 1)), &[]),
            ("less than nothing", |it| first(it).termination = Some(micros(local("01-09"), -1)), &["CH.11"]),
            ("90 days ago", |it| first(it).effective = Some(local("03-05")), &[]),
            ("just before", |it| first(it).effective = Some(micros(local("03-05"), -1)), &["CH.13"]),
            (
                "nothing but a record",
                |it| *first(it) = Operation::default(),
                &["VR.440", "VR.223", "VR.532", "VR.449", "VR.531", "CH.10"],
            ),
        ],
    );
}

fn micros(instant: Timestamp, more: i64) -> Timestamp {
    Timestamp::from_micros(instant.micros() + more)
}

#[test]
fn business_rules() {
    check(
        world,
        &[
            ("an unknown metering point", |it| first(it).metering_point = "571313110000000029".into(), &["VR.200"]),
            (
                "an unknown metering point and an unknown charge",
                |it| {
                    first(it).metering_point = "".into();
                    first(it).charge_id = "NONE".into();
                },
                &["VR.200"],
            ),
            ("an unknown charge", |it| first(it).charge_id = "NONE".into(), &["VR.679"]),
            ("a charge of another type", |it| first(it).charge_type = Some(ChargeType::Fee), &["VR.679"]),
            ("a charge of another owner", |it| first(it).owner = OPERATOR.into(), &["VR.679"]),
            ("up to the charge's stop", |it| *first(it) = ends("01-09", "01-12"), &[]),
            ("beyond it", |it| *first(it) = ends("01-09", "02-12"), &["CH.08"]),
            ("without an end", |it| *first(it) = ends("01-09", "inf"), &["CH.08"]),
            ("on its last day", |it| *first(it) = ends("30-11", "01-12"), &[]),
            ("behind it", |it| *first(it) = ends("01-12", "02-12"), &["VR.679"]),
            (
                "an owner who has left",
                |it| {
                    first(it).charge_id = "GONE".into();
                    first(it).owner = "8100000000207".into();
                },
                &["CH.02", "CH.09"],
            ),
            ("another grid company", |it| it.header.sender_number = "8200000000011".into(), &["CH.09"]),
            (
                "the system operator on a grid company's charge",
                |it| (it.header.sender_number, it.header.sender_role) = (OPERATOR.into(), "EZ".into()),
                &["CH.09"],
            ),
            (
                "the supplier on the system operator's tariff",
                |it| by_supplier(it, SUPPLIER, ("40000", ChargeType::Tariff, OPERATOR)),
                &[],
            ),
            ("the supplier on a tax", |it| by_supplier(it, SUPPLIER, ("TAX", ChargeType::Tariff, OPERATOR)), &[]),
            (
                "the supplier on a grid company's charge",
                |it| by_supplier(it, SUPPLIER, ("SUB", ChargeType::Subscription, GRID)),
                &["CH.09"],
            ),
            (
                "the supplier to be",
                |it| by_supplier(it, NEXT_SUPPLIER, ("40000", ChargeType::Tariff, OPERATOR)),
                &["CH.09"],
            ),
            (
                "another supplier",
                |it| by_supplier(it, "7300000000011", ("40000", ChargeType::Tariff, OPERATOR)),
                &["CH.09"],
            ),
            ("a stop where nothing is linked", |it| *first(it) = link("01-09", "01-09", 1), &["CH.12"]),
            (
                "a stop of an unknown charge",
                |it| {
                    *first(it) = of("NONE", ChargeType::Fee, GRID, link("01-09", "01-09", 1));
                },
                &["VR.679"],
            ),
        ],
    );
}

fn ends(start: &str, end: &str) -> Operation {
    of("ENDS", ChargeType::Subscription, GRID, link(start, end, 1))
}

#[test]
fn a_metering_point_and_a_charge_begin_some_day() {
    let mut world = World::new();
    world.market.dk_mut().charge_links.back_days = 2_000;
    let mut early = |date: &str| broken(&world.send(&request(vec![link(date, "inf", 1)]))).remove(0);
    assert_eq!(early("2021-12-31"), ["VR.200"]);
    assert_eq!(early("2022-01-01"), ACCEPTED);
    world.point("571313110000000036", "E17", "131");
    let older = MeteringPointTable {
        number: "571313110000000043".into(),
        kind: "E17".into(),
        grid_area: "131".into(),
        status: "Connected".into(),
        effective_date: local("2020-01-01").to_string(),
        production_obligated: true,
    };
    world.commit(&older.changes().unwrap());
    let early = |date: &str| Operation { metering_point: older.number.clone(), ..link(date, "inf", 1) };
    assert_eq!(broken(&world.send(&request(vec![early("2020-12-31")]))), [["VR.679"]]);
    assert_eq!(broken(&world.send(&request(vec![early("2021-01-01")]))), [ACCEPTED]);
}

#[test]
fn a_stop_may_lie_behind_the_end_of_the_charge() {
    let mut world = World::new();
    let after = |operation: Operation| request(vec![operation]);
    assert_eq!(broken(&world.send(&after(ends("01-09", "01-12")))), [ACCEPTED]);
    assert_eq!(broken(&world.send(&after(ends("01-12", "01-12")))), [ACCEPTED]);
    assert_eq!(broken(&world.send(&after(ends("02-12", "02-12")))), [["CH.12"]]);
}

/// Every 14 days from Monday 2 January 2023 on, in local time: 14 August is the next one after [`NOW`].
#[test]
fn an_end_behind_every_end_is_not_told_as_a_stop() {
    let end = Timestamp::from_micros(Timestamp::OPEN_END.micros() + 1);
    let operation = Operation { termination: Some(end), ..link("01-09", "inf", 1) };
    let decision = World::new().send(&request(vec![operation]));
    assert_eq!(broken(&decision), [["CH.08"]]);
    let text = &sent(&decision, REJECT.name)[0].records[0].reasons[0].1;
    assert!(text.ends_with("ends after 9999-12-31T23:59:59Z: leave the end out where there is none"), "{text}");
}

#[test]
fn older_corrections_are_taken_while_the_window_is_open() {
    let rows = [
        ("2023-08-13T21:59:59Z", false),
        ("2023-08-13T22:00:00Z", true),
        ("2023-08-14T21:59:59Z", true),
        ("2023-08-14T22:00:00Z", false),
        ("2023-08-27T22:00:00Z", true),
        ("2022-12-31T23:00:00Z", false),
    ];
    for (now, open) in rows {
        let mut world = World { now: at(now), ..World::new() };
        let rules: &[&str] = if open { &[] } else { &["CH.13"] };
        assert_eq!(broken(&world.send(&request(vec![link("2022-01-05", "inf", 1)]))), [rules], "{now}");
    }
    let today = "2023-08-14".parse().unwrap();
    let window = CorrectionWindow::default();
    assert!(window.is_open(today) && !CorrectionWindow { every_days: 0, ..window }.is_open(today));
    assert!(!CorrectionWindow { open_days: 0, ..window }.is_open(today));
}

/// CH.13: ninety local days back from today, whatever hour of a day of 23 or 25 hours it is.
#[test]
fn corrections_reach_back_local_days_on_a_change_day() {
    let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
    let moved = |instant: Timestamp, seconds: i64| Timestamp::from_seconds(instant.seconds() + seconds);
    for (date, hours) in [("2023-03-26", 23), ("2023-10-29", 25)] {
        let (start, end) = (local(date), calendar.midnight_in_days(local(date), 1));
        assert_eq!(Period::new(start, end).seconds(), hours * 3_600);
        let earliest = calendar.midnight_in_days(start, -90);
        for now in [start, moved(end, -1)] {
            for (seconds, rules) in [(0, &[][..]), (-1, &["CH.13"])] {
                let mut operation = link("2022-01-05", "inf", 1);
                operation.effective = Some(moved(earliest, seconds));
                let mut world = World { now, ..World::new() };
                assert_eq!(broken(&world.send(&request(vec![operation]))), [rules], "{date} {now} {seconds}");
            }
        }
    }
}

#[test]
fn settings_are_read_as_the_configuration_writes_them() {
    let text = "back_days = 90\n[correction_window]\nfirst = '2023-01-02'\nevery_days = 14\nopen_days = 1";
    assert_eq!(toml::from_str::<Settings>(text).unwrap(), Settings::default());
}

#[test]
fn every_rule_has_a_row_in_the_markets_table_and_is_broken_by_a_sample() {
    let table = std::fs::read_to_string("message-specs/rules-charges.tsv").unwrap();
    let samples: Vec<String> = std::fs::read_dir("samples/charge-links")
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    for rule in all_rules() {
        let rows = table.lines().map(|line| line.split('\t').collect::<Vec<_>>());
        let row = rows.into_iter().find(|row| row[0] == rule.number).unwrap_or_else(|| panic!("{}", rule.number));
        assert_eq!((row[4], row[7], row[2].contains("D17")), (rule.code.code(), "yes", true), "{}", rule.number);
        // Nobody can send in the name of nobody: the door comes first.
        let broken = samples.iter().any(|name| name.starts_with(&format!("{}-", rule.number)));
        assert!(broken || rule.number == "VR.150", "{}", rule.number);
    }
}

/// What each rule says, in its own words, to be read by a person.
#[test]
fn reject_texts_read_well() {
    let market = World::new().market;
    let request = request(vec![Operation { factor: Some(0), ..link("01-09", "01-08", 1) }]);
    let charge = crate::process::charges::Charge {
        changes: 1,
        tax_indicator: false,
        resolution: crate::market::Resolution::Month,
        start: local("01-01"),
        stop: local("01-10"),
    };
    let case = rules::Case {
        header: &request.header,
        operation: &request.operations[0],
        now: at(NOW),
        market: &market,
        by_default: false,
        sender: None,
        is_stranger: true,
        failed: Some("t-0"),
        point: None,
        supplies: &[],
        charge: Some(&charge),
        owner: &[],
        links: None,
    };
    let texts: Vec<String> =
        all_rules().iter().map(|rule| format!("{} {}", rule.code.code(), rule.broken(&case).text)).collect();
    insta::assert_snapshot!(texts.join("\n"));
}
