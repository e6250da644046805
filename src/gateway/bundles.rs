//! A bundle is closed when its owner asks for it: the waiting documents of one key become one document, which is held to its
//! schema, kept and logged like any other before it is shown.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use super::delivery::Told;
use super::post::{Access, Head, WRITE_AT_ONCE_BYTES_MAX, written};
use super::{Fault, Gateway, Settings, delivery, figures, hash};
use crate::archive::{self, Direction, LogEntry, Place};
use crate::document::{self, Bearings, Category, Part, Wire};
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Ahead, Bundle, Bundling, Member, Shown, Waiting};
use crate::record::{Batch, Body, Outcome};
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
        let Some((mut batch, waiting, bytes, form)) = bound? else {
            // Each was held to its schema alone, so its owner is not kept waiting for our mistake.
            let first = &head.waiting.message_id;
            tracing::error!(first, members, "a bundle cannot be made, and its documents are given out alone");
            metrics::counter!("gridpost_bundles_given_up_total").increment(1);
            return Ok(Closing::Alone);
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

    /// The commit that closed a bundle.
    pub(super) fn bundle_commit(&self, message_id: &str) -> Result<u64, Fault> {
        let first = delivery::members(&*self.store, message_id, 1)?.pop();
        let commit = first.and_then(|(key, _)| post_office::closed_by(&key));
        commit.ok_or(Fault::Unreadable { what: "a bundle" })
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
    /// Puts the members together; `None` where one has come to harm, or the document would not follow its schema.
    fn bind(&self, bundle: Bundle, owner: &Party, form: Wire, now: Timestamp) -> Result<Option<Bound>, Fault> {
        let id = bundle.message_id();
        let bound = match self.put_together(&bundle, &id, now) {
            Ok(Some(bound)) => bound,
            // What could not be read this time may be read the next.
            Err(fault) if fault.may_pass() => return Err(fault),
            // What has come to harm blocks nobody in front of it.
            Ok(None) | Err(_) => return Ok(None),
        };
        let first = self.logged(&bundle.members()[0])?;
        let unreadable = Fault::Unreadable { what: "a place in a queue" };
        let beside = post_office::write_beside(bound.bearings.iter().map(Option::as_ref));
        let Some((place, body)) = self.checked_and_packed(&bound.document, &beside) else { return Ok(None) };
        let hash = if beside.is_empty() { body.packed.hash() } else { hash(&bound.document) };
        let Some((document, form)) = written(&self.specs, &self.settings, bound, form) else {
            return Ok(None);
        };
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
        Ok(Some((batch, waiting, document, form)))
    }

    /// What the log has of a member: all members of a bundle are for the same party.
    fn logged(&self, member: &Member) -> Result<Option<LogEntry>, Fault> {
        let unreadable = |what| move || Fault::Unreadable { what };
        let (commit, place) = post_office::position(&member.key).ok_or_else(unreadable("a place in a queue"))?;
        let (key, nth) = archive::log_key(commit, place + 1);
        let Some(record) = self.store.get(&key).map_err(Fault::store(DOING))? else { return Ok(None) };
        let entries = LogEntry::from_record(&record).ok_or_else(unreadable("the log"))?;
        Ok(entries.into_iter().nth(nth))
    }

    fn put_together(&self, bundle: &Bundle, id: &str, now: Timestamp) -> Result<Option<Told>, Fault> {
        let mut bodies: Vec<(Bytes, usize)> = Vec::with_capacity(bundle.members().len());
        let mut bearings = Bearings::new();
        for Member { key, waiting, .. } in bundle.members() {
            let Bundling::With { records_from, .. } = waiting.bundling else { return Ok(None) };
            let (commit, _) = post_office::position(key).ok_or(Fault::Unreadable { what: "a place in a queue" })?;
            // A body may hold what many others were told; only this document of it is kept.
            let kept = kept(&*self.store, commit, waiting)?;
            bodies.push((Bytes::copy_from_slice(&kept.document), records_from as usize));
            let places = bearings.len() + waiting.records as usize;
            bearings.extend(kept.bearings);
            bearings.resize(places, None);
        }
        let parts: Vec<Part> = bodies.iter().map(|(bytes, records_from)| (&**bytes, *records_from)).collect();
        let document = document::bundled(&parts, id, now);
        Ok(document.map(|document| Told { document: document.into(), bearings }))
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

/// A waiting document, out of what the commit has written that enqueued it or closed it.
pub(super) fn kept(store: &dyn Store, commit: u64, waiting: &Waiting) -> Result<Told, Fault> {
    let place = Place { part: waiting.part, offset: waiting.offset, bytes: waiting.bytes };
    let body = store.body(&archive::body_key(commit, place.part)).map_err(Fault::store("read a waiting document"));
    let body = body.inspect_err(|fault| {
        if fault.is_damage() {
            let message_id = &*waiting.message_id;
            tracing::error!(
                message_id,
                "a waiting document has come to harm: neither it nor what waits behind it can be given out until the journal's file \
                 is put back from a backup"
            );
        }
    })?;
    body.and_then(|body| Told::in_body(place, &body)).ok_or(Fault::Unreadable { what: "a waiting document" })
}

const DOING: &str = "read a queue";
/// Places of a queue that are read at a time.
const PAGE_PLACES: usize = 500;
/// Places that are known of one queue and have not left it: what others have to say to the same participant may stand between.
const PLACES_AHEAD_MAX: usize = 10_000;
/// Those of all queues together; each takes a few hundred bytes. Beyond it they are read again.
const PLACES_KNOWN_MAX: usize = 50_000;
