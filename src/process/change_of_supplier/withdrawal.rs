//! A process will not happen: it is taken back, or lapses, and what rests on it or stood still because of it hears of that.
//!
//! Source: market-roles 2.3, 2.5.5, 2.14.

use super::course::Outcome;
use super::effect::Why;
use super::work::Work;
use super::{events, timers};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::accounting_points::{Customer, ProcessKind};
use crate::process::dispatch;

/// That a customer has agreed to a change of supplier.
struct Consent {
    point: MeteringPointId,
    change: String,
    day: Timestamp,
    customer: Customer,
}

impl Work<'_> {
    /// Takes back a process before its day, and brings back what it had suspended. Returns whether there was anything to
    /// take back.
    pub fn withdraw(&mut self, process: &str, why: Why) -> bool {
        !self.withdraw_all(&[process.to_string()], why).is_empty()
    }

    /// The same for several processes at once: none of them comes back because of another. Returns those that were taken back.
    /// With a move-in lapses what rests on the consent of whoever does not come now.
    pub fn withdraw_all(&mut self, processes: &[String], why: Why) -> Vec<String> {
        let (mut gone, mut back) = (Vec::new(), Vec::new());
        let consents: Vec<Consent> = processes.iter().flat_map(|process| self.consents(process)).collect();
        for process in processes {
            let Some(course) = self.courses.get(process).cloned() else { continue };
            let Some(released) = self.point_mut(&course.point).cancel(process) else { continue };
            gone.push(process.clone());
            back.extend(released);
        }
        let void: Vec<Consent> = consents.into_iter().filter(|it| !self.is_given(it)).collect();
        let mut lapsed = Vec::new();
        for consent in &void {
            let Some(released) = self.point_mut(&consent.point).cancel(&consent.change) else { continue };
            lapsed.push(consent.change.clone());
            back.extend(released);
        }
        back.retain(|process| !gone.contains(process) && !lapsed.contains(process));
        gone.iter().for_each(|process| self.end(process, why));
        lapsed.iter().for_each(|process| self.lapse(process));
        self.resume(back, "what had suspended it was cancelled");
        gone
    }

    /// The changes of supplier that the customer of a move-in has agreed to.
    fn consents(&self, move_in: &str) -> Vec<Consent> {
        let Some(course) = self.courses.get(move_in) else { return Vec::new() };
        let point = &self.site(&course.point).point;
        let Some(customer) = point.process(move_in).and_then(|it| self.customer(&it.consumer.as_ref()?.customer))
        else {
            return Vec::new();
        };
        let (point_id, changes) = (&course.point, point.resting_on(move_in).into_iter());
        changes
            .map(|it| Consent {
                point: point_id.clone(),
                change: it.id.clone(),
                day: it.effective,
                customer: customer.clone(),
            })
            .collect()
    }

    /// Whether whoever has agreed to a change is to consume on its day.
    fn is_given(&self, consent: &Consent) -> bool {
        let site = self.site(&consent.point);
        let expected = site.point.as_expected();
        let found = expected
            .consumer_at(consent.day)
            .and_then(|(process, consumer)| self.customer(&site.customers_of(&process.id, consumer, consent.day).0));
        found.is_some_and(|found| found.is_same_as(&consent.customer))
    }

    /// A change of supplier will not happen, for the customer who agreed to it leaves or does not come; whoever asked for it hears
    /// so now.
    pub fn lapse(&mut self, process: &str) {
        if !self.courses.contains_key(process) {
            return;
        }
        self.end(process, Why::Superseded);
        self.tell_lapsed(process);
    }

    /// Whoever asked for a process hears that it will not happen; of what an operator has ordered nobody has asked.
    pub fn tell_lapsed(&mut self, process: &str) {
        let course = self.courses[process].clone();
        let Some(original) = course.original() else { return };
        let notice = self.withdrawal(process, &Work::supplier(&course.requester), original);
        self.send(process, notice);
    }

    /// What every end before the effective date has in common: the course ends, its timers go, the house is told, and so is
    /// whoever had been told of what was to come.
    pub fn end(&mut self, process: &str, why: Why) {
        let now = self.now();
        let course = self.courses[process].clone();
        let notice_due = self.notice_due(course.effective);
        self.changes.extend(timers::effect(&course).cancel());
        self.changes.extend(timers::notice(&course, notice_due).cancel());
        for awaited in &course.awaited {
            self.changes.extend(timers::awaited(&course, awaited).cancel());
            self.changes.push(dispatch::forget(&awaited.message_id));
        }
        let ended = self.course_mut(process);
        (ended.outcome, ended.awaited) = (Outcome::Cancelled, Vec::new());
        ended.tell(now, format!("cancelled: {}", why.name()));
        match course.kind {
            ProcessKind::Reallocation => {}
            ProcessKind::ChangeOfBalanceResponsible => self.tell(events::future_balance_cancelled(&course, why)),
            ProcessKind::EndOfSupply | ProcessKind::MoveOut => self.end_is_off(&course, why),
            // Of a forced change that stood by, and of a move-in with the supplier that is there, nobody has heard as of a change.
            _ if !course.announced => {}
            _ => self.tell(events::future_change_cancelled(&course, why)),
        }
        for notified in &course.notified {
            let notice = self.withdrawal(process, &notified.party, &notified.record_id);
            self.send(process, notice);
        }
    }
}
