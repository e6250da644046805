//! One suite for all stores: each test below runs on every interpreter.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;

use gridpost::record::{Expected, VALUE_BYTES_MAX};
use gridpost::store::Memory;

use super::*;

/// Runs `test` on a new store of each kind.
fn on_every_store(test: impl Fn(&dyn Store)) {
    test(&Memory::default());
    let dir = tempfile::tempdir().unwrap();
    test(&open(dir.path()));
}

#[test]
fn what_is_committed_is_read_back_and_versions_are_commit_numbers() {
    on_every_store(|store| {
        assert_eq!(store.get(&key("a")).unwrap(), None);
        assert_eq!(version(store.commit(put("a", "one")).unwrap()), 1);
        assert_eq!(version(store.commit(put("b", "two")).unwrap()), 2);
        assert_eq!(version(store.commit(put("a", "")).unwrap()), 3);
        let entry = |version, value: &'static str| Some(Entry { version, value: value.into() });
        assert_eq!(store.get_many(&[key("b"), key("c"), key("a")]).unwrap(), [entry(2, "two"), None, entry(3, "")]);
    });
}

#[test]
fn a_batch_whose_expectations_fail_writes_nothing_and_names_the_first_key_that_moved() {
    on_every_store(|store| {
        store.commit(put("a", "one")).unwrap();
        let attempt = |expectations: &[(&str, Expected)]| {
            let mut batch = put("b", "two");
            batch.unless_moved(expectations.iter().map(|(name, expected)| (key(name), *expected)));
            batch.body(key("b"), "body");
            batch.delete(key("a"));
            store.commit(batch).unwrap()
        };
        assert_eq!(attempt(&[("b", Expected::Absent), ("a", Expected::Absent)]), Outcome::Conflict(key("a")));
        assert_eq!(attempt(&[("b", Expected::At(1)), ("a", Expected::Absent)]), Outcome::Conflict(key("b")));
        assert_eq!(attempt(&[("a", Expected::At(2))]), Outcome::Conflict(key("a")));
        assert_eq!(everything(store).len(), 1);
        assert_eq!(store.body(&key("b")).unwrap(), None);
        // A conflict uses no number up.
        assert_eq!(attempt(&[("a", Expected::At(1)), ("b", Expected::Absent)]), Outcome::Committed(2));
        assert_eq!(store.get(&key("a")).unwrap(), None);
        // What was deleted is absent, whatever version it once had.
        assert_eq!(attempt(&[("a", Expected::At(1))]), Outcome::Conflict(key("a")));
        assert_eq!(attempt(&[("a", Expected::Absent)]), Outcome::Committed(3));
    });
}

#[test]
fn a_batch_with_expectations_only_takes_a_number_when_they_hold() {
    on_every_store(|store| {
        let mut batch = Batch::default();
        batch.expect(key("a"), Expected::Absent);
        assert_eq!(store.commit(batch.clone()).unwrap(), Outcome::Committed(1));
        assert_eq!(store.commit(batch).unwrap(), Outcome::Committed(2));
    });
}

#[test]
fn changes_of_one_batch_take_effect_in_their_order() {
    on_every_store(|store| {
        let mut moved = Batch::default();
        moved.delete(key("a")).put(key("a"), "again").put(key("b"), "gone").delete(key("b")).delete(key("never"));
        store.commit(moved).unwrap();
        assert!(store.get(&key("a")).unwrap().is_some());
        assert_eq!(store.get(&key("b")).unwrap(), None);
    });
}

#[test]
fn stamps_are_filled_with_the_number_of_the_commit() {
    on_every_store(|store| {
        let line = |number| Key::new(SPACE).text("log").number(number).number(0);
        for commit in 1..=3 {
            let mut batch = Batch::default();
            batch.put(Key::new(SPACE).text("log").stamp().number(0), format!("line {commit}"));
            batch.body(Key::new(SPACE).text("body").stamp(), format!("body {commit}"));
            assert_eq!(version(store.commit(batch).unwrap()), commit);
            assert_eq!(store.get(&line(commit)).unwrap().unwrap().version, commit);
            let body = store.body(&Key::new(SPACE).text("body").number(commit)).unwrap().unwrap();
            assert_eq!(body, format!("body {commit}"));
        }
        let log = store.page(&KeyRange::under(&Key::new(SPACE).text("log")), None, 10).unwrap();
        assert_eq!(log.records.into_iter().map(|(key, _)| key).collect::<Vec<_>>(), [line(1), line(2), line(3)]);
    });
}

