//! What the hub's own people change under `/v1.0/operator/…`: a charge that they create in its owner's name (charges 10.7), who
//! takes part, who runs which grid area (charges 8.4) and who acts for whom there (post-office 5.3). What a change comes to is the gateway's business.
//!
//! Each is sent as JSON and may be sent again: what is so already is not changed, and no event is raised.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::LOCATION;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use futures_util::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::body::{Pieces, Unread};
use super::error_document::json_of;
use super::observe::{CorrelationId, Said};
use super::operator::{CHARGES, DELEGATIONS, PARTICIPANTS, Query, admitted, unknown, wrong};
use super::post::json_answer;
use super::routes::finish;
use super::{Door, Format, Problem, caller};
use crate::certs;
use crate::document::Wire;
use crate::gateway::registry::{ActorChange, Registration, RegistryFault, Statement};
use crate::gateway::{By, Creation, Error, Gateway};
use crate::process::charges::{NewCharge, Wanted, document_id};
use crate::process::delegations::DelegationTable;
use crate::process::metering_points::GridAreaTable;
use crate::process::participants::{Actor, Status, Thumbprint};

pub const CHARGE_CHECK: &str = "/v1.0/operator/charges/check";
pub const ACTOR: &str = "/v1.0/operator/actors/{id}";
pub const GRID_AREA: &str = "/v1.0/operator/grid-areas/{code}";

/// Participants and grid areas of one statement: a market has hundreds.
const ENTRIES_MAX: usize = 10_000;
/// How long a charge's creation is waited for before the answer is that it has been taken in.
const PATIENCE: Duration = Duration::from_secs(10);

type Named = Result<Path<String>, PathRejection>;

/// `POST /v1.0/operator/charges`.
pub async fn create_charge(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, CHARGES, request, |gateway: Arc<Gateway>, new: NewCharge, by: By| async move {
        let (wanted, id) = (understood(&new)?, new_id());
        let creation = gateway.create_charge(&wanted, &id, &by.correlation_id, PATIENCE).await;
        let place = place_of(&wanted);
        let (status, verdict) = match creation.map_err(|fault| Problem::fault(&fault))? {
            Creation::Created => (StatusCode::CREATED, "created"),
            Creation::Possible | Creation::TakenIn => (StatusCode::ACCEPTED, "taken in"),
            Creation::Exists => {
                let message = format!("There is such a charge, see {place}. Its owner may change it.");
                return Err(Problem::new(StatusCode::CONFLICT, "ChargeExists", message).target("charge_id"));
            }
            Creation::Refused(error) => return Err(Problem::refused(error)),
            Creation::Rejected(reasons) => return Err(Problem::refused(rejection(&reasons))),
        };
        let mut response = json_answer(status, &json!({ "verdict": verdict, "document_id": id, "charge": place }));
        response.headers_mut().extend(HeaderValue::from_str(&place).map(|place| (LOCATION, place)));
        Ok(response)
    })
    .await
}

/// `POST /v1.0/operator/charges/check`: the same, and nothing of it kept.
pub async fn check_charge(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, CHARGE_CHECK, request, |gateway: Arc<Gateway>, new: NewCharge, _| async move {
        let creation = gateway.could_create(&understood(&new)?, &new_id()).await;
        let creation = creation.map_err(|fault| Problem::fault(&fault).of_a_question())?;
        let mut told = json!({ "verdict": creation.told().0 });
        match creation {
            Creation::Refused(error) => told["error"] = json_of(&error),
            Creation::Rejected(reasons) => told["error"] = json_of(&rejection(&reasons)),
            Creation::Exists => told["charge"] = place_of(&understood(&new)?).into(),
            Creation::Possible | Creation::TakenIn | Creation::Created => {}
        }
        Ok(json_answer(StatusCode::OK, &told))
    })
    .await
}

/// The tables of a world file, in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Registered {
    #[serde(default)]
    actor: Vec<Actor>,
    #[serde(default)]
    grid_area: Vec<GridAreaTable>,
    #[serde(default)]
    delegation: Vec<DelegationTable>,
}

