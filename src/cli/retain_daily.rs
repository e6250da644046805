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
        let (store, ours, config, stop) = (store.clone(), gateway.clone(), config.clone(), stop.clone());
        let until = Instant::now() + RUN_MAX;
        let may_go_on = move || !stop.load(Ordering::Relaxed) && Instant::now() < until;
        let work = move || once(&store, &ours, &config, machine_now(), &may_go_on);
        match tokio::task::spawn_blocking(work).await.context("let documents go").flatten() {
            Ok((abandoned, done)) => {
                abandoned.iter().for_each(tell_expired);
                if abandoned.is_some_and(|it| it.expired > 0) {
                    // It left its queues past the gateway.
                    gateway.count_the_post_at_leisure();
                }
                tell(&done);
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "failed to let documents go");
                // Some may have left their queues before it failed.
                gateway.count_the_post_at_leisure();
            }
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
    use crate::archive::AuditEntry;
    use crate::gateway::Clock;
    use crate::gateway::world::World;

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

    #[tokio::test]
    async fn a_days_run_lets_post_expire_where_that_is_wanted_and_then_documents_go() {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.store.segment_bytes_max = 1;
        let store = Arc::new(Embedded::open(dir.path(), config.store_options()).unwrap());
        let (specs, settings) = (Arc::new(config.specs().unwrap()), config.gateway_settings().unwrap());
        let now = Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap();
        let gateway = Gateway::open(store.clone(), specs, settings, Clock::standing_at(now)).unwrap();
        World::toy().settle_in(&gateway).await.unwrap();
        let sample = include_bytes!("../../samples/charges/C1-create/01-in.xml").to_vec();
        gateway.receive_from_its_sender(sample.into(), "c-1").await.unwrap();
        gateway.settled().await.unwrap();
        gateway.audit(&audited::entry("something", "later")).await.unwrap();
        let later = Timestamp::parse_date_time("2027-01-02T02:00:00Z").unwrap();
        let run = |config: &Config| once(&store, &gateway, config, later, &|| true).unwrap();
        let (abandoned, done) = run(&config);
        assert_eq!((abandoned, done.removed, done.finished), (None, 1, true), "the request alone is nobody's to fetch");
        assert!(done.unfetched > 0 && done.scanned == done.removed + done.unfetched, "{done:?}");
        config.post_office.expire_inactive_days = 0;
        let (abandoned, done) = run(&config);
        let abandoned = abandoned.unwrap();
        assert_eq!((abandoned.inactive, abandoned.expired, abandoned.finished), (0, 0, true));
        assert_eq!(abandoned.scanned, gateway.owners_of_post().unwrap().len() as u64);
        assert_eq!((done.removed, done.scanned), (0, done.unfetched));
        let range = crate::archive::audit_after(0);
        let trail = crate::store::records(&*store, &range, 100);
        let trail: Vec<AuditEntry> = trail.map(|it| AuditEntry::from_entry(&it.unwrap().1).unwrap()).collect();
        let told = trail.iter().filter(|entry| entry.activity == "gridpost serve retention");
        assert_eq!(told.map(|entry| entry.target.split(" of ").next().unwrap()).collect::<Vec<_>>(), ["1 documents"]);
    }
}
