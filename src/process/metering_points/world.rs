//! Metering points as a world file lists them: `[[grid_area]]`, `[[metering_point]]` and `[[supply]]` tables.

use serde::Deserialize;

use super::{ConnectionState, GridArea, MeteringPoint, Supply, record};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Period, Timestamp};
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
}

/// One `[[supply]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplyTable {
    pub metering_point: String,
    pub supplier: String,
    pub start: String,
    /// It has no end when this is left out.
    #[serde(default)]
    pub end: Option<String>,
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
        let point = MeteringPoint {
            id: MeteringPointId::new(&*self.number),
            kind: MeteringPointType::from_text(&self.kind).ok_or_else(|| flaw("type", &self.kind))?,
            grid_area: self.grid_area.clone(),
            state: ConnectionState::from_name(&self.status).ok_or_else(|| flaw("status", &self.status))?,
            effective: Timestamp::parse_date_time(&self.effective_date)
                .ok_or_else(|| flaw("effective_date", &self.effective_date))?,
        };
        Ok(vec![Change::Put(record::key(&point.id), record::write(&point))])
    }
}

impl SupplyTable {
    /// What writes this supply into a store that holds no other at that time.
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let instant = |field, text: &str| {
            Timestamp::parse_date_time(text).ok_or_else(|| flaw("supply", &self.metering_point, field, text))
        };
        let start = instant("start", &self.start)?;
        let end = self.end.as_deref().map_or(Ok(Timestamp::OPEN_END), |end| instant("end", end))?;
        let supply = Supply { supplier: ActorNumber::new(&*self.supplier), period: Period::new(start, end) };
        if supply.period.is_empty() {
            return Err(flaw("supply", &self.metering_point, "end", self.end.as_deref().unwrap_or_default()));
        }
        let id = MeteringPointId::new(&*self.metering_point);
        Ok(vec![Change::Put(record::supply_key(&id, start), record::write_supply(&supply))])
    }
}

fn flaw(table: &'static str, id: &str, field: &'static str, value: &str) -> WorldFlaw {
    WorldFlaw { table, id: id.to_string(), field, value: value.into() }
}

fn connected() -> String {
    ConnectionState::Connected.name().into()
}
