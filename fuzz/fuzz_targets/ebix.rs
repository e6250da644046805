//! A document is put from ebIX into CIM, or from CIM into ebIX, or refused with flaws that stand in it; and what came of
//! going there and back comes of it each time.

#![no_main]

use std::sync::OnceLock;

use gridpost::document::{self, SummaryReader, ebix, recognise};
use gridpost::spec::{Schema, Specs, root_of};
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

static SPECS: OnceLock<Specs> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let specs = SPECS.get_or_init(document::built_in);
    let limits = Limits::default();
    let Ok(Some(schema)) = recognise(specs, bytes, &limits) else { return };
    let verdict = document::read(schema, bytes, &limits, &mut SummaryReader::default());
    assert!(verdict.flaws.iter().all(|flaw| flaw.byte <= bytes.len() && !flaw.message.is_empty()));

    let Ok(root) = root_of(bytes, &limits) else { return };
    let in_ebix = match ebix::root_of_namespace(&root.namespace) {
        None => ebix::from_cim(schema, bytes, &[], &limits),
        Some(name) => match ebix::to_cim(schema, name, bytes, &limits) {
            Err(untranslated) => {
                let verdict = untranslated.wrong;
                assert!(!verdict.flaws.is_empty());
                assert!(verdict.flaws.iter().all(|flaw| flaw.byte <= bytes.len()));
                None
            }
            Ok(cim) => ebix::from_cim(schema, &cim.xml, &[], &limits),
        },
    };
    let Some(in_ebix) = in_ebix else { return };
    let there = cim_of(specs, schema, &in_ebix, &limits);
    let back = ebix::from_cim(schema, &there, &[], &limits).expect("what came out of ebIX can be said in it");
    assert_eq!(in_ebix, back);
});

fn cim_of(specs: &Specs, schema: &Schema, in_ebix: &[u8], limits: &Limits) -> Vec<u8> {
    let twin = recognise(specs, in_ebix, limits).expect("it is well-formed").expect("it is recognised");
    assert_eq!(twin.namespace(), schema.namespace());
    let root = root_of(in_ebix, limits).expect("it has a root").name;
    let cim = ebix::to_cim(twin, &root, in_ebix, limits);
    cim.unwrap_or_else(|untranslated| panic!("what we write we take: {:?}", untranslated.wrong.flaws)).xml
}
