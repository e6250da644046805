//! The readers, on documents as they come: through the schema and the wire form.

use super::super::answers::{ConfirmRequestService, RejectRequestReallocateChangeOfSupplier, RejectRequestService};
use super::super::customers::RequestChangeCustomerCharacteristics;
use super::super::door::DOORS;
use super::super::metering_point::RequestChangeAccountingPointCharacteristics;
use super::super::requests::*;
use super::super::*;
use crate::document::{Refusal, built_in, cim_xml};
use crate::market::{CustomerNumber, CustomerType};
use crate::xml::Limits;

const SUPPLIER: &str = "5790002000010";
const POINT: &str = "571313100000000010";

/// A document with this header and these records, read on the whole road; `tag=value` and `tag@scheme=value` lines become
/// elements, `tag{` and `}` open and close groups.
fn read<R: SentRecord>(reason: &str, role: &str, records: &str) -> Result<Sent<R>, Vec<Refusal>> {
    let door = R::DOOR;
    let header = format!(
        "mRID=M-1\ntype={}\nprocess.processType={reason}\nbusinessSector.type=23\n\
         sender_MarketParticipant.mRID@A10={SUPPLIER}\nsender_MarketParticipant.marketRole.type={role}\n\
         receiver_MarketParticipant.mRID@A10=5790001330552\nreceiver_MarketParticipant.marketRole.type=DDZ\n\
         createdDateTime=2023-03-01T08:00:00Z\n",
        door.type_code
    );
    read_lines::<R>(&(header + records))
}

fn read_lines<R: SentRecord>(lines: &str) -> Result<Sent<R>, Vec<Refusal>> {
    let door = R::DOOR;
    let specs = built_in();
    let mut reader = DocumentReader::<R>::default();
    let document = xml(door.name, door.namespace, lines);
    let schema = specs.schema_for(door.namespace).expect("every document that has a door has a schema");
    let verdict = cim_xml::read(schema, document.as_bytes(), &Limits::default(), &mut reader);
    assert!(verdict.is_valid(), "{verdict:#?}\n{document}");
    reader.finish_typed()
}

fn xml(name: &str, namespace: &str, lines: &str) -> String {
    let mut open = Vec::new();
    let mut out = format!("<cim:{name}_MarketDocument xmlns:cim=\"{namespace}\">\n");
    for line in lines.lines().map(str::trim) {
        if let Some(group) = line.strip_suffix('{') {
            open.push(group);
            out += &format!("<cim:{group}>\n");
        } else if line == "}" {
            out += &format!("</cim:{}>\n", open.pop().expect("an open group"));
        } else {
            let (tag, value) = line.split_once('=').expect("tag=value");
            let (tag, attribute) = match tag.split_once('@') {
                Some((tag, unit @ ("KWT" | "AMP"))) => (tag, format!(" unit=\"{unit}\"")),
                Some((tag, scheme)) => (tag, format!(" codingScheme=\"{scheme}\"")),
                None => (tag, String::new()),
            };
            out += &format!("<cim:{tag}{attribute}>{value}</cim:{tag}>\n");
        }
    }
    out + &format!("</cim:{name}_MarketDocument>\n")
}

fn id(coding_scheme: &str, number: &str) -> Id {
    Id { coding_scheme: coding_scheme.into(), number: number.into() }
}

fn some(text: &str) -> Option<String> {
    Some(text.to_string())
}

