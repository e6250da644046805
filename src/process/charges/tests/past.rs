//! What was known when, and which messages came: charges 10.3 and 10.4.

use super::super::past::{self, MessageRow, Messages};
use super::super::view::{self, Cut, EVERYTHING};
use super::view::world;
use super::*;

const OCTOBER: &str = "2023-09-30T22:00:00Z";
const NOVEMBER: &str = "2023-10-31T23:00:00Z";

fn later(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(at(NOW).seconds() + seconds)
}

#[test]
fn what_was_known_is_what_the_operations_by_then_had_made() {
    let world = world();
    let known = |more: i64| {
        let rows = world.past(&identity(), later(more)).timeline();
        rows.iter().map(|it| format!("{} {:?}", it.name, it.valid_to)).collect::<Vec<_>>()
    };
    let october = format!("name 0 {:?}", Some(OCTOBER));
    assert_eq!(known(-1), Vec::<String>::new());
    assert_eq!(known(0), ["name 0 None"]);
    assert_eq!(known(1), [october.clone(), "name 1 None".into()]);
    assert_eq!(known(2), known(1));
    assert_eq!(known(3), [october, format!("name 1 {:?}", Some(NOVEMBER))]);
    let now = view::timeline(&world.facts(&view::timeline_needs(&identity())), &identity());
    assert_eq!(world.past(&identity(), Timestamp::OPEN_END).timeline(), now);
}

