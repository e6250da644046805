//! Why a request cannot be taken back. Source: market-roles 2.3, the table of reasons; 2.4.4.

use crate::document::Header;
use crate::market::{Timestamp, is_gsrn};
use crate::process::Market;
use crate::process::accounting_points::transactions::Transaction;
use crate::process::accounting_points::{Process, ProcessKind, Status};
use crate::process::change_of_supplier::track::before;
use crate::process::end_of_supply::REQUEST_END_OF_SUPPLY;
use crate::process::market_documents::Rule;
use crate::process::market_documents::requests::Cancellation;
use crate::process::services::{Service, State};

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a Cancellation,
    pub now: Timestamp,
    pub market: &'a Market,
    pub point_exists: bool,
    /// The sender's transaction of this id.
    pub original: Option<&'a Transaction>,
    /// A process that somebody else has asked for under this id, at this metering point.
    pub of_another: bool,
    /// Whether an end of supply or a move-out is pending at this metering point.
    pub end_is_pending: bool,
    /// The process that the transaction has set off, at whatever metering point.
    pub process: Option<&'a Process>,
    /// The service that it has asked for.
    pub service: Option<&'a Service>,
}

/// Every rule of the first level that does not hold.
pub fn broken(case: &Case) -> Vec<Rule> {
    let levels = [input, existence, domain];
    levels.into_iter().map(|level| level(case)).find(|broken| !broken.is_empty()).unwrap_or_default()
}

fn input(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let point = &case.record.metering_point;
    if point.is_blank() {
        broken.push(Rule::GsrnNumberIsRequired);
    } else if !is_gsrn(point.trimmed()) {
        broken.push(Rule::InvalidGsrnNumber);
    }
    if case.record.original_transaction_id.as_deref().is_none_or(|id| id.trim().is_empty()) {
        broken.push(Rule::TransactionIdIsEmpty);
    }
    broken
}

fn existence(case: &Case) -> Vec<Rule> {
    match (case.point_exists, case.original) {
        (false, _) => vec![Rule::UnknownAccountingPoint],
        (true, None) if case.of_another => vec![Rule::OriginalTransactionOfAnother],
        (true, None) if ends(&case.header.business_reason) && !case.end_is_pending => {
            vec![Rule::NoEndOfSupplyRegistered]
        }
        (true, None) => vec![Rule::OriginalTransactionUnknown],
        (true, Some(_)) => Vec::new(),
    }
}

fn domain(case: &Case) -> Vec<Rule> {
    [agreement, standing].into_iter().flat_map(|rules| rules(case)).collect()
}

fn agreement(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let Some(original) = case.original else { return broken };
    if original.point != case.record.metering_point.metering_point() {
        broken.push(Rule::MeteringPointDiffersFromOriginal);
    }
    let reason = &case.header.business_reason;
    let withdrawn = match case.service {
        Some(_) => reason == "D22",
        None => withdraws(reason, &original.reason),
    };
    if !withdrawn {
        broken.push(Rule::ReasonDoesNotWithdrawOriginal);
    }
    broken
}

fn standing(case: &Case) -> Vec<Rule> {
    match case.service.map(|service| service.state) {
        Some(State::Open) => return Vec::new(),
        Some(State::Confirmed | State::Rejected) => return vec![Rule::CancellationTooLate],
        Some(State::Cancelled) => return vec![Rule::OriginalIsNotOngoing],
        None => {}
    }
    let accepted = case.original.is_some_and(Transaction::is_accepted);
    match case.process {
        Some(process) if accepted && process.status != Status::Cancelled => {
            let open = process.status.is_open() && case.now < deadline(process, case.market);
            if open { Vec::new() } else { vec![Rule::CancellationTooLate] }
        }
        _ if case.original.is_some_and(|it| it.document == REQUEST_END_OF_SUPPLY.name) => {
            vec![Rule::NoEndOfSupplyRegistered]
        }
        _ => vec![Rule::OriginalIsNotOngoing],
    }
}

/// Whether a reason withdraws an end of supply or a move-out.
fn ends(reason: &str) -> bool {
    matches!(reason, "E20" | "E66")
}

/// Whether a cancellation for this reason withdraws a request made for that one.
fn withdraws(reason: &str, original: &str) -> bool {
    reason == original
        || match reason {
            "E03" => original == "D30",
            "E65" => matches!(original, "D21" | "D29"),
            _ => false,
        }
}

/// From when on a process cannot be taken back.
fn deadline(process: &Process, market: &Market) -> Timestamp {
    let settings = &market.dk().market_roles;
    let hours = match process.kind {
        // 2.10: as 2.3.
        ProcessKind::ChangeOfSupplier | ProcessKind::ChangeOfBalanceResponsible => {
            settings.change_of_supplier.cancellation_period_hours
        }
        ProcessKind::MoveIn => settings.move_in.cancellation_period_hours,
        ProcessKind::EndOfSupply | ProcessKind::MoveOut => settings.end_of_supply.cancellation_period_hours,
        _ => 0,
    };
    before(process.effective, hours)
}
