//! Why a move or a change of supplier is not undone. Source: market-roles 2.7, 2.8, 3.3, 3.4.

use crate::document::Header;
use crate::market::{ActorNumber, Timestamp, is_gsrn};
use crate::process::Market;
use crate::process::accounting_points::{Process, ProcessKind};
use crate::process::change_of_supplier::settings::NO_BOUND;
use crate::process::change_of_supplier::window::{days_between, instant};
use crate::process::change_of_supplier::work::Site;
use crate::process::market_documents::Rule;
use crate::process::market_documents::requests::Reallocation;

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a Reallocation,
    pub now: Timestamp,
    pub market: &'a Market,
    pub site: &'a Site,
}

/// The effective date of what is to be undone, or every rule of the first level that does not hold.
pub fn judge(case: &Case) -> Result<Timestamp, Vec<Rule>> {
    let broken = input(case);
    if !broken.is_empty() {
        return Err(broken);
    }
    if case.site.master.is_none() {
        return Err(vec![Rule::UnknownAccountingPoint]);
    }
    let effective = instant(case.record.start.trim()).expect("DateFormatMustBeUTC holds");
    let broken = domain(case, effective);
    if broken.is_empty() { Ok(effective) } else { Err(broken) }
}

fn input(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let record = case.record;
    if record.metering_point.is_blank() {
        broken.push(Rule::GsrnNumberIsRequired);
    } else if !is_gsrn(record.metering_point.trimmed()) {
        broken.push(Rule::InvalidGsrnNumber);
    }
    if record.start.trim().is_empty() {
        broken.push(Rule::EffectiveDateIsEmpty);
    } else if instant(record.start.trim()).is_none() {
        broken.push(Rule::DateFormatMustBeUTC);
    }
    broken
}

fn domain(case: &Case, effective: Timestamp) -> Vec<Rule> {
    let mut broken = Vec::new();
    let (point, sender) = (&case.site.point, case.header.sender());
    let wrong = point.reversible(&case.header.business_reason, &sender, effective);
    if !may_undo(case, &sender, &wrong) {
        broken.push(Rule::SenderMustBeCurrentSupplier);
    }
    let most = case.market.dk().market_roles.reallocate.max_days_back;
    if wrong.is_empty() {
        broken.push(Rule::NothingToReallocate);
    } else if most != NO_BOUND && days_between(effective, case.now, case.market) > i64::from(most) {
        broken.push(Rule::ReallocationTooLate);
    } else if point.has_changed_since(&wrong) {
        broken.push(Rule::ChangedSince);
    }
    if point.open().into_iter().any(|process| process.kind == ProcessKind::Reallocation) {
        broken.push(Rule::ReallocationRunning);
    }
    broken
}

/// The sender supplies now; or nobody does, because of the move-out that it has reported.
fn may_undo(case: &Case, sender: &ActorNumber, wrong: &[&Process]) -> bool {
    match case.site.point.supplier_at(case.now) {
        Some(supplier) => supplier == sender,
        None => wrong.iter().any(|process| process.kind == ProcessKind::MoveOut),
    }
}
