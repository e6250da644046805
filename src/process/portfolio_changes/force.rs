//! A forced change of supplier at one accounting point. Source: market-roles 2.9.
//!
//! Whatever others have pending there goes before it. Where that would leave the supply to somebody else, or to nobody, the
//! forced change is registered all the same and stands by: it is suspended by what comes before it. When that has taken effect
//! or is cancelled, it goes on where there is something to take over, and lapses where there is not. So no accounting point is
//! left with a supplier that is gone.

use super::order::{ForcedKind, Successor};
use super::record::{Outcome, OutcomeKind};
use super::rules::Rule;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::accounting_points::{Before, Dates, Process, ProcessKind, Status, SupplyRegistration};
use crate::process::change_of_supplier::effect::Why;
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::kinds::NOTIFY_CANCELLATION;
use crate::process::market_documents::letters;

/// What is ordered, at one accounting point.
pub struct Takeover<'a> {
    /// Id of the order.
    pub order: &'a str,
    pub point: &'a MeteringPointId,
    pub kind: ForcedKind,
    pub from: &'a ActorNumber,
    pub to: &'a Successor,
    pub date: Timestamp,
}

/// Registers the change, or says why not; whatever a failing supplier has pending there is cancelled in either case.
pub fn force(work: &mut Work, it: &Takeover) -> Outcome {
    let Some(master) = work.site(it.point).master.clone() else {
        return Outcome::skipped(Rule::AccountingPointMustBeKnown, Vec::new());
    };
    // What is pending then is the end of supply that it closes down with.
    if master.is_closed_from(it.date) {
        return Outcome::skipped(Rule::CannotBeInStateOfClosedDown, Vec::new());
    }
    let cancelled = if it.kind == ForcedKind::Failure { cancel_pending(work, it) } else { Vec::new() };
    let skipped = |rule| Outcome::skipped(rule, cancelled.clone());
    let Some(to) = it.to.in_area(&master.grid_area) else { return skipped(Rule::GridAreaHasNoNewSupplier) };
    if work.context.market.dk().market_roles.notices.blocked.contains(&format!("{}:{to}", master.grid_area)) {
        return skipped(Rule::NewSupplierBlockedInGridArea);
    }
    let point = &work.site(it.point).point;
    let taken = |process: &&Process| process.takes_over.as_ref() == Some(it.from) && process.effective <= it.date;
    if point.open().into_iter().any(|process| taken(&process)) {
        return skipped(Rule::ForcedChangeIsRegistered);
    }
    let id = work.context.id(&["process", it.order]);
    let process = Process {
        supply: Some(SupplyRegistration { supplier: to.clone(), dates: Dates::default() }),
        takes_over: Some(it.from.clone()),
        number: point.processes().len() as u64,
        ..Process::pending(&id, ProcessKind::ForcedSupplierChange, it.kind.code(), it.date, to)
    };
    let before = match point.coming_before(&process) {
        Before::Nothing => None,
        Before::Process(process) => Some(process),
        Before::NoSupply => return skipped(Rule::SupplierMustSupplyOnTheDate),
    };
    let status = if before.is_some() { Status::Suspended } else { Status::Pending };
    let process = Process { status, suspended_by: before.clone(), ..process };
    work.force(it.point, process, it.order);
    let kind = if before.is_some() { OutcomeKind::StandsBy } else { OutcomeKind::Done };
    let broken = before.iter().map(|_| Rule::OvertakenByAnother.name().to_string()).collect();
    Outcome { kind, broken, process: Some(id), stands_by: before, cancelled }
}

/// Cancels what a failing supplier has pending: its changes of supplier, its move-ins behind the date, its ends of supply.
/// Whoever moves in until then is supplied by it, and taken over with it.
fn cancel_pending(work: &mut Work, it: &Takeover) -> Vec<String> {
    let is_cancelled = |process: &&Process| {
        process.requester.as_ref() == Some(it.from)
            && match process.kind {
                ProcessKind::ChangeOfSupplier | ProcessKind::EndOfSupply => true,
                ProcessKind::MoveIn => process.effective > it.date,
                _ => false,
            }
    };
    let open = work.site(it.point).point.open().into_iter().filter(is_cancelled);
    let pending: Vec<String> = open.map(|process| process.id.clone()).collect();
    let cancelled = work.withdraw_all(&pending, Why::Hub);
    for process in &cancelled {
        if work.courses[process].kind != ProcessKind::EndOfSupply {
            tell_cancelled(work, process);
        }
    }
    cancelled
}

/// D45: cancelled by the hub.
fn tell_cancelled(work: &mut Work, process: &str) {
    let course = work.courses[process].clone();
    let id = work.record_id(process, NOTIFY_CANCELLATION.name, &[CANCELLED_BY_THE_HUB]);
    let record = letters::cancellation_notice(id, &course.transaction_id, &course.point);
    let receiver = Work::supplier(&course.requester);
    let notice = letters::document(&NOTIFY_CANCELLATION, &receiver, CANCELLED_BY_THE_HUB, vec![record], work.context);
    work.send(process, notice);
}

const CANCELLED_BY_THE_HUB: &str = "D45";
