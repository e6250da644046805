//! What is asked of a document at the door, beyond its schema: market-roles 3.2, H01, H03 to H10, T01 and T02.
//!
//! All that the document says wrong is told at once; then what is wrong because of who sent it, and to whom. The ids of
//! documents and records that came before (H11, T03, T04) are looked up by the gateway, which also compares the sender's
//! number with the caller's (H02).

use super::{SentRecord, answers, customers, metering_point, requests};
use crate::document::{Header, Refusal};
use crate::market::{ActorNumber, ActorRole, Party};

/// A kind of document, and which header it may have.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Name without `_MarketDocument`.
    pub name: &'static str,
    pub namespace: &'static str,
    pub type_code: &'static str,
    /// Business reasons, with the roles that may send the document for them.
    pub reasons: &'static [(&'static str, &'static [ActorRole])],
}

pub const SUPPLIER: &[ActorRole] = &[ActorRole::EnergySupplier];
pub const GRID: &[ActorRole] = &[ActorRole::GridAccessProvider];
pub const SUPPLIER_OR_GRID: &[ActorRole] = &[ActorRole::EnergySupplier, ActorRole::GridAccessProvider];
pub const GRID_OR_SYSTEM: &[ActorRole] = &[ActorRole::GridAccessProvider, ActorRole::SystemOperator];
pub const SYSTEM: &[ActorRole] = &[ActorRole::SystemOperator];

/// Most characters of a message id or a transaction id. Source: market-roles 4.2.
pub const ID_CHARACTERS_MAX: usize = 36;

/// Most characters of a sender's own text that a refusal repeats.
const QUOTED_CHARACTERS_MAX: usize = 60;

impl Door {
    /// Why this header keeps the document outside, in the order of the rules; `place` knows where an element stands.
    pub fn turned_away(&self, header: &Header, place: impl Fn(&str) -> Option<usize>) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        let mut refuse = |code, target, element: &str, message: String| {
            refusals.push(Refusal { code, target: Some(target), message, byte: place(element) });
        };
        let reason = self.reasons.iter().find(|(reason, _)| *reason == header.business_reason);
        let role = ActorRole::from_code(&header.sender_role);
        let may_send = |roles: &[ActorRole]| role.is_some_and(|role| roles.contains(&role));

        if header.sender_number.trim().is_empty() {
            let message = "the document does not say who sent it: give the sender's number".to_string();
            refuse("00002", "SenderId", SENDER_NUMBER, message);
        }
        // A role is wrong for the reason given, or where that is unknown for the whole document.
        let allowed = reason.map_or_else(|| self.reasons.iter().any(|(_, roles)| may_send(roles)), |it| may_send(it.1));
        if !allowed {
            let message = format!("role {} may not send {} for this reason", quoted(&header.sender_role), self.name);
            refuse("00003", "SenderRole", SENDER_ROLE, message);
        }
        if header.receiver_role != ActorRole::MeteringPointAdministrator.code() {
            let message = format!("the receiver's role is {}: it must be DDZ", quoted(&header.receiver_role));
            refuse("00304", "marketRole.type", RECEIVER_ROLE, message);
        }
        if header.receiver_number.trim().is_empty() {
            let message = "the document does not say who is to receive it: give the hub's number".to_string();
            refuse("00303", "ReceiverId", RECEIVER_NUMBER, message);
        }
        if header.message_id.trim().is_empty() {
            refuse("00201", "MessageId", "mRID", "mRID is empty: give the document an id of its own".to_string());
        } else if is_too_long(&header.message_id) {
            refuse("00305", "MessageId", "mRID", too_long("message id", &header.message_id));
        }
        if header.document_type != self.type_code {
            let message = format!(
                "type {} is not that of {}: write {}",
                quoted(&header.document_type),
                self.name,
                self.type_code
            );
            refuse("00401", "Type", "type", message);
        }
        if reason.is_none() {
            let known: Vec<&str> = self.reasons.iter().map(|(reason, _)| *reason).collect();
            let message = format!(
                "process type {} does not go with {}: it takes {}",
                quoted(&header.business_reason),
                self.name,
                known.join(", ")
            );
            refuse("00402", "ProcessType", "process.processType", message);
        }
        if let Some(sector) = header.business_sector.as_deref().filter(|sector| *sector != ELECTRICITY) {
            let message = format!("business sector {} is not electricity: write {ELECTRICITY}", quoted(sector));
            refuse("00403", "BusinessType", "businessSector.type", message);
        }
        refusals
    }
}

