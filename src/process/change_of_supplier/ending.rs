//! How an end of supply and a move-out go: the grid company is told, the day comes, or it never does.
//!
//! Whoever takes over on the day or before it overtakes an end; the grid company then hears that nobody is to be
//! disconnected. What was confirmed but not yet told to the grid company needs no second word.
//!
//! Source: market-roles 2.4.1, 2.4.3, 2.4.4, 2.6, 2.14.

use super::course::{Course, State};
use super::effect::Why;
use super::events;
use super::work::Work;
use crate::process::accounting_points::{ProcessKind, Status};

impl Work<'_> {
    /// One step of the message track; returns whether there may be another.
    pub fn step_to_end(&mut self, process: &str) -> bool {
        let course = &self.courses[process];
        let heard = course.dispatched.contains(&course.state);
        match course.state {
            State::AwaitingConfirmationMessageDispatch if heard => {
                let means = self.context.market.dk().market_roles.dispatch.notifications;
                self.enter(process, State::AwaitingGridOperatorNotificationDispatch);
                let course = &self.courses[process];
                let (reason, end) = (course.reason.clone(), course.effective);
                let grid = self.grid_operator(&course.point);
                let notice = grid.map(|grid| self.notice(process, &reason, &grid, end));
                self.dispatch(process, notice, means);
            }
            State::AwaitingGridOperatorNotificationDispatch if heard => {
                let move_out = course.kind == ProcessKind::MoveOut;
                self.enter(process, if move_out { State::AwaitingEffectuation } else { State::AwaitingEndOfSupply });
            }
            State::AwaitingEndOfSupply | State::AwaitingEffectuation
                if self.status_of(course) == Some(Status::Completed) =>
            {
                self.enter(process, State::Completed);
            }
            _ => return false,
        }
        true
    }

    pub fn supply_ended(&mut self, process: &str) {
        self.tell(events::end_effectuated(&self.courses[process]));
        self.advance(process);
    }

    /// The grid company learns that nobody consumes any more, and so does whoever has come to supply the customer since the day.
    pub fn moved_out(&mut self, process: &str) {
        self.tell(events::moved_out(&self.courses[process]));
        let course = &self.courses[process];
        let (now, effective) = (self.now(), course.effective);
        let point = &self.site(&course.point).point;
        let supplies = point.supplies().into_iter().find(|it| it.period.contains(now));
        let another = supplies.filter(|it| it.supplier != course.requester && point.consumer_at(now).is_none());
        let grid = self.grid_operator(&course.point).map(|grid| (grid, effective));
        let told = another.map(|it| (Work::supplier(&it.supplier), effective.max(it.period.start)));
        for (party, from) in grid.into_iter().chain(told) {
            let details = self.nobody_consumes(process, &party, from);
            self.send(process, details);
        }
        self.advance(process);
    }

    /// An end that will not happen: the house is told, and so is the grid company where it had been told of it.
    pub fn end_is_off(&mut self, course: &Course, why: Why) {
        self.tell(events::end_cancelled(course, why));
        let told =
            [State::AwaitingGridOperatorNotificationDispatch, State::AwaitingEndOfSupply, State::AwaitingEffectuation];
        let supplied = self.site(&course.point).point.supplier_at(course.effective).is_some();
        let reason = match why {
            Why::Requested | Why::Hub => "D36",
            Why::Superseded if supplied => "D41",
            // Nobody supplies, or there is nothing left to supply: it stays as announced.
            Why::Superseded | Why::EndOfLife => return,
        };
        if let Some(grid) = self.grid_operator(&course.point).filter(|_| told.contains(&course.state)) {
            let notice = self.notice(&course.process, reason, &grid, course.effective);
            self.send(&course.process, notice);
        }
    }
}
