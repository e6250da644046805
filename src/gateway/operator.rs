//! What an operator asks, and the answer, the same at every door: `gridpost process` and the HTTPS door both show the
//! rows that are made here. Nothing is changed by asking. Source: charges 10.
//!
//! A list is cut: from row `skip` on, at most `take` rows, sorted first. What is looked at is read page by page, so that
//! asking costs memory for the answer and not for all that is stored.

use serde::Serialize;
use serde_json::{Value, json};

use super::quarantine::{quarantined, quarantined_row};
use super::queues::{document_row, documents, total_row, totals};
use super::registry::delegation_row;
use super::{Fault, Gateway, PAGE_RECORDS, load, parked};
use crate::archive::{self, AuditEntry};
use crate::document::{Category, Wire};
use crate::market::{ActorNumber, ActorRole, Calendar, MeteringPointId, Party, Period, Timestamp};
use crate::process::charge_links::view as links;
use crate::process::charges::past::{self, Messages, Past};
use crate::process::charges::view::{self, Cut, Filter, Page, PriceOrder};
use crate::process::charges::{ChargeIdentity, record};
use crate::process::delegations::{self, Delegation};
use crate::process::{Market, Pack, event, gather_more, participants};
use crate::record::{Entry, Key, KeyRange, Needs};
use crate::store::{self, Store};
use crate::view::QUEUE_COUNTED_MAX;

/// Something that an operator wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Charges with all their periods.
    Charges { filter: Filter, cut: Cut },
    /// The timeline of a charge, now or as it was known at an instant.
    Charge { charge: ChargeIdentity, known_at: Option<Timestamp> },
    /// The prices of a charge that apply within an interval, now or as they were known at an instant.
    Prices { charge: ChargeIdentity, interval: Period, known_at: Option<Timestamp>, order: PriceOrder, cut: Cut },
    /// The accepted operations on a charge and what they did, up to an instant of knowledge.
    History { charge: ChargeIdentity, known_at: Option<Timestamp>, cut: Cut },
    /// Accepted and rejected operations on a charge by their time of receipt.
    Messages { charge: ChargeIdentity, received: Period, cut: Cut },
    /// The charges of a metering point, named as of the day of `at`.
    Links { point: MeteringPointId, at: Timestamp, cut: Cut },
    /// Events behind a position, in the order in which they happened.
    Events { after: Option<event::Position>, take: usize },
    /// Everybody who is registered.
    Participants { cut: Cut },
    /// Who acts for whom, and whether that is in force at an instant.
    Delegations { at: Timestamp, cut: Cut },
    /// Client certificates and whom they speak for.
    Certificates { cut: Cut },
    /// Where participants want to hear that post waits; secrets are not shown.
    Webhooks { cut: Cut },
    /// The queues behind one of them in which something waits.
    Queues { after: Option<(Party, Category)>, take: usize },
    /// The documents that wait for a participant, behind a place in a queue.
    Queue { owner: Party, after: Option<(Category, (u64, u64))>, take: usize },
    /// Documents that were moved aside.
    Quarantine { cut: Cut },
    /// Documents, timers and errands that could not be decided.
    Parked { cut: Cut },
    /// The audit trail behind a position, in the order in which things were done.
    Audit { after: u64, take: usize },
}

/// Rows, each a JSON object.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    pub rows: Vec<Value>,
    /// How many rows there are in all; not said of events, of which there are always more to come.
    pub total: Option<usize>,
    /// Whether there is more behind the last row.
    pub more: bool,
}

impl Gateway {
    /// The answer; nothing when what the question is about is unknown.
    pub fn ask(&self, question: &Question) -> Result<Option<Answer>, Fault> {
        ask(&*self.store, self.settings.markets.of(Pack::DK), question)
    }
}

