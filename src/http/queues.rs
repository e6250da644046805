//! `/v1.0/operator/queues`, `/parked` and `/quarantine`: what waits for whom, what could not be decided, and what cannot be given out;
//! and what an operator does about it (post-office 1.6 (9), 6.3, 6.6).

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, post};
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde_json::{Value, json};

use super::commands::{answer, unusable};
use super::operator::{self, ROWS_MAX, party, unknown, wrong};
use super::post::json_answer;
use super::routes::taking;
use super::{Door, Problem};
use crate::document::Category;
use crate::gateway::quarantine::{CAUSE_ADVICE, Released, cause_in, quarantined_row};
use crate::gateway::{By, Gateway, Question, parked};
use crate::market::{ActorNumber, ActorRole, Party};

const QUEUES: &str = "/v1.0/operator/queues";
const QUEUE: &str = "/v1.0/operator/queues/{number}/{role}";
const PARKED: &str = "/v1.0/operator/parked";
const RETRY: &str = "/v1.0/operator/parked/retry";
const GIVE_UP: &str = "/v1.0/operator/parked/discard";
const QUARANTINE: &str = "/v1.0/operator/quarantine";
const RELEASE: &str = "/v1.0/operator/quarantine/release";
const DISCARD: &str = "/v1.0/operator/quarantine/discard";

/// Queues in one answer: of each up to a thousand documents are counted.
pub const QUEUE_ROWS_MAX: usize = 200;
/// Keys or ids that one request names.
const NAMED_MAX: usize = 1_000;

pub fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route(QUEUES, get(queues))
        .route(QUEUE, get(queue))
        .route(PARKED, get(parked))
        .route(RETRY, taking("POST", post(retry)))
        .route(GIVE_UP, taking("POST", post(give_up)))
        .route(QUARANTINE, taking("GET, HEAD, POST", get(quarantined).post(quarantine)))
        .route(RELEASE, taking("POST", post(release)))
        .route(DISCARD, taking("POST", post(discard)))
}

async fn queues(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut operator::Query| {
        let after = query.one("from")?;
        let after =
            after.map(|text| queue_named(&text).ok_or_else(|| wrong("from", "it is what next says"))).transpose()?;
        Ok(Question::Queues { after, take: query.take(QUEUE_ROWS_MAX)? })
    };
    operator::answer(door, QUEUES, request, question).await
}

async fn queue(
    State(door): State<Arc<Door>>,
    name: Result<Path<(String, String)>, PathRejection>,
    request: Request,
) -> Response {
    let question = |query: &mut operator::Query| {
        let Path((number, role)) = name.map_err(|_| unknown())?;
        let after = query.one("from")?;
        let advice = "a place looks like masterdata.7.0, as a row says it";
        let after = after.map(|text| place_named(&text).ok_or_else(|| wrong("from", advice))).transpose()?;
        Ok(Question::Queue { owner: party(&number, &role)?, after, take: query.take(ROWS_MAX)? })
    };
    operator::answer(door, QUEUE, request, question).await
}

async fn parked(State(door): State<Arc<Door>>, request: Request) -> Response {
    operator::answer(door, PARKED, request, |query| Ok(Question::Parked { cut: query.cut(ROWS_MAX)? })).await
}

async fn quarantined(State(door): State<Arc<Door>>, request: Request) -> Response {
    operator::answer(door, QUARANTINE, request, |query| Ok(Question::Quarantine { cut: query.cut(ROWS_MAX)? })).await
}

/// Some of what was set aside, by key, or all of it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default)]
    keys: BTreeSet<String>,
    #[serde(default)]
    all: bool,
}

/// The same, by message id.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ids {
    #[serde(default, rename = "messageIds")]
    message_ids: BTreeSet<String>,
    #[serde(default)]
    all: bool,
}

async fn retry(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, RETRY, request, |gateway: Arc<Gateway>, said: Keys, by: By| {
        aside(async move {
            let keys = some_or_all("keys", said.keys, said.all)?;
            let retried = gateway.retry_parked(&by, keys.as_ref()).await.map_err(|fault| Problem::fault(&fault))?;
            Ok(json_answer(StatusCode::OK, &retried.row()))
        })
    })
    .await
}

async fn give_up(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, GIVE_UP, request, |gateway: Arc<Gateway>, said: Keys, by: By| {
        aside(async move {
            let keys = some("keys", said.keys, said.all)?;
            let discarded = gateway.discard_parked(&by, &keys).await;
            let (gone, unknown) = discarded.map_err(|fault| Problem::fault(&fault))?;
            let rows: Vec<Value> = gone.iter().map(parked::row).collect();
            Ok(json_answer(StatusCode::OK, &json!({ "rows": rows, "unknown": unknown })))
        })
    })
    .await
}

/// A document that waits, and why it is stopped.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stopped {
    number: String,
    role: String,
    #[serde(rename = "messageId")]
    message_id: String,
    cause: String,
}

