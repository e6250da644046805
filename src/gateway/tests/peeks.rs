//! How a document was peeked is known until it is dequeued and afterwards, and looking again costs no commit.

use serde_json::{Value, json};

use super::bundles::{announces, house, supplier};
use super::*;
use crate::archive::{AuditEntry, audit_after};
use crate::document::{Category, Wire};
use crate::post_office::{self, Bounds};

/// When everything here is peeked for the first time.
const NOON: &str = "2023-08-01T12:00:00Z";

/// A peek in this form: the document's id, and the form in which it is given.
async fn peek(gateway: &Gateway, form: Wire) -> (String, Wire) {
    let (party, correlation_id) = (&supplier(), "c-9");
    let peeked = gateway.peek(Access { party, correlation_id, form }, None, gateway.now()).await.unwrap().unwrap();
    assert_eq!(Wire::of(&peeked.body, gateway.limits()), peeked.form);
    (peeked.message_id, peeked.form)
}

/// A house in which notices wait for the supplier, to be given out as one document or alone.
async fn with_notices(charges: &[&str]) -> Gateway {
    let gateway = house(Bounds::default()).await;
    for charge in charges {
        announces(&gateway, charge, &[charge]).await;
    }
    gateway
}

/// The same store after a restart.
fn opened_again(gateway: Gateway) -> Gateway {
    let store = gateway.store.clone();
    let settings = (*gateway.settings).clone();
    let (specs, now) = (gateway.specs.clone(), gateway.now());
    drop(gateway);
    Gateway::open(store, specs, settings, Clock::standing_at(now)).unwrap()
}

fn delivery(gateway: &Gateway, id: &str) -> Value {
    let catalogue = gateway.catalogue();
    let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
    catalogue.row(&position, &entry).unwrap()["delivery"].take()
}

fn peeked(times: u64, first: &str, last: &str) -> Value {
    json!({"status": "peeked", "peeked": NOON, "times": times, "firstFormat": first, "lastFormat": last})
}

async fn lets_go(gateway: &Gateway, id: &str) -> Value {
    assert_eq!(gateway.dequeue(&supplier(), id, gateway.now()).await.unwrap(), Dequeued::Done);
    delivery(gateway, id)
}

fn dequeued(times: u64, first: &str, last: &str) -> Value {
    let mut row = peeked(times, first, last);
    (row["status"], row["dequeued"]) = ("dequeued".into(), NOON.into());
    row
}

#[tokio::test]
async fn a_delivery_says_in_which_forms_and_how_often_a_document_was_peeked() {
    for charges in [&["A"][..], &["A", "B", "C"]] {
        for form in Wire::ALL {
            let gateway = with_notices(charges).await;
            let (id, given) = peek(&gateway, form).await;
            assert_eq!((given, delivery(&gateway, &id)), (form, peeked(1, form.name(), form.name())));
            peek(&gateway, Wire::CimXml).await;
            assert_eq!(peek(&gateway, Wire::CimJson).await, (id.clone(), Wire::CimJson));
            assert_eq!(delivery(&gateway, &id), peeked(3, form.name(), "json"));
            assert_eq!(lets_go(&gateway, &id).await, dequeued(3, form.name(), "json"));
        }
    }
}

#[tokio::test]
async fn what_ebix_cannot_say_was_given_in_cim() {
    let gateway = house(Bounds::default()).await;
    let charge = include_str!("../../../samples/charges/P1-first-prices/01-in.xml");
    let prices = include_str!("../../../samples/charges/P1-first-prices/02-in.xml");
    for document in [charge, prices] {
        gateway.receive_from_its_sender(document.as_bytes().into(), "c-1").await.unwrap();
        gateway.settled().await.unwrap();
    }
    for (given, form) in [(Wire::Ebix, "ebix"), (Wire::CimXml, "xml")] {
        let (id, as_it_is) = peek(&gateway, Wire::Ebix).await;
        assert_eq!((as_it_is, delivery(&gateway, &id)), (given, peeked(1, form, form)));
        lets_go(&gateway, &id).await;
    }
}

#[tokio::test]
async fn a_peek_that_is_made_again_commits_nothing_until_counts_are_written_down() {
    let gateway = with_notices(&["A", "B"]).await;
    let (id, _) = peek(&gateway, Wire::Ebix).await;
    let heads = || gateway.store.page(&post_office::queue_range(&supplier(), Category::MasterData), None, 1).unwrap();
    let first = heads().records;
    for _ in 0..3 {
        peek(&gateway, Wire::CimXml).await;
    }
    assert_eq!(heads().records, first);
    assert_eq!(gateway.write_down_peeks().await.unwrap(), 1);
    assert!(heads().records[0].1.version > first[0].1.version);
    assert_eq!(gateway.write_down_peeks().await.unwrap(), 0, "there is nothing new to write");
    peek(&gateway, Wire::CimJson).await;
    assert_eq!(delivery(&gateway, &id), peeked(5, "ebix", "json"));
    assert_eq!(gateway.write_down_peeks().await.unwrap(), 1);
    assert_eq!(lets_go(&gateway, &id).await, dequeued(5, "ebix", "json"));
}

#[tokio::test]
async fn a_restart_forgets_what_was_not_written_down_and_nothing_else() {
    let gateway = with_notices(&["A", "B"]).await;
    let (id, _) = peek(&gateway, Wire::CimJson).await;
    peek(&gateway, Wire::CimXml).await;
    let gateway = opened_again(gateway);
    assert_eq!(delivery(&gateway, &id), peeked(1, "json", "json"), "it was killed");
    peek(&gateway, Wire::Ebix).await;
    peek(&gateway, Wire::Ebix).await;
    gateway.write_down_peeks().await.unwrap();
    let gateway = opened_again(gateway);
    assert_eq!(delivery(&gateway, &id), peeked(3, "json", "ebix"), "it was stopped in good order");
    peek(&gateway, Wire::CimXml).await;
    assert_eq!(lets_go(&gateway, &id).await, dequeued(4, "json", "xml"));
    let range = audit_after(0);
    let trail = store::records(&*gateway.store, &range, 100).map(|it| AuditEntry::from_entry(&it.unwrap().1).unwrap());
    let told: Vec<String> = trail.map(|it| format!("{} {}", it.activity, it.target)).collect();
    assert_eq!(told, [format!("peek {id}"), format!("dequeue {id} peeked again: 3")]);
}

#[tokio::test]
async fn counts_of_what_leaves_meanwhile_are_written_with_it() {
    let gateway = with_notices(&["A"]).await;
    let (id, _) = peek(&gateway, Wire::CimXml).await;
    peek(&gateway, Wire::CimXml).await;
    let (written, left) = tokio::join!(gateway.write_down_peeks(), lets_go(&gateway, &id));
    assert!(written.unwrap() <= 1);
    assert_eq!(left, dequeued(2, "xml", "xml"));
    assert_eq!(gateway.write_down_peeks().await.unwrap(), 0);
}
