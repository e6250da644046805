//! `gridpost process force-supplier | balance-responsible | orders`: what an operator changes about a supplier's portfolio.
//! Works on the store of a gateway that is not running.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::Value;

use super::config::Config;
use super::going_on::as_of;
use super::output::{Progress, parse_instant};
use super::process::show;
use super::{Outcome, audited};
use crate::gateway::Gateway;
use crate::gateway::orders::{self, CalledOff, Ordered};
use crate::market::{Calendar, Timestamp};
use crate::process::portfolio_changes::view::{Tally, order_row};
use crate::process::portfolio_changes::{Order, OrderTable, Refusal};
use crate::store::Embedded;

/// Lets another supplier take over what a supplier supplies, without anybody having asked for it.
///
/// E06 is a takeover: the supplier hands its accounting points over. D13 is a failure: suppliers of last resort step in, and
/// whatever the failing supplier has pending is cancelled. Each accounting point is changed for itself: both suppliers and the
/// grid company are told at once, the new supplier is sent the master data, and the supply passes at midnight on the date.
///
/// What a third supplier or a customer has pending goes first: the forced change then stands by, and goes on if that is
/// cancelled. The order is refused as a whole when it names somebody who does not take part, or comes too late. After a crash
/// it goes on with what is left when the gateway opens; `gridpost process orders ID` says what became of each accounting point.
#[derive(Debug, Args)]
#[command(after_help = FORCE_EXAMPLES)]
pub struct ForceArgs {
    /// Number of the supplier that loses what it supplies.
    #[arg(long, value_name = "NUMBER")]
    from: String,
    /// Number of the supplier that takes over.
    #[arg(long, value_name = "NUMBER", required_unless_present = "to_in", conflicts_with = "to_in")]
    to: Option<String>,
    /// Instead: the supplier that takes over in a grid area; may be given again for each.
    #[arg(long, value_name = "AREA=NUMBER", value_parser = area_and_number)]
    to_in: Vec<(String, String)>,
    /// E06 takeover, D13 the supplier fails.
    #[arg(long, value_name = "CODE", value_parser = ["E06", "D13"])]
    kind: String,
    /// The local day from which the new supplier supplies, such as 2023-10-01; or its midnight as an instant.
    #[arg(long, value_name = "DAY")]
    date: String,
    /// Only there; may be given again.
    #[arg(long, value_name = "AREA", conflicts_with_all = ["metering_point", "metering_points"])]
    grid_area: Vec<String>,
    /// Only this one; may be given again.
    #[arg(long, value_name = "NUMBER")]
    metering_point: Vec<String>,
    /// Only those that this file holds, one a line.
    #[arg(long, value_name = "FILE")]
    metering_points: Option<PathBuf>,
    #[command(flatten)]
    how: How,
}

const FORCE_EXAMPLES: &str = "Examples:
  What would happen, and what would be sent, if everything went to another supplier:
    gridpost process force-supplier --from 8100000000108 --to 7300000000011 --kind E06 --date 2023-10-01 --dry-run
  A supplier has failed; in each grid area its own supplier of last resort steps in:
    gridpost process force-supplier --from 8100000000108 --to-in 131=7300000000011 --to-in 151=5790002000010 \\
        --kind D13 --date 2023-09-02
  What became of it, and what is left to do:
    gridpost process orders
    gridpost process orders 5f0c2c6bd2cfe1a6a1f0f94eae0b3a52 --json
  It was a mistake; until its date it can be called off:
    gridpost process orders --call-off 5f0c2c6bd2cfe1a6a1f0f94eae0b3a52";

/// Makes another party balance responsible for what a supplier supplies in a grid area.
///
/// Each accounting point is held to the rules of the supplier's own request (E56) and changed for itself; nobody is answered.
/// Of consumption the party is kept as that of the whole grid area: with `consumption_per_grid_area` a request for a single
/// accounting point must name it.
#[derive(Debug, Args)]
#[command(after_help = BALANCE_EXAMPLES)]
pub struct BalanceArgs {
    /// Number of the supplier.
    #[arg(long, value_name = "NUMBER")]
    supplier: String,
    #[arg(long, value_name = "AREA")]
    grid_area: String,
    /// Consumption or Production.
    #[arg(long = "type", value_name = "TYPE", value_parser = ["Consumption", "Production"], ignore_case = true)]
    point_type: String,
    /// Number of the party (DDK).
    #[arg(long, value_name = "NUMBER")]
    to: String,
    /// The local day from which it is responsible, such as 2023-10-01; or its midnight as an instant.
    #[arg(long, value_name = "DAY")]
    date: String,
    #[command(flatten)]
    how: How,
}

