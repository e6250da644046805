//! Metering points as a world file says them, and as they are read back.

use super::*;
use crate::market::{
    ActorNumber, AssetType, ConnectionType, DisconnectionMethod, EnergyProduct, EnergyUnit, MeteringMethod,
    MeteringPointId, MeteringPointType, SettlementMethod, Timestamp,
};
use crate::process::market_documents::Address;
use crate::record::{Change, Entry, Facts, Needs};

fn facts(changes: &[Change], needs: &Needs) -> Facts {
    let entries = changes.iter().map(|change| match change {
        Change::Put(key, value) => (key.clone(), Entry { version: 1, value: value.clone() }),
        Change::Delete(key) => panic!("a world deletes nothing, not {key}"),
    });
    let store: std::collections::BTreeMap<_, _> = entries.collect();
    let mut facts = Facts::default();
    needs.keys().for_each(|key| facts.insert(key.clone(), store.get(key).cloned()));
    for range in needs.ranges() {
        let found = store.range(range.from.clone()..range.to.clone());
        facts.insert_range(range.clone(), found.map(|(key, entry)| (key.clone(), entry.clone())).collect());
    }
    facts
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

fn point() -> MeteringPointTable {
    toml::from_str("number = '571313'\ntype = 'D14'\ngrid_area = '131'\neffective_date = '2020-01-01T23:00:00Z'")
        .unwrap()
}

#[test]
fn a_world_becomes_metering_points() {
    let id = MeteringPointId::new("571313");
    let changes = point().changes().unwrap();
    let found = facts(&changes, &needs_of(&id));
    let expected = MeteringPoint {
        id: id.clone(),
        kind: MeteringPointType::ElectricalHeating,
        grid_area: "131".into(),
        state: ConnectionState::Connected,
        effective: at("2020-01-01T23:00:00Z"),
        state_since: at("2020-01-01T23:00:00Z"),
        production_obligated: true,
        master: MasterData::default(),
    };
    assert_eq!(metering_point(&found, &id), Some(expected));
    let nobody = MeteringPointId::new("0");
    assert_eq!(metering_point(&facts(&changes, &needs_of(&nobody)), &nobody), None);

    for owner in [None, Some("8100000000030".to_string())] {
        let area = GridAreaTable { code: "131".into(), owner: owner.clone() };
        let found = facts(&area.changes(), &needs_of_grid_area("131"));
        assert!(knows_grid_area(&found, "131") && !knows_grid_area(&found, "132"));
        assert_eq!(grid_area(&found, "131").unwrap().owner, owner.map(ActorNumber::new));
    }
}

#[test]
fn a_table_that_cannot_be_is_named() {
    let wrong = |point: MeteringPointTable| point.changes().unwrap_err().to_string();
    assert_eq!(wrong(MeteringPointTable { kind: "D03".into(), ..point() }), "metering_point 571313: `D03` is no type");
    assert_eq!(
        wrong(MeteringPointTable { status: "On".into(), ..point() }),
        "metering_point 571313: `On` is no status"
    );
    assert_eq!(
        wrong(MeteringPointTable { effective_date: "2020".into(), ..point() }),
        "metering_point 571313: `2020` is no effective_date"
    );
}

/// Bytes that versions 1 to 3 wrote. They must be read for as long as a store may hold them.
#[test]
fn old_bytes_are_read() {
    let id = || MeteringPointId::new("571313");
    let first = b"\x01\x10\x03131\x02\x80\xf0\xef\x93\x81\xc7\xcd\x05";
    let second = b"\x02\x10\x03131\x02\x80\xf0\xef\x93\x81\xc7\xcd\x05\x01";
    assert_eq!(record::read(id(), first), record::read(id(), second));
    let Change::Put(_, bytes) = point().changes().unwrap().remove(0) else { panic!("a world puts") };
    assert_eq!(record::read(id(), &bytes), record::read(id(), second), "what is not known is left out");
    let bare = [&b"\x03"[..], &second[1..], &second[7..15], &[0; 33][..]].concat();
    assert_eq!(&bytes[..], bare);
    let area = GridAreaTable { code: "131".into(), owner: Some("1".into()) };
    let Change::Put(_, bytes) = area.changes().remove(0) else { panic!("a world puts") };
    assert_eq!(&bytes[..], b"\x01\x01\x011");
}

#[test]
fn master_data_are_read_back_as_they_were_written() {
    let master = whole();
    let written = MeteringPoint {
        id: MeteringPointId::new("571313"),
        kind: MeteringPointType::Consumption,
        grid_area: "131".into(),
        state: ConnectionState::Disconnected,
        effective: at("2020-01-01T23:00:00Z"),
        state_since: at("2021-01-01T23:00:00Z"),
        production_obligated: false,
        master,
    };
    assert_eq!(record::read(written.id.clone(), &record::write(&written)), written);
}

fn whole() -> MasterData {
    let some = |text: &str| Some(text.to_string());
    MasterData {
        settlement_method: Some(SettlementMethod::NonProfiled),
        metering_method: Some(MeteringMethod::Calculated),
        read_cycle: Some("P1Y"),
        net_settlement_group: Some(99),
        next_reading_date: Some((12, 31)),
        from_grid_area: some("245"),
        to_grid_area: some("246"),
        power_plant: Some(MeteringPointId::new("571313199000000076")),
        capacity: some("12.5"),
        connection_type: Some(ConnectionType::Installation),
        disconnection_method: Some(DisconnectionMethod::Manual),
        asset_type: Some(AssetType::NoTechnology),
        maximum_power: some("20"),
        maximum_current: some("25"),
        meter: some("M-7"),
        product: Some(EnergyProduct::ReactiveEnergy),
        unit: Some(EnergyUnit::KilovarHour),
        location_description: some("Bag laden"),
        address_reference: some("0a3f50b8-0000-32b8-e044-0003ba298018"),
        address: Address { street: some("Mill Lane"), post_box: some("7"), ..Address::default() },
        is_actual_address: Some(true),
        parent: Some((MeteringPointId::new("571313199000000076"), None)),
        children: vec![(MeteringPointId::new("571313100000000027"), Some(MeteringPointType::ElectricalHeating))],
    }
}
