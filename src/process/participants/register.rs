//! Registering participants, and replacing what was known about them.

use std::collections::BTreeMap;

use super::state::needs_of_external_id;
use super::{Participant, record};
use crate::market::{ActorNumber, Party};
use crate::process::Pack;
use crate::record::{Change, Facts, Needs};

/// An external id stands for one number, in however many roles and markets: a token says nothing else of whom it speaks for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "register {number}: the external id {external_id:?} is that of {holder}, and tokens with it speak for one number; take \
     it from {holder} first, or name another"
)]
pub struct ExternalIdTaken {
    pub number: ActorNumber,
    pub external_id: String,
    pub holder: ActorNumber,
}

/// What [`register`] must know first.
pub fn register_needs(participants: &[Participant]) -> Needs {
    let keys = participants.iter().map(|participant| record::key(participant.pack, &participant.party));
    let needs = keys.fold(Needs::default().key(record::owner_key()), Needs::key);
    let external_ids = participants.iter().filter_map(|participant| participant.external_id.as_ref());
    external_ids.fold(needs, |needs, external_id| needs.and(needs_of_external_id(external_id)))
}

/// What a change of the registry writes that concerns no participant: whoever looked at all of it looks again.
pub fn touched(facts: &Facts) -> Change {
    let earlier = facts.get(&record::owner_key()).map_or(0, |entry| record::read_owner(&entry.value));
    Change::Put(record::owner_key(), record::write_owner(earlier + 1))
}

/// Registers `participants` or replaces what is known about them; of two entries for one party in one pack the later one
/// counts.
///
/// Nobody is ever removed from the registry: who leaves becomes [`super::Status::Deleted`]. By the end of it no external id
/// stands for two numbers; otherwise nothing is registered.
pub fn register(facts: &Facts, participants: &[Participant]) -> Result<Vec<Change>, ExternalIdTaken> {
    let participants: BTreeMap<(Pack, &Party), &Participant> =
        participants.iter().map(|it| ((it.pack, &it.party), it)).collect();
    if participants.is_empty() {
        return Ok(Vec::new());
    }
    one_number_each(facts, &participants)?;
    let mut changes = Vec::new();
    for ((pack, party), participant) in participants {
        let key = record::key(pack, party);
        let before = facts.get(&key).map(|entry| record::read(pack, party.clone(), &entry.value));
        if let Some(left) = before.and_then(|before| before.external_id)
            && participant.external_id.as_ref() != Some(&left)
        {
            changes.push(Change::Delete(record::external_key(pack, &left, party)));
        }
        if let Some(external_id) = &participant.external_id {
            changes.push(Change::Put(record::external_key(pack, external_id, party), record::write_external(party)));
        }
        changes.push(Change::Put(key, record::write(participant)));
    }
    changes.push(touched(facts));
    Ok(changes)
}

/// Whether each external id stands for one number once these participants are registered as they are here.
fn one_number_each(
    facts: &Facts,
    participants: &BTreeMap<(Pack, &Party), &Participant>,
) -> Result<(), ExternalIdTaken> {
    let mut holders: BTreeMap<&str, ActorNumber> = BTreeMap::new();
    for ((_, party), participant) in participants {
        let Some(external_id) = participant.external_id.as_deref() else { continue };
        let holder = holders.entry(external_id).or_insert_with(|| {
            let stays = |pack, it: &Party| !participants.contains_key(&(pack, it));
            let known = Pack::all().flat_map(|pack| {
                let entries = facts.range(&record::external_range(pack, external_id)).iter();
                entries.map(move |(_, entry)| (pack, record::read_external(&entry.value)))
            });
            let mut others = known.filter(|(pack, it)| stays(*pack, it)).map(|(_, it)| it.number);
            others.find(|number| *number != party.number).unwrap_or_else(|| party.number.clone())
        });
        if *holder != party.number {
            let (number, external_id) = (party.number.clone(), external_id.to_string());
            return Err(ExternalIdTaken { number, external_id, holder: holder.clone() });
        }
    }
    Ok(())
}
