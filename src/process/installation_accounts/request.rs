//! Reading a delivery: names and values become entities, or refusals. What the schema has said is not said again.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::entity::{
    Address, BillingContract, BusinessPartner, ConnectionObject, Contact, ContractAccount, Division, Entity,
    EntityKind, Installation, MeteringProcedure, PartnerKind, Prospect, TimeSlice,
};
use crate::document::{Header, HeaderReader, Reader};
use crate::process::charge_documents::Refusals;
use crate::process::{Refused, Request, RequestReader};

/// Any of the six requests: entities of one kind, each in a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliverEntities {
    pub header: Header,
    pub deliveries: Vec<Delivery>,
}

/// One activity record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub transaction_id: String,
    /// Of the entity: of two the higher one counts, whichever comes first.
    pub version: u64,
    pub entity: Entity,
}

pub fn reader(kind: EntityKind) -> Box<dyn RequestReader> {
    Box::new(DeliveryReader {
        kind,
        header: HeaderReader::default(),
        depth: 0,
        draft: Draft::default(),
        deliveries: Vec::new(),
        refusals: Refusals::default(),
    })
}

struct DeliveryReader {
    kind: EntityKind,
    header: HeaderReader,
    /// Elements that are open: the document, a record, a group of a record.
    depth: usize,
    draft: Draft,
    deliveries: Vec<Delivery>,
    refusals: Refusals,
}

/// A record's values by name, and those of each of its groups.
#[derive(Default)]
struct Draft {
    fields: BTreeMap<String, String>,
    groups: Vec<(String, BTreeMap<String, String>)>,
    byte: usize,
}

const HEADER: usize = 1;
const RECORD: usize = 2;

impl Reader for DeliveryReader {
    fn open(&mut self, name: &str) {
        self.depth += 1;
        match self.depth {
            RECORD => self.draft = Draft::default(),
            depth if depth > RECORD => self.draft.groups.push((name.to_string(), BTreeMap::new())),
            _ => {}
        }
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        match self.depth {
            HEADER => {
                self.refusals.header_speaks(name, value, byte);
                self.header.value(name, value);
            }
            RECORD => {
                self.draft.byte = byte;
                self.draft.fields.insert(name.to_string(), value.to_string());
            }
            _ => {
                if let Some((_, group)) = self.draft.groups.last_mut() {
                    group.insert(name.to_string(), value.to_string());
                }
            }
        }
    }

    fn close(&mut self, _name: &str) {
        if self.depth == RECORD {
            let draft = std::mem::take(&mut self.draft);
            match draft.delivery(self.kind) {
                Some(delivery) => self.deliveries.push(delivery),
                None => self.refusals.push(
                    "a record holds a number or a date that cannot be held; give each its ordinary form".into(),
                    Some(draft.byte),
                ),
            }
        }
        self.depth = self.depth.saturating_sub(1);
    }
}

impl RequestReader for DeliveryReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        self.refusals.or(DeliverEntities { header: self.header.finish(), deliveries: self.deliveries })
    }
}