async fn quarantine(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, QUARANTINE, request, |gateway: Arc<Gateway>, said: Stopped, by: By| {
        aside(async move {
            let owner = party(&said.number, &said.role)?;
            let cause = cause_in(&said.cause).ok_or_else(|| wrong("cause", CAUSE_ADVICE))?;
            let stopped = gateway.quarantine(&by, &owner, &said.message_id, cause).await;
            let stopped = stopped.map_err(|fault| Problem::fault(&fault))?.ok_or_else(unknown)?;
            Ok(json_answer(StatusCode::OK, &quarantined_row(&stopped)))
        })
    })
    .await
}

async fn release(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, RELEASE, request, |gateway: Arc<Gateway>, said: Ids, by: By| {
        aside(async move {
            let ids = some_or_all("messageIds", said.message_ids, said.all)?;
            let released = gateway.release(&by, ids.as_ref()).await;
            let Released { back, anew, harmed, unknown } = released.map_err(|fault| Problem::fault(&fault))?;
            let rows: Vec<Value> = back.iter().map(quarantined_row).collect();
            let harmed: Vec<Value> = harmed.iter().map(quarantined_row).collect();
            Ok(json_answer(
                StatusCode::OK,
                &json!({ "rows": rows, "anew": anew, "harmed": harmed, "unknown": unknown }),
            ))
        })
    })
    .await
}

async fn discard(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, DISCARD, request, |gateway: Arc<Gateway>, said: Ids, by: By| {
        aside(async move {
            let ids = some("messageIds", said.message_ids, said.all)?;
            let discarded = gateway.discard_quarantined(&by, &ids).await;
            let (gone, unknown) = discarded.map_err(|fault| Problem::fault(&fault))?;
            let rows: Vec<Value> = gone.iter().map(quarantined_row).collect();
            Ok(json_answer(StatusCode::OK, &json!({ "rows": rows, "unknown": unknown })))
        })
    })
    .await
}

/// What may read a lot is done on a thread that no connection waits for.
async fn aside(work: impl Future<Output = Result<Response, Problem>> + Send + 'static) -> Result<Response, Problem> {
    let work: BoxFuture<'static, Result<Response, Problem>> = Box::pin(work);
    let done = tokio::task::spawn_blocking(move || tokio::runtime::Handle::current().block_on(work)).await;
    done.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

/// What a request names: some, or, where it says so, everything.
fn some_or_all(name: &str, named: BTreeSet<String>, all: bool) -> Result<Option<BTreeSet<String>>, Problem> {
    match (named.len(), all) {
        (0, true) => Ok(None),
        (1..=NAMED_MAX, false) => Ok(Some(named)),
        _ => Err(unusable(&format!("it has {name}, 1 to {NAMED_MAX} of them, or says that it is about all"))),
    }
}

/// What cannot be undone is named.
fn some(name: &str, named: BTreeSet<String>, all: bool) -> Result<BTreeSet<String>, Problem> {
    match named.len() {
        1..=NAMED_MAX if !all => Ok(named),
        _ => Err(unusable(&format!("it has {name}, 1 to {NAMED_MAX} of them: what is given up is named"))),
    }
}

/// The name of a queue in `next`: number, role and category.
pub fn queue_name(row: &Value) -> Option<String> {
    let text = |name: &str| row[name].as_str();
    Some(format!("{}.{}.{}", text("actor")?, text("role")?, text("category")?))
}

fn queue_named(text: &str) -> Option<(Party, Category)> {
    let (rest, category) = text.rsplit_once('.')?;
    let (number, role) = rest.rsplit_once('.')?;
    Some((
        Party { number: ActorNumber::new(number), role: ActorRole::from_code(role)? },
        Category::from_name(category)?,
    ))
}

fn place_named(text: &str) -> Option<(Category, (u64, u64))> {
    let (rest, nth) = text.rsplit_once('.')?;
    let (category, commit) = rest.split_once('.')?;
    Some((Category::from_name(category)?, (commit.parse().ok()?, nth.parse().ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_and_places_are_found_again_by_their_names() {
        let row = json!({ "actor": "8100000000108", "role": "DDQ", "category": "masterdata" });
        let (party, category) = queue_named(&queue_name(&row).unwrap()).unwrap();
        assert_eq!(
            (party.number.as_str(), party.role.code(), category),
            ("8100000000108", "DDQ", Category::MasterData)
        );
        assert_eq!(place_named("timeseries.7.2"), Some((Category::TimeSeries, (7, 2))));
        for wrong in ["", "7.2", "timeseries.7", "timeseries.7.2.3", "timeseries.-7.2", "none.7.2"] {
            assert_eq!(place_named(wrong), None, "{wrong}");
        }
        assert!(["", "8100000000108.DDQ", "8100000000108.XXX.masterdata"].iter().all(|it| queue_named(it).is_none()));
    }

    #[test]
    fn what_is_done_is_done_to_something() {
        let named = |count: usize| (0..count).map(|it| it.to_string()).collect::<BTreeSet<_>>();
        for (count, all, either, given_up) in [
            (0, false, false, false),
            (0, true, true, false),
            (1, false, true, true),
            (1, true, false, false),
            (NAMED_MAX, false, true, true),
            (NAMED_MAX + 1, false, false, false),
        ] {
            assert_eq!(some_or_all("keys", named(count), all).is_ok(), either, "{count} {all}");
            assert_eq!(some("keys", named(count), all).is_ok(), given_up, "{count} {all}");
        }
    }
}
