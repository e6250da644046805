//! Searches beside a naive model: all documents in a list, filtered, sorted and cut.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use crate::archive::{self, Cursor, Direction, LogEntry, LogPlace, Place, Position, SortBy, Term};
use crate::gateway::search::{Reach, Search, Start};
use crate::gateway::{Catalogue, Found};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Batch, Entry, Key, KeyRange, Outcome, Packed};
use crate::spec::Specs;
use crate::store::{Completion, Fault, Memory, Page, Store};
use crate::xml::Limits;

const BYS: [SortBy; 5] = [SortBy::Time, SortBy::MessageId, SortBy::Document, SortBy::Sender, SortBy::Receiver];

/// An id that stands in keys as its hash, and of which the log keeps a part.
fn long() -> String {
    "é".repeat(140)
}

/// That part.
fn kept(id: &str) -> String {
    id.chars().take(128).collect()
}

fn any_entry() -> impl Strategy<Value = LogEntry> {
    let direction = prop_oneof![Just(Direction::In), Just(Direction::Out)];
    let id = prop_oneof![
        4 => prop::sample::select(vec!["", "m", "m-1", "M", "x' or 1=1 --", "x\u{0}\u{1}\u{2}"]).prop_map(String::from),
        1 => Just(long())
    ];
    let name = prop::sample::select(vec!["", "NotifyPriceList", "RequestChangeOfPriceList"]);
    (0..4_i64, direction, any_party(), prop::option::of(any_party()), name, id).prop_map(
        |(at, direction, party, addressee, document, message_id)| LogEntry {
            direction,
            at: Timestamp::from_seconds(at),
            party,
            addressee: addressee.filter(|_| direction == Direction::Out),
            document: document.into(),
            message_id,
            ..plain()
        },
    )
}

/// Somebody, or nobody.
fn any_party() -> impl Strategy<Value = Party> {
    let role = prop::sample::select(vec![ActorRole::EnergySupplier, ActorRole::GridAccessProvider]);
    let number = prop::sample::select(vec!["", "1", "2"]);
    (number, role).prop_map(|(number, role)| Party { number: ActorNumber::new(number), role })
}

/// The documents of one commit.
fn any_commit() -> impl Strategy<Value = Vec<LogEntry>> {
    prop::collection::vec(any_entry(), 1..4)
}

fn any_search() -> impl Strategy<Value = Search> {
    let term = prop::sample::select(vec![
        Term::Direction(Direction::In),
        Term::Number("1".into()),
        Term::Role(ActorRole::EnergySupplier),
        Term::Role(ActorRole::MeteredDataResponsible),
        Term::Document(String::new()),
        Term::Document("NotifyPriceList".into()),
        Term::MessageId("m".into()),
        Term::MessageId(String::new()),
    ]);
    let period = prop_oneof![2 => Just(None), 1 => (0..3_i64, 1..5_i64).prop_map(Some)];
    let order = (prop::sample::select(&BYS[..]), any::<bool>());
    (prop::collection::vec(term, 0..3), period, order, 1..5_usize).prop_map(|(terms, period, order, take)| {
        let mut search = Search { terms, by: order.0, descending: order.1, take, ..Search::default() };
        if let Some((from, to)) = period {
            (search.from, search.to) = (Timestamp::from_seconds(from), Timestamp::from_seconds(to));
        }
        search
    })
}

/// Reaches so short that every search comes to their ends.
fn any_reach() -> impl Strategy<Value = Reach> {
    let reach = (1..20_usize, 0..20_usize, 1..5_usize);
    reach.prop_map(|(looked_at, sorted, page)| Reach { looked_at, sorted, page })
}

const FAR: Reach = Reach { looked_at: usize::MAX, sorted: usize::MAX, page: 3 };

/// An archive, and beside it all that is in it.
#[derive(Default)]
struct House {
    store: Memory,
    specs: Specs,
    limits: Limits,
    all: Vec<(Position, LogEntry)>,
}

impl House {
    fn of(commits: &[Vec<LogEntry>]) -> Self {
        let mut house = Self::default();
        commits.iter().for_each(|commit| house.log(commit));
        house
    }