impl Draft {
    /// `None` where a value does not have the form that the schema asks for.
    fn delivery(&self, kind: EntityKind) -> Option<Delivery> {
        let number = text(&self.fields, kind.number_element())?;
        let entity = match kind {
            EntityKind::BusinessPartner => Entity::BusinessPartner(BusinessPartner {
                number,
                kind: PartnerKind::from_code(&text(&self.fields, "kind")?)?,
                name: text(&self.fields, "name")?,
                addresses: self.groups("Address").map(address).collect(),
                contact: self
                    .groups("Contact")
                    .next()
                    .map(|group| Contact { phone: text(group, "phone"), email: text(group, "email") }),
            }),
            EntityKind::ConnectionObject => Entity::ConnectionObject(ConnectionObject {
                number,
                address: self.groups("Address").map(address).next()?,
                grid_operator: text(&self.fields, "gridOperator")?,
            }),
            EntityKind::Installation => {
                let mut slices: Vec<TimeSlice> = self.groups("TimeSlice").map(slice).collect::<Option<_>>()?;
                slices.sort_by_key(|slice| slice.valid_from);
                Entity::Installation(Installation {
                    number,
                    connection_object: text(&self.fields, "connectionObjectNumber")?,
                    division: Division::from_code(&text(&self.fields, "division")?)?,
                    malo: text(&self.fields, "marketLocation"),
                    slices,
                })
            }
            EntityKind::ContractAccount => Entity::ContractAccount(ContractAccount {
                number,
                partner: text(&self.fields, "partnerNumber")?,
                payment_method: text(&self.fields, "paymentMethod"),
                dunning_procedure: text(&self.fields, "dunningProcedure"),
                billing_address: self.groups("BillingAddress").map(address).next(),
            }),
            EntityKind::BillingContract => Entity::BillingContract(BillingContract {
                number,
                contract_account: text(&self.fields, "contractAccountNumber"),
                installation: text(&self.fields, "installationNumber"),
                start: date(&self.fields, "startDate")??,
                end: date(&self.fields, "endDate")?,
                product: text(&self.fields, "product"),
                external_reference: text(&self.fields, "externalReference"),
            }),
            EntityKind::ProspectAccount => Entity::Prospect(Prospect {
                number,
                partner: text(&self.fields, "partnerNumber")?,
                malo: text(&self.fields, "marketLocation"),
                address: self.groups("Address").map(address).next(),
                product: text(&self.fields, "product"),
                rate_category: text(&self.fields, "rateCategory"),
                metering_procedure: procedure(&self.fields)?,
                forecast: decimal(&self.fields, "forecastConsumption")?,
            }),
        };
        let version = text(&self.fields, "version")?.trim().parse().ok()?;
        Some(Delivery { transaction_id: text(&self.fields, "mRID")?, version, entity })
    }

    fn groups(&self, name: &'static str) -> impl Iterator<Item = &BTreeMap<String, String>> {
        self.groups.iter().filter(move |(group, _)| group == name).map(|(_, values)| values)
    }
}

type Values = BTreeMap<String, String>;

fn text(values: &Values, name: &str) -> Option<String> {
    values.get(name).filter(|value| !value.is_empty()).cloned()
}

/// The date, if there is one; `None` where it is none.
fn date(values: &Values, name: &str) -> Option<Option<NaiveDate>> {
    text(values, name).map_or(Some(None), |value| NaiveDate::from_str(&value).ok().map(Some))
}

/// A decimal without the zeros at its end, so that one number has one form.
fn decimal(values: &Values, name: &str) -> Option<Option<String>> {
    let number = |value: String| Decimal::from_str(value.trim()).ok().map(|it| Some(it.normalize().to_string()));
    text(values, name).map_or(Some(None), number)
}

fn procedure(values: &Values) -> Option<Option<MeteringProcedure>> {
    text(values, "meteringProcedure").map_or(Some(None), |code| MeteringProcedure::from_code(&code).map(Some))
}

fn address(values: &Values) -> Address {
    Address {
        street: text(values, "street"),
        house_number: text(values, "houseNumber"),
        postal_code: text(values, "postalCode"),
        city: text(values, "city").unwrap_or_default(),
        country: text(values, "country").unwrap_or_default(),
    }
}

fn slice(values: &Values) -> Option<TimeSlice> {
    Some(TimeSlice {
        valid_from: date(values, "validFrom")??,
        valid_to: date(values, "validTo")?,
        rate_category: text(values, "rateCategory"),
        metering_procedure: procedure(values)?,
        forecast: decimal(values, "forecastConsumption")?,
        voltage_level: text(values, "voltageLevel"),
        metering_operator: text(values, "meteringOperator"),
        grid_operator: text(values, "gridOperator"),
        supplier_code: text(values, "supplierCode"),
    })
}
