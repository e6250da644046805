//! Quarantine: a waiting document that has come to harm, or that an operator stops, stands aside, and its queue goes on. It comes back
//! once it can be read again, or is given up (post-office 1.6 (9)).
//!
//! What a change comes to in a store is planned here, the same for a running gateway and for the command line over a store at rest.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::bundles::{Anew, kept_at, made_anew};
use super::delivery::{self, tell_shown};
use super::post::Access;
use super::step::{ATTEMPTS_MAX, PIECE, Step};
use super::{By, Fault, Gateway, PAGE_RECORDS, figures, with_causes};
use crate::archive::{self, LogEntry, Outbound};
use crate::document::Category;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Member, Quarantined, Shown, Waiting};
use crate::process::Pack;
use crate::record::{Batch, Entry, Expected, Key, KeyRange, Outcome, Version};
use crate::store::{self, Store};

/// What became of documents that were to come back.
#[derive(Debug, Default)]
pub struct Released {
    pub back: Vec<Quarantined>,
    /// Ids of those that could not be read and were made anew, byte for byte.
    pub anew: Vec<String>,
    /// Those that cannot be read, and why that is: they stay where they are.
    pub harmed: Vec<Quarantined>,
    /// Ids of which nothing stands aside.
    pub unknown: Vec<String>,
}

impl Released {
    /// With what became of more.
    pub fn add(&mut self, more: Self) {
        let Self { back, anew, harmed, unknown } = more;
        self.back.extend(back);
        self.anew.extend(anew);
        self.harmed.extend(harmed);
        self.unknown.extend(unknown);
    }

