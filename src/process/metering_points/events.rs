//! What other processes hear of metering points. Source: charges 8.4.

use serde_json::json;

use super::{GridArea, MeteringPoint, record};
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::Event;
use crate::record::Change;

const CREATED: &str = "MeteringPointCreated";
const CLOSED_DOWN: &str = "MeteringPointClosedDown";
const OWNED: &str = "GridAreaAddedToActor";
const ACTIVATED: &str = "GridAreaOwnerActivated";
const DISOWNED: &str = "GridAreaRemovedFromActor";

/// To be raised by whoever creates a metering point, in the decision that writes it.
pub fn created(point: &MeteringPoint) -> Event {
    let payload = json!({
        "metering_point_id": point.id.as_str(),
        "type": point.kind.number(),
        "grid_area": point.grid_area,
        "connection_state": point.versions[0].state.name(),
        "effective_date": point.effective.to_string(),
    });
    Event { name: CREATED, payload }
}

/// The metering point that an event says was created.
pub fn created_point(event: &Event) -> Option<MeteringPointId> {
    let created = event.name == CREATED;
    event.payload["metering_point_id"].as_str().filter(|_| created).map(MeteringPointId::new)
}

/// A metering point is to be closed down on a day: whatever is pending there lapses. Raised when that is accepted.
pub fn closed_down(point: &MeteringPointId, from: Timestamp) -> Event {
    let payload = json!({
        "metering_point_id": point.as_str(),
        "gsrn_number": point.as_str(),
        "effective_date": from.to_string(),
    });
    Event { name: CLOSED_DOWN, payload }
}

/// The metering point that an event says is to be closed down, and from when on.
pub fn closed_down_point(event: &Event) -> Option<(MeteringPointId, Timestamp)> {
    let text = |name: &str| event.payload[name].as_str().filter(|_| event.name == CLOSED_DOWN);
    Some((MeteringPointId::new(text("metering_point_id")?), Timestamp::parse_date_time(text("effective_date")?)?))
}

/// A grid area is given to a grid access provider: what must be written, and to be raised with it.
pub fn owned(code: &str, owner: &ActorNumber) -> (Vec<Change>, Event) {
    let area = GridArea { code: code.to_string(), owner: Some(owner.clone()) };
    let changes = vec![Change::Put(record::grid_area_key(code), record::write_grid_area(&area))];
    (changes, Event { name: OWNED, payload: json!({"grid_area": code, "actor_number": owner.as_str()}) })
}

/// A grid area is taken from its owner, and nobody runs it: what must be written, and to be raised with it.
pub fn disowned(code: &str, owner: &ActorNumber) -> (Vec<Change>, Event) {
    let area = GridArea { code: code.to_string(), owner: None };
    let changes = vec![Change::Put(record::grid_area_key(code), record::write_grid_area(&area))];
    (changes, Event { name: DISOWNED, payload: json!({"grid_area": code, "actor_number": owner.as_str()}) })
}

/// To be raised for each grid area of a grid access provider that becomes active.
pub fn owner_activated(code: &str, owner: &ActorNumber) -> Event {
    Event { name: ACTIVATED, payload: json!({"grid_area": code, "actor_number": owner.as_str()}) }
}

/// The grid area that an event says has an owner now, or an active one, and who that is.
pub fn owned_area(event: &Event) -> Option<(String, ActorNumber)> {
    let text = |name: &str| event.payload[name].as_str().map(str::to_string);
    let owned = [OWNED, ACTIVATED].contains(&event.name);
    let (area, owner) = text("grid_area").zip(text("actor_number")).filter(|_| owned)?;
    Some((area, ActorNumber::new(owner)))
}
