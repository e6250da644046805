//! Random histories: customer data are told while suppliers change, customers move in, and much of it is taken back.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::document::Outgoing;
use crate::market::{Calendar, Timestamp};
use crate::process::event::Event;

#[derive(Debug, Clone)]
enum Act {
    Tell { by: usize, reason: &'static str, customer: usize, days: Option<i32> },
    Change { by: usize, days: i32 },
    MoveIn { by: usize, days: i32 },
    Cancel { by: usize, which: usize, reason: &'static str },
    Wait { hours: i64 },
}

const SUPPLIERS: [&str; 3] = [A, B, C];
const CUSTOMERS: [&str; 3] = [COMPANY, PERSON, ""];

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let reason = prop_oneof![2 => Just("E34"), 1 => Just("E03"), 1 => Just("E65")];
    let days = prop::option::of(-20..3_i32);
    let one = prop_oneof![
        4 => (0..3_usize, reason, 0..3_usize, days)
            .prop_map(|(by, reason, customer, days)| Act::Tell { by, reason, customer, days }),
        2 => (0..3_usize, 1..20_i32).prop_map(|(by, days)| Act::Change { by, days }),
        2 => (0..3_usize, -10..20_i32).prop_map(|(by, days)| Act::MoveIn { by, days }),
        1 => (0..3_usize, 0..12_usize, prop_oneof![Just("E03"), Just("E65")])
            .prop_map(|(by, which, reason)| Act::Cancel { by, which, reason }),
        2 => (1..200_i64).prop_map(|hours| Act::Wait { hours }),
    ];
    prop::collection::vec(one, 1..25)
}

/// The house afterwards, and the transactions whose data were accepted.
fn play(acts: &[Act]) -> (House, Vec<String>) {
    let mut house = House::opened();
    let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
    let (mut asked, mut accepted) = (Vec::new(), Vec::new());
    for (number, each) in acts.iter().enumerate() {
        let transaction = format!("t{number}");
        let midnight = |house: &House, days: i32| calendar.midnight_in_days(house.now, days).to_string();
        match each {
            Act::Tell { by, reason, customer, days } => {
                let before = house.accounting_point(POINT);
                let mut told = update(SUPPLIERS[*by], reason, &transaction);
                told.records[0].start = days.map(|days| midnight(&house, days));
                told.records[0].first_customer = Some(customer_id(CUSTOMERS[*customer]));
                let broken = broken(&house.send(&told));
                if broken.is_empty() {
                    accepted.push(transaction);
                }
                assert_eq!(house.accounting_point(POINT), before, "who supplies and consumes is not its business");
            }
            Act::Change { by, days } => {
                let start = midnight(&house, *days);
                house.send(&request(SUPPLIERS[*by], "E03", &transaction, &start));
                asked.push(transaction);
            }
            Act::MoveIn { by, days } => {
                let start = midnight(&house, *days);
                house.send(&move_in(SUPPLIERS[*by], &transaction, &start));
                asked.push(transaction);
            }
            Act::Cancel { by, which, reason } => {
                let Some(original) = asked.get(*which) else { continue };
                house.send(&cancellation(SUPPLIERS[*by], reason, &transaction, original));
            }
            Act::Wait { hours } => house.pass(Timestamp::from_seconds(house.now.seconds() + hours * 3_600)),
        }
    }
    (house, accepted)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_told_is_answered_once_and_goes_to_the_grid_company_once(acts in acts()) {
        let (mut house, accepted) = play(&acts);
        house.pass(Timestamp::from_seconds(house.now.seconds() + 90 * 86_400));

        let answers = house.sent.iter().filter(|it| it.kind.type_code == "D16").flat_map(|it| it.records.iter());
        let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
        answers.for_each(|record| *answered.entry(&record.transaction_id).or_default() += 1);
        prop_assert_eq!(answered.len(), acts.iter().filter(|act| matches!(act, Act::Tell { .. })).count());
        prop_assert!(answered.values().all(|count| *count == 1));

        let told = house.told("CustomerMasterDataUpdated");
        let transaction = |event: &&Event| event.payload["transaction_id"].as_str().unwrap().to_string();
        prop_assert_eq!(told.iter().map(transaction).collect::<Vec<_>>(), accepted);

        // The grid company hears of each, and of each customer who moved in and of whom nobody told it in the days of grace.
        let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
        let instant = |event: &Event, field: &str| at(event.payload[field].as_str().unwrap());
        let moved_in = house.told("ConsumerMovedIn");
        let untold = moved_in.iter().filter(|move_in| {
            let grace_over = calendar.midnight_in_days(instant(move_in, "effective_date"), 15);
            let of_it = |told: &&&Event| told.payload["process_id"] == move_in.payload["process_id"];
            told.iter().filter(of_it).all(|told| instant(told, "occurred_at") >= grace_over)
        });
        let to_grid = |it: &&Outgoing| it.kind.type_code == "E21" && it.receiver.number.as_str() == GRID;
        prop_assert_eq!(house.sent.iter().filter(to_grid).count(), told.len() + untold.count());

        prop_assert!(!house.is_written(PERSON));
        let shown = format!("{:?}{:?}", house.sent, house.events);
        prop_assert!(!shown.contains(PERSON));

        let (mut again, _) = play(&acts);
        again.pass(house.now);
        prop_assert_eq!(&again.sent, &house.sent);
        prop_assert_eq!(&again.events, &house.events);
    }
}
