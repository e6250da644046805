//! How a text shows a value: as the market's code, and `unknown` where there is none. Source: charges 3.8.

use super::{Seen, is_blank};
use crate::document::Header;
use crate::market::{ChargeType, Timestamp};

/// Most characters of a value that a reject text repeats; a longer one ends in an ellipsis. A text node may have a
/// million characters, and what the sender wrote comes back to nobody but the sender.
pub const REPEATED_CHARACTERS_MAX: usize = 256;

/// What stands where there is no value.
pub const UNKNOWN: &str = "unknown";

impl Seen<'_> {
    pub fn charge(&self) -> String {
        format!(
            "charge {} of type {} owned by {}",
            shown(self.charge_id),
            self.charge_type.map_or(UNKNOWN, ChargeType::code),
            shown(self.owner)
        )
    }

    /// What the operation is about: a charge, or its link to a metering point.
    pub fn subject(&self) -> String {
        match self.metering_point {
            Some(point) => format!("the link of metering point {} to {}", shown(point), self.charge()),
            None => self.charge(),
        }
    }
}

/// The sentence of VR.404.
pub fn document_type_not_allowed(header: &Header) -> String {
    format!(
        "document type {} is not allowed with business reason {}",
        shown(&header.document_type),
        shown(&header.business_reason)
    )
}

/// The sentence of VR.165; `allowed` says which roles it may be.
pub fn recipient_role_not_allowed(header: &Header, allowed: &str) -> String {
    format!(
        "recipient role {} is not allowed, it must be {allowed} with business reason {}",
        shown(&header.receiver_role),
        shown(&header.business_reason)
    )
}

pub fn date(date: Option<Timestamp>) -> String {
    date.map_or(UNKNOWN.into(), |at| at.to_string())
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