#[test]
fn a_change_of_supplier_is_read_with_every_field_and_the_next_record_inherits_none() {
    let request: RequestChangeOfSupplier = read(
        "E65",
        "DDQ",
        "MktActivityRecord{
         mRID=c1
         businessProcessReference_MktActivityRecord.mRID=p1
         marketEvaluationPoint.mRID@A10=571313100000000010
         marketEvaluationPoint.energySupplier_MarketParticipant.mRID@A01=10X1001A1001A248
         marketEvaluationPoint.balanceResponsibleParty_MarketParticipant.mRID@A10=5790002000010
         marketEvaluationPoint.shipper_MarketParticipant.mRID@A10=5790002000010
         marketEvaluationPoint.customer_MarketParticipant.mRID@ARR=0101701234
         marketEvaluationPoint.customer_MarketParticipant.name=Åse Ø
         start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         }
         MktActivityRecord{
         mRID=c2
         marketEvaluationPoint.mRID@A10=
         marketEvaluationPoint.energySupplier_MarketParticipant.mRID@A10=
         start_DateAndOrTime.dateTime=2023-03-31T22:00:00.5+02:00
         }",
    )
    .unwrap();
    let customer = CustomerId { coding_scheme: "ARR".into(), number: CustomerNumber::new("0101701234") };
    let first = ChangeOfSupplier {
        transaction_id: "c1".into(),
        process_reference: some("p1"),
        metering_point: id("A10", POINT),
        energy_supplier: id("A01", "10X1001A1001A248"),
        balance_responsible: Some(id("A10", SUPPLIER)),
        customer: Some(customer),
        customer_name: some("Åse Ø"),
        start: "2023-03-31T22:00:00Z".into(),
    };
    let second = ChangeOfSupplier {
        transaction_id: "c2".into(),
        metering_point: id("A10", ""),
        energy_supplier: id("A10", ""),
        start: "2023-03-31T22:00:00.5+02:00".into(),
        ..ChangeOfSupplier::default()
    };
    assert_eq!(request.records, [first, second]);
    assert_eq!((&*request.header.business_reason, &*request.header.message_id), ("E65", "M-1"));
    assert_eq!(request.records[0].customer.as_ref().unwrap().number.customer_type(), Some(CustomerType::Person));
}

#[test]
fn nothing_that_is_read_shows_a_personal_number() {
    let request: RequestChangeOfSupplier = read(
        "E03",
        "DDQ",
        "MktActivityRecord{
         mRID=c1
         marketEvaluationPoint.mRID@A10=571313100000000010
         marketEvaluationPoint.energySupplier_MarketParticipant.mRID@A10=5790002000010
         marketEvaluationPoint.customer_MarketParticipant.mRID@ARR=0101701234
         start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         }",
    )
    .unwrap();
    assert!(!format!("{request:?}").contains("0101701234"));
    let request: RequestChangeCustomerCharacteristics = read("E34", "DDQ", CUSTOMERS).unwrap();
    assert!(!format!("{request:#?}").contains("0101701234"));
}

#[test]
fn an_end_of_supply_a_reallocation_and_a_cancellation_are_read() {
    let request: RequestEndOfSupply = read(
        "E20",
        "DDQ",
        "MktActivityRecord{
         mRID=c1
         marketEvaluationPoint.mRID@A10=571313100000000010
         marketEvaluationPoint.balanceResponsibleParty_MarketParticipant.mRID@A10=5790002000010
         marketEvaluationPoint.energySupplier_MarketParticipant.mRID@A10=5790002000010
         end_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         }",
    )
    .unwrap();
    assert_eq!(request.records[0].energy_supplier, Some(id("A10", SUPPLIER)));
    assert_eq!(request.records[0].end, "2023-03-31T22:00:00Z");

    let request: RequestReallocateChangeOfSupplier = read(
        "D07",
        "DDQ",
        "MktActivityRecord{
         mRID=c1
         marketEvaluationPoint.mRID@A10=571313100000000010
         start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         }",
    )
    .unwrap();
    assert_eq!(request.records[0].start, "2023-03-31T22:00:00Z");

    let request: RequestCancellation = read(
        "E03",
        "DDQ",
        "MktActivityRecord{
         mRID=c2
         originalTransactionIDReference_MktActivityRecord.mRID=c1
         marketEvaluationPoint.mRID@A10=571313100000000010
         }
         MktActivityRecord{
         mRID=c3
         marketEvaluationPoint.mRID@A10=571313100000000010
         }",
    )
    .unwrap();
    assert_eq!(request.records[0].original_transaction_id, some("c1"));
    assert_eq!(request.records[1].original_transaction_id, None);
}