#[test]
fn pages_follow_each_other_without_a_gap_even_when_records_come_and_go() {
    on_every_store(|store| {
        let mut batch = Batch::default();
        for number in 0..100 {
            batch.put(Key::new(SPACE).number(number), number.to_string());
            batch.put(Key::new(OTHER).number(number), "another space");
        }
        store.commit(batch).unwrap();
        let range = KeyRange::under(&Key::new(SPACE));
        for limit in [1, 7, 50, 99, 100, 101] {
            let (mut after, mut seen, mut pages) = (None, Vec::new(), 0);
            loop {
                let page = store.page(&range, after.as_ref(), limit).unwrap();
                pages += 1;
                assert!(page.records.len() <= limit);
                seen.extend(page.records.iter().map(|(key, _)| key.clone()));
                match page.next_after() {
                    Some(next) => after = Some(next.clone()),
                    None => break,
                }
            }
            assert_eq!(seen, (0..100).map(|number| Key::new(SPACE).number(number)).collect::<Vec<_>>());
            assert_eq!(pages, 100_usize.div_ceil(limit));
            let (mut before, mut seen_back) = (None, Vec::new());
            while seen_back.len() < seen.len() {
                let page = store.page_back(&range, before.as_ref(), limit).unwrap();
                assert_eq!(page.records.len(), limit.min(seen.len() - seen_back.len()));
                seen_back.extend(page.records.iter().map(|(key, _)| key.clone()));
                assert_eq!(page.next_after(), seen_back.last().filter(|_| seen_back.len() < seen.len()));
                before = page.next_after().cloned();
            }
            assert!(seen_back.iter().rev().eq(&seen));
        }
        // The record that a page ended with may be gone when the next one is asked for.
        let mut batch = Batch::default();
        batch.delete(Key::new(SPACE).number(10)).delete(Key::new(SPACE).number(11));
        store.commit(batch).unwrap();
        let next = store.page(&range, Some(&Key::new(SPACE).number(10)), 1).unwrap();
        assert_eq!(next.records[0].0, Key::new(SPACE).number(12));
        let back = store.page_back(&range, Some(&Key::new(SPACE).number(11)), 1).unwrap();
        assert_eq!(back.records[0].0, Key::new(SPACE).number(9));
        let part = KeyRange { from: Key::new(SPACE).number(98), to: Key::new(SPACE).number(99) };
        assert_eq!(store.page(&part, None, 5).unwrap().records.len(), 1);
        assert_eq!(store.page_back(&part, None, 5).unwrap(), store.page(&part, None, 5).unwrap());
        assert_eq!(store.page_back(&part, Some(&part.from), 5).unwrap().records, []);
        let backwards = KeyRange { from: part.to.clone(), to: part.from };
        assert_eq!(store.page(&backwards, None, 5).unwrap().records, []);
        assert_eq!(store.page_back(&backwards, None, 5).unwrap().records, []);
    });
}

#[test]
fn bodies_of_any_size_come_back_byte_for_byte_and_the_last_one_under_a_key_wins() {
    on_every_store(|store| {
        let noise = |len: usize| {
            let mut noise = vec![0; len];
            blake3::Hasher::new().update(&len.to_le_bytes()).finalize_xof().fill(&mut noise);
            noise
        };
        let bodies = [vec![], b"<xml/>".to_vec(), vec![b' '; 50 << 20], noise(300), noise(300_000), noise(5 << 20)];
        let mut batch = Batch::default();
        for (number, body) in (0..).zip(&bodies) {
            batch.body(Key::new(OTHER).number(number), body.clone());
        }
        store.commit(batch).unwrap();
        for (number, body) in (0..).zip(&bodies) {
            assert_eq!(store.body(&Key::new(OTHER).number(number)).unwrap().unwrap(), body);
        }
        assert_eq!(store.body(&Key::new(OTHER).number(99)).unwrap(), None);
        // Bodies and records are kept apart, though they may share a key.
        assert_eq!(store.get(&Key::new(OTHER).number(0)).unwrap(), None);
        let mut again = Batch::default();
        again.body(Key::new(OTHER).number(0), "first").body(Key::new(OTHER).number(0), "second");
        store.commit(again).unwrap();
        assert_eq!(store.body(&Key::new(OTHER).number(0)).unwrap().unwrap(), "second");
    });
}

#[test]
fn a_value_may_have_64_kib_and_not_a_byte_more() {
    on_every_store(|store| {
        let mut batch = Batch::default();
        for number in 0..40 {
            batch.put(Key::new(SPACE).number(number), vec![number as u8; VALUE_BYTES_MAX]);
        }
        store.commit(batch).unwrap();
        for number in 0..40 {
            let value = store.get(&Key::new(SPACE).number(number)).unwrap().unwrap().value;
            assert_eq!(value, vec![number as u8; VALUE_BYTES_MAX]);
        }
        let mut over = Batch::default();
        over.put(key("a"), vec![0; VALUE_BYTES_MAX + 1]);
        assert_is_a_bug(store, over);
    });
}

#[test]
fn malformed_batches_are_bugs_and_leave_the_store_as_it_was() {
    on_every_store(|store| {
        let mut twice = put("a", "one");
        twice.put(key("a"), "two");
        assert_is_a_bug(store, twice);
        let mut stamped_twice = Batch::default();
        stamped_twice.put(key("q").stamp(), "one").put(key("q").stamp(), "two");
        assert_is_a_bug(store, stamped_twice);
        let mut stamped_expectation = Batch::default();
        stamped_expectation.expect(key("q").stamp(), Expected::Absent);
        assert_is_a_bug(store, stamped_expectation);
        let mut stamped_delete = Batch::default();
        stamped_delete.delete(key("q").stamp());
        assert_is_a_bug(store, stamped_delete);
        assert_eq!(version(store.commit(put("a", "one")).unwrap()), 1);
    });
}

