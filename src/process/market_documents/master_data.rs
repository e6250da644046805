//! Master data on their way out: of a metering point (RSM-022, RSM-023) and of its customers (RSM-028, RSM-029).
//!
//! What is not known is left out, with the group around it. Source: market-roles 4.3, 4.6 and 4.7.

use super::Address;
use super::letters::{ORIGINAL, party_field, point_field};
use crate::document::{Field, Record};
use crate::market::{
    ActorNumber, ActorRole, AddressType, AssetType, ConnectionType, CustomerNumber, CustomerType, DisconnectionMethod,
    EnergyProduct, EnergyUnit, MeteringMethod, MeteringPointId, MeteringPointType, SettlementMethod, Timestamp,
};
use crate::process::metering_points::{ConnectionState, MasterData};

/// A metering point from a day on, as a market participant may see it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeteringPointDetails {
    pub grid_company: Option<ActorNumber>,
    pub point_type: Option<MeteringPointType>,
    pub connection_state: Option<ConnectionState>,
    pub grid_area: Option<String>,
    pub production_obligation: Option<bool>,
    /// The one whose supply begins, or goes on, on the day.
    pub supplier: Option<ActorNumber>,
    pub supply_start: Option<Timestamp>,
    /// Its settlement method is told of consumption only.
    pub master: MasterData,
}

/// Which metering point, from when on, and what it answers or belongs to.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub point: &'a MeteringPointId,
    pub from: Timestamp,
    pub original: Option<&'a str>,
}

impl Subject<'_> {
    fn record(&self, id: String, details: Vec<Field>) -> Record {
        let mut fields = vec![Field::Text("mRID", id)];
        fields.extend(self.original.map(|it| Field::Text(ORIGINAL, it.to_string())));
        fields.push(Field::Text("validityStart_DateAndOrTime.dateTime", self.from.to_string()));
        fields.push(Field::Group("MarketEvaluationPoint", details));
        Record {
            transaction_id: self.original.unwrap_or_default().to_string(),
            reasons: Vec::new(),
            fields,
            bearing: None,
        }
    }
}

/// RSM-022 or RSM-023, one record.
pub fn metering_point_data(id: String, subject: &Subject, details: &MeteringPointDetails) -> Record {
    let it = details;
    let master = &details.master;
    let code = |name, code: Option<&str>| code.map(|code| Field::Code(name, code.to_string()));
    let area = |name, area: &Option<String>| known(area).map(|area| Field::Id(name, "NDK", area.to_string()));
    let measured = |name, unit: &str, amount: &Option<String>| {
        known(amount).map(|amount| Field::Attributed(name, "unit", unit.to_string(), amount.to_string()))
    };
    let is_consumption = it.point_type == Some(MeteringPointType::Consumption);
    let settlement = master.settlement_method.filter(|_| is_consumption);
    let unit = master.unit.filter(|unit| unit.is_told_in_master_data());
    let reference = at_most(&master.address_reference, REFERENCE_CHARACTERS_MAX);
    let series = [
        code("product", master.product.map(EnergyProduct::code)),
        code("quantity_Measure_Unit.name", unit.map(EnergyUnit::code)),
    ];
    let fields = [
        Some(point_field("mRID", subject.point)),
        it.grid_company.as_ref().map(|it| party_field("meteringPointResponsible_MarketParticipant.mRID", it)),
        code("type", it.point_type.map(MeteringPointType::code)),
        code("settlementMethod", settlement.map(SettlementMethod::code)),
        code("meteringMethod", master.metering_method.map(MeteringMethod::code)),
        code("connectionState", it.connection_state.map(state_code)),
        master.read_cycle.map(|cycle| Field::Text("readCycle", cycle.to_string())),
        master.net_settlement_group.map(|it| Field::Text("netSettlementGroup", it.to_string())),
        master.next_reading_date.map(|(month, day)| Field::Text("nextReadingDate", format!("--{month:02}-{day:02}"))),
        area("meteringGridArea_Domain.mRID", &it.grid_area),
        area("inMeteringGridArea_Domain.mRID", &master.from_grid_area),
        area("outMeteringGridArea_Domain.mRID", &master.to_grid_area),
        master.power_plant.as_ref().map(|it| point_field("linked_MarketEvaluationPoint.mRID", it)),
        measured("physicalConnectionCapacity", "KWT", &master.capacity),
        code("mPConnectionType", master.connection_type.map(ConnectionType::code)),
        code("disconnectionMethod", master.disconnection_method.map(DisconnectionMethod::code)),
        code("asset_MktPSRType.psrType", master.asset_type.map(AssetType::code)),
        flag("productionObligation", it.production_obligation),
        measured("contractedConnectionCapacity", "KWT", &master.maximum_power),
        measured("ratedCurrent", "AMP", &master.maximum_current),
        at_most(&master.meter, METER_CHARACTERS_MAX).map(|it| Field::Text("meter.mRID", it.to_string())),
        group("Series", series.into_iter().flatten().collect(), Field::Item),
        it.supplier.as_ref().map(|it| party_field("energySupplier_MarketParticipant.mRID", it)),
        date("supplyStart_DateAndOrTime.dateTime", it.supply_start),
        text("description", &master.location_description),
        reference.map(|it| Field::Text("usagePointLocation.geoInfoReference", it.to_string())),
        address("usagePointLocation.mainAddress", &master.address),
        flag("usagePointLocation.actualAddressIndicator", master.is_actual_address),
        master.parent.as_ref().map(|it| Field::Group("Parent_MarketEvaluationPoint", relative(it))),
    ];
    let children = master.children.iter().map(|it| Field::Item("Child_MarketEvaluationPoint", relative(it)));
    subject.record(id, fields.into_iter().flatten().chain(children).collect())
}

