//! A supplier's installation accounts: one page for each partner and point of consumption, whoever delivered the data.
//!
//! **Parties.** The hub is the supplier itself. Its integrations (ERP and billing systems, energy suppliers by role, DDQ)
//! deliver what they know; the supplier's own queue gets every account as it changes.
//!
//! **Documents.** Six requests, each with upserts: business partner, connection object, installation with its time
//! slices, contract account, billing contract, prospect account. Each record is confirmed with what became of it, or
//! rejected with the rules that it broke. NotifyInstallationAccount holds whole accounts after each effective change.
//!
//! **The central method** ([`assign`]) runs whenever a billing contract arrives, and again when something arrives that the
//! contract waits for: it finds the account that the contract belongs to, or makes one. So deliveries may come in any
//! order. It is one method, whoever sent the data.
//!
//! **Time.** What an account shows can become wrong in two ways: something that it is linked to changes, or a date
//! passes. Both are noted when they become known: a change under the entity that changed, a date under the account that
//! it concerns. The first timer ([`mark`]) follows these notes and marks accounts; the second ([`update`]) works the marks
//! off. Neither ever looks at an account that is not due. Each run is a chain of timers at one instant, a page and a
//! commit each, so a crash loses at most a page and the run goes on where it stopped. A run is only set for an instant at
//! which something is due: the first end of an interval at or after it.
//!
//! **Turns.** Documents take turns on the entities that they deliver and those that they name, so what is about other partners,
//! installations and contracts goes ahead beside them. A sync id is a running number: a document that turns out to make an
//! account takes its turn on one record besides, the [register](record::register_key), which hands it out, and so do the runs.
//! What stands under an entity has a guard of its own ([`record`]): a delivery sees the contract that began to wait meanwhile,
//! and a contract the entity that arrived.
//!
//! Source: installation-accounts.

mod account;
mod assign;
mod book;
mod commands;
mod decide;
mod deliver;
mod derive;
mod entity;
mod events;
mod files;
mod mark;
mod pack;
mod record;
mod reply;
mod request;
pub mod rules;
mod update;
pub mod view;
mod waiting;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::charge_documents::transaction_ids;
use crate::process::{Context, Decision, Incoming, Request};
use crate::record::{Facts, Key, Needs};

pub use account::{Account, Assignment, Mark, Reason, Shown, Standing, Status, ValueName, sync_id};
pub use entity::{
    Address, BillingContract, BusinessPartner, ConnectionObject, Contact, ContractAccount, Division, Entity, EntityKey,
    EntityKind, Installation, MeteringProcedure, PartnerKind, Prospect, TimeSlice,
};
pub use mark::{MARK, by_hand_needs, mark_now};
use pack::settings;
pub use pack::{PACK, Sections};
pub use record::Unreadable;
pub use reply::{CONFIRM, NOTIFY, REJECT};
pub use request::{DeliverEntities, Delivery};
pub use update::{UPDATE, update_now};
pub use waiting::ASSIGN;

pub const REQUEST_CHANGE_BUSINESS_PARTNER: Incoming = Incoming {
    name: "RequestChangeBusinessPartner",
    namespace: "urn:gridpost:supplier:requestchangebusinesspartner:1:0",
    routes: &["requestchangebusinesspartner"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::BusinessPartner),
};

pub const REQUEST_CHANGE_CONNECTION_OBJECT: Incoming = Incoming {
    name: "RequestChangeConnectionObject",
    namespace: "urn:gridpost:supplier:requestchangeconnectionobject:1:0",
    routes: &["requestchangeconnectionobject"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::ConnectionObject),
};

pub const REQUEST_CHANGE_INSTALLATION: Incoming = Incoming {
    name: "RequestChangeInstallation",
    namespace: "urn:gridpost:supplier:requestchangeinstallation:1:0",
    routes: &["requestchangeinstallation"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::Installation),
};

pub const REQUEST_CHANGE_CONTRACT_ACCOUNT: Incoming = Incoming {
    name: "RequestChangeContractAccount",
    namespace: "urn:gridpost:supplier:requestchangecontractaccount:1:0",
    routes: &["requestchangecontractaccount"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::ContractAccount),
};

pub const REQUEST_CHANGE_BILLING_CONTRACT: Incoming = Incoming {
    name: "RequestChangeBillingContract",
    namespace: "urn:gridpost:supplier:requestchangebillingcontract:1:0",
    routes: &["requestchangebillingcontract"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::BillingContract),
};

pub const REQUEST_CHANGE_PROSPECT_ACCOUNT: Incoming = Incoming {
    name: "RequestChangeProspectAccount",
    namespace: "urn:gridpost:supplier:requestchangeprospectaccount:1:0",
    routes: &["requestchangeprospectaccount"],
    roles: &[ActorRole::EnergySupplier],
    reader: || request::reader(EntityKind::ProspectAccount),
};

/// What this process leaves to configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub on_malo_match: OnMaloMatch,
    /// Accounts are marked at the whole multiples of this many seconds at which something is due; at least 1.
    pub mark_interval_seconds: u32,
    /// Marked accounts are updated at whole multiples of this many seconds; at least 1.
    pub update_interval_seconds: u32,
}

/// What happens to an installation at whose market location its partner has an account already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMaloMatch {
    /// It is assigned to that account.
    #[default]
    Link,
    /// It gets an account of its own.
    Create,
}

impl Default for Settings {
    fn default() -> Self {
        Self { on_malo_match: OnMaloMatch::Link, mark_interval_seconds: 900, update_interval_seconds: 900 }
    }
}

/// The entity itself, and what it names that the central method looks at.
fn named(entity: &Entity) -> impl Iterator<Item = EntityKey> {
    let other = |kind, number: &Option<String>| number.as_ref().map(|number| EntityKey::new(kind, number));
    let others = match entity {
        Entity::BillingContract(it) => [
            other(EntityKind::ContractAccount, &it.contract_account),
            other(EntityKind::Installation, &it.installation),
        ],
        Entity::Prospect(it) => [Some(EntityKey::new(EntityKind::BusinessPartner, &it.partner)), None],
        _ => [None, None],
    };
    std::iter::once(entity.key()).chain(others.into_iter().flatten())
}

impl Request for DeliverEntities {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        transaction_ids(self.deliveries.iter().map(|delivery| &delivery.transaction_id))
    }

    fn turns(&self) -> Vec<Key> {
        let named = self.deliveries.iter().flat_map(|it| named(&it.entity));
        named.map(|it| record::entity_key(&it)).collect::<BTreeSet<_>>().into_iter().collect()
    }

    fn turns_more(&self, facts: &Facts, context: &Context) -> Vec<Key> {
        decide::turns(self, facts, context).into_iter().collect()
    }

    fn needs(&self, context: &Context) -> Needs {
        decide::needs(self, &Facts::default(), context)
    }

    fn needs_more(&self, facts: &Facts, context: &Context) -> Needs {
        decide::needs(self, facts, context)
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        decide::decide(self, facts, context)
    }
}
