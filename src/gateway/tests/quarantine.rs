//! What has come to harm, or is stopped, stands aside, keeps nobody else from their post, and is not lost.

use std::collections::BTreeSet;
use std::sync::Mutex;

use super::bundles::{announces, house_over, lets_go, next, supplier};
use super::disk::Failing;
use super::*;
use crate::archive::body_key;
use crate::document::Category;
use crate::gateway::quarantine::quarantined;
use crate::gateway::queues::{QueueDocument, documents};
use crate::market::{ActorNumber, ActorRole};
use crate::post_office::{Bounds, Quarantined};
use crate::process::Market;

/// Notices of charges with these ids wait for the supplier; nothing is given out together.
async fn notices(charges: &[&str], bounds: Bounds) -> (Arc<Failing>, Gateway) {
    let store = Arc::new(Failing::default());
    let gateway = house_over(store.clone(), bounds).await;
    gateway.count_the_post().await.unwrap();
    for charge in charges {
        announces(&gateway, charge, &[charge]).await;
    }
    (store, gateway)
}

fn alone() -> Bounds {
    Bounds { wait_seconds: 0, ..Bounds::default() }
}

/// The id of the supplier's nth document, and where its bytes are.
fn nth(gateway: &Gateway, nth: usize) -> (String, Key) {
    let (waiting, _) = documents(&*gateway.store, &supplier(), None, 1_000).unwrap();
    let QueueDocument { place, waiting, .. } = &waiting[nth];
    (waiting.message_id.clone(), body_key(waiting.kept_by(place.0), waiting.part))
}

/// Where the archive says that a document's bytes are.
fn bytes_of(gateway: &Gateway, id: &str) -> Key {
    let catalogue = gateway.catalogue();
    catalogue.catch_up().unwrap();
    let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
    body_key(position.place.commit, entry.place.part)
}

fn harm(harmed: &Mutex<BTreeSet<Key>>, key: &Key) {
    harmed.lock().unwrap().insert(key.clone());
}

fn aside(gateway: &Gateway) -> Vec<Quarantined> {
    quarantined(&*gateway.store).unwrap()
}

/// How far the archive says that a document has come.
fn delivery(gateway: &Gateway, id: &str) -> serde_json::Value {
    let catalogue = gateway.catalogue();
    catalogue.catch_up().unwrap();
    let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
    let row = catalogue.row(&position, &entry).unwrap();
    let settled = catalogue.is_settled(position.place, &entry).unwrap();
    let status = row["delivery"]["status"].as_str().unwrap();
    assert_eq!(settled, ["dequeued", "discarded"].contains(&status), "what may come back is kept: {row}");
    row["delivery"].clone()
}

fn status(gateway: &Gateway, id: &str) -> String {
    delivery(gateway, id)["status"].as_str().unwrap().to_string()
}

fn is_well(gateway: &Gateway) -> bool {
    let health = gateway.health();
    assert!(health.ready, "all else is served");
    health.checks.iter().all(|(_, found)| found.is_ok())
}

fn operator() -> By {
    let party = Party { number: ActorNumber::new("op"), role: ActorRole::MeteringPointAdministrator };
    By { party, correlation_id: "c-op".into() }
}

/// What the audit trail says: who did what, by which request, to what.
fn audited(gateway: &Gateway) -> Vec<[String; 4]> {
    let entries = gateway.store.page(&archive::audit_after(0), None, 1_000).unwrap().records;
    let entry = |(_, entry): &(Key, Entry)| {
        let AuditEntry { party, activity, correlation_id, target, .. } = AuditEntry::from_entry(entry).unwrap();
        [party.number.to_string(), activity, correlation_id, target]
    };
    entries.iter().map(entry).collect()
}

fn ids(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|id| id.to_string()).collect()
}

