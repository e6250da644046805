//! Metering points: they are created, changed, connected, disconnected, and closed down.
//!
//! **Parties.** The grid company of the area (DDM) asks; the system operator (EZ) says who is obliged to produce. The hub
//! answers, and tells whoever supplies the metering point, or is to, what has changed.
//!
//! **Documents.** RequestChangeAccountingPointCharacteristics (RSM-021), whose business reason says what is asked for; a
//! confirmation or a rejection for each record, all of them judged in order, so that a parent and its child may come in one
//! document; AccountingPointCharacteristics (RSM-022) to suppliers.
//!
//! | Reason | What happens | State |
//! |---|---|---|
//! | E02 | it is created, with its accounting point, which nobody supplies yet | New |
//! | E32, E67, E75 | its master data are changed; what was left out stays | |
//! | D15 | it is connected | New → Connected |
//! | E79 | it is disconnected or connected again | Connected ↔ Disconnected |
//! | D14 | it is closed down on the day: a timer; whatever is pending there is cancelled at once | → ClosedDown |
//! | D39 | it is, or ceases to be, obliged to produce | |
//!
//! **Delegation.** Another may change metering points for a grid company that lets it, grid area by grid area: its records are
//! judged as the grid company's, and it has the answers ([`super::delegations`]).
//!
//! **Rules.** [`rules`]; the table of what a type must have is [`rules::matrix`]. There are two profiles ([`Profile`]): what the
//! market's systems ask, and what its written list asks besides.
//!
//! **Days.** A change makes a version from its day on; each rule looks at what is so on the day that it is about. An update that
//! changes later versions too is held to the rules on their days as well ([`later`]), and suppliers hear of each of them.
//!
//! Source: metering-points, market-roles 2.13 and 2.14.

mod close;
mod decide;
mod family;
mod later;
mod notify;
mod obligation;
pub mod rules;
mod settings;
mod standing;
mod states;
mod write;

#[cfg(test)]
mod tests;

pub use close::CLOSE_DOWN;
pub use settings::{Profile, Settings};

use crate::document::Header;
use crate::market::ActorRole;
use crate::process::market_documents::metering_point::{
    MeteringPointCharacteristics, RequestChangeAccountingPointCharacteristics,
};
use crate::process::market_documents::reader;
use crate::process::{Context, Decision, Incoming, Request};
use crate::record::{Facts, Key, Needs};

/// RSM-021.
pub const REQUEST_CHANGE_ACCOUNTING_POINT_CHARACTERISTICS: Incoming = Incoming {
    name: "RequestChangeAccountingPointCharacteristics",
    namespace: "urn:ediel.org:structure:requestchangeaccountingpointcharacteristics:0:1",
    routes: &["requestchangeaccountingpointcharacteristics", "requestchangeofaccountingpointcharacteristics"],
    roles: &[ActorRole::GridAccessProvider, ActorRole::SystemOperator],
    reader: reader::<MeteringPointCharacteristics>,
};

impl Request for RequestChangeAccountingPointCharacteristics {
    fn header(&self) -> &Header {
        &self.header
    }

    fn transaction_ids(&self) -> Vec<&str> {
        self.records.iter().map(|record| &*record.transaction_id).collect()
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
