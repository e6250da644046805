//! `GET /v1.0/cim/messages…` and `GET /v1.0/operator/messages…`: what the archive holds of a participant's own documents,
//! and of everybody's for the hub's own people (post-office 4.4); and the receipts for what was accepted.
//!
//! A list is in the order of time, or sorted by something else that its rows say. `next` leads to the piece behind it, which
//! may be there although nothing was found yet, and `previous` to the one before it; each is `null` when there is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, ETAG};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::get;
use bytes::Bytes;
use serde_json::{Value, json};

use super::body::Unread;
use super::observe::Said;
use super::operator::{Query, ROWS_MAX, admitted, next_link, unknown, wrong};
use super::post::{MESSAGE_ID, MESSAGE_TYPE, json_answer, unless_known};
use super::routes::finish;
use super::{Door, Format, Problem, caller};
use crate::archive::{self, Cursor, Direction, Kept, LogEntry, Position, SORTS, SortBy, Term};
use crate::document::Wire;
use crate::gateway::{Catalogue, Error, Fault, Named, SORTED_MAX, Search, Start};
use crate::market::{Party, Timestamp};
use crate::receipts::Accepted;

const OWN: &str = "/v1.0/cim/messages";
const OWN_ONE: &str = "/v1.0/cim/messages/{id}";
const OWN_RELATED: &str = "/v1.0/cim/messages/{id}/related";
const OWN_RECEIPT: &str = "/v1.0/cim/messages/{id}/receipt";
const KEYS: &str = "/receipt-keys.json";
const ALL: &str = "/v1.0/operator/messages";
const ONE: &str = "/v1.0/operator/messages/{id}";
const RELATED: &str = "/v1.0/operator/messages/{id}/related";

type InPath = Result<Path<String>, PathRejection>;

/// What comes of looking into the archive.
enum Looked {
    Rows(Value),
    Document {
        id: String,
        name: String,
        hash: blake3::Hash,
        body: Bytes,
        /// Why it needs care: it was refused, so it may be anything.
        refused: Option<Kept>,
    },
    /// Several have used the message id.
    Ambiguous(Box<Named>),
    /// None of its bytes were kept when it was refused.
    NotKept,
    Accepted(Box<Accepted>),
    /// More than can be sorted.
    TooMany,
    /// Its bytes were let go, then.
    Removed(Timestamp),
}

pub fn routes() -> Router<Arc<Door>> {
    let list = |route, whose| {
        get(move |State(door): State<Arc<Door>>, request: Request| answer(door, route, whose, None, list, request))
    };
    let one = |route, whose, look: Look| {
        get(move |State(door): State<Arc<Door>>, id: InPath, request: Request| {
            answer(door, route, whose, Some(id.map(|Path(id)| id).unwrap_or_default()), look, request)
        })
    };
    Router::new()
        .route(OWN, list(OWN, Whose::Own))
        .route(OWN_ONE, one(OWN_ONE, Whose::Own, body))
        .route(OWN_RELATED, one(OWN_RELATED, Whose::Own, related))
        .route(OWN_RECEIPT, one(OWN_RECEIPT, Whose::Own, receipt))
        .route(KEYS, get(keys))
        .route(ALL, list(ALL, Whose::Everybodys))
        .route(ONE, one(ONE, Whose::Everybodys, body))
        .route(RELATED, one(RELATED, Whose::Everybodys, related))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Own,
    /// For the hub's own people.
    Everybodys,
}

/// What is asked, once it is known who asks.
struct Asked {
    /// Whose documents may be seen; everybody's when absent.
    own: Option<Party>,
    /// A message id, or the id of a row; empty for a list.
    id: String,
    path: String,
    query: Query,
    search: Search,
    /// Whether all that is found is to be counted.
    total: bool,
}

