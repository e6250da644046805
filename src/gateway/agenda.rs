//! The agenda: which timers are due, and which of them are being decided.
//!
//! Timers are handed in instant by instant, those of one instant some at a time, and the next instant when all of this one
//! are on disk: so everything happens in the order in which it was due, and documents that arrive meanwhile need not wait
//! behind a hundred thousand timers. More of one instant are handed in before the last of them are on disk, unless one of
//! these sets another timer of that instant, or has not been decided yet and may: what happens, and in which order, never
//! depends on how fast the disk is. A document about a record on which a timer is due takes
//! that timer along, see [`Agenda::due_on`].

use std::collections::HashSet;
use std::time::Duration;

use super::clock::Clock;
use super::desk::{Desk, Failure};
use crate::market::Timestamp;
use crate::process::Timer;
use crate::process::timer;
use crate::record::{Key, KeyRange, Version};

#[derive(Default)]
pub(super) struct Agenda {
    next: Next,
    /// Keys of the timers that were handed in and are not on disk yet.
    in_hand: HashSet<Key>,
    /// Those of them that belong to the instant that is being gone through.
    wave: HashSet<Key>,
    /// That instant.
    instant: Option<Timestamp>,
    /// Whether nothing more of the instant is handed in until all of the wave is on disk.
    closed_off: bool,
    /// The last one of them: every timer up to it was handed in, so it need not be looked for.
    reached: Option<(Timestamp, Key)>,
    /// How many wait to be told that nothing is due.
    watchers: usize,
}

/// When the first timer is due that was not handed in.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// It has not been looked up yet.
    #[default]
    Unknown,
    Never,
    At(Timestamp),
}

impl Agenda {
    /// How long nothing is due; `None` when only somebody who moves the clock, or sets a timer, can change that.
    pub fn wait(&self, clock: &Clock) -> Option<Duration> {
        match self.next {
            _ if !clock.runs() || !self.wave.is_empty() => None,
            Next::Never => None,
            Next::Unknown => Some(Duration::ZERO),
            Next::At(due) => {
                let micros = due.micros().saturating_sub(clock.now().micros());
                Some(Duration::from_micros(u64::try_from(micros).unwrap_or(0)).min(SLEEP_MAX))
            }
        }
    }

    /// Somebody else has set timers: what comes next must be looked up.
    pub fn forget(&mut self) {
        (self.next, self.reached) = (Next::Unknown, None);
    }

    /// Something is not decided at once, for others have their turn: what it will set is not known.
    pub fn waits(&mut self) {
        self.closed_off = true;
    }

    /// A decision is on its way to disk that sets a timer.
    pub fn will_set(&mut self, due: Timestamp) {
        self.closed_off |= self.instant.is_some_and(|instant| due <= instant);
    }

    /// A timer in hand was set anew by somebody else: it is to be found once more.
    pub fn look_again(&mut self) {
        self.reached = None;
    }

    /// Nothing more is looked up until somebody asks again.
    pub fn close(&mut self) {
        self.next = Next::Never;
    }

    /// One more waits until nothing is due.
    pub fn watched(&mut self) {
        self.watchers += 1;
    }

    /// How many may be told that nothing is due; none while something is.
    pub fn at_rest(&mut self) -> usize {
        if self.wave.is_empty() { std::mem::take(&mut self.watchers) } else { 0 }
    }

    /// A decision has set a timer. Returns whether it is now the first one.
    pub fn set(&mut self, due: Timestamp) -> bool {
        if self.reached.as_ref().is_some_and(|(reached, _)| due <= *reached) {
            self.reached = None;
        }
        let first = match self.next {
            Next::Unknown => return true,
            Next::Never => true,
            Next::At(next) => due <= next,
        };
        if first {
            self.next = Next::At(due);
        }
        first
    }

    /// Whether a timer may have been due at `at`, and not be on disk yet.
    pub fn may_be_due(&self, at: Timestamp) -> bool {
        match self.next {
            Next::Unknown => true,
            Next::Never => false,
            Next::At(due) => due <= at,
        }
    }

