//! What a pack offers on the command line by names of its own, `gridpost process NAME VERB`, told as data: which records are
//! shown, and which timers can be run by hand. How they are read, shown and run is the command line's business.

use serde_json::Value;

use crate::market::Timestamp;
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs};

/// The verbs of a pack under one name.
#[derive(Debug)]
pub struct Commands {
    /// Behind `gridpost process`; no two packs share one, and none is a verb of the command line itself.
    pub name: &'static str,
    pub about: &'static str,
    pub lists: &'static [List],
    pub shows: &'static [Show],
    pub runs: &'static [Run],
}

/// Goes through a range, a row for each record.
#[derive(Debug)]
pub struct List {
    pub verb: &'static str,
    pub about: &'static str,
    pub range: fn() -> KeyRange,
    /// A JSON object, or which record cannot be read.
    pub row: fn(&Key, &Entry) -> Result<Value, String>,
    pub only: Option<Only>,
}

/// A flag that leaves rows out.
#[derive(Debug)]
pub struct Only {
    pub flag: &'static str,
    pub about: &'static str,
    pub keeps: fn(&Value) -> bool,
}

/// Shows what one record says.
#[derive(Debug)]
pub struct Show {
    pub verb: &'static str,
    pub about: &'static str,
    /// What is shown, with its article, such as `an account`.
    pub what: &'static str,
    /// What it is found by, such as `SYNC ID`.
    pub argument: &'static str,
    pub argument_about: &'static str,
    /// Where it stands; `None` for what can be no such id.
    pub key: fn(&str) -> Option<Key>,
    pub rows: fn(&Entry) -> Result<Vec<Value>, String>,
}

/// Runs a timer now, whatever its interval.
#[derive(Debug)]
pub struct Run {
    pub verb: &'static str,
    pub about: &'static str,
    /// Such as `marking`, for the progress and the result.
    pub doing: &'static str,
    /// What [`Run::set`] must know.
    pub needs: fn() -> Needs,
    /// What sets the timer for an instant.
    pub set: fn(&Facts, Timestamp) -> Vec<Change>,
    /// The records that the run works off, at an instant in the market's zone.
    pub due: fn(Timestamp, chrono_tz::Tz) -> Vec<KeyRange>,
    /// What is counted besides, before and after: its name as a JSON field, and what such records are.
    pub counted: (&'static str, &'static str),
    pub count: fn() -> KeyRange,
}
