//! A service that a grid company was asked for, and what has become of it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::record::{Change, Facts, Key, Needs, Space, stored};

/// Services, by our own id of the request.
const SERVICES: Space = Space(71);

const VERSION: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// Our own id of the request; also the id of the record that was forwarded, which its answer names.
    pub id: String,
    pub point: MeteringPointId,
    /// Code of what is to be done.
    pub service: String,
    /// The day that is wished for.
    pub wished: Timestamp,
    /// Business reason that it was asked for with, D22 or E20.
    pub reason: String,
    pub requester: ActorNumber,
    pub transaction_id: String,
    /// Whoever was asked.
    pub grid_company: ActorNumber,
    pub asked: Timestamp,
    pub state: State,
    /// When it ceased to be open.
    pub closed: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// The grid company has not answered.
    Open,
    Confirmed,
    Rejected,
    /// Taken back before there was an answer.
    Cancelled,
}

impl State {
    pub const ALL: [State; 4] = [State::Open, State::Confirmed, State::Rejected, State::Cancelled];

    pub fn name(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Confirmed => "confirmed",
            State::Rejected => "rejected",
            State::Cancelled => "cancelled",
        }
    }
}

/// The record that decisions about a service take turns on.
pub fn key(id: &str) -> Key {
    Key::new(SERVICES).text(id)
}

pub fn needs_of(id: &str) -> Needs {
    Needs::default().key(key(id))
}

/// Needs: [`needs_of`].
pub fn service(facts: &Facts, id: &str) -> Option<Service> {
    facts.get(&key(id)).map(|entry| read(id, &entry.value))
}

impl Service {
    pub fn put(&self) -> Change {
        Change::Put(key(&self.id), write(self))
    }

    pub fn close(self, state: State, now: Timestamp) -> Self {
        Self { state, closed: Some(now), ..self }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    point: String,
    service: String,
    wished: i64,
    reason: String,
    requester: String,
    transaction_id: String,
    grid_company: String,
    asked: i64,
    state: u8,
    closed: Option<i64>,
}

fn write(service: &Service) -> Bytes {
    let state = State::ALL.iter().position(|state| *state == service.state).expect("the list is complete");
    stored::write(
        VERSION,
        &Stored {
            point: service.point.to_string(),
            service: service.service.clone(),
            wished: service.wished.micros(),
            reason: service.reason.clone(),
            requester: service.requester.to_string(),
            transaction_id: service.transaction_id.clone(),
            grid_company: service.grid_company.to_string(),
            asked: service.asked.micros(),
            state: u8::try_from(state).expect("the list is short"),
            closed: service.closed.map(Timestamp::micros),
        },
    )
}

fn read(id: &str, bytes: &[u8]) -> Service {
    let found: Stored = stored::read(VERSION, bytes).expect("a stored service is read back");
    Service {
        id: id.to_string(),
        point: MeteringPointId::new(found.point),
        service: found.service,
        wished: Timestamp::from_micros(found.wished),
        reason: found.reason,
        requester: ActorNumber::new(found.requester),
        transaction_id: found.transaction_id,
        grid_company: ActorNumber::new(found.grid_company),
        asked: Timestamp::from_micros(found.asked),
        state: State::ALL[usize::from(found.state)],
        closed: found.closed.map(Timestamp::from_micros),
    }
}
