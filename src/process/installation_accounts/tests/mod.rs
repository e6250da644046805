//! Installation accounts, from deliveries to what is shown: a house in memory, whose timers run.

mod orders;
mod properties;
mod reading;
mod runs;
mod stored;
mod worked;

use chrono::NaiveDate;

use super::account::Account;
use super::record;
use super::*;
use crate::document::{Field, Outgoing, Record};
use crate::market::{ActorNumber, Calendar, Party, Timestamp};
use crate::process::charge_documents::tests::{Store, at};
use crate::process::participants::Status as Registered;
use crate::process::{Event, Fate, Market, gather, gather_more, timer, timers};
use crate::record::{Change, KeyRange};

/// Three market locations with their check digits.
const M1: &str = "12345678905";
const M2: &str = "50000000005";
const INTEGRATION: &str = "9900000000015";
const NOW: &str = "2026-03-10T09:00:00Z";

/// A supplier's house, and everything that it has said.
#[derive(Clone)]
struct House {
    store: Store,
    market: Market,
    now: Timestamp,
    messages: u64,
    outgoing: Vec<Outgoing>,
    events: Vec<Event>,
    fates: Vec<Fate>,
}

impl House {
    fn new() -> Self {
        let mut store = Store::default();
        store.register_in(PACK, INTEGRATION, ActorRole::EnergySupplier, Registered::Active);
        let market = PACK.market();
        let now = at(NOW);
        Self { store, market, now, messages: 0, outgoing: Vec::new(), events: Vec::new(), fates: Vec::new() }
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.market.settings_mut::<Sections>().accounts
    }

    /// Delivers one entity and lets everything happen that is due.
    fn deliver(&mut self, version: u64, entity: Entity) -> &mut Self {
        self.deliver_all(vec![(version, entity)])
    }

    fn deliver_all(&mut self, entities: Vec<(u64, Entity)>) -> &mut Self {
        self.messages += 1;
        let transaction = |index: usize| format!("t-{}-{index}", self.messages);
        let deliveries = entities.into_iter().enumerate().map(|(index, (version, entity))| Delivery {
            transaction_id: transaction(index),
            version,
            entity,
        });
        let header = Header {
            message_id: format!("m-{}", self.messages),
            sender_number: INTEGRATION.into(),
            sender_role: "DDQ".into(),
            receiver_number: self.market.hub.to_string(),
            receiver_role: "DDQ".into(),
            ..Header::default()
        };
        let request = DeliverEntities { header, deliveries: deliveries.collect() };
        let market = self.market.clone();
        let cause = *blake3::hash(&self.messages.to_be_bytes()).as_bytes();
        let caller = Party { number: ActorNumber::new(INTEGRATION), role: ActorRole::EnergySupplier };
        let context = Context { now: self.now, caller, cause, market: &market };
        let look = |needs: &Needs| Ok::<_, ()>(self.store.facts(needs));
        let facts = gather(&request, &context, look).unwrap();
        let decision = request.decide(&facts, &context);
        assert_eq!(decision, request.decide(&facts, &context), "the same facts, the same decision");
        self.take(decision, Vec::new());
        self.pass_time(self.now)
    }

    /// Moves the clock, and decides what is due on the way, as of its own instant.
    fn pass_time(&mut self, to: Timestamp) -> &mut Self {
        while self.run_first_timer(to) {}
        self.now = to;
        self
    }

    /// Decides the first timer that is due by `to`. Returns whether there was one.
    fn run_first_timer(&mut self, to: Timestamp) -> bool {
        let range = timer::all();
        let first = self.store.records.range(range.from..range.to).next();
        let Some(timer) = first.map(|(key, entry)| timer::read(key, entry)).filter(|timer| timer.due <= to) else {
            return false;
        };
        let kind = timers().map(|(_, kind)| kind).find(|kind| kind.name == timer.kind).unwrap();
        let market = self.market.clone();
        let caller = Party { number: market.hub.clone(), role: ActorRole::EnergySupplier };
        let context = Context { now: timer.due, caller, cause: timer.cause(), market: &market };
        let duty = (kind.duty)(&timer);
        let look = |needs: &Needs| Ok::<_, ()>(self.store.facts(needs));
        let more = |facts: &Facts| duty.needs_more(facts, &context);
        let facts = gather_more(duty.needs(&context), more, look).unwrap();
        let decision = duty.decide(&facts, &context);
        self.take(decision, timer.cancel());
        true
    }

    fn set(&mut self, changes: &[Change]) -> &mut Self {
        self.store.commit(changes);
        self
    }

    fn take(&mut self, decision: Decision, mut changes: Vec<Change>) {
        changes.extend(decision.changes);
        self.store.commit(&changes);
        for sent in &decision.outgoing {
            assert!(self.outgoing.iter().all(|before| before.message_id != sent.message_id), "an id is used once");
        }
        self.outgoing.extend(decision.outgoing);
        self.events.extend(decision.events);
        self.fates.extend(decision.fates);
    }

    /// Local midnight.
    fn midnight(&self, day: &str) -> Timestamp {
        Calendar::new(self.market.zone).midnight(date(day))
    }

