//! From a RequestService to its decision: each record is judged, and forwarded to the grid company.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{self, Case, Wanted};
use super::{REQUEST_SERVICE, Service, State};
use crate::document::{Outgoing, Record};
use crate::market::{ActorRole, MeteringPointId, Party};
use crate::process::accounting_points;
use crate::process::accounting_points::transactions::{Origin, Transaction};
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::kinds::{FORWARD_SERVICE, REJECT_SERVICE};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{self, RequestService};
use crate::process::market_documents::{RequestKind, Rule, reasons};
use crate::process::{Context, Decision, Fate};
use crate::record::{Facts, Key, Needs};

pub fn turns(request: &RequestService) -> Vec<Key> {
    points(request).iter().map(accounting_points::guard_key).collect()
}

pub fn needs(request: &RequestService, _context: &Context) -> Needs {
    work::needs(&points(request))
}

pub fn needs_more(request: &RequestService, facts: &Facts, _context: &Context) -> Needs {
    work::needs_more(facts, &points(request))
}

/// Forwards what may be asked for, and tells the sender what may not.
pub fn decide(request: &RequestService, facts: &Facts, context: &Context) -> Decision {
    let mut work = Work::load(facts, context, points(request), &[]);
    let header = &request.header;
    let reason = &header.business_reason;
    let role = ActorRole::from_code(&header.sender_role).unwrap_or(context.caller.role);
    let receiver = Party { number: header.sender(), role };
    let mut forwarded: BTreeMap<Party, Vec<Record>> = BTreeMap::new();
    let (mut rejected, mut fates) = (Vec::new(), Vec::new());
    for (place, record) in request.records.iter().enumerate() {
        let own_id = context.id(&["transaction", &place.to_string()]);
        let broken = match judge(&work, request, record) {
            Ok(wanted) => {
                let service = asked(request, record, &own_id, &wanted, context);
                let description = record.description.as_deref();
                let (id, grid) = (own_id.clone(), wanted.grid);
                let sent = letters::forwarded_service(
                    id,
                    &service.point,
                    wanted.wished,
                    &service.requester,
                    wanted.service,
                    description,
                );
                forwarded.entry(grid).or_default().push(sent);
                work.changes.push(service.put());
                Vec::new()
            }
            Err(broken) => {
                let about = About {
                    transaction_id: &record.transaction_id,
                    process_reference: record.process_reference.as_deref(),
                    metering_point: &record.metering_point,
                    description: None,
                };
                let id = context.id(&["answer", &own_id]);
                rejected.push(letters::rejection(id, &about, &reasons(&broken, RequestKind::Service)));
                broken
            }
        };
        let origin = Origin {
            document: REQUEST_SERVICE.name,
            header,
            transaction_id: &record.transaction_id,
            metering_point: &record.metering_point,
        };
        let transaction = Transaction::decided(&origin, &own_id, context.now, &broken, RequestKind::Service);
        work.changes.extend(transaction.keep());
        let broken = broken.iter().map(|rule| rule.name()).collect();
        fates.push(Fate { transaction_id: record.transaction_id.clone(), broken });
    }
    let mut decision = work.finish();
    let to_grid = forwarded
        .into_iter()
        .map(|(grid, records)| -> Outgoing { letters::document(&FORWARD_SERVICE, &grid, reason, records, context) });
    decision.outgoing.extend(to_grid);
    if !rejected.is_empty() {
        decision.outgoing.push(letters::document(&REJECT_SERVICE, &receiver, reason, rejected, context));
    }
    Decision { fates, ..decision }
}

fn judge(work: &Work, request: &RequestService, record: &requests::Service) -> Result<Wanted, Vec<Rule>> {
    let id = record.metering_point.metering_point();
    rules::judge(Case {
        header: &request.header,
        record,
        now: work.now(),
        site: work.site(&id),
        grid: work.grid_operator(&id),
    })
}

fn asked(
    request: &RequestService,
    record: &requests::Service,
    own_id: &str,
    wanted: &Wanted,
    context: &Context,
) -> Service {
    Service {
        id: own_id.to_string(),
        point: record.metering_point.metering_point(),
        service: wanted.service.code().to_string(),
        wished: wanted.wished,
        reason: request.header.business_reason.clone(),
        requester: request.header.sender(),
        transaction_id: record.transaction_id.clone(),
        grid_company: wanted.grid.number.clone(),
        asked: context.now,
        state: State::Open,
        closed: None,
    }
}

fn points(request: &RequestService) -> BTreeSet<MeteringPointId> {
    request.records.iter().map(|record| record.metering_point.metering_point()).collect()
}
