//! Default charge links: charges 6.5.

use serde_json::json;

use super::*;
use crate::market::MeteringPointType;
use crate::process::errand::{self, Errand};
use crate::process::metering_points::{self, ConnectionState, MasterData, MeteringPoint, Version};
use crate::process::{aftermath, gather_more};

const HEATING: &str = "571313110000000050";

fn rule(kind: &str, charge_id: &str, start: &str, end: Option<&str>) -> DefaultLinkTable {
    DefaultLinkTable {
        metering_point_type: kind.into(),
        charge_id: charge_id.into(),
        charge_type: "D03".into(),
        owner: OPERATOR.into(),
        start: local(start).to_string(),
        end: end.map(|end| local(end).to_string()),
    }
}

fn world(rules: &[DefaultLinkTable]) -> World {
    let mut world = World::new();
    world.point(HEATING, "D14", "131");
    for rule in rules {
        world.commit(&rule.changes().unwrap());
    }
    world
}

fn apply(world: &mut World, point: &str) -> Defaults {
    let (context, point) = (world.context(), MeteringPointId::new(point));
    let more = |facts: &Facts| default_links_needs_more(&point, facts, &context);
    let Ok(facts) = gather_more(default_links_needs(&point), more, |needs| world.load(needs));
    let defaults = default_links(&point, &facts, &context);
    assert_eq!(default_links(&point, &facts, &context), defaults, "the same arguments, the same decision");
    world.commit(&defaults.decision.changes);
    defaults
}

fn paid(world: &World, point: &str) -> Vec<(String, Period, i64)> {
    let point = MeteringPointId::new(point);
    let links = state::links_of_point(&world.facts(&state::needs_of_point(&point)), &point);
    links.into_iter().map(|(charge, link)| (charge.id, link.period, link.factor)).collect()
}

const CREATED: Reply = Reply::Succeeded { did_create_charge_links: true };
const NOTHING: Reply = Reply::Succeeded { did_create_charge_links: false };

#[test]
fn a_new_metering_point_pays_what_its_type_pays() {
    let mut world = world(&[
        rule("Consumption", "40000", "2015-01-01", None),
        rule("E17", "TAX", "2023-01-01", None),
        rule("ElectricalHeating", "TAX", "2015-01-01", Some("2023-12-01")),
    ]);
    let defaults = apply(&mut world, POINT);
    assert_eq!(defaults.reply, CREATED);
    // The tariff since the metering point exists, the tax since the rule does.
    let expected = [("40000", "2022-01-01"), ("TAX", "2023-01-01")];
    assert_eq!(paid(&world, POINT), expected.map(|(id, start)| (id.to_string(), Period::from(local(start)), 1)));
    let names: Vec<&str> = defaults.decision.events.iter().map(|it| it.name).collect();
    assert_eq!(names, ["ChargeLinkCreated", "ChargeLinkCreated"]);
    // The grid hears of the tax, the suppliers of both, and nobody is confirmed anything.
    let told: Vec<(String, usize)> =
        defaults.decision.outgoing.iter().map(|it| (it.receiver.to_string(), it.records.len())).collect();
    let grid = format!("{GRID}/DDM");
    assert_eq!(told, [(grid, 1), (format!("{SUPPLIER}/DDQ"), 2), (format!("{NEXT_SUPPLIER}/DDQ"), 2)]);
    assert!(defaults.decision.outgoing.iter().all(|it| it.kind == &NOTIFY && it.business_reason == "D17"));

    assert_eq!(apply(&mut world, HEATING).reply, CREATED);
    let period = Period::new(local("2022-01-01"), local("2023-12-01"));
    assert_eq!(paid(&world, HEATING), [("TAX".to_string(), period, 1)]);
}

#[test]
fn there_may_be_nothing_to_link() {
    assert_eq!(apply(&mut world(&[]), POINT).reply, NOTHING);
    assert_eq!(apply(&mut world(&[rule("Production", "40000", "2015-01-01", None)]), POINT).reply, NOTHING);
    // The rule ended before the metering point began, or on that very day.
    for end in ["2021-12-31", "2022-01-01"] {
        let mut world = world(&[rule("Consumption", "40000", "2015-01-01", Some(end))]);
        let defaults = apply(&mut world, POINT);
        assert_eq!((defaults.reply, defaults.decision), (NOTHING, Decision::default()));
    }
}

#[test]
fn an_unknown_metering_point_gets_nothing() {
    let mut world = world(&[rule("Consumption", "40000", "2015-01-01", None)]);
    let defaults = apply(&mut world, "571313110000000067");
    assert_eq!((defaults.reply, defaults.decision), (Reply::MeteringPointUnknown, Decision::default()));
}

#[test]
fn asked_again_it_changes_nothing() {
    let mut world = world(&[rule("Consumption", "40000", "2015-01-01", None), rule("E17", "TAX", "2015-01-01", None)]);
    apply(&mut world, POINT);
    // The supplier has stopped one of them in the meantime.
    let stop = of("TAX", ChargeType::Tariff, OPERATOR, link("01-09", "01-09", 1));
    assert_eq!(broken(&world.send(&from(SUPPLIER, "DDQ", vec![stop]))), [ACCEPTED]);
    let before = paid(&world, POINT);
    let defaults = apply(&mut world, POINT);
    assert_eq!((defaults.reply, defaults.decision), (CREATED, Decision::default()));
    assert_eq!(paid(&world, POINT), before);
}

