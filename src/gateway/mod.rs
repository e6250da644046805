//! The road a message takes, and the only room where pure and impure meet.
//!
//! Commit 1 answers the sender (`intake`), commit 2 is the decision (`decider`), and what was decided is fetched
//! (`post`). What the doors look like is left to the doors.

mod agenda;
mod bundles;
mod catalogue;
mod certificates;
mod clock;
mod decider;
mod delivery;
mod depth;
mod desk;
mod door;
mod dry_run;
mod error;
mod expiry;
mod figures;
mod floor;
mod hall;
mod intake;
mod lobby;
mod named;
mod new_charge;
mod news;
mod operator;
pub mod orders;
mod pace;
pub mod parked;
mod parts;
mod post;
pub mod quarantine;
pub mod queues;
mod reading;
pub mod registry;
mod related;
mod retention;
mod rounds;
mod search;
mod step;
#[cfg(test)]
mod tests;
mod trail;
mod turned_away;
mod turns;
pub mod world;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::archive::{self, AuditEntry, InboxEntry};
use crate::document::{self, Summary, SummaryReader, Wire, ebix};
use crate::market::{ActorNumber, Party, Timestamp};
use crate::post_office::{self, Bounds};
use crate::process::{self, Incoming, Markets, Pack, Request, errand, participants, timer};
use crate::record::{Batch, Entry, Facts, Key, KeyRange, Needs, Outcome, Page};
use crate::spec::Specs;
use crate::store::{self, Store};
use crate::view::{self, QueueLength};
use crate::xml;
pub use catalogue::{Catalogue, log_row};
pub use certificates::{CertificateFault, CertificateOrder};
pub use clock::{Clock, latest_seen};
use decider::{Decider, Message};
pub use delivery::{Told, tell_shown};
use desk::Desk;
pub use dry_run::{DryRun, Letter, Preview};
pub use error::{Error, Fault, with_causes};
pub use expiry::{Abandoned, Expiry};
pub use figures::begin as begin_figures;
pub use intake::{Receipt, Received};
pub use named::Named;
pub use new_charge::Creation;
use news::Growth;
pub use news::{News, WebhookFault, plan_webhook};
pub use operator::{Answer, Question, ask, is_known};
pub use post::{Access, Dequeued, Firsts, Peeked};
pub use reading::{Arrived, READ_AT_ONCE_BYTES_MAX};
pub use retention::{Expired, Kept, Retention};
pub use rounds::{Done, Rounds};
pub use search::{Found, SORTED_MAX, Search, Start};
pub use trail::By;
pub use turned_away::TurnedAway;

/// What a gateway needs to know besides its store.
#[derive(Debug, Clone)]
pub struct Settings {
    pub markets: Markets,
    /// Bounds on every document that comes in.
    pub limits: xml::Limits,
    /// What may wait for its decision before senders are asked to come back later. Each participant may have as many documents
    /// waiting as there is room left.
    pub undecided_max: usize,
    /// What one document that we send may hold.
    pub bundles: Bounds,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            markets: Markets::defaults(),
            limits: xml::Limits::default(),
            undecided_max: 20_000,
            bundles: Bounds::default(),
        }
    }
}

/// One gateway over one store.
pub struct Gateway {
    store: Arc<dyn Store>,
    specs: Arc<Specs>,
    settings: Arc<Settings>,
    clock: Arc<Clock>,
    decider: Decider,
    left: post::Left,
    lookout: bundles::Lookout,
    trail: trail::Trail,
    depth: Arc<depth::Depth>,
    news: Arc<News>,
}

/// Whether the gateway can do its work, check by check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether requests can be served, also while a check has found something else.
    pub ready: bool,
    /// Name of the check, and what it found.
    pub checks: Vec<(String, Result<String, String>)>,
}

