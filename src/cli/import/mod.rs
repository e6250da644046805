//! `gridpost import`: files of a pack's entities, made into documents and sent down the ordinary road, with a report
//! for each row.
//!
//! Ids are made from what a row says: a row that was imported before is known again, so a file may be imported twice, and
//! an import that was interrupted is simply started again. A row that was rejected is not known: it is judged again, under an
//! id that is made from that of the attempt before.

mod answer;
mod document;
mod rows;

use std::collections::{BTreeMap, btree_map};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use serde::Serialize;

use super::Outcome;
use super::config::Config;
use super::going_on::as_of;
use super::output::{Progress, parse_instant};
use crate::archive::{self, FirstUse};
use crate::gateway::world::World;
use crate::gateway::{Gateway, Receipt};
use crate::market::{ActorNumber, Party, Timestamp};
use crate::process::Pack;
use crate::process::files::{Files, Verdicts};
use crate::spec::{self, Specs};
use crate::store::Embedded;
use rows::Record;

/// Imports what a pack knows of from CSV files, such as a supplier's business partners and contracts, into the store of a
/// gateway that is not running.
///
/// A file holds entities of one kind: the first column of its first line says which. Columns may be left out where a value
/// may be missing, and stand in any order behind the first; a comma or a semicolon separates them. Each row is an upsert
/// with a version. Where there is no store, one is made.
#[derive(Debug, Args)]
#[command(after_help = help())]
pub struct ImportArgs {
    /// The pack that the files belong to.
    #[arg(long, value_parser = packs())]
    pack: String,
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Who delivers: the number of an integration [default: the supplier's own].
    #[arg(long, value_name = "NUMBER")]
    sender: Option<String>,
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// What exists beforehand, for a store that has no participants yet.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
    /// The time of receipt, not before what the store has seen [default: now].
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    clock: Option<Timestamp>,
    /// One line of JSON for each row.
    #[arg(long)]
    json: bool,
}

/// Records in one document, and so in one decision.
const RECORDS_PER_DOCUMENT: usize = 500;

/// What became of a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowReport {
    pub file: String,
    pub line: u64,
    pub entity: &'static str,
    pub key: String,
    /// `stored`, `waiting`, `unchanged`, `superseded`, `rejected`, `refused`.
    pub verdict: String,
    pub reasons: Vec<String>,
}

/// Packs that have something to import.
fn packs() -> Vec<&'static str> {
    Pack::all().filter(|pack| pack.definition().files.is_some()).map(Pack::name).collect()
}

fn help() -> String {
    let columns = Pack::all().filter_map(|pack| pack.definition().files).map(|files| files.help);
    let status =
        "Exit status: 0 when every row was taken in, 1 when some were rejected or refused, 2 when it could not run.";
    columns.chain([status]).collect::<Vec<_>>().join("\n\n")
}

pub fn run(args: &ImportArgs, config: &Config) -> Result<Outcome> {
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    let pack = Pack::from_name(&args.pack).with_context(|| format!("find the pack {}", args.pack))?;
    let columns = pack.definition().files.with_context(|| format!("import files of the pack {}", args.pack))?;
    let settings = config.gateway_settings()?;
    let specs = Arc::new(config.specs()?);
    let hub = settings.markets.of(pack).hub.clone();
    let sender = args.sender.as_ref().map_or_else(|| hub.clone(), |number| ActorNumber::new(&**number));
    let files = args.files.iter().map(|path| rows::read(columns, path)).collect::<Result<Vec<_>>>()?;
    if !dir.join("journal").exists() {
        eprintln!("gridpost: there is no store in {}, so one is made there", dir.display());
    }
    let store = Arc::new(Embedded::open(dir, config.store_options())?);
    let clock = as_of(args.clock, &*store)?;
    let gateway = Gateway::open(store, specs.clone(), settings, clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let mut fine = true;
    runtime.block_on(async {
        if let Some(path) = &args.world {
            World::read(path)?.settle_in(&gateway).await?;
        }
        let import = Import { gateway: &gateway, specs: &specs, columns, sender, hub };
        let progress = Progress::start(files.iter().map(|file| file.records.len()).sum(), "importing");
        for file in &files {
            for records in file.records.chunks(RECORDS_PER_DOCUMENT) {
                let reports = import.deliver(&file.path, records).await?;
                records.iter().for_each(|_| progress.step());
                fine &= !reports.iter().any(|report| matches!(&*report.verdict, "rejected" | "refused"));
                progress.suspend(|| print(&reports, args.json))?;
            }
        }
        progress.finish();
        anyhow::Ok(())
    })?;
    Ok(if fine { Outcome::Fine } else { Outcome::Flawed })
}

fn print(reports: &[RowReport], json: bool) -> Result<()> {
    let mut out = std::io::stdout().lock();
    for row in reports {
        if json {
            writeln!(out, "{}", serde_json::to_string(row)?)?;
        } else {
            write!(out, "{}:{} {} {} {}", row.file, row.line, row.entity, row.key, row.verdict)?;
            row.reasons.iter().try_for_each(|reason| write!(out, "\n    {reason}"))?;
            writeln!(out)?;
        }
    }
    Ok(())
}

struct Import<'a> {
    gateway: &'a Gateway,
    specs: &'a Specs,
    columns: &'static Files,
    sender: ActorNumber,
    hub: ActorNumber,
}

