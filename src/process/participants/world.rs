//! Participants as a world file lists them: `[[actor]]` tables.

use serde::Deserialize;

use super::{Participant, Status};
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
    /// `Active` when it is left out.
    #[serde(default = "active")]
    pub status: String,
    pub name: String,
    /// The number when it is left out.
    #[serde(default)]
    pub actor_id: Option<String>,
    /// Empty for none.
    #[serde(default)]
    pub external_id: Option<String>,
}

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
        let status = Status::from_name(&self.status).ok_or_else(|| flaw("status", &self.status))?;
        Ok(Participant {
            pack,
            party: Party { number: ActorNumber::new(&*self.number), role },
            name: self.name.clone(),
            status,
            actor_id: self.actor_id.clone().unwrap_or_else(|| self.number.clone()),
            external_id: self.external_id.clone().filter(|id| !id.is_empty()),
        })
    }
}

fn first_pack() -> String {
    Pack::DK.name().into()
}

fn active() -> String {
    Status::Active.name().into()
}
