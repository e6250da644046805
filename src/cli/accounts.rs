//! `gridpost process accounts`: a supplier's installation accounts, what waits for something, and the two timers by hand.
//! Works on the store of a gateway that is not running.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Subcommand;
use serde::Serialize;

use super::Outcome;
use super::config::Config;
use super::output::{Progress, parse_instant};
use super::process;
use crate::gateway::{Clock, Gateway, load};
use crate::market::Timestamp;
use crate::process::installation_accounts::{self as accounts, view};
use crate::record::{Batch, Change, Entry, Facts, Key, KeyRange};
use crate::store::{self, Embedded, Store};

#[derive(Debug, Subcommand)]
pub enum Accounts {
    /// All accounts, by sync id.
    List {
        /// Only those that are marked for recalculation.
        #[arg(long)]
        marked: bool,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
    /// Everything that one account shows, each value with its source.
    Show {
        /// Such as EVIAK0000000003.
        #[arg(value_name = "SYNC ID")]
        sync_id: String,
    },
    /// Billing contracts without an account, and what each of them waits for.
    Waiting {
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
    /// Marks every account that can no longer be right, without waiting for the interval to end.
    Mark(Now),
    /// Updates every marked account.
    Update(Now),
}

#[derive(Debug, clap::Args)]
pub struct Now {
    /// As of this instant [default: now].
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
}

/// Records that are read at a time.
const PAGE_RECORDS: usize = 1_000;
/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);

pub fn run(what: &Accounts, dir: &Path, json: bool, config: &Config) -> Result<Outcome> {
    let store = Arc::new(Embedded::open(dir, config.store_options())?);
    match what {
        Accounts::List { marked, most } => {
            let mut rows = Vec::new();
            each(&*store, &view::accounts(), &mut |_, entry| {
                let account = view::account(entry)?;
                if !marked || account.mark.is_some() {
                    rows.push(view::account_row(&account));
                }
                Ok(rows.len() < *most)
            })?;
            show(&rows, json)
        }
        Accounts::Show { sync_id } => {
            let number =
                view::sync_number(sync_id).ok_or_else(|| anyhow!("show an account: {sync_id} is no sync id"))?;
            let Some(entry) = store.get(&view::account_key(number))? else {
                bail!("show an account: there is no account {sync_id}");
            };
            let account = view::account(&entry)?;
            show(&[view::account_row(&account)], json)?;
            show(&view::value_rows(&account), json)
        }
        Accounts::Waiting { most } => {
            let mut rows = Vec::new();
            each(&*store, &view::waiting(), &mut |key, entry| {
                rows.push(view::waiting_row(key, entry)?);
                Ok(rows.len() < *most)
            })?;
            show(&rows, json)
        }
        Accounts::Mark(now) => by_hand(store, now, config, json, &Run::MARK),
        Accounts::Update(now) => by_hand(store, now, config, json, &Run::UPDATE),
    }
}

/// One of the two timers, as an operator runs it.
struct Run {
    doing: &'static str,
    set: fn(&Facts, Timestamp) -> Vec<Change>,
    /// What it works off.
    due: fn(Timestamp, chrono_tz::Tz) -> Vec<KeyRange>,
}

impl Run {
    const MARK: Run =
        Run { doing: "marking", set: accounts::mark_now, due: |now, zone| vec![view::changed(), view::due(now, zone)] };
    const UPDATE: Run = Run { doing: "updating", set: accounts::update_now, due: |_, _| vec![view::marked()] };
}

/// Runs a timer now, as the gateway would: whatever else is due goes first, as it does whenever a gateway opens.
fn by_hand(store: Arc<Embedded>, now: &Now, config: &Config, json: bool, run: &Run) -> Result<Outcome> {
    let clock = now.clock.map_or_else(Clock::machine, Clock::standing_at);
    let settings = config.gateway_settings()?;
    let now = clock.now();
    let ranges = (run.due)(now, settings.markets.supplier.zone);
    let left = |store: &dyn Store| -> Result<usize> { ranges.iter().map(|range| count(store, range)).sum() };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let marked_before = count(&*store, &view::marked())?;
    let due = left(&*store)?;
    let gateway = Gateway::open(store.clone(), Arc::new(config.specs()?), settings, clock)?;
    let progress = Progress::start(due, run.doing);
    runtime.block_on(async {
        let mut batch = Batch::default();
        batch.put_all((run.set)(&load(&*store, &accounts::by_hand_needs())?, now));
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
    let (remaining, marked) = (left(&*store)?, count(&*store, &view::marked())?);
    if json {
        println!("{}", serde_json::json!({"run": run.doing, "due": due, "left": remaining, "marked": marked}));
    } else {
        println!("{due} were due, {remaining} are left; {marked} accounts are marked, {marked_before} were before");
    }
    Ok(if remaining == 0 { Outcome::Fine } else { Outcome::Flawed })
}

fn show<T: Serialize>(rows: &[T], json: bool) -> Result<Outcome> {
    let rows = rows.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>()?;
    process::show(&rows, json)
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
