//! A row of the market's rule list, and how a stage of them is asked.

use crate::document::Header;
use crate::market::{ChargeType, ReasonCode, Timestamp};
use crate::process::participants::Participant;

/// A request whose operations are judged by rules. What its rules look at is its own; what shared rules look at, it shows.
pub trait Judged: Sized + 'static {
    /// An operation in its document, and as much as is known when a rule is asked.
    type Case<'a>;
    fn seen<'a>(case: &Self::Case<'a>) -> Seen<'a>;
}

/// What the shared rules look at. Texts are as sent.
pub struct Seen<'a> {
    pub header: &'a Header,
    /// Whom the operation is judged for, if that is registered: number and role that the document's header names, or whoever
    /// lets the sender act for it.
    pub sender: Option<&'a Participant>,
    /// Whether it comes from a delegated party that may not act for whom it would have to.
    pub is_stranger: bool,
    /// The operation before this one that failed, by its transaction id.
    pub failed: Option<&'a str>,
    pub transaction_id: &'a str,
    pub owner: &'a str,
    pub charge_type: Option<ChargeType>,
    pub charge_id: &'a str,
    pub effective: Option<Timestamp>,
    /// Where the operation is about a link, not about the charge itself.
    pub metering_point: Option<&'a str>,
}

/// One row of the market's rule list, as it is asked of a request of type `R`.
#[derive(Debug)]
pub struct Rule<R: Judged> {
    /// Such as `VR.209`; it also opens the text.
    pub number: &'static str,
    pub name: &'static str,
    pub code: ReasonCode,
    pub holds: for<'a> fn(&R::Case<'a>) -> bool,
    pub text: for<'a> fn(&R::Case<'a>) -> String,
}

/// A rule that does not hold, and the sentence that says so to the sender.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    pub number: &'static str,
    pub code: ReasonCode,
    /// It opens with the number.
    pub text: String,
}

impl Broken {
    pub fn new(number: &'static str, code: ReasonCode, sentence: impl std::fmt::Display) -> Self {
        Self { number, code, text: format!("{number}: {sentence}") }
    }
}

impl<R: Judged> Rule<R> {
    pub fn broken(&self, case: &R::Case<'_>) -> Broken {
        Broken::new(self.number, self.code, (self.text)(case))
    }
}

/// Every rule of `stage` that is broken, in its order; `Ok` when there is none.
pub fn hold<R: Judged>(stage: &[&Rule<R>], case: &R::Case<'_>) -> Result<(), Vec<Broken>> {
    let broken: Vec<Broken> = stage.iter().filter(|rule| !(rule.holds)(case)).map(|rule| rule.broken(case)).collect();
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}
