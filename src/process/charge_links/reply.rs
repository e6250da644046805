//! What goes out: to the sender what was accepted and what was not, to the market which links have changed.
//!
//! Source: charges 7.3 and 7.5, receivers 6.6.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::request::{Operation, REASON_LINKS, RequestChangeBillingMasterData};
use crate::document::{Category, Field, Kind, Outgoing, Record};
use crate::market::{ActorNumber, MeteringPointId, Party};
use crate::process::Context;
use crate::process::charge_documents::{self, Broken, is_blank};
use crate::process::delegations::answering;

/// RSM-030, the answer to what was accepted.
pub static CONFIRM: Kind = Kind {
    name: "ConfirmRequestChangeBillingMasterData",
    namespace: "urn:ediel.org:structure:confirmrequestchangebillingmasterdata:0:1",
    type_code: "D06",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-030, the answer to what was rejected.
pub static REJECT: Kind = Kind {
    name: "RejectRequestChangeBillingMasterData",
    namespace: "urn:ediel.org:structure:rejectrequestchangebillingmasterdata:0:1",
    type_code: "D06",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-031.
pub static NOTIFY: Kind = Kind {
    name: "NotifyBillingMasterData",
    namespace: "urn:ediel.org:structure:notifybillingmasterdata:0:1",
    type_code: "D07",
    category: Category::MasterData,
    status: None,
};

/// Who hears of an operation besides its sender.
pub type Told = BTreeSet<Party>;

/// How one operation fared.
#[derive(Debug, Clone)]
pub enum Answer {
    Accepted { told: Told },
    Rejected(Vec<Broken>),
}

/// Rejected, though nothing has been asked yet.
impl Default for Answer {
    fn default() -> Self {
        Answer::Rejected(Vec::new())
    }
}

impl Answer {
    pub fn broken(&self) -> &[Broken] {
        match self {
            Answer::Accepted { .. } => &[],
            Answer::Rejected(broken) => broken,
        }
    }
}

/// One confirmation and one rejection; whichever would be empty is left out.
pub fn receipts(
    request: &RequestChangeBillingMasterData,
    answers: &[Answer],
    asker: &Party,
    context: &Context,
) -> Vec<Outgoing> {
    let (mut confirmed, mut rejected) = (vec![], vec![]);
    for (index, (operation, answer)) in request.operations.iter().zip(answers).enumerate() {
        let index = index.to_string();
        match answer {
            Answer::Accepted { .. } => {
                confirmed.push(receipt(operation, context.id(&[CONFIRM.name, "record", &index]), &[]));
            }
            Answer::Rejected(broken) => {
                rejected.push(receipt(operation, context.id(&[REJECT.name, "record", &index]), broken));
            }
        }
    }
    let mut outgoing = Vec::new();
    for (kind, records) in [(&CONFIRM, confirmed), (&REJECT, rejected)] {
        if !records.is_empty() {
            outgoing.push(answering(send(kind, asker, records.into(), context), context));
        }
    }
    outgoing
}

/// One notification for each receiver, with all that it is told. Receivers that are told the same share its records.
/// Whoever asked has its confirmation and is told no more.
pub fn notifications(
    request: &RequestChangeBillingMasterData,
    answers: &[Answer],
    asker: Option<&Party>,
    context: &Context,
) -> Vec<Outgoing> {
    let mut told: BTreeMap<&Party, Vec<usize>> = BTreeMap::new();
    for (index, answer) in answers.iter().enumerate() {
        let Answer::Accepted { told: receivers } = answer else { continue };
        for receiver in receivers.iter().filter(|receiver| Some(*receiver) != asker) {
            told.entry(receiver).or_default().push(index);
        }
    }
    let mut shared: BTreeMap<Vec<usize>, Arc<[Record]>> = BTreeMap::new();
    let documents = told.into_iter().map(|(receiver, indices)| {
        let records = shared.entry(indices).or_insert_with_key(|indices| {
            let record = |index: &usize| {
                let id = context.id(&[NOTIFY.name, "record", &index.to_string()]);
                notification(&request.operations[*index], id)
            };
            indices.iter().map(record).collect()
        });
        send(&NOTIFY, receiver, records.clone(), context)
    });
    documents.collect()
}

/// A document of this process, on its way to `receiver`.
pub fn send(kind: &'static Kind, receiver: &Party, records: Arc<[Record]>, context: &Context) -> Outgoing {
    charge_documents::document(kind, receiver, REASON_LINKS, records, context)
}

/// The accepted operation, not the links that it led to. No termination date means no end.
pub fn notification(operation: &Operation, id: String) -> Record {
    let owner = ActorNumber::new(&*operation.owner);
    let mut charge =
        vec![Field::Id("chargeTypeOwner_MarketParticipant.mRID", owner.coding_scheme(), owner.to_string())];
    charge.extend(operation.charge_type.map(|it| Field::Code("type", it.code().into())));
    charge.push(Field::Text("mRID", operation.charge_id.clone()));
    charge.extend(operation.factor.map(|factor| Field::Text("factor", factor.to_string())));
    let dates = [("effectiveDate", operation.effective), ("terminationDate", operation.termination)];
    let dates = dates.into_iter().filter_map(|(name, date)| date.map(|date| (name, date)));
    // An end that was sent as the open end is none.
    let dates = dates.filter(|(_, date)| !date.is_open_end());
    charge.extend(dates.map(|(name, date)| Field::Text(name, date.to_string())));
    let group = Field::Group("ChargeGroup", vec![Field::Item("ChargeType", charge)]);
    let fields = vec![Field::Text("mRID", id), point_field(&operation.metering_point), group];
    Record { transaction_id: operation.transaction_id.clone(), reasons: Vec::new(), fields, bearing: None }
}

/// The same as a part of what somebody asked for: it names the transaction that it answers.
pub fn answer(operation: &Operation, id: String) -> Record {
    charge_documents::answering(&operation.transaction_id, notification(operation, id))
}

fn receipt(operation: &Operation, id: String, broken: &[Broken]) -> Record {
    charge_documents::receipt(&operation.transaction_id, id, about(&operation.metering_point), broken)
}

/// A confirmation must name the metering point, and has one to name; a rejection may do without.
pub fn about(metering_point: &str) -> Option<Field> {
    (!is_blank(metering_point)).then(|| point_field(metering_point))
}

fn point_field(metering_point: &str) -> Field {
    let scheme = MeteringPointId::new(metering_point).coding_scheme();
    Field::Id("marketEvaluationPoint.mRID", scheme, metering_point.to_string())
}
