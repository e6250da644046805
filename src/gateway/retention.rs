//! Retention: which documents of the archive have been kept long enough (post-office 4.4, 6.7).
//!
//! What is undecided, not fetched or held stays, however old it is. Documents that share a body go together, when the last
//! of them may. Nothing is removed here: whoever asks is shown each body that may go, and lets it go.

use std::collections::BTreeMap;

use super::{Catalogue, Fault, PAGE_RECORDS};
use crate::archive::{self, Direction, Hold, LetGo, LogEntry, LogPlace, Policy, Position, Round};
use crate::market::{Calendar, Timestamp};
use crate::record::{Batch, Change, Entry, Key};
use crate::store::{self, body_let_go, let_go_key, let_go_range};

/// What is asked.
pub struct Retention<'a> {
    pub catalogue: &'a Catalogue<'a>,
    pub policy: &'a Policy,
    /// In which years begin.
    pub calendar: Calendar,
    pub now: Timestamp,
}

/// A body all of whose documents may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expired {
    pub body: Key,
    pub documents: Vec<(Position, LogEntry)>,
    /// The longest time for which one of them was to be kept.
    pub years: i64,
}

/// Documents that stay, by why; and those that went before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    /// Not old enough, or beside one that is not.
    pub young: u64,
    /// Old, but a part of their post has not been fetched.
    pub unfetched: u64,
    /// Old, but waiting for their decision, or parked.
    pub undecided: u64,
    /// Old, and under a legal hold.
    pub held: u64,
    pub gone: u64,
}

/// What becomes of a document; of a body, what keeps it longest.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    Goes,
    Held,
    Undecided,
    Unfetched,
    Young,
    Gone,
}

/// Documents, each with where it stands.
pub(super) type Documents = Vec<(Position, LogEntry)>;

/// The documents of a commit, by the body in which they stand.
pub(super) fn bodies_of(commit: u64, entries: Documents) -> impl Iterator<Item = (Key, Documents)> {
    let mut parts: BTreeMap<u64, Documents> = BTreeMap::new();
    for (position, entry) in entries {
        parts.entry(entry.place.part).or_default().push((position, entry));
    }
    parts.into_iter().map(move |(part, documents)| (archive::body_key(commit, part), documents))
}

