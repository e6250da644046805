//! Fairness: one participant's flood, and what the others notice of it.
//!
//! `cargo bench --bench fairness [seconds]` lets eight quiet participants send a document now and then, wait for its answer
//! and dequeue it, over HTTPS and the embedded store: first alone, then while another participant sends as fast as it can
//! on hundreds of connections. It prints how long each step takes for the quiet ones, and how many times longer beside the
//! flood at p99. All of them share the machine with their clients, so on few processors a part of the difference is theirs.
//! `BENCH_DIR` names the disk to use.

mod meter;
#[path = "meter/subscription.rs"]
mod subscription;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use gridpost::client::{self, Client, Sent};
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Settings};
use gridpost::identity::Issuer;
use gridpost::market::{ActorRole, Timestamp};
use gridpost::store::{Embedded, Options};
use gridpost::{certs, http};
use meter::{Meter, heading, report};
use subscription::document;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const QUIET: u64 = 8;
/// Requests of the flood that are under way at a time: half of what the door allows one participant.
const FLOOD_IN_FLIGHT: u64 = 256;
/// Between two documents of one quiet participant.
const PAUSE: Duration = Duration::from_millis(50);
/// Between two looks for an answer.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const ROUTE: &str = "requestchangeofpricelist";
const STEPS: [&str; 3] = ["202", "answer in the queue", "dequeued"];

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(10);
    // Participants are not each other's machine: nobody's request waits in the line of another client's threads.
    let [house, quiets, floods] = [(); 3].map(|()| Runtime::new().unwrap());
    let scratch = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
    let door = house.block_on(open(scratch.path()));
    heading();
    let alone = quiets.block_on(quiet(&door, "alone", seconds));
    let stop = Arc::new(AtomicBool::new(false));
    let (sent, sending) = floods.block_on(async { flood(&door, &stop) });
    let beside = quiets.block_on(quiet(&door, "beside", seconds));
    stop.store(true, Ordering::Relaxed);
    floods.block_on(sending.join_all());
    println!("{:<44}{:>9}", "documents a second of the flood", sent.load(Ordering::Relaxed) / seconds);
    for (step, (alone, beside)) in STEPS.iter().zip(alone.iter().zip(&beside)) {
        println!("{:<44}{:>9.1}", format!("p99 beside the flood for one alone: {step}"), p99(beside) / p99(alone));
    }
    house.block_on(door.server.stop());
}

struct Door {
    server: http::Server,
    clients: Vec<Client>,
}

/// A gateway with a participant for each of the quiet ones and one for the flood, which is the last.
async fn open(dir: &Path) -> Door {
    let mut world = String::from("[[actor]]\nnumber = \"5790001330552\"\nrole = \"DDZ\"\nname = \"Hub\"\n");
    for at in 0..=QUIET {
        let (number, id) = (number_of(at), format!("bench-{at}"));
        world +=
            &format!("[[actor]]\nnumber = \"{number}\"\nrole = \"DDM\"\nname = \"{id}\"\nexternal_id = \"{id}\"\n");
    }
    let store = Arc::new(Embedded::open(&dir.join("store"), Options::default()).unwrap());
    let settings = Settings { undecided_max: 20_000, ..Settings::default() };
    let clock = Clock::running_from(Timestamp::parse_date_time("2023-08-01T09:00:00Z").unwrap());
    let gateway = Arc::new(Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap());
    World::parse(&world).unwrap().settle_in(&gateway).await.unwrap();
    let now = Clock::machine().now();
    let certificate = certs::server_certificate(dir, now).unwrap();
    let issuer = Issuer::create_or_load(dir).unwrap();
    let settings = http::Settings {
        listen: "127.0.0.1:0".parse().unwrap(),
        certificate: certificate.files.clone(),
        tokens: issuer.settings(),
        clients: None,
        http2: false,
        unpeeked_is_unknown: false,
        clock_may_be_moved: false,
        receipts: None,
        watchers: http::Watchers::Loopback,
        limits: http::Limits::default(),
    };
    let server = http::start(gateway, settings, axum::Router::new()).await.unwrap();
    let client = |at: u64| {
        let token =
            issuer.issue(&format!("bench-{at}"), &[ActorRole::GridAccessProvider], now, Duration::from_secs(3_600));
        let settings = client::Settings {
            to: format!("https://localhost:{}", server.address().port()),
            token: Some(token.unwrap()),
            authority: Some(certificate.authority.clone()),
            ..client::Settings::default()
        };
        Client::new(&settings).unwrap()
    };
    let clients = (0..=QUIET).map(client).collect();
    Door { server, clients }
}

fn number_of(sender: u64) -> String {
    gridpost::market::gln(&format!("99{sender:010}"))
}

/// What the quiet participants do for so many seconds: how long each step took, sorted.
async fn quiet(door: &Door, how: &'static str, seconds: u64) -> [Vec<Duration>; 3] {
    let (meter, began) = (Meter::start(), Instant::now());
    let mut tasks = JoinSet::new();
    for (at, client) in (0..QUIET).zip(&door.clients) {
        let client = client.clone();
        tasks.spawn(async move {
            let mut took = [const { Vec::new() }; 3];
            let mut number = 0_u64;
            while began.elapsed() < Duration::from_secs(seconds) {
                let id = format!("{}{at}{number}", &how[..1]);
                let since = Instant::now();
                let sent = client.send(ROUTE, document(&number_of(at), &id)).await.unwrap();
                assert!(matches!(sent, Sent::Accepted { .. }), "{sent:?}");
                took[0].push(since.elapsed());
                let answer = loop {
                    match client.peek("all").await.unwrap() {
                        Some(answer) => break answer,
                        None => tokio::time::sleep(LOOK_AGAIN).await,
                    }
                };
                took[1].push(since.elapsed());
                let since = Instant::now();
                client.dequeue(&answer.id).await.unwrap();
                took[2].push(since.elapsed());
                number += 1;
                tokio::time::sleep(PAUSE).await;
            }
            took
        });
    }
    let mut all = [const { Vec::new() }; 3];
    for took in tasks.join_all().await {
        all.iter_mut().zip(took).for_each(|(all, took)| all.extend(took));
    }
    let (elapsed, mut cpu) = (meter.elapsed(), meter.cpu_seconds());
    for (step, took) in STEPS.iter().zip(&mut all) {
        took.sort_unstable();
        // What the processors did is told once, for all steps together.
        report(&format!("{how}: {step}"), took.len() as u64, elapsed, std::mem::take(&mut cpu), took.clone());
    }
    all
}

/// One participant that sends as fast as it is let, until it is told to stop.
fn flood(door: &Door, stop: &Arc<AtomicBool>) -> (Arc<AtomicU64>, JoinSet<()>) {
    let (sent, next) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut sending = JoinSet::new();
    for _ in 0..FLOOD_IN_FLIGHT {
        let client = door.clients.last().expect("the flood has a client").clone();
        let (sent, next, stop) = (sent.clone(), next.clone(), stop.clone());
        sending.spawn(async move {
            while !stop.load(Ordering::Relaxed) {
                let number = next.fetch_add(1, Ordering::Relaxed);
                // It may be told to come back later; that is what fairness is.
                if client.send(ROUTE, document(&number_of(QUIET), &format!("f{number}"))).await.is_ok() {
                    sent.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
    }
    (sent, sending)
}

fn p99(sorted: &[Duration]) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * 0.99) as usize).map_or(f64::NAN, Duration::as_secs_f64)
}
