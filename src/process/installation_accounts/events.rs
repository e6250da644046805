//! What other systems of the house hear of an account. No event holds personal data: a partner is its number.

use serde_json::json;

use super::account::{Account, sync_id};
use crate::process::Event;

/// What happened to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Happening {
    Created,
    Updated,
    /// An installation was assigned to an account that was there already.
    Assigned,
}

pub fn of(happening: Happening, account: &Account) -> Event {
    let name = match happening {
        Happening::Created => "InstallationAccountCreated",
        Happening::Updated => "InstallationAccountUpdated",
        Happening::Assigned => "InstallationAssignedToAccount",
    };
    let payload = json!({
        "account_id": account.id,
        "sync_id": account.sync_id(),
        "partner_no": account.partner,
        "installation_no": account.installation(),
        "status": account.page.status.code(),
        "version": account.version,
    });
    Event { name, payload }
}

/// An account could not be updated; it stays marked.
pub fn failed(number: u64, why: &str) -> Event {
    Event { name: "InstallationAccountUpdateFailed", payload: json!({"sync_id": sync_id(number), "reason": why}) }
}