impl Gateway {
    /// Opens the house: what a crash left undecided is decided first, in order of arrival.
    pub fn open(store: Arc<dyn Store>, specs: Arc<Specs>, settings: Settings, clock: Clock) -> Result<Self, Fault> {
        Self::open_with((process::timers().collect(), process::errands().collect()), store, specs, settings, clock)
    }

    /// Opens a house that knows these kinds of timers and errands.
    fn open_with(
        (timers, errands): (desk::Timers, desk::Errands),
        store: Arc<dyn Store>,
        specs: Arc<Specs>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, Fault> {
        let settings = Arc::new(settings);
        let desk = Desk { store: store.clone(), specs: specs.clone(), settings: settings.clone(), timers, errands };
        let clock = Arc::new(clock);
        let (news, depth) = (Arc::<News>::default(), Arc::<depth::Depth>::default());
        let decider = Decider::start(desk, clock.clone(), news.clone(), depth.clone());
        let gateway = Self {
            store,
            specs,
            settings,
            clock,
            decider,
            left: post::Left::default(),
            lookout: bundles::Lookout::default(),
            trail: trail::Trail::default(),
            depth,
            news,
        };
        gateway.depth.count_aside(&*gateway.store)?;
        gateway.decide_what_is_left()?;
        gateway.decider.run_errands();
        gateway.decider.time_has_passed();
        Ok(gateway)
    }

    /// What a document may be at most.
    pub fn limits(&self) -> &xml::Limits {
        &self.settings.limits
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves a clock that may be moved, for `local` and `replay`: everything that is due by `to` happens in the order in
    /// which it is due, each as of its own instant. Returns when it has.
    pub async fn pass_time(&self, to: Timestamp) -> Result<(), Fault> {
        self.clock.move_to(to)?;
        self.decider.time_has_passed();
        self.settled().await.map_err(|cause| Fault::Undecided { cause })
    }

    /// The document that is taken in under `/v1.0/cim/{route}`; the name's case does not matter.
    pub fn document_for(&self, route: &str) -> Option<&'static Incoming> {
        let routed = |document: &&Incoming| document.routes.iter().any(|name| name.eq_ignore_ascii_case(route));
        let twin = || ebix::cim_name(route).and_then(|twin| process::documents().find(|it| it.name == twin));
        process::documents().find(routed).or_else(twin)
    }

    /// What waits in a participant's queues.
    pub fn queue(&self, owner: &Party) -> Result<Vec<QueueLength>, Fault> {
        view::queue(&*self.store, owner).map_err(Fault::store("read a queue"))
    }

    /// Whose token it is: the number that is registered with this external id.
    pub fn actor_by_external_id(&self, external_id: &str) -> Result<Option<ActorNumber>, Fault> {
        let facts = load(&*self.store, &participants::needs_of_external_id(external_id))?;
        let mut numbers = participants::by_external_id(&facts, external_id).into_iter().map(|party| party.number);
        let first = numbers.next();
        Ok(first.filter(|first| numbers.all(|number| number == *first)))
    }

    /// Whether this number in this role is registered in any market, whether it takes part or not.
    pub fn is_registered(&self, party: &Party) -> Result<bool, Fault> {
        let facts = load(&*self.store, &participants::needs_of_anywhere(party))?;
        Ok(participants::is_registered(&facts, party))
    }

    /// The form in which a participant wants its post where it does not say which.
    pub fn form_of(&self, party: &Party) -> Result<Option<Wire>, Fault> {
        let facts = load(&*self.store, &participants::needs_of_anywhere(party))?;
        Ok(participants::form_of(&facts, party))
    }

    /// Whether this number in this role takes part in any market.
    pub fn is_live(&self, party: &Party) -> Result<bool, Fault> {
        let facts = load(&*self.store, &participants::needs_of_anywhere(party))?;
        Ok(Pack::all().any(|pack| participants::is_live(&facts, pack, party)))
    }

    /// The JSON Schemas of all documents, each with the name of its root.
    pub fn json_schemas(&self) -> impl Iterator<Item = (&str, serde_json::Value)> {
        let roots = self.specs.iter().flat_map(|schema| schema.roots().map(move |root| (schema, root)));
        roots.filter_map(|(schema, root)| Some((root, document::cim_json::json_schema(schema, root)?)))
    }

    /// A document at a glance; `None` when no schema is loaded for it, or it does not follow its schema.
    pub fn summary(&self, document: &[u8]) -> Option<Summary> {
        let schema = document::recognise(&self.specs, document, &self.settings.limits).ok()??;
        let mut reader = SummaryReader::default();
        let verdict = document::read(schema, document, &self.settings.limits, &mut reader);
        verdict.flaws.is_empty().then(|| reader.finish())
    }

    /// How the house is. What is parked waits for an operator and keeps nobody else from being served.
    pub fn health(&self) -> Health {
        let mut store = match self.store.stopped() {
            None => self.count(&archive::parked_range()).map(|_| "reads".to_string()),
            Some(fault) => Err(format!(
                "has stopped writing, and only reads: failed to {}. See to the disk and its room, then restart the gateway: \
                 nothing is written before, and what was answered is kept",
                with_causes(&fault)
            )),
        };
        let decider = match self.decider.trouble() {
            None => Ok(format!("{} undecided", self.decider.undecided())),
            Some(trouble) => Err(trouble),
        };
        let ready = store.is_ok() && decider.is_ok() && self.store.hangs().is_none();
        if let (Ok(_), Some(trouble)) = (&store, self.store.trouble()) {
            store = Err(with_causes(&trouble));
        }
        let mut checks: Vec<(String, Result<String, String>)> =
            vec![("store".into(), store), ("decider".into(), decider)];
        for (name, range, or) in [
            ("documents", archive::parked_range(), ", or for the disk has harmed them"),
            ("timers", timer::parked(), ""),
            ("errands", errand::parked(), ""),
        ] {
            checks.push((name.into(), self.none_is_parked(&range, or)));
        }
        checks.push(("quarantine".into(), self.none_is_quarantined()));
        Health { ready, checks }
    }

    /// Whether nothing is parked there; if something is, how much, and what an operator does about it.
    fn none_is_parked(&self, range: &KeyRange, or: &str) -> Result<String, String> {
        match self.count(range)? {
            (0, _) => Ok("none is parked".into()),
            (parked, more) => Err(format!(
                "{parked}{} parked through a bug of ours{or}; all else goes on. `gridpost queue parked` or `GET /v1.0/operator/parked` says \
                 which and why, `retry` has them decided again once that is mended, `discard` gives them up",
                if more { " or more" } else { "" }
            )),
        }
    }

    fn none_is_quarantined(&self) -> Result<String, String> {
        match self.count(&post_office::quarantine_range())? {
            (0, _) => Ok("empty".into()),
            (aside, more) => Err(format!(
                "{aside}{} in quarantine and not given out; their queues go on. `gridpost queue quarantined` or \
                 `GET /v1.0/operator/quarantine` says which and why, `release` lets them back, `discard` gives them up",
                if more { " or more" } else { "" }
            )),
        }
    }

    /// How many records there are, up to a bound, and whether there are more.
    fn count(&self, range: &KeyRange) -> Result<(usize, bool), String> {
        let page = self.store.page(range, None, PARKED_SHOWN_MAX).map_err(|fault| with_causes(&fault))?;
        Ok((page.records.len(), page.more))
    }

    /// Returns once every document that was taken in has been decided, or the reason why that will not happen.
    pub async fn settled(&self) -> Result<(), String> {
        self.decider.settled().await
    }

    /// Writes records that no message caused: a world, an operator's change.
    pub async fn write(&self, batch: Batch) -> Result<Outcome, Fault> {
        self.write_and(batch, |_| ()).await
    }

    /// The same, and once it is on disk `then` is told the commit, also where nobody has waited for it so long.
    async fn write_and(&self, batch: Batch, then: impl FnOnce(u64) + Send + 'static) -> Result<Outcome, Fault> {
        let sets_timers = batch.changes.iter().any(|change| timer::due_of(change).is_some());
        let leaves_errands = errand::is_left_by(&batch.changes);
        let decider = self.decider.clone();
        let written = move |commit| {
            then(commit);
            if sets_timers {
                decider.time_has_passed();
            }
            if leaves_errands {
                decider.run_errands();
            }
        };
        self.commit_and("write records", batch, written).await
    }

    /// Writes down what somebody did, and returns once that is on disk.
    pub async fn audit(&self, done: &AuditEntry) -> Result<(), Fault> {
        let mut batch = Batch::default();
        batch.put_all([done.put()]);
        self.commit("write the audit trail", batch).await.map(|_| ())
    }

    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    fn read(&self, doing: &'static str, key: &Key) -> Result<Option<Entry>, Fault> {
        self.store.get(key).map_err(Fault::store(doing))
    }

    async fn commit(&self, doing: &'static str, batch: Batch) -> Result<Outcome, Fault> {
        self.commit_and(doing, batch, |_| ()).await
    }

    /// Commits, and tells `then` the commit, in the order of commits.
    async fn commit_and(
        &self,
        doing: &'static str,
        batch: Batch,
        then: impl FnOnce(u64) + Send + 'static,
    ) -> Result<Outcome, Fault> {
        self.must_not_hang(doing)?;
        let (done, outcome) = oneshot::channel();
        // A caller that has gone away does not undo the commit; it only misses its answer.
        let (depth, places) = (self.depth.clone(), self.depth.leaving(&batch.changes));
        let aside = post_office::moved_aside(&batch.changes);
        let growth = Growth::of(&batch.changes, &self.news, &self.depth);
        let tell = move |outcome: Result<Outcome, store::Fault>| {
            growth.tell(&outcome);
            depth.left(&places, matches!(outcome, Ok(Outcome::Committed(_))));
            if let Ok(Outcome::Committed(commit)) = &outcome {
                depth.moved_aside(aside);
                then(*commit);
            }
            drop(done.send(outcome));
        };
        self.store.submit(batch, Box::new(tell));
        self.unless_it_hangs(doing, outcome).await?.map_err(Fault::store(doing))
    }

    /// Nothing more is handed to a disk that does not answer.
    fn must_not_hang(&self, doing: &'static str) -> Result<(), Fault> {
        self.store.hangs().map_or(Ok(()), |hangs| Err(Fault::Hanging { doing, hangs }))
    }

    /// What became of a commit; whoever waits for a disk that does not answer is told so.
    async fn unless_it_hangs<T>(&self, doing: &'static str, mut outcome: oneshot::Receiver<T>) -> Result<T, Fault> {
        loop {
            match tokio::time::timeout(LOOKS_AFTER, &mut outcome).await {
                Ok(outcome) => return outcome.map_err(|_| Fault::Stopping),
                Err(_) => self.must_not_hang(doing)?,
            }
        }
    }

    /// Hands what the inbox still holds to the decider, oldest first. What has come to harm, or is not valid any more, is parked: it keeps
    /// nothing else from being decided.
    ///
    /// # Errors
    ///
    /// Where the disk does not give a document away: that may pass, and those behind it are not decided before it.
    fn decide_what_is_left(&self) -> Result<(), Fault> {
        for record in store::records(&*self.store, &archive::inbox_range(), PAGE_RECORDS) {
            let (key, record) = record.map_err(Fault::store("read the inbox"))?;
            let (Some(number), Some(entry)) = (archive::number_of(&key), InboxEntry::from_entry(&record)) else {
                return Err(Fault::Unreadable { what: "the inbox" });
            };
            let request = self.read_left(number, &entry.document)?;
            if let Err(cause) = &request {
                tracing::error!(number, cause, "a document in the inbox cannot be decided");
            }
            self.decider.arrived(Message { number, version: record.version, entry, request });
        }
        Ok(())
    }

    /// A document that was taken in before, or why it cannot be decided.
    fn read_left(&self, number: u64, document: &str) -> Result<Result<Box<dyn Request>, String>, Fault> {
        let Some(known) = process::documents().find(|known| known.name == document) else {
            return Ok(Err(format!("no process takes {document} in")));
        };
        let (key, limits) = (archive::received_key(number), &self.settings.limits);
        let packed = self.store.packed(&key).map_err(Fault::store(READING));
        let packed = packed.and_then(|packed| packed.ok_or(Fault::Unreadable { what: "an archived document" }));
        let fault = match packed.and_then(|packed| reading::read_again(&self.specs, limits, known, &packed)) {
            Ok(Ok(request)) => return Ok(Ok(request)),
            Ok(Err(error)) => return Ok(Err(format!("it was accepted, and is refused now: {}", error.message))),
            // The store says what is wrong with it, and where.
            Err(fault) => is_whole(&*self.store, number).err().unwrap_or(fault),
        };
        if fault.is_harm() { Ok(Err(with_causes(&fault))) } else { Err(fault) }
    }
}

/// Whether the document that commit `number` took in can be read as it was written.
fn is_whole(store: &dyn Store, number: u64) -> Result<(), Fault> {
    let body = store.body(&archive::received_key(number)).map_err(Fault::store(READING))?;
    body.map(drop).ok_or(Fault::Unreadable { what: "an archived document" })
}

/// Loads what a decision or a view asks for.
pub fn load(store: &dyn Store, needs: &Needs) -> Result<Facts, Fault> {
    let keys: Vec<Key> = needs.keys().cloned().collect();
    let entries = store.get_many(&keys).map_err(Fault::store("read what a decision needs"))?;
    let mut facts = Facts::default();
    for (key, entry) in keys.into_iter().zip(entries) {
        facts.insert(key, entry);
    }
    for range in needs.ranges() {
        facts.insert_range(range.clone(), load_range(store, range)?);
    }
    for (range, most) in needs.pages() {
        let page = store.page(range, None, most).map_err(Fault::store("read what a decision needs"))?;
        facts.insert_page(range.clone(), Page { records: page.records, more: page.more });
    }
    Ok(facts)
}

fn load_range(store: &dyn Store, range: &KeyRange) -> Result<Vec<(Key, Entry)>, Fault> {
    let mut records: Vec<(Key, Entry)> = Vec::new();
    loop {
        let page = store
            .page(range, records.last().map(|(key, _)| key), PAGE_RECORDS)
            .map_err(Fault::store("read what a decision needs"))?;
        records.extend(page.records);
        if !page.more {
            return Ok(records);
        }
        if records.len() >= RANGE_RECORDS_MAX {
            return Err(Fault::RangeTooLarge { records_max: RANGE_RECORDS_MAX });
        }
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

impl Fault {
    fn store(doing: &'static str) -> impl Fn(store::Fault) -> Fault {
        move |source| match source {
            store::Fault::Closed => Fault::Stopping,
            store::Fault::Busy { batches, .. } => Fault::Busy { waiting: batches, again_in: DISK_CATCHES_UP },
            source => Fault::Store { doing, source },
        }
    }
}

const READING: &str = "read an archived document";
/// Who has waited so long for a commit looks whether the disk hangs, again and again: many commits may wait before one.
const LOOKS_AFTER: Duration = Duration::from_secs(if cfg!(test) { 1 } else { 10 });
/// What waits for the disk is on it within one flush or two.
const DISK_CATCHES_UP: Duration = Duration::from_secs(1);
/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
/// Most records that one range of one decision may hold: beyond it the process has asked the wrong question.
const RANGE_RECORDS_MAX: usize = 100_000;
/// How many parked messages a health check counts.
const PARKED_SHOWN_MAX: usize = 100;