/// Charges 4.3: what a stop deletes is still known to have been known.
#[test]
fn prices_are_known_as_they_were_before_a_stop() {
    let world = world();
    let ever = Period::new(Timestamp::from_micros(i64::MIN), Timestamp::OPEN_END);
    let known = |more: i64| {
        let points = world.past(&identity(), later(more)).prices(ever);
        points.iter().map(|it| it.price.to_string()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!([known(1), known(2), known(3)], ["", "3 1 2 4", "3 1"].map(String::from));
    assert_eq!(world.past(&identity(), later(3)).prices(ever), world.prices(&identity()));
    let november = Period::new(at(NOVEMBER), Timestamp::OPEN_END);
    assert_eq!(world.past(&identity(), later(2)).prices(november).len(), 2);
}

#[test]
fn each_operation_says_what_it_was() {
    let mut world = world();
    world.now = later(9);
    let back = Operation { transaction_id: "t-9".into(), effective: Some(at(NOVEMBER)), ..information() };
    assert_eq!(broken(&world.send(&request(vec![back]))), [ACCEPTED]);
    let page = world.past(&identity(), Timestamp::OPEN_END).operations(EVERYTHING);
    let said: Vec<(&str, Option<&str>, Option<usize>)> =
        page.rows.iter().map(|it| (it.operation, it.transaction_id.as_deref(), it.prices)).collect();
    let expected = [
        ("cancel stop", Some("t-9"), None),
        ("stop", Some("t-2"), None),
        ("prices", Some("t-1"), Some(4)),
        ("update", Some("t-1"), None),
        ("create", Some("t-0"), None),
    ];
    assert_eq!((page.total, said), (5, expected.to_vec()));
    let cut = Cut { skip: 3, take: 1 };
    assert_eq!(world.past(&identity(), later(3)).operations(cut).rows, page.rows[4..]);
}

/// A series that is kept in several parts is one operation, and replaces what was there once.
#[test]
fn a_long_series_is_one_operation() {
    let mut world = World::new();
    assert_eq!(broken(&world.send(&request(vec![information()]))), [ACCEPTED]);
    let (start, days) = (local("01-09"), 1_000);
    let end = Calendar::new(world.market.zone).midnight_in_days(start, days);
    assert!(days as usize * 2 > record::HISTORY_POINTS_MAX);
    let long = |amount: &str, times: i32| {
        let end = Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(start, days * times);
        prices(Resolution::Day, start, end, &vec![amount; (days * times) as usize])
    };
    for request in [request(vec![long("1", 2)]), request(vec![long("2", 1)])] {
        assert_eq!(broken(&world.send(&request)), [ACCEPTED]);
    }
    let past = world.past(&identity(), world.now);
    assert_eq!(past.prices(Period::from(start)), world.prices(&identity()));
    assert_eq!(past.prices(Period::new(start, end)).len(), days as usize);
    let counts: Vec<Option<usize>> = past.operations(EVERYTHING).rows.iter().map(|it| it.prices).collect();
    assert_eq!(counts, [Some(1_000), Some(2_000), None]);
}

fn shown(world: &World, identity: &ChargeIdentity, received: Period, cut: Cut) -> (usize, Vec<String>) {
    let mut messages = Messages::default();
    for (range, accepted) in [(past::accepted(identity), true), (past::rejected(identity), false)] {
        for (key, entry) in world.store.records.range(range.from..range.to) {
            match accepted {
                true => messages.see_accepted(identity, key, entry, received),
                false => messages.see_rejected(identity, key, entry, received),
            }
        }
    }
    let page = messages.rows(cut);
    let row = |it: &MessageRow| {
        let broken = it.broken.join("+");
        format!("{} {} {} {broken}", it.transaction_id, it.business_reason, it.verdict).trim().to_string()
    };
    (page.total, page.rows.iter().map(row).collect())
}

#[test]
fn messages_come_newest_first() {
    let world = world();
    let shown = |received, cut| shown(&world, &identity(), received, cut);
    let all = ["t-2 D18 accepted", "t-1 D08 accepted", "t-1 D18 accepted", "t-0 D18 accepted"].map(str::to_string);
    assert_eq!(shown(Period::from(at(NOW)), EVERYTHING), (4, all.to_vec()));
    assert_eq!(shown(Period::from(at(NOW)), Cut { skip: 1, take: 2 }), (4, all[1..3].to_vec()));
    assert_eq!(shown(Period::new(at(NOW), later(1)), EVERYTHING).1, all[3..]);
}

#[test]
fn what_was_rejected_is_shown_among_what_was_accepted() {
    let mut world = World::new();
    let operation = |id: &str, date: &str, charge: &str| Operation {
        transaction_id: id.into(),
        charge_id: charge.into(),
        effective: Some(local(date)),
        ..information()
    };
    let mut stop = operation("t-2", "01-08", "C-1");
    asked(&mut stop).termination = stop.effective;
    world.send(&request(vec![operation("t-1", "01-09", "C-1"), stop, operation("t-3", "01-10", "C-1")]));
    let unknown =
        Operation { charge_id: "C-2".into(), ..prices(Resolution::Day, local("01-09"), local("02-09"), &["1000000"]) };
    world.send(&request(vec![unknown]));
    let mut another_type = request(vec![operation("t-4", "01-09", "C-1")]);
    another_type.header.document_type = "D05".into();
    another_type.header.receiver_role = "EZ".into();
    world.send(&another_type);
    let ever = Period::new(Timestamp::from_micros(i64::MIN), Timestamp::OPEN_END);
    let expected =
        ["t-4 D18 rejected VR.404+VR.165", "t-3 D18 rejected VR.906", "t-2 D18 rejected CH.01", "t-1 D18 accepted"];
    assert_eq!(shown(&world, &identity(), ever, EVERYTHING).1, expected);
    let second = ChargeIdentity { id: "C-2".into(), ..identity() };
    assert_eq!(shown(&world, &second, ever, EVERYTHING).1, ["t-1 D08 rejected VR.509"]);
}

/// A log is kept for charges that there could be, not for whatever a stranger writes where an id should stand.
#[test]
fn nothing_is_logged_under_an_id_that_no_charge_can_have() {
    let mut world = World::new();
    for change in [
        |it: &mut Operation| it.charge_id = "x".repeat(11),
        |it: &mut Operation| it.charge_id = " ".into(),
        |it: &mut Operation| it.owner = "9".repeat(36),
        |it: &mut Operation| it.owner = String::new(),
        |it: &mut Operation| it.charge_type = None,
    ] {
        let mut operation = information();
        change(&mut operation);
        let decision = world.send(&request(vec![operation]));
        assert_eq!((decision.changes.len(), decision.fates[0].broken.is_empty()), (0, false));
    }
    let long = Operation { transaction_id: "ø".repeat(1_000), ..information() };
    let decision = world.send(&request(vec![long]));
    let [Change::Put(_, value)] = &decision.changes[..] else { panic!("one record in the log") };
    assert!(value.len() < 300);
}

/// What a world file says was known ever since.
#[test]
fn a_charge_of_a_world_file_has_a_history() {
    let mut world = World::new();
    let table: ChargeTable = toml::from_str(super::world::TABLE).unwrap();
    world.commit(&table.changes(Calendar::new(world.market.zone)).unwrap());
    let facts = world.facts(&view::timeline_needs(&identity()));
    let past = world.past(&identity(), at(NOW));
    assert_eq!(past.timeline(), view::timeline(&facts, &identity()));
    assert_eq!(past.timeline().len(), 2);
    let ever = Period::new(Timestamp::from_micros(i64::MIN), Timestamp::OPEN_END);
    assert_eq!(past.prices(ever), world.prices(&identity()));
    assert!(past.operations(EVERYTHING).rows.iter().all(|row| row.document_id.is_none()));
    assert_eq!(shown(&world, &identity(), ever, EVERYTHING).0, 0);
}
