//! Whatever bytes arrive, there is a verdict within its limits, the same one twice.

#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use gridpost::spec::{Specs, check, root_of};
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

static SPECS: OnceLock<Specs> = OnceLock::new();

fuzz_target!(|document: &[u8]| {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../message-specs/dk"));
    let specs = SPECS.get_or_init(|| Specs::folder(folder).expect("our schemas load"));
    let limits = Limits::default();
    let root = root_of(document, &limits);
    for schema in specs.iter() {
        let verdict = check(schema, document, &limits, &mut ());
        assert!(verdict.flaws.len() <= limits.flaws_max);
        assert!(verdict.flaws.iter().all(|flaw| flaw.byte <= document.len() && flaw.line > 0 && flaw.column > 0));
        assert!(verdict.flaws.is_sorted_by_key(|flaw| flaw.byte));
        if verdict.is_valid() {
            assert_eq!(root.as_ref().ok(), verdict.root.as_ref());
        }
        assert_eq!(verdict, check(schema, document, &limits, &mut ()));
    }
});
