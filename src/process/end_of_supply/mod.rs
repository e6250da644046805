//! End of supply and move-out: what a RequestEndOfSupply asks for.
//!
//! **Parties.** The energy supplier (DDQ) whose supply ends asks; the hub answers; the grid company (DDM) is told.
//!
//! **Documents.** RequestEndOfSupply (RSM-005), by its business reason: the supplier ends the contract (E20), or its customer
//! moves out (E66). It is answered with ConfirmRequestEndOfSupply and RejectRequestEndOfSupply; records stand alone. Once
//! confirmed, a GenericNotification goes to the grid company; when a customer has moved out, the grid company is sent the
//! customer's data, which then name nobody.
//!
//! **What overtakes an end.** A change of supplier or a move-in on its day or before it: the supply goes on with another. The
//! grid company then hears that nobody is to be disconnected (D41). An end of supply may be asked for while a change before it
//! is pending, as long as that change can still be cancelled; both stand until the change takes effect.
//!
//! **A move-out** ends the supply too, unless the market has it otherwise; and unless somebody moves in on the same day: then
//! the supply passes to the supplier of that move-in.
//!
//! **Cancellation** (RequestCancellation, E20 and E66) until 72 hours before the day; the grid company hears that the supply
//! goes on (D36).
//!
//! Deadlines are settings, dates local midnights. How the processes go on stands with their kin
//! ([`super::change_of_supplier`]).
//!
//! Source: market-roles 2.4, 2.6, 2.14.

mod decide;
mod rules;

#[cfg(test)]
mod tests;

use crate::market::ActorRole;
use crate::process::Incoming;
use crate::process::market_documents::reader;
use crate::process::market_documents::requests::EndOfSupply;

/// RSM-005.
pub const REQUEST_END_OF_SUPPLY: Incoming = Incoming {
    name: "RequestEndOfSupply",
    namespace: "urn:ediel.org:structure:requestendofsupply:0:1",
    routes: &["requestendofsupply"],
    roles: &[ActorRole::EnergySupplier],
    reader: reader::<EndOfSupply>,
};