type Look = fn(&Catalogue<'_>, &Asked) -> Result<Option<Looked>, Fault>;

/// The order of checks is part of the contract: 401, 403, 429, 400, 404, 409, 410.
async fn answer(
    door: Arc<Door>,
    route: &'static str,
    whose: Whose,
    id: Option<String>,
    look: Look,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let unread = Unread::new(body, &parts.headers);
    let mut said = Said { route, ..Said::default() };
    let answer = looked(&door, &parts, &mut said, whose, id, look).await;
    finish(&door, answer, format, unread, said)
}

async fn looked(
    door: &Arc<Door>,
    parts: &Parts,
    said: &mut Said,
    whose: Whose,
    id: Option<String>,
    look: Look,
) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    if whose == Whose::Everybodys {
        admitted(&caller)?;
    }
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    let own = (whose == Whose::Own).then_some(caller);
    let mut query = Query::of(parts);
    let search = match id {
        None => search(&mut query, own.as_ref())?,
        Some(_) => Search::default(),
    };
    let total = id.is_none() && query.flag("total")?;
    query.nothing_else()?;
    let asked = Asked { own, id: id.unwrap_or_default(), path: parts.uri.path().to_string(), query, search, total };
    let gateway = Arc::clone(&door.gateway);
    // Looking through the archive takes its time; connections are served meanwhile, and others are not kept waiting.
    share.turn().await;
    let looking = async move { tokio::task::spawn_blocking(move || look(&gateway.catalogue(), &asked)).await };
    let looked = share.during(looking).await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    match looked.map_err(|fault| Problem::fault(&fault))?.ok_or_else(unknown)? {
        Looked::Rows(rows) => Ok(json_answer(StatusCode::OK, &rows)),
        Looked::Accepted(accepted) => signed(door, &accepted),
        Looked::TooMany => {
            let advice = "ask for a shorter time, for more criteria, or for the order of time";
            Err(wrong("sort", &format!("more than {SORTED_MAX} documents would have to be sorted; {advice}")))
        }
        Looked::Ambiguous(named) => Err(ambiguous(&named)),
        Looked::Removed(at) => Err(Problem::new(StatusCode::GONE, "Removed", removed(at))),
        Looked::NotKept => {
            let message =
                "Nothing of this document was kept: it was larger than is taken in, or did not come to its end.";
            Err(Problem::new(StatusCode::GONE, "NotKept", message))
        }
        Looked::Document { id, name, hash, body, refused } => {
            let format = match Wire::of(&body, door.gateway.limits()) {
                _ if refused == Some(Kept::AsSent) => "application/octet-stream",
                Wire::CimXml => Format::Xml.content_type(),
                Wire::CimJson => Format::Json.content_type(),
                Wire::Ebix => Format::Ebix.content_type(),
            };
            let mut response = Response::new(Body::from(body));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(format));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            if refused.is_some() {
                // Nobody knows what a stranger's bytes make a browser do.
                headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
            }
            let tag = format!("\"{}\"", hash.to_hex());
            for (header, text) in [(MESSAGE_ID, id), (MESSAGE_TYPE, name), (ETAG, tag)] {
                // A sender's own id may be one that no header can carry, or none.
                if header != MESSAGE_ID || !text.is_empty() {
                    headers.extend(HeaderValue::from_str(&text).ok().map(|value| (header, value)));
                }
            }
            Ok(unless_known(&parts.headers, response))
        }
    }
}

/// Criteria that documents must meet, all of them.
fn search(query: &mut Query, own: Option<&Party>) -> Result<Search, Problem> {
    let period = query.period()?;
    // Of one's own documents the party is known.
    let names = archive::CRITERIA.into_iter().filter(|name| own.is_none() || !["party", "role"].contains(name));
    let mut given = BTreeMap::new();
    for name in names {
        given.extend(query.one(name)?.map(|text| (name, text)));
    }
    let mut terms = archive::terms_for(given).map_err(|it| wrong(it.name, it.advice))?;
    terms.extend(own.cloned().map(Term::Party));
    let by = query.one("sort")?.map_or(Some(SortBy::Time), |name| SortBy::from_name(&name));
    let by = by.ok_or_else(|| wrong("sort", &format!("it is one of {}", SORTS.join(", "))))?;
    let descending = query.flag("descending")?;
    let start = start(query, by)?;
    let take = query.take(ROWS_MAX)?;
    // A participant finds what it was given; the hub's own people also what stood in that.
    let for_participant = own.is_some();
    Ok(Search { terms, from: period.start, to: period.end, by, descending, start, take, for_participant })
}

/// Where a piece begins that another one led to.
fn start(query: &mut Query, by: SortBy) -> Result<Option<Start>, Problem> {
    let mut cursor = |name, said| {
        let text = query.one(name)?;
        let advice = format!("it is what {said} of another piece in this order said");
        text.map(|text| Cursor::parse(by, &text).ok_or_else(|| wrong(name, &advice))).transpose()
    };
    match (cursor("after", "next")?, cursor("before", "previous")?) {
        (Some(_), Some(_)) => Err(wrong("before", "a piece lies after a place or before it")),
        (after, before) => Ok(after.map(Start::After).or(before.map(Start::Before))),
    }
}

fn list(catalogue: &Catalogue<'_>, asked: &Asked) -> Result<Option<Looked>, Fault> {
    let found = catalogue.search(&asked.search)?;
    if found.too_many {
        return Ok(Some(Looked::TooMany));
    }
    let rows = found.documents.iter().map(|(position, entry)| catalogue.row(position, entry));
    let rows = rows.collect::<Result<Vec<Value>, Fault>>()?;
    let query = asked.query.without(&["after", "before"]);
    let link = |name, cursor: Cursor| next_link(&asked.path, &query, name, &cursor.to_string());
    let next = found.next.map(|cursor| link("after", cursor));
    let previous = found.previous.map(|cursor| link("before", cursor));
    let mut told = json!({ "rows": rows, "next": next, "previous": previous });
    if asked.total {
        told["total"] = catalogue.count(&asked.search)?.into();
    }
    Ok(Some(Looked::Rows(told)))
}

