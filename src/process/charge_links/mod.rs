//! Charge links: which metering point pays which charge, from when to when, and how many times.
//!
//! **Parties.** The owner of a charge, a grid access provider (DDM) or the system operator (EZ), links it to metering
//! points. The current energy supplier (DDQ) of a metering point maintains the links to the system operator's charges
//! on its behalf. Nobody else may.
//!
//! **Documents.** RequestChangeBillingMasterData (RSM-030, reason D17), answered with one
//! ConfirmRequestChangeBillingMasterData for all that was accepted and one RejectRequestChangeBillingMasterData for the
//! rest. Who else must know is sent NotifyBillingMasterData (RSM-031): the grid access provider of the metering point's
//! grid area when the charge is a tax, the supplier on the effective date, and for subscriptions and tariffs every later
//! supplier that is registered already. A grid area that finds an owner later is told then: see [`untold`].
//!
//! **Delegation.** Another may link a charge for its owner if that lets it do so in the metering point's grid area
//! ([`super::delegations`]).
//!
//! **Operations and commands.** An operation is about one charge of one metering point; those of a document about the
//! same pair are a command: in document order, and the first that fails takes all behind it along (VR.906).
//!
//! **What an operation means** follows from what is there. Within its period its factor is what counts, whatever counted
//! before: that is how a link is created and how it is changed. With a termination date equal to its effective date it
//! stops the link: from then on the charge is not paid. Links that touch and have the same factor are one link.
//!
//! **Queries.** RequestBillingMasterData (RSM-032) asks which charges a metering point pays: see [`query`].
//!
//! **Default links.** Some charges are paid by every metering point of a type. Whoever creates a metering point raises
//! `MeteringPointCreated`, and they are linked: see [`created`].
//!
//! **Stopped charges.** When a subscription or a fee is stopped, [`stopped`] tells the suppliers of the metering points
//! that pay it; when the stop is taken back, which links go on. Its links stay as they were made, and nobody is told of
//! them beyond the stop ([`standing`]).
//!
//! **Deadlines.** A change reaches back so many days at most, except on the days of a window that opens every so often
//! ([`Settings`]). Nothing in this process waits.
//!
//! **What is kept.** For each pair, links that never overlap; and whatever an operation replaced, with the operation
//! that made it and the one that retired it, so that what was known at any time can be told.
//!
//! Source: charges 2.5, 3.5, 3.10, 6, 7.3, 7.5.

mod acting;
mod created;
mod decide;
mod default;
mod details;
mod events;
mod query;
mod receivers;
pub mod record;
mod reply;
mod request;
pub mod rules;
mod standing;
pub mod state;
mod stopped;
mod untold;
pub mod view;
mod world;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::charge_documents::transaction_ids;
use crate::process::{Context, Decision, Event, Incoming, Request};
use crate::record::{Change, Facts, Key, Needs};

pub use created::CREATED;
pub use default::{Defaults, Reply, default_links, default_links_needs, default_links_needs_more};
pub use details::{Details, details, details_needs, details_needs_more};
pub use query::{REASON_QUERY, REJECT_QUERY, REQUEST_BILLING_MASTER_DATA, RequestBillingMasterData};
pub use reply::{CONFIRM, NOTIFY, REJECT};
pub use request::{Operation, RequestChangeBillingMasterData};
pub use state::{Link, LinkIdentity};
pub use stopped::STOPPED;
pub use untold::OWNED;
pub use world::{DefaultLinkTable, LinkTable};

/// RSM-030.
pub const REQUEST_CHANGE_BILLING_MASTER_DATA: Incoming = Incoming {
    name: "RequestChangeBillingMasterData",
    namespace: "urn:ediel.org:structure:requestchangebillingmasterdata:0:1",
    routes: &["requestchangebillingmasterdata"],
    roles: &[
        ActorRole::GridAccessProvider,
        ActorRole::TransmissionSystemOperator,
        ActorRole::SystemOperator,
        ActorRole::EnergySupplier,
    ],
    reader: request::reader,
};

/// What this process leaves to configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How many calendar days back an effective date may lie. Source: charges 6.3.
    pub back_days: u16,
    /// When older corrections are taken all the same.
    pub correction_window: CorrectionWindow,
}

/// Opens on the local day `first`, and again every `every_days` days, for `open_days` days each time.
///
/// Source: charges 6.3 says every 14 days. Which day of them, and for how long, is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectionWindow {
    pub first: chrono::NaiveDate,
    /// Never when it is 0.
    pub every_days: u16,
    pub open_days: u16,
}

impl Default for Settings {
    fn default() -> Self {
        Self { back_days: 90, correction_window: CorrectionWindow::default() }
    }
}

impl Default for CorrectionWindow {
    /// The first day is a Monday.
    fn default() -> Self {
        let first = chrono::NaiveDate::from_ymd_opt(2023, 1, 2).expect("a date");
        Self { first, every_days: 14, open_days: 1 }
    }
}

impl CorrectionWindow {
    pub fn is_open(self, today: chrono::NaiveDate) -> bool {
        let since = (today - self.first).num_days();
        self.every_days > 0 && since >= 0 && since % i64::from(self.every_days) < i64::from(self.open_days)
    }
}

/// What must be written because of `events`, in the batch of the decision that raised them.
pub fn hear(events: &[Event], context: &Context) -> Vec<Change> {
    let mut changes = stopped::hear(events, context);
    changes.extend(created::hear(events, context));
    changes.extend(untold::hear(events, context));
    changes
}

impl Request for RequestChangeBillingMasterData {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        transaction_ids(self.operations.iter().map(|operation| &operation.transaction_id))
    }

    fn turns(&self) -> Vec<Key> {
        decide::turns(self)
    }

    fn needs(&self, context: &Context) -> Needs {
        decide::needs(self, context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        decide::needs_more(self, facts, context)
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        decide::decide(self, facts, context)
    }
}
