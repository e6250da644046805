//! A bundle is closed when its owner asks for it: the waiting documents of one key become one document, which is held to its
//! schema, kept and logged like any other before it is shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use super::catalogue::logged;
use super::delivery::Told;
use super::post::{Access, Head, WRITE_AT_ONCE_BYTES_MAX, given_out};
use super::step::PIECE;
use super::{Fault, Gateway, Settings, delivery, figures, hash};
use crate::archive::{self, Direction, LogEntry, LogPlace, Place};
use crate::document::{self, Bearings, Category, Part, Wire};
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Ahead, Bundle, Bundling, Kept, Member, Shown, Waiting};
use crate::record::{Batch, Body, Change, Outcome};
use crate::spec::{self, Specs};
use crate::store::Store;

/// What became of the first document of a queue, which may be bundled with others.
pub(super) enum Closing {
    /// It is given out as it is.
    Alone,
    /// It has become this bundle, which is given out in this form.
    Closed(Box<(Waiting, Bytes, Wire)>),
    /// Its queue has changed meanwhile.
    Moved,
}

/// A participant's queue of one category.
type Queue = (Party, Category);

/// What is known of queues behind their first documents, where others have stood between those that were bundled. Whoever
/// gathers takes it, and gives it back if nobody has come between.
#[derive(Default)]
pub(super) struct Lookout(Mutex<HashMap<Queue, Ahead>>);

impl Lookout {
    fn take(&self, queue: &Queue) -> Ahead {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(queue).unwrap_or_default()
    }

    fn keep(&self, queue: Queue, ahead: Ahead) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.values().map(Ahead::places).sum::<usize>() + ahead.places() > PLACES_KNOWN_MAX {
            known.clear();
        }
        if ahead.places() > 0 {
            known.insert(queue, ahead);
        }
    }
}

/// Where bundles are put together.
struct Bindery {
    store: Arc<dyn Store>,
    specs: Arc<Specs>,
    settings: Arc<Settings>,
}

/// A bundle, ready to be committed: the batch, what then waits, and the document in the form in which it is shown.
type Bound = (Batch, Waiting, Bytes, Wire);

/// Why a bundle is not made.
enum Unbound {
    /// It may be the next time.
    Fault(Fault),
    /// These members have come to harm.
    Harmed(Vec<(Member, Fault)>),
    /// It would be no document.
    Invalid,
}

impl From<Fault> for Unbound {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl Gateway {
    /// Closes the bundle that the first document of a queue begins. A large one is put together on a thread of its own.
    pub(super) async fn close_bundle(&self, access: Access<'_>, head: &Head, now: Timestamp) -> Result<Closing, Fault> {
        let owner = access.party;
        let first = Member { key: head.key.clone(), version: head.version, waiting: head.waiting.clone() };
        let Some(mut bundle) = Bundle::begin(first, self.settings.bundles) else { return Ok(Closing::Alone) };
        let queue = (owner.queue_owner(), head.category);
        let ahead = self.gather(&queue, head, &mut bundle)?;
        let members = bundle.members().len();
        if members < 2 {
            self.lookout.keep(queue, ahead);
            return Ok(Closing::Alone);
        }
        let began = Instant::now();
        let enqueued = |member: Option<&Member>| member.map_or(now, |member| member.waiting.enqueued);
        let span = (enqueued(bundle.members().first()), enqueued(bundle.members().last()));
        let bindery = Bindery { store: self.store.clone(), specs: self.specs.clone(), settings: self.settings.clone() };
        let bound = if bundle.bytes() <= WRITE_AT_ONCE_BYTES_MAX {
            bindery.bind(bundle, owner, access.form, now)
        } else {
            let (owner, form) = (owner.clone(), access.form);
            let bind = move || bindery.bind(bundle, &owner, form, now);
            tokio::task::spawn_blocking(bind).await.map_err(|_| Fault::Stopping)?
        };
        let (mut batch, waiting, bytes, form) = match bound {
            Ok(bound) => *bound,
            Err(Unbound::Fault(fault)) => return Err(fault),
            Err(Unbound::Harmed(members)) => {
                self.move_aside(access, members, now).await?;
                return Ok(Closing::Moved);
            }
            Err(Unbound::Invalid) => {
                // Each was held to its schema alone, so its owner is not kept waiting for our mistake.
                let first = &head.waiting.message_id;
                tracing::error!(first, members, "a bundle cannot be made, and its documents are given out alone");
                metrics::counter!("gridpost_bundles_given_up_total").increment(1);
                return Ok(Closing::Alone);
            }
        };
        batch.put_all(self.trail.entry("peek", access, waiting.message_id.clone(), now));
        match self.commit("close a bundle", batch).await? {
            Outcome::Conflict(_) => Ok(Closing::Moved),
            Outcome::Committed(_) => {
                self.lookout.keep(queue, ahead);
                tracing::info!(stage = "bundle", receiver = %owner, message_id = waiting.message_id, members, "bundle closed");
                figures::bundled(head.category, members, span, began);
                Ok(Closing::Closed(Box::new((waiting, bytes, form))))
            }
        }
    }

