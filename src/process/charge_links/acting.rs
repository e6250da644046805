//! Whom an operation on a link is judged for: its sender, or the owner of the charge where the sender acts for it.

use super::decide::OWNER_ROLES;
use super::request::{Operation, RequestChangeBillingMasterData};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::charge_documents::sender;
use crate::process::delegations::{self, Process, Sender};
use crate::process::participants::{self, Participant};
use crate::process::{Context, metering_points};
use crate::record::{Facts, Needs};

/// What the owner of a charge delegates to have another link it.
const PROCESS: Process = Process::IncomingBillingMasterData;

/// Whose it is to make an operation, as far as it can be made for another: the charge's owner, in the role that the header
/// names.
fn owner_of(request: &RequestChangeBillingMasterData, operation: &Operation) -> Option<Party> {
    let role = sender(&request.header)?.role;
    OWNER_ROLES.contains(&role).then(|| Party { number: ActorNumber::new(&*operation.owner), role })
}

/// What [`sent_for`] must know besides the sender and the owner.
pub fn needs_more(request: &RequestChangeBillingMasterData, facts: &Facts, context: &Context) -> Needs {
    let (true, Some(sender)) = (delegations::any(facts), sender(&request.header)) else { return Needs::default() };
    request.operations.iter().filter(|operation| operation.charge_type.is_some()).fold(
        Needs::default(),
        |needs, operation| {
            let point = metering_points::metering_point(facts, &operation.point());
            let Some((point, owner)) = point.zip(owner_of(request, operation)) else { return needs };
            needs.and(delegations::sender_needs(facts, &sender, &owner, (PROCESS, &point.grid_area), context))
        },
    )
}

/// The owner of the charge, where the sender acts for it in the metering point's grid area; and whether the sender is a
/// delegated party that nobody lets. Needs: [`needs_more`], and the owner.
pub fn sent_for(
    request: &RequestChangeBillingMasterData,
    operation: &Operation,
    grid_area: Option<&str>,
    facts: &Facts,
    context: &Context,
) -> (Option<Participant>, bool) {
    let Some(sender) = sender(&request.header) else { return (None, false) };
    let owner = owner_of(request, operation).filter(|_| grid_area.is_some());
    let what = (PROCESS, grid_area.unwrap_or_default());
    let Sender { party, is_stranger } = delegations::sender_for(facts, &sender, owner.as_ref(), what, context);
    let acts = !is_stranger && (party != sender || context.caller.role == ActorRole::Delegated);
    (acts.then(|| participants::participant(facts, context.pack(), &party)).flatten(), is_stranger)
}
