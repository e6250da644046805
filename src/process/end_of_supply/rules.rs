//! Why a supply does not end, or nobody moves out. Source: market-roles 2.4, 2.4.3, 2.6, 3.3, 3.4.

use crate::market::{ActorNumber, Calendar, MeteringPointType, Timestamp, is_gsrn};
use crate::process::Market;
use crate::process::accounting_points::{AccountingPoint, Process, ProcessKind, Status};
use crate::process::change_of_supplier::standing::Standing;
use crate::process::change_of_supplier::track::before;
use crate::process::change_of_supplier::window::Window;
use crate::process::market_documents::requests::EndOfSupply;
use crate::process::market_documents::{RequestKind, Rule};
use crate::process::metering_points::{ConnectionState, MeteringPoint};

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    /// An end of supply or a move-out.
    pub kind: RequestKind,
    pub record: &'a EndOfSupply,
    pub now: Timestamp,
    pub market: &'a Market,
    /// The date in the record, if it is one.
    pub end: Option<Timestamp>,
    pub sender: ActorNumber,
    pub standing: Standing,
    pub master: Option<&'a MeteringPoint>,
    pub point: &'a AccountingPoint,
    /// The accounting point once all that is pending has happened.
    pub expected: &'a AccountingPoint,
}

/// Every rule of the first level that does not hold, in the order of the tables.
pub fn broken(case: &Case) -> Vec<Rule> {
    let levels = [input, existence, supplier];
    let failed = levels.into_iter().map(|level| level(case)).find(|broken| !broken.is_empty());
    failed.unwrap_or_else(|| domain(case))
}

fn input(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let EndOfSupply { metering_point: point, energy_supplier, end, .. } = case.record;
    if point.is_blank() {
        broken.push(Rule::GsrnNumberIsRequired);
    } else if !is_gsrn(point.trimmed()) {
        broken.push(Rule::InvalidGsrnNumber);
    }
    match energy_supplier.as_ref().filter(|id| !id.is_blank()) {
        Some(id) if id.contradicts_itself() => broken.push(Rule::ActorNumberMustMatchItsScheme),
        Some(id) if id.trimmed() != case.sender.as_str() => broken.push(Rule::EnergySupplierDoesNotMatchSender),
        _ => {}
    }
    if end.trim().is_empty() {
        broken.push(Rule::EffectiveDateIsEmpty);
    } else if case.end.is_none() {
        broken.push(Rule::DateFormatMustBeUTC);
    }
    broken
}

fn existence(case: &Case) -> Vec<Rule> {
    if case.master.is_none() { vec![Rule::UnknownAccountingPoint] } else { Vec::new() }
}

fn supplier(case: &Case) -> Vec<Rule> {
    match case.standing {
        Standing::Unknown => vec![Rule::UnknownEnergySupplier],
        Standing::NotActive => vec![Rule::EnergySupplierMustBeActive],
        Standing::Live => Vec::new(),
    }
}

