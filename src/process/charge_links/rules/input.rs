//! Rules about an operation as it was sent, asked without a look at what is stored.

use super::super::request::is_blank;
use super::words::*;
use super::{Case, Rule};
use crate::market::{Calendar, ChargeType, ReasonCode, Timestamp};

/// Most characters of a charge id. Source: VR.441.
pub const CHARGE_ID_CHARACTERS_MAX: usize = 10;
/// Most characters of a transaction id. Source: VR.922.
pub const TRANSACTION_ID_CHARACTERS_MAX: usize = 36;

pub static VR_441: Rule = Rule {
    number: "VR.441",
    name: "ChargeIdLengthValidation",
    code: ReasonCode::E86,
    holds: |case| at_most(&case.operation.charge_id, CHARGE_ID_CHARACTERS_MAX),
    text: |case| format!("the id of {} is longer than {CHARGE_ID_CHARACTERS_MAX} characters", charge(case)),
};

pub static VR_440: Rule = Rule {
    number: "VR.440",
    name: "ChargeIdRequiredValidation",
    code: ReasonCode::E0H,
    holds: |case| !is_blank(&case.operation.charge_id),
    text: |case| {
        format!("the id of {} is missing in transaction {}", charge(case), shown(&case.operation.transaction_id))
    },
};

pub static VR_223: Rule = Rule {
    number: "VR.223",
    name: "ChargeOperationIdRequired",
    code: ReasonCode::E0H,
    holds: |case| !is_blank(&case.operation.transaction_id),
    text: |case| {
        format!("the transaction id is missing in document {} for {}", shown(&case.header.message_id), link(case))
    },
};

pub static VR_922: Rule = Rule {
    number: "VR.922",
    name: "ChargeOperationIdLengthValidation",
    code: ReasonCode::E86,
    holds: |case| at_most(&case.operation.transaction_id, TRANSACTION_ID_CHARACTERS_MAX),
    text: |case| {
        format!(
            "transaction id {} in document {} is longer than {TRANSACTION_ID_CHARACTERS_MAX} characters",
            shown(&case.operation.transaction_id),
            shown(&case.header.message_id)
        )
    },
};

pub static VR_532: Rule = Rule {
    number: "VR.532",
    name: "ChargeOwnerIsRequiredValidation",
    code: ReasonCode::E0H,
    holds: |case| !is_blank(&case.operation.owner),
    text: |case| format!("the owner of {} is missing", charge(case)),
};

pub static VR_449: Rule = Rule {
    number: "VR.449",
    name: "ChargeTypeIsKnownValidation",
    code: ReasonCode::E86,
    holds: |case| case.operation.charge_type.is_some(),
    text: |case| format!("the type of {} is missing; it is one of D01, D02, D03", charge(case)),
};

pub static VR_531: Rule = Rule {
    number: "VR.531",
    name: "StartDateTimeRequiredValidation",
    code: ReasonCode::E0H,
    holds: |case| case.operation.effective.is_some(),
    text: |case| format!("the effective date is missing for {}", link(case)),
};

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
        let window = case.market.charge_links.correction_window;
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
    let back_days = i32::from(case.market.charge_links.back_days);
    Calendar::new(case.market.zone).midnight_in_days(case.now, -back_days)
}

fn at_most(text: &str, characters_max: usize) -> bool {
    text.len() <= characters_max || text.chars().count() <= characters_max
}