/// `POST /v1.0/operator/participants`.
pub async fn register(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, PARTICIPANTS, request, |gateway: Arc<Gateway>, said: Registered, _| async move {
        if said.actor.len() + said.grid_area.len() + said.delegation.len() > ENTRIES_MAX {
            return Err(unusable(&format!("it has more than {ENTRIES_MAX} entries")));
        }
        let participants = said.actor.iter().map(Actor::listed).collect::<Result<_, _>>();
        let participants = participants.map_err(|flaw| unusable(&flaw.to_string()))?;
        let delegations = said.delegation.iter().map(DelegationTable::wanted).collect::<Result<_, _>>();
        let delegations = delegations.map_err(|flaw| unusable(&flaw.to_string()))?;
        tell(&gateway, Statement::Register(Registration { participants, areas: said.grid_area, delegations })).await
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
    /// Empty for none.
    #[serde(default)]
    format: Option<String>,
}

/// `PATCH /v1.0/operator/actors/{id}`.
pub async fn change_actor(State(door): State<Arc<Door>>, id: Named, request: Request) -> Response {
    answer(door, ACTOR, request, |gateway: Arc<Gateway>, said: Changed, _| async move {
        let Path(id) = id.map_err(|_| unknown())?;
        let known = |name: &String| {
            let names = Status::ALL.map(Status::name).join(", ");
            Status::from_name(name).ok_or_else(|| wrong("status", &format!("it is one of {names}")))
        };
        let status = said.status.as_ref().map(known).transpose()?;
        let form = |name: &String| match Wire::from_name(name) {
            None if !name.is_empty() => Err(wrong("format", "it is xml, json, ebix, or empty for none")),
            form => Ok(form),
        };
        let form = said.format.as_ref().map(form).transpose()?;
        let change = ActorChange { id, name: said.name, status, external_id: said.external_id, form };
        tell(&gateway, Statement::Actor(change)).await
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
    answer(door, GRID_AREA, request, |gateway: Arc<Gateway>, said: Owned, _| async move {
        let Path(code) = code.map_err(|_| unknown())?;
        let owner = match said.owner {
            Value::Null => None,
            Value::String(number) if !number.trim().is_empty() => Some(number),
            _ => return Err(wrong("owner", "it is a number in quotes, or null")),
        };
        let areas = vec![GridAreaTable { code, owner }];
        tell(&gateway, Statement::Register(Registration { areas, ..Registration::default() })).await
    })
    .await
}

/// `POST /v1.0/operator/delegations`: one row.
pub async fn delegate(State(door): State<Arc<Door>>, request: Request) -> Response {
    answer(door, DELEGATIONS, request, |gateway: Arc<Gateway>, said: DelegationTable, _| async move {
        let delegations = vec![said.wanted().map_err(|flaw| unusable(&flaw.to_string()).target(flaw.field))?];
        tell(&gateway, Statement::Register(Registration { delegations, ..Registration::default() })).await
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
        Err(fault @ RegistryFault::NoNumber(_)) => {
            Err(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", format!("Failed to {fault}.")).target("number"))
        }
        Err(RegistryFault::ExternalIdTaken(taken)) => {
            let message = format!("Failed to {taken}.");
            Err(Problem::new(StatusCode::CONFLICT, "ExternalIdTaken", message).target("external_id"))
        }
        Err(
            fault @ (RegistryFault::UnknownParty(_) | RegistryFault::UnknownArea(_) | RegistryFault::NotConfigured(_)),
        ) => Err(Problem::new(StatusCode::CONFLICT, "DelegationRefused", format!("Failed to {fault}."))),
    }
}

/// What a body's words come to, and who says them; boxed, so that there is one of what follows and not one for each path.
type Run = Box<dyn FnOnce(Arc<Gateway>, &[u8], By) -> Result<Running, Problem> + Send>;
type Running = BoxFuture<'static, Result<Response, Problem>>;

/// The order of checks is part of the contract: 401, 403, 429, 413, 400.
pub async fn answer<T: DeserializeOwned, F: Future<Output = Result<Response, Problem>> + Send + 'static>(
    door: Arc<Door>,
    route: &'static str,
    request: Request,
    run: impl FnOnce(Arc<Gateway>, T, By) -> F + Send + 'static,
) -> Response {
    let run: Run = Box::new(|gateway, words, by| {
        let told = serde_json::from_slice(words).map_err(|flaw| match flaw.to_string() {
            // What ours are called says nothing to the caller.
            said if said.contains("expected struct") => unusable("it must be an object"),
            said => unusable(&said),
        })?;
        Ok(Box::pin(run(gateway, told, by)))
    });
    answered(door, route, request, run).await
}

async fn answered(door: Arc<Door>, route: &'static str, request: Request, run: Run) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let mut unread = Unread::new(body, &parts.headers);
    let mut said = Said { route, ..Said::default() };
    let answer = obeyed(&door, &parts, &mut unread, &mut said, run).await;
    finish(&door, answer, format, unread, said)
}

async fn obeyed(
    door: &Arc<Door>,
    parts: &Parts,
    unread: &mut Unread,
    said: &mut Said,
    run: Run,
) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    admitted(&caller)?;
    Query::of(parts).nothing_else()?;
    let mut share = door.fairness.admit(&caller, Instant::now())?;
    let body = Pieces::new(unread, &parts.headers, &mut share, &door.settings.limits)?.gather(usize::MAX).await?;
    // What needs no words may be sent without any.
    let words = if body.is_empty() { b"null".as_slice() } else { body.trim_ascii() };
    // A list would be taken for fields without their names.
    if words.starts_with(b"[") {
        return Err(unusable("it is a list, and must be an object"));
    }
    said.change = change_of(words);
    let by = By { party: caller, correlation_id: CorrelationId::of(parts) };
    let running = run(Arc::clone(&door.gateway), words, by)?;
    // What was begun is brought to its end, also when the caller hangs up.
    let mut response = share.during(running).await?;
    if let Some(Change(text)) = response.extensions_mut().remove() {
        said.change = Some(text);
    }
    Ok(response)
}

/// What was changed, where the request does not say it: an extension of a response.
#[derive(Debug, Clone)]
pub struct Change(pub String);

/// What a body asks for, for the audit trail: its own words on one line. Secrets are left out, and a certificate is its
/// thumbprint: whatever else came in its place may be a key.
pub fn change_of(words: &[u8]) -> Option<String> {
    let mut said: Value = serde_json::from_slice(words).ok().filter(Value::is_object)?;
    leave_secrets_out(&mut said);
    Some(said.to_string())
}

/// Wherever they stand, and however their names are misspelt: what is refused is written down as well.
fn leave_secrets_out(said: &mut Value) {
    match said {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.to_ascii_lowercase().contains("secret"));
            // What stands behind a webhook's path may be a key.
            if let Some(Value::String(url)) = fields.get_mut("url") {
                url.truncate(url.find('?').unwrap_or(url.len()));
            }
            if let Some(certificate) = fields.get_mut("certificate") {
                let text = certificate.as_str().unwrap_or_default();
                let named = || Thumbprint::parse(text).map(|thumbprint| thumbprint.as_str().to_string());
                *certificate = certs::fingerprint_of_pem(text.as_bytes()).or_else(named).into();
            }
            fields.values_mut().for_each(leave_secrets_out);
        }
        Value::Array(each) => each.iter_mut().for_each(leave_secrets_out),
        _ => {}
    }
}

fn understood(new: &NewCharge) -> Result<Wanted, Problem> {
    new.wanted().map_err(|flaw| unusable(&flaw.to_string()).target(flaw.field))
}

fn new_id() -> String {
    document_id(&uuid::Uuid::now_v7().to_string())
}

/// Where a charge is shown. An id may hold what no path may.
fn place_of(wanted: &Wanted) -> String {
    let identity = &wanted.identity;
    let [owner, id] = [identity.owner.as_str(), &identity.id].map(escaped);
    format!("{CHARGES}/{owner}/{}/{id}", identity.charge_type.code())
}

fn escaped(text: &str) -> String {
    let kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if kept(byte) { char::from(byte).into() } else { format!("%{byte:02X}") }).collect()
}

