//! Random histories of documents, cancellations and clock moves.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::process::accounting_points::ProcessKind;
use crate::process::accounting_points::Status as ProcessStatus;
use crate::process::reallocation::tests::{agree, decline, reallocate};

#[derive(Debug, Clone)]
enum Act {
    Change { by: usize, days: i32 },
    MoveIn { by: usize, days: i32, customer: usize },
    End { by: usize, days: i32, reason: &'static str },
    Cancel { by: usize, which: usize, reason: &'static str },
    Reallocate { by: usize, which: usize, reason: &'static str },
    Answer { agreed: bool },
    Wait { hours: i64 },
    Dequeue { which: usize },
}

const SUPPLIERS: [&str; 3] = [A, B, C];
const CUSTOMERS: [&str; 3] = [COMPANY, PERSON, "0202801234"];

fn moves() -> impl Strategy<Value = Vec<Act>> {
    let one = prop_oneof![
        3 => (0..3_usize, 0..20_i32).prop_map(|(by, days)| Act::Change { by, days }),
        2 => (0..3_usize, -16..20_i32, 0..3_usize).prop_map(|(by, days, customer)| Act::MoveIn { by, days, customer }),
        2 => (0..3_usize, -16..20_i32, prop_oneof![Just("E20"), Just("E66")])
            .prop_map(|(by, days, reason)| Act::End { by, days, reason }),
        2 => (0..3_usize, 0..12_usize, prop_oneof![Just("E03"), Just("E65"), Just("E20"), Just("E66")])
            .prop_map(|(by, which, reason)| Act::Cancel { by, which, reason }),
        2 => (0..3_usize, 0..12_usize, prop_oneof![Just("D07"), Just("D33")])
            .prop_map(|(by, which, reason)| Act::Reallocate { by, which, reason }),
        2 => any::<bool>().prop_map(|agreed| Act::Answer { agreed }),
        3 => (1..200_i64).prop_map(|hours| Act::Wait { hours }),
        1 => (0..20_usize).prop_map(|which| Act::Dequeue { which }),
    ];
    prop::collection::vec(one, 1..25)
}

fn play(moves: &[Act]) -> House {
    let mut house = House::opened();
    let calendar = crate::market::Calendar::new(chrono_tz::Europe::Copenhagen);
    let (mut asked, mut starts) = (Vec::new(), Vec::new());
    for (number, each) in moves.iter().enumerate() {
        match each {
            Act::Change { by, days } => {
                let id = format!("t{number}");
                let start = calendar.midnight_in_days(house.now, *days).to_string();
                house.send(&request(SUPPLIERS[*by], "E03", &id, &start));
                asked.push(id);
                starts.push(start);
            }
            Act::MoveIn { by, days, customer } => {
                let id = format!("t{number}");
                let start = calendar.midnight_in_days(house.now, *days).to_string();
                let mut request = move_in(SUPPLIERS[*by], &id, &start);
                request.records[0].customer = Some(customer_id(CUSTOMERS[*customer]));
                house.send(&request);
                asked.push(id);
                starts.push(start);
            }
            Act::End { by, days, reason } => {
                let id = format!("t{number}");
                let end = calendar.midnight_in_days(house.now, *days).to_string();
                house.send(&ending(SUPPLIERS[*by], reason, &id, &end));
                asked.push(id);
                starts.push(end);
            }
            Act::Cancel { by, which, reason } => {
                let Some(original) = asked.get(*which) else { continue };
                house.send(&cancellation(SUPPLIERS[*by], reason, &format!("t{number}"), original));
            }
            Act::Reallocate { by, which, reason } => {
                let Some(start) = starts.get(*which) else { continue };
                house.send(&reallocate(SUPPLIERS[*by], reason, &format!("t{number}"), start));
            }
            Act::Answer { agreed } => {
                let Some(asked) = house.sent.iter().rfind(|it| it.kind.name == "RequestReallocateChangeOfSupplier")
                else {
                    continue;
                };
                let (former, id) = (asked.receiver.number.to_string(), value(asked, "mRID"));
                if *agreed {
                    house.send(&agree(&former, &format!("t{number}"), id.as_deref()));
                } else {
                    house.send(&decline(&former, &format!("t{number}"), id.as_deref()));
                }
            }
            Act::Wait { hours } => house.pass(Timestamp::from_seconds(house.now.seconds() + hours * 3_600)),
            Act::Dequeue { which } => {
                let Some(message) = house.sent.get(*which).map(|it| it.message_id.clone()) else { continue };
                house.dequeue(&message);
            }
        }
    }
    house
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_market_stays_in_order(moves in moves()) {
        let mut house = play(&moves);
        house.pass(Timestamp::from_seconds(house.now.seconds() + 90 * 86_400));

        // At no instant two current suppliers, nor two consumers.
        let point = house.accounting_point(POINT);
        let supplies = point.supplies();
        prop_assert!(supplies.windows(2).all(|pair| pair[0].period.end <= pair[1].period.start), "{supplies:#?}");
        let mut consumers: Vec<_> =
            point.processes().iter().filter_map(|it| it.consumer.as_ref()?.dates.period()).collect();
        consumers.sort_unstable();
        prop_assert!(consumers.windows(2).all(|pair| pair[0].end <= pair[1].start));

        // Every transaction has exactly one answer.
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        let is_answer = |it: &&Outgoing| it.kind.status.is_some();
        for record in house.sent.iter().filter(is_answer).flat_map(|it| it.records.iter()) {
            *answers.entry(&record.transaction_id).or_default() += 1;
        }
        prop_assert!(answers.values().all(|count| *count == 1));
        let asks = |it: &&Act| matches!(it, Act::Change { .. } | Act::MoveIn { .. } | Act::End { .. });
        let sent = moves.iter().filter(asks).count();
        let forwarded = house.sent.iter().filter(|it| it.kind.name == "RequestReallocateChangeOfSupplier").count();
        prop_assert!(answers.len() >= sent + forwarded);

        // Long after, nothing is open, and what has happened has happened once.
        prop_assert!(point.open().is_empty());
        let mut effected = BTreeSet::new();
        for event in house.told("EnergySupplierChanged") {
            prop_assert!(effected.insert(event.payload["process_id"].as_str().unwrap()));
        }
        for process in point.processes() {
            let changed = effected.contains(&*process.id);
            prop_assert!(!changed || process.status == ProcessStatus::Completed);
            if process.status == ProcessStatus::Cancelled && process.kind != ProcessKind::Reallocation {
                let (registered, cancelled) = match process.kind {
                    ProcessKind::EndOfSupply => ("EndOfSupplyRegistered", "EndOfSupplyCancelled"),
                    ProcessKind::MoveOut => ("ConsumerMoveOutRegistered", "ConsumerMoveOutCancelled"),
                    _ => ("FutureEnergySupplierChangeRegistered", "FutureEnergySupplierChangeCancelled"),
                };
                let count = |name: &str| {
                    house.told(name).iter().filter(|it| it.payload["process_id"] == *process.id).count()
                };
                prop_assert_eq!(count(cancelled), count(registered));
                prop_assert!(count(registered) == 1 || process.kind == ProcessKind::MoveIn);
            }
            if process.kind == ProcessKind::EndOfSupply {
                let told = house.told("EndOfSupplyEffectuated");
                let count = told.iter().filter(|it| it.payload["process_id"] == *process.id).count();
                prop_assert_eq!(count, usize::from(process.status == ProcessStatus::Completed));
            }
        }
        prop_assert_eq!(house.first_timer(), None);

        // No personal number stands where it does not belong.
        prop_assert!(!house.is_written(PERSON) && !house.is_written("0202801234"));
        let shown = format!("{:?}{:?}", house.sent, house.events);
        prop_assert!(!shown.contains(PERSON) && !shown.contains("0202801234"));

        // No message id is given twice, and a replay gives the same.
        let ids: BTreeSet<&str> = house.sent.iter().map(|it| &*it.message_id).collect();
        prop_assert_eq!(ids.len(), house.sent.len());
        let mut again = play(&moves);
        again.pass(house.now);
        prop_assert_eq!(&again.sent, &house.sent);
        prop_assert_eq!(&again.events, &house.events);
    }
}
