//! Notices of several decisions are given out as one document, and nothing of them is lost on the way.

use serde_json::Value;

use super::*;
use crate::document::Category;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::post_office;
use crate::post_office::Bounds;
use crate::process::dispatch;
use crate::spec::check;

const NOON: i64 = 1_690_891_200;

pub(super) fn supplier() -> Party {
    Party { number: ActorNumber::new("8100000000108"), role: ActorRole::EnergySupplier }
}

pub(super) async fn house(bounds: Bounds) -> Gateway {
    house_over(Arc::new(Memory::default()), bounds).await
}

pub(super) async fn house_over(store: Arc<dyn Store>, bounds: Bounds) -> Gateway {
    let settings = Settings { undecided_max: 1_000, bundles: bounds, ..Settings::default() };
    let specs = Arc::new(crate::document::built_in());
    let clock = Clock::standing_at(at(NOON));
    let timers = KINDS.map(|kind| (Pack::DK, kind)).to_vec();
    let gateway = Gateway::open_with((timers, process::errands().collect()), store, specs, settings, clock).unwrap();
    world::World::toy().settle_in(&gateway).await.unwrap();
    gateway
}

/// A grid company makes charges of these ids known, in one document.
pub(super) async fn announces(gateway: &Gateway, document: &str, charges: &[&str]) {
    announces_as(gateway, document, charges, document).await;
}

/// The same in a request that is called so.
pub(super) async fn announces_as(gateway: &Gateway, document: &str, charges: &[&str], correlation_id: &str) {
    let sample = include_str!("../../../samples/charges/C1-create/01-in.xml");
    let (head, rest) = sample.split_once("  <cim:MktActivityRecord>").unwrap();
    let (record, end) = rest.split_once("</cim:MktActivityRecord>\n").unwrap();
    let record = |charge: &&str| {
        let record = record.replace("TARIFF-1", charge).replace("T-1", &format!("T-{charge}"));
        format!("  <cim:MktActivityRecord>{record}</cim:MktActivityRecord>\n")
    };
    let records: String = charges.iter().map(record).collect();
    let body = format!("{}{records}{end}", head.replace("DOC-1", document));
    gateway.receive_from_its_sender(body.into_bytes().into(), correlation_id).await.unwrap();
    gateway.settled().await.unwrap();
}

/// The charges that a document tells of, in its order.
pub(super) fn charges(body: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(body).unwrap();
    let told = text.split("<cim:ChargeType>").skip(1);
    let id = |of: &str| of.split_once("<cim:mRID>").unwrap().1.split_once('<').unwrap().0.to_string();
    told.map(id).collect()
}

pub(super) async fn next(gateway: &Gateway) -> Option<(String, Vec<String>)> {
    let peeked = gateway.peek(&supplier(), None, gateway.now()).await.unwrap()?;
    let schema = crate::document::recognise(&gateway.specs, &peeked.body, gateway.limits()).unwrap().unwrap();
    assert_eq!(check(schema, &peeked.body, gateway.limits(), &mut ()).flaws, []);
    assert_eq!(peeked.hash, blake3::hash(&peeked.body).to_hex().to_string());
    let charges = charges(&peeked.body);
    assert_eq!(peeked.records, charges.len() as u64);
    let again = gateway.peek(&supplier(), Some(Category::MasterData), gateway.now()).await.unwrap().unwrap();
    assert_eq!(again, peeked, "a peek shows what the one before it showed");
    Some((peeked.message_id, charges))
}

pub(super) async fn lets_go(gateway: &Gateway, id: &str) -> post::Dequeued {
    gateway.dequeue(&supplier(), id, gateway.now()).await.unwrap()
}

/// Fetches everything: the charges of each document.
async fn all(gateway: &Gateway) -> Vec<Vec<String>> {
    let mut documents = Vec::new();
    while let Some((id, charges)) = next(gateway).await {
        documents.push(charges);
        assert_eq!(lets_go(gateway, &id).await, post::Dequeued::Done);
        assert_eq!(lets_go(gateway, &id).await, post::Dequeued::Already);
    }
    documents
}