    /// The timers to hand in now: some of those that are due first. Empty while enough of this instant, or any of an earlier one,
    /// are not on disk yet.
    pub fn next(&mut self, desk: &Desk, now: Timestamp) -> Result<Vec<(Timer, Version)>, Failure> {
        if self.wave.is_empty() {
            self.closed_off = false;
        } else if self.closed_off || self.wave.len() > WAVE_GOES_ON {
            return Ok(Vec::new());
        }
        let behind = self.reached.as_ref().map(|(_, key)| key);
        let room = WAVE_TIMERS - self.wave.len();
        let in_hand = self.in_hand.len() - if behind.is_some() { self.wave.len() } else { 0 };
        let first = desk.timers(&timer::all(), behind, in_hand + room)?;
        let mut first = first.into_iter().filter(|(timer, _)| !self.in_hand.contains(&timer.key())).peekable();
        let Some(due) = first.peek().map(|(timer, _)| timer.due) else {
            self.next = Next::Never;
            return Ok(Vec::new());
        };
        self.next = Next::At(due);
        if due > now || !self.wave.is_empty() && self.instant != Some(due) {
            return Ok(Vec::new());
        }
        let wave: Vec<_> = first.take_while(|(timer, _)| timer.due == due).take(room).collect();
        self.wave.extend(wave.iter().map(|(timer, _)| timer.key()));
        self.in_hand.extend(wave.iter().map(|(timer, _)| timer.key()));
        self.instant = Some(due);
        self.reached = wave.last().map(|(timer, _)| (due, timer.key()));
        Ok(wave)
    }

    /// The timers that were due on these records by `at` and were not handed in, the first one due first.
    pub fn due_on(&mut self, desk: &Desk, turns: &[Key], at: Timestamp) -> Result<Vec<(Timer, Version)>, Failure> {
        let mut due = Vec::new();
        for turn in turns {
            due.extend(desk.timers_of(turn, at)?);
        }
        due.retain(|(timer, _)| self.in_hand.insert(timer.key()));
        due.sort_by_key(|(timer, _)| timer.key());
        Ok(due)
    }

    /// A timer's decision is on disk. Returns whether the next ones may be handed in.
    pub fn done(&mut self, timer: &Timer) -> bool {
        let key = timer.key();
        self.in_hand.remove(&key);
        self.wave.remove(&key) && (self.wave.is_empty() || self.wave.len() == WAVE_GOES_ON)
    }
}

impl Desk {
    /// The first timers of a range, behind one of them.
    fn timers(&self, range: &KeyRange, behind: Option<&Key>, most: usize) -> Result<Vec<(Timer, Version)>, Failure> {
        let page = self.page(range, behind, most)?;
        page.iter().map(|(key, entry)| Ok((self.read_timer(key, entry)?, entry.version))).collect()
    }

    fn timers_of(&self, turn: &Key, now: Timestamp) -> Result<Vec<(Timer, Version)>, Failure> {
        let mut found = Vec::new();
        for (record, _) in self.page(&timer::of_turn(turn, now), None, TURN_TIMERS_MAX)? {
            let key = timer::key_of(turn, &record);
            if let Some(entry) = self.record(&key)? {
                found.push((self.read_timer(&key, &entry)?, entry.version));
            }
        }
        Ok(found)
    }
}

/// Timers handed in at once. More would keep documents waiting, fewer would flush more often.
const WAVE_TIMERS: usize = 128;
/// More of the same instant are handed in when so many of them are left, so that nobody waits for the disk.
const WAVE_GOES_ON: usize = 64;
/// Timers that may be due on one record at a time; those beyond are decided in their own turn.
const TURN_TIMERS_MAX: usize = 1_000;
/// The machine's clock may be set while we sleep.
const SLEEP_MAX: Duration = Duration::from_secs(60);
