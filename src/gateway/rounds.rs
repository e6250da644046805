//! Retention day by day: it goes on where it stopped, in pieces that are committed one by one, and stops between two of them when
//! it is told to.
//!
//! It goes along the log, once. A body that must stay for now is written down with the instant from which on it is worth another
//! look: when its time is over, or by the next run where somebody has yet to fetch, decide or release it. So a run costs what
//! has become old since the one before, and what of that is still in the way. See [`archive::Round`].
//!
//! Source: post-office 6.7.

use super::retention::{DOING, Documents, Expired, Fate, Retention, bodies_of};
use super::{Fault, PAGE_RECORDS};
use crate::archive::{self, AuditEntry, Hold, LogEntry, LogPlace, Position, Round};
use crate::market::Timestamp;
use crate::record::{Change, Key};
use crate::store::{self, ClosedSegments, Embedded, Erased};

/// One run of retention over a store.
pub struct Rounds<'a> {
    pub retention: &'a Retention<'a>,
    /// Where the bytes are.
    pub disk: &'a Embedded,
    /// The entry of the audit trail for a deletion, told what it was about.
    pub audit: &'a dyn Fn(String) -> AuditEntry,
    /// How many bodies are looked at for one commit.
    pub piece: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Documents that were looked at, also such as had been left behind before.
    pub scanned: u64,
    /// Documents that were let go, and their bytes.
    pub removed: u64,
    pub removed_bytes: u64,
    /// Bytes of disk that became free.
    pub freed_bytes: u64,
    /// Documents that could not be looked at, or whose bytes could not be erased: the next run tries again.
    pub failed: u64,
    /// Documents that stay although their time is over.
    pub unfetched: u64,
    pub undecided: u64,
    pub held: u64,
    /// Whether there was nothing more to do.
    pub finished: bool,
}

/// What a run must know to look at a body.
struct Look<'a> {
    holds: Vec<Hold>,
    closed: ClosedSegments<'a>,
}

/// What is committed together.
#[derive(Default)]
struct Piece {
    changes: Vec<Change>,
    goes: Vec<Expired>,
    /// Bodies and records that were looked at.
    seen: usize,
}

