//! Retention while a gateway runs: `serve` lets go of what has been kept long enough once a day, at the hour that
//! `[retention] hour` names. Before that the post of participants that have long been inactive expires, where that is wanted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::audited;
use super::config::Config;
use super::local::machine_now;
use crate::gateway::{Abandoned, Done, Expiry, Gateway, Retention, Rounds};
use crate::market::{Calendar, Timestamp};
use crate::store::Embedded;

/// Runs for as long as it is awaited, and stops between two pieces of its work once `stop` says so. What it did not come to, and
/// a day on which it fails, which is told in the log, is made up for by the next one.
pub async fn run(store: Arc<Embedded>, gateway: Arc<Gateway>, config: Config, stop: Arc<AtomicBool>) -> Result<()> {
    let Some(hour) = config.retention_hour() else { return std::future::pending().await };
    let calendar = Calendar::new(config.dk()?.zone);
    loop {
        let wait = next(machine_now(), hour, calendar).micros() - machine_now().micros();
        tokio::time::sleep(Duration::from_micros(wait.max(0).unsigned_abs())).await;
        let (store, gateway, config, stop) = (store.clone(), gateway.clone(), config.clone(), stop.clone());
        let until = Instant::now() + RUN_MAX;
        let may_go_on = move || !stop.load(Ordering::Relaxed) && Instant::now() < until;
        let work = move || once(&store, &gateway, &config, machine_now(), &may_go_on);
        match tokio::task::spawn_blocking(work).await.context("let documents go").flatten() {
            Ok((abandoned, done)) => {
                abandoned.iter().for_each(tell_expired);
                tell(&done);
            }
            Err(error) => tracing::error!(error = format!("{error:#}"), "failed to let documents go"),
        }
    }
}

/// One day's run.
fn once(
    store: &Embedded,
    gateway: &Gateway,
    config: &Config,
    now: Timestamp,
    may_go_on: &dyn Fn() -> bool,
) -> Result<(Option<Abandoned>, Done)> {
    let expire = |days| {
        let audit = |what| audited::entry("serve expiry", what);
        Expiry { store, days, now, audit: &audit, piece: Expiry::PIECE }.run(may_go_on)
    };
    let abandoned = config.expire_inactive_days().map(expire).transpose()?;
    let (catalogue, policy) = (gateway.catalogue(), config.retention_policy());
    let calendar = Calendar::new(config.dk()?.zone);
    let retention = Retention { catalogue: &catalogue, policy: &policy, calendar, now };
    let audit = |what| audited::entry("serve retention", what);
    let done = Rounds { retention: &retention, disk: store, audit: &audit, piece: Rounds::PIECE }.run(may_go_on)?;
    Ok((abandoned, done))
}

fn tell_expired(done: &Abandoned) {
    metrics::counter!("gridpost_documents_expired_total").increment(done.expired);
    tracing::info!(
        scanned = done.scanned,
        inactive = done.inactive,
        expired = done.expired,
        failed = done.failed,
        finished = done.finished,
        "the post of participants that have long been inactive expires"
    );
}

fn tell(done: &Done) {
    metrics::counter!("gridpost_retention_documents_total", "outcome" => "scanned").increment(done.scanned);
    metrics::counter!("gridpost_retention_documents_total", "outcome" => "removed").increment(done.removed);
    metrics::counter!("gridpost_retention_documents_total", "outcome" => "failed").increment(done.failed);
    tracing::info!(
        scanned = done.scanned,
        removed = done.removed,
        removed_bytes = done.removed_bytes,
        freed_bytes = done.freed_bytes,
        failed = done.failed,
        held = done.held,
        unfetched = done.unfetched,
        undecided = done.undecided,
        finished = done.finished,
        "what has been kept long enough is let go"
    );
}

/// The first instant after `now` that lies so many hours behind a local midnight.
fn next(now: Timestamp, hour: u8, calendar: Calendar) -> Timestamp {
    let today = calendar.date(now);
    let days = today.iter_days().map(|day| calendar.midnight(day).micros() + i64::from(hour) * HOUR_MICROS);
    let mut later = days.filter(|instant| *instant > now.micros());
    Timestamp::from_micros(later.next().expect("there is always another day"))
}

const HOUR_MICROS: i64 = 3_600_000_000;
/// How long a run may take: it is over before the day begins, and the next one goes on.
const RUN_MAX: Duration = Duration::from_secs(25 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_runs_once_a_day_so_many_hours_behind_midnight() {
        let calendar = Calendar::new(chrono_tz::Europe::Copenhagen);
        let at = |text: &str| Timestamp::parse_date_time(text).unwrap();
        for (now, hour, expected) in [
            ("2026-11-30T00:59:59Z", 2, "2026-11-30T01:00:00Z"),
            ("2026-11-30T01:00:00Z", 2, "2026-12-01T01:00:00Z"),
            ("2026-11-30T23:30:00Z", 0, "2026-12-01T23:00:00Z"),
            // The clocks go back: the day has 25 hours, and one run.
            ("2026-10-24T22:00:00Z", 4, "2026-10-25T02:00:00Z"),
            ("2026-10-25T02:00:00Z", 4, "2026-10-26T03:00:00Z"),
        ] {
            assert_eq!(next(at(now), hour, calendar), at(expected), "{now}");
        }
    }
}
