//! `/v1.0/operator/clock`: what the gateway's clock shows, and moving it forward where that is allowed.
//!
//! Moving it is the same as having waited: the answer comes once everything that falls due by then has happened.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Request, State};
use axum::http::header::ALLOW;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::body::{Pieces, Unread};
use super::commands::change_of;
use super::observe::Said;
use super::post::json_answer;
use super::routes::finish;
use super::{Door, Format, Problem, caller, operator};
use crate::gateway::Fault;
use crate::market::Timestamp;

pub const CLOCK: &str = "/v1.0/operator/clock";

/// What is sent to move the clock.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    to: String,
}

pub async fn clock(State(door): State<Arc<Door>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route: CLOCK, ..Said::default() };
    let answer = answer(&door, &parts, &mut unread, &mut said).await;
    finish(&door, answer, format, unread, said)
}

async fn answer(door: &Arc<Door>, parts: &Parts, unread: &mut Unread, said: &mut Said) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    operator::admitted(&caller)?;
    match parts.method {
        Method::GET => {}
        Method::POST if door.settings.clock_may_be_moved => {
            let mut share = door.fairness.admit(&caller, Instant::now())?;
            let mut pieces = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?;
            let body = pieces.gather(usize::MAX).await?;
            said.change = change_of(&body);
            let to = read(&body)?;
            let gateway = Arc::clone(&door.gateway);
            let moved = share.during(async move { gateway.pass_time(to).await }).await;
            moved.map_err(|fault| match fault {
                Fault::ClockBackwards { .. } => {
                    Problem::new(StatusCode::CONFLICT, "ClockBackwards", format!("{fault}.")).target("to")
                }
                fault => Problem::fault(&fault),
            })?;
        }
        Method::POST => {
            let message = "The clock of this gateway is the machine's. Only that of gridpost local may be moved.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "Forbidden", message));
        }
        _ => {
            let message = "This path takes GET and POST only.";
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", message);
            return Err(problem.with(ALLOW, "GET, POST"));
        }
    }
    let movable = door.settings.clock_may_be_moved;
    Ok(json_answer(StatusCode::OK, &json!({ "now": door.gateway.now().to_string(), "movable": movable })))
}

fn read(body: &[u8]) -> Result<Timestamp, Problem> {
    let wrong = || {
        let message = "The body says where to move the clock, such as {\"to\": \"2023-08-31T22:00:00Z\"}.";
        Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message).target("to")
    };
    let Move { to } = serde_json::from_slice(body).map_err(|_| wrong())?;
    Timestamp::parse_date_time(&to).ok_or_else(wrong)
}
