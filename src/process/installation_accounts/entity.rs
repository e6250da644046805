//! What the integrations deliver: six kinds of entities, each known by its kind and its number.
//!
//! These are plain values, and they are stored as they stand here (see [`super::record`]): a change to a field is a new
//! format version. Source: installation-accounts 1.

use std::fmt;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EntityKind {
    BusinessPartner,
    ConnectionObject,
    Installation,
    ContractAccount,
    BillingContract,
    /// An account entered by hand, for an offer; it is no entity of the ERP.
    ProspectAccount,
}

impl EntityKind {
    pub const ALL: [EntityKind; 6] = [
        EntityKind::BusinessPartner,
        EntityKind::ConnectionObject,
        EntityKind::Installation,
        EntityKind::ContractAccount,
        EntityKind::BillingContract,
        EntityKind::ProspectAccount,
    ];

    /// As documents and lists name it.
    pub const fn name(self) -> &'static str {
        match self {
            EntityKind::BusinessPartner => "BusinessPartner",
            EntityKind::ConnectionObject => "ConnectionObject",
            EntityKind::Installation => "Installation",
            EntityKind::ContractAccount => "ContractAccount",
            EntityKind::BillingContract => "BillingContract",
            EntityKind::ProspectAccount => "ProspectAccount",
        }
    }

    /// The element of a document, and with other spelling the column of a file, that holds its number.
    pub const fn number_element(self) -> &'static str {
        match self {
            EntityKind::BusinessPartner => "partnerNumber",
            EntityKind::ConnectionObject => "connectionObjectNumber",
            EntityKind::Installation => "installationNumber",
            EntityKind::ContractAccount => "contractAccountNumber",
            EntityKind::BillingContract => "billingContractNumber",
            EntityKind::ProspectAccount => "prospectNumber",
        }
    }
}

/// Which entity: `Installation I1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EntityKey {
    pub kind: EntityKind,
    pub number: String,
}

impl EntityKey {
    pub fn new(kind: EntityKind, number: impl Into<String>) -> Self {
        Self { kind, number: number.into() }
    }
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.number)
    }
}

/// One entity, whole: a delivery replaces all of what was known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Entity {
    BusinessPartner(BusinessPartner),
    ConnectionObject(ConnectionObject),
    Installation(Installation),
    ContractAccount(ContractAccount),
    BillingContract(BillingContract),
    Prospect(Prospect),
}

impl Entity {
    pub fn key(&self) -> EntityKey {
        match self {
            Entity::BusinessPartner(it) => EntityKey::new(EntityKind::BusinessPartner, &it.number),
            Entity::ConnectionObject(it) => EntityKey::new(EntityKind::ConnectionObject, &it.number),
            Entity::Installation(it) => EntityKey::new(EntityKind::Installation, &it.number),
            Entity::ContractAccount(it) => EntityKey::new(EntityKind::ContractAccount, &it.number),
            Entity::BillingContract(it) => EntityKey::new(EntityKind::BillingContract, &it.number),
            Entity::Prospect(it) => EntityKey::new(EntityKind::ProspectAccount, &it.number),
        }
    }
}

/// Geschäftspartner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BusinessPartner {
    pub number: String,
    pub kind: PartnerKind,
    pub name: String,
    pub addresses: Vec<Address>,
    pub contact: Option<Contact>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartnerKind {
    Person,
    Company,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub phone: Option<String>,
    pub email: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    pub street: Option<String>,
    pub house_number: Option<String>,
    pub postal_code: Option<String>,
    pub city: String,
    /// ISO 3166-1, two letters.
    pub country: String,
}

/// `Lindenweg 4, 10115 Berlin, DE`
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |parts: [&str; 2]| parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" ");
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        let street = joined([&text(&self.street), &text(&self.house_number)]);
        let city = joined([&text(&self.postal_code), &self.city]);
        let parts = [street, city, self.country.clone()];
        f.write_str(&parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(", "))
    }
}

/// Anschlussobjekt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConnectionObject {
    pub number: String,
    pub address: Address,
    /// BDEW code number, 13 digits.
    pub grid_operator: String,
}

/// Anlage, with its Anlagen-Zeitdaten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    pub number: String,
    pub connection_object: String,
    pub division: Division,
    /// Its market location, where it has one.
    pub malo: Option<String>,
    /// By their beginning; no two overlap.
    pub slices: Vec<TimeSlice>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Division {
    Electricity,
    Gas,
    Water,
    Heat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MeteringProcedure {
    /// Standard load profile.
    Slp,
    /// Registering load metering.
    Rlm,
    /// Smart metering system.
    Ims,
}

/// What is true of an installation from one day up to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimeSlice {
    pub valid_from: NaiveDate,
    /// The first day on which it is no longer valid; open where there is none.
    pub valid_to: Option<NaiveDate>,
    pub rate_category: Option<String>,
    pub metering_procedure: Option<MeteringProcedure>,
    /// Forecast consumption in kWh per year, a decimal without trailing zeros.
    pub forecast: Option<String>,
    pub voltage_level: Option<String>,
    pub metering_operator: Option<String>,
    pub grid_operator: Option<String>,
    pub supplier_code: Option<String>,
}

impl TimeSlice {
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.valid_from <= day && self.valid_to.is_none_or(|to| day < to)
    }
}

/// Vertragskonto.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContractAccount {
    pub number: String,
    pub partner: String,
    pub payment_method: Option<String>,
    pub dunning_procedure: Option<String>,
    pub billing_address: Option<Address>,
}

/// Abrechnungsvertrag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillingContract {
    pub number: String,
    pub contract_account: Option<String>,
    pub installation: Option<String>,
    pub start: NaiveDate,
    /// The last day inside it; open where there is none.
    pub end: Option<NaiveDate>,
    pub product: Option<String>,
    /// The sync id of the account that it was offered on, where there was one.
    pub external_reference: Option<String>,
}

impl BillingContract {
    pub fn holds(&self, day: NaiveDate) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }
}

/// An account entered by hand, with what is known of it before the ERP delivers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prospect {
    pub number: String,
    pub partner: String,
    pub malo: Option<String>,
    pub address: Option<Address>,
    pub product: Option<String>,
    pub rate_category: Option<String>,
    pub metering_procedure: Option<MeteringProcedure>,
    pub forecast: Option<String>,
}

impl PartnerKind {
    pub const ALL: [PartnerKind; 2] = [PartnerKind::Person, PartnerKind::Company];

    pub const fn code(self) -> &'static str {
        match self {
            PartnerKind::Person => "person",
            PartnerKind::Company => "company",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl Division {
    pub const ALL: [Division; 4] = [Division::Electricity, Division::Gas, Division::Water, Division::Heat];

    pub const fn code(self) -> &'static str {
        match self {
            Division::Electricity => "electricity",
            Division::Gas => "gas",
            Division::Water => "water",
            Division::Heat => "heat",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

impl MeteringProcedure {
    pub const ALL: [MeteringProcedure; 3] = [MeteringProcedure::Slp, MeteringProcedure::Rlm, MeteringProcedure::Ims];

    pub const fn code(self) -> &'static str {
        match self {
            MeteringProcedure::Slp => "SLP",
            MeteringProcedure::Rlm => "RLM",
            MeteringProcedure::Ims => "iMS",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}
