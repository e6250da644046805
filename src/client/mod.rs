//! The participant's client: sends documents, peeks, dequeues, over HTTPS with a bearer token.
//!
//! What may be repeated is repeated: a GET, a DELETE, and a POST of the same bytes, for the hub answers a document that
//! it has seen with its first answer again. So a broken connection costs time, and never a document.

mod answer;
mod fault;
mod files;
pub mod load;

use std::path::PathBuf;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Method, Response, StatusCode, Url};

pub use answer::{Flaw, Refusal};
pub use fault::Fault;
pub use files::{document_of, keep, route_of, why_no_document};

/// Longest answer that is read: the largest document, and some room.
const ANSWER_BYTES_MAX: usize = 64 << 20;

/// The header that says in which role the caller acts.
const MARKET_ROLE: HeaderName = HeaderName::from_static("market-role");

/// First pause before a request is repeated; it doubles each time.
const PAUSE_FIRST: Duration = Duration::from_millis(200);

/// Longest pause before a request is repeated, also when the hub asks for a longer one.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// How to reach the hub.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the hub, such as `https://localhost:8443`.
    pub to: String,
    pub token: Option<String>,
    /// The role in which the caller acts, by code such as `DDM`: needed where the token has several.
    pub role: Option<String>,
    /// PEM file of the authority to trust instead of the system's.
    pub authority: Option<PathBuf>,
    pub connect_timeout: Duration,
    /// Longest silence while an answer is awaited or read.
    pub read_timeout: Duration,
    /// How often a request is tried, the first time included.
    pub attempts_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            to: "https://localhost:8443".into(),
            token: None,
            role: None,
            authority: None,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
            attempts_max: 5,
        }
    }
}

/// A connection to the hub as one participant in one role. Cheap to clone; clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: Url,
    attempts_max: u32,
}

/// What became of a document that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    Accepted { correlation_id: String, duplicate: bool },
    Refused(Refusal),
}

/// A document that was peeked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: String,
    /// Its kind, such as `NotifyPriceList`.
    pub document: String,
    pub records: Option<usize>,
    pub body: Bytes,
}

/// What became of a message that was dequeued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dequeued {
    Done,
    /// It was dequeued before; nothing changed.
    Already,
    Refused(Refusal),
}

