//! Both ways: what a document says in XML it says in JSON, and what is wrong in JSON is found where it stands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::{Wire, built_in, read, recognise};
use super::*;
use crate::document::{Summary, SummaryReader};
use crate::spec::{Flaw, Specs};
use crate::xml::Limits;

fn json_of(specs: &Specs, document: &[u8]) -> String {
    let schema = recognise(specs, document, &Limits::default()).unwrap().unwrap();
    String::from_utf8(from_xml(schema, document, &Limits::default()).unwrap()).unwrap()
}

fn summary(specs: &Specs, document: &[u8]) -> Result<Summary, Vec<Flaw>> {
    let schema = recognise(specs, document, &Limits::default()).map_err(|flaw| vec![flaw])?.unwrap();
    let mut reader = SummaryReader::default();
    let verdict = read(schema, document, &Limits::default(), &mut reader);
    if verdict.is_valid() { Ok(reader.finish()) } else { Err(verdict.flaws) }
}

fn flaws(document: &str) -> Vec<(u32, u32, String, String)> {
    let flaws = summary(&built_in(), document.as_bytes()).expect_err("it has flaws");
    flaws.into_iter().map(|flaw| (flaw.line, flaw.column, flaw.path, flaw.code.to_string())).collect()
}

fn samples(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            samples(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "xml") {
            found.push(path);
        }
    }
}

/// What the JSON Schema of its document says of it.
fn conforms(specs: &Specs, made: &mut BTreeMap<String, jsonschema::Validator>, json: &str) -> Result<(), String> {
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let root = value.as_object().unwrap().keys().next().unwrap().clone();
    let validator = made.entry(root).or_insert_with_key(|root| {
        let schema = specs.iter().find_map(|schema| json_schema(schema, root)).unwrap();
        jsonschema::draft7::new(&schema).unwrap()
    });
    validator.validate(&value).map_err(|error| format!("{error} at {}", error.instance_path()))
}

#[test]
fn every_sample_follows_the_json_schema_of_its_document() {
    let (specs, mut made) = (built_in(), BTreeMap::new());
    let mut paths = Vec::new();
    samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut paths);
    let mut seen = 0;
    for path in paths {
        let xml = std::fs::read(&path).unwrap();
        if Wire::of(&xml, &Limits::default()) == Wire::Ebix || summary(&specs, &xml).is_err() {
            continue;
        }
        let json = json_of(&specs, &xml);
        assert_eq!(conforms(&specs, &mut made, &json), Ok(()), "{}: {json}", path.display());
        seen += 1;
    }
    assert!(seen > 300 && made.len() > 30, "{seen} samples of {} documents", made.len());
}