#[test]
fn a_charge_that_does_not_exist_is_not_linked_and_the_others_are() {
    let mut world = world(&[rule("E17", "40000", "2015-01-01", None), rule("E17", "41000", "2015-01-01", None)]);
    let defaults = apply(&mut world, POINT);
    assert_eq!(defaults.reply, Reply::LinksRejected);
    assert_eq!(broken(&defaults.decision), [ACCEPTED, &["VR.679"]]);
    assert_eq!(paid(&world, POINT).len(), 1);
}

/// Whoever creates a metering point only says so; the errand behind it does what [`default_links`] does, once.
#[test]
fn a_metering_point_that_is_created_leaves_an_errand() {
    let mut world = world(&[rule("Consumption", "40000", "2015-01-01", None)]);
    let mut told = Vec::new();
    for number in [POINT, "571313110000000067"] {
        let first = Version::first(local("2022-01-01"), ConnectionState::New, true, MasterData::default());
        let point = MeteringPoint::new(MeteringPointId::new(number), MeteringPointType::Consumption, "131", first);
        let changes = aftermath(&[metering_points::created(&point)], &world.context());
        assert!(errand::is_left_by(&changes));
        world.commit(&changes);
        let range = created::tasks();
        let (key, entry) = world.store.records.range(range.from..range.to).next().unwrap();
        let errand = created::read_task(key, entry);
        let market = world.market.clone();
        let context = errand.context(&market);
        let more = |facts: &Facts| errand.needs_more(&[], facts, &context);
        let Ok(facts) = gather_more(errand.needs(&[], &context), more, |needs| world.load(needs));
        let decision = errand.decide(&[], false, &facts, &context);
        assert_eq!(errand.decide(&[], false, &facts, &context), decision);
        world.commit(&decision.changes);
        assert!(!world.store.records.keys().any(|key| key.space() == created::TASKS), "it is done");
        told.push(decision.events.into_iter().map(|it| (it.name, it.payload)).next_back().unwrap());
    }
    assert_eq!(paid(&world, POINT).len(), 1);
    let reply = |payload| ("CreateDefaultChargeLinksReply", payload);
    let succeeded = json!({"metering_point_id": POINT, "succeeded": {"did_create_charge_links": true}});
    let failed = json!({"metering_point_id": "571313110000000067", "failed": {"error_code": 0}});
    assert_eq!(told, [reply(succeeded), reply(failed)]);
}

/// 6.5's own table is what the samples' world has.
#[test]
fn the_seed_rules_are_in_the_world_of_the_samples() {
    #[derive(serde::Deserialize)]
    struct File {
        default_link: Vec<DefaultLinkTable>,
    }
    let file: File = toml::from_str(include_str!("../../../../samples/world.toml")).unwrap();
    let found: Vec<(&str, &str)> =
        file.default_link.iter().map(|it| (&*it.charge_id, &*it.metering_point_type)).collect();
    let expected = [
        ("40000", "Consumption"),
        ("40010", "Production"),
        ("41000", "Consumption"),
        ("45012", "Production"),
        ("45013", "Consumption"),
        ("EA-001", "Consumption"),
        ("EA-001", "ElectricalHeating"),
        ("EA-003", "ElectricalHeating"),
    ];
    assert_eq!(found, expected);
    for rule in &file.default_link {
        assert_eq!((&*rule.start, &rule.end, &*rule.owner), ("2014-12-31T23:00:00Z", &None, OPERATOR));
    }
}

#[test]
fn a_table_that_cannot_be_is_named() {
    let wrong = |table: DefaultLinkTable| table.changes().unwrap_err().to_string();
    let good = rule("E17", "40000", "2015-01-01", None);
    assert_eq!(
        wrong(DefaultLinkTable { metering_point_type: "D03".into(), ..good.clone() }),
        "default_link 40000: `D03` is no metering_point_type"
    );
    assert_eq!(
        wrong(DefaultLinkTable { charge_type: "E17".into(), ..good.clone() }),
        "default_link 40000: `E17` is no charge_type"
    );
    assert_eq!(wrong(DefaultLinkTable { start: "x".into(), ..good.clone() }), "default_link 40000: `x` is no start");
    let end = Some(good.start.clone());
    assert!(wrong(DefaultLinkTable { end, ..good }).ends_with("is no end"));
    let link: LinkTable = toml::from_str(&format!(
        "metering_point = '{POINT}'\ncharge_id = 'SUB'\ncharge_type = 'D01'\nowner = '{GRID}'\nstart = '2023-01-01T00:00:00Z'"
    ))
    .unwrap();
    let mut world = World::new();
    world.commit(&link.changes().unwrap());
    assert_eq!((world.links(&identity())[0].factor, world.links(&identity()).len()), (1, 1));
    let flaw = LinkTable { factor: 0, ..link }.changes().unwrap_err().to_string();
    assert_eq!(flaw, format!("charge_link {POINT}: `0` is no factor"));
}
