//! Every rule, broken; the vectors of the market's text among them. Source: metering-points 14.

use std::collections::BTreeSet;

use super::super::rules::Rule;
use super::*;
use crate::market::{ActorNumber, Party};
use crate::process::change_of_supplier::tests::NOW;
use crate::process::charge_documents::tests::party;
use crate::process::delegations::Process;
use crate::process::participants::Status;

pub type Make = fn() -> Characteristics;
pub type Change = fn(&mut Characteristics);

pub fn address(record: &mut Characteristics) -> &mut Address {
    record.address.as_mut().unwrap()
}

pub fn measured(amount: &str) -> Option<Measured> {
    Some(Measured { unit: "KWT".into(), amount: amount.into() })
}

pub fn some(text: &str) -> Option<String> {
    Some(text.into())
}

/// Of a record that creates: what it is, what is wrong with it, what it breaks.
#[rustfmt::skip]
const CREATED: &[(Make, Change, &[&str])] = &[
    // Input, all of it together.
    (consumption, |it| it.metering_point = id("571234567891234567"), &["InvalidGsrn"]),
    (consumption, |it| it.metering_point = id("561234567891234568"), &["InvalidGsrn"]),
    (consumption, |it| it.metering_point = id("57123456789123456"), &["InvalidGsrn"]),
    (consumption, |it| it.start = String::new(), &["EffectiveDateIsRequired"]),
    (consumption, |it| it.start = "2021-12-31T22:00:00Z".into(), &["EffectiveDateMustBeLocalMidnight"]),
    (consumption, |it| it.start = "2021-06-30T22:00:00.000Z".into(), &[]),
    (consumption, |it| it.point_type = None, &["MeteringPointTypeIsRequired"]),
    (consumption, |it| it.point_type = some("D03"), &["MeteringPointTypeMustBeKnown"]),
    (consumption, |it| address(it).country = some("DE"), &["CountryMustBeDenmark"]),
    (consumption, |it| it.address = None, &["CountryMustBeDenmark"]),
    (consumption, |it| it.asset_type = some("D97"), &["AssetTypeMustBeKnown"]),
    (consumption, |it| it.power_plant = Some(id("571234567891234567")), &["PowerPlantMustBeGsrn"]),
    (consumption, |it| it.capacity = measured("1234567.890"), &["CapacityForm"]),
    (consumption, |it| it.capacity = measured("123456.789"), &[]),
    (consumption, |it| it.capacity = measured("-1"), &["CapacityForm"]),
    (consumption, |it| it.meter = some("1234567890123456"), &["MeterNumberLength"]),
    (consumption, |it| it.metering_method = None, &["MeteringMethodMustBeKnown"]),
    (consumption, |it| it.metering_method = some("D04"), &["MeteringMethodMustBeKnown"]),
    (consumption, |it| it.connection_type = some("D03"), &["ConnectionTypeMustBeKnown"]),
    (consumption, |it| it.next_reading_date = some("--02-29"), &["ScheduledReadingDateForm"]),
    (consumption, |it| it.net_settlement_group = some("5"), &["NetSettlementGroupMustBeKnown"]),
    (consumption, |it| it.read_cycle = None, &["ReadCycleIsRequired"]),
    (consumption, |it| it.disconnection_method = some("D03"), &["DisconnectionTypeMustBeKnown"]),
    (consumption, |it| it.parent = Some(id("1")), &["ParentMustBeGsrn"]),
    (consumption, |it| it.grid_area = None, &["GridAreaIsRequired"]),
    (consumption, |it| it.grid_area = Some(id("1310")), &["GridAreaLength"]),
    (consumption, |it| it.connection_state = some("E23"), &["StateMustBeNewOrConnected"]),
    (consumption, |it| it.connection_state = None, &["StateMustBeNewOrConnected"]),
    (|| of_type("D20"), |it| it.from_grid_area = Some(id("131")), &["ReactiveExchangeHasNoGridAreas"]),
    (consumption, |it| (it.point_type, it.start, it.grid_area) = (None, String::new(), None), &["EffectiveDateIsRequired", "MeteringPointTypeIsRequired", "GridAreaIsRequired"]),
    // Standing, the first alone.
    (consumption, |it| it.metering_point = id(POINT), &["MeteringPointIsNew"]),
    (consumption, |it| it.grid_area = Some(id("999")), &["UnknownGridArea"]),
    (consumption, |it| it.grid_area = Some(id("132")), &["SenderMustOperateGridArea"]),
    // Values.
    (consumption, |it| it.products[0].product = some("1"), &["ProductMustBeKnown"]),
    (consumption, |it| it.products[0].unit = some("KG"), &["UnitMustBeKnown"]),
    (consumption, |it| it.read_cycle = some("PT30M"), &["ReadCycleMustBeKnown"]),
    (consumption, |it| it.settlement_method = some("D02"), &["SettlementMethodMustBeKnown"]),
    (consumption, |it| it.maximum_power = measured("1000000"), &["PowerLimitForm"]),
    (consumption, |it| it.maximum_current = measured("1.5"), &["CurrentLimitForm"]),
    (consumption, |it| it.maximum_power = measured("999999"), &[]),
    (consumption, |it| address(it).street = Some("x".repeat(41)), &["StreetNameLength"]),
    (consumption, |it| address(it).street_code = some("0000"), &["StreetCodeForm"]),
    (consumption, |it| address(it).number = some("1000"), &["BuildingNumberForm"]),
    (consumption, |it| address(it).number = some("12a"), &["BuildingNumberForm"]),
    (consumption, |it| address(it).number = some("A1"), &[]),
    (consumption, |it| address(it).floor = some("12345"), &["FloorLength"]),
    (consumption, |it| address(it).room = some("12345"), &["RoomLength"]),
    (consumption, |it| address(it).city = Some("x".repeat(26)), &["CityLength"]),
    (consumption, |it| address(it).post_code = some("800"), &["PostCodeForm"]),
    (consumption, |it| address(it).city_section = Some("x".repeat(35)), &["CitySubdivisionLength"]),
    (consumption, |it| address(it).municipality_code = some("99"), &["MunicipalityCodeForm"]),
    (consumption, |it| it.location_description = Some("x".repeat(61)), &["LocationDescriptionLength"]),
    (consumption, |it| it.address_reference = some("00000000-0000-0000-0000-000000000000"), &["AddressReferenceForm"]),
    // The matrix.
    (consumption, |it| it.products.clear(), &["ProductIsRequired", "UnitIsRequired"]),
    (consumption, |it| it.settlement_method = None, &["SettlementMethodIsRequired"]),
    (consumption, |it| it.net_settlement_group = None, &["NetSettlementGroupIsRequired"]),
    (|| net_settled("6"), |_| {}, &["ScheduledReadingDateIsRequired"]),
    (|| net_settled("6"), |it| it.next_reading_date = some("--12-15"), &["ScheduledReadingDateMustBeFirstOfMonth"]),
    (|| net_settled("6"), |it| it.next_reading_date = some("--12-01"), &[]),
    (consumption, |it| it.next_reading_date = some("--12-01"), &["ScheduledReadingDateNotAllowed"]),
    (consumption, |it| it.disconnection_method = None, &["DisconnectionTypeIsRequired"]),
    (|| net_settled("1"), |it| it.connection_type = None, &["ConnectionTypeIsRequired"]),
    (consumption, |it| it.connection_type = some("D01"), &["ConnectionTypeNotAllowed"]),
    (|| net_settled("6"), |it| (it.next_reading_date, it.connection_type) = (some("--12-01"), some("D01")), &["ConnectionTypeMustBeInstallation"]),
    (|| net_settled("1"), |it| (it.power_plant, it.capacity, it.asset_type) = (None, None, None), &["AssetTypeIsRequired", "CapacityIsRequired", "PowerPlantIsRequired"]),
    (|| net_settled("1"), |it| it.asset_type = some("D98"), &["AssetTypeMustBeATechnology"]),
    (|| net_settled("99"), |it| it.power_plant = None, &[]),
    (|| of_type("E18"), |it| (it.asset_type, it.power_plant) = (None, None), &["AssetTypeIsRequired", "PowerPlantIsRequired"]),
    (consumption, |it| it.meter = None, &["MeterIsRequired"]),
    (consumption, |it| it.metering_method = some("D02"), &["MeterNotAllowed"]),
    (|| of_type("E20"), |it| it.to_grid_area = None, &["ExchangeGridAreasAreRequired"]),
    (|| of_type("E20"), |it| it.to_grid_area = Some(id("999")), &["UnknownExchangeGridArea"]),
    (consumption, |it| address(it).street = None, &["StreetNameIsRequired"]),
    (consumption, |it| address(it).street_code = some(" "), &["StreetCodeIsRequired"]),
    (consumption, |it| address(it).number = None, &["BuildingNumberIsRequired"]),
    (consumption, |it| address(it).municipality_code = some("0"), &["MunicipalityIsRequired"]),
    (consumption, |it| it.address_reference = None, &["AddressReferenceIsRequired"]),
    (consumption, |it| address(it).city = None, &["CityIsRequired"]),
    (consumption, |it| address(it).post_code = None, &["PostCodeIsRequired"]),
    (consumption, |it| it.is_actual_address = None, &["ActualAddressIsRequired"]),
    (|| of_type("D06"), |it| (it.address_reference, it.is_actual_address, address(it).city, address(it).number) = (None, None, None, None), &[]),
    // What suits the type.
    (consumption, |it| it.read_cycle = some("P1M"), &["ReadCycleMustSuitType"]),
    (|| of_type("D01"), |it| it.read_cycle = some("P1M"), &[]),
    (|| of_type("D01"), |it| it.read_cycle = some("P1Y"), &["ReadCycleMustSuitType"]),
    (|| of_type("D20"), |it| it.products[0].product = some("8716867000030"), &["ProductMustSuitType"]),
    (|| of_type("D20"), |it| it.products[0].unit = some("KWH"), &["UnitMustSuitType"]),
    (|| of_type("D17"), |it| it.products[0].unit = some("MWH"), &["UnitMustSuitType"]),
    (|| of_type("D02"), |it| it.products[0].unit = some("MWH"), &[]),
    (|| net_settled("1"), |it| (it.metering_method, it.meter) = (some("D01"), some("1")), &["MeteringMethodMustSuitNetSettlementGroup"]),
    (|| of_type("D15"), |_| {}, &["MeteringMethodMustSuitType"]),
    (|| of_type("D12"), |_| {}, &["MeteringMethodMustSuitType"]),
    (|| of_type("D17"), |it| (it.metering_method, it.meter) = (some("D03"), None), &["MeteringMethodMustSuitType"]),
    (consumption, |it| it.settlement_method = some("E01"), &["SettlementCannotBeProfiled"]),
    // Parents.
    (|| of_type("D06"), |it| it.parent = Some(id(OTHER)), &["UnknownParent"]),
    (|| of_type("D06"), |it| it.parent = Some(id("571313100000001017")), &["ParentMustBeOfGroup1Or2"]),
    (|| of_type("D20"), |it| it.parent = Some(id(POINT)), &["ChildMustSuitParent"]),
    (|| of_type("D06"), |it| it.parent = Some(id("571313100000001024")), &["ChildMustSuitParent"]),
    (|| of_type("D20"), |it| it.parent = Some(id("571313100000001024")), &[]),
    (|| of_type("D06"), |it| it.parent = Some(id("571313100000001048")), &["ParentIsClosedDown"]),
    (|| of_type("D06"), |it| it.parent = Some(id("571313100000001062")), &["ParentInAnotherGridArea"]),
    (consumption, |it| it.parent = Some(id(POINT)), &["ChildMustSuitParent"]),
    (|| of_type("E20"), |it| it.parent = Some(id(POINT)), &[]),
];

