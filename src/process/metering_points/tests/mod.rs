//! Metering points as a world file says them, and as they are read back.

mod family;

use proptest::prelude::*;

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
    let first = Version::first(at("2020-01-01T23:00:00Z"), ConnectionState::Connected, true, MasterData::default());
    let expected = MeteringPoint::new(id.clone(), MeteringPointType::ElectricalHeating, "131", first);
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
    let first = Version {
        from: at("2020-01-01T23:00:00Z"),
        state: ConnectionState::Disconnected,
        state_since: at("2021-01-01T23:00:00Z"),
        production_obligated: false,
        master,
    };
    let mut written = MeteringPoint::new(MeteringPointId::new("571313"), MeteringPointType::Consumption, "131", first);
    written.change(at("2023-01-01T23:00:00Z"), |version| version.master.meter = None);
    let changes = changes(&written, None);
    assert_eq!(metering_point(&facts(&changes, &needs_of(&written.id)), &written.id), Some(written));
}

/// Bytes that version 1 of a later version wrote. They must be read for as long as a store may hold them.
#[test]
fn old_bytes_of_versions_are_read() {
    let mut point = metering_point(
        &facts(&point().changes().unwrap(), &needs_of(&MeteringPointId::new("571313"))),
        &MeteringPointId::new("571313"),
    )
    .unwrap();
    let day = at("2023-01-01T23:00:00Z");
    point.change(day, |version| (version.state, version.state_since) = (ConnectionState::ClosedDown, day));
    let Change::Put(key, bytes) = changes(&point, None).remove(1) else { panic!("it is put") };
    let old = [&b"\x01\x04\x80\xf0\x87\xb5\xf9\xce\xf8\x05\x01"[..], &[0; 33]].concat();
    assert_eq!(&bytes[..], old);
    assert_eq!(record::read_version(&key, &old), point.versions()[1]);
}

/// Field by field, what a naive model says: a value holds from its day on until the next one that was ever given.
#[derive(Debug, Clone, Copy)]
enum Field {
    Meter,
    Capacity,
    Street,
    State,
}

proptest! {
    #[test]
    fn every_day_is_as_it_was_said_last_of_it(steps in prop::collection::vec((0..30_i64, 0..4_usize), 1..25)) {
        let day = |days: i64| Timestamp::from_seconds((19_000 + days) * 86_400);
        let id = MeteringPointId::new("571313");
        let first = Version::first(day(0), ConnectionState::New, true, MasterData::default());
        let mut point = MeteringPoint::new(id.clone(), MeteringPointType::Consumption, "131", first);
        let mut store: std::collections::BTreeMap<_, _> = std::collections::BTreeMap::new();
        let mut model: [std::collections::BTreeMap<i64, String>; 4] = Default::default();
        for (number, (days, field)) in steps.into_iter().enumerate() {
            let before = (number > 0).then(|| point.clone());
            let said = number.to_string();
            // A state that comes back would be the same as none.
            let field = [Field::Meter, Field::Capacity, Field::Street, Field::State][field];
            point.change(day(days), |version| match field {
                Field::Meter => version.master.meter = Some(said.clone()),
                Field::Capacity => version.master.capacity = Some(said.clone()),
                Field::Street => version.master.address.street = Some(said.clone()),
                Field::State => version.state_since = day(1_000 + number as i64),
            });
            model[field as usize].insert(days, said);
            for change in changes(&point, before.as_ref()) {
                let Change::Put(key, value) = change else { panic!("no version is ever taken away") };
                store.insert(key, value);
            }
            let written: Vec<Change> = store.iter().map(|(key, value)| Change::Put(key.clone(), value.clone())).collect();
            prop_assert_eq!(metering_point(&facts(&written, &needs_of(&id)), &id), Some(point.clone()));
            for days in 0..31 {
                let said = |field: Field| model[field as usize].range(..=days).next_back().map(|(_, said)| said.clone());
                let version = point.at(day(days));
                prop_assert_eq!(&version.master.meter, &said(Field::Meter));
                prop_assert_eq!(&version.master.capacity, &said(Field::Capacity));
                prop_assert_eq!(&version.master.address.street, &said(Field::Street));
                let since = said(Field::State).map_or(day(0), |said| day(1_000 + said.parse::<i64>().unwrap()));
                prop_assert_eq!(version.state_since, since);
            }
        }
    }
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
