//! Quarantine: a waiting document that has come to harm, or that an operator stops, stands aside, and its queue goes on. It comes back
//! once it can be read again, or is given up (post-office 1.6 (9)).
//!
//! What a change comes to in a store is planned here, the same for a running gateway and for the command line over a store at rest.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bundles::kept_at;
use super::delivery::{self, tell_shown};
use super::post::Access;
use super::{Fault, Gateway, PAGE_RECORDS, figures, with_causes};
use crate::document::Category;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Member, Quarantined, Shown};
use crate::record::{Batch, Entry, Expected, Key, Outcome, Version};
use crate::store::{self, Store};

/// What became of documents that were to come back.
#[derive(Debug, Default)]
pub struct Released {
    pub back: Vec<Quarantined>,
    /// Those that cannot be read, and why that is: they stay where they are.
    pub harmed: Vec<Quarantined>,
    /// Ids of which nothing stands aside.
    pub unknown: Vec<String>,
}

/// What became of documents that were to be given up.
#[derive(Debug, Default)]
pub struct Discarded {
    pub gone: Vec<Quarantined>,
    pub unknown: Vec<String>,
}

/// Why an operator stops a document, without the blanks around it; `None` where nothing is said, too much, or more than one line.
pub fn cause_in(words: &str) -> Option<&str> {
    let words = words.trim();
    let fits = !words.is_empty() && words.chars().count() <= CAUSE_CHARACTERS_MAX;
    (fits && !words.chars().any(char::is_control)).then_some(words)
}

/// What a cause may be, for whoever gave one that it may not be.
pub const CAUSE_ADVICE: &str = "it says in one line of 1 to 500 characters why";
const CAUSE_CHARACTERS_MAX: usize = 500;

/// Everything that stands aside, in the order in which it was enqueued.
pub fn quarantined(store: &dyn Store) -> Result<Vec<Quarantined>, Fault> {
    let mut found = Vec::new();
    for record in store::records(store, &post_office::quarantine_range(), PAGE_RECORDS) {
        let (_, entry) = record.map_err(Fault::store(DOING))?;
        found.push(read(&entry)?);
    }
    found.sort_by_key(Quarantined::stood);
    Ok(found)
}

/// A document that stands aside, as a row of JSON.
pub fn quarantined_row(aside: &Quarantined) -> Value {
    let Quarantined { owner, category, waiting, since, cause } = aside;
    let mut row = json!({
        "messageId": waiting.message_id, "actor": owner.number.as_str(), "role": owner.role.code(), "category": category.name(),
        "document": waiting.document, "records": waiting.records, "bytes": waiting.bytes,
        "enqueued": waiting.enqueued.to_string(), "quarantined": since.to_string(), "cause": cause,
    });
    if let Some(shown) = &waiting.shown {
        tell_shown(shown, &mut row);
    }
    row
}

/// A document that is to be moved aside.
pub struct Stop {
    /// Where it waits.
    place: Key,
    /// What moves it.
    pub batch: Batch,
    /// The document as it stands aside then.
    pub aside: Quarantined,
}

impl Stop {
    fn of(member: &Member, shown: &dyn Fn(&Key, Shown) -> Shown, now: Timestamp, cause: &str) -> Result<Self, Fault> {
        let Member { key, version, waiting } = member;
        let known = waiting.shown.map(|known| shown(key, known));
        let moved = post_office::quarantine(key, waiting, known, now, cause);
        let (aside, changes) = moved.ok_or(Fault::Unreadable { what: "a place in a queue" })?;
        let mut batch = Batch::default();
        batch.expect(key.clone(), Expected::At(*version)).put_all(changes);
        Ok(Self { place: key.clone(), batch, aside })
    }
}

