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
pub use words::REPEATED_CHARACTERS_MAX;

use super::request::Operation;
use super::state::LinkState;
use crate::document::Header;
use crate::market::{ReasonCode, Timestamp};
use crate::process::Market;
use crate::process::charges::Charge;
use crate::process::metering_points::{MeteringPoint, Supply};
use crate::process::participants::Participant;

/// What a rule looks at: an operation in its document, and as much as is known when the rule is asked.
pub struct Case<'a> {
    pub header: &'a Header,
    pub operation: &'a Operation,
    pub now: Timestamp,
    pub market: &'a Market,
    /// Whether the hub itself asks, for a default link: it may do so for any owner and at any time.
    pub by_default: bool,
    /// Number and role that the document's header names, if they are registered.
    pub sender: Option<&'a Participant>,
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

/// One row of the market's rule list.
#[derive(Debug)]
pub struct Rule {
    /// Such as `VR.200`; it also opens the text.
    pub number: &'static str,
    pub name: &'static str,
    pub code: ReasonCode,
    holds: fn(&Case) -> bool,
    text: fn(&Case) -> String,
}

/// A rule that does not hold, and the sentence that says so to the sender.
#[derive(Debug, Clone)]
pub struct Broken {
    pub rule: &'static Rule,
    pub text: String,
}

impl Rule {
    pub fn broken(&'static self, case: &Case) -> Broken {
        Broken { rule: self, text: format!("{}: {}", self.number, (self.text)(case)) }
    }
}

/// Every rule of `stage` that is broken, in its order; `Ok` when there is none.
pub fn hold(stage: &[&'static Rule], case: &Case) -> Result<(), Vec<Broken>> {
    let broken: Vec<Broken> = stage.iter().filter(|rule| !(rule.holds)(case)).map(|rule| rule.broken(case)).collect();
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

/// Asked once for each command; a broken one rejects all of its operations.
pub const DOCUMENT: &[&Rule] = &[&VR_152, &VR_404, &VR_153, &VR_150, &VR_165];

/// Without a look at what is stored.
pub const INPUT: &[&Rule] = &[&VR_441, &VR_440, &VR_223, &VR_922, &VR_532, &VR_449, &VR_531, &CH_10, &CH_11, &CH_13];

/// Ends the chain: about an unknown metering point nothing else is said.
pub const METERING_POINT: &[&Rule] = &[&VR_200];

/// Ends the chain: about an unknown charge nothing else is said.
pub const CHARGE: &[&Rule] = &[&VR_679];

/// What is left, once both are known.
pub const LINK: &[&Rule] = &[&CH_02, &CH_08, &CH_09, &CH_12];
