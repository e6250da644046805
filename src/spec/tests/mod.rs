//! The engine as its users see it: schemas in, verdicts out.

mod derivation;
mod derived;
mod fields;
mod flaws;
mod hostile;
mod keys;
mod limits;
mod loading;
mod paths;
mod redefine;
mod schemas;
mod values;

use crate::spec::{Handler, Schema, SchemaFault, Sources, Verdict, check};
use crate::xml::Limits;

/// A schema of the namespace `urn:t` with these top-level parts.
fn schema(body: &str) -> Schema {
    load(body).unwrap_or_else(|fault| panic!("failed to {fault}"))
}

fn load(body: &str) -> Result<Schema, SchemaFault> {
    let text = format!(
        r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="urn:t" targetNamespace="urn:t"
             elementFormDefault="qualified">{body}</xs:schema>"#
    );
    Schema::load(&Sources::table(&[("t.xsd", &text)]), "t.xsd")
}

/// Holds schemas against what the Recommendation says of them: nothing, or a word of the fault.
#[track_caller]
fn check_schemas(cases: &[(&str, &str)]) {
    for (body, word) in cases {
        match (load(body), *word) {
            (Ok(_), "") => {}
            (Err(fault @ SchemaFault::Broken { .. }), word) if !word.is_empty() => {
                assert!(fault.to_string().contains(word), "{body}: {fault}");
            }
            (outcome, _) => panic!("{body}: {:?}", outcome.map(|_| "loaded")),
        }
    }
}

fn judge(schema: &Schema, document: &str) -> Verdict {
    check(schema, document.as_bytes(), &Limits::default(), &mut ())
}

/// Code and path of each flaw.
fn flaws(schema: &Schema, document: &str) -> Vec<String> {
    judge(schema, document).flaws.iter().map(|flaw| format!("{} {}", flaw.code, flaw.path)).collect()
}

/// What a handler heard, in order.
#[derive(Default)]
struct Heard(Vec<String>);

impl Handler for Heard {
    fn open(&mut self, name: &str) {
        self.0.push(format!("<{name}>"));
    }
    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        self.0.push(format!("{element}@{name}={value}"));
    }
    fn value(&mut self, name: &str, value: &str, byte: usize) {
        self.0.push(format!("{name}={value} at {byte}"));
    }
    fn close(&mut self, name: &str) {
        self.0.push(format!("</{name}>"));
    }
}

fn heard(schema: &Schema, document: &str) -> Vec<String> {
    let mut handler = Heard::default();
    let verdict = check(schema, document.as_bytes(), &Limits::default(), &mut handler);
    assert!(verdict.is_valid(), "{verdict:#?}");
    handler.0
}