    /// What came back, for the audit trail: ids, and of those that were made anew that they were.
    pub fn names(&self) -> Vec<String> {
        let anew = (!self.anew.is_empty()).then(|| "made anew:".to_string());
        ids_of(&self.back).chain(anew).chain(self.anew.iter().cloned()).collect()
    }
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

/// Documents that are to be moved aside in one commit.
#[derive(Default)]
pub struct Stop {
    /// Where they wait.
    places: Vec<Key>,
    /// What moves them.
    pub batch: Batch,
    /// The documents as they stand aside then.
    pub aside: Vec<Quarantined>,
}

impl Stop {
    fn add(
        &mut self,
        member: Member,
        shown: &dyn Fn(&Key, Shown) -> Shown,
        (now, cause): (Timestamp, &str),
    ) -> Result<(), Fault> {
        let Member { key, version, waiting } = member;
        let known = waiting.shown.map(|known| shown(&key, known));
        let moved = post_office::quarantine(&key, &waiting, known, now, cause);
        let (aside, changes) = moved.ok_or(Fault::Unreadable { what: "a place in a queue" })?;
        self.batch.expect(key.clone(), Expected::At(version)).put_all(changes);
        self.places.push(key);
        self.aside.push(aside);
        Ok(())
    }
}

/// What moves a document aside that waits for `owner`, since when and why; `None` where it waits for nobody of that name. `shown` is how
/// what stands at a place was shown, told what its record says.
pub fn plan_quarantine(
    store: &dyn Store,
    owner: &Party,
    message_id: &str,
    shown: &dyn Fn(&Key, Shown) -> Shown,
    why: (Timestamp, &str),
) -> Result<Option<Stop>, Fault> {
    for category in Category::ALL {
        let range = post_office::queue_range(owner, category);
        for record in store::records(store, &range, PAGE_RECORDS) {
            let (key, entry) = record.map_err(Fault::store("read a queue"))?;
            let waiting = delivery::waiting(&entry)?;
            if waiting.message_id == message_id {
                let mut stop = Stop::default();
                stop.add(Member { key, version: entry.version, waiting }, shown, why)?;
                return Ok(Some(stop));
            }
        }
    }
    Ok(None)
}

/// What stands aside of these ids, or everything: as many ids at a time as one commit changes, in the order in which the documents
/// stood in their queues. And the ids of which nothing does.
pub fn pieces(store: &dyn Store, ids: Option<&BTreeSet<String>>) -> Result<(Vec<Vec<String>>, Vec<String>), Fault> {
    let (found, unknown) = match ids {
        None => (quarantined(store)?, Vec::new()),
        Some(ids) => {
            let ids: Vec<String> = ids.iter().cloned().collect();
            let mut found: Vec<Quarantined> = find(store, &ids)?.into_iter().map(|(_, aside)| aside).collect();
            found.sort_by_key(Quarantined::stood);
            let known: BTreeSet<&str> = found.iter().map(|aside| &*aside.waiting.message_id).collect();
            let unknown = ids.into_iter().filter(|id| !known.contains(&**id)).collect();
            (found, unknown)
        }
    };
    let (mut pieces, mut piece, mut bytes) = (Vec::new(), Vec::new(), 0);
    for Quarantined { waiting, .. } in found {
        bytes += waiting.bytes;
        if piece.len() == PIECE || (bytes > PIECE_BYTES && !piece.is_empty()) {
            pieces.push(std::mem::take(&mut piece));
            bytes = waiting.bytes;
        }
        piece.push(waiting.message_id);
    }
    pieces.extend(Some(piece).filter(|piece| !piece.is_empty()));
    Ok((pieces, unknown))
}

/// What lets documents back into their queues, in this order, if they can be read; a bundle that cannot is made anew of its members.
pub fn plan_release(store: &dyn Store, ids: &[String], now: Timestamp) -> Result<(Batch, Released), Fault> {
    let (mut batch, mut released) = (Batch::default(), Released::default());
    let (mut outbound, mut log) = (Outbound::default(), Vec::new());
    for (version, mut aside) in find(store, ids)? {
        if let Err(fault) = kept_at(store, aside.stood().0, &aside.waiting) {
            let Ok(Some(Anew { told, changes, logged })) = made_anew(store, &aside.waiting) else {
                // Whatever keeps one from being read, the others come back.
                released.harmed.push(Quarantined { cause: with_causes(&fault), ..aside });
                continue;
            };
            let beside = post_office::write_beside(told.bearings.iter().map(Option::as_ref));
            let place = outbound.add(told.document.into(), &beside);
            aside.waiting = Waiting { part: place.part, offset: place.offset, ..aside.waiting };
            batch.put_all(changes);
            log.extend(logged.map(|logged| LogEntry { at: now, place, ..logged }));
            released.anew.push(aside.waiting.message_id.clone());
        }
        batch.expect(post_office::quarantine_key(&aside.waiting.message_id), Expected::At(version));
        batch.put_all(aside.release(released.back.len() as u64, now));
        released.back.push(aside);
    }
    batch.put_all(archive::log_out(&log)).body_all(outbound.bodies());
    Ok((batch, released))
}

/// What gives documents up, and which those are.
pub fn plan_discard(store: &dyn Store, ids: &[String], now: Timestamp) -> Result<(Batch, Vec<Quarantined>), Fault> {
    let (mut batch, mut gone) = (Batch::default(), Vec::new());
    for (version, aside) in find(store, ids)? {
        batch.expect(post_office::quarantine_key(&aside.waiting.message_id), Expected::At(version));
        batch.put_all(aside.discard(now));
        gone.push(aside);
    }
    Ok((batch, gone))
}

/// What stands aside of these ids, each with the commit that wrote its record.
fn find(store: &dyn Store, ids: &[String]) -> Result<Vec<(Version, Quarantined)>, Fault> {
    let keys: Vec<Key> = ids.iter().map(|id| post_office::quarantine_key(id)).collect();
    let entries = store.get_many(&keys).map_err(Fault::store(DOING))?;
    entries.into_iter().flatten().map(|entry| Ok((entry.version, read(&entry)?))).collect()
}

/// The ids of these, for the audit trail.
pub fn ids_of(asides: &[Quarantined]) -> impl Iterator<Item = String> {
    asides.iter().map(|aside| aside.waiting.message_id.clone())
}

/// What behind a place of a queue has come to harm as well: such things come together.
pub(super) fn harmed_behind(store: &dyn Store, range: &KeyRange, place: &Key) -> Result<Vec<(Member, Fault)>, Fault> {
    let page = store.page(range, Some(place), PIECE).map_err(Fault::store("read a queue"))?;
    let mut harmed = Vec::new();
    for (key, entry) in page.records {
        let waiting = delivery::waiting(&entry)?;
        let (commit, _) = post_office::position(&key).ok_or(Fault::Unreadable { what: "a place in a queue" })?;
        match kept_at(store, commit, &waiting) {
            Err(fault) if fault.is_harm() => {
                harmed.push((Member { key, version: entry.version, waiting }, fault));
            }
            _ => break,
        }
    }
    Ok(harmed)
}

fn read(entry: &Entry) -> Result<Quarantined, Fault> {
    Quarantined::from_entry(entry).ok_or(Fault::Unreadable { what: WHAT })
}

impl Gateway {
    /// Moves documents aside that have come to harm, so that what waits behind them can be given out. The hub does that, whoever has
    /// come upon them. Where their queue changes at that moment nothing happens: whoever asked looks again.
    pub(super) async fn move_aside(
        &self,
        access: Access<'_>,
        harmed: Vec<(Member, Fault)>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let shown = |place: &Key, known| self.trail.shown(place, known);
        let mut stop = Stop::default();
        // The others are come upon again by whoever looks again.
        for (member, fault) in harmed.into_iter().take(PIECE) {
            stop.add(member, &shown, (now, &with_causes(&fault)))?;
        }
        let hub = self.settings.markets.of(Pack::DK).hub_party();
        let by = By { party: hub, correlation_id: access.correlation_id.to_string() };
        for aside in self.carry_out(&by, stop, now).await?.unwrap_or_default() {
            tracing::error!(
                message_id = aside.waiting.message_id,
                receiver = %access.party,
                cause = aside.cause,
                "a waiting document has come to harm and is in quarantine; its queue goes on. `gridpost queue release` lets it back once \
                 the journal's file is as it was"
            );
        }
        Ok(())
    }

