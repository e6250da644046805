//! Random histories of several accounting points, beside a model that is written on its own: what is accepted, who supplies, who
//! consumes, what becomes of everything that was asked for.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::market::{Act, Market, POINTS, act};

fn play(acts: &[Act]) -> Market {
    let mut market = Market::opened();
    for act in acts {
        market.act(act);
        market.compare();
    }
    market.wait(90 * 86_400);
    market.compare();
    market
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn every_point_fares_as_a_model_of_its_own_has_it(acts in prop::collection::vec(act(), 1..40)) {
        let market = play(&acts);
        market.all_losers_are_told();
        let house = &market.house;

        // Every transaction that was sent has exactly one answer, but for answers, which are acknowledged or take effect.
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        let answering = house.sent.iter().filter(|it| it.kind.status.is_some());
        for record in answering.flat_map(|it| it.records.iter()) {
            *answers.entry(&record.transaction_id).or_default() += 1;
        }
        prop_assert!(answers.values().all(|count| *count == 1), "{:?}", answers);
        for asked in &market.asked {
            prop_assert!(answers.contains_key(&*asked.id), "{} was not answered", asked.id);
        }

        // What takes effect does so once, and what is over tells nobody anything any more.
        let mut effected = BTreeSet::new();
        for name in ["EnergySupplierChanged", "ConsumerMovedIn", "EndOfSupplyEffectuated", "ConsumerMovedOut"] {
            for event in house.told(name) {
                let process = event.payload["process_id"].as_str().unwrap();
                prop_assert!(effected.insert((name, process)), "{} of {} twice", name, process);
            }
        }
        prop_assert_eq!(house.first_timer(), None);
        for number in POINTS {
            prop_assert!(house.accounting_point(number).open().is_empty());
        }

        // A replay sends the same, and tells the same.
        let again = play(&acts);
        prop_assert_eq!(&again.house.sent, &house.sent);
        prop_assert_eq!(&again.house.events, &house.events);
    }
}
