//! A busy midnight: many suppliers are changed, and all changes fall due at one instant.
//!
//! `cargo bench --bench midnight [changes]` (100,000 by default) makes as many accounting points, sends a change of
//! supplier for each, and prints what the full road costs, from the request to the confirmation that can be peeked. Then
//! the clock is moved: to the notices before the effective date, and to the effective date itself, while other
//! documents go on arriving; what these wait for their durable answer is printed beside. Everything is durable.
//! `BENCH_DIR` names the disk to use.

mod meter;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use gridpost::gateway::world::World;
use gridpost::gateway::{Clock, Gateway, Receipt, Settings};
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp, is_gsrn};
use gridpost::store::{Embedded, Options};
use meter::{Meter, heading, report};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const CLIENTS: u64 = 64;
/// Beside the timers a document arrives this often.
const PACE: Duration = Duration::from_millis(5);

const BEFORE: &str = "8100000000108";
const AFTER: &str = "7300000000011";
const NOW: &str = "2023-08-01T09:00:00Z";
const NOTICE: &str = "2023-09-27T22:00:00Z";
const MIDNIGHT: &str = "2023-09-30T22:00:00Z";

fn main() {
    let changes: u64 = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(100_000);
    let runtime = Runtime::new().unwrap();
    let scratch = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
    let store = Arc::new(Embedded::open(scratch.path(), Options::default()).unwrap());
    let settings = Settings { undecided_max: 1_000_000, ..Settings::default() };
    let clock = Clock::running_from(instant(NOW));
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    let gateway = Arc::new(gateway);
    // The second half of the points stays as it is until the clock moves: documents beside the timers are about these.
    let spare = changes.max(10_000);
    let began = Instant::now();
    let text = [include_str!("../samples/world.toml"), &points(changes + spare)].concat();
    assert!(runtime.block_on(World::parse(&text).unwrap().settle_in(&gateway)).unwrap());
    println!("a world with {} accounting points in {:.1} s", changes + spare, began.elapsed().as_secs_f64());

    heading();
    let meter = Meter::start();
    let took = runtime.block_on(send(&gateway, 0..changes));
    let received = meter.elapsed();
    runtime.block_on(gateway.settled()).unwrap();
    report("change of supplier: to the durable answer", changes, received, BTreeMap::new(), took);
    report("change of supplier: to the queue", changes, meter.elapsed(), meter.cpu_seconds(), Vec::new());
    let answer = runtime.block_on(gateway.peek(&sender(), None, gateway.now())).unwrap().unwrap();
    assert_eq!(answer.document, "ConfirmRequestChangeOfSupplier", "{}", String::from_utf8_lossy(&answer.body));

    let next = Arc::new(AtomicU64::new(changes));
    for (what, instant) in [("notices", NOTICE), ("effective date", MIDNIGHT)] {
        runtime.block_on(fall_due(&gateway, what, self::instant(instant), changes, &next));
    }
}

/// Moves the clock to an instant at which `changes` timers are due, and sends documents until all is done.
async fn fall_due(gateway: &Arc<Gateway>, what: &str, due: Timestamp, changes: u64, next: &Arc<AtomicU64>) {
    let done = Arc::new(AtomicBool::new(false));
    let meter = Meter::start();
    let beside = tokio::spawn({
        let (gateway, next, done) = (gateway.clone(), next.clone(), done.clone());
        async move {
            let mut took = Vec::new();
            while !done.load(Ordering::Relaxed) {
                took.push(send_one(&gateway, next.fetch_add(1, Ordering::Relaxed)).await);
                tokio::time::sleep(PACE).await;
            }
            took
        }
    });
    gateway.pass_time(due).await.unwrap();
    let elapsed = meter.elapsed();
    done.store(true, Ordering::Relaxed);
    let took = beside.await.unwrap();
    report(&format!("{what}: {changes} fall due"), changes, elapsed, meter.cpu_seconds(), Vec::new());
    report("    documents meanwhile, to the answer", took.len() as u64, elapsed, BTreeMap::new(), took);
    gateway.settled().await.unwrap();
    println!("{:<44}{:>9.1}", "    seconds until all of it was decided", meter.elapsed().as_secs_f64());
}

