//! Commit 2: what a document comes to. One thread decides; requests that share a record take turns on it, in order of
//! arrival, and all others go ahead while earlier decisions are still on their way to disk.
//!
//! A decision that panics or that makes an invalid document parks its message with the cause, and the house stays open.

use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::watch;

use super::desk::{Desk, Failure};
use super::turns::Turns;
use crate::archive::{self, InboxEntry};
use crate::process::Request;
use crate::record::{Batch, Expected, Key, Outcome};
use crate::store;

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
pub(super) struct Message {
    /// The commit that took it in.
    pub number: u64,
    pub entry: InboxEntry,
    pub request: Option<Box<dyn Request>>,
    pub turns: Vec<Key>,
    pub attempts: u32,
    /// Whether its decision leaves work behind that is done piece by piece.
    pub errands: bool,
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
                Event::ErrandSettled(Err(fault)) => self.in_trouble(&with_causes(&fault)),
                Event::Settled(number, Ok(Outcome::Committed(_))) => self.leaves(number),
                // Something it looked at has moved: look again, which a pure decision makes safe.
                Event::Settled(number, Ok(Outcome::Conflict(key))) => {
                    tracing::debug!(number, key = %key, "a decision is made again");
                    self.decide(number);
                }
                Event::Settled(number, Err(store::Fault::Busy { .. })) => {
                    std::thread::sleep(BUSY_PAUSE);
                    // A full disk queue is no conflict, however long it lasts.
                    self.waiting.entry(number).and_modify(|message| message.attempts -= 1);
                    self.decide(number);
                }
                Event::Settled(_, Err(fault)) => self.in_trouble(&with_causes(&fault)),
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
            Err(Failure::Fault(fault)) => self.in_trouble(&with_causes(&fault)),
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
            Err(Failure::Bug(cause)) => self.in_trouble(&cause),
            Err(Failure::Fault(fault)) => self.in_trouble(&with_causes(&fault)),
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
    fn in_trouble(&self, cause: &str) {
        tracing::error!(cause, "a message stays undecided");
        self.counter.send_modify(|backlog| backlog.trouble = Some(format!("undecided since the last start: {cause}")));
    }
}

fn with_causes(fault: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(fault), |fault| fault.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// How long the decider lets the disk catch up.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// Decisions of one message that may meet a conflict before it is parked; messages take turns, so only an operator's
/// change can come between.
const ATTEMPTS_MAX: u32 = 32;
