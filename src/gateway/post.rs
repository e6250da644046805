//! What was decided is fetched: peek shows the oldest document until it is dequeued. Answers leave once they are on disk.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::bundles::{Closing, kept_at};
use super::delivery::Told;
use super::quarantine::harmed_behind;
use super::{Catalogue, Fault, Gateway, PAGE_RECORDS, Settings, delivery, figures, trail};
use crate::archive::Direction;
use crate::document::{self, Category, Wire, cim_json, ebix};
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Dequeue, Left as Parted, Member, Slip, Waiting};
use crate::process::dispatch;
use crate::record::{Batch, Change, Expected, Key, Outcome, Version};
use crate::spec::Specs;
use crate::store;

/// Who fetches and in which form, and the id of the request by which that is found in the log; none where there is no request.
#[derive(Debug, Clone, Copy)]
pub struct Access<'a> {
    pub party: &'a Party,
    pub correlation_id: &'a str,
    /// What cannot be said in it is given in CIM XML.
    pub form: Wire,
}

impl<'a> From<&'a Party> for Access<'a> {
    fn from(party: &'a Party) -> Self {
        Self { party, correlation_id: "", form: Wire::CimXml }
    }
}

/// The categories in which something waits, each with the place of the first document there.
pub type Firsts = Vec<(Category, (u64, u64))>;

/// The next document of a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peeked {
    pub message_id: String,
    /// Name without `_MarketDocument`, such as `NotifyPriceList`.
    pub document: String,
    pub category: Category,
    pub records: u64,
    /// The same bytes at every peek in this form until it is dequeued.
    pub body: Bytes,
    pub form: Wire,
    /// Hash of the bytes in CIM XML, hexadecimal.
    pub hash: String,
}

/// What became of a request to dequeue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dequeued {
    Done,
    Already,
    NotPeeked,
    /// No such document, or not the caller's.
    Unknown,
}

impl Gateway {
    /// The oldest document of one of the caller's queues, or of all of them.
    pub async fn peek(
        &self,
        caller: impl Into<Access<'_>>,
        category: Option<Category>,
        now: Timestamp,
    ) -> Result<Option<Peeked>, Fault> {
        let access = caller.into();
        for _ in 0..LOOKS_MAX {
            let heads = self.heads(access.party, category)?;
            let Some(head) = heads.into_iter().min_by_key(|head| head.position) else { return Ok(None) };
            let category = head.category;
            let (waiting, body, form) = match self.close_bundle(access, &head, now).await? {
                Closing::Closed(bundle) => *bundle,
                Closing::Moved => continue,
                Closing::Alone => match self.shown(access, head, now).await? {
                    Some(shown) => shown,
                    // It was peeked, dequeued or moved aside since its queue was read: read the queue again.
                    None => continue,
                },
            };
            return Ok(Some(Peeked {
                message_id: waiting.message_id,
                document: waiting.document,
                category,
                records: waiting.records,
                body,
                form,
                hash: blake3::Hash::from_bytes(waiting.hash).to_hex().to_string(),
            }));
        }
        Err(Fault::Moving { what: "a queue" })
    }

    /// The first document of a queue as it is, which is written down where it is shown for the first time; `None` where that cannot
    /// be, for the queue has changed, or the document has come to harm and was moved aside.
    async fn shown(
        &self,
        access: Access<'_>,
        head: Head,
        now: Timestamp,
    ) -> Result<Option<(Waiting, Bytes, Wire)>, Fault> {
        let Head { position, key, version, waiting, category } = head;
        let kept = match kept_at(&*self.store, position.0, &waiting) {
            Err(fault) if fault.is_harm() => {
                let (store, range, place) =
                    (self.store.clone(), post_office::queue_range(access.party, category), key.clone());
                let behind = tokio::task::spawn_blocking(move || harmed_behind(&*store, &range, &place)).await;
                let behind = behind.map_err(|_| Fault::Stopping)??;
                let mut harmed = vec![(Member { key, version, waiting }, fault)];
                harmed.extend(behind);
                self.move_aside(access, harmed, now).await?;
                return Ok(None);
            }
            kept => kept?,
        };
        let (body, form) = self.in_form(kept, access.form).await;
        match (post_office::peek(&key, &waiting, form, now), waiting.shown) {
            (Some(change), _) => {
                let mut batch = Batch::default();
                batch.expect(key, Expected::At(version)).put_all([change]);
                batch.put_all(self.trail.entry("peek", access, waiting.message_id.clone(), now));
                if let Outcome::Conflict(_) = self.commit("remember a peek", batch).await? {
                    return Ok(None);
                }
            }
            (None, Some(known)) => self.trail.peeked_again(key, known, form),
            (None, None) => {}
        }
        Ok(Some((waiting, body, form)))
    }

