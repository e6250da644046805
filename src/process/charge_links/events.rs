//! What other systems hear of a link: one event for each accepted operation. Source: charges 8.2.

use serde_json::{Value, json};

use super::request::Operation;
use super::state::{Effect, Link, LinkState};
use crate::market::Period;
use crate::process::Event;

/// How `operation` is told, which had `effect` on what is now `state`.
///
/// A link is created where there was none; whatever else happened, even nothing, is an update of all between the
/// earliest and the latest instant that the operation or its effect speaks of.
pub fn of(operation: &Operation, effect: &Effect, state: &LinkState) -> Event {
    let charge = &state.identity.charge;
    let mut payload = json!({
        "charge_link_id": operation.transaction_id,
        "metering_point_id": state.identity.metering_point.as_str(),
        "charge_id": charge.id,
        "charge_type": charge.charge_type.number(),
        "charge_owner": charge.owner.as_str(),
    });
    if let ([], [created]) = (&effect.retired[..], &effect.created[..]) {
        payload["period"] = period(created);
        return Event { name: "ChargeLinkCreated", payload };
    }
    let start = operation.effective.expect("VR.531 holds");
    let asked = Period::new(start, if operation.is_stop() { start } else { operation.end() });
    let spoken_of = effect.retired.iter().chain(&effect.created).map(|link| link.period).chain([asked]);
    let all = spoken_of.reduce(|a, b| Period::new(a.start.min(b.start), a.end.max(b.end))).expect("at least one");
    let within = state.links().filter(|link| link.period.start < all.end && all.start < link.period.end);
    payload["updated_period_start"] = all.start.to_string().into();
    payload["updated_period_end"] = all.end.to_string().into();
    payload["periods"] = within.map(period).collect();
    Event { name: "ChargeLinkUpdated", payload }
}

fn period(link: &Link) -> Value {
    json!({"start": link.period.start.to_string(), "end": link.period.end.to_string(), "factor": link.factor})
}
