//! The whole road: documents into a gateway over the embedded store, in process and over HTTPS.
//!
//! `cargo bench --bench road` prints documents per second: to the durable answer, and to the decided answer in the queue.
//! Ratios of one run are what counts; machines are noisy.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Receipt, Settings};
use gridpost::identity::Issuer;
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::process::Markets;
use gridpost::store::{Embedded, Memory, Options, Store};
use gridpost::{certs, http};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
const SENDER: &str = "8100000000030";

fn gateway(store: Arc<dyn Store>, runtime: &Runtime) -> Arc<Gateway> {
    let settings =
        Settings { markets: Markets::defaults(), limits: gridpost::xml::Limits::default(), undecided_max: 1_000_000 };
    let clock = Clock::running_from(Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap());
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    runtime.block_on(World::toy().settle_in(&gateway)).unwrap();
    Arc::new(gateway)
}

/// A document (D18, 2 KB) that creates a subscription of its own.
fn document(number: u64) -> Bytes {
    let padding = "x".repeat(400);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:RequestChangeOfPriceList_MarketDocument xmlns:cim="urn:ediel.org:structure:requestchangeofpricelist:0:1">
  <cim:mRID>bench-{number}</cim:mRID>
  <cim:type>D10</cim:type>
  <cim:process.processType>D18</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">{SENDER}</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDM</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2023-08-01T09:00:00Z</cim:createdDateTime>
  <cim:MktActivityRecord>
    <cim:mRID>op-{number}</cim:mRID>
    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{SENDER}</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D01</cim:type>
        <cim:mRID>B{number}</cim:mRID>
        <cim:name>Grid subscription</cim:name>
        <cim:description>{padding}</cim:description>
        <cim:priceTimeFrame_Period.resolution>P1M</cim:priceTimeFrame_Period.resolution>
        <cim:effectiveDate>2023-08-31T22:00:00Z</cim:effectiveDate>
        <cim:VATPayer>D02</cim:VATPayer>
        <cim:transparentInvoicing>false</cim:transparentInvoicing>
        <cim:taxIndicator>false</cim:taxIndicator>
      </cim:ChargeType>
    </cim:ChargeGroup>
  </cim:MktActivityRecord>
</cim:RequestChangeOfPriceList_MarketDocument>
"#
    )
    .into()
}

/// Sends `count` documents by 64 clients at a time; returns how long the answers took.
async fn send_in_process(gateway: &Arc<Gateway>, next: &Arc<AtomicU64>, count: u64) -> Duration {
    let caller = Party { number: ActorNumber::new(SENDER), role: ActorRole::GridAccessProvider };
    let last = next.load(Ordering::Relaxed) + count;
    let started = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (gateway, next, caller) = (gateway.clone(), next.clone(), caller.clone());
        clients.spawn(async move {
            let known = gateway.document_for("requestchangeofpricelist").unwrap();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= last {
                    return;
                }
                let now = gateway.now();
                let receipt = gateway.receive(&caller, known, document(number), "bench", now).await.unwrap();
                assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
            }
        });
    }
    clients.join_all().await;
    let took = started.elapsed();
    next.store(last, Ordering::Relaxed);
    took
}

fn in_process(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let stores: [(&str, Arc<dyn Store>); 2] = [
        ("memory", Arc::new(Memory::default())),
        ("embedded", Arc::new(Embedded::open(dir.path(), Options::default()).unwrap())),
    ];
    let mut group = criterion.benchmark_group("road");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(8));
    for (name, store) in stores {
        let gateway = gateway(store, &runtime);
        let next = Arc::new(AtomicU64::new(0));
        group.bench_function(format!("{name}: request to decided answer"), |bencher| {
            bencher.iter_custom(|count| {
                let started = Instant::now();
                runtime.block_on(async {
                    send_in_process(&gateway, &next, count).await;
                    gateway.settled().await.unwrap();
                });
                started.elapsed()
            });
        });
    }
    group.finish();
}

fn over_https(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(Embedded::open(&dir.path().join("store"), Options::default()).unwrap());
    let gateway = gateway(store, &runtime);
    let now = Clock::machine().now();
    let server = certs::server_certificate(dir.path(), now).unwrap();
    let issuer = Issuer::create_or_load(dir.path()).unwrap();
    let participants = World::toy().participants().unwrap();
    let sender = participants.iter().find(|each| each.party.number.as_str() == SENDER).unwrap();
    let external_id = sender.external_id.clone().unwrap();
    let token = issuer.issue(&external_id, sender.party.role, now, Duration::from_secs(3_600)).unwrap();
    let settings = http::Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: server.files.clone(),
        tokens: issuer.settings(),
        clients: None,
        http2: false,
        unpeeked_is_unknown: false,
        clock_may_be_moved: false,
        watchers: http::Watchers::Loopback,
        limits: http::Limits::default(),
    };
    let door = runtime.block_on(http::start(gateway.clone(), settings, axum::Router::new())).unwrap();
    let url = format!("https://localhost:{}/v1.0/cim/requestchangeofpricelist", door.address().port());
    let authority = reqwest::Certificate::from_pem(&std::fs::read(&server.authority).unwrap()).unwrap();
    let clients: Vec<reqwest::Client> = (0..CLIENTS)
        .map(|_| reqwest::Client::builder().tls_certs_only([authority.clone()]).no_proxy().build().unwrap())
        .collect();
    let next = Arc::new(AtomicU64::new(0));
    let mut group = criterion.benchmark_group("https");
    group.throughput(Throughput::Elements(1)).sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("request to durable 202, 64 connections", |bencher| {
        bencher.iter_custom(|count| {
            let last = next.load(Ordering::Relaxed) + count;
            let started = Instant::now();
            runtime.block_on(async {
                let mut sending = JoinSet::new();
                for client in clients.clone() {
                    let (url, token, next) = (url.clone(), token.clone(), next.clone());
                    sending.spawn(async move {
                        loop {
                            let number = next.fetch_add(1, Ordering::Relaxed);
                            if number >= last {
                                return;
                            }
                            let request = client.post(&url).bearer_auth(&token);
                            let request = request.header("Content-Type", "application/xml").body(document(number));
                            assert_eq!(request.send().await.unwrap().status(), 202);
                        }
                    });
                }
                sending.join_all().await;
            });
            let took = started.elapsed();
            next.store(last, Ordering::Relaxed);
            took
        });
    });
    group.finish();
    runtime.block_on(door.stop());
}

criterion_group!(benches, in_process, over_https);
criterion_main!(benches);
