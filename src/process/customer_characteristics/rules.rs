//! Why customer data are not taken. Source: market-roles 2.11, 2.12, 3.3.
//!
//! What is registered of a customer is compared only for whoever supplies that customer: nobody else may learn from an answer
//! whether a number is right.

use crate::document::Header;
use crate::market::{ActorNumber, AddressType, Calendar, Timestamp, is_gsrn};
use crate::process::Market;
use crate::process::accounting_points::customers::is_too_long;
use crate::process::accounting_points::{AccountingPoint, Customer, Process, ProcessKind, Status};
use crate::process::change_of_supplier::window::{Window, instant, today};
use crate::process::change_of_supplier::work::Site;
use crate::process::market_documents::Rule;
use crate::process::market_documents::customers::CustomerCharacteristics;

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a CustomerCharacteristics,
    pub now: Timestamp,
    pub market: &'a Market,
    pub site: &'a Site,
    /// The accounting point once all that is pending has happened.
    pub expected: &'a AccountingPoint,
    /// A customer by its reference.
    pub customer: &'a dyn Fn(&str) -> Option<Customer>,
}

/// Whom data that break no rule are about, and from when on they hold.
#[derive(Debug)]
pub struct Subject<'a> {
    pub from: Timestamp,
    /// What the data complete, unless they are an update.
    pub completes: Option<&'a Process>,
    /// What has registered the consumer.
    pub process: &'a Process,
    /// The first customer as it was registered before.
    pub first: Customer,
}

/// Whom the data are about, or every rule of the first level that does not hold.
pub fn judge<'a>(case: &Case<'a>) -> Result<Subject<'a>, Vec<Rule>> {
    held(input(case.record))?;
    if case.site.master.is_none() {
        return Err(vec![Rule::UnknownAccountingPoint]);
    }
    let start = case.record.start.as_deref().and_then(|start| instant(start.trim()));
    let completes = match kind_completed(&case.header.business_reason) {
        Some(kind) => Some(completed(case, kind, start).ok_or(vec![Rule::NothingToComplete])?),
        None => None,
    };
    let from = start.unwrap_or_else(|| completes.map_or_else(|| today(case.now, case.market), |it| it.effective));
    let mut broken: Vec<Rule> = date(case, from, completes).into_iter().collect();
    if let Some(rule) = supplier(case, from, completes) {
        broken.push(rule);
        return Err(broken);
    }

    // Whoever completes something hears of the customers of its own day alone, whatever date it names.
    let at = completes.map_or(from, |process| process.effective);
    let own = completes.filter(|process| process.consumer.is_some());
    let Some(process) = own.or_else(|| case.expected.consumer_at(at).map(|(process, _)| process)) else {
        broken.push(Rule::ConsumerMustBeRegistered);
        return Err(broken);
    };
    let registration = process.consumer.as_ref().expect("it was found by its consumer");
    let (first, _) = case.site.customers_of(&process.id, registration, at);
    let first = (case.customer)(&first).expect("whoever is registered is kept");
    let told = case.record.first_customer.as_ref().filter(|it| !it.number.is_blank());
    // A number that was not known may become known.
    if told.is_some_and(|told| told.number != first.number && !first.number.is_fictional()) {
        broken.push(Rule::CustomerNumberCannotBeChangedHere);
    }
    held(broken)?;
    Ok(Subject { from, completes, process, first })
}

pub fn held(broken: Vec<Rule>) -> Result<(), Vec<Rule>> {
    if broken.is_empty() { Ok(()) } else { Err(broken) }
}

fn input(record: &CustomerCharacteristics) -> Vec<Rule> {
    let mut broken = metering_point(record);
    broken.extend(form(record));
    if is_blank(record.first_customer_name.as_deref()) {
        broken.push(Rule::ConsumerNameIsRequired);
    }
    let numbers = [&record.first_customer, &record.second_customer].into_iter().flatten();
    if numbers.filter(|it| !it.number.is_blank()).any(|it| !it.is_valid()) {
        broken.push(Rule::InvalidCustomerNumber);
    }
    if let Some(rule) = address_types(record) {
        broken.push(rule);
    } else if !record.contacts.iter().any(|it| it.address_type == AddressType::Technical.code()) {
        broken.push(Rule::CustomerAddressTechnicalIsRequired);
    }
    let heated = record.electrical_heating.as_deref().is_some_and(is_true);
    if record.electrical_heating_from.is_some() && !heated {
        broken.push(Rule::ElectricalHeatingDateWithoutHeating);
    }
    broken.extend(lengths(record));
    broken
}

