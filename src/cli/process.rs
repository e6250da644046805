//! `gridpost process`: what the processes know, and what they have told. Read from the store of a gateway that is not
//! running.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::Outcome;
use super::certificates::{self, Certificates};
use super::config::Config;
use super::new_charge;
use super::orders;
use super::output::parse_instant;
use super::pack_commands::{self, PackCommand};
use super::register;
use super::webhooks::{self, Webhooks};
use crate::gateway::{self, Clock, Question};
use crate::market::{ActorNumber, ChargeType, MeteringPointId, Period, Timestamp, is_gsrn};
use crate::process::accounting_points::{self, transactions};
use crate::process::change_of_supplier::{timeline, view as roles};
use crate::process::charges::ChargeIdentity;
use crate::process::charges::view::{Cut, EVERYTHING, Filter, PriceOrder};
use crate::process::event::Position;
use crate::process::gather_more;
use crate::record::Needs;
use crate::store::Embedded;

/// Shows what the processes know: charges, prices, links, and the events they have raised. `register`, `actor`,
/// `grid-area` and `delegate` change who takes part and who acts for whom, and `create-charge` creates a charge in its owner's name; `force-supplier` and
/// `balance-responsible` change a supplier's whole portfolio.
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
        #[arg(long, value_name = "N")]
        from: Option<Position>,
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
        /// As they were known at this instant.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        known_at: Option<Timestamp>,
        /// The cheapest first, instead of the earliest.
        #[arg(long)]
        by_price: bool,
    },
    /// The accepted operations on a charge and what they did, the newest first.
    History {
        #[command(flatten)]
        charge: ChargeArgs,
        /// As they were known at this instant.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        known_at: Option<Timestamp>,
    },
    /// Who asked for what about a charge, accepted or rejected, the newest first.
    Messages {
        #[command(flatten)]
        charge: ChargeArgs,
        /// Received at or after this.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        from: Option<Timestamp>,
        /// Received before this.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        to: Option<Timestamp>,
        #[arg(long, default_value_t = 0)]
        skip: usize,
        #[arg(long, default_value_t = 1_000)]
        take: usize,
    },
    /// What a pack shows and does by a name of its own.
    #[command(flatten)]
    Pack(PackCommand),
    /// The charges that a metering point pays, paid, or is to pay.
    Links {
        #[arg(value_name = "METERING POINT")]
        metering_point: String,
        /// The day whose names are shown.
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        at: Timestamp,
    },
    /// A process's whole story: request, decision with the rules that decided, states, documents, what is due, events. Of a
    /// metering point, its timeline: what it is, and who supplies and consumes there from when on, also what is to come.
    Show {
        /// Of the process, or of a request that was rejected, as `processes` lists it; or `SENDER/TRANSACTION`; or the number
        /// of a metering point.
        id: String,
    },
    /// The processes at an accounting point, and what they have registered.
    Processes {
        #[arg(value_name = "METERING POINT")]
        metering_point: String,
    },
    ForceSupplier(orders::ForceArgs),
    BalanceResponsible(orders::BalanceArgs),
    /// What operators have ordered about suppliers' portfolios, and how each order went; with an ID, what became of each
    /// accounting point. Until its date an order can be called off.
    Orders {
        id: Option<String>,
        /// Calls this order off: what it has registered is withdrawn, and whoever had been told is told so.
        #[arg(long, value_name = "ID", conflicts_with = "id")]
        call_off: Option<String>,
        /// As of this instant, not before what the store has seen [default: now].
        #[arg(long, value_name = "T", value_parser = parse_instant, requires = "call_off")]
        clock: Option<Timestamp>,
    },
    /// Everybody who is registered.
    Participants,
    /// Creates a charge in its owner's name, without a document of the owner's.
    #[command(after_help = new_charge::HELP)]
    CreateCharge(Box<new_charge::NewChargeArgs>),
    /// Registers the actors and grid areas of a world file, or changes them to what it says, and adds its delegations; others
    /// stay as they are.
    Register {
        /// TOML with [[actor]], [[grid_area]] and [[delegation]] tables, as in a world.
        file: PathBuf,
    },
    /// Changes an actor's name, status, login or the form of its post in every role in which it is registered.
    Actor(register::ActorArgs),
    /// Client certificates: which of them speaks for which participant.
    #[command(subcommand)]
    Certificate(Certificates),
    /// Where participants want to hear that post waits for them.
    #[command(subcommand)]
    Webhook(Webhooks),
    /// Lets a participant act for another in a process in a grid area; a row with a higher sequence number says otherwise.
    Delegate(register::DelegateArgs),
    /// Who acts for whom, and whether that is in force.
    Delegations {
        /// In force at this instant [default: now].
        #[arg(long, value_name = "T", value_parser = parse_instant)]
        at: Option<Timestamp>,
    },
    /// Gives a grid area to a grid company. Once the gateway runs again it is told of the taxes that were linked there while no
    /// active company ran it.
    GridArea {
        code: String,
        /// Number of the grid company.
        #[arg(long, value_name = "NUMBER", required_unless_present = "nobody")]
        owner: Option<String>,
        /// Nobody runs it any longer.
        #[arg(long, conflicts_with = "owner")]
        nobody: bool,
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

pub fn run(args: &ProcessArgs, config: &Config) -> Result<Outcome> {
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    match &args.what {
        What::ForceSupplier(force) => return orders::force(force, dir, args.json, config),
        What::BalanceResponsible(balance) => return orders::balance(balance, dir, args.json, config),
        What::Orders { call_off: Some(id), clock, .. } => return orders::call_off(id, *clock, dir, args.json, config),
        _ => {}
    }
    // Who takes part may be said before anything else is; whatever else is asked for must be in a store that is there.
    let store = match &args.what {
        What::Register { .. } => Embedded::open(dir, config.store_options())?,
        _ => Embedded::open_existing(dir, config.store_options())?,
    };
    if let What::CreateCharge(new) = &args.what {
        return new_charge::run(store, config, new, args.json);
    }
    if let What::Pack(what) = &args.what {
        return pack_commands::run(what, store, args.json, config);
    }
    match &args.what {
        What::Orders { id, .. } => return orders::orders(&store, id.as_deref(), args.json),
        What::GridArea { code, owner, .. } => {
            return register::grid_area(&store, config, code, owner.as_deref(), args.json);
        }
        What::Register { file } => return register::register(&store, config, file, args.json),
        What::Actor(actor) => return register::actor(&store, config, actor, args.json),
        What::Webhook(what) => return webhooks::run(&store, &config.dk()?, what, args.json),
        What::Delegate(row) => return register::delegate(&store, config, row, args.json),
        What::Certificate(what) => {
            return certificates::run(&store, &config.dk()?, what, args.json);
        }
        _ => {}
    }
    if let What::Show { id } = &args.what {
        if is_gsrn(id) {
            return timeline(&store, id, args.json);
        }
        return story(&store, config, id, args.json);
    }
    if let What::Processes { metering_point } = &args.what {
        let point = MeteringPointId::new(&**metering_point);
        let facts = gateway::load(&store, &accounting_points::needs_of(&point))?;
        return show(&roles::processes(&facts, &point), args.json);
    }
    let question = args.what.question();
    if let Question::Events { after, take } = &question {
        return events(&store, config, *after, *take, args.json);
    }
    let answer = gateway::ask(&store, &config.dk()?, &question)?;
    match (answer, &question) {
        (Some(answer), _) => show(&answer.rows, args.json),
        (None, Question::Links { point, .. }) => Err(anyhow!("show links: there is no metering point {point}")),
        (None, _) => show(&[], args.json),
    }
}

impl What {
    fn question(&self) -> Question {
        match self {
            What::Events { from, most } => Question::Events { after: *from, take: *most },
            What::Charges { text, owner, types } => Question::Charges {
                filter: Filter {
                    text: text.clone(),
                    owners: owner.iter().map(|number| ActorNumber::new(&**number)).collect(),
                    types: types.iter().copied().collect(),
                },
                cut: EVERYTHING,
            },
            What::Charge { charge, known_at } => Question::Charge { charge: charge.identity(), known_at: *known_at },
            What::Prices { charge, from, to, known_at, by_price } => Question::Prices {
                charge: charge.identity(),
                interval: Period::new(*from, *to),
                known_at: *known_at,
                order: if *by_price { PriceOrder::Price } else { PriceOrder::Time },
                cut: EVERYTHING,
            },
            What::History { charge, known_at } => {
                Question::History { charge: charge.identity(), known_at: *known_at, cut: EVERYTHING }
            }
            What::Messages { charge, from, to, skip, take } => Question::Messages {
                charge: charge.identity(),
                received: Period::new(
                    from.unwrap_or(Timestamp::from_micros(i64::MIN)),
                    to.unwrap_or(Timestamp::OPEN_END),
                ),
                cut: Cut { skip: *skip, take: *take },
            },
            What::Links { metering_point, at } => {
                Question::Links { point: MeteringPointId::new(&**metering_point), at: *at, cut: EVERYTHING }
            }
            What::Participants => Question::Participants { cut: EVERYTHING },
            What::Delegations { at } => {
                Question::Delegations { at: at.unwrap_or_else(|| Clock::machine().now()), cut: EVERYTHING }
            }
            What::CreateCharge(_)
            | What::Pack(_)
            | What::GridArea { .. }
            | What::ForceSupplier(_)
            | What::BalanceResponsible(_)
            | What::Orders { .. }
            | What::Register { .. }
            | What::Actor(_)
            | What::Delegate(_)
            | What::Certificate(_)
            | What::Webhook(_)
            | What::Show { .. }
            | What::Processes { .. } => {
                unreachable!("run answers it before anything is asked")
            }
        }
    }
}

/// A metering point through time.
fn timeline(store: &Embedded, number: &str, json: bool) -> Result<Outcome> {
    let point = MeteringPointId::new(number);
    let load = |needs: &Needs| gateway::load(store, needs);
    let facts = gather_more(timeline::needs(&point), |facts| timeline::needs_more(&point, facts), load)?;
    let rows = timeline::timeline(&facts, &point);
    let rows = rows.ok_or_else(|| anyhow!("show {number}: there is no such metering point"))?;
    if json {
        return show(&rows, true);
    }
    let mut out = std::io::stdout().lock();
    for row in &rows {
        let text = |name: &str| row[name].as_str().unwrap_or_default();
        let told = ["at", "what"];
        let fields = row.as_object().into_iter().flatten();
        let fields = fields.filter(|(name, value)| !value.is_null() && !told.contains(&name.as_str()));
        let rest: Vec<String> = fields
            .map(|(name, value)| value.as_str().map_or_else(|| format!("{name} {value}"), |it| format!("{name} {it}")))
            .collect();
        writeln!(out, "{}  {:<27} {}", text("at"), text("what"), rest.join("  "))?;
    }
    Ok(Outcome::Fine)
}

/// The story of a process, with the events that it has raised behind it.
fn story(store: &Embedded, config: &Config, id: &str, json: bool) -> Result<Outcome> {
    let market = config.dk()?;
    let id = match id.split_once('/') {
        None => id.to_string(),
        Some((sender, transaction)) => {
            let sender = ActorNumber::new(sender);
            let facts = gateway::load(store, &transactions::needs_of(&sender, transaction))?;
            let found = transactions::transaction(&facts, &sender, transaction);
            found.ok_or_else(|| anyhow!("show {id}: {sender} has no transaction {transaction}"))?.own_id
        }
    };
    let load = |needs: &Needs| gateway::load(store, needs);
    let facts = gather_more(roles::story_needs(&id), |facts| roles::story_needs_more(&id, facts), load)?;
    let mut rows = roles::story(&facts, &id, &market).ok_or_else(|| anyhow!("show {id}: nobody knows this process"))?;
    let mut after = None;
    loop {
        let question = Question::Events { after, take: EVENTS_AT_A_TIME };
        let answer = gateway::ask(store, &market, &question)?.unwrap_or_default();
        let own = answer.rows.iter().filter(|row| row["payload"]["process_id"] == *id);
        rows.extend(own.map(|row| json!({"what": "event", "at": row["at"], "name": row["name"], "id": row["id"]})));
        match answer.rows.last().and_then(|row| row["position"].as_str()).filter(|_| answer.more) {
            Some(position) => after = Some(position.parse()?),
            None => return show(&rows, json),
        }
    }
}

/// Events that are looked through at a time for those of one process.
const EVENTS_AT_A_TIME: usize = 1_000;

/// Answer by answer, for one does not hold more than a few MiB.
fn events(store: &Embedded, config: &Config, from: Option<Position>, most: usize, json: bool) -> Result<Outcome> {
    let market = config.dk()?;
    let (mut after, mut left, mut out) = (from, most, std::io::stdout().lock());
    loop {
        let answer = gateway::ask(store, &market, &Question::Events { after, take: left })?.unwrap_or_default();
        for row in &answer.rows {
            let text = |name: &str| row[name].as_str().unwrap_or_default();
            match json {
                true => writeln!(out, "{row}")?,
                false => writeln!(out, "{} {} {} {}", text("position"), text("at"), text("name"), row["payload"])?,
            }
        }
        left -= answer.rows.len();
        let last = answer.rows.last().and_then(|row| row["position"].as_str());
        match last.filter(|_| answer.more && left > 0) {
            Some(position) => after = Some(position.parse()?),
            None => return Ok(Outcome::Fine),
        }
    }
}

/// One row a line: JSON, or the values beside their names.
pub fn show(rows: &[Value], json: bool) -> Result<Outcome> {
    let mut out = std::io::stdout().lock();
    for row in rows {
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

fn charge_type(code: &str) -> Result<ChargeType, String> {
    ChargeType::from_code(code).ok_or_else(|| "a charge type is D01, D02 or D03".to_string())
}
