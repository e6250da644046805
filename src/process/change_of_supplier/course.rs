//! How far a process has come: which documents have gone out, who has been told, how it ended.
//!
//! A course is a row of its own beside the accounting point. The accounting point says what is legally so; the course says
//! what has been done about telling it, and never holds up a legal effect.
//!
//! Source: market-roles 2.1 (process manager), 2.2.1, 2.5.1.

use std::collections::BTreeSet;

use super::record;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::accounting_points::ProcessKind;
use crate::record::{Change, Facts, Needs};

/// How far one process has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Course {
    /// The id of its process; also our own id of the transaction that asked for it.
    pub process: String,
    /// How many processes were registered at the accounting point before it: those due at one instant happen in this order.
    pub number: u64,
    pub point: MeteringPointId,
    pub kind: ProcessKind,
    /// Business reason that it was asked for with.
    pub reason: String,
    pub effective: Timestamp,
    pub requester: ActorNumber,
    pub transaction_id: String,
    pub state: State,
    pub outcome: Outcome,
    /// States whose document has been dispatched, also of those that are yet to come.
    pub dispatched: BTreeSet<State>,
    /// The document whose dequeuing, or whose answer, is waited for, and until when.
    pub awaited: Option<Awaited>,
    /// Who has been told that its supply ends.
    pub notified: Option<Notified>,
    /// What a move-in has sent besides.
    pub move_in: Sent,
    /// What has happened to it, in order.
    pub story: Vec<Entry>,
}

/// A step of the message track. The first eight are those of a change of supplier, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    NotStarted,
    AwaitingConfirmationMessageDispatch,
    AwaitingMeteringPointDetailsDispatch,
    AwaitingConsumerDetailsDispatch,
    AwaitingChargeDetailsDispatch,
    AwaitingCurrentSupplierNotificationDispatch,
    AwaitingSupplierChange,
    Completed,
    /// A move-in, a move-out, or a change of balance responsible party, whose day has not come.
    AwaitingEffectuation,
    /// A reallocation that the former supplier has yet to agree to.
    AwaitingFormerSupplierResponse,
    /// An end of supply or a move-out that is confirmed.
    AwaitingGridOperatorNotificationDispatch,
    /// An end of supply that the grid company has been told of.
    AwaitingEndOfSupply,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Accepted,
    Cancelled,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Awaited {
    pub state: State,
    pub message_id: String,
    /// When it counts as dispatched whether it was dequeued or not, or when no answer is waited for any longer.
    pub due: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notified {
    pub supplier: ActorNumber,
    /// `mRID` of the record that told it.
    pub record_id: String,
}

/// The sub-states of a move-in. Source: market-roles 2.5.1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    pub point_to_supplier: bool,
    pub customer_to_supplier: bool,
    pub supplier_notice: Notice,
    pub grid_notified: bool,
    pub customer_to_grid: bool,
}

/// Whether the former supplier is told of a move-in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Notice {
    #[default]
    NotNeeded,
    Required,
    WasNotified,
}

/// Something that has happened to a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    /// A sentence without personal data.
    pub what: String,
}

impl State {
    pub const ALL: [State; 12] = [
        State::NotStarted,
        State::AwaitingConfirmationMessageDispatch,
        State::AwaitingMeteringPointDetailsDispatch,
        State::AwaitingConsumerDetailsDispatch,
        State::AwaitingChargeDetailsDispatch,
        State::AwaitingCurrentSupplierNotificationDispatch,
        State::AwaitingSupplierChange,
        State::Completed,
        State::AwaitingEffectuation,
        State::AwaitingFormerSupplierResponse,
        State::AwaitingGridOperatorNotificationDispatch,
        State::AwaitingEndOfSupply,
    ];

    pub fn name(self) -> &'static str {
        match self {
            State::NotStarted => "NotStarted",
            State::AwaitingConfirmationMessageDispatch => "AwaitingConfirmationMessageDispatch",
            State::AwaitingMeteringPointDetailsDispatch => "AwaitingMeteringPointDetailsDispatch",
            State::AwaitingConsumerDetailsDispatch => "AwaitingConsumerDetailsDispatch",
            State::AwaitingChargeDetailsDispatch => "AwaitingChargeDetailsDispatch",
            State::AwaitingCurrentSupplierNotificationDispatch => "AwaitingCurrentSupplierNotificationDispatch",
            State::AwaitingSupplierChange => "AwaitingSupplierChange",
            State::Completed => "Completed",
            State::AwaitingEffectuation => "AwaitingEffectuation",
            State::AwaitingFormerSupplierResponse => "AwaitingFormerSupplierResponse",
            State::AwaitingGridOperatorNotificationDispatch => "AwaitingGridOperatorNotificationDispatch",
            State::AwaitingEndOfSupply => "AwaitingEndOfSupply",
        }
    }
}

impl Outcome {
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Accepted => "accepted",
            Outcome::Cancelled => "cancelled",
        }
    }
}

impl Course {
    pub fn tell(&mut self, at: Timestamp, what: impl Into<String>) {
        if self.story.len() < STORY_ENTRIES_MAX {
            self.story.push(Entry { at, what: what.into() });
        }
    }

    pub fn enter(&mut self, state: State, at: Timestamp) {
        self.state = state;
        self.tell(at, format!("state {}", state.name()));
    }

    pub fn is_open(&self) -> bool {
        self.outcome == Outcome::Accepted && self.state != State::Completed
    }

    pub fn put(&self) -> Change {
        Change::Put(record::key(&self.process), record::write(self))
    }
}

pub fn needs_of(process: &str) -> Needs {
    Needs::default().key(record::key(process))
}

/// Needs: [`needs_of`].
pub fn course(facts: &Facts, process: &str) -> Option<Course> {
    facts.get(&record::key(process)).map(|entry| record::read(process, &entry.value))
}

/// Whether [`needs_of`] this process are among the facts.
pub fn is_known(facts: &Facts, process: &str) -> bool {
    facts.knows(&record::key(process))
}

/// A process has a dozen steps; suspended and brought back by every move-in, it may have more.
const STORY_ENTRIES_MAX: usize = 200;
