//! Xerces-C as a second referee: several mutants of one schema in one document, told apart by the lines of its errors.
//!
//! Its command line reads the schema anew for each file, so a thousand files would take a minute. An envelope that takes any
//! declared element holds some dozens instead; for that they must be well-formed, and those that are not are left to
//! libxml2. An attribute that is not declared, met a second time on elements of one name, is a fatal error to Xerces-C,
//! though another element; what stands behind it is then asked about anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use gridpost::xml::{Event, Limits, Reader};

/// Documents in one envelope.
const TOGETHER: usize = 25;

/// Documents asked about: the first so many of those given.
const ASKED: usize = 400;

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
    let asked = documents.iter().take(ASKED).enumerate();
    let mut waiting: Vec<(usize, &str)> = asked.filter_map(|(at, document)| Some((at, body(document)?))).collect();
    let mut verdicts = vec![None; documents.len()];
    while !waiting.is_empty() {
        let said = ask(folder.path(), &waiting)?;
        let mut again = Vec::new();
        for (together, said) in waiting.chunks(TOGETHER).zip(said) {
            let mut line = 2;
            for (place, &(at, body)) in together.iter().enumerate() {
                let lines = line..line + lines_of(body);
                line = lines.end;
                match said.fatal {
                    Some(fatal) if fatal < lines.end && place > 0 => again.push((at, body)),
                    _ => verdicts[at] = Some(said.wrong.range(lines).next().is_none()),
                }
            }
        }
        waiting = again;
    }
    Some(verdicts)
}

/// What was said of one envelope.
#[derive(Default)]
struct Said {
    /// Lines with errors in them.
    wrong: BTreeSet<usize>,
    /// The line that ended it.
    fatal: Option<usize>,
}

fn ask(folder: &Path, waiting: &[(usize, &str)]) -> Option<Vec<Said>> {
    let mut list = String::new();
    for (number, together) in waiting.chunks(TOGETHER).enumerate() {
        let mut text = String::from(
            "<w:all xmlns:w='urn:envelope' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' \
             i:schemaLocation='urn:envelope envelope.xsd'>\n",
        );
        together.iter().for_each(|(_, body)| text.extend([body, "\n"]));
        text += "</w:all>\n";
        std::fs::write(folder.join(format!("{number}.xml")), text).unwrap();
        list += &format!("{number}.xml\n");
    }
    std::fs::write(folder.join("list"), list).unwrap();
    let mut command = Command::new("SAXCount");
    command.current_dir(folder).args(["-l", "-v=always", "-n", "-s", "-f", "list"]);
    let output = command.output().ok()?;
    let told = [output.stdout, output.stderr].concat();
    let mut said: BTreeMap<usize, Said> = BTreeMap::new();
    for line in String::from_utf8_lossy(&told).lines() {
        let fatal = line.starts_with("Fatal Error at file ");
        if !fatal && !line.starts_with("Error at file ") {
            continue;
        }
        let (file, rest) = line.split_once(", line ").unwrap();
        let number: usize = file.rsplit(['/', ' ']).next().unwrap().trim_end_matches(".xml").parse().unwrap();
        let at: usize = rest.split(',').next().unwrap().parse().unwrap();
        let said = said.entry(number).or_default();
        said.wrong.insert(at);
        said.fatal = said.fatal.or(fatal.then_some(at));
    }
    Some((0..waiting.len().div_ceil(TOGETHER)).map(|number| said.remove(&number).unwrap_or_default()).collect())
}

/// Lines of a document that ends with a line end of its own.
fn lines_of(body: &str) -> usize {
    body.replace("\r\n", "\n").matches(['\n', '\r']).count() + 1
}

/// A well-formed document without its mark and its declaration.
fn body(document: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(document).ok()?;
    let text = text.strip_prefix('\u{FEFF}').unwrap_or(text);
    let text = match text.strip_prefix("<?xml ") {
        Some(rest) => {
            let (declaration, rest) = rest.split_once("?>")?;
            // What else a declaration may say, right or wrong, is not asked about.
            (declaration.to_lowercase() == "version=\"1.0\" encoding=\"utf-8\"").then_some(rest)?
        }
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
    if ours && text.contains("<![CDATA[ ]]>") {
        return Some("white space in a CDATA section is white space (XML Schema 1, cvc-complex-type 2.3)");
    }
    if !ours && ["> </", ">&#32;</", ">&#13;</"].iter().any(|blank| text.contains(blank)) {
        return Some("a value of white space alone is a value (XML Schema 2, cvc-datatype-valid)");
    }
    if !ours && text.contains("T23:59:60Z<") {
        return Some("there are no leap seconds (XML Schema 2, appendix D)");
    }
    None
}
