//! Rules about what is registered: the metering point, the supplier, the customer, other processes, the calendar.
//!
//! Source: market-roles 3.4, 2.14.

use super::{Case, Check, Level};
use crate::market::{Calendar, MeteringPointType, Timestamp};
use crate::process::accounting_points::{Process, ProcessKind, Status};
use crate::process::change_of_supplier::standing::Standing;
use crate::process::change_of_supplier::window::Window;
use crate::process::market_documents::Rule;
use crate::process::metering_points::MeteringPoint;

/// Without an accounting point there is nothing to ask.
pub static POINT: Level = &[&[&UNKNOWN_ACCOUNTING_POINT]];
pub static SUPPLIER: Level = &[&[&UNKNOWN_ENERGY_SUPPLIER, &ENERGY_SUPPLIER_MUST_BE_ACTIVE]];

pub static CHANGE_OF_SUPPLIER: Level = &[
    &[&METERING_POINT_MUST_BE_ENERGY_SUPPLIABLE],
    &[&PRODUCTION_METERING_POINT_MUST_BE_OBLIGATED],
    &[&CANNOT_BE_IN_STATE_OF_CLOSED_DOWN],
    &[&MUST_HAVE_ENERGY_SUPPLIER_ASSOCIATED],
    &[&CHANGE_OF_SUPPLIER_REGISTERED_ON_SAME_DATE],
    &[&MOVE_IN_REGISTERED_ON_SAME_DATE],
    &[&MOVE_OUT_REGISTERED_ON_SAME_DATE],
    &[&EFFECTIVE_DATE_CANNOT_BE_IN_THE_PAST],
    &[&EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD],
    &[&INVALID_EFFECTIVE_DATE_TIME_OF_DAY],
    &[&CANNOT_BE_CURRENT_SUPPLIER],
    &[&CONSUMER_MUST_MATCH],
    &[&ACTOR_BLOCKED_IN_GRID_AREA],
    &[&OTHER_ACTOR_BLOCKED_IN_GRID_AREA],
    &[&REALLOCATION_RUNNING],
    &[&NET_SETTLEMENT_GROUP_6],
];

pub static MOVE_IN_DATE: Level =
    &[&[&EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD_OF_MOVE_IN, &INVALID_EFFECTIVE_DATE_TIME_OF_DAY]];

pub static MOVE_IN: Level = &[
    &[&METERING_POINT_MUST_BE_ENERGY_SUPPLIABLE],
    &[&CANNOT_BE_IN_STATE_OF_CLOSED_DOWN],
    &[&MOVE_IN_REGISTERED_ON_SAME_DATE_AS_MOVE_IN],
    &[&CUSTOMER_MUST_BE_DIFFERENT_FROM_CURRENT_CUSTOMER],
    &[&MOVE_IN_AFTER_COMPLETED_END_OF_SUPPLY],
    &[&ACTOR_BLOCKED_IN_GRID_AREA],
    &[&OTHER_ACTOR_BLOCKED_IN_GRID_AREA],
    &[&REALLOCATION_RUNNING],
];

pub static UNKNOWN_ACCOUNTING_POINT: Check =
    Check { rule: Rule::UnknownAccountingPoint, fails: |case| case.master.is_none() };

pub static UNKNOWN_ENERGY_SUPPLIER: Check =
    Check { rule: Rule::UnknownEnergySupplier, fails: |case| case.supplier == Standing::Unknown };

/// Registered, and not active or in another role.
pub static ENERGY_SUPPLIER_MUST_BE_ACTIVE: Check =
    Check { rule: Rule::EnergySupplierMustBeActive, fails: |case| case.supplier != Standing::Live };

pub static METERING_POINT_MUST_BE_ENERGY_SUPPLIABLE: Check = Check {
    rule: Rule::MeteringPointMustBeEnergySuppliable,
    fails: |case| {
        let suppliable = [MeteringPointType::Consumption, MeteringPointType::Production];
        !case.master.is_some_and(|master| suppliable.contains(&master.kind))
    },
};

