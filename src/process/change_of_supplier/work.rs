//! One decision about accounting points: what is known about them, and what has been decided so far.
//!
//! A document may have several records about one accounting point, and what happens to one process changes others; so all
//! of it is worked on here, and [`Work::finish`] says once what is to be written.

use std::collections::{BTreeMap, BTreeSet};

use super::course::{self, Course, Outcome};
use crate::document::Outgoing;
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::{
    self, AccountingPoint, ConsumerRegistration, Customer, CustomerData, Status, customer_data, customers,
};
use crate::process::charge_links;
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::portfolio_changes::call_off;
use crate::process::{Context, Decision, Event};
use crate::record::{Change, Facts, Needs};

/// Everything that a decision may look at and change.
pub struct Work<'a> {
    pub facts: &'a Facts,
    pub context: &'a Context<'a>,
    pub sites: BTreeMap<MeteringPointId, Site>,
    pub courses: BTreeMap<String, Course>,
    /// Courses that have changed.
    touched: BTreeSet<String>,
    /// Customers that are registered by this decision, by reference.
    pub customers: BTreeMap<String, Customer>,
    pub changes: Vec<Change>,
    pub events: Vec<Event>,
    pub outgoing: Vec<Outgoing>,
}

/// One accounting point.
pub struct Site {
    /// Nothing when there is no such metering point.
    pub master: Option<MeteringPoint>,
    pub point: AccountingPoint,
    /// What was told of its customers, in order.
    pub told: Vec<CustomerData>,
}

impl Site {
    /// What is known at `at` of the consumer that a process has registered.
    pub fn known(&self, process: &str, at: Timestamp) -> Option<&CustomerData> {
        customer_data::known_at(&self.told, &self.point, process, at)
    }

    /// References of the first and the second customer at `at`: as they were told last, or as they were registered.
    pub fn customers_of(
        &self,
        process: &str,
        consumer: &ConsumerRegistration,
        at: Timestamp,
    ) -> (String, Option<String>) {
        match self.known(process, at) {
            Some(told) => (told.first.clone(), told.second.clone()),
            None => (consumer.customer.clone(), consumer.second.clone()),
        }
    }
}

/// What every decision about these accounting points must know first.
pub fn needs<'a>(points: impl IntoIterator<Item = &'a MeteringPointId>) -> Needs {
    points.into_iter().fold(Needs::default(), |needs, id| {
        let links = charge_links::details_needs(id);
        let point = accounting_points::needs_of(id).and(customer_data::needs_of(id));
        needs.and(metering_points::needs_of(id)).and(point).and(links)
    })
}

/// And besides: where they lie, what they pay, who consumes there, and how far the processes there have come.
pub fn needs_more<'a>(facts: &Facts, points: impl IntoIterator<Item = &'a MeteringPointId>) -> Needs {
    let mut needs = Needs::default();
    for id in points {
        if let Some(master) = metering_points::metering_point(facts, id) {
            needs = needs.and(metering_points::needs_of_grid_area(&master.grid_area));
        }
        needs = needs.and(charge_links::details_needs_more(facts, id));
        let point = AccountingPoint::load(facts, id);
        for reference in point.customers() {
            needs = needs.and(customers::needs_of(reference));
        }
        for reference in customer_data::versions(facts, id).iter().flat_map(CustomerData::references) {
            needs = needs.and(customers::needs_of(reference));
        }
        for process in point.open() {
            needs = needs.and(course::needs_of(&process.id)).and(call_off::needs_of_process(facts, &process.id));
        }
    }
    needs
}

impl<'a> Work<'a> {
    /// Needs: [`needs`] and [`needs_more`] of the same points, and of each of `also` [`course::needs_of`].
    pub fn load(
        facts: &'a Facts,
        context: &'a Context<'a>,
        points: impl IntoIterator<Item = MeteringPointId>,
        also: &[&str],
    ) -> Self {
        let mut sites = BTreeMap::new();
        let mut courses = BTreeMap::new();
        for id in points {
            let point = AccountingPoint::load(facts, &id);
            let open: Vec<String> = point.open().into_iter().map(|process| process.id.clone()).collect();
            for process in open.iter().map(String::as_str).chain(also.iter().copied()) {
                if let Some(course) = course::course(facts, process) {
                    courses.insert(process.to_string(), course);
                }
            }
            let master = metering_points::metering_point(facts, &id);
            let told = customer_data::versions(facts, &id);
            sites.insert(id, Site { master, point, told });
        }
        Self {
            facts,
            context,
            sites,
            courses,
            touched: BTreeSet::new(),
            customers: BTreeMap::new(),
            changes: Vec::new(),
            events: Vec::new(),
            outgoing: Vec::new(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.context.now
    }

    pub fn site(&self, id: &MeteringPointId) -> &Site {
        self.sites.get(id).expect("a decision works on the accounting points that it has loaded")
    }

    pub fn point_mut(&mut self, id: &MeteringPointId) -> &mut AccountingPoint {
        &mut self.sites.get_mut(id).expect("a decision works on the accounting points that it has loaded").point
    }

    /// Keeps a version of what is known of a customer.
    pub fn tell_customer(&mut self, id: &MeteringPointId, data: CustomerData) {
        self.changes.push(data.keep(id));
        let site = self.sites.get_mut(id).expect("a decision works on the accounting points that it has loaded");
        site.point.touch();
        site.told.push(data);
    }

    /// A course that is to be changed.
    pub fn course_mut(&mut self, process: &str) -> &mut Course {
        self.touched.insert(process.to_string());
        self.courses.get_mut(process).expect("every open process has a course")
    }

    pub fn add_course(&mut self, course: Course) {
        self.touched.insert(course.process.clone());
        self.courses.insert(course.process.clone(), course);
    }

    /// What becomes of the process whose course this is; what was reversed counts as cancelled, and tells nobody anything more.
    pub fn status_of(&self, course: &Course) -> Option<Status> {
        let point = &self.site(&course.point).point;
        let process = point.process(&course.process)?;
        Some(if point.is_reversed(process) { Status::Cancelled } else { process.status })
    }

    /// Whether its messages go on: it was accepted, and nothing keeps it.
    pub fn goes_on(&self, process: &str) -> bool {
        let Some(course) = self.courses.get(process) else { return false };
        course.outcome == Outcome::Accepted
            && matches!(self.status_of(course), Some(Status::Pending | Status::Completed))
    }

    /// A customer by reference, registered before or just now.
    pub fn customer(&self, reference: &str) -> Option<Customer> {
        self.customers.get(reference).cloned().or_else(|| customers::customer(self.facts, reference))
    }

    /// Whoever runs the grid that the metering point lies in.
    pub fn grid_operator(&self, id: &MeteringPointId) -> Option<Party> {
        let master = self.site(id).master.as_ref()?;
        let number = metering_points::grid_area(self.facts, &master.grid_area)?.owner?;
        Some(Party { number, role: ActorRole::GridAccessProvider })
    }

    pub fn supplier(number: &ActorNumber) -> Party {
        Party { number: number.clone(), role: ActorRole::EnergySupplier }
    }

    /// What is to be written and sent.
    pub fn finish(mut self) -> Decision {
        self.notify_later_suppliers();
        self.tell_other_consumers();
        for site in self.sites.values() {
            self.changes.extend(site.point.changes());
        }
        for process in &self.touched {
            self.changes.extend(self.courses.get(process).map(Course::put));
        }
        for (reference, customer) in &self.customers {
            self.changes.push(customer.keep(reference));
        }
        Decision { changes: self.changes, events: self.events, outgoing: self.outgoing, fates: Vec::new() }
    }
}
