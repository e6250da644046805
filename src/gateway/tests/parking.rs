//! What fails through a bug of ours is set aside with its cause, everything else goes on, and it is taken up again where it
//! stood.

use std::collections::BTreeSet;
use std::slice;

use super::disk::Failing;
use super::*;
use crate::market::ActorRole;
use crate::process::Market;
use crate::process::errand::{self, Errand};
use crate::record::Packed;

/// Writes its own record into the diary, and is done.
struct Note {
    key: Key,
    text: String,
}

const ERRANDS: Space = Space(97);

fn errands() -> KeyRange {
    KeyRange::under(&Key::new(ERRANDS))
}

fn note(key: &Key, entry: &Entry) -> Box<dyn Errand> {
    Box::new(Note { key: key.clone(), text: String::from_utf8_lossy(&entry.value).into_owned() })
}

/// Knows no way with one of its errands.
const FAILING: &[errand::Kind] = &[errand::Kind {
    name: "notes",
    waiting: errands,
    read: |key, entry| {
        assert!(entry.value != "bad", "an errand that cannot be read");
        note(key, entry)
    },
}];
/// The same once the bug is mended.
const MENDED: &[errand::Kind] =
    &[errand::Kind { name: "notes", waiting: errands, read: |key, entry| note(key, entry) }];

fn dk(kinds: &'static [errand::Kind]) -> desk::Errands {
    kinds.iter().map(|kind| (Pack::DK, kind)).collect()
}

impl Errand for Note {
    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        Context { now: at(0), caller: market.hub_party(), cause: [0; 32], market }
    }

    fn needs(&self, _: &[Key], _: &Context) -> Needs {
        Needs::default().key(self.key.clone())
    }

    fn needs_more(&self, _: &[Key], _: &Facts, _: &Context) -> Needs {
        Needs::default()
    }

    fn decide(&self, _: &[Key], _: bool, _: &Facts, _: &Context) -> Decision {
        let line = Change::Put(Key::new(DIARY).stamp(), self.text.clone().into());
        Decision::default().change(line).change(Change::Delete(self.key.clone()))
    }
}

/// Looks at what others change meanwhile, see [`Torn`].
const MOVING: &[errand::Kind] =
    &[errand::Kind { name: "moving", waiting: errands, read: |key, _| Box::new(Moving(key.clone())) }];

struct Moving(Key);

impl Errand for Moving {
    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        Context { now: at(0), caller: market.hub_party(), cause: [0; 32], market }
    }

    fn needs(&self, _: &[Key], context: &Context) -> Needs {
        Torn.needs(context).key(self.0.clone())
    }

    fn needs_more(&self, _: &[Key], _: &Facts, _: &Context) -> Needs {
        Needs::default()
    }

    fn decide(&self, _: &[Key], _: bool, facts: &Facts, context: &Context) -> Decision {
        Torn.decide(facts, context).change(Change::Delete(self.0.clone()))
    }
}

#[tokio::test]
async fn an_errand_that_fails_is_parked_and_taken_up_again_once_the_bug_is_mended() {
    let store = Arc::new(Memory::default());
    let gateway = open_with(dk(FAILING), &store, Clock::standing_at(at(0)));
    let mut batch = Batch::default();
    for (number, text) in ["first", "bad", "last"].into_iter().enumerate() {
        batch.put(Key::new(ERRANDS).number(number as u64), text);
    }
    gateway.write(batch).await.unwrap();
    gateway.decider.run_errands();
    gateway.settled().await.unwrap();
    assert_eq!(diary(&gateway), ["first", "last"]);
    let health = gateway.health();
    assert!(health.ready, "{health:?}");
    assert_eq!(unwell(&health), ["errands: 1 parked"]);
    set(&gateway, &[timer(&WRITE, 1, "a", "a", "")]).await;
    gateway.pass_time(at(2)).await.unwrap();
    assert_eq!(diary(&gateway).len(), 3, "everything else goes on");
    drop(gateway);

    let found = parked::parked(&*store).unwrap();
    assert_eq!(found.len(), 1);
    assert!(found[0].cause.contains("an errand that cannot be read"), "{found:?}");
    put_back(&*store, slice::from_ref(&found[0].key));
    assert_eq!(parked::parked(&*store).unwrap(), []);
    let gateway = open_with(dk(MENDED), &store, Clock::standing_at(at(2)));
    gateway.settled().await.unwrap();
    assert_eq!(diary(&gateway).last().unwrap(), "bad");
    assert_eq!(unwell(&gateway.health()), [""; 0]);
}