/// What moves a document aside that waits for `owner`; `None` where it waits for nobody of that name. `shown` is how what stands at a
/// place was shown, told what its record says.
pub fn plan_quarantine(
    store: &dyn Store,
    owner: &Party,
    message_id: &str,
    shown: &dyn Fn(&Key, Shown) -> Shown,
    (now, cause): (Timestamp, &str),
) -> Result<Option<Stop>, Fault> {
    for category in Category::ALL {
        let range = post_office::queue_range(owner, category);
        for record in store::records(store, &range, PAGE_RECORDS) {
            let (key, entry) = record.map_err(Fault::store("read a queue"))?;
            let waiting = delivery::waiting(&entry)?;
            if waiting.message_id == message_id {
                let member = Member { key, version: entry.version, waiting };
                return Stop::of(&member, shown, now, cause).map(Some);
            }
        }
    }
    Ok(None)
}

/// Ids, or those of everything that stands aside where none are given, as many at a time as one commit changes.
pub fn pieces(store: &dyn Store, ids: Option<&BTreeSet<String>>) -> Result<Vec<BTreeSet<String>>, Fault> {
    let all = || quarantined(store).map(|all| all.into_iter().map(|aside| aside.waiting.message_id).collect());
    let ids: Vec<String> = ids.map_or_else(all, |ids| Ok(ids.iter().cloned().collect()))?;
    Ok(ids.chunks(PIECE).map(|some| some.iter().cloned().collect()).collect())
}

/// What lets documents back into their queues, in the order in which they stood there, if they can be read.
pub fn plan_release(store: &dyn Store, ids: &BTreeSet<String>) -> Result<(Batch, Released), Fault> {
    let (mut batch, mut released) = (Batch::default(), Released::default());
    let (mut found, unknown) = find(store, ids)?;
    found.sort_by_key(|(_, aside)| aside.stood());
    for (version, aside) in found {
        match kept_at(store, aside.stood().0, &aside.waiting) {
            Ok(_) => {
                batch.expect(post_office::quarantine_key(&aside.waiting.message_id), Expected::At(version));
                batch.put_all(aside.release(released.back.len() as u64));
                released.back.push(aside);
            }
            Err(fault) if fault.is_harm() => released.harmed.push(Quarantined { cause: with_causes(&fault), ..aside }),
            Err(fault) => return Err(fault),
        }
    }
    released.unknown = unknown;
    Ok((batch, released))
}

/// What gives documents up.
pub fn plan_discard(store: &dyn Store, ids: &BTreeSet<String>, now: Timestamp) -> Result<(Batch, Discarded), Fault> {
    let (mut batch, mut discarded) = (Batch::default(), Discarded::default());
    let (found, unknown) = find(store, ids)?;
    for (version, aside) in found {
        batch.expect(post_office::quarantine_key(&aside.waiting.message_id), Expected::At(version));
        batch.put_all(aside.discard(now));
        discarded.gone.push(aside);
    }
    discarded.unknown = unknown;
    Ok((batch, discarded))
}

/// What stands aside, each with the commit that wrote its record.
type Aside = Vec<(Version, Quarantined)>;

/// What stands aside of these ids, and of which of them nothing does.
fn find(store: &dyn Store, ids: &BTreeSet<String>) -> Result<(Aside, Vec<String>), Fault> {
    let keys: Vec<Key> = ids.iter().map(|id| post_office::quarantine_key(id)).collect();
    let entries = store.get_many(&keys).map_err(Fault::store(DOING))?;
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    for (id, entry) in ids.iter().zip(entries) {
        match entry {
            Some(entry) => found.push((entry.version, read(&entry)?)),
            None => unknown.push(id.clone()),
        }
    }
    Ok((found, unknown))
}

fn read(entry: &Entry) -> Result<Quarantined, Fault> {
    Quarantined::from_entry(entry).ok_or(Fault::Unreadable { what: "what is in quarantine" })
}