#[tokio::test]
async fn what_has_come_to_harm_lets_others_pass_and_comes_back_once_it_is_whole() {
    let (store, gateway) = notices(&["A", "B", "C"], alone()).await;
    let (id, bytes) = nth(&gateway, 0);
    let waiting = gateway.documents_waiting(Category::MasterData).unwrap();
    harm(&store.harmed, &bytes);
    let (second, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["B"]);
    assert_eq!(gateway.documents_waiting(Category::MasterData).unwrap(), waiting - 1);
    assert!(aside(&gateway)[0].cause.contains("damage") && aside(&gateway)[0].owner == supplier());
    assert!(!is_well(&gateway) && status(&gateway, &id) == "quarantined");
    assert_eq!(lets_go(&gateway, &id).await, Dequeued::Unknown, "its receiver has never seen it");

    let released = gateway.release(&operator(), None).await.unwrap();
    assert!(released.back.is_empty() && released.harmed.len() == 1, "{released:?}");
    assert_eq!(aside(&gateway).len(), 1, "it stays where it is");
    store.harmed.lock().unwrap().clear();
    let released = gateway.release(&operator(), Some(&ids(&[&id, "no such"]))).await.unwrap();
    assert_eq!((released.back.len(), released.unknown), (1, vec!["no such".to_string()]));
    assert!(is_well(&gateway) && status(&gateway, &id) == "waiting");
    assert_eq!(gateway.documents_waiting(Category::MasterData).unwrap(), waiting);
    assert_eq!(lets_go(&gateway, &id).await, Dequeued::NotPeeked, "others wait before it");

    for (expected, charge) in [(Some(second), "B"), (None, "C"), (Some(id.clone()), "A")] {
        let (shown, told) = next(&gateway).await.unwrap();
        assert_eq!(told, [charge], "what comes back stands behind all that wait");
        assert!(expected.is_none_or(|expected| expected == shown));
        assert_eq!(status(&gateway, &shown), "peeked");
        assert_eq!(lets_go(&gateway, &shown).await, Dequeued::Done);
        assert_eq!(status(&gateway, &shown), "dequeued");
    }
    assert_eq!((next(&gateway).await, lets_go(&gateway, &id).await), (None, Dequeued::Already));
}

#[tokio::test]
async fn a_bundle_is_made_of_what_is_whole() {
    let (store, gateway) = notices(&["A", "B", "C"], Bounds::default()).await;
    let (id, bytes) = nth(&gateway, 1);
    harm(&store.harmed, &bytes);
    let (bundle, told) = next(&gateway).await.unwrap();
    assert_eq!((told, status(&gateway, &id).as_str()), (vec!["A".to_string(), "C".into()], "quarantined"));
    assert_eq!(lets_go(&gateway, &bundle).await, Dequeued::Done);
    store.harmed.lock().unwrap().clear();
    announces(&gateway, "D", &["D"]).await;
    gateway.release(&operator(), None).await.unwrap();
    assert_eq!(next(&gateway).await.unwrap().1, ["D"], "what has come back is given out alone");
}

#[tokio::test]
async fn a_bundle_that_was_shown_can_be_let_go_by_its_owner_wherever_it_stands() {
    let (store, gateway) = notices(&["A", "B"], Bounds::default()).await;
    let (member, _) = nth(&gateway, 0);
    let (bundle, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["A", "B"]);
    harm(&store.harmed, &bytes_of(&gateway, &bundle));
    assert_eq!(next(&gateway).await, None);
    let told = delivery(&gateway, &member);
    assert_eq!((told["status"].as_str(), told["within"].as_str()), (Some("quarantined"), Some(&*bundle)));
    assert_eq!(told["times"], 2, "how often it was peeked is known there, too");
    store.harmed.lock().unwrap().clear();
    gateway.release(&operator(), None).await.unwrap();
    assert_eq!(delivery(&gateway, &member)["status"], "peeked");
    assert_eq!(next(&gateway).await.unwrap(), (bundle.clone(), vec!["A".into(), "B".into()]), "it is the same");
    // Behind another, and once more aside.
    gateway.quarantine(&operator(), &supplier(), &bundle, "look at it").await.unwrap().unwrap();
    announces(&gateway, "C", &["C"]).await;
    gateway.release(&operator(), None).await.unwrap();
    let (third, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["C"]);
    let waits = gateway.documents_waiting(Category::MasterData).unwrap();
    assert_eq!(lets_go(&gateway, &bundle).await, Dequeued::Done, "its owner has it");
    assert_eq!((status(&gateway, &bundle).as_str(), lets_go(&gateway, &bundle).await), ("dequeued", Dequeued::Already));
    assert_eq!(gateway.documents_waiting(Category::MasterData).unwrap(), waits - 1);
    assert_eq!(next(&gateway).await.unwrap().0, third, "what stands before it stays");
}

