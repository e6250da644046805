//! Billing master data asked for: charges 2.7.

use super::super::query::{Query, RequestBillingMasterData};
use super::*;
use crate::document::{Field, Record};

const OTHER_SUPPLIER: &str = "7300000000011";

/// POINT pays SUB since July, the operator's tariff since July, and a fee in November.
fn world() -> World {
    let mut world = World::new();
    world.register(OTHER_SUPPLIER, ActorRole::EnergySupplier, Status::Active);
    world.register("8200000000011", ActorRole::GridAccessProvider, Status::Active);
    let fee = of("FEE", ChargeType::Fee, GRID, link("01-11", "02-11", 2));
    world.send(&request(vec![link("01-07", "inf", 1), fee]));
    let tariff = of("40000", ChargeType::Tariff, OPERATOR, link("01-07", "01-12", 1));
    world.send(&from(OPERATOR, "EZ", vec![tariff]));
    world
}

fn query(start: &str, end: &str) -> Query {
    let date = |text: &str| (text != "-").then(|| local(text));
    Query { transaction_id: "q-1".into(), metering_point: POINT.into(), start: date(start), end: date(end) }
}

fn ask(world: &World, sender: (&str, &str), queries: Vec<Query>) -> Decision {
    let (sender_number, sender_role) = (sender.0.into(), sender.1.into());
    let header = Header { sender_number, sender_role, ..header("D08", "E0G") };
    let request = RequestBillingMasterData { header, queries };
    let context = world.context();
    let Ok(facts) = gather(&request, &context, |needs| world.load(needs));
    let decision = request.decide(&facts, &context);
    assert!(decision.changes.is_empty() && decision.events.is_empty(), "a query changes nothing");
    decision
}

/// The charges that are told, or the rules that are broken.
fn told(world: &World, sender: (&str, &str), query: Query) -> Vec<String> {
    let decision = ask(world, sender, vec![query]);
    let [outgoing] = &decision.outgoing[..] else { panic!("{decision:?}") };
    assert_eq!((outgoing.business_reason.as_str(), outgoing.receiver.number.as_str()), ("E0G", sender.0));
    if outgoing.kind == &super::super::REJECT_QUERY {
        return decision.fates[0].broken.iter().map(|it| it.to_string()).collect();
    }
    let original = "originalTransactionIDReference_MktActivityRecord.mRID";
    let names = |record: &Record| record.fields[1] == Field::Text(original, record.transaction_id.clone());
    assert!(outgoing.records.iter().all(names));
    let charge = |record: &Record| match &record.fields[3] {
        Field::Group(_, group) => match &group[0] {
            Field::Item(_, fields) => match &fields[2] {
                Field::Text("mRID", id) => id.clone(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    };
    outgoing.records.iter().map(charge).collect()
}

/// Sender and role, start and end, and what is told.
type Row = ((&'static str, &'static str), (&'static str, &'static str), &'static [&'static str]);

#[test]
fn everybody_is_told_what_is_theirs() {
    let world = world();
    let rows: &[Row] = &[
        // The grid company runs the area: every link.
        ((GRID, "DDM"), ("-", "-"), &["SUB", "FEE", "40000"]),
        ((GRID, "DDM"), ("01-08", "01-09"), &["SUB", "40000"]),
        // The system operator: links to its own charges.
        ((OPERATOR, "EZ"), ("-", "-"), &["40000"]),
        ((OPERATOR, "EZ"), ("01-12", "-"), &["CH.15"]),
        // The first supplier until October, the second one from then on.
        ((SUPPLIER, "DDQ"), ("-", "-"), &["SUB", "40000"]),
        ((SUPPLIER, "DDQ"), ("01-10", "-"), &["CH.15"]),
        ((NEXT_SUPPLIER, "DDQ"), ("-", "-"), &["SUB", "FEE", "40000"]),
        ((NEXT_SUPPLIER, "DDQ"), ("-", "01-10"), &["CH.15"]),
        ((NEXT_SUPPLIER, "DDQ"), ("02-12", "-"), &["SUB"]),
        // Nobody's business.
        ((OTHER_SUPPLIER, "DDQ"), ("-", "-"), &["CH.15"]),
        (("8200000000011", "DDM"), ("-", "-"), &["CH.15"]),
    ];
    for (sender, (start, end), expected) in rows {
        assert_eq!(told(&world, *sender, query(start, end)), *expected, "{sender:?} {start} {end}");
    }
}

#[test]
fn a_query_that_is_none_is_rejected() {
    let world = world();
    let rules = |query: Query| told(&world, (GRID, "DDM"), query);
    assert_eq!(rules(Query { metering_point: "0".into(), ..query("-", "-") }), ["VR.200"]);
    assert_eq!(rules(Query { transaction_id: "".into(), ..query("-", "-") }), ["VR.223"]);
    assert_eq!(rules(Query { transaction_id: "x".repeat(37), ..query("-", "-") }), ["VR.922"]);
    assert_eq!(rules(query("01-09", "01-09")), ["CH.14"]);
    let decision = ask(&world, (GRID, "DDX"), vec![query("-", "-")]);
    assert_eq!(broken(&decision), [["VR.152"]]);
    assert_eq!(decision.outgoing[0].receiver, world.caller);
    let both =
        ask(&world, (GRID, "DDM"), vec![Query { metering_point: "".into(), ..query("-", "-") }, query("-", "-")]);
    assert_eq!(broken(&both), [&["VR.200"], ACCEPTED]);
    assert_eq!(
        both.outgoing.iter().map(|it| it.kind.name).collect::<Vec<_>>(),
        ["NotifyBillingMasterData", "RejectRequestBillingMasterData",]
    );
}