impl Rounds<'_> {
    /// So many bodies are written in a fraction of a second, which is how long whoever stops it waits.
    pub const PIECE: usize = 500;

    /// Goes on until there is nothing more to do, or `may_go_on` says no between two pieces.
    pub fn run(&self, may_go_on: &dyn Fn() -> bool) -> Result<Done, Fault> {
        let mut done = Done::default();
        if !self.finish_what_was_begun(may_go_on)? || !self.retention.catalogue.catch_up_while(may_go_on)? {
            return Ok(done);
        }
        let closed = self.disk.closed_segments().map_err(Fault::store(DOING))?;
        let look = Look { holds: self.retention.holds()?, closed };
        let look_again = |piece: &mut Piece, done: &mut Done| self.look_again(&look, piece, done);
        let walk = |piece: &mut Piece, done: &mut Done| self.walk(&look, piece, done);
        let steps: [&Step<'_>; 2] = [&look_again, &walk];
        for step in steps {
            loop {
                if !may_go_on() {
                    return Ok(done);
                }
                let mut piece = Piece::default();
                let more = step(&mut piece, &mut done)?;
                if !self.settle(piece, &mut done)? {
                    return Ok(done);
                }
                if !more {
                    break;
                }
            }
        }
        done.finished = true;
        Ok(done)
    }

    /// Erases what a run that was interrupted has let go. Returns whether it came to its end.
    fn finish_what_was_begun(&self, may_go_on: &dyn Fn() -> bool) -> Result<bool, Fault> {
        match self.retention.to_erase()? {
            Some(bodies) => drop(self.erase(&bodies)?),
            // Before that was remembered it could be any.
            None => {
                let mut bodies: Vec<Key> = Vec::new();
                self.retention.deletions(&mut |body, _| {
                    bodies.push(body);
                    Ok(())
                })?;
                for some in bodies.chunks(self.piece) {
                    if !may_go_on() {
                        return Ok(false);
                    }
                    self.erase(some)?;
                }
            }
        }
        self.retention.erased()?;
        Ok(true)
    }

    /// Looks at some of the bodies that were left behind and are due. Returns whether there may be more.
    fn look_again(&self, look: &Look<'_>, piece: &mut Piece, done: &mut Done) -> Result<bool, Fault> {
        let due = archive::left_by(self.retention.now);
        let page = self.retention.catalogue.store.page(&due, None, self.piece).map_err(Fault::store(DOING))?;
        for (key, _) in page.records {
            let body = archive::body_left(&key).ok_or(Fault::Unreadable { what: "what retention remembers" })?;
            let documents = self.retention.catalogue.in_body(&body)?;
            piece.changes.push(Change::Delete(key));
            self.look_at(body, documents, look, piece, done)?;
        }
        Ok(page.more)
    }

    /// Looks at the next commits of the log that may hold something old. Returns whether there may be more.
    fn walk(&self, look: &Look<'_>, piece: &mut Piece, done: &mut Done) -> Result<bool, Fault> {
        let Retention { policy, calendar, now, .. } = self.retention;
        let Some(old) = policy.anything_expires_before(*calendar, *now) else { return Ok(false) };
        let seen = self.retention.get(&Round::key())?;
        let seen =
            seen.map(|entry| Round::from_entry(&entry).ok_or(Fault::Unreadable { what: "what retention remembers" }));
        let seen = seen.transpose()?;
        let reached = seen.as_ref().filter(|round| round.policy == **policy).map_or(0, |round| round.reached);
        let (mut reached_now, mut more) = (reached, false);
        for commit in self.commits_after(reached) {
            let (commit, entries) = commit?;
            if entries.iter().any(|(position, _)| position.at >= old) {
                break;
            }
            for (body, documents) in bodies_of(commit, entries) {
                self.look_at(body, documents, look, piece, done)?;
            }
            reached_now = commit;
            more = piece.seen >= self.piece;
            if more {
                break;
            }
        }
        let round = Round { reached: reached_now, policy: (*policy).clone() };
        if seen.as_ref() != Some(&round) {
            piece.changes.push(round.put());
        }
        Ok(more)
    }

    /// The documents of each commit after this one.
    fn commits_after(&self, commit: u64) -> impl Iterator<Item = Result<(u64, Documents), Fault>> {
        let range = archive::log_after(commit);
        let mut after: Option<Key> = None;
        std::iter::from_fn(move || {
            // The first record says which commit is next, and then all of that is read.
            let page = match self.retention.catalogue.store.page(&range, after.as_ref(), 1) {
                Ok(page) => page,
                Err(fault) => return Some(Err(Fault::store(DOING)(fault))),
            };
            let (key, _) = page.records.first()?;
            let read = self.commit_of(key);
            if let Ok((_, last, _)) = &read {
                after = Some(last.clone());
            }
            Some(read.map(|(commit, _, entries)| (commit, entries)))
        })
    }

    /// The commit of a record of the log, its last record, and its documents.
    fn commit_of(&self, record: &Key) -> Result<(u64, Key, Documents), Fault> {
        let unreadable = || Fault::Unreadable { what: "the log" };
        let (commit, _) = archive::nth_in_record(record).ok_or_else(unreadable)?;
        let (mut last, mut documents) = (record.clone(), Vec::new());
        for record in store::records(self.retention.catalogue.store, &archive::log_of(commit), PAGE_RECORDS) {
            let (key, record) = record.map_err(Fault::store(DOING))?;
            let (_, first) = archive::nth_in_record(&key).ok_or_else(unreadable)?;
            for (entry, nth) in LogEntry::from_record(&record).ok_or_else(unreadable)?.into_iter().zip(first..) {
                documents.push((Position { at: entry.at, place: LogPlace { commit, nth } }, entry));
            }
            last = key;
        }
        Ok((commit, last, documents))
    }

    fn look_at(
        &self,
        body: Key,
        documents: Documents,
        look: &Look<'_>,
        piece: &mut Piece,
        done: &mut Done,
    ) -> Result<(), Fault> {
        let count = documents.len() as u64;
        piece.seen += 1;
        done.scanned += count;
        let is_open = |body| Ok(!look.closed.hold(body).map_err(Fault::store(DOING))?);
        let fate = match self.retention.fate_of(&body, &documents, &look.holds) {
            Ok(Fate::Goes) if is_open(&body)? => None,
            Ok(fate) => Some(fate),
            // One that cannot be looked at keeps none behind it.
            Err(Fault::Unreadable { what }) => {
                tracing::error!(body = %body, what, "cannot say whether a document has been kept long enough");
                done.failed += count;
                None
            }
            Err(fault) => return Err(fault),
        };
        match fate {
            None => {}
            Some(Fate::Gone) => return Ok(()),
            Some(Fate::Goes) => {
                piece.goes.push(self.retention.expired(body, documents));
                return Ok(());
            }
            Some(Fate::Young) => {
                let due = self.expires(&documents);
                piece.changes.extend(due.and_then(|due| archive::left_key(&body, due)).map(archive::leave));
                return Ok(());
            }
            Some(Fate::Unfetched) => done.unfetched += count,
            Some(Fate::Undecided) => done.undecided += count,
            Some(Fate::Held) => done.held += count,
        }
        let next_run = Timestamp::from_micros(self.retention.now.micros().saturating_add(1));
        piece.changes.extend(archive::left_key(&body, next_run).map(archive::leave));
        Ok(())
    }

    /// When the time of the last of a body's documents is over; `None` where one is kept for ever.
    fn expires(&self, documents: &[(Position, LogEntry)]) -> Option<Timestamp> {
        let Retention { policy, calendar, .. } = self.retention;
        let each = documents.iter().map(|(_, entry)| policy.expires_at(&entry.document, *calendar, entry.at));
        each.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// Commits a piece, and erases what it lets go. Returns whether the next one may follow.
    fn settle(&self, Piece { mut changes, goes, .. }: Piece, done: &mut Done) -> Result<bool, Fault> {
        let documents: u64 = goes.iter().map(|expired| expired.documents.len() as u64).sum();
        let entries = goes.iter().flat_map(|expired| &expired.documents);
        let bytes: u64 = entries.map(|(_, entry)| entry.place.bytes).sum();
        if documents > 0 {
            let what = format!("{documents} documents of {bytes} bytes as of {}", self.retention.now);
            changes.push((self.audit)(what).put());
        }
        if changes.is_empty() {
            return Ok(true);
        }
        self.retention.let_go(&goes, changes)?;
        done.removed += documents;
        done.removed_bytes += bytes;
        let bodies: Vec<Key> = goes.into_iter().map(|expired| expired.body).collect();
        if bodies.is_empty() {
            return Ok(true);
        }
        match self.erase(&bodies) {
            Ok(erased) => done.freed_bytes += erased.freed_bytes,
            // They are written down, and the next run erases them.
            Err(fault) => {
                tracing::error!(error = &fault as &dyn std::error::Error, "failed to erase what was let go");
                done.failed += documents;
                return Ok(false);
            }
        }
        self.retention.erased()?;
        Ok(true)
    }

    fn erase(&self, bodies: &[Key]) -> Result<Erased, Fault> {
        self.disk.erase(bodies).map_err(Fault::store("erase documents"))
    }
}

/// Looks at something. Returns whether there may be more.
type Step<'a> = dyn Fn(&mut Piece, &mut Done) -> Result<bool, Fault> + 'a;
