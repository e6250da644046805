//! Customer master data: who the customers of an accounting point are, and how to reach them.
//!
//! **Parties.** The current supplier (DDQ) tells what has changed; a supplier that takes over, or with which a customer moves
//! in, completes what it has asked for. A grid company (DDM) proposes a contact address.
//!
//! **Documents.** RequestChangeCustomerCharacteristics (RSM-027), by its business reason: an update (E34); the completion of
//! a change of supplier (E03, D30) or of a move-in (E65, D21, D29); a contact address (D28). It is answered with
//! ConfirmRequestChangeCustomerCharacteristics and RejectRequestChangeCustomerCharacteristics; records stand alone.
//!
//! **What is kept.** A document tells everything that is known of the customers from its start date on, and replaces what was
//! known of that time: what it leaves out is not known any more, but for the first customer's number, which stays. It is kept
//! as a version ([`super::accounting_points::customer_data`]). Another first customer is a move and not an update, unless
//! the old number stood for one that was not known. Of a contact address nothing is kept.
//!
//! **What is sent.** Behind the confirmation CharacteristicsOfACustomerAtAnAP (RSM-028), for the same reason: to the grid
//! company, and to whoever is to supply these customers one day; a contact address to the current supplier, which decides
//! what to do with it.
//!
//! **Dates.** Local midnights. Without a start date an update holds from today on, a completion from the day of what it
//! completes. How far away a start may lie is a setting.
//!
//! Source: market-roles 2.11, 2.12, 4.7.

mod contact;
mod decide;
mod forward;
mod rules;

#[cfg(test)]
mod tests;

use crate::market::ActorRole;
use crate::process::Incoming;
use crate::process::market_documents::customers::CustomerCharacteristics;
use crate::process::market_documents::reader;

/// RSM-027.
pub const REQUEST_CHANGE_CUSTOMER_CHARACTERISTICS: Incoming = Incoming {
    name: "RequestChangeCustomerCharacteristics",
    namespace: "urn:ediel.org:structure:requestchangecustomercharacteristics:0:1",
    routes: &["requestchangecustomercharacteristics"],
    roles: &[ActorRole::EnergySupplier, ActorRole::GridAccessProvider],
    reader: reader::<CustomerCharacteristics>,
};
