//! `gridpost process webhook`: where participants want to hear that post waits for them (post-office 8.3).

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::Outcome;
use super::process::show;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::participants::{self, URL_BYTES_MAX, Webhook};
use crate::record::{self, Batch};
use crate::store::{self, Embedded, Store};

/// Lets participants hear at an address of their own that post waits for them.
///
/// A hint is a POST with a few words of JSON, signed with a secret that the participant knows. It is tried again ever more
/// slowly while post waits. What waits is fetched as always.
#[derive(Debug, Subcommand)]
pub enum Webhooks {
    /// Everybody's address; secrets are not shown.
    List,
    /// Sets a participant's address in the place of the one that it had.
    Set {
        /// Number of the participant.
        number: String,
        /// Its role by code, such as DDM.
        role: String,
        /// Where hints are sent: https, or http on this machine.
        url: String,
        /// File that holds the secret with which hints are signed [default: one is made and printed, this once].
        #[arg(long, value_name = "FILE")]
        secret: Option<PathBuf>,
    },
    /// Takes a participant's address away.
    Remove {
        /// Number of the participant.
        number: String,
        /// Its role by code, such as DDM.
        role: String,
    },
}

pub fn run(store: &Embedded, what: &Webhooks, json: bool) -> Result<Outcome> {
    match what {
        Webhooks::List => list(store, json),
        Webhooks::Set { number, role, url, secret } => {
            let given = match secret {
                Some(path) => {
                    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
                    Some(text.trim().to_string())
                }
                None => None,
            };
            if given.as_ref().is_some_and(|secret| secret.len() < SECRET_BYTES_MIN) {
                bail!("set a webhook: the secret has fewer than {SECRET_BYTES_MIN} characters");
            }
            check_url(url)?;
            let webhook = Webhook { url: url.clone(), secret: given.clone().unwrap_or_else(new_secret) };
            write(store, &party(number, role)?, Some(&webhook))?;
            if given.is_none() {
                show(&[json!({ "number": number, "role": role, "url": url, "secret": webhook.secret })], json)?;
            }
            Ok(Outcome::Fine)
        }
        Webhooks::Remove { number, role } => {
            write(store, &party(number, role)?, None)?;
            Ok(Outcome::Fine)
        }
    }
}

fn list(store: &Embedded, json: bool) -> Result<Outcome> {
    let mut rows: Vec<Value> = Vec::new();
    for record in store::records(store, &participants::every_webhook(), PAGE_RECORDS) {
        let (key, entry) = record.context("read the webhooks")?;
        let (party, webhook) = participants::read_webhook(&key, &entry);
        rows.push(json!({ "number": party.number.as_str(), "role": party.role.code(), "url": webhook.url }));
    }
    show(&rows, json)
}

fn party(number: &str, role: &str) -> Result<Party> {
    let role = ActorRole::from_code(&role.to_ascii_uppercase()).ok_or_else(|| anyhow!("there is no role {role}"))?;
    Ok(Party { number: ActorNumber::new(number), role })
}

fn write(store: &Embedded, party: &Party, webhook: Option<&Webhook>) -> Result<()> {
    let mut batch = Batch::default();
    batch.put_all([participants::set_webhook(party, webhook)]);
    match store.commit(batch)? {
        record::Outcome::Committed(_) => Ok(()),
        record::Outcome::Conflict(_) => bail!("set a webhook: it has changed meanwhile; try again"),
    }
}

fn check_url(text: &str) -> Result<()> {
    let url = reqwest::Url::parse(text).with_context(|| format!("use {text} as an address"))?;
    let is_here = matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
    if !(url.scheme() == "https" || url.scheme() == "http" && is_here) {
        bail!("use {text} as an address: it must begin with https://");
    }
    if text.len() > URL_BYTES_MAX {
        bail!("use an address of {} characters: at most {URL_BYTES_MAX} are taken", text.len());
    }
    Ok(())
}

/// Two random UUIDs: 244 bits that nobody guesses.
fn new_secret() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}

/// Shortest secret that is taken.
const SECRET_BYTES_MIN: usize = 32;
/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
