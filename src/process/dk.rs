//! The pack `dk`: the Danish market of charges, market roles and metering points.
//!
//! It is the house's own market: its processes stand beside this file, and what the gateway offers by name (charges, orders,
//! the registry's grid areas) is of this pack.

use serde::{Deserialize, Serialize};

use super::pack::{Checked, Definition, Market, Pack, SettingsForm};
use super::{
    cancellation, change_of_supplier, charge_links, charges, customer_characteristics, end_of_supply, market_documents,
    master_data_queries, metering_point_characteristics, portfolio_changes, reallocation, services,
};
use crate::record::Space;

/// Participants, by role and number, and the parties that log in with an external id: external id, role, number.
const PARTICIPANTS: Space = Space(24);
const EXTERNAL_IDS: Space = Space(25);

impl Pack {
    /// `dk`
    pub const DK: Pack = Pack(&Definition {
        name: "dk",
        zone: chrono_tz::Europe::Copenhagen,
        hub: "5790001330552",
        documents: &[
            &charges::REQUEST_CHANGE_OF_PRICE_LIST,
            &charges::REQUEST_PRICE_LIST,
            &charge_links::REQUEST_CHANGE_BILLING_MASTER_DATA,
            &charge_links::REQUEST_BILLING_MASTER_DATA,
            &change_of_supplier::REQUEST_CHANGE_OF_SUPPLIER,
            &end_of_supply::REQUEST_END_OF_SUPPLY,
            &cancellation::REQUEST_CANCELLATION,
            &reallocation::REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
            &reallocation::CONFIRM_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
            &reallocation::REJECT_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
            &customer_characteristics::REQUEST_CHANGE_CUSTOMER_CHARACTERISTICS,
            &master_data_queries::REQUEST_ACCOUNTING_POINT_CHARACTERISTICS,
            &services::REQUEST_SERVICE,
            &services::CONFIRM_REQUEST_SERVICE,
            &services::REJECT_REQUEST_SERVICE,
            &metering_point_characteristics::REQUEST_CHANGE_ACCOUNTING_POINT_CHARACTERISTICS,
        ],
        queries: &[
            &charges::REQUEST_PRICE_LIST,
            &charge_links::REQUEST_BILLING_MASTER_DATA,
            &master_data_queries::REQUEST_ACCOUNTING_POINT_CHARACTERISTICS,
        ],
        timers: &[
            &change_of_supplier::timers::SUPPLIER,
            &change_of_supplier::timers::MOVE_IN,
            &change_of_supplier::timers::END_OF_SUPPLY,
            &change_of_supplier::timers::MOVE_OUT,
            &change_of_supplier::timers::FORCED,
            &change_of_supplier::timers::BALANCE,
            &change_of_supplier::timers::NOTICE,
            &change_of_supplier::timers::PATIENCE,
            &change_of_supplier::timers::GRACE,
            &change_of_supplier::timers::SILENCE,
            &metering_point_characteristics::CLOSE_DOWN,
            &portfolio_changes::JOB,
            &portfolio_changes::CALL_OFF,
        ],
        errands: &[charge_links::STOPPED, charge_links::CREATED, charge_links::OWNED, portfolio_changes::FAN_OUT],
        settings: SettingsForm::of::<Settings>(),
        participants: PARTICIPANTS,
        external_ids: EXTERNAL_IDS,
        turned_away: |document, header, caller, acts, market| {
            market_documents::turned_away_from(document.namespace, header, caller, acts, &market.hub)
        },
        schema_flaw: |document| market_documents::schema_flaw(document.namespace),
        hear: charge_links::hear,
        commands: None,
        files: None,
    });
}

/// What each process of the market leaves to configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whether the registry verifies the check characters of whoever is new (market-roles 1.3, `actors.verify_numbers`).
    pub verify_numbers: bool,
    pub charges: charges::Settings,
    pub charge_links: charge_links::Settings,
    pub market_roles: change_of_supplier::Settings,
    pub metering_points: metering_point_characteristics::Settings,
}

impl Checked for Settings {
    fn check(&self) -> Result<(), String> {
        let currency = &self.charges.currency;
        if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
            return Err(format!(".charges] currency: \"{currency}\" is no ISO 4217 code"));
        }
        if let Some(blocked) = self.market_roles.notices.blocked.iter().find(|blocked| !names_somebody(blocked)) {
            return Err(format!(
                ".market_roles.notices] blocked: \"{blocked}\" is no grid area and number, such as \"131:5790002000010\""
            ));
        }
        let window = &self.charge_links.correction_window;
        if window.every_days > 0 && window.open_days > window.every_days {
            return Err(format!(
                ".charge_links.correction_window] open_days = {}: it opens again after {} days",
                window.open_days, window.every_days
            ));
        }
        let charges = &self.charges;
        for (name, dates) in
            [("information_effective", charges.information_effective), ("prices_effective", charges.prices_effective)]
        {
            if dates.lower_days > dates.upper_days {
                return Err(format!(".charges.{name}] lower_days = {} is above upper_days", dates.lower_days));
            }
        }
        days_are_days(&self.market_roles, ".market_roles")?;
        days_are_days(&self.metering_points, ".metering_points")
    }
}

/// Whether it is a grid area and a number with a colon between them.
fn names_somebody(blocked: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    blocked.split_once(':').is_some_and(|(area, number)| area.len() == 3 && is_number(area) && is_number(number))
}

/// Of a number of days, -1 says that it bounds nothing, and less says nothing.
fn days_are_days(settings: &impl Serialize, path: &str) -> Result<(), String> {
    for (name, value) in toml::Table::try_from(settings).map_err(|flaw| format!("{path}] {flaw}"))? {
        match value {
            toml::Value::Table(inner) => days_are_days(&inner, &format!("{path}.{name}"))?,
            toml::Value::Integer(days) if days < -1 => {
                return Err(format!("{path}] {name} = {days}: it is a number from 0, or -1 for no bound"));
            }
            _ => {}
        }
    }
    Ok(())
}

impl Market {
    /// The Danish market as `config.toml` has it before anybody changes it.
    pub fn dk_defaults() -> Self {
        Pack::DK.market()
    }

    /// The settings of the Danish market.
    pub fn dk(&self) -> &Settings {
        self.settings()
    }

    #[cfg(test)]
    pub fn dk_mut(&mut self) -> &mut Settings {
        self.settings_mut()
    }
}