/// [`Gateway::ask`], of the store of a gateway that is not running.
pub fn ask(store: &dyn Store, market: &Market, question: &Question) -> Result<Option<Answer>, Fault> {
    let answer = match question {
        Question::Charges { filter, cut } => charges(store, market, filter, *cut)?,
        Question::Charge { charge, known_at: None } => {
            let timeline = view::timeline(&load(store, &view::timeline_needs(charge))?, charge);
            if timeline.is_empty() {
                return Ok(None);
            }
            all(timeline)
        }
        Question::Charge { charge, known_at: Some(at) } => all(past(store, charge, *at)?.timeline()),
        Question::Prices { charge, interval, known_at: None, order, cut } => {
            if store.get(&record::charge_key(charge)).map_err(Fault::store(DOING))?.is_none() {
                return Ok(None);
            }
            let facts = load(store, &view::prices_needs(charge, *interval))?;
            listed(view::prices(&facts, charge, *interval, *order, *cut), *cut)
        }
        Question::Prices { charge, interval, known_at: Some(at), order, cut } => {
            let points = past(store, charge, *at)?.prices(*interval);
            listed(view::price_rows(points, *order, *cut), *cut)
        }
        Question::History { charge, known_at, cut } => {
            let past = past(store, charge, known_at.unwrap_or(Timestamp::OPEN_END))?;
            listed(past.operations(*cut), *cut)
        }
        Question::Messages { charge, received, cut } => {
            let mut messages = Messages::default();
            each(store, &past::accepted(charge), |key, entry| {
                messages.see_accepted(charge, key, entry, *received);
            })?;
            each(store, &past::rejected(charge), |key, entry| {
                messages.see_rejected(charge, key, entry, *received);
            })?;
            listed(messages.rows(*cut), *cut)
        }
        Question::Links { point, at, cut } => {
            let look = |needs: &Needs| load(store, needs);
            let more = |facts: &_| links::links_needs_more(point, facts);
            let facts = gather_more(links::links_needs(point), more, look)?;
            let today = Calendar::new(market.zone).midnight_in_days(*at, 0);
            let Some(rows) = links::links(&facts, point, today) else { return Ok(None) };
            listed(view::page(rows, *cut, |row| row), *cut)
        }
        Question::Events { after, take } => events(store, *after, *take)?,
        Question::Delegations { at, cut } => {
            let mut rows = Vec::new();
            each(store, &delegations::every_delegation(), |key, entry| {
                rows.push(delegations::read_delegation(key, entry))
            })?;
            let rows = delegations::with_force(rows, *at);
            let row = |(delegation, in_force): (Delegation, bool)| {
                let mut row = delegation_row(&delegation);
                row["inForce"] = in_force.into();
                row
            };
            listed(view::page(rows, *cut, row), *cut)
        }
        Question::Certificates { cut } => {
            let mut rows = Vec::new();
            each(store, &participants::every_certificate(), |key, entry| {
                rows.push(participants::read_certificate(key, entry))
            })?;
            rows.sort_by(|a, b| (&a.party, a.from, &a.thumbprint).cmp(&(&b.party, b.from, &b.thumbprint)));
            let row = |it: participants::Certificate| {
                json!({
                    "number": it.party.number.as_str(),
                    "role": it.party.role.code(),
                    "thumbprint": it.thumbprint.as_str(),
                    "from": it.from.to_string(),
                    "until": (it.until < Timestamp::OPEN_END).then(|| it.until.to_string()),
                })
            };
            listed(view::page(rows, *cut, row), *cut)
        }
        Question::Webhooks { cut } => {
            let mut rows = Vec::new();
            each(store, &participants::every_webhook(), |key, entry| {
                let (party, webhook) = participants::read_webhook(key, entry);
                rows.push(json!({ "number": party.number.as_str(), "role": party.role.code(), "url": webhook.url }));
            })?;
            listed(view::page(rows, *cut, |row| row), *cut)
        }
        Question::Queues { after, take } => {
            let (totals, more) = totals(store, after.as_ref(), *take, QUEUE_COUNTED_MAX)?;
            Answer { rows: totals.iter().map(total_row).collect(), total: None, more }
        }
        Question::Queue { owner, after, take } => {
            let (waiting, more) = documents(store, owner, *after, *take)?;
            if waiting.is_empty() && !is_known(store, owner)? {
                return Ok(None);
            }
            Answer { rows: waiting.iter().map(document_row).collect(), total: None, more }
        }
        Question::Quarantine { cut } => listed(view::page(quarantined(store)?, *cut, |it| quarantined_row(&it)), *cut),
        Question::Parked { cut } => listed(view::page(parked::parked(store)?, *cut, |it| parked::row(&it)), *cut),
        Question::Audit { after, take } => audit(store, *after, *take)?,
        Question::Participants { cut } => {
            let mut rows = Vec::new();
            for pack in Pack::all() {
                each(store, &participants::everybody(pack), |key, entry| {
                    rows.push(participants::read_participant(pack, key, entry))
                })?;
            }
            rows.sort_by(|a, b| (&a.party.number, a.party.role, a.pack).cmp(&(&b.party.number, b.party.role, b.pack)));
            let row = |it: participants::Participant| {
                json!({
                    "number": it.party.number.as_str(),
                    "role": it.party.role.code(),
                    "pack": it.pack.name(),
                    "name": it.name,
                    "status": it.status.name(),
                    "id": it.actor_id,
                    "format": it.form.map(Wire::name),
                })
            };
            listed(view::page(rows, *cut, row), *cut)
        }
    };
    Ok(Some(answer))
}