    fn log(&mut self, entries: &[LogEntry]) {
        let mut batch = Batch::default();
        batch.put_all(archive::log_out(entries));
        let Ok(Outcome::Committed(commit)) = self.store.commit(batch) else { panic!("it is committed") };
        for (nth, entry) in (1..).zip(entries) {
            let position = Position { at: entry.at, place: LogPlace { commit, nth } };
            if entry.message_id == long() {
                // The document itself has the whole id.
                let mut batch = Batch::default();
                batch.put_all([archive::enter(&Term::MessageId(long()), &position)]);
                self.store.commit(batch).unwrap();
            }
            self.all.push((position, LogEntry { message_id: kept(&entry.message_id), ..entry.clone() }));
        }
    }

    fn search(&self, search: &Search, reach: Reach) -> Found {
        let catalogue = Catalogue { store: &self.store, specs: &self.specs, limits: &self.limits, trail: None };
        catalogue.search_within(search, reach).unwrap()
    }

    /// What a search finds on all its pages, as it should be.
    fn model(&self, search: &Search) -> Vec<Position> {
        let is_found = |(position, entry): &&(Position, LogEntry)| {
            let has = |term: &Term| match term {
                Term::Direction(direction) => entry.direction == *direction,
                Term::Number(number) => parties(entry).any(|party| party.number.as_str() == number),
                Term::Role(role) => parties(entry).any(|party| party.role == *role),
                Term::Document(name) => entry.document == *name,
                Term::MessageId(id) => entry.message_id == *id,
                _ => panic!("{term:?} is not asked for"),
            };
            search.from <= position.at && position.at < search.to && search.terms.iter().all(has)
        };
        let sort_value = |entry: &LogEntry| match (search.by, entry.direction) {
            (SortBy::MessageId, _) if entry.message_id == kept(&long()) => "\u{2}".into(),
            (SortBy::MessageId, _) => entry.message_id.clone(),
            (SortBy::Document, _) => entry.document.clone(),
            (SortBy::Sender, Direction::In) | (SortBy::Receiver, Direction::Out) => entry.party.number.to_string(),
            _ => String::new(),
        };
        let mut found: Vec<_> = self.all.iter().filter(is_found).map(|(at, entry)| (sort_value(entry), *at)).collect();
        found.sort();
        if search.descending {
            found.reverse();
        }
        found.into_iter().map(|(_, position)| position).collect()
    }

    fn cursor(&self, by: SortBy, position: &Position) -> Cursor {
        let (_, entry) = self.all.iter().find(|(at, _)| at == position).unwrap();
        Cursor::of(by, position, entry)
    }
}

/// Whoever has sent a document, fetches it or is addressed by it, and is somebody.
fn parties(entry: &LogEntry) -> impl Iterator<Item = Party> {
    let fetchers = match entry.direction {
        Direction::In => vec![entry.party.clone()],
        Direction::Out => entry.party.clone().fetchers().collect(),
    };
    fetchers.into_iter().chain(entry.addressee.clone()).filter(|party| !party.number.as_str().is_empty())
}

fn positions(found: &Found) -> Vec<Position> {
    found.documents.iter().map(|(position, _)| *position).collect()
}

/// Goes on from page to page until there is none; `between` is done after each.
fn pages(house: &mut House, search: &Search, reach: Reach, mut between: impl FnMut(&mut House)) -> Vec<Found> {
    let (mut search, mut pages) = (search.clone(), Vec::new());
    loop {
        let found = house.search(&search, reach);
        assert!(found.documents.len() <= search.take && !found.too_many);
        let is_back = matches!(search.start, Some(Start::Before(_)));
        let on = if is_back { found.previous.clone() } else { found.next.clone() };
        pages.push(found);
        between(house);
        let Some(on) = on else { return pages };
        let on = Cursor::parse(search.by, &on.to_string()).expect("a cursor is read back");
        search.start = Some(if is_back { Start::Before(on) } else { Start::After(on) });
    }
}

/// What pages show one after the other; those that were gone through from behind come last page first.
fn shown(pages: &[Found], back: bool) -> Vec<Position> {
    let pages: Vec<_> = pages.iter().map(positions).collect();
    if back { pages.into_iter().rev().flatten().collect() } else { pages.concat() }
}

