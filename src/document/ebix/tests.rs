//! What CIM says ebIX says, where it has words for it, and back again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::table::{How, Pair};
use super::*;
use crate::document::{Bearing, Header, Summary, SummaryReader, Wire, built_in, read, recognise, schemas};
use crate::spec::{Flaw, Inside, Part, Specs, check};
use crate::xml::Limits;

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

fn summary(specs: &Specs, document: &[u8]) -> Result<Summary, Vec<Flaw>> {
    let schema = recognise(specs, document, &Limits::default()).map_err(|flaw| vec![flaw])?.unwrap();
    let mut reader = SummaryReader::default();
    let verdict = read(schema, document, &Limits::default(), &mut reader);
    if verdict.is_valid() { Ok(reader.finish()) } else { Err(verdict.flaws) }
}

fn ebix_of(specs: &Specs, document: &[u8]) -> Option<String> {
    ebix_with(specs, document, &[])
}

fn ebix_with(specs: &Specs, document: &[u8], bearings: &[Option<Bearing>]) -> Option<String> {
    let schema = recognise(specs, document, &Limits::default()).unwrap().unwrap();
    from_cim(schema, document, bearings, &Limits::default()).map(|bytes| String::from_utf8(bytes).unwrap())
}

#[test]
fn every_sample_says_the_same_in_ebix_or_cannot_be_said_there() {
    let specs = built_in();
    let limits = Limits::default();
    let mut paths = Vec::new();
    samples(&Path::new(env!("CARGO_MANIFEST_DIR")).join("samples"), &mut paths);
    let mut said: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    for path in paths {
        let xml = std::fs::read(&path).unwrap();
        if Wire::of(&xml, &limits) != Wire::CimXml {
            continue;
        }
        let Ok(expected) = summary(&specs, &xml) else { continue };
        let schema = recognise(&specs, &xml, &limits).unwrap().unwrap();
        let name = schema.roots().next().unwrap().trim_end_matches("_MarketDocument").to_string();
        let Some(ebix) = ebix_of(&specs, &xml) else {
            said.entry(name).or_default().1 += 1;
            continue;
        };
        assert_eq!(Wire::of(ebix.as_bytes(), &limits), Wire::Ebix);
        let (place, twin) = (path.display(), recognise(&specs, ebix.as_bytes(), &limits).unwrap().unwrap());
        assert_eq!(twin.namespace(), schema.namespace(), "{place}");
        if name != "Acknowledgement" {
            let back = summary(&specs, ebix.as_bytes()).unwrap_or_else(|flaws| panic!("{place}: {flaws:#?}\n{ebix}"));
            assert_eq!(told(&back, &ebix), told(&expected, &ebix), "{place}: {ebix}");
            let root = spec_root(&ebix);
            let cim = to_cim(twin, &root, ebix.as_bytes(), &limits).unwrap();
            let again = from_cim(twin, &cim.xml, &[], &limits).map(|bytes| String::from_utf8(bytes).unwrap());
            // A fraction of zeros says nothing.
            let ebix = ebix.replace(".000Z<", "Z<");
            assert_eq!(again, Some(ebix), "{place}: nothing that ebIX says is lost on the way to CIM");
        }
        said.entry(name).or_default().0 += 1;
    }
    let row = |(name, counts): (&String, &(usize, usize))| match counts {
        (_, 0) => format!("{name}: said"),
        (0, _) => format!("{name}: not said"),
        _ => format!("{name}: said or not"),
    };
    insta::assert_snapshot!(said.iter().map(row).collect::<Vec<_>>().join("\n"));
}

fn spec_root(document: &str) -> String {
    crate::spec::root_of(document.as_bytes(), &Limits::default()).unwrap().name
}

/// What both forms say of a document: in ebIX an id is shorter, whichever party is the hub has no role, and a notice does
/// not name what it follows from.
fn told(summary: &Summary, ebix: &str) -> (Header, Vec<String>) {
    let id = |id: &str| if id.chars().count() > 35 { id.replace('-', "") } else { id.to_string() };
    let mut header = Header { sender_role: String::new(), receiver_role: String::new(), ..summary.header.clone() };
    header.message_id = id(&header.message_id);
    let named = ebix.contains("OriginalBusinessDocument>") || ebix.contains("DK_Request");
    let records = summary.records.iter().map(|record| if named { id(&record.id) } else { String::new() });
    (header, records.collect())
}

