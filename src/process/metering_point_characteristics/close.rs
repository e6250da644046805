//! A metering point is closed down: accepted at once, done on the day. Source: metering-points 10.3, market-roles 2.13, 2.14.
//!
//! Nobody may supply it on that day; whatever is pending there is cancelled when the closing-down is accepted, and whoever had
//! asked for it hears of that.

use super::decide::{Case, Done};
use super::family::Plan;
use super::rules::Rule;
use super::write::held;
use super::{notify, standing};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::accounting_points::{self, AccountingPoint, ProcessKind, Status};
use crate::process::change_of_supplier::effect::Why;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::kinds::NOTIFY_CANCELLATION;
use crate::process::market_documents::letters;
use crate::process::metering_points::{self, ConnectionState, MeteringPoint};
use crate::process::timer::Kind;
use crate::process::{Context, Decision, Duty, Timer};
use crate::record::{Change, Facts, Needs};

/// The day has come: after every process of the market roles that is due at the same instant, before their notices.
pub const CLOSE_DOWN: Kind = Kind { name: "close-down", rank: 70, duty: |timer| Box::new(Closing::of(timer)) };

/// D14.
pub fn accept(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let effective = standing::judge(work, case, None)?;
    let point = standing::point(work, &case.id);
    if point.at(effective).state == ConnectionState::ClosedDown {
        return Err(vec![Rule::ClosedDown]);
    }
    let mut broken = Vec::new();
    if point.from_on(effective).iter().any(|version| !version.master.children.is_empty()) {
        broken.push(Rule::ChildrenAreOpen);
    }
    if is_supplied(&work.site(&case.id).point, effective) {
        broken.push(Rule::SupplierExists);
    }
    held(broken)?;
    let plan = plan(work, &case.id, effective);
    held(plan.room(work))?;
    cancel_pending(work, case);
    work.tell(metering_points::closed_down(&case.id, effective));
    plan.keep(work);
    if effective <= work.now() {
        work.tell(notify::dated("MeteringPointClosed", &case.id, effective));
    } else {
        let turn = accounting_points::guard_key(&case.id);
        let timer = Timer::new(&CLOSE_DOWN, effective, turn, &*case.own_id);
        work.changes.extend(timer.set(work.context));
    }
    Ok(Done { told: None })
}

/// Whether somebody supplies it on the day, as far as that is not to end by then.
fn is_supplied(point: &AccountingPoint, day: Timestamp) -> bool {
    let ends = point.open().into_iter().any(|it| {
        matches!(it.kind, ProcessKind::EndOfSupply | ProcessKind::MoveOut)
            && it.status == Status::Pending
            && it.effective <= day
    });
    point.supplier_at(day).is_some() && !ends
}

/// Everything that is pending but for ends of supply, which lead to where this leads.
fn cancel_pending(work: &mut Work, case: &Case) {
    let open = work.site(&case.id).point.open();
    let pending: Vec<String> = open
        .into_iter()
        .filter(|it| !matches!(it.kind, ProcessKind::EndOfSupply | ProcessKind::MoveOut))
        .map(|it| it.id.clone())
        .collect();
    for process in work.withdraw_all(&pending, Why::EndOfLife) {
        let course = work.courses[&process].clone();
        // Whoever was told of what an operator has ordered has heard of it.
        let Some(original) = course.original() else { continue };
        let id = work.context.id(&["record", NOTIFY_CANCELLATION.name, &process, case.reason]);
        let record = letters::cancellation_notice(id, original, &case.id);
        let receiver = Work::supplier(&course.requester);
        let notice = letters::document(&NOTIFY_CANCELLATION, &receiver, case.reason, vec![record], work.context);
        work.send(&process, notice);
    }
}

fn plan(work: &Work, id: &MeteringPointId, since: Timestamp) -> Plan {
    let mut point = standing::point(work, id).clone();
    point.close_from(since);
    Plan::of(work, point, since)
}

/// Its day has come. Nothing where it was closed down before.
fn close(work: &mut Work, id: &MeteringPointId, since: Timestamp) {
    let point = standing::point(work, id);
    let last = Timestamp::from_micros(since.micros() - 1);
    if since > point.effective && point.at(last).state == ConnectionState::ClosedDown {
        return;
    }
    // What an older store has pending is not written in its versions yet.
    plan(work, id, since).keep(work);
    work.tell(notify::dated("MeteringPointClosed", id, since));
}

/// A closing-down whose day has come.
struct Closing {
    point: MeteringPointId,
}

impl Closing {
    fn of(timer: &Timer) -> Self {
        let point = timer.turn.reader().text().expect("the turn of such a timer is an accounting point");
        Self { point: MeteringPointId::new(point) }
    }

    fn points(&self, facts: &Facts) -> Vec<MeteringPointId> {
        let point = metering_points::metering_point(facts, &self.point);
        let parents = point.iter().flat_map(MeteringPoint::parents).cloned();
        std::iter::once(self.point.clone()).chain(parents).collect()
    }
}

impl Duty for Closing {
    fn needs(&self, _context: &Context) -> Needs {
        work::needs([&self.point])
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        let points = self.points(facts);
        let known: Vec<&MeteringPointId> =
            points.iter().filter(|id| metering_points::is_looked_up(facts, id)).collect();
        work::needs(&points).and(work::needs_more(facts, known))
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let points = self.points(facts);
        let mut work = Work::load(facts, context, points.clone(), &[]);
        close(&mut work, &self.point, context.now);
        for id in &points {
            let before = metering_points::metering_point(facts, id);
            let now = work.site(id).master.as_ref();
            let changes: Vec<Change> =
                now.into_iter().flat_map(|now| metering_points::changes(now, before.as_ref())).collect();
            work.changes.extend(changes);
        }
        work.finish()
    }
}
