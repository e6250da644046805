//! The reader: names and values in, operations or refusals out.

use proptest::prelude::*;

use super::super::request::PriceListReader;
use super::*;
use crate::document::{Reader, Refusal, feed};
use crate::process::charge_documents::REFUSALS_MAX;

const ROOT: &str = "RequestChangeOfPriceList_MarketDocument";

fn read(text: &str) -> Result<RequestChangeOfPriceList, Vec<Refusal>> {
    let mut reader = PriceListReader::default();
    feed(&mut reader, ROOT, text);
    reader.finish_typed()
}

fn document(reason: &str, records: &str) -> String {
    format!(
        "mRID=document-1; type=D10; process.processType={reason}; businessSector.type=23; \
         sender_MarketParticipant.mRID={GRID}; sender_MarketParticipant.marketRole.type=DDM; \
         receiver_MarketParticipant.mRID={HUB}; receiver_MarketParticipant.marketRole.type=DDZ; \
         createdDateTime={NOW}; {records}"
    )
}

fn record(id: &str, charge: &str) -> String {
    format!(
        "MktActivityRecord; mRID={id}; ChargeGroup; ChargeType; chargeTypeOwner_MarketParticipant.mRID={GRID}; {charge}; \
         /ChargeType; /ChargeGroup; /MktActivityRecord"
    )
}

fn series_period(resolution: &str, points: &str) -> String {
    format!(
        "Series_Period; resolution={resolution}; timeInterval; start=2023-08-31T22:00Z; end=2023-09-02T22:00Z; \
         /timeInterval; {points}; /Series_Period"
    )
}

const INFORMATION: &str = "type=D03; mRID=C-1; name=U; description=what it is; priceTimeFrame_Period.resolution=P1D; \
    effectiveDate=2023-09-01T00:00:00+02:00; VATPayer=D02; transparentInvoicing=0; taxIndicator=false";
const POINTS: &str = "Point; position=2; price.amount=-.5; /Point; Point; position=+1; price.amount=1.10; /Point";

#[test]
fn charge_information_is_read() {
    let found = read(&document("D18", &record("t-1", INFORMATION))).unwrap();
    assert_eq!(found, request(vec![information()]));
}

#[test]
fn prices_are_read_and_put_in_order() {
    let text = format!("type=D03; mRID=C-1; effectiveDate=2023-08-31T22:00:00Z; {}", series_period("P1D", POINTS));
    let found = read(&document("D08", &record("t-1", &text))).unwrap();
    let expected = prices(Resolution::Day, local("01-09"), local("03-09"), &["1.1", "-0.5"]);
    assert_eq!(found, request(vec![expected]));
}

#[test]
fn nothing_is_inherited_from_the_record_before() {
    let records = format!("{}; {}", record("t-1", INFORMATION), record("", "mRID="));
    let found = read(&document("D18", &records)).unwrap();
    let nothing = Operation {
        transaction_id: "".into(),
        owner: GRID.into(),
        charge_type: None,
        charge_id: "".into(),
        effective: None,
        asked: Asked::Information(Information::default()),
    };
    assert_eq!(found.operations[1], nothing);
    assert_eq!(found.transaction_ids(), ["t-1"]);
    assert_eq!((found.turns().len(), found.turns()), (1, vec![record::charge_key(&identity())]));
}

#[test]
fn a_termination_date_that_cannot_be_is_still_one() {
    let text = format!("{INFORMATION}; terminationDate=-0001-02-29T00:00:00Z");
    let found = read(&document("D18", &record("t-1", &text))).unwrap();
    let mut world = World::new();
    assert_eq!(broken(&world.send(&found)), [["VR.917"]]);
}

#[test]
fn prices_among_charge_information_are_ignored() {
    let text = format!("{INFORMATION}; {0}; {0}", series_period("PT5M", POINTS));
    assert_eq!(read(&document("D18", &record("t-1", &text))).unwrap(), request(vec![information()]));
}