    /// Returns once there is something to peek: looks again as decisions are made, and shows nothing. So nothing has happened
    /// when whoever waits gives up.
    pub async fn comes(&self, owner: &Party, category: Option<Category>) -> Result<(), Fault> {
        let mut seen = self.decider.seen();
        while self.heads(owner, category)?.is_empty() {
            self.decider.moves_on(&mut seen).await;
            // Many decisions in a row are looked at together.
            tokio::time::sleep(LOOK_AGAIN_PAUSE).await;
        }
        Ok(())
    }

    /// A document of ours in the form that its owner wants, and the form that it is given in: what ebIX cannot say is
    /// given in CIM XML. A large one is written on a thread of its own.
    pub async fn in_form(&self, kept: Told, wire: Wire) -> (Bytes, Wire) {
        if wire == Wire::CimXml || kept.document.len() <= WRITE_AT_ONCE_BYTES_MAX {
            return given_out(&self.specs, &self.settings, kept, wire);
        }
        let (xml, specs, settings) = (kept.document.clone(), self.specs.clone(), self.settings.clone());
        let write = move || given_out(&specs, &settings, kept, wire);
        tokio::task::spawn_blocking(write).await.unwrap_or_else(|_| as_it_is(xml, wire))
    }

    /// Whether a document waits for the caller that has not been shown: one that others wait before. The archive knows where it
    /// stands.
    async fn waits_unseen(&self, caller: &Party, message_id: &str) -> Result<bool, Fault> {
        let (store, specs, settings) = (self.store.clone(), self.specs.clone(), self.settings.clone());
        let (owner, id) = (caller.queue_owner(), message_id.to_string());
        let look = move || {
            let catalogue = Catalogue::over(&*store, &specs, &settings.limits);
            // Where a store is catalogued anew, nobody who dequeues waits for that.
            let began = Instant::now();
            catalogue.catch_up_while(&|| began.elapsed() < CATCHING_UP_MAX)?;
            let Some((position, entry)) = catalogue.find_entered(&id, Some(&owner))? else { return Ok(false) };
            // Whom it is for sees it in the archive, too, where a delegate fetches it; only in the delegate's queue it waits.
            let is_fetched = entry.direction == Direction::Out && entry.message_id == id && entry.party == owner;
            Ok(is_fetched && catalogue.is_unseen(position.place, &entry)?)
        };
        tokio::task::spawn_blocking(look).await.map_err(|_| Fault::Stopping)?
    }

