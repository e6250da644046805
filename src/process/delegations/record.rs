//! Delegations as they are stored.

use std::collections::BTreeSet;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Delegation, Process, Sequence};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Key, KeyRange, Space, stored};

/// Rows, by role and number of whoever delegates, process, grid area and sequence number; behind that of a row of our own is
/// which of them it is.
const ROWS: Space = Space(53);
/// One record that every new row rewrites.
const GUARD: Space = Space(54);

const VERSION: u8 = 1;

/// What is known of all rows together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guard {
    /// The highest sequence number that was listed.
    pub highest: u64,
    /// Everybody to whom something was ever delegated.
    pub delegates: BTreeSet<Party>,
}

#[derive(Serialize, Deserialize)]
struct StoredRow {
    starts: i64,
    stops: Option<i64>,
    number: String,
    role: String,
}

#[derive(Serialize, Deserialize)]
struct StoredGuard {
    highest: u64,
    /// Number and role.
    delegates: Vec<(String, String)>,
}

pub fn guard_key() -> Key {
    Key::new(GUARD)
}

pub fn every_row() -> KeyRange {
    KeyRange::under(&Key::new(ROWS))
}

/// The rows that are about one thing, in the order of their numbers.
pub fn rows(by: &Party, process: Process, grid_area: &str) -> KeyRange {
    KeyRange::under(&prefix(by, process, grid_area))
}

fn prefix(by: &Party, process: Process, grid_area: &str) -> Key {
    Key::new(ROWS).text(by.role.code()).text(by.number.as_str()).text(process.name()).text(grid_area)
}

pub fn key(row: &Delegation) -> Key {
    let Sequence { listed, own } = row.sequence;
    let key = prefix(&row.by, row.process, &row.grid_area).number(listed);
    if own > 0 { key.number(own) } else { key }
}

pub fn write(row: &Delegation) -> Bytes {
    let stored = StoredRow {
        starts: row.starts.micros(),
        stops: row.stops.map(Timestamp::micros),
        number: row.to.number.to_string(),
        role: row.to.role.code().to_string(),
    };
    stored::write(VERSION, &stored)
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a row.
pub fn read(key: &Key, bytes: &[u8]) -> Delegation {
    let found: StoredRow = stored::read(VERSION, bytes).expect("a stored delegation is read back");
    let mut parts = key.reader();
    let mut text = || parts.text().expect("who delegates what stands in its key");
    let (role, number, process, grid_area) = (text(), text(), text(), text());
    Delegation {
        sequence: Sequence {
            listed: parts.number().expect("a sequence number stands in its key"),
            own: parts.number().unwrap_or(0),
        },
        process: Process::from_name(&process).expect("a stored process is one that we know"),
        grid_area,
        starts: Timestamp::from_micros(found.starts),
        stops: found.stops.map(Timestamp::from_micros),
        by: party(number, &role),
        to: party(found.number, &found.role),
    }
}

pub fn write_guard(guard: &Guard) -> Bytes {
    let delegates = guard.delegates.iter().map(|it| (it.number.to_string(), it.role.code().to_string()));
    stored::write(VERSION, &StoredGuard { highest: guard.highest, delegates: delegates.collect() })
}

pub fn read_guard(bytes: &[u8]) -> Guard {
    let found: StoredGuard = stored::read(VERSION, bytes).expect("the guard of delegations is read back");
    let delegates = found.delegates.into_iter().map(|(number, role)| party(number, &role));
    Guard { highest: found.highest, delegates: delegates.collect() }
}

fn party(number: String, role: &str) -> Party {
    let role = ActorRole::from_code(role).expect("a stored role is one that we know");
    Party { number: ActorNumber::new(number), role }
}
