//! How a forced change of supplier goes: both suppliers and the grid company are told, the new supplier is sent what it takes
//! over, the day comes, or it never does.
//!
//! It takes the supply over from one supplier and no other: where somebody else supplies on its day, it comes to nothing. While
//! something is pending that would bring that about, it stands by and nobody is told of it.
//!
//! Source: market-roles 2.9.

use super::course::{Course, State};
use super::events;
use super::settings::Means;
use super::work::Work;
use crate::document::Outgoing;
use crate::market::MeteringPointId;
use crate::process::accounting_points::change::Effect;
use crate::process::accounting_points::{Process, Status};

impl Work<'_> {
    /// Registers a forced change, and sets it off unless something suspends it.
    pub fn force(&mut self, point: &MeteringPointId, process: Process, ordered: &str) {
        let now = self.now();
        let id = process.id.clone();
        let number = self.site(point).point.processes().len();
        let mut course = Course::ordered(&process, point, number, ordered, now);
        if let Some(by) = &process.suspended_by {
            course.tell(now, format!("stands by, for {by} comes before it"));
        }
        self.point_mut(point).register(process);
        self.add_course(course);
        self.advance(&id);
        self.set_out(&id);
    }

    /// One step of the message track; returns whether there may be another.
    pub fn step_by_force(&mut self, process: &str) -> bool {
        let course = &self.courses[process];
        let heard = course.dispatched.contains(&course.state);
        let means = self.context.market.dk().market_roles.dispatch.clone();
        match course.state {
            State::NotStarted => {
                self.tell(events::future_change_registered(&self.courses[process]));
                self.enter(process, State::AwaitingNotificationDispatch);
                let notices = self.notices_of_force(process);
                notices.iter().for_each(|notice| self.note_that_told(process, notice));
                self.dispatch_all(process, notices.into_iter().map(|it| (it, means.notifications)).collect());
            }
            State::AwaitingNotificationDispatch if heard => {
                self.enter(process, State::AwaitingMasterDataDispatch);
                let point = self.point_details(process).map(|it| (it, means.metering_point_details));
                let requester = Work::supplier(&self.courses[process].requester);
                let customer =
                    self.customer_details(process).or_else(|| Some(self.nobody_consumes(process, &requester)));
                let customer = customer.map(|it| (it, means.customer_details));
                let details: Vec<(Outgoing, Means)> = point.into_iter().chain(customer).collect();
                self.dispatch_all(process, details);
            }
            State::AwaitingMasterDataDispatch if heard => self.enter(process, State::AwaitingSupplierChange),
            State::AwaitingSupplierChange if self.status_of(course) == Some(Status::Completed) => {
                self.enter(process, State::Completed);
            }
            _ => return false,
        }
        true
    }

    /// The new supplier hears that its supply begins, the old one that its supply ends, the grid company who comes.
    fn notices_of_force(&self, process: &str) -> Vec<Outgoing> {
        let course = &self.courses[process];
        let registered = self.site(&course.point).point.process(process).expect("whoever has a course is registered");
        let suppliers = [Some(&course.requester), registered.takes_over.as_ref()].into_iter().flatten();
        let told = suppliers.map(Work::supplier).chain(self.grid_operator(&course.point));
        told.map(|party| self.notice(process, &course.reason, &party, course.effective)).collect()
    }

    /// Everybody has been told in advance; only the house hears of it now.
    pub fn taken_over(&mut self, process: &str, effect: &Effect) {
        if let Some(supplier) = &effect.supplier {
            self.tell(events::supplier_changed(&self.courses[process], supplier, effect.previous.as_ref()));
        }
        self.advance(process);
    }
}
