//! What is known about a metering point, and how to ask for it.

use super::{Version, record};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::process::participants;
use crate::record::{Change, Facts, Needs};

/// Its type and its grid area are for life; everything else may change from day to day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeteringPoint {
    pub id: MeteringPointId,
    pub kind: MeteringPointType,
    /// Code of the grid area that it lies in.
    pub grid_area: String,
    /// From when on it exists.
    pub effective: Timestamp,
    /// At least one, in the order of their days; the first from when it exists.
    pub(super) versions: Vec<Version>,
}

impl MeteringPoint {
    /// One that exists from its first version on.
    pub fn new(id: MeteringPointId, kind: MeteringPointType, grid_area: &str, first: Version) -> Self {
        Self { id, kind, grid_area: grid_area.to_string(), effective: first.from, versions: vec![first] }
    }
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
    Needs::default().range(record::versions(id), record::key(id))
}

/// Needs: [`needs_of`].
pub fn metering_point(facts: &Facts, id: &MeteringPointId) -> Option<MeteringPoint> {
    let mut point = record::read(id.clone(), &facts.get(&record::key(id))?.value);
    let later = facts.range(&record::versions(id)).iter();
    point.versions.extend(later.map(|(key, entry)| record::read_version(key, &entry.value)));
    Some(point)
}

/// Whether it was asked for, and it is known whether there is one.
pub fn is_looked_up(facts: &Facts, id: &MeteringPointId) -> bool {
    facts.knows(&record::key(id))
}

/// What keeps a metering point that was so `before`; nothing where it is so still. No version is ever taken away.
pub fn changes(point: &MeteringPoint, before: Option<&MeteringPoint>) -> Vec<Change> {
    if Some(point) == before {
        return Vec::new();
    }
    let kept = |version: &Version| before.is_some_and(|before| before.versions.contains(version));
    let later = point.versions[1..].iter().filter(|version| !kept(version));
    let later = later.map(|it| Change::Put(record::version_key(&point.id, it.from), record::write_version(it)));
    // It stands for all of its versions, and is written with each of them.
    std::iter::once(Change::Put(record::key(&point.id), record::write(point))).chain(later).collect()
}

pub fn needs_of_grid_area(code: &str) -> Needs {
    Needs::default().key(record::grid_area_key(code))
}

/// Every grid area. The registry guards them: it is rewritten when one of them changes hands.
pub fn needs_of_grid_areas() -> Needs {
    Needs::default().range(record::grid_areas(), participants::registry_key())
}

/// The grid areas that a number runs; none where they were not asked for. Needs: [`needs_of_grid_areas`].
pub fn grid_areas_of(facts: &Facts, owner: &ActorNumber) -> Vec<String> {
    let range = record::grid_areas();
    let areas = if facts.knows_range(&range) { facts.range(&range) } else { &[] };
    let areas = areas.iter().map(|(key, entry)| record::read_grid_area(&record::grid_area_code(key), &entry.value));
    areas.filter(|area| area.owner.as_ref() == Some(owner)).map(|area| area.code).collect()
}

pub fn knows_grid_area(facts: &Facts, code: &str) -> bool {
    facts.knows(&record::grid_area_key(code))
}

/// Needs: [`needs_of_grid_area`].
pub fn grid_area(facts: &Facts, code: &str) -> Option<GridArea> {
    facts.get(&record::grid_area_key(code)).map(|entry| record::read_grid_area(code, &entry.value))
}
