//! What a night costs a supplier's house: a thousand contracts end, and how many other accounts there are must not matter.
//!
//! Compares a house of 2,000 accounts with one of 20,000; `GRIDPOST_BENCH_ACCOUNTS=1000000` makes the second as large as
//! one likes. The accounts are made by the process's own decisions, but nothing is sent while they are: only what they
//! write is kept.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridpost::document::Header;
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Settings, load};
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::process::installation_accounts::{
    Address, BillingContract, BusinessPartner, ConnectionObject, ContractAccount, DeliverEntities, Delivery, Division,
    Entity, Installation, PACK, PartnerKind,
};
use gridpost::process::{Context, Markets, Request, gather};
use gridpost::record::Batch;
use gridpost::store::{Memory, Store};
use tokio::runtime::Runtime;

const SENDER: &str = "9900000000015";
/// Contracts that end on the night that is measured.
const DUE: usize = 1_000;
/// Accounts of one partner at one connection object.
const SHARED: usize = 10;
const RECORDS_PER_DOCUMENT: usize = 1_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

fn settings() -> Settings {
    Settings { undecided_max: 1_000, ..Settings::default() }
}

fn open(store: Arc<dyn Store>) -> Gateway {
    let clock = Clock::standing_at(at("2026-03-10T09:00:00Z"));
    Gateway::open(store, Arc::new(gridpost::document::built_in()), settings(), clock).unwrap()
}

fn address() -> Address {
    Address { city: "Berlin".into(), country: "DE".into(), ..Address::default() }
}

fn entity(kind: usize, number: usize, due_every: usize) -> Entity {
    let shared = number / SHARED;
    match kind {
        0 => Entity::BusinessPartner(BusinessPartner {
            number: format!("P{number}"),
            kind: PartnerKind::Company,
            name: format!("Partner {number}"),
            addresses: Vec::new(),
            contact: None,
        }),
        1 => Entity::ConnectionObject(ConnectionObject {
            number: format!("C{number}"),
            address: address(),
            grid_operator: "9900000000022".into(),
        }),
        2 => Entity::ContractAccount(ContractAccount {
            number: format!("V{number}"),
            partner: format!("P{number}"),
            payment_method: Some("SEPA".into()),
            dunning_procedure: None,
            billing_address: None,
        }),
        3 => Entity::Installation(Installation {
            number: format!("I{number}"),
            connection_object: format!("C{shared}"),
            division: Division::Electricity,
            malo: None,
            slices: Vec::new(),
        }),
        _ => Entity::BillingContract(BillingContract {
            number: format!("B{number}"),
            contract_account: Some(format!("V{shared}")),
            installation: Some(format!("I{number}")),
            start: "2026-01-01".parse().unwrap(),
            end: number.is_multiple_of(due_every).then(|| "2026-03-10".parse().unwrap()),
            product: Some("Green 12".into()),
            external_reference: None,
        }),
    }
}

/// A store with so many accounts, a thousand of them due.
fn prepare(accounts: usize, runtime: &Runtime) -> Arc<Memory> {
    let store = Arc::new(Memory::default());
    let gateway = open(store.clone());
    let world = World::parse(include_str!("../samples/installation-accounts/world.toml")).unwrap();
    runtime.block_on(world.settle_in(&gateway)).unwrap();
    let markets = Markets::defaults();
    let caller = Party { number: ActorNumber::new(SENDER), role: ActorRole::EnergySupplier };
    let header = Header {
        sender_number: SENDER.into(),
        sender_role: "DDQ".into(),
        receiver_number: markets.of(PACK).hub.to_string(),
        receiver_role: "DDQ".into(),
        ..Header::default()
    };
    let shared = accounts.div_ceil(SHARED);
    for (kind, count) in [shared, shared, shared, accounts, accounts].into_iter().enumerate() {
        let numbers: Vec<usize> = (0..count).collect();
        for chunk in numbers.chunks(RECORDS_PER_DOCUMENT) {
            let delivery = |number: &usize| Delivery {
                transaction_id: format!("{kind}-{number}"),
                version: 1,
                entity: entity(kind, *number, accounts / DUE),
            };
            let request = DeliverEntities { header: header.clone(), deliveries: chunk.iter().map(delivery).collect() };
            let now = at("2026-03-10T09:00:00Z");
            let context = Context { now, caller: caller.clone(), cause: [1; 32], market: markets.of(PACK) };
            let facts = gather(&request, &context, |needs| load(&*store, needs)).unwrap();
            let mut batch = Batch::default();
            batch.put_all(request.decide(&facts, &context).changes);
            runtime.block_on(gateway.write(batch)).unwrap();
        }
    }
    store
}

/// How long the night takes: both timers, a thousand accounts.
fn night(accounts: usize, runtime: &Runtime) -> Duration {
    let started = Instant::now();
    let store = prepare(accounts, runtime);
    println!("{accounts} accounts prepared in {:.1} s", started.elapsed().as_secs_f64());
    let gateway = open(store);
    let started = Instant::now();
    runtime.block_on(gateway.pass_time(at("2026-03-11T09:00:00Z"))).unwrap();
    let took = started.elapsed();
    let owner = Party { number: Markets::defaults().of(PACK).hub.clone(), role: ActorRole::EnergySupplier };
    let told: u64 = gateway.queue(&owner).unwrap().iter().map(|queue| queue.waits.documents).sum();
    let took_ms = took.as_secs_f64() * 1e3;
    println!("{DUE} of {accounts} accounts marked, updated and told in {told} documents: {took_ms:.1} ms");
    took
}

fn main() {
    let many = std::env::var("GRIDPOST_BENCH_ACCOUNTS").ok().and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let runtime = Runtime::new().unwrap();
    let (few, took_few) = (2 * DUE, night(2 * DUE, &runtime));
    let took_many = night(many, &runtime);
    let ratio = took_many.as_secs_f64() / took_few.as_secs_f64();
    println!("{many} accounts take {ratio:.2} times as long as {few}");
}
