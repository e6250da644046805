//! A row is added. A row that is there already changes nothing, however often it comes: a listed one is known by its number,
//! one of our own by what it says, so a file of them may be told again. What was so earlier is said anew with another start.

use std::collections::BTreeMap;

use serde_json::json;

use super::record::{self, Guard};
use super::{Delegation, Sequence, may_be_delegate};
use crate::market::Party;
use crate::process::Event;
use crate::record::{Change, Facts, Key, Needs};

/// Most rows of one participant, process and grid area: a decision looks at all of them.
pub const ROWS_MAX: usize = 1_000;
/// Most participants to whom something is delegated; they stand in one record.
pub const DELEGATES_MAX: usize = 1_000;
/// Most characters of a grid area's code: it stands in a key.
pub const GRID_AREA_CHARACTERS_MAX: usize = 16;

/// Most characters of a participant's number, an EIC: it stands in a key too.
pub const NUMBER_CHARACTERS_MAX: usize = 16;

const CONFIGURED: &str = "ProcessDelegationConfigured";

/// A row that is to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Its sequence number counts only where [`Wanted::numbered`].
    pub row: Delegation,
    /// Whether it is one of a list, with a sequence number; else it is our own, and comes behind all that was listed.
    pub numbered: bool,
}

/// A row as it is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Configured {
    pub row: Delegation,
    /// Whether it was not there before.
    pub new: bool,
}

/// Why a row is not added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotConfigured {
    #[error("row {sequence} of {by} says something else already: a row is never changed, add a newer one")]
    SequenceUsed { sequence: Sequence, by: Party },
    #[error("{0} may not be a delegate: it takes a grid access provider (DDM) or a delegated party (DEL)")]
    NoDelegate(Party),
    #[error("{0} cannot delegate to itself")]
    Itself(Party),
    #[error("`{0}` is no number of a participant: it has 1 to {NUMBER_CHARACTERS_MAX} characters")]
    NoNumber(String),
    #[error("`{0}` is no grid area: its code has 1 to {GRID_AREA_CHARACTERS_MAX} characters")]
    NoGridArea(String),
    #[error("{0} has {ROWS_MAX} rows about this process and grid area, which is the most")]
    TooManyRows(Party),
    #[error("there are {DELEGATES_MAX} delegates, which is the most")]
    TooManyDelegates,
}

/// What [`configure`] must know first.
pub fn configure_needs(wanted: &[Wanted]) -> Needs {
    let rows = wanted.iter().map(|it| record::rows(&it.row.by, it.row.process, &it.row.grid_area));
    rows.fold(Needs::default().key(record::guard_key()), |needs, range| needs.range(range, record::guard_key()))
}

/// What must be written so that all these rows are there, and how each of them is; or why one of them cannot be.
pub fn configure(facts: &Facts, wanted: &[Wanted]) -> Result<(Vec<Change>, Vec<Configured>), NotConfigured> {
    let guard = facts.get(&record::guard_key()).map(|entry| record::read_guard(&entry.value));
    let mut guard = guard.unwrap_or_default();
    let (mut added, mut configured) = (BTreeMap::new(), Vec::new());
    for (place, Wanted { row, numbered }) in wanted.iter().enumerate() {
        is_possible(row)?;
        let known = known(facts, &added, row);
        let (row, new) = match numbered {
            true => (row.clone(), is_new(&known, row)?),
            false => own(&known, row, &wanted[..place], &guard),
        };
        if new {
            if known.len() >= ROWS_MAX {
                return Err(NotConfigured::TooManyRows(row.by));
            }
            add(&mut guard, &row)?;
            added.insert(record::key(&row), row.clone());
        }
        configured.push(Configured { row, new });
    }
    let mut changes: Vec<Change> = added.into_iter().map(|(key, row)| Change::Put(key, record::write(&row))).collect();
    if !changes.is_empty() {
        changes.push(Change::Put(record::guard_key(), record::write_guard(&guard)));
    }
    Ok((changes, configured))
}

