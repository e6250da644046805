//! `gridpost queue`: what waits for whom, and what was set aside. Read from the store of a gateway that is not running.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::config::Config;
use super::output::party;
use super::{Outcome, audited};
use crate::gateway::parked::{self, Parked, Retried, What as Set};
use crate::gateway::quarantine::{self, CAUSE_ADVICE, Stop, cause_in};
use crate::gateway::{self, Clock, latest_seen, queues};
use crate::market::{Party, Timestamp};
use crate::post_office::{Quarantined, Shown, Waiting};
use crate::process::timer;
use crate::record::{Batch, Entry, Key, KeyRange, Outcome as Written};
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
    /// Has what was set aside decided again, each as of its own time, when the gateway starts next. A document whose bytes cannot be
    /// read stays where it is.
    Retry {
        /// Keys, as `parked` shows them.
        #[arg(required_unless_present = "all", value_name = "KEY")]
        keys: Vec<String>,
        /// Everything.
        #[arg(long, conflicts_with = "keys")]
        all: bool,
    },
    /// Documents in quarantine, and why: they cannot be given out, or somebody has stopped them, and their queues go on without them.
    Quarantined,
    /// Stops a document that waits: it goes into quarantine, and what waits behind it is given out.
    Quarantine {
        /// Number of the participant for whom it waits.
        number: String,
        /// Its role by code, such as DDQ.
        role: String,
        /// Message id, as `show` shows it.
        id: String,
        /// Why, for whoever finds it there.
        #[arg(long, default_value = "stopped by an operator")]
        cause: String,
    },
    /// Lets documents out of quarantine that can be read: they join their queues again, behind all that wait. A bundle that cannot is
    /// made anew of its members, byte for byte. Where the disk has harmed anything else, put the journal's file back from a backup first.
    Release {
        /// Message ids, as `quarantined` shows them.
        #[arg(required_unless_present = "all", value_name = "ID")]
        ids: Vec<String>,
        /// Everything.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
    /// Gives up what was set aside: it is never decided, and whoever sent it is told nothing by this. A document stays in the
    /// archive as it was received, and its ids stay used: its sender must send it again under new ids. Of a timer or an errand that
    /// row is all that is kept, so keep it. What an operator's order had left to do by it goes on to be shown as waiting. What is in
    /// quarantine can be given up, too: its receiver, who may have peeked it before, is not given it any more, and the archive keeps it.
    Discard {
        /// Keys, as `parked` shows them, or message ids, as `quarantined` shows them.
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
/// Queues looked at at a time.
const QUEUES_AT_ONCE: usize = 1_000;

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
        What::Retry { keys, all } => {
            let keys = keys.iter().cloned().collect();
            return retry(&store, (!all).then_some(&keys), &mut out);
        }
        What::Quarantined => {
            quarantine::quarantined(&store)?.iter().try_for_each(|aside| quarantined_row(aside, &mut out))?;
        }
        What::Quarantine { number, role, id, cause } => {
            return quarantine(&store, &party("stop a document", number, role)?, id, cause, &mut out);
        }
        What::Release { ids, all } => {
            let ids = ids.iter().cloned().collect();
            return release(&store, (!all).then_some(&ids), &mut out);
        }
        What::Discard { keys } => return discard(&store, &keys.iter().cloned().collect(), &mut out),
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
    let mut behind = None;
    loop {
        let (totals, more) = queues::totals(store, behind.as_ref(), QUEUES_AT_ONCE, usize::MAX)?;
        for total in &totals {
            let (number, role, category) =
                (total.owner.number.as_str(), total.owner.role.code(), total.category.name());
            let (Counted { pending, documents, closed }, oldest) = (total.counted, total.oldest);
            out.row(
                queues::total_row(total),
                format_args!(
                    "{number:<16} {role:<3} {category:<12} {documents:>9} documents, {closed} of them closed, {pending} records, since \
                     {oldest}"
                ),
            )?;
        }
        match totals.into_iter().next_back().filter(|_| more) {
            Some(last) => behind = Some((last.owner, last.category)),
            None => return Ok(()),
        }
    }
}

/// Returns how many documents wait.
fn show(store: &dyn Store, owner: &Party, most: usize, out: &mut Rows<impl Write>) -> Result<usize> {
    let (mut shown, mut behind) = (0, None);
    loop {
        let (waiting, more) = queues::documents(store, owner, behind, (most - shown).min(PAGE_RECORDS))?;
        for each in &waiting {
            let Waiting { message_id, document, records, enqueued, bytes, shown, .. } = &each.waiting;
            let peeked = shown.as_ref().map(|shown| format!("  {}", words_for(shown))).unwrap_or_default();
            out.row(
                queues::document_row(each),
                format_args!("{enqueued} {message_id} {document:<40} {records:>6} records {bytes:>9} bytes{peeked}"),
            )?;
        }
        shown += waiting.len();
        match waiting.last().filter(|_| more && shown < most) {
            Some(last) => behind = Some((last.category, last.place)),
            None => return Ok(shown),
        }
    }
}

/// Says that nothing waits for an owner, or that there is nobody of that number.
fn tell_nothing_waits(store: &dyn Store, owner: &Party) -> Result<()> {
    if !gateway::is_known(store, owner)? {
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

fn set_aside_row(parked: Parked, out: &mut Rows<impl Write>) -> Result<()> {
    let (row, Parked { key, what, cause }) = (parked::row(&parked), parked);
    match what {
        Set::Document(entry) => {
            let (document, at, from, id) = (&entry.document, entry.at, &entry.caller, &entry.correlation_id);
            out.row(row, format_args!("{key} {at} {document} from {from}, correlation id {id}: {cause}"))
        }
        Set::Timer { due, kind } => {
            let kind = kind.unwrap_or_else(|| "timer".into());
            out.row(row, format_args!("{key} {due} {kind}: {cause}"))
        }
        Set::Errand(name) => out.row(row, format_args!("{key} errand, {name}: {cause}")),
    }
}

fn quarantined_row(aside: &Quarantined, out: &mut Rows<impl Write>) -> Result<()> {
    let Quarantined { owner, waiting, since, cause, .. } = aside;
    let (id, document) = (&waiting.message_id, &waiting.document);
    out.row(quarantine::quarantined_row(aside), format_args!("{id} {document} for {owner}, since {since}: {cause}"))
}

fn quarantine(store: &dyn Store, owner: &Party, id: &str, cause: &str, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let now = now(store)?;
    let Some(cause) = cause_in(cause) else { bail!("stop a document: --cause cannot be used: {CAUSE_ADVICE}") };
    let planned = quarantine::plan_quarantine(store, owner, id, &|_, known| known, (now, cause))?;
    let Some(Stop { mut batch, aside, .. }) = planned else {
        eprintln!("{id} does not wait for {owner}: see `gridpost queue show {} {}`", owner.number, owner.role.code());
        return Ok(Outcome::Flawed);
    };
    batch.put_all([audited::entry("queue quarantine", format!("{id} {cause}")).put()]);
    written(store, batch)?;
    aside.iter().try_for_each(|aside| quarantined_row(aside, out))?;
    Ok(Outcome::Fine)
}

fn release(store: &dyn Store, ids: Option<&BTreeSet<String>>, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let (pieces, unknown) = quarantine::pieces(store, ids)?;
    let mut harmed = false;
    for piece in pieces {
        let (batch, released) = quarantine::plan_release(store, &piece, now(store)?)?;
        done(store, batch, "queue release", released.names())?;
        released.back.iter().try_for_each(|aside| quarantined_row(aside, out))?;
        for id in &released.anew {
            eprintln!("{id} could not be read, and was made anew of its members");
        }
        for aside in &released.harmed {
            eprintln!("{} still cannot be read, and stays in quarantine: {}", aside.waiting.message_id, aside.cause);
        }
        harmed |= !released.harmed.is_empty();
    }
    for id in &unknown {
        eprintln!("{id} is not in quarantine: see `gridpost queue quarantined`");
    }
    Ok(if harmed || !unknown.is_empty() { Outcome::Flawed } else { Outcome::Fine })
}

/// What the clock of the gateway shows whose store this is, as far as that can be known: it may have been moved.
fn now(store: &dyn Store) -> Result<Timestamp> {
    Ok(Clock::machine().not_before(latest_seen(store)?).now())
}

/// Does what `batch` does to these, and writes that down.
fn done(store: &dyn Store, mut batch: Batch, command: &str, names: Vec<String>) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    batch.put_all([audited::entry(command, names.join(" ")).put()]);
    written(store, batch)
}

fn written(store: &dyn Store, batch: Batch) -> Result<()> {
    match store.commit(batch)? {
        Written::Committed(_) => Ok(()),
        Written::Conflict(key) => bail!("change what waits: {key} has changed meanwhile"),
    }
}

fn retry(store: &dyn Store, keys: Option<&BTreeSet<String>>, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let (pieces, unknown) = parked::pieces(store, keys)?;
    let mut retried = Retried { unknown, ..Retried::default() };
    for piece in pieces {
        let mut look = |number, _: &_| parked::can_be_read(store, number);
        let (batch, some) = parked::plan_retry(store, &piece, &mut look)?;
        done(store, batch, "queue retry", some.taken.iter().map(Key::to_string).collect())?;
        retried.add(some);
    }
    for Parked { key, cause, .. } in &retried.harmed {
        eprintln!("{key} cannot be read, and stays set aside: {cause}");
    }
    let [taken, kept, harmed, unknown] =
        [retried.taken.len(), retried.kept.len(), retried.harmed.len(), retried.unknown.len()];
    out.row(
        retried.row(),
        format_args!(
            "{taken} will be decided again; {kept} cannot be, for only their cause was kept; {harmed} cannot be read; {unknown} are unknown"
        ),
    )?;
    Ok(if kept + harmed + unknown == 0 { Outcome::Fine } else { Outcome::Flawed })
}

fn discard(store: &dyn Store, names: &BTreeSet<String>, out: &mut Rows<impl Write>) -> Result<Outcome> {
    let (pieces, others) = parked::pieces(store, Some(names))?;
    for piece in pieces {
        let (batch, gone) = parked::plan_discard(store, &piece)?;
        done(store, batch, "queue discard", gone.iter().map(|parked| parked.key.to_string()).collect())?;
        gone.into_iter().try_for_each(|parked| set_aside_row(parked, out))?;
    }
    let (pieces, unknown) = quarantine::pieces(store, Some(&others.into_iter().collect()))?;
    for piece in pieces {
        let (batch, gone) = quarantine::plan_discard(store, &piece, now(store)?)?;
        done(store, batch, "queue discard", quarantine::ids_of(&gone).collect())?;
        gone.iter().try_for_each(|aside| quarantined_row(aside, out))?;
    }
    for name in &unknown {
        eprintln!("{name} is neither set aside nor in quarantine: see `gridpost queue parked` and `queue quarantined`");
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