impl Retention<'_> {
    /// Goes through the whole log, oldest first, and shows each body that may go.
    pub fn look_through(&self, found: &mut dyn FnMut(Expired) -> Result<(), Fault>) -> Result<Kept, Fault> {
        // What is let go can no longer be catalogued.
        self.catalogue.catch_up()?;
        let holds = self.holds()?;
        let mut kept = Kept::default();
        let mut commit: (u64, Documents) = (0, Vec::new());
        for record in store::records(self.catalogue.store, &archive::log_range(), PAGE_RECORDS) {
            let (key, record) = record.map_err(Fault::store(DOING))?;
            let unreadable = || Fault::Unreadable { what: "the log" };
            let (number, first) = archive::nth_in_record(&key).ok_or_else(unreadable)?;
            if number != commit.0 {
                self.look_at(std::mem::replace(&mut commit, (number, Vec::new())), &holds, &mut kept, found)?;
            }
            for (entry, nth) in LogEntry::from_record(&record).ok_or_else(unreadable)?.into_iter().zip(first..) {
                commit.1.push((Position { at: entry.at, place: LogPlace { commit: number, nth } }, entry));
            }
        }
        self.look_at(commit, &holds, &mut kept, found)?;
        Ok(kept)
    }

    /// The bodies of one commit.
    fn look_at(
        &self,
        (commit, entries): (u64, Documents),
        holds: &[Hold],
        kept: &mut Kept,
        found: &mut dyn FnMut(Expired) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        for (body, documents) in bodies_of(commit, entries) {
            let count = documents.len() as u64;
            match self.fate_of(&body, &documents, holds)? {
                Fate::Gone => kept.gone += count,
                Fate::Young => kept.young += count,
                Fate::Unfetched => kept.unfetched += count,
                Fate::Undecided => kept.undecided += count,
                Fate::Held => kept.held += count,
                Fate::Goes => found(self.expired(body, documents))?,
            }
        }
        Ok(())
    }

    /// What becomes of a body whose documents these are.
    pub(super) fn fate_of(
        &self,
        body: &Key,
        documents: &[(Position, LogEntry)],
        holds: &[Hold],
    ) -> Result<Fate, Fault> {
        if self.get(&let_go_key(body))?.is_some() {
            return Ok(Fate::Gone);
        }
        documents
            .iter()
            .try_fold(Fate::Goes, |fate, (position, entry)| Ok(fate.max(self.fate(position, entry, holds)?)))
    }

    pub(super) fn expired(&self, body: Key, documents: Documents) -> Expired {
        let years = documents.iter().map(|(_, entry)| self.policy.years_of(&entry.document)).max();
        Expired { body, documents, years: years.unwrap_or(self.policy.years) }
    }

    fn fate(&self, position: &Position, entry: &LogEntry, holds: &[Hold]) -> Result<Fate, Fault> {
        let old = self.policy.expires_before(&entry.document, self.calendar, self.now);
        if old.is_none_or(|before| entry.at >= before) {
            return Ok(Fate::Young);
        }
        let commit = position.place.commit;
        let is_free = match entry.direction {
            Direction::Out => self.catalogue.is_settled(position.place, entry)?,
            Direction::In => {
                self.get(&archive::inbox_key(commit))?.is_none() && self.get(&archive::parked_key(commit))?.is_none()
            }
        };
        if !is_free {
            return Ok(if entry.direction == Direction::In { Fate::Undecided } else { Fate::Unfetched });
        }
        for hold in holds {
            let Some(keys) = hold.asks_for(position) else { continue };
            if self.catalogue.store.get_many(&keys).map_err(Fault::store(DOING))?.iter().all(Option::is_some) {
                return Ok(Fate::Held);
            }
        }
        Ok(Fate::Goes)
    }

    pub(super) fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        self.catalogue.store.get(key).map_err(Fault::store(DOING))
    }

    /// Every hold that was ever placed, by name.
    pub fn holds(&self) -> Result<Vec<Hold>, Fault> {
        let mut holds = Vec::new();
        for record in store::records(self.catalogue.store, &Hold::range(), PAGE_RECORDS) {
            let (_, record) = record.map_err(Fault::store(DOING))?;
            holds.push(Hold::from_entry(&record).ok_or(Fault::Unreadable { what: "a legal hold" })?);
        }
        Ok(holds)
    }

    /// Records that these bodies were let go, with what else belongs to that commit: from then on their bytes may be erased, and
    /// [`Retention::erased`] says that they are. They must have been shown in the same house, with nobody placing holds or
    /// taking up again what was parked meanwhile.
    pub fn let_go(&self, expired: &[Expired], more: Vec<Change>) -> Result<(), Fault> {
        let mut batch = Batch::default();
        for Expired { body, documents, years } in expired {
            let bytes = documents.iter().map(|(_, entry)| entry.place.bytes).sum();
            let why = LetGo::new(self.now, *years, documents.len() as u64, bytes);
            batch.put(let_go_key(body), why.encode());
        }
        let bodies: Vec<Key> = expired.iter().map(|expired| expired.body.clone()).collect();
        batch.put_all(archive::erase_next(&bodies)).put_all(more);
        self.commit(batch)
    }

    /// The bodies that were let go by a run that was interrupted, and are not erased; `None` in a store from before that was
    /// remembered, where it may be any of [`Retention::deletions`].
    pub fn to_erase(&self) -> Result<Option<Vec<Key>>, Fault> {
        if self.get(&Round::key())?.is_none() {
            return Ok(None);
        }
        let mut bodies = Vec::new();
        for record in store::records(self.catalogue.store, &archive::erasing_range(), PAGE_RECORDS) {
            let (_, record) = record.map_err(Fault::store(DOING))?;
            let some = archive::bodies_to_erase(&record);
            bodies.extend(some.ok_or(Fault::Unreadable { what: "what retention remembers" })?);
        }
        Ok(Some(bodies))
    }

    /// Remembers that all that was let go is erased.
    pub fn erased(&self) -> Result<(), Fault> {
        let mut batch = Batch::default();
        for record in store::records(self.catalogue.store, &archive::erasing_range(), PAGE_RECORDS) {
            batch.delete(record.map_err(Fault::store(DOING))?.0);
        }
        if self.get(&Round::key())?.is_none() {
            batch.put_all([Round { reached: 0, policy: self.policy.clone() }.put()]);
        }
        if batch.changes.is_empty() { Ok(()) } else { self.commit(batch) }
    }

    fn commit(&self, batch: Batch) -> Result<(), Fault> {
        self.catalogue.store.commit(batch).map_err(Fault::store("let documents go"))?;
        Ok(())
    }

    /// Shows every body that was let go, and why, in the order in which they came.
    pub fn deletions(&self, each: &mut dyn FnMut(Key, LetGo) -> Result<(), Fault>) -> Result<(), Fault> {
        for record in store::records(self.catalogue.store, &let_go_range(), PAGE_RECORDS) {
            let (key, record) = record.map_err(Fault::store(DOING))?;
            let unreadable = Fault::Unreadable { what: "the log of deletions" };
            let (body, why) = body_let_go(&key).zip(LetGo::from_entry(&record)).ok_or(unreadable)?;
            each(body, why)?;
        }
        Ok(())
    }
}

pub(super) const DOING: &str = "look what has been kept long enough";
