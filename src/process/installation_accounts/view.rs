//! What may be seen of accounts and of what waits: plain structs, each read from one stored record.

use serde::Serialize;

use super::account::Account;
use super::entity::EntityKey;
use super::record::{self, Unreadable, Waiter};
use crate::market::Timestamp;
use crate::record::{Entry, Key, KeyRange};

pub use super::account::sync_number;

/// An account at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AccountRow {
    pub sync_id: String,
    pub account_no: Option<String>,
    pub status: &'static str,
    pub version: u64,
    pub partner_no: String,
    pub installation_no: Option<String>,
    pub malo_id: Option<String>,
    pub calculated_at: String,
    pub marked_since: Option<String>,
    pub marked_for: Option<String>,
    pub failure: Option<String>,
}

/// A value that an account shows, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueRow {
    pub name: &'static str,
    pub value: String,
    pub source: String,
    pub standing: &'static str,
    pub valid_from: Option<String>,
    pub taken_on: String,
}

/// A billing contract without an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingRow {
    pub billing_contract: String,
    pub since: String,
    /// `BusinessPartner P1, Installation I1`; empty where something else is in the way.
    pub waiting_for: String,
    pub conflict: Option<String>,
    pub delivered_by: String,
    pub transaction_id: String,
}

/// Every account, by sync id.
pub fn accounts() -> KeyRange {
    record::accounts()
}

pub fn account_key(number: u64) -> Key {
    record::account_key(number)
}

/// Every billing contract that waits, by number.
pub fn waiting() -> KeyRange {
    record::waiters()
}

/// Every account that is marked.
pub fn marked() -> KeyRange {
    record::marked_after(0)
}

/// Entities whose accounts are still to be looked at.
pub fn changed() -> KeyRange {
    record::changed()
}

/// Accounts whose day has come by `now` in this zone, and that were not marked yet.
pub fn due(now: Timestamp, zone: chrono_tz::Tz) -> KeyRange {
    record::due_by(crate::market::Calendar::new(zone).date(now))
}

pub fn account(entry: &Entry) -> Result<Account, Unreadable> {
    record::read_account(&entry.value)
}

pub fn account_row(account: &Account) -> AccountRow {
    AccountRow {
        sync_id: account.sync_id(),
        account_no: account.account_no(),
        status: account.page.status.code(),
        version: account.version,
        partner_no: account.partner.clone(),
        installation_no: account.installation().map(str::to_string),
        malo_id: account.malo().map(str::to_string),
        calculated_at: account.calculated_at.to_string(),
        marked_since: account.mark.as_ref().map(|mark| mark.since.to_string()),
        marked_for: account.mark.as_ref().map(|mark| {
            let reasons: Vec<&str> = mark.reasons.iter().map(|reason| reason.code()).collect();
            reasons.join(", ")
        }),
        failure: account.failure.clone(),
    }
}

pub fn value_rows(account: &Account) -> Vec<ValueRow> {
    let rows = account.page.values.iter().map(|(name, shown)| ValueRow {
        name: name.name(),
        value: shown.text.clone(),
        source: shown.source.to_string(),
        standing: shown.standing.code(),
        valid_from: shown.valid_from.map(|day| day.to_string()),
        taken_on: shown.taken.to_string(),
    });
    rows.collect()
}

pub fn waiting_row(key: &Key, entry: &Entry) -> Result<WaitingRow, Unreadable> {
    let number = key.reader().text().unwrap_or_default();
    let waiter: Waiter = record::read(&entry.value, || format!("wait of billing contract {number}"))?;
    Ok(WaitingRow {
        billing_contract: number,
        since: waiter.since.to_string(),
        waiting_for: waiter.missing.iter().map(EntityKey::to_string).collect::<Vec<_>>().join(", "),
        conflict: waiter.conflict,
        delivered_by: waiter.sender,
        transaction_id: waiter.transaction_id,
    })
}