/// The checks that have found something, with the first words of what.
fn unwell(health: &Health) -> Vec<String> {
    let found = health.checks.iter().filter_map(|(name, found)| Some((name, found.as_ref().err()?)));
    found.map(|(name, found)| format!("{name}: {}", found.split(" through").next().unwrap())).collect()
}

#[tokio::test]
async fn what_is_parked_is_unwell_and_ready_until_it_is_given_up() {
    let store = Arc::new(Memory::default());
    let gateway = open(&store, Clock::standing_at(at(0)));
    set(&gateway, &[timer(&PANIC, 1, "a", "x", ""), timer(&PANIC, 1, "a", "y", "")]).await;
    let entry = InboxEntry {
        caller: Market::dk_defaults().hub_party(),
        document: "RequestChangeOfPriceList".into(),
        at: at(0),
        correlation_id: "c-1".into(),
        hash: [7; 32],
    };
    let mut batch = Batch::default();
    batch.put_all(archive::park(4, &entry, "index out of bounds"));
    gateway.write(batch).await.unwrap();
    gateway.pass_time(at(5)).await.unwrap();
    let health = gateway.health();
    assert!(health.ready, "{health:?}");
    assert_eq!(unwell(&health), ["documents: 1 parked", "timers: 2 parked"]);

    let document = archive::parked_key(4);
    let mut keys: BTreeSet<String> = parked::parked(&*store).unwrap().iter().map(|it| it.key.to_string()).collect();
    keys.remove(&document.to_string());
    let (gone, _) = gateway.discard_parked(&operator(), &keys).await.unwrap();
    assert!(gone.iter().all(|it| matches!(it.what, parked::What::Timer { .. })), "{gone:?}");
    assert_eq!(unwell(&gateway.health()), ["documents: 1 parked"]);
    gateway.discard_parked(&operator(), &[document.to_string()].into()).await.unwrap();
    assert_eq!(unwell(&gateway.health()), [""; 0]);
}

/// A store in which others rewrite the record of an errand just before its decision arrives, so many times.
struct Overtaking(Memory, std::sync::atomic::AtomicU32);

