//! Random histories of several accounting points with orders about whole portfolios, some of them called off, beside a model that
//! calls nothing of what it is compared with: to which points an order comes and what becomes of it at each, what is taken back
//! with it and what stays.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::call_off::Called;
use super::*;
use crate::process::accounting_points::supplied_by;
use crate::process::change_of_supplier::tests::actor;
use crate::process::change_of_supplier::tests::market::{self, Market, PARTIES, POINTS, SUPPLIERS};
use crate::process::change_of_supplier::tests::model::{Instant, Kind, Takeover, Wish};

#[derive(Debug, Clone)]
enum Act {
    Other(market::Act),
    TakeOver {
        fails: bool,
        from: usize,
        to: usize,
        days: i32,
    },
    /// Another party becomes balance responsible.
    Balance {
        supplier: usize,
        party: usize,
        days: i32,
    },
    /// The order before so many others is called off.
    CallOff {
        ago: usize,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let one = prop_oneof![
        12 => market::act().prop_map(Act::Other),
        4 => (any::<bool>(), 0..3_usize, 0..3_usize, 1..20_i32)
            .prop_map(|(fails, from, to, days)| Act::TakeOver { fails, from, to, days }),
        1 => (0..3_usize, 0..PARTIES.len(), 1..20_i32)
            .prop_map(|(supplier, party, days)| Act::Balance { supplier, party, days }),
        2 => (0..3_usize).prop_map(|ago| Act::CallOff { ago }),
    ];
    prop::collection::vec(one, 1..40)
}

/// An order that was given.
struct Given {
    id: String,
    table: OrderTable,
    /// Who is to be replaced as failing.
    fails: Option<&'static str>,
    at: Instant,
    day: Instant,
    called_off: bool,
    /// What became of each accounting point that it is about, as its model has it.
    became: BTreeMap<&'static str, String>,
}

struct Orders {
    market: Market,
    given: Vec<Given>,
}

impl Orders {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Other(act) => self.market.act(act),
            Act::TakeOver { fails, from, to, days } => self.take_over(*fails, SUPPLIERS[*from], SUPPLIERS[*to], *days),
            Act::Balance { supplier, party, days } => self.balance(SUPPLIERS[*supplier], PARTIES[*party], *days),
            Act::CallOff { ago } => self.call_off(*ago),
        }
    }

    fn take_over(&mut self, fails: bool, from: &'static str, to: &'static str, days: i32) {
        let (text, now) = (self.market.day(days), self.market.now());
        let table = on(&text, forced(if fails { "D13" } else { "E06" }, from, to));
        let day = at(&text).seconds();
        let is_failing =
            |supplier: &str| self.given.iter().any(|it| it.fails == Some(supplier) && !it.called_off && it.day > now);
        let refused = from == to || is_failing(to);
        let Some(id) = self.give(&table, refused) else { return };
        let order = Takeover { id: id.clone(), fails, from, to, day };
        let mut became = BTreeMap::new();
        for (model, point) in self.market.models.iter_mut().zip(POINTS) {
            if model.concerns(from, now) {
                became.insert(point, model.force(&order, now).to_string());
            }
        }
        self.given.push(Given { id, table, fails: fails.then_some(from), at: now, day, called_off: false, became });
    }

    fn balance(&mut self, supplier: &'static str, party: &'static str, days: i32) {
        let (text, now) = (self.market.day(days), self.market.now());
        let table = super::orders::balance(supplier, "131", party, &text);
        let Some(id) = self.give(&table, false) else { return };
        let day = at(&text).seconds();
        let mut became = BTreeMap::new();
        for (model, point) in self.market.models.iter_mut().zip(POINTS) {
            if !model.concerns(supplier, now) {
                continue;
            }
            let may = model.may_be_responsible(party, supplier, day, now);
            if may {
                model.ask(Wish::new(Kind::Balance, &id, supplier, day, party), now);
            }
            became.insert(point, if may { "done" } else { "skipped" }.to_string());
        }
        self.given.push(Given { id, table, fails: None, at: now, day, called_off: false, became });
    }

    /// Gives an order, which the model refuses or not; the same is not given twice at one moment.
    fn give(&mut self, table: &OrderTable, refused: bool) -> Option<String> {
        let now = self.market.now();
        let again = self.given.iter().any(|it| it.at == now && it.table == *table);
        let given = order(&mut self.market.house, table);
        assert_eq!(given.is_err(), refused || again, "{table:?} {given:?}");
        let id = given.ok()?;
        for point in POINTS {
            let process = outcome(&self.market.house, &id, point).and_then(|it| it.process);
            self.market.ordered.extend(process.map(|process| (process, id.clone())));
        }
        Some(id)
    }

    fn call_off(&mut self, ago: usize) {
        let now = self.market.now();
        let Some(given) = self.given.iter_mut().rev().nth(ago) else { return };
        match super::call_off::called(&mut self.market.house, &given.id) {
            Called::Off(..) => assert!(!given.called_off && given.day > now),
            Called::Before(_) => return assert!(given.called_off),
            Called::Refused(_) => return assert!(!given.called_off && given.day <= now),
            Called::Unknown => panic!("it was given"),
        }
        given.called_off = true;
        for (model, point) in self.market.models.iter_mut().zip(POINTS) {
            if model.call_off(&given.id, now) {
                let became = given.became.get_mut(point).expect("the order has come to it");
                *became = became.replace("done", "called off").replace("stands by", "called off");
            }
        }
    }

    fn compare(&self) {
        let Market { house, models, .. } = &self.market;
        for given in &self.given {
            for point in POINTS {
                let is_forced = |table: &OrderTable| matches!(table, OrderTable::ForceSupplierChange { .. });
                let found = outcome(house, &given.id, point).map(|it| {
                    let rules = if is_forced(&given.table) { it.broken } else { Vec::new() };
                    [&[it.kind.name().to_string()], &rules[..]].concat().join(" ")
                });
                assert_eq!(found.as_ref(), given.became.get(point), "{:?} at {point}: {models:#?}", given.table);
            }
        }
        self.market.compare();
        // An accounting point is noted under whoever supplies it or is to.
        for (model, point) in models.iter().zip(POINTS).filter(|(model, _)| model.undoing().is_none()) {
            let concerned = SUPPLIERS.into_iter().filter(|supplier| model.concerns(supplier, self.market.now()));
            assert_eq!(noted(house, point), concerned.collect(), "{point}: {model:#?}");
        }
    }
}

/// Under whom an accounting point is noted.
fn noted(house: &House, point: &str) -> BTreeSet<&'static str> {
    let stands = |supplier: &&&str| {
        let range = supplied_by(&actor(supplier), None);
        let mut keys = house.store.records.range(range.from..range.to).map(|(key, _)| key);
        keys.any(|key: &Key| crate::process::accounting_points::read_supplied(key).as_str() == point)
    };
    SUPPLIERS.iter().filter(stands).copied().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_ordered_every_point_fares_as_a_model_of_its_own_has_it(acts in acts()) {
        let mut orders = Orders { market: Market::opened(), given: Vec::new() };
        for act in &acts {
            orders.act(act);
            orders.compare();
        }
        orders.market.wait(90 * 86_400);
        orders.compare();

        // Long after nothing is open, and no message id was given twice.
        let house = &orders.market.house;
        prop_assert_eq!(house.first_timer(), None);
        for point in POINTS {
            prop_assert!(house.accounting_point(point).open().is_empty());
        }
        let messages: BTreeSet<&str> = house.sent.iter().map(|it| &*it.message_id).collect();
        prop_assert_eq!(messages.len(), house.sent.len());
    }
}
