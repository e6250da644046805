//! How a reallocation ends: what was wrong is undone and everybody is told, or it stays and the requester hears why.

use crate::document::Outgoing;
use crate::market::{ActorNumber, Timestamp};
use crate::process::change_of_supplier::course::{Course, Outcome, State};
use crate::process::change_of_supplier::effect::Why;
use crate::process::change_of_supplier::work::Work;
use crate::process::change_of_supplier::{events, timers};
use crate::process::market_documents::kinds::{
    CONFIRM_REALLOCATION, CUSTOMER_DATA, METERING_POINT_DATA, REJECT_REALLOCATION,
};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::master_data::{Subject, customer_data, metering_point_data};
use crate::process::market_documents::{Id, Reason, RequestKind, Rule};

impl Work<'_> {
    /// The former supplier agrees.
    pub fn agree(&mut self, process: &str) {
        let course = self.courses[process].clone();
        let record = letters::confirmation(
            self.record_id(process, CONFIRM_REALLOCATION.name, &[]),
            &about(&course, &point(&course)),
        );
        let receiver = Work::supplier(&course.requester);
        let confirmation =
            letters::document(&CONFIRM_REALLOCATION, &receiver, &course.reason, vec![record], self.context);
        self.send(process, confirmation);
        self.undo(process);
    }

    /// The former supplier does not agree; its reasons are handed on as they came.
    pub fn decline(&mut self, process: &str, reasons: &[Reason]) {
        let course = self.courses[process].clone();
        let Some(back) = self.point_mut(&course.point).cancel(process) else { return };
        self.stop_waiting(process);
        let now = self.now();
        let codes: Vec<&str> = reasons.iter().map(|reason| &*reason.code).collect();
        let ended = self.course_mut(process);
        ended.outcome = Outcome::Cancelled;
        ended.tell(now, format!("not carried out: {}", codes.join(", ")));
        let id = self.record_id(process, REJECT_REALLOCATION.name, &[]);
        let record = letters::rejection(id, &about(&course, &point(&course)), reasons);
        let receiver = Work::supplier(&course.requester);
        let rejection = letters::document(&REJECT_REALLOCATION, &receiver, &course.reason, vec![record], self.context);
        self.send(process, rejection);
        let notice = self.notice(process, "D35", &receiver, course.effective);
        self.send(process, notice);
        self.resume(back, "the reallocation was not carried out");
    }

    /// The former supplier has not answered in time.
    pub fn former_supplier_is_silent(&mut self, process: &str) {
        let now = self.now();
        let Some(course) = self.courses.get(process) else { return };
        if !is_waiting(course) {
            return;
        }
        self.course_mut(process).tell(now, "the former supplier has not answered");
        if self.context.market.dk().market_roles.reallocate.silence_is_consent {
            self.agree(process);
        } else {
            self.decline(process, &[Rule::FormerSupplierIsSilent.reason(RequestKind::Reallocation)]);
        }
    }

    /// Undoes what was wrong, tells whoever is concerned, and lets everything go on that stood still.
    pub fn undo(&mut self, process: &str) {
        let course = self.courses[process].clone();
        let Some(reversal) = self.point_mut(&course.point).reverse(process) else { return };
        let (now, at) = (self.now(), course.effective);
        self.stop_waiting(process);
        self.course_mut(process).tell(now, format!("undone: {}", reversal.reversed.join(", ")));
        let loses = reversal.to.as_ref() != Some(&course.requester);
        let former = reversal.to.clone().filter(|_| loses);
        if let Some(former) = &former {
            self.tell(events::supplier_changed(&course, former, Some(&reversal.from)));
        }
        self.tell(events::change_reversed(&course, &reversal));
        if loses {
            let notice = self.notice(process, "D34", &Work::supplier(&course.requester), at);
            self.send(process, notice);
        }
        if let Some(former) = &former {
            let notice = self.notice(process, "D36", &Work::supplier(former), at);
            self.send(process, notice);
        }
        if let Some(grid) = self.grid_operator(&course.point) {
            let notice = self.notice(process, &course.reason, &grid, at);
            self.send(process, notice);
        }
        if let Some(former) = &former {
            let documents = [self.point_restored(&course, former), self.customer_restored(&course, former)];
            for document in documents.into_iter().flatten() {
                self.send(process, document);
            }
        }
        self.course_mut(process).enter(State::Completed, now);
        for lapsed in self.withdraw_all(&reversal.lapsed, Why::Superseded) {
            self.tell_lapsed(&lapsed);
        }
        self.resume(reversal.back, "the reallocation is over");
    }

    fn stop_waiting(&mut self, process: &str) {
        for awaited in std::mem::take(&mut self.course_mut(process).awaited) {
            let timer = timers::silence(&self.courses[process], awaited.due);
            self.changes.extend(timer.cancel());
        }
    }

    /// The metering point as the former supplier goes on supplying it.
    fn point_restored(&self, course: &Course, former: &ActorNumber) -> Option<Outgoing> {
        let since = self.supplies_since(course, former);
        let details = self.point_known(&course.point, Some((former.clone(), since)), course.effective)?;
        let id = self.record_id(&course.process, METERING_POINT_DATA.name, &[]);
        let record = metering_point_data(id, &subject(course), &details);
        let receiver = Work::supplier(former);
        Some(letters::document(&METERING_POINT_DATA, &receiver, &course.reason, vec![record], self.context))
    }

    /// The customer that the former supplier goes on supplying; nothing when there is none.
    fn customer_restored(&self, course: &Course, former: &ActorNumber) -> Option<Outgoing> {
        let (consumer, _) = self.site(&course.point).point.consumer_at(course.effective)?;
        let since = self.supplies_since(course, former);
        let details = self.customers_known(&course.point, consumer, course.effective, Some(since));
        let receiver = Work::supplier(former);
        let id = self.record_id(&course.process, CUSTOMER_DATA.name, &[receiver.role.code()]);
        let record = customer_data(id, &subject(course), &details, receiver.role);
        Some(letters::document(&CUSTOMER_DATA, &receiver, &course.reason, vec![record], self.context))
    }

    fn supplies_since(&self, course: &Course, former: &ActorNumber) -> Timestamp {
        let supplies = self.site(&course.point).point.supplies();
        let own = supplies.iter().find(|it| it.supplier == *former && it.period.contains(course.effective));
        own.map_or(course.effective, |supply| supply.period.start)
    }
}

/// Whether the former supplier may answer.
pub fn is_waiting(course: &Course) -> bool {
    course.is_open() && course.state == State::AwaitingFormerSupplierResponse && !course.awaited.is_empty()
}

/// The requester's record, as an answer names it.
fn about<'a>(course: &'a Course, metering_point: &'a Id) -> About<'a> {
    About { transaction_id: &course.transaction_id, process_reference: None, metering_point, description: None }
}

fn point(course: &Course) -> Id {
    Id { coding_scheme: course.point.coding_scheme().to_string(), number: course.point.to_string() }
}

/// The accounting point from the day on from which what was wrong was believed.
fn subject(course: &Course) -> Subject<'_> {
    Subject { point: &course.point, from: course.effective, original: None }
}
