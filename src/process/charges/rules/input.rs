//! Rules about an operation as it was sent, asked without a look at what is stored.

use super::super::request::{Point, REASON_PRICES};
use super::words::*;
use super::{Case, Rule};
use crate::market::{ActorRole, ChargeType, Period, Price, ReasonCode, Resolution};
use crate::process::charge_documents::{UNKNOWN, at_most, is_blank, shown};

/// Most characters of a charge's name. Source: VR.446.
pub const NAME_CHARACTERS_MAX: usize = 132;
/// Most characters of a charge's description. Source: VR.447.
pub const DESCRIPTION_CHARACTERS_MAX: usize = 2_048;
/// Most digits of a price before the point. Source: VR.457, the first half of `99999999.999999`.
pub const PRICE_INTEGER_DIGITS_MAX: u32 = 8;
/// Most digits of a price after the point. Source: VR.457, the second half of `99999999.999999`.
pub const PRICE_DECIMALS_MAX: u32 = 6;
/// Highest price a charge may carry, exclusive, in the market's currency per unit.
///
/// Source: VR.509, answered with E90. It guards against the implausible; it is a bound, not a policy.
pub const CHARGE_PRICE_MAX: i64 = 1_000_000;

pub static VR_513: Rule = Rule {
    number: "VR.513",
    name: "ChargeOwnerMustMatchSender",
    code: ReasonCode::E0I,
    holds: |case| case.is_owners,
    text: |case| {
        format!("sender {} does not own {} and may not change it", shown(&case.header.sender_number), charge(case))
    },
};

pub static VR_505_2: Rule = Rule {
    number: "VR.505-2",
    name: "ResolutionFeeValidation",
    code: ReasonCode::D23,
    holds: |case| monthly_unless_not(ChargeType::Fee, case),
    text: |case| format!("resolution {} is not allowed for {}: a fee has P1M", resolution(case), charge(case)),
};

pub static VR_505_3: Rule = Rule {
    number: "VR.505-3",
    name: "ResolutionSubscriptionValidation",
    code: ReasonCode::D23,
    holds: |case| monthly_unless_not(ChargeType::Subscription, case),
    text: |case| format!("resolution {} is not allowed for {}: a subscription has P1M", resolution(case), charge(case)),
};

pub static VR_505_1: Rule = Rule {
    number: "VR.505-1",
    name: "ResolutionTariffValidation",
    code: ReasonCode::D23,
    holds: |case| !is(ChargeType::Tariff, case) || case.operation.resolution() != Some(Resolution::Month),
    text: |case| {
        format!("resolution {} is not allowed for {}: a tariff has P1D, PT1H or PT15M", resolution(case), charge(case))
    },
};

pub static VR_446: Rule = Rule {
    number: "VR.446",
    name: "ChargeNameHasMaximumLength",
    code: ReasonCode::E86,
    holds: |case| at_most(name(case), NAME_CHARACTERS_MAX),
    text: |case| {
        format!("name {} of {} is longer than {NAME_CHARACTERS_MAX} characters", shown(name(case)), charge(case))
    },
};

pub static VR_447: Rule = Rule {
    number: "VR.447",
    name: "ChargeDescriptionHasMaximumLength",
    code: ReasonCode::E86,
    holds: |case| at_most(description(case), DESCRIPTION_CHARACTERS_MAX),
    text: |case| {
        format!(
            "description {} of {} is longer than {DESCRIPTION_CHARACTERS_MAX} characters",
            shown(description(case)),
            charge(case)
        )
    },
};

pub static VR_488: Rule = Rule {
    number: "VR.488",
    name: "VatClassificationValidation",
    code: ReasonCode::E86,
    holds: |case| information(case).is_some_and(|it| it.vat_class.is_some()),
    text: |case| format!("the VAT class of {} is missing; it is D01 or D02", charge(case)),
};

pub static VR_904: Rule = Rule {
    number: "VR.904",
    name: "TransparentInvoicingIsNotAllowedForFee",
    code: ReasonCode::D67,
    holds: |case| {
        !is(ChargeType::Fee, case) || information(case).is_none_or(|it| it.transparent_invoicing != Some(true))
    },
    text: |case| format!("transparent invoicing is not allowed for {}: it is a fee", charge(case)),
};

pub static VR_209: Rule = Rule {
    number: "VR.209",
    name: "StartDateValidation",
    code: ReasonCode::E17,
    holds: |case| {
        let window = effective_window(case);
        case.operation.effective.is_none_or(|at| window.start <= at && at <= window.end)
    },
    text: |case| {
        let window = effective_window(case);
        format!(
            "effective date {} of {} is too early or too late; it may lie from {} to {}",
            effective(case),
            charge(case),
            window.start,
            window.end
        )
    },
};

