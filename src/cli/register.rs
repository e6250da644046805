//! `gridpost process register | actor | grid-area`: what the registry of participants tells the hub, by an operator's hand,
//! into the store of a gateway that is not running; a running one is told under `/v1.0/operator`. Source: charges 8.4.

use anyhow::{Result, anyhow, bail};

use super::config::Config;
use super::process::show;
use super::{Outcome, audited};
use crate::archive::AuditEntry;
use crate::gateway::Clock;
use crate::gateway::registry::{self, ActorChange, Statement};
use crate::gateway::world::World;
use crate::process::metering_points::GridAreaTable;
use crate::process::participants::Status;
use crate::record;
use crate::store::{Embedded, Store};

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

/// Registers the actors and grid areas of a world file.
pub fn register(store: &Embedded, config: &Config, path: &std::path::Path, json: bool) -> Result<Outcome> {
    let world = World::read(path)?;
    let (participants, areas) = (world.participants()?, world.grid_areas().to_vec());
    let done = audited::entry("process register", path.display().to_string());
    tell(store, config, &Statement::Register { participants, areas }, done, json)
}

/// Changes an actor in every role and market in which it is registered.
pub fn actor(store: &Embedded, config: &Config, args: &ActorArgs, json: bool) -> Result<Outcome> {
    let status = args
        .status
        .as_ref()
        .map(|name| Status::from_name(name).ok_or_else(|| anyhow!("change {}: there is no status {name}", args.id)));
    let change = ActorChange {
        id: args.id.clone(),
        name: args.name.clone(),
        status: status.transpose()?,
        external_id: args.external_id.clone(),
    };
    tell(store, config, &Statement::Actor(change), audited::entry("process actor", &args.id), json)
}

/// Gives a grid area to a grid company, or takes it from whoever runs it.
pub fn grid_area(store: &Embedded, config: &Config, code: &str, owner: Option<&str>, json: bool) -> Result<Outcome> {
    let area = GridAreaTable { code: code.to_string(), owner: owner.map(str::to_string) };
    let target = owner.map_or_else(|| code.to_string(), |owner| format!("{code} {owner}"));
    let statement = Statement::Register { participants: Vec::new(), areas: vec![area] };
    tell(store, config, &statement, audited::entry("process grid-area", target), json)
}

/// Says of each participant and area whether the statement has changed anything.
fn tell(store: &Embedded, config: &Config, statement: &Statement, done: AuditEntry, json: bool) -> Result<Outcome> {
    let market = config.dk()?;
    let mut plan = registry::plan(store, &market, Clock::machine().now(), statement)?;
    if !plan.batch.changes.is_empty()
        && let record::Outcome::Conflict(_) = {
            plan.batch.put_all([done.put()]);
            store.commit(plan.batch)?
        }
    {
        bail!("write the registry: it has changed meanwhile; try again");
    }
    show(&plan.rows, json)
}
