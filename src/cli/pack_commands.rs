//! `gridpost process NAME VERB` of a pack's own: what its table of commands says is listed, shown and run. Works on the store
//! of a gateway that is not running.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Arg, ArgAction, ArgMatches, Command, FromArgMatches, Subcommand, value_parser};

use super::config::Config;
use super::going_on::as_of;
use super::output::{Progress, parse_instant};
use super::process;
use super::{Outcome, audited};
use crate::gateway::{Gateway, load};
use crate::market::Timestamp;
use crate::process::Pack;
use crate::process::commands::{Commands, List, Run, Show};
use crate::record::{Batch, Entry, Key, KeyRange};
use crate::store::{self, Embedded, Store};

/// A verb of a pack, as somebody has typed it.
#[derive(Debug)]
pub struct PackCommand {
    pack: Pack,
    verb: Verb,
}

#[derive(Debug)]
enum Verb {
    List { list: &'static List, only: bool, most: usize },
    Show { show: &'static Show, id: String },
    Run { run: &'static Run, clock: Option<Timestamp> },
}

/// Records that are read at a time.
const PAGE_RECORDS: usize = 1_000;
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

fn offered() -> impl Iterator<Item = (Pack, &'static Commands)> {
    Pack::all().filter_map(|pack| Some((pack, pack.definition().commands?)))
}

impl Subcommand for PackCommand {
    fn augment_subcommands(command: Command) -> Command {
        offered().fold(command, |command, (_, commands)| command.subcommand(described(commands)))
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        offered().any(|(_, commands)| commands.name == name)
    }
}

impl FromArgMatches for PackCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let unknown = || clap::Error::new(clap::error::ErrorKind::InvalidSubcommand);
        let (name, matches) = matches.subcommand().ok_or_else(unknown)?;
        let (pack, commands) = offered().find(|(_, commands)| commands.name == name).ok_or_else(unknown)?;
        let (name, matches) = matches.subcommand().ok_or_else(unknown)?;
        Ok(Self { pack, verb: verb(commands, name, matches).ok_or_else(unknown)? })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn described(commands: &'static Commands) -> Command {
    let most = || {
        let most = Arg::new("most").long("most").value_name("MOST").value_parser(value_parser!(usize));
        most.default_value("1000").help("At most so many")
    };
    let lists = commands.lists.iter().map(|list| {
        let flag =
            list.only.as_ref().map(|only| Arg::new("only").long(only.flag).action(ArgAction::SetTrue).help(only.about));
        Command::new(list.verb).about(list.about).args(flag).arg(most())
    });
    let shows = commands.shows.iter().map(|show| {
        let id = Arg::new("id").value_name(show.argument).required(true).help(show.argument_about);
        Command::new(show.verb).about(show.about).arg(id)
    });
    let runs = commands.runs.iter().map(|run| {
        let clock = Arg::new("clock").long("clock").value_name("T").value_parser(parse_instant);
        Command::new(run.verb)
            .about(run.about)
            .arg(clock.help("As of this instant, not before what the store has seen [default: now]"))
    });
    let all = Command::new(commands.name).about(commands.about).subcommand_required(true).arg_required_else_help(true);
    all.subcommands(lists).subcommands(shows).subcommands(runs)
}

fn verb(commands: &'static Commands, name: &str, matches: &ArgMatches) -> Option<Verb> {
    if let Some(list) = commands.lists.iter().find(|list| list.verb == name) {
        let only = list.only.is_some() && matches.get_flag("only");
        return Some(Verb::List { list, only, most: *matches.get_one("most")? });
    }
    if let Some(show) = commands.shows.iter().find(|show| show.verb == name) {
        return Some(Verb::Show { show, id: matches.get_one::<String>("id")?.clone() });
    }
    let run = commands.runs.iter().find(|run| run.verb == name)?;
    Some(Verb::Run { run, clock: matches.get_one("clock").copied() })
}

pub fn run(what: &PackCommand, store: Embedded, json: bool, config: &Config) -> Result<Outcome> {
    match &what.verb {
        Verb::List { list, only, most } => {
            let mut rows = Vec::new();
            each(&store, &(list.range)(), &mut |key, entry| {
                if rows.len() == *most {
                    return Ok(false);
                }
                let row = (list.row)(key, entry).map_err(|fault| anyhow!("list: {fault}"))?;
                if !only || list.only.as_ref().is_none_or(|only| (only.keeps)(&row)) {
                    rows.push(row);
                }
                Ok(true)
            })?;
            process::show(&rows, json)
        }
        Verb::Show { show, id } => {
            let (what, noun) = (show.what, show.what.trim_start_matches("an ").trim_start_matches("a "));
            let key =
                (show.key)(id).ok_or_else(|| anyhow!("show {what}: {id} is no {}", show.argument.to_lowercase()))?;
            let Some(entry) = store.get(&key)? else { bail!("show {what}: there is no {noun} {id}") };
            let rows = (show.rows)(&entry).map_err(|fault| anyhow!("show {what}: {fault}"))?;
            process::show(&rows, json)
        }
        Verb::Run { run, clock } => by_hand(Arc::new(store), what.pack, run, *clock, config, json),
    }
}

/// Runs a timer now, as the gateway would: whatever else is due goes first, as it does whenever a gateway opens.
fn by_hand(
    store: Arc<Embedded>,
    pack: Pack,
    run: &Run,
    clock: Option<Timestamp>,
    config: &Config,
    json: bool,
) -> Result<Outcome> {
    let clock = as_of(clock, &*store)?;
    let settings = config.gateway_settings()?;
    let now = clock.now();
    let ranges = (run.due)(now, settings.markets.of(pack).zone);
    let left = |store: &dyn Store| -> Result<usize> { ranges.iter().map(|range| count(store, range)).sum() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let counted_before = count(&*store, &(run.count)())?;
    let due = left(&*store)?;
    let gateway = Gateway::open(store.clone(), Arc::new(config.specs()?), settings, clock)?;
    let progress = Progress::start(due, run.doing);
    runtime.block_on(async {
        let mut batch = Batch::default();
        batch.put_all((run.set)(&load(&*store, &(run.needs)())?, now));
        batch.put_all([audited::entry(&format!("process {}", run.verb), pack.name()).put()]);
        gateway.write(batch).await?;
        let mut seen = 0;
        loop {
            let settled = tokio::time::timeout(LOOK, gateway.settled()).await;
            let done = due.saturating_sub(left(&*store)?);
            (seen..done).for_each(|_| progress.step());
            seen = seen.max(done);
            if let Ok(settled) = settled {
                return settled.map_err(|trouble| anyhow!("run the timer: {trouble}"));
            }
        }
    })?;
    progress.finish();
    drop(gateway);
    let (remaining, counted) = (left(&*store)?, count(&*store, &(run.count)())?);
    let (field, what) = run.counted;
    if json {
        println!("{}", serde_json::json!({"run": run.doing, "due": due, "left": remaining, field: counted}));
    } else {
        println!("{due} were due, {remaining} are left; {counted} {what}, {counted_before} were before");
    }
    Ok(if remaining == 0 { Outcome::Fine } else { Outcome::Flawed })
}

fn count(store: &dyn Store, range: &KeyRange) -> Result<usize> {
    let mut count = 0;
    each(store, range, &mut |_, _| {
        count += 1;
        Ok(true)
    })?;
    Ok(count)
}

/// Goes through a range until `tell` has enough.
fn each(store: &dyn Store, range: &KeyRange, tell: &mut dyn FnMut(&Key, &Entry) -> Result<bool>) -> Result<()> {
    for record in store::records(store, range, PAGE_RECORDS) {
        let (key, entry) = record.context("read the store")?;
        if !tell(&key, &entry)? {
            break;
        }
    }
    Ok(())
}