#[tokio::test]
async fn notices_that_wait_together_are_one_document_and_later_ones_another() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B", "C"]).await;
    let (first, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["A", "B", "C"]);
    announces(&gateway, "D-3", &["D"]).await;
    assert_eq!(next(&gateway).await.unwrap().1, ["A", "B", "C"], "what was shown does not change");
    assert_eq!(lets_go(&gateway, &first).await, post::Dequeued::Done);
    announces(&gateway, "D-4", &["E"]).await;
    assert_eq!(all(&gateway).await, [["D", "E"]]);
}

#[tokio::test]
async fn no_document_holds_more_than_its_bounds() {
    let bounds = Bounds { records_max: 2, ..Bounds::default() };
    let gateway = house(bounds).await;
    // One decision that says more than fits, and then one that fits behind what was left.
    announces(&gateway, "D-1", &["A", "B", "C", "D", "E"]).await;
    announces(&gateway, "D-2", &["F"]).await;
    announces(&gateway, "D-3", &["G", "H"]).await;
    let expected: [&[&str]; 4] = [&["A", "B"], &["C", "D"], &["E", "F"], &["G", "H"]];
    assert_eq!(all(&gateway).await, expected);
}

#[tokio::test]
async fn nothing_joins_what_has_waited_too_long_or_is_not_to_wait() {
    let gateway = house(Bounds { wait_seconds: 60, ..Bounds::default() }).await;
    announces(&gateway, "D-1", &["A"]).await;
    gateway.pass_time(at(NOON + 60)).await.unwrap();
    announces(&gateway, "D-2", &["B"]).await;
    gateway.pass_time(at(NOON + 61)).await.unwrap();
    announces(&gateway, "D-3", &["C"]).await;
    let expected: [&[&str]; 2] = [&["A", "B"], &["C"]];
    assert_eq!(all(&gateway).await, expected);
    let gateway = house(Bounds { wait_seconds: 0, ..Bounds::default() }).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    assert_eq!(all(&gateway).await, [["A"], ["B"]]);
}

#[tokio::test]
async fn answers_to_a_request_are_given_out_alone() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    let owner = Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider };
    for _ in 0..2 {
        let peeked = gateway.peek(&owner, None, gateway.now()).await.unwrap().unwrap();
        assert_eq!((peeked.document.as_str(), peeked.records), ("ConfirmRequestChangeOfPriceList", 1));
        gateway.dequeue(&owner, &peeked.message_id, gateway.now()).await.unwrap();
    }
}

#[tokio::test]
async fn peeks_at_the_same_time_show_the_same_bundle() {
    let gateway = Arc::new(house(Bounds::default()).await);
    for charge in ["A", "B", "C"] {
        announces(&gateway, charge, &[charge]).await;
    }
    let peek = || async { gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap() };
    let (one, two, three) = tokio::join!(peek(), peek(), peek());
    assert_eq!((&one, &one), (&two, &three));
    assert_eq!(charges(&one.body), ["A", "B", "C"]);
}