#[tokio::test]
async fn what_is_in_quarantine_can_be_let_go_by_whoever_has_seen_it() {
    let (store, gateway) = notices(&["A", "B"], Bounds::default()).await;
    let (bundle, _) = next(&gateway).await.unwrap();
    harm(&store.harmed, &bytes_of(&gateway, &bundle));
    assert_eq!(next(&gateway).await, None);
    assert_eq!(lets_go(&gateway, &bundle).await, Dequeued::Done, "its owner has it");
    assert_eq!((status(&gateway, &bundle).as_str(), lets_go(&gateway, &bundle).await), ("dequeued", Dequeued::Already));
    assert!(aside(&gateway).is_empty() && is_well(&gateway));
}

#[tokio::test]
async fn an_operator_stops_a_document_and_gives_it_up() {
    let (_, gateway) = notices(&["A", "B"], alone()).await;
    let (id, _) = nth(&gateway, 1);
    let stopped = gateway.quarantine(&operator(), &supplier(), &id, "sent by mistake").await.unwrap().unwrap();
    assert_eq!((&*stopped.cause, stopped.waiting.shown), ("sent by mistake", None));
    let again = gateway.quarantine(&operator(), &supplier(), &id, "again").await.unwrap();
    assert_eq!(again.as_ref(), Some(&stopped), "it is so already");
    for (owner, id) in [(supplier(), "no such"), (Market::dk_defaults().hub_party(), &*id)] {
        assert_eq!(gateway.quarantine(&operator(), &owner, id, "again").await.unwrap(), None, "it does not wait there");
    }
    let (first, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["A"]);
    let discarded = gateway.discard_quarantined(&operator(), &ids(&[&id, &first])).await.unwrap();
    assert_eq!(discarded, (vec![stopped], vec![first.clone()]));
    assert_eq!((status(&gateway, &id).as_str(), lets_go(&gateway, &id).await), ("discarded", Dequeued::Unknown));
    assert_eq!(lets_go(&gateway, &first).await, Dequeued::Done);
    assert_eq!(next(&gateway).await, None);
}

#[tokio::test]
async fn what_comes_back_is_found_again_by_the_next_gateway_over_its_store_and_wakes_whoever_waits() {
    let (store, gateway) = notices(&["A"], alone()).await;
    let (id, _) = nth(&gateway, 0);
    gateway.quarantine(&operator(), &supplier(), &id, "not yet").await.unwrap().unwrap();
    drop(gateway);
    let gateway = house_over(store.clone(), alone()).await;
    let (owner, comes) = (supplier(), tokio::time::Duration::from_secs(20));
    let waits = tokio::time::timeout(comes, gateway.comes(&owner, None));
    let operator = operator();
    let (came, released) = tokio::join!(waits, gateway.release(&operator, None));
    came.expect("it is told that something came").unwrap();
    assert_eq!(released.unwrap().back.len(), 1);
    // Moved aside once more, from another place.
    gateway.quarantine(&operator, &supplier(), &id, "not yet").await.unwrap().unwrap();
    assert_eq!(next(&gateway).await, None);
    gateway.release(&operator, None).await.unwrap();
    drop(gateway);
    let gateway = house_over(store, alone()).await;
    assert_eq!(next(&gateway).await.unwrap(), (id.clone(), vec!["A".to_string()]));
    assert_eq!(lets_go(&gateway, &id).await, Dequeued::Done);
}

