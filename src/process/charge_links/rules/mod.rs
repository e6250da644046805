//! The market's rules for charge links: number, name, code, condition and sentence of each, and their order.
//!
//! The rules of a stage are all asked, and all that are broken are reported in the order of the list; a later stage is
//! asked only when the one before found nothing. A rule about a value that is missing holds: the rule that wants the
//! value speaks for it. Source: charges 3.4, 3.5, 3.10 and 6.3.

mod business;
mod document;
mod input;
mod words;

pub use business::*;
pub use document::*;
pub use input::*;

pub use crate::process::charge_documents::{Broken, hold};

use super::request::{Operation, RequestChangeBillingMasterData};
use super::state::LinkState;
use crate::document::Header;
use crate::market::Timestamp;
use crate::process::Market;
use crate::process::accounting_points::Supply;
use crate::process::charge_documents::{self, Judged, Seen};
use crate::process::charges::Charge;
use crate::process::metering_points::MeteringPoint;
use crate::process::participants::Participant;

/// What a rule looks at: an operation in its document, and as much as is known when the rule is asked.
pub struct Case<'a> {
    pub header: &'a Header,
    pub operation: &'a Operation,
    pub now: Timestamp,
    pub market: &'a Market,
    /// Whether the hub itself asks, for a default link: it may do so for any owner and at any time.
    pub by_default: bool,
    /// Whom the operation is judged for, if that is registered.
    pub sender: Option<&'a Participant>,
    /// Whether it comes from a delegated party that may not act for the owner.
    pub is_stranger: bool,
    /// The operation before this one that failed, by its transaction id.
    pub failed: Option<&'a str>,
    /// What follows is asked for by business rules only.
    pub point: Option<&'a MeteringPoint>,
    pub supplies: &'a [Supply],
    pub charge: Option<&'a Charge>,
    /// The charge's owner, in each role in which it may own charges and is registered.
    pub owner: &'a [Participant],
    /// The links as the operations before this one left them.
    pub links: Option<&'a LinkState>,
}

pub type Rule = charge_documents::Rule<RequestChangeBillingMasterData>;

impl Judged for RequestChangeBillingMasterData {
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
            metering_point: Some(&operation.metering_point),
        }
    }
}

/// Asked first of each command; when it is broken nothing else is said.
pub const DELEGATION: &[&Rule] = &[&Rule::CH_17];

/// Asked once for each command; a broken one rejects all of its operations.
pub const DOCUMENT: &[&Rule] = &[&Rule::VR_152, &VR_404, &Rule::VR_153, &Rule::VR_150, &VR_165];

/// Without a look at what is stored.
pub const INPUT: &[&Rule] = &[
    &Rule::VR_441,
    &Rule::VR_440,
    &Rule::VR_223,
    &Rule::VR_922,
    &Rule::VR_532,
    &Rule::VR_449,
    &Rule::VR_531,
    &CH_10,
    &CH_11,
    &CH_13,
];

/// Ends the chain: about an unknown metering point nothing else is said.
pub const METERING_POINT: &[&Rule] = &[&VR_200];

/// Ends the chain: about an unknown charge nothing else is said.
pub const CHARGE: &[&Rule] = &[&VR_679];

/// What is left, once both are known.
pub const LINK: &[&Rule] = &[&CH_02, &CH_08, &CH_09, &CH_12];