fn relative((point, kind): &(MeteringPointId, Option<MeteringPointType>)) -> Vec<Field> {
    let mut fields = vec![point_field("mRID", point)];
    // What is called the description is the code of its type.
    fields.extend(kind.map(|kind| Field::Code("description", kind.code().to_string())));
    fields
}

/// The customers of a metering point from a day on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerDetails {
    pub electrical_heating: Option<bool>,
    pub electrical_heating_from: Option<Timestamp>,
    pub first: Option<NamedCustomer>,
    pub second: Option<NamedCustomer>,
    pub protected_name: Option<bool>,
    pub has_supplier: Option<bool>,
    pub supply_start: Option<Timestamp>,
    pub contacts: Vec<Contact>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NamedCustomer {
    pub number: CustomerNumber,
    pub name: Option<String>,
}

/// A customer's address and who is reached there. Protection is told, and changes nothing about what is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub address_type: AddressType,
    pub address_reference: Option<String>,
    pub address: Address,
    pub name: Option<String>,
    pub attention: Option<String>,
    pub phone: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub protected_address: Option<bool>,
}

/// RSM-028 or RSM-029, one record for a receiver in this role: a personal number goes to nobody, a second customer's number
/// and the start of the supply go to suppliers only. Source: market-roles 4.7.
pub fn customer_data(id: String, subject: &Subject, details: &CustomerDetails, receiver: ActorRole) -> Record {
    let it = details;
    let to_supplier = receiver == ActorRole::EnergySupplier;
    let number = |name, customer: &Option<NamedCustomer>| {
        let number = customer.as_ref()?.number.public()?;
        Some(Field::Id(name, CustomerType::Company.coding_scheme(), number.to_string()))
    };
    let name = |name, customer: &Option<NamedCustomer>| text(name, &customer.as_ref()?.name);
    let second = number("secondCustomer_MarketParticipant.mRID", &it.second).filter(|_| to_supplier);
    let fields = [
        Some(point_field("mRID", subject.point)),
        flag("serviceCategory.ElectricalHeating", it.electrical_heating),
        date("electricalHeating_DateAndOrTime.dateTime", it.electrical_heating_from),
        number("firstCustomer_MarketParticipant.mRID", &it.first),
        name("firstCustomer_MarketParticipant.name", &it.first),
        second,
        name("secondCustomer_MarketParticipant.name", &it.second),
        flag("protectedName", it.protected_name),
        flag("hasEnergySupplier", it.has_supplier),
        date("supplyStart_DateAndOrTime.dateTime", it.supply_start).filter(|_| to_supplier),
    ];
    let contacts = it.contacts.iter().map(|contact| Field::Item("UsagePointLocation", contact.fields()));
    subject.record(id, fields.into_iter().flatten().chain(contacts).collect())
}

