//! What the hub's own people change under `/v1.0/operator/…`: who takes part and who runs which grid area (charges 8.4). What a
//! change comes to is the gateway's business.
//!
//! Each is sent as JSON and may be sent again: what is so already is not changed, and no event is raised.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::{Pieces, Unread};
use super::observe::Said;
use super::operator::{PARTICIPANTS, admitted, unknown, wrong};
use super::post::json_answer;
use super::routes::finish;
use super::{Door, Format, Problem, caller};
use crate::gateway::Gateway;
use crate::gateway::registry::{ActorChange, RegistryFault, Statement};
use crate::process::metering_points::GridAreaTable;
use crate::process::participants::{Actor, Status};

pub const ACTOR: &str = "/v1.0/operator/actors/{id}";
pub const GRID_AREA: &str = "/v1.0/operator/grid-areas/{code}";

/// Participants and grid areas of one statement: a market has hundreds.
const ENTRIES_MAX: usize = 10_000;

type Named = Result<Path<String>, PathRejection>;

/// The tables of a world file, in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    #[serde(default)]
    actor: Vec<Actor>,
    #[serde(default)]
    grid_area: Vec<GridAreaTable>,
}

/// `POST /v1.0/operator/participants`.
pub async fn register(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, PARTICIPANTS, request, |gateway: Arc<Gateway>, said: Registered| async move {
        if said.actor.len() + said.grid_area.len() > ENTRIES_MAX {
            return Err(unusable(&format!("it has more than {ENTRIES_MAX} entries")));
        }
        let participants = said.actor.iter().map(Actor::participant).collect::<Result<_, _>>();
        let participants = participants.map_err(|flaw| unusable(&flaw.to_string()))?;
        tell(&gateway, Statement::Register { participants, areas: said.grid_area }).await
    })
    .await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Changed {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    status: Option<String>,
    /// Empty for none.
    #[serde(default)]
    external_id: Option<String>,
}

/// `PATCH /v1.0/operator/actors/{id}`.
pub async fn change_actor(State(door): State<Arc<Door>>, id: Named, request: Request) -> Response {
    answer(door, ACTOR, request, |gateway: Arc<Gateway>, said: Changed| async move {
        let Path(id) = id.map_err(|_| unknown())?;
        let known = |name: &String| {
            let names = Status::ALL.map(Status::name).join(", ");
            Status::from_name(name).ok_or_else(|| wrong("status", &format!("it is one of {names}")))
        };
        let status = said.status.as_ref().map(known).transpose()?;
        tell(&gateway, Statement::Actor(ActorChange { id, name: said.name, status, external_id: said.external_id }))
            .await
    })
    .await
}

/// Who runs the area, or `null`: it must be said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owned {
    owner: Value,
}

/// `PUT /v1.0/operator/grid-areas/{code}`.
pub async fn give_grid_area(State(door): State<Arc<Door>>, code: Named, request: Request) -> Response {
    answer(door, GRID_AREA, request, |gateway: Arc<Gateway>, said: Owned| async move {
        let Path(code) = code.map_err(|_| unknown())?;
        let owner = match said.owner {
            Value::Null => None,
            Value::String(number) if !number.trim().is_empty() => Some(number),
            _ => return Err(wrong("owner", "it is a number in quotes, or null")),
        };
        let areas = vec![GridAreaTable { code, owner }];
        tell(&gateway, Statement::Register { participants: Vec::new(), areas }).await
    })
    .await
}

async fn tell(gateway: &Gateway, statement: Statement) -> Result<Response, Problem> {
    match gateway.told_by_registry(&statement).await {
        Ok(rows) => Ok(json_answer(StatusCode::OK, &json!({ "rows": rows }))),
        Err(RegistryFault::Fault(fault)) => Err(Problem::fault(&fault)),
        Err(RegistryFault::Nobody { .. }) => Err(unknown()),
        Err(fault @ RegistryFault::NotActive { .. }) => {
            Err(Problem::new(StatusCode::CONFLICT, "NotActive", format!("Failed to {fault}.")).target("owner"))
        }
    }
}

/// The order of checks is part of the contract: 401, 403, 429, 413, 400.
async fn answer<
    T: DeserializeOwned + Send + 'static,
    F: Future<Output = Result<Response, Problem>> + Send + 'static,
>(
    door: Arc<Door>,
    route: &'static str,
    request: Request,
    run: impl FnOnce(Arc<Gateway>, T) -> F,
) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route, ..Said::default() };
    let answer = obeyed(&door, &parts, &mut unread, &mut said, run).await;
    finish(&door, answer, format, unread, said)
}

async fn obeyed<T: DeserializeOwned, F: Future<Output = Result<Response, Problem>> + Send + 'static>(
    door: &Arc<Door>,
    parts: &Parts,
    unread: &mut Unread,
    said: &mut Said,
    run: impl FnOnce(Arc<Gateway>, T) -> F,
) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    admitted(&caller)?;
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    let body = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?.gather(usize::MAX).await?;
    let told = serde_json::from_slice(&body).map_err(|flaw| unusable(&flaw.to_string()))?;
    // What was begun is brought to its end, also when the caller hangs up.
    share.during(run(Arc::clone(&door.gateway), told)).await
}

fn unusable(why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BadRequest", format!("The body cannot be used: {why}."))
}
