//! The whole road: documents into a gateway, in process and over HTTPS, to the durable answer and to the queue.
//!
//! `cargo bench --bench road [documents]` prints, for each store, documents per second and what one costs in processor
//! time; then how fast the same server answers the same bodies without any store. Ratios of one run are what counts:
//! machines are noisy, and processor time is the quieter figure. `BENCH_DIR` names the disk to use.

mod meter;
#[path = "meter/subscription.rs"]
mod subscription;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::routing::post;
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Receipt, Settings};
use gridpost::identity::Issuer;
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::store::{Embedded, Memory, Options, Store};
use gridpost::{certs, http};
use meter::{Meter, heading, report};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use subscription::document;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

const CLIENTS: u64 = 64;
const SENDER: &str = "8100000000030";

fn main() {
    let documents = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(20_000);
    let runtime = Runtime::new().unwrap();
    heading();
    let scratch = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
    in_process("memory", Arc::new(Memory::default()), &runtime, documents, 1);
    in_process("embedded", embedded(&scratch.path().join("road")), &runtime, documents, 4);
    for (name, store) in [
        ("memory", Arc::new(Memory::default()) as Arc<dyn Store>),
        ("embedded", embedded(&scratch.path().join("store"))),
    ] {
        over_https(name, store, &scratch.path().join("https"), &runtime, documents);
    }
}

fn embedded(dir: &Path) -> Arc<dyn Store> {
    Arc::new(Embedded::open(dir, Options::default()).unwrap())
}

fn gateway(store: Arc<dyn Store>, runtime: &Runtime) -> Arc<Gateway> {
    let settings = Settings { undecided_max: 1_000_000, ..Settings::default() };
    let clock = Clock::running_from(Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap());
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    runtime.block_on(World::toy().settle_in(&gateway)).unwrap();
    Arc::new(gateway)
}

/// Documents straight into a gateway, in several laps: a store that grows should not grow slower.
fn in_process(name: &str, store: Arc<dyn Store>, runtime: &Runtime, documents: u64, laps: u64) {
    let gateway = gateway(store, runtime);
    for lap in 0..laps {
        let meter = Meter::start();
        let took = runtime.block_on(send_in_process(&gateway, lap * documents..(lap + 1) * documents));
        let received = meter.elapsed();
        runtime.block_on(gateway.settled()).unwrap();
        let lap = if laps > 1 { format!(", lap {}", lap + 1) } else { String::new() };
        report(&format!("{name}: to the durable answer{lap}"), documents, received, BTreeMap::new(), took);
        report(&format!("{name}: to the queue{lap}"), documents, meter.elapsed(), meter.cpu_seconds(), Vec::new());
    }
}

async fn send_in_process(gateway: &Arc<Gateway>, numbers: std::ops::Range<u64>) -> Vec<Duration> {
    let caller = Party { number: ActorNumber::new(SENDER), role: ActorRole::GridAccessProvider };
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (gateway, next, caller, end) = (gateway.clone(), next.clone(), caller.clone(), numbers.end);
        clients.spawn(async move {
            let known = gateway.document_for("requestchangeofpricelist").unwrap();
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return took;
                }
                let (began, now) = (Instant::now(), gateway.now());
                let receipt = gateway
                    .receive(
                        &caller,
                        gateway.read_whole(&caller, known, document(SENDER, &format!("B{number}"))).await.unwrap(),
                        "bench",
                        now,
                    )
                    .await
                    .unwrap();
                assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
                took.push(began.elapsed());
            }
        });
    }
    clients.join_all().await.concat()
}

