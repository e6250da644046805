//! `GET /v1.0/operator/…`: what the hub's own people may see of charges, links, events and participants (charges 10).
//!
//! What they may change stands in [`super::commands`]. Only a caller in the hub's role (DDZ) is answered. Rows are those of
//! `gridpost process … --json`; what a question is and how it is answered is the gateway's business. A list comes in pieces:
//! `next` is where the one behind it is, and `null` when there is none.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use axum::routing::{any, delete, get, patch, post, put};
use serde_json::json;

use super::body::Unread;
use super::observe::Said;
use super::post::json_answer;
use super::routes::{finish, taking};
use super::{Door, Format, Problem, caller, clock, commands, credentials, orders, queues};
use crate::gateway::{Answer, Question};
use crate::market::{ActorNumber, ActorRole, ChargeType, MeteringPointId, Party, Period, Timestamp};
use crate::process::charges::ChargeIdentity;
use crate::process::charges::view::{Cut, Filter, PriceOrder};

/// Most rows of one answer; also how many there are when nobody says.
pub const ROWS_MAX: usize = 1_000;
/// The same for prices, whose rows are small: a year of hours goes into one answer.
pub const PRICE_ROWS_MAX: usize = 10_000;
/// Longest text that is searched for: no id and no name is longer.
const TEXT_CHARACTERS_MAX: usize = 132;

pub const CHARGES: &str = "/v1.0/operator/charges";
const CHARGE: &str = "/v1.0/operator/charges/{owner}/{type}/{id}";
const PRICES: &str = "/v1.0/operator/charges/{owner}/{type}/{id}/prices";
const HISTORY: &str = "/v1.0/operator/charges/{owner}/{type}/{id}/history";
const MESSAGES: &str = "/v1.0/operator/charges/{owner}/{type}/{id}/messages";
const LINKS: &str = "/v1.0/operator/metering-points/{id}/links";
const EVENTS: &str = "/v1.0/operator/events";
pub const PARTICIPANTS: &str = "/v1.0/operator/participants";
pub const DELEGATIONS: &str = "/v1.0/operator/delegations";
const AUDIT: &str = "/v1.0/operator/audit";

type Named = Result<Path<(String, String, String)>, PathRejection>;

pub fn routes() -> Router<Arc<Door>> {
    Router::new()
        .route(CHARGES, taking("GET, HEAD, POST", get(charges).post(commands::create_charge)))
        .route(commands::CHARGE_CHECK, taking("POST", post(commands::check_charge)))
        .route(CHARGE, get(charge))
        .route(PRICES, get(prices))
        .route(HISTORY, get(history))
        .route(MESSAGES, get(messages))
        .route(LINKS, get(links))
        .route(EVENTS, get(events))
        .route(PARTICIPANTS, taking("GET, HEAD, POST", get(participants).post(commands::register)))
        .route(commands::ACTOR, taking("PATCH", patch(commands::change_actor)))
        .route(commands::GRID_AREA, taking("PUT", put(commands::give_grid_area)))
        .route(DELEGATIONS, taking("GET, HEAD, POST", get(delegations).post(commands::delegate)))
        .route(credentials::CERTIFICATES, taking("GET, HEAD, POST", get(certificates).post(credentials::assign)))
        .route(credentials::CERTIFICATE, taking("DELETE", delete(credentials::withdraw)))
        .route(credentials::WEBHOOKS, get(webhooks))
        .route(
            credentials::WEBHOOK,
            taking("PUT, DELETE", put(credentials::set_webhook).delete(credentials::remove_webhook)),
        )
        .route(AUDIT, get(audit))
        .route(clock::CLOCK, any(clock::clock))
        .route(orders::ORDERS, any(orders::orders))
        .route(orders::ORDER, taking("GET, HEAD, DELETE", get(orders::order).delete(orders::call_off)))
}

async fn charges(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| {
        let text = query.one("text")?.unwrap_or_default();
        if text.chars().count() > TEXT_CHARACTERS_MAX {
            return Err(wrong("text", &format!("it has at most {TEXT_CHARACTERS_MAX} characters")));
        }
        let mut filter = Filter { text, ..Filter::default() };
        for owner in query.all("owner") {
            if owner.trim().is_empty() {
                return Err(wrong("owner", "it is empty"));
            }
            filter.owners.insert(ActorNumber::new(owner));
        }
        for code in query.all("type") {
            filter.types.insert(charge_type(&code).ok_or_else(|| wrong("type", NO_TYPE))?);
        }
        Ok(Question::Charges { filter, cut: query.cut(ROWS_MAX)? })
    };
    answer(door, CHARGES, request, question).await
}

async fn charge(State(door): State<Arc<Door>>, name: Named, request: Request) -> Response {
    let question =
        |query: &mut Query| Ok(Question::Charge { charge: named(name)?, known_at: query.instant("known_at")? });
    answer(door, CHARGE, request, question).await
}

