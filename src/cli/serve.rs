//! `gridpost serve`: a gateway in production, over the embedded store.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use super::config::Config;
use super::{Outcome, handles, retain_daily};
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
    ends_in_any_case(config.http_limits().drain * 2 + CLOSES_WITHIN);
    server.stop().await;
    if gateway.store().hangs().is_some() {
        end_unclosed("the disk does not answer");
    }
    // What was answered with 202 is on disk already; deciding it now spares the next start the work.
    let _ = tokio::time::timeout(config.http_limits().drain, gateway.settled()).await;
    gateway.write_down_peeks_or_tell().await;
    Ok(())
}

/// The settings' limits, as far as there are file handles for them.
pub fn limits(config: &Config) -> http::Limits {
    let limits = config.http_limits();
    http::Limits { connections_max: handles::for_connections(limits.connections_max), ..limits }
}

/// Ends the process at a second signal, and where it does not end by itself: a disk that does not answer holds up whoever waits for it.
fn ends_in_any_case(limit: Duration) {
    tokio::spawn(async move {
        // Some supervisors send the first signal twice.
        tokio::time::sleep(HEARD_ONCE).await;
        tokio::select! {
            () = tokio::time::sleep(limit) => end_unclosed("it took too long"),
            _ = until_told_to_stop() => end_unclosed("it was told once more"),
        }
    });
}

/// As a crash would: the journal has all that was answered, and the next start goes on from there.
fn end_unclosed(why: &str) -> ! {
    tracing::error!("the gateway ends without having closed its store, because {why}; what was answered is kept");
    std::process::exit(UNCLOSED)
}

/// Signals within this time are one.
const HEARD_ONCE: Duration = Duration::from_secs(1);
/// What closing the store takes at most: what stands above sled goes into it.
const CLOSES_WITHIN: Duration = Duration::from_secs(30);
/// How the process ends where the store could not be closed.
const UNCLOSED: i32 = 2;

/// Returns on Ctrl-C or SIGTERM, and when no hints are sent any more.
pub async fn until_told_to_stop_or_fails(mut hints: tokio::task::JoinHandle<()>) -> Result<()> {
    tokio::select! {
        told = until_told_to_stop() => {
            hints.abort();
            told
        }
        failed = &mut hints => failed.context("send hints"),
    }
}

/// Returns on Ctrl-C or SIGTERM.
async fn until_told_to_stop() -> Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed.context("listen for Ctrl-C"),
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await.context("listen for Ctrl-C")
}
