//! `gridpost what-if`: what a gateway would decide and send by some instant, if nothing more came in.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result};
use clap::Args;

use super::Outcome;
use super::config::Config;
use super::going_on::not_behind;
use super::output::parse_instant;
use super::replay::print;
use crate::gateway::{Clock, Gateway};
use crate::market::Timestamp;
use crate::post_office;
use crate::process::timer;
use crate::record::{Batch, Key};
use crate::replay::{self, Line};
use crate::store::{Embedded, Memory, Store};

/// Lets time pass in a copy of a store, and shows what would be sent; nothing of it is kept.
///
/// The store is that of a gateway that is not running. Everything that is due by T happens in the copy, in its order and
/// each as of its own instant; then what was sent on the way is listed as `gridpost replay` lists it. What waits in the
/// queues already is left out.
#[derive(Debug, Args)]
pub struct WhatIfArgs {
    /// How far time passes: not to before what the store has seen.
    #[arg(long, value_name = "T", value_parser = parse_instant)]
    until: Timestamp,
    /// Folder of the store [default: [store] dir of the configuration].
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Writes each document here.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// One line of JSON for each document.
    #[arg(long)]
    json: bool,
}

pub fn run(args: &WhatIfArgs, config: &Config) -> Result<Outcome> {
    let dir = args.store.as_ref().unwrap_or(&config.store.dir);
    let origin: Arc<dyn Store> = Arc::new(Embedded::open_existing(dir, config.store_options())?);
    let seen = not_behind(args.until, &*origin)?;
    let due = first_due(&*origin)?.filter(|due| *due <= args.until);
    let fork: Arc<dyn Store> = Arc::new(Memory::fork(origin));
    empty_the_queues(&*fork)?;
    // The clock of the copy stands still before anything is due, and is then moved.
    let clock =
        Clock::standing_at(due.map_or(args.until, |due| Timestamp::from_micros(due.micros() - 1))).not_before(seen);
    let gateway = Gateway::open(fork, Arc::new(config.specs()?), config.gateway_settings()?, clock)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the runtime")?;
    let mut tell = |line: Line| print(&line, args.json);
    let sent = runtime.block_on(async {
        gateway.pass_time(args.until).await.context("let time pass")?;
        replay::drain(&gateway, args.out.as_deref(), &mut tell).await
    })?;
    if !args.json {
        println!("{sent} documents would be sent by {}", args.until);
    }
    Ok(Outcome::Fine)
}

fn first_due(store: &dyn Store) -> Result<Option<Timestamp>> {
    let page = store.page(&timer::all(), None, 1)?;
    Ok(page.records.first().map(|(key, entry)| timer::read(key, entry).due))
}

/// What waits already would only stand between what is new.
fn empty_the_queues(store: &dyn Store) -> Result<()> {
    loop {
        let page = store.page(&post_office::all_queues_range(), None, PAGE_RECORDS)?;
        let keys: Vec<Key> = page.records.into_iter().map(|(key, _)| key).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for key in keys {
            batch.delete(key);
        }
        store.commit(batch)?;
    }
}

const PAGE_RECORDS: usize = 1_000;
