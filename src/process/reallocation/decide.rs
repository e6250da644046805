//! From a RequestReallocateChangeOfSupplier to its decision: each record is judged, then forwarded or carried out at once.

use std::collections::BTreeMap;

use super::REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER;
use super::rules::{self, Case};
use crate::document::{Outgoing, Record};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::process::accounting_points::{Process, ProcessKind};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::course::{Awaited, Course, State};
use crate::process::change_of_supplier::work::Work;
use crate::process::change_of_supplier::{timers, track};
use crate::process::market_documents::kinds::{
    CONFIRM_REALLOCATION as CONFIRM, FORWARD_REALLOCATION as FORWARD, REJECT_REALLOCATION as REJECT,
};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{Reallocation, RequestReallocateChangeOfSupplier};
use crate::process::market_documents::{RequestKind, reasons};
use crate::process::{Context, Decision};
use crate::record::Facts;

impl Asking for Reallocation {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    /// Asks the former supplier where there is one, undoes the rest, and tells the sender what may not be undone.
    fn decide(request: &RequestReallocateChangeOfSupplier, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, request.points(), &[]);
        let header = &request.header;
        let reason = &header.business_reason;
        let receiver = Party { number: header.sender(), role: ActorRole::EnergySupplier };
        let mut forwarded: BTreeMap<ActorNumber, Vec<(String, Record)>> = BTreeMap::new();
        let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let about = record.about();
            let id = context.id(&["answer", &own_id]);
            let site = work.site(&record.metering_point.metering_point());
            let judged = rules::judge(&Case { header, record, now: context.now, market: context.market, site });
            let broken = match judged {
                Ok(effective) => {
                    let former = site.point.former_supplier(reason, &receiver.number, effective);
                    let former = former.filter(|former| **former != receiver.number).cloned();
                    register(&mut work, request, record, own_id.clone(), effective);
                    match former {
                        Some(former) => {
                            let point = record.metering_point.metering_point();
                            let sent = letters::forwarded_reallocation(own_id.clone(), &point, effective);
                            forwarded.entry(former).or_default().push((own_id.clone(), sent));
                        }
                        None => {
                            work.undo(&own_id);
                            confirmed.push(letters::confirmation(id, &about));
                        }
                    }
                    Vec::new()
                }
                Err(broken) => {
                    rejected.push(letters::rejection(id, &about, &reasons(&broken, RequestKind::Reallocation)));
                    broken
                }
            };
            fates.push(work.decided(
                &REQUEST_REALLOCATE_CHANGE_OF_SUPPLIER,
                header,
                record,
                &own_id,
                &broken,
                RequestKind::Reallocation,
            ));
        }
        for (former, records) in forwarded {
            let (processes, records): (Vec<String>, Vec<Record>) = records.into_iter().unzip();
            let sent = letters::document(&FORWARD, &Work::supplier(&former), reason, records, context);
            for process in processes {
                await_answer(&mut work, &process, &sent);
            }
            work.outgoing.push(sent);
        }
        work.answered(letters::answers((&CONFIRM, confirmed), (&REJECT, rejected), &receiver, reason, context), fates)
    }
}

/// Registers the reallocation; everything else that is pending at the accounting point stands still.
fn register(
    work: &mut Work,
    request: &RequestReallocateChangeOfSupplier,
    record: &Reallocation,
    id: String,
    effective: Timestamp,
) {
    let now = work.now();
    let point = record.metering_point.metering_point();
    let (kind, reason, requester) =
        (ProcessKind::Reallocation, request.header.business_reason.clone(), request.header.sender());
    let process = Process {
        transaction_id: record.transaction_id.clone(),
        ..Process::pending(&id, kind, &reason, effective, &requester)
    };
    let mut course = Course::begin(&process, &point, work.site(&point).point.processes().len());
    course.tell(now, format!("{reason} {} received as {}", kind.name(), record.transaction_id));
    course.tell(now, "accepted: every rule holds");
    work.add_course(course);
    work.point_mut(&point).register(process);
    for other in work.point_mut(&point).suspend_for_reallocation(&id) {
        work.course_mut(&other).tell(now, format!("suspended by reallocation {id}"));
    }
}

/// The former supplier has been asked, and has so long to answer.
fn await_answer(work: &mut Work, process: &str, sent: &Outgoing) {
    let now = work.now();
    let days = i64::from(work.context.market.dk().market_roles.reallocate.response_days);
    let due = Timestamp::from_micros(now.micros() + days * DAY_MICROS);
    let course = work.course_mut(process);
    course.tell(now, track::sent(sent));
    course.enter(State::AwaitingFormerSupplierResponse, now);
    let (state, message_id) = (State::AwaitingFormerSupplierResponse, sent.message_id.clone());
    course.awaited.push(Awaited { state, message_id, due });
    let timer = timers::silence(course, due);
    work.changes.extend(timer.set(work.context));
}

const DAY_MICROS: i64 = 24 * 3_600 * 1_000_000;
