//! What may be seen: charges 10.

use super::super::view::{self, Cut, EVERYTHING, Filter, PriceOrder};
use super::*;
use crate::record::KeyRange;

/// C-1 from 1 September, another name from 1 October, stopped on 1 November, with prices around the stop.
pub fn world() -> World {
    let mut world = World::new();
    let steps = ["01-09", "01-10", "01-11"].into_iter().enumerate().map(|(n, date)| {
        let mut operation =
            Operation { transaction_id: format!("t-{n}"), effective: Some(local(date)), ..information() };
        asked(&mut operation).name = Some(format!("name {n}"));
        asked(&mut operation).termination = (n == 2).then(|| local(date));
        request(vec![operation])
    });
    let steps: Vec<_> = steps.collect();
    let series = prices(Resolution::Day, local("30-10"), local("03-11"), &["3", "1", "2", "4"]);
    for (n, request) in [&steps[0], &steps[1], &request(vec![series]), &steps[2]].into_iter().enumerate() {
        world.now = Timestamp::from_seconds(at(NOW).seconds() + n as i64);
        assert_eq!(broken(&world.send(request)), [ACCEPTED]);
    }
    world
}

fn names(rows: &[view::PeriodRow]) -> Vec<(&str, &str, Option<&str>)> {
    rows.iter().map(|it| (it.name.as_str(), it.valid_from.as_str(), it.valid_to.as_deref())).collect()
}

const SEPTEMBER: &str = "2023-08-31T22:00:00Z";
const OCTOBER: &str = "2023-09-30T22:00:00Z";
const NOVEMBER: &str = "2023-10-31T23:00:00Z";

#[test]
fn a_charge_is_shown_with_its_timeline() {
    let world = world();
    let facts = world.facts(&view::timeline_needs(&identity()));
    let rows = view::timeline(&facts, &identity());
    assert_eq!(names(&rows), [("name 0", SEPTEMBER, Some(OCTOBER)), ("name 1", OCTOBER, Some(NOVEMBER))]);
    let valid = |date: &str| view::valid_at(&facts, &identity(), local(date)).map(|it| it.name);
    assert_eq!(
        [valid("31-08"), valid("30-09"), valid("01-10"), valid("01-11")].map(|it| it.unwrap_or_default()),
        ["", "name 0", "name 1", ""]
    );
    let nobody = ChargeIdentity { id: "C-2".into(), ..identity() };
    assert_eq!(view::timeline(&world.facts(&view::timeline_needs(&nobody)), &nobody), []);
    let json = serde_json::to_value(&rows[0]).unwrap();
    assert_eq!(
        (&json["charge_type"], &json["resolution"], &json["valid_to"]),
        (&"D03".into(), &"P1D".into(), &OCTOBER.into())
    );
}

#[test]
fn prices_end_with_the_charge() {
    let world = world();
    let shown = |start: &str, end: &str, order, cut| {
        let interval = Period::new(local(start), local(end));
        let facts = world.facts(&view::prices_needs(&identity(), interval));
        let page = view::prices(&facts, &identity(), interval, order, cut);
        let rows = page.rows.into_iter().map(|it| format!("{} {} {}", it.price, &it.from[5..10], &it.to[5..10]));
        (page.total, rows.collect::<Vec<_>>())
    };
    let all = ["3 10-29 10-30", "1 10-30 10-31"].map(str::to_string);
    assert_eq!(shown("01-09", "inf", PriceOrder::Time, EVERYTHING), (2, all.to_vec()));
    let by_price = (2, vec![all[1].clone(), all[0].clone()]);
    assert_eq!(shown("01-09", "inf", PriceOrder::Price, EVERYTHING), by_price);
    // The end does not belong to it, and sorting comes before cutting.
    assert_eq!(shown("01-09", "31-10", PriceOrder::Time, EVERYTHING).1, [all[0].clone()]);
    assert_eq!(shown("31-10", "01-11", PriceOrder::Time, EVERYTHING).1, [all[1].clone()]);
    assert_eq!(shown("01-09", "inf", PriceOrder::Price, Cut { skip: 1, take: 1 }), (2, vec![all[0].clone()]));
}

/// All that is stored, looked through as a list of charges is made.
fn found(world: &World, filter: &Filter) -> Vec<String> {
    let all = |range: KeyRange| -> Vec<(Key, crate::record::Entry)> {
        world.store.records.range(range.from..range.to).map(|(key, entry)| (key.clone(), entry.clone())).collect()
    };
    let charges = all(record::all_charges());
    let (Some((first, _)), Some((last, _))) = (charges.first(), charges.last()) else { return Vec::new() };
    let periods = all(view::periods_of_all(&record::read_identity(first), &record::read_identity(last)));
    let mut found = view::search(&charges, &periods, filter);
    view::listed(&mut found);
    let rows = found.into_iter().flat_map(|(identity, count)| {
        let timeline = view::timeline(&world.facts(&view::timeline_needs(&identity)), &identity);
        assert_eq!(timeline.len(), count);
        view::charge_rows(timeline, Some("Grid"), true)
    });
    rows.map(|it| format!("{} {}", it.period.charge_id, it.period.name)).collect()
}

#[test]
fn a_search_goes_by_text_owner_and_type() {
    let mut world = world();
    let fee = Operation { charge_type: Some(ChargeType::Fee), charge_id: "A-9".into(), ..information() };
    let mut fee = request(vec![fee]);
    asked(&mut fee.operations[0]).resolution = Some(Resolution::Month);
    assert_eq!(broken(&world.send(&fee)), [ACCEPTED]);
    let found = |filter: Filter| found(&world, &filter);
    let none = Filter::default();
    assert_eq!(found(none.clone()), ["A-9 U", "C-1 name 1", "C-1 name 0"]);
    assert_eq!(found(Filter { text: "-9".into(), ..none.clone() }), ["A-9 U"]);
    // A name of any period finds all of them.
    assert_eq!(found(Filter { text: "name 0".into(), ..none.clone() }), ["C-1 name 1", "C-1 name 0"]);
    assert_eq!(found(Filter { types: [ChargeType::Fee].into(), ..none.clone() }), ["A-9 U"]);
    assert_eq!(found(Filter { owners: [ActorNumber::new(OPERATOR)].into(), ..none }), Vec::<String>::new());
}

#[test]
fn a_charge_in_a_list_says_all_that_its_timeline_does_and_more() {
    let world = world();
    let timeline = view::timeline(&world.facts(&view::timeline_needs(&identity())), &identity());
    let rows = view::charge_rows(timeline.clone(), None, false);
    let [row, _] = &rows[..] else { panic!("two periods") };
    let mut expected = serde_json::to_value(&timeline[1]).unwrap();
    expected["owner_name"] = serde_json::Value::Null;
    expected["has_prices"] = false.into();
    assert_eq!(serde_json::to_value(row).unwrap(), expected);
}