/// By charge id, the newest period first; rows are counted, not charges.
fn charges(store: &dyn Store, market: &Market, filter: &Filter, cut: Cut) -> Result<Answer, Fault> {
    let (range, mut found, mut after) = (record::all_charges(), Vec::new(), None);
    loop {
        let page = store.page(&range, after.as_ref(), PAGE_RECORDS).map_err(Fault::store(DOING))?;
        if let (Some((first, _)), Some((last, _))) = (page.records.first(), page.records.last()) {
            let range = view::periods_of_all(&record::read_identity(first), &record::read_identity(last));
            let mut periods = Vec::new();
            each(store, &range, |key, entry| periods.push((key.clone(), entry.clone())))?;
            found.extend(view::search(&page.records, &periods, filter));
        }
        match page.next_after() {
            Some(next) => after = Some(next.clone()),
            None => break,
        }
    }
    view::listed(&mut found);
    let total = found.iter().map(|(_, count)| count).sum();
    let (mut rows, mut passed) = (Vec::new(), 0_usize);
    for (charge, count) in found {
        let reached = passed;
        passed += count;
        if passed <= cut.skip || rows.len() >= cut.take {
            continue;
        }
        let timeline = view::timeline(&load(store, &view::timeline_needs(&charge))?, &charge);
        let prices = store.page(&record::blocks(&charge), None, 1).map_err(Fault::store(DOING))?;
        let name = owner_name(store, market.pack, &charge.owner)?;
        let shown = view::charge_rows(timeline, name.as_deref(), !prices.records.is_empty());
        rows.extend(shown.into_iter().skip(cut.skip.saturating_sub(reached)));
    }
    rows.truncate(cut.take);
    Ok(listed(Page { total, rows }, cut))
}

/// Whether the number of a party is registered, in whatever role.
pub fn is_known(store: &dyn Store, owner: &Party) -> Result<bool, Fault> {
    let in_each: Vec<Party> = ActorRole::all().map(|role| Party { role, ..owner.clone() }).collect();
    let needs = in_each.iter().map(participants::needs_of_anywhere).fold(Needs::default(), Needs::and);
    let facts = load(store, &needs)?;
    Ok(in_each.iter().any(|party| participants::is_registered(&facts, party)))
}

fn owner_name(store: &dyn Store, pack: Pack, owner: &ActorNumber) -> Result<Option<String>, Fault> {
    for role in [ActorRole::SystemOperator, ActorRole::GridAccessProvider] {
        let party = Party { number: owner.clone(), role };
        let facts = load(store, &participants::needs_of(pack, &party))?;
        if let Some(owner) = participants::participant(&facts, pack, &party) {
            return Ok(Some(owner.name));
        }
    }
    Ok(None)
}

