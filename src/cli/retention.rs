//! `gridpost archive retain | hold | holds | deletions`: how long documents are kept, and what holds them longer.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::archive::Criteria;
use super::config::Config;
use super::local::machine_now;
use super::output::parse_instant;
use super::{Outcome, audited};
use crate::archive::{self, Hold, LogEntry, Position};
use crate::gateway::{self, Catalogue, Expired, Retention};
use crate::market::{Calendar, Timestamp};
use crate::record::{Batch, Key};
use crate::store::{Embedded, Erased, Store};

#[derive(Debug, Args)]
pub struct RetainArgs {
    /// Only says what would go.
    #[arg(long)]
    dry_run: bool,
    /// As of this instant instead of now; not a later one than now.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    now: Option<Timestamp>,
}

#[derive(Debug, Args)]
pub struct HoldArgs {
    /// What the hold is called.
    #[arg(value_name = "NAME")]
    name: String,
    /// Who wants it, and why.
    #[arg(long, value_name = "TEXT", required_unless_present = "lift")]
    because: Option<String>,
    /// Lift it: what it held may go from now on. That it was there stays on record.
    #[arg(long, conflicts_with = "because")]
    lift: bool,
    #[command(flatten)]
    criteria: Criteria,
}

pub const RETAIN_HELP: &str = "\
[retention] in the configuration says for how many whole years, besides the one that has begun, documents are kept, and for
which documents it is another time. What is older goes, unless it is undecided or parked, has not been fetched by its receiver,
is under a legal hold (`gridpost archive hold`), or shares its place on disk with a document that stays.

Only a document's bytes go. Its entry in the log stays, with the hash of its bytes, its ids stay used up, and it is still found
by what it was found by; so the journal's chain holds, receipts and proofs keep their worth, and whoever has the bytes can still
show that they are the right ones. Each deletion is logged (`gridpost archive deletions`) in the journal before it is done.

The bytes are cut out of the journal's closed segments as holes. Whole blocks of the disk (mostly 4 KiB) become free; of
documents smaller than that the bytes are gone, while their blocks stay. What stands in the segment that is still written to
([store] segment_bytes_max) is kept until there is another one. What processes keep in records of their own, such as customers
and charges, is no document and stays, and so does everything in backups.";

/// Bodies that are let go in one commit.
const CHUNK: usize = 500;

pub fn retain(
    args: &RetainArgs,
    store: &Embedded,
    catalogue: &Catalogue<'_>,
    config: &Config,
    json: bool,
) -> Result<Outcome> {
    let now = args.now.unwrap_or_else(machine_now);
    if now > machine_now() {
        bail!("retain documents: {now} lies ahead, and what would be old then is not old yet");
    }
    if !args.dry_run {
        audited::begins(store, "archive retain", now.to_string())?;
    }
    let row = let_go(store, catalogue, config, now, args.dry_run)?;
    if json {
        println!("{row}");
    } else {
        print(&row);
    }
    Ok(Outcome::Fine)
}

/// Lets go of all that has been kept long enough, and says what that was and what stays. A gateway may be at work in the same store: what may go
/// then never has to stay after all, for holds are placed, and what is parked is taken up again, while none is.
fn let_go(
    store: &Embedded,
    catalogue: &Catalogue<'_>,
    config: &Config,
    now: Timestamp,
    dry_run: bool,
) -> Result<Value> {
    let policy = config.retention_policy();
    let calendar = Calendar::new(config.dk()?.zone);
    let retention = Retention { catalogue, policy: &policy, calendar, now };
    if !dry_run {
        finish_what_was_begun(store, &retention)?;
    }
    let closed = store.closed_segments()?;
    let (mut removed, mut still_open) = (Removed::default(), 0);
    let mut waiting: Vec<Expired> = Vec::new();
    let lose = |some: &mut Vec<Expired>, removed: &mut Removed| -> Result<(), gateway::Fault> {
        removed.count(some);
        if !dry_run && !some.is_empty() {
            retention.let_go(some, Vec::new())?;
            removed.add(erase(store, &some.iter().map(|expired| expired.body.clone()).collect::<Vec<_>>())?);
            retention.erased()?;
        }
        some.clear();
        Ok(())
    };
    let kept = retention.look_through(&mut |expired| {
        if !closed.hold(&expired.body).map_err(|source| gateway::Fault::Store { doing: ERASING, source })? {
            still_open += expired.documents.len() as u64;
            return Ok(());
        }
        waiting.push(expired);
        if waiting.len() == CHUNK { lose(&mut waiting, &mut removed) } else { Ok(()) }
    })?;
    lose(&mut waiting, &mut removed)?;
    Ok(json!({
        "now": now.to_string(),
        "dryRun": dry_run,
        "removed": removed.documents,
        "removedBytes": removed.bytes,
        "freedBytes": removed.erased.freed_bytes,
        "byDocument": removed.by_document,
        "kept": {
            "young": kept.young,
            "unfetched": kept.unfetched,
            "undecided": kept.undecided,
            "held": kept.held,
            "inOpenSegment": still_open,
        },
        "removedBefore": kept.gone,
    }))
}