/// Each step is written down in the commit that takes it, with all that it is about (post-office 6.6).
#[tokio::test]
async fn what_is_done_in_quarantine_is_in_the_audit_trail_whole() {
    let (store, gateway) = notices(&["A", "B", "C"], alone()).await;
    let [harmed, stopped, last] = [0, 1, 2].map(|it| nth(&gateway, it));
    harm(&store.harmed, &harmed.1);
    gateway.audit_post(false);
    let before = audited(&gateway).len();
    let party = supplier();
    let access = Access { party: &party, correlation_id: "c-peek", form: Wire::CimXml };
    gateway.peek(access, None, gateway.now()).await.unwrap().unwrap();
    gateway.quarantine(&operator(), &supplier(), &stopped.0, "look").await.unwrap().unwrap();
    let both = ids(&[&harmed.0, &stopped.0, &last.0]);
    gateway.release(&operator(), Some(&both)).await.unwrap();
    gateway.release(&operator(), Some(&both)).await.unwrap();
    gateway.discard_quarantined(&operator(), &both).await.unwrap();
    gateway.discard_quarantined(&operator(), &both).await.unwrap();
    let hub = Market::dk_defaults().hub_party().number.to_string();
    let [harmed, stopped] = [harmed.0, stopped.0];
    let expected = [
        [&*hub, "quarantine", "c-peek", &harmed],
        ["op", "quarantine", "c-op", &stopped],
        ["op", "release", "c-op", &stopped],
        ["op", "discard", "c-op", &harmed],
    ];
    assert_eq!(audited(&gateway)[before..], expected, "what was not done is not there");
}

/// More than one commit takes, with ids that say nothing of their order.
#[tokio::test]
async fn many_come_to_harm_at_once_and_come_back_in_their_order() {
    let charges: Vec<String> = (0..130).map(|nth| format!("C{nth}")).collect();
    let (store, gateway) = notices(&[], alone()).await;
    for some in &charges {
        announces(&gateway, some, &[some]).await;
    }
    let (waiting, _) = documents(&*gateway.store, &supplier(), None, 1_000).unwrap();
    let in_order: Vec<String> = waiting.iter().map(|it| it.waiting.message_id.clone()).collect();
    (0..120).for_each(|it| harm(&store.harmed, &nth(&gateway, it).1));
    let (begun, before) = (gateway.now(), audited(&gateway).len());
    assert_eq!(next(&gateway).await.unwrap().1, ["C120"]);
    let told = audited(&gateway)[before..]
        .iter()
        .map(|[_, activity, _, target]| (activity.clone(), target.clone()))
        .collect::<Vec<_>>();
    let moved = |of: &[String]| ("quarantine".to_string(), of.join(" "));
    assert_eq!(told[..2], [moved(&in_order[..100]), moved(&in_order[100..120])], "in as few commits as may be");
    assert_eq!(aside(&gateway).len(), 120);

    store.harmed.lock().unwrap().clear();
    gateway.pass_time(at(begun.micros() / 1_000_000 + 60)).await.unwrap();
    let named: Vec<&str> = in_order[..120].iter().map(String::as_str).collect();
    let released = gateway.release(&operator(), Some(&ids(&named))).await.unwrap();
    assert_eq!((released.back.len(), released.unknown.len()), (120, 0));
    let (waiting, _) = documents(&*gateway.store, &supplier(), None, 1_000).unwrap();
    let now: Vec<&String> = waiting.iter().map(|it| &it.waiting.message_id).collect();
    let expected: Vec<&String> = in_order[120..].iter().chain(&in_order[..120]).collect();
    assert_eq!(now, expected);
    assert!(waiting[10..].iter().all(|it| it.waiting.enqueued == gateway.now()), "they wait anew");
}

