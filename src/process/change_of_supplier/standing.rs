//! How a supplier stands in the register of participants.

use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::{Pack, participants};
use crate::record::{Facts, Needs};

/// What the register of participants says about the supplier of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Live,
    /// Registered, but not active, or in another role.
    NotActive,
    Unknown,
}

/// Everything that [`of`] looks at.
pub fn needs(pack: Pack, number: &ActorNumber) -> Needs {
    ActorRole::all().fold(Needs::default(), |needs, role| {
        needs.and(participants::needs_of(pack, &Party { number: number.clone(), role }))
    })
}

/// Needs: [`needs`].
pub fn of(facts: &Facts, pack: Pack, number: &ActorNumber) -> Standing {
    let found = |role| participants::participant(facts, pack, &Party { number: number.clone(), role });
    match found(ActorRole::EnergySupplier) {
        Some(participant) if participant.is_live() => Standing::Live,
        Some(_) => Standing::NotActive,
        None if ActorRole::all().any(|role| found(role).is_some()) => Standing::NotActive,
        None => Standing::Unknown,
    }
}
