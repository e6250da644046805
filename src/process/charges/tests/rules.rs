//! Every rule from both sides of its edge: rows follow the order in which the rules are asked.

use super::super::rules::{self, Rule};
use super::*;
use crate::process::charge_documents::REPEATED_CHARACTERS_MAX;

/// A change to a document that breaks no rule, and the rules that its first operation then breaks.
type Row = (&'static str, fn(&mut RequestChangeOfPriceList), &'static [&'static str]);

fn check(good: fn() -> RequestChangeOfPriceList, rows: &[Row]) {
    for (name, change, rules) in rows {
        let mut world = World::new();
        world.register(GRID, ActorRole::SystemOperator, Status::Passive);
        world.register(GRID, ActorRole::EnergySupplier, Status::Active);
        world.register(GRID, ActorRole::BalanceResponsibleParty, Status::Inactive);
        world.register("8100000000207", ActorRole::GridAccessProvider, Status::Inactive);
        for charge in [("C-1", ChargeType::Tariff, Resolution::Day), ("C-1", ChargeType::Fee, Resolution::Month)] {
            let identity = ChargeIdentity { owner: ActorNumber::new(GRID), charge_type: charge.1, id: charge.0.into() };
            let mut state = ChargeState::unknown(identity);
            state.create(local("01-01"), false, charge.2, data());
            world.commit(&state.changes());
        }
        let mut request = good();
        change(&mut request);
        let decision = world.send(&request);
        assert_eq!(broken(&decision)[0], *rules, "{name}");
        assert_texts(&decision, name);
    }
}

/// Every reject text opens with its rule's number and is one sentence without an internal name in it.
fn assert_texts(decision: &Decision, name: &str) {
    let rejected = sent(decision, "RejectRequestChangeOfPriceList");
    for (code, text) in rejected.iter().flat_map(|it| it.records.iter()).flat_map(|it| &it.reasons) {
        let number = text.split(": ").next().unwrap();
        let rule =
            all_rules().into_iter().find(|rule| rule.number == number).unwrap_or_else(|| panic!("{name}: {text}"));
        assert_eq!(rule.code.code(), code, "{name}");
        assert!(!text.contains("Tariff") && !text.contains("Some(") && !text.contains("  "), "{name}: {text}");
    }
}

#[test]
fn document_rules() {
    check(
        good_information,
        &[
            ("nothing wrong", |_| {}, &[]),
            ("a passive sender", |it| it.header.sender_role = "EZ".into(), &[]),
            ("sender unknown in this role", |it| it.header.sender_role = "DDX".into(), &["VR.152"]),
            ("sender inactive in this role", |it| it.header.sender_role = "DDK".into(), &["VR.152"]),
            ("no such role", |it| it.header.sender_role = "STS?".into(), &["VR.152"]),
            ("an unknown sender", |it| it.header.sender_number = "9999999999999".into(), &["VR.152"]),
            ("another reason", |it| it.header.business_reason = "D17".into(), &["VR.424"]),
            ("another type", |it| it.header.document_type = "D05".into(), &["VR.404"]),
            ("no receiver", |it| it.header.receiver_number = "".into(), &["VR.153"]),
            ("a blank receiver", |it| it.header.receiver_number = " ".into(), &["VR.153"]),
            ("no sender", |it| it.header.sender_number = " ".into(), &["VR.152", "VR.150"]),
            ("another receiver role", |it| it.header.receiver_role = "EZ".into(), &["VR.165"]),
            (
                "all at once, and nothing about the operation",
                |it| {
                    it.header = Header::default();
                    it.operations[0].charge_id.clear();
                },
                &["VR.152", "VR.424", "VR.404", "VR.153", "VR.150", "VR.165"],
            ),
        ],
    );
}

/// VR.209, both ends included: defect 21 of 11.2.
#[test]
fn the_window_of_effective_dates_is_as_configured_for_each_business_reason() {
    let mut world = World::new();
    world.market.dk_mut().charges.information_effective = EffectiveWindow { lower_days: 31, upper_days: 40 };
    for (date, rules) in [("31-08", &["VR.209"][..]), ("01-09", &[]), ("10-09", &[]), ("11-09", &["VR.209"])] {
        let told = world.clone().send(&request(vec![Operation { effective: Some(local(date)), ..information() }]));
        assert_eq!(broken(&told), [rules], "{date}");
    }
    world.send(&request(vec![information()]));
    let day = request(vec![prices(Resolution::Day, local("11-09"), local("12-09"), &["1"])]);
    assert_eq!(broken(&world.clone().send(&day)), [ACCEPTED], "prices have a window of their own");
    world.market.dk_mut().charges.prices_effective = EffectiveWindow { lower_days: 0, upper_days: 40 };
    assert_eq!(broken(&world.send(&day)), [["VR.209"]]);
}

#[test]
fn a_broken_document_rule_rejects_every_operation_for_itself() {
    let mut world = World::new();
    let mut request = request(vec![information(), Operation { transaction_id: "t-2".into(), ..information() }]);
    request.header.document_type = "D05".into();
    assert_eq!(broken(&world.send(&request)), [["VR.404"], ["VR.404"]]);
}

#[test]
fn input_rules_of_charge_information() {
    check(
        good_information,
        &[
            ("id of 10 characters", |it| first(it).charge_id = "ÆØÅ4567890".into(), &[]),
            ("id of 11 characters", |it| first(it).charge_id = "12345678901".into(), &["VR.441"]),
            ("no id", |it| first(it).charge_id = "".into(), &["VR.440"]),
            ("a long blank id", |it| first(it).charge_id = " ".repeat(11), &["VR.441", "VR.440"]),
            ("a blank transaction id", |it| first(it).transaction_id = " ".into(), &["VR.223"]),
            ("transaction id of 36", |it| first(it).transaction_id = "x".repeat(36), &[]),
            ("transaction id of 37", |it| first(it).transaction_id = "x".repeat(37), &["VR.922"]),
            ("no owner", |it| first(it).owner = "".into(), &["VR.532", "VR.513"]),
            ("no type", |it| first(it).charge_type = None, &["VR.449"]),
            ("no effective date", |it| first(it).effective = None, &["VR.531"]),
            ("another owner", |it| first(it).owner = OPERATOR.into(), &["VR.513"]),
            ("a fee by the day", |it| first(it).charge_type = Some(ChargeType::Fee), &["VR.505-2"]),
            ("a subscription by the day", |it| first(it).charge_type = Some(ChargeType::Subscription), &["VR.505-3"]),
            ("a tariff by the month", |it| asked(first(it)).resolution = Some(Resolution::Month), &["VR.505-1"]),
            (
                "a new tariff by the quarter",
                |it| {
                    first(it).charge_id = "C-9".into();
                    asked(first(it)).resolution = Some(Resolution::QuarterHour);
                },
                &[],
            ),
            (
                "a new tariff by the hour",
                |it| {
                    first(it).charge_id = "C-9".into();
                    asked(first(it)).resolution = Some(Resolution::Hour);
                },
                &[],
            ),
            ("name of 132", |it| asked(first(it)).name = Some("é".repeat(132)), &[]),
            ("name of 133", |it| asked(first(it)).name = Some("é".repeat(133)), &["VR.446"]),
            ("description of 2048", |it| asked(first(it)).description = Some("é".repeat(2048)), &[]),
            ("description of 2049", |it| asked(first(it)).description = Some("é".repeat(2049)), &["VR.447"]),
            ("no VAT class", |it| asked(first(it)).vat_class = None, &["VR.488"]),
            ("a transparent tariff", |it| asked(first(it)).transparent_invoicing = Some(true), &[]),
            ("a transparent fee", |it| asked(fee(it)).transparent_invoicing = Some(true), &["VR.904"]),
            (
                "a plain fee",
                |it| {
                    fee(it);
                },
                &[],
            ),
            ("720 days ago", |it| first(it).effective = Some(local("2021-08-11")), &[]),
            ("just before", |it| first(it).effective = Some(micros_before(local("2021-08-11"))), &["VR.209"]),
            ("in 1095 days", |it| first(it).effective = Some(local("2026-07-31")), &[]),
            ("just after", |it| first(it).effective = Some(at("2026-07-30T22:00:00.000001Z")), &["VR.209"]),
            ("not at midnight", |it| first(it).effective = Some(at("2023-09-01T10:11:12Z")), &[]),
            ("no name", |it| asked(first(it)).name = None, &["VR.910"]),
            ("a blank name", |it| asked(first(it)).name = Some("\n".into()), &["VR.910"]),
            ("no description", |it| asked(first(it)).description = None, &["VR.911"]),
            ("no resolution", |it| asked(first(it)).resolution = None, &["VR.912"]),
            ("no transparent invoicing", |it| asked(first(it)).transparent_invoicing = None, &["VR.915"]),
            ("no tax indicator", |it| asked(first(it)).tax_indicator = None, &["VR.916"]),
            ("a stop", |it| asked(first(it)).termination = Some(local("01-09")), &[]),
            ("a stop on another day", |it| asked(first(it)).termination = Some(local("02-09")), &["VR.917"]),
            ("a fee that is a tax", |it| asked(fee(it)).tax_indicator = Some(true), &["VR.921"]),
            (
                "a subscription that is a tax",
                |it| {
                    let operation = fee(it);
                    operation.charge_type = Some(ChargeType::Subscription);
                    asked(operation).tax_indicator = Some(true);
                },
                &["VR.920"],
            ),
            ("a tax by a grid company", |it| asked(first(it)).tax_indicator = Some(true), &["VR.508"]),
            (
                "a new tax by the system operator",
                |it| {
                    it.header.sender_role = "EZ".into();
                    first(it).charge_id = "C-9".into();
                    asked(first(it)).tax_indicator = Some(true);
                },
                &[],
            ),
            (
                "nothing but a record",
                |it| {
                    it.operations[0] = Operation {
                        transaction_id: "".into(),
                        owner: "".into(),
                        charge_type: None,
                        charge_id: "".into(),
                        effective: None,
                        asked: Asked::Information(Information::default()),
                    };
                },
                &[
                    "VR.440", "VR.223", "VR.532", "VR.449", "VR.531", "VR.513", "VR.488", "VR.910", "VR.911", "VR.912",
                    "VR.915", "VR.916",
                ],
            ),
        ],
    );
}

#[test]
fn input_rules_of_prices() {
    check(
        good_prices,
        &[
            ("nothing wrong", |_| {}, &[]),
            ("id of 11 characters", |it| first(it).charge_id = "12345678901".into(), &["VR.441"]),
            ("no id", |it| first(it).charge_id = "".into(), &["VR.440"]),
            ("no transaction id", |it| first(it).transaction_id = "".into(), &["VR.223"]),
            ("transaction id of 37", |it| first(it).transaction_id = "x".repeat(37), &["VR.922"]),
            ("no owner", |it| first(it).owner = "".into(), &["VR.532", "VR.513"]),
            ("another owner", |it| first(it).owner = OPERATOR.into(), &["VR.513"]),
            ("no type", |it| first(it).charge_type = None, &["VR.449"]),
            ("22 hours", |it| day(it, Resolution::Hour, 22), &["VR.507-1", "VR.909"]),
            ("23 hours of a day of 24", |it| day(it, Resolution::Hour, 23), &["VR.909"]),
            ("24 hours, though the charge has days", |it| day(it, Resolution::Hour, 24), &["VR.925"]),
            ("91 quarters", |it| day(it, Resolution::QuarterHour, 91), &["VR.507-1", "VR.909"]),
            ("92 quarters of a day of 96", |it| day(it, Resolution::QuarterHour, 92), &["VR.909"]),
            ("8 and 6 digits", |it| series(first(it)).points[0].price = price("-99999999.999999"), &[]),
            ("9 digits", |it| series(first(it)).points[0].price = price("-100000000"), &["VR.457"]),
            ("7 decimals", |it| series(first(it)).points[0].price = price("0.0000001"), &["VR.457"]),
            ("7 decimals, the last of them 0", |it| series(first(it)).points[0].price = price("1.5000000"), &[]),
            ("just below a million", |it| series(first(it)).points[0].price = price("999999.999999"), &[]),
            ("a million", |it| series(first(it)).points[0].price = price("1000000.00"), &["VR.509"]),
            ("both", |it| series(first(it)).points[0].price = price("123456789"), &["VR.457", "VR.509"]),
            ("one price too many", |it| day(it, Resolution::Day, 2), &["VR.909"]),
            (
                "a start that is no midnight",
                |it| {
                    let start = at("2023-08-31T21:00:00Z");
                    first(it).effective = Some(start);
                    series(first(it)).interval = Some(Period::new(start, local("02-09")));
                },
                &["VR.919"],
            ),
            (
                "an end that is no midnight",
                |it| {
                    series(first(it)).interval = Some(Period::new(local("01-09"), at("2023-09-01T23:00:00Z")));
                },
                &["VR.919"],
            ),
            ("no effective date", |it| first(it).effective = None, &["VR.531", "VR.924"]),
            ("too early", |it| whole_day(it, local("2021-08-10"), local("2021-08-11")), &["VR.209"]),
            ("too late", |it| whole_day(it, local("2026-08-01"), local("2026-08-02")), &["VR.209"]),
            (
                "the latest, behind the charge's beginning",
                |it| whole_day(it, local("2026-07-31"), local("2026-08-01")),
                &[],
            ),
            ("a subscription by the day", |it| first(it).charge_type = Some(ChargeType::Subscription), &["VR.505-3"]),
            ("a tariff by the month", |it| series(first(it)).resolution = Some(Resolution::Month), &["VR.505-1"]),
            ("a fee by the day", |it| first(it).charge_type = Some(ChargeType::Fee), &["VR.505-2"]),
            ("no resolution", |it| series(first(it)).resolution = None, &["VR.909", "VR.912"]),
            ("effective a day later", |it| first(it).effective = Some(local("02-09")), &["VR.924"]),
            ("no points", |it| series(first(it)).points.clear(), &["VR.909", "VR.926"]),
            ("no series", |it| first(it).asked = Asked::Prices(None), &["VR.919", "VR.912", "VR.924", "VR.926"]),
            ("no interval", |it| series(first(it)).interval = None, &["VR.909", "VR.919", "VR.924", "CH.03"]),
            (
                "an interval of no length",
                |it| {
                    series(first(it)).interval = Some(Period::new(local("01-09"), local("01-09")));
                },
                &["VR.909", "CH.03"],
            ),
            (
                "a month of no length that begins within one",
                |it| {
                    monthly_fee(it, "12-09", "12-09", 1);
                },
                &["VR.909", "CH.03"],
            ),
            (
                "an interval that ends first",
                |it| {
                    series(first(it)).interval = Some(Period::new(local("01-09"), local("31-08")));
                },
                &["VR.909", "CH.03"],
            ),
            ("a position twice", |it| positions(it, &[1, 1, 2]), &["CH.04"]),
            ("a position left out", |it| positions(it, &[1, 2, 4]), &["CH.04"]),
            ("positions from 2", |it| positions(it, &[2, 3, 4]), &["CH.04"]),
            ("positions from 1", |it| positions(it, &[1, 2, 3]), &[]),
        ],
    );
}

#[test]
fn business_rules_that_no_scenario_shows() {
    check(
        good_prices,
        &[
            ("an unknown charge", |it| first(it).charge_id = "C-9".into(), &["VR.927"]),
            (
                "an unknown charge of a supplier",
                |it| {
                    it.header.sender_role = "DDQ".into();
                    first(it).charge_id = "C-9".into();
                },
                &["VR.927", "CH.02"],
            ),
            ("a supplier", |it| it.header.sender_role = "DDQ".into(), &["CH.02"]),
            ("a month that ends on a first", |it| monthly_fee(it, "12-09", "01-10", 1), &[]),
            ("a month that ends on a second", |it| monthly_fee(it, "12-09", "02-10", 2), &["VR.923"]),
            ("before the charge began", |it| whole_day(it, local("2022-12-31"), local("01-01")), &["CH.05"]),
        ],
    );
    check(
        good_information,
        &[
            ("a supplier", |it| it.header.sender_role = "DDQ".into(), &["CH.02"]),
            (
                "a supplier stops",
                |it| {
                    it.header.sender_role = "DDQ".into();
                    asked(first(it)).termination = Some(local("01-09"));
                },
                &["CH.02"],
            ),
            (
                "a supplier creates",
                |it| {
                    it.header.sender_role = "DDQ".into();
                    first(it).charge_id = "C-9".into();
                },
                &["CH.02"],
            ),
        ],
    );
}

#[test]
fn the_first_price_in_order_of_time_is_to_blame() {
    let mut world = World::new();
    let mut operation = prices(Resolution::Day, local("01-09"), local("04-09"), &["1", "2000000.5", "3000000"]);
    series(&mut operation).points[2].price = price("1.23456789");
    let decision = world.send(&request(vec![operation]));
    let texts: Vec<String> = sent(&decision, "RejectRequestChangeOfPriceList")[0].records[0]
        .reasons
        .iter()
        .map(|(code, text)| format!("{code} {text}"))
        .collect();
    let charge = "of charge C-1 of type D03 owned by 8100000000030";
    assert_eq!(
        texts,
        [
            format!("E86 VR.457: price 1.23456789 {charge} does not follow the form 99999999.999999"),
            format!("E90 VR.509: price 2000000.5 {charge} at position 2 is not plausible: 1000000 or more"),
        ]
    );
}

#[test]
fn a_text_says_unknown_where_there_is_nothing_and_is_cut_where_there_is_too_much() {
    let mut world = World::new();
    let mut operation = information();
    operation.charge_id.clear();
    asked(&mut operation).description = Some("x".repeat(1_000_000));
    let decision = world.send(&request(vec![operation]));
    let record = &sent(&decision, "RejectRequestChangeOfPriceList")[0].records[0];
    let texts: Vec<&str> = record.reasons.iter().map(|(_, text)| &**text).collect();
    assert_eq!(
        texts[0],
        "VR.440: the id of charge unknown of type D03 owned by 8100000000030 is missing in transaction t-1"
    );
    assert!(texts[1].starts_with(&format!("VR.447: description {}… of", "x".repeat(REPEATED_CHARACTERS_MAX))));
}

#[test]
fn every_rule_has_a_number_of_its_own_and_a_row_in_the_markets_table() {
    let table = std::fs::read_to_string("message-specs/rules-charges.tsv").unwrap();
    let rows: BTreeMap<&str, Vec<&str>> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.split('\t').collect::<Vec<_>>())
        .map(|columns| (columns[0], columns))
        .collect();
    for rule in all_rules() {
        let row = rows.get(rule.number).unwrap_or_else(|| panic!("{} is not in the table", rule.number));
        assert_eq!((row[1], row[4]), (rule.name, rule.code.code()), "{}", rule.number);
    }
}

fn all_rules() -> Vec<&'static Rule> {
    use super::super::rules::*;
    let stages = [DOCUMENT, INFORMATION_INPUT, PRICES_INPUT, CREATE, UPDATE, STOP, PRICES, &[&Rule::VR_906]];
    let rules: BTreeMap<&str, &Rule> = stages.into_iter().flatten().map(|rule| (rule.number, *rule)).collect();
    rules.into_values().collect()
}

