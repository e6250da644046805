//! The participant's post: peek, dequeue, and how long the queues are.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderName, VARY};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::caller::Connection;
use super::observe::{CorrelationId, Said};
use super::operator::{Query, wrong};
use super::{Door, Format, Problem, accept, caller, gzip};
use crate::document::{Category, Wire};
use crate::gateway::{Access, Dequeued, Peeked};
use crate::market::Party;

pub const MESSAGE_ID: HeaderName = HeaderName::from_static("messageid");
pub const MESSAGE_TYPE: HeaderName = HeaderName::from_static("messagetype");
pub const BUNDLE_SIZE: HeaderName = HeaderName::from_static("bundlesize");
pub const DEQUEUE_STATUS: HeaderName = HeaderName::from_static("dequeue-status");

/// Longest that a peek waits for a document, in seconds: proxies give up on a silent connection after a minute.
const WAIT_SECONDS_MAX: u64 = 55;

/// Longest message id that is looked for.
const MESSAGE_ID_LENGTH_MAX: usize = 64;

/// `GET /v1.0/cim/{category}`: the next bundle, the same one until it is dequeued.
pub async fn peek(
    door: &Arc<Door>,
    category: Option<Category>,
    parts: &Parts,
    said: &mut Said,
) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    let own = door.gateway.form_of(&caller).map_err(|fault| Problem::fault(&fault))?;
    let form = accept::wanted(&parts.headers, own.unwrap_or(Wire::CimXml)).ok_or_else(|| {
        let message = "Documents are given as application/xml, application/json or application/ebix. \
             Ask for one of them in Accept.";
        Problem::new(StatusCode::NOT_ACCEPTABLE, "NotAcceptable", message)
    })?;
    let patience = patience(parts)?;
    let share = Arc::new(door.fairness.admit(&caller, Instant::now())?);
    let until = Instant::now() + patience;
    loop {
        let (gateway, id, party) = (Arc::clone(&door.gateway), CorrelationId::of(parts), caller.clone());
        let turn = share.turn_for_a_step().await;
        let peek = async move {
            let _turn = turn;
            let access = Access { party: &party, correlation_id: &id, form };
            gateway.peek(access, category, gateway.now()).await
        };
        if let Some(peeked) = share.lent(peek).await? {
            said.document = Some(peeked.document.clone());
            said.document_bytes = peeked.body.len();
            return Ok(unless_known(&parts.headers, bundle(peeked, accept::takes_gzip(&parts.headers))));
        }
        if Instant::now() >= until || !comes(door, &caller, category, until, parts).await? {
            return Ok(empty(StatusCode::NO_CONTENT));
        }
    }
}

/// Whether something comes for the caller until then, while the door is open and the caller is there. Whoever has hung up
/// has been shown nothing; over HTTP/2 this is dropped at that moment.
async fn comes(
    door: &Door,
    caller: &Party,
    category: Option<Category>,
    until: Instant,
    parts: &Parts,
) -> Result<bool, Problem> {
    let mut stopping = door.stopping.clone();
    let gone = async {
        match parts.extensions.get::<Connection>() {
            Some(connection) => connection.peer.gone().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = gone => Ok(false),
        // An error says that whoever would have told it is gone.
        _ = stopping.wait_for(|stopping| *stopping) => Ok(false),
        () = tokio::time::sleep_until(until.into()) => Ok(false),
        came = door.gateway.comes(caller, category) => came.map(|()| true).map_err(|fault| Problem::fault(&fault)),
    }
}

/// How long the caller is ready to wait for a document: `?wait=30`, in seconds.
fn patience(parts: &Parts) -> Result<Duration, Problem> {
    match Query::of(parts).one("wait")?.map(|wait| wait.parse()) {
        None => Ok(Duration::ZERO),
        Some(Ok(seconds)) if seconds <= WAIT_SECONDS_MAX => Ok(Duration::from_secs(seconds)),
        Some(_) => {
            Err(wrong("wait", &format!("it is a number of seconds, at most {WAIT_SECONDS_MAX}, such as ?wait=30")))
        }
    }
}

fn bundle(peeked: Peeked, gzip: bool) -> Response {
    let gzip = gzip && peeked.body.len() >= gzip::PACKED_BYTES_MIN;
    // A strong tag names bytes, so each form has its own, packed or not.
    let (content_type, form) = match peeked.form {
        Wire::CimXml => (Format::Xml.content_type(), ""),
        Wire::CimJson => (Format::Json.content_type(), "-json"),
        Wire::Ebix => (Format::Ebix.content_type(), "-ebix"),
    };
    let tag = format!("\"{}{form}{}\"", peeked.hash, if gzip { "-gzip" } else { "" });
    let mut response = Response::new(if gzip { gzip::pack(peeked.body) } else { Body::from(peeked.body) });
    let headers = response.headers_mut();
    let mut set = |name: HeaderName, text: &str| {
        // Ids and names are our own; one that no header can carry is left out rather than fatal.
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    };
    set(CONTENT_TYPE, content_type);
    set(MESSAGE_ID, &peeked.message_id);
    set(MESSAGE_TYPE, &peeked.document);
    set(BUNDLE_SIZE, &peeked.records.to_string());
    set(ETAG, &tag);
    set(VARY, "Accept, Accept-Encoding");
    set(CACHE_CONTROL, "no-store");
    if gzip {
        set(CONTENT_ENCODING, "gzip");
    }
    response
}

/// An answer, or no more than that the caller has it.
pub fn unless_known(headers: &HeaderMap, mut response: Response) -> Response {
    let tag = response.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
    if tag.is_some_and(|tag| accept::has(headers, tag)) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.body_mut() = Body::empty();
        for about_the_body in [CONTENT_TYPE, CONTENT_ENCODING] {
            response.headers_mut().remove(about_the_body);
        }
    }
    response
}

