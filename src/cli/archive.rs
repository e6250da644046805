//! `gridpost archive`: finds any document that came or went, shows its exact bytes, and checks that nothing was altered.
//! Read from the store of a gateway that is not running; a running one answers under `/v1.0/operator/messages`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::archive_list::{self, ListArgs};
use super::config::Config;
use super::output::parse_instant;
use super::pipe::WRITING;
use super::prove::{self, ProveArgs, ReceiptArgs, VERIFY_HELP, VerifyArgs, one};
use super::retention::{self, HoldArgs, RETAIN_HELP, RetainArgs};
use super::{Outcome, audited};
use crate::archive::{self, Kept, LogEntry, LogPlace, Position};
use crate::gateway::{Catalogue, Search};
use crate::market::Timestamp;
use crate::store::{self, Embedded};

/// Finds documents that came or went, and shows them byte for byte.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,
    /// One line of JSON for each document.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Documents that meet all criteria, oldest first unless --sort or --descending says otherwise.
    List(Box<ListArgs>),
    /// A document's bytes, exactly as they came or went, on standard output.
    Show {
        /// Its message id, or the id that list shows.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// The documents that have a transaction in common with one, or the request that led to them: what it answers, what answers it.
    Related {
        /// Its message id, or the id that list shows.
        #[arg(value_name = "ID")]
        id: String,
    },
    /// The signed receipt for a document that was accepted, on standard output.
    ///
    /// It is the same as the document's sender gets from /v1.0/cim/messages/ID/receipt.
    Receipt(ReceiptArgs),
    /// Writes a proof that a document came or went as the log has it, to be checked without this store.
    ///
    /// The proof holds the log's record of the document (who, when, which document, which ids, the hash of its bytes) and
    /// the hashes that lead from there to the hash of a frame of the journal. It shows nothing of other documents, except
    /// that of what one decision sent it shows to whom else, in the same record. The document itself is not in it.
    Prove(ProveArgs),
    /// Are all documents as they were logged? Or, with --proof: does a proof hold?
    #[command(long_about = VERIFY_HELP)]
    Verify(VerifyArgs),
    /// Lets go of documents that have been kept long enough.
    #[command(long_about = RETAIN_HELP)]
    Retain(RetainArgs),
    /// Places a legal hold: documents that meet all criteria stay, however old they are; without criteria, every document.
    ///
    /// Documents that come later and meet them are held as well. A hold is lifted with --lift.
    Hold(Box<HoldArgs>),
    /// Every legal hold that was ever placed.
    Holds,
    /// Every document that was let go, and when.
    Deletions,
}

#[derive(Debug, Args)]
pub struct Criteria {
    /// Sender of what came in, receiver of what went out.
    #[arg(long, value_name = "NUMBER")]
    party: Option<String>,
    /// Its role by code, such as DDQ; without a party, everybody's in that role.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    #[arg(long, value_name = "ID")]
    message_id: Option<String>,
    /// Id of an activity record, or of the one that it answers.
    #[arg(long, value_name = "ID")]
    transaction_id: Option<String>,
    #[arg(long, value_name = "ID")]
    correlation_id: Option<String>,
    /// A metering point or a charge id.
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Name without _MarketDocument, such as NotifyPriceList.
    #[arg(long, value_name = "NAME")]
    document: Option<String>,
    /// Business reason, such as D18.
    #[arg(long, value_name = "CODE")]
    reason: Option<String>,
    /// Code of an error document, such as B2B-005.
    #[arg(long, value_name = "CODE")]
    refused: Option<String>,
    /// Message id of a bundle: it, and all that was given out in it.
    #[arg(long, value_name = "ID")]
    bundle: Option<String>,
    /// Number of a kind of documents, such as RSM-033.
    #[arg(long, value_name = "NUMBER")]
    rsm: Option<String>,
    /// What their senders were told at the door.
    #[arg(long, value_parser = ["accepted", "refused"])]
    verdict: Option<String>,
    #[arg(long, value_parser = ["in", "out"])]
    direction: Option<String>,
    /// Received or sent at T or later.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    from: Option<Timestamp>,
    /// Received or sent before T.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    to: Option<Timestamp>,
}