fn assert_is_a_bug(store: &dyn Store, batch: Batch) {
    assert!(catch_unwind(AssertUnwindSafe(|| store.commit(batch))).is_err());
}

#[test]
fn completions_come_in_commit_order_and_each_finds_its_own_writes() {
    on_every_store(|store| {
        let (sender, receiver) = mpsc::channel();
        for number in 0..500_u64 {
            let mut batch = Batch::default();
            batch.put(Key::new(SPACE).number(number), "value");
            if number % 5 == 4 {
                batch.expect(key("not there"), Expected::At(1));
            }
            let sender = sender.clone();
            store.submit(batch, Box::new(move |outcome| sender.send((number, outcome.unwrap())).unwrap()));
        }
        let mut commit = 0;
        for number in 0..500 {
            let (whose, outcome) = receiver.recv().unwrap();
            assert_eq!(whose, number);
            let found = store.get(&Key::new(SPACE).number(number)).unwrap();
            if number % 5 == 4 {
                assert_eq!((outcome, found), (Outcome::Conflict(key("not there")), None));
            } else {
                commit += 1;
                assert_eq!((outcome, found.unwrap().version), (Outcome::Committed(commit), commit));
            }
        }
    });
}

#[test]
fn a_batch_is_checked_against_what_the_batches_before_it_wrote_in_the_same_group() {
    on_every_store(|store| {
        let (sender, receiver) = mpsc::channel();
        // All are queued before the first can have been flushed: one takes the place, the others are told.
        for number in 0..100 {
            let mut batch = put("the place", &number.to_string());
            batch.expect(key("the place"), Expected::Absent);
            let sender = sender.clone();
            store.submit(batch, Box::new(move |outcome| sender.send(outcome.unwrap()).unwrap()));
        }
        let outcomes: Vec<_> = receiver.iter().take(100).collect();
        assert_eq!(outcomes[0], Outcome::Committed(1));
        assert!(outcomes[1..].iter().all(|outcome| *outcome == Outcome::Conflict(key("the place"))));
    });
}

#[test]
fn many_threads_count_together_and_no_step_is_lost_nor_any_number_used_twice() {
    const THREADS: u64 = 8;
    const STEPS: u64 = 50;
    on_every_store(|store| {
        let numbers: Vec<Version> = thread::scope(|scope| {
            let threads: Vec<_> =
                (0..THREADS).map(|_| scope.spawn(|| (0..STEPS).map(|_| count(store)).collect())).collect();
            threads.into_iter().flat_map(|thread| -> Vec<Version> { thread.join().unwrap() }).collect()
        });
        let distinct: BTreeSet<_> = numbers.iter().copied().collect();
        assert_eq!(distinct, (1..=THREADS * STEPS).collect());
        let counter = store.get(&key("counter")).unwrap().unwrap();
        assert_eq!(counter.value, (THREADS * STEPS).to_string());
    });
}

/// Adds one to a counter, however often it has to look again.
fn count(store: &dyn Store) -> Version {
    loop {
        let seen = store.get(&key("counter")).unwrap();
        let (expected, sum) = seen.map_or((Expected::Absent, 0_u64), |entry| {
            (Expected::At(entry.version), std::str::from_utf8(&entry.value).unwrap().parse().unwrap())
        });
        let mut batch = put("counter", &(sum + 1).to_string());
        batch.expect(key("counter"), expected);
        if let Outcome::Committed(version) = store.commit(batch).unwrap() {
            return version;
        }
    }
}

#[test]
fn a_completion_may_submit_and_one_that_panics_harms_nobody_else() {
    let store: &'static Memory = Box::leak(Box::default());
    check_completions(store);
    let dir = Box::leak(Box::new(tempfile::tempdir().unwrap()));
    let store: &'static Embedded = Box::leak(Box::new(open(dir.path())));
    check_completions(store);
}

fn check_completions(store: &'static dyn Store) {
    let (sender, receiver) = mpsc::channel();
    let further = Box::new(move |outcome: Result<Outcome, _>| {
        let done = Box::new(move |second| sender.send((outcome.unwrap(), second)).unwrap());
        store.submit(put("second", "value"), done);
    });
    store.submit(put("first", "value"), further);
    let (first, second) = receiver.recv().unwrap();
    assert_eq!((first, second.unwrap()), (Outcome::Committed(1), Outcome::Committed(2)));
    // The memory store runs completions on this thread, so the panic may come back here.
    let _ = catch_unwind(AssertUnwindSafe(|| store.submit(put("third", "value"), Box::new(|_| panic!("on purpose")))));
    assert_eq!(version(store.commit(put("fourth", "value")).unwrap()), 4);
}
