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
    let (waiting, _) = documents(&*gateway.store, &supplier(), None, 100).unwrap();
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

    let released = gateway.release(None).await.unwrap();
    assert!(released.back.is_empty() && released.harmed.len() == 1, "{released:?}");
    assert_eq!(aside(&gateway).len(), 1, "it stays where it is");
    store.harmed.lock().unwrap().clear();
    let released = gateway.release(Some(&ids(&[&id, "no such"]))).await.unwrap();
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
    gateway.release(None).await.unwrap();
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
    gateway.release(None).await.unwrap();
    assert_eq!(delivery(&gateway, &member)["status"], "peeked");
    assert_eq!(next(&gateway).await.unwrap(), (bundle.clone(), vec!["A".into(), "B".into()]), "it is the same");
    // Behind another, and once more aside.
    gateway.quarantine(&supplier(), &bundle, "look at it").await.unwrap().unwrap();
    announces(&gateway, "C", &["C"]).await;
    gateway.release(None).await.unwrap();
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
    let stopped = gateway.quarantine(&supplier(), &id, "sent by mistake").await.unwrap().unwrap();
    assert_eq!((&*stopped.cause, stopped.waiting.shown), ("sent by mistake", None));
    let again = gateway.quarantine(&supplier(), &id, "again").await.unwrap();
    assert_eq!(again.as_ref(), Some(&stopped), "it is so already");
    for (owner, id) in [(supplier(), "no such"), (Market::dk_defaults().hub_party(), &*id)] {
        assert_eq!(gateway.quarantine(&owner, id, "again").await.unwrap(), None, "it does not wait there");
    }
    let (first, told) = next(&gateway).await.unwrap();
    assert_eq!(told, ["A"]);
    let discarded = gateway.discard_quarantined(&ids(&[&id, &first])).await.unwrap();
    assert_eq!((discarded.gone, discarded.unknown), (vec![stopped], vec![first.clone()]));
    assert_eq!((status(&gateway, &id).as_str(), lets_go(&gateway, &id).await), ("discarded", Dequeued::Unknown));
    assert_eq!(lets_go(&gateway, &first).await, Dequeued::Done);
    assert_eq!(next(&gateway).await, None);
}

#[tokio::test]
async fn what_comes_back_is_found_again_by_the_next_gateway_over_its_store_and_wakes_whoever_waits() {
    let (store, gateway) = notices(&["A"], alone()).await;
    let (id, _) = nth(&gateway, 0);
    gateway.quarantine(&supplier(), &id, "not yet").await.unwrap().unwrap();
    drop(gateway);
    let gateway = house_over(store.clone(), alone()).await;
    let (owner, comes) = (supplier(), tokio::time::Duration::from_secs(20));
    let waits = tokio::time::timeout(comes, gateway.comes(&owner, None));
    let (came, released) = tokio::join!(waits, gateway.release(None));
    came.expect("it is told that something came").unwrap();
    assert_eq!(released.unwrap().back.len(), 1);
    // Moved aside once more, from another place.
    gateway.quarantine(&supplier(), &id, "not yet").await.unwrap().unwrap();
    assert_eq!(next(&gateway).await, None);
    gateway.release(None).await.unwrap();
    drop(gateway);
    let gateway = house_over(store, alone()).await;
    assert_eq!(next(&gateway).await.unwrap(), (id.clone(), vec!["A".to_string()]));
    assert_eq!(lets_go(&gateway, &id).await, Dequeued::Done);
}
