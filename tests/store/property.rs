//! The law: whatever is asked of it, the embedded store answers as the memory store does.

use gridpost::record::Expected;
use gridpost::store::{Memory, rebuild, verify};
use proptest::prelude::*;

use super::*;

#[derive(Debug, Clone)]
enum Step {
    Commit(Batch),
    Reopen,
}

fn any_key() -> impl Strategy<Value = Key> {
    (0..6_u64, any::<bool>()).prop_map(|(number, other)| Key::new(if other { OTHER } else { SPACE }).number(number))
}

fn any_put_key() -> impl Strategy<Value = Key> {
    prop_oneof![4 => any_key(), 1 => (0..3_u64).prop_map(|number| Key::new(SPACE).text("log").stamp().number(number))]
}

fn any_expected() -> impl Strategy<Value = Expected> {
    prop_oneof![Just(Expected::Absent), (1..12_u64).prop_map(Expected::At)]
}

fn any_batch() -> impl Strategy<Value = Batch> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    let puts = proptest::collection::btree_map(any_put_key(), bytes(), 0..4);
    let deletes = proptest::collection::vec(any_key(), 0..2);
    let bodies = proptest::collection::vec((any_put_key(), bytes()), 0..2);
    let expectations = proptest::collection::vec((any_key(), any_expected()), 0..2);
    (expectations, deletes, puts, bodies).prop_map(|(expectations, deletes, puts, bodies)| {
        let mut batch = Batch::default();
        batch.unless_moved(expectations);
        for key in deletes {
            batch.delete(key);
        }
        for (key, value) in puts {
            batch.put(key, value);
        }
        for (key, bytes) in bodies {
            batch.body(key, bytes);
        }
        batch
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn the_embedded_store_does_as_the_memory_store_does(
        steps in proptest::collection::vec(
            prop_oneof![12 => any_batch().prop_map(Step::Commit), 1 => Just(Step::Reopen)], 1..50)
    ) {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::default();
        let mut embedded = Some(open(dir.path()));
        let mut body_keys = Vec::new();
        for step in steps {
            match step {
                Step::Reopen => {
                    drop(embedded.take());
                    embedded = Some(open(dir.path()));
                }
                Step::Commit(batch) => {
                    let keys: Vec<_> = batch.bodies.iter().map(|body| body.key.clone()).collect();
                    let outcome = memory.commit(batch.clone()).unwrap();
                    prop_assert_eq!(&outcome, &embedded.as_ref().unwrap().commit(batch).unwrap());
                    if let Outcome::Committed(number) = outcome {
                        body_keys.extend(keys.into_iter().map(|key| key.at_commit(number)));
                    }
                }
            }
            prop_assert_eq!(everything(&memory), everything(embedded.as_ref().unwrap()));
        }
        let check = |store: &Embedded| {
            assert_eq!(everything(&memory), everything(store));
            for key in &body_keys {
                assert_eq!(memory.body(key).unwrap(), store.body(key).unwrap());
            }
        };
        check(embedded.as_ref().unwrap());
        drop(embedded.take());
        let report = verify(dir.path(), &mut |_| {}).unwrap();
        prop_assert_eq!(&report.problems, &[]);
        let rebuilt = rebuild(dir.path(), &mut |_| {}).unwrap();
        prop_assert_eq!((rebuilt.commits, rebuilt.records), (report.commits, everything(&memory).len() as u64));
        prop_assert_eq!(verify(dir.path(), &mut |_| {}).unwrap(), report);
        check(&open(dir.path()));
    }
}