#[test]
fn each_document_of_a_conversation_has_its_ebix_form() {
    let specs = built_in();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    let of = |path: &str| {
        let xml = std::fs::read(folder.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        ebix_of(&specs, &xml).unwrap_or_else(|| panic!("{path} has no ebIX form"))
    };
    let told: Vec<String> = [
        "change-of-supplier/E03-from-request-to-effect/08-out-ConfirmRequestChangeOfSupplier.xml",
        "change-of-supplier/E03-from-request-to-effect/10-out-CharacteristicsOfACustomerAtAnAP.xml",
        "change-of-supplier/E03-from-request-to-effect/12-out-GenericNotification.xml",
        "charges/S1-stop-inside-the-first-of-several-periods/03-out-NotifyPriceList.xml",
        "services/AnswerToNothingOpen-the-suppliers-id/04-out-Acknowledgement.xml",
    ]
    .into_iter()
    .map(of)
    .collect();
    insta::assert_snapshot!(told.join("\n"));
}

/// What stands before the record of a notice, and in it behind its id.
fn notice() -> (String, String) {
    let path = "samples/change-of-supplier/E03-from-request-to-effect/12-out-GenericNotification.xml";
    let notice = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (header, record) = notice.split_once("<cim:MktActivityRecord>").unwrap();
    let (_, rest) = record.split_once("</cim:mRID>").unwrap();
    (header.to_string(), rest.to_string())
}

fn with_record(header: &str, id: &str, rest: &str) -> String {
    format!("{header}<cim:MktActivityRecord><cim:mRID>{id}</cim:mRID>{rest}")
}

#[test]
fn a_notice_says_whether_something_starts_or_ends_as_is_kept_beside_it() {
    let specs = built_in();
    let (header, rest) = notice();
    for (reason, role) in
        [("E01", "DDQ"), ("E03", "DDM"), ("E03", "DDQ"), ("E06", "DDQ"), ("D36", "DDQ"), ("E20", "DDM")]
    {
        let header = header.replace(">E03<", &format!(">{reason}<")).replace(">DDQ<", &format!(">{role}<"));
        for (by_chance, ends) in ["49", "ed", "5a"].into_iter().flat_map(|end| [(end, true), (end, false)]) {
            let cim = with_record(&header, &format!("c96094d5b3d97a2ee1ef0b6a0cb6fe{by_chance}"), &rest);
            let bearing = if ends { Bearing::Ends } else { Bearing::Starts };
            let said = ebix_with(&specs, cim.as_bytes(), &[Some(bearing)]).unwrap();
            assert_eq!(said.contains("<EndOfOccurrence>"), ends, "{reason} {role}: {said}");
            assert_eq!(said.contains("<StartOfOccurrence>"), !ends, "{reason} {role}: {said}");
        }
    }
}

/// Each record of a bundle has its own.
#[test]
fn records_of_one_document_start_and_end_each_as_is_kept_of_it() {
    let specs = built_in();
    let (header, rest) = notice();
    let (record, end) = rest.split_once("</cim:MktActivityRecord>").unwrap();
    let record = |id: &str| format!("<cim:MktActivityRecord><cim:mRID>{id}</cim:mRID>{record}</cim:MktActivityRecord>");
    let cim = format!("{header}{}{end}", ["A", "B", "C"].map(record).concat());
    let kept = [Some(Bearing::Starts), None, Some(Bearing::Ends)];
    for (bearings, expected) in [(&kept[..], ["Start", "End", "End"]), (&kept[..1], ["Start", "End", "End"])] {
        let said = ebix_with(&specs, cim.as_bytes(), bearings).unwrap();
        let told: Vec<&str> = said.split("OfOccurrence>").step_by(2).filter_map(|it| it.rsplit('<').next()).collect();
        assert_eq!(told[..3], expected, "{said}");
    }
}

/// They must be read for as long as something may be asked for that was made then.
#[test]
fn a_notice_from_before_says_it_by_its_reason_its_receivers_role_or_its_id() {
    let specs = built_in();
    let (header, rest) = notice();
    for (reason, role, id_ends, ends) in [
        ("E01", "DDQ", "49", true),
        ("E03", "DDM", "49", false),
        ("E03", "DDQ", "49", true),
        ("E03", "DDQ", "5a", false),
        ("E06", "DDM", "49", false),
        ("E06", "DDQ", "49", false),
        ("E06", "DDQ", "ed", true),
        ("D34", "DDQ", "49", true),
        ("D36", "DDQ", "49", false),
        ("E20", "DDM", "49", true),
    ] {
        let header = header.replace(">E03<", &format!(">{reason}<")).replace(">DDQ<", &format!(">{role}<"));
        let cim = with_record(&header, &format!("c96094d5b3d97a2ee1ef0b6a0cb6fe{id_ends}"), &rest);
        let said = ebix_of(&specs, cim.as_bytes()).unwrap();
        assert_eq!(said.contains("<EndOfOccurrence>"), ends, "{reason} {role}: {said}");
        assert_eq!(said.contains("<StartOfOccurrence>"), !ends, "{reason} {role}: {said}");
    }
}

#[test]
fn an_answer_about_price_lists_names_the_records_of_the_query() {
    let specs = built_in();
    let read = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/price-list-queries").join(path);
        std::fs::read_to_string(path).unwrap()
    };
    let two = read("Q2-all-charges-of-an-owner/02-out-NotifyPriceList.xml");
    let records = two.matches("<cim:MktActivityRecord>").count();
    assert!(records > 1);
    let all = vec![Some(Bearing::Answers); records];
    let said = ebix_with(&specs, two.as_bytes(), &all).unwrap();
    assert!(said.contains("<DK_ResponseQueryChargeInformation ") && said.contains(">D14<") && said.contains(">E0G<"));
    assert_eq!(said.matches("<OriginalBusinessDocument>T-1</OriginalBusinessDocument>").count(), records, "{said}");
    // Back in CIM it is the list that was sent.
    let schema = recognise(&specs, said.as_bytes(), &Limits::default()).unwrap().unwrap();
    let cim = to_cim(schema, &spec_root(&said), said.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(ebix_with(&specs, &cim.xml, &all), Some(said));
    assert!(ebix_of(&specs, two.as_bytes()).unwrap().contains("<DK_NotifyChargeInformation "), "nobody asked");
    // What would be told by halves is given in CIM.
    let mut some = all.clone();
    some[records - 1] = None;
    for bearings in [some.clone(), some.into_iter().rev().collect()] {
        assert_eq!(ebix_with(&specs, two.as_bytes(), &bearings), None, "{bearings:?}");
    }
    let prices = read("Q2-all-charges-of-an-owner/03-out-NotifyPriceList.xml");
    assert!(prices.contains(">D08<"));
    assert_eq!(ebix_with(&specs, prices.as_bytes(), &[Some(Bearing::Answers)]), None, "prices have no ebIX form");
}

#[test]
fn an_id_that_somebody_else_gave_is_told_exactly_or_not_at_all() {
    let specs = built_in();
    let path = "samples/end-of-supply/E20-a-move-in-comes-between/04-out-ConfirmRequestChangeOfSupplier.xml";
    let confirm = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let fits = "0f8fad5b-d9cb-469f-a165-70867728950";
    let answering = |id: &str| ebix_of(&specs, confirm.replace(">m1<", &format!(">{id}<")).as_bytes());
    assert!(answering(fits).unwrap().contains(&format!("<OriginalBusinessDocument>{fits}<")));
    assert_eq!(answering(&format!("{fits}e")), None);
}

#[test]
fn a_metering_point_with_children_is_told_in_cim() {
    let specs = built_in();
    let path = "samples/end-of-supply/E20-on-the-day-of-a-change-of-supplier/05-out-AccountingPointCharacteristics.xml";
    let told = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    assert!(ebix_of(&specs, told.as_bytes()).is_some());
    let child = r#"<cim:Child_MarketEvaluationPoint><cim:mRID codingScheme="A10">571313100000000034</cim:mRID>
        <cim:description>D05</cim:description></cim:Child_MarketEvaluationPoint></cim:MarketEvaluationPoint>"#;
    let with_child = told.replace("</cim:MarketEvaluationPoint>", child);
    assert!(summary(&specs, with_child.as_bytes()).is_ok() && with_child != told);
    assert_eq!(ebix_of(&specs, with_child.as_bytes()), None);
}

#[test]
fn every_twin_has_its_schemas_and_every_path_a_place_in_both() {
    let specs = built_in();
    for twin in twins::ALL {
        let (cim, ebix) = parts(&specs, twin);
        let records = cim.children().find(|child| child.name() == cim_record(twin)).unwrap();
        stand(twin.header, cim, ebix, twin.ebix);
        let there = ebix.child(twin.record).unwrap_or_else(|| panic!("{}: no {}", twin.ebix, twin.record));
        twin.pairs.iter().for_each(|pairs| stand(pairs, records, there, twin.ebix));
    }
}

fn parts<'s>(specs: &'s Specs, twin: &Twin) -> (Part<'s>, Part<'static>) {
    let cim = specs.iter().find_map(|schema| schema.root_part(&twin.cim_root()));
    let ebix = schemas::ebix(&twin.root()).and_then(|schema| schema.root_part(&twin.root()));
    (cim.unwrap_or_else(|| panic!("{}", twin.cim)), ebix.unwrap_or_else(|| panic!("{}", twin.ebix)))
}

