//! The engine beside its peers, on the same document in one run: `benches/peers/run` builds them and calls this.
//!
//! The document is a NotifyValidatedMeasureData of 2,750 series with 96 points each, checked against the official schema
//! while positions and quantities are taken out. Every number is the best of several; ratios are of one run.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use gridpost::spec::{Handler, Schema, Sources, Specs, check, check_reader};
use gridpost::xml::Limits;

const FILE: &str = "urn-ediel-org-measure-notifyvalidatedmeasuredata-0-1.xsd";

/// As pretty-printers write it, with eight columns for each level: some 54 MB.
fn document(series: usize, points: usize) -> String {
    let mut text = String::from(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:NotifyValidatedMeasureData_MarketDocument xmlns:cim="urn:ediel.org:measure:notifyvalidatedmeasuredata:0:1">
    <cim:mRID>DOC-1</cim:mRID>
    <cim:type>E66</cim:type>
    <cim:process.processType>E23</cim:process.processType>
    <cim:businessSector.type>23</cim:businessSector.type>
    <cim:sender_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:sender_MarketParticipant.mRID>
    <cim:sender_MarketParticipant.marketRole.type>MDR</cim:sender_MarketParticipant.marketRole.type>
    <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790000432752</cim:receiver_MarketParticipant.mRID>
    <cim:receiver_MarketParticipant.marketRole.type>DDQ</cim:receiver_MarketParticipant.marketRole.type>
    <cim:createdDateTime>2024-03-01T08:00:00Z</cim:createdDateTime>
"#,
    );
    for series in 0..series {
        text += &format!(
            r#"    <cim:Series>
        <cim:mRID>TX-{series:08}</cim:mRID>
        <cim:marketEvaluationPoint.mRID codingScheme="A10">5713131753{series:08}</cim:marketEvaluationPoint.mRID>
        <cim:marketEvaluationPoint.type>E17</cim:marketEvaluationPoint.type>
        <cim:registration_DateAndOrTime.dateTime>2024-03-01T08:00:00Z</cim:registration_DateAndOrTime.dateTime>
        <cim:product>8716867000030</cim:product>
        <cim:quantity_Measure_Unit.name>KWH</cim:quantity_Measure_Unit.name>
        <cim:Period>
            <cim:resolution>PT15M</cim:resolution>
            <cim:timeInterval>
                <cim:start>2024-02-28T23:00Z</cim:start>
                <cim:end>2024-02-29T23:00Z</cim:end>
            </cim:timeInterval>
"#
        );
        for position in 1..=points {
            let quantity = (series * 7919 + position * 104_729) % 100_000;
            let quality = ["A03", "A04", "A06"][(series + position * 7) % 3];
            text += &format!(
                "            <cim:Point>\n                <cim:position>{position}</cim:position>\n                \
                 <cim:quantity>{}.{:03}</cim:quantity>\n                <cim:quality>{quality}</cim:quality>\n            \
                 </cim:Point>\n",
                quantity / 1000,
                quantity % 1000,
            );
        }
        text += "        </cim:Period>\n    </cim:Series>\n";
    }
    text + "</cim:NotifyValidatedMeasureData_MarketDocument>\n"
}

#[derive(Default)]
struct Extract {
    positions: u64,
    quantities: usize,
}

impl Handler for Extract {
    fn value(&mut self, name: &str, value: &str, _byte: usize) {
        match name {
            "position" => self.positions += value.parse::<u64>().unwrap_or(0),
            "quantity" => self.quantities += value.len(),
            _ => {}
        }
    }
}

fn best(runs: usize, mut work: impl FnMut()) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..runs {
        let start = Instant::now();
        work();
        least = least.min(start.elapsed().as_secs_f64());
    }
    least
}

fn quick_xml(text: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(text);
    let mut events = 0;
    while !matches!(reader.read_event().expect("XML"), quick_xml::events::Event::Eof) {
        events += 1;
    }
    events
}

/// Seconds that a peer says it took, or that it took by our clock; none where it is not there or failed.
fn peer(command: &mut Command, own_clock: bool) -> Option<f64> {
    let start = Instant::now();
    let output = command.output().ok()?;
    let took = start.elapsed().as_secs_f64();
    if !output.status.success() {
        return None;
    }
    if own_clock { String::from_utf8_lossy(&output.stdout).trim().parse().ok() } else { Some(took) }
}

