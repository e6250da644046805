//! What goes out besides master data: answers, notices, what is forwarded, and the acknowledgement of what was wrong.
//!
//! Each function makes the record; [`document`] makes a document of records. Source: market-roles 4.4, 4.5 and 4.8.

use std::sync::Arc;

use super::kinds::ACKNOWLEDGEMENT;
use super::{Id, Reason};
use crate::document::{Bearing, Field, Header, Kind, Outgoing, Record};
use crate::market::{ActorNumber, MeteringPointId, Party, ServiceRequest, Timestamp};
use crate::process::Context;

/// A document of the hub, on its way to `receiver`. Its id is made from what it is, for whom, why, and from the id of its
/// first record, so that two of a kind for one receiver are told apart.
pub fn document(
    kind: &'static Kind,
    receiver: &Party,
    reason: &str,
    records: impl Into<Arc<[Record]>>,
    context: &Context,
) -> Outgoing {
    let records: Arc<[Record]> = records.into();
    let first = records.first().map_or("", record_id);
    let parts = [kind.name, "document", receiver.number.as_str(), receiver.role.code(), reason, first];
    Outgoing {
        kind,
        receiver: receiver.clone(),
        delegate: None,
        sender: context.market.hub_party(),
        business_reason: reason.to_string(),
        created: context.now,
        message_id: context.id(&parts),
        head: Vec::new(),
        records,
    }
}

