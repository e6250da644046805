//! `gridpost process register | actor | grid-area`: what the registry of participants tells the hub, by an operator's hand.
//!
//! A file is a statement: whoever stands in it is registered as it says, whoever does not stays as it is. An actor's name,
//! status and login are changed in all its roles at once. Areas that change hands raise events, of which the charge links
//! hear. Source: charges 8.4.

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Value, json};

use super::Outcome;
use super::config::Config;
use super::process::show;
use crate::gateway::world::World;
use crate::gateway::{self, Clock};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::participants::{self, Participant, Status};
use crate::process::{Context, Pack, aftermath, metering_points};
use crate::record::{self, Batch, Needs};
use crate::store::{self, Embedded, Store};

/// What is changed about an actor, in all its roles.
#[derive(Debug, clap::Args)]
pub struct ActorArgs {
    /// Its id in the registry: its number, unless the world says otherwise.
    id: String,
    #[arg(long)]
    name: Option<String>,
    /// New, Active, Inactive, Passive or Deleted.
    #[arg(long)]
    status: Option<String>,
    /// The `azp` claim of its tokens; empty for none.
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
}

/// Registers the actors and grid areas of a world file; says of each whether that changed anything.
pub fn register(store: &Embedded, config: &Config, path: &std::path::Path, json: bool) -> Result<Outcome> {
    let world = World::read(path)?;
    let said = world.participants()?;
    let mut rows = put(store, &said)?;
    for area in world.grid_areas() {
        let changed = give(store, config, &area.code, area.owner.as_deref())?;
        rows.push(
            json!({"gridArea": area.code, "owner": area.owner, "what": if changed { "changed" } else { "unchanged" }}),
        );
    }
    show(&rows, json)
}

/// Changes an actor in every role and market in which it is registered.
pub fn actor(store: &Embedded, args: &ActorArgs, json: bool) -> Result<Outcome> {
    let status = args
        .status
        .as_ref()
        .map(|name| Status::from_name(name).ok_or_else(|| anyhow!("change {}: there is no status {name}", args.id)));
    let status = status.transpose()?;
    let mut found = Vec::new();
    for pack in Pack::ALL {
        for record in store::records(store, &participants::everybody(pack), PAGE_RECORDS) {
            let (key, entry) = record.context("read the registry")?;
            let before = participants::read_participant(pack, &key, &entry);
            if before.actor_id == args.id {
                let external_id =
                    args.external_id.clone().map_or(before.external_id, |id| Some(id).filter(|id| !id.is_empty()));
                let name = args.name.clone().unwrap_or(before.name);
                found.push(Participant { name, status: status.unwrap_or(before.status), external_id, ..before });
            }
        }
    }
    if found.is_empty() {
        bail!("change {}: nobody is registered under this id", args.id);
    }
    show(&put(store, &found)?, json)
}

/// Gives a grid area to a grid company, or takes it from whoever runs it.
pub fn grid_area(store: &Embedded, config: &Config, code: &str, owner: Option<&str>) -> Result<Outcome> {
    give(store, config, code, owner).map(|_| Outcome::Fine)
}

fn put(store: &Embedded, said: &[Participant]) -> Result<Vec<Value>> {
    let facts = gateway::load(store, &participants::register_needs(said))?;
    let mut rows = Vec::new();
    let mut moved = Vec::new();
    for one in said {
        let before = participants::participant(&facts, one.pack, &one.party);
        let what = match &before {
            None => "new",
            Some(before) if before == one => "unchanged",
            Some(_) => "changed",
        };
        if what != "unchanged" {
            moved.push(one.clone());
        }
        rows.push(json!({
            "number": one.party.number.as_str(), "role": one.party.role.code(), "pack": one.pack.name(),
            "status": one.status.name(), "what": what,
        }));
    }
    let mut batch = Batch::default();
    batch.unless_moved(facts.versions()).put_all(participants::register(&facts, &moved));
    commit(store, batch, "register participants")?;
    Ok(rows)
}

/// Whether the area has changed hands.
fn give(store: &Embedded, config: &Config, code: &str, owner: Option<&str>) -> Result<bool> {
    let party = owner.map(|number| Party { number: ActorNumber::new(number), role: ActorRole::GridAccessProvider });
    let of_party = party.as_ref().map_or_else(Needs::default, |party| participants::needs_of(Pack::Denmark, party));
    let facts = gateway::load(store, &metering_points::needs_of_grid_area(code).and(of_party))?;
    let before = metering_points::grid_area(&facts, code);
    let (changes, event) = match (&party, before.as_ref().and_then(|area| area.owner.as_ref())) {
        (Some(party), Some(before)) if party.number == *before => return Ok(false),
        (Some(party), _) => {
            if !participants::is_live(&facts, Pack::Denmark, party) {
                bail!("give grid area {code} to {}: it is no active grid company (DDM)", party.number);
            }
            metering_points::owned(code, &party.number)
        }
        (None, Some(before)) => metering_points::disowned(code, before),
        (None, None) => return Ok(false),
    };
    let market = config.gateway_settings()?.markets.dk;
    let now = Clock::machine().now();
    let mut cause = blake3::Hasher::new();
    for part in [code, owner.unwrap_or_default(), &now.to_string()] {
        cause.update(part.as_bytes()).update(&[0]);
    }
    let context = Context { now, caller: market.hub_party(), cause: *cause.finalize().as_bytes(), market: &market };
    let mut batch = Batch::default();
    batch.unless_moved(facts.versions()).put_all(changes).put_all(aftermath(&[event], &context));
    commit(store, batch, &format!("hand over grid area {code}"))?;
    Ok(true)
}

fn commit(store: &Embedded, batch: Batch, doing: &str) -> Result<()> {
    match store.commit(batch)? {
        record::Outcome::Committed(_) => Ok(()),
        record::Outcome::Conflict(_) => bail!("{doing}: the registry has changed; try again"),
    }
}

/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
