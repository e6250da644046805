//! Every rule of the table, broken alone and beside others, and on both sides of its edge.

use super::*;

/// What is done to the house, and to an update that breaks no rule.
type Tweak = fn(&mut House, &mut CustomerCharacteristics);
/// Sender, reason, what is done, the rules that are broken, the codes that are told.
type Row = (&'static str, &'static str, Tweak, &'static [&'static str], &'static [&'static str]);

fn check(sender: &str, reason: &str, tweak: Tweak, rules: &[&str], answered: &[&str]) {
    let mut house = House::opened();
    let mut asked = update(sender, reason, "u1");
    tweak(&mut house, &mut asked.records[0]);
    let before = house.store.records.len();
    let decision = house.send(&asked);
    assert_eq!(broken(&decision), rules, "{reason}");
    assert_eq!(codes(&decision), answered, "{reason} {rules:?}");
    if !rules.is_empty() {
        let kinds: Vec<&str> = decision.outgoing.iter().map(|it| it.kind.name).collect();
        assert_eq!(kinds, ["RejectRequestChangeCustomerCharacteristics"]);
        assert!(decision.events.is_empty());
        assert_eq!(house.store.records.len(), before + 2, "only what became of the transaction is kept");
    }
}

#[test]
fn rules_of_customer_data() {
    let rows: &[Row] = &[
        (A, "E34", |_, _| {}, &[], &[]),
        (A, "E34", |_, it| it.metering_point = id(" "), &["GsrnNumberIsRequired"], &["D64"]),
        (A, "E34", |_, it| it.metering_point = id("571313100000001001"), &["InvalidGsrnNumber"], &["E10"]),
        (A, "E34", |_, it| it.start = Some("2023-02-28T23:00:00.0Z".into()), &["DateFormatMustBeUTC"], &["E86"]),
        (A, "E34", |_, it| it.first_customer_name = Some(" ".into()), &["ConsumerNameIsRequired"], &["D03"]),
        (A, "E34", |_, it| it.first_customer_name = None, &["ConsumerNameIsRequired"], &["D03"]),
        (A, "E34", |_, it| it.first_customer = Some(customer_id("1234567")), &["InvalidCustomerNumber"], &["D17"]),
        (A, "E34", |_, it| it.second_customer = Some(customer_id("3202801234")), &["InvalidCustomerNumber"], &["D17"]),
        // A number may be left out: it stays.
        (A, "E34", |_, it| it.first_customer = None, &[], &[]),
        (A, "E34", |_, it| it.second_customer = Some(customer_id("")), &[], &[]),
        (A, "E34", |_, it| it.contacts[0].address_type = "D02".into(), &["CustomerAddressTypeMustBeKnown"], &["D71"]),
        (A, "E34", |_, it| it.contacts.push(contact("D01")), &["CustomerAddressTypeMustBeKnown"], &["D71"]),
        (A, "E34", |_, it| it.contacts.push(contact("D04")), &[], &[]),
        (A, "E34", |_, it| it.contacts = vec![contact("D04")], &["CustomerAddressTechnicalIsRequired"], &["D70"]),
        (
            A,
            "E34",
            |_, it| it.electrical_heating_from = Some(TODAY.into()),
            &["ElectricalHeatingDateWithoutHeating"],
            &["D51"],
        ),
        (
            A,
            "E34",
            |_, it| {
                (it.electrical_heating, it.electrical_heating_from) = (Some("false".into()), Some("yesterday".into()))
            },
            &["DateFormatMustBeUTC", "ElectricalHeatingDateWithoutHeating"],
            &["E86", "D51"],
        ),
        (A, "E34", |_, it| it.contacts[0].name = Some("é".repeat(132)), &[], &[]),
        (A, "E34", |_, it| it.contacts[0].name = Some("é".repeat(133)), &["CustomerTextLength"], &["E86"]),
        (
            A,
            "E34",
            |_, it| it.contacts[0].address.as_mut().unwrap().city = Some("x".repeat(133)),
            &["CustomerTextLength"],
            &["E86"],
        ),
        (A, "E34", |_, it| it.metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        // Today and before are allowed; so is tomorrow, whose midnight lies on this day in UTC.
        (A, "E34", |_, it| it.start = Some(TODAY.into()), &[], &[]),
        (A, "E34", |_, it| it.start = Some("2023-03-01T23:00:00Z".into()), &[], &[]),
        (
            A,
            "E34",
            |_, it| it.start = Some("2023-03-02T23:00:00Z".into()),
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        (
            A,
            "E34",
            |_, it| it.start = Some("2023-02-01T12:00:00Z".into()),
            &["InvalidEffectiveDateTimeOfDay"],
            &["D66"],
        ),
        (B, "E34", |_, _| {}, &["CurrentSupplierIsAnother"], &["D08"]),
        // Whoever does not supply a customer learns nothing about the number.
        (B, "E34", |_, it| it.first_customer = Some(customer_id("87654321")), &["CurrentSupplierIsAnother"], &["D08"]),
        (
            A,
            "E34",
            |house, it| {
                house.point("571313100000001055", "E17", "Connected");
                it.metering_point = id("571313100000001055");
            },
            &["SenderMustBeCurrentSupplier"],
            &["E16"],
        ),
        // It supplies today, but not then.
        (A, "E34", |_, it| it.start = Some("2021-11-30T23:00:00Z".into()), &["SenderMustBeCurrentSupplier"], &["E16"]),
        (
            A,
            "E34",
            |house, it| {
                house.point("571313100000001055", "E17", "Connected");
                house.supply("571313100000001055", A);
                it.metering_point = id("571313100000001055");
            },
            &["ConsumerMustBeRegistered"],
            &["D72"],
        ),
        (
            A,
            "E34",
            |_, it| it.first_customer = Some(customer_id("87654321")),
            &["CustomerNumberCannotBeChangedHere"],
            &["D30"],
        ),
        (
            A,
            "E34",
            |_, it| it.first_customer = Some(customer_id("11111111")),
            &["CustomerNumberCannotBeChangedHere"],
            &["D30"],
        ),
        // All rules of a level are asked.
        (
            A,
            "E34",
            |_, it| {
                it.start = Some("2023-02-01T12:00:00Z".into());
                it.first_customer = Some(customer_id("87654321"));
            },
            &["InvalidEffectiveDateTimeOfDay", "CustomerNumberCannotBeChangedHere"],
            &["D66", "D30"],
        ),
        (
            A,
            "E34",
            |house, it| {
                house.point("571313100000001055", "E17", "Connected");
                house.supply("571313100000001055", A);
                it.metering_point = id("571313100000001055");
                it.start = Some("2023-03-02T23:00:00Z".into());
            },
            &["EffectiveDateIsNotWithinAllowedTimePeriod", "ConsumerMustBeRegistered"],
            &["E17", "D72"],
        ),
        (A, "E03", |_, _| {}, &["NothingToComplete"], &["E0H"]),
        (B, "E65", |_, _| {}, &["NothingToComplete"], &["E0H"]),
        (
            B,
            "E03",
            |house, it| {
                house.send(&request(B, "E03", "c1", APRIL));
                it.start = Some(APRIL.into());
            },
            &[],
            &[],
        ),
        (
            B,
            "D30",
            |house, _| {
                house.send(&request(B, "D30", "c1", APRIL));
            },
            &[],
            &[],
        ),
        (
            B,
            "E03",
            |house, it| {
                house.send(&request(B, "E03", "c1", APRIL));
                it.start = Some(TODAY.into());
            },
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        (
            B,
            "E03",
            |house, _| {
                house.send(&request(B, "E03", "c1", APRIL));
                house.send(&cancellation(B, "E03", "x1", "c1"));
            },
            &["NothingToComplete"],
            &["E0H"],
        ),
        (
            B,
            "E65",
            |house, it| {
                house.send(&move_in(B, "c1", APRIL));
                it.first_customer = Some(customer_id(PERSON));
            },
            &[],
            &[],
        ),
        // Whoever moves a customer in learns nothing about the one of another day by naming that.
        (
            B,
            "E65",
            |house, it| {
                house.send(&move_in(B, "c1", APRIL));
                it.start = Some(TODAY.into());
                it.first_customer = Some(customer_id(PERSON));
            },
            &["EffectiveDateIsNotWithinAllowedTimePeriod"],
            &["E17"],
        ),
        // The customer of a move-in is the one who moves in.
        (
            B,
            "E65",
            |house, _| {
                house.send(&move_in(B, "c1", APRIL));
            },
            &["CustomerNumberCannotBeChangedHere"],
            &["D30"],
        ),
        // What it has completed is another's since.
        (
            B,
            "E03",
            |house, _| {
                house.send(&request(B, "E03", "c1", APRIL));
                house.send(&request(C, "E03", "c2", "2023-04-30T22:00:00Z"));
                house.pass(at("2023-05-02T00:00:00Z"));
            },
            &["CurrentSupplierIsAnother"],
            &["D08"],
        ),
    ];
    for (sender, reason, tweak, rules, answered) in rows {
        check(sender, reason, *tweak, rules, answered);
    }
}

#[test]
fn rules_of_a_contact_address() {
    let rows: &[(&str, Tweak, &[&str], &[&str])] = &[
        (GRID, |_, _| {}, &[], &[]),
        (GRID, |_, it| it.metering_point = id(""), &["GsrnNumberIsRequired"], &["D64"]),
        (GRID, |_, it| it.metering_point = id("1"), &["InvalidGsrnNumber"], &["E10"]),
        (GRID, |_, it| it.start = Some("2023-03-01".into()), &["DateFormatMustBeUTC"], &["E86"]),
        (
            GRID,
            |_, it| it.contacts = vec![contact("D04"), contact("D04")],
            &["CustomerAddressTypeMustBeKnown"],
            &["D71"],
        ),
        (GRID, |_, it| it.contacts = vec![contact("D04")], &[], &[]),
        (GRID, |_, it| it.contacts.clear(), &["ContactAddressIsRequired"], &["D70"]),
        // The address register knows it.
        (
            GRID,
            |_, it| {
                it.contacts[0].address = None;
                it.contacts[0].address_reference = Some("0a3f50a0-75eb-32b8-e044-0003ba298018".into());
            },
            &[],
            &[],
        ),
        (
            GRID,
            |_, it| (it.contacts[0].address, it.contacts[0].address_reference) = (None, Some(" ".into())),
            &["ContactAddressIsRequired"],
            &["D70"],
        ),
        (
            GRID,
            |_, it| it.contacts[0].address = Some(Address { city: Some(" ".into()), ..Address::default() }),
            &["ContactAddressIsRequired"],
            &["D70"],
        ),
        (GRID, |_, it| it.contacts[0].attention = Some("x".repeat(133)), &["CustomerTextLength"], &["E86"]),
        (GRID, |_, it| it.metering_point = id("571313100000001079"), &["UnknownAccountingPoint"], &["E10"]),
        ("8200000000011", |_, _| {}, &["SenderMustBeGridOperator"], &["E0I"]),
        (
            "8200000000011",
            |house, it| {
                house.point("571313100000001055", "E17", "Connected");
                it.metering_point = id("571313100000001055");
            },
            &["SenderMustBeGridOperator", "NoContract"],
            &["E0I", "D29"],
        ),
    ];
    for (sender, tweak, rules, answered) in rows {
        check(sender, "D28", *tweak, rules, answered);
    }
}