async fn prices(State(door): State<Arc<Door>>, name: Named, request: Request) -> Response {
    let question = |query: &mut Query| {
        let order = match query.one("sort")?.as_deref() {
            None | Some("time") => PriceOrder::Time,
            Some("price") => PriceOrder::Price,
            Some(_) => return Err(wrong("sort", "it is time or price")),
        };
        Ok(Question::Prices {
            charge: named(name)?,
            interval: query.period()?,
            known_at: query.instant("known_at")?,
            order,
            cut: query.cut(PRICE_ROWS_MAX)?,
        })
    };
    answer(door, PRICES, request, question).await
}

async fn history(State(door): State<Arc<Door>>, name: Named, request: Request) -> Response {
    let question = |query: &mut Query| {
        let known_at = query.instant("known_at")?;
        Ok(Question::History { charge: named(name)?, known_at, cut: query.cut(ROWS_MAX)? })
    };
    answer(door, HISTORY, request, question).await
}

async fn messages(State(door): State<Arc<Door>>, name: Named, request: Request) -> Response {
    let question = |query: &mut Query| {
        let received = query.period()?;
        Ok(Question::Messages { charge: named(name)?, received, cut: query.cut(ROWS_MAX)? })
    };
    answer(door, MESSAGES, request, question).await
}

async fn links(State(door): State<Arc<Door>>, id: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let now = door.gateway.now();
    let question = |query: &mut Query| {
        let Path(id) = id.map_err(|_| unknown())?;
        let at = query.instant("at")?.unwrap_or(now);
        Ok(Question::Links { point: MeteringPointId::new(id), at, cut: query.cut(ROWS_MAX)? })
    };
    answer(door, LINKS, request, question).await
}

async fn events(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| {
        let after = query.one("from")?.map(|text| text.parse()).transpose();
        let after = after
            .map_err(|_| wrong("from", "a position looks like 7.0, as an event says it, or 7 for all of commit 7"))?;
        Ok(Question::Events { after, take: query.take(ROWS_MAX)? })
    };
    answer(door, EVENTS, request, question).await
}

async fn participants(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| Ok(Question::Participants { cut: query.cut(ROWS_MAX)? });
    answer(door, PARTICIPANTS, request, question).await
}

async fn delegations(State(door): State<Arc<Door>>, request: Request) -> Response {
    let now = door.gateway.now();
    let question = |query: &mut Query| {
        let at = query.instant("at")?.unwrap_or(now);
        Ok(Question::Delegations { at, cut: query.cut(ROWS_MAX)? })
    };
    answer(door, DELEGATIONS, request, question).await
}

async fn certificates(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| Ok(Question::Certificates { cut: query.cut(ROWS_MAX)? });
    answer(door, credentials::CERTIFICATES, request, question).await
}

async fn webhooks(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| Ok(Question::Webhooks { cut: query.cut(ROWS_MAX)? });
    answer(door, credentials::WEBHOOKS, request, question).await
}

async fn audit(State(door): State<Arc<Door>>, request: Request) -> Response {
    let question = |query: &mut Query| {
        let after = query.one("from")?.map(|text| text.parse()).transpose();
        let after = after.map_err(|_| wrong("from", "a position is a number, as an entry says it"))?.unwrap_or(0);
        Ok(Question::Audit { after, take: query.take(ROWS_MAX)? })
    };
    answer(door, AUDIT, request, question).await
}

/// What a path asks, once it is known who calls; boxed, so that there is one of what follows and not one for each path.
type Asks<'a> = Box<dyn FnOnce(&mut Query) -> Result<Question, Problem> + Send + 'a>;

/// The order of checks is part of the contract: 401, 403, 429, 400, 404.
pub async fn answer(
    door: Arc<Door>,
    route: &'static str,
    request: Request,
    question: impl FnOnce(&mut Query) -> Result<Question, Problem> + Send,
) -> Response {
    answered(door, route, request, Box::new(question)).await
}

async fn answered(door: Arc<Door>, route: &'static str, request: Request, question: Asks<'_>) -> Response {
    let (parts, body) = request.into_parts();
    let format = Format::of(&parts.headers);
    let unread = Unread::new(body, &parts.headers);
    let mut said = Said { route, ..Said::default() };
    let answer = rows(&door, &parts, &mut said, question).await;
    finish(&door, answer, format, unread, said)
}

