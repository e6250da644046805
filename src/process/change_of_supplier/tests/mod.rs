//! The market roles in a house of their own: documents go in, time passes, post comes out.

pub mod market;
pub mod model;
mod notices;
mod points;
mod properties;
mod rules;
mod stories;
mod track;

use super::*;
use crate::document::{Field, Header, Outgoing};
use crate::market::{ActorNumber, CustomerNumber, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::{AccountingPoint, CustomerTable, SupplyTable, needs_of};
use crate::process::charge_documents::tests::{HUB, Store, at, party};
use crate::process::charge_links::LinkTable;
use crate::process::market_documents::requests::{
    Cancellation, EndOfSupply, RequestCancellation, RequestChangeOfSupplier, RequestEndOfSupply,
};
use crate::process::market_documents::{CustomerId, Id, Sent};
use crate::process::metering_points::{GridAreaTable, MeteringPointTable};
use crate::process::participants::Status;
use crate::process::{
    Context, Decision, Event, Market, Request, Timer, aftermath, dispatch, gather, gather_more, timer, timers,
};
use crate::record::{Key, Needs};

pub const A: &str = "5790002000010";
pub const B: &str = "7300000000011";
pub const C: &str = "8100000000108";
pub const GRID: &str = "8100000000030";
pub const BALANCE: &str = "5790002000027";
pub const OTHER_BALANCE: &str = "5790002000034";
/// Consumption, supplied by A to a company.
pub const POINT: &str = "571313100000001000";
pub const NOW: &str = "2023-03-01T09:00:00Z";
/// 1 April, on which summer time has begun.
pub const APRIL: &str = "2023-03-31T22:00:00Z";
pub const COMPANY: &str = "12345678";
pub const PERSON: &str = "0101801234";

/// Everything a gateway would keep, with its clock.
#[derive(Clone)]
pub struct House {
    pub store: Store,
    pub market: Market,
    pub now: Timestamp,
    pub sent: Vec<Outgoing>,
    pub events: Vec<Event>,
    /// The role in which documents are sent, where it is not the one that they name.
    pub calls_as: Option<ActorRole>,
    documents: u8,
}

impl House {
    pub fn opened() -> Self {
        let mut store = Store::default();
        for supplier in [A, B, C] {
            store.register(supplier, ActorRole::EnergySupplier, Status::Active);
        }
        store.register(GRID, ActorRole::GridAccessProvider, Status::Active);
        store.register(HUB, ActorRole::MeteringPointAdministrator, Status::Active);
        store.register(BALANCE, ActorRole::BalanceResponsibleParty, Status::Active);
        store.register(OTHER_BALANCE, ActorRole::BalanceResponsibleParty, Status::Active);
        store.commit(&GridAreaTable { code: "131".into(), owner: Some(GRID.into()) }.changes());
        let market = Market::dk_defaults();
        let mut house =
            Self { store, market, now: at(NOW), sent: vec![], events: vec![], calls_as: None, documents: 0 };
        house.point(POINT, "E17", "Connected");
        house.supply(POINT, A);
        house.customer(POINT, COMPANY, "Example Bakery");
        house
    }

    pub fn point(&mut self, number: &str, kind: &str, status: &str) {
        let table = MeteringPointTable {
            number: number.into(),
            kind: kind.into(),
            grid_area: "131".into(),
            status: status.into(),
            effective_date: "2020-12-31T23:00:00Z".into(),
            production_obligated: true,
        };
        self.store.commit(&table.changes().unwrap());
    }

    pub fn supply(&mut self, number: &str, supplier: &str) {
        let start = "2021-12-31T23:00:00Z".into();
        let table = SupplyTable { metering_point: number.into(), supplier: supplier.into(), start, end: None };
        self.store.commit(&table.changes().unwrap());
    }

    pub fn customer(&mut self, point: &str, number: &str, name: &str) {
        let start = "2021-12-31T23:00:00Z".into();
        let (number, name) = (number.into(), name.into());
        let table = CustomerTable { metering_point: point.into(), number, name, start, end: None };
        self.store.commit(&table.changes().unwrap());
    }

    pub fn link(&mut self, point: &str, charge: &str) {
        let table = LinkTable {
            metering_point: point.into(),
            charge_id: charge.into(),
            charge_type: "D03".into(),
            owner: GRID.into(),
            factor: 1,
            start: "2021-12-31T23:00:00Z".into(),
            end: None,
        };
        self.store.commit(&table.changes().unwrap());
    }

    /// Decides a document now, twice to see that it comes out the same.
    pub fn send(&mut self, request: &dyn Request) -> Decision {
        self.pass(self.now);
        self.documents += 1;
        let role = self.calls_as.or(ActorRole::from_code(&request.header().sender_role)).unwrap();
        let caller = Party { number: request.header().sender(), role };
        let market = self.market.clone();
        let context = Context { now: self.now, caller, cause: [self.documents; 32], market: &market };
        let facts =
            gather(request, &context, |needs| Ok::<_, std::convert::Infallible>(self.store.facts(needs))).unwrap();
        let decision = request.decide(&facts, &context);
        assert_eq!(request.decide(&facts, &context), decision, "the same arguments, the same decision");
        self.commit(&decision, &context, &[]);
        decision
    }

    /// Moves the clock on; everything that is due happens in due order.
    pub fn pass(&mut self, to: Timestamp) {
        while let Some(timer) = self.first_timer().filter(|timer| timer.due <= to) {
            let kind =
                timers().map(|(_, kind)| kind).find(|kind| kind.name == timer.kind).expect("its kind is registered");
            let duty = (kind.duty)(&timer);
            let caller = party(HUB, ActorRole::MeteringPointAdministrator);
            let market = self.market.clone();
            let context = Context { now: timer.due, caller, cause: timer.cause(), market: &market };
            let facts = gather_more(
                duty.needs(&context),
                |facts| duty.needs_more(facts, &context),
                |needs| Ok::<_, std::convert::Infallible>(self.store.facts(needs)),
            )
            .unwrap();
            let decision = duty.decide(&facts, &context);
            self.commit(&decision, &context, &timer.cancel());
        }
        self.now = self.now.max(to);
    }

    /// A document is fetched by its receiver.
    pub fn dequeue(&mut self, message_id: &str) {
        let Some(watch) = self.store.records.get(&dispatch::watch_key(message_id)).cloned() else { return };
        let changes = dispatch::dequeued(message_id, &watch, self.now).unwrap();
        self.store.commit(&changes);
        self.pass(self.now);
    }

    pub fn first_timer(&self) -> Option<Timer> {
        let range = timer::all();
        self.store.records.range(range.from..range.to).next().map(|(key, entry)| timer::read(key, entry))
    }

    fn commit(&mut self, decision: &Decision, context: &Context, more: &[crate::record::Change]) {
        assert_eq!(decision.events.iter().filter(|event| event.payload["id"].as_str().unwrap().len() != 32).count(), 0);
        let mut changes = more.to_vec();
        changes.extend(decision.changes.clone());
        changes.extend(aftermath(&decision.events, context));
        self.store.commit(&changes);
        self.sent.extend(decision.outgoing.clone());
        self.events.extend(decision.events.clone());
    }

    pub fn accounting_point(&self, number: &str) -> AccountingPoint {
        let id = MeteringPointId::new(number);
        AccountingPoint::load(&self.store.facts(&needs_of(&id)), &id)
    }

    pub fn supplier(&self, instant: &str) -> String {
        let point = self.accounting_point(POINT);
        point.supplier_at(at(instant)).map_or("nobody".into(), ToString::to_string)
    }

    pub fn course(&self, process: &str) -> course::Course {
        course::course(&self.store.facts(&course::needs_of(process)), process).expect("it has a course")
    }

    /// The course of the process that a transaction has set off.
    pub fn course_of(&self, transaction_id: &str) -> course::Course {
        let point = self.accounting_point(POINT);
        let processes = point.processes();
        let process = processes.iter().find(|it| it.transaction_id == transaction_id).expect("it was accepted");
        self.course(&process.id)
    }

    /// `name reason receiver` of everything sent since the last call, in order.
    pub fn post(&mut self) -> Vec<String> {
        let line = |it: &Outgoing| format!("{} {} {}", it.kind.name, it.business_reason, it.receiver);
        std::mem::take(&mut self.sent).iter().map(line).collect()
    }

    pub fn told(&self, name: &str) -> Vec<&Event> {
        self.events.iter().filter(|event| event.name == name).collect()
    }

    /// Whether a text stands in any record outside of the space of customers.
    pub fn is_written(&self, text: &str) -> bool {
        let customers = crate::record::Space(62);
        let elsewhere = self.store.records.iter().filter(|(key, _)| key.space() != customers);
        let found = |bytes: &[u8]| bytes.windows(text.len()).any(|part| part == text.as_bytes());
        elsewhere.into_iter().any(|(key, entry): (&Key, _)| found(key.as_bytes()) || found(&entry.value))
    }
}

pub fn id(number: &str) -> Id {
    Id { coding_scheme: if number.len() == 16 { "A01" } else { "A10" }.into(), number: number.into() }
}

pub fn customer_id(number: &str) -> CustomerId {
    let coding_scheme = if number.len() == 8 { "VAT" } else { "ARR" };
    CustomerId { coding_scheme: coding_scheme.into(), number: CustomerNumber::new(number) }
}

pub fn header(sender: &str, reason: &str, document_type: &str, message_id: &str) -> Header {
    Header {
        message_id: message_id.into(),
        document_type: document_type.into(),
        business_reason: reason.into(),
        sender_number: sender.into(),
        sender_role: "DDQ".into(),
        receiver_number: HUB.into(),
        receiver_role: "DDZ".into(),
        ..Header::default()
    }
}

/// A request that breaks no rule at [`NOW`], but for the reason: E03 on 1 April.
pub fn request(sender: &str, reason: &str, transaction_id: &str, start: &str) -> RequestChangeOfSupplier {
    let record = ChangeOfSupplier {
        transaction_id: transaction_id.into(),
        process_reference: None,
        metering_point: id(POINT),
        energy_supplier: id(sender),
        balance_responsible: (reason == "E56").then(|| id(BALANCE)),
        customer: Some(customer_id(COMPANY)),
        customer_name: Some("Example Bakery".into()),
        start: start.into(),
    };
    let message_id = format!("m-{transaction_id}");
    Sent { header: header(sender, reason, "392", &message_id), reason_code: None, records: vec![record] }
}

/// Somebody else moves in.
pub fn move_in(sender: &str, transaction_id: &str, start: &str) -> RequestChangeOfSupplier {
    let mut request = request(sender, "E65", transaction_id, start);
    request.records[0].customer = Some(customer_id(PERSON));
    request.records[0].customer_name = Some("Ann Example".into());
    request
}

/// That the supply of `sender` ends (E20), or that its customer moves out (E66).
pub fn ending(sender: &str, reason: &str, transaction_id: &str, end: &str) -> RequestEndOfSupply {
    let record = EndOfSupply {
        transaction_id: transaction_id.into(),
        process_reference: None,
        metering_point: id(POINT),
        energy_supplier: None,
        end: end.into(),
    };
    let message_id = format!("m-{transaction_id}");
    Sent { header: header(sender, reason, "432", &message_id), reason_code: None, records: vec![record] }
}

pub fn cancellation(sender: &str, reason: &str, transaction_id: &str, original: &str) -> RequestCancellation {
    let record = Cancellation {
        transaction_id: transaction_id.into(),
        process_reference: None,
        original_transaction_id: Some(original.into()),
        metering_point: id(POINT),
    };
    let message_id = format!("m-{transaction_id}");
    Sent { header: header(sender, reason, "E67", &message_id), reason_code: None, records: vec![record] }
}

/// `rule code` of every rule that a decision's records broke; the codes as the documents tell them.
pub fn codes(decision: &Decision) -> Vec<String> {
    let records = decision.outgoing.iter().flat_map(|it| it.records.iter());
    records.flat_map(|it| it.reasons.iter().map(|(code, _)| code.clone())).collect()
}

pub fn broken(decision: &Decision) -> Vec<&'static str> {
    decision.fates.iter().flat_map(|fate| fate.broken.clone()).collect()
}

