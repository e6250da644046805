//! The process against the market's tables. Everything goes down one road: [`World::send`].

mod defaults;
mod delegation;
mod properties;
mod query;
mod reading;
mod receivers;
mod rules;
mod standing;
mod stopped;
mod stored;
mod timeline;
mod untold;
mod view;

use std::collections::BTreeMap;
use std::convert::Infallible;

use super::*;
use crate::market::{Calendar, ChargeType, MeteringPointId, Party, Period, Timestamp};
use crate::process::accounting_points::SupplyTable;
use crate::process::charge_documents::tests::*;
use crate::process::charges::ChargeTable;
use crate::process::metering_points::{GridAreaTable, MeteringPointTable};
use crate::process::participants::Status;
use crate::process::{Market, gather};
use crate::record::{Change, Expected, Facts};

/// The present supplier of [`POINT`], and the one that takes over on 1 October.
const SUPPLIER: &str = "8100000000108";
const NEXT_SUPPLIER: &str = "8500000000014";
/// A consumption metering point in grid area 131, which [`GRID`] runs, since 1 January 2022.
const POINT: &str = "571313110000000005";

/// Everything a gateway would keep, and the few things that most tests want.
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
        world.register(SUPPLIER, ActorRole::EnergySupplier, Status::Active);
        world.register(NEXT_SUPPLIER, ActorRole::EnergySupplier, Status::Passive);
        world.commit(&GridAreaTable { code: "131".into(), owner: Some(GRID.into()) }.changes());
        world.point(POINT, "E17", "131");
        world.supply(POINT, SUPPLIER, "2022-01-01", Some("2023-10-01"));
        world.supply(POINT, NEXT_SUPPLIER, "2023-10-01", None);
        world.charge("SUB", "D01", GRID, false, None);
        world.charge("FEE", "D02", GRID, false, None);
        world.charge("NET", "D03", GRID, false, None);
        world.charge("TAX", "D03", OPERATOR, true, None);
        world.charge("40000", "D03", OPERATOR, false, None);
        world.charge("ENDS", "D01", GRID, false, Some("2023-12-01"));
        world
    }

    fn point(&mut self, number: &str, kind: &str, grid_area: &str) {
        let point = MeteringPointTable {
            number: number.into(),
            kind: kind.into(),
            grid_area: grid_area.into(),
            status: "Connected".into(),
            effective_date: local("2022-01-01").to_string(),
            production_obligated: true,
        };
        self.commit(&point.changes().unwrap());
    }

    fn supply(&mut self, point: &str, supplier: &str, start: &str, end: Option<&str>) {
        let supply = SupplyTable {
            metering_point: point.into(),
            supplier: supplier.into(),
            start: local(start).to_string(),
            end: end.map(|end| local(end).to_string()),
        };
        self.commit(&supply.changes().unwrap());
    }

    /// A charge since 2021.
    fn charge(&mut self, id: &str, charge_type: &str, owner: &str, tax: bool, stop: Option<&str>) {
        let table = format!(
            "id = '{id}'\ntype = '{charge_type}'\nowner = '{owner}'\ntax = {tax}\nresolution = '{}'\n{}\n\
             periods = [{{ start = '2020-12-31T23:00:00Z', name = 'A', description = 'a', vat = 'D01' }}]",
            if charge_type == "D03" { "PT1H" } else { "P1M" },
            stop.map_or(String::new(), |stop| format!("stop = '{}'", local(stop))),
        );
        let table: ChargeTable = toml::from_str(&table).unwrap();
        self.commit(&table.changes(Calendar::new(self.market.zone)).unwrap());
    }

    fn load(&self, needs: &Needs) -> Result<Facts, Infallible> {
        Ok(self.facts(needs))
    }

    fn context(&self) -> Context<'_> {
        Context { now: self.now, caller: self.caller.clone(), cause: [7; 32], market: &self.market }
    }

    /// Decides, twice to see that it comes out the same, and commits.
    fn send(&mut self, request: &RequestChangeBillingMasterData) -> Decision {
        let context = self.context();
        let Ok(facts) = gather(request, &context, |needs| self.load(needs));
        let decision = request.decide(&facts, &context);
        assert_eq!(request.decide(&facts, &context), decision, "the same arguments, the same decision");
        assert_guarded(&facts, &decision);
        assert_each_operation_is_answered_once(request, &decision);
        self.commit(&decision.changes);
        decision
    }

    /// The links of a pair as `start end factor`, in local dates.
    fn links(&self, identity: &LinkIdentity) -> Vec<Link> {
        state::links(&self.facts(&state::needs(identity)), identity)
    }

    fn retired(&self, identity: &LinkIdentity) -> Vec<state::Retired> {
        let range = record::retired(identity);
        self.store.records.range(range.from..range.to).map(|(_, entry)| record::read_retired(&entry.value)).collect()
    }
}

