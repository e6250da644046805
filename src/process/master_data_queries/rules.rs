//! Why a query is not answered, and what may be seen where it is. Source: market-roles 2.13, 4.8.

use crate::document::Header;
use crate::market::{ActorRole, MeteringPointId, Period, Timestamp, is_gsrn};
use crate::process::accounting_points::AccountingPoint;
use crate::process::change_of_supplier::window::{instant, today};
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::Rule;
use crate::process::market_documents::requests::MasterDataQuery;

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a MasterDataQuery,
    pub work: &'a Work<'a>,
    pub id: &'a MeteringPointId,
    /// The accounting point once all that is pending has happened.
    pub expected: &'a AccountingPoint,
}

/// The times within which the asker may see what it asks for, or every rule of the first level that does not hold.
pub fn judge(case: &Case) -> Result<Vec<Period>, Vec<Rule>> {
    let levels: [fn(&Case) -> Vec<Rule>; 3] = [input, existence, delegation];
    if let Some(broken) = levels.into_iter().map(|level| level(case)).find(|broken| !broken.is_empty()) {
        return Err(broken);
    }
    let asked = asked(case);
    if case.header.sender_role == ActorRole::GridAccessProvider.code() {
        let grid = case.work.grid_operator(case.id);
        let is_its_own = grid.is_some_and(|grid| grid.number == case.header.sender());
        return if is_its_own { Ok(vec![asked]) } else { Err(vec![Rule::SenderMustBeGridOperator]) };
    }
    let sender = case.header.sender();
    let own = case.expected.supplies().into_iter().filter(|supply| supply.supplier == sender);
    let seen: Vec<Period> = own.map(|supply| both(supply.period, asked)).filter(|it| !it.is_empty()).collect();
    if seen.is_empty() { Err(vec![Rule::MayNotSeeAccountingPoint]) } else { Ok(seen) }
}

fn input(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let record = case.record;
    if record.metering_point.is_blank() {
        broken.push(Rule::GsrnNumberIsRequired);
    } else if !is_gsrn(record.metering_point.trimmed()) {
        broken.push(Rule::InvalidGsrnNumber);
    }
    if record.initiator.as_ref().is_some_and(|initiator| initiator.contradicts_itself()) {
        broken.push(Rule::ActorNumberMustMatchItsScheme);
    }
    let date = |text: &Option<String>| text.as_deref().map(|text| instant(text.trim()));
    match (date(&record.start), date(&record.end)) {
        (Some(None), _) | (_, Some(None)) => broken.push(Rule::DateFormatMustBeUTC),
        (None, Some(_)) => broken.push(Rule::PeriodMustBeValid),
        (Some(start), Some(end)) if end <= start => broken.push(Rule::PeriodMustBeValid),
        _ => {}
    }
    if record.initiator.is_some() != record.initiator_role.is_some() {
        broken.push(Rule::InitiatorMustBeComplete);
    }
    broken
}

/// Before it begins there is no metering point.
fn existence(case: &Case) -> Vec<Rule> {
    let exists = case.work.site(case.id).master.as_ref().is_some_and(|it| it.effective < asked_end(case));
    if exists { Vec::new() } else { vec![Rule::UnknownAccountingPoint] }
}

/// Whoever asks for itself needs nobody's leave; nobody has given any.
fn delegation(case: &Case) -> Vec<Rule> {
    let (number, role) = (&case.record.initiator, &case.record.initiator_role);
    let is_another = number.as_ref().is_some_and(|it| it.trimmed() != case.header.sender_number.trim())
        || role.as_ref().is_some_and(|role| *role != case.header.sender_role);
    if is_another { vec![Rule::NoDelegation] } else { Vec::new() }
}

/// What is asked for, from when the metering point began on.
fn asked(case: &Case) -> Period {
    let start = case.record.start.as_deref().and_then(|start| instant(start.trim()));
    let start = start.unwrap_or_else(|| today(case.work.now(), case.work.context.market));
    let master = case.work.site(case.id).master.as_ref().expect("UnknownAccountingPoint holds");
    Period::new(start.max(master.effective), asked_end(case))
}

fn asked_end(case: &Case) -> Timestamp {
    let end = case.record.end.as_deref().and_then(|end| instant(end.trim()));
    end.unwrap_or(Timestamp::OPEN_END)
}

fn both(one: Period, other: Period) -> Period {
    let start = one.start.max(other.start);
    Period::new(start, one.end.min(other.end).max(start))
}
