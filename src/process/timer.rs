//! Timers: what a process has yet to do, kept in the store in the order in which it falls due.
//!
//! A decision sets a timer by the changes of [`Timer::set`] and takes it back by those of [`Timer::cancel`]. A timer keeps
//! the cause of whatever set it, and its own cause is made from that: no two that ever ran have the same, so no two send
//! documents under the same id, also when one is set again at the very instant at which it ran. When it is due, the gateway hands it to the [`Duty`] of its kind, which decides like a document does: facts in, a decision out,
//! one commit that also takes the timer away. Its `now` is the instant at which it was due, however late that is.
//!
//! A timer takes turns with the documents about the same record, and is decided before every document that arrived when
//! it was due already. Timers that are due at one instant are decided by rank, then by kind, record and id.
//!
//! Source: design 6, market-roles 6.7.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::market::Timestamp;
use crate::process::{Context, Decision};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Needs, Space, stored};

/// Timers, by the instant at which they are due.
pub const TIMERS: Space = Space(21);
/// The same, by the record that they take turns on: the keys of their records in [`TIMERS`].
const BY_TURN: Space = Space(22);
/// Timers whose duty failed through a bug of ours; an operator sees them.
const PARKED: Space = Space(23);

/// A kind of timer, and who reads it when it is due.
#[derive(Debug)]
pub struct Kind {
    /// Part of the timer's key: it may not change while timers of this kind are stored.
    pub name: &'static str,
    /// Which of several timers due at one instant goes first: the lowest (market-roles 2.14).
    pub rank: u8,
    pub duty: fn(&Timer) -> Box<dyn Duty>,
}

/// What a timer that is due comes to.
pub trait Duty: Send {
    /// What must be known first.
    fn needs(&self, context: &Context) -> Needs;
    /// What must be known besides, now that `facts` are: asked again with all of them until it names nothing new.
    fn needs_more(&self, _facts: &Facts, _context: &Context) -> Needs {
        Needs::default()
    }
    /// What happens; `context.now` is the instant at which the timer was due. It must be harmless when there is nothing
    /// left to do. The same arguments always give the same decision, to the byte.
    fn decide(&self, facts: &Facts, context: &Context) -> Decision;
}

/// One timer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timer {
    pub due: Timestamp,
    pub kind: String,
    pub rank: u8,
    /// The record that it takes turns on, as [`crate::process::Request::turns`] would name it.
    pub turn: Key,
    /// Tells apart the timers of one kind on one record at one instant.
    pub id: String,
    /// Whatever else the duty has to know; a few bytes, in a form of the process's own.
    pub note: Bytes,
    /// The cause of the decision that set it; nobody's until it is set.
    pub set_by: [u8; 32],
}

impl Timer {
    pub fn new(kind: &Kind, due: Timestamp, turn: Key, id: impl Into<String>) -> Self {
        Self {
            due,
            kind: kind.name.to_string(),
            rank: kind.rank,
            turn,
            id: id.into(),
            note: Bytes::new(),
            set_by: [0; 32],
        }
    }

    pub fn note(mut self, note: impl Into<Bytes>) -> Self {
        self.note = note.into();
        self
    }

    /// What sets it because of what is decided in `context`; setting it twice is the same as once.
    pub fn set(&self, context: &Context) -> Vec<Change> {
        self.set_because(context.cause)
    }

    /// The same for whoever has no message to decide; no two different things may give one cause.
    pub fn set_because(&self, cause: [u8; 32]) -> Vec<Change> {
        let value = stored::write(VERSION, &Stored { set_by: cause, ..Stored::from(self) });
        vec![Change::Put(self.key(), value), Change::Put(self.key_by_turn(), Bytes::new())]
    }

    /// What takes it away; harmless when it is not set.
    pub fn cancel(&self) -> Vec<Change> {
        vec![Change::Delete(self.key()), Change::Delete(self.key_by_turn())]
    }

    /// What takes it away and shows it to the operator, with the reason.
    pub fn park(&self, cause: &str) -> Vec<Change> {
        let cause: String = cause.chars().take(CAUSE_CHARS_MAX).collect();
        let mut changes = self.cancel();
        changes.push(Change::Put(
            self.parked_key(),
            stored::write(VERSION, &StoredParked { cause, timer: Stored::from(self) }),
        ));
        changes
    }

