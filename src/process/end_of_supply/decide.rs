//! From a RequestEndOfSupply to its decision: each record is judged, and what is accepted is registered.

use super::REQUEST_END_OF_SUPPLY;
use super::rules::{self, Case};
use crate::document::{Outgoing, Record};
use crate::market::{ActorRole, Party};
use crate::process::accounting_points::{Process, ProcessKind};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::course::{Course, State};
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::change_of_supplier::{events, standing, track, window};
use crate::process::market_documents::kinds::{CONFIRM_END_OF_SUPPLY as CONFIRM, REJECT_END_OF_SUPPLY as REJECT};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{EndOfSupply, RequestEndOfSupply};
use crate::process::market_documents::{RequestKind, Rule, reasons};
use crate::process::{Context, Decision};
use crate::record::{Facts, Needs};

impl Asking for EndOfSupply {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    fn needs(request: &RequestEndOfSupply, context: &Context) -> Needs {
        work::needs(&request.points()).and(standing::needs(context.pack(), &request.header.sender()))
    }

    /// Answers the sender, and sets off what it has asked for.
    fn decide(request: &RequestEndOfSupply, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, request.points(), &[]);
        let header = &request.header;
        let kind = request_kind(&header.business_reason);
        let receiver = Party { number: header.sender(), role: ActorRole::EnergySupplier };
        let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let broken = judge(&work, request, record);
            fates.push(work.decided(&REQUEST_END_OF_SUPPLY, header, record, &own_id, &broken, kind));
            let about = record.about();
            let id = context.id(&["answer", &own_id]);
            if broken.is_empty() {
                confirmed.push(letters::confirmation(id, &about));
                // The document's id is made from its first record.
                let first = confirmed[..1].to_vec();
                let confirmation = letters::document(&CONFIRM, &receiver, &header.business_reason, first, context);
                accept(&mut work, request, record, own_id, &confirmation);
            } else {
                rejected.push(letters::rejection(id, &about, &reasons(&broken, kind)));
            }
        }
        let (confirmed, rejected) = ((&CONFIRM, confirmed), (&REJECT, rejected));
        work.answered(letters::answers(confirmed, rejected, &receiver, &header.business_reason, context), fates)
    }
}

/// Every rule that the record breaks.
fn judge(work: &Work, request: &RequestEndOfSupply, record: &EndOfSupply) -> Vec<Rule> {
    let site = work.site(&record.metering_point.metering_point());
    let sender = request.header.sender();
    let case = Case {
        kind: request_kind(&request.header.business_reason),
        record,
        now: work.now(),
        market: work.context.market,
        end: window::instant(record.end.trim()),
        standing: standing::of(work.facts, work.context.pack(), &sender),
        sender,
        master: site.master.as_ref(),
        point: &site.point,
        expected: &site.point.as_expected(),
    };
    rules::broken(&case)
}

/// Registers what was asked for, and sets it off.
fn accept(work: &mut Work, request: &RequestEndOfSupply, record: &EndOfSupply, id: String, confirmation: &Outgoing) {
    let now = work.now();
    let header = &request.header;
    let point = record.metering_point.metering_point();
    let effective = window::instant(record.end.trim()).expect("DateFormatMustBeUTC holds");
    let (kind, ends_supply) = match request_kind(&header.business_reason) {
        RequestKind::MoveOut => (ProcessKind::MoveOut, work.context.market.dk().market_roles.move_out.ends_supply),
        _ => (ProcessKind::EndOfSupply, true),
    };
    let process = Process {
        transaction_id: record.transaction_id.clone(),
        ends_supply,
        ..Process::pending(&id, kind, &header.business_reason, effective, &header.sender())
    };
    let mut course = Course::begin(&process, &point, work.site(&point).point.processes().len());
    course.tell(now, format!("{} {} received as {}", header.business_reason, kind.name(), record.transaction_id));
    course.enter(State::AwaitingConfirmationMessageDispatch, now);
    course.tell(now, "accepted: every rule holds");
    course.tell(now, track::sent(confirmation));
    work.point_mut(&point).register(process);
    let registered = if kind == ProcessKind::MoveOut { events::move_out_registered } else { events::end_registered };
    work.tell(registered(&course));
    work.add_course(course);
    let means = work.context.market.dk().market_roles.dispatch.confirm;
    work.await_dispatch(&id, State::AwaitingConfirmationMessageDispatch, &confirmation.message_id, means);
    work.advance(&id);
    work.set_out(&id);
}

/// Any other reason is refused at the door.
fn request_kind(business_reason: &str) -> RequestKind {
    if business_reason == "E66" { RequestKind::MoveOut } else { RequestKind::EndOfSupply }
}
