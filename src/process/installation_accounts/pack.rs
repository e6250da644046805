//! The pack `supplier`: one supplier's own house, of which it is the hub.

use serde::{Deserialize, Serialize};

use super::commands::COMMANDS;
use super::files::FILES;
use super::{
    ASSIGN, MARK, REQUEST_CHANGE_BILLING_CONTRACT, REQUEST_CHANGE_BUSINESS_PARTNER, REQUEST_CHANGE_CONNECTION_OBJECT,
    REQUEST_CHANGE_CONTRACT_ACCOUNT, REQUEST_CHANGE_INSTALLATION, REQUEST_CHANGE_PROSPECT_ACCOUNT, Settings, UPDATE,
};
use crate::process::{Checked, Definition, Market, Pack, SettingsForm};
use crate::record::Space;

/// Participants, by role and number, and the parties that log in with an external id: external id, role, number.
const PARTICIPANTS: Space = Space(27);
const EXTERNAL_IDS: Space = Space(46);

pub const PACK: Pack = Pack(&Definition {
    name: "supplier",
    zone: chrono_tz::Europe::Berlin,
    // A toy, until the configuration names the supplier.
    hub: "9900000000008",
    documents: &[
        &REQUEST_CHANGE_BUSINESS_PARTNER,
        &REQUEST_CHANGE_CONNECTION_OBJECT,
        &REQUEST_CHANGE_INSTALLATION,
        &REQUEST_CHANGE_CONTRACT_ACCOUNT,
        &REQUEST_CHANGE_BILLING_CONTRACT,
        &REQUEST_CHANGE_PROSPECT_ACCOUNT,
    ],
    queries: &[],
    timers: &[&ASSIGN, &MARK, &UPDATE],
    errands: &[],
    settings: SettingsForm::of::<Sections>(),
    participants: PARTICIPANTS,
    external_ids: EXTERNAL_IDS,
    turned_away: |_, _, _, _, _| Vec::new(),
    schema_flaw: |_| ("00302", Some("schema")),
    hear: |_, _| Vec::new(),
    commands: Some(&COMMANDS),
    files: Some(&FILES),
});

/// `[market.supplier]`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sections {
    pub accounts: Settings,
}

impl Checked for Sections {
    fn check(&self) -> Result<(), String> {
        match self.accounts.mark_interval_seconds == 0 || self.accounts.update_interval_seconds == 0 {
            false => Ok(()),
            true => Err(".accounts] an interval of 0 seconds: it must be at least 1".into()),
        }
    }
}

/// What the market leaves to configuration.
pub fn settings(market: &Market) -> &Settings {
    &market.settings::<Sections>().accounts
}