/// Looks at the document that an id names; at everybody's only where it leaves nothing open.
fn at_one(
    catalogue: &Catalogue<'_>,
    asked: &Asked,
    look: impl FnOnce(Position, LogEntry) -> Result<Option<Looked>, Fault>,
) -> Result<Option<Looked>, Fault> {
    let found = match &asked.own {
        Some(own) => catalogue.find(&asked.id, Some(own))?,
        None => match catalogue.named(&asked.id)? {
            Some(named) if named.is_ambiguous() => return Ok(Some(Looked::Ambiguous(Box::new(named)))),
            named => named.map(|named| named.document),
        },
    };
    found.map_or(Ok(None), |(position, entry)| look(position, entry))
}

/// Says which rows a message id may mean.
fn ambiguous(named: &Named) -> Problem {
    let detail = |(position, entry): &(Position, LogEntry)| {
        let way = if entry.direction == Direction::In { "from" } else { "to" };
        let refused = if entry.refused.is_empty() { "" } else { ", refused" };
        let message = format!("{} {way} {} at {}{refused}", entry.document, entry.party, entry.at);
        Error::new("AmbiguousId", message.trim_start()).target(&position.place.to_string())
    };
    let carrying = named.documents().count();
    let more = if named.more { "More than " } else { "" };
    let of_them = if carrying > AMBIGUOUS_ROWS_MAX { format!("{AMBIGUOUS_ROWS_MAX} of them") } else { "them".into() };
    let message = format!(
        "{more}{carrying} documents carry this message id, so it leaves open which is meant. Ask for one by the id of its row: the \
         details name {of_them}, and {ALL}?messageId= lists them all."
    );
    let mut problem = Problem::new(StatusCode::CONFLICT, "AmbiguousId", message);
    problem.error.details = named.documents().take(AMBIGUOUS_ROWS_MAX).map(detail).collect();
    problem
}

/// Rows that are named where it is left open which is meant.
const AMBIGUOUS_ROWS_MAX: usize = 20;

fn body(catalogue: &Catalogue<'_>, asked: &Asked) -> Result<Option<Looked>, Fault> {
    at_one(catalogue, asked, |position, entry| body_of(catalogue, position, entry))
}

fn body_of(catalogue: &Catalogue<'_>, position: Position, entry: LogEntry) -> Result<Option<Looked>, Fault> {
    if entry.kept() == Kept::Nothing {
        return Ok(Some(Looked::NotKept));
    }
    if let Some(body) = catalogue.body(position.place.commit, &entry)? {
        let refused = (!entry.refused.is_empty()).then(|| entry.kept());
        let hash = blake3::Hash::from_bytes(entry.hash);
        return Ok(Some(Looked::Document { id: entry.message_id, name: entry.document, hash, body, refused }));
    }
    Ok(catalogue.let_go(position.place.commit, &entry)?.map(Looked::Removed))
}

/// What is said of a document that was kept long enough.
pub fn removed(at: Timestamp) -> String {
    format!(
        "The bytes of this document were removed on {at}, after the time for which documents are kept. What the log has of \
         it, its hash too, is still listed; there is nothing to ask for again."
    )
}

/// Only what its sender has sent has a receipt, and only what was accepted.
fn receipt(catalogue: &Catalogue<'_>, asked: &Asked) -> Result<Option<Looked>, Fault> {
    let Some(sender) = &asked.own else { return Ok(None) };
    Ok(catalogue.accepted(&asked.id, sender)?.map(|accepted| Looked::Accepted(Box::new(accepted))))
}

fn signed(door: &Door, accepted: &Accepted) -> Result<Response, Problem> {
    let Some(signer) = &door.settings.receipts else {
        let message = "This gateway has no key for receipts, so it signs none.";
        return Err(Problem::new(StatusCode::NOT_FOUND, "NotFound", message));
    };
    let receipt = signer.receipt(accepted).map_err(|fault| {
        tracing::error!(error = &fault as &dyn std::error::Error, "failed to sign a receipt");
        Problem::internal()
    })?;
    let mut response = Response::new(Body::from(receipt));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/jose"));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `GET /receipt-keys.json`: the key against which receipts are checked, for everybody.
async fn keys(State(door): State<Arc<Door>>) -> Response {
    let keys =
        door.settings.receipts.as_ref().map_or_else(|| json!({ "keys": [] }), |signer| json!(signer.published()));
    let mut response = json_answer(StatusCode::OK, &keys);
    response.extensions_mut().insert(Said { route: KEYS, ..Said::default() });
    response
}

fn related(catalogue: &Catalogue<'_>, asked: &Asked) -> Result<Option<Looked>, Fault> {
    at_one(catalogue, asked, |position, _| {
        let related = catalogue.related(position.place, asked.own.as_ref())?;
        let rows = related.iter().map(|(position, entry)| catalogue.row(position, entry));
        Ok(Some(Looked::Rows(json!({ "rows": rows.collect::<Result<Vec<Value>, Fault>>()?, "next": null }))))
    })
}