fn good_information() -> RequestChangeOfPriceList {
    request(vec![information()])
}

fn good_prices() -> RequestChangeOfPriceList {
    request(vec![prices(Resolution::Day, local("01-09"), local("02-09"), &["1.5"])])
}

fn data() -> MasterData {
    MasterData {
        name: "A".into(),
        description: "what it is".into(),
        vat_class: VatClass::NoVat,
        transparent_invoicing: false,
    }
}

fn first(request: &mut RequestChangeOfPriceList) -> &mut Operation {
    &mut request.operations[0]
}

fn fee(request: &mut RequestChangeOfPriceList) -> &mut Operation {
    let operation = first(request);
    operation.charge_type = Some(ChargeType::Fee);
    asked(operation).resolution = Some(Resolution::Month);
    operation
}

fn day(request: &mut RequestChangeOfPriceList, resolution: Resolution, points: usize) {
    request.operations[0] = prices(resolution, local("01-09"), local("02-09"), &vec!["1"; points]);
}

fn whole_day(request: &mut RequestChangeOfPriceList, start: Timestamp, end: Timestamp) {
    request.operations[0] = prices(Resolution::Day, start, end, &["1"]);
}

fn monthly_fee(request: &mut RequestChangeOfPriceList, start: &str, end: &str, points: usize) {
    let series = prices(Resolution::Month, local(start), local(end), &vec!["1"; points]);
    request.operations[0] = Operation { charge_type: Some(ChargeType::Fee), ..series };
}

