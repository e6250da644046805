//! What every request leaves behind: a correlation id in its answer, one line in the log, and figures.

use std::panic::AssertUnwindSafe;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use axum::body::HttpBody;
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, HOST, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::FutureExt;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::body::Unread;
use super::{Door, Format, Problem, error_document};
use crate::archive::{AuditEntry, cut};
use crate::gateway::begin_figures;
use crate::market::Party;

/// The header that names a request in support cases; on every answer.
pub const CORRELATION_ID: HeaderName = HeaderName::from_static("correlationid");

/// Longest correlation id that is taken over from a client.
pub const CORRELATION_ID_LENGTH_MAX: usize = 64;

/// Upper bounds of the latency histogram, in seconds.
const LATENCY_SECONDS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// The same for how long documents wait to be fetched: from a second to a month.
const WAITING_SECONDS: [f64; 10] =
    [1.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0, 2_592_000.0];

/// The same for how many documents a bundle was made of.
const BUNDLE_DOCUMENTS: [f64; 8] = [2.0, 5.0, 10.0, 50.0, 100.0, 500.0, 1_000.0, 2_000.0];

/// How often histograms are folded, so that they do not grow between two readings of `/metrics`.
const UPKEEP: Duration = Duration::from_secs(5);

/// The request's name in support cases.
#[derive(Debug, Clone)]
pub struct CorrelationId(pub String);

impl CorrelationId {
    /// That of a request, which the outermost layer has named.
    pub fn of(parts: &Parts) -> String {
        let Self(id) = parts.extensions.get().expect("the outermost layer sets it");
        id.clone()
    }
}

/// What a handler found out about its request, for the log line: an extension of its response.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// The route as a pattern, never the path: a label must not have a stranger's values.
    pub route: &'static str,
    pub party: Option<Party>,
    pub document: Option<String>,
    /// Bytes of the body that was taken in or given out, unpacked.
    pub document_bytes: usize,
    /// The code of the error document.
    pub code: Option<String>,
    /// What was to be changed, for the audit trail: in the body's own words, or in ours where they say too little.
    pub change: Option<String>,
}

/// The outermost layer. A panic further in is our bug: it answers 500, and the house stays open.
pub async fn observe(State(door): State<std::sync::Arc<Door>>, mut request: Request, next: Next) -> Response {
    let start = Instant::now();
    let id = correlation_id(request.headers());
    let (method, format) = (request.method().clone(), Format::of(request.headers()));
    request.extensions_mut().insert(CorrelationId(id.clone()));
    let uri = request.uri().clone();
    let mut response = if let Some(problem) = flaw_of_head(&door, &request) {
        let headers = request.headers().clone();
        Unread::new(request.into_body(), &headers).linger(&door.settings.limits);
        problem.answer(format)
    } else {
        match AssertUnwindSafe(next.run(request)).catch_unwind().await {
            Ok(response) => response,
            Err(_) => Problem::internal().with(CONNECTION, "close").answer(format),
        }
    };
    name(&mut response, &id);
    let said = response.extensions_mut().remove::<Said>().unwrap_or_default();
    record(&method, &said, &response, start.elapsed(), &id);
    match audit(&door, &method, &uri, &said, response.status(), &id).await {
        Ok(()) => response,
        Err(problem) => {
            let mut response = problem.answer(format);
            name(&mut response, &id);
            response
        }
    }
}

/// Says what the request is called, in the header and in the document of an error. What came again has the name under which it
/// came first.
fn name(response: &mut Response, id: &str) {
    let value = HeaderValue::from_str(id).expect("a correlation id is visible ASCII");
    let named = response.headers_mut().entry(CORRELATION_ID).or_insert(value).clone();
    error_document::word(response, named.to_str().unwrap_or(id));
}

/// What the hub's own people do, and who looks into the archive, is written down before it is answered (post-office 6.6);
/// without that there is no answer.
async fn audit(
    door: &Door,
    method: &Method,
    uri: &Uri,
    said: &Said,
    status: StatusCode,
    id: &str,
) -> Result<(), Problem> {
    let Some(party) = said.party.clone().filter(|_| AUDITED.iter().any(|start| said.route.starts_with(start))) else {
        return Ok(());
    };
    let activity = format!("{} {}", known(method), said.route);
    let mut target = uri.path().to_string();
    // Nothing secret belongs there, so whoever writes it there has not read how.
    if let Some(query) = uri.query().filter(|query| !query.to_ascii_lowercase().contains("secret")) {
        target.extend(["?", query]);
    }
    if let Some(change) = &said.change {
        target = format!("{target} {change}");
    }
    let (at, target, status) = (door.gateway.now(), cut(target, TARGET_BYTES_MAX), status.as_u16());
    let done = AuditEntry { at, party, activity, target, status, correlation_id: id.to_string() };
    door.gateway.audit(&done).await.map_err(|fault| Problem::fault(&fault))
}

