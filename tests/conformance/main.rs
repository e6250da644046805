//! Our schemas and our engine, held against the official schemas, against libxml2 and against Xerces-C.
//!
//! Set GRIDPOST_CONFORMANCE to the folder of official schemas and samples; without it these tests say that they were
//! left out, and pass. MUTANTS sets how many documents of each kind are tried.

mod documents;
mod instances;
mod mutate;
mod xerces;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gridpost::spec::{Schema, Sources, Specs, check, root_of};
use gridpost::xml::Limits;

const OURS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/message-specs/dk");

const OURS_EBIX: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/message-specs/ebix");

/// Mutants of each kind of price-list document. libxml2 takes half the time of the test.
const MUTANTS: usize = 2_000;

/// Mutants of each document that is made from its schema: there are many.
const MUTANTS_OF_EACH: usize = 300;

/// The same of each ebIX document, and codes tried in each place for one.
const MUTANTS_OF_EBIX: usize = 40;
const CODES_OF_EACH: usize = 5;

/// The official schemas, loaded once: there are many, and their code lists are long.
static THEIRS: OnceLock<Specs> = OnceLock::new();

/// Files handed to one run of xmllint: it reads the schema anew in each.
const BATCH: usize = 1_000;

fn official() -> Option<PathBuf> {
    let folder = std::env::var_os("GRIDPOST_CONFORMANCE").map(PathBuf::from);
    if folder.is_none() {
        println!("left out: GRIDPOST_CONFORMANCE is not set");
    }
    folder
}

fn is_valid(specs: &Specs, document: &[u8]) -> bool {
    let limits = Limits::default();
    let Ok(root) = root_of(document, &limits) else { return false };
    specs.schema_for(&root.namespace).is_some_and(|schema| check(schema, document, &limits, &mut ()).is_valid())
}

#[test]
fn our_documents_are_valid_by_our_schemas() {
    let ours = Specs::folder(Path::new(OURS)).unwrap();
    for kind in documents::KINDS {
        for document in documents::valid(kind) {
            let root = root_of(document.as_bytes(), &Limits::default()).unwrap();
            let schema = ours.schema_for(&root.namespace).unwrap();
            let verdict = check(schema, document.as_bytes(), &Limits::default(), &mut ());
            assert!(verdict.is_valid(), "{kind}: {verdict:#?}");
        }
    }
}

#[test]
fn every_official_schema_loads() {
    let Some(folder) = official() else { return };
    let specs = Specs::folder(&folder.join("xsd/cim")).unwrap();
    assert_eq!(specs.iter().count(), 52);
    for schema in specs.iter() {
        assert_eq!(schema.roots().count(), 1, "{}", schema.namespace());
    }
}

