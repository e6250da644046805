//! The strict profile: what it asks besides, what it lets pass, and that the base profile asks nothing of it.
//! Source: metering-points 3 (P8), 4, 6.0.2, 6.1, 7.3, 12.

use super::super::Profile;
use super::super::rules::{Rule, matrix};
use super::rules::{Change, Make, address, measured, peopled, some};
use super::*;
use crate::market::MeteringPointType::{GridLossCorrection, Production, SupplyToGrid};
use crate::market::{AssetType, ConnectionType, DisconnectionMethod, MeteringPointType, SettlementMethod};
use crate::process::metering_points::MasterData;

fn strict() -> House {
    let mut house = peopled();
    house.market.dk_mut().metering_points.profile = Profile::Strict;
    house
}

/// Of a type that is neither consumption nor production: nothing that the strict profile refuses.
fn other(code: &str) -> Characteristics {
    let mut record = of_type(code);
    (record.net_settlement_group, record.disconnection_method) = (None, None);
    (record.address_reference, record.is_actual_address) = (None, None);
    match code {
        "D12" => (record.metering_method, record.meter) = (some("D02"), None),
        "D15" => (record.metering_method, record.meter) = (some("D03"), None),
        "D13" => record.settlement_method = some("D01"),
        _ => {}
    }
    if !matches!(code, "E20" | "D20" | "D13" | "D14" | "D15" | "D02" | "D99") {
        record.power_plant = Some(id(PLANT));
    }
    record
}

fn production() -> Characteristics {
    let mut record = of_type("E18");
    (record.production_obligation, record.power_plant) = (some("true"), None);
    record
}

/// With a power plant, which the base profile asks for.
fn powered() -> Characteristics {
    Characteristics { power_plant: Some(id(PLANT)), ..production() }
}

/// In a net settlement group.
fn grouped() -> Characteristics {
    let (net_settlement_group, connection_type) = (some("2"), some("D02"));
    let (metering_method, meter, capacity) = (some("D02"), None, measured("5"));
    Characteristics { net_settlement_group, connection_type, metering_method, meter, capacity, ..powered() }
}