fn cim_record(twin: &Twin) -> &'static str {
    if twin.cim == "Acknowledgement" { "Original_MktActivityRecord" } else { table::RECORD }
}

fn walk<'s>(part: Part<'s>, path: &str) -> Option<Part<'s>> {
    path.split('/').filter(|name| !name.is_empty()).try_fold(part, |part, name| part.child(name))
}

fn stand(pairs: &[Pair], cim: Part<'_>, ebix: Part<'_>, twin: &str) {
    for pair in pairs {
        let here = walk(cim, pair.cim).unwrap_or_else(|| panic!("{twin}: CIM has no {}", pair.cim));
        for path in pair.ebix.split(' ') {
            let there = walk(ebix, path).unwrap_or_else(|| panic!("{twin}: ebIX has no {path}"));
            if let How::Within(inner) | How::Each(inner) | How::EachLink(inner) = &pair.how {
                stand(inner, here, there, twin);
            }
        }
    }
}

#[test]
fn what_has_no_place_in_the_other_form_is_known() {
    let specs = built_in();
    let mut rows = BTreeSet::new();
    for twin in twins::ALL {
        let (cim, ebix) = parts(&specs, twin);
        let mut told = (BTreeSet::new(), BTreeSet::new());
        let record = cim_record(twin);
        spoken(twin.header, "", "", &mut told);
        twin.pairs.iter().for_each(|pairs| spoken(pairs, record, twin.record, &mut told));
        for (part, form, told, goes) in [(cim, "CIM", &told.0, !is_sent(twin)), (ebix, "ebIX", &told.1, is_sent(twin))]
        {
            // What only goes the other way need not be told.
            let mut leaves = Vec::new();
            leaves_of(part, "", &mut leaves);
            let left: Vec<String> = leaves.into_iter().filter(|leaf| goes && !told.contains(leaf)).collect();
            if !left.is_empty() {
                rows.insert(format!("{} as {}, not told of {form}:\n  {}", twin.cim, twin.ebix, left.join("\n  ")));
            }
        }
    }
    insta::assert_snapshot!(rows.into_iter().collect::<Vec<_>>().join("\n"));
}