/// What goes, or would go.
#[derive(Default)]
struct Removed {
    documents: u64,
    bytes: u64,
    by_document: BTreeMap<String, u64>,
    erased: Erased,
}

impl Removed {
    fn count(&mut self, expired: &[Expired]) {
        for (_, entry) in expired.iter().flat_map(|expired| &expired.documents) {
            self.documents += 1;
            self.bytes += entry.place.bytes;
            *self.by_document.entry(entry.document.clone()).or_default() += 1;
        }
    }

    fn add(&mut self, erased: Erased) {
        self.erased.bodies += erased.bodies;
        self.erased.bytes += erased.bytes;
        self.erased.freed_bytes += erased.freed_bytes;
    }
}

/// A run that was interrupted may have let bodies go and not erased them.
fn finish_what_was_begun(store: &Embedded, retention: &Retention<'_>) -> Result<(), gateway::Fault> {
    let mut bodies: Vec<Key> = Vec::new();
    match retention.to_erase()? {
        Some(left) => bodies = left,
        None => retention.deletions(&mut |body, _| {
            bodies.push(body);
            if bodies.len() == CHUNK {
                erase(store, &std::mem::take(&mut bodies))?;
            }
            Ok(())
        })?,
    }
    erase(store, &bodies)?;
    retention.erased()
}

fn erase(store: &Embedded, bodies: &[Key]) -> Result<Erased, gateway::Fault> {
    store.erase(bodies).map_err(|source| gateway::Fault::Store { doing: ERASING, source })
}

const ERASING: &str = "erase documents";

fn print(row: &Value) {
    let would = if row["dryRun"] == true { "would go" } else { "are gone" };
    println!(
        "{} documents of {} bytes {would} as of {}",
        row["removed"],
        row["removedBytes"],
        row["now"].as_str().unwrap_or_default()
    );
    for (document, count) in row["byDocument"].as_object().into_iter().flatten() {
        println!("  {count:>9} {}", if document.is_empty() { "(not recognised)" } else { document });
    }
    if row["dryRun"] == false {
        println!("{} bytes of disk became free", row["freedBytes"]);
    }
    for (name, why) in [
        ("young", "are not old enough, or share their place with one that is not"),
        ("unfetched", "have not been fetched"),
        ("undecided", "wait for their decision, or are parked"),
        ("held", "are under a legal hold"),
        ("inOpenSegment", "are old enough, and stand in the segment that is still written to"),
    ] {
        if row["kept"][name] != 0 {
            println!("{} {why}", row["kept"][name]);
        }
    }
}

