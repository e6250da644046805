//! Price lists asked for: charges 2.7.

use super::super::query::{QUERIES_MAX, QueryReader};
use super::*;
use crate::document::{Field, Reader};
use crate::process::{RequestReader, gather};

const SUPPLIER: &str = "8100000000108";

/// Two charges of GRID: C-1, a daily tariff of two names that is stopped on 1 November, with prices on either side of a
/// gap; and S-1, a subscription with prices that begin within a month.
fn world() -> World {
    let mut world = World::new();
    world.register(SUPPLIER, ActorRole::EnergySupplier, Status::Active);
    let mut named = |date: &str, name: &str, stop: bool, subscription: bool| {
        let mut operation = Operation { effective: Some(local(date)), ..information() };
        if subscription {
            (operation.charge_type, operation.charge_id) = (Some(ChargeType::Subscription), "S-1".into());
            asked(&mut operation).resolution = Some(Resolution::Month);
        }
        asked(&mut operation).name = Some(name.into());
        asked(&mut operation).termination = stop.then(|| local(date));
        assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
    };
    named("01-09", "A", false, false);
    named("01-10", "B", false, false);
    named("01-11", "B", true, false);
    named("01-09", "S", false, true);
    let monthly = |start: &str, amounts: &[&str]| Operation {
        charge_type: Some(ChargeType::Subscription),
        charge_id: "S-1".into(),
        ..prices(Resolution::Month, local(start), local("01-12"), amounts)
    };
    for operation in [
        prices(Resolution::Day, local("01-09"), local("03-09"), &["1", "2"]),
        prices(Resolution::Day, local("05-09"), local("06-09"), &["3"]),
        monthly("01-09", &["10", "11", "12"]),
        monthly("15-10", &["13", "14"]),
    ] {
        assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
    }
    world
}

fn xml_names(queries: &[&str]) -> Vec<(&'static str, String)> {
    let mut events = vec![("mRID", "q-doc".to_string())];
    let header = [
        ("type", "D13"),
        ("process.processType", "D48"),
        ("sender_MarketParticipant.mRID", SUPPLIER),
        ("sender_MarketParticipant.marketRole.type", "DDQ"),
        ("receiver_MarketParticipant.mRID", HUB),
        ("receiver_MarketParticipant.marketRole.type", "DDZ"),
    ];
    events.extend(header.map(|(name, value)| (name, value.to_string())));
    for query in queries {
        events.push(("(", String::new()));
        let names = [
            "mRID",
            "start_DateAndOrTime.dateTime",
            "end_DateAndOrTime.dateTime",
            "chargeGroup.chargeType.chargeTypeOwner_MarketParticipant.mRID",
            "chargeGroup.chargeType.type",
            "chargeGroup.chargeType.mRID",
        ];
        let values = query.split(' ').zip(names).filter(|(value, _)| *value != "-");
        events.extend(values.map(|(value, name)| match name.contains("dateTime") {
            true => (name, local(value).to_string()),
            false => (name, value.to_string()),
        }));
        events.push((")", String::new()));
    }
    events
}