fn main() {
    // cargo's own flags are of no use here.
    let built = std::env::var_os("PEERS").map(PathBuf::from);
    let Some(folder) = std::env::var_os("GRIDPOST_CONFORMANCE").map(|f| PathBuf::from(f).join("xsd/cim")) else {
        println!("left out: GRIDPOST_CONFORMANCE is not set");
        return;
    };
    let start = Instant::now();
    let specs = Specs::folder(&folder).expect("official schemas");
    println!("{} CIM schemas compiled in {:.0} ms", specs.iter().count(), start.elapsed().as_secs_f64() * 1e3);
    let schema = Schema::load(&Sources::Folder(folder.clone()), FILE).expect("the schema");
    let limits = Limits { body_bytes_max: 100_000_000, ..Limits::default() };
    let large = document(2_750, 96);
    let small = [document(1, 100), document(1, 4)];
    let judge = |text: &str| {
        let mut extract = Extract::default();
        assert!(check(&schema, black_box(text.as_bytes()), &limits, &mut extract).is_valid());
        black_box(extract.positions + extract.quantities as u64);
    };
    for text in &small {
        let took = best(2_000, || judge(text));
        println!("{} bytes: {:.2} µs, {:.0} documents/s", text.len(), took * 1e6, 1.0 / took);
    }
    let mine = best(9, || judge(&large));
    let rate = |seconds: f64| large.len() as f64 / 1e6 / seconds;
    println!("{} bytes, check and extract: {:.1} ms, {:.0} MB/s", large.len(), mine * 1e3, rate(mine));
    let compare = |name: &str, took: Option<f64>| match took {
        Some(took) => {
            println!("  {name}: {:.1} ms, {:.0} MB/s; ours is {:.1} times as fast", took * 1e3, rate(took), took / mine)
        }
        None => println!("  {name}: not here"),
    };
    let reader = best(5, || {
        let mut extract = Extract::default();
        assert!(check_reader(&schema, large.as_bytes(), &limits, &mut extract).expect("no fault").is_valid());
    });
    compare("ours, from a reader", Some(reader));
    compare(
        "quick-xml, bare events",
        Some(best(5, || {
            black_box(quick_xml(&large));
        })),
    );
    let place = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        std::fs::write(&path, text).expect("a file");
        path
    };
    let (file, little) = (write("large.xml", &large), write("small.xml", &small[1]));
    let schema_file = folder.join(FILE);
    // Xerces finds the schema by what the document says of it.
    let said = |text: &str| {
        let hint = format!(
            " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:schemaLocation=\"urn:ediel.org:measure:\
             notifyvalidatedmeasuredata:0:1 {}\">",
            schema_file.display()
        );
        text.replacen(":0:1\">", &format!(":0:1\"{hint}"), 1)
    };
    let (file_said, little_said) = (write("large-said.xml", &said(&large)), write("small-said.xml", &said(&small[1])));
    if let Some(built) = built {
        compare(
            "libxml2 in process, streaming, warm",
            peer(Command::new(built.join("libxml2")).arg(&schema_file).arg(&file), true),
        );
        let mut java = Command::new("java");
        java.arg("-cp").arg(&built).arg("Jaxp").arg(&schema_file).arg(&file);
        compare("JAXP of the JDK, warm", peer(&mut java, true));
        compare("pugixml, bare parse in place", peer(Command::new(built.join("pugixml")).arg(&file), true));
    }
    // What a small document takes is their start and their reading of the schema.
    let against = |large: &Path, little: &Path, command: &dyn Fn(&Path) -> Command| {
        let start = peer(&mut command(little), false)?;
        Some((peer(&mut command(large), false)? - start).max(1e-9))
    };
    compare(
        "xmllint --stream --schema",
        against(&file, &little, &|file| {
            let mut command = Command::new("xmllint");
            command.args(["--stream", "--noout", "--huge", "--schema"]).arg(&schema_file).arg(file);
            command
        }),
    );
    compare(
        "Xerces-C, SAX2Count with full checking",
        against(&file_said, &little_said, &|file| {
            let mut command = Command::new("SAX2Count");
            command.args(["-v=always", "-f"]).arg(file);
            command
        }),
    );
}