#[test]
fn a_service_a_query_and_the_answers_that_come_in_are_read() {
    let request: RequestService = read(
        "D22",
        "DDQ",
        "MktActivityRecord{
         mRID=c1
         start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         marketEvaluationPoint.mRID@A10=571313100000000010
         marketEvaluationPoint.request_ServiceCategory.kind=D08
         description=Ring først
         }",
    )
    .unwrap();
    assert_eq!((&*request.records[0].service, &request.records[0].description), ("D08", &some("Ring først")));

    let request: RequestAccountingPointCharacteristics = read(
        "E0G",
        "DDM",
        "MktActivityRecord{
         mRID=c1
         marketEvaluationPoint.mRID@A10=571313100000000010
         end_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         includeChildMeteringPoints=1
         initiator_MarketParticipant.mRID@A10=5790002000010
         initiator_MarketParticipant.marketRole.type=DDQ
         }",
    )
    .unwrap();
    let query = &request.records[0];
    assert!(query.wants_children());
    assert_eq!((&query.start, &query.end), (&None, &some("2023-03-31T22:00:00Z")));
    assert_eq!((&query.initiator, &query.initiator_role), (&Some(id("A10", SUPPLIER)), &some("DDQ")));

    let answer: ConfirmRequestService = read(
        "D22",
        "DDM",
        "reason.code=A02
         MktActivityRecord{
         mRID=g1
         originalTransactionIDReference_MktActivityRecord.mRID=h1
         marketEvaluationPoint.mRID@A10=571313100000000010
         description=I morgen
         }",
    )
    .unwrap();
    assert_eq!(answer.reason_code, some("A02"), "it contradicts the document's name, and is kept for the log");
    assert_eq!(answer.records[0].description, some("I morgen"));
    assert_eq!(answer.records[0].answered.original_transaction_id, some("h1"));

    let answer: RejectRequestService = read(
        "E20",
        "DDM",
        "MktActivityRecord{
         mRID=g1
         Reason{
         code=D58
         }
         Reason{
         code=D44
         text=Porten er låst
         }
         description=Prøv igen
         }",
    )
    .unwrap();
    let reasons: Vec<_> = answer.records[0].reasons.iter().map(|it| (&*it.code, it.text.as_deref())).collect();
    assert_eq!(reasons, [("D58", None), ("D44", Some("Porten er låst"))]);
    assert_eq!((&answer.records[0].answered.metering_point, &answer.reason_code), (&None, &None));

    let answer: RejectRequestReallocateChangeOfSupplier =
        read("D33", "DDQ", "MktActivityRecord{\nmRID=g1\nReason{\ncode=D44\n}\n}").unwrap();
    assert_eq!(answer.records[0].reasons[0].code, "D44");
}

const CUSTOMERS: &str = "MktActivityRecord{
    mRID=c1
    start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
    MarketEvaluationPoint{
    mRID@A10=571313100000000010
    serviceCategory.ElectricalHeating=true
    eletricalHeating_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
    firstCustomer_MarketParticipant.mRID@ARR=0101701234
    firstCustomer_MarketParticipant.name=Åse Ø
    secondCustomer_MarketParticipant.mRID@VAT=12345678
    secondCustomer_MarketParticipant.name=
    protectedName=false
    UsagePointLocation{
    type=D01
    geoInfoReference=0a3f50b8-0000-32b8-e044-0003ba298018
    mainAddress{
    streetDetail{
    code=0405
    name=Gade
    number=1A
    floorIdentification=st
    suiteNumber=tv
    }
    townDetail{
    code=0101
    name=København
    section=Valby
    country=DK
    }
    postalCode=2500
    poBox=7
    }
    protectedAddress=true
    name=Åse
    attn_Names.name=Bo
    phone1{
    ituPhone=12345678
    }
    phone2{
    ituPhone=87654321
    }
    electronicAddress{
    email1=a@b.dk
    }
    }
    UsagePointLocation{
    type=D04
    }
    }
    }";

