//! Rules about an operation as it was sent, asked without a look at what is stored.

use super::{Judged, Rule, is_blank, shown};
use crate::market::ReasonCode;

/// Most characters of a charge id. Source: VR.441.
pub const CHARGE_ID_CHARACTERS_MAX: usize = 10;
/// Most characters of a transaction id. Source: VR.922.
pub const TRANSACTION_ID_CHARACTERS_MAX: usize = 36;

impl<R: Judged> Rule<R> {
    pub const VR_441: Self = Self {
        number: "VR.441",
        name: "ChargeIdLengthValidation",
        code: ReasonCode::E86,
        holds: |case| at_most(R::seen(case).charge_id, CHARGE_ID_CHARACTERS_MAX),
        text: |case| {
            format!("the id of {} is longer than {CHARGE_ID_CHARACTERS_MAX} characters", R::seen(case).charge())
        },
    };

    pub const VR_440: Self = Self {
        number: "VR.440",
        name: "ChargeIdRequiredValidation",
        code: ReasonCode::E0H,
        holds: |case| !is_blank(R::seen(case).charge_id),
        text: |case| {
            let seen = R::seen(case);
            format!("the id of {} is missing in transaction {}", seen.charge(), shown(seen.transaction_id))
        },
    };

    pub const VR_223: Self = Self {
        number: "VR.223",
        name: "ChargeOperationIdRequired",
        code: ReasonCode::E0H,
        holds: |case| !is_blank(R::seen(case).transaction_id),
        text: |case| {
            let seen = R::seen(case);
            let document = shown(&seen.header.message_id);
            format!("the transaction id is missing in document {document} for {}", seen.subject())
        },
    };

    pub const VR_922: Self = Self {
        number: "VR.922",
        name: "ChargeOperationIdLengthValidation",
        code: ReasonCode::E86,
        holds: |case| at_most(R::seen(case).transaction_id, TRANSACTION_ID_CHARACTERS_MAX),
        text: |case| {
            let seen = R::seen(case);
            format!(
                "transaction id {} in document {} is longer than {TRANSACTION_ID_CHARACTERS_MAX} characters",
                shown(seen.transaction_id),
                shown(&seen.header.message_id)
            )
        },
    };

    pub const VR_532: Self = Self {
        number: "VR.532",
        name: "ChargeOwnerIsRequiredValidation",
        code: ReasonCode::E0H,
        holds: |case| !is_blank(R::seen(case).owner),
        text: |case| format!("the owner of {} is missing", R::seen(case).charge()),
    };

    pub const VR_449: Self = Self {
        number: "VR.449",
        name: "ChargeTypeIsKnownValidation",
        code: ReasonCode::E86,
        holds: |case| R::seen(case).charge_type.is_some(),
        text: |case| format!("the type of {} is missing; it is one of D01, D02, D03", R::seen(case).charge()),
    };

    pub const VR_531: Self = Self {
        number: "VR.531",
        name: "StartDateTimeRequiredValidation",
        code: ReasonCode::E0H,
        holds: |case| R::seen(case).effective.is_some(),
        text: |case| format!("the effective date is missing for {}", R::seen(case).subject()),
    };
}

pub fn at_most(text: &str, characters_max: usize) -> bool {
    text.len() <= characters_max || text.chars().count() <= characters_max
}