async fn rows(door: &Arc<Door>, parts: &Parts, said: &mut Said, question: Asks<'_>) -> Result<Response, Problem> {
    let caller = caller::identify(door, parts).await?;
    said.party = Some(caller.clone());
    admitted(&caller)?;
    let share = door.fairness.admit(&caller, Instant::now())?;
    let mut query = Query::of(parts);
    let question = question(&mut query)?;
    query.nothing_else()?;
    let (gateway, asked) = (Arc::clone(&door.gateway), question.clone());
    // Looking through thousands of records takes its time; connections are served meanwhile.
    let looking = async move { tokio::task::spawn_blocking(move || gateway.ask(&asked)).await };
    let looked = share.during(looking).await.unwrap_or_else(|failed| std::panic::resume_unwind(failed.into_panic()));
    let found = looked.map_err(|fault| Problem::fault(&fault))?.ok_or_else(unknown)?;
    let next = next(parts.uri.path(), &query, &question, &found);
    let mut body = json!({ "rows": found.rows, "next": next });
    if let Some(total) = found.total {
        body["total"] = total.into();
    }
    Ok(json_answer(StatusCode::OK, &body))
}

/// The hub's own people are let in, and nobody else.
pub fn admitted(caller: &Party) -> Result<(), Problem> {
    if caller.role == ActorRole::MeteringPointAdministrator {
        return Ok(());
    }
    let message = "This is for the hub's own people: a token with the role DDZ is needed.";
    Err(Problem::new(StatusCode::FORBIDDEN, "Forbidden", message))
}

/// The same question about what lies behind the last row.
fn next(path: &str, query: &Query, question: &Question, found: &Answer) -> Option<String> {
    let last = found.rows.last().filter(|_| found.more)?;
    let (name, value) = match question {
        Question::Charges { cut, .. }
        | Question::Prices { cut, .. }
        | Question::History { cut, .. }
        | Question::Messages { cut, .. }
        | Question::Links { cut, .. }
        | Question::Participants { cut }
        | Question::Delegations { cut, .. }
        | Question::Certificates { cut }
        | Question::Webhooks { cut }
        | Question::Quarantine { cut }
        | Question::Parked { cut } => ("skip", (cut.skip + found.rows.len()).to_string()),
        Question::Events { .. } => ("from", last["position"].as_str().map(str::to_string)?),
        Question::Queues { .. } => ("from", queues::queue_name(last)?),
        Question::Queue { .. } => ("from", last["place"].as_str().map(str::to_string)?),
        Question::Audit { .. } => ("from", last["position"].to_string()),
        Question::Charge { .. } => return None,
    };
    Some(next_link(path, query, name, &value))
}

/// The same path with the same parameters, but for one.
pub fn next_link(path: &str, query: &Query, name: &str, value: &str) -> String {
    let mut link = form_urlencoded::Serializer::for_suffix(format!("{path}?"), path.len() + 1);
    link.extend_pairs(query.pairs.iter().filter(|(key, _)| key != name));
    link.append_pair(name, value).finish()
}

/// What stands behind the `?`. Every parameter is asked for by name; [`Query::nothing_else`] then names a stranger.
pub struct Query {
    pairs: Vec<(String, String)>,
    asked: Vec<&'static str>,
}

impl Query {
    pub fn of(parts: &Parts) -> Self {
        let text = parts.uri.query().unwrap_or_default();
        Self { pairs: form_urlencoded::parse(text.as_bytes()).into_owned().collect(), asked: Vec::new() }
    }

    /// The same but for some parameters.
    pub fn without(&self, names: &[&str]) -> Self {
        let pairs = self.pairs.iter().filter(|(key, _)| !names.contains(&key.as_str()));
        Self { pairs: pairs.cloned().collect(), asked: self.asked.clone() }
    }

    fn all(&mut self, name: &'static str) -> Vec<String> {
        self.asked.push(name);
        self.pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.clone()).collect()
    }

    pub fn one(&mut self, name: &'static str) -> Result<Option<String>, Problem> {
        let mut values = self.all(name);
        let value = values.pop();
        if values.is_empty() { Ok(value) } else { Err(wrong(name, "it is given more than once")) }
    }

    fn instant(&mut self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let advice = "an instant looks like 2023-08-31T22:00:00Z; a + must be written %2B";
        Timestamp::parse_date_time(&text).map(Some).ok_or_else(|| wrong(name, advice))
    }

    /// `from` and `to`, excluded; each may be left out.
    pub fn period(&mut self) -> Result<Period, Problem> {
        let from = self.instant("from")?.unwrap_or(Timestamp::from_micros(i64::MIN));
        let to = self.instant("to")?.unwrap_or(Timestamp::OPEN_END);
        if to < from { Err(wrong("to", "it lies before from")) } else { Ok(Period::new(from, to)) }
    }

    /// `true` or `false`, which it is when it is left out.
    pub fn flag(&mut self, name: &'static str) -> Result<bool, Problem> {
        let Some(text) = self.one(name)? else { return Ok(false) };
        text.parse().map_err(|_| wrong(name, "it is true or false"))
    }

    pub fn number(&mut self, name: &'static str, otherwise: usize, most: usize) -> Result<usize, Problem> {
        let Some(text) = self.one(name)? else { return Ok(otherwise) };
        let number = text.parse().ok().filter(|number| *number <= most);
        number.ok_or_else(|| wrong(name, &format!("it is a number up to {most}")))
    }

    /// How many rows there may be: one at least, or nobody could leaf through them.
    pub fn take(&mut self, rows_max: usize) -> Result<usize, Problem> {
        match self.number("take", rows_max, rows_max)? {
            0 => Err(wrong("take", &format!("it is a number from 1 to {rows_max}"))),
            take => Ok(take),
        }
    }

    pub fn cut(&mut self, rows_max: usize) -> Result<Cut, Problem> {
        Ok(Cut { skip: self.number("skip", 0, usize::MAX)?, take: self.take(rows_max)? })
    }

    pub fn nothing_else(&self) -> Result<(), Problem> {
        match self.pairs.iter().find(|(key, _)| !self.asked.contains(&key.as_str())) {
            None => Ok(()),
            Some(_) => {
                let message = match &self.asked[..] {
                    [] => "This path takes no parameters.".to_string(),
                    asked => format!("This path takes only these parameters: {}.", asked.join(", ")),
                };
                Err(Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message))
            }
        }
    }
}