/// Whether a document comes in, rather than goes out.
fn is_sent(twin: &Twin) -> bool {
    twin.cim.starts_with("Request")
}

fn spoken(pairs: &[Pair], cim: &str, ebix: &str, told: &mut (BTreeSet<String>, BTreeSet<String>)) {
    let at = |group: &str, path: &str| match (group, path) {
        ("", path) => path.to_string(),
        (group, "") => group.to_string(),
        (group, path) => format!("{group}/{path}"),
    };
    for pair in pairs {
        for path in pair.ebix.split(' ') {
            match &pair.how {
                How::Within(inner) | How::Each(inner) | How::EachLink(inner) => {
                    spoken(inner, &at(cim, pair.cim), &at(ebix, path), told);
                }
                _ => {
                    told.0.insert(at(cim, pair.cim));
                    told.1.insert(at(ebix, path));
                }
            }
        }
    }
}

fn leaves_of(part: Part<'_>, path: &str, into: &mut Vec<String>) {
    for child in part.children() {
        let path = if path.is_empty() { child.name().to_string() } else { format!("{path}/{}", child.name()) };
        if child.inside() == Inside::Elements {
            leaves_of(child, &path, into);
        } else {
            into.push(path);
        }
    }
}

const CHANGE: &str = r#"<e:DK_RequestChangeOfSupplier xmlns:e="un:unece:260:data:EEM-DK_RequestChangeOfSupplier:v3">
  <e:HeaderEnergyDocument>
    <e:Identification>M-1</e:Identification>
    <e:DocumentType listAgencyIdentifier="6">392</e:DocumentType>
    <e:Creation>2023-08-01T08:59:00Z</e:Creation>
    <e:SenderEnergyParty><e:Identification schemeAgencyIdentifier="9">8100000000108</e:Identification></e:SenderEnergyParty>
    <e:RecipientEnergyParty><e:Identification schemeAgencyIdentifier="9">5790001330552</e:Identification></e:RecipientEnergyParty>
  </e:HeaderEnergyDocument>
  <e:ProcessEnergyContext>
    <e:EnergyBusinessProcess listAgencyIdentifier="260">E03</e:EnergyBusinessProcess>
    <e:EnergyBusinessProcessRole listAgencyIdentifier="260">DDQ</e:EnergyBusinessProcessRole>
    <e:EnergyIndustryClassification listAgencyIdentifier="6">23</e:EnergyIndustryClassification>
  </e:ProcessEnergyContext>
  <e:PayloadMPEvent>
    <e:Identification>T-1</e:Identification>
    <e:StartOfOccurrence>2023-08-31T22:00:00Z</e:StartOfOccurrence>
    <e:MeteringPointDomainLocation><e:Identification schemeAgencyIdentifier="9">571313100000000010</e:Identification></e:MeteringPointDomainLocation>
    <e:BalanceSupplierEnergyParty><e:Identification schemeAgencyIdentifier="9">8100000000108</e:Identification></e:BalanceSupplierEnergyParty>
    <e:BalanceResponsiblePartyEnergyParty><e:Identification schemeAgencyIdentifier="305">11XRESPONSIBLE-9</e:Identification></e:BalanceResponsiblePartyEnergyParty>
    <e:ConsumerConsumerParty><e:CVR>12345678</e:CVR></e:ConsumerConsumerParty>
  </e:PayloadMPEvent>
