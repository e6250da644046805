//! What goes out: a confirm and a reject for each sender, and a notification with whole accounts for the supplier.

use std::sync::Arc;

use super::account::Account;
use super::deliver::Accepted;
use crate::document::{Category, Field, Kind, Outgoing, Record};
use crate::market::{ActorRole, Party};
use crate::process::Context;
use crate::process::charge_documents::Broken;

pub const CONFIRM: Kind = Kind {
    name: "ConfirmChangeSupplierData",
    namespace: "urn:gridpost:supplier:confirmchangesupplierdata:1:0",
    type_code: "S11",
    category: Category::MasterData,
    status: Some("A01"),
};

pub const REJECT: Kind = Kind {
    name: "RejectChangeSupplierData",
    namespace: "urn:gridpost:supplier:rejectchangesupplierdata:1:0",
    type_code: "S11",
    category: Category::MasterData,
    status: Some("A02"),
};

pub const NOTIFY: Kind = Kind {
    name: "NotifyInstallationAccount",
    namespace: "urn:gridpost:supplier:notifyinstallationaccount:1:0",
    type_code: "S12",
    category: Category::MasterData,
    status: None,
};

/// The business reason of everything in this pack.
pub const REASON: &str = "S01";

/// How one record fared, and who hears of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub receiver: Party,
    pub transaction_id: String,
    pub result: Result<Accepted, Vec<Broken>>,
}

impl Answer {
    pub fn broken(&self) -> &[Broken] {
        self.result.as_ref().err().map_or(&[], Vec::as_slice)
    }
}

/// For each receiver one document with everything confirmed and one with everything rejected.
pub fn answers(answers: &[Answer], context: &Context) -> Vec<Outgoing> {
    let mut receivers: Vec<&Party> = Vec::new();
    for answer in answers {
        if !receivers.contains(&&answer.receiver) {
            receivers.push(&answer.receiver);
        }
    }
    let mut outgoing = Vec::new();
    for receiver in receivers {
        let (mut confirmed, mut rejected) = (Vec::new(), Vec::new());
        for (index, answer) in answers.iter().enumerate().filter(|(_, answer)| answer.receiver == *receiver) {
            match &answer.result {
                Ok(accepted) => confirmed.push(confirm(answer, accepted, &id(&CONFIRM, index, context))),
                Err(broken) => rejected.push(reject(answer, broken, &id(&REJECT, index, context))),
            }
        }
        for (kind, records) in [(&CONFIRM, confirmed), (&REJECT, rejected)] {
            if !records.is_empty() {
                outgoing.push(document(kind, receiver, records.into(), context));
            }
        }
    }
    outgoing
}

/// Whole accounts, for the supplier's own queue.
pub fn notification(accounts: &[Account], context: &Context) -> Option<Outgoing> {
    if accounts.is_empty() {
        return None;
    }
    let records = accounts.iter().enumerate().map(|(index, account)| whole(account, id(&NOTIFY, index, context)));
    let records: Vec<Record> = records.collect();
    Some(document(&NOTIFY, &supplier(context), records.into(), context))
}

fn supplier(context: &Context) -> Party {
    Party { number: context.market.hub.clone(), role: ActorRole::EnergySupplier }
}

fn document(kind: &'static Kind, receiver: &Party, records: Arc<[Record]>, context: &Context) -> Outgoing {
    Outgoing {
        kind,
        receiver: receiver.clone(),
        delegate: None,
        sender: supplier(context),
        business_reason: REASON.into(),
        created: context.now,
        message_id: context.id(&[kind.name, "document", receiver.number.as_str(), receiver.role.code()]),
        head: Vec::new(),
        records,
    }
}

fn id(kind: &Kind, index: usize, context: &Context) -> String {
    context.id(&[kind.name, "record", &index.to_string()])
}

fn confirm(answer: &Answer, accepted: &Accepted, id: &str) -> Record {
    let mut fields = ids(answer, id);
    fields.push(Field::Code("outcome", accepted.outcome.code().into()));
    fields.extend(accepted.sync_id.clone().map(|sync_id| Field::Text("syncId", sync_id)));
    fields.extend(accepted.missing.iter().map(|entity| {
        let kind = Field::Code("entity", entity.kind.name().into());
        Field::Item("WaitingFor", vec![kind, Field::Text("number", entity.number.clone())])
    }));
    Record { transaction_id: answer.transaction_id.clone(), reasons: Vec::new(), fields, bearing: None }
}

fn reject(answer: &Answer, broken: &[Broken], id: &str) -> Record {
    let reasons: Vec<(String, String)> =
        broken.iter().map(|broken| (broken.code.code().to_string(), broken.text.clone())).collect();
    let mut fields = ids(answer, id);
    fields.extend(reasons.iter().map(|(code, text)| {
        Field::Item("Reason", vec![Field::Code("code", code.clone()), Field::Text("text", text.clone())])
    }));
    Record { transaction_id: answer.transaction_id.clone(), reasons, fields, bearing: None }
}

fn ids(answer: &Answer, id: &str) -> Vec<Field> {
    vec![
        Field::Text("mRID", id.into()),
        Field::Text("originalTransactionIDReference_MktActivityRecord.mRID", answer.transaction_id.clone()),
    ]
}

fn whole(account: &Account, id: String) -> Record {
    let text = |name, value: Option<&str>| value.map(|value| Field::Text(name, value.to_string()));
    let page = &account.page;
    let mut fields = vec![
        Field::Text("mRID", id),
        Field::Text("accountId", account.id.clone()),
        Field::Text("syncId", account.sync_id()),
    ];
    fields.extend(
        [
            text("accountNumber", account.account_no().as_deref()),
            text("partnerNumber", Some(&account.partner)),
            text("installationNumber", account.installation()),
            text("connectionObjectNumber", page.connection_object.as_deref()),
            text("contractAccountNumber", page.contract_account.as_deref()),
            text("billingContractNumber", page.billing_contract.as_deref()),
            text("marketLocation", account.malo()),
        ]
        .into_iter()
        .flatten(),
    );
    fields.push(Field::Code("status", page.status.code().into()));
    fields.push(Field::Number("version", account.version.to_string()));
    fields.push(Field::Text("calculatedDateTime", account.calculated_at.to_string()));
    if let Some(mark) = &account.mark {
        let reasons = mark.reasons.iter().map(|reason| Field::Code("reason", reason.code().into()));
        let mut group = vec![Field::Text("since", mark.since.to_string())];
        group.extend(reasons);
        fields.push(Field::Group("MarkedForRecalculation", group));
    }
    fields.extend(account.assignments.iter().map(|assignment| {
        let number = Field::Text("installationNumber", assignment.installation.clone());
        Field::Item("Assignment", vec![number, Field::Text("since", assignment.since.to_string())])
    }));
    fields.extend(page.values.iter().map(|(name, shown)| {
        let mut group = vec![
            Field::Code("name", name.name().into()),
            Field::Text("value", shown.text.clone()),
            Field::Code("source", shown.source.kind.name().into()),
            Field::Text("sourceNumber", shown.source.number.clone()),
            Field::Code("standing", shown.standing.code().into()),
        ];
        group.extend(shown.valid_from.map(|day| Field::Text("validFrom", day.to_string())));
        group.push(Field::Text("takenOn", shown.taken.to_string()));
        Field::Item("Value", group)
    }));
    Record { transaction_id: account.sync_id(), reasons: Vec::new(), fields, bearing: None }
}