#[tokio::test]
async fn the_archive_tells_in_what_a_notice_was_given_out() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    let (bundle, _) = next(&gateway).await.unwrap();
    let members = post_office::bundle_range(&bundle);
    let record = gateway.store.page(&members, None, 1).unwrap().records.remove(0).1;
    let ids = post_office::Members::decode(&record.value).unwrap().ids;
    let delivery = |id: &str| -> Value {
        let catalogue = gateway.catalogue();
        let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
        catalogue.row(&position, &entry).unwrap()["delivery"].take()
    };
    for id in &ids {
        assert_eq!(lets_go(&gateway, id).await, post::Dequeued::Unknown, "it was never shown under its own id");
        assert_eq!((&delivery(id)["status"], &delivery(id)["within"]), (&"peeked".into(), &bundle.clone().into()));
    }
    assert_eq!(delivery(&bundle)["status"], "peeked");
    // A notice does not name the request that led to it.
    let related = |id: &str, own: Option<&Party>| -> Vec<String> {
        let catalogue = gateway.catalogue();
        let (position, _) = catalogue.find(id, own).unwrap().unwrap();
        let related = catalogue.related(position.place, own).unwrap();
        related.into_iter().map(|(_, entry)| entry.message_id).collect()
    };
    assert!(related("D-1", None).contains(&ids[0]) && !related("D-1", None).contains(&ids[1]));
    assert!(
        related(&ids[1], None).contains(&"D-2".to_string()) && !related(&ids[1], None).contains(&"D-1".to_string())
    );
    for (request, notice) in ["D-1", "D-2"].into_iter().zip(&ids) {
        assert!(related(&bundle, None).contains(&request.to_string()) && related(&bundle, None).contains(notice));
        assert!(related(request, None).contains(&bundle) && related(notice, None).contains(&bundle), "both ways");
    }
    assert_eq!(related(&bundle, Some(&supplier())), [""; 0], "what others sent is theirs");
    let listed = |given_out_alone| -> Vec<String> {
        let terms = vec![crate::archive::Term::Party(supplier())];
        let search = Search { terms, for_participant: given_out_alone, ..Search::default() };
        let found = gateway.catalogue().search(&search).unwrap().documents;
        found.into_iter().map(|(_, entry)| entry.message_id).collect()
    };
    assert_eq!(listed(false), ids.iter().chain([&bundle]).cloned().collect::<Vec<_>>());
    assert_eq!(listed(true), std::slice::from_ref(&bundle));
    let in_bundle = |for_participant| -> Vec<String> {
        let terms = vec![crate::archive::Term::Party(supplier()), crate::archive::Term::Bundle(bundle.clone())];
        let search = Search { terms, for_participant, ..Search::default() };
        let found = gateway.catalogue().search(&search).unwrap().documents;
        found.into_iter().map(|(_, entry)| entry.message_id).collect()
    };
    assert_eq!(in_bundle(false), listed(false), "all that was given out in it, and it");
    assert_eq!(in_bundle(true), std::slice::from_ref(&bundle));
    announces(&gateway, "D-3", &["C"]).await;
    announces(&gateway, "D-4", &["D"]).await;
    lets_go(&gateway, &bundle).await;
    let (second, _) = next(&gateway).await.unwrap();
    assert_eq!(in_bundle(false).len(), 3, "what is in another is not in it");
    let others = vec![crate::archive::Term::Bundle(second)];
    assert_eq!(gateway.catalogue().search(&Search { terms: others, ..Search::default() }).unwrap().documents.len(), 3);
    for id in ids.iter().chain([&bundle]) {
        assert_eq!(delivery(id)["status"], "dequeued");
    }
    let catalogue = gateway.catalogue();
    let (position, entry) = catalogue.find(&bundle, None).unwrap().unwrap();
    assert_eq!(charges(&catalogue.body(position.place.commit, &entry).unwrap().unwrap()), ["A", "B"]);
}

#[tokio::test]
async fn who_waits_for_a_notice_hears_of_it_when_its_bundle_is_dequeued() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    let queue = post_office::queue_range(&supplier(), Category::MasterData);
    let waiting = gateway.store.page(&queue, None, 10).unwrap().records;
    let ids = waiting.iter().map(|(_, entry)| post_office::Waiting::decode(&entry.value).unwrap().message_id);
    let market = gateway.settings.markets.of(Pack::DK);
    let context = Context { now: at(NOON), caller: market.hub_party(), cause: [0; 32], market };
    let mut batch = Batch::default();
    for (id, name) in ids.zip(["a", "b"]) {
        batch.put_all(dispatch::watch(&id, &timer(&WRITE, NOON + 3_600, name, name, "heard"), &context));
    }
    gateway.write(batch).await.unwrap();
    let (bundle, _) = next(&gateway).await.unwrap();
    assert_eq!(diary(&gateway), [""; 0]);
    lets_go(&gateway, &bundle).await;
    gateway.settled().await.unwrap();
    let now = at(NOON);
    assert_eq!(diary(&gateway), [format!("{now} a heard"), format!("{now} b heard")]);
}

