//! `gridpost process`: what the processes know, and what they have told. Read from the store of a gateway that is not
//! running.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow};
use clap::{Args, Subcommand};
use serde::Serialize;

use super::Outcome;
use super::config::Config;
use super::output::parse_instant;
use crate::gateway;
use crate::market::{ActorNumber, Calendar, ChargeType, MeteringPointId, Period, Timestamp};
use crate::process::charge_links::view as links;
use crate::process::charges::ChargeIdentity;
use crate::process::charges::view::{self, Cut, EVERYTHING, Filter, PriceOrder};
use crate::process::{event, gather_more};
use crate::record::{Facts, Needs};
use crate::store::{Embedded, Store};

/// Shows what the processes know: charges, prices, links, and the events they have raised.
#[derive(Debug, Args)]
pub struct ProcessArgs {
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,
    /// One line of JSON for each row.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Events in the order in which they happened, from a position on; a subscriber goes on from the last one it has.
    Events {
        /// The position behind which to begin, such as 7.0, or 7 for all of commit 7 [default: the beginning].
        #[arg(long, value_name = "N", value_parser = position)]
        from: Option<event::Position>,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
    /// Charges with all their periods.
    Charges {
        /// Part of a charge's id or name.
        #[arg(default_value = "")]
        text: String,
        #[arg(long, value_name = "NUMBER")]
        owner: Vec<String>,
        /// D01 subscription, D02 fee, D03 tariff.
        #[arg(long = "type", value_name = "CODE", value_parser = charge_type)]
        types: Vec<ChargeType>,
    },
    /// One charge: its timeline, now or as it was known earlier.
    Charge {
        #[command(flatten)]
        charge: ChargeArgs,
        /// As it was known at this instant.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        known_at: Option<Timestamp>,
    },
    /// The prices of a charge.
    Prices {
        #[command(flatten)]
        charge: ChargeArgs,
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        from: Timestamp,
        /// Up to here, excluded.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        to: Timestamp,
        /// The cheapest first, instead of the earliest.
        #[arg(long)]
        by_price: bool,
    },
    /// The accepted operations on a charge.
    Messages {
        #[command(flatten)]
        charge: ChargeArgs,
        #[arg(long, default_value_t = 0)]
        skip: usize,
        #[arg(long, default_value_t = 1_000)]
        take: usize,
    },
    /// The charges that a metering point pays, paid, or is to pay.
    Links {
        #[arg(value_name = "METERING POINT")]
        metering_point: String,
        /// The day whose names are shown.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        at: Timestamp,
    },
}

#[derive(Debug, Args)]
struct ChargeArgs {
    /// Number of its owner.
    owner: String,
    /// D01 subscription, D02 fee, D03 tariff.
    #[arg(value_parser = charge_type)]
    charge_type: ChargeType,
    id: String,
}

impl ChargeArgs {
    fn identity(&self) -> ChargeIdentity {
        ChargeIdentity { owner: ActorNumber::new(&*self.owner), charge_type: self.charge_type, id: self.id.clone() }
    }
}

/// Records of the event log that are read at a time.
const PAGE_RECORDS: usize = 1_000;

pub fn run(args: &ProcessArgs, config: &Config) -> Result<Outcome> {
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    let store = Embedded::open(dir, config.store_options())?;
    let look = |needs: Needs| -> Result<Facts> { Ok(gateway::load(&store, &needs)?) };
    match &args.what {
        What::Events { from, most } => events(&store, *from, *most, args.json),
        What::Charges { text, owner, types } => {
            let filter = Filter {
                text: text.clone(),
                owners: owner.iter().map(|number| ActorNumber::new(&**number)).collect(),
                types: types.iter().copied().collect(),
            };
            show(&view::search(&look(view::search_needs())?, &filter), args.json)
        }
        What::Charge { charge, known_at } => {
            let identity = charge.identity();
            let rows = match known_at {
                Some(at) => view::known_at(&look(view::history_needs(&identity))?, &identity, *at),
                None => view::timeline(&look(view::timeline_needs(&identity))?, &identity),
            };
            show(&rows, args.json)
        }
        What::Prices { charge, from, to, by_price } => {
            let (identity, interval) = (charge.identity(), Period::new(*from, *to));
            let order = if *by_price { PriceOrder::Price } else { PriceOrder::Time };
            let facts = look(view::prices_needs(&identity, interval))?;
            show(&view::prices(&facts, &identity, interval, order, EVERYTHING).rows, args.json)
        }
        What::Messages { charge, skip, take } => {
            let identity = charge.identity();
            let ever = Period::from(Timestamp::from_micros(i64::MIN));
            let facts = look(view::history_needs(&identity))?;
            show(&view::messages(&facts, &identity, ever, Cut { skip: *skip, take: *take }).rows, args.json)
        }
        What::Links { metering_point, at } => {
            let point = MeteringPointId::new(&**metering_point);
            let load = |needs: &Needs| gateway::load(&store, needs);
            let facts = gather_more(links::links_needs(&point), |facts| links::links_needs_more(&point, facts), load)?;
            let today = Calendar::new(config.gateway_settings()?.markets.dk.zone).midnight_in_days(*at, 0);
            let rows = links::links(&facts, &point, today)
                .ok_or_else(|| anyhow!("show links: there is no metering point {metering_point}"))?;
            show(&rows, args.json)
        }
    }
}

fn events(store: &dyn Store, from: Option<event::Position>, most: usize, json: bool) -> Result<Outcome> {
    let mut out = std::io::stdout().lock();
    let (mut position, mut shown) = (from, 0);
    loop {
        let range = position.map_or_else(event::all, event::after);
        let page = store.page(&range, None, PAGE_RECORDS).context("read the log of events")?;
        let found = event::read(page.records.iter().map(|(key, entry)| (key, entry)));
        let Some(last) = found.last().map(|event| event.position) else { break };
        for event in found {
            if shown == most {
                return Ok(Outcome::Fine);
            }
            shown += 1;
            let line = serde_json::json!({
                "position": event.position.to_string(),
                "id": event.id,
                "at": event.at.to_string(),
                "name": event.name,
                "payload": event.payload,
            });
            if json {
                writeln!(out, "{line}")?;
            } else {
                writeln!(out, "{} {} {} {}", event.position, event.at, event.name, event.payload)?;
            }
        }
        position = Some(last);
    }
    Ok(Outcome::Fine)
}

/// One row a line: JSON, or the values beside their names.
fn show<T: Serialize>(rows: &[T], json: bool) -> Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for row in rows {
        let row = serde_json::to_value(row)?;
        if json {
            writeln!(out, "{row}")?;
            continue;
        }
        let fields = row.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
        let texts = fields.map(|(name, value)| match value.as_str() {
            Some(text) => format!("{name} {text}"),
            None => format!("{name} {value}"),
        });
        writeln!(out, "{}", texts.collect::<Vec<_>>().join("  "))?;
    }
    if rows.is_empty() && !json {
        writeln!(out, "nothing is known of it")?;
    }
    Ok(Outcome::Fine)
}

fn position(text: &str) -> Result<event::Position, event::NoPosition> {
    match text.parse() {
        Ok(commit) => Ok(event::Position { commit, event: u64::MAX }),
        Err(_) => text.parse(),
    }
}

fn charge_type(code: &str) -> Result<ChargeType, String> {
    ChargeType::from_code(code).ok_or_else(|| "a charge type is D01, D02 or D03".to_string())
}
