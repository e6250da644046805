//! Whom a request is judged for: whoever sent it, or the participant that let the sender act for it.

use super::{Process, any, is_delegate, may_act, may_be_delegate, needs_of};
use crate::document::{Header, Outgoing};
use crate::market::{ActorRole, Party};
use crate::process::{Context, metering_points, participants};
use crate::record::{Facts, Needs};

/// Who a record is sent for, in one process and one grid area.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The record is judged as if this one had sent it.
    pub party: Party,
    /// Whether the caller runs nothing of its own and may not act for whom it would have to: whatever the header says, the
    /// record is nobody's.
    pub is_stranger: bool,
}

/// What [`sender_for`] must know, once it is known whose it is to send the record; nothing where nothing was ever delegated.
pub fn sender_needs(
    facts: &Facts,
    sender: &Party,
    original: &Party,
    what: (Process, &str),
    context: &Context,
) -> Needs {
    let acts =
        may_be_delegate(context.caller.role) && (original != sender || context.caller.role == ActorRole::Delegated);
    if !any(facts) || !acts {
        return Needs::default();
    }
    needs_of(original, what.0, what.1).and(participants::needs_of(context.pack(), original))
}

/// Whom a record is judged for. `sender` is whom the header names; `original` is whose it is to send the record, if anybody's.
/// Needs: [`super::needs_of_any`] and [`sender_needs`].
pub fn sender_for(
    facts: &Facts,
    sender: &Party,
    original: Option<&Party>,
    what: (Process, &str),
    context: &Context,
) -> Sender {
    let acts_for = |original: &&Party| may_act(facts, &context.caller, original, what.0, what.1, context.now);
    match original.filter(acts_for) {
        Some(original) => Sender { party: original.clone(), is_stranger: false },
        None => Sender { party: sender.clone(), is_stranger: context.caller.role == ActorRole::Delegated },
    }
}

/// [`sender_needs`], where a record is about no grid area: about all that `original` runs.
pub fn sender_of_all_needs(
    facts: &Facts,
    sender: &Party,
    original: &Party,
    process: Process,
    context: &Context,
) -> Needs {
    let areas = metering_points::grid_areas_of(facts, &original.number);
    let needs = sender_needs(facts, sender, original, (process, ""), context);
    if needs == Needs::default() {
        return needs;
    }
    areas.iter().fold(needs.and(metering_points::needs_of_grid_areas()), |needs, area| {
        needs.and(needs_of(original, process, area))
    })
}

/// [`sender_for`], where a record is about no grid area: only who may act in every area that `original` runs acts for it.
/// Needs: [`super::needs_of_any`] and [`sender_of_all_needs`].
pub fn sender_for_all(
    facts: &Facts,
    sender: &Party,
    original: Option<&Party>,
    process: Process,
    context: &Context,
) -> Sender {
    let areas = original.map(|original| metering_points::grid_areas_of(facts, &original.number)).unwrap_or_default();
    let senders = areas.iter().map(|area| sender_for(facts, sender, original, (process, area), context));
    let acts = |it: &Sender| !it.is_stranger && Some(&it.party) == original;
    let nobody = sender_for(facts, sender, None, (process, ""), context);
    match senders.reduce(|one, other| if acts(&one) { other } else { one }) {
        Some(acting) if acts(&acting) => acting,
        _ => nobody,
    }
}

/// Whether a caller may send a document in the role that its header names although that is not the caller's own: a delegate
/// uses the role of whoever it acts for. Whom it may act for is judged later, record by record.
///
/// Needs: [`super::needs_of_any`].
pub fn may_send_as(facts: &Facts, caller: &Party, document: &str, header: &Header) -> bool {
    let Some((_, roles)) = Process::of_incoming(document) else { return false };
    let is_one = caller.role == ActorRole::Delegated || may_be_delegate(caller.role) && is_delegate(facts, caller);
    is_one && ActorRole::from_code(&header.sender_role).is_some_and(|role| roles.contains(&role))
}

/// An answer to the caller, whom its header names in the role of whoever the caller acts for: it waits where the caller
/// fetches its post.
pub fn answering(answer: Outgoing, context: &Context) -> Outgoing {
    if answer.receiver.number == context.caller.number { answer.for_queue_of(&context.caller) } else { answer }
}
