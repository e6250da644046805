//! One hint: what it says, how it is signed, and how often it is tried.

use std::time::Duration;

use aws_lc_rs::hmac;
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::{Fault, Settings};
use crate::document::Category;
use crate::gateway::{Firsts, Gateway};
use crate::market::{Party, Timestamp};
use crate::process::participants::Webhook;

/// Signs a hint: `t=` seconds since 1970, `v1=` HMAC-SHA256 of those seconds, a full stop and the body, in hexadecimal.
pub const SIGNATURE: &str = "Gridpost-Signature";

/// Time that a participant's server has to answer.
const PATIENCE: Duration = Duration::from_secs(10);

pub struct Sender {
    http: reqwest::Client,
    settings: Settings,
}

impl Sender {
    pub fn new(settings: Settings) -> Result<Self, Fault> {
        let mut builder = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gridpost/", env!("CARGO_PKG_VERSION")));
        if let Some(path) = &settings.authority {
            let pem = std::fs::read(path).map_err(|source| Fault::Authority { path: path.clone(), source })?;
            let authorities = reqwest::Certificate::from_pem_bundle(&pem).map_err(Fault::Client)?;
            if authorities.is_empty() {
                return Err(Fault::NoAuthority { path: path.clone() });
            }
            for certificate in authorities {
                builder = builder.add_root_certificate(certificate);
            }
        }
        Ok(Self { http: builder.build().map_err(Fault::Client)?, settings })
    }

    /// Tells a participant that post waits, until it has heard or nothing waits any more; then rests for a while.
    pub async fn tell(&self, gateway: &Gateway, party: &Party, room: &Semaphore) {
        let mut failures = 0;
        while let Some((webhook, waiting)) = due(gateway, party) {
            let outcome = {
                let _room = room.acquire().await;
                self.send(&webhook, party, waiting.iter().map(|(category, _)| *category)).await
            };
            let told = if outcome.is_ok() { "heard" } else { "failed" };
            metrics::counter!("gridpost_hints_total", "outcome" => told).increment(1);
            let Err(cause) = outcome else {
                tracing::debug!(%party, "a participant was told that post waits");
                return tokio::time::sleep(self.settings.pause).await;
            };
            let rows = &self.settings.retries;
            let pause = rows.get(failures).or(rows.last()).copied().unwrap_or(self.settings.pause);
            failures += 1;
            tracing::warn!(%party, cause, failures, retry_seconds = pause.as_secs(), "a hint did not get through");
            if rest(pause, || due(gateway, party), &(webhook, waiting)).await == Rested::Anew {
                failures = 0;
            }
        }
    }

    async fn send(
        &self,
        webhook: &Webhook,
        party: &Party,
        categories: impl Iterator<Item = Category>,
    ) -> Result<(), String> {
        let now = Timestamp::from_utc(chrono::Utc::now());
        let names: Vec<&str> = categories.map(Category::name).collect();
        let body = json!({
            "hint": "post waits", "number": party.number.as_str(), "role": party.role.code(), "categories": names,
        });
        let body = body.to_string();
        let request = self
            .http
            .post(&webhook.url)
            .header(SIGNATURE, signature(&webhook.secret, now.seconds(), &body))
            .header("content-type", "application/json")
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(format!("it was answered with {}", answer.status().as_u16())),
            // The address may hold a secret of the participant's.
            Err(error) => Err(error.without_url().to_string()),
        }
    }
}

/// Where a participant is to be told, and what waits for it; nothing where there is nothing to tell, or nobody to be told.
fn due(gateway: &Gateway, party: &Party) -> Option<(Webhook, Firsts)> {
    match (gateway.webhook(party), gateway.waiting(party)) {
        (Ok(Some(webhook)), Ok(waiting)) if !waiting.is_empty() => Some((webhook, waiting)),
        (Ok(_), Ok(_)) => None,
        (Err(fault), _) | (_, Err(fault)) => {
            tracing::error!(error = &fault as &dyn std::error::Error, %party, "failed to look up a webhook");
            None
        }
    }
}

/// Why the next attempt is due.
#[derive(Debug, PartialEq, Eq)]
enum Rested {
    Again,
    /// The participant has another address now, or nothing waits any more: what failed before says nothing of what comes.
    Anew,
}

/// Waits before the next attempt, for `pause` at most. A participant that fetches what waited is there: it is told of the rest
/// soon, for its server may be there again as well.
async fn rest(pause: Duration, due: impl Fn() -> Option<(Webhook, Firsts)>, failed: &(Webhook, Firsts)) -> Rested {
    let begun = Instant::now();
    let mut end = begun + pause;
    while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        match due() {
            Some((webhook, waiting)) if webhook == failed.0 => {
                if failed.1.iter().any(|first| !waiting.contains(first)) {
                    end = end.min(begun + PAUSE_OF_ONE_THAT_FETCHES);
                }
            }
            _ => return Rested::Anew,
        }
    }
    Rested::Again
}

/// How often it is looked whether an attempt that failed says anything of the next.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Longest time between two attempts for a participant that fetches its post meanwhile.
const PAUSE_OF_ONE_THAT_FETCHES: Duration = Duration::from_secs(30);

fn signature(secret: &str, seconds: i64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let digits: String = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={digits}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected value was made with `printf '1690880400.{}' | openssl dgst -sha256 -hmac secret`.
    #[test]
    fn the_signature_is_what_another_tool_makes_of_the_same() {
        let expected = "3478f7e210bd493c642c2ab198c18ad4cca484ce3ec1cee2a1dc1d543c066bc7";
        assert_eq!(signature("secret", 1_690_880_400, "{}"), format!("t=1690880400,v1={expected}"));
    }
}