async fn send(gateway: &Arc<Gateway>, numbers: std::ops::Range<u64>) -> Vec<Duration> {
    let next = Arc::new(AtomicU64::new(numbers.start));
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let (gateway, next, end) = (gateway.clone(), next.clone(), numbers.end);
        clients.spawn(async move {
            let mut took = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= end {
                    return took;
                }
                took.push(send_one(&gateway, number).await);
            }
        });
    }
    clients.join_all().await.concat()
}

async fn send_one(gateway: &Gateway, number: u64) -> Duration {
    let known = gateway.document_for("requestchangeofsupplier").unwrap();
    let (began, now) = (Instant::now(), gateway.now());
    let receipt = gateway
        .receive(&sender(), gateway.read_whole(&sender(), known, document(number)).await.unwrap(), "bench", now)
        .await
        .unwrap();
    assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
    began.elapsed()
}

fn sender() -> Party {
    Party { number: ActorNumber::new(AFTER), role: ActorRole::EnergySupplier }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

/// A metering point's number, with its check digit.
fn gsrn(number: u64) -> String {
    let numbers = (0..10).map(|check| format!("5713131{number:010}{check}"));
    numbers.into_iter().find(|gsrn| is_gsrn(gsrn)).unwrap()
}

/// Accounting points of a world, all with one supplier and one customer.
fn points(count: u64) -> String {
    let mut text = String::new();
    for number in 0..count {
        let (gsrn, start) = (gsrn(10_000_000 + number), "2021-12-31T23:00:00Z");
        write!(
            text,
            r#"
[[metering_point]]
number = "{gsrn}"
type = "Consumption"
grid_area = "131"
effective_date = "{start}"

[[supply]]
metering_point = "{gsrn}"
supplier = "{BEFORE}"
start = "{start}"

[[customer]]
metering_point = "{gsrn}"
number = "12345678"
name = "Example Bakery"
start = "{start}"
"#
        )
        .unwrap();
    }
    text
}

/// A change of supplier (E03) of one accounting point at midnight.
fn document(number: u64) -> Bytes {
    let gsrn = gsrn(10_000_000 + number);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:RequestChangeOfSupplier_MarketDocument xmlns:cim="urn:ediel.org:structure:requestchangeofsupplier:0:1">
  <cim:mRID>bench-{number}</cim:mRID>
  <cim:type>392</cim:type>
  <cim:process.processType>E03</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">{AFTER}</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDQ</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDZ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>2023-08-01T08:59:00Z</cim:createdDateTime>
  <cim:MktActivityRecord>
    <cim:mRID>change-{number}</cim:mRID>
    <cim:marketEvaluationPoint.mRID codingScheme="A10">{gsrn}</cim:marketEvaluationPoint.mRID>
    <cim:marketEvaluationPoint.energySupplier_MarketParticipant.mRID codingScheme="A10">{AFTER}</cim:marketEvaluationPoint.energySupplier_MarketParticipant.mRID>
    <cim:marketEvaluationPoint.customer_MarketParticipant.mRID codingScheme="VAT">12345678</cim:marketEvaluationPoint.customer_MarketParticipant.mRID>
    <cim:marketEvaluationPoint.customer_MarketParticipant.name>Example Bakery</cim:marketEvaluationPoint.customer_MarketParticipant.name>
    <cim:start_DateAndOrTime.dateTime>{MIDNIGHT}</cim:start_DateAndOrTime.dateTime>
  </cim:MktActivityRecord>
</cim:RequestChangeOfSupplier_MarketDocument>
"#
    )
    .into()
}
