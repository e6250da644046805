//! From a RequestChangeOfSupplier to its decision: each record is judged, and what is accepted is registered.

use super::asking::Asking;
use super::course::{Course, Notice, State};
use super::rules::{self, Case};
use super::standing;
use super::work::{self, Work};
use super::{Asked, REQUEST_CHANGE_OF_SUPPLIER, balance_order, events, track};
use crate::document::{Header, Outgoing, Record};
use crate::market::{ActorNumber, ActorRole, MeteringPointType, Party, Timestamp};
use crate::process::accounting_points::{
    ConsumerRegistration, Customer, Dates, Process, SupplyRegistration, area_balance,
};
use crate::process::market_documents::kinds::{
    CONFIRM_CHANGE_OF_SUPPLIER as CONFIRM, REJECT_CHANGE_OF_SUPPLIER as REJECT,
};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::requests::{ChangeOfSupplier, RequestChangeOfSupplier};
use crate::process::market_documents::{Rule, reasons};
use crate::process::metering_points::MeteringPoint;
use crate::process::participants;
use crate::process::{Context, Decision};
use crate::record::{Facts, Needs};

impl Asking for ChangeOfSupplier {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    /// The accounting points, and everybody whose standing is asked about.
    fn needs(request: &RequestChangeOfSupplier, context: &Context) -> Needs {
        let points = request.points();
        let mut needs = work::needs(&points);
        for record in &request.records {
            let number = ActorNumber::new(record.energy_supplier.trimmed());
            needs = needs.and(standing::needs(context.pack(), &number));
            if let Some(responsible) = responsible(record) {
                needs = needs.and(participants::needs_of(context.pack(), &responsible));
            }
        }
        needs
    }

    fn needs_more(request: &RequestChangeOfSupplier, facts: &Facts, _context: &Context) -> Needs {
        let needs = work::needs_more(facts, &request.points());
        if Asked::of(&request.header.business_reason) != Asked::BalanceResponsible {
            return needs;
        }
        request.records.iter().fold(needs, |needs, record| {
            let supplier = ActorNumber::new(record.energy_supplier.trimmed());
            needs.and(balance_order::needs_more(facts, &record.metering_point.metering_point(), &supplier))
        })
    }

    /// Answers the sender, and sets off what it has asked for.
    fn decide(request: &RequestChangeOfSupplier, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, request.points(), &[]);
        let header = &request.header;
        let asked = Asked::of(&header.business_reason);
        let receiver = Party { number: header.sender(), role: ActorRole::EnergySupplier };
        let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let broken = judge(&work, header, record, asked);
            fates.push(work.decided(&REQUEST_CHANGE_OF_SUPPLIER, header, record, &own_id, &broken, asked.request()));
            let about = record.about();
            let id = context.id(&["answer", &own_id]);
            if broken.is_empty() {
                confirmed.push(letters::confirmation(id, &about));
                // The document's id is made from its first record.
                let first = confirmed[..1].to_vec();
                let confirmation = letters::document(&CONFIRM, &receiver, &header.business_reason, first, context);
                accept(&mut work, request, record, asked, own_id, &confirmation);
            } else {
                rejected.push(letters::rejection(id, &about, &reasons(&broken, asked.request())));
            }
        }
        let (confirmed, rejected) = ((&CONFIRM, confirmed), (&REJECT, rejected));
        work.answered(letters::answers(confirmed, rejected, &receiver, &header.business_reason, context), fates)
    }
}

/// Every rule that the record breaks.
pub(super) fn judge(work: &Work, header: &Header, record: &ChangeOfSupplier, asked: Asked) -> Vec<Rule> {
    let site = work.site(&record.metering_point.metering_point());
    let expected = site.point.as_expected();
    let effective = super::window::instant(record.start.trim());
    let registered = effective.and_then(|at| expected.consumer_at(at));
    let number = ActorNumber::new(record.energy_supplier.trimmed());
    let case = Case {
        header,
        record,
        now: work.now(),
        market: work.context.market,
        effective,
        supplier: standing::of(work.facts, work.context.pack(), &number),
        responsible_is_live: responsible(record)
            .is_some_and(|party| participants::is_live(work.facts, work.context.pack(), &party)),
        area_responsible: (asked == Asked::BalanceResponsible)
            .then(|| area_responsible(work, site.master.as_ref(), &number, effective))
            .flatten(),
        master: site.master.as_ref(),
        point: &site.point,
        expected: &expected,
        customer: customer(record),
        registered: registered.and_then(|(process, consumer)| {
            let at = effective.expect("it was found by its date");
            work.customer(&site.customers_of(&process.id, consumer, at).0)
        }),
    };
    rules::broken(&rules::levels(asked), &case)
}

