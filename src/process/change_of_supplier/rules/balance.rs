//! Rules of a change of balance responsible party (E56). Source: market-roles 2.10, 3.4.

use super::domain::{self, HAPPENS, on_same_date};
use super::{Check, Level};
use crate::market::ActorNumber;
use crate::process::accounting_points::ProcessKind;
use crate::process::market_documents::Rule;

pub static DOMAIN: Level = &[
    &[&domain::METERING_POINT_MUST_BE_ENERGY_SUPPLIABLE],
    &[&domain::CANNOT_BE_IN_STATE_OF_CLOSED_DOWN],
    &[&domain::MUST_HAVE_ENERGY_SUPPLIER_ASSOCIATED],
    &[&CHANGE_OF_BALANCE_RESPONSIBLE_ON_SAME_DATE],
    &[&EFFECTIVE_DATE_CANNOT_BE_IN_THE_PAST],
    &[&EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD],
    &[&domain::INVALID_EFFECTIVE_DATE_TIME_OF_DAY],
    &[&SENDER_MUST_BE_CURRENT_SUPPLIER],
    &[&BALANCE_RESPONSIBLE_MUST_BE_KNOWN],
    &[&BALANCE_RESPONSIBLE_IS_CURRENT],
    &[&BALANCE_RESPONSIBLE_PER_GRID_AREA],
    &[&domain::ACTOR_BLOCKED_IN_GRID_AREA],
    &[&domain::OTHER_ACTOR_BLOCKED_IN_GRID_AREA],
    &[&domain::REALLOCATION_RUNNING],
];

/// What another supplier has asked for is about its own supply alone.
pub static CHANGE_OF_BALANCE_RESPONSIBLE_ON_SAME_DATE: Check = Check {
    rule: Rule::ChangeOfBalanceResponsibleOnSameDate,
    fails: |case| {
        let requester = case.requester();
        let kind = ProcessKind::ChangeOfBalanceResponsible;
        on_same_date(case, kind, HAPPENS).any(|it| it.requester.as_ref() == Some(&requester))
    },
};

pub static EFFECTIVE_DATE_CANNOT_BE_IN_THE_PAST: Check = Check {
    rule: Rule::EffectiveDateCannotBeInThePast,
    fails: |case| case.market.dk().market_roles.balance_responsible.days_before == 0 && domain::is_past(case),
};

pub static EFFECTIVE_DATE_IS_NOT_WITHIN_ALLOWED_TIME_PERIOD: Check =
    Check { rule: Rule::EffectiveDateIsNotWithinAllowedTimePeriod, fails: |case| !domain::balance_window(case) };

/// At the effective date, with all that is pending.
pub static SENDER_MUST_BE_CURRENT_SUPPLIER: Check = Check {
    rule: Rule::SenderMustBeCurrentSupplier,
    fails: |case| case.expected.supplier_at(case.effective()) != Some(&case.requester()),
};

pub static BALANCE_RESPONSIBLE_MUST_BE_KNOWN: Check =
    Check { rule: Rule::BalanceResponsibleMustBeKnown, fails: |case| !case.responsible_is_live };

pub static BALANCE_RESPONSIBLE_IS_CURRENT: Check = Check {
    rule: Rule::BalanceResponsibleIsCurrent,
    fails: |case| {
        let asked = case.record.balance_responsible.as_ref().map(|id| id.trimmed());
        let current = case.expected.balance_at(&case.requester(), case.effective());
        current.is_some_and(|current| Some(current.responsible.as_str()) == asked)
    },
};

/// Of consumption, a supplier has one party in a grid area; production may be spread over several.
pub static BALANCE_RESPONSIBLE_PER_GRID_AREA: Check = Check {
    rule: Rule::BalanceResponsiblePerGridArea,
    fails: |case| {
        let asked = case.record.balance_responsible.as_ref().map(|id| id.trimmed());
        let area = case.area_responsible.as_ref().map(ActorNumber::as_str);
        case.market.dk().market_roles.balance_responsible.consumption_per_grid_area && area.is_some() && area != asked
    },
};
