//! How a text shows a value: as the market's code, and `unknown` where there is none. Source: charges 3.8.

use super::super::request::is_blank;
use super::Case;
use crate::market::ChargeType;

/// Most characters of a value that a reject text repeats; a longer one ends in an ellipsis. A text node may have a
/// million characters, and what the sender wrote comes back to nobody but the sender.
pub const REPEATED_CHARACTERS_MAX: usize = 256;

/// What stands where there is no value.
pub const UNKNOWN: &str = "unknown";

pub fn charge(case: &Case) -> String {
    let operation = case.operation;
    format!(
        "charge {} of type {} owned by {}",
        shown(&operation.charge_id),
        operation.charge_type.map_or(UNKNOWN, ChargeType::code),
        shown(&operation.owner)
    )
}

pub fn point(case: &Case) -> String {
    format!("metering point {}", shown(&case.operation.metering_point))
}

pub fn link(case: &Case) -> String {
    format!("the link of {} to {}", point(case), charge(case))
}

pub fn effective(case: &Case) -> String {
    case.operation.effective.map_or(UNKNOWN.into(), |at| at.to_string())
}

pub fn termination(case: &Case) -> String {
    case.operation.termination.map_or(UNKNOWN.into(), |at| at.to_string())
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
