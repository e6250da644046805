//! Certificates and keys are read again while the door is open, each by itself: one that cannot be read holds up no other.

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::caller::wall_clock;
use super::{Door, Fault};
use crate::identity::{KeySource, RENEWAL_PAUSE};

/// Age at which keys that an issuer publishes are read again: one that it has withdrawn vouches for nobody any longer.
const PUBLISHED_KEYS_AGE_MAX: Duration = Duration::from_secs(600);

/// Why files could not be read again when that was last tried, so that what was in them before goes on.
#[derive(Default)]
pub struct Unread(Mutex<Vec<String>>);

impl Unread {
    /// Each after "failed to".
    pub fn why(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what there is now, and gives back what has not been told before.
    fn note(&self, now: Vec<String>) -> Vec<String> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *noted, now.clone());
        now.into_iter().filter(|why| !before.contains(why)).collect()
    }
}

/// Reads certificates again, and `keys` of tokens as well. What fails is told, once in the log, and stays as it was.
pub async fn read(door: &Door, keys: bool) -> Vec<Fault> {
    let mut faults = door.tls.reload(wall_clock());
    let issuer = if keys { door.verifier.reload().await.err() } else { None };
    let mut issuer = issuer.map(Fault::from);
    // An issuer that does not answer is asked again soon, and has a check of its own.
    if !published(door) {
        faults.extend(issuer.take());
    }
    for error in door.unread.note(faults.iter().map(|fault| chain(fault)).collect()) {
        tracing::error!(error, "failed to read certificates or keys again: what was there before goes on");
    }
    if let Some(fault) = &issuer {
        tracing::error!(error = fault as &dyn Error, "failed to read the issuer's keys again");
    }
    faults.extend(issuer);
    if faults.is_empty() {
        tracing::info!("certificates and token keys were read again");
    }
    faults
}

/// Reads them again when a file changes, until it can be read, and when the operator says so.
pub async fn keep_reading(door: Arc<Door>) {
    let mut hangup = Hangup::new();
    let mut seen = door.tls.stamp();
    let mut asked = Instant::now();
    loop {
        let reload = door.settings.limits.reload;
        let trouble = door.verifier.trouble().is_some();
        let told = tokio::select! {
            () = hangup.wait() => true,
            () = sleep(if trouble { reload.min(RENEWAL_PAUSE) } else { reload }) => false,
        };
        let now = door.tls.stamp();
        // An issuer that could not be reached is asked again soon.
        let again_in = if trouble { RENEWAL_PAUSE } else { PUBLISHED_KEYS_AGE_MAX };
        let due = told || now != seen || published(&door) && asked.elapsed() >= again_in;
        if due || !door.unread.why().is_empty() {
            read(&door, due || !published(&door)).await;
        }
        if due {
            asked = Instant::now();
        }
        seen = now;
    }
}

fn published(door: &Door) -> bool {
    matches!(door.settings.tokens.keys, KeySource::Discovery(_))
}

/// A fault with all its causes.
fn chain(fault: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(fault.source(), |cause| (**cause).source());
    causes.fold(fault.to_string(), |told, cause| format!("{told}: {cause}"))
}

/// SIGHUP, where there is one.
struct Hangup(#[cfg(unix)] Option<tokio::signal::unix::Signal>);

impl Hangup {
    #[cfg(unix)]
    fn new() -> Self {
        Self(tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok())
    }

    #[cfg(unix)]
    async fn wait(&mut self) {
        match &mut self.0 {
            Some(signal) => {
                signal.recv().await;
            }
            None => std::future::pending().await,
        }
    }

    #[cfg(not(unix))]
    fn new() -> Self {
        Self()
    }

    #[cfg(not(unix))]
    async fn wait(&mut self) {
        std::future::pending().await
    }
}
