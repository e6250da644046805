//! RequestChangeAccountingPointCharacteristics: a metering point is new, or something about it has changed.
//! Source: market-roles 4.6, metering-points 5.1.
//!
//! What was left out stays as it is; what was there and empty is taken away. So the difference is kept here.

use super::door::{Door, GRID, GRID_OR_SYSTEM, SYSTEM};
use super::requests::PROCESS_REFERENCE;
use super::{Address, Id, Measured, Said, Sent, SentRecord};

pub type RequestChangeAccountingPointCharacteristics = Sent<MeteringPointCharacteristics>;

/// RSM-021, as its sender wrote it. Codes are those of market-roles 4.6.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeteringPointCharacteristics {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub start: String,
    pub metering_point: Id,
    pub point_type: Option<String>,
    pub settlement_method: Option<String>,
    pub metering_method: Option<String>,
    pub connection_state: Option<String>,
    pub read_cycle: Option<String>,
    pub net_settlement_group: Option<String>,
    /// `--MM-DD`
    pub next_reading_date: Option<String>,
    pub grid_area: Option<Id>,
    /// `inMeteringGridArea`: where energy comes from, at an exchange point.
    pub from_grid_area: Option<Id>,
    /// `outMeteringGridArea`: where it goes to.
    pub to_grid_area: Option<Id>,
    pub power_plant: Option<Id>,
    pub capacity: Option<Measured>,
    pub connection_type: Option<String>,
    pub disconnection_method: Option<String>,
    pub asset_type: Option<String>,
    pub production_obligation: Option<String>,
    pub maximum_power: Option<Measured>,
    pub maximum_current: Option<Measured>,
    pub meter: Option<String>,
    pub products: Vec<SentProduct>,
    pub location_description: Option<String>,
    pub address_reference: Option<String>,
    pub address: Option<Address>,
    pub is_actual_address: Option<String>,
    pub parent: Option<Id>,
}

/// `Series`; the first one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentProduct {
    pub product: Option<String>,
    pub annual_volume: Option<String>,
    pub unit: Option<String>,
}

impl SentRecord for MeteringPointCharacteristics {
    const DOOR: Door = Door {
        name: "RequestChangeAccountingPointCharacteristics",
        namespace: "urn:ediel.org:structure:requestchangeaccountingpointcharacteristics:0:1",
        type_code: "E58",
        reasons: &[
            ("E02", GRID),
            ("E20", GRID_OR_SYSTEM),
            ("E32", GRID),
            ("E67", GRID),
            ("E75", GRID),
            ("E79", GRID),
            ("D14", GRID),
            ("D15", GRID),
            ("D16", GRID_OR_SYSTEM),
            ("D39", SYSTEM),
        ],
    };

    fn open(&mut self, group: &str) {
        match group {
            "Series" => self.products.push(SentProduct::default()),
            "usagePointLocation.mainAddress" => self.address = Some(Address::default()),
            _ => {}
        }
    }

    fn take(&mut self, group: &str, name: &str, said: &Said) {
        match (group, name) {
            ("MktActivityRecord", "mRID") => self.transaction_id = said.text(),
            ("MktActivityRecord", PROCESS_REFERENCE) => self.process_reference = Some(said.text()),
            ("MktActivityRecord", "validityStart_DateAndOrTime.dateTime") => self.start = said.text(),
            ("MarketEvaluationPoint", _) => self.take_point(name, said),
            ("Series", _) => {
                if let Some(product) = self.products.last_mut() {
                    product.take(name, said);
                }
            }
            _ => {
                if let Some(address) = &mut self.address {
                    address.take(group, name, said);
                }
            }
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

impl MeteringPointCharacteristics {
    fn take_point(&mut self, name: &str, said: &Said) {
        let (text, id, measured) = (|| Some(said.text()), || Some(said.id()), || Some(said.measured()));
        match name {
            "mRID" => self.metering_point = said.id(),
            "type" => self.point_type = text(),
            "settlementMethod" => self.settlement_method = text(),
            "meteringMethod" => self.metering_method = text(),
            "connectionState" => self.connection_state = text(),
            "readCycle" => self.read_cycle = text(),
            "netSettlementGroup" => self.net_settlement_group = text(),
            "nextReadingDate" => self.next_reading_date = text(),
            "meteringGridArea_Domain.mRID" => self.grid_area = id(),
            "inMeteringGridArea_Domain.mRID" => self.from_grid_area = id(),
            "outMeteringGridArea_Domain.mRID" => self.to_grid_area = id(),
            "linked_MarketEvaluationPoint.mRID" => self.power_plant = id(),
            "physicalConnectionCapacity" => self.capacity = measured(),
            "mPConnectionType" => self.connection_type = text(),
            "disconnectionMethod" => self.disconnection_method = text(),
            "asset_MktPSRType.psrType" => self.asset_type = text(),
            "productionObligation" => self.production_obligation = text(),
            "contractedConnectionCapacity" => self.maximum_power = measured(),
            "ratedCurrent" => self.maximum_current = measured(),
            "meter.mRID" => self.meter = text(),
            "description" => self.location_description = text(),
            "usagePointLocation.geoInfoReference" => self.address_reference = text(),
            "usagePointLocation.actualAddressIndicator" => self.is_actual_address = text(),
            "parent_MarketEvaluationPoint.mRID" => self.parent = id(),
            _ => {}
        }
    }
}

impl SentProduct {
    fn take(&mut self, name: &str, said: &Said) {
        let field = match name {
            "product" => &mut self.product,
            "estimatedAnnualVolume_Quantity.quantity" => &mut self.annual_volume,
            "quantity_Measure_Unit.name" => &mut self.unit,
            _ => return,
        };
        *field = Some(said.text());
    }
}
