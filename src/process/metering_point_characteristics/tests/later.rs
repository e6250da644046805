//! What an update makes of the versions behind its day: who hears of them, which rules hold there, and what goes.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::Profile;
use super::super::rules::{matrix, suits};
use super::rules::{measured, some};
use super::versions::{APRIL_5, FEBRUARY, MAY, MID_FEBRUARY, house, update};
use super::*;
use crate::market::{Calendar, Timestamp};
use crate::process::accounting_points::SupplyTable;
use crate::process::metering_points::MasterData;

/// Between [`FEBRUARY`] and [`MID_FEBRUARY`].
const EARLY: &str = "2023-02-06T23:00:00Z";

/// What a supplier was told of a day: who, from when on, the meter, how it is settled and measured, the net settlement group.
type Told = (String, String, [String; 4]);

/// Of every record about the metering point that has gone out since the last call.
fn heard(house: &mut House) -> Vec<Told> {
    let sent = std::mem::take(&mut house.sent);
    let mut told = Vec::new();
    for letter in sent.iter().filter(|it| it.kind.name == "AccountingPointCharacteristics") {
        for record in letter.records.iter() {
            let mut one = letter.clone();
            one.records = vec![record.clone()].into();
            let said = |name| value(&one, name).unwrap_or_default();
            let fields = ["meter.mRID", "settlementMethod", "meteringMethod", "netSettlementGroup"];
            let day = said("validityStart_DateAndOrTime.dateTime");
            told.push((letter.receiver.number.to_string(), day, fields.map(said)));
        }
    }
    told
}

/// `who day meter settlement` of each.
fn lines(told: Vec<Told>) -> Vec<String> {
    told.into_iter().map(|(who, day, [meter, settlement, ..])| format!("{who} {day} {meter} {settlement}")).collect()
}

fn supply(house: &mut House, number: &str, supplier: &str, start: &str, end: Option<&str>) {
    let (metering_point, supplier, start) = (number.into(), supplier.into(), start.into());
    let table = SupplyTable { metering_point, supplier, start, end: end.map(str::to_string) };
    house.store.commit(&table.changes().unwrap());
}

/// Net settlement as of a day, by a meter that there is none of.
fn settled_net(number: &str, start: &str) -> Characteristics {
    let all = net_settled("1");
    Characteristics {
        net_settlement_group: all.net_settlement_group,
        connection_type: all.connection_type,
        asset_type: all.asset_type,
        capacity: all.capacity,
        power_plant: all.power_plant,
        ..bare(number, start)
    }
}

#[test]
fn suppliers_hear_of_each_later_day_that_a_correction_changes() {
    let mut house = house();
    for (start, meter, settlement) in [(MID_FEBRUARY, "2", None), (TODAY, "3", None), (APRIL_5, "4", Some("D01"))] {
        assert_eq!(send(&mut house, "E32", update(start, Some(meter), settlement)), Vec::<&str>::new());
    }
    house.sent.clear();
    assert_eq!(broken(&house.send(&request(B, "E03", "c1", APRIL))), Vec::<&str>::new());
    assert_eq!(broken(&house.send(&request(C, "E03", "c2", MAY))), Vec::<&str>::new());
    house.sent.clear();
    assert_eq!(send(&mut house, "E32", update(FEBRUARY, Some("1"), Some("E02"))), Vec::<&str>::new());
    let expected = [
        format!("{A} {FEBRUARY} 1 E02"),
        format!("{A} {MID_FEBRUARY} 2 E02"),
        format!("{A} {TODAY} 3 E02"),
        format!("{B} {APRIL} 3 E02"),
    ];
    assert_eq!(house.sent.len(), 3, "one document for each of them, beside the answer");
    assert_eq!(lines(heard(&mut house)), expected, "what was said of 5 April stands, so nobody hears of it again");
    assert_eq!(send(&mut house, "E67", update(TODAY, Some("3"), None)), Vec::<&str>::new());
    assert_eq!(lines(heard(&mut house)), Vec::<String>::new(), "it is so already");
    // As of a day before it was there: from its first day on.
    house.point(OTHER, "E17", "Connected");
    supply(&mut house, OTHER, A, "2020-11-30T23:00:00Z", None);
    house.market.dk_mut().metering_points.update_days_before = -1;
    let meter = Characteristics { meter: some("1"), ..bare(OTHER, "2020-12-15T23:00:00Z") };
    assert_eq!(send(&mut house, "E67", meter), Vec::<&str>::new());
    assert_eq!(lines(heard(&mut house)), [format!("{A} 2020-12-31T23:00:00Z 1 ")]);
}

