//! Delegations as a world file lists them: `[[delegation]]` tables, which say what an event ProcessDelegationConfigured says.

use serde::Deserialize;

use super::{Delegation, Process, Wanted};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::participants::WorldFlaw;

/// One `[[delegation]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DelegationTable {
    /// Behind all that is listed when it is left out.
    #[serde(default)]
    pub sequence: Option<u64>,
    /// Such as `IncomingMeteringPointCharacteristics`.
    pub process: String,
    pub grid_area: String,
    pub starts: String,
    /// Excluded; it does not end when it is left out.
    #[serde(default)]
    pub stops: Option<String>,
    /// Number of whoever delegates.
    pub by: String,
    /// Its role, such as `DDM`.
    pub by_role: String,
    /// Number of whoever acts for it.
    pub to: String,
    /// `DDM` or `DEL`.
    pub to_role: String,
}

impl DelegationTable {
    pub fn wanted(&self) -> Result<Wanted, WorldFlaw> {
        let flaw = |field, value: &str| {
            let id = format!("of {}", self.by);
            WorldFlaw { table: "delegation", id, field, value: value.to_string() }
        };
        let instant = |field, text: &str| Timestamp::parse_date_time(text).ok_or_else(|| flaw(field, text));
        let party = |field, number: &str, code: &str| {
            let role = ActorRole::from_code(&code.to_ascii_uppercase()).ok_or_else(|| flaw(field, code))?;
            Ok(Party { number: ActorNumber::new(number), role })
        };
        let row = Delegation {
            sequence: self.sequence.unwrap_or(0).into(),
            process: Process::from_name(&self.process).ok_or_else(|| flaw("process", &self.process))?,
            grid_area: self.grid_area.clone(),
            starts: instant("starts", &self.starts)?,
            stops: self.stops.as_deref().map(|text| instant("stops", text)).transpose()?,
            by: party("by_role", &self.by, &self.by_role)?,
            to: party("to_role", &self.to, &self.to_role)?,
        };
        Ok(Wanted { row, numbered: self.sequence.is_some() })
    }
}