fn past(store: &dyn Store, charge: &ChargeIdentity, known_at: Timestamp) -> Result<Past, Fault> {
    let mut past = Past::new(charge.clone(), known_at);
    each(store, &past::accepted(charge), |_, entry| past.see(entry))?;
    Ok(past)
}

fn events(store: &dyn Store, after: Option<event::Position>, take: usize) -> Result<Answer, Fault> {
    let (mut rows, mut position, mut bytes) = (Vec::new(), after, 0);
    loop {
        let range = position.map_or_else(event::all, event::after);
        let page = store.page(&range, None, EVENT_PAGE_RECORDS).map_err(Fault::store(DOING))?;
        bytes += page.records.iter().map(|(_, entry)| entry.value.len()).sum::<usize>();
        let found = event::read(page.records.iter().map(|(key, entry)| (key, entry)));
        let Some(last) = found.last().map(|event| event.position) else { break };
        for event in found {
            if rows.len() == take {
                return Ok(Answer { rows, total: None, more: true });
            }
            rows.push(json!({
                "position": event.position.to_string(),
                "id": event.id,
                "at": event.at.to_string(),
                "name": event.name,
                "payload": event.payload,
            }));
        }
        if bytes > EVENT_BYTES_MAX {
            return Ok(Answer { rows, total: None, more: true });
        }
        position = Some(last);
    }
    Ok(Answer { rows, total: None, more: false })
}

fn audit(store: &dyn Store, after: u64, take: usize) -> Result<Answer, Fault> {
    let range = archive::audit_after(after);
    let page = store.page(&range, None, take.max(1)).map_err(Fault::store(DOING))?;
    let row = |(key, entry): &(Key, Entry)| {
        let done = AuditEntry::from_entry(entry)?;
        Some(json!({
            "position": archive::audit_position(key)?,
            "at": done.at.to_string(),
            "number": done.party.number.as_str(),
            "role": done.party.role.code(),
            "activity": done.activity,
            "target": done.target,
            "status": done.status,
            "correlationId": done.correlation_id,
        }))
    };
    let rows: Option<Vec<Value>> = page.records.iter().map(row).collect();
    let rows = rows.ok_or(Fault::Unreadable { what: "the audit trail" })?;
    Ok(Answer { rows, total: None, more: page.more })
}

/// Hands over every record of a range, a page at a time.
fn each(store: &dyn Store, range: &KeyRange, mut see: impl FnMut(&Key, &Entry)) -> Result<(), Fault> {
    for record in store::records(store, range, PAGE_RECORDS_LARGE) {
        let (key, entry) = record.map_err(Fault::store(DOING))?;
        see(&key, &entry);
    }
    Ok(())
}

fn all<T: Serialize>(rows: Vec<T>) -> Answer {
    let total = rows.len();
    Answer { rows: rows.into_iter().map(value).collect(), total: Some(total), more: false }
}

fn listed<T: Serialize>(page: Page<T>, cut: Cut) -> Answer {
    let more = cut.skip.saturating_add(page.rows.len()) < page.total;
    Answer { rows: page.rows.into_iter().map(value).collect(), total: Some(page.total), more }
}

fn value(row: impl Serialize) -> Value {
    serde_json::to_value(row).expect("a row is made of texts, numbers and flags")
}

const DOING: &str = "read what an operator asks for";
/// Records of the log of events that are read at a time: the largest event, of 100,000 prices, has 200 parts.
const EVENT_PAGE_RECORDS: usize = 400;
/// Bytes of events after which an answer ends, if it has any.
const EVENT_BYTES_MAX: usize = 8 << 20;
/// Records of up to 32 KiB that are read at a time.
const PAGE_RECORDS_LARGE: usize = 200;
