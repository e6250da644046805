//! The message track: one document after the other, each when the one before it has been dispatched.
//!
//! Nothing legal hangs on it. A process whose day comes while documents are outstanding is effectuated all the same, and
//! goes on sending; a suspended one stands still until it is brought back.
//!
//! Source: market-roles 2.2.2, 2.10.

use super::course::{Awaited, State};
use super::settings::Means;
use super::timers;
use super::work::Work;
use crate::document::Outgoing;
use crate::market::Timestamp;
use crate::process::accounting_points::{ProcessKind, Status};
use crate::process::dispatch;

impl Work<'_> {
    /// Takes a change of supplier as far as it gets.
    pub fn advance(&mut self, process: &str) {
        while self.goes_on(process) && self.step(process) {}
    }

    /// One step; returns whether there may be another.
    fn step(&mut self, process: &str) -> bool {
        let now = self.now();
        let course = &self.courses[process];
        match course.kind {
            ProcessKind::ChangeOfSupplier => {}
            ProcessKind::EndOfSupply | ProcessKind::MoveOut => return self.step_to_end(process),
            ProcessKind::ForcedSupplierChange => return self.step_by_force(process),
            _ => return false,
        }
        let heard = course.dispatched.contains(&course.state);
        let means = self.context.market.dk().market_roles.dispatch.clone();
        match course.state {
            State::AwaitingConfirmationMessageDispatch if heard => {
                self.enter(process, State::AwaitingMeteringPointDetailsDispatch);
                let details = self.point_details(process);
                self.dispatch(process, details, means.metering_point_details);
            }
            State::AwaitingMeteringPointDetailsDispatch if heard => {
                self.enter(process, State::AwaitingConsumerDetailsDispatch);
                let details = self.customer_details(process);
                self.dispatch(process, details, means.customer_details);
            }
            State::AwaitingConsumerDetailsDispatch if heard => {
                self.enter(process, State::AwaitingChargeDetailsDispatch);
                let details = self.charge_details(process);
                self.dispatch(process, details, means.charge_details);
            }
            State::AwaitingChargeDetailsDispatch if heard => {
                self.enter(process, State::AwaitingCurrentSupplierNotificationDispatch);
            }
            State::AwaitingCurrentSupplierNotificationDispatch if heard => {
                self.enter(process, State::AwaitingSupplierChange);
            }
            State::AwaitingCurrentSupplierNotificationDispatch if course.awaited.is_empty() => {
                let due = self.notice_due(course.effective);
                if due > now {
                    self.changes.extend(timers::notice(course, due).set(self.context));
                    return false;
                }
                self.notify_current_supplier(process, means.notifications);
            }
            State::AwaitingSupplierChange if self.status_of(course) == Some(Status::Completed) => {
                self.enter(process, State::Completed);
            }
            _ => return false,
        }
        true
    }

    pub fn enter(&mut self, process: &str, state: State) {
        let now = self.now();
        self.course_mut(process).enter(state, now);
    }

    /// Sends the document that the present state is about; there may be none to send, and then the process goes on.
    pub fn dispatch(&mut self, process: &str, document: Option<Outgoing>, means: Means) {
        self.dispatch_all(process, document.map(|document| (document, means)).into_iter().collect());
    }

    /// The same for several documents: the process goes on when all of them have been dispatched.
    pub fn dispatch_all(&mut self, process: &str, documents: Vec<(Outgoing, Means)>) {
        let now = self.now();
        let state = self.courses[process].state;
        if documents.is_empty() {
            self.course_mut(process).tell(now, "there is nothing to send");
        }
        let mut awaited = Vec::new();
        for (document, means) in documents {
            if means == Means::Dequeued {
                awaited.push(document.message_id.clone());
            }
            self.send(process, document);
        }
        if awaited.is_empty() {
            self.course_mut(process).dispatched.insert(state);
        }
        for message_id in awaited {
            self.await_dispatch(process, state, &message_id, Means::Dequeued);
        }
    }

    /// What counts as dispatched at once, or else is waited for.
    pub fn await_dispatch(&mut self, process: &str, state: State, message_id: &str, means: Means) {
        if means == Means::Enqueued {
            self.course_mut(process).dispatched.insert(state);
            return;
        }
        let patience = self.context.market.dk().market_roles.dispatch.patience_hours;
        let due = Timestamp::from_micros(self.now().micros() + hours(patience));
        let course = self.course_mut(process);
        course.awaited.push(Awaited { state, message_id: message_id.to_string(), due });
        let timer = timers::patience(course, message_id, due);
        self.changes.extend(dispatch::watch(message_id, &timer, self.context));
    }

    /// A document that was waited for has been dequeued, or patience has run out.
    pub fn dispatched(&mut self, process: &str, message_id: &str) {
        let now = self.now();
        let Some(course) = self.courses.get(process) else { return };
        // What was waited for before is dropped.
        let Some(place) = course.awaited.iter().position(|awaited| awaited.message_id == message_id) else { return };
        let course = self.course_mut(process);
        let awaited = course.awaited.remove(place);
        let fate = if now < awaited.due { "was dequeued" } else { "was not dequeued in time" };
        course.tell(now, format!("document {message_id} {fate}"));
        if course.awaited.iter().all(|other| other.state != awaited.state) {
            course.dispatched.insert(awaited.state);
        }
        let timer = timers::patience(course, message_id, awaited.due);
        self.changes.push(dispatch::forget(message_id));
        self.changes.extend(timer.cancel());
        self.advance(process);
    }

    /// Puts a document into the story and into the post.
    pub fn send(&mut self, process: &str, document: Outgoing) {
        let now = self.now();
        self.course_mut(process).tell(now, sent(&document));
        self.outgoing.push(document);
    }
}

/// A document as a story tells it.
pub fn sent(document: &Outgoing) -> String {
    let Outgoing { kind, business_reason, receiver, message_id, .. } = document;
    format!("sent {} {business_reason} to {receiver}, message {message_id}", kind.name)
}

/// So many hours earlier.
pub fn before(instant: Timestamp, number: u32) -> Timestamp {
    Timestamp::from_micros(instant.micros().saturating_sub(hours(number)))
}

/// Elapsed hours, in microseconds.
fn hours(number: u32) -> i64 {
    i64::from(number) * 3_600 * 1_000_000
}
