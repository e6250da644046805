//! `/v1.0/operator/orders`: what an operator changes about a supplier's portfolio is ordered here, tried out, and looked at.
//!
//! An order is answered once it is on disk (202); its jobs follow. `?dry_run=true` says what it would come to and changes
//! nothing. `DELETE` of one calls it off until its day. How an order reads is how it stands in a conversation's `NN-order.toml`, as JSON.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::body::{Pieces, Unread};
use super::commands::change_of;
use super::observe::Said;
use super::operator::{self, Query, ROWS_MAX, wrong};
use super::post::json_answer;
use super::routes::finish;
use super::{Door, Format, Problem, caller};
use crate::gateway::Error;
use crate::gateway::orders::{self, CalledOff, Order, OrderTable, Ordered, Refusal, order_row, tally_row};

pub const ORDERS: &str = "/v1.0/operator/orders";
pub const ORDER: &str = "/v1.0/operator/orders/{id}";

pub async fn orders(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: ORDERS, ..Said::default() };
    let answer = answer(&door, &parts, &mut unread, &mut said).await;
    finish(&door, answer, format, unread, said)
}

/// One order, with what became of its accounting points.
pub async fn order(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: ORDER, ..Said::default() };
    let answer = shown(&door, &parts, &mut said, id).await;
    finish(&door, answer, format, unread, said)
}

/// Calls an order off.
pub async fn call_off(State(door): State<Arc<Door>>, Path(id): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: ORDER, ..Said::default() };
    let answer = called_off(&door, &parts, &mut said, id).await;
    finish(&door, answer, format, unread, said)
}

async fn called_off(door: &Arc<Door>, parts: &Parts, said: &mut Said, id: String) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    operator::admitted(&caller)?;
    let share = door.fairness.admit(&caller, Instant::now())?;
    Query::of(parts).nothing_else()?;
    let gateway = Arc::clone(&door.gateway);
    let called = share.during(async move { gateway.call_off(&id).await }).await;
    let called = called.map_err(|fault| Problem::fault(&fault))?;
    let (status, given) = match called {
        CalledOff::Off(given) => (StatusCode::ACCEPTED, given),
        CalledOff::Before(given) => (StatusCode::OK, given),
        CalledOff::Refused(refused) => return Err(refuse(&[refused], "The order is not called off.")),
        CalledOff::Unknown => return Err(operator::unknown()),
    };
    let at = given.called_off.map(|at| at.to_string());
    Ok(json_answer(status, &json!({ "id": given.id, "called_off": at })))
}

async fn answer(door: &Arc<Door>, parts: &Parts, unread: &mut Unread, said: &mut Said) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    operator::admitted(&caller)?;
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    let mut query = Query::of(parts);
    let gateway = Arc::clone(&door.gateway);
    match parts.method {
        Method::GET => {
            query.nothing_else()?;
            let looked = share.during(aside(move || orders::orders(&**gateway.store()))).await;
            let rows = looked.map_err(|fault| Problem::fault(&fault))?;
            Ok(json_answer(StatusCode::OK, &json!({ "total": rows.len(), "rows": rows, "next": null })))
        }
        Method::POST => {
            let dry_run = match query.one("dry_run")?.as_deref() {
                None | Some("false") => false,
                Some("true") => true,
                Some(_) => return Err(wrong("dry_run", "it is true or false")),
            };
            query.nothing_else()?;
            let mut pieces = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?;
            let body = pieces.gather(usize::MAX).await?;
            said.change = change_of(&body);
            let order = read(&body)?;
            if dry_run {
                let tried = share.during(aside(move || try_out(&gateway, &order))).await;
                return tried.map_err(|fault| Problem::fault(&fault))?.map_err(|refused| refuse(&refused, NOT_GIVEN));
            }
            let given = share.during(async move { gateway.order(&order).await }).await;
            match given.map_err(|fault| Problem::fault(&fault))? {
                Ordered::Given(given) => {
                    let body = json!({ "id": given.id, "at": given.at.to_string() });
                    Ok(json_answer(StatusCode::ACCEPTED, &body))
                }
                Ordered::GivenBefore => {
                    let message = "The very same was ordered at this moment.";
                    Err(Problem::new(StatusCode::CONFLICT, "OrderGivenBefore", message))
                }
                Ordered::Refused(refused) => Err(refuse(&refused, NOT_GIVEN)),
            }
        }
        _ => {
            let message = "This path takes GET and POST only.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
            Err(problem.with(ALLOW, "GET, POST"))
        }
    }
}

/// The first rows of a dry run, and how many there are of each kind.
fn try_out(
    gateway: &crate::gateway::Gateway,
    order: &Order,
) -> Result<Result<Response, Vec<Refusal>>, crate::gateway::Fault> {
    let mut rows: Vec<Value> = Vec::new();
    let tried = gateway.try_out(order, &mut |row| rows.extend((rows.len() < ROWS_MAX).then_some(row)))?;
    Ok(tried.map(|tally| json_answer(StatusCode::OK, &json!({ "would": tally_row(&tally), "rows": rows }))))
}

async fn shown(door: &Arc<Door>, parts: &Parts, said: &mut Said, id: String) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    operator::admitted(&caller)?;
    let share = door.fairness.admit(&caller, Instant::now())?;
    let mut query = Query::of(parts);
    let skip = query.number("skip", 0, usize::MAX)?;
    let take = query.take(ROWS_MAX)?;
    query.nothing_else()?;
    let gateway = Arc::clone(&door.gateway);
    let look = move || {
        let (mut seen, mut rows): (usize, Vec<Value>) = (0, Vec::new());
        let found = orders::order(&**gateway.store(), &id, &mut |row| {
            seen += 1;
            rows.extend((seen > skip && rows.len() < take).then_some(row));
        });
        found.map(|found| found.map(|(given, tally)| (order_row(&given, &tally), rows, seen)))
    };
    let looked = share.during(aside(look)).await.map_err(|fault| Problem::fault(&fault))?;
    let (order, rows, total) = looked.ok_or_else(operator::unknown)?;
    let reached = skip.saturating_add(rows.len());
    let next = (reached < total).then(|| operator::next_link(parts.uri.path(), &query, "skip", &reached.to_string()));
    Ok(json_answer(StatusCode::OK, &json!({ "order": order, "total": total, "rows": rows, "next": next })))
}

/// Looking through many records takes its time; connections are served meanwhile.
async fn aside<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
    let looked = tokio::task::spawn_blocking(look).await;
    looked.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()))
}

fn read(body: &[u8]) -> Result<Order, Problem> {
    let unreadable = |why: String| {
        let message = format!("The body is no order: {why}.");
        Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message)
    };
    let table: OrderTable = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    table.order().map_err(|flaw| unreadable(flaw.to_string()))
}

/// Every rule that the order breaks.
fn refuse(refused: &[Refusal], message: &str) -> Problem {
    let details = refused.iter().map(|it| Error::new(it.rule.number(), it.to_string()).target(&it.what)).collect();
    let mut problem = Problem::new(StatusCode::CONFLICT, "OrderRefused", message);
    problem.error.details = details;
    problem
}

const NOT_GIVEN: &str = "The order is not given.";