/// What the market's rules say against it, as one error.
fn rejection(reasons: &[(String, String)]) -> Error {
    let detail = |(code, text): &(String, String)| Error::new("RuleBroken", format!("{code} {text}"));
    let message = "The market's rules would reject it. Nothing was kept.";
    Error::new("RulesBroken", message).details(reasons.iter().map(detail).collect())
}

pub fn unusable(why: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BadRequest", format!("The body cannot be used: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_of_a_body_holds_no_secret() {
        let thumbprint = "ab".repeat(32);
        let rows = [
            (r#"{"status": "Inactive"}"#.to_string(), Some(r#"{"status":"Inactive"}"#.to_string())),
            (r#"{"url": "https://x/", "secret": "s"}"#.into(), Some(r#"{"url":"https://x/"}"#.into())),
            (r#"{"url": "https://x/", "Secrets": "s"}"#.into(), Some(r#"{"url":"https://x/"}"#.into())),
            (r#"{"a": [{"secret": "s", "b": 1}]}"#.into(), Some(r#"{"a":[{"b":1}]}"#.into())),
            (format!(r#"{{"certificate": "{thumbprint}"}}"#), Some(format!(r#"{{"certificate":"{thumbprint}"}}"#))),
            (r#"{"certificate": "-----BEGIN PRIVATE KEY-----"}"#.into(), Some(r#"{"certificate":null}"#.into())),
            ("null".into(), None),
            ("no JSON".into(), None),
        ];
        for (words, expected) in rows {
            assert_eq!(change_of(words.as_bytes()), expected, "{words}");
        }
    }
}
