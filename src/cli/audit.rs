//! `gridpost audit`: who looked into the archive and the processes, who fetched what, and who changed something by hand.
//! Read from the store of a gateway that is not running.

use std::path::PathBuf;

use anyhow::{Result, anyhow};
use clap::Args;

use super::Outcome;
use super::config::Config;
use super::process::show;
use crate::gateway::{self, Question};
use crate::store::Embedded;

/// Shows who has looked into the archive and the processes over HTTPS, peeked and dequeued their post, and changed something by
/// hand: over HTTPS as a participant of the hub's role, on the command line as a user of the operating system (user:NAME).
///
/// A document has one entry for its first peek and one for its dequeuing, which says how often it was peeked again. What
/// participants send is found with `gridpost archive`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// One line of JSON for each row.
    #[arg(long)]
    json: bool,
    /// The position behind which to begin [default: the beginning].
    #[arg(long, value_name = "N", default_value_t = 0)]
    from: u64,
    /// At most so many.
    #[arg(long, default_value_t = 1_000)]
    most: usize,
}

pub fn run(args: &AuditArgs, config: &Config) -> Result<Outcome> {
    let store = Embedded::open_existing(args.store.as_ref().unwrap_or(&config.store.dir), config.store_options())?;
    let question = Question::Audit { after: args.from, take: args.most };
    let answer = gateway::ask(&store, &config.dk()?, &question)?;
    show(&answer.ok_or_else(|| anyhow!("there is no audit trail"))?.rows, args.json)
}