const BALANCE_EXAMPLES: &str = "Example:
  gridpost process balance-responsible --supplier 8100000000108 --grid-area 131 --type Consumption --to 5790002000034 \\
      --date 2023-10-01 --dry-run";

#[derive(Debug, Args)]
struct How {
    /// Says what every accounting point would come to and what would be sent, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    /// As of this instant, not before what the store has seen [default: now].
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
}

pub fn force(args: &ForceArgs, dir: &Path, json: bool, config: &Config) -> Result<Outcome> {
    let named = |list: &[String]| (!list.is_empty()).then(|| list.to_vec());
    let mut metering_points = named(&args.metering_point);
    if let Some(file) = &args.metering_points {
        let text = std::fs::read_to_string(file).with_context(|| format!("read {}", file.display()))?;
        metering_points.get_or_insert_default().extend(text.split_whitespace().map(str::to_string));
    }
    let table = OrderTable::ForceSupplierChange {
        kind: args.kind.clone(),
        from: args.from.clone(),
        to: args.to.clone(),
        to_by_grid_area: args.to_in.iter().cloned().collect(),
        date: midnight(&args.date, config)?,
        grid_areas: named(&args.grid_area),
        metering_points,
    };
    run(&table, &args.how, dir, json, config)
}

pub fn balance(args: &BalanceArgs, dir: &Path, json: bool, config: &Config) -> Result<Outcome> {
    let table = OrderTable::ChangeBalanceResponsible {
        supplier: args.supplier.clone(),
        grid_area: args.grid_area.clone(),
        point_type: args.point_type.clone(),
        balance_responsible: args.to.clone(),
        date: midnight(&args.date, config)?,
    };
    run(&table, &args.how, dir, json, config)
}