/// Why a document of the market roles is kept outside, now that it is known who sent it and whose house this is: H01, H05.
/// Nothing for documents of others. `acts_in_role` says that the caller may use the role although it is not its own.
pub fn turned_away_from(
    namespace: &str,
    header: &Header,
    caller: &Party,
    acts_in_role: bool,
    hub: &ActorNumber,
) -> Vec<Refusal> {
    if !DOORS.iter().any(|door| door.namespace == namespace) {
        return Vec::new();
    }
    let mut refusals = Vec::new();
    let mut refuse = |code, target, message: String| {
        refusals.push(Refusal { code, target, message, byte: None });
    };
    if header.sender_role != caller.role.code() && !acts_in_role {
        let message =
            format!("the document is sent as {}, but by a {}", quoted(&header.sender_role), caller.role.code());
        refuse("00001", None, message);
    }
    if header.receiver_number != hub.as_str() {
        let message = format!("the receiver is {}: the hub is {hub}", quoted(&header.receiver_number));
        refuse("00303", Some("ReceiverId"), message);
    }
    refusals
}

/// The code of a flaw against a document's schema, and its target (5.3); documents about charges have one of their own
/// (charges 2.1).
pub fn schema_flaw(namespace: &str) -> (&'static str, Option<&'static str>) {
    let is_ours = DOORS.iter().any(|door| door.namespace == namespace);
    if is_ours { ("00302", Some("schema")) } else { ("SchemaValidationError", None) }
}

/// Every document of the market roles that comes in.
pub(super) const DOORS: [Door; 12] = [
    requests::ChangeOfSupplier::DOOR,
    requests::EndOfSupply::DOOR,
    requests::Reallocation::DOOR,
    requests::Cancellation::DOOR,
    requests::Service::DOOR,
    requests::MasterDataQuery::DOOR,
    customers::CustomerCharacteristics::DOOR,
    metering_point::MeteringPointCharacteristics::DOOR,
    answers::ReallocationConfirmed::DOOR,
    answers::ReallocationRejected::DOOR,
    answers::ServiceConfirmed::DOOR,
    answers::ServiceRejected::DOOR,
];

/// Why a record's id keeps its document outside.
pub fn transaction_id_turned_away(id: &str, byte: usize) -> Option<Refusal> {
    let (code, message) = if id.trim().is_empty() {
        ("00202", "the mRID of a record is empty: give each record an id of its own".to_string())
    } else if is_too_long(id) {
        ("00205", too_long("transaction id", id))
    } else {
        return None;
    };
    Some(Refusal { code, target: Some("TransactionId"), message, byte: Some(byte) })
}

fn is_too_long(id: &str) -> bool {
    id.chars().nth(ID_CHARACTERS_MAX).is_some()
}

fn too_long(what: &str, id: &str) -> String {
    format!("{what} {} is longer than {ID_CHARACTERS_MAX} characters", quoted(id))
}

fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_CHARACTERS_MAX) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}

const SENDER_NUMBER: &str = "sender_MarketParticipant.mRID";
const SENDER_ROLE: &str = "sender_MarketParticipant.marketRole.type";
const RECEIVER_NUMBER: &str = "receiver_MarketParticipant.mRID";
const RECEIVER_ROLE: &str = "receiver_MarketParticipant.marketRole.type";
/// Sector code of electricity.
const ELECTRICITY: &str = "23";