const NO_TYPE: &str = "a charge type is D01, D02 or D03";

fn named(name: Named) -> Result<ChargeIdentity, Problem> {
    let Path((owner, code, id)) = name.map_err(|_| unknown())?;
    let charge_type = charge_type(&code).ok_or_else(|| wrong("type", NO_TYPE))?;
    Ok(ChargeIdentity { owner: ActorNumber::new(owner), charge_type, id })
}

fn charge_type(code: &str) -> Option<ChargeType> {
    ChargeType::from_code(code)
}

/// A participant that a request names, in any case of its role.
pub fn party(number: &str, role: &str) -> Result<Party, Problem> {
    let role = ActorRole::from_code(&role.to_ascii_uppercase());
    let role = role.ok_or_else(|| wrong("role", "it is the code of a market role, such as DDM"))?;
    if number.trim().is_empty() {
        return Err(wrong("number", "it is empty"));
    }
    Ok(Party { number: ActorNumber::new(number), role })
}

pub fn wrong(name: &str, advice: &str) -> Problem {
    let message = format!("The value of {name} cannot be used: {advice}.");
    Problem::new(StatusCode::BAD_REQUEST, "BadRequest", message).target(name)
}

pub fn unknown() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "NotFound", "Nothing of this name is known.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Query {
        let request = axum::http::Request::get(format!("/x?{query}")).body(()).unwrap();
        Query::of(&request.into_parts().0)
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let target = |problem: Problem| problem.error.target.unwrap_or_default();
        assert_eq!(target(asked("take=1001").cut(1_000).unwrap_err()), "take");
        assert_eq!(target(asked("take=0").cut(1_000).unwrap_err()), "take");
        assert_eq!(target(asked("take=-1").cut(1_000).unwrap_err()), "take");
        assert_eq!(target(asked("skip=x").cut(1_000).unwrap_err()), "skip");
        assert_eq!(target(asked("take=1&take=2").cut(1_000).unwrap_err()), "take");
        assert_eq!(target(asked("from=now").period().unwrap_err()), "from");
        let reversed = "from=2023-08-01T00:00:00Z&to=2023-07-31T00:00:00Z";
        assert_eq!(target(asked(reversed).period().unwrap_err()), "to");
        assert_eq!(asked("take=1000&skip=7").cut(1_000).unwrap(), Cut { skip: 7, take: 1_000 });
        let mut query = asked("from=2023-08-01T00:00:00%2B02:00");
        assert_eq!(query.period().unwrap().start.to_string(), "2023-07-31T22:00:00Z");
        assert!(query.nothing_else().is_ok() && asked("form=1").nothing_else().is_err());
    }

    #[test]
    fn the_next_piece_is_the_same_question_from_where_this_one_ends() {
        let found = |more| Answer { rows: vec![json!({"position": "7.1"}); 2], total: None, more };
        let cut = Cut { skip: 4, take: 2 };
        let question = Question::Charges { filter: Filter::default(), cut };
        let query = asked("text=a%26b&skip=4&take=2");
        let link = next("/v1.0/operator/charges", &query, &question, &found(true));
        assert_eq!(link.as_deref(), Some("/v1.0/operator/charges?text=a%26b&take=2&skip=6"));
        assert_eq!(next("/x", &query, &question, &found(false)), None);
        let question = Question::Events { after: None, take: 2 };
        let link = next("/v1.0/operator/events", &asked(""), &question, &found(true));
        assert_eq!(link.as_deref(), Some("/v1.0/operator/events?from=7.1"));
    }
}
