//! Rules about an operation as it was sent, asked without a look at what is stored.

use super::words::*;
use super::{Case, Rule};
use crate::market::{Calendar, ChargeType, ReasonCode, Timestamp};
use crate::process::charge_documents::UNKNOWN;

pub static CH_10: Rule = Rule {
    number: "CH.10",
    name: "LinkFactorMustFit",
    code: ReasonCode::E86,
    holds: |case| match case.operation.factor {
        None => false,
        Some(factor) => factor == 1 || (factor > 1 && case.operation.charge_type != Some(ChargeType::Tariff)),
    },
    text: |case| {
        let factor = case.operation.factor.map_or(UNKNOWN.into(), |factor| factor.to_string());
        format!("factor {factor} does not fit {}: it is 1 for a tariff, and 1 or more for any other charge", link(case))
    },
};

/// What is missing is reported by VR.440, VR.449, VR.531 and VR.532; a link that ends where it starts is a stop.
pub static CH_11: Rule = Rule {
    number: "CH.11",
    name: "LinkMustEndAfterItsStart",
    code: ReasonCode::E86,
    holds: |case| case.operation.effective.is_none_or(|start| start <= case.operation.end()),
    text: |case| format!("{} ends on {}, before its effective date {}", link(case), termination(case), effective(case)),
};

pub static CH_13: Rule = Rule {
    number: "CH.13",
    name: "LinkMustNotBeChangedTooFarBack",
    code: ReasonCode::E17,
    holds: |case| {
        let window = case.market.dk().charge_links.correction_window;
        case.by_default
            || window.is_open(Calendar::new(case.market.zone).date(case.now))
            || case.operation.effective.is_none_or(|start| start >= earliest(case))
    },
    text: |case| {
        format!(
            "effective date {} of {} is too early; it may lie from {} on",
            effective(case),
            link(case),
            earliest(case)
        )
    },
};

/// Local midnight of the earliest day that a change may reach back to outside of the correction window.
fn earliest(case: &Case) -> Timestamp {
    let back_days = i32::from(case.market.dk().charge_links.back_days);
    Calendar::new(case.market.zone).midnight_in_days(case.now, -back_days)
}
