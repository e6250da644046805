//! Rules that queries share. Each query is answered on its own, and its texts need not name what it is about.

use super::{Broken, TRANSACTION_ID_CHARACTERS_MAX, at_most, is_blank};
use crate::document::Header;
use crate::market::{ActorRole, Party, ReasonCode};

/// What is wrong with the document of a query: `asker` is its sender, if that is an active market participant.
pub fn document_flaws(header: &Header, asker: Option<&Party>, document_type: &str, reason: &str) -> Vec<Broken> {
    let mut flaws = Vec::new();
    if asker.is_none() {
        let text = "the sender is not, or no longer, an active market participant in its role";
        flaws.push(Broken::new("VR.152", ReasonCode::D02, text));
    }
    if header.document_type != document_type {
        let text = format!("the document type must be {document_type} with business reason {reason}");
        flaws.push(Broken::new("VR.404", ReasonCode::D02, text));
    }
    if is_blank(&header.receiver_number) {
        flaws.push(Broken::new("VR.153", ReasonCode::D02, "the document has no recipient"));
    }
    if header.receiver_role != ActorRole::MeteringPointAdministrator.code() {
        flaws.push(Broken::new("VR.165", ReasonCode::E55, "the recipient role must be DDZ"));
    }
    flaws
}

/// What is wrong with the id of a query.
pub fn transaction_flaws(transaction_id: &str) -> Vec<Broken> {
    let mut flaws = Vec::new();
    if is_blank(transaction_id) {
        flaws.push(Broken::new("VR.223", ReasonCode::E0H, "the transaction id is missing"));
    }
    if !at_most(transaction_id, TRANSACTION_ID_CHARACTERS_MAX) {
        let text = format!("the transaction id is longer than {TRANSACTION_ID_CHARACTERS_MAX} characters");
        flaws.push(Broken::new("VR.922", ReasonCode::E86, text));
    }
    flaws
}
