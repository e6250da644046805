//! What an answer says, whatever it answers. Source: charges 7.3.

use std::sync::Arc;

use super::Broken;
use crate::document::{Field, Kind, Outgoing, Record};
use crate::market::Party;
use crate::process::{Context, Fate};

/// Most characters of a transaction id that an answer repeats. Source: charges 7.3.
const ORIGINAL_TRANSACTION_ID_CHARACTERS_MAX: usize = 100;

/// Names the transaction that a record answers.
const ORIGINAL: &str = "originalTransactionIDReference_MktActivityRecord.mRID";

/// The record that confirms a transaction or, with the rules that it broke, rejects it; `about` stands between its ids
/// and the reasons.
pub fn receipt(transaction_id: &str, id: String, about: Option<Field>, broken: &[Broken]) -> Record {
    let original = transaction_id.chars().take(ORIGINAL_TRANSACTION_ID_CHARACTERS_MAX).collect();
    let reasons = broken.iter().map(|broken| (broken.code.code().to_string(), broken.text.clone()));
    let reasons: Vec<(String, String)> = reasons.collect();
    let mut fields = vec![Field::Text("mRID", id), Field::Text(ORIGINAL, original)];
    fields.extend(about);
    fields.extend(reasons.iter().map(|(code, text)| {
        Field::Item("Reason", vec![Field::Code("code", code.clone()), Field::Text("text", text.clone())])
    }));
    Record { transaction_id: transaction_id.to_string(), reasons, fields, bearing: None }
}

/// A record of what there is, given to whoever asked for it: behind its own id it names the transaction that it answers.
pub fn answering(transaction_id: &str, mut record: Record) -> Record {
    record.fields.insert(1, Field::Text(ORIGINAL, transaction_id.to_string()));
    record
}

/// A document of the hub, on its way to `receiver`.
pub fn document(
    kind: &'static Kind,
    receiver: &Party,
    business_reason: &str,
    records: Arc<[Record]>,
    context: &Context,
) -> Outgoing {
    Outgoing {
        kind,
        receiver: receiver.clone(),
        delegate: None,
        sender: context.market.hub_party(),
        business_reason: business_reason.into(),
        created: context.now,
        message_id: context.id(&[kind.name, "document", receiver.number.as_str(), receiver.role.code()]),
        head: Vec::new(),
        records,
    }
}

/// How a transaction fared, for the log.
pub fn fate(transaction_id: &str, broken: &[Broken]) -> Fate {
    Fate { transaction_id: transaction_id.to_string(), broken: broken.iter().map(|it| it.number).collect() }
}
