//! What waits is counted once and then kept, whatever joins and leaves meanwhile.

use std::collections::VecDeque;

use proptest::prelude::*;

use super::bundles::{announces, house, supplier};
use super::*;
use crate::document::Category;
use crate::gateway::depth::{Depth, Oldest};
use crate::market::{ActorNumber, ActorRole};
use crate::post_office::{self, Bounds};
use crate::store::Embedded;

fn waiting(gateway: &Gateway) -> [Option<u64>; 3] {
    Category::ALL.map(|category| gateway.documents_waiting(category))
}

fn stored(gateway: &Gateway) -> u64 {
    store::records(&*gateway.store, &post_office::all_queues_range(), 100).count() as u64
}

#[tokio::test]
async fn what_joins_is_bundled_and_dequeued_is_counted_and_a_restart_counts_again() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "A", &["A"]).await;
    assert_eq!(waiting(&gateway), [None; 3], "nothing is said that is not known");
    gateway.count_the_post().await.unwrap();
    let counted = |gateway: &Gateway| assert_eq!(waiting(gateway), [Some(stored(gateway)), Some(0), Some(0)]);
    assert!(stored(&gateway) > 2);
    counted(&gateway);
    announces(&gateway, "B", &["B"]).await;
    announces(&gateway, "C", &["C"]).await;
    counted(&gateway);
    let before = stored(&gateway);
    let bundle = gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap();
    assert_eq!(stored(&gateway), before - 2, "three are one now");
    counted(&gateway);
    assert_eq!(gateway.dequeue(&supplier(), &bundle.message_id, gateway.now()).await.unwrap(), Dequeued::Done);
    assert_eq!(stored(&gateway), before - 3);
    counted(&gateway);
    gateway.dequeue(&supplier(), &bundle.message_id, gateway.now()).await.unwrap();
    counted(&gateway);

    let store = gateway.store.clone();
    let (specs, settings, now) = (gateway.specs.clone(), (*gateway.settings).clone(), gateway.now());
    drop(gateway);
    let gateway = Gateway::open(store, specs, settings, Clock::standing_at(now)).unwrap();
    assert_eq!(waiting(&gateway), [None; 3]);
    gateway.count_the_post().await.unwrap();
    counted(&gateway);
}

#[tokio::test]
async fn the_oldest_of_a_category_is_that_of_its_queues() {
    let gateway = house(Bounds::default()).await;
    assert_eq!(gateway.oldest_waiting().unwrap(), Oldest::new());
    let noon = gateway.now();
    announces(&gateway, "A", &["A"]).await;
    gateway.pass_time(Timestamp::from_micros(noon.micros() + 3_600_000_000)).await.unwrap();
    let later = gateway.now();
    announces(&gateway, "B", &["B"]).await;
    assert_eq!(gateway.oldest_waiting().unwrap(), Oldest::from([(Category::MasterData, noon)]));
    for owner in gateway.owners_of_post().unwrap() {
        let first = gateway.peek(&owner, None, gateway.now()).await.unwrap().unwrap();
        gateway.dequeue(&owner, &first.message_id, gateway.now()).await.unwrap();
    }
    assert_eq!(gateway.oldest_waiting().unwrap(), Oldest::from([(Category::MasterData, later)]));
}

/// Commits of one store that are told in their order, some time after they are to be seen.
struct Told {
    store: Memory,
    depth: Depth,
    waits: VecDeque<Tell>,
}

enum Tell {
    Begins(u64),
    Joined(u64),
    Left(Vec<Key>, bool),
}

fn queue(of: u8) -> Party {
    Party { number: ActorNumber::new(format!("810000000000{}", of % 3)), role: ActorRole::EnergySupplier }
}

impl Told {
    fn places(&self) -> Vec<Key> {
        let page = self.store.page(&post_office::all_queues_range(), None, 1_000).unwrap();
        page.records.into_iter().map(|(key, _)| key).collect()
    }