    /// Lets a document go that the caller has peeked.
    pub async fn dequeue(
        &self,
        caller: impl Into<Access<'_>>,
        message_id: &str,
        now: Timestamp,
    ) -> Result<Dequeued, Fault> {
        let access = caller.into();
        let caller = access.party;
        loop {
            let mut heads = self.heads(caller, None)?;
            let firsts = heads.len();
            // Read after the queues: a document that leaves meanwhile is found in one or the other.
            let slip = delivery::slip(&*self.store, message_id)?;
            heads.extend(self.returned(caller, slip.as_ref())?);
            let waiting: Vec<_> = heads.iter().map(|head| (head.key.clone(), head.waiting.clone())).collect();
            let shown = |place: &Key, known| self.trail.shown(place, known);
            let dequeued = post_office::dequeue(message_id, &waiting, slip.as_ref(), caller, &shown, now);
            let leaving = match dequeued {
                Dequeue::Leaves(place, changes) => {
                    let Some(nth) = heads.iter().position(|head| head.key == place) else {
                        return Ok(Dequeued::Unknown);
                    };
                    let Head { key, version, waiting, category, .. } = heads.swap_remove(nth);
                    let shown = waiting.shown.map(|known| shown(&key, known));
                    // What came back may have others before it.
                    let is_first = nth < firsts;
                    Leaving { is_first, key, version, waiting: Waiting { shown, ..waiting }, category, changes }
                }
                Dequeue::Quarantined => match self.aside(message_id)? {
                    Some((version, aside)) => {
                        let (key, changes) = (post_office::quarantine_key(message_id), aside.dequeue(now).into());
                        Leaving {
                            is_first: false,
                            key,
                            version,
                            waiting: aside.waiting,
                            category: aside.category,
                            changes,
                        }
                    }
                    None => continue,
                },
                Dequeue::Already => return Ok(Dequeued::Already),
                Dequeue::NotPeeked => return Ok(Dequeued::NotPeeked),
                Dequeue::Unknown if self.waits_unseen(caller, message_id).await? => return Ok(Dequeued::NotPeeked),
                Dequeue::Unknown => return Ok(Dequeued::Unknown),
            };
            if self.leaves(access, leaving, now).await? {
                return Ok(Dequeued::Done);
            }
        }
    }

    /// Lets a document go, and tells the processes that have waited for this. Returns whether that could be done as it was decided.
    async fn leaves(&self, access: Access<'_>, leaving: Leaving, now: Timestamp) -> Result<bool, Fault> {
        let Leaving { key, version, waiting, category, is_first, changes } = leaving;
        let mut batch = Batch::default();
        batch.expect(key.clone(), Expected::At(version)).put_all(changes);
        batch.put_all(self.trail.entry("dequeue", access, trail::dequeued(&waiting.message_id, waiting.shown), now));
        let mut ids = self.ids_within(&waiting)?;
        ids.push(waiting.message_id);
        let watch_keys: Vec<Key> = ids.iter().map(|id| dispatch::watch_key(id)).collect();
        let watches = self.store.get_many(&watch_keys).map_err(Fault::store("read a document's watch"))?;
        let mut watched = false;
        for ((id, key), watch) in ids.iter().zip(watch_keys).zip(watches) {
            let Some(watch) = watch else { continue };
            let unreadable = Fault::Unreadable { what: "a document's watch" };
            batch.expect(key, Expected::At(watch.version));
            batch.put_all(dispatch::dequeued(id, &watch, now).ok_or(unreadable)?);
            watched = true;
        }
        let Outcome::Committed(_) = self.commit("dequeue a document", batch).await? else { return Ok(false) };
        figures::dequeued(category, waiting.enqueued, now);
        self.trail.forget(&key);
        if is_first {
            self.left.remember(access.party, category, key);
        }
        if watched {
            self.decider.time_has_passed();
        }
        Ok(true)
    }

    /// What came back to the caller out of quarantine, where it stands: whoever has seen it before may let it go from there.
    fn returned(&self, caller: &Party, slip: Option<&Slip>) -> Result<Option<Head>, Fault> {
        let Some(Slip { owner, left: Parted::Returned(category, place) }) = slip else { return Ok(None) };
        let key = post_office::place_key(owner, *category, *place);
        let Some(entry) = self.read("read a queue", &key)?.filter(|_| *owner == caller.queue_owner()) else {
            return Ok(None);
        };
        let waiting = delivery::waiting(&entry)?;
        Ok(Some(Head { position: *place, key, version: entry.version, waiting, category: *category }))
    }

    /// Everybody for whom something waits, in order of number and role.
    pub fn owners_of_post(&self) -> Result<Vec<Party>, Fault> {
        let mut owners: Vec<Party> = Vec::new();
        for record in store::records(&*self.store, &post_office::all_queues_range(), PAGE_RECORDS) {
            let (key, _) = record.map_err(Fault::store("read the queues"))?;
            owners.extend(post_office::queue_of(&key).map(|(party, _)| party));
            owners.dedup();
        }
        Ok(owners)
    }

