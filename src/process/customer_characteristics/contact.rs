//! A contact address that a grid company passes on (D28). Nothing of it is kept. Source: market-roles 2.12.

use super::decide::contacts;
use super::rules::{self, address_types, form, held, lengths, metering_point};
use crate::document::Header;
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::change_of_supplier::window::{instant, today};
use crate::process::change_of_supplier::work::Work;
use crate::process::market_documents::customers::{CustomerCharacteristics, SentContact};
use crate::process::market_documents::kinds::CUSTOMER_DATA;
use crate::process::market_documents::master_data::{CustomerDetails, NamedCustomer, Subject, customer_data};
use crate::process::market_documents::{CustomerId, Rule, letters};

/// Whoever is told: the current supplier, and when its supply began.
pub fn judge(
    work: &Work,
    header: &Header,
    record: &CustomerCharacteristics,
) -> Result<(ActorNumber, Timestamp), Vec<Rule>> {
    held(input(record))?;
    let id = record.metering_point.metering_point();
    let site = work.site(&id);
    if site.master.is_none() {
        return Err(vec![Rule::UnknownAccountingPoint]);
    }
    let is_grid_operator = work.grid_operator(&id).is_some_and(|grid| grid.number == header.sender());
    let supply = site.point.supply_at(work.now()).map(|(_, supply)| supply);
    let mut broken = Vec::new();
    if !is_grid_operator {
        broken.push(Rule::SenderMustBeGridOperator);
    }
    if supply.is_none() {
        broken.push(Rule::NoContract);
    }
    held(broken)?;
    let supply = supply.expect("NoContract holds");
    Ok((supply.supplier.clone(), supply.dates.start.expect("it has begun")))
}

fn input(record: &CustomerCharacteristics) -> Vec<Rule> {
    let mut broken = metering_point(record);
    broken.extend(form(record));
    broken.extend(address_types(record));
    let has_address = |it: &SentContact| {
        let reference = !rules::is_blank(it.address_reference.as_deref());
        reference || it.address.as_ref().is_some_and(|address| !address.is_blank())
    };
    if !record.contacts.iter().any(has_address) {
        broken.push(Rule::ContactAddressIsRequired);
    }
    broken.extend(lengths(record));
    broken
}

/// Passes the proposal on to the supplier.
pub fn forward(
    work: &mut Work,
    id: &MeteringPointId,
    record: &CustomerCharacteristics,
    (supplier, supply_start): (ActorNumber, Timestamp),
    reason: &str,
    own_id: &str,
) {
    let start = record.start.as_deref().and_then(|start| instant(start.trim()));
    let named = |number: &Option<CustomerId>, name: &Option<String>| {
        (!rules::is_blank(name.as_deref()) || number.is_some()).then(|| NamedCustomer {
            number: number.as_ref().map(|it| it.number.clone()).unwrap_or_default(),
            name: name.clone(),
        })
    };
    let details = CustomerDetails {
        first: named(&record.first_customer, &record.first_customer_name),
        second: named(&record.second_customer, &record.second_customer_name),
        protected_name: record.protected_name.as_deref().map(rules::is_true),
        has_supplier: Some(true),
        supply_start: Some(supply_start),
        contacts: contacts(record),
        ..CustomerDetails::default()
    };
    let receiver = Work::supplier(&supplier);
    let from = start.unwrap_or_else(|| today(work.now(), work.context.market));
    let subject = Subject { point: id, from, original: None };
    let record_id = work.context.id(&["record", CUSTOMER_DATA.name, own_id]);
    let record = customer_data(record_id, &subject, &details, receiver.role);
    let document = letters::document(&CUSTOMER_DATA, &receiver, reason, vec![record], work.context);
    work.outgoing.push(document);
}