    fn commit(&self, batch: Batch) -> Option<u64> {
        match self.store.commit(batch).unwrap() {
            Outcome::Committed(commit) => Some(commit),
            Outcome::Conflict(_) => None,
        }
    }

    fn joins(&mut self, which: u8) {
        // A place in the queue, but for the number of the commit.
        let place = post_office::place_key(&queue(which), Category::MasterData, (0, 0));
        let prefix = place.as_bytes()[..place.as_bytes().len() - 16].to_vec();
        let mut batch = Batch::default();
        batch.put(Key::from_bytes(prefix).stamp().number(0), vec![1]);
        let commit = self.commit(batch).unwrap();
        self.waits.push_back(Tell::Joined(commit));
    }

    /// Somebody takes a document away; where another was quicker, or `fails` says so, nothing comes of it.
    fn leaves(&mut self, place: &Key, fails: bool) {
        let mut batch = Batch::default();
        batch.delete(place.clone());
        let places = self.depth.leaving(&batch.changes);
        let there = self.store.get(place).unwrap().is_some();
        let gone = there && !fails && self.commit(batch).is_some();
        self.waits.push_back(Tell::Left(places, gone));
    }

    fn tell(&mut self) {
        match self.waits.pop_front() {
            Some(Tell::Begins(commit)) => self.depth.begin(commit),
            Some(Tell::Joined(commit)) => self.depth.joined(commit, &[Category::MasterData]),
            Some(Tell::Left(places, gone)) => self.depth.left(&places, gone),
            None => {}
        }
    }
}

proptest! {
    #[test]
    fn in_whatever_order_things_happen_what_waits_is_counted_once(steps in prop::collection::vec((0..12_u8, any::<u8>()), 0..120)) {
        let mut told = Told { store: Memory::default(), depth: Depth::default(), waits: VecDeque::new() };
        for which in 0..5 {
            told.joins(which);
        }
        // What was seen a while ago, so that two may take the same document.
        let mut seen = told.places();
        for (what, which) in steps {
            match what {
                0 | 1 => told.joins(which),
                2..=4 if !seen.is_empty() => {
                    let place = seen[usize::from(which) % seen.len()].clone();
                    told.leaves(&place, what == 4 && which % 2 == 0);
                }
                5 => seen = told.places(),
                6 if which % 4 == 0 => {
                    let commit = told.commit(Batch::default()).unwrap();
                    told.waits.push_back(Tell::Begins(commit));
                }
                7..=9 => told.tell(),
                _ => drop(told.depth.count_some(&told.store, 1 + usize::from(which) % 3).unwrap()),
            }
        }
        let commit = told.commit(Batch::default()).unwrap();
        if told.depth.count_some(&told.store, 1).unwrap() {
            // Counting has not begun, or has come to its end: else what goes on is looked at to its end.
            told.waits.push_back(Tell::Begins(commit));
        }
        while !told.waits.is_empty() {
            told.tell();
        }
        while !told.depth.count_some(&told.store, 2).unwrap() {}
        prop_assert_eq!(told.depth.documents(Category::MasterData), Some(told.places().len() as u64));
    }
}

#[test]
fn an_embedded_store_says_where_counting_begins() {
    let dir = tempfile::tempdir().unwrap();
    let embedded = || Arc::new(Embedded::open(dir.path(), store::Options::default()).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for expected in [0, 1] {
        let (settings, specs) = (Settings::default(), Arc::new(Specs::default()));
        let gateway = Gateway::open(embedded(), specs, settings, Clock::standing_at(at(0))).unwrap();
        runtime.block_on(gateway.count_the_post()).unwrap();
        assert_eq!(waiting(&gateway), [Some(expected), Some(0), Some(0)]);
        let mut batch = Batch::default();
        batch.put(post_office::place_key(&queue(0), Category::MasterData, (1, expected)), vec![1]);
        gateway.store.commit(batch).unwrap();
    }
    let report = store::verify(dir.path(), &mut |_| {}).unwrap();
    assert_eq!(report.problems.len(), 0);
}