/// What other systems hear of a new row.
pub fn configured(row: &Delegation) -> Event {
    let party = |party: &Party| json!({"number": party.number.as_str(), "role": party.role.code()});
    let mut payload = json!({
        "sequence_number": row.sequence.listed,
        "process": row.process.name(),
        "grid_area": row.grid_area,
        "starts": row.starts.to_string(),
        "stops": row.stops.map(|stops| stops.to_string()),
        "delegated_by": party(&row.by),
        "delegated_to": party(&row.to),
    });
    if row.sequence.own > 0 {
        payload["own_number"] = row.sequence.own.into();
    }
    Event { name: CONFIGURED, payload }
}

fn is_possible(row: &Delegation) -> Result<(), NotConfigured> {
    if !may_be_delegate(row.to.role) {
        return Err(NotConfigured::NoDelegate(row.to.clone()));
    }
    if row.by == row.to {
        return Err(NotConfigured::Itself(row.by.clone()));
    }
    for party in [&row.by, &row.to] {
        fits(party.number.as_str(), NUMBER_CHARACTERS_MAX).map_err(NotConfigured::NoNumber)?;
    }
    fits(&row.grid_area, GRID_AREA_CHARACTERS_MAX).map_err(NotConfigured::NoGridArea)
}

/// Whether a text says something in so many characters; else as much of it as that.
fn fits(text: &str, characters_max: usize) -> Result<(), String> {
    let shown: String = text.chars().take(characters_max).collect();
    if text.trim().is_empty() || shown.len() < text.len() { Err(shown) } else { Ok(()) }
}

/// The rows that are about the same, with those that have just been added, in the order of their numbers.
fn known(facts: &Facts, added: &BTreeMap<Key, Delegation>, row: &Delegation) -> Vec<Delegation> {
    let range = record::rows(&row.by, row.process, &row.grid_area);
    let stored = facts.range(&range).iter().map(|(key, entry)| record::read(key, &entry.value));
    let mut rows: Vec<Delegation> = stored.collect();
    rows.extend(added.iter().filter(|(key, _)| range.contains(key)).map(|(_, row)| row.clone()));
    rows.sort_by_key(|row| row.sequence);
    rows
}

fn is_new(known: &[Delegation], row: &Delegation) -> Result<bool, NotConfigured> {
    match known.iter().find(|it| it.sequence == row.sequence) {
        None => Ok(true),
        Some(same) if same == row => Ok(false),
        Some(_) => Err(NotConfigured::SequenceUsed { sequence: row.sequence, by: row.by.clone() }),
    }
}

/// A row of our own as it is there, or is to be. A statement may say the same more than once, with something else between:
/// the first time is the first such row that is known, and so on.
fn own(known: &[Delegation], row: &Delegation, before: &[Wanted], guard: &Guard) -> (Delegation, bool) {
    let subject = |row: &Delegation| record::rows(&row.by, row.process, &row.grid_area);
    let before = before.iter().filter(|it| !it.numbered && subject(&it.row) == subject(row)).map(|it| &it.row);
    let mut said: Vec<&Delegation> = before.chain([row]).collect();
    said.dedup_by(|later, earlier| later.says_the_same_as(earlier));
    let said_before = said.iter().filter(|it| it.says_the_same_as(row)).count() - 1;
    let same = known.iter().filter(|it| it.says_the_same_as(row)).nth(said_before);
    if let Some(same) = same.or(known.last().filter(|last| last.says_the_same_as(row))) {
        return (same.clone(), false);
    }
    let beside = known.iter().filter(|it| it.sequence.listed == guard.highest).map(|it| it.sequence.own).max();
    let sequence = Sequence { listed: guard.highest, own: beside.unwrap_or(0) + 1 };
    (Delegation { sequence, ..row.clone() }, true)
}

fn add(guard: &mut Guard, row: &Delegation) -> Result<(), NotConfigured> {
    guard.highest = guard.highest.max(row.sequence.listed);
    guard.delegates.insert(row.to.clone());
    if guard.delegates.len() > DELEGATES_MAX { Err(NotConfigured::TooManyDelegates) } else { Ok(()) }
}
