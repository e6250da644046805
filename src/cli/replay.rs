//! `gridpost replay`: files down the ordinary road, and what came out of the queues.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;

use super::going_on::not_before_what_was_seen;
use super::output::{Progress, parse_instant};
use super::{Outcome, config::Config};
use crate::gateway::world::World;
use crate::gateway::{Clock, Gateway, latest_seen};
use crate::market::Timestamp;
use crate::replay::{self, Line, Plan, Tally};
use crate::store::{Embedded, Memory, Store};

/// Feeds files down the same road as HTTPS does, then fetches everything that was sent.
///
/// A conversation folder (with files named like 01-in.xml) starts from the world in a store of its own and feeds only its
/// incoming files; all other files share one store, in the order given. The same input gives the same bytes.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// Documents or folders, in the order in which they are fed.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// What exists before the first document [default: the built-in toy world].
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// What the clock shows [default: it follows the documents' createdDateTime, never backwards]. Where the store in --store has
    /// seen a later instant, it shows that.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
    /// Moves the clock to T once every document was fed.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    until: Option<Timestamp>,
    /// Replays into this store and leaves it there, instead of into a fresh one.
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Writes each outgoing document here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One line of JSON for each file, then for each outgoing document, and for what was parked, which ends with 1.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &ReplayArgs, config: &Config) -> Result<Outcome> {
    let world = match &args.world {
        Some(path) => World::read(path)?,
        None => World::toy(),
    };
    let store = match &args.store {
        Some(dir) => Some(Arc::new(Embedded::open(dir, config.store_options())?) as Arc<dyn Store>),
        None => None,
    };
    let (settings, specs) = (config.gateway_settings()?, Arc::new(config.specs()?));
    if let (Some(store), Some(clock)) = (&store, args.clock) {
        let (_, told) = not_before_what_was_seen(Clock::standing_at(clock), &**store)?;
        told.iter().for_each(|told| eprintln!("{told}"));
    }
    let open = |clock: Clock| {
        let store = store.clone().unwrap_or_else(|| Arc::new(Memory::default()));
        // One run ends where the clock was moved to, and the next one goes on from there.
        let clock = clock.not_before(latest_seen(&*store)?);
        Ok(Gateway::open(store, specs.clone(), settings.clone(), clock)?)
    };
    let plan = Plan { open: &open, world, clock: args.clock, until: args.until, out: args.out.clone() };
    let runs = replay::runs(&args.paths)?;
    let progress = Progress::start(runs.iter().map(|run| run.files.len()).sum(), "replaying");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let mut total = Tally::default();
    for run in &runs {
        let mut tell = |line: Line| {
            if matches!(line, Line::File(_)) {
                progress.step();
            }
            progress.suspend(|| print(&line, args.json))
        };
        let tally = runtime.block_on(replay::replay(&plan, run, &mut tell))?;
        total.files += tally.files;
        total.refused += tally.refused;
        total.outgoing += tally.outgoing;
        total.parked += tally.parked;
    }
    progress.finish();
    if !args.json {
        let parked = if total.parked > 0 { format!("; {} parked", total.parked) } else { String::new() };
        println!("{} files, {} of them refused; {} documents sent{parked}", total.files, total.refused, total.outgoing);
    }
    Ok(if total.parked == 0 { Outcome::Fine } else { Outcome::Flawed })
}

pub fn print(line: &Line, json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer(&mut out, line)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