/// One confirmation and one rejection; whichever would be empty is left out.
pub fn answers(
    confirmed: (&'static Kind, Vec<Record>),
    rejected: (&'static Kind, Vec<Record>),
    receiver: &Party,
    reason: &str,
    context: &Context,
) -> Vec<Outgoing> {
    let answers = [confirmed, rejected].into_iter().filter(|(_, records)| !records.is_empty());
    answers.map(|(kind, records)| document(kind, receiver, reason, records, context)).collect()
}

/// `mRID` of a record of ours.
pub fn record_id(record: &Record) -> &str {
    match record.fields.first() {
        Some(Field::Text("mRID", id)) => id,
        _ => "",
    }
}

/// The metering point that a record of ours is about, whatever its kind.
pub fn point_of(record: &Record) -> Option<MeteringPointId> {
    let number = |fields: &[Field], wanted: &str| {
        fields.iter().find_map(|field| match field {
            Field::Id(name, _, number) | Field::Attributed(name, _, _, number) if *name == wanted => {
                Some(number.clone())
            }
            _ => None,
        })
    };
    let within = record.fields.iter().find_map(|field| match field {
        Field::Group("MarketEvaluationPoint", fields) => number(fields, "mRID"),
        _ => None,
    });
    number(&record.fields, METERING_POINT).or(within).map(MeteringPointId::new)
}

/// What an answer is about, as its asker wrote it.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The asker's id of the record that is answered: of a cancellation its own, not that of what it withdraws.
    pub transaction_id: &'a str,
    /// Echoed where the asker gave one.
    pub process_reference: Option<&'a str>,
    /// Repeated with its scheme, right or wrong.
    pub metering_point: &'a Id,
    /// Of a service alone.
    pub description: Option<&'a str>,
}

/// A record that confirms. Its kind says what.
pub fn confirmation(id: String, about: &About) -> Record {
    let mut fields = answered(id, about);
    fields.extend(description_field(about.description));
    Record { transaction_id: about.transaction_id.to_string(), reasons: Vec::new(), fields, bearing: None }
}

/// A record that rejects, with at least one reason.
pub fn rejection(id: String, about: &About, reasons: &[Reason]) -> Record {
    let mut fields = answered(id, about);
    fields.extend(reasons.iter().map(reason_field));
    // After the reasons, unlike in a confirmation.
    fields.extend(description_field(about.description));
    Record { transaction_id: about.transaction_id.to_string(), reasons: told(reasons), fields, bearing: None }
}

fn answered(id: String, about: &About) -> Vec<Field> {
    let mut fields = vec![Field::Text("mRID", id)];
    fields.extend(about.process_reference.map(|it| Field::Text(PROCESS_REFERENCE, it.to_string())));
    fields.push(Field::Text(ORIGINAL, about.transaction_id.to_string()));
    let point = about.metering_point;
    fields.push(Field::Attributed(METERING_POINT, "codingScheme", point.coding_scheme.clone(), point.number.clone()));
    fields
}

/// RSM-004: something begins or ends at `start`, as `bearing` says. `original` is the transaction that the receiver hears of, if it is to.
pub fn notification(
    id: String,
    original: Option<&str>,
    start: Timestamp,
    bearing: Bearing,
    point: &MeteringPointId,
) -> Record {
    let mut fields = vec![Field::Text("mRID", id)];
    fields.extend(original.map(|it| Field::Text(ORIGINAL, it.to_string())));
    fields.push(Field::Text("validityStart_DateAndOrTime.dateTime", start.to_string()));
    fields.push(point_field(METERING_POINT, point));
    let (transaction_id, bearing) = (original.unwrap_or_default().to_string(), Some(bearing));
    Record { transaction_id, reasons: Vec::new(), fields, bearing }
}

/// RSM-025: what the receiver asked for under `original`, or was told in our record of that id, will not happen.
pub fn cancellation_notice(id: String, original: &str, point: &MeteringPointId) -> Record {
    let fields =
        vec![Field::Text("mRID", id), Field::Text(ORIGINAL, original.to_string()), point_field(METERING_POINT, point)];
    Record { transaction_id: original.to_string(), reasons: Vec::new(), fields, bearing: None }
}

/// RSM-003 for the former supplier; its answer refers to `id`. Who asked is not told.
pub fn forwarded_reallocation(id: String, point: &MeteringPointId, start: Timestamp) -> Record {
    let fields = vec![
        Field::Text("mRID", id.clone()),
        point_field(METERING_POINT, point),
        Field::Text("start_DateAndOrTime.dateTime", start.to_string()),
    ];
    Record { transaction_id: id, reasons: Vec::new(), fields, bearing: None }
}

/// RSM-020 for the grid company; its answer refers to `id`.
pub fn forwarded_service(
    id: String,
    point: &MeteringPointId,
    start: Timestamp,
    requester: &ActorNumber,
    service: ServiceRequest,
    description: Option<&str>,
) -> Record {
    let mut fields = vec![
        Field::Text("mRID", id.clone()),
        Field::Text("start_DateAndOrTime.dateTime", start.to_string()),
        point_field(METERING_POINT, point),
        party_field("marketEvaluationPoint.energySupplier_MarketParticipant.mRID", requester),
        Field::Code("marketEvaluationPoint.request_ServiceCategory.kind", service.code().to_string()),
    ];
    fields.extend(description_field(description));
    Record { transaction_id: id, reasons: Vec::new(), fields, bearing: None }
}

/// RSM-009: what was wrong with a document that had been taken in, or with records of it by their ids.
pub fn acknowledgement(
    received: &Header,
    receiver: &Party,
    whole: &[Reason],
    records: &[(&str, Vec<Reason>)],
    context: &Context,
) -> Outgoing {
    let text = |name, value: &str| (!value.trim().is_empty()).then(|| Field::Text(name, value.to_string()));
    let mut head: Vec<Field> = text("received_MarketDocument.mRID", &received.message_id).into_iter().collect();
    let code = |name, value: &str| (!value.trim().is_empty()).then(|| Field::Code(name, value.to_string()));
    head.extend(code("received_MarketDocument.type", &received.document_type));
    head.extend(text("received_MarketDocument.createdDateTime", received.created.trim()));
    head.extend(code("received_MarketDocument.process.processType", &received.business_reason));
    head.extend(whole.iter().map(reason_field));
    let about = |(id, reasons): &(&str, Vec<Reason>)| {
        let mut fields = vec![Field::Text("mRID", (*id).to_string())];
        fields.extend(reasons.iter().map(reason_field));
        Record { transaction_id: (*id).to_string(), reasons: told(reasons), fields, bearing: None }
    };
    let mut all: Vec<Record> = records.iter().map(about).collect();
    if all.is_empty() {
        // It is one thing to be told, though its head says all of it.
        let transaction_id = received.message_id.clone();
        all.push(Record { transaction_id, reasons: told(whole), fields: Vec::new(), bearing: None });
    }
    // No record of ours has an id by which it could be known; what it is about is known by its id.
    let document = document(&ACKNOWLEDGEMENT, receiver, &received.business_reason, Vec::new(), context);
    let message_id = context.id(&[&document.message_id, &received.message_id]);
    Outgoing { message_id, head, records: all.into(), ..document }
}

fn reason_field(reason: &Reason) -> Field {
    let mut fields = vec![Field::Code("code", reason.code.clone())];
    let text = reason.text.iter().filter(|text| !text.trim().is_empty());
    fields.extend(text.map(|text| Field::Text("text", text.clone())));
    Field::Item("Reason", fields)
}

/// What says nothing is left out.
fn description_field(text: Option<&str>) -> Option<Field> {
    text.filter(|text| !text.trim().is_empty()).map(|text| Field::Text("description", text.to_string()))
}

fn told(reasons: &[Reason]) -> Vec<(String, String)> {
    reasons.iter().map(|reason| (reason.code.clone(), reason.text.clone().unwrap_or_default())).collect()
}

pub(super) fn point_field(name: &'static str, point: &MeteringPointId) -> Field {
    Field::Id(name, point.coding_scheme(), point.to_string())
}

pub(super) fn party_field(name: &'static str, number: &ActorNumber) -> Field {
    Field::Id(name, number.coding_scheme(), number.to_string())
}

pub(super) use super::requests::{METERING_POINT, ORIGINAL, PROCESS_REFERENCE};