#[test]
fn customer_characteristics_are_read_to_the_last_telephone() {
    let request: RequestChangeCustomerCharacteristics = read("E34", "DDQ", CUSTOMERS).unwrap();
    let record = &request.records[0];
    assert_eq!(record.metering_point, id("A10", POINT));
    assert_eq!(record.electrical_heating_from, some("2023-03-31T22:00:00Z"));
    assert!(record.first_customer.as_ref().unwrap().is_valid());
    assert_eq!(record.second_customer.as_ref().unwrap().number.public(), Some("12345678"));
    assert_eq!(record.second_customer_name, some(""), "empty is not absent");
    assert_eq!(record.contacts.len(), 2);
    let contact = &record.contacts[0];
    let address = contact.address.as_ref().unwrap();
    let parts = [
        &address.street_code,
        &address.street,
        &address.number,
        &address.floor,
        &address.room,
        &address.municipality_code,
        &address.city,
        &address.city_section,
        &address.country,
        &address.post_code,
        &address.post_box,
    ];
    let parts: Vec<&str> = parts.into_iter().map(|part| part.as_deref().unwrap()).collect();
    assert_eq!(parts, ["0405", "Gade", "1A", "st", "tv", "0101", "København", "Valby", "DK", "2500", "7"]);
    assert_eq!((&contact.name, &contact.attention), (&some("Åse"), &some("Bo")));
    assert_eq!((&contact.phone, &contact.mobile), (&some("12345678"), &some("87654321")));
    assert_eq!((&contact.email, &contact.protected_address), (&some("a@b.dk"), &some("true")));
    assert_eq!(record.contacts[1].address_type, "D04");
    assert_eq!(record.contacts[1].address, None);
}

#[test]
fn metering_point_characteristics_keep_what_is_empty_apart_from_what_is_absent() {
    let request: RequestChangeAccountingPointCharacteristics = read(
        "E32",
        "DDM",
        "MktActivityRecord{
         mRID=c1
         validityStart_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
         MarketEvaluationPoint{
         mRID@A10=571313100000000010
         type=E17
         settlementMethod=D01
         meteringMethod=D01
         connectionState=D03
         readCycle=PT1H
         netSettlementGroup=6
         nextReadingDate=--01-31
         meteringGridArea_Domain.mRID@NDK=244
         inMeteringGridArea_Domain.mRID@NDK=245
         outMeteringGridArea_Domain.mRID@NDK=246
         linked_MarketEvaluationPoint.mRID@A10=571313199000000076
         physicalConnectionCapacity@KWT=12.5
         mPConnectionType=D01
         disconnectionMethod=D02
         asset_MktPSRType.psrType=D11
         productionObligation=true
         contractedConnectionCapacity@KWT=
         ratedCurrent@AMP=25
         meter.mRID=M-7
         Series{
         product=8716867000030
         estimatedAnnualVolume_Quantity.quantity=4000
         quantity_Measure_Unit.name=KWH
         }
         Series{
         }
         description=
         usagePointLocation.mainAddress{
         streetDetail{
         name=
         }
         }
         usagePointLocation.actualAddressIndicator=true
         parent_MarketEvaluationPoint.mRID@A10=
         }
         }",
    )
    .unwrap();
    let record = &request.records[0];
    let product =
        metering_point::SentProduct { product: some("8716867000030"), annual_volume: some("4000"), unit: some("KWH") };
    let measured = |unit: &str, amount: &str| Some(Measured { unit: unit.into(), amount: amount.into() });
    let expected = metering_point::MeteringPointCharacteristics {
        transaction_id: "c1".into(),
        process_reference: None,
        start: "2023-03-31T22:00:00Z".into(),
        metering_point: id("A10", POINT),
        point_type: some("E17"),
        settlement_method: some("D01"),
        metering_method: some("D01"),
        connection_state: some("D03"),
        read_cycle: some("PT1H"),
        net_settlement_group: some("6"),
        next_reading_date: some("--01-31"),
        grid_area: Some(id("NDK", "244")),
        from_grid_area: Some(id("NDK", "245")),
        to_grid_area: Some(id("NDK", "246")),
        power_plant: Some(id("A10", "571313199000000076")),
        capacity: measured("KWT", "12.5"),
        connection_type: some("D01"),
        disconnection_method: some("D02"),
        asset_type: some("D11"),
        production_obligation: some("true"),
        maximum_power: measured("KWT", ""),
        maximum_current: measured("AMP", "25"),
        meter: some("M-7"),
        products: vec![product, metering_point::SentProduct::default()],
        location_description: some(""),
        address_reference: None,
        address: Some(Address { street: some(""), ..Address::default() }),
        is_actual_address: some("true"),
        parent: Some(id("A10", "")),
    };
    assert_eq!(*record, expected);
}

