//! `gridpost serve`: a gateway in production, over the embedded store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::Args;

use super::config::Config;
use super::ending::{close, until_told_to_stop_or_fails};
use super::handles::limits;
use super::{Outcome, retain_daily};
use crate::certs::PemFiles;
use crate::gateway::world::World;
use crate::gateway::{Clock, Gateway, latest_seen};
use crate::store::Embedded;
use crate::{hint, http};

/// Runs a gateway with the settings of --config over the embedded store.
///
/// Stops gently on Ctrl-C or SIGTERM, at once on a second one; reads certificates again on SIGHUP or when they change.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// What exists before the first document; used once, in a store that is still empty.
    #[arg(long, value_name = "FILE")]
    world: Option<PathBuf>,
}

pub fn run(args: &ServeArgs, config: &Config) -> Result<Outcome> {
    let runtime = tokio::runtime::Runtime::new().context("start the runtime")?;
    runtime.block_on(serve(args, config))?;
    Ok(Outcome::Fine)
}

async fn serve(args: &ServeArgs, config: &Config) -> Result<()> {
    let store = Arc::new(Embedded::open(&config.store.dir, config.store_options())?);
    let specs = Arc::new(config.specs()?);
    let clock = Clock::machine();
    if let Some(seen) = latest_seen(&*store)?.filter(|seen| *seen > clock.now()) {
        let now = clock.now();
        tracing::warn!(%seen, %now, "the store has seen a later instant than the machine's clock shows: one of them is wrong");
    }
    let gateway = Arc::new(Gateway::open(store.clone(), specs, config.gateway_settings()?, clock)?);
    gateway.audit_post(config.audit.post);
    gateway.catalogue_at_leisure();
    gateway.write_down_peeks_at_leisure();
    gateway.count_the_post_at_leisure();
    if let Some(path) = &args.world {
        let settled = World::read(path)?.settle_in(&gateway).await.context("settle the world")?;
        tracing::info!(world = %path.display(), settled, "the world is read");
    }
    let settings = http::Settings {
        listen: config.http.address,
        certificate: PemFiles { chain: config.tls.certificate.clone(), key: config.tls.key.clone() },
        tokens: config.identity_settings()?,
        clients: config.client_authority(),
        http2: true,
        unpeeked_is_unknown: config.http_dequeue_unpeeked()?,
        clock_may_be_moved: false,
        receipts: config.receipt_signer()?.map(Arc::new),
        watchers: http::Watchers::Loopback,
        limits: limits(config),
    };
    let hints = hint::Sender::new(config.hint_settings())?;
    let server = http::start(gateway.clone(), settings, axum::Router::new()).await?;
    let hints = tokio::spawn(hint::run(gateway.clone(), hints));
    let stop = Arc::new(AtomicBool::new(false));
    let retaining = tokio::spawn(retain_daily::run(store, gateway.clone(), config.clone(), stop.clone()));
    tracing::info!(address = %server.address(), store = %config.store.dir.display(), "gridpost serves");
    let told = until_told_to_stop_or_fails(hints).await;
    // Whatever it is at ends with the piece that it has begun.
    stop.store(true, Ordering::Relaxed);
    retaining.abort();
    told?;
    close(server, &gateway, config.http_limits().drain).await;
    // What was answered with 202 is on disk already; deciding it now spares the next start the work.
    let _ = tokio::time::timeout(config.http_limits().drain, gateway.settled()).await;
    gateway.write_down_peeks_or_tell().await;
    Ok(())
}