    /// The categories in which something waits for a participant, each with the place of what waits longest.
    pub fn waiting(&self, party: &Party) -> Result<Firsts, Fault> {
        Ok(self.heads(party, None)?.into_iter().map(|head| (head.category, head.position)).collect())
    }

    /// The first document of each of the caller's queues, or of one.
    fn heads(&self, owner: &Party, category: Option<Category>) -> Result<Vec<Head>, Fault> {
        let mut heads = Vec::new();
        for category in Category::ALL.into_iter().filter(|each| category.is_none_or(|asked| asked == *each)) {
            let range = post_office::queue_range(owner, category);
            let after = self.left.last(owner, category);
            let page = self.store.page(&range, after.as_ref(), 1).map_err(Fault::store("read a queue"))?;
            let Some((key, entry)) = page.records.into_iter().next() else { continue };
            let waiting = delivery::waiting(&entry)?;
            let position = post_office::position(&key).ok_or(Fault::Unreadable { what: "a place in a queue" })?;
            heads.push(Head { position, key, version: entry.version, waiting, category });
        }
        Ok(heads)
    }
}

/// A document on its way out: the record that goes, what it says, and what is written.
struct Leaving {
    key: Key,
    version: Version,
    /// With how it was shown until now.
    waiting: Waiting,
    category: Category,
    /// Whether it is the first of its queue.
    is_first: bool,
    changes: Vec<Change>,
}

/// A document of ours in a form, and which that is: what ebIX cannot say is left as it is, and so is what cannot be read.
pub(super) fn given_out(specs: &Specs, settings: &Settings, kept: Told, form: Wire) -> (Bytes, Wire) {
    let Told { document: xml, bearings } = kept;
    if form == Wire::CimXml {
        return (xml, form);
    }
    let limits = &settings.limits;
    let Ok(Some(schema)) = document::recognise(specs, &xml, limits) else { return as_it_is(xml, form) };
    let written = match form {
        Wire::Ebix => ebix::from_cim(schema, &xml, &bearings, limits),
        _ => match cim_json::from_xml(schema, &xml, limits) {
            Ok(written) => Some(written),
            Err(_) => return as_it_is(xml, form),
        },
    };
    written.map_or((xml, Wire::CimXml), |written| (written.into(), form))
}

/// It followed its schema when it was made: only another set of schemas can have come since.
fn as_it_is(xml: Bytes, asked: Wire) -> (Bytes, Wire) {
    tracing::error!(
        form = asked.name(),
        "a document cannot be written in the form that is asked for, and is given out in CIM XML"
    );
    (xml, Wire::CimXml)
}

/// The first document of a queue.
pub(super) struct Head {
    pub position: (u64, u64),
    pub key: Key,
    pub version: Version,
    pub waiting: Waiting,
    pub category: Category,
}

/// The last place that was left in each queue since the gateway was opened. Documents join behind all others and leave
/// in front, so nothing waits before it, and a peek need not walk over the places that have been left.
#[derive(Default)]
pub(super) struct Left(Mutex<HashMap<(Party, Category), Key>>);

impl Left {
    pub fn last(&self, owner: &Party, category: Category) -> Option<Key> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&(owner.clone(), category)).cloned()
    }

    fn remember(&self, owner: &Party, category: Category, place: Key) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = left.entry((owner.clone(), category)).or_insert_with(|| place.clone());
        if *last < place {
            *last = place;
        }
    }
}

/// How often a peek looks at a queue that changes under its eyes, or in which more documents have come to harm than one commit moves
/// aside.
const LOOKS_MAX: u32 = 200;
/// How long whoever dequeues waits for the catalogue.
const CATCHING_UP_MAX: Duration = Duration::from_millis(500);
/// How long whoever waits for a document lets decisions gather.
const LOOK_AGAIN_PAUSE: Duration = Duration::from_millis(20);
/// Documents up to this size are put into another form where they are asked for; it takes well below a millisecond.
pub(super) const WRITE_AT_ONCE_BYTES_MAX: usize = 64 * 1024;
