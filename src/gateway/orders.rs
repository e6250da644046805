//! What an operator orders about a supplier's portfolio: given to a gateway, tried out, and looked at.
//!
//! An order is one commit; its jobs are done behind it, by the deciding thread. A dry run decides every job as it would be
//! decided now, one after the other, and keeps nothing; what is due and not yet decided is left out of account.

use serde_json::{Value, json};

use super::{Fault, Gateway, PAGE_RECORDS, load};
use crate::document::Outgoing;
use crate::market::{MeteringPointId, Timestamp};
use crate::process::accounting_points::{self, AccountingPoint};
use crate::process::portfolio_changes::call_off::{self, Called};
use crate::process::portfolio_changes::record::{self, Given, Outcome, OutcomeKind, Progress, Way};
use crate::process::portfolio_changes::view::{self, Tally};
pub use crate::process::portfolio_changes::view::{order_row, tally_row};
use crate::process::portfolio_changes::{JOB, fan_out, give, job, needs, refusals};
pub use crate::process::portfolio_changes::{Order, OrderTable, Refusal};
use crate::process::{Context, Decision, Market, Pack, gather_more, metering_points};
use crate::record::{Batch, Change, Entry, Facts, Needs, Outcome as Committed};
use crate::store::{self, Store};

/// What became of an order that somebody wants to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ordered {
    /// It is on disk; its jobs follow.
    Given(Box<Given>),
    /// The very same was ordered at this moment.
    GivenBefore,
    Refused(Vec<Refusal>),
}

/// What became of calling an order off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CalledOff {
    /// It is on disk; its accounting points follow.
    Off(Box<Given>),
    /// It was called off before.
    Before(Box<Given>),
    Refused(Refusal),
    /// There is no such order.
    Unknown,
}

impl Gateway {
    /// Calls an order off before its day, or says why not.
    pub async fn call_off(&self, id: &str) -> Result<CalledOff, Fault> {
        for _ in 0..ATTEMPTS_MAX {
            let facts = gather_more(
                call_off::needs(id),
                |facts| call_off::needs_more(id, facts),
                |needs| load(&*self.store, needs),
            )?;
            let (given, changes) = match call_off::call_off(id, &facts, self.now()) {
                Called::Off(given, changes) => (given, changes),
                Called::Before(given) => return Ok(CalledOff::Before(given)),
                Called::Refused(refused) => return Ok(CalledOff::Refused(refused)),
                Called::Unknown => return Ok(CalledOff::Unknown),
            };
            let mut batch = Batch::default();
            batch.unless_moved(facts.versions()).put_all(changes);
            if let Committed::Committed(_) = self.write(batch).await? {
                return Ok(CalledOff::Off(given));
            }
        }
        Err(Fault::Moving { what: "the order" })
    }

    /// Gives an order, or says why not.
    pub async fn order(&self, order: &Order) -> Result<Ordered, Fault> {
        let market = self.settings.markets.of(Pack::DK);
        let context = context(market, self.now());
        for _ in 0..ATTEMPTS_MAX {
            let facts = load(&*self.store, &needs(order, &context))?;
            let refused = refusals(order, &facts, &context);
            if !refused.is_empty() {
                return Ok(Ordered::Refused(refused));
            }
            let (given, changes) = give(order, &facts, &context);
            if facts.get(&record::order_key(&given.id)).is_some() {
                return Ok(Ordered::GivenBefore);
            }
            let mut batch = Batch::default();
            batch.unless_moved(facts.versions()).put_all(changes);
            if let Committed::Committed(_) = self.write(batch).await? {
                return Ok(Ordered::Given(Box::new(given)));
            }
        }
        Err(Fault::Moving { what: "the registry" })
    }

    /// What every accounting point would come to if the order were given now; see [`try_out`].
    pub fn try_out(&self, order: &Order, tell: &mut dyn FnMut(Value)) -> Result<Result<Tally, Vec<Refusal>>, Fault> {
        try_out(&*self.store, self.settings.markets.of(Pack::DK), order, self.now(), tell)
    }
}

/// Tells a row for each accounting point that the order would be about, with what would be sent. Nothing is written.
pub fn try_out(
    store: &dyn Store,
    market: &Market,
    order: &Order,
    now: Timestamp,
    tell: &mut dyn FnMut(Value),
) -> Result<Result<Tally, Vec<Refusal>>, Fault> {
    let context = context(market, now);
    let facts = load(store, &needs(order, &context))?;
    let refused = refusals(order, &facts, &context);
    if !refused.is_empty() {
        return Ok(Err(refused));
    }
    let (given, changes) = give(order, &facts, &context);
    let (mut tally, mut named) = (Tally::default(), Vec::new());
    let mut way = None;
    for change in &changes {
        let Change::Put(key, value) = change else { continue };
        let entry = Entry { version: 0, value: value.clone() };
        if record::results(&given.id, None).contains(key) {
            named.push(record::read_result_point(key));
        } else if record::tasks().contains(key) {
            way = Some(Progress::read(&entry));
        }
    }
    let mut look = |point: MeteringPointId| -> Result<(), Fault> {
        let known = load(store, &metering_points::needs_of(&point))?;
        let master = metering_points::metering_point(&known, &point);
        if fan_out::selects(&given, master.as_ref()) {
            let (outcome, decision) = tried(store, market, &given, &point)?;
            tally.count(&outcome, false);
            tell(would(&given, &point, &outcome, &decision));
        }
        Ok(())
    };
    let way = way.expect("an order that is given is gone through");
    if way.way == Way::Named {
        named.into_iter().try_for_each(look)?;
        return Ok(Ok(tally));
    }
    let (range, point_of) = fan_out::way(&way);
    for found in store::records(store, &range, PAGE_RECORDS) {
        let (key, _) = found.map_err(Fault::store(DOING))?;
        let point = point_of(&key);
        let supplied = way.way == Way::Supplied || {
            let facts = load(store, &accounting_points::needs_of(&point))?;
            let noted = AccountingPoint::load(&facts, &point).note_suppliers();
            let own = accounting_points::supplied_by(order.supplier(), None);
            noted.iter().any(|change| own.contains(change.key()))
        };
        if supplied {
            look(point)?;
        }
    }
    Ok(Ok(tally))
}

