//! `gridpost process webhook`: where participants want to hear that post waits for them (post-office 8.3).

use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow, bail};
use clap::Subcommand;
use serde_json::json;

use super::output::party;
use super::process::show;
use super::{Outcome, audited};
use crate::gateway::{self, Question};
use crate::hint;
use crate::market::Party;
use crate::process::Market;
use crate::process::charges::view::EVERYTHING;
use crate::process::participants::Webhook;
use crate::record;
use crate::store::{Embedded, Store};

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

pub fn run(store: &Embedded, market: &Market, what: &Webhooks, json: bool) -> Result<Outcome> {
    match what {
        Webhooks::List => {
            show(&gateway::ask(store, market, &Question::Webhooks { cut: EVERYTHING })?.unwrap_or_default().rows, json)
        }
        Webhooks::Set { number, role, url, secret } => {
            let given = match secret {
                Some(path) => {
                    let text = std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?;
                    Some(text.trim().to_string())
                }
                None => None,
            };
            let secret = given.clone().unwrap_or_else(hint::new_secret);
            let webhook = Webhook::new(url, &secret).map_err(|flaw| anyhow!("set a webhook: {flaw}"))?;
            write(store, &party("set a webhook", number, role)?, Some(&webhook))?;
            if given.is_none() {
                show(&[json!({ "number": number, "role": role, "url": url, "secret": webhook.secret })], json)?;
            }
            Ok(Outcome::Fine)
        }
        Webhooks::Remove { number, role } => {
            write(store, &party("remove a webhook", number, role)?, None)?;
            Ok(Outcome::Fine)
        }
    }
}

fn write(store: &Embedded, party: &Party, webhook: Option<&Webhook>) -> Result<()> {
    let mut batch = gateway::plan_webhook(store, party, webhook).map_err(|fault| anyhow!("set a webhook: {fault}"))?;
    let (verb, url) = webhook.map_or(("remove", ""), |webhook| ("set", webhook.url.as_str()));
    let target = format!("{party} {url}");
    let done = audited::entry(&format!("process webhook {verb}"), target.trim_end());
    batch.put_all([done.put()]);
    match store.commit(batch)? {
        record::Outcome::Committed(_) => Ok(()),
        record::Outcome::Conflict(_) => bail!("set a webhook: it has changed meanwhile; try again"),
    }
}
