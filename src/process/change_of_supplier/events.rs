//! What other systems hear of the market roles. No payload holds personal data.
//!
//! Source: market-roles 2.2.4, 2.5.4; every event also carries what the last paragraph of 2.2.4 asks for.

use serde_json::{Value, json};

use super::course::Course;
use super::effect::Why;
use super::work::Work;
use crate::market::{ActorNumber, CustomerType, MeteringPointId};
use crate::process::Event;
use crate::process::accounting_points::ProcessKind;
use crate::process::accounting_points::reversal::Reversal;

impl Work<'_> {
    /// Tells an event, with its id and the present instant in its payload.
    pub fn tell(&mut self, mut event: Event) {
        // As the log makes it: of the name, and of the place among the events of this decision.
        let place = self.events.len();
        event.payload["id"] = self.context.id(&["event", event.name, &place.to_string()]).into();
        event.payload["occurred_at"] = self.context.now.to_string().into();
        self.events.push(event);
    }
}

/// A supplier is to take over: by a change of supplier, or with a customer that moves in.
pub fn future_change_registered(course: &Course) -> Event {
    let fields = json!({
        "energy_supplier_gln": course.requester.as_str(),
        "effective_date": course.effective.to_string(),
    });
    event("FutureEnergySupplierChangeRegistered", course, fields)
}

pub fn future_change_cancelled(course: &Course, why: Why) -> Event {
    let fields = json!({
        "energy_supplier_gln": course.requester.as_str(),
        "effective_date": course.effective.to_string(),
        "reason": why.name(),
    });
    event("FutureEnergySupplierChangeCancelled", course, fields)
}

pub fn future_balance_cancelled(course: &Course, why: Why) -> Event {
    let fields = json!({
        "energy_supplier_gln": course.requester.as_str(),
        "effective_date": course.effective.to_string(),
        "reason": why.name(),
    });
    event("FutureBalanceResponsibleChangeCancelled", course, fields)
}

pub fn supplier_changed(course: &Course, supplier: &ActorNumber, previous: Option<&ActorNumber>) -> Event {
    let fields = json!({
        "energy_supplier_gln": supplier.as_str(),
        "previous_energy_supplier_gln": previous.map(ActorNumber::as_str),
        "effective_date": course.effective.to_string(),
    });
    event("EnergySupplierChanged", course, fields)
}

/// A customer is to move in; the number is never told.
pub fn consumer_registered(course: &Course, customer: Option<CustomerType>) -> Event {
    let fields = json!({
        "customer_type": customer.map(CustomerType::name),
        "effective_date": course.effective.to_string(),
    });
    event("ConsumerRegistered", course, fields)
}

pub fn moved_in(course: &Course) -> Event {
    event("ConsumerMovedIn", course, json!({"effective_date": course.effective.to_string()}))
}

pub fn future_balance_registered(course: &Course, responsible: &ActorNumber) -> Event {
    let fields = json!({
        "energy_supplier_gln": course.requester.as_str(),
        "balance_responsible": responsible.as_str(),
        "effective_date": course.effective.to_string(),
    });
    event("FutureBalanceResponsibleChangeRegistered", course, fields)
}

pub fn balance_changed(course: &Course, old: Option<&ActorNumber>, new: &ActorNumber) -> Event {
    let fields = json!({
        "energy_supplier_gln": course.requester.as_str(),
        "previous_balance_responsible": old.map(ActorNumber::as_str),
        "balance_responsible": new.as_str(),
        "effective_date": course.effective.to_string(),
    });
    event("BalanceResponsibleChanged", course, fields)
}

/// What has turned out to be wrong does not hold, from the day on from which it was believed to.
pub fn change_reversed(course: &Course, reversal: &Reversal) -> Event {
    let fields = json!({
        "reversed_process_ids": reversal.reversed,
        "from_energy_supplier_gln": reversal.from.as_str(),
        "to_energy_supplier_gln": reversal.to.as_ref().map(ActorNumber::as_str),
        "effective_date": course.effective.to_string(),
    });
    event("SupplierChangeReversed", course, fields)
}

/// A supply is to end.
pub fn end_registered(course: &Course) -> Event {
    event("EndOfSupplyRegistered", course, end(course))
}

pub fn end_effectuated(course: &Course) -> Event {
    event("EndOfSupplyEffectuated", course, end(course))
}

/// A customer is to move out.
pub fn move_out_registered(course: &Course) -> Event {
    event("ConsumerMoveOutRegistered", course, json!({"effective_date": course.effective.to_string()}))
}

pub fn moved_out(course: &Course) -> Event {
    event("ConsumerMovedOut", course, json!({"effective_date": course.effective.to_string()}))
}

/// An end of supply, or a move-out, that will not happen.
pub fn end_cancelled(course: &Course, why: Why) -> Event {
    if course.kind == ProcessKind::MoveOut {
        let fields = json!({"effective_date": course.effective.to_string(), "reason": why.name()});
        return event("ConsumerMoveOutCancelled", course, fields);
    }
    let mut fields = end(course);
    fields["reason"] = why.name().into();
    event("EndOfSupplyCancelled", course, fields)
}

fn end(course: &Course) -> Value {
    json!({"energy_supplier_gln": course.requester.as_str(), "end_date": course.effective.to_string()})
}

fn event(name: &'static str, course: &Course, mut payload: Value) -> Event {
    payload["accounting_point_id"] = accounting_point_id(&course.point).into();
    payload["gsrn_number"] = course.point.as_str().into();
    payload["process_id"] = course.process.as_str().into();
    payload["transaction_id"] = course.transaction_id.as_str().into();
    payload["business_reason"] = course.reason.as_str().into();
    Event { name, payload }
}

/// Our own id of an accounting point, in the form of a UUID: always the same for one metering point.
pub fn accounting_point_id(point: &MeteringPointId) -> String {
    let mut hash = blake3::Hasher::new();
    hash.update(b"accounting point ").update(point.as_str().as_bytes());
    let hex = hash.finalize().to_hex();
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32]];
    parts.join("-")
}