/// A document, and its refusals: what they begin with, and which value they are about.
#[test]
fn what_no_schema_can_say_is_refused() {
    let charge = |mrid: &str| format!("type=D03; mRID={mrid}; effectiveDate=2023-08-31T22:00:00Z");
    let with = |series: &str| record("t-1", &format!("{}; {series}", charge("C-1")));
    let good = with(&series_period("P1D", POINTS));
    let two_charges = record(
        "t-1",
        &format!("{INFORMATION}; /ChargeType; ChargeType; chargeTypeOwner_MarketParticipant.mRID=1; mRID=2"),
    );
    let three = two_charges.replace(
        "; /ChargeGroup",
        "; ChargeType; chargeTypeOwner_MarketParticipant.mRID=1; mRID=3; /ChargeType; /ChargeGroup",
    );
    let rows: &[(String, &[(&str, usize)])] = &[
        (document("D08", &good), &[]),
        (document("D08", &good).replace("mRID=document-1", "mRID= "), &[("mRID is empty", 0)]),
        (document("D08", &good).replace("type=D10", "type="), &[("type is empty", 1)]),
        (document("", &good), &[("process.processType is empty", 2)]),
        (document("D17", &good), &[("process.processType `D17`", 2)]),
        (document("E03", &good), &[("process.processType `E03`", 2)]),
        (document("D08", &with(&series_period("P1Y", POINTS))), &[("resolution `P1Y`", 18)]),
        (
            document("D08", &with(&series_period("P1D", &POINTS.replace("-.5", "0.000000000000000001")))),
            &[("price.amount `0.000000000000000001`", 25)],
        ),
        (document("D08", &record(" ", &charge("C-1"))), &[("mRID is empty", 10)]),
        (document("D18", &record(" ", INFORMATION)), &[]),
        (document("D08", &record("t-1", &charge(""))), &[("mRID is empty", 15)]),
        (
            document("D08", &record("t-1", &charge("C-1")).replace(GRID, "")),
            &[("chargeTypeOwner_MarketParticipant.mRID is empty", 13)],
        ),
        (
            document("D08", &with(&format!("{0}; {0}", series_period("P1D", POINTS)))),
            &[("an operation has a second Series_Period", 33)],
        ),
        (document("D18", &two_charges), &[("a record has a second ChargeType", 25)]),
        (document("D08", &two_charges), &[("a record has a second ChargeType", 25)]),
        (document("D18", &three), &[("a record has a second ChargeType", 25)]),
    ];
    for (text, expected) in rows {
        let refusals = read(text).err().unwrap_or_default();
        let found: Vec<(&str, usize)> = refusals
            .iter()
            .map(|it| {
                (it.message.split([',', ':']).next().unwrap().trim_end_matches(" cannot be taken in"), it.byte.unwrap())
            })
            .collect();
        assert_eq!(&found[..], *expected, "{text}");
        assert!(refusals.iter().all(|it| it.code == "B2B-005"));
    }
}

#[test]
fn refusals_end_somewhere() {
    let records = |count| vec![record("", "mRID=C-1"); count].join("; ");
    let count = |n| read(&document("D08", &records(n))).unwrap_err().len();
    assert_eq!(
        (count(REFUSALS_MAX - 1), count(REFUSALS_MAX), count(REFUSALS_MAX + 1)),
        (REFUSALS_MAX - 1, REFUSALS_MAX, REFUSALS_MAX)
    );
    let long = read(&document(&"x".repeat(1_000_000), "")).unwrap_err();
    assert!(long[0].message.len() < 200);
}

proptest! {
    /// A flawed document's values come here as well, in any order; what is made of them is thrown away.
    #[test]
    fn the_reader_survives_anything(parts in prop::collection::vec((0..3_usize, 0..12_usize, 0..6_usize), 0..60)) {
        const NAMES: [&str; 12] = [
            "MktActivityRecord", "ChargeGroup", "ChargeType", "Series_Period", "timeInterval", "Point", "mRID", "type",
            "position", "price.amount", "process.processType", "resolution",
        ];
        const VALUES: [&str; 6] = ["", "D08", "D18", "-9999999999999999999999999", "P1M", "2023-08-31T22:00Z"];
        let mut reader = PriceListReader::default();
        for (kind, name, value) in parts {
            match kind {
                0 => reader.open(NAMES[name]),
                1 => reader.close(NAMES[name]),
                _ => reader.value(NAMES[name], VALUES[value], 0),
            }
        }
        let _ = reader.finish_typed();
    }
}
