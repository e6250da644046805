//! The desk: one message and what is known become one batch, with every outgoing document rendered and held to its
//! schema.

use std::any::Any;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::decider::Message;
use super::delivery::Told;
use super::hall::Work;
use super::parts::{Document, Parts};
use super::{Fault, Settings, dry_run, figures, hash, load};
use crate::archive::{self, Direction, LogEntry, Origin, Outbound, Place};
use crate::document::Outgoing;
use crate::market::{Party, Timestamp};
use crate::post_office::{self, Letter};
use crate::process::{self, Context, Decision, Fate, Pack, Request, Timer, delegations, errand, timer};
use crate::record::{Batch, Change, Entry, Expected, Facts, Key, KeyRange, Needs, Version};
use crate::spec::{self, Specs};
use crate::store::{Page, Store};

/// The kinds of timers that are known, each with its pack.
pub(super) type Timers = Vec<(Pack, &'static timer::Kind)>;
/// The same of errands.
pub(super) type Errands = Vec<(Pack, &'static errand::Kind)>;

/// What the deciding thread works with.
pub(super) struct Desk {
    pub store: Arc<dyn Store>,
    pub specs: Arc<Specs>,
    pub settings: Arc<Settings>,
    pub timers: Timers,
    pub errands: Errands,
}

/// Why there is no batch.
pub(super) enum Failure {
    /// We were wrong about our own code.
    Bug(String),
    Fault(Fault),
}

impl Failure {
    /// Of loading what a decision asks for. Who asks for too much has asked the wrong question, which no restart mends.
    fn loading(fault: Fault) -> Self {
        match fault {
            Fault::RangeTooLarge { .. } => Failure::Bug(fault.to_string()),
            fault => Failure::Fault(fault),
        }
    }
}

/// How each record would fare, and the documents that would be sent, each with whoever would fetch it.
pub(super) type Previewed = (Vec<Fate>, Vec<(Party, dry_run::Letter)>);

/// A decision, ready to be committed.
pub(super) struct Decided {
    pub batch: Batch,
    /// Whether it leaves work behind that is done piece by piece.
    pub errands: bool,
    /// The first instant at which a timer is due that it sets.
    pub sets: Option<Timestamp>,
}

/// What comes of looking at a document or a timer.
pub(super) enum Looked {
    Decided(Decided),
    /// It is not its turn on these records yet.
    Turns(Vec<Key>),
    /// What was loaded did not fit together, for it was changed meanwhile.
    Moved,
}

impl Desk {
    /// Decides a document or a timer that has its turn on records: the batch that makes it so.
    pub fn decide(&self, work: &Work, turns: &[Key], attempt: u32) -> Result<Looked, Failure> {
        match work {
            Work::Document(message) => self.decide_document(message, turns, attempt),
            Work::Timer(timer, version) => self.decide_timer(timer, *version, attempt),
        }
    }

    fn decide_document(&self, message: &Message, turns: &[Key], attempt: u32) -> Result<Looked, Failure> {
        let started = std::time::Instant::now();
        let entry = &message.entry;
        let request = message.request.as_deref().map_err(|cause| Failure::Bug(cause.clone()))?;
        let unknown = || Failure::Bug(format!("no process takes {} in", entry.document));
        let pack = Pack::of_document(&entry.document).ok_or_else(unknown)?;
        let context = Context {
            now: entry.at,
            caller: entry.caller.clone(),
            cause: cause(request, &entry.hash),
            market: self.settings.markets.of(pack),
        };
        let look = |needs: &Needs| load(&*self.store, needs);
        let facts = unless_it_panics(|| process::gather(request, &context, look))?.map_err(Failure::loading)?;
        let mut more = unless_it_panics(|| request.turns_more(&facts, &context))?;
        more.retain(|key| !turns.contains(key));
        if !more.is_empty() {
            return Ok(Looked::Turns(more));
        }
        let decision = self.unless_moved(&facts, || request.decide(&facts, &context))?;
        let Some(mut decision) = decision else { return Ok(Looked::Moved) };
        let mut batch = Batch::default();
        batch.expect(archive::inbox_key(message.number), Expected::At(message.version));
        batch.delete(archive::inbox_key(message.number));
        let (fates, outgoing) = (std::mem::take(&mut decision.fates), decision.outgoing.len());
        let origin = Origin { correlation_id: entry.correlation_id.clone(), request: Some(message.number) };
        let decided = self.commit(batch, decision, &facts, &context, &origin)?;
        figures::decided(started);
        let rejected = fates.iter().filter(|fate| !fate.broken.is_empty()).count();
        let mut broken: Vec<&str> = fates.iter().flat_map(|fate| fate.broken.iter().copied()).collect();
        broken.sort_unstable();
        broken.dedup();
        tracing::info!(
            stage = "decision",
            document = entry.document,
            caller = %entry.caller,
            correlation_id = entry.correlation_id,
            attempt,
            accepted = fates.len() - rejected,
            rejected,
            broken = broken.join(" "),
            outgoing,
            micros = started.elapsed().as_micros() as u64,
            "document decided"
        );
        metrics::counter!("gridpost_records_decided_total", "outcome" => "accepted")
            .increment((fates.len() - rejected) as u64);
        metrics::counter!("gridpost_records_decided_total", "outcome" => "rejected").increment(rejected as u64);
        Ok(Looked::Decided(decided))
    }

    fn decide_timer(&self, timer: &Timer, version: Version, attempt: u32) -> Result<Looked, Failure> {
        let started = std::time::Instant::now();
        let (pack, kind) = self.kind(timer)?;
        let duty = unless_it_panics(|| (kind.duty)(timer))?;
        let market = self.settings.markets.of(pack);
        let context = Context { now: timer.due, caller: market.hub_party(), cause: timer.cause(), market };
        let look = |needs: &Needs| load(&*self.store, needs);
        let gather = || process::gather_more(duty.needs(&context), |facts| duty.needs_more(facts, &context), look);
        let facts = unless_it_panics(gather)?.map_err(Failure::loading)?;
        let decision = self.unless_moved(&facts, || duty.decide(&facts, &context))?;
        let Some(decision) = decision else { return Ok(Looked::Moved) };
        let mut batch = Batch::default();
        batch.expect(timer.key(), Expected::At(version));
        batch.put_all(timer.cancel());
        let outgoing = decision.outgoing.len();
        let origin = self.request_behind(Some(&timer.set_by))?;
        let decided = self.commit(batch, decision, &facts, &context, &origin)?;
        tracing::info!(
            stage = "timer",
            kind = timer.kind,
            due = %timer.due,
            correlation_id = origin.correlation_id,
            attempt,
            outgoing,
            micros = started.elapsed().as_micros() as u64,
            "timer decided"
        );
        metrics::counter!("gridpost_timers_decided_total", "kind" => timer.kind.clone()).increment(1);
        Ok(Looked::Decided(decided))
    }

    /// A decision; nothing where it panics over facts that were changed meanwhile.
    fn unless_moved(&self, facts: &Facts, decide: impl FnOnce() -> Decision) -> Result<Option<Decision>, Failure> {
        match unless_it_panics(decide) {
            Err(_) if self.has_moved(facts)? => Ok(None),
            decision => decision.map(Some),
        }
    }

    /// Whether something of what a decision has looked at is otherwise by now.
    fn has_moved(&self, facts: &Facts) -> Result<bool, Failure> {
        for (key, expected) in facts.versions() {
            let now = self.record(&key)?.map_or(Expected::Absent, |entry| Expected::At(entry.version));
            if now != expected {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn causes_of_errands(&self, aftermath: &[Change]) -> Result<Vec<[u8; 32]>, Failure> {
        let mut causes = Vec::new();
        for (_, kind) in &self.errands {
            let waiting = (kind.waiting)();
            for change in aftermath {
                let Change::Put(key, value) = change else { continue };
                if waiting.contains(key) {
                    let entry = Entry { version: 0, value: value.clone() };
                    causes.extend(unless_it_panics(|| (kind.read)(key, &entry))?.origin());
                }
            }
        }
        Ok(causes)
    }

    /// The request to which a cause goes back, if there is one.
    fn request_behind(&self, cause: Option<&[u8; 32]>) -> Result<Origin, Failure> {
        let origin = cause.map(|cause| self.record(&archive::origin_key(cause))).transpose()?.flatten();
        Ok(origin.as_ref().map(Origin::from_entry).unwrap_or_default())
    }

    fn kind(&self, timer: &Timer) -> Result<(Pack, &'static timer::Kind), Failure> {
        let known = self.timers.iter().copied().find(|(_, kind)| kind.name == timer.kind);
        known.ok_or_else(|| Failure::Bug(format!("no process knows timers of kind {}", timer.kind)))
    }

    /// What would become of a document if it were decided now: nothing is written.
    pub fn preview(&self, request: &dyn Request, context: &Context) -> Result<Previewed, Failure> {
        let look = |needs: &Needs| load(&*self.store, needs);
        let facts = unless_it_panics(|| process::gather(request, context, look))?.map_err(Failure::loading)?;
        let mut decision = unless_it_panics(|| request.decide(&facts, context))?;
        self.forward(&mut decision, context)?;
        let documents = self.render(&decision)?.into_iter();
        let letter = |it: Document<'_>| {
            let bearings = it.records.iter().map(|record| record.bearing).collect();
            let told = Told { document: it.bytes.into(), bearings };
            (it.outgoing.owner().clone(), dry_run::Letter { document: it.outgoing.kind.name, told })
        };
        let documents = documents.map(letter).collect();
        Ok((decision.fates, documents))
    }

    /// What a decision comes to, added to the batch of the work that it settles.
    fn commit(
        &self,
        mut batch: Batch,
        mut decision: Decision,
        facts: &Facts,
        context: &Context,
        origin: &Origin,
    ) -> Result<Decided, Failure> {
        batch.unless_moved(facts.versions());
        batch.unless_moved(self.forward(&mut decision, context)?.versions());
        self.send(&decision, context, origin, &mut batch)?;
        let Decision { changes, events, .. } = decision;
        batch.put_all(changes);
        let aftermath = process::aftermath(&events, context);
        let errands = errand::is_left_by(&aftermath);
        // What its timers and errands send belongs to the request, however many of them lie in between.
        let causes = if errands { self.causes_of_errands(&aftermath)? } else { Vec::new() };
        batch.put_all(aftermath);
        let sets = batch.changes.iter().filter_map(timer::due_of).min();
        let causes = causes.into_iter().chain(sets.map(|_| context.cause));
        batch.put_all(causes.filter_map(|cause| origin.keep(&cause)));
        Ok(Decided { batch, errands, sets })
    }

    /// Hands what is delegated to whoever acts for its receiver; what was looked at for that.
    fn forward(&self, decision: &mut Decision, context: &Context) -> Result<Facts, Failure> {
        let outgoing = std::mem::take(&mut decision.outgoing);
        let look = |needs: &Needs| load(&*self.store, needs);
        let forward = || delegations::forwarded(outgoing, context, look);
        let (outgoing, facts) = unless_it_panics(forward)?.map_err(Failure::loading)?;
        decision.outgoing = outgoing;
        Ok(facts)
    }

    /// The first records of a range, behind one of them.
    pub fn page(&self, range: &KeyRange, behind: Option<&Key>, most: usize) -> Result<Vec<(Key, Entry)>, Failure> {
        let page = self.store.page(range, behind, most);
        Ok(page.map_err(|fault| Failure::Fault(Fault::store("read what is due")(fault)))?.records)
    }

    pub fn record(&self, key: &Key) -> Result<Option<Entry>, Failure> {
        self.store.get(key).map_err(|fault| Failure::Fault(Fault::store("read what is due")(fault)))
    }

    pub fn read_timer(&self, key: &Key, entry: &Entry) -> Result<Timer, Failure> {
        unless_it_panics(|| timer::read(key, entry))
    }

    /// The next piece of what decisions left behind. An errand that fails is set aside, and the next one has its turn.
    pub fn errand(&self) -> Result<Option<Decided>, Failure> {
        loop {
            let Some((pack, kind, key, entry)) = self.first_errand()? else { return Ok(None) };
            match self.decide_errand(pack, kind, &key, &entry) {
                Ok(Looked::Decided(decided)) => return Ok(Some(decided)),
                Ok(Looked::Turns(_) | Looked::Moved) => {}
                Err(Failure::Bug(cause)) => {
                    tracing::error!(errand = kind.name, key = %key, cause, "an errand is parked");
                    metrics::counter!("gridpost_errands_parked_total").increment(1);
                    let mut batch = Batch::default();
                    batch.expect(key.clone(), Expected::At(entry.version)).put_all(errand::park(&key, &entry, &cause));
                    return Ok(Some(Decided { batch, errands: false, sets: None }));
                }
                Err(fault) => return Err(fault),
            }
        }
    }

    fn first_errand(&self) -> Result<Option<(Pack, &'static errand::Kind, Key, Entry)>, Failure> {
        for (pack, kind) in &self.errands {
            if let Some((key, entry)) = self.page(&(kind.waiting)(), None, 1)?.pop() {
                return Ok(Some((*pack, kind, key, entry)));
            }
        }
        Ok(None)
    }

    fn decide_errand(&self, pack: Pack, kind: &errand::Kind, key: &Key, entry: &Entry) -> Result<Looked, Failure> {
        let read = |range: &KeyRange, limit| {
            self.store.page(range, None, limit).map_err(|fault| Failure::Fault(Fault::store("read an errand")(fault)))
        };
        let errand = unless_it_panics(|| (kind.read)(key, entry))?;
        let left = match errand.left() {
            Some((range, page_records)) => read(&range, page_records)?,
            None => Page::default(),
        };
        let page: Vec<Key> = left.records.into_iter().map(|(key, _)| key).collect();
        let context = errand.context(self.settings.markets.of(pack));
        let look = |needs: &Needs| load(&*self.store, needs);
        let more = |facts: &Facts| errand.needs_more(&page, facts, &context);
        let gather = || process::gather_more(errand.needs(&page, &context), more, look);
        let facts = unless_it_panics(gather)?.map_err(Failure::loading)?;
        let decision = self.unless_moved(&facts, || errand.decide(&page, left.more, &facts, &context))?;
        let Some(decision) = decision else { return Ok(Looked::Moved) };
        let origin = self.request_behind(errand.origin().as_ref())?;
        Ok(Looked::Decided(self.commit(Batch::default(), decision, &facts, &context, &origin)?))
    }

    /// Renders every outgoing document, and adds it to the batch: to the archive, and to its receiver's queue.
    fn send(&self, decision: &Decision, context: &Context, origin: &Origin, batch: &mut Batch) -> Result<(), Failure> {
        let mut outbound = Outbound::default();
        let documents = self.render(decision)?;
        let mut log: Vec<LogEntry> = Vec::with_capacity(documents.len());
        let mut letters = Vec::with_capacity(documents.len());
        for Document { outgoing, message_id: id, records, points, about, bytes, records_from } in documents {
            // Whoever asked gets the answer at once and by itself.
            let is_answer = outgoing.owner().number == context.caller.number || outgoing.kind.is_typeless();
            let beside = post_office::write_beside(records.iter().map(|record| record.bearing.as_ref()));
            let (hash, place) = (hash(&bytes), outbound.add(bytes, &beside));
            let joins_from = (!is_answer).then_some(records_from as u64);
            let (message_id, Place { part, offset, bytes }) = (id.clone(), place);
            figures::made(outgoing.kind.name);
            letters.push(Letter {
                outgoing,
                message_id,
                records: records.len() as u64,
                points,
                about,
                hash,
                part,
                offset,
                bytes,
                joins_from,
            });
            log.push(LogEntry {
                direction: Direction::Out,
                at: context.now,
                party: outgoing.owner().queue_owner(),
                addressee: Some(&outgoing.receiver).filter(|it| **it != outgoing.owner().queue_owner()).cloned(),
                document: outgoing.kind.name.to_string(),
                message_id: id,
                correlation_id: origin.correlation_id.clone(),
                refused: Vec::new(),
                hash,
                place,
                came: None,
                request: origin.request,
            });
        }
        batch.put_all(post_office::enqueue(letters));
        batch.put_all(archive::log_out(&log));
        batch.body_all(outbound.bodies());
        Ok(())
    }

    /// Every outgoing document of a decision, in its order, held to its own schema and within the bounds of one document.
    fn render<'d>(&self, decision: &'d Decision) -> Result<Vec<Document<'d>>, Failure> {
        let mut shared: HashMap<*const crate::document::Record, Parts> = HashMap::new();
        let mut documents = Vec::with_capacity(decision.outgoing.len());
        for outgoing in &decision.outgoing {
            let parts =
                shared.entry(outgoing.records.as_ptr()).or_insert_with(|| Parts::of(outgoing, &self.settings.bundles));
            for document in parts.documents(outgoing) {
                self.hold_to_its_schema(outgoing, &document.bytes)?;
                documents.push(document);
            }
        }
        Ok(documents)
    }

    fn hold_to_its_schema(&self, outgoing: &Outgoing, bytes: &[u8]) -> Result<(), Failure> {
        let name = outgoing.kind.name;
        let Some(schema) = self.specs.schema_for(outgoing.kind.namespace) else {
            return Err(Failure::Bug(format!("no schema is loaded to check {name} against")));
        };
        let verdict = spec::check(schema, bytes, &self.settings.limits, &mut ());
        match verdict.flaws.first() {
            None => Ok(()),
            Some(flaw) => {
                Err(Failure::Bug(format!("{name} would not follow its schema at {}: {}", flaw.path, flaw.message)))
            }
        }
    }
}

/// Hash over what makes a message this message and no other: outgoing ids are made from it.
pub(super) fn cause(request: &dyn Request, body: &[u8; 32]) -> [u8; 32] {
    let header = request.header();
    let mut hash = blake3::Hasher::new();
    for part in [header.sender_number.as_bytes(), header.message_id.as_bytes(), body] {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part);
    }
    *hash.finalize().as_bytes()
}

fn unless_it_panics<T>(work: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|payload| Failure::Bug(panic_text(&*payload)))
}

fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    format!("the decision panicked: {}", text.unwrap_or("no text"))
}