pub fn hold(args: &HoldArgs, store: &Embedded, json: bool) -> Result<Outcome> {
    let found = store.get(&Hold::key(&args.name))?;
    let found = found
        .map(|entry| Hold::from_entry(&entry).ok_or(gateway::Fault::Unreadable { what: "a legal hold" }))
        .transpose()?;
    let now = machine_now();
    let hold = match (found, args.lift) {
        (Some(hold), true) if hold.lifted.is_none() => Hold { lifted: Some(now), ..hold },
        (Some(Hold { lifted: Some(at), .. }), true) => {
            bail!("lift the hold {}: it was lifted already, at {at}", args.name)
        }
        (_, true) => bail!("lift the hold {}: there is none of this name", args.name),
        (Some(hold), false) => bail!(
            "place the hold {}: there {} one of this name, and holds stay on record; choose another name",
            args.name,
            if hold.lifted.is_some() { "was" } else { "is" }
        ),
        (None, false) => {
            let criteria = args.criteria.given();
            archive::terms_for(criteria.clone()).context("place a hold")?;
            let (from, to) = args.criteria.period();
            let (name, reason) = (args.name.clone(), args.because.clone().unwrap_or_default());
            Hold { name, reason, criteria, from, to, placed: now, lifted: None }
        }
    };
    let mut batch = Batch::default();
    let verb = if args.lift { "archive hold --lift" } else { "archive hold" };
    batch.put_all([hold.put(), audited::entry(verb, &hold.name).put()]);
    store.commit(batch)?;
    show_hold(&hold, json);
    Ok(Outcome::Fine)
}

pub fn holds(catalogue: &Catalogue<'_>, config: &Config, json: bool) -> Result<Outcome> {
    let policy = config.retention_policy();
    let calendar = Calendar::new(config.dk()?.zone);
    let retention = Retention { catalogue, policy: &policy, calendar, now: machine_now() };
    retention.holds()?.iter().for_each(|hold| show_hold(hold, json));
    Ok(Outcome::Fine)
}

fn show_hold(hold: &Hold, json: bool) {
    let (from, to) = (bound(hold.from), bound(hold.to));
    if json {
        let row = json!({
            "name": hold.name,
            "reason": hold.reason,
            "criteria": hold.criteria,
            "from": from,
            "to": to,
            "placed": hold.placed.to_string(),
            "lifted": hold.lifted.map(|lifted| lifted.to_string()),
        });
        return println!("{row}");
    }
    let criteria: Vec<String> = hold.criteria.iter().map(|(name, text)| format!("{name} {text}")).collect();
    let what = if criteria.is_empty() { "every document".to_string() } else { criteria.join(", ") };
    let from = from.map(|from| format!(" from {from}")).unwrap_or_default();
    let to = to.map(|to| format!(" up to {to}")).unwrap_or_default();
    let lifted = hold.lifted.map(|lifted| format!(", lifted {lifted}")).unwrap_or_default();
    println!("{} holds {what}{from}{to}: {} (placed {}{lifted})", hold.name, hold.reason, hold.placed);
}

/// A bound that somebody gave.
fn bound(instant: Timestamp) -> Option<String> {
    let given = instant != Timestamp::OPEN_END && instant != Timestamp::from_micros(i64::MIN);
    given.then(|| instant.to_string())
}

/// Every deletion, oldest document first.
pub fn deletions(catalogue: &Catalogue<'_>, config: &Config, as_json: bool) -> Result<Outcome> {
    let policy = config.retention_policy();
    let calendar = Calendar::new(config.dk()?.zone);
    let retention = Retention { catalogue, policy: &policy, calendar, now: machine_now() };
    retention.deletions(&mut |body, why| {
        for (position, entry) in catalogue.in_body(&body)? {
            show_deletion(&position, &entry, why.at(), why.years, as_json);
        }
        Ok(())
    })?;
    Ok(Outcome::Fine)
}

fn show_deletion(position: &Position, entry: &LogEntry, at: Timestamp, years: i64, as_json: bool) {
    let place = position.place.to_string();
    if as_json {
        let row = json!({
            "id": place,
            "removed": at.to_string(),
            "keptYears": years,
            "at": entry.at.to_string(),
            "document": entry.document,
            "messageId": entry.message_id,
            "bytes": entry.place.bytes,
            "hash": blake3::Hash::from_bytes(entry.hash).to_hex().as_str(),
        });
        return println!("{row}");
    }
    println!("{place:<10} {} {} {} removed {at}", entry.at, entry.document, entry.message_id);
}
