//! What belongs together follows from what caused it, whatever its senders call it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::bundles::{announces_as, house};
use super::search::plain;
use super::*;
use crate::archive::{Direction, LogEntry, LogPlace, Position, Term};
use crate::gateway::related::RELATED_MAX;
use crate::record::{Entry, KeyRange, Packed};
use crate::store::{Completion, Page};

fn related(catalogue: &Catalogue<'_>, place: LogPlace) -> Vec<String> {
    let mut ids: Vec<String> =
        catalogue.related(place, None).unwrap().into_iter().map(|(_, entry)| entry.message_id).collect();
    ids.sort();
    ids
}

#[tokio::test]
async fn requests_that_are_called_alike_have_nothing_to_do_with_each_other() {
    let gateway = house(Bounds::default()).await;
    for (document, charge) in [("D-1", "A"), ("D-2", "B"), ("D-3", "C")] {
        announces_as(&gateway, document, &[charge], "the same each time").await;
    }
    let catalogue = gateway.catalogue();
    let named = Search { terms: vec![Term::CorrelationId("the same each time".into())], ..Search::default() };
    let all = catalogue.search(&named).unwrap().documents;
    let of = |direction: Direction| all.iter().filter(move |(_, entry)| entry.direction == direction);
    assert_eq!(of(Direction::In).count(), 3, "they are found by that name");
    assert!(of(Direction::Out).count() > 3, "and so is what came of them");
    for (position, request) in of(Direction::In) {
        let own = of(Direction::Out).filter(|(_, entry)| entry.request == Some(position.place.commit));
        let mut own: Vec<String> = own.map(|(_, entry)| entry.message_id.clone()).collect();
        own.sort();
        assert!(own.len() > 1 && related(&catalogue, position.place) == own, "{request:?}");
        for (answer, entry) in of(Direction::Out).filter(|(_, entry)| own.contains(&entry.message_id)) {
            let mut others: Vec<String> = own.iter().filter(|id| **id != entry.message_id).cloned().collect();
            others.push(request.message_id.clone());
            others.sort();
            assert_eq!(related(&catalogue, answer.place), others);
        }
    }
}

/// Such a log says only how a request was named.
#[test]
fn what_was_logged_before_it_was_kept_which_request_led_to_what_goes_by_names_and_time() {
    let store = Memory::default();
    let log = |at: i64, direction, message_id: &str, request| {
        let entry = LogEntry {
            direction,
            at: Timestamp::from_seconds(at),
            message_id: message_id.into(),
            correlation_id: "c-1".into(),
            request,
            ..plain()
        };
        let mut batch = Batch::default();
        batch.put_all(archive::log_out(std::slice::from_ref(&entry)));
        let Ok(Outcome::Committed(commit)) = store.commit(batch) else { panic!("it is committed") };
        Position { at: entry.at, place: LogPlace { commit, nth: 1 } }.place
    };
    let early = log(1, Direction::Out, "early", None);
    let first = log(2, Direction::In, "first", None);
    let answer = log(3, Direction::Out, "answer", None);
    let second = log(4, Direction::In, "second", None);
    let new = log(5, Direction::Out, "new", Some(second.commit));
    let (specs, limits) = (Specs::default(), xml::Limits::default());
    let catalogue = Catalogue::over(&store, &specs, &limits);
    let rows: [(LogPlace, &[&str]); 5] = [
        (early, &["answer"]),
        (first, &["answer"]),
        (answer, &["early", "first"]),
        (second, &["new"]),
        (new, &["second"]),
    ];
    for (place, expected) in rows {
        assert_eq!(related(&catalogue, place), expected, "{place}");
    }
}

/// A store that counts what is looked up in it.
#[derive(Default)]
struct Counting(Memory, AtomicUsize);

impl Store for Counting {
    fn get(&self, key: &Key) -> Result<Option<Entry>, store::Fault> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, store::Fault> {
        self.0.page(range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, store::Fault> {
        self.0.page_back(range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, store::Fault> {
        self.0.packed(key)
    }

    fn submit(&self, batch: Batch, done: Completion) {
        self.0.submit(batch, done);
    }
}

#[test]
fn no_more_is_looked_up_than_is_shown() {
    let store = Counting::default();
    let log = |at: i64, direction, request, times: usize| {
        let at = Timestamp::from_seconds(at);
        let entry = LogEntry { direction, at, correlation_id: "c-1".into(), request, ..plain() };
        let mut batch = Batch::default();
        batch.put_all(archive::log_out(&vec![entry; times]));
        let Ok(Outcome::Committed(commit)) = store.commit(batch) else { panic!("it is committed") };
        LogPlace { commit, nth: 1 }
    };
    let request = log(1, Direction::In, None, 1);
    // Those that name it leave room for a few of those that are only called alike.
    log(3, Direction::Out, Some(request.commit), RELATED_MAX - 10);
    log(2, Direction::Out, None, RELATED_MAX);
    let (specs, limits) = (Specs::default(), xml::Limits::default());
    let catalogue = Catalogue::over(&store, &specs, &limits);
    catalogue.catch_up().unwrap();
    let before = store.1.load(Ordering::Relaxed);
    let related = catalogue.related(request, None).unwrap();
    let looked_up = store.1.load(Ordering::Relaxed) - before;
    assert_eq!(related.iter().filter(|(_, entry)| entry.request.is_some()).count(), RELATED_MAX - 10);
    assert_eq!(related.len(), RELATED_MAX, "and as many that are called alike as there is room for");
    assert!(looked_up < RELATED_MAX + 20, "{looked_up} were looked up");
}