impl Contact {
    fn fields(&self) -> Vec<Field> {
        let phone = |name, phone: &Option<String>| {
            at_most(phone, PHONE_CHARACTERS_MAX).map(|it| Field::Group(name, vec![Field::Text("ituPhone", it.into())]))
        };
        let mail = at_most(&self.email, MAIL_CHARACTERS_MAX);
        let fields = [
            Some(Field::Code("type", self.address_type.code().to_string())),
            text("geoInfoReference", &self.address_reference),
            address("mainAddress", &self.address),
            text("name", &self.name),
            text("attn_Names.name", &self.attention),
            phone("phone1", &self.phone),
            phone("phone2", &self.mobile),
            mail.map(|it| Field::Group("electronicAddress", vec![Field::Text("email1", it.into())])),
            flag("protectedAddress", self.protected_address),
        ];
        fields.into_iter().flatten().collect()
    }
}

fn address(name: &'static str, it: &Address) -> Option<Field> {
    let street = [
        text("code", &it.street_code),
        text("name", &it.street),
        text("number", &it.number),
        text("floorIdentification", &it.floor),
        text("suiteNumber", &it.room),
    ];
    // The schema takes two capitals and nothing else.
    let is_country = |country: &&str| country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    let country = known(&it.country).filter(is_country);
    let town = [
        text("code", &it.municipality_code),
        text("name", &it.city),
        text("section", &it.city_section),
        country.map(|country| Field::Text("country", country.to_string())),
    ];
    let fields = [
        group("streetDetail", street.into_iter().flatten().collect(), Field::Group),
        group("townDetail", town.into_iter().flatten().collect(), Field::Group),
        text("postalCode", &it.post_code),
        text("poBox", &it.post_box),
    ];
    group(name, fields.into_iter().flatten().collect(), Field::Group)
}

/// A group, unless there is nothing in it.
fn group(name: &'static str, fields: Vec<Field>, make: fn(&'static str, Vec<Field>) -> Field) -> Option<Field> {
    (!fields.is_empty()).then(|| make(name, fields))
}

fn text(name: &'static str, value: &Option<String>) -> Option<Field> {
    known(value).map(|value| Field::Text(name, value.to_string()))
}

fn flag(name: &'static str, value: Option<bool>) -> Option<Field> {
    value.map(|value| Field::Text(name, value.to_string()))
}

fn date(name: &'static str, value: Option<Timestamp>) -> Option<Field> {
    value.map(|value| Field::Text(name, value.to_string()))
}

/// A blank value is one that is not known.
fn known(value: &Option<String>) -> Option<&str> {
    value.as_deref().filter(|value| !value.trim().is_empty())
}

/// A value that is too long for its element is left out: cut, it would be another one.
fn at_most(value: &Option<String>, characters: usize) -> Option<&str> {
    known(value).filter(|value| value.chars().nth(characters).is_none())
}

/// Source: market-roles 4.6.
fn state_code(state: ConnectionState) -> &'static str {
    match state {
        ConnectionState::New => "D03",
        ConnectionState::Connected => "E22",
        ConnectionState::Disconnected => "E23",
        ConnectionState::ClosedDown => "D02",
    }
}

const METER_CHARACTERS_MAX: usize = 60;
const REFERENCE_CHARACTERS_MAX: usize = 36;
const PHONE_CHARACTERS_MAX: usize = 15;
const MAIL_CHARACTERS_MAX: usize = 70;