proptest! {
    #[test]
    fn pages_one_after_the_other_are_the_list_and_back_again_they_are_the_same_pages(
        commits in prop::collection::vec(any_commit(), 0..12), search in any_search(), reach in any_reach(), far in any::<bool>(),
    ) {
        let mut house = House::of(&commits);
        let model = house.model(&search);
        let reach = if far { FAR } else { reach };
        let onward = pages(&mut house, &search, reach, |_| {});
        prop_assert_eq!(shown(&onward, false), model.clone());
        prop_assert_eq!(&onward[0].previous, &None);
        let last = onward.last().unwrap();
        let seen = model.len() - last.documents.len();
        let Some(previous) = last.previous.clone() else {
            prop_assert_eq!(onward.len(), 1);
            return Ok(());
        };
        let back = Search { start: Some(Start::Before(previous)), ..search.clone() };
        let mut back = pages(&mut house, &back, reach, |_| {});
        prop_assert_eq!(shown(&back, true), &model[..seen]);
        // From the first page it goes onward again.
        let first = back.last().unwrap();
        let again = Search { start: first.next.clone().map(Start::After), ..search.clone() };
        let again = pages(&mut house, &again, reach, |_| {});
        prop_assert_eq!(shown(&again, false), &model[first.documents.len()..]);
        if far {
            back.reverse();
            let rows = |pages: &[Found]| pages.iter().map(positions).collect::<Vec<_>>();
            prop_assert_eq!(rows(&onward[..onward.len() - 1]), rows(&back));
        }
    }

    #[test]
    fn what_is_added_meanwhile_moves_nothing(
        commits in prop::collection::vec(any_commit(), 1..8), added in prop::collection::vec(any_commit(), 1..8),
        search in any_search(), reach in any_reach(), chosen in any::<prop::sample::Index>(),
        (within, back) in any::<(bool, bool)>(),
    ) {
        let mut house = House::of(&commits);
        let start = chosen.get(&house.all).0;
        let start = within.then(|| house.cursor(search.by, &start));
        let begin = |house: &House| match &start {
            // Beside the document from which it goes on, wherever that stands in what is found.
            Some(start) => {
                let every = Search { terms: vec![], from: Search::default().from, to: Search::default().to, ..search.clone() };
                let passed = house.model(&every).into_iter().take_while(|at| house.cursor(search.by, at) != *start);
                let passed: Vec<_> = passed.chain([start.position()]).collect();
                let is_shown = |at: &Position| match back {
                    true => passed.contains(at) && *at != start.position(),
                    false => !passed.contains(at),
                };
                house.model(&search).into_iter().filter(is_shown).collect()
            }
            None => house.model(&search),
        };
        let before: Vec<Position> = begin(&house);
        let side = if back { Start::Before } else { Start::After };
        let search = Search { start: start.clone().map(side), ..search.clone() };
        let mut added = added.iter();
        let pages = pages(&mut house, &search, reach, |house| added.next().into_iter().for_each(|it| house.log(it)));
        let shown = shown(&pages, back && start.is_some());
        let after = begin(&house);
        let mut left = after.iter();
        prop_assert!(shown.iter().all(|at| left.any(|it| it == at)), "in order and once: {shown:?} of {after:?}");
        prop_assert!(before.iter().all(|at| shown.contains(at)), "all that was there: {before:?} of {shown:?}");
    }

    #[test]
    fn as_many_are_counted_as_there_are(commits in prop::collection::vec(any_commit(), 0..12), search in any_search()) {
        let house = House::of(&commits);
        let catalogue = Catalogue { store: &house.store, specs: &house.specs, limits: &house.limits, trail: None };
        prop_assert_eq!(catalogue.count(&search).unwrap(), Some(house.model(&search).len()));
    }
}

