//! What an operator sees of master data: each field by its name, as text.

use super::{MasterData, Relative, Version};
use crate::market::{
    AssetType, ConnectionType, DisconnectionMethod, EnergyProduct, EnergyUnit, MeteringMethod, SettlementMethod,
};
use crate::process::accounting_points::customer_data;

/// Every field with its value, nothing where none is known; always the same fields in the same order.
pub fn fields(version: &Version) -> Vec<(&'static str, Option<String>)> {
    let MasterData {
        settlement_method,
        metering_method,
        read_cycle,
        net_settlement_group,
        next_reading_date,
        from_grid_area,
        to_grid_area,
        power_plant,
        capacity,
        connection_type,
        disconnection_method,
        asset_type,
        maximum_power,
        maximum_current,
        meter,
        product,
        unit,
        location_description,
        address_reference,
        address,
        is_actual_address,
        parent,
        children,
    } = &version.master;
    let code = |code: Option<&str>| code.map(str::to_string);
    let number = |(id, _): &Relative| id.to_string();
    let joined = |parts: Vec<String>| Some(parts.join(", ")).filter(|text| !text.is_empty());
    vec![
        ("settlement_method", code(settlement_method.map(SettlementMethod::code))),
        ("metering_method", code(metering_method.map(MeteringMethod::code))),
        ("read_cycle", code(*read_cycle)),
        ("net_settlement_group", net_settlement_group.map(|group| group.to_string())),
        ("next_reading_date", next_reading_date.map(|(month, day)| format!("{month:02}-{day:02}"))),
        ("from_grid_area", from_grid_area.clone()),
        ("to_grid_area", to_grid_area.clone()),
        ("power_plant", power_plant.as_ref().map(ToString::to_string)),
        ("capacity", capacity.clone()),
        ("connection_type", code(connection_type.map(ConnectionType::code))),
        ("disconnection_method", code(disconnection_method.map(DisconnectionMethod::code))),
        ("asset_type", code(asset_type.map(AssetType::code))),
        ("maximum_power", maximum_power.clone()),
        ("maximum_current", maximum_current.clone()),
        ("meter", meter.clone()),
        ("product", code(product.map(EnergyProduct::code))),
        ("unit", code(unit.map(EnergyUnit::code))),
        ("location_description", location_description.clone()),
        ("address_reference", address_reference.clone()),
        ("address", joined(customer_data::parts(address.clone()).into_iter().flatten().collect())),
        ("is_actual_address", is_actual_address.map(|it| it.to_string())),
        ("parent", parent.as_ref().map(number)),
        ("children", joined(children.iter().map(number).collect())),
    ]
}
