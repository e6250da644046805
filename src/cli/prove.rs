//! `gridpost archive receipt | prove | verify --proof`: what can be shown to whoever does not believe us.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};

use super::Outcome;
use super::config::Config;
use crate::archive::{self, LogEntry, Position};
use crate::gateway::{Catalogue, log_row};
use crate::receipts::{Checked, Keys, ProofFile, Signer, Witnesses, hexadecimal};
use crate::store::{Embedded, Until};

#[derive(Debug, Args)]
pub struct ReceiptArgs {
    /// Its message id, or the id that list shows.
    #[arg(value_name = "ID")]
    id: String,
    /// The gateway's private key [default: [receipts] key of the configuration].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ProveArgs {
    /// Its message id, or the id that list shows.
    #[arg(value_name = "ID")]
    id: String,
    /// Where the proof goes [default: ID.proof].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Lead to this frame, whose hash your reader knows; "last" for the journal's last [default: the document's own].
    ///
    /// The document's own receipt names its own frame, so a proof for whoever has that receipt needs no chain. A proof
    /// grows by about 55 bytes for each frame between the document's and this one.
    #[arg(long, value_name = "FRAME", value_parser = until)]
    to: Option<Until>,
    /// The gateway's private key, with which the head is signed [default: [receipts] key of the configuration].
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct VerifyArgs {
    /// Check this proof instead; no store is needed.
    #[arg(long, value_name = "FILE")]
    pub proof: Option<PathBuf>,
    /// The document, to be held against the proof byte for byte.
    #[arg(long, requires = "proof", value_name = "FILE")]
    document: Option<PathBuf>,
    /// The gateway's public key, as PEM or as /receipt-keys.json has it.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A receipt of this document, or of a later one to whose frame the proof leads; alone, it is checked by itself.
    #[arg(long, requires = "key", value_name = "FILE")]
    pub receipt: Option<PathBuf>,
    /// The hash of a frame, in hexadecimal, that you know from elsewhere.
    #[arg(long, requires = "proof", value_name = "HASH", value_parser = hash)]
    head: Option<[u8; 32]>,
}

pub const VERIFY_HELP: &str = "\
Without options every document of the store is read back and compared with the hash that the log has of it; `gridpost store
verify` checks the chain of the journal in which they stand. Each that is not as it was logged is named.

With --proof a proof is checked, and no store is needed. That a proof holds together says only that somebody could have
kept such a journal. What makes it worth something is its head, so bring what you know of it from elsewhere:

  gridpost archive verify --proof A.proof --document a.xml --key receipt-public-key.pem
      the gateway has signed the head to which the proof leads
  gridpost archive verify --proof A.proof --key receipt-public-key.pem --receipt b.receipt
      the proof leads to the frame of a receipt that you were given earlier
  gridpost archive verify --proof A.proof --head 5f0c…
      the proof leads to a hash that was published
  gridpost archive verify --receipt b.receipt --key receipt-public-key.pem
      what a receipt states, if it is genuine

Ends with 0 when everything holds, with 1 when something does not.";

/// Writes the receipt for an accepted document, as its sender gets it.
pub fn receipt(args: &ReceiptArgs, catalogue: &Catalogue<'_>, config: &Config) -> Result<Outcome> {
    let (position, _) = one(catalogue, &args.id)?;
    let accepted = if position.place.nth == 0 { catalogue.accepted_by(position.place.commit)? } else { None };
    let accepted =
        accepted.with_context(|| format!("give a receipt: {} was not accepted, or not received", args.id))?;
    let signer =
        signer(args.key.as_deref(), config)?.context("sign a receipt: [receipts] key names no key, nor does --key")?;
    println!("{}", signer.receipt(&accepted)?);
    Ok(Outcome::Fine)
}

/// Writes the proof for one document to a file.
pub fn prove(
    args: &ProveArgs,
    store: &Embedded,
    catalogue: &Catalogue<'_>,
    config: &Config,
    json: bool,
) -> Result<Outcome> {
    let (position, entry) = one(catalogue, &args.id)?;
    let place = position.place;
    let (record, _) = archive::log_key(place.commit, place.nth);
    let proof = store.prove(place.commit, &record, args.to.unwrap_or(Until::Own))?;
    let proof = proof.map_err(|why| anyhow!("prove document {}: {why}", args.id))?;
    let head = proof.head();
    let signer = signer(args.key.as_deref(), config)?;
    let signed_head = signer.map(|signer| signer.head(&head)).transpose()?;
    let is_signed = signed_head.is_some();
    let file = ProofFile { document: entry.hash, proof, signed_head };
    let bytes = file.to_bytes();
    let out = args.out.clone().unwrap_or_else(|| format!("{place}.proof").into());
    std::fs::write(&out, &bytes).with_context(|| format!("write {}", out.display()))?;
    if json {
        let about = json!({ "id": place.to_string(), "head": shown(&head), "signed": is_signed });
        println!("{}", merged(about, json!({ "file": out.display().to_string(), "bytes": bytes.len() })));
    } else {
        println!(
            "{} ({} bytes) proves document {place} by frame {} {}",
            out.display(),
            bytes.len(),
            head.frame,
            hexadecimal(&head.hash)
        );
        let advice = match is_signed {
            true => "the head is signed: whoever has the gateway's public key can check it",
            false => "the head is not signed: your reader must know its hash from elsewhere, or give --key",
        };
        println!("{advice}; see `gridpost archive verify --help`");
    }
    Ok(Outcome::Fine)
}

/// Checks a proof, or a receipt, without any store.
pub fn verify(args: &VerifyArgs, json: bool) -> Result<Outcome> {
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("read {}", path.display()));
    let keys = args.key.as_deref().map(Keys::read).transpose()?;
    let receipt = args.receipt.as_ref().map(read).transpose()?;
    let receipt = receipt.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let Some(path) = &args.proof else {
        let (Some(keys), Some(receipt)) = (&keys, &receipt) else {
            bail!("verify: give --proof, or --receipt with --key")
        };
        return Ok(told(keys.receipt(receipt).map(|statement| json!(statement)), json, |statement| {
            statement.as_object().into_iter().flatten().for_each(|(name, value)| println!("{name:14} {value}"));
        }));
    };
    let document = args.document.as_ref().map(read).transpose()?;
    let witnesses =
        Witnesses { document: document.as_deref(), keys: keys.as_ref(), receipt: receipt.as_deref(), head: args.head };
    let checked = ProofFile::from_bytes(&read(path)?).and_then(|file| file.check(&witnesses));
    let has_document = document.is_some();
    Ok(told(checked.map(|checked| row(&checked, has_document)), json, print))
}

/// Shows what was found; `Err` is what is wrong.
fn told(found: Result<Value, String>, as_json: bool, print: impl FnOnce(&Value)) -> Outcome {
    match (found, as_json) {
        (Ok(row), true) => println!("{}", merged(json!({ "holds": true }), row)),
        (Ok(row), false) => print(&row),
        (Err(why), as_json) => {
            match as_json {
                true => println!("{}", json!({ "holds": false, "why": why })),
                false => println!("it does not hold: {why}"),
            }
            return Outcome::Flawed;
        }
    }
    Outcome::Fine
}

fn row(checked: &Checked, has_document: bool) -> Value {
    let Checked { entry, place, own, head, believed } = checked;
    let mut row = log_row(*place, entry);
    row["commit"] = place.commit.into();
    row["frame"] = shown(own);
    row["head"] = shown(head);
    row["sameBytes"] = has_document.into();
    row["believed"] = json!(believed);
    row
}

fn print(row: &Value) {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_string();
    let way = if row["direction"] == "in" { "received from" } else { "sent to" };
    let party = format!("{}/{}", row["party"]["number"], row["party"]["role"]).replace('"', "");
    println!("{} {} was {way} {party} at {}", text("document"), text("messageId"), text("at"));
    println!("  bytes        {}, BLAKE3 {}", row["bytes"], text("hash"));
    println!("  correlation  {}", text("correlationId"));
    if let Some(codes) = row["refused"].as_array().filter(|codes| !codes.is_empty()) {
        println!("  refused      {}", codes.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "));
    }
    println!("  commit       {} in frame {}", row["commit"], row["frame"]["frame"]);
    println!("  head         frame {} {}", row["head"]["frame"], row["head"]["hash"].as_str().unwrap_or_default());
    if row["sameBytes"] == true {
        println!("the document that was given is that document, byte for byte");
    }
    let believed: Vec<&str> = row["believed"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    match believed.is_empty() {
        false => believed.iter().for_each(|why| println!("{why}")),
        true => println!(
            "the proof holds together, but nobody vouches for its head: give --key, --receipt or --head, or compare it with one \
             that you know"
        ),
    }
}

/// The document with this message id, or at this place of the log. Where several senders have used one id, it is said which it is.
pub fn one(catalogue: &Catalogue<'_>, id: &str) -> Result<(Position, LogEntry)> {
    let named = catalogue.named(id)?.with_context(|| format!("find a document: nothing has the id {id}"))?;
    let (Position { place, .. }, entry) = &named.document;
    if !named.others.is_empty() {
        let number = entry.party.number.as_str();
        eprintln!(
            "gridpost: there are others with the id {id}; this is the one at {place}, of {number}. `gridpost archive list \
             --message-id {id}` lists them, and each is found by its place"
        );
    }
    Ok(named.document)
}

fn signer(key: Option<&Path>, config: &Config) -> Result<Option<Signer>> {
    match key {
        Some(path) => Ok(Some(Signer::read(path, config.dk()?.hub.as_str())?)),
        None => config.receipt_signer(),
    }
}

fn until(text: &str) -> Result<Until, String> {
    match text {
        "last" => Ok(Until::Last),
        number => number.parse().map(Until::Frame).map_err(|_| "a frame is a number, or the word last".into()),
    }
}

fn hash(text: &str) -> Result<[u8; 32], String> {
    blake3::Hash::from_hex(text).map(Into::into).map_err(|_| "a hash is 64 hexadecimal digits".into())
}

fn shown(head: &crate::store::Head) -> Value {
    json!({ "frame": head.frame, "hash": hexadecimal(&head.hash) })
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Value::Object(one), Value::Object(other)) = (&mut one, other) {
        one.extend(other);
    }
    one
}
