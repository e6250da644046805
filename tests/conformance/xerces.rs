//! Xerces-C as a second referee: all mutants of one schema in one document, told apart by the lines of its errors.
//!
//! Its command line reads the schema anew for each file, so a thousand files would take a minute. An envelope that takes any
//! declared element holds them all instead; for that they must be well-formed, and those that are not are left to libxml2.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use gridpost::xml::{Event, Limits, Reader};

/// What Xerces-C says about documents that begin with an element of `namespace`, which the schema describes: valid or not;
/// none of one that cannot stand in the envelope. Nothing at all where it is not installed.
pub fn judge(schema: &Path, namespace: &str, documents: &[Vec<u8>]) -> Option<Vec<Option<bool>>> {
    let folder = tempfile::tempdir().unwrap();
    let envelope = format!(
        "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema' targetNamespace='urn:envelope'>\
         <xs:import namespace='{namespace}' schemaLocation='{}'/><xs:element name='all'><xs:complexType><xs:sequence>\
         <xs:any namespace='##any' maxOccurs='unbounded'/></xs:sequence></xs:complexType></xs:element></xs:schema>",
        schema.display()
    );
    std::fs::write(folder.path().join("envelope.xsd"), envelope).unwrap();
    let mut text = String::from(
        "<w:all xmlns:w='urn:envelope' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' \
         i:schemaLocation='urn:envelope envelope.xsd'>\n",
    );
    let mut line = 2;
    let mut lines = Vec::with_capacity(documents.len());
    for document in documents {
        let Some(body) = body(document) else {
            lines.push(None);
            continue;
        };
        // A line end of its own, so that no line holds two of them.
        let count = body.replace("\r\n", "\n").matches(['\n', '\r']).count() + 1;
        text += body;
        text.push('\n');
        lines.push(Some(line..line + count));
        line += count;
    }
    text += "</w:all>\n";
    std::fs::write(folder.path().join("all.xml"), text).unwrap();
    let mut command = Command::new("SAXCount");
    command.current_dir(folder.path()).args(["-v=always", "-n", "-s", "-f", "all.xml"]);
    let output = command.output().ok()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(!said.contains("Fatal Error"), "{said}");
    let at = |line: &str| line.split(", line ").nth(1)?.split(',').next()?.parse::<usize>().ok();
    let wrong: BTreeSet<usize> = said.lines().filter(|line| line.starts_with("Error at file")).filter_map(at).collect();
    let judged = |lines: std::ops::Range<usize>| wrong.range(lines).next().is_none();
    Some(lines.into_iter().map(|lines| lines.map(judged)).collect())
}

/// A well-formed document without its mark and its declaration.
fn body(document: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(document).ok()?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = match text.strip_prefix("<?xml ") {
        Some(rest) => &rest[rest.find("?>")? + 2..],
        None => text,
    };
    let mut reader = Reader::new(text.as_bytes(), &Limits::default()).ok()?;
    loop {
        match reader.read() {
            Ok(Event::End) => return Some(text),
            Ok(_) => {}
            Err(_) => return None,
        }
    }
}

/// Why Xerces-C (3.2) is wrong about a document, where we know: the clause it breaks.
pub fn explain(mutant: &[u8], ours: bool) -> Option<&'static str> {
    let text = String::from_utf8_lossy(mutant);
    let _ = (ours, text);
    None
}
