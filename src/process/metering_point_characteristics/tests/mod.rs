//! What an RSM-021 comes to: the worked cases of the market's text, and what a metering point goes through.

mod bounds;
mod later;
mod rules;
mod strict;
mod versions;

use crate::market::{ActorRole, MeteringPointId};
use crate::process::change_of_supplier::tests::{
    A, APRIL, B, C, GRID, House, POINT, broken, codes, ending, header, id, move_in, request, value,
};
use crate::process::charge_documents::tests::at;
use crate::process::market_documents::metering_point::{
    MeteringPointCharacteristics as Characteristics, RequestChangeAccountingPointCharacteristics as RequestChange,
    SentProduct,
};
use crate::process::market_documents::{Address, Measured, Sent};
use crate::process::metering_points::{ConnectionState, MeteringPoint, Version, metering_point, needs_of};

const NEW: &str = "571234567891234568";
const OTHER: &str = "570851247381952311";
const PLANT: &str = "571313180400014602";
/// 1 March, the day of the house.
const TODAY: &str = "2023-02-28T23:00:00Z";

/// What breaks no rule when GRID sends it with E02: consumption without net settlement.
fn consumption() -> Characteristics {
    let some = |text: &str| Some(text.to_string());
    Characteristics {
        transaction_id: "t1".into(),
        start: TODAY.into(),
        metering_point: id(NEW),
        point_type: some("E17"),
        settlement_method: some("D01"),
        metering_method: some("D01"),
        connection_state: some("D03"),
        read_cycle: some("PT1H"),
        net_settlement_group: some("0"),
        grid_area: Some(id("131")),
        disconnection_method: some("D01"),
        meter: some("123456789"),
        products: vec![SentProduct { product: some("8716867000030"), annual_volume: None, unit: some("KWH") }],
        address_reference: some("0a3f50b8-0000-32b8-e044-0003ba298018"),
        is_actual_address: some("true"),
        address: Some(Address {
            street_code: some("0405"),
            street: some("Mill Lane"),
            number: some("12B"),
            municipality_code: some("751"),
            city: some("Aarhus"),
            country: some("DK"),
            post_code: some("8000"),
            ..Address::default()
        }),
        ..Characteristics::default()
    }
}

/// With net settlement: all that it wants.
fn net_settled(group: &str) -> Characteristics {
    let some = |text: &str| Some(text.to_string());
    Characteristics {
        net_settlement_group: some(group),
        metering_method: some("D02"),
        meter: None,
        connection_type: some("D02"),
        asset_type: some("D11"),
        capacity: Some(Measured { unit: "KWT".into(), amount: "6.5".into() }),
        power_plant: Some(id(PLANT)),
        ..consumption()
    }
}

/// Of any other type, with nothing that it need not have.
fn of_type(code: &str) -> Characteristics {
    let mut record = consumption();
    record.point_type = Some(code.into());
    record.settlement_method = None;
    if code == "E18" {
        (record.asset_type, record.power_plant) = (Some("D12".into()), Some(id(PLANT)));
    }
    if code == "E20" {
        (record.from_grid_area, record.to_grid_area) = (Some(id("131")), Some(id("131")));
    }
    if code == "D20" {
        record.products[0] =
            SentProduct { product: Some("8716867000047".into()), annual_volume: None, unit: Some("K3".into()) };
    }
    record
}

/// A record that says nothing but this.
fn bare(number: &str, start: &str) -> Characteristics {
    let transaction_id = format!("t-{number}");
    Characteristics { transaction_id, metering_point: id(number), start: start.into(), ..Characteristics::default() }
}

fn asked(reason: &str, record: Characteristics) -> RequestChange {
    let mut header = header(GRID, reason, "E58", "m1");
    header.sender_role = if reason == "D39" { "EZ" } else { "DDM" }.into();
    Sent { header, reason_code: None, records: vec![record] }
}

fn send(house: &mut House, reason: &str, record: Characteristics) -> Vec<&'static str> {
    broken(&house.send(&asked(reason, record)))
}

fn known(house: &House, number: &str) -> Option<MeteringPoint> {
    let id = MeteringPointId::new(number);
    metering_point(&house.store.facts(&needs_of(&id)), &id)
}

