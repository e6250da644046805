//! Why a query is not answered, and what may be seen where it is. Source: market-roles 2.13, 4.8.

use crate::document::Header;
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party, Period, Timestamp, is_gsrn};
use crate::process::Context;
use crate::process::accounting_points::AccountingPoint;
use crate::process::change_of_supplier::window::{instant, today};
use crate::process::change_of_supplier::work::Work;
use crate::process::delegations::{self, Process};
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

/// What is to be told.
#[derive(Debug)]
pub struct Granted {
    /// The role of whoever asks, or is asked for.
    pub role: ActorRole,
    /// The times within which it may see what is asked for.
    pub seen: Vec<Period>,
}

/// What may be told, or every rule of the first level that does not hold.
pub fn judge(case: &Case) -> Result<Granted, Vec<Rule>> {
    let levels: [fn(&Case) -> Vec<Rule>; 2] = [input, existence];
    if let Some(broken) = levels.into_iter().map(|level| level(case)).find(|broken| !broken.is_empty()) {
        return Err(broken);
    }
    let (asked, asker) = (asked(case), asker(case).ok_or(vec![Rule::NoDelegation])?);
    let granted = |seen| Ok(Granted { role: asker.role, seen });
    if asker.role == ActorRole::GridAccessProvider {
        let is_its_own = case.work.grid_operator(case.id).is_some_and(|grid| grid.number == asker.number);
        return if is_its_own { granted(vec![asked]) } else { Err(vec![Rule::SenderMustBeGridOperator]) };
    }
    let own = case.expected.supplies().into_iter().filter(|supply| supply.supplier == asker.number);
    let seen: Vec<Period> = own.map(|supply| both(supply.period, asked)).filter(|it| !it.is_empty()).collect();
    if seen.is_empty() { Err(vec![Rule::MayNotSeeAccountingPoint]) } else { granted(seen) }
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

/// What a participant delegates to have another ask for it.
pub const PROCESS: Process = Process::RequestMeteringPointCharacteristics;

/// Whom the master data are asked for; nobody where the sender has not that one's leave in the grid area. Whoever asks for
/// itself needs nobody's.
fn asker(case: &Case) -> Option<Party> {
    let context = case.work.context;
    let sender = sender(case.header, context);
    let original = on_behalf_of(case.header, case.record, &sender, case.work.grid_operator(case.id), context);
    let area = &case.work.site(case.id).master.as_ref()?.grid_area;
    match original {
        Original::Sender => Some(sender),
        Original::Nobody => None,
        // A delegate writes the role of whoever it acts for (post-office 5.3), in which it is answered.
        Original::Other(original) if original.role != sender.role => None,
        Original::Other(original) => {
            let may = delegations::may_act(case.work.facts, &context.caller, &original, PROCESS, area, context.now);
            may.then_some(original)
        }
    }
}

/// On whose behalf a record asks.
pub enum Original {
    Sender,
    Other(Party),
    /// A delegated party does not say on whose, or says a role that does not exist.
    Nobody,
}

/// `grid` is whoever runs the grid area: for that a delegated party asks that names nobody.
pub fn on_behalf_of(
    header: &Header,
    record: &MasterDataQuery,
    sender: &Party,
    grid: Option<Party>,
    context: &Context,
) -> Original {
    let (number, role) = (&record.initiator, &record.initiator_role);
    let is_another = number.as_ref().is_some_and(|it| it.trimmed() != header.sender_number.trim())
        || role.as_ref().is_some_and(|role| *role != header.sender_role);
    if is_another {
        let named = number.as_ref().zip(role.as_deref().and_then(ActorRole::from_code));
        let named = named.map(|(number, role)| Party { number: ActorNumber::new(number.trimmed()), role });
        return named.map_or(Original::Nobody, Original::Other);
    }
    // Whoever asks in another role than its own asks for another.
    let own = context.caller.role;
    if own != ActorRole::Delegated && sender.role.queue_role() == own {
        return Original::Sender;
    }
    let grid = grid.filter(|_| sender.role == ActorRole::GridAccessProvider);
    grid.map_or(Original::Nobody, Original::Other)
}

/// Number and role that the header names.
pub fn sender(header: &Header, context: &Context) -> Party {
    let role = ActorRole::from_code(&header.sender_role).unwrap_or(context.caller.role);
    Party { number: header.sender(), role }
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