impl Client {
    pub fn new(settings: &Settings) -> Result<Self, Fault> {
        let base = files::base_url(&settings.to)?;
        let mut headers = HeaderMap::new();
        if let Some(token) = &settings.token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.trim())).map_err(|_| Fault::Token)?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(role) = &settings.role {
            let value = HeaderValue::from_str(role.trim()).map_err(|_| Fault::Role)?;
            headers.insert(MARKET_ROLE, value);
        }
        let mut builder = reqwest::Client::builder()
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("gridpost/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(settings.connect_timeout)
            .read_timeout(settings.read_timeout);
        if let Some(path) = &settings.authority {
            let pem = std::fs::read(path).map_err(|source| Fault::Read { path: path.clone(), source })?;
            let roots = reqwest::Certificate::from_pem_bundle(&pem).map_err(Fault::Build)?;
            if roots.is_empty() {
                return Err(Fault::Authority { path: path.clone() });
            }
            builder = builder.tls_certs_only(roots);
        }
        let http = builder.build().map_err(Fault::Build)?;
        Ok(Self { http, base, attempts_max: settings.attempts_max.max(1) })
    }

    /// Sends a document to its route, such as `requestchangeofpricelist`.
    pub async fn send(&self, route: &str, body: Bytes) -> Result<Sent, Fault> {
        let url = self.url(&["v1.0", "cim", route]);
        let response = self.ask(Method::POST, url, "application/json", Some(body)).await?;
        let correlation_id = header(&response, "CorrelationId");
        if response.status() == StatusCode::ACCEPTED {
            return Ok(Sent::Accepted { correlation_id, duplicate: header(&response, "Duplicate") == "true" });
        }
        Ok(Sent::Refused(refusal(response).await?))
    }

    /// What the hub would say to a document if it were sent: `{"verdict": …, "error" or "records" and "answers": …}`.
    pub async fn dry_run(&self, route: &str, body: Bytes) -> Result<serde_json::Value, Fault> {
        let url = self.url(&["v1.0", "cim", route, "check"]);
        let response = self.ask(Method::POST, url.clone(), "application/json", Some(body)).await?;
        if response.status() != StatusCode::OK {
            return Err(Fault::Refused { what: "ask about a document", refusal: Box::new(refusal(response).await?) });
        }
        serde_json::from_slice(&read(response).await?).map_err(|source| Fault::Answer { url, source })
    }

    /// The next document of a category (`masterdata`, `aggregations`, `timeseries`, or `all`), if there is one.
    pub async fn peek(&self, category: &str) -> Result<Option<Message>, Fault> {
        self.peek_as(category, "application/xml").await
    }

    /// The same in the form of a media type, if the hub can say it there.
    pub async fn peek_as(&self, category: &str, media_type: &str) -> Result<Option<Message>, Fault> {
        let url = self.url(&["v1.0", "cim", category]);
        let response = self.ask(Method::GET, url.clone(), media_type, None).await?;
        match response.status() {
            StatusCode::NO_CONTENT => Ok(None),
            StatusCode::OK => {
                let (id, document) = (header(&response, "MessageId"), header(&response, "MessageType"));
                let records = header(&response, "BundleSize").parse().ok();
                let body = read(response).await?;
                if id.is_empty() {
                    return Err(Fault::NoMessageId { url });
                }
                Ok(Some(Message { id, document, records, body }))
            }
            _ => Err(Fault::Refused { what: "peek", refusal: Box::new(refusal(response).await?) }),
        }
    }

    /// Says that a message has been kept and is needed no more.
    pub async fn dequeue(&self, message_id: &str) -> Result<Dequeued, Fault> {
        let url = self.url(&["v1.0", "cim", "dequeue", message_id]);
        let response = self.ask(Method::DELETE, url, "application/json", None).await?;
        match response.status() {
            StatusCode::OK if header(&response, "Dequeue-Status") == "already" => Ok(Dequeued::Already),
            StatusCode::OK => Ok(Dequeued::Done),
            _ => Ok(Dequeued::Refused(refusal(response).await?)),
        }
    }

    /// How long the caller's queues are, as the hub tells it.
    pub async fn queue(&self) -> Result<serde_json::Value, Fault> {
        let url = self.url(&["v1.0", "cim", "queue"]);
        let response = self.ask(Method::GET, url.clone(), "application/json", None).await?;
        if response.status() != StatusCode::OK {
            return Err(Fault::Refused { what: "look at the queues", refusal: Box::new(refusal(response).await?) });
        }
        serde_json::from_slice(&read(response).await?).map_err(|source| Fault::Answer { url, source })
    }

    /// What the gateway's clock shows: `{"now": …, "movable": …}`.
    pub async fn clock(&self) -> Result<serde_json::Value, Fault> {
        self.told(Method::GET, "look at the clock", None).await
    }

    /// Moves the clock of a gateway that lets it be moved; returns once all that falls due by then has happened.
    pub async fn move_clock(&self, to: &str) -> Result<serde_json::Value, Fault> {
        let body = serde_json::json!({ "to": to }).to_string();
        self.told(Method::POST, "move the clock", Some(body.into())).await
    }

    async fn told(&self, method: Method, what: &'static str, body: Option<Bytes>) -> Result<serde_json::Value, Fault> {
        let url = self.url(&["v1.0", "operator", "clock"]);
        let response = self.ask(method, url.clone(), "application/json", body).await?;
        if response.status() != StatusCode::OK {
            return Err(Fault::Refused { what, refusal: Box::new(refusal(response).await?) });
        }
        serde_json::from_slice(&read(response).await?).map_err(|source| Fault::Answer { url, source })
    }

    /// Asks until there is an answer that another try would not better.
    async fn ask(&self, method: Method, url: Url, accept: &str, body: Option<Bytes>) -> Result<Response, Fault> {
        let mut pause = PAUSE_FIRST;
        let form = body.as_ref().map(|body| files::media_type(body)).unwrap_or_default();
        for attempt in 1.. {
            let mut request = self.http.request(method.clone(), url.clone()).header(ACCEPT, accept);
            if let Some(body) = &body {
                request = request.header(CONTENT_TYPE, format!("{form}; charset=utf-8")).body(body.clone());
            }
            let last = attempt >= self.attempts_max;
            match request.send().await {
                Ok(response) if response.status() == StatusCode::UNAUTHORIZED => {
                    return Err(Fault::Unauthorized(Box::new(refusal(response).await?)));
                }
                Ok(response) if response.status().is_server_error() && last => {
                    return Err(Fault::Unwell(Box::new(refusal(response).await?)));
                }
                Ok(response) if may_repeat(response.status()) && !last => {
                    tracing::debug!(status = response.status().as_u16(), attempt, "trying again");
                    tokio::time::sleep(asked_pause(&response).unwrap_or(pause).min(PAUSE_MAX)).await;
                }
                Ok(response) if response.status().is_server_error() => {
                    return Err(Fault::Unwell(Box::new(refusal(response).await?)));
                }
                Ok(response) => return Ok(response),
                Err(error) => {
                    let fault = Fault::of(error, &url);
                    if last || !fault.may_pass() {
                        return Err(fault);
                    }
                    tracing::debug!(%fault, attempt, "trying again");
                    tokio::time::sleep(pause).await;
                }
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
        unreachable!("the last attempt returns")
    }

    fn url(&self, segments: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut().expect("an https address has a path").pop_if_empty().extend(segments);
        url
    }
}

/// Statuses that say "not now": the request was not acted upon.
fn may_repeat(status: StatusCode) -> bool {
    matches!(status, StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS | StatusCode::BAD_GATEWAY)
}

fn asked_pause(response: &Response) -> Option<Duration> {
    response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn header(response: &Response, name: &str) -> String {
    response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().into()
}

async fn refusal(response: Response) -> Result<Refusal, Fault> {
    let (status, id) = (response.status().as_u16(), header(&response, "CorrelationId"));
    let body = read(response).await?;
    Ok(Refusal::read(status, id, &body))
}

async fn read(mut response: Response) -> Result<Bytes, Fault> {
    let url = response.url().clone();
    let expected = response.content_length().unwrap_or(0).min(ANSWER_BYTES_MAX as u64);
    let mut body = BytesMut::with_capacity(expected as usize);
    while let Some(piece) = response.chunk().await.map_err(|error| Fault::of(error, &url))? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            return Err(Fault::TooLarge { url, bytes_max: ANSWER_BYTES_MAX });
        }
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}