/// Before its day an order does not hold any more: what it has registered is withdrawn, and whoever had been told is told so.
pub fn call_off(id: &str, clock: Option<Timestamp>, dir: &Path, json: bool, config: &Config) -> Result<Outcome> {
    let store = Arc::new(Embedded::open_existing(dir, config.store_options())?);
    let clock = as_of(clock, &*store)?;
    let gateway = Gateway::open(store.clone(), Arc::new(config.specs()?), config.gateway_settings()?, clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    audited::begins(&*store, "process orders --call-off", id)?;
    match runtime.block_on(gateway.call_off(id))? {
        CalledOff::Off(_) | CalledOff::Before(_) => {}
        CalledOff::Refused(refused) => return refuse(&[refused], json),
        CalledOff::Unknown => bail!("call the order {id} off: there is none"),
    }
    let settled = runtime.block_on(gateway.settled());
    settled.map_err(|trouble| anyhow!("call the order off: {trouble}"))?;
    drop(gateway);
    orders(&store, Some(id), json)
}

/// Every order, or one with what became of each accounting point.
pub fn orders(store: &Embedded, id: Option<&str>, json: bool) -> Result<Outcome> {
    let Some(id) = id else { return show(&orders::orders(store)?, json) };
    let mut rows = Vec::new();
    let found = orders::order(store, id, &mut |row| rows.push(row))?;
    let (given, tally) = found.ok_or_else(|| anyhow!("show the order {id}: there is none"))?;
    rows.insert(0, order_row(&given, &tally));
    show(&rows, json)
}

fn run(table: &OrderTable, how: &How, dir: &Path, json: bool, config: &Config) -> Result<Outcome> {
    let order = table.order().context("understand the order")?;
    let store = Arc::new(Embedded::open_existing(dir, config.store_options())?);
    let clock = as_of(how.clock, &*store)?;
    if how.dry_run {
        return try_out(&store, &order, clock.now(), json, config);
    }
    let (command, target) = match table {
        OrderTable::ForceSupplierChange { from, date, .. } => ("process force-supplier", format!("{from} {date}")),
        OrderTable::ChangeBalanceResponsible { supplier, grid_area, date, .. } => {
            ("process balance-responsible", format!("{supplier} {grid_area} {date}"))
        }
    };
    audited::begins(&*store, command, target)?;
    let gateway = Gateway::open(store.clone(), Arc::new(config.specs()?), config.gateway_settings()?, clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let given = match runtime.block_on(gateway.order(&order))? {
        Ordered::Given(given) => given,
        Ordered::GivenBefore => bail!("give the order: the very same was given at this moment"),
        Ordered::Refused(refused) => return refuse(&refused, json),
    };
    let tally = runtime.block_on(until_done(&gateway, &store, &given.id))?;
    drop(gateway);
    let keep = |row: &Value| json || row["outcome"] != "done";
    let mut points = Vec::new();
    let found = orders::order(&*store, &given.id, &mut |row| points.extend(Some(row).filter(keep)))?;
    let mut rows: Vec<Value> = found.iter().map(|(given, tally)| order_row(given, tally)).collect();
    rows.append(&mut points);
    show(&rows, json)?;
    if !json {
        println!("{}", summed_up(&tally));
    }
    Ok(if tally.failed + tally.waiting == 0 { Outcome::Fine } else { Outcome::Flawed })
}

/// Waits until every job is done, and shows how far they are.
async fn until_done(gateway: &Gateway, store: &Embedded, id: &str) -> Result<Tally> {
    let (mut progress, mut shown, mut pause) = (None, 0, LOOK);
    loop {
        let settled = tokio::time::timeout(pause, gateway.settled()).await;
        let started = Instant::now();
        let found = orders::order(store, id, &mut |_| ())?;
        let (given, tally) = found.expect("an order stays where it was given");
        // Looking takes its time where there are many, and is not to slow down what it looks at.
        pause = LOOK.max(started.elapsed() * 10);
        if let Some(found) = given.found {
            let bar = progress.get_or_insert_with(|| Progress::start(found as usize, "changing"));
            let done = tally.done + tally.stands_by + tally.skipped + tally.failed;
            (shown..done).for_each(|_| bar.step());
            shown = shown.max(done);
        }
        if let Ok(settled) = settled {
            if let Some(bar) = progress {
                bar.finish();
            }
            settled.map_err(|trouble| anyhow!("carry the order out: {trouble}"))?;
            return Ok(tally);
        }
    }
}

fn try_out(store: &Embedded, order: &Order, now: Timestamp, json: bool, config: &Config) -> Result<Outcome> {
    let market = config.dk()?;
    let mut rows = Vec::new();
    let tried = orders::try_out(store, &market, order, now, &mut |row| rows.push(row))?;
    let tally = match tried {
        Ok(tally) => tally,
        Err(refused) => return refuse(&refused, json),
    };
    show(&rows, json)?;
    if !json {
        println!("nothing was changed; it would be: {}", summed_up(&tally));
    }
    Ok(Outcome::Fine)
}

fn refuse(refused: &[Refusal], json: bool) -> Result<Outcome> {
    show(&orders::refusal_rows(refused), json)?;
    Ok(Outcome::Flawed)
}

fn summed_up(tally: &Tally) -> String {
    let Tally { done, stands_by, skipped, waiting, called_off, failed } = tally;
    let off = if *called_off > 0 { format!(", {called_off} called off") } else { String::new() };
    format!("{done} done, {stands_by} stand by, {skipped} skipped{off}, {waiting} waiting, {failed} failed")
}

/// A local day begins at its midnight; an instant is left as it is.
fn midnight(text: &str, config: &Config) -> Result<String> {
    let zone = config.dk()?.zone;
    Ok(match text.parse() {
        Ok(date) => Calendar::new(zone).midnight(date).to_string(),
        Err(_) => text.to_string(),
    })
}

fn area_and_number(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(area, number)| (area.trim().to_string(), number.trim().to_string()));
    parts.ok_or_else(|| "a grid area and a supplier are written 131=7300000000011".to_string())
}

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(200);
