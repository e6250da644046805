//! Reallocation: a move or a change of supplier that has taken effect turns out to be wrong, and is undone.
//!
//! **Parties.** The supplier (DDQ) that reported the move, or took over, asks; the supplier before it agrees or does not; the
//! grid company (DDM) is told.
//!
//! **Documents.** RequestReallocateChangeOfSupplier (RSM-003): an incorrect move (D33), or an incorrect change of supplier
//! (D07). It names the metering point and the effective date of what was wrong, nothing else. The hub forwards it to the former
//! supplier under an id of its own, which the former supplier's ConfirmRequestReallocateChangeOfSupplier or
//! RejectRequestReallocateChangeOfSupplier names; an answer to nothing that is open is acknowledged as wrong (RSM-009). Where
//! nobody supplied before, or the same supplier did, it is carried out at once. The requester is sent a confirmation, or a
//! rejection with the former supplier's reasons.
//!
//! **Carried out**, the requester hears that its supply ends (D34), the former supplier that its own goes on (D36), with the
//! metering point's and the customer's data, and the grid company that it was done (D07, D33). **Refused**, the requester hears
//! that it goes on supplying (D35).
//!
//! **While it runs** every other process that is pending at the accounting point is suspended, and new ones are refused (D07).
//! When it is over they go on; those whose day has come take effect as of it.
//!
//! **Deadlines.** How old the mistake may be, how long the former supplier may take, and what its silence means are settings.
//!
//! Source: market-roles 2.7, 2.8, 2.14, 4.8.

mod answer;
mod decide;
mod rules;
mod undo;

#[cfg(test)]
pub mod tests;

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::market_documents::answers::{
    ConfirmRequestReallocateChangeOfSupplier, ReallocationConfirmed, ReallocationRejected,
    RejectRequestReallocateChangeOfSupplier,
};
use crate::process::market_documents::reader;
use crate::process::market_documents::requests::Reallocation;
use crate::process::{Context, Decision, Incoming, Request};
use crate::record::{Facts, Key, Needs};

/// RSM-003.
pub const REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER: Incoming = Incoming {
    name: "RequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:requestreallocatechangeofsupplier:0:1",
    routes: &["requestreallocatechangeofsupplier"],
    roles: &[ActorRole::EnergySupplier],
    reader: reader::<Reallocation>,
};

/// RSM-003, from the former supplier.
pub const CONFIRM_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER: Incoming = Incoming {
    name: "ConfirmRequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:confirmrequestreallocatechangeofsupplier:0:1",
    routes: &["confirmrequestreallocatechangeofsupplier"],
    roles: &[ActorRole::EnergySupplier],
    reader: reader::<ReallocationConfirmed>,
};

/// RSM-003, from the former supplier.
pub const REJECT_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER: Incoming = Incoming {
    name: "RejectRequestReallocateChangeOfSupplier",
    namespace: "urn:ediel.org:structure:rejectrequestreallocatechangeofsupplier:0:1",
    routes: &["rejectrequestreallocatechangeofsupplier"],
    roles: &[ActorRole::EnergySupplier],
    reader: reader::<ReallocationRejected>,
};

impl Request for ConfirmRequestReallocateChangeOfSupplier {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        self.records.iter().map(|record| &*record.answered.transaction_id).collect()
    }

    fn turns(&self) -> Vec<Key> {
        answer::turns(&answer::confirmations(self))
    }

    fn needs(&self, _context: &Context) -> Needs {
        answer::needs(&answer::confirmations(self))
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        answer::needs_more(&answer::confirmations(self), facts)
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let document = CONFIRM_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER.name;
        answer::decide(&self.header, document, &answer::confirmations(self), facts, context)
    }
}

impl Request for RejectRequestReallocateChangeOfSupplier {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        self.records.iter().map(|record| &*record.answered.transaction_id).collect()
    }

    fn turns(&self) -> Vec<Key> {
        answer::turns(&answer::rejections(self))
    }

    fn needs(&self, _context: &Context) -> Needs {
        answer::needs(&answer::rejections(self))
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        answer::needs_more(&answer::rejections(self), facts)
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let document = REJECT_REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER.name;
        answer::decide(&self.header, document, &answer::rejections(self), facts, context)
    }
}
