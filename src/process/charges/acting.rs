//! Whom an operation on a charge is judged for: its sender, or the owner of the charge where the sender acts for it.

use super::request::{Operation, RequestChangeOfPriceList};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::Context;
use crate::process::charge_documents::sender;
use crate::process::delegations::{self, Process, Sender};
use crate::process::participants::{self, Participant};
use crate::record::{Facts, Needs};

/// What a grid company delegates to have its price list changed by another.
const PROCESS: Process = Process::IncomingPriceList;

/// Whom the operations on a charge are judged for.
pub struct Sent {
    pub sender: Option<Participant>,
    /// Whether that is the owner of the charge.
    pub is_owners: bool,
    /// Whether it is a delegated party that may not act for the owner.
    pub is_stranger: bool,
}

/// Whether the sender is the owner itself.
pub fn is_senders(request: &RequestChangeOfPriceList, operation: &Operation) -> bool {
    operation.owner == request.header.sender_number
}

/// Whose it is to change a charge, as far as it can be done for another: a grid company's that owns it.
fn owner_of(request: &RequestChangeOfPriceList, operation: &Operation) -> Option<Party> {
    let role = ActorRole::GridAccessProvider;
    let number = ActorNumber::new(&*operation.owner);
    (request.header.sender_role == role.code()).then_some(Party { number, role })
}

/// What [`sent_for`] must know besides the sender.
pub fn needs_more(
    request: &RequestChangeOfPriceList,
    operation: &Operation,
    facts: &Facts,
    context: &Context,
) -> Needs {
    let Some((sender, owner)) = sender(&request.header).zip(owner_of(request, operation)) else {
        return Needs::default();
    };
    delegations::sender_of_all_needs(facts, &sender, &owner, PROCESS, context)
}

/// Needs: [`needs_more`], until it names nothing new.
pub fn sent_for(request: &RequestChangeOfPriceList, operation: &Operation, facts: &Facts, context: &Context) -> Sent {
    let is_own = is_senders(request, operation);
    let Some(sender) = sender(&request.header) else {
        return Sent { sender: None, is_owners: is_own, is_stranger: false };
    };
    let owner = owner_of(request, operation);
    let Sender { party, is_stranger } = delegations::sender_for_all(facts, &sender, owner.as_ref(), PROCESS, context);
    let is_owners = is_own || party != sender;
    Sent { sender: participants::participant(facts, context.pack(), &party), is_owners, is_stranger }
}
