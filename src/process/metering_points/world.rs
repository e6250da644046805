//! Metering points as a world file lists them: `[[grid_area]]` and `[[metering_point]]` tables.

use serde::Deserialize;

use super::{ConnectionState, GridArea, MasterData, MeteringPoint, Version, changes, record};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::process::participants::WorldFlaw;
use crate::record::Change;

/// One `[[grid_area]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GridAreaTable {
    pub code: String,
    /// Number of the grid access provider; nobody when it is left out.
    #[serde(default)]
    pub owner: Option<String>,
}

/// One `[[metering_point]]` table. It writes the metering point and nothing else: no default charge links.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeteringPointTable {
    /// GSRN.
    pub number: String,
    /// Code or name, such as `E17` or `Consumption`.
    #[serde(rename = "type")]
    pub kind: String,
    pub grid_area: String,
    /// `Connected` when it is left out.
    #[serde(default = "connected")]
    pub status: String,
    pub effective_date: String,
    /// So it is unless it is said otherwise.
    #[serde(default = "obligated")]
    pub production_obligated: bool,
}

impl GridAreaTable {
    pub fn changes(&self) -> Vec<Change> {
        let area = GridArea { code: self.code.clone(), owner: self.owner.clone().map(ActorNumber::new) };
        vec![Change::Put(record::grid_area_key(&area.code), record::write_grid_area(&area))]
    }
}

impl MeteringPointTable {
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let flaw = |field, value: &str| flaw("metering_point", &self.number, field, value);
        let effective = Timestamp::parse_date_time(&self.effective_date)
            .ok_or_else(|| flaw("effective_date", &self.effective_date))?;
        let kind = MeteringPointType::from_text(&self.kind).ok_or_else(|| flaw("type", &self.kind))?;
        let state = ConnectionState::from_name(&self.status).ok_or_else(|| flaw("status", &self.status))?;
        let first = Version::first(effective, state, self.production_obligated, MasterData::default());
        let point = MeteringPoint::new(MeteringPointId::new(&*self.number), kind, &self.grid_area, first);
        Ok(changes(&point, None))
    }
}

fn flaw(table: &'static str, id: &str, field: &'static str, value: &str) -> WorldFlaw {
    WorldFlaw { table, id: id.to_string(), field, value: value.into() }
}

fn connected() -> String {
    ConnectionState::Connected.name().into()
}

fn obligated() -> bool {
    true
}
