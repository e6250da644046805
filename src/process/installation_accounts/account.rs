//! The account itself: whom and what it joins, what it shows, and whether that is known to be out of date.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::entity::{EntityKey, EntityKind};
use super::record::instant;
use crate::market::Timestamp;

/// Anlagenkonto.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The running number of its sync id.
    pub number: u64,
    /// 32 hexadecimal digits, made from the sync id.
    pub id: String,
    pub partner: String,
    /// The prospect that it was entered as, if it was.
    pub prospect: Option<String>,
    /// The installations that were assigned to it, in that order; the last one is the one that it is about.
    pub assignments: Vec<Assignment>,
    pub contracts: BTreeSet<String>,
    pub page: Page,
    /// Raised by every effective change, beginning with 1.
    pub version: u64,
    #[serde(with = "instant")]
    pub calculated_at: Timestamp,
    /// Everything that the page was calculated from, with its version; 0 for what is named and was not there.
    pub calculated_from: BTreeMap<EntityKey, u64>,
    /// The next day on which the page changes by itself.
    pub next_change: Option<NaiveDate>,
    pub mark: Option<Mark>,
    /// Why the last attempt to update it failed.
    pub failure: Option<String>,
}

/// An installation that was assigned to an account, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assignment {
    pub installation: String,
    #[serde(with = "instant")]
    pub since: Timestamp,
}

/// What the account shows can no longer be right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When it was marked first.
    #[serde(with = "instant")]
    pub since: Timestamp,
    pub reasons: BTreeSet<Reason>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// A linked entity has a newer version.
    Change,
    /// A date has passed on which something begins or ends.
    Time,
}

/// Everything shown that follows from the linked entities and the day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    pub status: Status,
    pub connection_object: Option<String>,
    pub contract_account: Option<String>,
    pub billing_contract: Option<String>,
    pub values: BTreeMap<ValueName, Shown>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Status {
    /// No billing contract yet.
    #[default]
    Prospect,
    /// Its contract starts after today.
    Future,
    Active,
    Ended,
}

/// A value, where it comes from, and since when it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    pub text: String,
    pub source: EntityKey,
    /// The first day of the time slice or the contract that it comes from.
    pub valid_from: Option<NaiveDate>,
    pub standing: Standing,
    /// The local day on which it was first taken from this source.
    pub taken: NaiveDate,
}

/// How the source of a value stands to today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Standing {
    Current,
    /// None is valid today, and this is the next to come.
    Coming,
    /// None is valid today or to come, and this was the last.
    Past,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ValueName {
    MarketLocation,
    PartnerName,
    Address,
    RateCategory,
    MeteringProcedure,
    ForecastConsumption,
    VoltageLevel,
    MeteringOperator,
    GridOperator,
    SupplierCode,
    PaymentMethod,
    DunningProcedure,
    BillingAddress,
    Product,
    ContractStart,
    ContractEnd,
}

impl Account {
    pub fn new(number: u64, partner: impl Into<String>) -> Self {
        let sync_id = sync_id(number);
        Self {
            number,
            id: blake3::hash(sync_id.as_bytes()).to_hex()[..32].to_string(),
            partner: partner.into(),
            prospect: None,
            assignments: Vec::new(),
            contracts: BTreeSet::new(),
            page: Page::default(),
            version: 0,
            calculated_at: Timestamp::from_micros(0),
            calculated_from: BTreeMap::new(),
            next_change: None,
            mark: None,
            failure: None,
        }
    }

    pub fn sync_id(&self) -> String {
        sync_id(self.number)
    }

    /// The installation that it is about.
    pub fn installation(&self) -> Option<&str> {
        self.assignments.last().map(|it| it.installation.as_str())
    }

    /// Partner and installation, as soon as both are known.
    pub fn account_no(&self) -> Option<String> {
        self.installation().map(|installation| format!("{}-{installation}", self.partner))
    }

    pub fn value(&self, name: ValueName) -> Option<&str> {
        self.page.values.get(&name).map(|shown| shown.text.as_str())
    }

    pub fn malo(&self) -> Option<&str> {
        self.value(ValueName::MarketLocation)
    }

    /// Marks it, or adds a reason to the mark that it has.
    pub fn mark(&mut self, reason: Reason, now: Timestamp) {
        let mark = self.mark.get_or_insert_with(|| Mark { since: now, reasons: BTreeSet::new() });
        mark.reasons.insert(reason);
    }

    /// The entities that it follows from.
    pub fn linked(&self) -> impl Iterator<Item = &EntityKey> {
        self.calculated_from.keys()
    }

    pub fn prospect_key(&self) -> Option<EntityKey> {
        self.prospect.as_ref().map(|number| EntityKey::new(EntityKind::ProspectAccount, number))
    }
}

/// `EVIAK0000000003`. Source: installation-accounts 1.
pub fn sync_id(number: u64) -> String {
    format!("EVIAK{number:010}")
}

/// The running number of a sync id; `None` for any other text.
pub fn sync_number(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("EVIAK")?;
    (digits.len() == 10 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

impl Reason {
    pub const fn code(self) -> &'static str {
        match self {
            Reason::Change => "change",
            Reason::Time => "time",
        }
    }
}

impl Status {
    pub const fn code(self) -> &'static str {
        match self {
            Status::Prospect => "prospect",
            Status::Future => "future",
            Status::Active => "active",
            Status::Ended => "ended",
        }
    }
}

impl Standing {
    pub const fn code(self) -> &'static str {
        match self {
            Standing::Current => "current",
            Standing::Coming => "coming",
            Standing::Past => "past",
        }
    }
}

impl ValueName {
    /// As documents and lists name it.
    pub const fn name(self) -> &'static str {
        match self {
            ValueName::MarketLocation => "marketLocation",
            ValueName::PartnerName => "partnerName",
            ValueName::Address => "address",
            ValueName::RateCategory => "rateCategory",
            ValueName::MeteringProcedure => "meteringProcedure",
            ValueName::ForecastConsumption => "forecastConsumption",
            ValueName::VoltageLevel => "voltageLevel",
            ValueName::MeteringOperator => "meteringOperator",
            ValueName::GridOperator => "gridOperator",
            ValueName::SupplierCode => "supplierCode",
            ValueName::PaymentMethod => "paymentMethod",
            ValueName::DunningProcedure => "dunningProcedure",
            ValueName::BillingAddress => "billingAddress",
            ValueName::Product => "product",
            ValueName::ContractStart => "contractStart",
            ValueName::ContractEnd => "contractEnd",
        }
    }
}
