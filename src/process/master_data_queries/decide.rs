//! From a RequestAccountingPointCharacteristics to its answers.

use std::collections::BTreeSet;

use super::REQUEST_ACCOUNTING_POINT_CHARACTERISTICS;
use super::answer::{Answer, answer};
use super::rules::{self, Case, Granted, Original};
use crate::document::{Kind, Outgoing, Record};
use crate::market::{ActorRole, MeteringPointId, Party};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::kinds::{CUSTOMER_ANSWER, METERING_POINT_ANSWER, REJECT_QUERY};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{MasterDataQuery, RequestAccountingPointCharacteristics};
use crate::process::market_documents::{RequestKind, reasons};
use crate::process::{Context, Decision, delegations, metering_points};
use crate::record::{Facts, Needs};

/// Records of one answering document; a query may be answered with several.
pub const ANSWER_RECORDS_MAX: usize = 1_000;

impl Asking for MasterDataQuery {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    fn needs(request: &RequestAccountingPointCharacteristics, _context: &Context) -> Needs {
        work::needs(&request.points()).and(delegations::needs_of_any())
    }

    /// On whose behalf is asked, and whether that one lets the sender. The children are looked at where they are asked for.
    fn needs_more(request: &RequestAccountingPointCharacteristics, facts: &Facts, context: &Context) -> Needs {
        let children = children(request, facts);
        let known = children.iter().filter(|id| metering_points::is_looked_up(facts, id));
        let needs =
            work::needs_more(facts, &request.points()).and(work::needs(&children)).and(work::needs_more(facts, known));
        request.records.iter().fold(needs, |needs, record| needs.and(delegation_needs(request, record, facts, context)))
    }

    /// Answers each query with what its asker may see, or with why not.
    fn decide(request: &RequestAccountingPointCharacteristics, facts: &Facts, context: &Context) -> Decision {
        let mut looked_at = request.points();
        looked_at.extend(children(request, facts));
        let mut work = Work::load(facts, context, looked_at, &[]);
        let header = &request.header;
        let receiver = rules::sender(header, context);
        let (mut answers, mut rejected, mut fates) = (Answer::default(), Vec::new(), Vec::new());
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let id = record.metering_point.metering_point();
            let expected = work.site(&id).point.as_expected();
            let verdict = rules::judge(&Case { header, record, work: &work, id: &id, expected: &expected });
            let broken = match verdict {
                Ok(Granted { role, seen }) => {
                    let Answer { points, customers } = answer(&work, &id, record, &seen, role, &own_id);
                    answers.points.extend(points);
                    answers.customers.extend(customers);
                    Vec::new()
                }
                Err(broken) => {
                    let about = record.about();
                    let id = context.id(&["answer", &own_id]);
                    rejected.push(letters::rejection(id, &about, &reasons(&broken, RequestKind::Query)));
                    broken
                }
            };
            fates.push(work.decided(
                &REQUEST_ACCOUNTING_POINT_CHARACTERISTICS,
                header,
                record,
                &own_id,
                &broken,
                RequestKind::Query,
            ));
        }
        let documents = |kind: &'static Kind, records: &[Record]| -> Vec<Outgoing> {
            let parts = records.chunks(ANSWER_RECORDS_MAX);
            let document =
                |part: &[Record]| letters::document(kind, &receiver, &header.business_reason, part.to_vec(), context);
            parts.map(|part| delegations::answering(document(part), context)).collect()
        };
        let mut decision = work.finish();
        decision.outgoing.extend(documents(&METERING_POINT_ANSWER, &answers.points));
        decision.outgoing.extend(documents(&CUSTOMER_ANSWER, &answers.customers));
        decision.outgoing.extend(documents(&REJECT_QUERY, &rejected));
        Decision { fates, ..decision }
    }
}

fn delegation_needs(
    request: &RequestAccountingPointCharacteristics,
    record: &MasterDataQuery,
    facts: &Facts,
    context: &Context,
) -> Needs {
    let point = metering_points::metering_point(facts, &record.metering_point.metering_point());
    let area = point.map(|point| point.grid_area).filter(|area| metering_points::knows_grid_area(facts, area));
    let Some(area) = area else { return Needs::default() };
    let owner = metering_points::grid_area(facts, &area).and_then(|area| area.owner);
    let grid = owner.map(|number| Party { number, role: ActorRole::GridAccessProvider });
    let sender = rules::sender(&request.header, context);
    match rules::on_behalf_of(&request.header, record, &sender, grid, context) {
        Original::Other(original) => {
            delegations::sender_needs(facts, &sender, &original, (rules::PROCESS, &area), context)
        }
        Original::Sender | Original::Nobody => Needs::default(),
    }
}

/// The child metering points of those whose children are asked for.
fn children(request: &RequestAccountingPointCharacteristics, facts: &Facts) -> BTreeSet<MeteringPointId> {
    let with_children = request.records.iter().filter(|record| record.wants_children());
    let parents = with_children
        .filter_map(|record| metering_points::metering_point(facts, &record.metering_point.metering_point()));
    parents.flat_map(|parent| parent.children().into_iter().cloned().collect::<Vec<_>>()).collect()
}
