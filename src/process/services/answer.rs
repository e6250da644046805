//! The grid company's answers: each goes on to the supplier that asked, or is acknowledged as wrong.
//!
//! The document's name is the verdict; whatever reason code stands in its header changes nothing.

use std::collections::BTreeMap;

use super::rules;
use super::service::{self, Service, State};
use crate::document::{Header, Kind, Record};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::accounting_points::transactions::{Origin, Transaction};
use crate::process::market_documents::answers::{Answered, ConfirmRequestService, RejectRequestService, SentReason};
use crate::process::market_documents::kinds::{CONFIRM_SERVICE, REJECT_SERVICE};
use crate::process::market_documents::letters::{self, About};
use crate::process::market_documents::{Id, Reason, RequestKind, Rule, reasons};
use crate::process::{Context, Decision, Fate};
use crate::record::{Facts, Key, Needs};

/// One record of an answer, whatever its verdict.
pub struct Answer<'a> {
    pub answered: &'a Answered,
    pub description: Option<&'a str>,
    /// Nothing in a confirmation.
    pub reasons: Option<&'a [SentReason]>,
}

pub fn confirmations(document: &ConfirmRequestService) -> Vec<Answer<'_>> {
    let records = document.records.iter();
    records.map(|it| Answer { answered: &it.answered, description: it.description.as_deref(), reasons: None }).collect()
}

pub fn rejections(document: &RejectRequestService) -> Vec<Answer<'_>> {
    let records = document.records.iter();
    records
        .map(|it| Answer { answered: &it.answered, description: it.description.as_deref(), reasons: Some(&it.reasons) })
        .collect()
}

/// The services that are answered.
pub fn turns(answers: &[Answer]) -> Vec<Key> {
    answers.iter().filter_map(|answer| reference(answer.answered)).map(service::key).collect()
}

pub fn needs(answers: &[Answer]) -> Needs {
    let references = answers.iter().filter_map(|answer| reference(answer.answered));
    references.fold(Needs::default(), |needs, id| needs.and(service::needs_of(id)))
}

/// Sends every answer on, and says what was wrong with the rest.
pub fn decide(header: &Header, document: &str, answers: &[Answer], facts: &Facts, context: &Context) -> Decision {
    let mut services: BTreeMap<&str, Service> = BTreeMap::new();
    for id in answers.iter().filter_map(|answer| reference(answer.answered)) {
        services.extend(service::service(facts, id).map(|service| (id, service)));
    }
    let mut decision = Decision::default();
    // By kind of verdict all are alike, so a document goes to each supplier for each reason.
    let mut sent_on: BTreeMap<(ActorNumber, String), Vec<Record>> = BTreeMap::new();
    let (mut wrong, mut fates) = (Vec::new(), Vec::new());
    let nothing = Id::default();
    for (place, answer) in answers.iter().enumerate() {
        let own_id = context.id(&["transaction", &place.to_string()]);
        let transaction_id = &*answer.answered.transaction_id;
        let broken = match judge(&services, answer, &header.sender()) {
            Ok(service) => {
                let state = if answer.reasons.is_some() { State::Rejected } else { State::Confirmed };
                let service = service.close(state, context.now);
                let to = (service.requester.clone(), service.reason.clone());
                sent_on.entry(to).or_default().push(passed_on(&service, answer, &own_id, context));
                decision.changes.push(service.put());
                services.insert(reference(answer.answered).expect("it was found by it"), service);
                Vec::new()
            }
            Err(rule) => {
                wrong.push((transaction_id, reasons(&[rule], RequestKind::Answer)));
                vec![rule]
            }
        };
        let origin = Origin {
            document,
            header,
            transaction_id,
            metering_point: answer.answered.metering_point.as_ref().unwrap_or(&nothing),
        };
        let transaction = Transaction::decided(&origin, &own_id, context.now, &broken, RequestKind::Answer);
        decision.changes.extend(transaction.keep());
        let broken = broken.iter().map(|rule| rule.name()).collect();
        fates.push(Fate { transaction_id: transaction_id.to_string(), broken });
    }
    for ((number, reason), records) in sent_on {
        let supplier = Party { number, role: ActorRole::EnergySupplier };
        decision.outgoing.push(letters::document(verdict(answers), &supplier, &reason, records, context));
    }
    if !wrong.is_empty() {
        let sender = Party { number: header.sender(), role: ActorRole::GridAccessProvider };
        decision.outgoing.push(letters::acknowledgement(header, &sender, &[], &wrong, context));
    }
    Decision { fates, ..decision }
}

/// The service that an answer is to. It was forwarded to whoever answers, and is open; the words are not too many to pass on.
fn judge(services: &BTreeMap<&str, Service>, answer: &Answer, sender: &ActorNumber) -> Result<Service, Rule> {
    let text = answer.answered.original_transaction_id.as_deref().unwrap_or_default();
    if text.trim().is_empty() {
        return Err(Rule::AnswerWithoutReference);
    }
    let found = reference(answer.answered).and_then(|id| services.get(id));
    let open = found.filter(|it| it.state == State::Open && it.grid_company == *sender);
    let service = open.cloned().ok_or(Rule::AnswerToNothingOpen)?;
    if rules::is_too_long(answer.description) { Err(Rule::DescriptionLength) } else { Ok(service) }
}

/// The answer as the supplier gets it: to its own transaction, in the words of the grid company.
fn passed_on(service: &Service, answer: &Answer, own_id: &str, context: &Context) -> Record {
    let metering_point =
        Id { coding_scheme: service.point.coding_scheme().to_string(), number: service.point.to_string() };
    let about = About {
        transaction_id: &service.transaction_id,
        process_reference: None,
        metering_point: &metering_point,
        description: answer.description,
    };
    let id = context.id(&["answer", own_id]);
    match answer.reasons {
        None => letters::confirmation(id, &about),
        Some(reasons) => {
            let said = |it: &SentReason| Reason { code: it.code.clone(), text: it.text.clone() };
            letters::rejection(id, &about, &reasons.iter().map(said).collect::<Vec<_>>())
        }
    }
}

fn verdict(answers: &[Answer]) -> &'static Kind {
    let rejects = answers.iter().any(|answer| answer.reasons.is_some());
    if rejects { &REJECT_SERVICE } else { &CONFIRM_SERVICE }
}

/// The id that an answer names, if it may be one of ours.
fn reference(answered: &Answered) -> Option<&str> {
    let id = answered.original_transaction_id.as_deref()?.trim();
    (id.len() == OWN_ID_CHARACTERS).then_some(id)
}

/// What [`Context::id`] makes.
const OWN_ID_CHARACTERS: usize = 32;