pub static VR_910: Rule = Rule {
    number: "VR.910",
    name: "ChargeNameIsRequired",
    code: ReasonCode::E0H,
    holds: |case| !is_blank(name(case)),
    text: |case| format!("the name of {} is missing", charge(case)),
};

pub static VR_911: Rule = Rule {
    number: "VR.911",
    name: "ChargeDescriptionIsRequired",
    code: ReasonCode::E0H,
    holds: |case| !is_blank(description(case)),
    text: |case| format!("the description of {} is missing", charge(case)),
};

pub static VR_912: Rule = Rule {
    number: "VR.912",
    name: "ResolutionIsRequired",
    code: ReasonCode::E0H,
    holds: |case| case.operation.resolution().is_some(),
    text: |case| format!("the resolution of {} is missing, or none of PT15M, PT1H, P1D, P1M", charge(case)),
};

pub static VR_915: Rule = Rule {
    number: "VR.915",
    name: "TransparentInvoicingIsRequired",
    code: ReasonCode::E0H,
    holds: |case| information(case).is_some_and(|it| it.transparent_invoicing.is_some()),
    text: |case| format!("transparent invoicing must be given for {} with business reason D18", charge(case)),
};

pub static VR_916: Rule = Rule {
    number: "VR.916",
    name: "TaxIndicatorIsRequired",
    code: ReasonCode::E0H,
    holds: |case| information(case).is_some_and(|it| it.tax_indicator.is_some()),
    text: |case| format!("the tax indicator must be given for {} with business reason D18", charge(case)),
};

pub static VR_917: Rule = Rule {
    number: "VR.917",
    name: "TerminationDateMustMatchEffectiveDate",
    code: ReasonCode::E0H,
    holds: |case| {
        let termination = information(case).and_then(|it| it.termination);
        termination.is_none() || termination == case.operation.effective
    },
    text: |case| {
        format!("termination date and effective date {} of {} must be equal for a stop", effective(case), charge(case))
    },
};

pub static VR_921: Rule = Rule {
    number: "VR.921",
    name: "TaxIndicatorMustBeFalseForFee",
    code: ReasonCode::D14,
    holds: |case| !is(ChargeType::Fee, case) || !asks_for_tax(case),
    text: |case| format!("{} cannot be a tax: it is a fee", charge(case)),
};

pub static VR_920: Rule = Rule {
    number: "VR.920",
    name: "TaxIndicatorMustBeFalseForSubscription",
    code: ReasonCode::D14,
    holds: |case| !is(ChargeType::Subscription, case) || !asks_for_tax(case),
    text: |case| format!("{} cannot be a tax: it is a subscription", charge(case)),
};

pub static VR_508: Rule = Rule {
    number: "VR.508",
    name: "ChargeTypeTariffTaxIndicatorOnlyAllowedBySystemOperator",
    code: ReasonCode::E0I,
    holds: |case| {
        !is(ChargeType::Tariff, case)
            || !asks_for_tax(case)
            || case.header.sender_role == ActorRole::SystemOperator.code()
    },
    text: |case| {
        format!(
            "sender role {} may not set tax indicator {} for {}",
            shown(&case.header.sender_role),
            tax_indicator(case),
            charge(case)
        )
    },
};

pub static VR_507_1: Rule = Rule {
    number: "VR.507-1",
    name: "ChargeTypeTariffPriceCount",
    code: ReasonCode::E87,
    holds: |case| {
        let least = match case.operation.resolution() {
            Some(Resolution::QuarterHour) => 92,
            Some(Resolution::Hour) => 23,
            Some(Resolution::Day | Resolution::Month) => 1,
            None => 0,
        };
        !is(ChargeType::Tariff, case) || points(case).is_empty() || points(case).len() >= least
    },
    text: |case| {
        format!(
            "{} prices are fewer than one day has at resolution {}, for {}",
            points(case).len(),
            resolution(case),
            charge(case)
        )
    },
};

pub static VR_457: Rule = Rule {
    number: "VR.457",
    name: "ChargePriceMaximumDigitsAndDecimals",
    code: ReasonCode::E86,
    holds: |case| first_point(case, too_many_digits).is_none(),
    text: |case| {
        let price = first_point(case, too_many_digits).map_or(UNKNOWN.into(), |point| point.price.to_string());
        format!("price {price} of {} does not follow the form 99999999.999999", charge(case))
    },
};

