//! What goes out: to the sender what was accepted and what was not, to the market what has changed.
//!
//! Source: charges 7.2 to 7.4, receivers 7.6.

use std::sync::Arc;

use super::request::{Asked, Information, Operation, RequestChangeOfPriceList, Series};
use crate::document::{Category, Field, Kind, Outgoing, Record};
use crate::market::{ActorNumber, ActorRole, ChargeType, Party, Timestamp};
use crate::process::Context;
use crate::process::charge_documents::{self, Broken};
use crate::process::delegations::answering;
use crate::process::participants::{self, Participant};
use crate::record::Facts;

/// RSM-033, the answer to what was accepted.
pub static CONFIRM: Kind = Kind {
    name: "ConfirmRequestChangeOfPriceList",
    namespace: "urn:ediel.org:structure:confirmrequestchangeofpricelist:0:1",
    type_code: "D11",
    category: Category::MasterData,
    status: Some("A01"),
};

/// RSM-033, the answer to what was rejected.
pub static REJECT: Kind = Kind {
    name: "RejectRequestChangeOfPriceList",
    namespace: "urn:ediel.org:structure:rejectrequestchangeofpricelist:0:1",
    type_code: "D11",
    category: Category::MasterData,
    status: Some("A02"),
};

/// RSM-034.
pub static NOTIFY: Kind = Kind {
    name: "NotifyPriceList",
    namespace: "urn:ediel.org:structure:notifypricelist:0:1",
    type_code: "D12",
    category: Category::MasterData,
    status: None,
};

/// How one operation fared.
#[derive(Debug, Clone)]
pub enum Answer {
    Accepted {
        /// Whether the charge is a tax, so that grid access providers hear of it.
        tax: bool,
    },
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

/// One confirmation, one rejection and one notification for each receiver; whichever would be empty is left out.
pub fn documents(
    request: &RequestChangeOfPriceList,
    answers: &[Answer],
    facts: &Facts,
    sender: Option<&Participant>,
    context: &Context,
) -> Vec<Outgoing> {
    let (mut confirmed, mut rejected, mut notified, mut notified_taxes) = (vec![], vec![], vec![], vec![]);
    for (index, (operation, answer)) in request.operations.iter().zip(answers).enumerate() {
        let index = index.to_string();
        match answer {
            Answer::Accepted { tax } => {
                confirmed.push(receipt(operation, context.id(&[CONFIRM.name, "record", &index]), &[]));
                if *tax {
                    notified_taxes.push(notified.len());
                }
                notified.push(notification(operation, context.id(&[NOTIFY.name, "record", &index])));
            }
            Answer::Rejected(broken) => {
                rejected.push(receipt(operation, context.id(&[REJECT.name, "record", &index]), broken));
            }
        }
    }
    // Who is not, or no longer, registered as the document says still hears why: as who is logged in.
    let asker = &charge_documents::answered(sender, &request.header, context);
    let reason = &request.header.business_reason;
    let send = |kind, receiver: &Party, records: &Arc<[Record]>| {
        charge_documents::document(kind, receiver, reason, records.clone(), context)
    };
    let mut outgoing = Vec::new();
    for (kind, records) in [(&CONFIRM, confirmed), (&REJECT, rejected)] {
        if !records.is_empty() {
            outgoing.push(answering(send(kind, asker, &records.into()), context));
        }
    }
    if notified.is_empty() {
        return outgoing;
    }
    let taxes: Vec<Record> = match notified_taxes.len() == notified.len() {
        true => Vec::new(),
        false => notified_taxes.iter().map(|at| notified[*at].clone()).collect(),
    };
    let all: Arc<[Record]> = notified.into();
    let taxes = if taxes.len() == notified_taxes.len() { taxes.into() } else { all.clone() };
    for (role, records) in [(ActorRole::EnergySupplier, all), (ActorRole::GridAccessProvider, taxes)] {
        if !records.is_empty() {
            let receivers = participants::live_in_role(facts, context.pack(), role);
            let others = receivers.iter().filter(|receiver| *receiver != asker);
            outgoing.extend(others.map(|receiver| send(&NOTIFY, receiver, &records)));
        }
    }
    outgoing
}

fn receipt(operation: &Operation, id: String, broken: &[Broken]) -> Record {
    charge_documents::receipt(&operation.transaction_id, id, None, broken)
}

/// The accepted operation, not the timeline that it led to.
pub fn notification(operation: &Operation, id: String) -> Record {
    let owner = ActorNumber::new(&*operation.owner);
    let mut charge =
        vec![Field::Id("chargeTypeOwner_MarketParticipant.mRID", owner.coding_scheme(), owner.to_string())];
    charge.extend(operation.charge_type.map(|it: ChargeType| Field::Code("type", it.code().into())));
    charge.push(Field::Text("mRID", operation.charge_id.clone()));
    match &operation.asked {
        Asked::Information(information) => information_fields(&mut charge, operation.effective, information),
        Asked::Prices(series) => series.iter().for_each(|series| series_fields(&mut charge, series)),
    }
    let group = Field::Group("ChargeGroup", vec![Field::Item("ChargeType", charge)]);
    let fields = vec![Field::Text("mRID", id), group];
    Record { transaction_id: operation.transaction_id.clone(), reasons: Vec::new(), fields, bearing: None }
}

fn information_fields(charge: &mut Vec<Field>, effective: Option<Timestamp>, information: &Information) {
    let text = |name, value: &Option<String>| value.clone().map(|value| Field::Text(name, value));
    let date = |name, value: Option<Timestamp>| value.map(|value| Field::Text(name, value.to_string()));
    let flag = |name, value: Option<bool>| value.map(|value| Field::Text(name, value.to_string()));
    let resolution = information.resolution.map(|it| it.code().to_string());
    charge.extend(
        [
            text("name", &information.name),
            text("description", &information.description),
            text("priceTimeFrame_Period.resolution", &resolution),
            date("effectiveDate", effective),
            date("terminationDate", information.termination),
            information.vat_class.map(|it| Field::Code("VATPayer", it.code().into())),
            flag("transparentInvoicing", information.transparent_invoicing),
            flag("taxIndicator", information.tax_indicator),
        ]
        .into_iter()
        .flatten(),
    );
}

fn series_fields(charge: &mut Vec<Field>, series: &Series) {
    let mut fields = Vec::with_capacity(series.points.len() + 2);
    fields.extend(series.resolution.map(|it| Field::Text("resolution", it.code().into())));
    if let Some(interval) = series.interval {
        charge.push(Field::Text("effectiveDate", interval.start.to_string()));
        // As it was received: a series may end on a stop date, where no count of points would lead.
        let bounds = [("start", interval.start), ("end", interval.end)];
        let bounds = bounds.map(|(name, at)| Field::Code(name, at.to_minutes()));
        fields.push(Field::Group("timeInterval", bounds.into()));
    }
    fields.extend(series.points.iter().map(|point| {
        let position = Field::Number("position", point.position.to_string());
        Field::Item("Point", vec![position, Field::Number("price.amount", point.price.to_six_decimals())])
    }));
    charge.push(Field::Item("Series_Period", fields));
}