/// Records of the log that are read at a time when it is verified.
const PAGE_RECORDS: usize = 100;

pub fn run(args: &ArchiveArgs, config: &Config) -> Result<Outcome> {
    if let What::Verify(proof) = &args.what
        && (proof.proof.is_some() || proof.receipt.is_some())
    {
        return prove::verify(proof, args.json);
    }
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    let store = Embedded::open_existing(dir, config.store_options())?;
    if let Some((command, target)) = args.what.looks_at() {
        audited::begins(&store, command, target)?;
    }
    let (specs, limits) = (config.specs()?, config.xml_limits());
    let catalogue = Catalogue::over(&store, &specs, &limits);
    match &args.what {
        What::List(list) => archive_list::list(list, &catalogue, args.json)?,
        What::Show { id } => {
            let (position, entry) = one(&catalogue, id)?;
            let body = catalogue.body(position.place.commit, &entry)?;
            if entry.kept() == Kept::Nothing {
                bail!("show a document: nothing of its body was kept when it was refused");
            }
            let body = body.context("show a document: its body has been let go")?;
            std::io::stdout().lock().write_all(&body).context(WRITING)?;
        }
        What::Related { id } => {
            let (position, _) = one(&catalogue, id)?;
            let related = catalogue.related(position.place, None)?;
            related.iter().try_for_each(|found| show(&catalogue, found, args.json))?;
        }
        What::Receipt(args) => return prove::receipt(args, &catalogue, config),
        What::Prove(prove) => return prove::prove(prove, &store, &catalogue, config, args.json),
        What::Retain(retain) => return retention::retain(retain, &store, &catalogue, config, args.json),
        What::Hold(hold) => return retention::hold(hold, &store, args.json),
        What::Holds => return retention::holds(&catalogue, config, args.json),
        What::Deletions => return retention::deletions(&catalogue, config, args.json),
        What::Verify(_) => return verify(&catalogue, args.json),
    }
    Ok(Outcome::Fine)
}

impl What {
    /// What is written down of whoever looks at documents, as at the door; what writes has its own entry.
    fn looks_at(&self) -> Option<(&'static str, String)> {
        Some(match self {
            What::List(list) => ("archive list", list.asked()),
            What::Show { id } => ("archive show", id.clone()),
            What::Related { id } => ("archive related", id.clone()),
            What::Receipt(_) | What::Prove(_) | What::Verify(_) => return None,
            What::Retain(_) | What::Hold(_) | What::Holds | What::Deletions => return None,
        })
    }
}

impl Criteria {
    /// The criteria that are given, as a query has them.
    pub fn asked(&self) -> String {
        let times = [("from", self.from), ("to", self.to)];
        let times = times.into_iter().filter_map(|(name, at)| Some((name, at?.to_string())));
        self.given().into_iter().chain(times).map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" ")
    }

    /// By the names of [`archive::CRITERIA`].
    pub fn given(&self) -> BTreeMap<&'static str, String> {
        let given = [
            ("party", &self.party),
            ("role", &self.role),
            ("direction", &self.direction),
            ("messageId", &self.message_id),
            ("transactionId", &self.transaction_id),
            ("correlationId", &self.correlation_id),
            ("subject", &self.subject),
            ("document", &self.document),
            ("reason", &self.reason),
            ("refused", &self.refused),
            ("bundle", &self.bundle),
            ("rsm", &self.rsm),
            ("verdict", &self.verdict),
        ];
        given.into_iter().filter_map(|(name, text)| Some((name, text.clone()?))).collect()
    }

    /// The time within which documents must lie, its end excluded.
    pub fn period(&self) -> (Timestamp, Timestamp) {
        let all = Search::default();
        (self.from.unwrap_or(all.from), self.to.unwrap_or(all.to))
    }

    pub fn search(&self) -> Result<Search> {
        let terms = archive::terms_for(self.given()).context("search the archive")?;
        let (from, to) = self.period();
        Ok(Search { terms, from, to, ..Search::default() })
    }
}

