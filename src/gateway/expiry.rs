//! Expiry: what waits for a participant that has been inactive for long enough leaves its queues and stays in the archive. Off
//! unless the operator says for how many days.
//!
//! The registry does not say since when somebody is inactive. So the first run that finds it so writes that down, with the
//! versions of what the registry says; the days count from there, and begin again when that is written anew. A queue is also
//! that of its number in the roles that share it: who may fetch from it in any of them has not left it.
//!
//! Source: post-office 6.7, market-roles 7 (29).

use super::{Fault, PAGE_RECORDS, delivery};
use crate::archive::{AuditEntry, FoundInactive};
use crate::document::Category;
use crate::market::{ActorRole, Party, Timestamp};
use crate::post_office;
use crate::process::{Pack, participants};
use crate::record::{Batch, Expected, Key, KeyRange, Outcome, Version};
use crate::store::Store;

/// One run over a store.
pub struct Expiry<'a> {
    pub store: &'a dyn Store,
    /// How long a participant must have been inactive.
    pub days: u32,
    pub now: Timestamp,
    /// The entry of the audit trail, told what it was about.
    pub audit: &'a dyn Fn(String) -> AuditEntry,
    /// How many documents leave a queue in one commit.
    pub piece: usize,
}

/// What a run came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Abandoned {
    /// Participants for whom something waits.
    pub scanned: u64,
    /// Those of them that are inactive.
    pub inactive: u64,
    /// Documents that left their queues.
    pub expired: u64,
    /// Documents that did not, because the registry or the queue changed at that moment: the next run looks again.
    pub failed: u64,
    /// Whether there was nothing more to do.
    pub finished: bool,
}

/// What the registry says of everybody who fetches from a queue.
type Registered = Vec<(Key, Version)>;

impl Expiry<'_> {
    /// So many are written in a fraction of a second.
    pub const PIECE: usize = 500;

    /// Goes on until there is nothing more to do, or `may_go_on` says no between two pieces.
    pub fn run(&self, may_go_on: &dyn Fn() -> bool) -> Result<Abandoned, Fault> {
        let mut done = Abandoned::default();
        let all = post_office::all_queues_range();
        let mut rest = all.clone();
        while may_go_on() {
            let page = self.store.page(&rest, None, 1).map_err(Fault::store(DOING))?;
            let Some((key, _)) = page.records.into_iter().next() else {
                done.finished = true;
                return Ok(done);
            };
            let (owner, _) = post_office::queue_of(&key).ok_or(Fault::Unreadable { what: "a queue" })?;
            done.scanned += 1;
            if let Some(since) = self.inactive_since(&owner)? {
                done.inactive += 1;
                let waited = self.now.micros().saturating_sub(since.since.micros());
                if waited >= i64::from(self.days).saturating_mul(DAY_MICROS)
                    && !self.expire(&owner, &since, may_go_on, &mut done)?
                {
                    return Ok(done);
                }
            }
            // Behind all queues of this owner.
            let last = Category::ALL.into_iter().map(|category| post_office::queue_range(&owner, category).to).max();
            rest = KeyRange { from: last.unwrap_or(key), to: all.to.clone() };
        }
        Ok(done)
    }

    /// Since when it is known that nobody may fetch from an owner's queues; `None` where somebody may.
    fn inactive_since(&self, owner: &Party) -> Result<Option<FoundInactive>, Fault> {
        let key = FoundInactive::key(owner);
        let record = self.store.get(&key).map_err(Fault::store(DOING))?;
        let known = record
            .as_ref()
            .map(|it| FoundInactive::from_entry(it).ok_or(Fault::Unreadable { what: "who is inactive" }));
        let registered =
            self.registered_inactive(owner)?.map(|it| it.into_iter().map(|(_, version)| version).collect());
        let mut batch = Batch::default();
        let found = match (known.transpose()?, registered) {
            (Some(known), Some(versions)) if known.versions == versions => return Ok(Some(known)),
            (_, Some(versions)) => {
                let found = FoundInactive { since: self.now, versions };
                batch.put_all([found.put(owner)]);
                Some(found)
            }
            (Some(_), None) => {
                batch.delete(key);
                None
            }
            (None, None) => return Ok(None),
        };
        self.store.commit(batch).map_err(Fault::store(DOING))?;
        Ok(found)
    }

    /// What the registry says where it knows the owner, in the roles that share the queue, and all of them are inactive.
    fn registered_inactive(&self, owner: &Party) -> Result<Option<Registered>, Fault> {
        let roles = ActorRole::all().filter(|role| role.queue_role() == owner.role);
        let parties = roles.map(|role| Party { role, ..owner.clone() });
        let mut registered = Registered::new();
        for (party, pack) in parties.flat_map(|party| Pack::all().map(move |pack| (party.clone(), pack))) {
            let facts = super::load(self.store, &participants::needs_of(pack, &party))?;
            let Some(known) = participants::participant(&facts, pack, &party) else { continue };
            if !known.status.has_ended() {
                return Ok(None);
            }
            registered.extend(facts.versions().filter_map(|(key, expected)| match expected {
                Expected::At(version) => Some((key, version)),
                Expected::Absent => None,
            }));
        }
        Ok(Some(registered).filter(|it| !it.is_empty()))
    }

    /// Empties the queues of an owner. Returns whether it came to its end.
    fn expire(
        &self,
        owner: &Party,
        since: &FoundInactive,
        may_go_on: &dyn Fn() -> bool,
        done: &mut Abandoned,
    ) -> Result<bool, Fault> {
        for category in Category::ALL {
            loop {
                if !may_go_on() {
                    return Ok(false);
                }
                let range = post_office::queue_range(owner, category);
                let page = self.store.page(&range, None, self.piece.min(PAGE_RECORDS)).map_err(Fault::store(DOING))?;
                let count = page.records.len() as u64;
                if count == 0 {
                    break;
                }
                let mut batch = Batch::default();
                // Whoever has become active meanwhile keeps its post.
                let Some(registered) = self.registered_inactive(owner)? else { return Ok(true) };
                batch.unless_moved(registered.into_iter().map(|(key, version)| (key, Expected::At(version))));
                for (key, entry) in page.records {
                    let waiting = delivery::waiting(&entry)?;
                    batch.expect(key.clone(), Expected::At(entry.version));
                    batch.put_all(post_office::expire(&key, &waiting, owner, self.now));
                }
                let what = format!("{count} documents of {owner}, inactive since {} or longer", since.since);
                batch.put_all([(self.audit)(what).put()]);
                match self.store.commit(batch).map_err(Fault::store("let post expire"))? {
                    Outcome::Committed(_) => done.expired += count,
                    Outcome::Conflict(_) => {
                        done.failed += count;
                        break;
                    }
                }
            }
        }
        Ok(true)
    }
}

const DOING: &str = "look whose post is abandoned";
const DAY_MICROS: i64 = 86_400_000_000;