pub static PRODUCTION_METERING_POINT_MUST_BE_OBLIGATED: Check = Check {
    rule: Rule::ProductionMeteringPointMustBeObligated,
    fails: |case| {
        let obligated = |it: &MeteringPoint| it.at(case.effective()).production_obligated;
        case.master.is_some_and(|it| it.kind == MeteringPointType::Production && !obligated(it))
    },
};

/// On the date, or later: nobody takes over what is to be closed down.
pub static CANNOT_BE_IN_STATE_OF_CLOSED_DOWN: Check = Check {
    rule: Rule::CannotBeInStateOfClosedDown,
    fails: |case| case.master.is_some_and(|master| master.is_closed_from(case.effective())),
};

/// Where nobody supplies, supply begins again by a move-in.
pub static MUST_HAVE_ENERGY_SUPPLIER_ASSOCIATED: Check =
    Check { rule: Rule::MustHaveEnergySupplierAssociated, fails: |case| case.point.supplier_at(case.now).is_none() };

pub static CHANGE_OF_SUPPLIER_REGISTERED_ON_SAME_DATE: Check = Check {
    rule: Rule::ChangeOfSupplierRegisteredOnSameDateIsNotAllowed,
    fails: |case| {
        let counts = [Status::Pending, Status::Suspended, Status::Completed];
        on_same_date(case, ProcessKind::ChangeOfSupplier, &counts).next().is_some()
    },
};

pub static MOVE_IN_REGISTERED_ON_SAME_DATE: Check = Check {
    rule: Rule::MoveInRegisteredOnSameDateIsNotAllowed,
    fails: |case| on_same_date(case, ProcessKind::MoveIn, HAPPENS).next().is_some(),
};

/// A secondary move-in may follow one that the same supplier has registered.
pub static MOVE_IN_REGISTERED_ON_SAME_DATE_AS_MOVE_IN: Check = Check {
    rule: Rule::MoveInRegisteredOnSameDateIsNotAllowed,
    fails: |case| {
        let secondary = case.header.business_reason == "D29";
        let requester = case.requester();
        on_same_date(case, ProcessKind::MoveIn, HAPPENS)
            .any(|earlier| !(secondary && earlier.requester.as_ref() == Some(&requester)))
    },
};

pub static MOVE_OUT_REGISTERED_ON_SAME_DATE: Check = Check {
    rule: Rule::MoveOutRegisteredOnSameDateIsNotAllowed,
    fails: |case| on_same_date(case, ProcessKind::MoveOut, HAPPENS).next().is_some(),
};

/// The midnight that began the present day is past, unless it is allowed. Where a window reaches back, the window decides.
pub static EFFECTIVE_DATE_CANNOT_BE_IN_THE_PAST: Check = Check {
    rule: Rule::EffectiveDateCannotBeInThePast,
    fails: |case| case.market.dk().market_roles.change_of_supplier.days_before == 0 && is_past(case),
};

pub static EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD: Check = Check {
    rule: Rule::EffectiveDateIsNotWithinAllowedTimePeriod,
    fails: |case| {
        let settings = &case.market.dk().market_roles.change_of_supplier;
        let short = case.header.business_reason == "D30";
        let window = Window {
            days_before: settings.days_before,
            days_after: settings.days_after,
            min_notice_days: if short { settings.short_notice_min_notice_days } else { settings.min_notice_days },
        };
        !today_is_allowed(case) && !window.allows(case.effective(), case.now, case.market)
    },
};

pub static EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD_OF_MOVE_IN: Check = Check {
    rule: Rule::EffectiveDateIsNotWithinAllowedTimePeriod,
    fails: |case| {
        let settings = &case.market.dk().market_roles.move_in;
        let (days_before, days_after) = match &*case.header.business_reason {
            "D21" => (settings.d21_days_before, settings.d21_days_after),
            "D29" => (settings.d29_days_before, settings.d29_days_after),
            _ => (settings.days_before, settings.days_after),
        };
        let window = Window { days_before, days_after, min_notice_days: 0 };
        !window.allows(case.effective(), case.now, case.market)
    },
};

pub static INVALID_EFFECTIVE_DATE_TIME_OF_DAY: Check = Check {
    rule: Rule::InvalidEffectiveDateTimeOfDay,
    fails: |case| !Calendar::new(case.market.zone).is_midnight(case.effective()),
};

