//! Cancellation: whoever has asked for a change that has not happened yet takes it back.
//!
//! **Parties.** The supplier (DDQ) that sent the request; nobody else may.
//!
//! **Documents.** RequestCancellation (RSM-024) names the metering point and the sender's own transaction id of the request
//! that it withdraws; its business reason says of which kind that was: E03 also withdraws a request made with D30, E65 one
//! made with D21 or D29. It is answered with ConfirmRequestCancellation or RejectRequestCancellation. Whoever had been told
//! of the change already is sent NotifyCancellation.
//!
//! **Deadlines.** A change of supplier may be cancelled until 72 hours before its effective date, the instant at which the
//! current supplier is told, and so are an end of supply (E20) and a move-out (E66), of which the grid company hears that the
//! supply goes on; a move-in and a change of balance responsible party until the effective date itself.
//!
//! A request for a service (D22, whatever its own reason was) may be withdrawn until the grid company has answered.
//!
//! Source: market-roles 2.3, 2.4.4, 2.5.5, 2.10, 4.8.

mod decide;
mod rules;

#[cfg(test)]
mod tests;

use crate::market::ActorRole;
use crate::process::Incoming;
use crate::process::market_documents::reader;
use crate::process::market_documents::requests::Cancellation;

/// RSM-024.
pub const REQUEST_CANCELLATION: Incoming = Incoming {
    name: "RequestCancellation",
    namespace: "urn:ediel.org:structure:requestcancellation:0:1",
    routes: &["requestcancellation"],
    roles: &[ActorRole::EnergySupplier, ActorRole::GridAccessProvider],
    reader: reader::<Cancellation>,
};
