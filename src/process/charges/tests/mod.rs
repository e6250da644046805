//! The process against the market's tables. Everything goes down one road: [`World::send`].

mod calendar;
mod delegation;
mod events;
mod long_life;
mod new_charge;
mod past;
mod prices;
mod properties;
mod query;
mod reading;
mod receivers;
mod rules;
mod stored;
mod timeline;
mod view;
mod world;

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::state::ChargeState;
use super::*;
use crate::market::{ActorNumber, Calendar, ChargeType, Party, Period, Price, Resolution, Timestamp, VatClass};
use crate::process::charge_documents::tests::*;
use crate::process::participants::Status;
use crate::process::{Market, gather};
use crate::record::{Change, Expected};

/// Everything a gateway would keep, and the few participants that most tests want.
#[derive(Debug, Clone)]
struct World {
    store: Store,
    market: Market,
    now: Timestamp,
    caller: Party,
}

impl World {
    fn register(&mut self, number: &str, role: ActorRole, status: Status) {
        self.store.register(number, role, status);
    }

    fn facts(&self, needs: &Needs) -> Facts {
        self.store.facts(needs)
    }

    fn commit(&mut self, changes: &[Change]) {
        self.store.commit(changes);
    }

    fn new() -> Self {
        let market = Market::dk_defaults();
        let caller = party(GRID, ActorRole::GridAccessProvider);
        let mut world = Self { store: Store::default(), market, now: at(NOW), caller };
        world.register(GRID, ActorRole::GridAccessProvider, Status::Active);
        world.register(OPERATOR, ActorRole::SystemOperator, Status::Active);
        world.register(HUB, ActorRole::MeteringPointAdministrator, Status::Active);
        world
    }

    /// Decides, twice to see that it comes out the same, and commits.
    fn send(&mut self, request: &RequestChangeOfPriceList) -> Decision {
        let cause = [7; 32];
        let context = Context { now: self.now, caller: self.caller.clone(), cause, market: &self.market };
        let Ok(facts) = gather(request, &context, |needs| Ok::<_, Infallible>(self.facts(needs)));
        let decision = request.decide(&facts, &context);
        assert_eq!(request.decide(&facts, &context), decision, "the same arguments, the same decision");
        self.assert_guarded(&facts, &decision);
        assert_each_operation_is_answered_once(request, &decision);
        self.commit(&decision.changes);
        decision
    }

    /// Whoever writes a charge's periods or prices also rewrites the charge, which guards them, and has looked at it.
    fn assert_guarded(&self, facts: &Facts, decision: &Decision) {
        let seen: BTreeMap<Key, Expected> = facts.versions().collect();
        let written: Vec<&Key> = decision.changes.iter().map(Change::key).collect();
        for key in written.iter().filter(|key| [record::PERIODS, record::PRICES].contains(&key.space())) {
            let charge = record::charge_key(&record::read_identity(key));
            assert!(written.contains(&&charge) && seen.contains_key(&charge), "{key}");
        }
    }

    fn charge(&self, identity: &ChargeIdentity) -> Option<Charge> {
        self.store.records.get(&record::charge_key(identity)).map(|entry| record::read_charge(&entry.value))
    }

    /// The timeline as a view would read it.
    fn timeline(&self, identity: &ChargeIdentity) -> Vec<(Period, MasterData)> {
        let Some(charge) = self.charge(identity) else { return Vec::new() };
        let range = record::periods(identity);
        let timeline = record::read_timeline(&charge, self.store.records.range(range.from..range.to));
        assert_eq!(timeline.first().map(|(first, _)| first.start), Some(charge.start));
        timeline
    }

    fn prices(&self, identity: &ChargeIdentity) -> Vec<PricePoint> {
        let range = record::blocks(identity);
        let blocks = self.store.records.range(range.from..range.to);
        blocks.flat_map(|(_, entry)| record::read_block(&entry.value)).collect()
    }

    /// The history of a charge, done again up to an instant.
    fn past(&self, identity: &ChargeIdentity, known_at: Timestamp) -> super::past::Past {
        let mut past = super::past::Past::new(identity.clone(), known_at);
        let range = super::past::accepted(identity);
        self.store.records.range(range.from..range.to).for_each(|(_, entry)| past.see(entry));
        past
    }

    fn history(&self, identity: &ChargeIdentity) -> Vec<record::Accepted> {
        let range = record::history(identity);
        self.store.records.range(range.from..range.to).map(|(_, entry)| record::read_history(&entry.value)).collect()
    }
}

/// Invariants 4 and 5 of charges 12.
fn assert_each_operation_is_answered_once(request: &RequestChangeOfPriceList, decision: &Decision) {
    let receipts = decision.outgoing.iter().filter(|it| it.kind != &NOTIFY);
    let mut answered: Vec<&str> =
        receipts.clone().flat_map(|it| it.records.iter().map(|it| &*it.transaction_id)).collect();
    let mut asked: Vec<&str> = request.operations.iter().map(|it| it.transaction_id.as_str()).collect();
    answered.sort_unstable();
    asked.sort_unstable();
    assert_eq!(answered, asked);
    for receipt in receipts {
        let rejected = receipt.kind == &REJECT;
        assert!(receipt.records.iter().all(|record| rejected != record.reasons.is_empty()), "{receipt:?}");
    }
    assert_eq!(decision.fates.len(), request.operations.len());
    let changed = decision.changes.iter().any(|change| change.key().space() != record::REJECTED);
    assert!(changed != decision.fates.iter().all(|fate| !fate.broken.is_empty()));
    let ids: Vec<&String> = decision.outgoing.iter().map(|it| &it.message_id).collect();
    assert!(ids.iter().all(|id| id.len() == 32 && ids.iter().filter(|other| other == &id).count() == 1));
}

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

/// An operation on charge `C-1`, a daily tariff of the grid access provider, from 1 September.
fn information() -> Operation {
    Operation {
        transaction_id: "t-1".into(),
        owner: GRID.into(),
        charge_type: Some(ChargeType::Tariff),
        charge_id: "C-1".into(),
        effective: Some(local("01-09")),
        asked: Asked::Information(Information {
            name: Some("U".into()),
            description: Some("what it is".into()),
            resolution: Some(Resolution::Day),
            termination: None,
            vat_class: Some(VatClass::Vat25),
            transparent_invoicing: Some(false),
            tax_indicator: Some(false),
        }),
    }
}

fn prices(resolution: Resolution, start: Timestamp, end: Timestamp, amounts: &[&str]) -> Operation {
    let points = amounts.iter().zip(1..).map(|(amount, position)| Point { position, price: price(amount) });
    Operation {
        effective: Some(start),
        asked: Asked::Prices(Some(Series {
            resolution: Some(resolution),
            interval: Some(Period::new(start, end)),
            points: points.collect(),
        })),
        ..information()
    }
}

fn asked(operation: &mut Operation) -> &mut Information {
    match &mut operation.asked {
        Asked::Information(information) => information,
        Asked::Prices(_) => panic!("it asks for prices"),
    }
}

fn series(operation: &mut Operation) -> &mut Series {
    match &mut operation.asked {
        Asked::Prices(Some(series)) => series,
        _ => panic!("it has no series"),
    }
}

fn request(operations: Vec<Operation>) -> RequestChangeOfPriceList {
    let reason = match operations.first().map(|it| &it.asked) {
        Some(Asked::Prices(_)) => "D08",
        _ => "D18",
    };
    RequestChangeOfPriceList { header: header("D10", reason), operations }
}

fn identity() -> ChargeIdentity {
    information().identity().unwrap()
}
