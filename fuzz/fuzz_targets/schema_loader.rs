//! Whatever schema files say, they are loaded or refused; and what loads judges any document, the same on every path.
//!
//! The input is up to four files, separated by zero bytes, that may include, import and redefine each other as `a.xsd`,
//! `b.xsd`, `c.xsd` and `d.xsd`; what stands behind a fifth is the document.

#![no_main]

use gridpost::spec::{Schema, Sources, check, check_generally, check_reader_by};
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 4] = ["a.xsd", "b.xsd", "c.xsd", "d.xsd"];

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut parts = text.split('\0');
    let files: Vec<(&str, &str)> = NAMES.into_iter().zip(parts.by_ref()).collect();
    let Ok(schema) = Schema::load(&Sources::table(&files), "a.xsd") else { return };
    for root in schema.roots().collect::<Vec<_>>() {
        assert!(schema.fields(root).is_some());
    }
    let made = schema.roots().next().map(|root| format!("<{root} xmlns='{}'/>", schema.namespace().replace(['<', '&', '\''], "")));
    let limits = Limits::default();
    for document in parts.next().into_iter().chain(made.as_deref()) {
        let verdict = check(&schema, document.as_bytes(), &limits, &mut ());
        assert_eq!(verdict, check_generally(&schema, document.as_bytes(), &limits, &mut ()));
        let pieces = check_reader_by(&schema, document.as_bytes(), &limits, &mut (), 7).expect("memory can be read");
        assert_eq!(verdict, pieces);
    }
});
