//! What goes out, rendered and held to our own schema, and to the official one where GRIDPOST_CONFORMANCE says where it is.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::super::kinds::{self, *};
use super::super::letters::{self, About, document};
use super::super::master_data::*;
use super::super::{Address, Id, Reason, RequestKind, Rule, reasons};
use crate::document::{Bearing, Kind, Outgoing, Record, RecordStatus, SummaryReader, built_in, cim_xml};
use crate::market::*;
use crate::process::metering_points::{ConnectionState, MasterData};
use crate::process::{Context, Market};
use crate::spec::{Specs, check};
use crate::xml::Limits;

fn market() -> &'static Market {
    static MARKET: OnceLock<Market> = OnceLock::new();
    MARKET.get_or_init(Market::dk_defaults)
}

fn context() -> Context<'static> {
    Context { now: at("2023-03-01T08:00:00Z"), caller: supplier(), cause: [7; 32], market: market() }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

fn supplier() -> Party {
    Party { number: ActorNumber::new("5790002000010"), role: ActorRole::EnergySupplier }
}

fn grid() -> Party {
    Party { number: ActorNumber::new("10X1001A1001A248"), role: ActorRole::GridAccessProvider }
}

fn point() -> MeteringPointId {
    MeteringPointId::new("571313100000000010")
}

/// The document as bytes, valid by every schema at hand.
fn rendered(outgoing: &Outgoing) -> String {
    static OURS: OnceLock<Specs> = OnceLock::new();
    static THEIRS: OnceLock<Option<Specs>> = OnceLock::new();
    let ours = OURS.get_or_init(built_in);
    let theirs = THEIRS.get_or_init(|| {
        let folder = PathBuf::from(std::env::var_os("GRIDPOST_CONFORMANCE")?).join("xsd/cim");
        Some(Specs::folder(&folder).unwrap())
    });
    let document = cim_xml::write(outgoing, &cim_xml::write_records(outgoing.kind, &outgoing.records));
    for specs in [Some(ours), theirs.as_ref()].into_iter().flatten() {
        let schema = specs.schema_for(outgoing.kind.namespace).unwrap_or_else(|| panic!("{}", outgoing.kind.name));
        let verdict = check(schema, &document, &Limits::default(), &mut ());
        assert!(verdict.is_valid(), "{verdict:#?}\n{}", String::from_utf8_lossy(&document));
    }
    String::from_utf8(document).unwrap()
}

fn send(kind: &'static Kind, receiver: &Party, record: Record) -> String {
    rendered(&document(kind, receiver, "E03", vec![record], &context()))
}

fn asked(number: &str) -> Id {
    Id { coding_scheme: "NDK".into(), number: number.into() }
}

#[test]
fn every_confirmation_and_every_rejection_follows_its_schema() {
    let broken = [Rule::InvalidGsrnNumber, Rule::EffectiveDateIsEmpty];
    let mut answers = 0;
    for kind in kinds::ALL {
        let description = [&CONFIRM_SERVICE, &REJECT_SERVICE].contains(&kind).then_some("I morgen <snart>");
        for (point, reference) in [("571313100000000010", Some("p-1")), ("", None), ("no GSRN", None)] {
            let asked = asked(point);
            let about =
                About { transaction_id: "c1", process_reference: reference, metering_point: &asked, description };
            let record = match kind.status {
                Some("A01") => letters::confirmation("r-1".into(), &about),
                Some("A02") => {
                    letters::rejection("r-1".into(), &about, &reasons(&broken, RequestKind::ChangeOfSupplier))
                }
                _ => continue,
            };
            let document = send(kind, &supplier(), record);
            let echoed = format!("<cim:marketEvaluationPoint.mRID codingScheme=\"NDK\">{point}</");
            assert!(document.contains(&echoed), "{document}");
            assert_eq!(document.contains("<cim:text>Målepunktet kan ikke identificeres</"), kind.status == Some("A02"));
            answers += 1;
        }
    }
    assert_eq!(answers, 3 * 15, "seven confirmations and eight rejections");
}

#[test]
fn notices_and_forwarded_requests_follow_their_schemas() {
    let (start, text) =
        (at("2023-03-31T22:00:00Z"), |name: &str, value: &str| format!("<cim:{name}>{value}</cim:{name}>"));
    for (original, told) in [(Some("c1"), true), (None, false)] {
        let record = letters::notification("r-1".into(), original, start, Bearing::Starts, &point());
        let document = send(&GENERIC_NOTIFICATION, &grid(), record);
        assert!(document.contains(&text("validityStart_DateAndOrTime.dateTime", "2023-03-31T22:00:00Z")));
        assert_eq!(document.contains("originalTransactionIDReference"), told);
        assert!(document.contains("receiver_MarketParticipant.mRID codingScheme=\"A01\">10X1001A1001A248<"));
    }
    let record = letters::cancellation_notice("r-1".into(), "c1", &point());
    assert!(send(&NOTIFY_CANCELLATION, &supplier(), record).contains(">c1<"));

    let record = letters::forwarded_reallocation("r-1".into(), &point(), start);
    let document = send(&FORWARD_REALLOCATION, &supplier(), record);
    assert!(document.contains(&text("start_DateAndOrTime.dateTime", "2023-03-31T22:00:00Z")));

    for service in ServiceRequest::ALL {
        let record =
            letters::forwarded_service("r-1".into(), &point(), start, &supplier().number, service, Some("Ring først"));
        let document = send(&FORWARD_SERVICE, &grid(), record);
        assert!(document.contains(&text("marketEvaluationPoint.request_ServiceCategory.kind", service.code())));
    }
}

