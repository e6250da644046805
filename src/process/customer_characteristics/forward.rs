//! Who else hears of customer data: the grid company, and whoever is to supply these customers.
//!
//! A supplier that is to come hears of them only where the customer will be the same then: one with which somebody else moves
//! in, or that takes over behind a move, has no business with whoever leaves.
//!
//! Source: market-roles 2.11.

use crate::document::Outgoing;
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::{AccountingPoint, CustomerData, Process, ProcessKind, Status};
use crate::process::change_of_supplier::work::{Site, Work};
use crate::process::market_documents::kinds::CUSTOMER_DATA;
use crate::process::market_documents::letters;
use crate::process::market_documents::master_data::{Subject, customer_data};

/// Sends a version of customer data, just kept; `own_id` is that of the transaction which told it.
pub fn forward(work: &mut Work, id: &MeteringPointId, data: &CustomerData, reason: &str, own_id: &str) {
    let grid = work.grid_operator(id);
    let mut receivers: Vec<(Party, Option<Timestamp>)> = grid.iter().map(|grid| (grid.clone(), None)).collect();
    for (supplier, start) in future_suppliers(work.site(id), data) {
        receivers.push((Work::supplier(&supplier), Some(start)));
    }
    for (receiver, supply_start) in receivers {
        let site = work.site(id);
        let process = site.point.process(&data.process).expect("its consumer is registered here");
        let details = work.customers_known(id, process, data.from, supply_start);
        let parts = ["record", CUSTOMER_DATA.name, own_id, receiver.number.as_str(), receiver.role.code()];
        let subject = Subject { point: id, from: data.from, original: None };
        let record = customer_data(work.context.id(&parts), &subject, &details, receiver.role);
        let document = letters::document(&CUSTOMER_DATA, &receiver, reason, vec![record], work.context);
        if receiver.role == ActorRole::GridAccessProvider {
            note_that_told(work, data, &document);
        }
        work.outgoing.push(document);
    }
    told_move_in(work, &data.process, grid.is_some());
}

/// The grid company must hear if what the data complete does not happen: of the last that it was told, which holds instead of what
/// it was told before.
fn note_that_told(work: &mut Work, data: &CustomerData, document: &Outgoing) {
    let Some(process) = data.completes.clone() else { return };
    if !work.courses.get(&process).and_then(|course| work.status_of(course)).is_some_and(Status::is_open) {
        return;
    }
    work.course_mut(&process).notified.retain(|it| it.party != document.receiver);
    work.note_that_told(&process, document);
}

/// What is known of whoever moved in need not be sent to the grid company a second time when its days of grace are over.
fn told_move_in(work: &mut Work, process: &str, grid_was_told: bool) {
    let now = work.now();
    if work.courses.get(process).is_none_or(|course| course.kind != ProcessKind::MoveIn) {
        return;
    }
    let course = work.course_mut(process);
    course.tell(now, "the supplier has told more of the customer");
    course.move_in.customer_to_grid |= grid_was_told;
}

/// Every supplier but the one that told it, with the day on which it begins to supply the customers whom the data are about.
fn future_suppliers(site: &Site, data: &CustomerData) -> Vec<(ActorNumber, Timestamp)> {
    let expected = site.point.as_expected();
    let mut suppliers: Vec<(ActorNumber, Timestamp)> = Vec::new();
    for process in site.point.open().into_iter().filter(|it| !it.stands_by()) {
        let Some(supply) = &process.supply else { continue };
        let is_new = suppliers.iter().all(|(supplier, _)| *supplier != supply.supplier);
        if is_new && supply.supplier != data.supplier && is_about(process, data, &expected) {
            suppliers.push((supply.supplier.clone(), process.effective));
        }
    }
    suppliers
}

/// Whether a process that is to come will find these customers. One that is suspended was asked for with them in mind.
fn is_about(process: &Process, data: &CustomerData, expected: &AccountingPoint) -> bool {
    if process.consumer.is_some() {
        return process.id == data.process;
    }
    let there = expected.consumer_at(process.effective).map(|(process, _)| &process.id);
    process.status == Status::Suspended || there == Some(&data.process)
}
