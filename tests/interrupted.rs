//! Power fails before each single commit of a conversation: the gateway is opened again over what was durable, whoever got no
//! answer says the same again, and everybody's post and the log of events come out as if nothing had happened.
//!
//! That is every step of market-roles 6.9: receiving, deciding, answering, the jobs of an order, timers, taking effect, peeking
//! and dequeuing are commits, and between two of them there is nothing that could be lost.

mod gated;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use gridpost::gateway::orders::{self, CalledOff, Order, OrderTable};
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Question, Receipt, Settings};
use gridpost::market::{Party, Timestamp};
use gridpost::record::Batch;
use gridpost::replay::{Step, runs};
use gridpost::spec::Specs;
use gridpost::store::{Completion, Fault, Memory, Store};

use gated::{Gate, Gated};

/// Conversations that lead through every process of the market roles, with their clocks and fetches.
const CONVERSATIONS: [&str; 10] = [
    "change-of-supplier/E03-from-request-to-effect",
    "change-of-supplier/E56-another-balance-responsible-party",
    "cancellation/E03-in-time",
    "move-in/E65-suspends-a-change-of-supplier-and-is-cancelled",
    "end-of-supply/E20-a-change-of-supplier-comes-before",
    "move-out/E66-from-request-to-effect",
    "reallocation/FormerSupplierIsSilent-five-days",
    "portfolio-changes/E06-a-whole-portfolio-is-taken-over",
    "portfolio-changes/E06-is-called-off",
    "metering-points/D14-today",
];

/// Power fails when so many batches have been committed.
struct Failing {
    left: AtomicUsize,
}

impl Gate for Failing {
    fn submit(&self, store: &Memory, batch: Batch, done: Completion) {
        let one_less = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => store.submit(batch, done),
            Err(_) => done(Err(Fault::Closed)),
        }
    }
}

enum Said {
    Document(Vec<u8>),
    Clock(Timestamp),
    Fetch,
    Order(Box<Order>),
    CallOff,
}

/// A conversation, and at its end everybody fetches.
fn conversation(name: &str) -> Vec<Said> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples").join(name);
    let files = runs(&[folder]).unwrap().remove(0).files;
    let mut said: Vec<Said> = files
        .iter()
        .map(|path| {
            let bytes = std::fs::read(path).unwrap();
            let text = || String::from_utf8(bytes.clone()).unwrap();
            match Step::of(path) {
                None => Said::Document(bytes),
                Some(Step::Clock) => Said::Clock(Timestamp::parse_date_time(text().trim()).unwrap()),
                Some(Step::Fetch) => Said::Fetch,
                Some(Step::CallOff) => Said::CallOff,
                Some(Step::Order) => {
                    Said::Order(Box::new(toml::from_str::<OrderTable>(&text()).unwrap().order().unwrap()))
                }
            }
        })
        .collect();
    said.push(Said::Fetch);
    said
}

/// What a conversation leaves behind: each party's post in order, and what has happened.
#[derive(Debug, Default, PartialEq, Eq)]
struct Left {
    post: BTreeMap<String, Vec<String>>,
    events: Vec<String>,
}

struct House {
    specs: Arc<Specs>,
    store: Arc<Memory>,
    failing: Arc<Gated<Failing>>,
    gateway: Option<Gateway>,
    now: Timestamp,
    left: Left,
    failures: usize,
}

impl House {
    /// The toy world, in a store that fails after so many commits more.
    async fn build(specs: &Arc<Specs>, commits: usize) -> Self {
        let store = Arc::new(Memory::default());
        let now = Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap();
        World::toy().settle_in(&open(store.clone(), specs, now)).await.unwrap();
        let failing = Arc::new(Gated { store: store.clone(), gate: Failing { left: AtomicUsize::new(commits) } });
        let gateway = Some(open(failing.clone(), specs, now));
        Self { specs: specs.clone(), store, failing, gateway, now, left: Left::default(), failures: 0 }
    }

    fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().unwrap()
    }

    async fn play(mut self, conversation: &[Said]) -> (Left, usize) {
        for said in conversation {
            while let Err(fault) = self.hear(said).await {
                self.failures += 1;
                assert_eq!(self.failures, 1, "power fails once: {fault}");
                // The old house is closed before the new one opens, over a store that holds from now on.
                self.gateway = None;
                self.gateway = Some(open(self.store.clone(), &self.specs, self.now));
                self.gateway().settled().await.unwrap();
            }
        }
        let events = self.gateway().ask(&Question::Events { after: None, take: 10_000 }).unwrap().unwrap();
        self.left.events = events.rows.iter().map(|row| without_position(row.clone())).collect();
        (self.left, self.failures)
    }

    async fn hear(&mut self, said: &Said) -> Result<(), String> {
        let words = |fault: &dyn std::fmt::Display| fault.to_string();
        match said {
            Said::Document(body) => {
                let receipt = self.gateway().receive_from_its_sender(body.clone().into(), "c").await;
                let receipt = receipt.map_err(|it| words(&it))?;
                assert!(!matches!(receipt, Receipt::Refused { .. }), "{receipt:?}");
            }
            Said::Clock(to) => {
                self.now = *to;
                self.gateway().pass_time(*to).await.map_err(|it| words(&it))?;
            }
            Said::Order(order) => {
                self.gateway().order(order).await.map_err(|it| words(&it))?;
            }
            Said::CallOff => {
                let orders = orders::orders(&**self.gateway().store()).map_err(|it| words(&it))?;
                let id = orders[0]["id"].as_str().unwrap().to_string();
                let called = self.gateway().call_off(&id).await.map_err(|it| words(&it))?;
                assert!(matches!(called, CalledOff::Off(_) | CalledOff::Before(_)), "{called:?}");
            }
            Said::Fetch => self.fetch().await?,
        }
        self.gateway().settled().await
    }

    /// Everybody empties their queue. What was peeked and not dequeued when power failed is peeked again, the same.
    async fn fetch(&mut self) -> Result<(), String> {
        let words = |fault: &dyn std::fmt::Display| fault.to_string();
        loop {
            let mut found = false;
            for owner in self.gateway().owners_of_post().map_err(|it| words(&it))? {
                while let Some((id, body)) = self.peek(&owner).await? {
                    found = true;
                    let line = format!("{id} {body}");
                    let post = self.left.post.entry(owner.to_string()).or_default();
                    if post.last() != Some(&line) {
                        post.push(line);
                    }
                    let now = self.now;
                    self.gateway().dequeue(&owner, &id, now).await.map_err(|it| words(&it))?;
                    self.gateway().settled().await?;
                }
            }
            if !found {
                return Ok(());
            }
        }
    }

    async fn peek(&self, owner: &Party) -> Result<Option<(String, String)>, String> {
        let peeked = self.gateway().peek(owner, None, self.now).await.map_err(|it| it.to_string())?;
        Ok(peeked.map(|it| (it.message_id.clone(), String::from_utf8(it.body.to_vec()).unwrap())))
    }
}

fn open(store: Arc<dyn Store>, specs: &Arc<Specs>, now: Timestamp) -> Gateway {
    let settings = Settings { undecided_max: 1_000, ..Settings::default() };
    Gateway::open(store, specs.clone(), settings, Clock::standing_at(now)).unwrap()
}

/// An event but for its place in the log: a document that was sent again is a commit more.
fn without_position(mut row: serde_json::Value) -> String {
    if let Some(row) = row.as_object_mut() {
        row.remove("position");
    }
    row.to_string()
}

#[tokio::test]
async fn power_may_fail_before_any_commit_and_nothing_comes_out_otherwise() {
    let specs = Arc::new(gridpost::document::built_in());
    for name in CONVERSATIONS {
        let said = conversation(name);
        let whole = House::build(&specs, usize::MAX).await;
        let failing = whole.failing.clone();
        let (expected, failures) = whole.play(&said).await;
        assert_eq!(failures, 0);
        assert!(!expected.post.is_empty() && !expected.events.is_empty(), "{name}");
        let commits = usize::MAX - failing.gate.left.load(Ordering::SeqCst);
        assert!(commits >= 4, "{name}: {commits}");
        for cut in 0..commits {
            let (left, failures) = House::build(&specs, cut).await.play(&said).await;
            assert_eq!(failures, 1, "{name}, before commit {cut} of {commits}");
            assert_eq!(left, expected, "{name}, before commit {cut} of {commits}");
        }
    }
}

/// The house goes down while an order is called off, and its day has come when the house opens again.
#[tokio::test]
async fn what_was_called_off_does_not_take_effect_before_its_accounting_points_are_gone_through() {
    let specs = Arc::new(gridpost::document::built_in());
    let said = conversation("portfolio-changes/E06-is-called-off");
    let until = said.iter().position(|it| matches!(it, Said::CallOff)).unwrap();
    let after = Timestamp::parse_date_time("2023-10-01T09:00:00Z").unwrap();
    let (mut off, mut standing) = (0, 0);
    for cut in 0.. {
        let mut house = House::build(&specs, cut).await;
        let mut failed = false;
        for said in &said[..=until] {
            failed = house.hear(said).await.is_err();
            if failed {
                break;
            }
        }
        let store = house.store.clone();
        drop(house);
        let gateway = open(store, &specs, after);
        gateway.pass_time(after).await.unwrap();
        let events = gateway.ask(&Question::Events { after: None, take: 10_000 }).unwrap().unwrap().rows;
        let changed = events.iter().filter(|row| row["name"] == "EnergySupplierChanged").count();
        for order in orders::orders(&**gateway.store()).unwrap() {
            let is_off = !order["called_off"].is_null();
            *(if is_off { &mut off } else { &mut standing }) += 1;
            assert_eq!(changed > 0, !is_off, "before commit {cut}: {order}");
            assert!(!is_off || order["done"] == 0, "before commit {cut}: {order}");
        }
        if !failed {
            break;
        }
    }
    assert!(off > 2 && standing > 2, "{off} {standing}");
}
