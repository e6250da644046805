//! The hall where documents and timers wait, and the one thread that decides them: what shares a record takes turns on
//! it, in order of arrival, and all others go ahead while earlier decisions are still on their way to disk. Of the documents
//! that may be decided, participants take turns, see [`super::lobby`]; a timer that may be decided is decided at once.
//!
//! A decision that panics or that makes an invalid document parks its message with the cause, and the house stays open.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use super::agenda::Agenda;
use super::clock::Clock;
use super::decider::{Counter, Message};
use super::depth::Depth;
use super::desk::{Decided, Desk, Failure, Looked};
use super::figures;
use super::floor::{Floor, Speaker};
use super::lobby::Lobby;
use super::news::{Growth, News};
use super::turns::Turns;
use super::with_causes;
use crate::archive;
use crate::market::Timestamp;
use crate::process::Timer;
use crate::record::{Batch, Expected, Key, Outcome, Version};
use crate::store;

pub(super) enum Event {
    Arrived(Message),
    /// There may be work that a decision has left behind.
    Errands,
    /// What became of one piece of it.
    ErrandSettled(Errand, Result<Outcome, store::Fault>),
    /// Timers may be due.
    TimePassed,
    /// What became of the commit of a decision, by its place in the hall.
    Settled(u64, Result<Outcome, store::Fault>),
    Stop,
}

/// What is decided.
pub(super) enum Work {
    Document(Message),
    Timer(Timer, Version),
}

/// One piece of what decisions have left behind, on its way to disk.
pub(super) struct Errand {
    /// Conflicts in a row that it has met before.
    conflicts: u32,
    /// The first instant at which a timer is due that it sets.
    sets: Option<Timestamp>,
}

/// Somebody in the hall.
struct Waiting {
    work: Work,
    since: Instant,
    turns: Vec<Key>,
    attempts: u32,
    /// Whether its decision leaves work behind that is done piece by piece.
    errands: bool,
    /// The first instant at which a timer is due that its decision sets.
    sets: Option<Timestamp>,
}

pub(super) struct Hall {
    desk: Desk,
    clock: Arc<Clock>,
    events: mpsc::Sender<Event>,
    counter: Arc<Counter>,
    news: Arc<News>,
    depth: Arc<Depth>,
    turns: Turns,
    lobby: Lobby,
    floor: Floor,
    /// By place: places are numbered in order of arrival.
    waiting: HashMap<u64, Waiting>,
    next_place: u64,
    agenda: Agenda,
}

impl Hall {
    pub fn new(
        desk: Desk,
        clock: Arc<Clock>,
        events: mpsc::Sender<Event>,
        counter: Arc<Counter>,
        (news, depth): (Arc<News>, Arc<Depth>),
    ) -> Self {
        let (turns, lobby, floor) = (Turns::default(), Lobby::default(), Floor::default());
        let (waiting, agenda) = (HashMap::new(), Agenda::default());
        Self { desk, clock, events, counter, news, depth, turns, lobby, floor, waiting, next_place: 1, agenda }
    }

    /// Whatever has happened is heard before a document is decided: whose turn it is depends on who has arrived.
    pub fn run(mut self, inbound: &mpsc::Receiver<Event>) {
        loop {
            let wait = self.agenda.wait(&self.clock);
            let event = match wait {
                _ if !self.lobby.is_empty() => inbound.recv_timeout(Duration::ZERO),
                None => inbound.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => inbound.recv_timeout(wait),
            };
            match event {
                Ok(Event::Stop) | Err(RecvTimeoutError::Disconnected) => return,
                Ok(event) => self.hear(event),
                Err(RecvTimeoutError::Timeout) if wait == Some(Duration::ZERO) => self.next_timers(),
                Err(RecvTimeoutError::Timeout) => match self.lobby.leave() {
                    Some(place) => self.decide(place),
                    None => self.next_timers(),
                },
            }
        }
    }