</e:DK_RequestChangeOfSupplier>
"#;

#[test]
fn a_request_is_told_in_the_words_of_cim() {
    let specs = built_in();
    let cim = recognise(&specs, CHANGE.as_bytes(), &Limits::default()).unwrap().unwrap();
    let told = to_cim(cim, "DK_RequestChangeOfSupplier", CHANGE.as_bytes(), &Limits::default()).unwrap();
    assert!(check(cim, &told.xml, &Limits::default(), &mut ()).is_valid());
    insta::assert_snapshot!(String::from_utf8(told.xml).unwrap());
}

#[test]
fn flaws_stand_where_they_stand_in_ebix() {
    let specs = built_in();
    let rows = [
        ("<e:Identification>T-1", "<e:Identification>1234567890123456789012345678901234567", "15:5 value-length"),
        ("2023-08-31T22:00:00Z", "2023-08-31", "16:5 value-type"),
        (">DDQ<", ">DDM<", "11:5 value-not-in-list"),
        (":v3", ":v2", "1:1 root-unexpected"),
        ("DK_RequestChangeOfSupplier:v3", "DK_RequestEndOfSupply:v3", "1:1 root-unexpected"),
    ];
    let schema = recognise(&specs, CHANGE.as_bytes(), &Limits::default()).unwrap().unwrap();
    for (from, to, expected) in rows {
        let text = CHANGE.replacen(from, to, 1);
        let verdict = read(schema, text.as_bytes(), &Limits::default(), &mut SummaryReader::default());
        let said: Vec<String> =
            verdict.flaws.iter().map(|flaw| format!("{}:{} {}", flaw.line, flaw.column, flaw.code)).collect();
        assert_eq!(said, [expected], "{to}");
    }
}

/// What the schema of CIM alone finds, too.
#[test]
fn a_value_is_said_to_be_wrong_at_its_path_in_ebix() {
    let specs = built_in();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charges/C1-create/01-in.xml");
    let ebix = ebix_of(&specs, &std::fs::read(path).unwrap()).unwrap();
    let start = ebix.find("<ResolutionDuration>").unwrap();
    let end = start + ebix[start..].find("</").unwrap();
    let flaws = summary(&specs, format!("{}<ResolutionDuration>PX{}", &ebix[..start], &ebix[end..]).as_bytes());
    let said: Vec<_> = flaws.unwrap_err().into_iter().map(|flaw| (flaw.byte, flaw.code, flaw.path)).collect();
    let path = "/DK_RequestUpdateChargeInformation/PayloadChargeEvent[1]/RelatedChargeChargeInformation/ObservationTimeSeriesPeriod/ResolutionDuration";
    assert_eq!(said, [(start, "value-type", path.to_string())]);
}