/// Its members are whole, and so the same bytes can be made of them once more; the archive has them, too.
#[tokio::test]
async fn a_bundle_that_has_come_to_harm_is_made_anew_of_its_members() {
    let (store, gateway) = notices(&["A", "B"], Bounds::default()).await;
    let members = [0, 1].map(|it| nth(&gateway, it));
    let party = supplier();
    let access = Access { form: Wire::CimJson, ..(&party).into() };
    let shown = gateway.peek(access, None, gateway.now()).await.unwrap().unwrap();
    let bytes = bytes_of(&gateway, &shown.message_id);
    harm(&store.harmed, &bytes);
    gateway.pass_time(at(gateway.now().micros() / 1_000_000 + 60)).await.unwrap();
    assert_eq!(next(&gateway).await, None);
    harm(&store.unread, &members[0].1);
    let released = gateway.release(&operator(), None).await.unwrap();
    assert_eq!((released.back.len(), released.harmed.len()), (0, 1), "not while a member cannot be read");
    store.unread.lock().unwrap().clear();

    let released = gateway.release(&operator(), None).await.unwrap();
    assert_eq!((&released.anew, released.back.len()), (&vec![shown.message_id.clone()], 1));
    let told = format!("{0} made anew: {0}", shown.message_id);
    assert_eq!(audited(&gateway).last().unwrap()[3], told);
    assert_eq!(gateway.peek(access, None, gateway.now()).await.unwrap().unwrap(), shown, "it is the same");
    assert_ne!(bytes_of(&gateway, &shown.message_id), bytes, "the archive gives out what can be read");
    assert_eq!(delivery(&gateway, &members[1].0)["within"], *shown.message_id);
    // Once more aside, from where it is now.
    harm(&store.harmed, &bytes_of(&gateway, &shown.message_id));
    assert_eq!(next(&gateway).await, None);
    assert_eq!(gateway.release(&operator(), None).await.unwrap().anew.len(), 1);
    assert_eq!(next(&gateway).await.unwrap(), (shown.message_id.clone(), vec!["A".into(), "B".into()]));
    assert_eq!(lets_go(&gateway, &shown.message_id).await, Dequeued::Done);
    assert_eq!(status(&gateway, &members[0].0), "dequeued");
    assert!(is_well(&gateway) && next(&gateway).await.is_none());
}

/// What cannot be read for whatever reason keeps nothing else from coming back.
#[tokio::test]
async fn what_can_be_read_comes_back_beside_what_cannot() {
    let (store, gateway) = notices(&["A", "B"], alone()).await;
    let [first, second] = [0, 1].map(|it| nth(&gateway, it));
    for (id, _) in [&first, &second] {
        gateway.quarantine(&operator(), &supplier(), id, "look").await.unwrap().unwrap();
    }
    harm(&store.unread, &first.1);
    let released = gateway.release(&operator(), None).await.unwrap();
    assert_eq!(released.back.iter().map(|it| &it.waiting.message_id).collect::<Vec<_>>(), [&second.0]);
    assert!(released.harmed[0].cause.contains("the disk does not answer"), "{released:?}");
    assert_eq!(next(&gateway).await.unwrap().0, second.0);
}

#[tokio::test]
async fn what_came_back_and_stands_first_leaves_its_place_for_good() {
    let (_, gateway) = notices(&["A"], alone()).await;
    let (id, _) = nth(&gateway, 0);
    gateway.quarantine(&operator(), &supplier(), &id, "look").await.unwrap().unwrap();
    gateway.release(&operator(), None).await.unwrap();
    let place = documents(&*gateway.store, &supplier(), None, 1).unwrap().0[0].place;
    next(&gateway).await.unwrap();
    assert_eq!(lets_go(&gateway, &id).await, Dequeued::Done);
    let left = gateway.left.last(&supplier(), Category::MasterData);
    assert_eq!(left, Some(post_office::place_key(&supplier(), Category::MasterData, place)), "nobody walks over it");
}

/// Its receiver has it, and is told so when it lets it go.
#[tokio::test]
async fn what_is_given_up_after_it_was_seen_can_be_let_go() {
    let (_, gateway) = notices(&["A"], alone()).await;
    let (id, _) = next(&gateway).await.unwrap();
    gateway.quarantine(&operator(), &supplier(), &id, "look").await.unwrap().unwrap();
    gateway.discard_quarantined(&operator(), &ids(&[&id])).await.unwrap();
    assert_eq!((lets_go(&gateway, &id).await, &*status(&gateway, &id)), (Dequeued::Already, "discarded"));
}
