//! The reader: names and values in, operations or refusals out.

use proptest::prelude::*;

use super::super::request::LinksReader;
use super::*;
use crate::document::{Reader, Refusal, feed};
use crate::process::charge_documents::REFUSALS_MAX;

const ROOT: &str = "RequestChangeBillingMasterData_MarketDocument";

fn read(text: &str) -> Result<RequestChangeBillingMasterData, Vec<Refusal>> {
    let mut reader = LinksReader::default();
    feed(&mut reader, ROOT, text);
    reader.finish_typed()
}

fn document(reason: &str, records: &str) -> String {
    format!(
        "mRID=document-1; type=D05; process.processType={reason}; businessSector.type=23; \
         sender_MarketParticipant.mRID={GRID}; sender_MarketParticipant.marketRole.type=DDM; \
         receiver_MarketParticipant.mRID={HUB}; receiver_MarketParticipant.marketRole.type=DDZ; \
         createdDateTime={NOW}; {records}"
    )
}

fn record(id: &str, charge: &str) -> String {
    format!(
        "MktActivityRecord; mRID={id}; businessProcessReference_MktActivityRecord.mRID=x; \
         marketEvaluationPoint.mRID={POINT}; ChargeGroup; ChargeType; {charge}; /ChargeType; /ChargeGroup; \
         /MktActivityRecord"
    )
}

const OWNER: &str = "chargeTypeOwner_MarketParticipant.mRID=8100000000030";
const REST: &str = "type=D01; mRID=SUB; factor=1; effectiveDate=2023-09-01T00:00:00+02:00";

fn good() -> String {
    record("t-1", &format!("{OWNER}; {REST}"))
}

#[test]
fn links_are_read() {
    assert_eq!(read(&document("D17", &good())).unwrap(), request(vec![operation()]));
    let stop = record("t-1", &format!("{OWNER}; {REST}; terminationDate=2023-08-31T22:00:00Z"));
    assert_eq!(read(&document("D17", &stop)).unwrap(), request(vec![link("01-09", "01-09", 1)]));
}

#[test]
fn almost_everything_may_be_missing_and_nothing_is_inherited() {
    let records = format!("{}; {}", good(), record("", "factor="));
    let found = read(&document("D17", &records)).unwrap();
    let nothing = Operation { metering_point: POINT.into(), ..Operation::default() };
    assert_eq!(found.operations[1], nothing);
    assert_eq!(found.transaction_ids(), ["t-1"]);
    assert_eq!(found.turns(), [record::timeline_key(&identity())]);
}

#[test]
fn a_factor_is_a_whole_number() {
    let factor = |text: &str| {
        let charge = format!("{OWNER}; {}", REST.replace("factor=1", &format!("factor={text}")));
        read(&document("D17", &record("t-1", &charge))).map(|it| it.operations[0].factor)
    };
    for (text, value) in [("1", 1), ("+3", 3), ("007", 7), (" 2 ", 2), ("0", 0), ("-4", -4)] {
        assert_eq!(factor(text).unwrap(), Some(value), "{text}");
    }
    assert_eq!(factor(" ").unwrap(), None);
    for text in ["1.0", "one", "1e3", "99999999999999999999"] {
        let refusals = factor(text).unwrap_err();
        assert_eq!((refusals.len(), refusals[0].code, refusals[0].byte), (1, "B2B-005", Some(18)), "{text}");
        assert_eq!(refusals[0].message, format!("factor `{text}` cannot be taken in: a factor is a whole number"));
    }
}

/// A document, and its refusals: what they begin with, and which value they are about.
type Row = (String, &'static [(&'static str, Option<usize>)]);

#[test]
fn what_no_schema_can_say_is_refused() {
    let second =
        |charge: &str| good().replace("; /ChargeGroup", &format!("; ChargeType; {charge}; /ChargeType; /ChargeGroup"));
    let three = second("mRID=2").replace("; /ChargeGroup", "; ChargeType; mRID=3; /ChargeType; /ChargeGroup");
    let rows: &[Row] = &[
        (document("D17", &good()), &[]),
        (document("D17", &good()).replace("mRID=document-1", "mRID= "), &[("mRID is empty", Some(0))]),
        (document("D17", &good()).replace("type=D05", "type="), &[("type is empty", Some(1))]),
        (document("", &good()), &[("process.processType is empty", Some(2))]),
        (document("D18", &good()), &[("process.processType `D18`", Some(2))]),
        (document("D17", &second("mRID=2")), &[("a record has a second ChargeType", None)]),
        (document("D17", &second("factor=x")), &[("a record has a second ChargeType", None)]),
        (document("D17", &three), &[("a record has a second ChargeType", None)]),
    ];
    for (text, expected) in rows {
        let refusals = read(text).err().unwrap_or_default();
        let found: Vec<(&str, Option<usize>)> = refusals
            .iter()
            .map(|it| (it.message.split([',', ':']).next().unwrap().trim_end_matches(" cannot be taken in"), it.byte))
            .collect();
        assert_eq!(&found[..], *expected, "{text}");
        assert!(refusals.iter().all(|it| it.code == "B2B-005"));
    }
}

#[test]
fn refusals_end_somewhere() {
    let records = |count| vec![record("t", "factor=x"); count].join("; ");
    let count = |n| read(&document("D17", &records(n))).unwrap_err().len();
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
    fn the_reader_survives_anything(parts in prop::collection::vec((0..3_usize, 0..8_usize, 0..5_usize), 0..60)) {
        const NAMES: [&str; 8] = [
            "MktActivityRecord", "ChargeGroup", "ChargeType", "mRID", "type", "factor", "effectiveDate", "process.processType",
        ];
        const VALUES: [&str; 5] = ["", "D17", "D01", "-9999999999999999999999999", "2023-08-31T22:00:00Z"];
        let mut reader = LinksReader::default();
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
