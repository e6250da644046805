//! How rules look at a case, and how a text shows a value: as the market's code, and `unknown` where there is none.
//!
//! Source: charges 3.8.

use super::super::request::{Information, is_blank};
use super::Case;
use crate::market::{Calendar, ChargeType, Period, Resolution};

/// Most characters of a value that a reject text repeats; a longer one ends in an ellipsis. A text node may have a
/// million characters, and what the sender wrote comes back to nobody but the sender.
pub const REPEATED_CHARACTERS_MAX: usize = 256;

/// What stands where there is no value.
pub const UNKNOWN: &str = "unknown";

pub fn calendar(case: &Case) -> Calendar {
    Calendar::new(case.market.zone)
}

pub fn information<'a>(case: &Case<'a>) -> Option<&'a Information> {
    case.operation.information()
}

pub fn interval(case: &Case) -> Option<Period> {
    case.operation.series().and_then(|series| series.interval)
}

pub fn charge(case: &Case) -> String {
    let operation = case.operation;
    format!(
        "charge {} of type {} owned by {}",
        shown(&operation.charge_id),
        operation.charge_type.map_or(UNKNOWN, ChargeType::code),
        shown(&operation.owner)
    )
}

pub fn resolution(case: &Case) -> &'static str {
    case.operation.resolution().map_or(UNKNOWN, Resolution::code)
}

pub fn effective(case: &Case) -> String {
    case.operation.effective.map_or(UNKNOWN.into(), |at| at.to_string())
}

pub fn tax_indicator(case: &Case) -> &'static str {
    match information(case).and_then(|it| it.tax_indicator) {
        Some(true) => "true",
        Some(false) => "false",
        None => UNKNOWN,
    }
}

pub fn shown(text: &str) -> String {
    if is_blank(text) {
        return UNKNOWN.into();
    }
    match text.char_indices().nth(REPEATED_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}