/// `DELETE /v1.0/cim/dequeue/{messageId}`: the caller has the bundle and needs it no more (post-office 1.6 item 8).
pub async fn dequeue(door: &Arc<Door>, id: &str, parts: &Parts, said: &mut Said) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    if !is_message_id(id) {
        let message =
            "This is no message id. It is 1 to 64 letters, digits and hyphens, as the header MessageId gave it.";
        return Err(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message).target("MessageId"));
    }
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    share.turn().await;
    let (gateway, id) = (Arc::clone(&door.gateway), id.to_string());
    let correlation_id = CorrelationId::of(parts);
    let dequeuing = async move {
        let access = Access { correlation_id: &correlation_id, ..Access::from(&caller) };
        gateway.dequeue(access, &id, gateway.now()).await
    };
    let dequeued = share.during(dequeuing).await;
    match dequeued.map_err(|fault| Problem::fault(&fault))? {
        Dequeued::Done => Ok(text(StatusCode::OK, "")),
        Dequeued::Already => {
            let mut response = text(StatusCode::OK, "");
            response.headers_mut().insert(DEQUEUE_STATUS, HeaderValue::from_static("already"));
            Ok(response)
        }
        Dequeued::NotPeeked if !door.settings.unpeeked_is_unknown => {
            let message = "The message has not been peeked yet. Peek it, keep it, then dequeue it.";
            Err(Problem::new(StatusCode::CONFLICT, "NotPeeked", message).target("MessageId"))
        }
        Dequeued::NotPeeked | Dequeued::Unknown => {
            let message = "There is no message of this id in your queues.";
            Err(Problem::new(StatusCode::NOT_FOUND, "NotFound", message).target("MessageId"))
        }
    }
}

/// `GET /v1.0/cim/queue`: for each category how many items and documents wait, since when, and what a peek would show.
pub async fn queue(door: &Arc<Door>, parts: &Parts, said: &mut Said) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    let _share = door.fairness.admit(&caller, Instant::now())?;
    let lengths = door.gateway.queue(&caller).map_err(|fault| Problem::fault(&fault))?;
    let now = door.gateway.now();
    let categories: Vec<_> = lengths
        .iter()
        .map(|length| {
            json!({
                "category": length.category.name(),
                "pending": length.waits.pending,
                "documents": length.waits.documents,
                "closed": length.waits.closed,
                "more": length.more,
                "oldest": length.oldest.map(|oldest| oldest.to_string()),
                "oldestAgeSeconds": length.oldest.map(|oldest| (now.seconds() - oldest.seconds()).max(0)),
                "nextMessageId": length.next_message_id,
            })
        })
        .collect();
    let answer = json!({
        "actor": caller.number.as_str(),
        "role": caller.role.code(),
        "categories": categories,
    });
    Ok(json_answer(StatusCode::OK, &answer))
}

pub fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

pub fn text(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

pub fn json_answer(status: StatusCode, body: &serde_json::Value) -> Response {
    let mut response = text(status, body.to_string());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(Format::Json.content_type()));
    response
}

fn is_message_id(id: &str) -> bool {
    (1..=MESSAGE_ID_LENGTH_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}
