//! What goes out besides answers: the metering point, the customer and the charges to whoever takes over, notices to
//! whoever is concerned.
//!
//! Source: market-roles 2.2.2, 2.5.2, 4.5 to 4.8.

use super::course::Course;
use super::work::Work;
use crate::document::{Bearing, Outgoing};
use crate::market::{ActorNumber, ActorRole, MeteringPointId, MeteringPointType, Party, Timestamp};
use crate::process::accounting_points::{Customer, Process, ProcessKind};
use crate::process::charge_links;
use crate::process::market_documents::kinds::{
    CUSTOMER_DATA, GENERIC_NOTIFICATION, METERING_POINT_DATA, NOTIFY_CANCELLATION,
};
use crate::process::market_documents::letters::{self, document};
use crate::process::market_documents::master_data::{
    CustomerDetails, MeteringPointDetails, NamedCustomer, Subject, customer_data, metering_point_data,
};

impl Work<'_> {
    /// The metering point's master data for whoever asked for this process; nothing when there is no such metering point.
    pub fn point_details(&self, process: &str) -> Option<Outgoing> {
        let course = &self.courses[process];
        let supply = Some((course.requester.clone(), self.supply_start(course)));
        let details = self.point_known(&course.point, supply, course.effective)?;
        let subject = Subject { original: course.original(), ..subject(course) };
        let record = metering_point_data(self.record_id(process, METERING_POINT_DATA.name, &[]), &subject, &details);
        let receiver = Work::supplier(&course.requester);
        Some(document(&METERING_POINT_DATA, &receiver, course.details_reason(), vec![record], self.context))
    }

    /// What is so at `at` of a metering point that there is; with whoever supplies it, and since when.
    pub fn point_known(
        &self,
        point: &MeteringPointId,
        supply: Option<(ActorNumber, Timestamp)>,
        at: Timestamp,
    ) -> Option<MeteringPointDetails> {
        let master = self.site(point).master.as_ref()?;
        let version = master.at(at);
        let (supplier, supply_start) = supply.unzip();
        Some(MeteringPointDetails {
            grid_company: self.grid_operator(point).map(|grid| grid.number),
            point_type: Some(master.kind),
            connection_state: Some(version.state),
            grid_area: Some(master.grid_area.clone()),
            production_obligation: (master.kind == MeteringPointType::Production)
                .then_some(version.production_obligated),
            supplier,
            supply_start,
            master: version.master.clone(),
        })
    }

    /// The customer's master data for whoever asked for this process.
    pub fn customer_details(&self, process: &str) -> Option<Outgoing> {
        self.customer_details_for(process, &Work::supplier(&self.courses[process].requester))
    }

    /// The same for anybody; nothing when no customer is registered.
    pub fn customer_details_for(&self, process: &str, receiver: &Party) -> Option<Outgoing> {
        let course = &self.courses[process];
        let point = &self.site(&course.point).point;
        let own = point.process(process).filter(|process| process.consumer.is_some());
        let expected = point.as_expected();
        let consumer = own.or_else(|| expected.consumer_at(course.effective).map(|(process, _)| process))?;
        let details = self.customers_known(&course.point, consumer, course.effective, Some(self.supply_start(course)));
        let id = self.record_id(process, CUSTOMER_DATA.name, &[receiver.role.code()]);
        let record = customer_data(id, &subject(course), &details, receiver.role);
        Some(document(&CUSTOMER_DATA, receiver, course.details_reason(), vec![record], self.context))
    }

    /// That nobody consumes from a day on.
    pub fn nobody_consumes(&self, process: &str, receiver: &Party, from: Timestamp) -> Outgoing {
        let course = &self.courses[process];
        let has_supplier = Some(self.site(&course.point).point.as_expected().supplier_at(from).is_some());
        let supply_start = (receiver.number == course.requester).then(|| self.supply_start(course));
        let details = CustomerDetails { has_supplier, supply_start, ..CustomerDetails::default() };
        let id = self.record_id(process, CUSTOMER_DATA.name, &[receiver.role.code()]);
        let record = customer_data(id, &Subject { from, ..subject(course) }, &details, receiver.role);
        document(&CUSTOMER_DATA, receiver, course.details_reason(), vec![record], self.context)
    }

    /// What is known at `at` of the consumer that a process has registered; the start of the supply is that of the receiver.
    pub fn customers_known(
        &self,
        point: &MeteringPointId,
        process: &Process,
        at: Timestamp,
        supply_start: Option<Timestamp>,
    ) -> CustomerDetails {
        let site = self.site(point);
        let named = |reference: Option<String>| {
            let Customer { number, name } = self.customer(&reference?)?;
            Some(NamedCustomer { number, name: Some(name) })
        };
        let registered = process.consumer.as_ref().expect("it has registered a consumer");
        let (first, second) = site.customers_of(&process.id, registered, at);
        let known = site.known(&process.id, at);
        CustomerDetails {
            electrical_heating: known.and_then(|it| it.electrical_heating),
            electrical_heating_from: known.and_then(|it| it.electrical_heating_from),
            first: named(Some(first)),
            second: named(second),
            protected_name: known.and_then(|it| it.protected_name),
            has_supplier: Some(site.point.as_expected().supplier_at(at).is_some()),
            supply_start,
            contacts: known.map(|it| it.contacts.clone()).unwrap_or_default(),
        }
    }

    /// The charges that the metering point pays from the effective date on; nothing when it pays none.
    pub fn charge_details(&self, process: &str) -> Option<Outgoing> {
        let course = &self.courses[process];
        let details = charge_links::Details {
            point: &course.point,
            from: course.effective,
            transaction_id: &course.transaction_id,
        };
        let id = |place: usize| self.record_id(process, charge_links::NOTIFY.name, &[&place.to_string()]);
        let records = charge_links::details(self.facts, &details, id);
        let receiver = Work::supplier(&course.requester);
        (!records.is_empty()).then(|| document(&charge_links::NOTIFY, &receiver, &course.reason, records, self.context))
    }

    /// A GenericNotification about this process.
    pub fn notice(&self, process: &str, reason: &str, receiver: &Party, start: Timestamp) -> Outgoing {
        let course = &self.courses[process];
        let echo = self.context.market.dk().market_roles.notices.echo_transaction_id;
        let original = course.original().filter(|_| echo);
        let parts = [reason, receiver.number.as_str(), receiver.role.code()];
        let id = self.record_id(process, GENERIC_NOTIFICATION.name, &parts);
        let bearing = if ends(course, reason, receiver) { Bearing::Ends } else { Bearing::Starts };
        let record = letters::notification(id, original, start, bearing, &course.point);
        document(&GENERIC_NOTIFICATION, receiver, reason, vec![record], self.context)
    }

    /// What was said before does not hold: `original` is the id of the record, or of the request, that is withdrawn.
    pub fn withdrawal(&self, process: &str, receiver: &Party, original: &str) -> Outgoing {
        let course = &self.courses[process];
        // What a receiver was told, or has asked for, it knows by this reason.
        let reason = if course.kind == ProcessKind::ChangeOfSupplier { "E03" } else { &*course.reason };
        let id = self.record_id(process, NOTIFY_CANCELLATION.name, &[receiver.number.as_str(), original]);
        let record = letters::cancellation_notice(id, original, &course.point);
        document(&NOTIFY_CANCELLATION, receiver, reason, vec![record], self.context)
    }

    /// When the supply of whoever asked begins: on the effective date, or earlier where it simply goes on.
    fn supply_start(&self, course: &Course) -> Timestamp {
        let supplies = self.site(&course.point).point.as_expected().supplies();
        let own = supplies.iter().find(|it| it.supplier == course.requester && it.period.contains(course.effective));
        own.map_or(course.effective, |supply| supply.period.start)
    }

    /// The id of a record that this decision sends about a process.
    pub fn record_id(&self, process: &str, document: &str, parts: &[&str]) -> String {
        self.context.id(&[&["record", document, process], parts].concat())
    }
}

