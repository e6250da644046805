//! Metering points and grid areas as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::master_data::StoredMasterData;
use super::{ConnectionState, GridArea, MasterData, MeteringPoint, Version};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::record::{Key, KeyRange, Space, stored};

/// Metering points, by number, each with its first version; rewritten by every change.
pub const METERING_POINTS: Space = Space(44);
/// Later versions of metering points, by number and day.
pub const VERSIONS: Space = Space(49);
/// Grid areas, by code.
pub const GRID_AREAS: Space = Space(45);

/// Of grid areas, of later versions, and of the first metering points.
const VERSION: u8 = 1;
/// Metering points that say whether they are obliged to produce.
const OBLIGATED: u8 = 2;
/// Metering points with their master data.
const WHOLE: u8 = 3;

pub fn key(id: &MeteringPointId) -> Key {
    Key::new(METERING_POINTS).text(id.as_str())
}

pub fn versions(id: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(VERSIONS).text(id.as_str()))
}

pub fn version_key(id: &MeteringPointId, from: Timestamp) -> Key {
    Key::new(VERSIONS).text(id.as_str()).signed(from.micros())
}

pub fn grid_area_key(code: &str) -> Key {
    Key::new(GRID_AREAS).text(code)
}

pub fn grid_areas() -> KeyRange {
    KeyRange::under(&Key::new(GRID_AREAS))
}

/// The code of one of [`grid_areas`].
pub fn grid_area_code(key: &Key) -> String {
    key.reader().text().expect("the code of a grid area stands in its key")
}

#[derive(Serialize, Deserialize)]
struct StoredMeteringPoint {
    kind: u8,
    grid_area: String,
    state: u8,
    effective: i64,
}

fn stored_state(state: ConnectionState) -> u8 {
    match state {
        ConnectionState::New => 1,
        ConnectionState::Connected => 2,
        ConnectionState::Disconnected => 3,
        ConnectionState::ClosedDown => 4,
    }
}

fn read_state(stored: u8) -> ConnectionState {
    *ConnectionState::ALL.get(usize::from(stored).wrapping_sub(1)).expect("a stored connection state is one of four")
}

/// What is so for life, and the first version; it stands for all of them.
pub fn write(point: &MeteringPoint) -> Bytes {
    let first = &point.versions[0];
    let stored = (
        StoredMeteringPoint {
            kind: point.kind.number(),
            grid_area: point.grid_area.clone(),
            state: stored_state(first.state),
            effective: point.effective.micros(),
        },
        first.production_obligated,
        first.state_since.micros(),
        StoredMasterData::from(&first.master),
    );
    stored::write(WHOLE, &stored)
}

/// With its first version alone.
///
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
    let first = Version {
        from: Timestamp::from_micros(found.effective),
        state: read_state(found.state),
        state_since: Timestamp::from_micros(since.unwrap_or(found.effective)),
        production_obligated,
        master,
    };
    let kind = MeteringPointType::from_number(found.kind).expect("a stored metering point has a known type");
    MeteringPoint::new(id, kind, &found.grid_area, first)
}

/// State, since when, whether it is obliged to produce, master data.
type StoredVersion = (u8, i64, bool, StoredMasterData);

pub fn write_version(it: &Version) -> Bytes {
    let stored: StoredVersion =
        (stored_state(it.state), it.state_since.micros(), it.production_obligated, StoredMasterData::from(&it.master));
    stored::write(VERSION, &stored)
}

/// # Panics
///
/// When the bytes are not what [`write_version`] made.
pub fn read_version(key: &Key, bytes: &[u8]) -> Version {
    let mut parts = key.reader();
    let from = parts.text().and_then(|_| parts.signed()).expect("the day of a version stands behind its number");
    let stored: Option<StoredVersion> = stored::read(VERSION, bytes);
    let (state, since, production_obligated, master) = stored.expect("a stored version is read back");
    Version {
        from: Timestamp::from_micros(from),
        state: read_state(state),
        state_since: Timestamp::from_micros(since),
        production_obligated,
        master: master.into(),
    }
}

pub fn write_grid_area(area: &GridArea) -> Bytes {
    stored::write(VERSION, &area.owner.as_ref().map(ActorNumber::as_str))
}

pub fn read_grid_area(code: &str, bytes: &[u8]) -> GridArea {
    let owner: Option<String> = stored::read(VERSION, bytes).expect("a stored grid area is read back");
    GridArea { code: code.to_string(), owner: owner.map(ActorNumber::new) }
}
