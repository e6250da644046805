//! A charge that the hub's own people create in its owner's name, without a document of the owner's (charges 10.7).
//!
//! There is no second road for it: the hub writes the document that the owner would have sent, reason D18, and takes that
//! in. So every rule is asked, the owner is answered, the market is told and the archive has it, as ever. Its id and that of
//! its one operation begin with `gehUI`, by which it is known for what it is.

use serde::Deserialize;

use super::request::{Asked, Information, Operation, REASON_INFORMATION};
use super::state::ChargeIdentity;
use super::{REQUEST_CHANGE_OF_PRICE_LIST, reply};
use crate::document::{Category, Kind, Outgoing, cim_xml};
use crate::market::{ActorNumber, ActorRole, ChargeType, Party, Resolution, Timestamp, VatClass};
use crate::process::Market;
use crate::process::charge_documents::TRANSACTION_ID_CHARACTERS_MAX;
use crate::process::participants::WorldFlaw;

/// How ids of documents begin that no market participant has written.
const ID_PREFIX: &str = "gehUI";

/// The id of such a document and of its operation, made from a text that nobody else has, such as a UUID: as long as
/// VR.922 lets it be.
pub fn document_id(unique: &str) -> String {
    ID_PREFIX.chars().chain(unique.chars()).take(TRANSACTION_ID_CHARACTERS_MAX).collect()
}

/// The roles in which an owner may be meant, the likeliest first (CH.02).
pub const OWNER_ROLES: [ActorRole; 2] = [ActorRole::SystemOperator, ActorRole::GridAccessProvider];

/// What is to be created, in the words of the rows that show a charge. What is left out is for the rules to speak about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewCharge {
    /// Number of the owner.
    pub owner: String,
    /// `EZ` or `DDM`; the one in which the owner takes part, when it is left out.
    #[serde(default)]
    pub owner_role: Option<String>,
    /// `D01`, `D02` or `D03`.
    pub charge_type: String,
    pub charge_id: String,
    /// An instant in whole seconds.
    pub valid_from: String,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
    /// `PT15M`, `PT1H`, `P1D` or `P1M`.
    #[serde(default)]
    pub resolution: Option<String>,
    /// `D01` or `D02`.
    #[serde(default)]
    pub vat_class: Option<String>,
    #[serde(default)]
    pub transparent_invoicing: Option<bool>,
    #[serde(default)]
    pub tax: Option<bool>,
}

/// The same, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub identity: ChargeIdentity,
    /// The owner's role, where it was said.
    pub role: Option<ActorRole>,
    operation: Operation,
}

impl NewCharge {
    /// What is wanted, or the first value that cannot be understood.
    pub fn wanted(&self) -> Result<Wanted, WorldFlaw> {
        let charge_type = self.code("charge_type", &self.charge_type, ChargeType::from_code)?;
        let owner_role = |code: &str| ActorRole::from_code(code).filter(|role| OWNER_ROLES.contains(role));
        let role = self.optional("owner_role", &self.owner_role, owner_role)?;
        // Documents say whole seconds, so nothing finer may get lost on the way into one.
        let whole =
            |text: &str| Timestamp::parse_date_time(text).filter(|at| *at == Timestamp::from_seconds(at.seconds()));
        let information = Information {
            name: self.name.clone(),
            description: self.description.clone(),
            resolution: self.optional("resolution", &self.resolution, Resolution::from_code)?,
            termination: None,
            vat_class: self.optional("vat_class", &self.vat_class, VatClass::from_code)?,
            transparent_invoicing: self.transparent_invoicing,
            tax_indicator: self.tax,
        };
        let operation = Operation {
            transaction_id: String::new(),
            owner: self.owner.clone(),
            charge_type: Some(charge_type),
            charge_id: self.charge_id.clone(),
            effective: Some(self.code("valid_from", &self.valid_from, whole)?),
            asked: Asked::Information(information),
        };
        let owner = ActorNumber::new(&*self.owner);
        Ok(Wanted { identity: ChargeIdentity { owner, charge_type, id: self.charge_id.clone() }, role, operation })
    }

    fn optional<T>(
        &self,
        field: &'static str,
        text: &Option<String>,
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, WorldFlaw> {
        text.as_ref().map(|text| self.code(field, text, read)).transpose()
    }

    fn code<T>(&self, field: &'static str, text: &str, read: impl Fn(&str) -> Option<T>) -> Result<T, WorldFlaw> {
        read(text).ok_or_else(|| {
            let id = format!("{}/{}/{}", self.owner, self.charge_type, self.charge_id);
            WorldFlaw { table: "charge", id, field, value: text.to_string() }
        })
    }
}

impl Wanted {
    /// The document that `owner` would have sent, under an id from [`document_id`].
    pub fn document(&self, owner: &Party, id: &str, market: &Market, now: Timestamp) -> Vec<u8> {
        let record = reply::notification(&self.operation, id.to_string());
        let document = Outgoing {
            kind: &REQUEST,
            receiver: market.hub_party(),
            delegate: None,
            sender: owner.clone(),
            business_reason: REASON_INFORMATION.to_string(),
            created: now,
            message_id: id.to_string(),
            head: Vec::new(),
            records: [record].into(),
        };
        cim_xml::write(&document, &cim_xml::write_records(document.kind, &document.records))
    }
}

/// RSM-033 as we write it: the one document of a participant's that the hub ever makes.
static REQUEST: Kind = Kind {
    name: REQUEST_CHANGE_OF_PRICE_LIST.name,
    namespace: REQUEST_CHANGE_OF_PRICE_LIST.namespace,
    type_code: "D10",
    category: Category::MasterData,
    status: None,
};
