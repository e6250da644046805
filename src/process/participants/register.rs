//! Registering participants, and replacing what was known about them.

use std::collections::BTreeMap;

use super::{Participant, record};
use crate::market::Party;
use crate::process::Pack;
use crate::record::{Change, Facts, Needs};

/// What [`register`] must know first.
pub fn register_needs(participants: &[Participant]) -> Needs {
    let keys = participants.iter().map(|participant| record::key(participant.pack, &participant.party));
    keys.fold(Needs::default().key(record::owner_key()), Needs::key)
}

/// What a change of the registry writes that concerns no participant: whoever looked at all of it looks again.
pub fn touched(facts: &Facts) -> Change {
    let earlier = facts.get(&record::owner_key()).map_or(0, |entry| record::read_owner(&entry.value));
    Change::Put(record::owner_key(), record::write_owner(earlier + 1))
}

/// Registers `participants` or replaces what is known about them; of two entries for one party in one pack the later one
/// counts.
///
/// Nobody is ever removed from the registry: who leaves becomes [`super::Status::Deleted`].
pub fn register(facts: &Facts, participants: &[Participant]) -> Vec<Change> {
    let participants: BTreeMap<(Pack, &Party), &Participant> =
        participants.iter().map(|it| ((it.pack, &it.party), it)).collect();
    if participants.is_empty() {
        return Vec::new();
    }
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
    changes
}