impl Gateway {
    /// Moves a document aside that has come to harm, so that what waits behind it can be given out. Where its queue changes at that
    /// moment nothing happens: whoever asked looks again.
    pub(super) async fn move_aside(
        &self,
        access: Access<'_>,
        member: &Member,
        fault: &Fault,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let (message_id, cause) = (&*member.waiting.message_id, with_causes(fault));
        let mut stop = Stop::of(member, &|place, known| self.trail.shown(place, known), now, &cause)?;
        stop.batch.put_all(self.trail.entry("quarantine", access, message_id.to_string(), now));
        if self.carry_out(stop).await?.is_some() {
            tracing::error!(
                message_id,
                receiver = %access.party,
                cause,
                "a waiting document has come to harm and is in quarantine; its queue goes on. `gridpost queue release` lets it back once \
                 the journal's file is as it was"
            );
        }
        Ok(())
    }

    /// Moves a waiting document aside by an operator's order. Returns it as it stands there, also where it does so already; `None` where
    /// it waits for nobody of that name.
    pub async fn quarantine(&self, owner: &Party, message_id: &str, cause: &str) -> Result<Option<Quarantined>, Fault> {
        for _ in 0..ATTEMPTS_MAX {
            let shown = |place: &Key, known| self.trail.shown(place, known);
            let planned = plan_quarantine(&*self.store, owner, message_id, &shown, (self.now(), cause))?;
            let Some(stop) = planned else {
                let aside = self.aside(message_id)?.map(|(_, aside)| aside);
                return Ok(aside.filter(|aside| aside.owner == owner.queue_owner()));
            };
            if let Some(aside) = self.carry_out(stop).await? {
                return Ok(Some(aside));
            }
        }
        Err(Fault::Moving { what: "a queue" })
    }

    /// The document as it stands aside; `None` where its queue has changed meanwhile.
    async fn carry_out(&self, Stop { place, batch, aside }: Stop) -> Result<Option<Quarantined>, Fault> {
        let Outcome::Committed(_) = self.commit("move a document aside", batch).await? else { return Ok(None) };
        self.trail.forget(&place);
        figures::quarantined();
        Ok(Some(aside))
    }

    /// Lets documents back into their queues that can be read; of everything that stands aside where no ids are given.
    pub async fn release(&self, ids: Option<&BTreeSet<String>>) -> Result<Released, Fault> {
        let mut released = Released::default();
        for some in pieces(&*self.store, ids)? {
            let (batch, Released { back, harmed, unknown }) = plan_release(&*self.store, &some)?;
            self.commit_or_moving("let documents back into their queues", batch).await?;
            released.back.extend(back);
            released.harmed.extend(harmed);
            released.unknown.extend(unknown);
            // Whoever waits for post looks again when something moves.
            self.decider.time_has_passed();
        }
        Ok(released)
    }

    /// Gives documents up that stand aside.
    pub async fn discard_quarantined(&self, ids: &BTreeSet<String>) -> Result<Discarded, Fault> {
        let mut discarded = Discarded::default();
        for some in pieces(&*self.store, Some(ids))? {
            let (batch, Discarded { gone, unknown }) = plan_discard(&*self.store, &some, self.now())?;
            self.commit_or_moving("give documents up", batch).await?;
            discarded.gone.extend(gone);
            discarded.unknown.extend(unknown);
        }
        Ok(discarded)
    }

    async fn commit_or_moving(&self, doing: &'static str, batch: Batch) -> Result<(), Fault> {
        match self.commit(doing, batch).await? {
            Outcome::Committed(_) => Ok(()),
            Outcome::Conflict(_) => Err(Fault::Moving { what: "what is in quarantine" }),
        }
    }

    /// A document that stands aside, and the commit that wrote its record.
    pub(super) fn aside(&self, message_id: &str) -> Result<Option<(Version, Quarantined)>, Fault> {
        let entry = self.read(DOING, &post_office::quarantine_key(message_id))?;
        entry.map(|entry| Ok((entry.version, read(&entry)?))).transpose()
    }
}

const DOING: &str = "read what is in quarantine";
/// Documents that one commit lets back or gives up, at most.
const PIECE: usize = 500;
/// How often it is looked again for a document whose queue changes at that moment.
const ATTEMPTS_MAX: u32 = 10;
