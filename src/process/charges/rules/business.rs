//! Rules about an operation and what is stored: the charge as it stands, and who may own it.

use super::Rule;
use super::words::*;
use crate::market::{ActorRole, ReasonCode, Resolution};
use crate::process::charge_documents::shown;

pub static VR_914: Rule = Rule {
    number: "VR.914",
    name: "CreateChargeIsNotAllowedATerminationDate",
    code: ReasonCode::D14,
    holds: |case| information(case).is_none_or(|it| it.termination.is_none()),
    text: |case| format!("{} cannot be stopped, for it never existed", charge(case)),
};

pub static VR_903: Rule = Rule {
    number: "VR.903",
    name: "ChangingTariffTaxValueNotAllowed",
    code: ReasonCode::D14,
    holds: |case| {
        case.charge.is_none_or(|it| information(case).and_then(|i| i.tax_indicator) == Some(it.tax_indicator))
    },
    text: |case| format!("the tax indicator of {} cannot be changed to {}", charge(case), tax_indicator(case)),
};

pub static VR_905: Rule = Rule {
    number: "VR.905",
    name: "UpdateChargeMustHaveEffectiveDateBeforeOrOnStopDate",
    code: ReasonCode::D14,
    holds: |case| case.charge.is_none_or(|it| case.operation.effective.is_none_or(|at| at <= it.stop)),
    text: |case| format!("{} is stopped and cannot be updated from {}", charge(case), effective(case)),
};

pub static VR_907: Rule = Rule {
    number: "VR.907",
    name: "ChargeResolutionCanNotBeUpdated",
    code: ReasonCode::D23,
    holds: |case| case.charge.is_none_or(|it| case.operation.resolution() == Some(it.resolution)),
    text: |case| format!("the resolution of {} cannot be changed to {}", charge(case), resolution(case)),
};

pub static VR_927: Rule = Rule {
    number: "VR.927",
    name: "ChargeDoesNotExist",
    code: ReasonCode::D14,
    holds: |case| case.charge.is_some(),
    text: |case| format!("{} does not exist", charge(case)),
};

pub static VR_923: Rule = Rule {
    number: "VR.923",
    name: "MonthlyPriceSeriesEndDateMustBeFirstOfMonthOrEqualChargeStopDate",
    code: ReasonCode::D14,
    holds: |case| match (case.charge, interval(case)) {
        (Some(charge), Some(it)) if charge.resolution == Resolution::Month => {
            calendar(case).is_first_of_month(it.end) || it.end == charge.stop
        }
        _ => true,
    },
    text: |case| {
        format!(
            "the monthly prices of {} in transaction {} must end on the first of a month or on the stop date",
            charge(case),
            shown(&case.operation.transaction_id)
        )
    },
};

pub static VR_925: Rule = Rule {
    number: "VR.925",
    name: "PriceSeriesResolutionMustMatchChargeResolution",
    code: ReasonCode::D14,
    holds: |case| case.charge.is_none_or(|it| case.operation.resolution() == Some(it.resolution)),
    text: |case| {
        format!(
            "resolution {} in transaction {} is not that of {}",
            resolution(case),
            shown(&case.operation.transaction_id),
            charge(case)
        )
    },
};

pub static CH_01: Rule = Rule {
    number: "CH.01",
    name: "StopMustLieWithinTheLifeOfTheCharge",
    code: ReasonCode::D14,
    holds: |case| {
        case.charge.is_none_or(|it| case.operation.effective.is_none_or(|at| it.start <= at && at <= it.stop))
    },
    text: |case| {
        format!("{} cannot be stopped on {}: before its start, or after its stop", charge(case), effective(case))
    },
};

pub static CH_02: Rule = Rule {
    number: "CH.02",
    name: "OwnerMustBeALiveSystemOperatorOrGridAccessProvider",
    code: ReasonCode::E0I,
    holds: |case| {
        case.sender.is_some_and(|it| {
            it.is_live() && matches!(it.party.role, ActorRole::SystemOperator | ActorRole::GridAccessProvider)
        })
    },
    text: |case| {
        format!("sender role {} may not own {}; EZ and DDM may", shown(&case.header.sender_role), charge(case))
    },
};

pub static CH_05: Rule = Rule {
    number: "CH.05",
    name: "PricesMustLieWithinTheLifeOfTheCharge",
    code: ReasonCode::D14,
    holds: |case| match (case.charge, interval(case)) {
        (Some(charge), Some(it)) => charge.life().covers(it),
        _ => true,
    },
    text: |case| {
        format!(
            "the prices in transaction {} reach beyond the life of {}",
            shown(&case.operation.transaction_id),
            charge(case)
        )
    },
};
