//! Charges as a world file lists them: `[[charge]]` tables, for a store that begins with something in it.

use serde::Deserialize;

use super::record::{self, Accepted, Said};
use super::state::{self, ChargeIdentity, ChargeState, MasterData};
use crate::market::{ActorNumber, Calendar, ChargeType, Period, Price, Resolution, Timestamp, VatClass};
use crate::process::participants::WorldFlaw;
use crate::record::Change;

/// One `[[charge]]` table. Its charge must not be in the store yet.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChargeTable {
    pub id: String,
    /// `D01`, `D02` or `D03`.
    #[serde(rename = "type")]
    pub charge_type: String,
    pub owner: String,
    #[serde(default)]
    pub tax: bool,
    pub resolution: String,
    /// Stop date, if the charge is stopped.
    #[serde(default)]
    pub stop: Option<String>,
    /// At least one, in order; each ends where the next one starts.
    pub periods: Vec<PeriodTable>,
    #[serde(default)]
    pub prices: Vec<PricesTable>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PeriodTable {
    /// An instant, such as `2014-12-31T23:00:00Z`.
    pub start: String,
    pub name: String,
    pub description: String,
    /// `D01` or `D02`.
    pub vat: String,
    #[serde(default)]
    pub transparent: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricesTable {
    pub start: String,
    pub end: String,
    /// One for each point, or a single one that stands for all.
    pub amounts: Vec<String>,
}

impl ChargeTable {
    /// What writes this charge into a store that does not know it.
    pub fn changes(&self, calendar: Calendar) -> Result<Vec<Change>, WorldFlaw> {
        let charge_type =
            ChargeType::from_code(&self.charge_type).ok_or_else(|| self.flaw("type", &self.charge_type))?;
        let resolution =
            Resolution::from_code(&self.resolution).ok_or_else(|| self.flaw("resolution", &self.resolution))?;
        let identity = ChargeIdentity { owner: ActorNumber::new(&*self.owner), charge_type, id: self.id.clone() };
        let mut state = ChargeState::unknown(identity.clone());
        let mut history = Vec::new();
        for period in &self.periods {
            let start = self.instant("start", &period.start)?;
            let vat_class = VatClass::from_code(&period.vat).ok_or_else(|| self.flaw("vat", &period.vat))?;
            let data = MasterData {
                name: period.name.clone(),
                description: period.description.clone(),
                vat_class,
                transparent_invoicing: period.transparent,
            };
            history.push(self.said(start, false, resolution, data.clone()));
            match state.charge() {
                None => state.create(start, self.tax, resolution, data),
                Some(_) => state.update(start, data),
            }
        }
        let start = state.charge().ok_or_else(|| self.flaw("list of periods", "[]"))?.start;
        for prices in &self.prices {
            let interval = Period::new(self.instant("start", &prices.start)?, self.instant("end", &prices.end)?);
            let count = usize::try_from(calendar.point_count(resolution, interval)).unwrap_or(0);
            let amount = |text: &String| Price::parse(text).ok_or_else(|| self.flaw("amount", text));
            let mut amounts = prices.amounts.iter().map(amount).collect::<Result<Vec<Price>, _>>()?;
            if let [only] = amounts[..] {
                amounts = vec![only; count];
            }
            if amounts.is_empty() || amounts.len() != count {
                return Err(self.flaw("number of amounts", &prices.amounts.len().to_string()));
            }
            let points = state::points(calendar, resolution, interval, &amounts);
            state.replace_prices(interval, &points);
            history.push(Said::Prices { resolution, interval, points });
        }
        if let Some(stop) = &self.stop {
            let on = self.instant("stop", stop)?;
            if on < start {
                return Err(self.flaw("stop", stop));
            }
            let last = state.timeline().pop().map(|(_, data)| data);
            history.extend(last.map(|data| self.said(on, true, resolution, data)));
            state.stop(on);
        }
        let mut changes = state.changes();
        // Nobody in the market asked for it: it was known when the charge began.
        for (said, place) in history.into_iter().zip(0..) {
            let accepted = Accepted { at: start, document_id: String::new(), transaction_id: String::new(), said };
            let records = record::write_history(&accepted).into_iter().zip(0..);
            changes
                .extend(records.map(|(value, part)| Change::Put(record::history_key(&identity, place, part), value)));
        }
        Ok(changes)
    }

    fn said(&self, start: Timestamp, stops: bool, resolution: Resolution, data: MasterData) -> Said {
        Said::Information { start, stops, tax_indicator: self.tax, resolution, data }
    }

    fn instant(&self, field: &'static str, text: &str) -> Result<Timestamp, WorldFlaw> {
        Timestamp::parse_date_time(text).ok_or_else(|| self.flaw(field, text))
    }

    fn flaw(&self, field: &'static str, value: &str) -> WorldFlaw {
        let id = format!("{}/{}/{}", self.owner, self.charge_type, self.id);
        WorldFlaw { table: "charge", id, field, value: value.into() }
    }
}