/// What it is, and is accepted as in the strict profile; what is changed about it; what the strict profile says, and what the base
/// profile says.
type Row = (Make, Change, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const CREATED: &[Row] = &[
    (consumption, |_| {}, &[], &[]),
    (powered, |_| {}, &[], &[]),
    (grouped, |_| {}, &[], &[]),
    (production, |_| {}, &[], &["PowerPlantIsRequired"]),
    // Settlement.
    (powered, |it| it.settlement_method = some("D01"), &["SettlementMethodNotAllowed"], &[]),
    (|| other("E20"), |it| it.settlement_method = some("D01"), &["SettlementMethodNotAllowed"], &["DisconnectionTypeIsRequired", "AddressReferenceIsRequired"]),
    (|| other("D13"), |_| {}, &[], &[]),
    (|| other("D13"), |it| it.settlement_method = None, &["SettlementMethodIsRequired"], &[]),
    (|| other("D06"), |it| it.settlement_method = some("D01"), &["SettlementMethodNotAllowed"], &[]),
    // Net settlement.
    (|| other("D06"), |it| it.net_settlement_group = some("0"), &["NetSettlementGroupNotAllowed"], &[]),
    (|| other("D13"), |it| it.net_settlement_group = some("1"), &["NetSettlementGroupNotAllowed"], &[]),
    (powered, |it| it.next_reading_date = some("--12-01"), &["ScheduledReadingDateNotForProduction"], &[]),
    (|| other("D06"), |it| it.next_reading_date = some("--12-01"), &[], &[]),
    (|| other("D06"), |it| it.disconnection_method = some("D01"), &["DisconnectionTypeNotAllowed"], &[]),
    (|| other("D06"), |it| it.connection_type = some("D01"), &["ConnectionTypeNotOfType"], &[]),
    (|| other("D06"), |it| it.asset_type = some("D11"), &["AssetTypeNotAllowed"], &[]),
    (|| other("D06"), |it| it.capacity = measured("5"), &[], &[]),
    (|| other("D13"), |it| it.capacity = measured("5"), &["CapacityNotAllowed"], &[]),
    (|| other("D15"), |it| it.capacity = measured("5"), &["CapacityNotAllowed"], &[]),
    (|| other("D99"), |it| it.capacity = measured("5"), &["CapacityNotAllowed"], &[]),
    (grouped, |it| it.capacity = None, &["CapacityIsRequired"], &[]),
    (grouped, |it| it.power_plant = None, &["PowerPlantIsRequired"], &["PowerPlantIsRequired"]),
    (|| other("D06"), |it| it.power_plant = None, &["PowerPlantIsRequired"], &[]),
    (|| other("D15"), |it| it.power_plant = Some(id(PLANT)), &["PowerPlantNotAllowed"], &[]),
    // Who produces, and how much.
    (powered, |it| it.production_obligation = None, &["ProductionObligationIsRequired"], &[]),
    (consumption, |it| it.production_obligation = some("false"), &["ProductionObligationNotAllowed"], &[]),
    (|| other("D06"), |it| it.production_obligation = some("true"), &["ProductionObligationNotAllowed"], &[]),
    (|| other("D13"), |it| it.maximum_power = measured("5"), &["PowerLimitsNotAllowed"], &[]),
    (|| other("D13"), |it| it.maximum_current = measured("5"), &["PowerLimitsNotAllowed"], &[]),
    (|| other("D06"), |it| it.maximum_power = measured("5"), &[], &[]),
    // Where it is.
    (consumption, |it| it.to_grid_area = Some(id("131")), &["ExchangeGridAreasNotAllowed"], &[]),
    (|| other("D06"), |it| it.from_grid_area = Some(id("131")), &["ExchangeGridAreasNotAllowed"], &[]),
    (|| other("E20"), |_| {}, &[], &["DisconnectionTypeIsRequired", "AddressReferenceIsRequired"]),
    (|| other("E20"), |it| it.address_reference = some("0a3f50b8-0000-32b8-e044-0003ba298018"), &["AddressReferenceNotAllowed"], &["DisconnectionTypeIsRequired", "ActualAddressIsRequired"]),
    (|| other("D06"), |it| it.is_actual_address = some("true"), &["ActualAddressNotAllowed"], &[]),
    (consumption, |it| it.is_actual_address = None, &["ActualAddressIsRequired"], &["ActualAddressIsRequired"]),
    (|| other("D06"), |it| (address(it).street, address(it).city, address(it).post_code) = (None, None, None), &[], &["StreetNameIsRequired"]),
    (consumption, |it| address(it).street = None, &["StreetNameIsRequired"], &["StreetNameIsRequired"]),
    (consumption, |it| it.grid_area = Some(id("13A")), &["GridAreaMustBeDigits"], &["UnknownGridArea"]),
    // What suits the type.
    (|| other("D02"), |it| it.read_cycle = some("P1M"), &[], &["ReadCycleMustSuitType"]),
    (|| other("D15"), |it| it.read_cycle = some("PT15M"), &["ReadCycleMustSuitType"], &[]),
    (|| other("D99"), |it| it.products[0].product = some("8716867000047"), &[], &["ProductMustSuitType"]),
    (|| other("D02"), |it| it.products[0].product = some("8716867000047"), &[], &["ProductMustSuitType"]),
    (|| other("D17"), |it| it.products[0].unit = some("MWH"), &[], &["UnitMustSuitType"]),
    (|| other("D18"), |it| it.products[0].unit = some("MWH"), &[], &["UnitMustSuitType"]),
    (|| other("D06"), |it| it.products[0].unit = some("MWH"), &["UnitMustSuitType"], &["UnitMustSuitType"]),
    (|| other("D20"), |it| (it.metering_method, it.meter) = (some("D02"), None), &["MeteringMethodMustSuitType"], &[]),
    (|| other("D99"), |it| it.point_type = some("D14"), &["HeatingIsNotChangedHere"], &[]),
    // Parents: nothing is known of how this exchange is measured.
    (|| other("D20"), |it| it.parent = Some(id("571313100000001024")), &["ParentMustBePhysical"], &[]),
];

#[test]
fn a_record_that_creates_breaks_what_the_strict_profile_asks_and_nothing_else() {
    let mut wrong = Vec::new();
    for (row, (make, change, strictly, by_default)) in CREATED.iter().enumerate() {
        assert!(strictly.len() <= 1, "row {row} is about several rules");
        let changed = || {
            let mut record = make();
            change(&mut record);
            record
        };
        let told = [
            (send(&mut strict(), "E02", make()), &[][..]),
            (send(&mut strict(), "E02", changed()), strictly),
            (send(&mut peopled(), "E02", changed()), by_default),
        ];
        wrong.extend(told.into_iter().filter(|(broken, expected)| broken != expected).map(|told| (row, told)));
    }
    assert_eq!(wrong, []);
}

#[test]
fn every_type_but_heating_can_be_created_in_the_strict_profile() {
    for kind in crate::market::MeteringPointType::all() {
        let record = match kind.code() {
            "E17" => consumption(),
            "E18" => production(),
            code => other(code),
        };
        let expected: &[&str] = if kind.code() == "D14" { &["HeatingIsNotChangedHere"] } else { &[] };
        assert_eq!(send(&mut strict(), "E02", record), expected, "{}", kind.name());
    }
}

#[test]
fn an_update_is_not_answerable_for_what_was_there_before_the_profile_was_strict() {
    let mut house = peopled();
    let mut before = of_type("D06");
    before.capacity = measured("5");
    assert_eq!(send(&mut house, "E02", before), Vec::<&str>::new());
    house.market.dk_mut().metering_points.profile = Profile::Strict;
    let mut update = bare(NEW, TODAY);
    update.meter = some("7");
    assert_eq!(send(&mut house, "E67", update), Vec::<&str>::new(), "it has a net settlement group and no power plant");
    let mut update = bare(NEW, TODAY);
    update.asset_type = some("D11");
    assert_eq!(send(&mut house, "E32", update), ["AssetTypeNotAllowed"]);
    let mut update = bare(NEW, TODAY);
    (update.net_settlement_group, update.meter) = (some("0"), some("8"));
    assert_eq!(send(&mut house, "E32", update), Vec::<&str>::new(), "it says what is so");
    let mut update = bare(NEW, TODAY);
    update.net_settlement_group = some("1");
    assert_eq!(send(&mut house, "E32", update), ["NetSettlementGroupNotAllowed"], "it says something else");
    let mut update = bare(NEW, TODAY);
    update.disconnection_method = some("D02");
    assert_eq!(send(&mut house, "E32", update), ["DisconnectionTypeNotAllowed"]);
    let mut update = bare(NEW, TODAY);
    update.production_obligation = some("true");
    assert_eq!(send(&mut house, "E32", update), ["ProductionObligationNotAllowed"]);
    // Electrical heating is nobody's to change here, and may still be disconnected.
    house.point(OTHER, "D14", "Connected");
    let mut update = bare(OTHER, TODAY);
    update.meter = some("7");
    assert_eq!(send(&mut house, "E32", update), ["HeatingIsNotChangedHere"]);
    assert_eq!(send(&mut house, "E79", to_state(OTHER, "E23")), Vec::<&str>::new());
}

/// What a metering point of a type cannot have: the type, how the field is set, the rule.
type Refused = (MeteringPointType, fn(&mut MasterData, bool), &'static str);

#[rustfmt::skip]
const REFUSED: &[Refused] = &[
    (GridLossCorrection, |it, one| it.net_settlement_group = Some(u8::from(one)), "NetSettlementGroupNotAllowed"),
    (SupplyToGrid, |it, one| it.settlement_method = Some(if one { SettlementMethod::Flex } else { SettlementMethod::NonProfiled }), "SettlementMethodNotAllowed"),
    (Production, |it, one| it.next_reading_date = Some((1 + u8::from(one), 1)), "ScheduledReadingDateNotForProduction"),
    (SupplyToGrid, |it, one| it.disconnection_method = Some(if one { DisconnectionMethod::Remote } else { DisconnectionMethod::Manual }), "DisconnectionTypeNotAllowed"),
    (SupplyToGrid, |it, one| it.connection_type = Some(if one { ConnectionType::Direct } else { ConnectionType::Installation }), "ConnectionTypeNotOfType"),
    (SupplyToGrid, |it, one| it.asset_type = Some(if one { AssetType::NoTechnology } else { AssetType::SteamTurbineCondensation }), "AssetTypeNotAllowed"),
    (GridLossCorrection, |it, one| it.capacity = Some(one.to_string()), "CapacityNotAllowed"),
    (GridLossCorrection, |it, one| it.power_plant = Some(MeteringPointId::new(one.to_string())), "PowerPlantNotAllowed"),
    (GridLossCorrection, |it, one| it.maximum_power = Some(one.to_string()), "PowerLimitsNotAllowed"),
    (GridLossCorrection, |it, one| it.maximum_current = Some(one.to_string()), "PowerLimitsNotAllowed"),
    (SupplyToGrid, |it, one| it.from_grid_area = Some(one.to_string()), "ExchangeGridAreasNotAllowed"),
    (SupplyToGrid, |it, one| it.to_grid_area = Some(one.to_string()), "ExchangeGridAreasNotAllowed"),
    (SupplyToGrid, |it, one| it.address_reference = Some(one.to_string()), "AddressReferenceNotAllowed"),
    (SupplyToGrid, |it, one| it.is_actual_address = Some(one), "ActualAddressNotAllowed"),
];

#[test]
fn what_a_type_cannot_have_may_stay_or_go_and_is_not_set_to_anything_else() {
    for (kind, set, rule) in REFUSED {
        let of = |value: Option<bool>| {
            let mut master = MasterData::default();
            value.into_iter().for_each(|value| set(&mut master, value));
            master
        };
        for (before, after, is_refused) in [
            (Some(None), Some(true), true),
            (Some(Some(true)), Some(true), false),
            (Some(Some(true)), None, false),
            (Some(Some(true)), Some(false), true),
            (None, Some(true), true),
        ] {
            let before = before.map(of);
            let broken = matrix::hold(*kind, &mut of(after), before.as_ref(), &[], Profile::Strict);
            let names: Vec<&str> = broken.iter().map(|rule| rule.name()).collect();
            assert_eq!(names.contains(rule), is_refused, "{rule} {before:?} {after:?}: {names:?}");
        }
    }
    // Those of both profiles, and of what is no master data.
    let elsewhere = [
        "ScheduledReadingDateNotAllowed",
        "ConnectionTypeNotAllowed",
        "MeterNotAllowed",
        "ProductionObligationNotAllowed",
    ];
    let all = Rule::all().map(Rule::name).filter(|name| name.ends_with("NotAllowed"));
    for rule in all.filter(|name| !elsewhere.contains(name)) {
        assert!(REFUSED.iter().any(|(_, _, refused)| *refused == rule), "{rule}");
    }
}

#[test]
fn what_belongs_to_a_group_may_be_born_connected() {
    for (code, profile, expected) in [
        ("D04", Profile::Strict, ConnectionState::Connected),
        ("D15", Profile::Strict, ConnectionState::Connected),
        ("D06", Profile::Strict, ConnectionState::New),
        ("D15", Profile::Base, ConnectionState::New),
    ] {
        let mut house = strict();
        house.market.dk_mut().metering_points.profile = profile;
        let mut record = other(code);
        record.connection_state = some("E22");
        assert_eq!(send(&mut house, "E02", record), Vec::<&str>::new());
        assert_eq!(state(&house, NEW), expected, "{code}");
    }
}

#[test]
fn own_production_below_net_settlement_is_not_measured() {
    let mut house = strict();
    let mut parent = net_settled("2");
    parent.metering_point = id(OTHER);
    assert_eq!(send(&mut house, "E02", parent), Vec::<&str>::new());
    let mut child = other("D09");
    child.parent = Some(id(OTHER));
    assert_eq!(send(&mut house.clone(), "E02", child.clone()), ["OwnProductionMustSuitParent"]);
    (child.metering_method, child.meter) = (some("D02"), None);
    assert_eq!(send(&mut house, "E02", child), Vec::<&str>::new());
    let mut measured = bare(NEW, TODAY);
    (measured.metering_method, measured.meter) = (some("D01"), some("7"));
    assert_eq!(send(&mut house, "E75", measured), ["OwnProductionMustSuitParent"]);
}

/// What no row of the base profile breaks.
pub fn broken_alone() -> impl Iterator<Item = &'static str> {
    let of_its_own = ["OwnProductionMustSuitParent"];
    CREATED.iter().flat_map(|row| row.2).copied().chain(of_its_own)
}
