//! From a RequestChangeCustomerCharacteristics to its decision: each record is judged, kept and passed on.

use serde_json::json;

use super::rules::{self, Case, Subject};
use super::{REQUEST_CHANGE_CUSTOMER_CHARACTERISTICS, contact, forward};
use crate::document::Record;
use crate::market::{ActorRole, AddressType, CustomerNumber, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::{AccountingPoint, Customer, CustomerData, ProcessKind};
use crate::process::change_of_supplier::asking::Asking;
use crate::process::change_of_supplier::course;
use crate::process::change_of_supplier::events::accounting_point_id;
use crate::process::change_of_supplier::window::instant;
use crate::process::change_of_supplier::work::{self, Work};
use crate::process::market_documents::customers::{CustomerCharacteristics, RequestChangeCustomerCharacteristics};
use crate::process::market_documents::kinds::{CONFIRM_CUSTOMER_CHANGE as CONFIRM, REJECT_CUSTOMER_CHANGE as REJECT};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::master_data::Contact;
use crate::process::market_documents::{CustomerId, RequestKind, Rule, reasons};
use crate::process::{Context, Decision, Event};
use crate::record::{Facts, Needs};

impl Asking for CustomerCharacteristics {
    fn about(&self) -> About<'_> {
        About {
            transaction_id: &self.transaction_id,
            process_reference: self.process_reference.as_deref(),
            metering_point: &self.metering_point,
            description: None,
        }
    }

    /// And how far the move-ins have come whose customers are told of.
    fn needs_more(request: &RequestChangeCustomerCharacteristics, facts: &Facts, _context: &Context) -> Needs {
        let move_ins = move_ins(request, facts);
        let courses = move_ins.iter().fold(Needs::default(), |needs, process| needs.and(course::needs_of(process)));
        work::needs_more(facts, &request.points()).and(courses)
    }

    /// Answers the sender, keeps what it tells, and passes it on.
    fn decide(request: &RequestChangeCustomerCharacteristics, facts: &Facts, context: &Context) -> Decision {
        let move_ins = move_ins(request, facts);
        let move_ins: Vec<&str> = move_ins.iter().map(String::as_str).collect();
        let mut work = Work::load(facts, context, request.points(), &move_ins);
        let header = &request.header;
        let reason = &header.business_reason;
        let kind = if reason == CONTACT { RequestKind::Contact } else { RequestKind::CustomerData };
        let role = ActorRole::from_code(&header.sender_role).unwrap_or(context.caller.role);
        let receiver = Party { number: header.sender(), role };
        let (mut confirmed, mut rejected, mut fates): (Vec<Record>, Vec<Record>, Vec<_>) = Default::default();
        for (place, record) in request.records.iter().enumerate() {
            let own_id = context.id(&["transaction", &place.to_string()]);
            let id = record.metering_point.metering_point();
            let verdict = match kind {
                RequestKind::Contact => contact::judge(&work, header, record)
                    .map(|supplier| contact::forward(&mut work, &id, record, supplier, reason, &own_id)),
                _ => judge(&work, request, record, &own_id).map(|told| {
                    keep(&mut work, &id, &told, reason, &record.transaction_id);
                    forward::forward(&mut work, &id, &told.data, reason, &own_id);
                }),
            };
            let broken: Vec<Rule> = verdict.err().unwrap_or_default();
            fates.push(work.decided(&REQUEST_CHANGE_CUSTOMER_CHARACTERISTICS, header, record, &own_id, &broken, kind));
            let about = record.about();
            let answer = context.id(&["answer", &own_id]);
            if broken.is_empty() {
                confirmed.push(letters::confirmation(answer, &about));
            } else {
                rejected.push(letters::rejection(answer, &about, &reasons(&broken, kind)));
            }
        }
        work.answered(letters::answers((&CONFIRM, confirmed), (&REJECT, rejected), &receiver, reason, context), fates)
    }
}

/// What a record tells, in the form in which it is kept.
struct Told {
    data: CustomerData,
    first: Customer,
    second: Option<Customer>,
}