#[test]
fn a_document_is_turned_away_at_the_door_with_every_reason_at_once() {
    let record = "MktActivityRecord{\nmRID=c2\nmarketEvaluationPoint.mRID@A10=571313100000000010\n}";
    let codes = |lines: String| -> Vec<&'static str> {
        read_lines::<Cancellation>(&lines).unwrap_err().iter().map(|refusal| refusal.code).collect()
    };
    let wrong = format!(
        "mRID= \ntype=392\nprocess.processType=E34\nbusinessSector.type=27\n\
         sender_MarketParticipant.marketRole.type=DDK\nreceiver_MarketParticipant.marketRole.type=EZ\n\
         createdDateTime=2023-03-01T08:00:00Z\n{}{}",
        record.replace("c2", "  "),
        record.replace("c2", "1234567890123456789012345678901234567")
    );
    let wrong = wrong.replace("}MktActivityRecord", "}\nMktActivityRecord");
    let all = ["00002", "00003", "00304", "00303", "00201", "00401", "00402", "00403", "00202", "00205"];
    assert_eq!(codes(wrong), all);

    // A role that may send the document, but not for this reason.
    let refused = read::<customers::CustomerCharacteristics>("D28", "DDQ", CUSTOMERS).unwrap_err();
    assert_eq!(refused.iter().map(|it| (it.code, it.target)).collect::<Vec<_>>(), [("00003", Some("SenderRole"))]);
    assert!(refused[0].byte.is_some());
    assert!(read::<customers::CustomerCharacteristics>("D28", "DDM", CUSTOMERS).is_ok());
}

#[test]
fn thirty_six_characters_are_the_most_that_an_id_may_have() {
    let id = "å".repeat(36);
    let record = |id: &str| format!("MktActivityRecord{{\nmRID={id}\nmarketEvaluationPoint.mRID@A10=1\n}}");
    assert!(read::<Cancellation>("E03", "DDQ", &record(&id)).is_ok());
    let refused = read::<Cancellation>("E03", "DDQ", &record(&(id + "å"))).unwrap_err();
    assert_eq!(refused[0].code, "00205");
}

#[test]
fn white_space_around_an_identifier_is_none_of_it() {
    let lines = |id: &str, spaced: &str| {
        format!(
            "mRID={id}\ntype=E67\nprocess.processType=E03\nbusinessSector.type=23\n\
             sender_MarketParticipant.mRID@A10={SUPPLIER}{spaced}\nsender_MarketParticipant.marketRole.type=DDQ\n\
             receiver_MarketParticipant.mRID@A10= 5790001330552\nreceiver_MarketParticipant.marketRole.type=DDZ\n\
             createdDateTime=2023-03-01T08:00:00Z\nMktActivityRecord{{\nmRID={spaced}c2{spaced}\n\
             originalTransactionIDReference_MktActivityRecord.mRID={spaced}c1\n\
             marketEvaluationPoint.mRID@A10={POINT}{spaced}\n}}"
        )
    };
    let plain = read_lines::<Cancellation>(&lines("M-1", "")).unwrap();
    assert_eq!(read_lines::<Cancellation>(&lines(" M-1\t", " ")), Ok(plain.clone()));
    assert_eq!(plain.records[0].original_transaction_id.as_deref(), Some("c1"));
    // As many characters as an id may have, and a space.
    assert!(read_lines::<Cancellation>(&lines(&format!("{} ", "x".repeat(36)), "")).is_ok());
}

