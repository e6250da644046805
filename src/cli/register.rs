//! `gridpost process register | actor | grid-area | delegate`: what the registry of participants tells the hub, by an operator's hand,
//! into the store of a gateway that is not running; a running one is told under `/v1.0/operator`. Source: charges 8.4.

use anyhow::{Result, anyhow, bail};

use super::config::Config;
use super::process::show;
use super::{Outcome, audited};
use crate::archive::AuditEntry;
use crate::document::Wire;
use crate::gateway::Clock;
use crate::gateway::registry::{self, ActorChange, Registration, Statement};
use crate::gateway::world::World;
use crate::process::delegations::DelegationTable;
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
    /// The form in which it is given its post where neither Accept nor Content-Type says one.
    #[arg(long, value_parser = ["xml", "json", "ebix", "none"])]
    format: Option<String>,
}

/// Registers the actors, grid areas and delegations of a world file.
pub fn register(store: &Embedded, config: &Config, path: &std::path::Path, json: bool) -> Result<Outcome> {
    let world = World::read(path)?;
    let (participants, areas) = (world.listed()?, world.grid_areas().to_vec());
    let done = audited::entry("process register", path.display().to_string());
    let registration = Registration { participants, areas, delegations: world.delegations()? };
    tell(store, config, &Statement::Register(registration), done, json)
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
        form: args.format.as_deref().map(Wire::from_name),
    };
    let said =
        [("name", &args.name), ("status", &args.status), ("external_id", &args.external_id), ("format", &args.format)];
    let said = said.into_iter().filter_map(|(field, text)| Some(format!(" {field}={}", text.as_ref()?)));
    let target = format!("{}{}", args.id, said.collect::<String>());
    tell(store, config, &Statement::Actor(change), audited::entry("process actor", target), json)
}

/// Gives a grid area to a grid company, or takes it from whoever runs it.
pub fn grid_area(store: &Embedded, config: &Config, code: &str, owner: Option<&str>, json: bool) -> Result<Outcome> {
    let area = GridAreaTable { code: code.to_string(), owner: owner.map(str::to_string) };
    let target = owner.map_or_else(|| code.to_string(), |owner| format!("{code} {owner}"));
    let statement = Statement::Register(Registration { areas: vec![area], ..Registration::default() });
    tell(store, config, &statement, audited::entry("process grid-area", target), json)
}

/// Who acts for whom.
#[derive(Debug, clap::Args)]
pub struct DelegateArgs {
    /// What is delegated, such as IncomingMeteringPointCharacteristics; docs/integrating.md lists it.
    process: String,
    /// Code of the grid area.
    grid_area: String,
    /// Number of whoever delegates.
    #[arg(long, value_name = "NUMBER")]
    by: String,
    /// Its role by code, such as DDM.
    #[arg(long, value_name = "CODE")]
    by_role: String,
    /// Number of whoever is to act for it.
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// Its role: DDM or DEL.
    #[arg(long, value_name = "CODE")]
    to_role: String,
    /// From when on.
    #[arg(long, value_name = "T")]
    starts: String,
    /// Until when, excluded; before --starts it cancels [default: it does not end].
    #[arg(long, value_name = "T")]
    stops: Option<String>,
    /// Sequence number in the list of whoever keeps one; of two rows that have begun the one with the higher number counts
    /// [default: a row of our own, behind all that was listed; one that says what an earlier one says changes nothing].
    #[arg(long, value_name = "N")]
    sequence: Option<u64>,
}

/// Lets a participant act for another in a process in a grid area, or says that it no longer does.
pub fn delegate(store: &Embedded, config: &Config, args: &DelegateArgs, json: bool) -> Result<Outcome> {
    let table = DelegationTable {
        sequence: args.sequence,
        process: args.process.clone(),
        grid_area: args.grid_area.clone(),
        starts: args.starts.clone(),
        stops: args.stops.clone(),
        by: args.by.clone(),
        by_role: args.by_role.clone(),
        to: args.to.clone(),
        to_role: args.to_role.clone(),
    };
    let registration = Registration { delegations: vec![table.wanted()?], ..Registration::default() };
    let target = format!("{} {} {} {}", args.process, args.grid_area, args.by, args.to);
    tell(store, config, &Statement::Register(registration), audited::entry("process delegate", target), json)
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