impl Import<'_> {
    fn parties(&self) -> document::Parties<'_> {
        document::Parties { files: self.columns, sender: &self.sender, hub: &self.hub }
    }

    /// Delivers one document's worth of records; reports each row of each of them.
    async fn deliver(&self, path: &Path, records: &[Record]) -> Result<Vec<RowReport>> {
        let mut records = records.to_vec();
        let known = self.known(&mut records)?;
        let mut verdicts: BTreeMap<usize, (String, Vec<String>)> = BTreeMap::new();
        let mut first_with: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sent: Vec<&Record> = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let verdict = if let Some(reason) = &record.refused {
                Some(("refused", vec![reason.clone()]))
            } else if known[index] {
                Some(("unchanged", vec!["the same row was imported before".to_string()]))
            } else if let Some(first) = first_with.get(&*record.transaction_id) {
                Some(("unchanged", vec![format!("line {} says the same", records[*first].lines[0])]))
            } else {
                let flaws = self.flaws(record)?;
                (!flaws.is_empty()).then_some(("refused", flaws))
            };
            match verdict {
                Some((verdict, reasons)) => drop(verdicts.insert(index, (verdict.to_string(), reasons))),
                None => {
                    first_with.insert(&record.transaction_id, index);
                    sent.push(record);
                }
            }
        }
        let answers = self.send(&sent).await?;
        let mut reports = Vec::new();
        for (index, record) in records.iter().enumerate() {
            let found = verdicts.remove(&index).or_else(|| answers.get(&record.transaction_id).cloned());
            let (verdict, reasons) = found.with_context(|| format!("find the answer to line {}", record.lines[0]))?;
            reports.extend(record.lines.iter().map(|line| RowReport {
                file: path.display().to_string(),
                line: *line,
                entity: record.table.entity,
                key: record.number.clone(),
                verdict: verdict.clone(),
                reasons: reasons.clone(),
            }));
        }
        Ok(reports)
    }

    /// Whether each record was imported before; one that was rejected gets the id of another attempt.
    fn known(&self, records: &mut [Record]) -> Result<Vec<bool>> {
        let mut answers: BTreeMap<u64, Verdicts> = BTreeMap::new();
        let mut is_known = |record: &mut Record| -> Result<bool> {
            loop {
                let id = archive::transaction_id_key(&self.sender, &record.transaction_id);
                let used = self.gateway.store().get(&id).context("look up what was imported before")?;
                let Some(used) = used else { return Ok(false) };
                let answered = match answers.entry(used.version) {
                    btree_map::Entry::Occupied(known) => known.into_mut(),
                    btree_map::Entry::Vacant(new) => {
                        let by = FirstUse::from_entry(&used).context("read what was imported before")?.correlation_id;
                        new.insert(answer::read(self.columns, self.gateway, self.specs, used.version, &by)?)
                    }
                };
                match answered.get(&record.transaction_id) {
                    Some((verdict, _)) if verdict == "rejected" => record.attempt_again(),
                    _ => return Ok(true),
                }
            }
        };
        records.iter_mut().map(&mut is_known).collect()
    }

    /// Why a record cannot stand in a document, if it cannot: one that is off the schema would keep all others out.
    fn flaws(&self, record: &Record) -> Result<Vec<String>> {
        let body = document::write(&[record], "check", &self.parties(), self.gateway.now());
        let namespace = record.table.document.namespace;
        let schema = self.specs.schema_for(namespace).with_context(|| format!("find the schema for {namespace}"))?;
        let verdict = spec::check(schema, body.as_bytes(), &crate::xml::Limits::default(), &mut ());
        Ok(verdict.flaws.iter().map(|flaw| format!("{}: {}", flaw.path, flaw.message)).collect())
    }

    /// Sends one document, and reads what it was answered with.
    async fn send(&self, records: &[&Record]) -> Result<BTreeMap<String, (String, Vec<String>)>> {
        let Some(first) = records.first() else { return Ok(BTreeMap::new()) };
        let message_id = document::message_id(records);
        let now = self.gateway.now();
        let body = document::write(records, &message_id, &self.parties(), now);
        let caller = Party { number: self.sender.clone(), role: self.columns.role };
        let correlation_id = format!("import-{message_id}");
        let arrived = self.gateway.read_whole(&caller, first.table.document, body.into()).await?;
        let receipt = self.gateway.receive(&caller, arrived, &correlation_id, now).await?;
        if let Receipt::Refused { error, .. } = receipt {
            let told = error.details.first().unwrap_or(&error).message.clone();
            let refused =
                |record: &&Record| (record.transaction_id.clone(), ("refused".to_string(), vec![told.clone()]));
            return Ok(records.iter().map(refused).collect());
        }
        if let Err(trouble) = self.gateway.settled().await {
            bail!("decide what was imported: {trouble}");
        }
        let id = archive::message_id_key(&self.sender, &message_id);
        let taken_in = self.gateway.store().get(&id)?.context("find the document that was imported")?;
        answer::read(self.columns, self.gateway, self.specs, taken_in.version, &correlation_id)
    }
}