#[test]
fn a_state_of_the_past_is_told_of_later_versions_too() {
    let mut house = house();
    house.point(POINT, "E17", "New");
    assert_eq!(send(&mut house, "E67", update(MID_FEBRUARY, Some("2"), None)), Vec::<&str>::new());
    house.sent.clear();
    assert_eq!(send(&mut house, "D15", bare(POINT, FEBRUARY)), Vec::<&str>::new());
    let expected = [format!("{A} {FEBRUARY}  "), format!("{A} {MID_FEBRUARY} 2 ")];
    assert_eq!(lines(heard(&mut house)), expected);
}

#[test]
fn whoever_supplies_twice_hears_of_the_days_of_both_times() {
    let mut house = House::opened();
    house.point(OTHER, "E17", "Connected");
    supply(&mut house, OTHER, A, FEBRUARY, Some(MID_FEBRUARY));
    supply(&mut house, OTHER, B, MID_FEBRUARY, Some(TODAY));
    supply(&mut house, OTHER, A, TODAY, None);
    let meter = Characteristics { meter: some("1"), ..bare(OTHER, EARLY) };
    assert_eq!(send(&mut house, "E67", meter), Vec::<&str>::new());
    let expected = [format!("{A} {EARLY} 1 "), format!("{A} {TODAY} 1 "), format!("{B} {MID_FEBRUARY} 1 ")];
    assert_eq!(lines(heard(&mut house)), expected);
}

