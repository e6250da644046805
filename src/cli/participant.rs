//! `gridpost send | peek | dequeue | drain`: the participant's client on the command line.
//!
//! Exit codes: 0 all accepted (or done), 1 some refused, 2 could not run.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures_util::{StreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};

use super::Outcome;
use super::output::files_below;
use super::pipe::WRITING;
use crate::client::{self, Client, Dequeued, Fault, Refusal, Sent};
use crate::gateway::with_causes;

/// Most documents that are sent at a time.
const CONCURRENCY_MAX: u16 = 256;

/// The code of a file that could not be sent, where those of refusals stand.
const NOT_SENT: &str = "NotSent";

/// How to reach the hub.
#[derive(Debug, Clone, clap::Args)]
pub struct Hub {
    /// Address of the hub, such as https://localhost:8443
    #[arg(long, value_name = "URL")]
    pub to: String,
    /// Bearer token, or @FILE to read it from a file
    #[arg(long, env = "GRIDPOST_TOKEN", hide_env_values = true, value_name = "TOKEN|@FILE")]
    pub token: Option<String>,
    /// Role in which you act, such as DDM: needed where your token has several (sent as Market-Role)
    #[arg(long, value_name = "ROLE")]
    pub role: Option<String>,
    /// PEM file of the authority that signed the hub's certificate
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
    /// One JSON object per line on standard output
    #[arg(long)]
    pub json: bool,
}

/// Send documents
#[derive(Debug, clap::Args)]
pub struct Send {
    #[command(flatten)]
    pub hub: Hub,
    /// Documents, or directories with documents (*.xml and *.json, in name order)
    #[arg(required = true, value_name = "FILE|DIR")]
    pub paths: Vec<PathBuf>,
    /// Documents in flight at a time; with more than one they may arrive in another order
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=i64::from(CONCURRENCY_MAX)))]
    pub concurrency: u16,
    /// Only ask what the hub would say: every flaw, every rule, the answers. Nothing is sent, no id is used up
    #[arg(long)]
    pub dry_run: bool,
}

/// Show the next document without taking it: the document on standard output, its ids on standard error
#[derive(Debug, clap::Args)]
pub struct Peek {
    #[command(flatten)]
    pub hub: Hub,
    /// Which queue to look at
    #[arg(long, default_value = "all", value_parser = ["all", "masterdata", "aggregations", "timeseries"])]
    pub category: String,
    /// The form to show it in; what ebIX cannot say is shown in CIM XML
    #[arg(long = "as", default_value = "xml", value_name = "FORM", value_parser = ["xml", "json", "ebix"])]
    pub form: String,
}

/// Take a message that was peeked off its queue
#[derive(Debug, clap::Args)]
pub struct Dequeue {
    #[command(flatten)]
    pub hub: Hub,
    /// The message id that peek showed
    #[arg(value_name = "ID", required_unless_present = "peeked")]
    pub id: Option<String>,
    /// Peek first, and take what that shows
    #[arg(long, conflicts_with = "id")]
    pub peeked: bool,
}

/// Peek, keep and dequeue until nothing is left
#[derive(Debug, clap::Args)]
pub struct Drain {
    #[command(flatten)]
    pub hub: Hub,
    /// Where the documents go; each is safely on disk before it is dequeued
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Which queue to empty
    #[arg(long, default_value = "all", value_parser = ["all", "masterdata", "aggregations", "timeseries"])]
    pub category: String,
}

/// What became of one file.
enum Fate {
    Sent(Sent),
    Unreadable(Fault),
}

