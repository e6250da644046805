//! From a RequestCancellation to its decision: each record is judged, and what it withdraws is withdrawn.

use std::collections::BTreeMap;

use super::REQUEST_CANCELLATION;
use super::rules::{self, Case};
use crate::document::Record;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::accounting_points::transactions::{self, Transaction};
use crate::process::accounting_points::{self, AccountingPoint};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::effect::Why;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::kinds::{
    CONFIRM_CANCELLATION as CONFIRM, NOTIFY_CANCELLATION, REJECT_CANCELLATION as REJECT,
};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{Cancellation, RequestCancellation};
use crate::process::market_documents::{ID_CHARACTERS_MAX, RequestKind, Rule, reasons};
use crate::process::services::{REQUEST_SERVICE, Service, State, service};
use crate::process::{Context, Decision};
use crate::record::{Facts, Needs};

impl Asking for Cancellation {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    /// The accounting points, and the sender's transactions that are to be withdrawn.
    fn needs(request: &RequestCancellation, _context: &Context) -> Needs {
        let sender = request.header.sender();
        let originals = request.records.iter().filter_map(original_id);
        originals.fold(work::needs(&request.points()), |needs, id| needs.and(transactions::needs_of(&sender, id)))
    }

    fn needs_more(request: &RequestCancellation, facts: &Facts, _context: &Context) -> Needs {
        let sender = request.header.sender();
        let originals = request.records.iter().filter_map(original_id);
        let originals = originals.filter_map(|id| transactions::transaction(facts, &sender, id));
        let named = originals.fold(Needs::default(), |needs, original| {
            let services = service_id(Some(&original)).map(|id| service::needs_of(&id)).unwrap_or_default();
            needs.and(accounting_points::needs_of(&original.point)).and(services)
        });
        work::needs_more(facts, &request.points()).and(named)
    }

    /// Answers the sender, and takes back what it withdraws.
    fn decide(request: &RequestCancellation, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, request.points(), &[]);
        let mut services = services(request, facts);
        let header = &request.header;
        let role = ActorRole::from_code(&header.sender_role).unwrap_or(context.caller.role);
        let receiver = Party { number: header.sender(), role };
        let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let original = original_id(record).and_then(|id| transactions::transaction(facts, &receiver.number, id));
            let service = service_id(original.as_ref()).and_then(|id| services.get_mut(&id));
            let broken = judge(&work, request, record, original.as_ref(), service.as_deref(), &receiver.number);
            let about = record.about();
            let id = context.id(&["answer", &own_id]);
            if broken.is_empty() {
                confirmed.push(letters::confirmation(id, &about));
                let process = original.expect("OriginalTransactionUnknown does not fail").own_id;
                match service {
                    Some(service) => withdraw_service(&mut work, service),
                    None => {
                        let what = format!("cancellation {} received, every rule holds", record.transaction_id);
                        let now = work.now();
                        work.course_mut(&process).tell(now, what);
                        work.withdraw(&process, Why::Requested);
                    }
                }
            } else {
                rejected.push(letters::rejection(id, &about, &reasons(&broken, RequestKind::Cancellation)));
            }
            fates.push(work.decided(
                &REQUEST_CANCELLATION,
                header,
                record,
                &own_id,
                &broken,
                RequestKind::Cancellation,
            ));
        }
        let (confirmed, rejected) = ((&CONFIRM, confirmed), (&REJECT, rejected));
        work.answered(letters::answers(confirmed, rejected, &receiver, &header.business_reason, context), fates)
    }
}

fn judge(
    work: &Work,
    request: &RequestCancellation,
    record: &Cancellation,
    original: Option<&Transaction>,
    service: Option<&Service>,
    sender: &ActorNumber,
) -> Vec<Rule> {
    let site = work.site(&record.metering_point.metering_point());
    let id = original_id(record).unwrap_or_default();
    let processes = site.point.processes();
    let is_elsewhere = |it: &&Transaction| it.point != record.metering_point.metering_point();
    let elsewhere = original.filter(is_elsewhere).filter(|it| service_id(Some(it)).is_none());
    let elsewhere = elsewhere.map(|original| AccountingPoint::load(work.facts, &original.point));
    let of_another = processes.iter().any(|it| it.transaction_id == id && it.requester.as_ref() != Some(sender));
    let case = Case {
        header: &request.header,
        record,
        now: work.now(),
        market: work.context.market,
        point_exists: site.master.is_some(),
        original,
        of_another,
        end_is_pending: processes.iter().any(|it| it.kind.is_end() && it.status.is_open()),
        process: original.and_then(|it| elsewhere.as_ref().unwrap_or(&site.point).process(&it.own_id)),
        service,
    };
    rules::broken(&case)
}

/// The services that are to be taken back, by our own ids.
fn services(request: &RequestCancellation, facts: &Facts) -> BTreeMap<String, Service> {
    let sender = request.header.sender();
    let originals = request.records.iter().filter_map(original_id);
    let own_ids = originals.filter_map(|id| service_id(transactions::transaction(facts, &sender, id).as_ref()));
    own_ids.filter_map(|id| service::service(facts, &id).map(|service| (id, service))).collect()
}

/// Our own id of a transaction that asked for a service.
fn service_id(original: Option<&Transaction>) -> Option<String> {
    let original = original.filter(|it| it.document == REQUEST_SERVICE.name && it.is_accepted())?;
    Some(original.own_id.clone())
}

/// The grid company need not answer any more, and hears so.
fn withdraw_service(work: &mut Work, service: &mut Service) {
    *service = service.clone().close(State::Cancelled, work.now());
    work.changes.push(service.put());
    let grid = Party { number: service.grid_company.clone(), role: ActorRole::GridAccessProvider };
    let id = work.context.id(&["record", NOTIFY_CANCELLATION.name, &service.id]);
    let record = letters::cancellation_notice(id, &service.id, &service.point);
    work.outgoing.push(letters::document(&NOTIFY_CANCELLATION, &grid, "D22", vec![record], work.context));
}

/// The transaction that a record withdraws, if it names one that there can be.
fn original_id(record: &Cancellation) -> Option<&str> {
    let id = record.original_transaction_id.as_deref().filter(|id| !id.trim().is_empty())?;
    // No transaction that was taken in has a longer one.
    id.chars().nth(ID_CHARACTERS_MAX).is_none().then_some(id)
}
