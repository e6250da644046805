//! How the house is: live, ready, status, figures (post-office 6.4, 6.5). No token is needed.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::caller::{Connection, wall_clock};
use super::observe::{Said, figures};
use super::post::{json_answer, text};
use super::{Door, Format, Problem, Watchers};
use crate::identity::KeySource;

/// `GET /ping`: a test of the connection.
pub async fn ping() -> Response {
    said("/ping", text(StatusCode::OK, "pong\n"))
}

/// `GET /monitor/live`: the process is up.
pub async fn live() -> Response {
    said("/monitor/live", text(StatusCode::OK, concat!("Healthy ", env!("CARGO_PKG_VERSION"), "\n")))
}

/// `GET /monitor/ready`: requests can be served.
pub async fn ready(State(door): State<Arc<Door>>) -> Response {
    let response = match door.gateway.health().ready {
        true => text(StatusCode::OK, "Healthy\n"),
        false => text(StatusCode::SERVICE_UNAVAILABLE, "Unhealthy\n"),
    };
    said("/monitor/ready", response)
}

/// `GET /monitor/status`: each check with what it says. For people; not to be wired to restarts.
pub async fn status(State(door): State<Arc<Door>>, request: Request) -> Response {
    if let Some(refused) = not_a_watcher(&door, &request) {
        return said("/monitor/status", refused);
    }
    let mut health = door.gateway.health();
    health.checks.extend(issuer(&door));
    health.checks.push(files(&door));
    let checks: Vec<_> = health
        .checks
        .iter()
        .map(|(name, outcome)| match outcome {
            Ok(text) => json!({ "name": name, "status": "Healthy", "description": text }),
            Err(text) => json!({ "name": name, "status": "Unhealthy", "description": text }),
        })
        .collect();
    let healthy = health.ready && health.checks.iter().all(|(_, outcome)| outcome.is_ok());
    let (code, word) = match healthy {
        true => (StatusCode::OK, "Healthy"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "Unhealthy"),
    };
    let body = json!({
        "status": word,
        "version": env!("CARGO_PKG_VERSION"),
        "now": door.gateway.now().to_string(),
        "checks": checks,
    });
    said("/monitor/status", json_answer(code, &body))
}

/// Whether the issuer could be reached when that was last tried; nothing where its keys are in a file.
fn issuer(door: &Door) -> Option<(String, Result<String, String>)> {
    let KeySource::Discovery(discovery) = &door.settings.tokens.keys else { return None };
    let outcome = match door.verifier.trouble() {
        None => {
            let left_out = door.verifier.keys_left_out();
            let unused =
                if left_out.is_empty() { String::new() } else { format!("; not used: {}", left_out.join("; ")) };
            Ok(format!("{} keys from {}{unused}", door.verifier.keys_known(), discovery.url))
        }
        Some(trouble) => Err(format!("failed to {trouble}")),
    };
    Some(("issuer".into(), outcome))
}

/// Whether the certificates and keys in force are those of the files, and how long the server's own is valid.
fn files(door: &Door) -> (String, Result<String, String>) {
    let (until, unread) = (door.tls.ends(), door.unread.why());
    let outcome = match until {
        _ if !unread.is_empty() => {
            Err(format!("what was read before goes on: failed to {}", unread.join("; failed to ")))
        }
        Some(until) if until < wall_clock() => Err(format!("the server's certificate has expired, at {until}")),
        Some(until) => Ok(format!("the server's certificate is valid until {until}")),
        None => Ok("in use as they were read".into()),
    };
    ("certificates".into(), outcome)
}

/// `GET /metrics`: figures in the text form of Prometheus.
pub async fn metrics(State(door): State<Arc<Door>>, request: Request) -> Response {
    if let Some(refused) = not_a_watcher(&door, &request) {
        return said("/metrics", refused);
    }
    if let Err(fault) = door.gateway.tell_what_waits().await {
        tracing::error!(error = &fault as &dyn std::error::Error, "failed to look what waits in the queues");
    }
    said("/metrics", text(StatusCode::OK, figures().render()))
}

/// Pages for whoever writes programs against this door: path, media type, text.
pub const PAGES: [(&str, &str, &str); 4] = [
    ("/openapi.json", "application/json; charset=utf-8", include_str!("openapi.json")),
    ("/error-document.xsd", "application/xml; charset=utf-8", include_str!("error-document.xsd")),
    ("/error-document.schema.json", "application/schema+json", include_str!("error-document.schema.json")),
    ("/error-codes.tsv", "text/tab-separated-values; charset=utf-8", include_str!("error-codes.tsv")),
];

/// `GET` of one of [`PAGES`].
pub async fn page((path, media_type, content): (&'static str, &'static str, &'static str)) -> Response {
    let mut response = text(StatusCode::OK, content);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    said(path, response)
}

fn not_a_watcher(door: &Door, request: &Request) -> Option<Response> {
    let near =
        request.extensions().get::<Connection>().is_some_and(|known| known.address.ip().to_canonical().is_loopback());
    let allowed = near || door.settings.watchers == Watchers::Everyone;
    (!allowed).then(|| forbidden(request.headers()))
}

fn forbidden(headers: &HeaderMap) -> Response {
    let message = "Figures are given to callers on the same machine only.";
    Problem::new(StatusCode::FORBIDDEN, "Forbidden", message).answer(Format::of(headers))
}

fn said(route: &'static str, mut response: Response) -> Response {
    response.extensions_mut().insert(Said { route, ..Said::default() });
    response
}
