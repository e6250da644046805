//! Links from a world file: `[[default_link]]` rules, and `[[charge_link]]` tables of what metering points already pay.

use serde::Deserialize;

use super::default::DefaultLink;
use super::record;
use super::state::{By, LinkIdentity, LinkState};
use crate::market::{ActorNumber, ChargeType, MeteringPointId, MeteringPointType, Period, Timestamp};
use crate::process::charges::ChargeIdentity;
use crate::process::participants::WorldFlaw;
use crate::record::Change;

/// One `[[default_link]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DefaultLinkTable {
    /// Code or name, such as `E17` or `Consumption`.
    pub metering_point_type: String,
    pub charge_id: String,
    /// `D01`, `D02` or `D03`.
    pub charge_type: String,
    pub owner: String,
    pub start: String,
    /// It has no end when this is left out.
    #[serde(default)]
    pub end: Option<String>,
}

/// One `[[charge_link]]` table. Its pair must not be in the store yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkTable {
    pub metering_point: String,
    pub charge_id: String,
    pub charge_type: String,
    pub owner: String,
    #[serde(default = "one")]
    pub factor: i64,
    pub start: String,
    #[serde(default)]
    pub end: Option<String>,
}

impl DefaultLinkTable {
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let flaw = |field, value: &str| flaw("default_link", &self.charge_id, field, value);
        let kind = MeteringPointType::from_text(&self.metering_point_type)
            .ok_or_else(|| flaw("metering_point_type", &self.metering_point_type))?;
        let charge = charge(&self.owner, &self.charge_type, &self.charge_id)
            .ok_or_else(|| flaw("charge_type", &self.charge_type))?;
        let period = period(&self.start, self.end.as_deref()).map_err(|(field, value)| flaw(field, &value))?;
        let link = DefaultLink { kind, charge, period };
        Ok(vec![
            Change::Put(record::default_link_key(&link), record::write_default_link(&link)),
            Change::Put(record::default_links_guard_key(), record::write_guard()),
        ])
    }
}

impl LinkTable {
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let flaw = |field, value: &str| flaw("charge_link", &self.metering_point, field, value);
        let charge = charge(&self.owner, &self.charge_type, &self.charge_id)
            .ok_or_else(|| flaw("charge_type", &self.charge_type))?;
        let period = period(&self.start, self.end.as_deref()).map_err(|(field, value)| flaw(field, &value))?;
        if self.factor < 1 {
            return Err(flaw("factor", &self.factor.to_string()));
        }
        let metering_point = MeteringPointId::new(&*self.metering_point);
        let mut state = LinkState::unknown(LinkIdentity { metering_point, charge });
        // Nobody in the market asked for it: it was so when the link began.
        let by = By { at: period.start, document_id: String::new(), transaction_id: String::new() };
        state.set(period, self.factor, &by);
        Ok(state.changes())
    }
}

fn charge(owner: &str, charge_type: &str, id: &str) -> Option<ChargeIdentity> {
    let charge_type = ChargeType::from_code(charge_type)?;
    Some(ChargeIdentity { owner: ActorNumber::new(owner), charge_type, id: id.to_string() })
}

fn period(start: &str, end: Option<&str>) -> Result<Period, (&'static str, String)> {
    let from = Timestamp::parse_date_time(start).ok_or_else(|| ("start", start.to_string()))?;
    let Some(end) = end else { return Ok(Period::from(from)) };
    let period = Timestamp::parse_date_time(end).map(|end| Period::new(from, end));
    period.filter(|period| !period.is_empty()).ok_or_else(|| ("end", end.to_string()))
}

fn flaw(table: &'static str, id: &str, field: &'static str, value: &str) -> WorldFlaw {
    WorldFlaw { table, id: id.to_string(), field, value: value.into() }
}

fn one() -> i64 {
    1
}