/// The ebIX documents, by their folders: each has its schema in a folder of its own, and all share the code lists.
fn ebix(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder.join("xsd/ebix/document")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        for file in std::fs::read_dir(&path).unwrap() {
            let file = file.unwrap().file_name().to_string_lossy().into_owned();
            if file.starts_with("ebIX_DK_") {
                found.push(format!("document/{name}/{file}"));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_ebix_schema_loads_as_it_is() {
    let Some(folder) = official() else { return };
    let names = ebix(&folder);
    assert_eq!(names.len(), 63);
    let locations: Vec<&str> = names.iter().map(String::as_str).collect();
    let start = std::time::Instant::now();
    let specs = Specs::files(&Sources::Folder(folder.join("xsd/ebix")), &locations).unwrap();
    println!("63 ebIX schemas: {:?}", start.elapsed());
    assert_eq!(specs.iter().count(), 63);
    let bare = std::fs::read(folder.join("samples/ebix/RSM033_D18.xml")).unwrap();
    let root = root_of(&bare, &Limits::default()).unwrap();
    let verdict = check(specs.schema_for(&root.namespace).unwrap(), &bare, &Limits::default(), &mut ());
    assert!(verdict.is_valid(), "{verdict:#?}");
    // The same by its own file alone, whose references lead out of its folder.
    let own = names.iter().find(|name| name.contains("/DK_RequestUpdateChargeInformation/")).unwrap();
    let path = folder.join("xsd/ebix").join(own);
    let sources = Sources::Folder(path.parent().unwrap().to_path_buf());
    let schema = Schema::load(&sources, path.file_name().unwrap().to_str().unwrap()).unwrap();
    assert!(check(&schema, &bare, &Limits::default(), &mut ()).is_valid());
}

#[test]
fn ebix_documents_are_valid_within_their_envelopes() {
    let Some(folder) = official() else { return };
    let names = ebix(&folder);
    let mut locations = vec!["wsdl/soap-envolope-manual.xsd", "wsdl/DataHUBB2B-manual.xsd"];
    locations.extend(names.iter().map(String::as_str));
    let sources = Sources::Folder(folder.join("xsd/ebix"));
    let schema = Schema::load_all(&sources, &locations).unwrap();
    let judged = |document: &str| check(&schema, document.as_bytes(), &Limits::default(), &mut ()).flaws;
    for name in ["RSM001_CPR.xml", "RSM009_valid.xml"] {
        let document = std::fs::read_to_string(folder.join("samples/ebix").join(name)).unwrap();
        assert_eq!(judged(&document), [], "{name}");
        // What stands within the payload is looked at.
        let broken = document.replacen("Creation>20", "Creation>x20", 1);
        assert_eq!(judged(&broken).iter().map(|flaw| flaw.code).collect::<Vec<_>>(), ["value-type"], "{name}");
        let stranger = document.replace(":v3", ":v9");
        assert_eq!(
            judged(&stranger).iter().map(|flaw| flaw.code).collect::<Vec<_>>(),
            ["element-unexpected"],
            "{name}"
        );
    }
    let wrapper = Schema::load_all(&sources, &locations[..2]).unwrap();
    let document = std::fs::read(folder.join("samples/ebix/RSM001_CPR.xml")).unwrap();
    let verdict = check(&wrapper, &document, &Limits::default(), &mut ());
    assert_eq!(verdict.flaws.len(), 1, "strict, and no schema for it: {verdict:#?}");
}

#[test]
fn official_samples_are_valid() {
    let Some(folder) = official() else { return };
    let theirs = Specs::folder(&folder.join("xsd/cim")).unwrap();
    let ours = Specs::folder(Path::new(OURS)).unwrap();
    let mut by_ours = 0;
    for entry in std::fs::read_dir(folder.join("samples/cim")).unwrap() {
        let path = entry.unwrap().path();
        let document = std::fs::read(&path).unwrap();
        assert!(is_valid(&theirs, &document), "{}", path.display());
        let root = root_of(&document, &Limits::default()).unwrap();
        if ours.schema_for(&root.namespace).is_some() {
            assert!(is_valid(&ours, &document), "{}", path.display());
            by_ours += 1;
        }
    }
    assert!(by_ours >= 9, "the charges' documents are ours, at least: {by_ours}");
}

#[test]
fn mutants_of_requests_get_one_verdict() {
    compare("Request", "requestchangeofpricelist", 1);
}

#[test]
fn mutants_of_confirmations_get_one_verdict() {
    compare("Confirm", "confirmrequestchangeofpricelist", 2);
}

#[test]
fn mutants_of_rejections_get_one_verdict() {
    compare("Reject", "rejectrequestchangeofpricelist", 3);
}

#[test]
fn mutants_of_notifications_get_one_verdict() {
    compare("Notify", "notifypricelist", 4);
}

#[test]
fn mutants_of_all_other_requests_get_one_verdict() {
    compare_made(|name| name.starts_with("Request"));
}

#[test]
fn mutants_of_all_confirmations_get_one_verdict() {
    compare_made(|name| name.starts_with("Confirm"));
}

#[test]
fn mutants_of_all_rejections_get_one_verdict() {
    compare_made(|name| name.starts_with("Reject"));
}

#[test]
fn mutants_of_all_other_documents_get_one_verdict() {
    compare_made(|name| !["Request", "Confirm", "Reject"].iter().any(|kind| name.starts_with(kind)));
}

/// Names of our documents' schemas, in order.
fn our_documents() -> Vec<String> {
    let files = std::fs::read_dir(OURS).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names = files.filter_map(|name| name.strip_suffix(".xsd").map(str::to_string));
    let mut names: Vec<String> = names.filter(|name| name != "codes").collect();
    names.sort_unstable();
    names
}

/// The shortest and the fullest document of a schema of ours.
fn made(name: &str) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(Path::new(OURS).join(format!("{name}.xsd"))).unwrap();
    instances::of(&read(name), &read("codes"))
}

#[test]
fn the_shortest_and_the_fullest_document_of_each_schema_are_valid() {
    let ours = Specs::folder(Path::new(OURS)).unwrap();
    for name in our_documents() {
        for document in made(&name) {
            let schema = ours.schema_for(&root_of(document.as_bytes(), &Limits::default()).unwrap().namespace).unwrap();
            let verdict = check(schema, document.as_bytes(), &Limits::default(), &mut ());
            assert!(verdict.is_valid(), "{name}: {verdict:#?}\n{document}");
        }
    }
}

fn compare_made(chosen: impl Fn(&str) -> bool) {
    for name in our_documents().into_iter().filter(|name| chosen(name)) {
        let seed = name.bytes().fold(5_381_u64, |seed, byte| seed.wrapping_mul(33) ^ u64::from(byte));
        compare_from(&name, &name.to_lowercase(), &made(&name), seed, MUTANTS_OF_EACH);
    }
}

fn compare(kind: &str, name: &str, seed: u64) {
    compare_from(kind, name, &documents::valid(kind), seed, MUTANTS);
}

fn compare_from(kind: &str, name: &str, bases: &[String], seed: u64, count: usize) {
    let Some(folder) = official() else { return };
    let theirs = THEIRS.get_or_init(|| Specs::folder(&folder.join("xsd/cim")).unwrap());
    let ours = Specs::folder(Path::new(OURS)).unwrap();
    let mut chance = mutate::Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let count = std::env::var("MUTANTS").ok().and_then(|count| count.parse().ok()).unwrap_or(count);
    let mutants: Vec<Vec<u8>> = (0..count).map(|at| mutate::mutate(&bases[at % bases.len()], &mut chance)).collect();

    let verdicts: Vec<bool> = mutants.iter().map(|mutant| is_valid(&ours, mutant)).collect();
    for (mutant, &verdict) in mutants.iter().zip(&verdicts) {
        assert_eq!(
            is_valid(theirs, mutant),
            verdict,
            "our schema says {verdict}:\n{}",
            String::from_utf8_lossy(mutant)
        );
    }
    let valid = verdicts.iter().filter(|&&valid| valid).count();
    println!("{kind}: {valid} of {count} mutants are valid");
    assert!(valid > count / 20 && valid < count * 9 / 10, "mutants should be a mixture");

    let area = if name == "acknowledgement" { "general" } else { "structure" };
    let schema = folder.join(format!("xsd/cim/urn-ediel-org-{area}-{name}-0-1.xsd"));
    assert!(schema.is_file(), "{}", schema.display());
    let namespace = theirs_of(theirs, &schema);
    let judged: Option<Vec<Option<bool>>> =
        xmllint(&schema, &mutants).map(|judged| judged.into_iter().map(Some).collect());
    for (referee, judged, explain) in [
        ("libxml2", judged, explain as Explain),
        ("Xerces-C", xerces::judge(&schema, &namespace, &mutants), xerces::explain as Explain),
    ] {
        match judged {
            Some(judged) => settle(&format!("{kind}: {referee}"), bases, &mutants, &verdicts, &judged, explain),
            None => println!("left out: there is no {referee}"),
        }
    }
}

/// Our ebIX schemas against the official ones, both as our engine reads them: libxml2 cannot compile the official set
/// (post-office 3.5.3). Ours know one root each; the official ones let a document begin with any of its larger parts.
#[test]
fn mutants_of_ebix_documents_get_one_verdict() {
    let Some(folder) = official() else { return };
    let start = std::time::Instant::now();
    let ours = Specs::folder(Path::new(OURS_EBIX)).unwrap();
    println!("our 50: {:?}", start.elapsed());
    let names: Vec<String> = ours.iter().flat_map(|schema| schema.roots().map(str::to_string)).collect();
    let all = ebix(&folder);
    let handled = all.iter().filter(|path| names.iter().any(|name| path.contains(&format!("/{name}/"))));
    let locations: Vec<&str> = handled.map(String::as_str).collect();
    assert_eq!((names.len(), locations.len()), (50, 50));
    let theirs = Specs::files(&Sources::Folder(folder.join("xsd/ebix")), &locations).unwrap();
    let shared = std::fs::read_to_string(Path::new(OURS_EBIX).join("ebix.xsd")).unwrap();
    let (mut valid, mut judged) = (0, 0);
    for name in &names {
        let schema = std::fs::read_to_string(Path::new(OURS_EBIX).join(format!("{name}.xsd"))).unwrap();
        let bases = instances::of(&schema, &shared);
        for base in &bases {
            for specs in [&ours, &theirs] {
                assert!(is_valid(specs, base.as_bytes()), "{name} is made wrongly:\n{base}");
            }
        }
        let seed = name.bytes().fold(5_381_u64, |seed, byte| seed.wrapping_mul(33) ^ u64::from(byte));
        let mut chance = mutate::Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        for at in 0..MUTANTS_OF_EBIX {
            let mutant = mutate::mutate(&bases[at % bases.len()], &mut chance);
            let verdict = is_valid(&ours, &mutant);
            let text = String::from_utf8_lossy(&mutant);
            assert_eq!(is_valid(&theirs, &mutant), verdict, "our schema says {verdict}:\n{text}");
            valid += usize::from(verdict);
            judged += 1;
        }
    }
    println!("ebIX: {valid} of {judged} mutants are valid");
    assert!(valid > judged / 20 && valid < judged * 9 / 10, "mutants should be a mixture");
}

/// Every list of codes in our ebIX schemas is the official one: codes are put where codes belong, and judged by both.
#[test]
fn every_code_of_the_ebix_documents_is_the_official_one() {
    let Some(folder) = official() else { return };
    let ours = Specs::folder(Path::new(OURS_EBIX)).unwrap();
    let all = ebix(&folder);
    let shared = std::fs::read_to_string(Path::new(OURS_EBIX).join("ebix.xsd")).unwrap();
    let codes: Vec<String> = ["A", "B", "D", "E", "Z"]
        .iter()
        .flat_map(|letter| (0..100).map(move |number| format!("{letter}{number:02}")))
        .chain((0..500).map(|number| number.to_string()))
        .chain(
            ["E0G", "E0H", "E0I", "ERR", "DDK", "DDM", "DDQ", "DDX", "DDZ", "DEA", "EZ", "MDR", "STS", "DGL", "DK"]
                .map(String::from),
        )
        .chain(
            ["K3", "KWH", "KWT", "MAW", "MWH", "TNE", "Z03", "H87", "AMP", "8716867000030", "5790001330590"]
                .map(String::from),
        )
        .collect();
    let mut chance = mutate::Chance(0x9E37_79B9_7F4A_7C15);
    for schema in ours.iter() {
        let name = schema.roots().next().unwrap();
        let location = all.iter().find(|path| path.contains(&format!("/{name}/"))).unwrap();
        let theirs = Specs::files(&Sources::Folder(folder.join("xsd/ebix")), &[location]).unwrap();
        let text = std::fs::read_to_string(Path::new(OURS_EBIX).join(format!("{name}.xsd"))).unwrap();
        let full = instances::of(&text, &shared).pop().unwrap();
        let tree = roxmltree::Document::parse(&full).unwrap();
        let mut places: Vec<std::ops::Range<usize>> = Vec::new();
        for node in tree.descendants().filter(|node| node.attributes().next().is_some()) {
            places.extend(node.attributes().map(|attribute| attribute.range_value()));
            places.extend(node.children().filter(|child| child.is_text()).map(|child| child.range()));
        }
        for place in places {
            for _ in 0..CODES_OF_EACH {
                let code = &codes[chance.below(codes.len())];
                let document = [&full[..place.start], code, &full[place.end..]].concat();
                let verdict = is_valid(&ours, document.as_bytes());
                assert_eq!(is_valid(&theirs, document.as_bytes()), verdict, "our schema says {verdict}:\n{document}");
            }
        }
    }
}

/// The clause that a referee breaks with another verdict than ours, where we know it.
type Explain = fn(&[u8], bool) -> Option<&'static str>;

/// The namespace of the documents that an official schema describes.
fn theirs_of(theirs: &Specs, schema: &Path) -> String {
    let text = std::fs::read_to_string(schema).unwrap();
    let namespace = text.split("targetNamespace=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    assert!(theirs.schema_for(namespace).is_some(), "{namespace}");
    namespace.to_string()
}

/// Holds the verdicts of a referee against ours; it has none of some mutants.
fn settle(
    who: &str,
    bases: &[String],
    mutants: &[Vec<u8>],
    verdicts: &[bool],
    judged: &[Option<bool>],
    explain: Explain,
) {
    let mut differences: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for ((mutant, &ours), &theirs) in mutants.iter().zip(verdicts).zip(judged) {
        if theirs.is_some_and(|theirs| ours != theirs) {
            match explain(mutant, ours) {
                Some(reason) => *differences.entry(reason).or_default() += 1,
                None => unexplained.push(format!("we say {ours}: {}\n", changed(mutant, bases))),
            }
        }
    }
    let count = judged.iter().flatten().count();
    println!("{who} judged {count}, and differs where it is known to: {differences:?}");
    let shown: String = unexplained.iter().take(40).map(String::as_str).collect();
    assert!(unexplained.is_empty(), "{who}: {} differences:\n{shown}", unexplained.len());
}

/// The lines of a mutant that stand in none of the documents it could come from.
fn changed(mutant: &[u8], bases: &[String]) -> String {
    let text = String::from_utf8_lossy(mutant);
    let strange = text.lines().filter(|line| !bases.iter().any(|base| base.lines().any(|known| known == *line)));
    strange.map(|line| format!("{line:?} ")).collect()
}

/// Why libxml2 (2.9.14) is wrong about a document, where we know: the clause it breaks.
fn explain(mutant: &[u8], ours: bool) -> Option<&'static str> {
    let text = String::from_utf8_lossy(mutant);
    if ours && text.contains("<![CDATA[ ]]>") {
        return Some("white space in a CDATA section is white space (XML Schema 1, cvc-complex-type 2.3)");
    }
    if ours && text.contains("><![CDATA[]]></") {
        return Some("an empty CDATA section is no content, so the default holds (XML Schema 1, cvc-elt 5.1)");
    }
    if ours && text.contains(">123456789012345678901234567890.5<") {
        return Some("a decimal has as many digits as it likes (XML Schema 2, 3.2.3)");
    }
    if !ours && text.contains(" xmlns:xml=\"urn:x\"") {
        return Some("xml must not be bound to another namespace (Namespaces in XML, 3)");
    }
    if !ours && text.contains(" xmlns:q=\"\"") {
        return Some("a prefix cannot be undeclared (Namespaces in XML 1.0, 2.2)");
    }
    if !ours && text.to_ascii_lowercase().contains("encoding=\"utf8\"") {
        return Some("UTF8 is not the name of an encoding (XML 1.0, 4.3.3)");
    }
    if !ours && text.starts_with("<?xml version=\"1.\"") {
        return Some("a version has digits after its point (XML 1.0, 2.8)");
    }
    if !ours && text.contains(">PT.5S<") {
        return Some("a digit stands before the point of seconds (XML Schema 2, 3.2.6.1)");
    }
    if ours && (text.contains("> 2024-12-31T23:00:00Z <") || text.contains(">\n2024-12-31T23:00:00Z<")) {
        return Some("white space around a dateTime is collapsed (XML Schema 2, 4.3.6)");
    }
    if ours && (text.contains(">PT15M <") || text.contains("> PT1H<")) {
        return Some("white space around a duration is collapsed (XML Schema 2, 4.3.6)");
    }
    None
}

/// What libxml2 says about each document; none where it is not installed.
fn xmllint(schema: &Path, documents: &[Vec<u8>]) -> Option<Vec<bool>> {
    let folder = tempfile::tempdir().unwrap();
    let mut verdicts = Vec::with_capacity(documents.len());
    for batch in documents.chunks(BATCH) {
        let names: Vec<String> = (0..batch.len()).map(|at| format!("{at}.xml")).collect();
        for (name, document) in names.iter().zip(batch) {
            std::fs::write(folder.path().join(name), document).unwrap();
        }
        let mut command = Command::new("xmllint");
        command.current_dir(folder.path()).arg("--nonet").arg("--noout").arg("--schema").arg(schema).args(&names);
        let output = command.output().ok()?;
        let said = String::from_utf8_lossy(&output.stderr);
        let valid: std::collections::BTreeSet<&str> =
            said.lines().filter_map(|line| line.strip_suffix(" validates")).collect();
        verdicts.extend(names.iter().map(|name| valid.contains(name.as_str())));
    }
    Some(verdicts)
}