pub fn actor(number: &str) -> ActorNumber {
    ActorNumber::new(number)
}

/// What is told of a process, or of another transaction, by our own id.
pub fn story(house: &House, id: &str) -> Vec<serde_json::Value> {
    let load = |needs: &Needs| Ok::<_, std::convert::Infallible>(house.store.facts(needs));
    let facts = gather_more(view::story_needs(id), |facts| view::story_needs_more(id, facts), load).unwrap();
    view::story(&facts, id, &house.market).unwrap()
}

/// Every text in a document's records, by element.
pub fn said(document: &Outgoing) -> Vec<(String, String)> {
    fn walk(fields: &[Field], into: &mut Vec<(String, String)>) {
        for field in fields {
            match field {
                Field::Text(name, value)
                | Field::Code(name, value)
                | Field::Number(name, value)
                | Field::Id(name, _, value) => {
                    into.push((name.to_string(), value.clone()));
                }
                Field::Attributed(name, _, _, value) => into.push((name.to_string(), value.clone())),
                Field::Group(_, fields) | Field::Item(_, fields) => walk(fields, into),
            }
        }
    }
    let mut all = Vec::new();
    document.records.iter().for_each(|record| walk(&record.fields, &mut all));
    all
}

/// The first text of an element.
pub fn value(document: &Outgoing, name: &str) -> Option<String> {
    said(document).into_iter().find(|(of, _)| of == name).map(|(_, value)| value)
}