/// One line for a document.
pub fn show(catalogue: &Catalogue<'_>, (position, entry): &(Position, LogEntry), json: bool) -> Result<()> {
    let row = catalogue.row(position, entry)?;
    let mut out = std::io::stdout().lock();
    if json {
        return writeln!(out, "{row}").context(WRITING);
    }
    let fate = match &row["delivery"]["status"] {
        Value::String(status) => status.clone(),
        _ if entry.refused.is_empty() => String::new(),
        _ => format!("refused {}", entry.refused.join(" ")),
    };
    let (way, place) = (entry.direction.name(), position.place.to_string());
    // Whom it is for, where another fetches it.
    let addressee = entry.addressee.as_ref().map_or(String::new(), |it| format!(" for {it}"));
    let LogEntry { at, party, document, message_id, .. } = entry;
    let line = format!("{place:<10} {at} {way:<3} {party}{addressee} {document} {message_id} {fate}");
    writeln!(out, "{}", line.trim_end()).context(WRITING)
}

/// Walks the log itself, so that a store can be verified whatever has become of its catalogue.
fn verify(catalogue: &Catalogue<'_>, json: bool) -> Result<Outcome> {
    let (mut documents, mut removed, mut altered) = (0_u64, 0_u64, Vec::new());
    for record in store::records(catalogue.store, &archive::log_range(), PAGE_RECORDS) {
        let (key, record) = record.context("read the log")?;
        let unreadable = || anyhow!("read the log: a record was written by another version, or is damaged");
        let (commit, first) = archive::nth_in_record(&key).ok_or_else(unreadable)?;
        for (entry, nth) in LogEntry::from_record(&record).ok_or_else(unreadable)?.into_iter().zip(first..) {
            documents += 1;
            let found = match catalogue.body(commit, &entry) {
                Ok(Some(body)) if *blake3::hash(&body).as_bytes() == entry.hash => continue,
                Ok(Some(_)) => "it is not as it was logged".to_string(),
                Ok(None) if catalogue.let_go(commit, &entry)?.is_some() => {
                    removed += 1;
                    continue;
                }
                Ok(None) => "it is gone".to_string(),
                // What has become of one body says nothing of the others.
                Err(fault) if fault.is_damage() => format!("failed to {:#}", anyhow::Error::from(fault)),
                Err(fault) => return Err(fault.into()),
            };
            altered.push(Altered { place: LogPlace { commit, nth }, entry, found });
        }
    }
    if json {
        let places: Vec<String> = altered.iter().map(|it| it.place.to_string()).collect();
        let rows: Vec<Value> = altered.iter().map(Altered::row).collect();
        println!("{}", json!({ "documents": documents, "removed": removed, "altered": places, "found": rows }));
    } else {
        println!("{documents} documents");
        if removed > 0 {
            println!("{removed} of them were let go, and only their hashes are kept");
        }
        altered
            .iter()
            .for_each(|it| println!("{} {} {}: {}", it.place, it.entry.document, it.entry.message_id, it.found));
    }
    Ok(if altered.is_empty() { Outcome::Fine } else { Outcome::Flawed })
}

/// A document that is not there as it was logged.
struct Altered {
    place: LogPlace,
    entry: LogEntry,
    found: String,
}

impl Altered {
    fn row(&self) -> Value {
        json!({
            "id": self.place.to_string(),
            "messageId": self.entry.message_id,
            "document": self.entry.document,
            "direction": self.entry.direction.name(),
            "found": self.found,
        })
    }
}
