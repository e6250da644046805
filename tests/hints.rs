//! Hints over real sockets: what a participant's own server hears of waiting post.

mod door;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::{HeaderMap, StatusCode};
use door::*;
use gridpost::hint::{self, SIGNATURE};
use gridpost::market::{ActorNumber, ActorRole, Party};
use gridpost::process::participants::{Webhook, set_webhook};
use gridpost::record::Batch;
use serde_json::{Value, json};
use tokio::sync::mpsc;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// A participant's server, which answers the first `failures` hints with an error.
async fn listener(failures: usize) -> (String, mpsc::UnboundedReceiver<(HeaderMap, String)>) {
    let (heard, hints) = mpsc::unbounded_channel();
    let left = Arc::new(AtomicUsize::new(failures));
    let hear = move |headers: HeaderMap, body: String| async move {
        heard.send((headers, body)).unwrap();
        let fails = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::NO_CONTENT }
    };
    let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/post?key=private", socket.local_addr().unwrap());
    let router = axum::Router::new().route("/post", axum::routing::post(hear));
    tokio::spawn(async move { axum::serve(socket, router).await });
    (url, hints)
}

async fn wants_hints(house: &House, url: &str) {
    wants_hints_as(ActorRole::GridAccessProvider, house, url).await;
}

async fn wants_hints_as(role: ActorRole, house: &House, url: &str) {
    let party = Party { number: ActorNumber::new(GRID_NUMBER), role };
    let webhook = Webhook { url: url.into(), secret: SECRET.into() };
    let mut batch = Batch::default();
    batch.put_all([set_webhook(&party, Some(&webhook))]);
    house.gateway.write(batch).await.unwrap();
}

fn hints(house: &House) -> tokio::task::JoinHandle<()> {
    let pause = Duration::from_millis(20);
    let settings = hint::Settings { pause, retries: vec![pause], ..hint::Settings::default() };
    tokio::spawn(hint::run(house.gateway.clone(), hint::Sender::new(settings).unwrap()))
}

async fn next(hints: &mut mpsc::UnboundedReceiver<(HeaderMap, String)>) -> (HeaderMap, String) {
    tokio::time::timeout(Duration::from_secs(20), hints.recv()).await.expect("a hint comes").unwrap()
}

/// Checks the signature as a participant would.
fn signed(headers: &HeaderMap, body: &str) -> Value {
    let text = headers[SIGNATURE].to_str().unwrap();
    let (seconds, digits) = text.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).unwrap()).collect();
    aws_lc_rs::hmac::verify(&key, format!("{seconds}.{body}").as_bytes(), &tag).expect("it is ours");
    serde_json::from_str(body).unwrap()
}

#[tokio::test]
async fn a_participant_that_wants_it_is_told_that_post_waits_and_nothing_of_what_it_is() {
    let house = start().await;
    let (url, mut heard) = listener(0).await;
    wants_hints(&house, &url).await;
    let running = hints(&house);
    let client = house.client(Some(house.token()));
    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    let (headers, body) = next(&mut heard).await;
    let expected = json!({
        "hint": "post waits", "number": GRID_NUMBER, "role": "DDM", "categories": ["masterdata"],
    });
    assert_eq!(signed(&headers, &body), expected);
    // The answer waits as it always does, and what comes while somebody is being told is told once more.
    let answer = client.peek("all").await.unwrap().unwrap();
    client.dequeue(&answer.id).await.unwrap();
    for number in 2..12 {
        client.send("requestchangeofpricelist", document(&number.to_string()).into()).await.unwrap();
    }
    house.gateway.settled().await.unwrap();
    next(&mut heard).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let mut more = 0;
    while heard.try_recv().is_ok() {
        more += 1;
    }
    assert!(more < 10, "{more} further hints for ten documents in a row");
    running.abort();
}

#[tokio::test]
async fn whoever_fetches_from_another_roles_queue_is_told_when_that_grows() {
    let house = start().await;
    let (url, mut heard) = listener(0).await;
    wants_hints_as(ActorRole::MeteredDataResponsible, &house, &url).await;
    let running = hints(&house);
    let client = house.client(Some(house.token()));
    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    let (headers, body) = next(&mut heard).await;
    let expected = json!({
        "hint": "post waits", "number": GRID_NUMBER, "role": "MDR", "categories": ["masterdata"],
    });
    assert_eq!(signed(&headers, &body), expected);
    running.abort();
}

/// What failed says nothing of another address, nor of post that comes once all that waited has been fetched.
#[tokio::test]
async fn a_long_pause_ends_with_what_it_is_for() {
    let house = start().await;
    let client = house.client(Some(house.token()));
    let settings = hint::Settings { retries: vec![Duration::from_secs(3_600)], ..hint::Settings::default() };
    let running = tokio::spawn(hint::run(house.gateway.clone(), hint::Sender::new(settings).unwrap()));
    let (url, mut heard) = listener(1).await;
    wants_hints(&house, &url).await;
    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    next(&mut heard).await;
    let answer = client.peek("all").await.unwrap().unwrap();
    client.dequeue(&answer.id).await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(heard.try_recv().is_err(), "nothing waits");
    client.send("requestchangeofpricelist", document("2").into()).await.unwrap();
    next(&mut heard).await;

    let (silent, mut unheard) = listener(usize::MAX).await;
    wants_hints(&house, &silent).await;
    client.send("requestchangeofpricelist", document("3").into()).await.unwrap();
    next(&mut unheard).await;
    let (url, mut heard) = listener(0).await;
    wants_hints(&house, &url).await;
    next(&mut heard).await;
    running.abort();
}

#[tokio::test]
async fn a_hint_that_fails_is_tried_again_while_post_waits() {
    let house = start().await;
    let (url, mut heard) = listener(2).await;
    let client = house.client(Some(house.token()));
    client.send("requestchangeofpricelist", document("1").into()).await.unwrap();
    house.gateway.settled().await.unwrap();
    wants_hints(&house, &url).await;
    let running = hints(&house);
    for _ in 0..3 {
        let (headers, body) = next(&mut heard).await;
        assert_eq!(signed(&headers, &body)["role"], "DDM", "what waits since before the start is told too");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(heard.try_recv().is_err(), "the third was heard");
    running.abort();

    let (silent, mut unheard) = listener(usize::MAX).await;
    wants_hints(&house, &silent).await;
    let running = hints(&house);
    next(&mut unheard).await;
    let answer = client.peek("all").await.unwrap().unwrap();
    client.dequeue(&answer.id).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    while unheard.try_recv().is_ok() {}
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(unheard.try_recv().is_err(), "nothing waits any more");
    running.abort();
}