/// Reads queries written as `id start end owner type charge`, `-` for nothing.
fn read(queries: &[&str], change: fn(&mut Vec<(&'static str, String)>)) -> Result<Box<dyn Request>, usize> {
    let mut events = xml_names(queries);
    change(&mut events);
    let mut reader = Box::new(QueryReader::default());
    for (name, value) in events {
        match name {
            "(" => reader.open("MktActivityRecord"),
            ")" => reader.close("MktActivityRecord"),
            _ => reader.value(name, &value, 0),
        }
    }
    reader.finish().map_err(|refused| refused.refusals.len())
}

fn ask_as(world: &World, queries: &[&str], change: fn(&mut Vec<(&'static str, String)>)) -> Decision {
    let request = read(queries, change).unwrap();
    let context = Context {
        now: world.now,
        caller: party(SUPPLIER, ActorRole::EnergySupplier),
        cause: [3; 32],
        market: &world.market,
    };
    let Ok(facts) = gather(&*request, &context, |needs| Ok::<_, std::convert::Infallible>(world.facts(needs)));
    let decision = request.decide(&facts, &context);
    assert_eq!(request.decide(&facts, &context), decision);
    assert!(decision.changes.is_empty() && decision.events.is_empty(), "a query changes nothing");
    decision
}

fn ask(world: &World, queries: &[&str]) -> Decision {
    ask_as(world, queries, |_| {})
}

/// Each record of the answers in short: reason, charge, name or prices, dates.
fn told(decision: &Decision) -> Vec<String> {
    let mut all = Vec::new();
    for outgoing in decision.outgoing.iter() {
        assert_eq!(outgoing.receiver, party(SUPPLIER, ActorRole::EnergySupplier));
        for record in outgoing.records.iter() {
            let mut words = vec![outgoing.business_reason.clone()];
            words.extend(record.reasons.iter().map(|(code, text)| format!("{code} {}", &text[..5])));
            words.extend(record.fields.iter().flat_map(values));
            all.push(words.join(" "));
        }
    }
    all
}

fn values(field: &Field) -> Vec<String> {
    match field {
        Field::Group(_, fields) | Field::Item("ChargeType" | "Series_Period" | "Point", fields) => {
            fields.iter().flat_map(values).collect()
        }
        Field::Text("name", value) | Field::Number("price.amount", value) => {
            vec![value.trim_end_matches('0').to_string()]
        }
        Field::Text("mRID", value) if value.len() < 32 => vec![value.clone()],
        Field::Text(name @ ("effectiveDate" | "terminationDate"), value) => {
            vec![format!("{}{}", &name[..1], &value[5..10])]
        }
        Field::Code(name @ ("start" | "end"), value) => vec![format!("{}{}", &name[..1], &value[5..10])],
        _ => Vec::new(),
    }
}

#[test]
fn a_price_list_is_sent_again() {
    let world = world();
    let decision = ask(&world, &["q-1 01-09 - - - -"]);
    assert_eq!(broken(&decision), [ACCEPTED]);
    assert_eq!(
        told(&decision),
        [
            "D18 S-1 S e08-31",
            "D18 C-1 A e08-31",
            "D18 C-1 B e09-30",
            "D18 C-1 B e10-31 t10-31",
            // Up to the middle of October, then from there on: no position could say that in one series.
            "D08 S-1 e08-31 s08-31 e10-14 10. 11.",
            "D08 S-1 e10-14 s10-14 e11-30 13. 14.",
            "D08 C-1 e08-31 s08-31 e09-02 1. 2.",
            "D08 C-1 e09-04 s09-04 e09-05 3.",
        ]
    );
    let kinds: Vec<_> = decision.outgoing.iter().map(|it| (it.kind.name, it.business_reason.as_str())).collect();
    assert_eq!(kinds, [("NotifyPriceList", "D18"), ("NotifyPriceList", "D08")]);
}

#[test]
fn only_what_is_asked_for_is_sent() {
    let world = world();
    let c1 = |query: &str| told(&ask(&world, &[&format!("q-1 {query} {GRID} D03 C-1")]));
    assert_eq!(c1("15-09 16-09"), ["D18 C-1 A e08-31"]);
    assert_eq!(c1("02-09 03-09"), ["D18 C-1 A e08-31", "D08 C-1 e09-01 s09-01 e09-02 2."]);
    assert_eq!(c1("01-10 01-11"), ["D18 C-1 B e09-30"]);
    assert_eq!(c1("31-10 02-11"), ["D18 C-1 B e09-30", "D18 C-1 B e10-31 t10-31"]);
    let by = |filter: &str| told(&ask(&world, &[&format!("q-1 20-10 21-10 {filter}")]));
    assert_eq!(by("- D03 -"), ["D18 C-1 B e09-30"]);
    assert_eq!(by("- - S-1"), ["D18 S-1 S e08-31", "D08 S-1 e10-14 s10-14 e10-31 13."]);
    assert_eq!(by(&format!("{GRID} D03 -")), ["D18 C-1 B e09-30"]);
    for nothing in [&*format!("{OPERATOR} - -"), "- D02 -", "- - C-2"] {
        assert_eq!(by(nothing), ["D48 E0H CH.15"], "{nothing}");
    }
}

/// Charges 4.2, S4: never valid, but known.
#[test]
fn of_a_charge_that_is_stopped_on_its_start_date_both_are_sent() {
    let mut world = world();
    for termination in [None, Some(local("01-10"))] {
        let mut operation = Operation { charge_id: "NEVER".into(), effective: Some(local("01-10")), ..information() };
        asked(&mut operation).termination = termination;
        assert_eq!(broken(&world.send(&request(vec![operation]))), [ACCEPTED]);
    }
    for (start, is_sent) in [("30-09", true), ("01-10", true), ("02-10", false)] {
        let told = told(&ask(&world, &[&format!("q-1 {start} - - - NEVER")]));
        match is_sent {
            true => assert!(
                matches!(&told[..], [one, stop] if one.ends_with("e09-30") && stop.ends_with("t09-30")),
                "{told:?}"
            ),
            false => assert_eq!(told, ["D48 E0H CH.15"], "{start}"),
        }
    }
}

#[test]
fn a_query_that_is_none_is_rejected() {
    let world = world();
    let rules = |query: &str| broken(&ask(&world, &[query])).remove(0);
    assert_eq!(rules("- 01-09 - - - -"), ["VR.223"]);
    assert_eq!(rules(&format!("{} 01-09 - - - -", "x".repeat(37))), ["VR.922"]);
    assert_eq!(rules("q-1 01-09 01-09 - - -"), ["CH.14"]);
    assert_eq!(rules("q-1 - - - - -"), ["CH.14"]);
    let document = |change| broken(&ask_as(&world, &["q-1 01-09 - - - -"], change)).remove(0);
    assert_eq!(document(|it| it[1].1 = "D10".into()), ["VR.404"]);
    assert_eq!(document(|it| it[4].1 = "DDM".into()), ["VR.152"]);
    assert_eq!(document(|it| it[5].1 = "".into()), ["VR.153"]);
    assert_eq!(document(|it| it[6].1 = "EZ".into()), ["VR.165"]);
    // One that fails takes no other along.
    let both = ask(&world, &["q-1 01-09 - - D02 -", "q-2 15-09 16-09 - D03 -"]);
    assert_eq!(broken(&both), [&["CH.15"], ACCEPTED]);
    assert_eq!(told(&both), ["D18 C-1 A e08-31", "D48 E0H CH.15"]);
}

#[test]
fn what_no_schema_can_say_is_refused() {
    let query = "q-1 01-09 - - - -";
    assert!(read(&[query], |_| {}).is_ok());
    assert_eq!(read(&[query], |it| it[2].1 = "D18".into()).err(), Some(1));
    assert_eq!(read(&[query], |it| it[0].1 = " ".into()).err(), Some(1));
    assert!(read(&vec![query; QUERIES_MAX], |_| {}).is_ok());
    assert_eq!(read(&vec![query; QUERIES_MAX + 1], |_| {}).err(), Some(1));
}

#[test]
fn nobody_can_ask_for_more_than_the_house_holds() {
    let world = world();
    let query = "q-1 1990-01-01 - - - -";
    assert_eq!(broken(&ask(&world, &[query])), [ACCEPTED]);
    let many = ask(&world, &vec![query; 1_000]);
    assert!(broken(&many).iter().all(|it| it == &["CH.16"]));
}