fn positions(request: &mut RequestChangeOfPriceList, positions: &[u32]) {
    let amounts = vec!["1"; positions.len()];
    let mut operation = prices(Resolution::Day, local("01-09"), local("04-09"), &amounts);
    for (point, position) in series(&mut operation).points.iter_mut().zip(positions) {
        point.position = *position;
    }
    request.operations[0] = operation;
}

fn micros_before(instant: Timestamp) -> Timestamp {
    Timestamp::from_micros(instant.micros() - 1)
}

/// What each rule says, in its own words, to be read by a person.
#[test]
fn reject_texts_read_well() {
    let market = World::new().market;
    let charge = Charge {
        changes: 1,
        tax_indicator: false,
        resolution: Resolution::Day,
        start: local("01-01"),
        stop: local("01-10"),
    };
    let texts = [good_information(), {
        let mut request = good_prices();
        series(first(&mut request)).points[0].price = price("1000000.1234567");
        request
    }]
    .map(|request| {
        let case = rules::Case {
            header: &request.header,
            operation: &request.operations[0],
            now: at(NOW),
            market: &market,
            sender: None,
            is_owners: false,
            is_stranger: true,
            charge: Some(&charge),
            failed: Some("t-0"),
        };
        let stages = match request.operations[0].information() {
            Some(_) => [rules::DOCUMENT, rules::INFORMATION_INPUT, rules::CREATE, rules::UPDATE, rules::STOP],
            None => [rules::PRICES_INPUT, rules::PRICES, &[&Rule::VR_906], &[], &[]],
        };
        let texts =
            stages.into_iter().flatten().map(|rule| format!("{} {}", rule.code.code(), rule.broken(&case).text));
        texts.collect::<Vec<_>>().join("\n")
    });
    insta::assert_snapshot!(texts.join("\n\n"));
}
