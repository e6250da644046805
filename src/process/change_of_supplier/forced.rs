//! How a forced change of supplier goes: both suppliers and the grid company are told, the new supplier is sent what it takes
//! over, the day comes, or it never does.
//!
//! It takes the supply over from one supplier and no other: where somebody else supplies on its day, it comes to nothing. While
//! something is pending that would bring that about, it stands by and nobody is told of it; once that is decided, it is asked
//! anew whether it comes about.
//!
//! Source: market-roles 2.9.

use super::course::{Course, State};
use super::effect::Why;
use super::events;
use super::settings::Means;
use super::work::Work;
use crate::document::Outgoing;
use crate::market::{ActorNumber, MeteringPointId};
use crate::process::accounting_points::change::Effect;
use crate::process::accounting_points::{Before, Process, ProcessKind, Status};

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
                self.course_mut(process).announced = true;
                self.enter(process, State::AwaitingNotificationDispatch);
                let notices = self.notices_of_force(process);
                notices.iter().for_each(|notice| self.note_that_told(process, notice));
                self.dispatch_all(process, notices.into_iter().map(|it| (it, means.notifications)).collect());
            }
            State::AwaitingNotificationDispatch if heard => {
                self.enter(process, State::AwaitingMasterDataDispatch);
                let point = self.point_details(process).map(|it| (it, means.metering_point_details));
                let customer = (self.consumer_details(process), means.customer_details);
                let consumer = self.consumer_found(process);
                self.course_mut(process).consumer_told = consumer;
                let details: Vec<(Outgoing, Means)> = point.into_iter().chain([customer]).collect();
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

    /// The process that has registered whoever will consume on the day of a forced change, empty where nobody will; nothing where
    /// the change will not come about.
    fn consumer_found(&self, process: &str) -> Option<String> {
        let course = &self.courses[process];
        let expected = self.site(&course.point).point.as_expected();
        expected.process(process).filter(|it| it.status == Status::Completed)?;
        Some(expected.consumer_at(course.effective).map_or(String::new(), |(it, _)| it.id.clone()))
    }

    /// For whoever takes over by force: the customer on its day, or that there is none.
    fn consumer_details(&self, process: &str) -> Outgoing {
        let course = &self.courses[process];
        let nobody = || self.nobody_consumes(process, &Work::supplier(&course.requester), course.effective);
        self.customer_details(process).unwrap_or_else(nobody)
    }

    /// Whoever takes over by force, and was told whom it will find there, is told again where it will find somebody else.
    pub fn tell_other_consumers(&mut self) {
        let points = self.sites.values().map(|site| &site.point);
        let forced = points.flat_map(|point| {
            let open = point.open().into_iter();
            open.filter(|it| it.takes_over.is_some() && it.status == Status::Pending).map(|it| it.id.clone())
        });
        let told = |id: &String| self.courses.get(id).is_some_and(|course| course.consumer_told.is_some());
        for process in forced.filter(told).collect::<Vec<String>>() {
            let consumer = self.consumer_found(&process);
            if consumer.is_none() || self.courses[&process].consumer_told == consumer {
                continue;
            }
            let details = self.consumer_details(&process);
            self.send(&process, details);
            self.course_mut(&process).consumer_told = consumer;
        }
    }

    /// A supplier does not supply any more since a process: what was to take over from it is withdrawn, unless it is to supply
    /// again by then.
    pub fn has_lost(&mut self, point: &MeteringPointId, supplier: &ActorNumber, since: &str) {
        let at = self.courses[since].effective;
        let takes = |it: &&Process| it.takes_over.as_ref() == Some(supplier) && it.effective >= at;
        let open = self.site(point).point.open().into_iter();
        let taking: Vec<String> = open.filter(takes).map(|it| it.id.clone()).collect();
        for forced in taking {
            if self.before(&forced) == Some(Before::NoSupply) {
                self.withdraw(&forced, Why::Superseded);
            }
        }
    }

    /// Whether a process that stood still goes on. A forced change lapses where there is nothing to take over; while nobody has
    /// been told of it, it stands by anew where something else comes before it.
    pub fn comes_about(&mut self, process: &str) -> bool {
        let is_forced = self.courses[process].kind == ProcessKind::ForcedSupplierChange;
        let untold = self.courses[process].state == State::NotStarted;
        match self.before(process) {
            None => !is_forced,
            Some(Before::NoSupply) => {
                self.withdraw(process, Why::Superseded);
                false
            }
            Some(Before::Process(by)) if untold => {
                let (now, point) = (self.now(), self.courses[process].point.clone());
                self.point_mut(&point).stand_by(process, &by);
                self.course_mut(process).tell(now, format!("stands by, for {by} comes before it"));
                false
            }
            Some(Before::Process(_) | Before::Nothing) => true,
        }
    }

    /// What comes before a forced change that is pending.
    fn before(&self, process: &str) -> Option<Before> {
        let point = &self.site(&self.courses[process].point).point;
        let pending = point.process(process).filter(|it| it.takes_over.is_some() && it.status == Status::Pending);
        pending.map(|forced| point.coming_before(forced))
    }

    /// What a forced change would have overtaken on its day happens where it was called off.
    pub fn end_all_the_same(&mut self, forced: &str) {
        let (point, at) = (self.courses[forced].point.clone(), self.courses[forced].effective);
        let open = self.site(&point).point.open().into_iter();
        let ends: Vec<String> =
            open.filter(|it| it.kind.is_end() && it.effective == at).map(|it| it.id.clone()).collect();
        for end in ends {
            self.effectuate(&end);
            self.advance(&end);
        }
    }

    /// Everybody has been told in advance; only the house hears of it now.
    pub fn taken_over(&mut self, process: &str, effect: &Effect) {
        if let Some(supplier) = &effect.supplier {
            self.tell(events::supplier_changed(&self.courses[process], supplier, effect.previous.as_ref()));
        }
        self.advance(process);
    }
}