/// As it is now.
fn current(house: &House, number: &str) -> Version {
    known(house, number).unwrap().at(house.now).clone()
}

fn state(house: &House, number: &str) -> ConnectionState {
    current(house, number).state
}

/// `E23` or `E22`.
fn to_state(number: &str, state: &str) -> Characteristics {
    Characteristics { connection_state: Some(state.into()), ..bare(number, TODAY) }
}

#[test]
fn a_metering_point_is_created_as_new_and_its_charges_will_be() {
    let mut house = House::opened();
    let mut record = consumption();
    record.connection_state = Some("E22".into());
    let decision = house.send(&asked("E02", record));
    assert_eq!(broken(&decision), Vec::<&str>::new());
    assert_eq!(house.post(), [format!("ConfirmRequestChangeAccountingPointCharacteristics E02 {GRID}/DDM")]);
    let point = known(&house, NEW).unwrap();
    let first = point.at(at(TODAY));
    assert_eq!((first.state, point.effective, first.state_since), (ConnectionState::New, at(TODAY), at(TODAY)));
    assert_eq!(first.master.address.municipality_code.as_deref(), Some("0751"), "as it goes out");
    assert!(!first.production_obligated);
    let told = house.told("MeteringPointCreated");
    let payload = &told[0].payload;
    assert_eq!((told.len(), payload["settlement_method"].as_str()), (1, Some("D01")));
    assert_eq!(payload["grid_operator_id"].as_str(), Some(GRID));
    assert!(crate::process::errand::is_left_by(&crate::process::aftermath(
        &decision.events,
        &crate::process::Context {
            now: house.now,
            caller: crate::market::Party {
                number: crate::market::ActorNumber::new(GRID),
                role: ActorRole::GridAccessProvider
            },
            cause: [1; 32],
            market: &house.market.clone(),
        }
    )));
    // An accounting point that nobody supplies yet may be moved into, and then be connected.
    let mut moves = move_in(B, "m1", TODAY);
    moves.records[0].metering_point = id(NEW);
    assert_eq!(broken(&house.send(&moves)), Vec::<&str>::new());
    assert_eq!(send(&mut house, "D15", bare(NEW, TODAY)), Vec::<&str>::new());
    assert_eq!(state(&house, NEW), ConnectionState::Connected);
}

#[test]
fn every_type_can_be_created() {
    for kind in crate::market::MeteringPointType::all() {
        let mut record = of_type(kind.code());
        match kind.code() {
            "E17" => record.settlement_method = Some("E02".into()),
            "D12" => (record.metering_method, record.meter) = (Some("D02".into()), None),
            "D15" => (record.metering_method, record.meter) = (Some("D03".into()), None),
            _ => {}
        }
        let mut house = House::opened();
        assert_eq!(send(&mut house, "E02", record), Vec::<&str>::new(), "{}", kind.name());
    }
}

#[test]
fn whoever_supplies_it_or_is_to_hears_all_of_it() {
    let mut house = House::opened();
    house.send(&request(B, "E03", "c1", APRIL));
    house.point(OTHER, "E17", "New");
    house.supply(OTHER, C);
    house.post();
    let mut update = consumption();
    update.metering_point = id(POINT);
    update.grid_area = None;
    assert_eq!(send(&mut house, "E32", update), Vec::<&str>::new());
    let letters: Vec<_> =
        house.sent.iter().filter(|it| it.kind.name == "AccountingPointCharacteristics").cloned().collect();
    let receivers: Vec<_> = letters.iter().map(|it| it.receiver.number.as_str()).collect();
    assert_eq!(receivers, [A, B]);
    for (letter, (from, start)) in letters.iter().zip([(TODAY, "2021-12-31T23:00:00Z"), (APRIL, APRIL)]) {
        let value = |name| value(letter, name);
        assert_eq!(letter.business_reason, "E32");
        assert_eq!(value("validityStart_DateAndOrTime.dateTime").as_deref(), Some(from));
        assert_eq!(value("supplyStart_DateAndOrTime.dateTime").as_deref(), Some(start));
        assert_eq!(value("settlementMethod").as_deref(), Some("D01"));
        assert_eq!(value("meter.mRID").as_deref(), Some("123456789"));
    }
    house.post();
    // Its change of supplier tells the same.
    assert_eq!(send(&mut house, "D15", bare(OTHER, TODAY)), Vec::<&str>::new());
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeAccountingPointCharacteristics D15 {GRID}/DDM"),
            format!("AccountingPointCharacteristics D15 {C}/DDQ"),
        ]
    );
}

