//! What a sender is told when a document is refused, and what goes wrong in our own world.

use std::time::Duration;

use thiserror::Error;

use crate::market::Timestamp;
use crate::store;

/// One error of an error document (post-office 2.6.1). A refused document has exactly one at the top.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Error {
    /// `B2B-005`, `B2B-008`, or below the top what kind of flaw it was.
    pub code: String,
    pub message: String,
    pub target: Option<String>,
    /// Where in the document, counted from 1.
    pub line: Option<u32>,
    pub column: Option<u32>,
    pub details: Vec<Error>,
}

impl Error {
    pub fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_string(), message: message.into(), ..Self::default() }
    }

    pub fn target(mut self, target: &str) -> Self {
        self.target = Some(target.to_string());
        self
    }

    pub fn details(mut self, details: Vec<Error>) -> Self {
        self.details = details;
        self
    }
}

/// A fault with everything that led to it, in one line.
pub fn with_causes(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(fault), |fault| fault.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Our world failed: the sender may try again, the operator is told why.
#[derive(Debug, Error)]
pub enum Fault {
    #[error("{doing}")]
    Store { doing: &'static str, source: store::Fault },
    /// So much waits for its decision, or for the disk, that no more of this participant is taken in for the time being.
    #[error("{waiting} wait already: there will be room in about {} s", again_in.as_secs())]
    Busy { waiting: usize, again_in: Duration },
    /// The disk does not answer. What was asked for may be done all the same; with the same ids it may be asked for again.
    #[error("{doing}: the disk has not answered for {} s", hangs.as_secs())]
    Hanging { doing: &'static str, hangs: Duration },
    #[error("a record of {what} cannot be read: it was written by another version, or is damaged")]
    Unreadable { what: &'static str },
    /// A bug of ours: reading panicked. Nothing was stored.
    #[error("reading {document} came to a sudden end")]
    Reading { document: &'static str },
    /// A bug of ours: the document could not be decided. Nothing was stored.
    #[error("{document} could not be decided: {cause}")]
    Deciding { document: &'static str, cause: String },
    #[error("a range holds more than {records_max} records")]
    RangeTooLarge { records_max: usize },
    #[error("the clock only moves forward: it shows {now}, {asked} is behind it")]
    ClockBackwards { now: Timestamp, asked: Timestamp },
    #[error("{what} has changed again and again; try once more")]
    Moving { what: &'static str },
    /// Something could not be decided although its time has come.
    #[error("something is {cause}")]
    Undecided { cause: String },
    /// A store of before is being catalogued anew.
    #[error("the archive is being catalogued anew, which takes a while")]
    Cataloguing,
    /// The gateway is being closed.
    #[error("the gateway is stopping")]
    Stopping,
}

impl Fault {
    /// Whether the same may go well the next time: it was the store that failed, and not over what has come to harm.
    pub fn may_pass(&self) -> bool {
        matches!(self, Fault::Store { .. }) && !self.is_damage()
    }

    /// Whether what was read is not there as it was written, and will not be by itself.
    pub fn is_harm(&self) -> bool {
        self.is_damage() || matches!(self, Fault::Unreadable { .. })
    }

    /// Whether what was read has come to harm on the disk; other things may be whole.
    pub fn is_damage(&self) -> bool {
        matches!(self, Fault::Store { source: store::Fault::Corrupt { .. } | store::Fault::Damaged { .. }, .. })
    }
}
