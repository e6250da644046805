//! How fast a document is checked and read: a large one of prices and a small one, beside bare tokenizing.
//!
//! With GRIDPOST_CONFORMANCE set the official schema is measured too; where xmllint is installed, the ratio to
//! `xmllint --stream --schema` is printed, its start and its reading of the schema taken off.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridpost::spec::{Handler, Specs, check, root_of};
use gridpost::xml::Limits;

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/message-specs/dk");
const NAMESPACE: &str = "urn:ediel.org:structure:requestchangeofpricelist:0:1";

/// Days of hourly prices in each charge of the large document.
const DAYS: usize = 31;

/// A price series as grid companies send them: D08, one charge in each record.
fn document(records: usize, days: usize) -> String {
    let mut text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim="{NAMESPACE}">
  <cim:mRID>DOC-1</cim:mRID>
  <cim:type>D10</cim:type>
  <cim:process.processType>D08</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">8100000000030</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDM</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2024-02-29T08:00:00Z</cim:createdDateTime>
"#
    );
    for record in 0..records {
        text += &format!(
            r#"  <cim:MktActivityRecord>
    <cim:mRID>OP-{record}</cim:mRID>
    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">8100000000030</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D03</cim:type>
        <cim:mRID>T-{record}</cim:mRID>
        <cim:effectiveDate>2022-12-31T23:00:00Z</cim:effectiveDate>
        <cim:Series_Period>
          <cim:resolution>PT1H</cim:resolution>
          <cim:timeInterval>
            <cim:start>2022-12-31T23:00Z</cim:start>
            <cim:end>2023-01-31T23:00Z</cim:end>
          </cim:timeInterval>
"#
        );
        for position in 1..=days.max(1) * if days == 0 { 2 } else { 24 } {
            let price = (position * 7919 + record) % 2_000_000;
            text += &format!(
                r#"          <cim:Point>
            <cim:position>{position}</cim:position>
            <cim:price.amount>{}.{:06}</cim:price.amount>
          </cim:Point>
"#,
                price / 1_000_000,
                price % 1_000_000
            );
        }
        text += "        </cim:Series_Period>\n      </cim:ChargeType>\n    </cim:ChargeGroup>\n  </cim:MktActivityRecord>\n";
    }
    text + "</cim:RequestChangeOfPriceList_MarketDocument>\n"
}

/// Takes out what a price series is made of, as a reader of documents would.
#[derive(Default)]
struct Extract {
    points: usize,
    positions: u64,
    /// Bytes of prices, in place of the prices.
    prices: usize,
}

impl Handler for Extract {
    fn open(&mut self, name: &str) {
        self.points += usize::from(name == "Point");
    }
    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        match name {
            "position" => self.positions += value.parse::<u64>().unwrap_or(0),
            "price.amount" => self.prices += value.len(),
            _ => {}
        }
    }
}

fn run(specs: &Specs, document: &[u8]) -> Extract {
    let limits = Limits::default();
    let root = root_of(document, &limits).expect("a root");
    let schema = specs.schema_for(&root.namespace).expect("its schema");
    let mut extract = Extract::default();
    let verdict = check(schema, document, &limits, &mut extract);
    assert!(verdict.is_valid(), "{verdict:?}");
    extract
}

fn bare_events(document: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(document);
    let mut events = 0;
    while !matches!(reader.read_event().expect("XML"), quick_xml::events::Event::Eof) {
        events += 1;
    }
    events
}

fn benches(c: &mut Criterion) {
    let ours = Specs::folder(Path::new(OURS)).expect("our schemas");
    let official = std::env::var_os("GRIDPOST_CONFORMANCE").map(|f| PathBuf::from(f).join("xsd/cim"));
    let large = document(230, DAYS);
    let small = document(1, 0);
    println!("large: {} bytes, small: {} bytes", large.len(), small.len());

    for (name, text) in [("large", &large), ("small", &small)] {
        let mut group = c.benchmark_group(name);
        group.throughput(Throughput::Bytes(text.len() as u64)).sample_size(10);
        group.measurement_time(Duration::from_secs(3)).warm_up_time(Duration::from_millis(500));
        group.bench_function("check and extract", |b| b.iter(|| run(&ours, black_box(text.as_bytes()))));
        group.bench_function("bare quick-xml events", |b| b.iter(|| bare_events(black_box(text))));
        group.finish();
    }
    let mut group = c.benchmark_group("load");
    group.sample_size(10).measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(200));
    group.bench_function("our four schemas", |b| b.iter(|| Specs::folder(Path::new(OURS))));
    if let Some(folder) = &official {
        group.bench_function("all 52 official schemas", |b| b.iter(|| Specs::folder(folder)));
        let theirs = Specs::folder(folder).expect("official schemas");
        ratio(
            "official schema",
            &theirs,
            folder.join("urn-ediel-org-structure-requestchangeofpricelist-0-1.xsd"),
            &large,
            &small,
        );
    }
    group.finish();
    ratio("our schema", &ours, PathBuf::from(OURS).join("RequestChangeOfPriceList.xsd"), &large, &small);
}

/// Best of several runs, beside xmllint on the same file.
fn ratio(name: &str, specs: &Specs, schema: PathBuf, large: &str, small: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let best = |work: &mut dyn FnMut()| {
        (0..5)
            .map(|_| {
                let start = Instant::now();
                work();
                start.elapsed()
            })
            .min()
            .unwrap_or_default()
    };
    let mine = best(&mut || {
        black_box(run(specs, large.as_bytes()));
    });
    let mut theirs = [Duration::ZERO; 2];
    for (time, (file, text)) in theirs.iter_mut().zip([("large.xml", large), ("small.xml", small)]) {
        std::fs::write(folder.path().join(file), text).expect("a file");
        let mut command = Command::new("xmllint");
        command.current_dir(folder.path()).args(["--stream", "--noout", "--schema"]).arg(&schema).arg(file);
        if !command.output().is_ok_and(|output| output.status.success()) {
            println!("{name}: no xmllint to compare with");
            return;
        }
        *time = best(&mut || {
            let _ = command.output();
        });
    }
    let theirs = theirs[0].saturating_sub(theirs[1]);
    let rate = |time: Duration| large.len() as f64 / 1e6 / time.as_secs_f64();
    println!(
        "{name}: {:.0} MB/s, xmllint --stream --schema {:.1} MB/s: {:.1} times as fast",
        rate(mine),
        rate(theirs),
        theirs.as_secs_f64() / mine.as_secs_f64()
    );
}

criterion_group!(check_benches, benches);
criterion_main!(check_benches);