#[test]
fn what_is_wrong_in_json_is_wrong_by_its_json_schema() {
    let (specs, mut made) = (built_in(), BTreeMap::new());
    let path = "samples/change-of-supplier/ActorBlockedInGridArea-the-requester/01-in.xml";
    let json = json_of(&specs, &std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap());
    assert_eq!(conforms(&specs, &mut made, &json), Ok(()));
    let rows = [
        (r#""type":{"value":"392"},"#, "", "a mandatory member is missing"),
        (r#""type":{"value":"392"}"#, r#""type":"392""#, "a code stands bare"),
        (r#""type":{"value":"392"}"#, r#""type":{"value":"999"}"#, "a code is not in the list"),
        (r#""codingScheme":"A10","#, "", "a number has no coding scheme"),
        (r#""MktActivityRecord":["#, r#""Series":["#, "a member is unknown"),
        (r#""MktActivityRecord":[{"mRID":"#, r#""MktActivityRecord":[{"mRID":7,"other":"#, "an id is a number"),
    ];
    for (said, instead, why) in rows {
        assert!(json.contains(said), "{said}: {json}");
        let wrong = json.replacen(said, instead, 1);
        assert!(conforms(&specs, &mut made, &wrong).is_err(), "{why}");
        assert!(summary(&specs, wrong.as_bytes()).is_err(), "{why}");
    }
}

#[test]
fn every_sample_says_the_same_in_json() {
    let specs = built_in();
    let mut paths = Vec::new();
    samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut paths);
    let mut there_and_back = 0;
    for path in paths {
        let xml = std::fs::read(&path).unwrap();
        if Wire::of(&xml, &Limits::default()) == Wire::Ebix {
            continue;
        }
        let Ok(expected) = summary(&specs, &xml) else { continue };
        let json = json_of(&specs, &xml);
        assert_eq!(Wire::of(json.as_bytes(), &Limits::default()), Wire::CimJson);
        assert_eq!(summary(&specs, json.as_bytes()).as_ref(), Ok(&expected), "{}: {json}", path.display());
        let schema = recognise(&specs, json.as_bytes(), &Limits::default()).unwrap().unwrap();
        let back = to_xml(schema, json.as_bytes(), 10).unwrap();
        assert_eq!(json_of(&specs, &back.xml), json, "{}", path.display());
        there_and_back += 1;
    }
    assert!(there_and_back > 300, "{there_and_back}");
}

/// A price series with its members in another order than the schema's.
const PRICES: &str = r#"{"RequestChangeOfPriceList_MarketDocument": {
  "MktActivityRecord": [{
    "mRID": "T-1",
    "ChargeGroup": {"ChargeType": [{
      "mRID": "TARIFF-1",
      "type": {"value": "D03"},
      "chargeTypeOwner_MarketParticipant.mRID": {"value": "8100000000030", "codingScheme": "A10"},
      "Series_Period": [{
        "Point": [{"price.amount": {"value": 0.5}, "position": {"value": 1}}],
        "timeInterval": {"end": {"value": "2023-11-10T23:00Z"}, "start": {"value": "2023-11-09T23:00Z"}},
        "resolution": "P1D"
      }],
      "effectiveDate": "2023-11-09T23:00:00Z"
    }]}
  }],
  "createdDateTime": "2023-08-01T08:59:00Z",
  "receiver_MarketParticipant.marketRole.type": {"value": "DDZ"},
  "receiver_MarketParticipant.mRID": {"codingScheme": "A10", "value": "5790001330552"},
  "sender_MarketParticipant.marketRole.type": {"value": "DDM"},
  "sender_MarketParticipant.mRID": {"codingScheme": "A10", "value": "8100000000030"},
  "process.processType": {"value": "D08"},
  "businessSector.type": {"value": "23"},
  "type": {"value": "D10"},
  "mRID": "DOC-1"
}}"#;

#[test]
fn members_may_stand_in_any_order_and_behind_a_byte_order_mark() {
    let specs = built_in();
    let read = summary(&specs, format!("\u{feff}{PRICES}").as_bytes()).unwrap();
    assert_eq!((&*read.header.message_id, &*read.header.business_reason), ("DOC-1", "D08"));
    assert_eq!(read.records[0].id, "T-1");
    let schema = recognise(&specs, PRICES.as_bytes(), &Limits::default()).unwrap().unwrap();
    let in_order = json_of(&specs, &to_xml(schema, PRICES.as_bytes(), 10).unwrap().xml);
    let same = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(same(&in_order), same(PRICES));
}

#[test]
fn what_is_wrong_is_found_where_it_stands() {
    let rows = [
        // A value that the schema does not know, at its own place.
        (r#""value": "D08""#, r#""value": "D9X""#, (21, 26, "process.processType", "value-not-in-list")),
        (r#""T-1","#, r#""T-1", "surprise": 1,"#, (3, 32, "MktActivityRecord/0/surprise", "json-misformed")),
        (r#""T-1","#, r#""T-1", "a/~b": 1,"#, (3, 28, "MktActivityRecord/0/a~1~0b", "json-misformed")),
        (r#""T-1","#, r#""T-1", "mRID": "T-2","#, (2, 25, "MktActivityRecord/0", "json-misformed")),
        (r#"{"value": 0.5}"#, "0.5", (9, 36, "price.amount", "json-misformed")),
        (r#""P1D""#, "null", (11, 23, "resolution", "json-misformed")),
        (
            r#"{"value": "D10"}"#,
            r#""D10""#,
            (23, 11, "/RequestChangeOfPriceList_MarketDocument/type", "json-misformed"),
        ),
        (r#"{"value": 0.5}"#, r#"{"value": true}"#, (9, 46, "price.amount", "json-misformed")),
        (r#"{"value": 0.5}"#, "{}", (9, 36, "price.amount", "json-misformed")),
        (r#"{"value": "D10"}"#, "{}", (23, 11, "/RequestChangeOfPriceList_MarketDocument/type", "json-misformed")),
        (r#""D10""#, r#""""#, (23, 21, "/RequestChangeOfPriceList_MarketDocument/type", "json-misformed")),
        (
            r#""value": "8100000000030", "codingScheme""#,
            r#""codingScheme""#,
            (7, 49, "chargeTypeOwner_MarketParticipant.mRID", "json-misformed"),
        ),
        // What no XML can hold is not replaced by anything.
        (r#""T-1","#, r#""T\u0001","#, (3, 13, "MktActivityRecord/0/mRID", "json-misformed")),
        (r#""T-1","#, "\"T\u{ffff}\",", (3, 13, "MktActivityRecord/0/mRID", "json-misformed")),
        (r#""T-1","#, r#""T\ud800","#, (3, 13, "MktActivityRecord/0/mRID", "json-misformed")),
        (r#""T-1","#, r#""T-1", "\udc00": 1,"#, (2, 25, "MktActivityRecord/0", "json-misformed")),
        (r#""A10""#, r#""A\u0002""#, (7, 92, "chargeTypeOwner_MarketParticipant.mRID/codingScheme", "json-misformed")),
        // A number that is no number here, and one that nobody could write out.
        (r#"{"value": 1}}"#, r#"{"value": 1.5}}"#, (9, 64, "Point/0/position", "value-type")),
        (r#"{"value": 0.5}"#, r#"{"value": 1e999999999}"#, (9, 46, "price.amount", "json-misformed")),
    ];
    for (from, to, (line, column, path, code)) in rows {
        let found = flaws(&PRICES.replacen(from, to, 1));
        let [flaw] = &found[..] else { panic!("{to}: {found:?}") };
        assert_eq!((flaw.0, flaw.1, &*flaw.3), (line, column, code), "{to}: {found:?}");
        assert!(flaw.2.ends_with(path), "{to}: {found:?}");
    }
}

#[test]
fn a_number_is_the_same_in_any_notation() {
    let specs = built_in();
    let schema = recognise(&specs, PRICES.as_bytes(), &Limits::default()).unwrap().unwrap();
    let xml = |json: &str| String::from_utf8(to_xml(schema, json.as_bytes(), 10).unwrap().xml).unwrap();
    let other = PRICES.replace(r#""value": 0.5"#, r#""value": 5E-1"#).replace(r#""value": 1}"#, r#""value": 1.0}"#);
    assert_ne!(other, PRICES);
    assert_eq!(xml(&other), xml(PRICES));
}

#[test]
fn what_is_no_document_is_said() {
    for (text, line) in
        [("{", 1), ("{}", 1), ("{\n\"a\": 1,}", 2), (r#"{"a": {}, "b": {}}"#, 1), ("{\"a\u{0}\": 1}", 1)]
    {
        let flaw = recognise(&built_in(), text.as_bytes(), &Limits::default()).unwrap_err();
        assert_eq!((flaw.code, flaw.line), ("json-misformed", line), "{text}: {flaw:?}");
    }
    assert!(recognise(&built_in(), br#"{"Unheard_MarketDocument": {}}"#, &Limits::default()).unwrap().is_none());
    assert!(recognise(&built_in(), b"{\"\xff\": 1}", &Limits::default()).is_err());
}

#[test]
fn a_bottomless_document_ends_early() {
    let deep = format!("{{\"RequestPriceList_MarketDocument\":{}{}}}", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(flaws(&deep)[0].3, "json-misformed");
}

#[test]
fn a_required_member_that_is_missing_is_missed() {
    let found = flaws(&PRICES.replace("\"type\": {\"value\": \"D10\"},\n", ""));
    assert!(found.iter().any(|flaw| flaw.3 == "element-missing"), "{found:?}");
}

/// Post-office 3.4: the schemas of JSON admit fractions and offsets where those of XML do not.
#[test]
fn a_document_was_created_at_whatever_instant_json_has_words_for() {
    let specs = built_in();
    let created = PRICES.split("\"createdDateTime\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    for (said, read) in [
        ("2023-08-01T09:00:00Z", Some("2023-08-01T09:00:00Z")),
        ("2023-08-01T09:00:00.123Z", Some("2023-08-01T09:00:00Z")),
        ("2023-08-01T09:00:00+02:00", Some("2023-08-01T07:00:00Z")),
        ("2023-08-01", None),
    ] {
        let summary = summary(&specs, PRICES.replace(created, said).as_bytes());
        assert_eq!(summary.ok().map(|it| it.header.created).as_deref(), read, "{said}");
    }
}

#[test]
fn a_byte_order_mark_moves_no_flaw_on_another_line() {
    let unknown = "{\n \"RequestEndOfSupply_MarketDocument\": {\n  \"unknown\": 1}}";
    let broken = "{\n \"RequestEndOfSupply_MarketDocument\": {\n  \"mRID\": \"é\" 1}}";
    for (document, place) in [(unknown, (3, 14)), (broken, (3, 15))] {
        let found = flaws(document);
        assert_eq!((found[0].0, found[0].1), place, "{found:?}");
        assert_eq!(flaws(&format!("\u{feff}{document}")), found);
    }
}