fn address() -> Address {
    let some = |text: &str| Some(text.to_string());
    Address {
        street_code: some("0405"),
        street: some("Gade"),
        number: some("1A"),
        floor: some("st"),
        room: some("tv"),
        municipality_code: some("0101"),
        city: some("København"),
        city_section: some("Valby"),
        country: some("DK"),
        post_code: some("2500"),
        post_box: some("7"),
    }
}

fn metering_point() -> MeteringPointDetails {
    let some = |text: &str| Some(text.to_string());
    MeteringPointDetails {
        grid_company: Some(grid().number),
        point_type: Some(MeteringPointType::Consumption),
        connection_state: Some(ConnectionState::Connected),
        grid_area: some("244"),
        production_obligation: Some(true),
        supplier: Some(supplier().number),
        supply_start: Some(at("2023-03-31T22:00:00Z")),
        master: MasterData {
            settlement_method: Some(SettlementMethod::Flex),
            metering_method: Some(MeteringMethod::Physical),
            read_cycle: Some("PT1H"),
            net_settlement_group: Some(6),
            next_reading_date: Some((1, 31)),
            from_grid_area: some("245"),
            to_grid_area: some("246"),
            power_plant: Some(MeteringPointId::new("571313199000000076")),
            capacity: some("12.5"),
            connection_type: Some(ConnectionType::Installation),
            disconnection_method: Some(DisconnectionMethod::Remote),
            asset_type: Some(AssetType::Photovoltaic),
            maximum_power: some("20"),
            maximum_current: some("25"),
            meter: some("M-7"),
            product: Some(EnergyProduct::ActiveEnergy),
            unit: Some(EnergyUnit::KilowattHour),
            location_description: some("Bag laden"),
            address_reference: some("0a3f50b8-0000-32b8-e044-0003ba298018"),
            address: address(),
            is_actual_address: Some(true),
            parent: Some((MeteringPointId::new("571313199000000076"), Some(MeteringPointType::Exchange))),
            children: vec![
                (MeteringPointId::new("571313100000000027"), Some(MeteringPointType::ElectricalHeating)),
                (MeteringPointId::new("571313100000000034"), None),
            ],
        },
    }
}

fn subject(point: &MeteringPointId) -> Subject<'_> {
    Subject { point, from: at("2023-03-31T22:00:00Z"), original: Some("c1") }
}

#[test]
fn a_metering_point_is_told_whole_or_not_at_all_known() {
    let point = point();
    let full = metering_point_data("r-1".into(), &subject(&point), &metering_point());
    insta::assert_snapshot!(send(&METERING_POINT_DATA, &supplier(), full));
    let bare = metering_point_data("r-1".into(), &subject(&point), &MeteringPointDetails::default());
    let document = send(&METERING_POINT_ANSWER, &supplier(), bare);
    assert!(document.contains("<cim:type>D20</"));
    let inside = document.split("<cim:MarketEvaluationPoint>").nth(1).unwrap();
    assert_eq!(inside.matches("<cim:").count(), 1, "nothing but the number: {inside}");
}

#[test]
fn only_consumption_has_a_settlement_method_and_some_units_cannot_be_told() {
    let point = point();
    let production = MeteringPointDetails { point_type: Some(MeteringPointType::Production), ..metering_point() };
    let document =
        send(&METERING_POINT_DATA, &supplier(), metering_point_data("r".into(), &subject(&point), &production));
    assert!(!document.contains("settlementMethod"));
    for unit in EnergyUnit::ALL {
        let mut details = metering_point();
        details.master.unit = Some(unit);
        let document =
            send(&METERING_POINT_DATA, &supplier(), metering_point_data("r".into(), &subject(&point), &details));
        assert_eq!(document.contains("quantity_Measure_Unit.name"), unit.is_told_in_master_data());
    }
    for master in [
        MasterData { meter: Some("7".repeat(61)), ..MasterData::default() },
        MasterData { address_reference: Some("7".repeat(37)), ..MasterData::default() },
        MasterData {
            address: Address { country: Some("Danmark".into()), ..Address::default() },
            ..MasterData::default()
        },
    ] {
        let bare = metering_point_data("r".into(), &subject(&point), &MeteringPointDetails::default());
        let details = MeteringPointDetails { master, ..MeteringPointDetails::default() };
        assert_eq!(metering_point_data("r".into(), &subject(&point), &details), bare, "left out, with its group");
    }
}