fn domain(case: &Case) -> Vec<Rule> {
    let (Some(master), Some(end)) = (case.master, case.end) else { return Vec::new() };
    let is_end_of_supply = case.kind == RequestKind::EndOfSupply;
    let settings = &case.market.dk().market_roles;
    let window = if is_end_of_supply {
        let it = &settings.end_of_supply;
        Window { days_before: it.days_before, days_after: it.days_after, min_notice_days: it.min_notice_days }
    } else {
        let it = &settings.move_out;
        Window { days_before: it.days_before, days_after: it.days_after, min_notice_days: 0 }
    };
    let processes = case.point.processes();
    let on_same_date = |kind: ProcessKind| {
        let happens = |it: &Process| matches!(it.status, Status::Pending | Status::Completed);
        let on_it = |it: &&&Process| it.kind == kind && it.effective == end && happens(it);
        // What was reversed is in nobody's way.
        processes.iter().filter(on_it).any(|it| !case.point.is_reversed(it))
    };
    // It may end with the metering point.
    let last = Timestamp::from_micros(end.micros() - 1);
    let open = |kind: ProcessKind| case.point.open().into_iter().any(|it| it.kind == kind);
    let rows = [
        (
            !matches!(master.kind, MeteringPointType::Consumption | MeteringPointType::Production),
            Rule::MeteringPointMustBeEnergySuppliable,
        ),
        (master.at(last).state == ConnectionState::ClosedDown, Rule::CannotBeInStateOfClosedDown),
        (case.point.supplier_at(case.now).is_none(), Rule::MustHaveEnergySupplierAssociated),
        (on_same_date(ProcessKind::MoveIn), Rule::MoveInRegisteredOnSameDateIsNotAllowed),
        (on_same_date(ProcessKind::MoveOut), Rule::MoveOutRegisteredOnSameDateIsNotAllowed),
        (is_end_of_supply && window.days_before == 0 && end < case.now, Rule::EffectiveDateCannotBeInThePast),
        (!window.allows(end, case.now, case.market), Rule::EffectiveDateIsNotWithinAllowedTimePeriod),
        (!Calendar::new(case.market.zone).is_midnight(end), Rule::InvalidEffectiveDateTimeOfDay),
    ];
    let mut broken: Vec<Rule> = rows.into_iter().filter_map(|(fails, rule)| fails.then_some(rule)).collect();
    broken.extend(not_its_own(case, end));
    let rows = [
        (is_end_of_supply && is_ending(case), Rule::OngoingEndOfSupply),
        (open(ProcessKind::Reallocation), Rule::ReallocationRunning),
        (is_end_of_supply && has_changed_after(case, end), Rule::NoLaterCompletedChange),
        (is_end_of_supply && ends_anyway(case, end), Rule::ChangeCannotBeCancelledAnyMore),
        (!is_end_of_supply && case.expected.consumer_at(last).is_none(), Rule::ConsumerMustBeRegistered),
    ];
    broken.extend(rows.into_iter().filter_map(|(fails, rule)| fails.then_some(rule)));
    broken
}

/// The supply that ends is the sender's up to the day, and nobody else's has begun there.
///
/// An end of supply may also be that of a supplier which a pending change is to replace before: the change may yet be
/// cancelled.
fn not_its_own(case: &Case, end: Timestamp) -> Option<Rule> {
    let sender = Some(&case.sender);
    let last = Timestamp::from_micros(end.micros() - 1);
    let point = if case.kind == RequestKind::EndOfSupply { case.point } else { case.expected };
    let begun = point.supply_at(end).filter(|(_, supply)| supply.dates.start == Some(end));
    let begun = begun.map(|(_, supply)| &supply.supplier);
    let supplies = case.expected.supplier_at(last);
    let replaced =
        case.kind == RequestKind::EndOfSupply && supplies.is_some() && case.point.supplier_at(last) == sender;
    let its_own = (supplies == sender || replaced) && (begun.is_none() || begun == sender);
    if its_own {
        return None;
    }
    let other = begun.or(supplies).filter(|other| Some(*other) != sender);
    match other {
        Some(_) if case.kind == RequestKind::EndOfSupply => Some(Rule::CurrentSupplierIsAnother),
        _ => Some(Rule::SenderMustBeCurrentSupplier),
    }
}

/// An end of supply is pending: the sender's own, or one that will happen as far as is known. What another has announced of a
/// supply that it will not have is in nobody's way.
fn is_ending(case: &Case) -> bool {
    let ends = case.point.open().into_iter().filter(|it| it.kind == ProcessKind::EndOfSupply);
    let happens = |it: &Process| case.expected.process(&it.id).is_some_and(|it| it.status != Status::Cancelled);
    ends.into_iter().any(|it| it.requester.as_ref() == Some(&case.sender) || happens(it))
}

fn has_changed_after(case: &Case, end: Timestamp) -> bool {
    let processes = case.point.processes();
    let later = |it: &&&Process| it.kind.brings_supplier() && it.status == Status::Completed && it.effective > end;
    processes.iter().filter(later).any(|it| !case.point.is_reversed(it))
}

/// A pending change of supplier takes the supply over before, and is past being cancelled; or another supplier is to take it
/// over by force.
fn ends_anyway(case: &Case, end: Timestamp) -> bool {
    let hours = case.market.dk().market_roles.change_of_supplier.cancellation_period_hours;
    let fixed = |it: &Process| case.now >= before(it.effective, hours);
    let open = case.point.open();
    let is_forced = open.iter().any(|it| it.takes_over.as_ref() == Some(&case.sender));
    is_forced
        || open.into_iter().any(|it| {
            it.kind == ProcessKind::ChangeOfSupplier
                && it.status == Status::Pending
                && it.requester.as_ref() != Some(&case.sender)
                && it.effective <= end
                && fixed(it)
        })
}