/// Of a record about [`NEW`], which [`consumption`] has created.
#[rustfmt::skip]
const UPDATED: &[(&str, Change, &[&str])] = &[
    ("E32", |it| it.metering_point = id(OTHER), &["UnknownMeteringPoint"]),
    ("E32", |it| it.metering_point = id("571313100000001062"), &["MeteringPointOfAnother"]),
    ("E32", |it| it.from_grid_area = Some(id("131")), &["GridAreasCannotBeUpdated"]),
    ("E32", |it| it.start = "2023-03-01T23:00:00Z".into(), &["EffectiveDateOutsideWindow"]),
    ("E32", |it| it.start = "2021-03-09T23:00:00Z".into(), &["EffectiveDateOutsideWindow"]),
    ("E32", |it| it.start = "2021-03-10T23:00:00Z".into(), &[]),
    ("E32", |it| it.connection_type = some("D09"), &["ConnectionTypeMustBeKnownInUpdate"]),
    ("E32", |it| it.metering_method = some(""), &["MeteringMethodCannotBeRemoved"]),
    ("E32", |it| it.disconnection_method = some(""), &["DisconnectionTypeCannotBeRemoved"]),
    ("E32", |it| it.settlement_method = some(""), &["SettlementMethodIsRequired"]),
    ("E32", |it| it.net_settlement_group = some(""), &["NetSettlementGroupIsRequired"]),
    ("E32", |it| it.read_cycle = some(""), &["ReadCycleIsRequired"]),
    ("E67", |it| it.meter = some(""), &["MeterIsRequired"]),
    ("E67", |it| it.meter = some("7"), &[]),
    ("E32", |it| it.address = Some(Address { country: some(""), ..Address::default() }), &["CountryIsRequired"]),
    ("E32", |it| it.net_settlement_group = some("1"), &["ConnectionTypeIsRequired", "AssetTypeIsRequired", "CapacityIsRequired", "PowerPlantIsRequired"]),
    ("E32", |it| it.settlement_method = some("E01"), &["SettlementCannotBeProfiled"]),
    ("E32", |it| it.parent = Some(id("1")), &["ParentMustBeGsrn"]),
    ("E32", |it| it.metering_point = id("571313100000001048"), &["ClosedDown"]),
    ("E32", |it| it.next_reading_date = some("--12-01"), &[]),
    ("D15", |it| it.start = "2023-03-01T23:00:00Z".into(), &["EffectiveDateOutsideWindow"]),
    ("D15", |_| {}, &["SupplierIsRequired"]),
    ("D15", |it| it.metering_point = id(POINT), &["StateMustBeNew"]),
    ("D15", |it| it.metering_point = id("571313100000001079"), &["MustBePhysicalToConnect"]),
    ("D15", |it| it.metering_point = id("571313100000001086"), &["ParentIsRequiredToConnect"]),
    ("E79", |_| {}, &["RequestedStateIsRequired"]),
    ("E79", |it| it.connection_state = some("D03"), &["RequestedStateMustBeKnown"]),
    ("E79", |it| it.connection_state = some("E23"), &["StateDoesNotFit", "SupplierIsRequired"]),
    ("D14", |it| it.metering_point = id(POINT), &["SupplierExists"]),
    ("D16", |_| {}, &["ProcessIsNotOffered"]),
    ("D39", |it| it.metering_point = id("571313100000001093"), &["ObligedSupplierIsRequired"]),
];