    /// What makes the decision of this timer the decision of this timer and no other.
    pub fn cause(&self) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        hash.update(self.key().as_bytes());
        // Those that version 1 wrote did not say.
        if self.set_by != [0; 32] {
            hash.update(&self.set_by);
        }
        *hash.finalize().as_bytes()
    }

    pub fn key(&self) -> Key {
        self.rest_of(Key::new(TIMERS).signed(self.due.micros()).fixed([self.rank]))
    }

    /// Where it stands once it has failed.
    pub fn parked_key(&self) -> Key {
        Key::from_bytes([&[PARKED.0], &self.key().as_bytes()[1..]].concat())
    }

    fn key_by_turn(&self) -> Key {
        self.rest_of(Key::new(BY_TURN).nested(&self.turn).signed(self.due.micros()).fixed([self.rank]))
    }

    fn rest_of(&self, key: Key) -> Key {
        key.text(&self.kind).nested(&self.turn).text(&self.id)
    }
}

/// Every timer, the first one due first.
pub fn all() -> KeyRange {
    KeyRange::under(&Key::new(TIMERS))
}

/// Every timer that failed.
pub fn parked() -> KeyRange {
    KeyRange::under(&Key::new(PARKED))
}

/// A timer that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub due: Timestamp,
    pub cause: String,
    /// The timer as it was set; version 1 kept no more than the cause.
    pub timer: Option<Timer>,
}

/// A record of [`parked`]; `None` when it is not one that [`Timer::park`] made.
pub fn read_parked(key: &Key, entry: &Entry) -> Option<Parked> {
    let due = Timestamp::from_micros(key.reader().signed()?);
    let Some(StoredParked { cause, timer }) = stored::read(VERSION, &entry.value) else {
        return Some(Parked { due, cause: stored::read(1, &entry.value)?, timer: None });
    };
    Some(Parked { due, cause, timer: Some(timer.into_timer(due)) })
}

impl Parked {
    /// What sets it again as it was, so that it is decided as of the instant at which it was due.
    pub fn retry(&self) -> Option<Vec<Change>> {
        let timer = self.timer.as_ref()?;
        let mut changes = timer.set_because(timer.set_by);
        changes.push(Change::Delete(timer.parked_key()));
        Some(changes)
    }
}

/// The keys of all timers that wait for this record's turn and are due by `now`, under [`of_turn`]'s records.
pub fn of_turn(turn: &Key, now: Timestamp) -> KeyRange {
    let prefix = Key::new(BY_TURN).nested(turn);
    let to = prefix.clone().signed(now.micros().saturating_add(1));
    KeyRange { from: prefix, to }
}

/// The timer that a record of [`of_turn`] stands for.
pub fn key_of(turn: &Key, record: &Key) -> Key {
    let prefix = Key::new(BY_TURN).nested(turn);
    Key::from_bytes([&[TIMERS.0], &record.as_bytes()[prefix.as_bytes().len()..]].concat())
}

/// When the timer is due that this change sets; `None` for every other change.
pub fn due_of(change: &Change) -> Option<Timestamp> {
    match change {
        Change::Put(key, _) if key.space() == TIMERS => key.reader().signed().map(Timestamp::from_micros),
        _ => None,
    }
}

/// # Panics
///
/// When the record is not one that [`Timer::set`] made.
pub fn read(key: &Key, entry: &Entry) -> Timer {
    let first = || stored::read::<StoredFirst>(1, &entry.value).map(Stored::from);
    let found = stored::read(VERSION, &entry.value).or_else(first).expect("a stored timer is read back");
    let due = key.reader().signed().expect("a timer's key begins with an instant");
    found.into_timer(Timestamp::from_micros(due))
}