/// What of a caller's words is written down.
const TARGET_BYTES_MAX: usize = 1_000;
/// How the routes begin whose use is written down.
const AUDITED: [&str; 2] = ["/v1.0/operator/", "/v1.0/cim/messages"];

fn record(method: &Method, said: &Said, response: &Response, took: Duration, id: &str) {
    let status = response.status();
    let route = if said.route.is_empty() { "other" } else { said.route };
    let document = said.document.clone().unwrap_or_default();
    let method = known(method);
    metrics::counter!("gridpost_http_requests_total", "route" => route, "method" => method,
        "status" => status.as_u16().to_string(), "document" => document.clone())
    .increment(1);
    metrics::histogram!("gridpost_http_request_seconds", "route" => route, "method" => method)
        .record(took.as_secs_f64());
    if let Some(code) = &said.code {
        metrics::counter!("gridpost_http_refusals_total", "route" => route, "code" => code.clone()).increment(1);
    }
    tracing::info!(
        method,
        route,
        status = status.as_u16(),
        actor = said.party.as_ref().map(tracing::field::display),
        document,
        code = said.code.as_deref(),
        document_bytes = said.document_bytes,
        answer_bytes = response.body().size_hint().exact(),
        ms = took.as_secs_f64() * 1000.0,
        correlation_id = id,
        "answered"
    );
}

/// The client's own id when it is a plain token, else a new one.
fn correlation_id(headers: &HeaderMap) -> String {
    let given = headers.get(CORRELATION_ID).map(HeaderValue::as_bytes).unwrap_or_default();
    let plain = (1..=CORRELATION_ID_LENGTH_MAX).contains(&given.len()) && given.iter().all(u8::is_ascii_graphic);
    match std::str::from_utf8(given) {
        Ok(given) if plain => given.to_string(),
        _ => uuid::Uuid::now_v7().to_string(),
    }
}

fn header_bytes(request: &Request) -> usize {
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    headers + request.uri().path().len() + request.uri().query().map_or(0, str::len)
}

/// Why a request goes no further than its head.
fn flaw_of_head(door: &Door, request: &Request) -> Option<Problem> {
    if header_bytes(request) > door.settings.limits.header_bytes_max {
        return Some(headers_too_large(door));
    }
    let hosts = request.headers().get_all(HOST).iter().count();
    if request.version() == Version::HTTP_11 && hosts != 1 {
        let message = format!("An HTTP/1.1 request has one Host header (RFC 9112, 3.2); this one has {hosts}.");
        return Some(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message));
    }
    None
}

fn headers_too_large(door: &Door) -> Problem {
    let message = format!("The headers have more than {} bytes.", door.settings.limits.header_bytes_max);
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "RequestHeaderFieldsTooLarge", message)
}

fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::HEAD => "HEAD",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}

/// The process's figures. The first caller sets them up; there is one set for the process, as the metrics crate has it.
pub fn figures() -> &'static PrometheusHandle {
    static FIGURES: OnceLock<PrometheusHandle> = OnceLock::new();
    FIGURES.get_or_init(|| {
        let buckets = [
            (Matcher::Suffix("_seconds".into()), &LATENCY_SECONDS[..]),
            (Matcher::Full("gridpost_waiting_seconds".into()), &WAITING_SECONDS),
            (Matcher::Full("gridpost_bundle_span_seconds".into()), &WAITING_SECONDS),
            (Matcher::Full("gridpost_bundle_documents".into()), &BUNDLE_DOCUMENTS),
        ];
        let builder = buckets.into_iter().fold(PrometheusBuilder::new(), |builder, (figure, bounds)| {
            builder.set_buckets_for_metric(figure, bounds).expect("there are buckets")
        });
        let recorder = builder.build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("figures are recorded elsewhere; /metrics stays empty");
        }
        begin_figures();
        handle
    })
}

/// Folds histograms for as long as the door is open.
pub async fn keep_up() {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        figures().run_upkeep();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_between_characters() {
        assert_eq!(cut("/v1.0/operator/charges?text=net".into(), TARGET_BYTES_MAX), "/v1.0/operator/charges?text=net");
        assert_eq!(cut("æ".repeat(700), TARGET_BYTES_MAX), "æ".repeat(500) + "…");
        assert_eq!(cut(format!("/{}", "æ".repeat(700)), TARGET_BYTES_MAX).len(), 999 + "…".len());
    }

    #[test]
    fn a_plain_correlation_id_is_kept_and_any_other_replaced() {
        let long = "x".repeat(64);
        let too_long = "x".repeat(65);
        let rows =
            [("abc-123", true), (&*long, true), (&*too_long, false), ("", false), ("two words", false), ("ü", false)];
        for (given, kept) in rows {
            let mut headers = HeaderMap::new();
            headers.insert(CORRELATION_ID, HeaderValue::from_bytes(given.as_bytes()).unwrap());
            let id = correlation_id(&headers);
            assert_eq!(id == given, kept, "{given}");
            assert!(HeaderValue::from_str(&id).is_ok());
        }
    }
}
