//! Retention while a gateway runs: `serve` lets go of what has been kept long enough once a day, at the hour that
//! `[retention] hour` names.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::config::Config;
use super::local::machine_now;
use super::retention::let_go;
use crate::gateway::Gateway;
use crate::market::{Calendar, Timestamp};
use crate::store::Embedded;

/// Runs for as long as it is awaited. A day on which it fails is told in the log, and made up for by the next one.
pub async fn run(store: Arc<Embedded>, gateway: Arc<Gateway>, config: Config) -> Result<()> {
    let Some(hour) = config.retention_hour() else { return std::future::pending().await };
    let calendar = Calendar::new(config.dk()?.zone);
    loop {
        let wait = next(machine_now(), hour, calendar).micros() - machine_now().micros();
        tokio::time::sleep(Duration::from_micros(wait.max(0).unsigned_abs())).await;
        let (store, gateway, config) = (store.clone(), gateway.clone(), config.clone());
        let work = move || let_go(&store, &gateway.catalogue(), &config, machine_now(), false);
        match tokio::task::spawn_blocking(work).await.context("let documents go").flatten() {
            Ok(row) => tell(&row),
            Err(error) => tracing::error!(error = format!("{error:#}"), "failed to let documents go"),
        }
    }
}

fn tell(row: &Value) {
    tracing::info!(
        removed = row["removed"].as_u64(),
        removed_bytes = row["removedBytes"].as_u64(),
        freed_bytes = row["freedBytes"].as_u64(),
        held = row["kept"]["held"].as_u64(),
        unfetched = row["kept"]["unfetched"].as_u64(),
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