const VERSION: u8 = 2;
/// What of a cause is kept: enough for a panic's text and place.
const CAUSE_CHARS_MAX: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct Stored {
    turn: Vec<u8>,
    kind: String,
    rank: u8,
    id: String,
    note: Vec<u8>,
    set_by: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct StoredParked {
    cause: String,
    timer: Stored,
}

impl Stored {
    fn into_timer(self, due: Timestamp) -> Timer {
        let Self { turn, kind, rank, id, note, set_by } = self;
        Timer { due, kind, rank, turn: Key::from_bytes(turn), id, note: note.into(), set_by }
    }
}

/// What version 1 kept: not who set it.
#[derive(Deserialize)]
struct StoredFirst {
    turn: Vec<u8>,
    kind: String,
    rank: u8,
    id: String,
    note: Vec<u8>,
}

impl From<&Timer> for Stored {
    fn from(timer: &Timer) -> Self {
        let (turn, note) = (timer.turn.as_bytes().to_vec(), timer.note.to_vec());
        let (kind, id) = (timer.kind.clone(), timer.id.clone());
        Self { turn, kind, rank: timer.rank, id, note, set_by: timer.set_by }
    }
}

impl From<StoredFirst> for Stored {
    fn from(first: StoredFirst) -> Self {
        let StoredFirst { turn, kind, rank, id, note } = first;
        Self { turn, kind, rank, id, note, set_by: [0; 32] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Duty for Nothing {
        fn needs(&self, _: &Context) -> Needs {
            Needs::default()
        }

        fn decide(&self, _: &Facts, _: &Context) -> Decision {
            Decision::default()
        }
    }

    const LATE: Kind = Kind { name: "late", rank: 9, duty: |_| Box::new(Nothing) };
    const EARLY: Kind = Kind { name: "remind", rank: 1, duty: |_| Box::new(Nothing) };

    fn turn(name: &str) -> Key {
        Key::new(Space(99)).text(name)
    }

    #[test]
    fn a_timer_is_read_back_as_it_was_set() {
        let timer = Timer::new(&LATE, Timestamp::from_seconds(-5), turn("a\0b"), "7").note("note".as_bytes().to_vec());
        let [Change::Put(key, value), Change::Put(index, _)] = &timer.set_because([7; 32])[..] else {
            panic!("two records")
        };
        let set = Timer { set_by: [7; 32], ..timer.clone() };
        assert_eq!(read(key, &Entry { version: 1, value: value.clone() }), set);
        assert_eq!(key_of(&timer.turn, index), *key);
        assert!(all().contains(key));
        let cancelled: Vec<Change> = [key, index].map(|key| Change::Delete(key.clone())).into();
        assert_eq!(timer.cancel(), cancelled);
        assert_eq!(timer.park("why")[..2], cancelled);
    }

    #[test]
    fn a_timer_that_failed_is_set_again_as_it_was() {
        let timer = Timer::new(&LATE, Timestamp::from_seconds(5), turn("a"), "7").note("note".as_bytes().to_vec());
        let timer = Timer { set_by: [3; 32], ..timer };
        let [.., Change::Put(key, value)] = &timer.park("why")[..] else { panic!("it is kept") };
        let found = read_parked(key, &Entry { version: 1, value: value.clone() }).unwrap();
        assert_eq!(found, Parked { due: timer.due, cause: "why".into(), timer: Some(timer.clone()) });
        let again = [timer.set_because([3; 32]), vec![Change::Delete(key.clone())]].concat();
        assert_eq!(found.retry(), Some(again));
        let first = read_parked(key, &Entry { version: 1, value: Bytes::from_static(b"\x01\x03why") }).unwrap();
        assert_eq!((first.cause.as_str(), first.retry()), ("why", None), "version 1 kept the cause only");
    }

    #[test]
    fn timers_stand_in_the_order_in_which_they_are_due_then_by_rank() {
        let at = |kind, seconds, id| Timer::new(kind, Timestamp::from_seconds(seconds), turn("a"), id).key();
        let keys = [at(&LATE, -1, "a"), at(&EARLY, 5, "z"), at(&LATE, 5, "a"), at(&LATE, 5, "b"), at(&EARLY, 6, "a")];
        assert!(keys.is_sorted());
    }

    #[test]
    fn a_record_finds_the_timers_that_are_due_on_it() {
        let due = Timestamp::from_seconds(5);
        let index = Timer::new(&LATE, due, turn("a"), "x").key_by_turn();
        assert!(of_turn(&turn("a"), due).contains(&index));
        assert!(!of_turn(&turn("a"), Timestamp::from_micros(due.micros() - 1)).contains(&index));
        assert!(!of_turn(&turn("ab"), due).contains(&index));
        assert!(!of_turn(&turn(""), due).contains(&index));
    }

    /// Bytes that each version wrote. They must be read for as long as a store may hold them.
    #[test]
    fn old_bytes_are_read() {
        let mut timer = Timer::new(&LATE, Timestamp::from_seconds(5), turn("a"), "x").note(vec![7]);
        let value = Bytes::from_static(b"\x01\x03ca\0\x04late\x09\x01x\x01\x07");
        assert_eq!(read(&timer.key(), &Entry { version: 1, value }), timer);
        assert_eq!(timer.cause(), *blake3::hash(timer.key().as_bytes()).as_bytes(), "as version 1 had it");
        timer.set_by = [b'.'; 32];
        let value = Bytes::from_static(b"\x02\x03ca\0\x04late\x09\x01x\x01\x07................................");
        assert_eq!(read(&timer.key(), &Entry { version: 1, value }), timer);
    }

    /// A chain of timers, each set by the one before at the same instant under the same key: no cause comes twice.
    #[test]
    fn a_timer_that_is_set_again_where_it_ran_is_another_one() {
        let (mut causes, mut cause) = (std::collections::BTreeSet::new(), [1; 32]);
        for _ in 0..100 {
            let timer = Timer::new(&LATE, Timestamp::from_seconds(5), turn("a"), "x");
            let [Change::Put(key, value), _] = &timer.set_because(cause)[..] else { panic!("two records") };
            let due = read(key, &Entry { version: 1, value: value.clone() });
            assert_eq!(due, Timer { set_by: cause, ..timer });
            cause = due.cause();
            assert!(causes.insert(cause));
        }
    }
}
