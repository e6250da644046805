//! Commit 2: what a document comes to. One thread decides; requests that share a record take turns on it, in order of
//! arrival, and all others go ahead while earlier decisions are still on their way to disk.
//!
//! A decision that panics or that makes an invalid document parks its message with the cause, and the house stays open.

use std::any::Any;
use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;

use super::{Fault, Settings, hash, load};
use crate::archive::{self, Direction, InboxEntry, LogEntry};
use crate::document::{Outgoing, cim_xml};
use crate::market::Timestamp;
use crate::post_office::{self, Letter};
use crate::process::charge_links::stopped;
use crate::process::{self, Context, Decision, Request};
use crate::record::{Batch, Expected, Key, KeyRange, Needs, Outcome};
use crate::spec::{self, Specs};
use crate::store::{self, Store};

/// What the deciding thread works with.
pub(super) struct Desk {
    pub store: Arc<dyn Store>,
    pub specs: Arc<Specs>,
    pub settings: Arc<Settings>,
}

/// A handle on the deciding thread; the thread ends with its last handle.
#[derive(Clone)]
pub(super) struct Decider {
    events: mpsc::Sender<Event>,
    backlog: watch::Receiver<Backlog>,
    counter: Arc<watch::Sender<Backlog>>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// How much waits, and what keeps it waiting.
#[derive(Debug, Clone, Default)]
struct Backlog {
    undecided: usize,
    trouble: Option<String>,
}

enum Event {
    Arrived(Message),
    /// There may be work that a decision has left behind.
    Errands,
    /// What became of one piece of it.
    ErrandSettled(Result<Outcome, store::Fault>),
    /// A message that cannot be decided at all.
    Parks(Message, String),
    /// What became of the commit of a decision.
    Settled(u64, Result<Outcome, store::Fault>),
    Stop,
}

/// A document between its two commits.
struct Message {
    /// The commit that took it in.
    number: u64,
    entry: InboxEntry,
    request: Option<Box<dyn Request>>,
    turns: Vec<Key>,
    attempts: u32,
    /// Whether its decision leaves work behind that is done piece by piece.
    errands: bool,
}

impl Decider {
    pub fn start(desk: Desk) -> Self {
        let (events, inbound) = mpsc::channel();
        let (counter, backlog) = watch::channel(Backlog::default());
        let counter = Arc::new(counter);
        let hall = Hall {
            desk,
            events: events.clone(),
            counter: counter.clone(),
            turns: Turns::default(),
            waiting: HashMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("decider".into())
            .spawn(move || hall.run(&inbound))
            .expect("a thread can be started");
        Self { events, backlog, counter, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// A document was taken in by commit `number`.
    pub fn arrived(&self, number: u64, entry: InboxEntry, request: Box<dyn Request>) {
        let turns = request.turns();
        self.hand_in(Event::Arrived(Message {
            number,
            entry,
            request: Some(request),
            turns,
            attempts: 0,
            errands: false,
        }));
    }

    /// A document in the inbox cannot be decided, because of a bug of ours.
    pub fn parks(&self, number: u64, entry: InboxEntry, cause: String) {
        let message = Message { number, entry, request: None, turns: Vec::new(), attempts: 0, errands: false };
        self.hand_in(Event::Parks(message, cause));
    }

    /// Goes on with what earlier decisions left behind.
    pub fn run_errands(&self) {
        self.hand_in(Event::Errands);
    }

    fn hand_in(&self, event: Event) {
        self.counter.send_modify(|backlog| backlog.undecided += 1);
        // The thread outlives every handle but the one that stops it; what it no longer takes stays in the inbox.
        let _ = self.events.send(event);
    }

    pub fn undecided(&self) -> usize {
        self.backlog.borrow().undecided
    }

    /// Why documents are left undecided, if they are.
    pub fn trouble(&self) -> Option<String> {
        self.backlog.borrow().trouble.clone()
    }

    /// Returns once nothing is undecided, or what keeps it so.
    pub async fn settled(&self) -> Result<(), String> {
        let mut backlog = self.backlog.clone();
        let state = backlog
            .wait_for(|backlog| backlog.undecided == 0 || backlog.trouble.is_some())
            .await
            .map_err(|_| "the decider has stopped".to_string())?;
        state.trouble.clone().map_or(Ok(()), Err)
    }
}

impl Drop for Decider {
    fn drop(&mut self) {
        // Completions hold clones while a commit is on its way; only the gateway's own handle, the last, stops it.
        if Arc::strong_count(&self.thread) == 1 {
            let _ = self.events.send(Event::Stop);
            if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take()
                && thread.thread().id() != std::thread::current().id()
            {
                let _ = thread.join();
            }
        }
    }
}

/// Where messages wait for their turn.
struct Hall {
    desk: Desk,
    events: mpsc::Sender<Event>,
    counter: Arc<watch::Sender<Backlog>>,
    turns: Turns,
    waiting: HashMap<u64, Message>,
}

impl Hall {
    fn run(mut self, inbound: &mpsc::Receiver<Event>) {
        while let Ok(event) = inbound.recv() {
            match event {
                Event::Arrived(message) => {
                    let (number, ready) = (message.number, self.turns.join(message.number, &message.turns));
                    self.waiting.insert(number, message);
                    if ready {
                        self.decide(number);
                    }
                }
                Event::Parks(message, cause) => {
                    let number = message.number;
                    self.waiting.insert(number, message);
                    self.park(number, &cause);
                }
                Event::Errands => self.next_errand(),
                Event::ErrandSettled(Ok(_)) => self.next_errand(),
                Event::ErrandSettled(Err(store::Fault::Busy { .. })) => {
                    std::thread::sleep(BUSY_PAUSE);
                    self.next_errand();
                }
                Event::ErrandSettled(Err(fault)) => self.in_trouble(&fault),
                Event::Settled(number, Ok(Outcome::Committed(_))) => self.leaves(number),
                // Something it looked at has moved: look again, which a pure decision makes safe.
                Event::Settled(number, Ok(Outcome::Conflict(key))) => {
                    tracing::debug!(number, key = %key, "a decision is made again");
                    self.decide(number);
                }
                Event::Settled(number, Err(store::Fault::Busy { .. })) => {
                    std::thread::sleep(BUSY_PAUSE);
                    self.decide(number);
                }
                Event::Settled(_, Err(fault)) => self.in_trouble(&fault),
                Event::Stop => return,
            }
        }
    }

    fn decide(&mut self, number: u64) {
        let message = self.waiting.get_mut(&number).expect("a message waits until it leaves");
        message.attempts += 1;
        if message.attempts > ATTEMPTS_MAX {
            return self.park(number, &format!("{ATTEMPTS_MAX} decisions in a row met a conflict"));
        }
        match self.desk.decide(message) {
            Ok(batch) => self.submit(number, batch),
            Err(Failure::Bug(cause)) => self.park(number, &cause),
            Err(Failure::Fault(fault)) => self.in_trouble(&fault),
        }
    }

    /// Does the next piece of what decisions left behind; the piece after it follows when this one is on disk.
    fn next_errand(&mut self) {
        match self.desk.errand() {
            Ok(Some(batch)) => {
                let events = self.events.clone();
                let done = move |outcome| drop(events.send(Event::ErrandSettled(outcome)));
                self.desk.store.submit(batch, Box::new(done));
            }
            Ok(None) => self.counter.send_modify(|backlog| backlog.undecided -= 1),
            Err(Failure::Bug(cause)) => self.in_trouble(&Bug(cause)),
            Err(Failure::Fault(fault)) => self.in_trouble(&fault),
        }
    }

    fn park(&mut self, number: u64, cause: &str) {
        let message = &self.waiting[&number];
        tracing::error!(number, correlation_id = message.entry.correlation_id, cause, "a message is parked");
        metrics::counter!("gridpost_messages_parked_total").increment(1);
        let mut batch = Batch::default();
        batch.expect(archive::inbox_key(number), Expected::At(number));
        batch.put_all(archive::park(number, &message.entry, cause));
        self.submit(number, batch);
    }

    fn submit(&self, number: u64, batch: Batch) {
        let events = self.events.clone();
        self.desk.store.submit(
            batch,
            Box::new(move |outcome| {
                // Nobody listens any more once the gateway closes; the inbox is then as the outcome says.
                let _ = events.send(Event::Settled(number, outcome));
            }),
        );
    }

    fn leaves(&mut self, number: u64) {
        let Some(message) = self.waiting.remove(&number) else { return };
        if message.errands {
            // Counted before the message is let go: whoever waits until all is settled waits for its errands too.
            self.counter.send_modify(|backlog| backlog.undecided += 1);
            self.next_errand();
        }
        self.counter.send_modify(|backlog| backlog.undecided -= 1);
        for next in self.turns.leave(number, &message.turns) {
            self.decide(next);
        }
    }

    /// The message stays in the inbox, and those behind it stay in line: a restart decides them.
    fn in_trouble(&self, fault: &dyn std::error::Error) {
        let cause = with_causes(fault);
        tracing::error!(cause, "a message stays undecided");
        self.counter.send_modify(|backlog| backlog.trouble = Some(format!("undecided since the last start: {cause}")));
    }
}

enum Failure {
    Bug(String),
    Fault(Fault),
}

/// A bug of ours in work that no message stands for.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Bug(String);

impl Desk {
    fn decide(&self, message: &mut Message) -> Result<Batch, Failure> {
        let started = std::time::Instant::now();
        let entry = &message.entry;
        let request = message.request.as_deref().expect("only a parked message has no request");
        let context = Context {
            now: entry.at,
            caller: entry.caller.clone(),
            cause: cause(request, &entry.hash),
            market: &self.settings.market,
        };
        let look = |needs: &Needs| load(&*self.store, needs);
        let facts = unless_it_panics(|| process::gather(request, &context, look))?.map_err(Failure::Fault)?;
        let decision = unless_it_panics(|| request.decide(&facts, &context))?;
        let mut batch = Batch::default();
        batch.unless_moved(facts.versions());
        batch.expect(archive::inbox_key(message.number), Expected::At(message.number));
        batch.delete(archive::inbox_key(message.number));
        self.send(&decision, entry.at, &entry.correlation_id, &mut batch)?;
        let Decision { changes, events, outgoing, fates } = decision;
        batch.put_all(changes);
        let aftermath = process::aftermath(&events, &context);
        message.errands = aftermath.iter().any(|change| change.key().space() == stopped::TASKS);
        batch.put_all(aftermath);
        let rejected = fates.iter().filter(|fate| !fate.broken.is_empty()).count();
        let mut broken: Vec<&str> = fates.iter().flat_map(|fate| fate.broken.iter().copied()).collect();
        broken.sort_unstable();
        broken.dedup();
        tracing::info!(
            stage = "decision",
            document = entry.document,
            caller = %entry.caller,
            correlation_id = entry.correlation_id,
            attempt = message.attempts,
            accepted = fates.len() - rejected,
            rejected,
            broken = broken.join(" "),
            outgoing = outgoing.len(),
            micros = started.elapsed().as_micros() as u64,
            "document decided"
        );
        metrics::counter!("gridpost_records_decided_total", "outcome" => "accepted")
            .increment((fates.len() - rejected) as u64);
        metrics::counter!("gridpost_records_decided_total", "outcome" => "rejected").increment(rejected as u64);
        Ok(batch)
    }

    /// The next piece of what decisions left behind: the suppliers of a stopped charge's metering points, page by page.
    fn errand(&self) -> Result<Option<Batch>, Failure> {
        let read = |range: &KeyRange, limit| {
            self.store.page(range, None, limit).map_err(|fault| Failure::Fault(Fault::store("read an errand")(fault)))
        };
        let Some((key, entry)) = read(&stopped::tasks(), 1)?.records.pop() else { return Ok(None) };
        let task = unless_it_panics(|| stopped::read_task(&key, &entry))?;
        let left = read(&task.left(), stopped::PAGE_POINTS)?;
        let points: Vec<Key> = left.records.into_iter().map(|(key, _)| key).collect();
        let context = task.context(&self.settings.market);
        let look = |needs: &Needs| load(&*self.store, needs);
        let gather = || process::gather_more(task.needs(&points), |facts| task.needs_more(&points, facts), look);
        let facts = unless_it_panics(gather)?.map_err(Failure::Fault)?;
        let decision = unless_it_panics(|| task.tell(&points, left.more, &facts, &context))?;
        let mut batch = Batch::default();
        batch.unless_moved(facts.versions());
        self.send(&decision, context.now, "", &mut batch)?;
        batch.put_all(decision.changes);
        Ok(Some(batch))
    }

    /// Renders every outgoing document, checks it against its own schema, and adds it to the batch: to the archive, and
    /// to its receiver's queue.
    fn send(&self, decision: &Decision, at: Timestamp, correlation_id: &str, batch: &mut Batch) -> Result<(), Failure> {
        let mut shared: HashMap<*const crate::document::Record, Vec<u8>> = HashMap::new();
        let mut rendered: Vec<(&Outgoing, [u8; 32], u64)> = Vec::with_capacity(decision.outgoing.len());
        for outgoing in &decision.outgoing {
            let records =
                shared.entry(outgoing.records.as_ptr()).or_insert_with(|| cim_xml::write_records(&outgoing.records));
            let bytes = Bytes::from(cim_xml::write(outgoing, records));
            self.hold_to_its_schema(outgoing, &bytes)?;
            let hash = hash(&bytes);
            rendered.push((outgoing, hash, bytes.len() as u64));
            batch.body(archive::body_key(&hash), bytes);
        }
        let log: Vec<LogEntry> = rendered
            .iter()
            .map(|(outgoing, hash, _)| LogEntry {
                direction: Direction::Out,
                at,
                party: outgoing.receiver.clone(),
                document: outgoing.kind.name.to_string(),
                message_id: outgoing.message_id.clone(),
                correlation_id: correlation_id.to_string(),
                refused: Vec::new(),
                hash: *hash,
            })
            .collect();
        batch.put_all(archive::log_out(&log));
        let letters = rendered.iter().map(|(outgoing, hash, bytes)| Letter { outgoing, hash: *hash, bytes: *bytes });
        batch.put_all(post_office::enqueue(letters));
        Ok(())
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
fn cause(request: &dyn Request, body: &[u8; 32]) -> [u8; 32] {
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

fn with_causes(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(fault), |fault| fault.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Who is next on each record: numbers in order of arrival.
#[derive(Default)]
struct Turns {
    lines: HashMap<Key, VecDeque<u64>>,
    /// In how many lines a number is not first.
    behind: HashMap<u64, usize>,
}

impl Turns {
    /// Joins the line of every key. Returns whether it is first in all of them.
    fn join(&mut self, number: u64, keys: &[Key]) -> bool {
        let mut behind = 0;
        for key in keys {
            let line = self.lines.entry(key.clone()).or_default();
            if line.back() != Some(&number) {
                behind += usize::from(!line.is_empty());
                line.push_back(number);
            }
        }
        if behind > 0 {
            self.behind.insert(number, behind);
        }
        behind == 0
    }

    /// Leaves the head of every line. Returns, in order of arrival, whose turn it has become.
    fn leave(&mut self, number: u64, keys: &[Key]) -> Vec<u64> {
        let mut ready = Vec::new();
        for key in keys {
            let Some(line) = self.lines.get_mut(key).filter(|line| line.front() == Some(&number)) else { continue };
            line.pop_front();
            let Some(next) = line.front() else {
                self.lines.remove(key);
                continue;
            };
            let behind = self.behind.get_mut(next).expect("whoever was not first is counted");
            *behind -= 1;
            if *behind == 0 {
                self.behind.remove(next);
                ready.push(*next);
            }
        }
        ready.sort_unstable();
        ready
    }
}

/// How long the decider lets the disk catch up.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// Decisions of one message that may meet a conflict before it is parked; messages take turns, so only an operator's
/// change can come between.
const ATTEMPTS_MAX: u32 = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Space;

    fn keys(names: &[&str]) -> Vec<Key> {
        names.iter().map(|name| Key::new(Space(99)).text(name)).collect()
    }

    #[test]
    fn messages_about_one_record_take_turns_and_others_go_ahead() {
        let mut turns = Turns::default();
        assert!(turns.join(1, &keys(&["a", "b"])));
        assert!(!turns.join(2, &keys(&["b", "c", "b"])));
        assert!(!turns.join(3, &keys(&["c"])));
        assert!(turns.join(4, &keys(&["d"])));
        assert!(!turns.join(5, &keys(&["a"])));
        assert!(turns.join(6, &[]));
        assert!(turns.leave(6, &[]).is_empty());
        assert_eq!(turns.leave(1, &keys(&["a", "b"])), [2, 5]);
        assert_eq!(turns.leave(2, &keys(&["b", "c", "b"])), [3]);
        assert!(turns.leave(5, &keys(&["a"])).is_empty());
        assert!(turns.leave(3, &keys(&["c"])).is_empty());
        assert!(turns.leave(4, &keys(&["d"])).is_empty());
        assert!(turns.lines.is_empty() && turns.behind.is_empty());
    }
}
