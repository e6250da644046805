//! Commit 2: what a document comes to. One thread decides, see [`super::hall`]; this is the handle on it.

use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::clock::Clock;
use super::desk::Desk;
use super::hall::{Event, Hall};
use super::news::News;
use crate::archive::InboxEntry;
use crate::process::Request;
use crate::record::Version;

/// A handle on the deciding thread; the thread ends with its last handle.
#[derive(Clone)]
pub(super) struct Decider {
    events: mpsc::Sender<Event>,
    backlog: watch::Receiver<Backlog>,
    counter: Arc<Counter>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// How much waits, and what keeps it waiting.
#[derive(Debug, Clone, Default)]
pub(super) struct Backlog {
    undecided: usize,
    trouble: Option<String>,
}

/// Where the backlog is counted.
pub(super) struct Counter(watch::Sender<Backlog>);

/// A document between its two commits.
pub(super) struct Message {
    /// The commit that took it in.
    pub number: u64,
    /// The commit that wrote its place in the inbox: the same, unless it was parked meanwhile.
    pub version: Version,
    pub entry: InboxEntry,
    pub request: Option<Box<dyn Request>>,
}

impl Counter {
    pub fn add(&self, count: usize) {
        self.0.send_modify(|backlog| backlog.undecided += count);
    }

    pub fn remove(&self, count: usize) {
        self.0.send_modify(|backlog| backlog.undecided -= count);
    }

    pub fn in_trouble(&self, trouble: String) {
        self.0.send_modify(|backlog| backlog.trouble = Some(trouble));
    }
}

impl Decider {
    pub fn start(desk: Desk, clock: Arc<Clock>, news: Arc<News>) -> Self {
        let (events, inbound) = mpsc::channel();
        let (counter, backlog) = watch::channel(Backlog::default());
        let counter = Arc::new(Counter(counter));
        let hall = Hall::new(desk, clock, events.clone(), counter.clone(), news);
        let thread = std::thread::Builder::new()
            .name("decider".into())
            .spawn(move || hall.run(&inbound))
            .expect("a thread can be started");
        Self { events, backlog, counter, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// A document was taken in by commit `number`.
    pub fn arrived(&self, number: u64, version: Version, entry: InboxEntry, request: Box<dyn Request>) {
        self.hand_in(Event::Arrived(Message { number, version, entry, request: Some(request) }));
    }

    /// A document in the inbox cannot be decided, because of a bug of ours.
    pub fn parks(&self, number: u64, version: Version, entry: InboxEntry, cause: String) {
        self.hand_in(Event::Parks(Message { number, version, entry, request: None }, cause));
    }

    /// Goes on with what earlier decisions left behind.
    pub fn run_errands(&self) {
        self.hand_in(Event::Errands);
    }

    /// The clock was moved, or timers were set by other hands: whatever is due is decided.
    pub fn time_has_passed(&self) {
        self.hand_in(Event::TimePassed);
    }

    fn hand_in(&self, event: Event) {
        self.counter.add(1);
        // The thread outlives every handle but the one that stops it; what it no longer takes stays in the store.
        let _ = self.events.send(event);
    }

    /// Returns when something has arrived or been decided since the last time that this `seen` was asked.
    pub async fn moves_on(&self, seen: &mut watch::Receiver<Backlog>) {
        // Without a decider nothing moves any more, and whoever waits gives up in its own time.
        if seen.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    pub fn seen(&self) -> watch::Receiver<Backlog> {
        self.backlog.clone()
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