    /// Lets the documents behind the first of a queue join, as far as it is looked. Returns what is known of the rest.
    fn gather(&self, queue: &Queue, head: &Head, bundle: &mut Bundle) -> Result<Ahead, Fault> {
        let range = post_office::queue_range(&queue.0, queue.1);
        let mut ahead = self.lookout.take(queue);
        ahead.begin_at(&head.key);
        while ahead.fill(bundle) && ahead.places() < PLACES_AHEAD_MAX {
            let page = self.store.page(&range, ahead.through(), PAGE_PLACES).map_err(Fault::store(DOING))?;
            let (mut over, more) = (page.records.is_empty(), page.more);
            for (key, entry) in page.records {
                let waiting = delivery::waiting(&entry)?;
                over |= bundle.is_over(waiting.enqueued);
                ahead.add(Member { key, version: entry.version, waiting });
            }
            if over || !more {
                ahead.fill(bundle);
                break;
            }
        }
        Ok(ahead)
    }

    /// The ids under which the records of a document would have been given out alone; none where it is no bundle.
    pub(super) fn ids_within(&self, waiting: &Waiting) -> Result<Vec<String>, Fault> {
        if waiting.bundling != Bundling::Bundle {
            return Ok(Vec::new());
        }
        let members = delivery::members(&*self.store, &waiting.message_id, super::PAGE_RECORDS)?;
        Ok(members.into_iter().flat_map(|(_, members)| members.ids).collect())
    }
}

impl Bindery {
    /// Puts the members together, and holds the document to its schema.
    fn bind(&self, bundle: Bundle, owner: &Party, form: Wire, now: Timestamp) -> Result<Box<Bound>, Unbound> {
        let id = bundle.message_id();
        let bound = self.put_together(&bundle, &id, now)?;
        let first = self.logged(&bundle.members()[0])?;
        let unreadable = Fault::Unreadable { what: "a place in a queue" };
        let beside = post_office::write_beside(bound.bearings.iter().map(Option::as_ref));
        let (place, body) = self.checked_and_packed(&bound.document, &beside).ok_or(Unbound::Invalid)?;
        let hash = if beside.is_empty() { body.packed.hash() } else { hash(&bound.document) };
        let (document, form) = given_out(&self.specs, &self.settings, bound, form);
        let (mut batch, waiting) = bundle.close(id, hash, place.bytes, Shown::first(form, now)).ok_or(unreadable)?;
        let entry = LogEntry {
            direction: Direction::Out,
            at: now,
            party: owner.queue_owner(),
            addressee: first.and_then(|first| first.addressee),
            document: waiting.document.clone(),
            message_id: waiting.message_id.clone(),
            correlation_id: String::new(),
            refused: Vec::new(),
            hash,
            place,
            came: None,
            request: None,
        };
        batch.put_all(archive::log_out(&[entry]));
        batch.body_all([body]);
        Ok(Box::new((batch, waiting, document, form)))
    }

    /// What the log has of a member: all members of a bundle are for the same party.
    fn logged(&self, member: &Member) -> Result<Option<LogEntry>, Fault> {
        let place = post_office::position(&member.key);
        let (commit, place) = place.ok_or(Fault::Unreadable { what: "a place in a queue" })?;
        logged(&*self.store, LogPlace { commit, nth: place + 1 })
    }

    fn put_together(&self, bundle: &Bundle, id: &str, now: Timestamp) -> Result<Told, Unbound> {
        let (mut leaves, mut harmed) = (Leaves::default(), Vec::new());
        for member in bundle.members() {
            let kept = member.kept().ok_or(Unbound::Invalid)?;
            match leaves.add(&*self.store, &kept) {
                Err(fault) if fault.is_harm() => harmed.push((member.clone(), fault)),
                added => added?,
            }
            // No more are moved aside at a time.
            if harmed.len() == PIECE {
                break;
            }
        }
        if !harmed.is_empty() {
            return Err(Unbound::Harmed(harmed));
        }
        leaves.bound(id, now).ok_or(Unbound::Invalid)
    }

    /// A document's place and body; `None` where it does not follow its schema. A large one is checked while it is packed.
    fn checked_and_packed(&self, document: &[u8], beside: &[u8]) -> Option<(Place, Body)> {
        if document.len() <= WRITE_AT_ONCE_BYTES_MAX {
            return self.follows_its_schema(document).then(|| archive::sent_alone(document, beside));
        }
        std::thread::scope(|scope| {
            let checking = scope.spawn(|| self.follows_its_schema(document));
            let packed = archive::sent_alone(document, beside);
            checking.join().unwrap_or(false).then_some(packed)
        })
    }