/// Metering-points 14: without a number nothing is changed, and whatever else stands in the document is.
#[test]
fn a_record_without_a_metering_point_is_rejected_alone() {
    for reason in ["E02", "E32", "E67", "E75", "E79", "D14", "D15", "D39"] {
        for blank in ["", " "] {
            let mut house = House::opened();
            let nameless = Characteristics { metering_point: id(blank), ..to_state(POINT, "E23") };
            let mut both = asked(reason, nameless);
            both.records.push(Characteristics { transaction_id: "t2".into(), ..to_state(POINT, "E23") });
            let fates = house.send(&both).fates;
            let is_nameless: Vec<bool> = fates.iter().map(|fate| fate.broken.contains(&"InvalidGsrn")).collect();
            assert_eq!(is_nameless, [true, false], "{reason}");
            assert!(house.post().iter().any(|it| it.starts_with("Reject")), "{reason}");
        }
    }
}

#[test]
fn what_was_left_out_stays_and_what_is_empty_goes() {
    let mut house = House::opened();
    let mut full = consumption();
    full.location_description = Some("behind the mill".into());
    full.address.as_mut().unwrap().floor = Some("2".into());
    send(&mut house, "E02", full);
    let mut update = bare(NEW, TODAY);
    update.settlement_method = Some("E02".into());
    update.location_description = Some(String::new());
    update.address = Some(Address { street: Some("Church Lane".into()), ..Address::default() });
    assert_eq!(send(&mut house, "E32", update), Vec::<&str>::new());
    let master = current(&house, NEW).master;
    assert_eq!(master.settlement_method, Some(crate::market::SettlementMethod::NonProfiled));
    assert_eq!(master.location_description, None);
    assert_eq!(master.address.street.as_deref(), Some("Church Lane"));
    assert_eq!((master.address.floor.as_deref(), master.meter.as_deref()), (Some("2"), Some("123456789")));
    assert_eq!(house.told("SettlementDetailsChanged").len(), 1);
    assert_eq!(house.told("MasterDataUpdated").len(), 1);
    // A meter goes with its method, a reading date with its group.
    let mut virtually = bare(NEW, TODAY);
    virtually.metering_method = Some("D02".into());
    assert_eq!(send(&mut house, "E75", virtually), Vec::<&str>::new());
    assert_eq!(current(&house, NEW).master.meter, None);
}

#[test]
fn a_parent_and_its_child_come_in_one_document_and_know_each_other() {
    let mut house = House::opened();
    let mut child = of_type("D06");
    (child.transaction_id, child.metering_point, child.parent) = ("t2".into(), id(OTHER), Some(id(NEW)));
    let mut both = asked("E02", consumption());
    both.records.push(child);
    assert_eq!(broken(&house.send(&both)), Vec::<&str>::new());
    let heard = |house: &House| {
        let (parent, child) = (current(house, NEW), current(house, OTHER));
        let parents: Vec<String> = child.master.parent.iter().map(|(id, _)| id.to_string()).collect();
        let children: Vec<String> = parent.master.children.iter().map(|(id, _)| id.to_string()).collect();
        (parents, children)
    };
    assert_eq!(heard(&house), (vec![NEW.into()], vec![OTHER.into()]));
    assert_eq!(send(&mut house, "D14", bare(NEW, TODAY)), ["ChildrenAreOpen"]);
    let mut alone = bare(OTHER, TODAY);
    alone.parent = Some(id(""));
    assert_eq!(send(&mut house, "E32", alone), Vec::<&str>::new());
    assert_eq!(heard(&house), (vec![], vec![]));
    let mut back = bare(OTHER, TODAY);
    back.parent = Some(id(NEW));
    assert_eq!(send(&mut house, "E32", back), Vec::<&str>::new());
    // A child that is closed down is nobody's child.
    assert_eq!(send(&mut house, "D14", bare(OTHER, TODAY)), Vec::<&str>::new());
    assert_eq!(heard(&house), (vec![], vec![]));
    assert_eq!(house.told("CoupledToParent").len() + house.told("DecoupledFromParent").len(), 4);
}

