//! Whatever bytes arrive, every way through them ends in one verdict: predicted or not, whole or in pieces.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use gridpost::spec::{Handler, Specs, check, check_generally, check_reader_by, root_of};
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

static SPECS: OnceLock<Specs> = OnceLock::new();

#[derive(Default, PartialEq, Debug)]
struct Heard(Vec<(u8, String, String, usize)>);

impl Handler for Heard {
    fn open(&mut self, name: &str) {
        self.0.push((0, name.into(), String::new(), 0));
    }
    fn attribute(&mut self, element: &str, name: &str, value: &str) {
        self.0.push((1, format!("{element}@{name}"), value.into(), 0));
    }
    fn value(&mut self, name: &str, value: &str, byte: usize) {
        self.0.push((2, name.into(), value.into(), byte));
    }
    fn close(&mut self, name: &str) {
        self.0.push((3, name.into(), String::new(), 0));
    }
}

fuzz_target!(|input: &[u8]| {
    let Some((&step, document)) = input.split_first() else { return };
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../message-specs/dk"));
    let specs = SPECS.get_or_init(|| Specs::folder(folder).expect("our schemas load"));
    let limits = Limits::default();
    let root = root_of(document, &limits).map(|root| root.namespace).unwrap_or_default();
    let Some(schema) = specs.schema_for(&root).or(specs.iter().next()) else { return };
    let (mut a, mut b, mut c) = (Heard::default(), Heard::default(), Heard::default());
    let verdict = check(schema, document, &limits, &mut a);
    assert_eq!(verdict, check_generally(schema, document, &limits, &mut b));
    assert_eq!(a, b);
    let pieces = check_reader_by(schema, document, &limits, &mut c, 1 + step as usize).expect("memory can be read");
    assert_eq!(verdict, pieces);
    assert_eq!(a, c);
});
