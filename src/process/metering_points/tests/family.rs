//! Parents and children from day to day, beside a model that knows of each day nothing but whose child is whose.

use std::collections::BTreeMap;

use super::*;
use crate::process::metering_points::Relative;

#[test]
fn every_version_finds_room_in_a_record_with_all_its_children() {
    let children = (0..CHILDREN_MAX).map(|number| {
        (MeteringPointId::new(format!("57131310000{number:07}")), Some(MeteringPointType::ElectricalHeating))
    });
    let first = Version::first(
        day(0),
        ConnectionState::Connected,
        false,
        MasterData { children: children.collect(), ..whole() },
    );
    let mut point = MeteringPoint::new(MeteringPointId::new("571313"), MeteringPointType::Consumption, "131", first);
    point.change(day(1), |version| version.master.meter = None);
    for change in changes(&point, None) {
        let Change::Put(key, value) = change else { panic!("no version is ever taken away") };
        assert!(value.len() < crate::record::VALUE_BYTES_MAX / 4, "{key}: {} bytes", value.len());
    }
}

/// Days that the model knows; changes are about earlier ones.
const DAYS: i64 = 32;
/// The day from which each parent, and each child, exists.
const PARENTS: [i64; 3] = [0, 0, 9];
const CHILDREN: [i64; 3] = [0, 6, 0];

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A child belongs to a parent from a day on, or to nobody.
    Belongs {
        child: usize,
        parent: Option<usize>,
        from: i64,
    },
    Closes {
        child: usize,
        from: i64,
    },
    /// Something else is changed, so that there are versions in between.
    Noted {
        point: usize,
        from: i64,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let from = 0..DAYS - 2;
    let parent = prop::option::weighted(0.75, 0..PARENTS.len());
    let belongs = (0..CHILDREN.len(), parent, from.clone());
    let step = prop_oneof![
        8 => belongs.prop_map(|(child, parent, from)| Step::Belongs { child, parent, from }),
        1 => (0..CHILDREN.len(), from.clone()).prop_map(|(child, from)| Step::Closes { child, from }),
        4 => (0..PARENTS.len() + CHILDREN.len(), from).prop_map(|(point, from)| Step::Noted { point, from }),
    ];
    prop::collection::vec(step, 1..30)
}

fn day(days: i64) -> Timestamp {
    Timestamp::from_seconds((19_000 + days) * 86_400)
}

/// Parents first, then children.
fn people() -> Vec<MeteringPoint> {
    let of = |place: usize, kind, from| {
        let first = Version::first(day(from), ConnectionState::Connected, false, MasterData::default());
        MeteringPoint::new(MeteringPointId::new(format!("57131310000000{place:04}")), kind, "131", first)
    };
    let parents = PARENTS.iter().enumerate().map(|(place, from)| of(place, MeteringPointType::Consumption, *from));
    let children =
        CHILDREN.iter().enumerate().map(|(place, from)| of(10 + place, MeteringPointType::SupplyToGrid, *from));
    parents.chain(children).collect()
}

/// Of each child and day: whether it is closed down, and else whose it is.
#[derive(Clone)]
struct Model([[(bool, Option<usize>); DAYS as usize]; CHILDREN.len()]);

impl Model {
    /// What is said holds until something else was said.
    fn belongs(&mut self, child: usize, parent: Option<usize>, from: i64) {
        let days = &mut self.0[child][from as usize..];
        let was = days[0];
        days.iter_mut().take_while(|it| **it == was && !it.0).for_each(|it| it.1 = parent);
    }

    fn closes(&mut self, child: usize, from: i64) {
        self.0[child][from as usize..].iter_mut().for_each(|it| *it = (true, None));
    }
}

/// Puts a child in place, and has its parents list it.
fn keep(points: &mut [MeteringPoint], place: usize, child: MeteringPoint) {
    let parents: Vec<MeteringPointId> = points[place].parents().into_iter().chain(child.parents()).cloned().collect();
    points.iter_mut().filter(|it| parents.contains(&it.id)).for_each(|parent| parent.list(&child));
    points[place] = child;
}

proptest! {
    #[test]
    fn a_child_has_one_parent_on_each_day_and_is_listed_there(steps in steps()) {
        let mut points = people();
        let mut model = Model([[(false, None); DAYS as usize]; CHILDREN.len()]);
        let mut store = BTreeMap::new();
        let mut write = |point: &MeteringPoint, before: Option<&MeteringPoint>| {
            for change in changes(point, before) {
                let Change::Put(key, value) = change else { panic!("no version is ever taken away") };
                store.insert(key, value);
            }
        };
        points.iter().for_each(|point| write(point, None));
        for (number, step) in steps.into_iter().enumerate() {
            let before = points.clone();
            match step {
                Step::Belongs { child, parent, from } => {
                    let place = PARENTS.len() + child;
                    let from = from.max(CHILDREN[child]);
                    // Nobody belongs to what is not there yet; a rule asks that.
                    if parent.is_some_and(|parent| PARENTS[parent] > from) {
                        continue;
                    }
                    let relative: Option<Relative> = parent.map(|it| (points[it].id.clone(), Some(points[it].kind)));
                    let mut is = points[place].clone();
                    is.change(day(from), |version| version.master.parent = relative);
                    keep(&mut points, place, is);
                    model.belongs(child, parent, from);
                }
                Step::Closes { child, from } => {
                    let place = PARENTS.len() + child;
                    let from = from.max(CHILDREN[child]);
                    if points[place].at(day(from)).state == ConnectionState::ClosedDown {
                        continue;
                    }
                    let mut is = points[place].clone();
                    is.close_from(day(from));
                    keep(&mut points, place, is);
                    model.closes(child, from);
                }
                Step::Noted { point, from } => {
                    points[point].change(day(from), |version| version.master.meter = Some(number.to_string()));
                }
            }
            points.iter().zip(&before).for_each(|(point, before)| write(point, Some(before)));
            agree(&points, &model)?;
        }
        let written: Vec<Change> = store.into_iter().map(|(key, value)| Change::Put(key, value)).collect();
        for point in &points {
            let read = metering_point(&facts(&written, &needs_of(&point.id)), &point.id);
            prop_assert_eq!(read.as_ref(), Some(point));
        }
    }
}

fn agree(points: &[MeteringPoint], model: &Model) -> Result<(), TestCaseError> {
    let (parents, children) = points.split_at(PARENTS.len());
    for days in 0..DAYS {
        for (place, child) in children.iter().enumerate().filter(|(place, _)| CHILDREN[*place] <= days) {
            let (is_closed, parent) = model.0[place][days as usize];
            let version = child.at(day(days));
            prop_assert_eq!(
                version.master.parent_id(),
                parent.map(|it| &parents[it].id),
                "child {} on {}",
                place,
                days
            );
            prop_assert_eq!(version.state == ConnectionState::ClosedDown, is_closed);
        }
        for (place, parent) in parents.iter().enumerate().filter(|(place, _)| PARENTS[*place] <= days) {
            let listed: Vec<&MeteringPointId> = parent.at(day(days)).master.children.iter().map(|(id, _)| id).collect();
            let belongs = |child: &usize| CHILDREN[*child] <= days && model.0[*child][days as usize].1 == Some(place);
            let expected: Vec<&MeteringPointId> =
                (0..CHILDREN.len()).filter(belongs).map(|child| &children[child].id).collect();
            prop_assert_eq!(listed, expected, "parent {} on {}", place, days);
        }
    }
    Ok(())
}
