//! What a query is answered with: the metering point and its customers, for every day on which they change.

use std::collections::BTreeSet;

use crate::document::{Kind, Record};
use crate::market::{ActorRole, MeteringPointId, MeteringPointType, Period, Timestamp};
use crate::process::accounting_points::AccountingPoint;
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::kinds::{CUSTOMER_ANSWER, METERING_POINT_ANSWER};
use crate::process::market_documents::master_data::{CustomerDetails, Subject, customer_data, metering_point_data};
use crate::process::market_documents::requests::MasterDataQuery;

/// The records of one answer.
#[derive(Debug, Default)]
pub struct Answer {
    pub points: Vec<Record>,
    pub customers: Vec<Record>,
}

/// All that is to be seen of a metering point within `seen`, which is in order, by whoever asks in `role`; `own_id` is our id
/// of the query.
pub fn answer(
    work: &Work,
    id: &MeteringPointId,
    query: &MasterDataQuery,
    seen: &[Period],
    role: ActorRole,
    own_id: &str,
) -> Answer {
    let expected = work.site(id).point.as_expected();
    let changes = changes(work, id, &expected);
    let record_id =
        |kind: &Kind, from: Timestamp| work.context.id(&["record", kind.name, own_id, id.as_str(), &from.to_string()]);
    let subject = |from| Subject { point: id, from, original: Some(&query.transaction_id) };
    let suppliable = [MeteringPointType::Consumption, MeteringPointType::Production];
    let consumes = work.site(id).master.as_ref().is_some_and(|master| suppliable.contains(&master.kind));
    let mut answer = Answer::default();
    for period in seen {
        let (mut point_before, mut customers_before) = (None, None);
        let later = changes.iter().copied().filter(|at| *at > period.start && *at < period.end);
        for from in std::iter::once(period.start).chain(later) {
            let supplies = expected.supplies();
            let supply = supplies.into_iter().find(|supply| supply.period.contains(from));
            let supply_start = supply.as_ref().map(|supply| supply.period.start);
            let supply = supply.map(|supply| (supply.supplier, supply.period.start));
            let point = work.point_known(id, supply.clone(), from);
            if let Some(details) = point.as_ref().filter(|_| point != point_before) {
                let id = record_id(&METERING_POINT_ANSWER, from);
                answer.points.push(metering_point_data(id, &subject(from), details));
            }
            let has_supplier = Some(supply.is_some());
            let consumer = expected.consumer_at(from);
            let customers = consumer.map(|(process, _)| work.customers_known(id, process, from, supply_start));
            // That nobody consumes is an answer as well, where somebody could.
            let customers = customers.or_else(|| {
                consumes.then(|| CustomerDetails { has_supplier, supply_start, ..CustomerDetails::default() })
            });
            if let Some(details) = customers.as_ref().filter(|_| customers != customers_before) {
                let id = record_id(&CUSTOMER_ANSWER, from);
                answer.customers.push(customer_data(id, &subject(from), details, role));
            }
            (point_before, customers_before) = (point, customers);
            if query.start.is_none() {
                answer.points.extend(children(work, id, query, period, own_id));
                return answer;
            }
        }
    }
    if let (Some(first), Some(last)) = (seen.first(), seen.last()) {
        answer.points.extend(children(work, id, query, &Period::new(first.start, last.end), own_id));
    }
    answer
}

/// Records of each child that there is within the period, where the query asks for them: one for the first day on which it is
/// there, and where a start is named one for each later day on which it changes. Nobody supplies a child, and nobody consumes
/// there.
fn children(
    work: &Work,
    parent: &MeteringPointId,
    query: &MasterDataQuery,
    seen: &Period,
    own_id: &str,
) -> Vec<Record> {
    let Some(master) = work.site(parent).master.as_ref().filter(|_| query.wants_children()) else { return Vec::new() };
    let mut records = Vec::new();
    for id in master.children() {
        let Some(child) = &work.site(id).master else { continue };
        let mut before = None;
        let first = seen.start.max(child.effective);
        let later = child.versions().iter().map(|it| it.from).filter(|from| *from > first && query.start.is_some());
        for from in std::iter::once(first).chain(later).filter(|from| *from < seen.end) {
            let belongs = master.at(from).master.children.iter().any(|(child, _)| child == id);
            let details = work.point_known(id, None, from).filter(|_| belongs);
            if let Some(details) = details.as_ref().filter(|_| details != before) {
                let parts = ["record", METERING_POINT_ANSWER.name, own_id, id.as_str(), &from.to_string()];
                let subject = Subject { point: id, from, original: Some(&query.transaction_id) };
                records.push(metering_point_data(work.context.id(&parts), &subject, details));
            }
            before = details;
        }
    }
    records
}

/// Every instant at which somebody begins or ceases to supply or to consume, master data change, or more is told of a customer.
fn changes(work: &Work, id: &MeteringPointId, expected: &AccountingPoint) -> BTreeSet<Timestamp> {
    let supplies = expected.supplies().into_iter().map(|supply| supply.period);
    let consumers = expected.processes().into_iter().filter_map(|it| it.consumer.as_ref()?.dates.period());
    let borders = supplies.chain(consumers).flat_map(|period| [period.start, period.end]);
    let versions = work.site(id).master.iter().flat_map(|master| master.versions()).map(|version| version.from);
    borders.chain(versions).chain(work.site(id).told.iter().map(|told| told.from)).collect()
}
