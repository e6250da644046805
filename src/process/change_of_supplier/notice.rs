//! Who is told that a supply ends: whoever supplies 72 hours before a change of supplier, and whoever comes to supply since.
//!
//! Nobody loses a supply to a change without having heard of it, whatever comes between the notice and the day: another change, a
//! reallocation that gives a supply back, an end of supply that is cancelled.
//!
//! Source: market-roles 2.2.2, 2.14.

use super::course::{Course, Notified, State};
use super::settings::Means;
use super::track::before;
use super::work::Work;
use crate::document::Outgoing;
use crate::market::{ActorNumber, Timestamp};
use crate::process::Market;
use crate::process::accounting_points::{ProcessKind, Status};
use crate::process::market_documents::letters::record_id;

impl Work<'_> {
    /// The instant at which the current supplier is told that its supply stops.
    pub fn notice_due(&self, effective: Timestamp) -> Timestamp {
        notice_at(effective, self.context.market)
    }

    /// Tells whoever is supplier now. Where nobody is, or nobody's supply will be left to end, the step is passed.
    pub fn notify_current_supplier(&mut self, process: &str, means: Means) {
        let course = &self.courses[process];
        let (now, effective) = (self.now(), course.effective);
        let Some(supplier) = self.loses_supply(course) else {
            self.course_mut(process).tell(now, "nobody has to be told that a supply ends");
            self.course_mut(process).dispatched.insert(State::AwaitingCurrentSupplierNotificationDispatch);
            return;
        };
        let notice = self.notice(process, "E03", &Work::supplier(&supplier), effective);
        self.note_that_told(process, &notice);
        self.dispatch(process, Some(notice), means);
    }

    /// Tells whoever has come to supply since the step was passed, also where nobody had to be told then.
    pub fn notify_later_suppliers(&mut self) {
        let now = self.now();
        let is_ahead = |it: &&Course| it.effective > now && self.status_of(it) == Some(Status::Pending);
        let passed = self.courses.values().filter(|it| has_passed_notice(it)).filter(is_ahead);
        let untold = passed.filter_map(|it| Some((it.process.clone(), self.loses_supply(it)?)));
        for (process, supplier) in untold.collect::<Vec<_>>() {
            self.notify_late(&process, &supplier);
        }
    }

    /// Tells a supplier whose supply a change has ended, where it has not been told before and will not be.
    pub fn notify_loser(&mut self, process: &str, loser: &ActorNumber) {
        if has_passed_notice(&self.courses[process]) {
            self.notify_late(process, loser);
        }
    }

    /// The step has been passed; nothing waits for this notice.
    fn notify_late(&mut self, process: &str, supplier: &ActorNumber) {
        let course = &self.courses[process];
        let receiver = Work::supplier(supplier);
        if course.notified.iter().any(|told| told.party == receiver) {
            return;
        }
        let notice = self.notice(process, "E03", &receiver, course.effective);
        self.note_that_told(process, &notice);
        self.send(process, notice);
    }

    /// The supplier whose supply a change ends, as far as that can be said now.
    fn loses_supply(&self, course: &Course) -> Option<ActorNumber> {
        let point = &self.site(&course.point).point;
        let last = Timestamp::from_micros(course.effective.micros() - 1);
        point.as_expected().supplier_at(last)?;
        let current = match self.status_of(course) {
            // Its day has come before its message: the supply that has ended is meant.
            Some(Status::Completed) => point.supplier_at(last),
            _ => point.supplier_at(self.now()),
        };
        current.filter(|current| **current != course.requester).cloned()
    }

    /// Tells whoever takes over in the past that its supply is over already, for somebody has begun since.
    pub fn tell_of_its_end(&mut self, process: &str) {
        let course = &self.courses[process];
        let point = &self.site(&course.point).point;
        let supply = point.process(process).and_then(|it| it.supply.as_ref());
        let Some((end, (next, _))) =
            supply.and_then(|it| it.dates.end).and_then(|end| Some((end, point.supply_at(end)?)))
        else {
            return;
        };
        let reason = match next.kind {
            ProcessKind::MoveIn => "E01",
            ProcessKind::ForcedSupplierChange => &*next.reason,
            _ => "E03",
        };
        let notice = self.notice(process, reason, &Work::supplier(&course.requester), end);
        self.send(process, notice);
    }

    /// Whoever gets this notice must hear if what it says does not happen.
    pub fn note_that_told(&mut self, process: &str, notice: &Outgoing) {
        let record_id = record_id(&notice.records[0]).to_string();
        let party = notice.receiver.clone();
        self.course_mut(process).notified.push(Notified { party, record_id });
    }
}

/// Whether the current supplier of a change has been told, or nobody had to be.
fn has_passed_notice(course: &Course) -> bool {
    let told = || course.dispatched.contains(&course.state) || !course.awaited.is_empty();
    course.kind == ProcessKind::ChangeOfSupplier
        && match course.state {
            State::AwaitingCurrentSupplierNotificationDispatch => told(),
            state => matches!(state, State::AwaitingSupplierChange | State::Completed),
        }
}

/// When the current supplier is told of a change on this day.
pub fn notice_at(effective: Timestamp, market: &Market) -> Timestamp {
    before(effective, market.dk().market_roles.change_of_supplier.current_supplier_notice_hours)
}
