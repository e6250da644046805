//! Price lists: what a charge is called, when it is valid, and what it costs.
//!
//! **Parties.** A grid access provider (DDM) or the system operator (EZ) owns charges: subscriptions, fees, tariffs.
//! Energy suppliers (DDQ) put them on their customers' bills and must know of every change; grid access providers must
//! know of every change to a tax. The hub (DDZ) keeps the price lists and tells.
//!
//! **Documents.** The owner sends RequestChangeOfPriceList (RSM-033) for one of two reasons: D18 changes charge
//! information, D08 changes prices. It is answered with one ConfirmRequestChangeOfPriceList that holds every accepted
//! operation and one RejectRequestChangeOfPriceList that holds every rejected one. What was accepted goes out as
//! NotifyPriceList (RSM-034) to every live supplier and, if it is about a tax, to every live grid access provider.
//!
//! **Delegation.** Another may change a grid company's price list for it if that lets it do so in all grid areas that it runs,
//! for a price list is about all of them ([`super::delegations`]).
//!
//! **Operations and commands.** Each activity record is an operation on one charge. The operations of a document on the
//! same charge (id, owner, type) are a command: they run in document order, each sees what the ones before it did, and
//! the first that fails takes all behind it along (VR.906). Commands do not touch each other.
//!
//! **What an operation means** is derived, not sent. D18 on a charge that nobody knows creates it; with a termination
//! date it stops the charge; on the stop date it takes the stop back; otherwise it updates the charge from its effective
//! date on. D08 replaces the prices of one interval.
//!
//! **By the hub's hand.** An operator may create a charge in its owner's name, without a document of the owner's: see
//! [`new_charge`].
//!
//! **Queries.** RequestPriceList (RSM-035) asks for price lists to be sent again, to whoever asks: see [`query`].
//!
//! **Events.** Other systems of the house hear of each accepted operation, in words of their own: see [`events`].
//!
//! **Deadlines.** An effective date lies at most so many days back and ahead ([`Settings`], VR.209). Nothing in this
//! process waits: no timer, no second message.
//!
//! **What is kept.** A charge with its periods, contiguous and in order; its prices, each with its start and its end;
//! a history of every accepted operation, which still knows what a later one replaced; and a log of what was rejected.
//! See [`record`].
//!
//! Source: charges 2 to 5, 7, 9. Links (D17) are [`super::charge_links`]. A repeated document or transaction id
//! (CH.07) is turned down at the door, for every process alike.

mod acting;
mod decide;
mod events;
mod new_charge;
pub mod past;
mod query;
pub mod record;
mod reply;
mod request;
pub mod rules;
pub mod state;
pub mod view;
mod world;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::charge_documents::transaction_ids;
use crate::process::{Context, Decision, Incoming, Request};
use crate::record::{Facts, Key, Needs};

pub use new_charge::{NewCharge, OWNER_ROLES, Wanted, document_id};
pub use query::{REJECT_QUERY, REQUEST_PRICE_LIST, RequestPriceList};
pub use reply::{CONFIRM, NOTIFY, REJECT};
pub use request::{Asked, Information, Operation, Point, RequestChangeOfPriceList, Series};
pub use state::{Charge, ChargeIdentity, MasterData, PricePoint};
pub use world::{ChargeTable, PeriodTable, PricesTable};

/// RSM-033.
pub const REQUEST_CHANGE_OF_PRICE_LIST: Incoming = Incoming {
    name: "RequestChangeOfPriceList",
    namespace: "urn:ediel.org:structure:requestchangeofpricelist:0:1",
    routes: &["requestchangeofpricelist", "requestchangepricelist"],
    roles: &[ActorRole::GridAccessProvider, ActorRole::TransmissionSystemOperator, ActorRole::SystemOperator],
    reader: request::reader,
};

/// What this process leaves to configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Effective dates that charge information (D18) may have.
    pub information_effective: EffectiveWindow,
    /// Effective dates that prices (D08) may have.
    pub prices_effective: EffectiveWindow,
    /// ISO 4217 code of the currency that prices are in; no document names it.
    pub currency: String,
}

/// From local midnight so many days after today, to local midnight so many days after today, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectiveWindow {
    /// Negative for days in the past.
    pub lower_days: i32,
    pub upper_days: i32,
}

/// The market once meant changes to be announced 31 days ahead (+31) and never put that into force: charges 3.6.
impl Default for EffectiveWindow {
    fn default() -> Self {
        Self { lower_days: -720, upper_days: 1_095 }
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            information_effective: EffectiveWindow::default(),
            prices_effective: EffectiveWindow::default(),
            currency: "DKK".into(),
        }
    }
}

impl Request for RequestChangeOfPriceList {
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
