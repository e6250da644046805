//! A process's whole story: who asked for it, what was decided by which rules, what was sent, what is still due.

use serde_json::{Value, json};

use super::course;
use super::notice::notice_at;
use super::timers;
use crate::market::{MeteringPointId, Timestamp};
use crate::process::Market;
use crate::process::accounting_points::transactions::{self, Transaction};
use crate::process::accounting_points::{self, AccountingPoint, CustomerData, customer_data};
use crate::process::services::{Service, service};
use crate::record::{Facts, Needs};

/// What [`story`] must know first of a process, or of any other transaction, by our own id.
pub fn story_needs(id: &str) -> Needs {
    transactions::needs_of_own_id(id).and(course::needs_of(id)).and(service::needs_of(id))
}

/// And besides, now that `facts` are: asked again until it names nothing new.
pub fn story_needs_more(id: &str, facts: &Facts) -> Needs {
    let point = course::course(facts, id).map(|course| accounting_points::needs_of(&course.point));
    let needs = point.unwrap_or_default();
    let Some((sender, transaction_id)) = transactions::by_own_id(facts, id) else { return needs };
    let needs = needs.and(transactions::needs_of(&sender, &transaction_id));
    if !transactions::is_known(facts, &sender, &transaction_id) {
        return needs;
    }
    let told = transactions::transaction(facts, &sender, &transaction_id).map(|it| customer_data::needs_of(&it.point));
    needs.and(told.unwrap_or_default())
}

/// The story in order, each entry with what it is about; nothing when nobody knows the id. Needs: both.
pub fn story(facts: &Facts, id: &str, market: &Market) -> Option<Vec<Value>> {
    let named = transactions::by_own_id(facts, id);
    let transaction = named.and_then(|(sender, id)| transactions::transaction(facts, &sender, &id));
    let mut rows: Vec<Value> = transaction.iter().map(asked).collect();
    let Some(course) = course::course(facts, id) else {
        let transaction = transaction?;
        rows.extend(service::service(facts, id).map(|service| asked_of_grid(&service)).into_iter().flatten());
        rows.extend(customer_data::told_by(facts, &transaction.point, id).map(|told| customer(&told)));
        return Some(rows);
    };
    let point = AccountingPoint::load(facts, &course.point);
    let process = point.process(id)?;
    rows.push(json!({
        "what": "process",
        "kind": process.kind.name(),
        "metering_point": point.id.as_str(),
        "effective": process.effective.to_string(),
        "status": process.status.name(),
        "suspended_by": process.suspended_by,
        "reversed": point.is_reversed(process),
        "state": course.state.name(),
        "outcome": course.outcome.name(),
    }));
    rows.extend(course.story.iter().map(|it| json!({"what": "step", "at": it.at.to_string(), "step": it.what})));
    if course.is_open() && !point.is_reversed(process) {
        let mut due = Vec::new();
        let awaits_answer = course.kind == accounting_points::ProcessKind::Reallocation;
        if !awaits_answer {
            due.push((timers::effect(&course).due, "takes effect"));
        }
        if course.kind == accounting_points::ProcessKind::ChangeOfSupplier && course.notified.is_empty() {
            due.push((notice_at(course.effective, market), "the current supplier is told"));
        }
        let ends = if awaits_answer {
            "the former supplier has not answered"
        } else {
            "patience with whoever has not dequeued ends"
        };
        due.extend(course.awaited.iter().map(|it| (it.due, ends)));
        due.retain(|(at, _)| process.status.is_open() || *at > course.effective);
        due.sort_unstable();
        rows.extend(due.into_iter().map(|(at, what)| json!({"what": "due", "at": at.to_string(), "step": what})));
    }
    Some(rows)
}

/// A service has no course: it is asked for, and answered or taken back.
fn asked_of_grid(service: &Service) -> Vec<Value> {
    let step = |at: Timestamp, step: String| json!({"what": "step", "at": at.to_string(), "step": step});
    let mut rows = vec![json!({
        "what": "service",
        "service": service.service,
        "metering_point": service.point.as_str(),
        "wished": service.wished.to_string(),
        "state": service.state.name(),
    })];
    rows.push(step(service.asked, format!("forwarded to {} as {}", service.grid_company, service.id)));
    rows.extend(service.closed.map(|at| step(at, service.state.name().to_string())));
    rows
}

/// What was told of a customer, without a word of it.
fn customer(told: &CustomerData) -> Value {
    json!({
        "what": "customer data",
        "from": told.from.to_string(),
        "consumer_registered_by": told.process,
        "completes": told.completes,
    })
}

fn asked(transaction: &Transaction) -> Value {
    let broken: Vec<String> = transaction.broken.iter().map(|(rule, code)| format!("{rule} ({code})")).collect();
    json!({
        "what": "request",
        "at": transaction.received.to_string(),
        "id": transaction.own_id,
        "document": transaction.document,
        "reason": transaction.reason,
        "message": transaction.message_id,
        "sender": transaction.sender.as_str(),
        "transaction": transaction.transaction_id,
        "metering_point": MeteringPointId::as_str(&transaction.point),
        "outcome": if transaction.is_accepted() { "accepted" } else { "rejected" },
        "broken": if broken.is_empty() { Value::Null } else { broken.into() },
    })
}

/// Every process at an accounting point, in the order in which they were registered. Needs:
/// [`accounting_points::needs_of`].
pub fn processes(facts: &Facts, point: &MeteringPointId) -> Vec<Value> {
    let point = AccountingPoint::load(facts, point);
    let text = |at: Option<Timestamp>| at.map(|at| at.to_string());
    let rows = point.processes().into_iter().map(|process| {
        let supply = process.supply.as_ref();
        json!({
            "id": process.id,
            "kind": process.kind.name(),
            "reason": process.reason,
            "effective": process.effective.to_string(),
            "status": process.status.name(),
            "reversed": point.is_reversed(process),
            "transaction": process.transaction_id,
            "supplier": supply.map(|it| it.supplier.as_str()),
            "supplies_from": supply.and_then(|it| text(it.dates.start)),
            "supplies_until": supply.and_then(|it| text(it.dates.end)),
            "consumes_from": process.consumer.as_ref().and_then(|it| text(it.dates.start)),
            "consumes_until": process.consumer.as_ref().and_then(|it| text(it.dates.end)),
        })
    });
    rows.collect()
}
