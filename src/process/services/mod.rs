//! Services: a supplier asks the grid company for work at a metering point, through the hub and back.
//!
//! **Parties.** The current supplier (DDQ) asks; the grid company of the area (DDM) does the work or declines.
//!
//! **Documents.** RequestService (RSM-020), as a service of its own (D22) or because a supply ends (E20). The hub forwards it
//! to the grid company under an id of its own, or answers with RejectRequestService. The grid company's ConfirmRequestService
//! or RejectRequestService names that id; its verdict, its reasons and its words go on to the supplier as they came. An answer
//! to nothing that is open is acknowledged as wrong (RSM-009), and the service goes on waiting.
//!
//! **Cancellation.** Until the grid company has answered, the supplier may take its request back (RequestCancellation, D22);
//! the grid company is sent NotifyCancellation.
//!
//! **What is kept.** Who asked whom for what, and what became of it ([`service`]). Nothing is done about it here: a service
//! changes nothing in the hub's own books.
//!
//! Source: market-roles 2.13, 2.4.2, 4.8, 4.9.

mod answer;
mod decide;
mod rules;
pub mod service;

#[cfg(test)]
mod tests;

pub use service::{Service, State};

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::market_documents::answers::{
    ConfirmRequestService, RejectRequestService, ServiceConfirmed, ServiceRejected,
};
use crate::process::market_documents::reader;
use crate::process::market_documents::requests;
use crate::process::{Context, Decision, Incoming, Request};
use crate::record::{Facts, Key, Needs};

/// RSM-020.
pub const REQUEST_SERVICE: Incoming = Incoming {
    name: "RequestService",
    namespace: "urn:ediel.org:structure:requestservice:0:1",
    routes: &["requestservice"],
    roles: &[ActorRole::EnergySupplier, ActorRole::GridAccessProvider],
    reader: reader::<requests::Service>,
};

/// RSM-020, from the grid company.
pub const CONFIRM_REQUEST_SERVICE: Incoming = Incoming {
    name: "ConfirmRequestService",
    namespace: "urn:ediel.org:structure:confirmrequestservice:0:1",
    routes: &["confirmrequestservice"],
    roles: &[ActorRole::GridAccessProvider],
    reader: reader::<ServiceConfirmed>,
};

/// RSM-020, from the grid company.
pub const REJECT_REQUEST_SERVICE: Incoming = Incoming {
    name: "RejectRequestService",
    namespace: "urn:ediel.org:structure:rejectrequestservice:0:1",
    routes: &["rejectrequestservice"],
    roles: &[ActorRole::GridAccessProvider],
    reader: reader::<ServiceRejected>,
};

impl Request for ConfirmRequestService {
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

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        answer::decide(&self.header, CONFIRM_REQUEST_SERVICE.name, &answer::confirmations(self), facts, context)
    }
}

impl Request for RejectRequestService {
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

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        answer::decide(&self.header, REJECT_REQUEST_SERVICE.name, &answer::rejections(self), facts, context)
    }
}
