//! What is delegated, and how to ask for it.

use std::collections::BTreeMap;
use std::fmt;

use super::{Process, record};
use crate::market::{ActorRole, Party, Timestamp};
use crate::record::{Entry, Facts, Key, KeyRange, Needs};

/// Where a row stands among those of the same participant, process and grid area; of two that have begun the higher counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence {
    /// The number that it has in the list of whoever keeps one; of a row of our own, the highest that was listed when it came.
    pub listed: u64,
    /// 0 for a listed row. Rows of our own stand behind that number and before the next, from 1 on: so no list ever gives the
    /// number of one.
    pub own: u64,
}

impl From<u64> for Sequence {
    fn from(listed: u64) -> Self {
        Self { listed, own: 0 }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.own {
            0 => write!(f, "{}", self.listed),
            own => write!(f, "{}.{own}", self.listed),
        }
    }
}

/// One row: `by` lets `to` act for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    pub sequence: Sequence,
    pub process: Process,
    /// Code of the grid area.
    pub grid_area: String,
    pub starts: Timestamp,
    /// Excluded; none for a row that does not end. Before `starts` it cancels.
    pub stops: Option<Timestamp>,
    pub by: Party,
    pub to: Party,
}

impl Delegation {
    /// Whether two rows say the same, wherever they stand.
    pub fn says_the_same_as(&self, other: &Delegation) -> bool {
        *self == Delegation { sequence: self.sequence, ..other.clone() }
    }

    /// Whether it is in force at an instant, as far as no other row says otherwise.
    fn is_active(&self, at: Timestamp) -> bool {
        self.starts <= at && self.stops.is_none_or(|stops| stops > at)
    }
}

/// Whether anything was ever delegated. Asked first: where nothing was, nothing else need be known.
pub fn needs_of_any() -> Needs {
    Needs::default().key(record::guard_key())
}

/// Needs: [`needs_of_any`]; false where they were not asked for.
pub fn any(facts: &Facts) -> bool {
    facts.knows(&record::guard_key()) && facts.get(&record::guard_key()).is_some()
}

/// Whether something was ever delegated to a participant. Needs: [`needs_of_any`].
pub fn is_delegate(facts: &Facts, party: &Party) -> bool {
    let guard = facts.get(&record::guard_key());
    guard.is_some_and(|entry| record::read_guard(&entry.value).delegates.contains(party))
}

pub fn needs_of(by: &Party, process: Process, grid_area: &str) -> Needs {
    Needs::default().range(record::rows(by, process, grid_area), record::guard_key())
}

/// Whoever acts for `by` in a process in a grid area at an instant; nobody where it was not asked for.
/// Needs: [`needs_of`].
pub fn delegate(facts: &Facts, by: &Party, process: Process, grid_area: &str, at: Timestamp) -> Option<Party> {
    let range = record::rows(by, process, grid_area);
    let rows = if facts.knows_range(&range) { facts.range(&range) } else { &[] };
    let begun = rows.iter().map(|(key, entry)| record::read(key, &entry.value)).filter(|row| row.starts <= at);
    // Rows stand in the order of their numbers.
    begun.last().filter(|row| row.is_active(at)).map(|row| row.to)
}

/// Rows as they are stored, each with whether it is in force at an instant.
pub fn with_force(rows: Vec<Delegation>, at: Timestamp) -> Vec<(Delegation, bool)> {
    let mut counting: BTreeMap<(Party, Process, String), Sequence> = BTreeMap::new();
    let subject = |row: &Delegation| (row.by.clone(), row.process, row.grid_area.clone());
    for row in rows.iter().filter(|row| row.starts <= at) {
        let highest = counting.entry(subject(row)).or_default();
        *highest = row.sequence.max(*highest);
    }
    let in_force = |row: &Delegation| row.is_active(at) && counting.get(&subject(row)) == Some(&row.sequence);
    rows.into_iter().map(|row| (row.clone(), in_force(&row))).collect()
}

/// Whether one who calls in this role may act for another at all.
pub fn may_be_delegate(role: ActorRole) -> bool {
    matches!(role, ActorRole::GridAccessProvider | ActorRole::Delegated)
}

/// Whether `caller` may act for `original` in a process in a grid area at an instant. Needs: [`needs_of`].
pub fn may_act(
    facts: &Facts,
    caller: &Party,
    original: &Party,
    process: Process,
    grid_area: &str,
    at: Timestamp,
) -> bool {
    may_be_delegate(caller.role) && delegate(facts, original, process, grid_area, at).as_ref() == Some(caller)
}

/// All rows, by whoever delegates, process, grid area and number.
pub fn every_delegation() -> KeyRange {
    record::every_row()
}

/// One record of [`every_delegation`].
///
/// # Panics
///
/// When it is none.
pub fn read_delegation(key: &Key, entry: &Entry) -> Delegation {
    record::read(key, &entry.value)
}