/// Documents through the door; beside them, bodies that the same server reads and answers with 202 at once.
fn over_https(name: &str, store: Arc<dyn Store>, dir: &Path, runtime: &Runtime, documents: u64) {
    let gateway = gateway(store, runtime);
    let now = Clock::machine().now();
    std::fs::create_dir_all(dir).unwrap();
    let server = certs::server_certificate(dir, now).unwrap();
    let issuer = Issuer::create_or_load(dir).unwrap();
    let participants = World::toy().participants().unwrap();
    let sender = participants.iter().find(|each| each.party.number.as_str() == SENDER).unwrap();
    let external_id = sender.external_id.clone().unwrap();
    let token = issuer.issue(&external_id, &[sender.party.role], now, Duration::from_secs(3_600)).unwrap();
    let settings = http::Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: server.files.clone(),
        tokens: issuer.settings(),
        clients: None,
        http2: false,
        unpeeked_is_unknown: false,
        clock_may_be_moved: false,
        receipts: None,
        watchers: http::Watchers::Loopback,
        limits: http::Limits::default(),
    };
    let forgetful = axum::Router::new().route("/forget", post(forget));
    let door = runtime.block_on(http::start(gateway.clone(), settings, forgetful)).unwrap();
    let port = door.address().port();
    let mut authorities = rustls::RootCertStore::empty();
    authorities.add(CertificateDer::from_pem_file(&server.authority).unwrap()).unwrap();
    let tls = rustls::ClientConfig::builder().with_root_certificates(authorities).with_no_client_auth();
    let tls = TlsConnector::from(Arc::new(tls));
    // A runtime of its own: a client's threads are not the house's, and are told apart in the report.
    let outside = Builder::new_multi_thread().enable_all().thread_name("client").build().unwrap();
    let mut rates = Vec::new();
    for (what, path) in [("forgets", "/forget"), ("to the answer", "/v1.0/cim/requestchangeofpricelist")] {
        let clients = outside.block_on(connect(&tls, port));
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Type: application/xml\r\n"
        );
        let meter = Meter::start();
        let took = outside.block_on(send_over_https(clients, head, 0..documents));
        let elapsed = meter.elapsed();
        rates.push(documents as f64 / elapsed.as_secs_f64());
        report(&format!("https, {name}: {what}"), documents, elapsed, meter.cpu_seconds(), took);
    }
    let began = Instant::now();
    runtime.block_on(gateway.settled()).unwrap();
    println!("{:<44}{:>9.2}", "answers for each that is forgotten", rates[1] / rates[0]);
    println!("{:<44}{:>9.1}", "seconds until all was in the queues", began.elapsed().as_secs_f64());
    runtime.block_on(door.stop());
}

/// Takes a body in and forgets it.
async fn forget(request: Request) -> StatusCode {
    let body = to_bytes(request.into_body(), 1 << 20).await.unwrap();
    assert!(!body.is_empty());
    StatusCode::ACCEPTED
}

async fn connect(tls: &TlsConnector, port: u16) -> Vec<TlsStream<TcpStream>> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        clients.push(tls.connect(ServerName::try_from("localhost").unwrap(), stream).await.unwrap());
    }
    clients
}

/// A client as lean as can be, for it shares the processors with the server: one request at a time on each connection.
async fn send_over_https(
    clients: Vec<TlsStream<TcpStream>>,
    head: String,
    numbers: std::ops::Range<u64>,
) -> Vec<Duration> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut sending = JoinSet::new();
    for mut client in clients {
        let (head, next, end) = (head.clone(), next.clone(), numbers.end);
        sending.spawn(async move {
            let (mut took, mut answer) = (Vec::new(), vec![0; 4096]);
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return took;
                }
                let body = document(SENDER, &format!("B{number}"));
                let head = format!("{head}Content-Length: {}\r\n\r\n", body.len());
                let request = [head.as_bytes(), &body].concat();
                let began = Instant::now();
                client.write_all(&request).await.unwrap();
                let mut filled = 0;
                while !answer[..filled].ends_with(b"\r\n\r\n") {
                    let read = client.read(&mut answer[filled..]).await.unwrap();
                    assert!(read > 0, "the door hung up");
                    filled += read;
                }
                took.push(began.elapsed());
                let shown = String::from_utf8_lossy(&answer[..filled]);
                assert!(shown.starts_with("HTTP/1.1 202"), "{shown}");
            }
        });
    }
    sending.join_all().await.concat()
}
