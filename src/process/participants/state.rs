//! What is known about participants, and how to ask for it.

use super::record;
use crate::document::Wire;
use crate::market::{ActorRole, Party};
use crate::process::Pack;
use crate::record::{Entry, Facts, Key, KeyRange, Needs};

/// A number in a role in one market, as it is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    pub pack: Pack,
    pub party: Party,
    pub name: String,
    pub status: Status,
    /// Id in the participant register.
    pub actor_id: String,
    /// The `azp` claim of its tokens, if it can log in.
    pub external_id: Option<String>,
    /// The form in which it is given its post where it does not say which (post-office 1.6 (6), 2.3).
    pub form: Option<Wire>,
}

impl Participant {
    pub fn is_live(&self) -> bool {
        self.status.is_live()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    New,
    Active,
    Inactive,
    Passive,
    Deleted,
}

impl Status {
    pub const ALL: [Status; 5] = [Status::New, Status::Active, Status::Inactive, Status::Passive, Status::Deleted];

    pub fn is_live(self) -> bool {
        matches!(self, Status::Active | Status::Passive)
    }

    /// Whether it took part once, and does so no longer.
    pub fn has_ended(self) -> bool {
        matches!(self, Status::Inactive | Status::Deleted)
    }

    pub fn name(self) -> &'static str {
        match self {
            Status::New => "New",
            Status::Active => "Active",
            Status::Inactive => "Inactive",
            Status::Passive => "Passive",
            Status::Deleted => "Deleted",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name().eq_ignore_ascii_case(name))
    }
}

pub fn needs_of(pack: Pack, party: &Party) -> Needs {
    Needs::default().key(record::key(pack, party))
}

/// The participant, live or not. Needs: [`needs_of`].
pub fn participant(facts: &Facts, pack: Pack, party: &Party) -> Option<Participant> {
    facts.get(&record::key(pack, party)).map(|entry| record::read(pack, party.clone(), &entry.value))
}

/// The form that a party has chosen, in whichever market. Needs: [`needs_of_anywhere`].
pub fn form_of(facts: &Facts, party: &Party) -> Option<Wire> {
    Pack::all().find_map(|pack| participant(facts, pack, party)?.form)
}

/// Whether the party takes part in this market now. Needs: [`needs_of`].
pub fn is_live(facts: &Facts, pack: Pack, party: &Party) -> bool {
    participant(facts, pack, party).is_some_and(|it| it.is_live())
}

pub fn needs_of_anywhere(party: &Party) -> Needs {
    Pack::all().map(|pack| needs_of(pack, party)).fold(Needs::default(), Needs::and)
}

/// Whether the party is registered in any market, live or not. Needs: [`needs_of_anywhere`].
pub fn is_registered(facts: &Facts, party: &Party) -> bool {
    Pack::all().any(|pack| facts.get(&record::key(pack, party)).is_some())
}

/// Everybody who is registered in a pack, live or not, by role and number.
pub fn everybody(pack: Pack) -> KeyRange {
    record::everybody(pack)
}

/// One record of [`everybody`].
pub fn read_participant(pack: Pack, key: &Key, entry: &Entry) -> Participant {
    record::read(pack, record::read_party(key), &entry.value)
}

/// Everybody in every pack.
pub fn needs_of_everybody() -> Needs {
    Pack::all().map(record::everybody).fold(Needs::default(), |needs, range| needs.range(range, record::owner_key()))
}

/// Everybody, live or not, pack by pack, by role and number. Needs: [`needs_of_everybody`].
pub fn everyone(facts: &Facts) -> impl Iterator<Item = Participant> {
    Pack::all().flat_map(|pack| {
        let entries = facts.range(&record::everybody(pack)).iter();
        entries.map(move |(key, entry)| read_participant(pack, key, entry))
    })
}

pub fn needs_of_role(pack: Pack, role: ActorRole) -> Needs {
    Needs::default().range(record::role_range(pack, role), record::owner_key())
}

/// Everybody live in `role`, by number. Needs: [`needs_of_role`].
pub fn live_in_role(facts: &Facts, pack: Pack, role: ActorRole) -> Vec<Party> {
    let entries = facts.range(&record::role_range(pack, role)).iter();
    entries
        .filter(|(_, entry)| record::read_status(&entry.value).is_live())
        .map(|(key, _)| record::read_party(key))
        .collect()
}

pub fn needs_of_external_id(external_id: &str) -> Needs {
    Pack::all()
        .map(|pack| record::external_range(pack, external_id))
        .fold(Needs::default(), |needs, range| needs.range(range, record::owner_key()))
}

/// The parties that log in with this `azp`, live or not: one for each pack and role. Needs: [`needs_of_external_id`].
pub fn by_external_id(facts: &Facts, external_id: &str) -> Vec<Party> {
    let entries = Pack::all().flat_map(|pack| facts.range(&record::external_range(pack, external_id)));
    entries.map(|(_, entry)| record::read_external(&entry.value)).collect()
}