fn judge(
    work: &Work,
    request: &RequestChangeCustomerCharacteristics,
    record: &CustomerCharacteristics,
    own_id: &str,
) -> Result<Told, Vec<Rule>> {
    let site = work.site(&record.metering_point.metering_point());
    let expected = site.point.as_expected();
    let case = Case {
        header: &request.header,
        record,
        now: work.now(),
        market: work.context.market,
        site,
        expected: &expected,
        customer: &|reference| work.customer(reference),
    };
    let subject = rules::judge(&case)?;
    let number =
        |told: &Option<CustomerId>| told.as_ref().map(|it| it.number.clone()).filter(|number| !number.is_blank());
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    let first = number(&record.first_customer).unwrap_or_else(|| subject.first.number.clone());
    let first = Customer::new(first, &name(&record.first_customer_name));
    let second = number(&record.second_customer).unwrap_or_else(|| CustomerNumber::new(""));
    let second = Customer::new(second, &name(&record.second_customer_name));
    let second = (!second.number.is_blank() || !second.name.is_empty()).then_some(second);
    let sender = request.header.sender();
    let data = CustomerData {
        number: site.told.len() as u64,
        process: subject.process.id.clone(),
        from: subject.from,
        supply_start: supply_start(&subject, &expected),
        supplier: sender,
        completes: subject.completes.map(|process| process.id.clone()),
        first: CustomerData::reference(own_id, 1),
        second: second.is_some().then(|| CustomerData::reference(own_id, 2)),
        electrical_heating: record.electrical_heating.as_deref().map(rules::is_true),
        electrical_heating_from: record.electrical_heating_from.as_deref().and_then(|it| instant(it.trim())),
        protected_name: record.protected_name.as_deref().map(rules::is_true),
        contacts: contacts(record),
    };
    Ok(Told { data, first, second })
}

/// When the supply begins, or began, in which the data were told.
fn supply_start(subject: &Subject, expected: &AccountingPoint) -> Timestamp {
    let supplies = expected.supplies();
    let there = supplies.iter().find(|supply| supply.period.contains(subject.from));
    let own = subject.completes.map(|process| process.effective);
    own.or(there.map(|supply| supply.period.start)).unwrap_or(subject.from)
}

fn keep(work: &mut Work, id: &MeteringPointId, told: &Told, reason: &str, transaction_id: &str) {
    let Told { data, first, second } = told;
    work.customers.insert(data.first.clone(), first.clone());
    if let Some((reference, customer)) = data.second.clone().zip(second.clone()) {
        work.customers.insert(reference, customer);
    }
    work.tell_customer(id, data.clone());
    work.tell(Event {
        name: "CustomerMasterDataUpdated",
        payload: json!({
            "accounting_point_id": accounting_point_id(id),
            "gsrn_number": id.as_str(),
            "process_id": data.process,
            "transaction_id": transaction_id,
            "business_reason": reason,
            "from": data.from.to_string(),
        }),
    });
}

/// Addresses of a known type, with whoever is reached there.
pub fn contacts(record: &CustomerCharacteristics) -> Vec<Contact> {
    let contacts = record.contacts.iter().filter_map(|sent| {
        Some(Contact {
            address_type: AddressType::from_code(&sent.address_type)?,
            address_reference: sent.address_reference.clone(),
            address: sent.address.clone().unwrap_or_default(),
            name: sent.name.clone(),
            attention: sent.attention.clone(),
            phone: sent.phone.clone(),
            mobile: sent.mobile.clone(),
            email: sent.email.clone(),
            protected_address: sent.protected_address.as_deref().map(rules::is_true),
        })
    });
    contacts.collect()
}

/// Every move-in that took place, or is to, at the accounting points of a request.
fn move_ins(request: &RequestChangeCustomerCharacteristics, facts: &Facts) -> Vec<String> {
    let points = request.points().into_iter().map(|id| AccountingPoint::load(facts, &id));
    let ids = points.flat_map(|point| {
        let processes = point.processes();
        let move_ins = processes.into_iter().filter(|it| it.kind == ProcessKind::MoveIn && it.consumer.is_some());
        move_ins.map(|process| process.id.clone()).collect::<Vec<_>>()
    });
    ids.collect()
}

/// A contact address; everything else is customer data.
const CONTACT: &str = "D28";
