//! The date track: a process takes effect on its day, or goes on where what had suspended it will not happen.
//!
//! Source: market-roles 2.2.3, 2.5.2, 2.5.3, 2.14.

use super::course::{Notice, State};
use super::events;
use super::timers;
use super::work::Work;
use crate::market::{Calendar, Timestamp};
use crate::process::accounting_points::change::Effect;
use crate::process::accounting_points::{ProcessKind, Status};
use crate::process::portfolio_changes::call_off;

/// Why a process will not happen, as events say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    Requested,
    EndOfLife,
    Superseded,
    Hub,
}

impl Why {
    pub fn name(self) -> &'static str {
        match self {
            Why::Requested => "requested",
            Why::EndOfLife => "end_of_life",
            Why::Superseded => "superseded",
            Why::Hub => "hub",
        }
    }
}

impl Work<'_> {
    /// Sets the timer of a process, or carries it out where its day has come.
    pub fn set_out(&mut self, process: &str) {
        let course = &self.courses[process];
        if course.effective <= self.now() {
            self.effectuate(process);
        } else {
            self.changes.extend(timers::effect(course).set(self.context));
        }
    }

    /// Carries out a process whose day has come; nothing where it is not pending, so never twice. What was ordered and called
    /// off is withdrawn.
    pub fn effectuate(&mut self, process: &str) {
        let now = self.now();
        if call_off::overtakes(self, process) {
            return self.end_all_the_same(process);
        }
        let Some(course) = self.courses.get(process) else { return };
        let (point, kind) = (course.point.clone(), course.kind);
        let Some(effect) = self.point_mut(&point).effectuate(process, now) else { return };
        if effect.superseded.iter().any(|superseded| superseded == process) {
            self.end(process, Why::Superseded);
            if kind == ProcessKind::ChangeOfBalanceResponsible {
                self.tell_lapsed(process);
            }
            return self.resume(effect.back, "what had suspended it will not happen");
        }
        self.course_mut(process).tell(now, "took effect");
        match kind {
            ProcessKind::MoveIn => self.moved_in(process, &effect),
            ProcessKind::ChangeOfBalanceResponsible => self.balance_changed(process),
            ProcessKind::EndOfSupply => self.supply_ended(process),
            ProcessKind::MoveOut => self.moved_out(process),
            ProcessKind::ForcedSupplierChange => self.taken_over(process, &effect),
            _ => self.supplier_changed(process, &effect),
        }
        if effect.supplier.is_some() {
            self.tell_of_its_end(process);
        }
        for superseded in &effect.superseded {
            if self.courses.contains_key(superseded) {
                self.end(superseded, Why::Superseded);
            }
        }
        if let Some(previous) = &effect.previous {
            self.has_lost(&point, previous, process);
        }
        for lapsed in &effect.lapsed {
            self.lapse(lapsed);
        }
        self.resume(effect.back, "what had suspended it will not happen");
    }

    fn supplier_changed(&mut self, process: &str, effect: &Effect) {
        let course = self.courses[process].clone();
        let (start, grid) = (course.effective, self.grid_operator(&course.point));
        if let Some(supplier) = &effect.supplier {
            self.tell(events::supplier_changed(&course, supplier, effect.previous.as_ref()));
        }
        if let Some(loser) = &effect.previous {
            self.notify_loser(process, loser);
        }
        // Where its own supply simply goes on, nothing was interrupted.
        let is_another = effect.supplier.is_some();
        let after_an_end = is_another && effect.previous.is_none();
        let is_end = |id: &String| self.courses.get(id).is_some_and(|course| course.kind.is_end());
        if after_an_end || effect.superseded.iter().any(is_end) {
            let notice = self.notice(process, "E03", &Work::supplier(&course.requester), start);
            self.send(process, notice);
        }
        let told = after_an_end || self.context.market.dk().market_roles.change_of_supplier.notify_grid_operator;
        if let Some(grid) = grid.filter(|_| is_another && told) {
            let notice = self.notice(process, "E03", &grid, start);
            self.send(process, notice);
        }
        self.advance(process);
    }

    fn moved_in(&mut self, process: &str, effect: &Effect) {
        let course = self.courses[process].clone();
        let (now, start) = (self.now(), course.effective);
        self.tell(events::moved_in(&course));
        if let Some(supplier) = &effect.supplier {
            self.tell(events::supplier_changed(&course, supplier, effect.previous.as_ref()));
        }
        self.course_mut(process).enter(State::Completed, now);
        if let Some(former) = &effect.previous {
            self.course_mut(process).move_in.supplier_notice = Notice::Required;
            let notice = self.notice(process, "E01", &Work::supplier(former), start);
            self.send(process, notice);
            self.course_mut(process).move_in.supplier_notice = Notice::WasNotified;
        } else {
            self.course_mut(process).move_in.supplier_notice = Notice::NotNeeded;
        }
        if let Some(grid) = self.grid_operator(&course.point) {
            let notice = self.notice(process, "E65", &grid, start);
            self.send(process, notice);
        }
        self.course_mut(process).move_in.grid_notified = true;
        let days = self.context.market.dk().market_roles.move_in.customer_data_grace_days;
        let due = Calendar::new(self.context.market.zone).midnight_in_days(start, days);
        if due <= now {
            self.customer_to_grid(process);
        } else {
            let timer = timers::grace(&self.courses[process], due);
            self.changes.extend(timer.set(self.context));
        }
    }

    /// What is known of a customer goes to the grid company, once.
    pub fn customer_to_grid(&mut self, process: &str) {
        let Some(course) = self.courses.get(process) else { return };
        if course.move_in.customer_to_grid || self.status_of(course) != Some(Status::Completed) {
            return;
        }
        if let Some(grid) = self.grid_operator(&course.point.clone())
            && let Some(details) = self.customer_details_for(process, &grid)
        {
            self.send(process, details);
        }
        self.course_mut(process).move_in.customer_to_grid = true;
    }

    fn balance_changed(&mut self, process: &str) {
        let course = self.courses[process].clone();
        let now = self.now();
        let last = Timestamp::from_micros(course.effective.micros() - 1);
        let point = &self.site(&course.point).point;
        let responsible = |at| point.balance_at(&course.requester, at).map(|it| it.responsible.clone());
        let (old, new) = (responsible(last), responsible(course.effective));
        if let Some(new) = new {
            self.tell(events::balance_changed(&course, old.as_ref(), &new));
        }
        if self.context.market.dk().market_roles.balance_responsible.send_master_data
            && let Some(details) = self.point_details(process)
        {
            self.send(process, details);
        }
        self.course_mut(process).enter(State::Completed, now);
    }

    /// Processes that stood still go on; where their day has come since, they take effect as of it, in the order of their
    /// days.
    pub fn resume(&mut self, mut processes: Vec<String>, why: &str) {
        let now = self.now();
        processes.sort_by_key(|process| {
            let course = &self.courses[process];
            (course.effective, course.kind.rank(), course.number)
        });
        for process in processes {
            if !self.comes_about(&process) {
                continue;
            }
            self.course_mut(&process).tell(now, format!("goes on: {why}"));
            if self.courses[&process].effective <= now {
                self.effectuate(&process);
            }
            self.advance(&process);
        }
    }
}