pub async fn send(args: Send) -> anyhow::Result<Outcome> {
    if args.dry_run {
        return super::dry_run::run(&args).await;
    }
    let client = connect(&args.hub)?;
    let files = files_below(&args.paths, &["xml", "json"])?;
    let progress = progress(files.len() as u64);
    let (mut accepted, mut refused, mut unreadable) = (0, 0, 0);
    let mut fates = stream::iter(files)
        .map(|path| {
            let client = &client;
            async move { (send_file(client, &path).await, path) }
        })
        .buffered(args.concurrency.into());
    while let Some((fate, path)) = fates.next().await {
        let fate = fate.with_context(|| format!("send {}", path.display()))?;
        match &fate {
            Fate::Sent(Sent::Accepted { .. }) => accepted += 1,
            Fate::Sent(Sent::Refused(_)) => refused += 1,
            Fate::Unreadable(_) => unreadable += 1,
        }
        progress.suspend(|| print_fate(&args.hub, &path, &fate))?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    eprint!("{accepted} accepted, {refused} refused");
    eprintln!("{}", if unreadable > 0 { format!(", {unreadable} could not be sent") } else { String::new() });
    Ok(if unreadable > 0 {
        Outcome::Partial
    } else if refused > 0 {
        Outcome::Flawed
    } else {
        Outcome::Fine
    })
}

/// A file that we cannot send is its own affair; a hub that cannot be reached ends the run.
async fn send_file(client: &Client, path: &Path) -> Result<Fate, Fault> {
    let body = match tokio::fs::read(path).await {
        Ok(body) => body,
        Err(source) => return Ok(Fate::Unreadable(Fault::Read { path: path.into(), source })),
    };
    match client::document_of(&body) {
        Some(root) => Ok(Fate::Sent(client.send(&client::route_of(&root), body.into()).await?)),
        None => Ok(Fate::Unreadable(no_root(path, &body))),
    }
}

/// The fault of a file in which no document is found.
pub fn no_root(path: &Path, body: &[u8]) -> Fault {
    Fault::NoRoot { path: path.into(), why: client::why_no_document(body) }
}

/// A fault with its causes, such as `failed to read x.xml: Permission denied (os error 13)`.
pub fn in_words(fault: &Fault) -> String {
    format!("failed to {}", with_causes(fault))
}

pub async fn peek(args: Peek) -> anyhow::Result<Outcome> {
    let client = connect(&args.hub)?;
    let media_type = format!("application/{}", args.form);
    let Some(message) = client.peek_as(&args.category, &media_type).await? else {
        eprintln!("nothing waits");
        return Ok(Outcome::Fine);
    };
    if args.hub.json {
        let body = String::from_utf8_lossy(&message.body);
        say(&json!({"messageId": message.id, "document": message.document, "records": message.records, "body": body}))?;
        return Ok(Outcome::Fine);
    }
    eprintln!("MessageId: {}\nMessageType: {}", message.id, message.document);
    if let Some(records) = message.records {
        eprintln!("BundleSize: {records}");
    }
    let mut out = std::io::stdout().lock();
    out.write_all(&message.body)?;
    if !message.body.ends_with(b"\n") {
        out.write_all(b"\n")?;
    }
    Ok(Outcome::Fine)
}

pub async fn dequeue(args: Dequeue) -> anyhow::Result<Outcome> {
    let client = connect(&args.hub)?;
    let id = match args.id {
        Some(id) => id,
        None => match client.peek("all").await? {
            Some(message) => message.id,
            None => {
                eprintln!("nothing waits");
                return Ok(Outcome::Fine);
            }
        },
    };
    let (status, code) = match client.dequeue(&id).await? {
        Dequeued::Done => ("dequeued", Outcome::Fine),
        Dequeued::Already => ("already dequeued", Outcome::Fine),
        Dequeued::Refused(refusal) => {
            if args.hub.json {
                say(&json!({"messageId": id, "status": "refused", "errors": errors(&refusal)}))?;
            } else {
                eprintln!("{refusal}");
            }
            return Ok(Outcome::Flawed);
        }
    };
    if args.hub.json {
        say(&json!({"messageId": id, "status": status}))?
    } else {
        eprintln!("{status} {id}")
    }
    Ok(code)
}

pub async fn drain(args: Drain) -> anyhow::Result<Outcome> {
    let client = connect(&args.hub)?;
    let progress = spinner();
    let mut count = 0;
    while let Some(message) = client.peek(&args.category).await? {
        let path = client::keep(&args.out, &message)?;
        if let Dequeued::Refused(refusal) = client.dequeue(&message.id).await? {
            anyhow::bail!("dequeue {}: {refusal}", message.id);
        }
        count += 1;
        progress.suspend(|| -> anyhow::Result<()> {
            if args.hub.json {
                return say(&json!({
                    "messageId": message.id,
                    "document": message.document,
                    "records": message.records,
                    "path": path,
                }));
            }
            line(&path.display().to_string())
        })?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    eprintln!("{count} documents in {}", args.out.display());
    Ok(Outcome::Fine)
}

pub fn connect(hub: &Hub) -> anyhow::Result<Client> {
    let token = match hub.token.as_deref().map(|token| (token, token.strip_prefix('@'))) {
        Some((_, Some(path))) => {
            Some(std::fs::read_to_string(path).with_context(|| format!("read the token from {path}"))?)
        }
        Some((token, None)) => Some(token.to_string()),
        None => None,
    };
    let (to, role, authority) = (hub.to.clone(), hub.role.clone(), hub.cacert.clone());
    let settings = client::Settings { to, token, role, authority, ..Default::default() };
    Ok(Client::new(&settings)?)
}

fn print_fate(hub: &Hub, path: &Path, fate: &Fate) -> anyhow::Result<()> {
    if hub.json {
        return say(&json_of(path, fate));
    }
    let file = path.display();
    match fate {
        Fate::Sent(Sent::Accepted { duplicate: false, correlation_id }) => {
            line(&format!("accepted  {file}  {correlation_id}"))
        }
        Fate::Sent(Sent::Accepted { duplicate: true, correlation_id }) => {
            line(&format!("accepted  {file}  {correlation_id}  (sent before)"))
        }
        Fate::Sent(Sent::Refused(refusal)) => line(&format!(
            "refused   {file}  {}\n  {}",
            refusal.correlation_id,
            refusal.to_string().replace('\n', "\n  ")
        )),
        Fate::Unreadable(fault) => line(&format!("not sent  {file}  {}", in_words(fault))),
    }
}

fn json_of(path: &Path, fate: &Fate) -> Value {
    let file = path.display().to_string();
    match fate {
        Fate::Sent(Sent::Accepted { duplicate, correlation_id }) => json!({
            "file": file, "status": "accepted", "duplicate": duplicate, "correlationId": correlation_id, "errors": [],
        }),
        Fate::Sent(Sent::Refused(refusal)) => json!({
            "file": file, "status": "refused", "httpStatus": refusal.status, "correlationId": refusal.correlation_id,
            "errors": errors(refusal),
        }),
        Fate::Unreadable(fault) => json!({
            "file": file, "status": "not sent", "errors": [{"code": NOT_SENT, "message": in_words(fault)}],
        }),
    }
}

fn errors(refusal: &Refusal) -> Vec<Value> {
    let flaws = refusal.flaws().into_iter().map(|flaw| {
        json!({
            "code": flaw.code, "message": flaw.message, "target": flaw.target,
            "line": flaw.line, "column": flaw.column,
        })
    });
    flaws.collect()
}

pub fn say(value: &Value) -> anyhow::Result<()> {
    line(&value.to_string())
}

/// Standard output may be a pipe that has been closed; that ends the run rather than the process.
pub fn line(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout().lock(), "{text}").context(WRITING)
}

pub fn progress(length: u64) -> ProgressBar {
    if length < 2 || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}").expect("the template is right");
    ProgressBar::new(length).with_style(style)
}

fn spinner() -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{spinner} {pos} documents {per_sec}").expect("the template is right");
    ProgressBar::new_spinner().with_style(style)
}