    fn accounts(&self) -> Vec<Account> {
        let range = record::accounts();
        let found = self.store.records.range(range.from..range.to);
        found.map(|(_, entry)| record::read_account(&entry.value).unwrap()).collect()
    }

    /// The only account.
    fn account(&self) -> Account {
        let [account] = &self.accounts()[..] else { panic!("{} accounts", self.accounts().len()) };
        account.clone()
    }

    fn waiting(&self) -> Vec<view::WaitingRow> {
        let range = view::waiting();
        let found = self.store.records.range(range.from..range.to);
        found.map(|(key, entry)| view::waiting_row(key, entry).unwrap()).collect()
    }

    fn count(&self, range: KeyRange) -> usize {
        self.store.records.range(range.from..range.to).count()
    }

    /// Everything that this process keeps but its register and its timers.
    fn kept(&self) -> Vec<(Key, bytes::Bytes)> {
        let of_ours = |key: &&Key| (97..=107).contains(&key.space().0);
        let records = self.store.records.iter().filter(|(key, _)| of_ours(key));
        records.map(|(key, entry)| (key.clone(), entry.value.clone())).collect()
    }

    /// The records of all documents of a kind, in the order in which they were sent.
    fn sent(&self, kind: &str) -> Vec<&Record> {
        self.outgoing.iter().filter(|sent| sent.kind.name == kind).flat_map(|sent| sent.records.iter()).collect()
    }

    fn events(&self) -> Vec<&str> {
        self.events.iter().map(|event| event.name).collect()
    }

    /// The rules that the last delivery broke.
    fn broken(&self) -> Vec<&str> {
        self.fates.last().map_or(Vec::new(), |fate| fate.broken.clone())
    }
}

fn field<'a>(record: &'a Record, name: &str) -> Option<&'a str> {
    record.fields.iter().find_map(|field| match field {
        Field::Text(found, value) | Field::Code(found, value) | Field::Number(found, value) if *found == name => {
            Some(value.as_str())
        }
        _ => None,
    })
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

fn address(city: &str) -> Address {
    Address {
        street: some("Lindenweg"),
        house_number: some("4"),
        postal_code: some("10115"),
        city: city.into(),
        country: "DE".into(),
    }
}

fn partner(number: &str) -> Entity {
    let name = format!("Partner {number}");
    Entity::BusinessPartner(BusinessPartner {
        number: number.into(),
        kind: PartnerKind::Person,
        name,
        addresses: vec![address("Berlin")],
        contact: None,
    })
}

fn object(number: &str, city: &str) -> Entity {
    let grid_operator = "9900000000022".into();
    Entity::ConnectionObject(ConnectionObject { number: number.into(), address: address(city), grid_operator })
}

fn time_slice(from: &str, to: Option<&str>, rate: &str) -> TimeSlice {
    TimeSlice {
        valid_from: date(from),
        valid_to: to.map(date),
        rate_category: some(rate),
        metering_procedure: Some(MeteringProcedure::Slp),
        forecast: some("3500"),
        voltage_level: some("NS"),
        metering_operator: some("9900000000039"),
        grid_operator: some("9900000000022"),
        supplier_code: some("9900000000008"),
    }
}

fn installation(number: &str, object: &str, malo: Option<&str>, slices: &[TimeSlice]) -> Entity {
    Entity::Installation(Installation {
        number: number.into(),
        connection_object: object.into(),
        division: Division::Electricity,
        malo: malo.map(str::to_string),
        slices: slices.to_vec(),
    })
}

fn contract_account(number: &str, partner: &str) -> Entity {
    Entity::ContractAccount(ContractAccount {
        number: number.into(),
        partner: partner.into(),
        payment_method: some("SEPA"),
        dunning_procedure: some("01"),
        billing_address: Some(address("Potsdam")),
    })
}

fn contract(number: &str, account: &str, installation: &str, start: &str, end: Option<&str>) -> Entity {
    Entity::BillingContract(BillingContract {
        number: number.into(),
        contract_account: some(account),
        installation: some(installation),
        start: date(start),
        end: end.map(date),
        product: some("Green 12"),
        external_reference: None,
    })
}

fn prospect(number: &str, partner: &str, malo: &str) -> Entity {
    Entity::Prospect(Prospect {
        number: number.into(),
        partner: partner.into(),
        malo: some(malo),
        address: Some(address("Cottbus")),
        product: some("Offer"),
        rate_category: None,
        metering_procedure: None,
        forecast: some("1200"),
    })
}

fn named(entity: Entity, sync_id: &str) -> Entity {
    match entity {
        Entity::BillingContract(contract) => {
            Entity::BillingContract(BillingContract { external_reference: some(sync_id), ..contract })
        }
        other => other,
    }
}

/// The five entities of case 1: one time slice, a contract that runs.
fn case_1() -> [Entity; 5] {
    [
        partner("P1"),
        object("C1", "Berlin"),
        installation("I1", "C1", Some(M1), &[time_slice("2025-01-01", None, "H0")]),
        contract_account("V1", "P1"),
        contract("B1", "V1", "I1", "2026-01-01", None),
    ]
}

fn settled() -> House {
    let mut house = House::new();
    for entity in case_1() {
        house.deliver(1, entity);
    }
    house
}