pub static VR_509: Rule = Rule {
    number: "VR.509",
    name: "MaximumPrice",
    code: ReasonCode::E90,
    holds: |case| first_point(case, too_high).is_none(),
    text: |case| {
        let (price, position) = first_point(case, too_high)
            .map_or((UNKNOWN.into(), UNKNOWN.into()), |point| (point.price.to_string(), point.position.to_string()));
        format!("price {price} of {} at position {position} is not plausible: {CHARGE_PRICE_MAX} or more", charge(case))
    },
};

pub static VR_909: Rule = Rule {
    number: "VR.909",
    name: "NumberOfPointsMatchTimeIntervalAndResolution",
    code: ReasonCode::E87,
    holds: |case| points(case).len() as u64 == point_count(case),
    text: |case| {
        format!(
            "{} prices do not fit the time interval at resolution {}, which needs {}, for {}",
            points(case).len(),
            resolution(case),
            point_count(case),
            charge(case)
        )
    },
};

pub static VR_919: Rule = Rule {
    number: "VR.919",
    name: "PriceListMustStartAndStopAtMidnightValidationRule",
    code: ReasonCode::E86,
    holds: |case| {
        interval(case).is_some_and(|it| calendar(case).is_midnight(it.start) && calendar(case).is_midnight(it.end))
    },
    text: |case| format!("the time interval of {} must start and end at local midnight", charge(case)),
};

pub static VR_924: Rule = Rule {
    number: "VR.924",
    name: "EffectiveDateMustMatchPriceSeriesStartInterval",
    code: ReasonCode::E0H,
    holds: |case| interval(case).is_some_and(|it| case.operation.effective == Some(it.start)),
    text: |case| {
        format!("effective date {} of {} must be the start of its time interval", effective(case), charge(case))
    },
};

pub static VR_926: Rule = Rule {
    number: "VR.926",
    name: "PointsRequired",
    code: ReasonCode::E87,
    holds: |case| !points(case).is_empty(),
    text: |case| format!("transaction {} gives no prices for {}", shown(&case.operation.transaction_id), charge(case)),
};

pub static CH_03: Rule = Rule {
    number: "CH.03",
    name: "TimeIntervalMustHaveALength",
    code: ReasonCode::E86,
    holds: |case| case.operation.series().is_none_or(|series| series.interval.is_some_and(|it| !it.is_empty())),
    text: |case| format!("the time interval of {} is missing, or does not end after its start", charge(case)),
};

pub static CH_04: Rule = Rule {
    number: "CH.04",
    name: "PositionsMustBeOneToN",
    code: ReasonCode::E87,
    holds: |case| points(case).iter().zip(1..).all(|(point, position)| point.position == position),
    text: |case| format!("the positions of {} must be 1 to {}, each once", charge(case), points(case).len()),
};

/// From the earliest to the latest effective date of the document's business reason, both included (charges 3.6).
fn effective_window(case: &Case) -> Period {
    let settings = &case.market.dk().charges;
    let window = match case.header.business_reason.as_str() {
        REASON_PRICES => settings.prices_effective,
        _ => settings.information_effective,
    };
    let midnight = |days| calendar(case).midnight_in_days(case.now, days);
    Period::new(midnight(window.lower_days), midnight(window.upper_days))
}

fn points<'a>(case: &Case<'a>) -> &'a [Point] {
    case.operation.series().map_or(&[], |series| &series.points)
}

/// How many points the series must have; none when its interval or resolution is unknown, which another rule reports.
fn point_count(case: &Case) -> u64 {
    let count = |(resolution, interval)| calendar(case).point_count(resolution, interval);
    case.operation.resolution().zip(interval(case)).map_or(0, count)
}

fn first_point<'a>(case: &Case<'a>, wrong: fn(&Price) -> bool) -> Option<&'a Point> {
    points(case).iter().find(|point| wrong(&point.price))
}

fn too_many_digits(price: &Price) -> bool {
    price.integer_digits() > PRICE_INTEGER_DIGITS_MAX || price.decimals() > PRICE_DECIMALS_MAX
}

fn too_high(price: &Price) -> bool {
    price.decimal() >= CHARGE_PRICE_MAX.into()
}

fn is(charge_type: ChargeType, case: &Case) -> bool {
    case.operation.charge_type == Some(charge_type)
}

fn monthly_unless_not(charge_type: ChargeType, case: &Case) -> bool {
    !is(charge_type, case) || case.operation.resolution().is_none_or(|it| it == Resolution::Month)
}

fn asks_for_tax(case: &Case) -> bool {
    information(case).is_some_and(|it| it.tax_indicator == Some(true))
}

fn name<'a>(case: &Case<'a>) -> &'a str {
    information(case).and_then(|it| it.name.as_deref()).unwrap_or_default()
}

fn description<'a>(case: &Case<'a>) -> &'a str {
    information(case).and_then(|it| it.description.as_deref()).unwrap_or_default()
}