/// A change of a charge that a receiver was told of before its prices would look as if it had come before them.
#[tokio::test]
async fn nothing_is_given_out_before_what_was_said_earlier_of_the_same_charge() {
    let gateway = house(Bounds::default()).await;
    let send = async |body: String| {
        gateway.receive_from_its_sender(body.into_bytes().into(), "c").await.unwrap();
        gateway.settled().await.unwrap();
    };
    let [fee, prices] = [
        include_str!("../../../samples/charges/P1-first-prices/01-in.xml"),
        include_str!("../../../samples/charges/P1-first-prices/02-in.xml"),
    ];
    send(fee.into()).await;
    announces(&gateway, "A", &["A"]).await;
    send(prices.into()).await;
    announces(&gateway, "B", &["B"]).await;
    send(fee.replace("DOC-1", "DOC-3").replace("T-1", "T-3")).await;
    announces(&gateway, "C", &["C"]).await;
    let expected: [&[&str]; 3] = [&["FEE-2", "A", "B"], &["FEE-2"], &["FEE-2", "C"]];
    assert_eq!(all(&gateway).await, expected);
}

/// A store that counts the places of queues that are looked through.
#[derive(Default)]
struct Counting(Memory, std::sync::atomic::AtomicUsize);

impl Counting {
    fn looked_through(&self) -> usize {
        self.1.swap(0, std::sync::atomic::Ordering::Relaxed)
    }
}

impl Store for Counting {
    fn get(&self, key: &Key) -> Result<Option<Entry>, store::Fault> {
        self.0.get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        let page = self.0.page(range, after, limit)?;
        // A peek looks at the first place of each queue, whatever there is.
        if limit > 1 && post_office::all_queues_range().contains(&range.from) {
            self.1.fetch_add(page.records.len(), std::sync::atomic::Ordering::Relaxed);
        }
        Ok(page)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<store::Page, store::Fault> {
        self.0.page_back(range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<crate::record::Packed>, store::Fault> {
        self.0.packed(key)
    }

    fn submit(&self, batch: Batch, done: store::Completion) {
        self.0.submit(batch, done);
    }
}

#[tokio::test]
async fn what_stands_between_is_looked_through_once_and_again_only_when_it_has_changed() {
    let store = Arc::new(Counting::default());
    let gateway = house_over(store.clone(), Bounds::default()).await;
    let send = async |body: String| {
        gateway.receive_from_its_sender(body.into_bytes().into(), "c").await.unwrap();
        gateway.settled().await.unwrap();
    };
    send(include_str!("../../../samples/charges/P1-first-prices/01-in.xml").replace("DOC-1", "F")).await;
    let prices = include_str!("../../../samples/charges/P1-first-prices/02-in.xml");
    let told_of = ["A", "B", "C", "D"];
    for charge in told_of {
        announces(&gateway, charge, &[charge]).await;
        send(prices.replace("DOC-2", &format!("P-{charge}")).replace("T-2", &format!("TP-{charge}"))).await;
    }
    store.looked_through();
    let (first, told) = next(&gateway).await.unwrap();
    assert_eq!(
        (told, store.looked_through()),
        (["FEE-2"].iter().chain(&told_of).map(|it| it.to_string()).collect(), 8)
    );
    assert_eq!(lets_go(&gateway, &first).await, post::Dequeued::Done);

    // Another hand has been at a place that was seen, so the queue is looked through anew.
    let queue = post_office::queue_range(&supplier(), Category::MasterData);
    let (last, entry) = gateway.store.page(&queue, None, 10).unwrap().records.pop().unwrap();
    store.looked_through();
    let mut batch = Batch::default();
    batch.put(last, entry.value);
    gateway.write(batch).await.unwrap();
    announces(&gateway, "E", &["E"]).await;
    let (second, told) = next(&gateway).await.unwrap();
    assert_eq!((told, store.looked_through()), (vec!["FEE-2".to_string(); 4], 1 + 4));
    assert_eq!(lets_go(&gateway, &second).await, post::Dequeued::Done);
    assert_eq!((next(&gateway).await.unwrap().1, store.looked_through()), (vec!["E".to_string()], 0));
}
