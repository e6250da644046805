//! Metering points and grid areas as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::master_data::StoredMasterData;
use super::{ConnectionState, GridArea, MasterData, MeteringPoint};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::record::{Key, Space, stored};

/// Metering points, by number.
pub const METERING_POINTS: Space = Space(44);
/// Grid areas, by code.
pub const GRID_AREAS: Space = Space(45);

/// Of grid areas, and of the first metering points.
const VERSION: u8 = 1;
/// Metering points that say whether they are obliged to produce.
const OBLIGATED: u8 = 2;
/// Metering points with their master data.
const WHOLE: u8 = 3;

pub fn key(id: &MeteringPointId) -> Key {
    Key::new(METERING_POINTS).text(id.as_str())
}

pub fn grid_area_key(code: &str) -> Key {
    Key::new(GRID_AREAS).text(code)
}

#[derive(Serialize, Deserialize)]
struct StoredMeteringPoint {
    kind: u8,
    grid_area: String,
    state: u8,
    effective: i64,
}

pub fn write(point: &MeteringPoint) -> Bytes {
    let stored = (
        StoredMeteringPoint {
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
        point.production_obligated,
        point.state_since.micros(),
        StoredMasterData::from(&point.master),
    );
    stored::write(WHOLE, &stored)
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a metering point.
pub fn read(id: MeteringPointId, bytes: &[u8]) -> MeteringPoint {
    type Whole = (StoredMeteringPoint, bool, i64, StoredMasterData);
    let whole = || {
        let (point, obligated, since, master): Whole = stored::read(WHOLE, bytes)?;
        Some((point, obligated, Some(since), MasterData::from(master)))
    };
    let bare = || {
        // The first ones did not say, and every one of them counted as obliged.
        let first = || Some((stored::read(VERSION, bytes)?, true));
        let (point, obligated) = stored::read(OBLIGATED, bytes).or_else(first)?;
        Some((point, obligated, None, MasterData::default()))
    };
    let (found, production_obligated, since, master): (StoredMeteringPoint, bool, Option<i64>, MasterData) =
        whole().or_else(bare).expect("a stored metering point is read back");
    MeteringPoint {
        id,
        kind: MeteringPointType::from_number(found.kind).expect("a stored metering point has a known type"),
        production_obligated,
        grid_area: found.grid_area,
        state: *ConnectionState::ALL
            .get(usize::from(found.state).wrapping_sub(1))
            .expect("a stored connection state is one of four"),
        effective: Timestamp::from_micros(found.effective),
        state_since: Timestamp::from_micros(since.unwrap_or(found.effective)),
        master,
    }
}

pub fn write_grid_area(area: &GridArea) -> Bytes {
    stored::write(VERSION, &area.owner.as_ref().map(ActorNumber::as_str))
}

pub fn read_grid_area(code: &str, bytes: &[u8]) -> GridArea {
    let owner: Option<String> = stored::read(VERSION, bytes).expect("a stored grid area is read back");
    GridArea { code: code.to_string(), owner: owner.map(ActorNumber::new) }
}
