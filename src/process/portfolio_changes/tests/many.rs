//! Random histories of many accounting points: changes of supplier, ends of supply, cancellations, and orders about whole
//! portfolios, some of them called off. The model is a market with one accounting point: what happens at each must be what would have happened there alone.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::market::Calendar;
use crate::process::accounting_points::{AccountingPoint, Status, needs_of, supplied_by};
use crate::process::change_of_supplier::tests::{COMPANY, cancellation, ending, id, request};
use crate::record::Key;

#[derive(Debug, Clone)]
enum Act {
    Change {
        point: usize,
        by: usize,
        days: i32,
    },
    End {
        point: usize,
        by: usize,
        days: i32,
        reason: &'static str,
    },
    Cancel {
        point: usize,
        by: usize,
        which: usize,
        reason: &'static str,
    },
    Order {
        kind: &'static str,
        from: usize,
        to: usize,
        days: i32,
    },
    /// The order before so many others is called off.
    CallOff {
        ago: usize,
    },
    Wait {
        hours: i64,
    },
}

const SUPPLIERS: [&str; 3] = [A, B, C];
const POINTS: [&str; 4] = [POINT, "571313100000200007", "571313100000200014", "571313100000200021"];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let point = 0..POINTS.len();
    let one = prop_oneof![
        4 => (point.clone(), 0..3_usize, 1..20_i32).prop_map(|(point, by, days)| Act::Change { point, by, days }),
        2 => (point.clone(), 0..3_usize, 1..20_i32, prop_oneof![Just("E20"), Just("E66")])
            .prop_map(|(point, by, days, reason)| Act::End { point, by, days, reason }),
        3 => (point, 0..3_usize, 0..15_usize, prop_oneof![Just("E03"), Just("E20"), Just("E66")])
            .prop_map(|(point, by, which, reason)| Act::Cancel { point, by, which, reason }),
        3 => (prop_oneof![Just("E06"), Just("D13")], 0..3_usize, 0..3_usize, 1..20_i32)
            .prop_map(|(kind, from, to, days)| Act::Order { kind, from, to, days }),
        2 => (0..3_usize).prop_map(|ago| Act::CallOff { ago }),
        3 => (1..200_i64).prop_map(|hours| Act::Wait { hours }),
    ];
    prop::collection::vec(one, 1..30)
}

/// The history of those of the points that are in this market.
fn play(acts: &[Act], points: &[usize]) -> House {
    let mut house = House::opened();
    for point in points.iter().map(|point| POINTS[*point]).filter(|point| *point != POINT) {
        house.point(point, "E17", "Connected");
        house.supply(point, A);
        house.customer(point, COMPANY, "Example Bakery");
    }
    if !points.contains(&0) {
        // The one that every house has is not in this market.
        house.point(POINT, "E17", "ClosedDown");
    }
    let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
    let mut orders: Vec<String> = Vec::new();
    for (number, act) in acts.iter().enumerate() {
        let day = |house: &House, days: i32| calendar.midnight_in_days(house.now, days).to_string();
        match act {
            Act::Change { point, by, days } if points.contains(point) => {
                let mut request = request(SUPPLIERS[*by], "E03", &format!("t{number}"), &day(&house, *days));
                request.records[0].metering_point = id(POINTS[*point]);
                house.send(&request);
            }
            Act::End { point, by, days, reason } if points.contains(point) => {
                let mut request = ending(SUPPLIERS[*by], reason, &format!("t{number}"), &day(&house, *days));
                request.records[0].metering_point = id(POINTS[*point]);
                house.send(&request);
            }
            Act::Cancel { point, by, which, reason } if points.contains(point) => {
                let original = format!("t{which}");
                let mut request = cancellation(SUPPLIERS[*by], reason, &format!("t{number}"), &original);
                request.records[0].metering_point = id(POINTS[*point]);
                house.send(&request);
            }
            Act::Order { kind, from, to, days } => {
                let table = on(&day(&house, *days), forced(kind, SUPPLIERS[*from], SUPPLIERS[*to]));
                orders.extend(order(&mut house, &table).ok());
            }
            Act::CallOff { ago } => {
                let Some(id) = orders.iter().rev().nth(*ago).cloned() else { continue };
                super::call_off::called(&mut house, &id);
            }
            Act::Wait { hours } => house.pass(Timestamp::from_seconds(house.now.seconds() + hours * 3_600)),
            _ => {}
        }
    }
    house.pass(Timestamp::from_seconds(house.now.seconds() + 90 * 86_400));
    house
}

/// Everything registered at an accounting point, but for the ids.
fn books(house: &House, point: &str) -> Vec<String> {
    let point = house.accounting_point(point);
    let line = |it: &crate::process::accounting_points::Process| {
        format!("{} {} {} {:?} {:?}", it.kind.name(), it.effective, it.status.name(), it.supply, it.requester)
    };
    point.processes().into_iter().map(line).collect()
}

/// Under whom an accounting point is noted.
fn noted(house: &House, point: &str) -> BTreeSet<&'static str> {
    let stands = |supplier: &&&str| {
        let range = supplied_by(&crate::market::ActorNumber::new(**supplier), None);
        let mut keys = house.store.records.range(range.from..range.to).map(|(key, _)| key);
        keys.any(|key: &Key| crate::process::accounting_points::read_supplied(key).as_str() == point)
    };
    SUPPLIERS.iter().filter(stands).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_ordered_each_accounting_point_fares_as_if_it_were_alone(acts in acts()) {
        let all: Vec<usize> = (0..POINTS.len()).collect();
        let house = play(&acts, &all);
        for (place, point) in POINTS.iter().enumerate() {
            let alone = play(&acts, &[place]);
            prop_assert_eq!(books(&house, point), books(&alone, point), "{}", point);

            // At no instant two suppliers; long after, nothing is open; what a forced change took was its supplier's.
            let number = MeteringPointId::new(*point);
            let found = AccountingPoint::load(&house.store.facts(&needs_of(&number)), &number);
            let supplies = found.supplies();
            prop_assert!(supplies.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start), "{:#?}", supplies);
            prop_assert!(found.open().is_empty());
            for process in found.processes().into_iter().filter(|it| it.status == Status::Completed) {
                let Some(former) = &process.takes_over else { continue };
                // Its own change may have taken effect at the same instant.
                let begun = |it: &&crate::process::accounting_points::Process| {
                    it.effective == process.effective && it.requester.as_ref() == Some(former)
                };
                let was_its_own = found.supplier_before(process.effective) == Some(former);
                prop_assert!(was_its_own || found.processes().iter().any(begun), "{:?}", process);
            }

            // It is noted under whoever supplies it, and under nobody else.
            let supplier = found.supplier_at(house.now).map(|it| it.as_str());
            prop_assert_eq!(noted(&house, point), SUPPLIERS.into_iter().filter(|it| Some(*it) == supplier).collect());
        }
        prop_assert_eq!(house.first_timer(), None);
        let messages: BTreeSet<&str> = house.sent.iter().map(|it| &*it.message_id).collect();
        prop_assert_eq!(messages.len(), house.sent.len());
    }
}