/// What is created as of [`FEBRUARY`], what is changed as of [`MID_FEBRUARY`], how [`EARLY`] is to be corrected, and the rules
/// that it would break on the later day.
type Row = (fn() -> Characteristics, Later, Later, &'static [&'static str]);
type Later = (&'static str, fn(&mut Characteristics));

fn virtually() -> Characteristics {
    Characteristics { metering_method: some("D02"), meter: None, ..consumption() }
}

fn net(record: &mut Characteristics) {
    *record = settled_net(record.metering_point.trimmed(), &record.start.clone());
}

#[rustfmt::skip]
const CORRECTED: &[Row] = &[
    // It is measured by a meter later, and cannot be settled net then.
    (virtually, ("E75", |it| (it.metering_method, it.meter) = (some("D01"), some("7"))), ("E32", net), &["MeteringMethodMustSuitNetSettlementGroup"]),
    // The same, but for what says what it is measured by.
    (virtually, ("E67", |it| it.location_description = some("behind the mill")), ("E32", net), &[]),
    // What net settlement wants was taken away later.
    (|| Characteristics { capacity: measured("5"), ..virtually() }, ("E32", |it| it.capacity = measured("")), ("E32", |it| { net(it); it.capacity = None }), &["CapacityIsRequired"]),
    // The reading date of group 6 was said later.
    (virtually, ("E32", |it| { net(it); (it.net_settlement_group, it.next_reading_date) = (some("6"), some("--12-01")) }), ("E32", |it| { net(it); (it.net_settlement_group, it.next_reading_date) = (some("6"), some("--11-01")) }), &["ScheduledReadingDateCannotChange"]),
    (virtually, ("E32", |it| { net(it); (it.net_settlement_group, it.next_reading_date) = (some("6"), some("--12-01")) }), ("E32", |it| { net(it); (it.net_settlement_group, it.next_reading_date) = (some("6"), some("--12-01")) }), &[]),
    // Surplus that is calculated stays calculated.
    (|| Characteristics { metering_method: some("D02"), meter: None, ..of_type("D04") }, ("E75", |it| (it.metering_method, it.meter) = (some("D01"), some("7"))), ("E75", |it| it.metering_method = some("D03")), &["CalculatedMustStayCalculated"]),
    // It is connected later, and would have no meter then.
    (|| of_type("D06"), ("D15", |_| {}), ("E75", |it| it.metering_method = some("D02")), &["MustBePhysicalToConnect"]),
    (|| of_type("D06"), ("D15", |_| {}), ("E67", |it| it.meter = some("7")), &[]),
    // It becomes somebody's child later, and is to be read as often.
    (|| of_type("D20"), ("E32", |it| it.parent = Some(id(OTHER))), ("E32", |it| it.read_cycle = some("PT15M")), &["ReadCycleMustEqualParents"]),
];

#[test]
fn a_correction_is_held_to_the_rules_of_later_days() {
    for (row, (make, later, early, expected)) in CORRECTED.iter().enumerate() {
        let mut house = house();
        let exchange = Characteristics { metering_point: id(OTHER), start: FEBRUARY.into(), ..of_type("E20") };
        assert_eq!(send(&mut house, "E02", exchange), Vec::<&str>::new());
        assert_eq!(send(&mut house, "E02", Characteristics { start: FEBRUARY.into(), ..make() }), Vec::<&str>::new());
        let changed = |(reason, change): &Later, start: &str, house: &mut House| {
            let mut record = bare(NEW, start);
            change(&mut record);
            send(house, reason, record)
        };
        assert_eq!(changed(later, MID_FEBRUARY, &mut house), Vec::<&str>::new(), "row {row}");
        let before = known(&house, NEW);
        assert_eq!(changed(early, EARLY, &mut house.clone()), *expected, "row {row}");
        let mut rejected = house.clone();
        changed(early, EARLY, &mut rejected);
        assert_eq!(known(&rejected, NEW) == before, !expected.is_empty(), "row {row}");
    }
}

#[test]
fn whoever_corrects_the_past_is_told_of_the_day_on_which_a_rule_would_be_broken() {
    let mut house = house();
    assert_eq!(send(&mut house, "E02", Characteristics { start: FEBRUARY.into(), ..virtually() }), Vec::<&str>::new());
    for start in [MID_FEBRUARY, TODAY] {
        let measured = Characteristics { metering_method: some("D01"), meter: some(&start[..10]), ..bare(NEW, start) };
        assert_eq!(send(&mut house, "E75", measured), Vec::<&str>::new());
    }
    let correction = Characteristics { settlement_method: some("E01"), ..settled_net(NEW, EARLY) };
    let decision = house.send(&asked("E32", correction));
    let expected = ["SettlementCannotBeProfiled", "MeteringMethodMustSuitNetSettlementGroup"];
    assert_eq!(broken(&decision), expected);
    let said: Vec<_> = decision.outgoing[0].records[0].reasons.iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(
        said,
        [
            "consumption is not settled by a profile any more".to_string(),
            format!("as of {MID_FEBRUARY}: net settlement is not measured by a meter"),
        ]
    );
}

#[test]
fn what_a_later_version_cannot_have_any_more_goes() {
    let mut house = house();
    assert_eq!(
        send(&mut house, "E02", Characteristics { start: FEBRUARY.into(), ..consumption() }),
        Vec::<&str>::new()
    );
    supply(&mut house, NEW, A, FEBRUARY, None);
    let meter = Characteristics { meter: some("2"), ..bare(NEW, MID_FEBRUARY) };
    assert_eq!(send(&mut house, "E67", meter), Vec::<&str>::new());
    house.sent.clear();
    let calculated = Characteristics { metering_method: some("D02"), ..bare(NEW, EARLY) };
    assert_eq!(send(&mut house, "E75", calculated), Vec::<&str>::new());
    assert_eq!(lines(heard(&mut house)), [format!("{A} {EARLY}  D01"), format!("{A} {MID_FEBRUARY}  D01")]);
    let point = known(&house, NEW).unwrap();
    let meters = [FEBRUARY, EARLY, MID_FEBRUARY].map(|day| point.at(at(day)).master.meter.clone());
    assert_eq!(meters, [some("123456789"), None, None]);
}

/// Days behind [`FEBRUARY`] that changes are about.
const DAYS: i32 = 40;
/// The first of them on which C supplies, and A does no longer.
const CHANGES_HANDS: i32 = 25;

fn day(days: i32) -> Timestamp {
    Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(at(FEBRUARY), days)
}

/// Something to change: with `which` of several values.
fn changed(what: usize, which: usize, start: &str) -> Characteristics {
    let record = bare(NEW, start);
    let one_of = |values: [&str; 3]| some(values[which]);
    match what {
        0 => Characteristics { meter: one_of(["1", "2", "3"]), ..record },
        1 => Characteristics { settlement_method: one_of(["D01", "E02", "D01"]), ..record },
        2 => {
            let physical = which == 0;
            let meter = physical.then(|| "7".to_string());
            Characteristics { metering_method: one_of(["D01", "D02", "D03"]), meter, ..record }
        }
        3 => Characteristics { net_settlement_group: one_of(["0", "2", "99"]), ..settled_net(NEW, start) },
        4 => {
            let next_reading_date = one_of(["--11-01", "--12-01", "--12-15"]);
            Characteristics { net_settlement_group: some("6"), next_reading_date, ..settled_net(NEW, start) }
        }
        5 => Characteristics { net_settlement_group: some("0"), ..record },
        6 => Characteristics { capacity: measured(["", "5", "6"][which]), ..record },
        _ => Characteristics { connection_type: one_of(["D01", "D02", "D02"]), ..record },
    }
}

/// What the records that a supplier has had say of a day.
fn picture(told: &BTreeMap<String, [String; 4]>, day: Timestamp) -> Option<&[String; 4]> {
    told.range(..=day.to_string()).next_back().map(|(_, said)| said)
}

fn said(it: &MasterData) -> [String; 4] {
    [
        it.meter.clone().unwrap_or_default(),
        it.settlement_method.map_or_else(String::new, |it| it.code().to_string()),
        it.metering_method.map_or_else(String::new, |it| it.code().to_string()),
        it.net_settlement_group.map_or_else(String::new, |it| it.to_string()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever is changed in whatever order of days: each version is one that could have been created so, and whoever supplies
    /// knows of each of its days what is so, from what it was told.
    #[test]
    fn every_version_keeps_the_rules_and_suppliers_know_every_day(
        steps in prop::collection::vec((0..8_usize, 0..3_usize, -3..DAYS), 1..14),
    ) {
        let mut house = house();
        let created = Characteristics { start: FEBRUARY.into(), ..virtually() };
        prop_assert_eq!(send(&mut house, "E02", created), Vec::<&str>::new());
        let border = day(CHANGES_HANDS);
        supply(&mut house, NEW, A, FEBRUARY, Some(&border.to_string()));
        supply(&mut house, NEW, C, &border.to_string(), None);
        let first = said(&known(&house, NEW).unwrap().versions()[0].master);
        let mut pictures = BTreeMap::from([
            (A, BTreeMap::from([(FEBRUARY.to_string(), first.clone())])),
            (C, BTreeMap::from([(border.to_string(), first)])),
        ]);
        for (what, which, days) in steps {
            let before = known(&house, NEW);
            let broken = send(&mut house, "E32", changed(what, which, &day(days).to_string()));
            let told = heard(&mut house);
            let point = known(&house, NEW).unwrap();
            if !broken.is_empty() {
                prop_assert!(told.is_empty() && Some(&point) == before.as_ref(), "{:?}", broken);
                continue;
            }
            for (who, from, said) in told {
                prop_assert_eq!(at(&from) < border, who == A, "each hears of its own days");
                pictures.get_mut(&*who).unwrap().insert(from, said);
            }
            for version in point.versions() {
                let mut master = version.master.clone();
                let broken = matrix::hold(point.kind, &mut master, None, &[], Profile::Base);
                prop_assert_eq!(broken, vec![], "{:?}", version);
                prop_assert_eq!(&master, &version.master);
                prop_assert_eq!(suits::hold(point.kind, &master, None, Profile::Base), vec![], "{:?}", version);
            }
            for days in 0..DAYS + 5 {
                let who = if days < CHANGES_HANDS { A } else { C };
                let is = said(&point.at(day(days)).master);
                prop_assert_eq!(picture(&pictures[who], day(days)), Some(&is), "{} on {}", who, days);
            }
        }
    }
}