/// Whoever writes links also rewrites their timeline, which guards them, and has looked at it.
fn assert_guarded(facts: &Facts, decision: &Decision) {
    let seen: BTreeMap<Key, Expected> = facts.versions().collect();
    let written: Vec<&Key> = decision.changes.iter().map(Change::key).collect();
    for key in written.iter().filter(|key| key.space() == record::LINKS) {
        let identity = record::read_identity(key);
        let timeline = record::timeline_key(&identity);
        assert!(written.contains(&&timeline) && seen.contains_key(&timeline), "{key}");
        assert!(written.contains(&&record::point_guard_key(&identity.metering_point)), "{key}");
    }
    for key in written.iter().filter(|key| key.space() == record::POINTS_OF_CHARGE) {
        let guards = written.iter().filter(|key| key.space() == record::CHARGE_GUARDS);
        assert!(guards.count() > 0, "{key}");
    }
}

/// Invariants 4 and 5 of charges 12.
fn assert_each_operation_is_answered_once(request: &RequestChangeBillingMasterData, decision: &Decision) {
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
    let accepted = decision.fates.iter().filter(|fate| fate.broken.is_empty()).count();
    assert_eq!((decision.fates.len(), decision.events.len()), (request.operations.len(), accepted));
    assert_eq!(decision.changes.is_empty(), accepted == 0);
    let ids: Vec<&String> = decision.outgoing.iter().map(|it| &it.message_id).collect();
    assert!(ids.iter().all(|id| id.len() == 32 && ids.iter().filter(|other| other == &id).count() == 1));
}

/// [`POINT`] pays the grid company's subscription once, from 1 September on.
fn operation() -> Operation {
    Operation {
        transaction_id: "t-1".into(),
        metering_point: POINT.into(),
        owner: GRID.into(),
        charge_type: Some(ChargeType::Subscription),
        charge_id: "SUB".into(),
        factor: Some(1),
        effective: Some(local("01-09")),
        termination: None,
    }
}

/// From `start` to `end` (`inf` for none), so many times.
fn link(start: &str, end: &str, factor: i64) -> Operation {
    let termination = Some(local(end)).filter(|end| !end.is_open_end());
    Operation { effective: Some(local(start)), termination, factor: Some(factor), ..operation() }
}

fn of(charge_id: &str, charge_type: ChargeType, owner: &str, operation: Operation) -> Operation {
    Operation { charge_id: charge_id.into(), charge_type: Some(charge_type), owner: owner.into(), ..operation }
}

fn request(operations: Vec<Operation>) -> RequestChangeBillingMasterData {
    RequestChangeBillingMasterData { header: header("D05", "D17"), operations }
}

/// The same, from somebody else.
fn from(number: &str, role: &str, operations: Vec<Operation>) -> RequestChangeBillingMasterData {
    let header = Header { sender_number: number.into(), sender_role: role.into(), ..header("D05", "D17") };
    RequestChangeBillingMasterData { header, operations }
}

fn identity() -> LinkIdentity {
    operation().identity().unwrap()
}
