//! Commit 2: what a document comes to. One thread decides, see [`super::hall`]; this is the handle on it.

use std::collections::HashMap;
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use tokio::sync::watch;

use super::Fault;
use super::clock::Clock;
use super::depth::Depth;
use super::desk::Desk;
use super::hall::{Event, Hall};
use super::news::News;
use super::pace::Pace;
use crate::archive::InboxEntry;
use crate::market::ActorNumber;
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
#[derive(Debug, Default)]
pub(super) struct Backlog {
    undecided: usize,
    /// How many of them are documents of one participant; nobody stands here with none.
    documents: HashMap<ActorNumber, usize>,
    pace: Pace,
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
    /// Or why it cannot be decided.
    pub request: Result<Box<dyn Request>, String>,
}

impl Counter {
    pub fn new() -> (Self, watch::Receiver<Backlog>) {
        let (counter, backlog) = watch::channel(Backlog::default());
        (Self(counter), backlog)
    }

    pub fn add(&self, count: usize) {
        self.0.send_modify(|backlog| backlog.add(count));
    }

    pub fn remove(&self, count: usize) {
        self.0.send_modify(|backlog| backlog.remove(count));
    }

    /// A document of this participant waits for its decision.
    pub fn add_document(&self, participant: &ActorNumber) {
        self.0.send_modify(|backlog| backlog.add_document(participant));
    }

    pub fn remove_document(&self, participant: &ActorNumber) {
        self.0.send_modify(|backlog| backlog.remove_document(participant));
    }

    pub fn in_trouble(&self, trouble: String) {
        self.0.send_modify(|backlog| backlog.trouble = Some(trouble));
    }
}

impl Backlog {
    pub fn is_empty(&self) -> bool {
        self.undecided == 0
    }

    fn add(&mut self, count: usize) {
        if self.is_empty() {
            self.pace.begins(Instant::now());
        }
        self.undecided += count;
    }

    fn remove(&mut self, count: usize) {
        self.undecided -= count;
        self.pace.counts(count, self.is_empty(), Instant::now());
    }

    fn add_document(&mut self, participant: &ActorNumber) {
        self.add(1);
        match self.documents.get_mut(participant) {
            Some(waiting) => *waiting += 1,
            None => drop(self.documents.insert(participant.clone(), 1)),
        }
    }

    fn remove_document(&mut self, participant: &ActorNumber) {
        self.remove(1);
        let waiting = self.documents.get_mut(participant).expect("whoever's document is decided was counted");
        *waiting -= 1;
        if *waiting == 0 {
            self.documents.remove(participant);
        }
    }

    fn has_room(&self, participant: &ActorNumber, most: usize) -> Result<(), Fault> {
        let left = most.saturating_sub(self.undecided);
        if self.documents.get(participant).copied().unwrap_or(0) < left {
            return Ok(());
        }
        let again_in = self.pace.time_for(most.div_ceil(ROOM_MADE), Instant::now());
        Err(Fault::Busy { waiting: self.undecided, again_in })
    }
}

impl Decider {
    pub fn start(desk: Desk, clock: Arc<Clock>, news: Arc<News>, depth: Arc<Depth>) -> Self {
        let (events, inbound) = mpsc::channel();
        let (counter, backlog) = Counter::new();
        let counter = Arc::new(counter);
        let hall = Hall::new(desk, clock, events.clone(), counter.clone(), (news, depth));
        let thread = std::thread::Builder::new()
            .name("decider".into())
            .spawn(move || hall.run(&inbound))
            .expect("a thread can be started");
        Self { events, backlog, counter, thread: Arc::new(Mutex::new(Some(thread))) }
    }

    /// A document was taken in by commit `number`; one that cannot be decided is parked.
    pub fn arrived(&self, message: Message) {
        self.counter.add_document(&message.entry.caller.number);
        self.tell(Event::Arrived(message));
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
        self.tell(event);
    }

    fn tell(&self, event: Event) {
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

    /// Whether one more document of this participant may wait for its decision, where `most` may wait together. A
    /// participant may have as many waiting as there is room left: so one alone may take half of all the room, two a third
    /// each, and whoever has sent nothing yet always finds some.
    pub fn has_room(&self, participant: &ActorNumber, most: usize) -> Result<(), Fault> {
        self.backlog.borrow().has_room(participant, most)
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
            .wait_for(|backlog| backlog.is_empty() || backlog.trouble.is_some())
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

/// Whoever is asked to come back later is told when this part of all that may wait will have been decided.
const ROOM_MADE: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_half_of_the_room_and_leaves_some_for_whoever_comes() {
        let [flood, second, third] = ["8100000000030", "5790000000005", "7300000000011"].map(ActorNumber::new);
        let mut backlog = Backlog::default();
        let mut fill = |participant: &ActorNumber| {
            let mut taken_in = 0;
            while backlog.has_room(participant, 120).is_ok() {
                backlog.add_document(participant);
                taken_in += 1;
            }
            taken_in
        };
        assert_eq!([&flood, &second, &third].map(&mut fill), [60, 30, 15]);
        assert_eq!(fill(&flood), 0);
        backlog.add(15);
        let refused = backlog.has_room(&ActorNumber::new("5790000432752"), 120).unwrap_err();
        assert!(matches!(refused, Fault::Busy { waiting: 120, .. }), "{refused}");
        (0..60).for_each(|_| backlog.remove_document(&flood));
        assert!(backlog.has_room(&flood, 120).is_ok() && !backlog.documents.contains_key(&flood));
    }
}