/// One job, decided as if its order had been given.
fn tried(
    store: &dyn Store,
    market: &Market,
    given: &Given,
    point: &MeteringPointId,
) -> Result<(Outcome, Decision), Fault> {
    let timer = job::timer(given, point);
    let context = Context { cause: timer.cause(), ..context(market, given.at) };
    let duty = (JOB.duty)(&timer);
    let waiting = [given.put(), Outcome::of(OutcomeKind::Waiting).put(&given.id, point)];
    let look = |needs: &Needs| -> Result<Facts, Fault> {
        let mut facts = load(store, needs)?;
        for change in &waiting {
            if let Change::Put(key, value) = change {
                facts.insert(key.clone(), Some(Entry { version: 0, value: value.clone() }));
            }
        }
        Ok(facts)
    };
    let facts = gather_more(duty.needs(&context), |facts| duty.needs_more(facts, &context), look)?;
    let decision = duty.decide(&facts, &context);
    let key = record::result_key(&given.id, point);
    let outcome = decision.changes.iter().rev().find_map(|change| match change {
        Change::Put(written, value) if *written == key => {
            Some(Outcome::read(&Entry { version: 0, value: value.clone() }))
        }
        _ => None,
    });
    Ok((outcome.expect("a job leaves its outcome behind"), decision))
}

fn would(given: &Given, point: &MeteringPointId, outcome: &Outcome, decision: &Decision) -> Value {
    let mut row = view::outcome_row(given, point, outcome, false);
    // The process would have another id: it is made from the moment of the order.
    row["process"] = Value::Null;
    let line = |it: &Outgoing| format!("{} {} to {}", it.kind.name, it.business_reason, it.receiver);
    row["documents"] = decision.outgoing.iter().map(line).collect::<Vec<_>>().into();
    row
}

/// Every order that was given, the latest first, with how each stands.
pub fn orders(store: &dyn Store) -> Result<Vec<Value>, Fault> {
    let mut found: Vec<Given> = Vec::new();
    for order in store::records(store, &record::orders(), PAGE_RECORDS) {
        let (key, entry) = order.map_err(Fault::store(DOING))?;
        found.push(Given::read(&key, &entry));
    }
    found.sort_by_key(|given| (std::cmp::Reverse(given.at), given.id.clone()));
    found.iter().map(|given| Ok(view::order_row(given, &outcomes(store, given, &mut |_| ())?))).collect()
}

/// One order; nothing when none has this id. Each outcome is told.
pub fn order(store: &dyn Store, id: &str, tell: &mut dyn FnMut(Value)) -> Result<Option<(Given, Tally)>, Fault> {
    let key = record::order_key(id);
    let Some(entry) = store.get(&key).map_err(Fault::store(DOING))? else { return Ok(None) };
    let given = Given::read(&key, &entry);
    let tally = outcomes(store, &given, tell)?;
    Ok(Some((given, tally)))
}

fn outcomes(store: &dyn Store, given: &Given, tell: &mut dyn FnMut(Value)) -> Result<Tally, Fault> {
    let mut tally = Tally::default();
    for result in store::records(store, &record::results(&given.id, None), PAGE_RECORDS) {
        let (key, entry) = result.map_err(Fault::store(DOING))?;
        let (point, outcome) = (record::read_result_point(&key), Outcome::read(&entry));
        let failed = outcome.kind == OutcomeKind::Waiting
            && store.get(&view::failed_key(given, &point)).map_err(Fault::store(DOING))?.is_some();
        tally.count(&outcome, failed);
        tell(view::outcome_row(given, &point, &outcome, failed));
    }
    Ok(tally)
}

/// Why an order was not given, a row for each rule.
pub fn refusal_rows(refused: &[Refusal]) -> Vec<Value> {
    let row = |it: &Refusal| json!({"outcome": "refused", "rule": it.rule.number(), "name": it.rule.name(), "text": it.rule.text(), "what": it.what});
    refused.iter().map(row).collect()
}

fn context(market: &Market, now: Timestamp) -> Context<'_> {
    Context { now, caller: market.hub_party(), cause: [0; 32], market }
}

const DOING: &str = "look at an operator's order";
/// Times that an order is judged anew because the registry has moved meanwhile.
const ATTEMPTS_MAX: usize = 8;
