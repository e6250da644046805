//! How far a process has come: which documents have gone out, who has been told, how it ended.
//!
//! A course is a row of its own beside the accounting point. The accounting point says what is legally so; the course says
//! what has been done about telling it, and never holds up a legal effect.
//!
//! Source: market-roles 2.1 (process manager), 2.2.1, 2.5.1.

use std::collections::BTreeSet;

use super::record;
use crate::market::{ActorNumber, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::{Process, ProcessKind};
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
    /// The operator's order that registered it.
    pub order: Option<String>,
    pub state: State,
    pub outcome: Outcome,
    /// States whose document has been dispatched, also of those that are yet to come.
    pub dispatched: BTreeSet<State>,
    /// The documents whose dequeuing, or whose answer, is waited for, and until when.
    pub awaited: Vec<Awaited>,
    /// Who has been told of what is to come, and must hear if it does not.
    pub notified: Vec<Notified>,
    /// What a move-in has sent besides.
    pub move_in: Sent,
    /// Whether the house was told that it is to bring another supplier, and is to be told if it does not.
    pub announced: bool,
    /// Of a forced change, by which process the consumer is one of whom the new supplier was told last: an empty one where
    /// nobody was to consume; nothing where it has yet to be told, and where an older version has told it.
    pub consumer_told: Option<String>,
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
    /// A forced change that both suppliers and the grid company are being told of.
    AwaitingNotificationDispatch,
    /// A forced change whose new supplier is being told what it takes over.
    AwaitingMasterDataDispatch,
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
    pub party: Party,
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
    pub const ALL: [State; 14] = [
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
        State::AwaitingNotificationDispatch,
        State::AwaitingMasterDataDispatch,
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
            State::AwaitingNotificationDispatch => "AwaitingNotificationDispatch",
            State::AwaitingMasterDataDispatch => "AwaitingMasterDataDispatch",
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
    /// How far a process has come that is about to be registered; `number` are registered at the accounting point already.
    ///
    /// # Panics
    ///
    /// When nobody has asked for the process.
    pub fn begin(process: &Process, point: &MeteringPointId, number: usize) -> Self {
        Self {
            process: process.id.clone(),
            number: number as u64,
            point: point.clone(),
            kind: process.kind,
            reason: process.reason.clone(),
            effective: process.effective,
            requester: process.requester.clone().expect("somebody has asked for it"),
            transaction_id: process.transaction_id.clone(),
            order: None,
            state: State::NotStarted,
            outcome: Outcome::Accepted,
            dispatched: BTreeSet::new(),
            awaited: Vec::new(),
            notified: Vec::new(),
            move_in: Sent::default(),
            announced: false,
            consumer_told: None,
            story: Vec::new(),
        }
    }

    /// [`Course::begin`], of a process that an operator has ordered.
    pub fn ordered(process: &Process, point: &MeteringPointId, number: usize, order: &str, at: Timestamp) -> Self {
        let mut course = Self { order: Some(order.to_string()), ..Self::begin(process, point, number) };
        course.tell(at, format!("{} {} ordered: {order}", process.reason, process.kind.name()));
        course
    }

    /// The requester's transaction; nothing when an operator has ordered the process.
    pub fn original(&self) -> Option<&str> {
        Some(&*self.transaction_id).filter(|id| !id.is_empty())
    }

    /// The business reason of master data that are sent because of it. Those of customers know no supplier of last resort.
    pub fn details_reason(&self) -> &str {
        if self.kind == ProcessKind::ForcedSupplierChange { "E06" } else { &self.reason }
    }

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
