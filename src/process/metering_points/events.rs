//! What other processes hear of metering points. Source: charges 8.4.

use serde_json::json;

use super::MeteringPoint;
use crate::market::MeteringPointId;
use crate::process::Event;

const CREATED: &str = "MeteringPointCreated";

/// To be raised by whoever creates a metering point, in the decision that writes it.
pub fn created(point: &MeteringPoint) -> Event {
    let payload = json!({
        "metering_point_id": point.id.as_str(),
        "type": point.kind.number(),
        "grid_area": point.grid_area,
        "connection_state": point.state.name(),
        "effective_date": point.effective.to_string(),
    });
    Event { name: CREATED, payload }
}

/// The metering point that an event says was created.
pub fn created_point(event: &Event) -> Option<MeteringPointId> {
    let created = event.name == CREATED;
    event.payload["metering_point_id"].as_str().filter(|_| created).map(MeteringPointId::new)
}
