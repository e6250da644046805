//! Metering points, grid areas and supplies as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{ConnectionState, GridArea, MeteringPoint, Supply};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Period, Timestamp};
use crate::record::{Key, KeyRange, Space, stored};

/// Metering points, by number.
pub const METERING_POINTS: Space = Space(44);
/// Grid areas, by code.
pub const GRID_AREAS: Space = Space(45);
/// Supplies: metering point, start in microseconds.
pub const SUPPLIES: Space = Space(46);

const VERSION: u8 = 1;

pub fn key(id: &MeteringPointId) -> Key {
    Key::new(METERING_POINTS).text(id.as_str())
}

pub fn grid_area_key(code: &str) -> Key {
    Key::new(GRID_AREAS).text(code)
}

pub fn supply_key(id: &MeteringPointId, start: Timestamp) -> Key {
    Key::new(SUPPLIES).text(id.as_str()).signed(start.micros())
}

pub fn supplies(id: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(SUPPLIES).text(id.as_str()))
}

#[derive(Serialize, Deserialize)]
struct StoredMeteringPoint {
    kind: u8,
    grid_area: String,
    state: u8,
    effective: i64,
}

pub fn write(point: &MeteringPoint) -> Bytes {
    stored::write(
        VERSION,
        &StoredMeteringPoint {
            kind: point.kind.number(),
            grid_area: point.grid_area.clone(),
            state: match point.state {
                ConnectionState::New => 1,
                ConnectionState::Connected => 2,
                ConnectionState::Disconnected => 3,
                ConnectionState::ClosedDown => 4,
            },
            effective: point.effective.micros(),
        },
    )
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a metering point.
pub fn read(id: MeteringPointId, bytes: &[u8]) -> MeteringPoint {
    let found: StoredMeteringPoint = stored::read(VERSION, bytes).expect("a stored metering point is read back");
    MeteringPoint {
        id,
        kind: MeteringPointType::from_number(found.kind).expect("a stored metering point has a known type"),
        grid_area: found.grid_area,
        state: *ConnectionState::ALL
            .get(usize::from(found.state).wrapping_sub(1))
            .expect("a stored connection state is one of four"),
        effective: Timestamp::from_micros(found.effective),
    }
}

pub fn write_grid_area(area: &GridArea) -> Bytes {
    stored::write(VERSION, &area.owner.as_ref().map(ActorNumber::as_str))
}

pub fn read_grid_area(code: &str, bytes: &[u8]) -> GridArea {
    let owner: Option<String> = stored::read(VERSION, bytes).expect("a stored grid area is read back");
    GridArea { code: code.to_string(), owner: owner.map(ActorNumber::new) }
}

pub fn write_supply(supply: &Supply) -> Bytes {
    stored::write(VERSION, &(supply.supplier.as_str(), supply.period.end.micros()))
}

pub fn read_supply(key: &Key, bytes: &[u8]) -> Supply {
    let (supplier, end): (String, i64) = stored::read(VERSION, bytes).expect("a stored supply is read back");
    let mut parts = key.reader();
    let start = parts.text().and_then(|_| parts.signed()).expect("a supply's key ends in its start");
    let period = Period::new(Timestamp::from_micros(start), Timestamp::from_micros(end));
    Supply { supplier: ActorNumber::new(supplier), period }
}