    /// Moves a waiting document aside by an operator's order. Returns it as it stands there, also where it does so already; `None` where
    /// it waits for nobody of that name.
    pub async fn quarantine(
        &self,
        by: &By,
        owner: &Party,
        message_id: &str,
        cause: &str,
    ) -> Result<Option<Quarantined>, Fault> {
        for _ in 0..ATTEMPTS_MAX {
            let (now, shown) = (self.now(), |place: &Key, known| self.trail.shown(place, known));
            let planned = plan_quarantine(&*self.store, owner, message_id, &shown, (now, cause))?;
            let Some(stop) = planned else {
                let aside = self.aside(message_id)?.map(|(_, aside)| aside);
                return Ok(aside.filter(|aside| aside.owner == owner.queue_owner()));
            };
            if let Some(aside) = self.carry_out(by, stop, now).await? {
                return Ok(aside.into_iter().next());
            }
        }
        Err(Fault::Moving { what: "a queue" })
    }

    /// The documents as they stand aside; `None` where their queue has changed meanwhile.
    async fn carry_out(&self, by: &By, stop: Stop, now: Timestamp) -> Result<Option<Vec<Quarantined>>, Fault> {
        let Stop { places, mut batch, aside } = stop;
        batch.put_all([by.did("quarantine", ids_of(&aside), now)]);
        let Outcome::Committed(_) = self.commit("move documents aside", batch).await? else { return Ok(None) };
        places.iter().for_each(|place| self.trail.forget(place));
        figures::quarantined(aside.len());
        Ok(Some(aside))
    }

    /// Lets documents back into their queues that can be read; of everything that stands aside where no ids are given.
    pub async fn release(&self, by: &By, ids: Option<&BTreeSet<String>>) -> Result<Released, Fault> {
        let (pieces, unknown) = pieces(&*self.store, ids)?;
        let mut released = Released { unknown, ..Released::default() };
        for piece in pieces {
            let plan = || {
                let (batch, some) = plan_release(&*self.store, &piece, self.now())?;
                Ok(Step { batch, names: some.names(), then: |_| (), done: some })
            };
            released.add(self.step(by, "release", WHAT, plan).await?);
            // Whoever waits for post looks again when something moves.
            self.decider.time_has_passed();
        }
        Ok(released)
    }

    /// Gives documents up that stand aside. Returns which those are, and the ids of which nothing does.
    pub async fn discard_quarantined(
        &self,
        by: &By,
        ids: &BTreeSet<String>,
    ) -> Result<(Vec<Quarantined>, Vec<String>), Fault> {
        let (pieces, unknown) = pieces(&*self.store, Some(ids))?;
        let mut gone = Vec::new();
        for piece in pieces {
            let plan = || {
                let (batch, some) = plan_discard(&*self.store, &piece, self.now())?;
                Ok(Step { batch, names: ids_of(&some).collect(), then: |_| (), done: some })
            };
            gone.extend(self.step(by, "discard", WHAT, plan).await?);
        }
        Ok((gone, unknown))
    }

    /// A document that stands aside, and the commit that wrote its record.
    pub(super) fn aside(&self, message_id: &str) -> Result<Option<(Version, Quarantined)>, Fault> {
        let entry = self.read(DOING, &post_office::quarantine_key(message_id))?;
        entry.map(|entry| Ok((entry.version, read(&entry)?))).transpose()
    }
}

const DOING: &str = "read what is in quarantine";
const WHAT: &str = "what is in quarantine";
/// Bytes that these have at most, unless it is one document: they may have to be written anew.
const PIECE_BYTES: u64 = 32 * 1024 * 1024;
