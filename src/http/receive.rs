//! `POST /v1.0/cim/{document}`: the checks that come before a document is looked at, and the answer after.

use std::sync::Arc;
use std::time::Instant;

use axum::body::Body;
use axum::http::header::{
    ACCEPT, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderName, TRANSFER_ENCODING, USER_AGENT,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures_util::{StreamExt, stream};

use super::body::{self, Pieces, Unread};
use super::fairness::Share;
use super::observe::{CORRELATION_ID, CorrelationId, Said};
use super::{Door, Problem, accept, caller};
use crate::archive::{Came, Kept};
use crate::document::Wire;
use crate::gateway::{Arrived, Error, READ_AT_ONCE_BYTES_MAX, Receipt, TurnedAway};
use crate::market::Party;
use crate::process::{self, Incoming};

/// Says that the same document was sent before, and that this is its first answer again.
pub const DUPLICATE: HeaderName = HeaderName::from_static("duplicate");

/// A document from somebody who may send it.
pub(super) struct Admitted {
    pub caller: Party,
    pub document: &'static Incoming,
    pub arrived: Arrived,
    pub wire: Wire,
    pub share: Share,
}

/// The checks before a document is looked at. Their order is part of the contract: 401, 404, 403, 415, 413.
pub(super) async fn admit(
    door: &Arc<Door>,
    name: &str,
    parts: &Parts,
    unread: &mut Unread,
    said: &mut Said,
) -> Result<Admitted, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    let document = door.gateway.document_for(name).ok_or_else(unknown_document)?;
    said.document = Some(document.name.into());
    admitted(document, &caller)?;
    let wire = supported(&parts.headers)?;
    body::check_head(&parts.headers, &door.settings.limits)?;
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    let mut pieces = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?;
    // Large CIM XML is read while it arrives; what has to be put into its words is read as a whole.
    let body = pieces.gather(if wire == Wire::CimXml { READ_AT_ONCE_BYTES_MAX } else { usize::MAX }).await?;
    said.document_bytes = body.len();
    let arrived = if Wire::of(&body, door.gateway.limits()) != wire {
        let rest = if pieces.ended() { Bytes::new() } else { pieces.gather(usize::MAX).await? };
        let whole = if rest.is_empty() { body } else { [body, rest].concat().into() };
        share.turn().await;
        let error = Box::pin(door.gateway.misfit(document, &whole, wire)).await?;
        Box::pin(door.gateway.not_read(document, whole, error.unwrap_or_else(|| another_form(wire)))).await?
    } else if pieces.ended() {
        share.turn().await;
        door.gateway.read_whole(&caller, document, body).await?
    } else {
        let whole = stream::iter([Ok(body)]).chain(pieces.stream());
        // Apart, like the other ways that few documents go: room for them would be moved with every request.
        Box::pin(door.gateway.read_pieces::<Problem>(&caller, document, whole)).await?
    };
    share.turn().await;
    said.document_bytes = arrived.bytes() as usize;
    Ok(Admitted { caller, document, arrived, wire, share })
}

/// Takes in a document, or says why not.
pub async fn receive(
    door: &Arc<Door>,
    name: &str,
    parts: &Parts,
    unread: &mut Unread,
    said: &mut Said,
) -> Result<Response, Problem> {
    let admitted = match admit(door, name, parts, unread, said).await {
        Ok(admitted) => admitted,
        Err(problem) => {
            Box::pin(keep_turned_away(door, door.gateway.document_for(name), parts, unread, said, &problem)).await?;
            return Err(problem);
        }
    };
    let Admitted { caller, arrived, wire, share, .. } = admitted;
    let id = CorrelationId::of(parts);
    let gateway = Arc::clone(&door.gateway);
    let arrived = arrived.by(came(parts, Kept::Whole));
    let received = share.during(async move { gateway.receive(&caller, arrived, &id, gateway.now()).await });
    match received.await.map_err(|fault| Problem::fault(&fault))? {
        Receipt::Refused { error, correlation_id } => {
            let mut problem = Problem::refused(error);
            problem.headers.extend(named(&correlation_id));
            Err(problem)
        }
        Receipt::Accepted(receipt) => {
            // ebIX clients read the id of their message where others read nothing (post-office 2.3).
            let body = if wire == Wire::Ebix { Body::from(receipt.message_id) } else { Body::empty() };
            let mut response = Response::new(body);
            *response.status_mut() = StatusCode::ACCEPTED;
            response.headers_mut().extend(named(&receipt.correlation_id));
            if receipt.duplicate {
                response.headers_mut().insert(DUPLICATE, HeaderValue::from_static("true"));
            }
            Ok(response)
        }
    }
}

