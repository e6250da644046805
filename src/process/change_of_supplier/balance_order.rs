//! Another balance responsible party by an operator's order: held to the rules of a supplier's own request (E56), and registered
//! like one, without an answer.
//!
//! Source: market-roles 2.10.

use super::course::{Course, State};
use super::decide::judge;
use super::work::Work;
use super::{Asked, events};
use crate::document::Header;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::accounting_points::{BalanceRegistration, Dates, Process, area_balance};
use crate::process::market_documents::requests::ChangeOfSupplier;
use crate::process::market_documents::{Id, Rule};
use crate::process::metering_points;
use crate::record::{Facts, Needs};

/// What a change at an accounting point must know besides, now that its metering point is known: who is responsible for the
/// whole grid area.
pub fn needs_more(facts: &Facts, point: &MeteringPointId, supplier: &ActorNumber) -> Needs {
    let master = metering_points::metering_point(facts, point);
    master.map_or_else(Needs::default, |master| area_balance::needs_of(supplier, &master.grid_area))
}

/// Registers the change, or says what a request would have been rejected with. Returns the process's id. Needs: those of the
/// work, the standing of both parties, and [`needs_more`].
pub fn order(
    work: &mut Work,
    point: &MeteringPointId,
    supplier: &ActorNumber,
    responsible: &ActorNumber,
    start: Timestamp,
    ordered: &str,
) -> Result<String, Vec<Rule>> {
    let id = |scheme: &str, number: &str| Id { coding_scheme: scheme.to_string(), number: number.to_string() };
    let record = ChangeOfSupplier {
        metering_point: id(point.coding_scheme(), point.as_str()),
        energy_supplier: id(supplier.coding_scheme(), supplier.as_str()),
        balance_responsible: Some(id(responsible.coding_scheme(), responsible.as_str())),
        start: start.to_string(),
        ..ChangeOfSupplier::default()
    };
    let header =
        Header { business_reason: "E56".to_string(), sender_number: supplier.to_string(), ..Header::default() };
    let broken = judge(work, &header, &record, Asked::BalanceResponsible);
    if !broken.is_empty() {
        return Err(broken);
    }
    let process = work.context.id(&["process", ordered]);
    let process = Process::pending(&process, Asked::BalanceResponsible.kind(), "E56", start, supplier);
    let course = Course::ordered(&process, point, work.site(point).point.processes().len(), ordered, work.now());
    Ok(register(work, process, course, responsible))
}

/// Registers a change that breaks no rule, and sets it off.
pub(super) fn register(work: &mut Work, mut process: Process, mut course: Course, responsible: &ActorNumber) -> String {
    let (now, id, point) = (work.now(), process.id.clone(), course.point.clone());
    let (supplier, responsible) = (course.requester.clone(), responsible.clone());
    work.tell(events::future_balance_registered(&course, &responsible));
    process.balance = Some(BalanceRegistration { responsible, supplier, dates: Dates::default() });
    work.point_mut(&point).register(process);
    course.enter(State::AwaitingEffectuation, now);
    work.add_course(course);
    work.set_out(&id);
    id
}
