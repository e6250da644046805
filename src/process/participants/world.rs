//! Participants as a world file lists them: `[[actor]]` tables.

use serde::Deserialize;

use super::{Participant, Status};
use crate::document::Wire;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::Pack;

/// One `[[actor]]` table of a world file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Actor {
    pub number: String,
    /// The market that it takes part in, such as `dk`, which it is when it is left out.
    #[serde(default = "first_pack")]
    pub pack: String,
    /// Role code, such as `DDM`.
    pub role: String,
    /// Where it is left out, what it was; `Active` at first.
    #[serde(default)]
    pub status: Option<String>,
    pub name: String,
    /// Where it is left out, what it was; the number at first.
    #[serde(default)]
    pub actor_id: Option<String>,
    /// Empty for none. Where it is left out, what it was; none at first.
    #[serde(default)]
    pub external_id: Option<String>,
    /// The form in which it is given its post where it does not say which: `xml`, `json` or `ebix`; empty for none.
    #[serde(default)]
    pub format: Option<String>,
}

/// What a table says of a participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// With what holds at first in the place of what is not said.
    pub participant: Participant,
    /// What is not said, by the names of the table's fields: of whoever is registered that stays as it is.
    pub unsaid: Vec<&'static str>,
}

impl From<Participant> for Listed {
    fn from(participant: Participant) -> Self {
        Self { participant, unsaid: Vec::new() }
    }
}

impl Listed {
    /// The participant as it is to be, knowing what it was.
    pub fn over(&self, before: Option<&Participant>) -> Participant {
        let mut participant = self.participant.clone();
        let Some(before) = before else { return participant };
        for field in &self.unsaid {
            match *field {
                STATUS => participant.status = before.status,
                ACTOR_ID => participant.actor_id.clone_from(&before.actor_id),
                EXTERNAL_ID => participant.external_id.clone_from(&before.external_id),
                FORMAT => participant.form = before.form,
                other => unreachable!("{other} is always said"),
            }
        }
        participant
    }
}

const STATUS: &str = "status";
const ACTOR_ID: &str = "actor_id";
const EXTERNAL_ID: &str = "external_id";
const FORMAT: &str = "format";

/// Why a table of a world file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{table} {id}: `{value}` is no {field}")]
pub struct WorldFlaw {
    pub table: &'static str,
    pub id: String,
    pub field: &'static str,
    pub value: String,
}

impl Actor {
    pub fn participant(&self) -> Result<Participant, WorldFlaw> {
        let flaw =
            |field, value: &str| WorldFlaw { table: "actor", id: self.number.clone(), field, value: value.into() };
        let pack = Pack::from_name(&self.pack).ok_or_else(|| flaw("pack", &self.pack))?;
        let role = ActorRole::from_code(&self.role).ok_or_else(|| flaw("role", &self.role))?;
        let status = match &self.status {
            None => Status::Active,
            Some(name) => Status::from_name(name).ok_or_else(|| flaw(STATUS, name))?,
        };
        let chosen = self.format.as_ref().filter(|name| !name.is_empty());
        let form = chosen.map(|name| Wire::from_name(name).ok_or_else(|| flaw(FORMAT, name))).transpose()?;
        Ok(Participant {
            pack,
            party: Party { number: ActorNumber::new(&*self.number), role },
            name: self.name.clone(),
            status,
            actor_id: self.actor_id.clone().unwrap_or_else(|| self.number.clone()),
            external_id: self.external_id.clone().filter(|id| !id.is_empty()),
            form,
        })
    }

    /// The same for a registry in which it may stand already.
    pub fn listed(&self) -> Result<Listed, WorldFlaw> {
        let said = [
            (STATUS, &self.status),
            (ACTOR_ID, &self.actor_id),
            (EXTERNAL_ID, &self.external_id),
            (FORMAT, &self.format),
        ];
        let unsaid = said.into_iter().filter(|(_, said)| said.is_none()).map(|(field, _)| field).collect();
        Ok(Listed { participant: self.participant()?, unsaid })
    }
}

fn first_pack() -> String {
    Pack::DK.name().into()
}
