//! How `serve` and `local` end: gently when they are told to, and in any case.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::gateway::Gateway;
use crate::http::Server;

/// Closes the door, with so much time for the requests that run. From now on the process ends whatever hangs.
pub async fn close(server: Server, gateway: &Gateway, drain: Duration) {
    // The requests, then what is undecided, then the store.
    ends_in_any_case(drain * 2 + CLOSES_WITHIN);
    server.stop().await;
    if gateway.store().hangs().is_some() {
        end_unclosed("the disk does not answer");
    }
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