#[test]
fn prices_in_charge_information_are_turned_down_and_not_lost() {
    let specs = built_in();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charges/C1-create/01-in.xml");
    let ebix = ebix_of(&specs, &std::fs::read(path).unwrap()).unwrap();
    let price =
        "<IntervalEnergyObservation><Position>1</Position><EnergyPrice>1.5</EnergyPrice></IntervalEnergyObservation>";
    let priced = ebix.replacen("<ObservationTimeSeriesPeriod>", &format!("{price}<ObservationTimeSeriesPeriod>"), 1);
    let flaws = summary(&specs, priced.as_bytes()).unwrap_err();
    assert_eq!(flaws.iter().map(|flaw| flaw.code).collect::<Vec<_>>(), ["ebix-unsaid"]);
    assert!(flaws[0].message.contains("D08"), "{}", flaws[0].message);
}

#[test]
fn what_cim_has_one_place_for_stands_once() {
    let specs = built_in();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/metering-points");
    let mut paths = Vec::new();
    samples(&path, &mut paths);
    let requests = paths.iter().map(|path| std::fs::read(path).unwrap());
    let dated = requests.filter_map(|xml| ebix_of(&specs, &xml)).find(|ebix| {
        ebix.contains("<DK_RequestUpdateMasterDataMeteringPoint") && ebix.contains("<ScheduledMeterReadingDate>")
    });
    let date = "<ScheduledMeterReadingDate>0630</ScheduledMeterReadingDate>";
    let twice =
        dated.unwrap().replacen("<ScheduledMeterReadingDate>", &format!("{date}<ScheduledMeterReadingDate>"), 1);
    let flaws = summary(&specs, twice.as_bytes()).unwrap_err();
    assert_eq!(flaws.iter().map(|flaw| flaw.code).collect::<Vec<_>>(), ["ebix-unsaid"]);
    assert!(flaws[0].message.contains("one of them only"), "{}", flaws[0].message);
}

#[test]
fn whatever_comes_has_its_flaws_within_it() {
    let specs = built_in();
    let schema = recognise(&specs, CHANGE.as_bytes(), &Limits::default()).unwrap().unwrap();
    for at in (0..CHANGE.len()).step_by(13) {
        for other in *b"<&9\xff" {
            let mut bytes = CHANGE.as_bytes().to_vec();
            bytes[at] = other;
            let verdict = read(schema, &bytes, &Limits::default(), &mut SummaryReader::default());
            assert!(verdict.flaws.iter().all(|flaw| flaw.byte <= bytes.len()), "{at} {other}: {verdict:#?}");
        }
        let cut = read(schema, &CHANGE.as_bytes()[..at], &Limits::default(), &mut SummaryReader::default());
        assert!(!cut.is_valid() || CHANGE[at..].trim().is_empty(), "{at}");
    }
}

#[test]
fn the_index_lists_each_ebix_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("message-specs/index.tsv");
    let index = std::fs::read_to_string(path).unwrap();
    let rows: Vec<Vec<&str>> = index.lines().map(|line| line.split('\t').collect()).collect();
    for twin in twins::ALL {
        let root = twin.root();
        let row = rows.iter().find(|row| row[0] == root).unwrap_or_else(|| panic!("{root}"));
        assert_eq!((root_of_namespace(row[1]), row[2]), (Some(&*root), twin.types.1), "{root}");
        assert!(row[3] != "planned" && row[4].contains(&format!("the ebIX form of {}", twin.cim)), "{root}: {row:?}");
    }
}

#[test]
fn a_link_that_ends_is_told_twice_and_is_one() {
    let specs = built_in();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples/charge-links/L2-link-with-an-end/01-in.xml");
    let ebix = ebix_of(&specs, &std::fs::read(path).unwrap()).unwrap();
    let functions: Vec<&str> = ebix.split("<Function listAgencyIdentifier=\"6\">").skip(1).map(|it| &it[..1]).collect();
    assert_eq!(functions, ["2", "3"]);
    let schema = recognise(&specs, ebix.as_bytes(), &Limits::default()).unwrap().unwrap();
    let cim = to_cim(schema, &spec_root(&ebix), ebix.as_bytes(), &Limits::default()).unwrap();
    let cim = String::from_utf8(cim.xml).unwrap();
    assert_eq!((cim.matches("<ChargeType>").count(), cim.matches("<terminationDate>").count()), (1, 1), "{cim}");
    // The end of another link is no end of this one.
    let other = ebix.replacen("<PartyChargeTypeID>", "<PartyChargeTypeID>X", 1);
    let cim = to_cim(schema, &spec_root(&ebix), other.as_bytes(), &Limits::default()).unwrap();
    assert_eq!(String::from_utf8(cim.xml).unwrap().matches("<ChargeType>").count(), 2);
}
