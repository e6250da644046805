//! `gridpost queue`: what waits for whom, and what was set aside. Read from the store of a gateway that is not running.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::config::Config;
use super::output::party;
use super::{Outcome, audited};
use crate::gateway::parked::{self, Parked, What as Set};
use crate::gateway::{self, tell_shown};
use crate::market::{ActorRole, Party, Timestamp};
use crate::post_office::{self, Shown, Waiting};
use crate::process::{participants, timer};
use crate::record::{Entry, Key, KeyRange, Needs, Outcome as Written};
use crate::store::{self, Embedded, Store};
use crate::view::Counted;

/// Shows what waits in the participants' queues, and messages that were set aside.
#[derive(Debug, Args)]
pub struct QueueArgs {
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
    /// Every queue in which something waits: whose, how many documents, how many of them are closed, so that nothing joins them any
    /// more, how many records they have (pending), since when.
    List,
    /// The documents of a participant's queues, in the order in which they would be peeked.
    Show {
        /// Number of the participant.
        number: String,
        /// Its role by code, such as DDQ.
        role: String,
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
    /// Documents, timers and errands that could not be decided, with the cause and the key of each.
    Parked,
    /// Has what was set aside decided again, each as of its own time, when the gateway starts next.
    Retry {
        /// Keys, as `parked` shows them.
        #[arg(required_unless_present = "all", value_name = "KEY")]
        keys: Vec<String>,
        /// Everything.
        #[arg(long, conflicts_with = "keys")]
        all: bool,
    },
    /// Gives up what was set aside: it is never decided, and whoever sent it is told nothing by this. A document stays in the
    /// archive as it was received, and its ids stay used: its sender must send it again under new ids. Of a timer or an errand that
    /// row is all that is kept, so keep it. What an operator's order had left to do by it goes on to be shown as waiting.
    Discard {
        /// Keys, as `parked` shows them.
        #[arg(required = true, value_name = "KEY")]
        keys: Vec<String>,
    },
    /// Timers in the order in which they are due.
    Timers {
        /// At most so many.
        #[arg(long, default_value_t = 1_000)]
        most: usize,
    },
}

/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;

pub fn run(args: &QueueArgs, config: &Config) -> Result<Outcome> {
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    let store = Embedded::open_existing(dir, config.store_options())?;
    let mut out = Rows { json: args.json, out: std::io::stdout().lock() };
    match &args.what {
        What::List => list(&store, &mut out)?,
        What::Show { number, role, most } => {
            let owner = party("show a queue", number, role)?;
            if show(&store, &owner, *most, &mut out)? == 0 {
                tell_nothing_waits(&store, &owner)?;
            }
        }
        What::Parked => set_aside(&store, &mut out)?,
        What::Retry { keys, all } => return retry(&store, &keys.iter().collect(), *all, &mut out),
        What::Discard { keys } => return discard(&store, &keys.iter().collect(), &mut out),
        What::Timers { most } => timers(&store, *most, &mut out)?,
    }
    Ok(Outcome::Fine)
}

/// Rows as JSON, or as text.
struct Rows<W> {
    json: bool,
    out: W,
}

impl<W: Write> Rows<W> {
    fn row(&mut self, json: Value, text: std::fmt::Arguments<'_>) -> Result<()> {
        if self.json {
            writeln!(self.out, "{json}")?;
        } else {
            writeln!(self.out, "{text}")?;
        }
        Ok(())
    }
}

fn list(store: &dyn Store, out: &mut Rows<impl Write>) -> Result<()> {
    let mut queue: Option<Length> = None;
    each(store, &post_office::all_queues_range(), usize::MAX, |key, entry| {
        let (party, category) = post_office::queue_of(key).context("read a queue: its key is not one of ours")?;
        let waiting = waiting(entry)?;
        match &mut queue {
            Some((owner, name, counted, _)) if *owner == party && *name == category.name() => counted.add(&waiting),
            _ => {
                let mut counted = Counted::default();
                counted.add(&waiting);
                if let Some(done) = queue.replace((party, category.name(), counted, waiting.enqueued)) {
                    length(out, &done)?;
                }
            }
        }
        Ok(())
    })?;
    queue.map_or(Ok(()), |last| length(out, &last))
}

/// A queue: whose, of what category, how much waits in it, and since when.
type Length = (Party, &'static str, Counted, Timestamp);

fn length(out: &mut Rows<impl Write>, queue: &Length) -> Result<()> {
    let (party, category, Counted { pending, documents, closed }, oldest) = queue;
    let (number, role) = (party.number.as_str(), party.role.code());
    out.row(
        json!({
            "actor": number, "role": role, "category": category, "pending": pending, "documents": documents, "closed": closed,
            "oldest": oldest.to_string(),
        }),
        format_args!(
            "{number:<16} {role:<3} {category:<12} {documents:>9} documents, {closed} of them closed, {pending} records, since {oldest}"
        ),
    )
}

/// Returns how many documents wait.
fn show(store: &dyn Store, owner: &Party, most: usize, out: &mut Rows<impl Write>) -> Result<usize> {
    let mut count = 0;
    for category in crate::document::Category::ALL {
        each(store, &post_office::queue_range(owner, category), most, |_, entry| {
            count += 1;
            let waiting = waiting(entry)?;
            let Waiting { message_id, document, records, enqueued, bytes, shown, .. } = &waiting;
            let mut row = json!({
                "category": category.name(), "messageId": message_id, "document": document, "records": records,
                "enqueued": enqueued.to_string(), "bytes": bytes, "closed": waiting.is_settled(),
            });
            let mut peeked = String::new();
            if let Some(shown) = shown {
                tell_shown(shown, &mut row);
                peeked = format!("  {}", words_for(shown));
            }
            out.row(
                row,
                format_args!("{enqueued} {message_id} {document:<40} {records:>6} records {bytes:>9} bytes{peeked}"),
            )
        })?;
    }
    Ok(count)
}

/// Says that nothing waits for an owner, or that there is nobody of that number.
fn tell_nothing_waits(store: &dyn Store, owner: &Party) -> Result<()> {
    let in_each = ActorRole::all().map(|role| Party { role, ..owner.clone() }).collect::<Vec<_>>();
    let needs = in_each.iter().map(participants::needs_of_anywhere).fold(Needs::default(), Needs::and);
    let facts = gateway::load(store, &needs)?;
    if !in_each.iter().any(|party| participants::is_registered(&facts, party)) {
        bail!("show a queue: nobody is registered with the number {}", owner.number);
    }
    eprintln!("nothing waits for {owner}");
    Ok(())
}

/// Such as `peeked 3 times since 2023-08-01T09:00:00Z, first as xml, last as ebix`.
fn words_for(shown: &Shown) -> String {
    let Shown { at, first, last, times } = shown;
    let mut words = match times {
        1 => format!("peeked once, {at}"),
        times => format!("peeked {times} times since {at}"),
    };
    match (first, last) {
        (Some(first), Some(last)) if first == last => words.push_str(&format!(", as {}", first.name())),
        _ => {
            for (which, form) in [("first", first), ("last", last)] {
                words.extend(form.map(|form| format!(", {which} as {}", form.name())));
            }
        }
    }
    words
}

fn set_aside(store: &dyn Store, out: &mut Rows<impl Write>) -> Result<()> {
    parked::parked(store)?.into_iter().try_for_each(|parked| set_aside_row(parked, out))
}

fn set_aside_row(Parked { key, what, cause }: Parked, out: &mut Rows<impl Write>) -> Result<()> {
    let key = key.to_string();
    match what {
        Set::Document(entry) => {
            let (document, at, from, id) =
                (&entry.document, entry.at.to_string(), entry.caller.to_string(), &entry.correlation_id);
            out.row(
                json!({
                    "key": key, "document": document, "received": at, "from": from, "correlationId": id,
                    "cause": cause,
                }),
                format_args!("{key} {at} {document} from {from}, correlation id {id}: {cause}"),
            )?;
        }
        Set::Timer { due, kind } => {
            let (due, kind) = (due.to_string(), kind.unwrap_or_else(|| "timer".into()));
            out.row(
                json!({"key": key, "timer": kind, "due": due, "cause": cause}),
                format_args!("{key} {due} {kind}: {cause}"),
            )?;
        }
        Set::Errand(name) => {
            let row = json!({"key": key, "errand": name, "cause": cause});
            out.row(row, format_args!("{key} errand, {name}: {cause}"))?;
        }
    }
    Ok(())
}

fn retry(store: &dyn Store, keys: &BTreeSet<&String>, all: bool, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let (mut batch, taken, lost) = parked::retry(store, |key| all || keys.contains(&key.to_string()))?;
    let named = || keys.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(" ");
    let target = if all { "--all".to_string() } else { named() };
    batch.put_all([audited::entry("queue retry", target).put()]);
    if taken > 0
        && let Written::Conflict(key) = store.commit(batch)?
    {
        bail!("take up again what was set aside: {key} has changed meanwhile");
    }
    let missing = if all { 0 } else { keys.len().saturating_sub(taken + lost) };
    out.row(
        json!({"taken": taken, "kept": lost, "unknown": missing}),
        format_args!(
            "{taken} will be decided again; {lost} cannot be, for only their cause was kept; {missing} are unknown"
        ),
    )?;
    Ok(if lost + missing == 0 { Outcome::Fine } else { Outcome::Flawed })
}

fn discard(store: &dyn Store, keys: &BTreeSet<&String>, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let given_up = parked::discard(store, |key| keys.contains(&key.to_string()))?;
    let known: BTreeSet<String> = given_up.iter().map(|(parked, _)| parked.key.to_string()).collect();
    for (parked, mut batch) in given_up {
        batch.put_all([audited::entry("queue discard", parked.key.to_string()).put()]);
        if let Written::Conflict(key) = store.commit(batch)? {
            bail!("give up what was set aside: {key} has changed meanwhile");
        }
        set_aside_row(parked, out)?;
    }
    let unknown: Vec<_> = keys.iter().filter(|key| !known.contains(**key)).collect();
    for key in &unknown {
        eprintln!("{key} is not set aside: see `gridpost queue parked`");
    }
    Ok(if unknown.is_empty() { Outcome::Fine } else { Outcome::Flawed })
}

fn timers(store: &dyn Store, most: usize, out: &mut Rows<impl Write>) -> Result<()> {
    each(store, &timer::all(), most, |key, entry| {
        let timer = timer::read(key, entry);
        let (due, kind, id) = (timer.due.to_string(), &timer.kind, &timer.id);
        out.row(json!({"due": due, "kind": kind, "id": id}), format_args!("{due} {kind} {id}"))
    })
}

fn waiting(entry: &Entry) -> Result<Waiting> {
    Waiting::decode(&entry.value).context("read a queue: it was written by another version, or is damaged")
}

/// Goes through the first records of a range.
fn each(
    store: &dyn Store,
    range: &KeyRange,
    most: usize,
    mut take: impl FnMut(&Key, &Entry) -> Result<()>,
) -> Result<()> {
    for record in store::records(store, range, PAGE_RECORDS.min(most.max(1))).take(most) {
        let (key, entry) = record?;
        take(&key, &entry)?;
    }
    Ok(())
}
