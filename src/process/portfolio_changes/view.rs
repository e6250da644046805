//! What an operator sees of orders: each with how it went, and what became of each accounting point.

use serde_json::{Value, json};

use super::job;
use super::order::{Successor, What};
use super::record::{About, Given, Outcome, OutcomeKind};
use super::rules::Rule;
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType};
use crate::process::market_documents::{self, text_of};
use crate::record::Key;

/// How many accounting points came to what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    pub done: u64,
    pub stands_by: u64,
    pub skipped: u64,
    pub waiting: u64,
    pub called_off: u64,
    /// Jobs that failed through a bug of ours, which `gridpost queue parked` shows with the cause.
    pub failed: u64,
}

impl Tally {
    pub fn count(&mut self, outcome: &Outcome, failed: bool) {
        *match outcome.kind {
            OutcomeKind::Waiting if failed => &mut self.failed,
            OutcomeKind::Waiting => &mut self.waiting,
            OutcomeKind::Done => &mut self.done,
            OutcomeKind::StandsBy => &mut self.stands_by,
            OutcomeKind::Skipped => &mut self.skipped,
            OutcomeKind::CalledOff => &mut self.called_off,
        } += 1;
    }
}

/// How many came to what, by name.
pub fn tally_row(tally: &Tally) -> Value {
    let Tally { done, stands_by, skipped, waiting, called_off, failed } = tally;
    json!({
        "done": done,
        "stands_by": stands_by,
        "skipped": skipped,
        "waiting": waiting,
        "taken_back": called_off,
        "failed": failed,
    })
}

/// An order, and how it stands.
pub fn order_row(given: &Given, tally: &Tally) -> Value {
    let (from, to, point_type) = match &given.what {
        What::ForceSupplierChange { from, to, .. } => (from, successor(to), None),
        What::ChangeBalanceResponsible { supplier, point_type, responsible } => {
            (supplier, json!(responsible.as_str()), Some(MeteringPointType::name(*point_type)))
        }
    };
    let areas = match &given.about {
        About::GridAreas(areas) => json!(areas),
        About::All | About::Named => Value::Null,
    };
    let order = match given.what {
        What::ForceSupplierChange { .. } => "ForceSupplierChange",
        What::ChangeBalanceResponsible { .. } => "ChangeBalanceResponsible",
    };
    let mut row = json!({
        "id": given.id,
        "order": order,
        "at": given.at.to_string(),
        "kind": given.what.reason(),
        "supplier": from.as_str(),
        "to": to,
        "type": point_type,
        "date": given.date.to_string(),
        "grid_areas": areas,
        "named": given.about == About::Named,
        "gone_through": given.found.is_some(),
        "called_off": given.called_off.map(|at| at.to_string()),
    });
    if let (Some(row), Value::Object(tally)) = (row.as_object_mut(), tally_row(tally)) {
        row.extend(tally);
    }
    row
}

fn successor(to: &Successor) -> Value {
    match to {
        Successor::One(to) => json!(to.as_str()),
        Successor::ByGridArea(suppliers) => {
            suppliers.iter().map(|(area, to)| (area.clone(), json!(ActorNumber::as_str(to)))).collect()
        }
    }
}

/// What became of an accounting point.
pub fn outcome_row(given: &Given, point: &MeteringPointId, outcome: &Outcome, failed: bool) -> Value {
    let explain = match given.what {
        What::ForceSupplierChange { .. } => explained,
        What::ChangeBalanceResponsible { .. } => explained_of_request,
    };
    let broken: Vec<String> = outcome.broken.iter().map(|name| explain(name)).collect();
    json!({
        "metering_point": point.as_str(),
        "outcome": if failed { "failed" } else { outcome.kind.name() },
        "why": if broken.is_empty() { Value::Null } else { broken.into() },
        "process": outcome.process,
        "stands_by": outcome.stands_by,
        "cancelled": if outcome.cancelled.is_empty() { Value::Null } else { json!(outcome.cancelled) },
    })
}

/// A rule by its name, with its number and its sentence.
fn explained(name: &str) -> String {
    let rule = Rule::ALL.into_iter().find(|rule| rule.name() == name);
    rule.map_or_else(|| name.to_string(), |rule| format!("{} {name}: {}", rule.number(), rule.text()))
}

/// A rule of a request by its name, with its code and what that says.
fn explained_of_request(name: &str) -> String {
    let rule = market_documents::Rule::all().find(|rule| rule.name() == name);
    let code = rule.map(|rule| rule.code(market_documents::RequestKind::ChangeOfBalanceResponsible));
    code.map_or_else(|| name.to_string(), |code| format!("{} {name}: {}", code.code(), text_of(code).english))
}

/// Where the job of an accounting point is kept if it failed.
pub fn failed_key(given: &Given, point: &MeteringPointId) -> Key {
    job::timer(given, point).parked_key()
}