pub fn peopled() -> House {
    let mut house = House::opened();
    let areas = [("132", None), ("133", Some(C.to_string()))];
    for (code, owner) in areas {
        house.store.commit(&crate::process::metering_points::GridAreaTable { code: code.into(), owner }.changes());
    }
    house.point("571313100000001017", "D06", "Connected");
    house.point("571313100000001024", "E20", "Connected");
    house.point("571313100000001048", "E17", "ClosedDown");
    house.point("571313100000001079", "D06", "New");
    house.point("571313100000001086", "D20", "New");
    house.point("571313100000001093", "E18", "Connected");
    house.point("571313100000001062", "E17", "Connected");
    let id = MeteringPointId::new("571313100000001062");
    let mut elsewhere = known(&house, id.as_str()).unwrap();
    elsewhere.grid_area = "133".into();
    house.store.commit(&crate::process::metering_points::changes(&elsewhere, None));
    house
}

#[test]
fn a_record_that_creates_breaks_what_it_breaks() {
    let house = peopled();
    let mut wrong = Vec::new();
    for (row, (record, change, expected)) in CREATED.iter().enumerate() {
        let mut record = record();
        change(&mut record);
        let broken = send(&mut house.clone(), "E02", record);
        if broken != *expected {
            wrong.push((row, broken, expected));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn a_record_that_changes_breaks_what_it_breaks() {
    let mut house = peopled();
    send(&mut house, "E02", consumption());
    let mut wrong = Vec::new();
    for (row, (reason, change, expected)) in UPDATED.iter().enumerate() {
        let mut record = bare(NEW, TODAY);
        change(&mut record);
        let broken = send(&mut house.clone(), reason, record);
        if broken != *expected {
            wrong.push((row, broken, expected));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn what_an_update_finds_is_not_held_against_it_and_what_it_may_not_touch_stays() {
    let mut house = peopled();
    // Nothing is known of it but its type: a meter may be placed nevertheless.
    let mut record = bare(POINT, TODAY);
    record.meter = some("7");
    assert_eq!(send(&mut house, "E67", record), Vec::<&str>::new());
    let mut yearly = net_settled("6");
    yearly.next_reading_date = some("--12-01");
    assert_eq!(send(&mut house, "E02", yearly), Vec::<&str>::new());
    let mut later = bare(NEW, TODAY);
    later.next_reading_date = some("--11-01");
    assert_eq!(send(&mut house, "E32", later), ["ScheduledReadingDateCannotChange"]);
    let mut surplus = of_type("D04");
    (surplus.metering_point, surplus.metering_method, surplus.meter) = (id(OTHER), some("D03"), None);
    assert_eq!(send(&mut house, "E02", surplus), Vec::<&str>::new());
    let mut measured = bare(OTHER, TODAY);
    measured.metering_method = some("D02");
    assert_eq!(send(&mut house, "E32", measured), ["CalculatedMustStayCalculated"]);
}

#[test]
fn reactive_exchange_is_read_as_often_as_its_parent() {
    let mut house = peopled();
    let mut exchange = of_type("E20");
    exchange.metering_point = id(OTHER);
    send(&mut house, "E02", exchange);
    let mut child = of_type("D20");
    child.parent = Some(id(OTHER));
    assert_eq!(send(&mut house, "E02", child), Vec::<&str>::new());
    let mut update = bare(NEW, TODAY);
    update.read_cycle = some("PT15M");
    assert_eq!(send(&mut house, "E32", update), ["ReadCycleMustEqualParents"]);
    assert_eq!(send(&mut house, "D15", bare(NEW, TODAY)), Vec::<&str>::new());
}

#[test]
fn a_sender_that_takes_no_part_creates_nothing() {
    let mut request = asked("E02", consumption());
    request.header.sender_number = "8100000000047".into();
    let decision = peopled().send(&request);
    assert_eq!((broken(&decision), codes(&decision)), (vec!["SenderMustBeRegistered"], vec!["E10".to_string()]));
}

/// Who calls, for which area something is delegated from when until when, and what a new metering point and an update in area
/// 131 then break.
#[test]
fn a_delegate_is_judged_as_whoever_runs_the_grid_area() {
    const P: Process = Process::IncomingMeteringPointCharacteristics;
    let other = "8200000000011";
    let day = |text: &str| at(text);
    let (before, now, after) = (day("2023-02-28T23:00:00Z"), day(NOW), day("2023-03-31T22:00:00Z"));
    type Breaks = &'static [&'static str];
    let acts: (Breaks, Breaks) = (&[], &[]);
    let stranger: (Breaks, Breaks) = (&["NoDelegation"], &["NoDelegation"]);
    let not_its_own: (Breaks, Breaks) = (&["SenderMustOperateGridArea"], &["MeteringPointOfAnother"]);
    for (process, area, starts, stops, expected) in [
        (P, "131", before, None, acts),
        (P, "131", now, None, acts),
        (P, "131", before, Some(after), acts),
        (P, "131", before, Some(now), stranger),
        (P, "131", after, None, stranger),
        (P, "131", before, Some(day("2022-12-31T23:00:00Z")), stranger),
        (P, "132", before, None, stranger),
        (Process::OutgoingMeteringPointCharacteristics, "131", before, None, stranger),
    ] {
        for role in [ActorRole::Delegated, ActorRole::GridAccessProvider] {
            let mut house = peopled();
            let grid = |number: &str| party(number, ActorRole::GridAccessProvider);
            house.store.register(other, ActorRole::GridAccessProvider, Status::Active);
            let (by, to) = (grid(GRID), Party { number: ActorNumber::new(other), role });
            house.store.delegate_to(process, area, by, to, (starts, stops));
            house.calls_as = Some(role);
            let expected = match role {
                ActorRole::GridAccessProvider if expected == stranger => not_its_own,
                _ => expected,
            };
            for (reason, record, breaks) in [("E02", consumption(), expected.0), ("E67", with_meter(POINT), expected.1)]
            {
                let mut request = asked(reason, record);
                request.header.sender_number = other.into();
                let decision = house.send(&request);
                assert_eq!(broken(&decision), breaks, "{process:?} {area} {starts} {stops:?} {role:?} {reason}");
                let answer = &decision.outgoing[0];
                assert_eq!((&answer.receiver, answer.owner()), (&grid(other), &Party { role, ..grid(other) }));
                let told = decision.outgoing.iter().filter(|it| it.kind.name == "AccountingPointCharacteristics");
                assert_eq!(told.count(), usize::from(reason == "E67" && breaks.is_empty()));
            }
        }
    }
}

/// A grid company of its own that logs in as a delegated party has that party's rights, and no others.
#[test]
fn a_delegated_party_is_no_grid_company_whatever_its_header_says() {
    let mut house = peopled();
    house.calls_as = Some(ActorRole::Delegated);
    let decision = house.send(&asked("E67", with_meter(POINT)));
    assert_eq!((broken(&decision), codes(&decision)), (vec!["NoDelegation"], vec!["D50".to_string()]));
}

fn with_meter(number: &str) -> Characteristics {
    Characteristics { meter: some("7"), ..bare(number, TODAY) }
}

#[test]
fn every_rule_is_broken_by_some_row() {
    let rows = CREATED.iter().flat_map(|row| row.2).chain(UPDATED.iter().flat_map(|row| row.2));
    // Those that a test of their own breaks.
    let others = [
        "ScheduledReadingDateCannotChange",
        "CalculatedMustStayCalculated",
        "ReadCycleMustEqualParents",
        "SenderMustBeRegistered",
        "NoDelegation",
        "ChildrenAreOpen",
        "MustBeProduction",
        "TooManyVersions",
        "TooManyChildren",
    ];
    let seen: BTreeSet<&str> = rows.copied().chain(others).chain(super::strict::broken_alone()).collect();
    assert_eq!(Rule::all().map(Rule::name).collect::<BTreeSet<_>>(), seen);
}