impl Store for Overtaking {
    fn get(&self, key: &Key) -> Result<Option<Entry>, store::Fault> {
        self.0.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.0.page(range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.0.page_back(range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, store::Fault> {
        self.0.packed(key)
    }

    fn submit(&self, batch: Batch, done: store::Completion) {
        use std::sync::atomic::Ordering::Relaxed;
        let of_an_errand = batch.expectations.iter().find(|(key, _)| key.space() == ERRANDS);
        if let Some((key, _)) = of_an_errand
            && self.1.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
        {
            let entry = self.0.get(key).unwrap().unwrap();
            let mut rewritten = Batch::default();
            rewritten.put(key.clone(), entry.value);
            self.0.submit(rewritten, Box::new(|_| {}));
        }
        self.0.submit(batch, done);
    }
}

#[tokio::test]
async fn an_errand_that_is_overtaken_again_and_again_is_done_all_the_same_and_keeps_nobody_waiting() {
    let overtaken = hall::FIRST_AFTER * 5;
    let store = Arc::new(Overtaking(Memory::default(), overtaken.into()));
    let settings = Settings { undecided_max: 10, ..Settings::default() };
    let kinds = (KINDS.map(|kind| (Pack::DK, kind)).to_vec(), dk(MENDED));
    let clock = Clock::standing_at(at(0));
    let gateway = Gateway::open_with(kinds, store.clone(), Arc::new(Specs::default()), settings, clock).unwrap();
    let timers: Vec<Timer> = (1..20).map(|due| timer(&WRITE, due, &due.to_string(), "t", "")).collect();
    set(&gateway, &timers).await;
    let mut batch = Batch::default();
    for number in 0..3 {
        batch.put(Key::new(ERRANDS).number(number), format!("errand {number}"));
    }
    gateway.write(batch).await.unwrap();
    gateway.decider.run_errands();
    gateway.pass_time(at(20)).await.unwrap();
    let (errands, others): (Vec<String>, Vec<String>) =
        diary(&gateway).into_iter().partition(|line| line.starts_with("errand"));
    assert_eq!((errands, others.len()), ((0..3).map(|it| format!("errand {it}")).collect(), timers.len()));
    assert_eq!(store.1.load(std::sync::atomic::Ordering::Relaxed), 0, "it was overtaken as often as it could be");
}

#[tokio::test]
async fn what_fails_over_records_that_moved_meanwhile_is_decided_again() {
    let store = BESIDE.get_or_init(Arc::default);
    let gateway = open(store, Clock::standing_at(at(0)));
    set(&gateway, &[timer(&TORN, 1, "a", "x", "")]).await;
    gateway.pass_time(at(1)).await.unwrap();
    assert_eq!((diary(&gateway), parked::parked(&**store).unwrap()), (vec!["it is there".to_string()], vec![]));
    drop(gateway);
    let gateway = open_with(dk(MOVING), store, Clock::standing_at(at(1)));
    let mut batch = Batch::default();
    batch.delete(Key::new(DIARY)).put(Key::new(ERRANDS).text("x"), "");
    gateway.write(batch).await.unwrap();
    gateway.decider.run_errands();
    gateway.settled().await.unwrap();
    assert_eq!((diary(&gateway), parked::parked(&**store).unwrap()), (vec!["it is there".to_string()], vec![]));
}

#[tokio::test]
async fn a_timer_that_failed_is_decided_as_of_its_own_instant_once_it_is_taken_up_again() {
    let store = Arc::new(Memory::default());
    let gateway = open(&store, Clock::standing_at(at(0)));
    set(&gateway, &[timer(&PANIC, 1, "a", "x", "")]).await;
    gateway.pass_time(at(5)).await.unwrap();
    drop(gateway);
    let found = parked::parked(&*store).unwrap();
    assert_eq!(found[0].what, parked::What::Timer { due: at(1), kind: Some("panic".into()) });
    put_back(&*store, &[found[0].key.clone()]);
    let gateway = open(&store, Clock::standing_at(at(5)));
    gateway.settled().await.unwrap();
    assert_eq!(parked::parked(&*store).unwrap(), found, "it fails as before, and is set aside as before");
}

/// A store in which a document of a grid company was set aside, and how it reads.
fn with_a_parked_document() -> (Arc<Memory>, InboxEntry) {
    let store = Arc::new(Memory::default());
    let (number, entry) = takes_in(&*store, "");
    let mut batch = Batch::default();
    batch.put_all(archive::park(number, &entry, "a bug"));
    store.commit(batch).unwrap();
    (store, entry)
}

/// A document of a grid company is in the inbox of a store; the number of its commit.
fn takes_in(store: &dyn Store, more: &str) -> (u64, InboxEntry) {
    let sample = include_str!("../../../samples/charges/B1-a-whole-life-in-one-document/01-in.xml");
    let body = [sample.as_bytes(), more.as_bytes()].concat();
    let entry = InboxEntry {
        caller: Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider },
        document: "RequestChangeOfPriceList".into(),
        at: at(1_690_880_400),
        correlation_id: "c-1".into(),
        hash: hash(&body),
    };
    let mut batch = Batch::default();
    batch.put_all([entry.put()]).body_all([archive::received(Packed::of(&body))]);
    let Outcome::Committed(number) = store.commit(batch).unwrap() else { panic!("nothing else is there") };
    (number, entry)
}

/// One whose bytes cannot be read keeps neither the gateway from opening nor others from being decided, and is taken up again once
/// they can.
#[tokio::test]
async fn a_document_that_cannot_be_read_stands_aside_and_all_others_are_decided() {
    let store = Arc::new(Failing::default());
    let (harmed, InboxEntry { caller, .. }) = takes_in(&*store, "<!-- harmed -->");
    takes_in(&*store, "<!-- whole -->");
    let open = || {
        let specs = Arc::new(crate::document::built_in());
        let settings = Settings { undecided_max: 10, ..Settings::default() };
        Gateway::open(store.clone(), specs, settings, Clock::standing_at(at(1_700_000_000)))
    };
    store.unread.lock().unwrap().insert(archive::received_key(harmed));
    assert!(open().is_err_and(|fault| fault.may_pass()), "those behind it are not decided before it");
    store.unread.lock().unwrap().clear();
    store.harmed.lock().unwrap().insert(archive::received_key(harmed));
    store.busy.store(3, std::sync::atomic::Ordering::Relaxed);
    let gateway = open().unwrap();
    gateway.settled().await.unwrap();
    assert_eq!((waiting(&gateway, &caller), unwell(&gateway.health())), (1, vec!["documents: 1 parked".to_string()]));
    let found = parked::parked(&*store).unwrap();
    assert!(found[0].cause.contains("damage"), "{found:?}");
    let (third, entry) = takes_in(&*store, "<!-- later -->");
    let mut batch = Batch::default();
    batch.put_all(archive::park(third, &entry, "a bug"));
    gateway.write(batch).await.unwrap();

    let retried = gateway.retry_parked(&operator(), None).await.unwrap();
    assert_eq!(retried.taken, [archive::parked_key(third)]);
    assert!(retried.harmed.len() == 1 && retried.harmed[0].key == archive::parked_key(harmed), "{retried:?}");
    assert_eq!(retried.row()["harmed"][0]["key"], archive::parked_key(harmed).to_string());
    gateway.settled().await.unwrap();
    assert_eq!((waiting(&gateway, &caller), parked::parked(&*store).unwrap()), (2, found));
    store.harmed.lock().unwrap().clear();
    // Whoever asks has gone away before it is on disk.
    store.hang();
    let fault = gateway.retry_parked(&operator(), None).await.unwrap_err();
    assert!(matches!(fault, Fault::Hanging { .. }), "{fault}");
    store.goes_on();
    gateway.settled().await.unwrap();
    assert_eq!((waiting(&gateway, &caller), parked::parked(&*store).unwrap()), (3, vec![]));
}

/// A document that was set aside is decided as of its receipt, for the sender that waits for its answer.
#[tokio::test]
async fn a_document_that_was_set_aside_is_decided_once_it_is_taken_up_again() {
    let (store, entry) = with_a_parked_document();
    let caller = entry.caller.clone();
    let open = || {
        let settings = Settings { undecided_max: 10, ..Settings::default() };
        let specs = Arc::new(crate::document::built_in());
        Gateway::open(store.clone(), specs, settings, Clock::standing_at(at(1_700_000_000))).unwrap()
    };
    let gateway = open();
    gateway.settled().await.unwrap();
    assert_eq!(gateway.owners_of_post().unwrap(), [], "what is set aside stays so");
    drop(gateway);
    let found = parked::parked(&*store).unwrap();
    assert_eq!((&found[0].what, found[0].cause.as_str()), (&parked::What::Document(entry), "a bug"));
    put_back(&*store, &[found[0].key.clone()]);
    let gateway = open();
    gateway.settled().await.unwrap();
    assert_eq!(gateway.owners_of_post().unwrap(), slice::from_ref(&caller));
    assert_eq!(waiting(&gateway, &caller), 1, "nobody registered it, so it hears why nothing is done");
    assert!(parked::parked(&*store).unwrap().is_empty());
    drop(gateway);
    let gateway = open();
    gateway.settled().await.unwrap();
    assert_eq!(waiting(&gateway, &caller), 1, "it is decided once");
}

/// The same without a restart, and what failed fails again and can be given up.
#[tokio::test]
async fn what_was_set_aside_is_taken_up_by_the_gateway_that_is_open() {
    let (store, InboxEntry { caller, .. }) = with_a_parked_document();
    let settings = Settings { undecided_max: 10, ..Settings::default() };
    let specs = Arc::new(crate::document::built_in());
    let kinds = (KINDS.map(|kind| (Pack::DK, kind)).to_vec(), dk(FAILING));
    let gateway = Gateway::open_with(kinds, store.clone(), specs, settings, Clock::standing_at(at(1_700_000_000)));
    let gateway = gateway.unwrap();
    set(&gateway, &[timer(&PANIC, 1, "a", "x", "")]).await;
    let mut batch = Batch::default();
    batch.put(Key::new(ERRANDS).text("x"), "bad");
    gateway.write(batch).await.unwrap();
    gateway.decider.run_errands();
    gateway.settled().await.unwrap();
    let found = parked::parked(&*store).unwrap();
    let keys: BTreeSet<String> = found.iter().map(|parked| parked.key.to_string()).collect();
    assert_eq!(found.len(), 3, "{found:?}");

    let named = BTreeSet::from([found[0].key.to_string(), "16:x".into()]);
    let retried = gateway.retry_parked(&operator(), Some(&named)).await.unwrap();
    assert_eq!((retried.taken, retried.unknown), (vec![found[0].key.clone()], vec!["16:x".to_string()]));
    gateway.settled().await.unwrap();
    assert_eq!(waiting(&gateway, &caller), 1);
    let retried = gateway.retry_parked(&operator(), None).await.unwrap();
    assert_eq!(retried.taken, [found[1].key.clone(), found[2].key.clone()]);
    // Only errands of real processes are known by what is written.
    gateway.decider.run_errands();
    gateway.settled().await.unwrap();
    assert_eq!(parked::parked(&*store).unwrap(), found[1..], "they fail as before");
    assert_eq!(waiting(&gateway, &caller), 1, "the document was decided once");

    let (gone, unknown) = gateway.discard_parked(&operator(), &keys).await.unwrap();
    assert_eq!((&gone[..], unknown), (&found[1..], vec![found[0].key.to_string()]));
    assert_eq!(unwell(&gateway.health()), [""; 0]);
    let keys: Vec<String> = found.iter().map(|it| it.key.to_string()).collect();
    let expected = [("retry", keys[0].clone()), ("retry", keys[1..].join(" ")), ("discard", keys[1..].join(" "))];
    assert_eq!(audited(&*store), expected.map(|(activity, keys)| (activity.to_string(), keys)));
}

/// What operators did, and to what.
fn audited(store: &dyn Store) -> Vec<(String, String)> {
    let entries = store.page(&archive::audit_after(0), None, 1_000).unwrap().records;
    let entries = entries.iter().map(|(_, entry)| AuditEntry::from_entry(entry).unwrap());
    entries.filter(|it| it.correlation_id == "c-op").map(|it| (it.activity, it.target)).collect()
}

fn operator() -> By {
    By { party: Market::dk_defaults().hub_party(), correlation_id: "c-op".into() }
}

/// As the command line does while no gateway is open.
fn put_back(store: &dyn Store, keys: &[Key]) {
    let (batch, retried) = parked::plan_retry(store, keys, &mut |_, _| Ok(())).unwrap();
    assert_eq!(retried.taken, keys);
    assert!(matches!(store.commit(batch).unwrap(), Outcome::Committed(_)));
}

fn waiting(gateway: &Gateway, owner: &Party) -> u64 {
    gateway.queue(owner).unwrap().iter().map(|queue| queue.waits.documents).sum()
}
