//! Whatever a document says, reading it and deciding it in an empty world ends without a panic, the same way twice,
//! and with exactly one fate for each of its records. So does a glimpse of it.

#![no_main]

use std::convert::Infallible;
use std::sync::OnceLock;

use gridpost::document::{self, cim_xml};
use gridpost::market::{ActorRole, Party, Timestamp};
use gridpost::process::{Context, Pack, Request, documents, gather};
use gridpost::record::{Facts, Needs};
use gridpost::spec::Specs;
use gridpost::xml::Limits;
use libfuzzer_sys::fuzz_target;

static SPECS: OnceLock<Specs> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    document::glimpse(bytes, &Limits::default());
    let specs = SPECS.get_or_init(document::built_in);
    for incoming in documents() {
        let mut reader = (incoming.reader)();
        let schema = specs.schema_for(incoming.namespace).expect("every document has a schema");
        let verdict = cim_xml::read(schema, bytes, &Limits::default(), &mut *reader);
        if !verdict.flaws.is_empty() {
            continue;
        }
        match reader.finish() {
            Ok(request) => decide(&*request, Pack::of_document(incoming.name).expect("every document has a pack")),
            Err(refused) => {
                assert!(!refused.refusals.is_empty());
                assert!(refused.refusals.iter().all(|refusal| refusal.byte.is_none_or(|byte| byte < bytes.len())));
            }
        }
    }
});

fn decide(request: &dyn Request, pack: Pack) {
    let market = pack.market();
    let context = Context {
        now: Timestamp::from_seconds(1_690_880_400),
        caller: Party { number: request.header().sender(), role: ActorRole::GridAccessProvider },
        cause: [7; 32],
        market: &market,
    };
    let nothing = |needs: &Needs| -> Result<Facts, Infallible> {
        let mut facts = Facts::default();
        needs.keys().for_each(|key| facts.insert(key.clone(), None));
        needs.ranges().for_each(|range| facts.insert_range(range.clone(), Vec::new()));
        Ok(facts)
    };
    let Ok(facts) = gather(request, &context, nothing);
    let decision = request.decide(&facts, &context);
    assert_eq!(decision, request.decide(&facts, &context));
    assert!(decision.fates.iter().all(|fate| !fate.broken.is_empty()), "nobody may send in an empty world");
}