#[test]
fn a_document_is_sent_in_the_callers_own_role_and_to_the_hub() {
    use crate::market::{ActorNumber, ActorRole, Party};
    let request: RequestCancellation =
        read("E03", "DDQ", "MktActivityRecord{\nmRID=c2\nmarketEvaluationPoint.mRID@A10=1\n}").unwrap();
    let codes = |namespace: &str, role: ActorRole, hub: &str| -> Vec<&'static str> {
        let caller = Party { number: ActorNumber::new(SUPPLIER), role };
        let refusals = turned_away_from(namespace, &request.header, &caller, false, &ActorNumber::new(hub));
        refusals.iter().map(|refusal| refusal.code).collect()
    };
    let namespace = Cancellation::DOOR.namespace;
    assert!(codes(namespace, ActorRole::EnergySupplier, "5790001330552").is_empty());
    assert_eq!(codes(namespace, ActorRole::GridAccessProvider, "5790001330552"), ["00001"]);
    assert_eq!(codes(namespace, ActorRole::GridAccessProvider, "5790000000005"), ["00001", "00303"]);
    let others = "urn:ediel.org:structure:requestchangeofpricelist:0:1";
    assert!(
        codes(others, ActorRole::GridAccessProvider, "5790000000005").is_empty(),
        "charges have rules of their own"
    );
}

#[test]
fn every_document_that_comes_in_names_its_schemas_own_type() {
    let specs = built_in();
    for Door { name, namespace, type_code, .. } in DOORS {
        assert!(specs.schema_for(namespace).is_some(), "{name}");
        let schema = std::fs::read_to_string(format!("message-specs/dk/{name}.xsd")).unwrap();
        assert!(schema.contains(&format!("default=\"{type_code}\"")), "{name}");
    }
}

#[test]
fn json_says_the_same_as_xml_down_to_the_coding_schemes() {
    let records = "MktActivityRecord{
        mRID=c1
        marketEvaluationPoint.mRID@NDK=571313100000000010
        marketEvaluationPoint.energySupplier_MarketParticipant.mRID@A01=5790002000010
        marketEvaluationPoint.customer_MarketParticipant.mRID@VAT=12345678
        marketEvaluationPoint.customer_MarketParticipant.name=Example Ltd
        start_DateAndOrTime.dateTime=2023-03-31T22:00:00Z
        }";
    let from_xml: RequestChangeOfSupplier = read("E03", "DDQ", records).unwrap();
    let json = r#"{"RequestChangeOfSupplier_MarketDocument": {
      "mRID": "M-1", "businessSector.type": {"value": "23"}, "createdDateTime": "2023-03-01T08:00:00Z",
      "process.processType": {"value": "E03"},
      "receiver_MarketParticipant.mRID": {"codingScheme": "A10", "value": "5790001330552"},
      "receiver_MarketParticipant.marketRole.type": {"value": "DDZ"},
      "sender_MarketParticipant.mRID": {"codingScheme": "A10", "value": "5790002000010"},
      "sender_MarketParticipant.marketRole.type": {"value": "DDQ"},
      "type": {"value": "392"},
      "MktActivityRecord": [{"mRID": "c1",
        "start_DateAndOrTime.dateTime": "2023-03-31T22:00:00Z",
        "marketEvaluationPoint.customer_MarketParticipant.name": "Example Ltd",
        "marketEvaluationPoint.customer_MarketParticipant.mRID": {"value": "12345678", "codingScheme": "VAT"},
        "marketEvaluationPoint.mRID": {"codingScheme": "NDK", "value": "571313100000000010"},
        "marketEvaluationPoint.energySupplier_MarketParticipant.mRID":
          {"codingScheme": "A01", "value": "5790002000010"}}]}}"#;
    let specs = built_in();
    let schema = specs.schema_for(ChangeOfSupplier::DOOR.namespace).unwrap();
    let mut reader = DocumentReader::<ChangeOfSupplier>::default();
    let verdict = crate::document::read(schema, json.as_bytes(), &Limits::default(), &mut reader);
    assert!(verdict.is_valid(), "{verdict:#?}");
    assert_eq!(reader.finish_typed().unwrap(), from_xml);
    assert_eq!(from_xml.records[0].metering_point.coding_scheme, "NDK");
    assert!(from_xml.records[0].energy_supplier.contradicts_itself());
}