    fn hear(&mut self, event: Event) {
        if let Event::Settled(..) | Event::ErrandSettled(..) = &event {
            self.floor.settles();
        }
        self.handle(event);
        loop {
            let next = self.floor.next();
            if next.is_empty() {
                return;
            }
            for speaker in next {
                match speaker {
                    Speaker::Waiting(place) => self.decide_now(place),
                    Speaker::Errand { conflicts } => self.errand_now(conflicts),
                }
            }
        }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Arrived(message) => self.arrive(message),
            Event::ErrandSettled(errand, Ok(Outcome::Committed(_))) => {
                // Jobs are begun before more of them are laid out.
                self.timers_are_set(errand.sets);
                self.next_errand(0);
            }
            Event::Errands => self.next_errand(0),
            Event::ErrandSettled(Errand { conflicts, .. }, Ok(Outcome::Conflict(key))) => {
                tracing::debug!(conflicts, key = %key, "an errand is decided again");
                match conflicts + 1 {
                    conflicts if conflicts >= FIRST_AFTER => self.floor.ask(Speaker::Errand { conflicts }),
                    conflicts => self.next_errand(conflicts),
                }
            }
            Event::ErrandSettled(Errand { conflicts, .. }, Err(store::Fault::Busy { .. })) => {
                std::thread::sleep(BUSY_PAUSE);
                self.next_errand(conflicts);
            }
            Event::ErrandSettled(_, Err(fault)) => self.in_trouble(&with_causes(&fault)),
            Event::TimePassed => {
                self.agenda.forget();
                self.agenda.watched();
                self.next_timers();
            }
            Event::Settled(place, Ok(Outcome::Committed(_))) => self.leaves(place),
            // A timer that another decision has taken back, or set anew, is not decided as it was.
            Event::Settled(place, Ok(Outcome::Conflict(key))) if self.is_timer_of(place, &key) => {
                self.agenda.look_again();
                self.leaves(place);
            }
            // Something it looked at has moved: look again, which a pure decision makes safe.
            Event::Settled(place, Ok(Outcome::Conflict(key))) => {
                tracing::debug!(place, key = %key, "a decision is made again");
                match self.waiting.get(&place) {
                    Some(waiting) if waiting.attempts >= FIRST_AFTER => {
                        self.floor.ask(Speaker::Waiting(place));
                    }
                    _ => self.decide(place),
                }
            }
            Event::Settled(place, Err(store::Fault::Busy { .. })) => {
                std::thread::sleep(BUSY_PAUSE);
                // A full disk queue is no conflict, however long it lasts.
                self.waiting.entry(place).and_modify(|waiting| waiting.attempts = waiting.attempts.saturating_sub(1));
                self.decide(place);
            }
            Event::Settled(_, Err(fault)) => self.in_trouble(&with_causes(&fault)),
            Event::Stop => unreachable!("the loop ends with it"),
        }
    }

    /// A document takes its place behind the timers that were due on its records before it arrived.
    fn arrive(&mut self, message: Message) {
        // What is only to be parked has nothing to wait for.
        let turns = message.request.as_ref().map(|request| request.turns()).unwrap_or_default();
        if self.agenda.may_be_due(message.entry.at) {
            match self.agenda.due_on(&self.desk, &turns, message.entry.at) {
                Ok(due) => due.into_iter().for_each(|(timer, version)| self.join_timer(timer, version)),
                Err(failure) => return self.fails(failure),
            }
        }
        let place = self.place(Work::Document(message), turns);
        self.join(place);
    }

    fn join_timer(&mut self, timer: Timer, version: Version) {
        self.counter.add(1);
        let turns = vec![timer.turn.clone()];
        let place = self.place(Work::Timer(timer, version), turns);
        self.join(place);
    }

    fn place(&mut self, work: Work, turns: Vec<Key>) -> u64 {
        let place = self.next_place;
        self.next_place += 1;
        self.waiting
            .insert(place, Waiting { work, since: Instant::now(), turns, attempts: 0, errands: false, sets: None });
        place
    }

    fn join(&mut self, place: u64) {
        if self.turns.join(place, &self.waiting[&place].turns) {
            self.may_be_decided(place);
        } else {
            self.agenda.waits();
        }
    }

    /// It has its turn on every record.
    fn may_be_decided(&mut self, place: u64) {
        match &self.waiting[&place].work {
            Work::Document(message) => self.lobby.join(&message.entry.caller.number, place),
            Work::Timer(..) => self.decide(place),
        }
    }

    fn decide(&mut self, place: u64) {
        if self.floor.is_free_for(Speaker::Waiting(place)) {
            self.decide_now(place);
        } else {
            self.agenda.waits();
        }
    }

    fn decide_now(&mut self, place: u64) {
        let waiting = self.waiting.get_mut(&place).expect("whoever waits stays until it leaves");
        waiting.attempts += 1;
        if waiting.attempts > ATTEMPTS_MAX {
            return self.park(place, &format!("{ATTEMPTS_MAX} decisions in a row met a conflict"));
        }
        match self.desk.decide(&waiting.work, &waiting.turns, waiting.attempts) {
            Ok(Looked::Decided(Decided { batch, errands, sets })) => {
                (waiting.errands, waiting.sets) = (errands, sets);
                sets.into_iter().for_each(|due| self.agenda.will_set(due));
                self.submit(place, batch);
            }
            Ok(Looked::Turns(more)) => {
                // To wait for one's turn is no conflict.
                waiting.attempts -= 1;
                waiting.turns.extend(more.iter().cloned());
                if self.turns.join(place, &more) {
                    self.decide(place);
                }
            }
            Ok(Looked::Moved) => self.decide(place),
            Err(Failure::Bug(cause)) => self.park(place, &cause),
            Err(failure) => self.fails(failure),
        }
    }

    /// Does the next piece of what decisions left behind; the piece after it follows when this one is on disk.
    fn next_errand(&mut self, conflicts: u32) {
        if self.floor.is_free_for(Speaker::Errand { conflicts }) {
            self.errand_now(conflicts);
        }
    }

    fn errand_now(&mut self, conflicts: u32) {
        match self.desk.errand() {
            Ok(Some(Decided { batch, sets, .. })) => {
                self.floor.leaves();
                let (events, errand) = (self.events.clone(), Errand { conflicts, sets });
                self.commit(batch, move |outcome| drop(events.send(Event::ErrandSettled(errand, outcome))));
            }
            Ok(None) => self.counter.remove(1),
            Err(failure) => self.fails(failure),
        }
    }

    /// Hands in what is due, one instant after the other; the next follows when all of this one is on disk.
    fn next_timers(&mut self) {
        match self.agenda.next(&self.desk, self.clock.now()) {
            Ok(due) => due.into_iter().for_each(|(timer, version)| self.join_timer(timer, version)),
            Err(failure) => {
                // What is due is found again after the restart that the trouble asks for.
                self.agenda.close();
                return self.fails(failure);
            }
        }
        self.counter.remove(self.agenda.at_rest());
    }

    fn park(&mut self, place: u64, cause: &str) {
        let mut batch = Batch::default();
        match &self.waiting[&place].work {
            Work::Document(Message { number, version, entry, .. }) => {
                tracing::error!(number, correlation_id = entry.correlation_id, cause, "a message is parked");
                metrics::counter!("gridpost_messages_parked_total").increment(1);
                batch.expect(archive::inbox_key(*number), Expected::At(*version));
                batch.put_all(archive::park(*number, entry, cause));
            }
            Work::Timer(timer, version) => {
                tracing::error!(kind = timer.kind, due = %timer.due, cause, "a timer is parked");
                metrics::counter!("gridpost_timers_parked_total").increment(1);
                batch.expect(timer.key(), Expected::At(*version));
                batch.put_all(timer.park(cause));
            }
        }
        self.submit(place, batch);
    }

    fn submit(&mut self, place: u64, batch: Batch) {
        self.floor.leaves();
        let events = self.events.clone();
        // Nobody listens any more once the gateway closes; the store is then as the outcome says.
        self.commit(batch, move |outcome| drop(events.send(Event::Settled(place, outcome))));
    }

    fn commit(&self, batch: Batch, done: impl FnOnce(Result<Outcome, store::Fault>) + Send + 'static) {
        let growth = Growth::of(&batch.changes, &self.news, &self.depth);
        let tell = move |outcome| {
            growth.tell(&outcome);
            done(outcome);
        };
        self.desk.store.submit(batch, Box::new(tell));
    }

    fn is_timer_of(&self, place: u64, key: &Key) -> bool {
        let waiting = self.waiting.get(&place);
        matches!(waiting.map(|waiting| &waiting.work), Some(Work::Timer(timer, _)) if timer.key() == *key)
    }

    fn leaves(&mut self, place: u64) {
        let Some(waiting) = self.waiting.remove(&place) else { return };
        if waiting.errands {
            // Counted before it is let go: whoever waits until all is settled waits for its errands too.
            self.counter.add(1);
            self.next_errand(0);
        }
        let done = matches!(&waiting.work, Work::Timer(timer, _) if self.agenda.done(timer));
        let due = self.is_due(waiting.sets);
        match &waiting.work {
            Work::Timer(..) => self.counter.remove(1),
            Work::Document(message) => {
                figures::settled(waiting.since);
                self.counter.remove_document(&message.entry.caller.number);
            }
        }
        for next in self.turns.leave(place, &waiting.turns) {
            self.may_be_decided(next);
        }
        if done || due {
            self.next_timers();
        }
    }

    /// Whether a timer that was set is due already; whoever waits until all is settled then waits for it too.
    fn is_due(&mut self, sets: Option<Timestamp>) -> bool {
        let due = sets.is_some_and(|due| self.agenda.set(due) && due <= self.clock.now());
        if due {
            self.counter.add(1);
            self.agenda.watched();
        }
        due
    }

    fn timers_are_set(&mut self, sets: Option<Timestamp>) {
        if self.is_due(sets) {
            self.next_timers();
        }
    }

    fn fails(&self, failure: Failure) {
        match failure {
            Failure::Bug(cause) => self.in_trouble(&cause),
            Failure::Fault(fault) => self.in_trouble(&with_causes(&fault)),
        }
    }

    /// What it was about stays in the store, and those behind it stay in line: a restart decides them.
    fn in_trouble(&self, cause: &str) {
        tracing::error!(cause, "something stays undecided");
        self.counter.in_trouble(format!("undecided since the last start: {cause}"));
    }
}

/// How long the decider lets the disk catch up.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// Decisions of one message that may meet a conflict before it is parked. Messages take turns, and who is overtaken all the
/// same is heard first, so only an operator's changes can come between so often.
const ATTEMPTS_MAX: u32 = 32;
/// Decisions of one message, or of one piece of an errand, that may meet a conflict before it is heard first.
pub(super) const FIRST_AFTER: u32 = 3;