#[test]
fn a_participant_is_told_of_what_cannot_be_sorted_and_sees_no_place_of_anothers() {
    let mut entries = Vec::new();
    for number in ["1", "2"] {
        for id in ["a", "b", "c"] {
            let party = Party { number: ActorNumber::new(number), role: ActorRole::EnergySupplier };
            entries.push(LogEntry { party, message_id: format!("{id}-{number}"), ..plain() });
        }
    }
    let house = House::of(&[entries]);
    let own = Term::Party(Party { number: ActorNumber::new("1"), role: ActorRole::EnergySupplier });
    let by_id = Search { terms: vec![own], by: SortBy::MessageId, take: 1, for_participant: true, ..Search::default() };
    let reach = |sorted| Reach { looked_at: 1, sorted, page: 1 };
    assert_eq!(house.search(&by_id, reach(2)), Found { too_many: true, ..Found::default() });
    let found = house.search(&by_id, reach(3));
    assert_eq!(found.next, Some(house.cursor(SortBy::MessageId, &found.documents[0].0)));
    let of_time = Search { by: SortBy::Time, ..by_id.clone() };
    assert!(!house.search(&of_time, reach(2)).too_many, "the order of time needs no sorting");
    let operators = Search { for_participant: false, ..by_id };
    assert!(!house.search(&operators, reach(2)).too_many, "the hub's own people walk along the order");
}

pub(super) fn plain() -> LogEntry {
    LogEntry {
        direction: Direction::In,
        at: Timestamp::from_seconds(0),
        party: Party { number: ActorNumber::new("1"), role: ActorRole::EnergySupplier },
        addressee: None,
        document: String::new(),
        message_id: String::new(),
        correlation_id: String::new(),
        refused: vec![],
        hash: [0; 32],
        place: Place { part: 9, offset: 0, bytes: 0 },
        came: None,
        request: None,
    }
}

/// A store that counts what is read from it.
#[derive(Default)]
struct Counting(Memory, AtomicUsize);

impl Counting {
    fn count<T>(&self, read: T, records: impl FnOnce(&T) -> usize) -> T {
        self.1.fetch_add(records(&read), Ordering::Relaxed);
        read
    }
}

impl Store for Counting {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        Ok(self.count(self.0.get(key)?, |_| 1))
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        Ok(self.count(self.0.page(range, after, limit)?, |page| page.records.len()))
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        Ok(self.count(self.0.page_back(range, before, limit)?, |page| page.records.len()))
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, Fault> {
        self.0.packed(key)
    }

    fn submit(&self, batch: Batch, done: Completion) {
        self.0.submit(batch, done);
    }
}

#[test]
fn a_page_of_ten_thousand_documents_reads_little_more_than_it_shows() {
    let store = Counting::default();
    for commit in 0..100 {
        let entry = |nth: i64| LogEntry {
            at: Timestamp::from_seconds(100 * commit + nth),
            message_id: blake3::hash(&(100 * commit + nth).to_be_bytes()).to_hex().to_string(),
            // Ten of one kind, far apart.
            document: if nth == 50 && commit % 10 == 0 { "Rare" } else { "Frequent" }.into(),
            ..plain()
        };
        let mut batch = Batch::default();
        batch.put_all(archive::log_out(&(0..100).map(entry).collect::<Vec<_>>()));
        store.commit(batch).unwrap();
    }
    let (specs, limits) = (Specs::default(), Limits::default());
    let catalogue = Catalogue { store: &store, specs: &specs, limits: &limits, trail: None };
    catalogue.catch_up().unwrap();
    let rare = vec![Term::Document("Rare".into())];
    let frequent = vec![Term::Document("Frequent".into())];
    let rows = [
        (SortBy::Time, vec![], 100, 700),
        (SortBy::MessageId, vec![], 100, 700),
        (SortBy::Sender, frequent.clone(), 100, 11_000),
        (SortBy::Document, frequent, 100, 700),
        (SortBy::MessageId, rare.clone(), 10, 50),
        (SortBy::Time, rare, 10, 50),
    ];
    for (by, terms, shown, read_max) in rows {
        for descending in [false, true] {
            store.1.store(0, Ordering::Relaxed);
            let search = Search { by, terms: terms.clone(), descending, take: 100, ..Search::default() };
            let found = catalogue.search(&search).unwrap();
            let read = store.1.load(Ordering::Relaxed);
            assert_eq!(found.documents.len(), shown);
            assert!(read <= read_max, "{by:?} {terms:?}: {read} records");
        }
    }
}