/// Keeps what was turned away before it was looked at (post-office 4.4, item 1): of an unknown name, from a sender of another
/// role, of another media type or coding, too large, damaged, or not sent to its end. What is only too much for the moment is
/// not kept, for it comes again.
pub(super) async fn keep_turned_away(
    door: &Arc<Door>,
    document: Option<&'static Incoming>,
    parts: &Parts,
    unread: &mut Unread,
    said: &mut Said,
    problem: &Problem,
) -> Result<(), Problem> {
    let Some(caller) = said.party.clone() else { return Ok(()) };
    if parts.method != Method::POST || !VERDICTS.contains(&problem.status) {
        return Ok(());
    }
    let Ok(mut share) = door.fairness.admit(&caller, Instant::now()) else { return Ok(()) };
    let (body, kept) = unread.remains(&parts.headers, &mut share, &door.settings.limits).await;
    said.document_bytes = body.len();
    share.turn().await;
    let (document, came) = (document.map_or("", |document| document.name), came(parts, kept));
    let what = TurnedAway { document, body, came: Some(came), error: (*problem.error).clone() };
    let (gateway, id) = (Arc::clone(&door.gateway), CorrelationId::of(parts));
    let keeping = async move { gateway.turn_away(&caller, what, &id, gateway.now()).await };
    share.during(keeping).await.map_err(|fault| Problem::fault(&fault))
}

/// Of a refusal before a document is looked at, the statuses that say something of the document.
const VERDICTS: [StatusCode; 6] = [
    StatusCode::BAD_REQUEST,
    StatusCode::FORBIDDEN,
    StatusCode::NOT_FOUND,
    StatusCode::REQUEST_TIMEOUT,
    StatusCode::PAYLOAD_TOO_LARGE,
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
];

/// How a request came, as far as the archive keeps it: no header that may hold a credential.
pub(super) fn came(parts: &Parts, kept: Kept) -> Came {
    let headers = HEADERS_KEPT.into_iter().flat_map(|name| {
        let values = parts.headers.get_all(&name).iter();
        values.map(move |value| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
    });
    Came { kept, path: parts.uri.path().to_string(), headers: headers.take(HEADERS_KEPT_MAX).collect() }
}

const HEADERS_KEPT: [HeaderName; 8] = [
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    ACCEPT,
    EXPECT,
    USER_AGENT,
    HeaderName::from_static("soapaction"),
];
/// A header may come several times.
const HEADERS_KEPT_MAX: usize = 16;

/// The id under which the gateway keeps the message: for a repetition, that of the first time.
fn named(correlation_id: &str) -> Option<(HeaderName, HeaderValue)> {
    Some((CORRELATION_ID, HeaderValue::from_str(correlation_id).ok()?))
}

pub fn unknown_document() -> Problem {
    let message = "There is no document of this name, and no category of post. Documents are named like \
         requestchangeofpricelist; post is fetched from masterdata, aggregations, timeseries or all.";
    Problem::new(StatusCode::NOT_FOUND, "NotFound", message)
}

pub(super) fn admitted(document: &Incoming, caller: &Party) -> Result<(), Problem> {
    if process::may_bring(document, caller.role) {
        return Ok(());
    }
    let roles: Vec<_> = document.roles.iter().map(|role| role.claim()).collect();
    let message = format!(
        "The role {} may not send {}. Roles that may: {}.",
        caller.role.claim(),
        document.name,
        roles.join(", ")
    );
    Err(Problem::new(StatusCode::FORBIDDEN, "Forbidden", message))
}

/// The form that the body is said to have.
fn supported(headers: &HeaderMap) -> Result<Wire, Problem> {
    let utf8 = accept::charset(headers).is_none_or(|charset| charset == "utf-8");
    let wire = accept::content_type(headers).and_then(|name| accept::wire_of(&name));
    wire.filter(|_| utf8).ok_or_else(|| {
        let message = "The Content-Type must be application/xml, application/json or application/ebix, alone or with \
             charset=utf-8.";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UnsupportedMediaType", message)
            .with(ACCEPT, "application/xml, application/json, application/ebix")
    })
}

fn another_form(wire: Wire) -> Error {
    let (said, is) = match wire {
        Wire::CimXml => ("XML", "begin with \"<\" and the root of a CIM document"),
        Wire::CimJson => ("JSON", "begin with \"{\""),
        Wire::Ebix => ("ebIX", "begin with the root of an ebIX document, in its namespace of version 3"),
    };
    let message = format!(
        "The Content-Type says {said}, and the body is something else: it does not {is}. \
         Send the document that the header announces."
    );
    Error::new("B2B-005", message)
}
