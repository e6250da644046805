//! Master data of a metering point: what is known of it besides its type, its grid area and its state.
//!
//! What is not known is left out: a world file need not say everything. Source: metering-points 5.1, 5.2, 6.

use serde::{Deserialize, Serialize};

use crate::market::{
    AssetType, ConnectionType, DisconnectionMethod, EnergyProduct, EnergyUnit, MeteringMethod, MeteringPointId,
    MeteringPointType, SettlementMethod,
};
use crate::process::accounting_points::customer_data;
use crate::process::market_documents::Address;

/// A metering point that another belongs to, with its type where that is known.
pub type Relative = (MeteringPointId, Option<MeteringPointType>);

/// How often a metering point is read.
pub const READ_CYCLES: [&str; 4] = ["PT15M", "PT1H", "P1M", "P1Y"];

/// Groups of net settlement that there are; 4, 5 and 7 are none (metering-points 12).
pub const NET_SETTLEMENT_GROUPS: [u8; 6] = [0, 1, 2, 3, 6, 99];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterData {
    pub settlement_method: Option<SettlementMethod>,
    pub metering_method: Option<MeteringMethod>,
    /// One of [`READ_CYCLES`].
    pub read_cycle: Option<&'static str>,
    /// One of [`NET_SETTLEMENT_GROUPS`].
    pub net_settlement_group: Option<u8>,
    /// Month and day.
    pub next_reading_date: Option<(u8, u8)>,
    /// Where energy comes from, and where it goes to; of exchange only.
    pub from_grid_area: Option<String>,
    pub to_grid_area: Option<String>,
    pub power_plant: Option<MeteringPointId>,
    /// In kilowatt.
    pub capacity: Option<String>,
    pub connection_type: Option<ConnectionType>,
    pub disconnection_method: Option<DisconnectionMethod>,
    pub asset_type: Option<AssetType>,
    /// In kilowatt.
    pub maximum_power: Option<String>,
    /// In ampere.
    pub maximum_current: Option<String>,
    pub meter: Option<String>,
    pub product: Option<EnergyProduct>,
    pub unit: Option<EnergyUnit>,
    pub location_description: Option<String>,
    pub address_reference: Option<String>,
    pub address: Address,
    pub is_actual_address: Option<bool>,
    pub parent: Option<Relative>,
    /// Those that are not closed down, in the order of their numbers.
    pub children: Vec<Relative>,
}

/// The cycle of this name.
pub fn read_cycle(text: &str) -> Option<&'static str> {
    READ_CYCLES.into_iter().find(|cycle| *cycle == text)
}

/// As it is stored.
#[derive(Serialize, Deserialize)]
pub struct StoredMasterData {
    /// Settlement, metering method, read cycle, connection type, disconnection method, asset type, product, unit.
    codes: [Option<String>; 8],
    net_settlement_group: Option<u8>,
    next_reading_date: Option<(u8, u8)>,
    /// From and to.
    grid_areas: [Option<String>; 2],
    power_plant: Option<String>,
    /// Capacity, maximum power, maximum current.
    limits: [Option<String>; 3],
    meter: Option<String>,
    /// Description, reference.
    location: [Option<String>; 2],
    address: [Option<String>; 11],
    is_actual_address: Option<bool>,
    /// Numbers and types.
    parent: Option<(String, Option<u8>)>,
    children: Vec<(String, Option<u8>)>,
}

impl From<&MasterData> for StoredMasterData {
    fn from(it: &MasterData) -> Self {
        let code = |code: Option<&str>| code.map(str::to_string);
        let relative = |(id, kind): &Relative| (id.to_string(), kind.map(MeteringPointType::number));
        Self {
            codes: [
                code(it.settlement_method.map(SettlementMethod::code)),
                code(it.metering_method.map(MeteringMethod::code)),
                code(it.read_cycle),
                code(it.connection_type.map(ConnectionType::code)),
                code(it.disconnection_method.map(DisconnectionMethod::code)),
                code(it.asset_type.map(AssetType::code)),
                code(it.product.map(EnergyProduct::code)),
                code(it.unit.map(EnergyUnit::code)),
            ],
            net_settlement_group: it.net_settlement_group,
            next_reading_date: it.next_reading_date,
            grid_areas: [it.from_grid_area.clone(), it.to_grid_area.clone()],
            power_plant: it.power_plant.as_ref().map(ToString::to_string),
            limits: [it.capacity.clone(), it.maximum_power.clone(), it.maximum_current.clone()],
            meter: it.meter.clone(),
            location: [it.location_description.clone(), it.address_reference.clone()],
            address: customer_data::parts(it.address.clone()),
            is_actual_address: it.is_actual_address,
            parent: it.parent.as_ref().map(relative),
            children: it.children.iter().map(relative).collect(),
        }
    }
}

impl From<StoredMasterData> for MasterData {
    fn from(it: StoredMasterData) -> Self {
        let [settlement, method, cycle, connection, disconnection, asset, product, unit] = it.codes;
        let [from_grid_area, to_grid_area] = it.grid_areas;
        let [capacity, maximum_power, maximum_current] = it.limits;
        let [location_description, address_reference] = it.location;
        let relative = |(id, kind): (String, Option<u8>)| {
            (MeteringPointId::new(id), kind.and_then(MeteringPointType::from_number))
        };
        Self {
            settlement_method: settlement.and_then(|it| SettlementMethod::from_code(&it)),
            metering_method: method.and_then(|it| MeteringMethod::from_code(&it)),
            read_cycle: cycle.and_then(|it| read_cycle(&it)),
            net_settlement_group: it.net_settlement_group,
            next_reading_date: it.next_reading_date,
            from_grid_area,
            to_grid_area,
            power_plant: it.power_plant.map(MeteringPointId::new),
            capacity,
            connection_type: connection.and_then(|it| ConnectionType::from_code(&it)),
            disconnection_method: disconnection.and_then(|it| DisconnectionMethod::from_code(&it)),
            asset_type: asset.and_then(|it| AssetType::from_code(&it)),
            maximum_power,
            maximum_current,
            meter: it.meter,
            product: product.and_then(|it| EnergyProduct::from_code(&it)),
            unit: unit.and_then(|it| EnergyUnit::from_code(&it)),
            location_description,
            address_reference,
            address: customer_data::address(it.address),
            is_actual_address: it.is_actual_address,
            parent: it.parent.map(relative),
            children: it.children.into_iter().map(relative).collect(),
        }
    }
}