pub static CANNOT_BE_CURRENT_SUPPLIER: Check = Check {
    rule: Rule::CannotBeCurrentSupplier,
    fails: |case| case.expected.supplier_at(case.effective()) == Some(&case.requester()),
};

pub static CONSUMER_MUST_MATCH: Check = Check { rule: Rule::ConsumerMustMatch, fails: |case| !same_customer(case) };

/// A move-in for another reason may be that of the same customer under another title.
pub static CUSTOMER_MUST_BE_DIFFERENT_FROM_CURRENT_CUSTOMER: Check = Check {
    rule: Rule::CustomerMustBeDifferentFromCurrentCustomer,
    fails: |case| case.header.business_reason == "E65" && same_customer(case),
};

pub static MOVE_IN_AFTER_COMPLETED_END_OF_SUPPLY: Check = Check {
    rule: Rule::MoveInAfterCompletedEndOfSupply,
    fails: |case| {
        let ended = case.point.processes().into_iter().filter(|it| it.kind == ProcessKind::EndOfSupply);
        !case.market.dk().market_roles.move_in.after_end_of_supply
            && case.expected.supplier_at(case.effective()).is_none()
            && ended.into_iter().any(|it| it.status == Status::Completed)
    },
};

pub static ACTOR_BLOCKED_IN_GRID_AREA: Check =
    Check { rule: Rule::ActorBlockedInGridArea, fails: |case| is_blocked(case, case.record.energy_supplier.trimmed()) };

pub static OTHER_ACTOR_BLOCKED_IN_GRID_AREA: Check = Check {
    rule: Rule::OtherActorBlockedInGridArea,
    fails: |case| case.record.balance_responsible.as_ref().is_some_and(|it| is_blocked(case, it.trimmed())),
};

pub static REALLOCATION_RUNNING: Check = Check {
    rule: Rule::ReallocationRunning,
    fails: |case| case.point.open().into_iter().any(|process| process.kind == ProcessKind::Reallocation),
};

pub static NET_SETTLEMENT_GROUP_6: Check = Check {
    rule: Rule::NetSettlementGroup6,
    fails: |case| {
        case.market.dk().market_roles.change_of_supplier.net_settlement_group_6_stays
            && case.master.is_some_and(|it| it.at(case.effective()).master.net_settlement_group == Some(6))
    },
};

/// What has happened or will, unless something comes between.
pub const HAPPENS: &[Status] = &[Status::Pending, Status::Completed];

/// What was reversed is in nobody's way.
pub fn on_same_date<'a>(
    case: &Case<'a>,
    kind: ProcessKind,
    statuses: &'a [Status],
) -> impl Iterator<Item = &'a Process> {
    let effective = case.effective();
    let (point, processes) = (case.point, case.point.processes().into_iter());
    processes
        .filter(move |it| it.kind == kind && it.effective == effective && statuses.contains(&it.status))
        .filter(move |it| !point.is_reversed(it))
}

pub fn is_past(case: &Case) -> bool {
    case.effective() < case.now && !today_is_allowed(case)
}

fn today_is_allowed(case: &Case) -> bool {
    let calendar = Calendar::new(case.market.zone);
    let date = |at: Timestamp| calendar.date(at);
    case.market.dk().market_roles.change_of_supplier.allow_today && date(case.effective()) == date(case.now)
}

pub fn is_blocked(case: &Case, number: &str) -> bool {
    let Some(master) = case.master else { return false };
    let blocked = format!("{}:{number}", master.grid_area);
    case.market.dk().market_roles.notices.blocked.contains(&blocked)
}

fn same_customer(case: &Case) -> bool {
    match (&case.customer, &case.registered) {
        (Some(customer), Some(registered)) => customer.is_same_as(registered),
        _ => false,
    }
}

/// Days from today that a change of balance responsible party may lie away.
pub fn balance_window(case: &Case) -> bool {
    let settings = &case.market.dk().market_roles.balance_responsible;
    let window = Window { days_before: settings.days_before, days_after: settings.days_after, min_notice_days: 0 };
    window.allows(case.effective(), case.now, case.market)
}