pub fn metering_point(record: &CustomerCharacteristics) -> Vec<Rule> {
    match &record.metering_point {
        point if point.is_blank() => vec![Rule::GsrnNumberIsRequired],
        point if !is_gsrn(point.trimmed()) => vec![Rule::InvalidGsrnNumber],
        _ => Vec::new(),
    }
}

/// Of the dates that there are.
pub fn form(record: &CustomerCharacteristics) -> Option<Rule> {
    let dates = [&record.start, &record.electrical_heating_from].into_iter().flatten();
    dates.into_iter().any(|date| instant(date.trim()).is_none()).then_some(Rule::DateFormatMustBeUTC)
}

/// Each address is technical or juridical, and there is at most one of each.
pub fn address_types(record: &CustomerCharacteristics) -> Option<Rule> {
    let types: Vec<_> = record.contacts.iter().map(|it| AddressType::from_code(&it.address_type)).collect();
    let twice = AddressType::ALL.into_iter().any(|of| types.iter().filter(|it| **it == Some(of)).count() > 1);
    (twice || types.contains(&None)).then_some(Rule::CustomerAddressTypeMustBeKnown)
}

/// Names and addresses are bounded as they are in ebIX; the schemas of CIM leave them open.
pub fn lengths(record: &CustomerCharacteristics) -> Option<Rule> {
    let names = [&record.first_customer_name, &record.second_customer_name].into_iter();
    let contacts = record.contacts.iter().flat_map(|it| {
        let address = it.address.iter().flat_map(|address| address.parts());
        [&it.address_reference, &it.name, &it.attention, &it.phone, &it.mobile, &it.email].into_iter().chain(address)
    });
    names.chain(contacts).flatten().any(|text| is_too_long(text)).then_some(Rule::CustomerTextLength)
}

/// Which kind of process data for this reason complete; none where they are an update.
fn kind_completed(reason: &str) -> Option<ProcessKind> {
    match reason {
        "E03" | "D30" => Some(ProcessKind::ChangeOfSupplier),
        "E65" | "D21" | "D29" => Some(ProcessKind::MoveIn),
        _ => None,
    }
}

/// The sender's own process of this kind: the one that takes effect on the start date, or else the last.
fn completed<'a>(case: &Case<'a>, kind: ProcessKind, start: Option<Timestamp>) -> Option<&'a Process> {
    let sender = case.header.sender();
    let own = case
        .site
        .point
        .processes()
        .into_iter()
        .filter(|it| it.kind == kind && it.requester.as_ref() == Some(&sender) && it.status != Status::Cancelled);
    own.max_by_key(|it| (Some(it.effective) == start, it.number))
}

fn date(case: &Case, from: Timestamp, completes: Option<&Process>) -> Option<Rule> {
    let settings = &case.market.dk().market_roles.customer_data;
    let window = Window { days_before: settings.days_before, days_after: settings.days_after, min_notice_days: 0 };
    let within = match completes {
        Some(process) => from == process.effective,
        None => window.allows(from, case.now, case.market),
    };
    if !within {
        return Some(Rule::EffectiveDateIsNotWithinAllowedTimePeriod);
    }
    (!Calendar::new(case.market.zone).is_midnight(from)).then_some(Rule::InvalidEffectiveDateTimeOfDay)
}

/// The sender supplies the accounting point on the start date and still does; who completes what has yet to happen will.
fn supplier(case: &Case, from: Timestamp, completes: Option<&Process>) -> Option<Rule> {
    if completes.is_some_and(|process| process.status.is_open()) {
        return None;
    }
    let sender = case.header.sender();
    let suppliers = [from, from.max(case.now)].map(|at| case.expected.supplier_at(at).cloned());
    let is_another = |supplier: &Option<ActorNumber>| supplier.as_ref().is_some_and(|it| *it != sender);
    if suppliers.iter().any(is_another) {
        return Some(Rule::CurrentSupplierIsAnother);
    }
    suppliers.contains(&None).then_some(Rule::SenderMustBeCurrentSupplier)
}

pub fn is_blank(text: Option<&str>) -> bool {
    text.is_none_or(|text| text.trim().is_empty())
}

/// Of a boolean as the schema takes it.
pub fn is_true(text: &str) -> bool {
    matches!(text.trim(), "true" | "1")
}