fn customers(first: &str, second: &str) -> CustomerDetails {
    let some = |text: &str| Some(text.to_string());
    let named = |number, name| Some(NamedCustomer { number: CustomerNumber::new(number), name: some(name) });
    let contact = |address_type| Contact {
        address_type,
        address_reference: some("0a3f50b8-0000-32b8-e044-0003ba298018"),
        address: address(),
        name: some("Åse"),
        attention: some("Bo"),
        phone: some("12345678"),
        mobile: some("8765432187654321"),
        email: some("a@b.dk"),
        protected_address: Some(true),
    };
    CustomerDetails {
        electrical_heating: Some(true),
        electrical_heating_from: Some(at("2022-12-31T23:00:00Z")),
        first: named(first, "Åse Ø"),
        second: named(second, "Bo & co"),
        protected_name: Some(false),
        has_supplier: Some(true),
        supply_start: Some(at("2023-03-31T22:00:00Z")),
        contacts: vec![contact(AddressType::Technical), contact(AddressType::Juridical)],
    }
}

#[test]
fn customers_are_told_to_suppliers_and_less_of_them_to_others() {
    let point = point();
    let told = |receiver: &Party, details: &CustomerDetails| {
        send(&CUSTOMER_DATA, receiver, customer_data("r-1".into(), &subject(&point), details, receiver.role))
    };
    insta::assert_snapshot!(told(&supplier(), &customers("12345678", "87654321")));
    let to_grid = told(&grid(), &customers("12345678", "87654321"));
    assert!(to_grid.contains("codingScheme=\"VAT\">12345678<"));
    assert!(!to_grid.contains("87654321"), "a second customer's number goes to suppliers only");
    assert!(!to_grid.contains("supplyStart"));
    assert!(to_grid.contains("Bo &amp; co"));
    let bare = told(&supplier(), &CustomerDetails::default());
    let inside = bare.split("<cim:MarketEvaluationPoint>").nth(1).unwrap();
    assert_eq!(inside.matches("<cim:").count(), 1, "nothing but the number: {inside}");
}

#[test]
fn a_personal_number_is_sent_to_nobody() {
    let point = point();
    for number in ["0101701234", "0101700000", "010170-1234", "01017012345"] {
        for receiver in [supplier(), grid()] {
            let details = customers(number, number);
            let record = customer_data("r-1".into(), &subject(&point), &details, receiver.role);
            let document = send(&CUSTOMER_ANSWER, &receiver, record);
            assert!(!document.contains("010170") && !document.contains("stCustomer_MarketParticipant.mRID"));
            assert!(document.contains("<cim:type>D17</") && document.contains("Åse Ø"));
        }
    }
}

#[test]
fn an_acknowledgement_says_what_was_wrong_with_what_was_taken_in() {
    let header = crate::document::Header {
        message_id: "M-1".into(),
        document_type: "D02".into(),
        business_reason: "D33".into(),
        created: "2023-03-01T08:59:00Z".into(),
        ..crate::document::Header::default()
    };
    let reason = Rule::AnswerWithoutReference.reason(RequestKind::Answer);
    let bare = Reason { code: "E0H".into(), text: None };
    let records = [("c1", vec![reason.clone()]), ("c2", vec![reason.clone(), bare.clone()])];
    let outgoing = letters::acknowledgement(&header, &supplier(), &[bare], &records, &context());
    let document = rendered(&outgoing);
    insta::assert_snapshot!(document.replace(&outgoing.message_id, "[id]"));

    let specs = built_in();
    let mut reader = SummaryReader::default();
    let schema = specs.schema_for(ACKNOWLEDGEMENT.namespace).unwrap();
    assert!(cim_xml::read(schema, document.as_bytes(), &Limits::default(), &mut reader).is_valid());
    let summary = reader.finish();
    let fates: Vec<_> = summary.records.iter().map(|it| (&*it.id, it.status, it.reasons.len())).collect();
    assert_eq!(fates, [("c1", RecordStatus::Rejected, 1), ("c2", RecordStatus::Rejected, 2)]);

    let whole = letters::acknowledgement(&header, &supplier(), &[reason], &[], &context());
    assert!(rendered(&whole).contains("<cim:received_MarketDocument.mRID>M-1</"));
}

#[test]
fn documents_of_one_decision_have_ids_of_their_own_and_the_same_ones_again() {
    let record = |id: &str| letters::cancellation_notice(id.into(), "c1", &point());
    let id = |receiver: &Party, record: Record| {
        document(&NOTIFY_CANCELLATION, receiver, "E03", vec![record], &context()).message_id
    };
    let ids = [id(&supplier(), record("r-1")), id(&supplier(), record("r-2")), id(&grid(), record("r-1"))];
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
    assert_eq!(id(&supplier(), record("r-1")), ids[0]);
}