/// The party that is responsible for all that the supplier supplies to consumers where the metering point lies. Needs:
/// [`balance_order::needs_more`].
fn area_responsible(
    work: &Work,
    master: Option<&MeteringPoint>,
    supplier: &ActorNumber,
    effective: Option<Timestamp>,
) -> Option<ActorNumber> {
    let master = master.filter(|it| it.kind == MeteringPointType::Consumption)?;
    area_balance::responsible_at(work.facts, supplier, &master.grid_area, effective?)
}

/// Registers what was asked for, and sets it off.
fn accept(
    work: &mut Work,
    request: &RequestChangeOfSupplier,
    record: &ChangeOfSupplier,
    asked: Asked,
    id: String,
    confirmation: &Outgoing,
) {
    let now = work.now();
    let point = record.metering_point.metering_point();
    let effective = super::window::instant(record.start.trim()).expect("DateFormatMustBeUTC holds");
    let requester = request.header.sender();
    let kind = asked.kind();
    let reason = &request.header.business_reason;
    let dates = Dates::default();
    let mut process = Process {
        transaction_id: record.transaction_id.clone(),
        ..Process::pending(&id, kind, reason, effective, &requester)
    };
    let mut course = Course::begin(&process, &point, work.site(&point).point.processes().len());
    course.tell(now, format!("{reason} {} received as {}", kind.name(), record.transaction_id));
    course.enter(State::AwaitingConfirmationMessageDispatch, now);
    course.tell(now, "accepted: every rule holds");
    course.tell(now, track::sent(confirmation));
    let supplier_there = work.site(&point).point.as_expected().supplier_at(effective).cloned();
    let supplies_already = work.site(&point).point.supplier_at(effective) == Some(&requester);
    match asked {
        Asked::ChangeOfSupplier => {
            process.supply = Some(SupplyRegistration { supplier: requester, dates });
            work.point_mut(&point).register(process);
            work.tell(events::future_change_registered(&course));
            course.announced = true;
            work.add_course(course);
            let means = work.context.market.dk().market_roles.dispatch.confirm;
            work.await_dispatch(&id, State::AwaitingConfirmationMessageDispatch, &confirmation.message_id, means);
            work.advance(&id);
            work.set_out(&id);
        }
        Asked::MoveIn => {
            let customer = customer(record).expect("ConsumerIdentifierIsRequired holds");
            let reference = format!("{id}-1");
            let customer_type = customer.number.customer_type();
            process.consumer = Some(ConsumerRegistration { customer: reference.clone(), second: None, dates });
            process.supply = Some(SupplyRegistration { supplier: requester.clone(), dates });
            work.customers.insert(reference, customer);
            work.point_mut(&point).register(process);
            let suspended = work.point_mut(&point).suspend_for(&id);
            for other in suspended {
                work.course_mut(&other).tell(now, format!("suspended by move-in {id}"));
            }
            work.tell(events::consumer_registered(&course, customer_type));
            if effective > now && (!supplies_already || supplier_there.as_ref() != Some(&requester)) {
                work.tell(events::future_change_registered(&course));
                course.announced = true;
            }
            let told = supplier_there.is_some_and(|there| there != requester);
            course.move_in.supplier_notice = if told { Notice::Required } else { Notice::NotNeeded };
            course.enter(State::AwaitingEffectuation, now);
            work.add_course(course);
            for document in [work.point_details(&id), work.customer_details(&id)].into_iter().flatten() {
                work.send(&id, document);
            }
            let sent = &mut work.course_mut(&id).move_in;
            (sent.point_to_supplier, sent.customer_to_supplier) = (true, true);
            work.set_out(&id);
        }
        Asked::BalanceResponsible => {
            let responsible = responsible(record).expect("BalanceResponsibleMissing holds").number;
            balance_order::register(work, process, course, &responsible);
        }
    }
}

fn customer(record: &ChangeOfSupplier) -> Option<Customer> {
    let number = record.customer.as_ref()?.number.clone();
    Some(Customer::new(number, record.customer_name.as_deref().unwrap_or_default()))
}

fn responsible(record: &ChangeOfSupplier) -> Option<Party> {
    let id = record.balance_responsible.as_ref().filter(|id| !id.is_blank())?;
    Some(Party { number: ActorNumber::new(id.trimmed()), role: ActorRole::BalanceResponsibleParty })
}
