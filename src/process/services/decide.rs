//! From a RequestService to its decision: each record is judged, and forwarded to the grid company.

use std::collections::BTreeMap;

use super::rules::{self, Case, Wanted};
use super::{REQUEST_SERVICE, Service, State};
use crate::document::{Outgoing, Record};
use crate::market::{ActorRole, Party};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::kinds::{FORWARD_SERVICE, REJECT_SERVICE};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{self, RequestService};
use crate::process::market_documents::{RequestKind, Rule, reasons};
use crate::process::{Context, Decision};
use crate::record::Facts;

impl Asking for requests::Service {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    /// Forwards what may be asked for, and tells the sender what may not.
    fn decide(request: &RequestService, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, request.points(), &[]);
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
                    let about = record.about();
                    let id = context.id(&["answer", &own_id]);
                    rejected.push(letters::rejection(id, &about, &reasons(&broken, RequestKind::Service)));
                    broken
                }
            };
            fates.push(work.decided(&REQUEST_SERVICE, header, record, &own_id, &broken, RequestKind::Service));
        }
        let mut decision = work.finish();
        let to_grid = forwarded.into_iter().map(|(grid, records)| -> Outgoing {
            letters::document(&FORWARD_SERVICE, &grid, reason, records, context)
        });
        decision.outgoing.extend(to_grid);
        if !rejected.is_empty() {
            decision.outgoing.push(letters::document(&REJECT_SERVICE, &receiver, reason, rejected, context));
        }
        Decision { fates, ..decision }
    }
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
