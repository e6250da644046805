//! Queries for master data: what is known of a metering point and its customers, at a time.
//!
//! **Parties.** An energy supplier (DDQ) or a grid company (DDM) asks; the hub answers.
//!
//! **Documents.** RequestAccountingPointCharacteristics (RSM-006, E0G) is answered with AccountingPointCharacteristics
//! (RSM-023) and CharacteristicsOfACustomerAtAnAP (RSM-029), each record of which names the one that it answers, or with
//! RejectRequestAccountingPointCharacteristics. There is no confirmation.
//!
//! **What is seen.** The grid company of the area sees all of the time that it asks for, a supplier what lies within its own
//! supplies, those to come included. Without a start the answer is how things stand today, or on the first day of a supply
//! to come. With one it has a record for the start, and one for every later day on which something changes.
//!
//! **On behalf of another.** A grid company or a delegated party may ask on behalf of whom its record names, if that one lets it
//! in the grid area ([`super::delegations`]): it is told what that one would be told. A delegated party that names nobody asks
//! for whoever runs the grid area.
//!
//! Source: market-roles 2.13, 4.7, 4.8.

mod answer;
mod decide;
mod rules;

#[cfg(test)]
mod tests;

use crate::market::ActorRole;
use crate::process::Incoming;
use crate::process::market_documents::reader;
use crate::process::market_documents::requests::MasterDataQuery;

/// RSM-006.
pub const REQUEST_ACCOUNTING_POINT_CHARACTERISTICS: Incoming = Incoming {
    name: "RequestAccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:requestaccountingpointcharacteristics:0:1",
    routes: &["requestaccountingpointcharacteristics"],
    roles: &[ActorRole::EnergySupplier, ActorRole::GridAccessProvider],
    reader: reader::<MasterDataQuery>,
};