/// Whether a notice tells its receiver that a supply ends (market-roles 2.7, 2.9, 4.5). Those for D13 have no ebIX form.
fn ends(course: &Course, reason: &str, receiver: &Party) -> bool {
    let loses = receiver.role == ActorRole::EnergySupplier && receiver.number != course.requester;
    match reason {
        "E01" | "E20" | "E66" | "D34" => true,
        "E03" | "E06" => loses,
        _ => false,
    }
}

/// The accounting point from the effective date on. Customers' data name no transaction (market-roles 4.7).
fn subject(course: &Course) -> Subject<'_> {
    Subject { point: &course.point, from: course.effective, original: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_personal_number_is_told_to_nobody() {
        let point = crate::market::MeteringPointId::new("571313100000001000");
        let named = |number: &str| {
            let number = crate::market::CustomerNumber::new(number);
            Some(NamedCustomer { number, name: Some("Ann".into()) })
        };
        let details =
            CustomerDetails { first: named("0101801234"), second: named("0202801234"), ..CustomerDetails::default() };
        let subject = Subject { point: &point, from: Timestamp::from_seconds(0), original: None };
        for role in [ActorRole::EnergySupplier, ActorRole::GridAccessProvider] {
            let shown = format!("{:?}", customer_data("id".into(), &subject, &details, role));
            assert!(shown.contains("Ann") && !shown.contains("801234"), "{shown}");
        }
    }
}
