//! The market's rules for price lists: number, name, code, condition and sentence of each, and their order.
//!
//! The rules of a stage are all asked, and all that are broken are reported in the order of the list; a later stage is
//! asked only when the one before found nothing. A rule about a value that is missing holds: the rule that wants the
//! value speaks for it. Source: charges 3.3 to 3.5 and 3.10.

mod business;
mod document;
mod input;
mod words;

pub use business::*;
pub use document::*;
pub use input::*;

pub use crate::process::charge_documents::{Broken, hold};

use super::request::{Operation, RequestChangeOfPriceList};
use super::state::Charge;
use crate::document::Header;
use crate::market::Timestamp;
use crate::process::Market;
use crate::process::charge_documents::{self, Judged, Seen};
use crate::process::participants::Participant;

/// What a rule looks at: an operation in its document, and as much as is known when the rule is asked.
pub struct Case<'a> {
    pub header: &'a Header,
    pub operation: &'a Operation,
    pub now: Timestamp,
    pub market: &'a Market,
    /// Whom the operation is judged for, if that is registered.
    pub sender: Option<&'a Participant>,
    /// Whether the sender is the owner, or acts for it.
    pub is_owners: bool,
    /// Whether it comes from a delegated party that may not act for the owner.
    pub is_stranger: bool,
    /// The charge as the operations before this one left it; asked for by business rules only.
    pub charge: Option<&'a Charge>,
    /// The operation before this one that failed, by its transaction id.
    pub failed: Option<&'a str>,
}

pub type Rule = charge_documents::Rule<RequestChangeOfPriceList>;

impl Judged for RequestChangeOfPriceList {
    type Case<'a> = Case<'a>;

    fn seen<'a>(case: &Self::Case<'a>) -> Seen<'a> {
        let operation = case.operation;
        Seen {
            header: case.header,
            sender: case.sender,
            is_stranger: case.is_stranger,
            failed: case.failed,
            transaction_id: &operation.transaction_id,
            owner: &operation.owner,
            charge_type: operation.charge_type,
            charge_id: &operation.charge_id,
            effective: operation.effective,
            metering_point: None,
        }
    }
}

/// Asked first of each command; when it is broken nothing else is said.
pub const DELEGATION: &[&Rule] = &[&Rule::CH_17];

/// Asked once for each command; a broken one rejects all of its operations.
pub const DOCUMENT: &[&Rule] = &[&Rule::VR_152, &VR_424, &VR_404, &Rule::VR_153, &Rule::VR_150, &VR_165];

/// Of charge information (D18), without a look at what is stored.
pub const INFORMATION_INPUT: &[&Rule] = &[
    &Rule::VR_441,
    &Rule::VR_440,
    &Rule::VR_223,
    &Rule::VR_922,
    &Rule::VR_532,
    &Rule::VR_449,
    &Rule::VR_531,
    &VR_513,
    &VR_505_2,
    &VR_505_3,
    &VR_505_1,
    &VR_446,
    &VR_447,
    &VR_488,
    &VR_904,
    &VR_209,
    &VR_910,
    &VR_911,
    &VR_912,
    &VR_915,
    &VR_916,
    &VR_917,
    &VR_921,
    &VR_920,
    &VR_508,
];

/// Of prices (D08), without a look at what is stored.
pub const PRICES_INPUT: &[&Rule] = &[
    &Rule::VR_441,
    &Rule::VR_440,
    &Rule::VR_223,
    &Rule::VR_922,
    &Rule::VR_532,
    &VR_513,
    &Rule::VR_449,
    &VR_507_1,
    &VR_457,
    &VR_509,
    &VR_909,
    &VR_919,
    &Rule::VR_531,
    &VR_209,
    &VR_505_3,
    &VR_505_1,
    &VR_505_2,
    &VR_912,
    &VR_924,
    &VR_926,
    &CH_03,
    &CH_04,
];

/// The charge is not known yet.
pub const CREATE: &[&Rule] = &[&VR_914, &CH_02];

/// The charge is known, and no termination date is given. Taking back a stop is an update on the stop date.
pub const UPDATE: &[&Rule] = &[&VR_903, &VR_905, &VR_907, &CH_02];

/// The charge is known, and a termination date is given. Its tax indicator and resolution are not compared.
pub const STOP: &[&Rule] = &[&CH_01, &CH_02];

/// Of prices, against the charge.
pub const PRICES: &[&Rule] = &[&VR_927, &VR_923, &VR_925, &CH_02, &CH_05];