#[test]
fn a_metering_point_is_disconnected_and_connected_again() {
    let mut house = House::opened();
    assert_eq!(send(&mut house, "E79", to_state(POINT, "E22")), ["StateDoesNotFit"]);
    assert_eq!(send(&mut house, "E79", to_state(POINT, "E23")), Vec::<&str>::new());
    assert_eq!(state(&house, POINT), ConnectionState::Disconnected);
    assert_eq!(current(&house, POINT).state_since, at(TODAY));
    house.post();
    assert_eq!(send(&mut house, "E79", to_state(POINT, "E22")), Vec::<&str>::new());
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeAccountingPointCharacteristics E79 {GRID}/DDM"),
            format!("AccountingPointCharacteristics E79 {A}/DDQ"),
        ]
    );
    assert_eq!(house.told("MeteringPointDisconnected").len(), 1);
    assert_eq!(house.told("MeteringPointReconnected").len(), 1);
}

#[test]
fn a_closing_down_waits_for_its_day_and_cancels_what_is_pending_at_once() {
    let mut house = House::opened();
    house.point(OTHER, "E17", "Connected");
    let mut moves = move_in(B, "m1", APRIL);
    moves.records[0].metering_point = id(OTHER);
    assert_eq!(broken(&house.send(&moves)), Vec::<&str>::new());
    house.post();
    assert_eq!(send(&mut house, "D14", bare(POINT, APRIL)), ["SupplierExists"]);
    house.post();
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), Vec::<&str>::new());
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeAccountingPointCharacteristics D14 {GRID}/DDM"),
            format!("NotifyCancellation D14 {B}/DDQ"),
        ]
    );
    let cancelled = house.told("FutureEnergySupplierChangeCancelled");
    assert_eq!(cancelled[0].payload["reason"].as_str(), Some("end_of_life"));
    assert_eq!(house.told("MeteringPointClosedDown").len(), 1);
    assert_eq!(state(&house, OTHER), ConnectionState::Connected);
    house.pass(at(APRIL));
    assert_eq!(state(&house, OTHER), ConnectionState::ClosedDown);
    assert_eq!(house.told("MeteringPointClosed").len(), 1);
    assert_eq!(house.accounting_point(OTHER).supplier_at(at(APRIL)), None);
    assert_eq!(send(&mut house, "D14", bare(OTHER, APRIL)), ["ClosedDown"]);
    let mut again = consumption();
    again.metering_point = id(OTHER);
    assert_eq!(send(&mut house, "E02", again), ["MeteringPointIsNew"], "a number is never used again");
}

#[test]
fn nothing_comes_back_for_an_instant_because_what_suspends_it_is_cancelled_first() {
    let mut house = House::opened();
    house.send(&ending(A, "E20", "e1", "2023-03-05T23:00:00Z"));
    house.send(&request(B, "E03", "c1", APRIL));
    house.send(&move_in(C, "m1", "2023-03-20T23:00:00Z"));
    let waiting: Vec<String> = house.sent.iter().map(|it| it.message_id.clone()).collect();
    waiting.iter().for_each(|message| house.dequeue(message));
    house.pass(at("2023-03-06T09:00:00Z"));
    house.post();
    assert_eq!(send(&mut house, "D14", bare(POINT, APRIL)), Vec::<&str>::new());
    assert_eq!(
        house.post(),
        [
            format!("ConfirmRequestChangeAccountingPointCharacteristics D14 {GRID}/DDM"),
            format!("NotifyCancellation D14 {C}/DDQ"),
            format!("NotifyCancellation D14 {B}/DDQ"),
        ]
    );
}

#[test]
fn the_system_operator_says_who_is_obliged_to_produce() {
    let mut house = House::opened();
    house.point(OTHER, "E18", "Connected");
    house.supply(OTHER, A);
    let mut record = bare(OTHER, TODAY);
    record.production_obligation = Some("false".into());
    assert_eq!(send(&mut house, "D39", record), Vec::<&str>::new());
    assert!(!current(&house, OTHER).production_obligated);
    assert_eq!(send(&mut house, "D39", bare(POINT, TODAY)), ["MustBeProduction"]);
}
