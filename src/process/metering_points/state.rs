//! What is known about a metering point, and how to ask for it.

use super::{MasterData, record};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::record::{Change, Facts, Needs};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeteringPoint {
    pub id: MeteringPointId,
    pub kind: MeteringPointType,
    /// Code of the grid area that it lies in.
    pub grid_area: String,
    pub state: ConnectionState,
    /// From when on it exists.
    pub effective: Timestamp,
    /// From when on it is in this state.
    pub state_since: Timestamp,
    /// Whether its producer is obliged to produce; only asked of metering points of type production.
    pub production_obligated: bool,
    pub master: MasterData,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionState {
    New,
    Connected,
    Disconnected,
    ClosedDown,
}

impl ConnectionState {
    pub const ALL: [ConnectionState; 4] =
        [ConnectionState::New, ConnectionState::Connected, ConnectionState::Disconnected, ConnectionState::ClosedDown];

    pub fn name(self) -> &'static str {
        match self {
            ConnectionState::New => "New",
            ConnectionState::Connected => "Connected",
            ConnectionState::Disconnected => "Disconnected",
            ConnectionState::ClosedDown => "ClosedDown",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name().eq_ignore_ascii_case(name))
    }
}

/// A part of the grid, and the grid access provider that runs it, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GridArea {
    pub code: String,
    pub owner: Option<ActorNumber>,
}

pub fn needs_of(id: &MeteringPointId) -> Needs {
    Needs::default().key(record::key(id))
}

/// Needs: [`needs_of`].
pub fn metering_point(facts: &Facts, id: &MeteringPointId) -> Option<MeteringPoint> {
    facts.get(&record::key(id)).map(|entry| record::read(id.clone(), &entry.value))
}

/// Whether it was asked for, and it is known whether there is one.
pub fn is_looked_up(facts: &Facts, id: &MeteringPointId) -> bool {
    facts.knows(&record::key(id))
}

/// What keeps a metering point.
pub fn put(point: &MeteringPoint) -> Change {
    Change::Put(record::key(&point.id), record::write(point))
}

pub fn needs_of_grid_area(code: &str) -> Needs {
    Needs::default().key(record::grid_area_key(code))
}

pub fn knows_grid_area(facts: &Facts, code: &str) -> bool {
    facts.knows(&record::grid_area_key(code))
}

/// Needs: [`needs_of_grid_area`].
pub fn grid_area(facts: &Facts, code: &str) -> Option<GridArea> {
    facts.get(&record::grid_area_key(code)).map(|entry| record::read_grid_area(code, &entry.value))
}
