//! How many versions and children there may be, on both sides of each bound.

use super::super::rules::{Broken, Rule};
use super::rules::some;
use super::versions::{MAY, house};
use super::*;
use crate::market::{Calendar, MeteringPointType, Timestamp};
use crate::process::metering_points::{CHILDREN_MAX, MasterData, VERSIONS_MAX, changes};

const FIRST: &str = "2010-12-31T23:00:00Z";

/// Of [`OTHER`].
fn with_meter(meter: &str, start: &str) -> Characteristics {
    Characteristics { meter: some(meter), ..bare(OTHER, start) }
}

fn belongs(house: &mut House, child: &str, parent: &str, start: &str) -> Vec<&'static str> {
    send(house, "E32", Characteristics { parent: Some(id(parent)), ..bare(child, start) })
}

/// A metering point that has as many versions as may be but for one, all of them before today.
fn changed(house: &mut House, number: &str, kind: MeteringPointType) {
    let first = Version::first(at(FIRST), ConnectionState::Connected, false, MasterData::default());
    let mut point = MeteringPoint::new(MeteringPointId::new(number), kind, "131", first);
    for number in 1..VERSIONS_MAX - 1 {
        let day = Calendar::new(chrono_tz::Europe::Copenhagen).midnight_in_days(at(FIRST), number as i32);
        point.change(day, |version| version.master.location_description = Some(number.to_string()));
    }
    house.store.commit(&changes(&point, None));
}

#[test]
fn a_metering_point_is_changed_on_so_many_days_and_on_no_others() {
    let mut house = house();
    changed(&mut house, OTHER, MeteringPointType::SupplyToGrid);
    assert_eq!(send(&mut house, "E67", with_meter("7", APRIL)), Vec::<&str>::new());
    assert_eq!(known(&house, OTHER).unwrap().versions().len(), VERSIONS_MAX);
    let decision = house.send(&asked("E67", with_meter("8", MAY)));
    assert_eq!((broken(&decision), codes(&decision)), (vec!["TooManyVersions"], vec!["D52".to_string()]));
    assert_eq!(send(&mut house, "E79", to_state(OTHER, "E23")), ["TooManyVersions"]);
    assert_eq!(send(&mut house, "D14", bare(OTHER, TODAY)), ["TooManyVersions"]);
    assert_eq!(house.told("MeteringPointClosedDown").len(), 0, "nothing has come of it");
    // A day that has a version may be changed again, and be the last.
    assert_eq!(send(&mut house, "E67", with_meter("9", APRIL)), Vec::<&str>::new());
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), Vec::<&str>::new());
    house.pass(at(APRIL));
    assert_eq!(state(&house, OTHER), ConnectionState::ClosedDown);
}

#[test]
fn a_parent_needs_a_version_for_each_day_on_which_children_come_or_go() {
    let mut house = house();
    changed(&mut house, OTHER, MeteringPointType::Consumption);
    let child = Characteristics { parent: Some(id(OTHER)), ..of_type("D06") };
    assert_eq!(send(&mut house, "E02", child), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, NEW, "", APRIL), ["TooManyVersions"]);
    let next =
        Characteristics { metering_point: id(PLANT), parent: Some(id(OTHER)), start: MAY.into(), ..of_type("D06") };
    assert_eq!(send(&mut house, "E02", next.clone()), ["TooManyVersions"]);
    assert_eq!(known(&house, PLANT), None, "nothing is created");
    assert_eq!(send(&mut house, "E02", Characteristics { start: TODAY.into(), ..next }), Vec::<&str>::new());
}

#[test]
fn a_parent_has_so_many_children_and_no_others() {
    let mut house = house();
    house.point(OTHER, "E17", "Connected");
    let mut parent = known(&house, OTHER).unwrap();
    let of = |number: usize, from: Timestamp| {
        let master = MasterData { parent: Some((parent.id.clone(), Some(parent.kind))), ..MasterData::default() };
        let first = Version::first(from, ConnectionState::Connected, false, master);
        let id = MeteringPointId::new(format!("57131310000{number:07}"));
        MeteringPoint::new(id, MeteringPointType::SupplyToGrid, "131", first)
    };
    let children: Vec<MeteringPoint> = (1..CHILDREN_MAX).map(|number| of(number, parent.effective)).collect();
    for child in &children {
        parent.list(child);
        house.store.commit(&changes(child, None));
    }
    house.store.commit(&changes(&parent, None));
    let last = Characteristics { parent: Some(id(OTHER)), ..of_type("D06") };
    assert_eq!(send(&mut house, "E02", last), Vec::<&str>::new());
    assert_eq!(known(&house, OTHER).unwrap().children().len(), CHILDREN_MAX);
    let beyond = Characteristics { metering_point: id(PLANT), parent: Some(id(OTHER)), ..of_type("D06") };
    let decision = house.send(&asked("E02", beyond));
    assert_eq!((broken(&decision), codes(&decision)), (vec!["TooManyChildren"], vec!["D52".to_string()]));
    assert_eq!(known(&house, PLANT), None, "nothing is created");
    // One that goes leaves no room, but may come back.
    assert_eq!(belongs(&mut house, NEW, "", APRIL), Vec::<&str>::new());
    assert_eq!(belongs(&mut house, NEW, OTHER, MAY), Vec::<&str>::new());
    let beyond =
        Characteristics { metering_point: id(PLANT), parent: Some(id(OTHER)), start: APRIL.into(), ..of_type("D06") };
    assert_eq!(send(&mut house, "E02", beyond), ["TooManyChildren"]);
}

#[test]
fn what_is_said_names_the_bounds() {
    let said = Broken::from(vec![Rule::TooManyVersions, Rule::TooManyChildren]).reasons();
    let texts: Vec<String> = said.into_iter().filter_map(|reason| reason.text).collect();
    assert!(texts[0].contains(&format!(" {VERSIONS_MAX} versions")), "{texts:?}");
    assert!(texts[1].contains(&format!(" {CHILDREN_MAX} children")), "{texts:?}");
}