    fn follows_its_schema(&self, document: &[u8]) -> bool {
        let limits = &self.settings.limits;
        let schema = document::recognise(&self.specs, document, limits).ok().flatten();
        schema.is_some_and(|schema| spec::check(schema, document, limits, &mut ()).flaws.is_empty())
    }
}

/// Documents that become one.
#[derive(Default)]
struct Leaves {
    /// Each with the byte at which its records begin.
    documents: Vec<(Bytes, usize)>,
    bearings: Bearings,
}

impl Leaves {
    fn add(&mut self, store: &dyn Store, kept: &Kept) -> Result<(), Fault> {
        let place = Place { part: kept.part, offset: kept.offset, bytes: kept.bytes };
        let Told { document, bearings } = told_at(store, kept.commit, place)?;
        // A body may hold what many others were told; only this document of it is kept.
        self.documents.push((Bytes::copy_from_slice(&document), kept.records_from as usize));
        let places = self.bearings.len() + kept.records as usize;
        self.bearings.extend(bearings);
        self.bearings.resize(places, None);
        Ok(())
    }

    /// All of them under one header; `None` where one is not as we write documents.
    fn bound(self, id: &str, created: Timestamp) -> Option<Told> {
        let parts: Vec<Part> = self.documents.iter().map(|(bytes, from)| (&**bytes, *from)).collect();
        let document = document::bundled(&parts, id, created)?;
        Some(Told { document: document.into(), bearings: self.bearings })
    }
}

/// A bundle that cannot be read, made anew of its members.
pub(super) struct Anew {
    /// Byte for byte what it was.
    pub told: Told,
    /// The changes by which it is in the commit that writes these bytes.
    pub changes: Vec<Change>,
    /// What the log has of it; nothing where that is gone.
    pub logged: Option<LogEntry>,
}

/// Makes a bundle anew; `None` where it is none, or cannot be made as it was.
pub(super) fn made_anew(store: &dyn Store, waiting: &Waiting) -> Result<Option<Anew>, Fault> {
    let (Bundling::Bundle, Some(shown)) = (&waiting.bundling, waiting.shown) else { return Ok(None) };
    let records = delivery::members(store, &waiting.message_id, super::PAGE_RECORDS)?;
    let mut leaves = Leaves::default();
    for kept in records.iter().flat_map(|(_, members)| &members.kept) {
        if leaves.add(store, kept).is_err() {
            return Ok(None);
        }
    }
    // It was shown for the first time when it was closed.
    let told = leaves.bound(&waiting.message_id, shown.at).filter(|told| hash(&told.document) == waiting.hash);
    let (Some(told), Some((first, _))) = (told, records.first()) else { return Ok(None) };
    let commit = post_office::closed_by(first).ok_or(Fault::Unreadable { what: "a bundle" })?;
    let changes = post_office::made_anew(&waiting.message_id, &records);
    Ok(Some(Anew { told, changes, logged: logged(store, LogPlace { commit, nth: 1 })? }))
}

/// A waiting document that stands at the place of a commit.
pub(super) fn kept_at(store: &dyn Store, place: u64, waiting: &Waiting) -> Result<Told, Fault> {
    let commit = match waiting.bundling {
        Bundling::Bundle => bundle_commit(store, &waiting.message_id)?,
        Bundling::Alone | Bundling::With { .. } => waiting.kept_by(place),
    };
    told_at(store, commit, Place { part: waiting.part, offset: waiting.offset, bytes: waiting.bytes })
}

fn told_at(store: &dyn Store, commit: u64, place: Place) -> Result<Told, Fault> {
    let body = store.body(&archive::body_key(commit, place.part)).map_err(Fault::store("read a waiting document"))?;
    body.and_then(|body| Told::in_body(place, &body)).ok_or(Fault::Unreadable { what: "a waiting document" })
}

/// The commit that closed a bundle.
fn bundle_commit(store: &dyn Store, message_id: &str) -> Result<u64, Fault> {
    let first = delivery::members(store, message_id, 1)?.pop();
    let commit = first.and_then(|(key, _)| post_office::closed_by(&key));
    commit.ok_or(Fault::Unreadable { what: "a bundle" })
}

const DOING: &str = "read a queue";
/// Places of a queue that are read at a time.
const PAGE_PLACES: usize = 500;
/// Places that are known of one queue and have not left it: what others have to say to the same participant may stand between.
const PLACES_AHEAD_MAX: usize = 10_000;
/// Those of all queues together; each takes a few hundred bytes. Beyond it they are read again.
const PLACES_KNOWN_MAX: usize = 50_000;
