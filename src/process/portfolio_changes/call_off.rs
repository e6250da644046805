//! An order is called off until its day: what it has registered is withdrawn, and whoever had been told is told again.
//!
//! Calling off is one commit: the order says so from then on, what was kept of it besides is taken back, and an errand is left
//! for its accounting points ([`super::fan_out`]). Each gets a timer that is due at once; its decision takes turns with
//! whatever else is decided there. A job of the order that has yet to be done does nothing any more, and what the order has
//! registered does not take effect, also where its day comes before its accounting point is gone through ([`overtakes`]). What
//! has taken effect, or has come to nothing by itself, stays as it is; and what a failing supplier had pending stays cancelled,
//! for it was told so.
//!
//! Source: market-roles 2.9, 2.10, 2.3.

use super::order::{ForcedKind, What};
use super::record::{self, About, Given, Outcome, OutcomeKind, Progress, Way};
use super::rules::{Refusal, Rule};
use super::{fan_out, job};
use crate::market::{MeteringPointId, MeteringPointType, Timestamp};
use crate::process::accounting_points::{self, Status, area_balance};
use crate::process::change_of_supplier::course;
use crate::process::change_of_supplier::effect::Why;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::timer::Kind;
use crate::process::{Context, Decision, Duty, Timer};
use crate::record::{Change, Facts, Needs};

/// After the jobs of the order, where both are due at one moment.
pub const CALL_OFF: Kind =
    Kind { name: "portfolio-change-called-off", rank: 66, duty: |timer| Box::new(Calling::of(timer)) };

/// What becomes of calling an order off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// With what is to be written.
    Off(Box<Given>, Vec<Change>),
    /// It was called off before.
    Before(Box<Given>),
    /// Its day has come.
    Refused(Refusal),
    /// There is no such order.
    Unknown,
}

/// What must be known first.
pub fn needs(id: &str) -> Needs {
    Needs::default().key(record::order_key(id))
}

/// And besides, now that the order is known.
pub fn needs_more(id: &str, facts: &Facts) -> Needs {
    let Some(given) = given(id, facts) else { return Needs::default() };
    match &given.what {
        What::ForceSupplierChange { from, .. } => Needs::default().key(record::failing_key(from)),
        What::ChangeBalanceResponsible { supplier, .. } => {
            areas(&given).iter().fold(Needs::default(), |needs, area| needs.and(area_balance::needs_of(supplier, area)))
        }
    }
}

/// Calls an order off, or says why not. Needs: [`needs`] and [`needs_more`].
pub fn call_off(id: &str, facts: &Facts, now: Timestamp) -> Called {
    let Some(given) = given(id, facts) else { return Called::Unknown };
    if given.called_off.is_some() {
        return Called::Before(Box::new(given));
    }
    if given.date <= now {
        return Called::Refused(Refusal { rule: Rule::OrderMustLieAhead, what: given.date.to_string() });
    }
    let off = Given { called_off: Some(now), ..given };
    let supplier = match &off.what {
        What::ForceSupplierChange { from, .. } => from,
        What::ChangeBalanceResponsible { supplier, .. } => supplier,
    };
    let (order, supplier) = (off.id.clone(), supplier.clone());
    let progress = Progress { order, at: now, supplier, way: Way::CallingOff, after: None, found: 0 };
    let mut changes = vec![off.put(), fan_out::begin(&progress)];
    changes.extend(kept_besides(&off, facts));
    Called::Off(Box::new(off), changes)
}

/// Takes back that a supplier fails, or that a party is responsible for a grid area, by this order. What others have said holds.
fn kept_besides(given: &Given, facts: &Facts) -> Vec<Change> {
    match &given.what {
        What::ForceSupplierChange { kind: ForcedKind::Failure, from, .. } => {
            record::fails_no_more(facts, from, given).into_iter().collect()
        }
        What::ChangeBalanceResponsible { supplier, point_type: MeteringPointType::Consumption, responsible } => {
            let forget =
                |area: &String| area_balance::forget(facts, supplier, area, given.date, responsible, &given.id);
            areas(given).iter().filter_map(forget).collect()
        }
        What::ForceSupplierChange { .. } | What::ChangeBalanceResponsible { .. } => Vec::new(),
    }
}

fn given(id: &str, facts: &Facts) -> Option<Given> {
    let key = record::order_key(id);
    facts.get(&key).map(|entry| Given::read(&key, entry))
}

fn areas(given: &Given) -> &[String] {
    match &given.about {
        About::GridAreas(areas) => areas,
        About::All | About::Named => &[],
    }
}

/// The timer of an accounting point of an order that was called off at `at`.
pub fn timer(order: &str, at: Timestamp, point: &MeteringPointId) -> Timer {
    Timer::new(&CALL_OFF, at, accounting_points::guard_key(point), order)
}

/// What must be known besides of an open process, once its course is: the order that has registered it.
pub fn needs_of_process(facts: &Facts, process: &str) -> Needs {
    let course = course::is_known(facts, process).then(|| course::course(facts, process)).flatten();
    let Some((order, point)) = course.and_then(|course| Some((course.order?, course.point))) else {
        return Needs::default();
    };
    Needs::default().key(record::order_key(&order)).key(record::result_key(&order, &point))
}

/// Withdraws an open process whose order was called off, and says whether it has. Needs: [`needs_of_process`].
pub fn overtakes(work: &mut Work, process: &str) -> bool {
    let Some(course) = work.courses.get(process) else { return false };
    if !work.status_of(course).is_some_and(Status::is_open) {
        return false;
    }
    let (Some(order), point) = (course.order.clone(), course.point.clone()) else { return false };
    if given(&order, work.facts).is_none_or(|given| given.called_off.is_none()) {
        return false;
    }
    let outcome = work.facts.get(&record::result_key(&order, &point)).map(Outcome::read);
    let is_off = work.withdraw(process, Why::Hub);
    if is_off {
        work.changes.extend(outcome.map(|outcome| outcome.called_off().put(&order, &point)));
    }
    is_off
}

/// One accounting point of an order that was called off.
struct Calling {
    order: String,
    point: MeteringPointId,
}

impl Calling {
    fn of(timer: &Timer) -> Self {
        Self { order: timer.id.clone(), point: job::point_of(timer) }
    }
}

impl Duty for Calling {
    fn needs(&self, _context: &Context) -> Needs {
        work::needs([&self.point]).key(record::result_key(&self.order, &self.point))
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        work::needs_more(facts, [&self.point])
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let outcome = facts.get(&record::result_key(&self.order, &self.point)).map(Outcome::read);
        let Some(outcome) = outcome else { return Decision::default() };
        let mut work = Work::load(facts, context, [self.point.clone()], &[]);
        let is_off = match (outcome.kind, &outcome.process) {
            (OutcomeKind::Waiting, _) => true,
            (OutcomeKind::Done | OutcomeKind::StandsBy, Some(process)) => work.withdraw(process, Why::Hub),
            _ => false,
        };
        if !is_off {
            return Decision::default();
        }
        work.changes.push(outcome.called_off().put(&self.order, &self.point));
        work.finish()
    }
}
