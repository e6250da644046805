//! Charges: what an operation costs as the history grows, and how long the largest documents take.
//!
//! `cargo bench --bench charges` fills a store with 1,000, 100,000 and 10,000,000 prices and then decides the same
//! document against each: looked up in the store and decided, not committed, so that the disk does not hide the
//! difference. The last of the three is an owner with 1,000 charges and five years of prices: 230 tariffs by the hour,
//! 770 subscriptions by the month. It prints how long a decision takes, and how many times as long as in the smallest
//! store. Then the largest documents go down the whole road, from bytes to the queue.
//!
//! One run, on two cores with nothing else to do: over the embedded store a decision took 1.1 (prices) and 1.3 times
//! (charge information) as long with ten million prices stored as with a thousand, in memory 1.7 times. From a hundred
//! thousand to ten million it grew by 0.9 to 1.1 times, but for prices over the embedded store: 1.9 times, because its
//! hundred thousand were quicker than its thousand.
//!
//! `GRIDPOST_BENCH_PRICES_MAX=100000` leaves the large store out, `BENCH_DIR` names the disk to use. Ratios of one run are
//! what counts.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use gridpost::document::Header;
use gridpost::gateway::world::World;
use gridpost::gateway::{self, Clock, Gateway, Receipt, Settings};
use gridpost::market::{
    ActorNumber, ActorRole, Calendar, ChargeType, Party, Period, Price, Resolution, Timestamp, VatClass,
};
use gridpost::process::charges::state::{self, ChargeState};
use gridpost::process::charges::{
    Asked, ChargeIdentity, Information, MasterData, Operation, Point, PricePoint, RequestChangeOfPriceList, Series,
};
use gridpost::process::{Context, Market, Request, gather};
use gridpost::record::{Batch, Outcome};
use gridpost::store::{Embedded, Memory, Options, Store};
use tokio::runtime::Runtime;

const OWNER: &str = "8100000000030";
const NOW: &str = "2023-08-01T09:00:00Z";
/// Five years of hours.
const PRICES_OF_TARIFF: usize = 43_824;
/// Where they begin: local midnight of 1 January 2019.
const FIRST: &str = "2018-12-31T23:00:00Z";
/// The day whose prices are changed.
const DAY: &str = "2023-08-31T22:00:00Z";
/// Charges that are on their way to disk while a store is filled: a megabyte each.
const CHARGES_AHEAD: usize = 8;
/// How often each decision is measured.
const TIMES: usize = 2_000;
const TARIFFS: usize = 230;
const SUBSCRIPTIONS: usize = 770;
/// The largest store, in round figures.
const LARGE: usize = 10_000_000;

fn at(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

fn calendar() -> Calendar {
    Calendar::new(chrono_tz::Europe::Copenhagen)
}

fn identity(charge_type: ChargeType, number: usize) -> ChargeIdentity {
    ChargeIdentity { owner: ActorNumber::new(OWNER), charge_type, id: format!("C{number}") }
}

/// So many prices, made once for all charges that have as many: from 1 January 2019 on, or around [`DAY`] where they do not
/// reach that far, so that the same prices stand around it however many there are.
fn points(resolution: Resolution, prices: usize) -> (Period, Vec<PricePoint>) {
    let start = match resolution {
        Resolution::Hour if prices < PRICES_OF_TARIFF => calendar().midnight_in_days(at(DAY), -(prices as i32 / 48)),
        _ => at(FIRST),
    };
    let end = calendar().point_starts(resolution, start, prices + 1)[prices];
    let interval = Period::new(start, end);
    let amounts: Vec<Price> = (0..prices).map(|n| Price::parse(&format!("0.{n:06}")).unwrap()).collect();
    (interval, state::points(calendar(), resolution, interval, &amounts))
}

/// What writes a charge with these prices.
fn charge(identity: ChargeIdentity, resolution: Resolution, interval: Period, points: &[PricePoint]) -> Batch {
    let data = MasterData {
        name: "Grid tariff".into(),
        description: "By the hour".into(),
        vat_class: VatClass::Vat25,
        transparent_invoicing: false,
    };
    let mut charge = ChargeState::unknown(identity);
    charge.create(at(FIRST), false, resolution, data);
    charge.replace_prices(interval, points);
    let mut batch = Batch::default();
    batch.put_all(charge.changes());
    batch
}

fn seed(store: &dyn Store, identity: ChargeIdentity, resolution: Resolution, prices: usize) {
    let (interval, points) = points(resolution, prices);
    store.commit(charge(identity, resolution, interval, &points)).unwrap();
}

/// The smaller stores hold tariffs alone; the largest is the owner with 1,000 charges. A few charges are on their way to
/// disk at a time, so that neither the flushes nor the memory grow with what is stored.
fn fill(store: &dyn Store, prices: usize) {
    let tariffs = |prices, numbers| (ChargeType::Tariff, Resolution::Hour, prices, numbers);
    let whole = prices / PRICES_OF_TARIFF;
    let charges: [(ChargeType, Resolution, usize, Range<usize>); 2] = match prices {
        LARGE => {
            [tariffs(PRICES_OF_TARIFF, 0..TARIFFS), (ChargeType::Subscription, Resolution::Month, 60, 0..SUBSCRIPTIONS)]
        }
        _ => [tariffs(PRICES_OF_TARIFF, 0..whole), tariffs(prices % PRICES_OF_TARIFF, whole..whole + 1)],
    };
    let (done, outcomes) = std::sync::mpsc::channel();
    let wait = || assert!(matches!(outcomes.recv().unwrap(), Ok(Outcome::Committed(_))));
    let mut ahead = 0;
    for (charge_type, resolution, prices, numbers) in charges.into_iter().filter(|it| it.2 > 0 && !it.3.is_empty()) {
        let (interval, points) = points(resolution, prices);
        for number in numbers {
            if ahead == CHARGES_AHEAD {
                wait();
                ahead -= 1;
            }
            let done = done.clone();
            let batch = charge(identity(charge_type, number), resolution, interval, &points);
            store.submit(batch, Box::new(move |outcome| done.send(outcome).unwrap()));
            ahead += 1;
        }
    }
    (0..ahead).for_each(|_| wait());
}

fn open(store: Arc<dyn Store>, runtime: &Runtime) -> Arc<Gateway> {
    let limits = gridpost::xml::Limits::default();
    let settings = Settings { limits, undecided_max: 1_000_000, ..Settings::default() };
    let clock = Clock::running_from(at(NOW));
    let gateway = Gateway::open(store, Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    runtime.block_on(World::toy().settle_in(&gateway)).unwrap();
    Arc::new(gateway)
}

fn header(id: &str, reason: &str) -> Header {
    Header {
        message_id: id.into(),
        document_type: "D10".into(),
        business_reason: reason.into(),
        business_sector: Some("23".into()),
        sender_number: OWNER.into(),
        sender_role: "DDM".into(),
        receiver_number: "5790001330552".into(),
        receiver_role: "DDZ".into(),
        created: NOW.into(),
    }
}

fn operation(number: usize, effective: Timestamp, asked: Asked) -> Operation {
    Operation {
        transaction_id: format!("t-{number}"),
        owner: OWNER.into(),
        charge_type: Some(ChargeType::Tariff),
        charge_id: format!("C{number}"),
        effective: Some(effective),
        asked,
    }
}

/// A series by the hour over so many days from `start` on.
fn series(number: usize, start: Timestamp, days: i32) -> Operation {
    let interval = Period::new(start, calendar().midnight_in_days(start, days));
    let count = calendar().point_count(Resolution::Hour, interval) as u32;
    let point = |position| Point { position, price: Price::parse(&format!("1.{position:06}")).unwrap() };
    let points = (1..=count).map(point).collect();
    let series = Series { resolution: Some(Resolution::Hour), interval: Some(interval), points };
    operation(number, start, Asked::Prices(Some(series)))
}

fn information(number: usize, start: Timestamp) -> Operation {
    let information = Information {
        name: Some("Another name".into()),
        description: Some("By the hour".into()),
        resolution: Some(Resolution::Hour),
        termination: None,
        vat_class: Some(VatClass::Vat25),
        transparent_invoicing: Some(false),
        tax_indicator: Some(false),
    };
    operation(number, start, Asked::Information(information))
}

/// Looks up what the request needs and decides it.
fn decide(store: &dyn Store, market: &Market, request: &RequestChangeOfPriceList) {
    let caller = Party { number: ActorNumber::new(OWNER), role: ActorRole::GridAccessProvider };
    let context = Context { now: at(NOW), caller, cause: [7; 32], market };
    let facts = gather(request, &context, |needs| gateway::load(store, needs)).unwrap();
    let decision = request.decide(&facts, &context);
    assert!(decision.fates.iter().all(|fate| fate.broken.is_empty()), "{:?}", decision.fates);
    black_box(decision);
}

fn as_history_grows(_: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let most: usize = std::env::var("GRIDPOST_BENCH_PRICES_MAX").map_or(LARGE, |text| text.parse().unwrap());
    let market = Market::dk_defaults();
    let day = at(DAY);
    let requests = [
        (
            "prices of a day",
            RequestChangeOfPriceList { header: header("d", "D08"), operations: vec![series(0, day, 1)] },
        ),
        (
            "charge information",
            RequestChangeOfPriceList { header: header("d", "D18"), operations: vec![information(0, day)] },
        ),
    ];
    println!("{:<34}{:>12}{:>10}{:>10}{:>8}", "look up and decide", "prices", "p50 µs", "p99 µs", "times");
    for kind in ["memory", "embedded"] {
        let mut smallest = BTreeMap::new();
        for prices in [1_000, 100_000, LARGE].into_iter().filter(|prices| *prices <= most) {
            let dir = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
            let store: Arc<dyn Store> = match kind {
                "memory" => Arc::new(Memory::default()),
                _ => Arc::new(Embedded::open(dir.path(), Options::default()).unwrap()),
            };
            drop(open(store.clone(), &runtime));
            let began = Instant::now();
            fill(&*store, prices);
            println!("{kind}: {prices} prices are there after {:.1} s", began.elapsed().as_secs_f64());
            for (name, request) in &requests {
                (0..TIMES / 10).for_each(|_| decide(&*store, &market, request));
                let mut took: Vec<f64> = (0..TIMES)
                    .map(|_| {
                        let began = Instant::now();
                        decide(&*store, &market, request);
                        began.elapsed().as_secs_f64() * 1e6
                    })
                    .collect();
                took.sort_by(f64::total_cmp);
                let (half, most) = (took[TIMES / 2], took[TIMES * 99 / 100]);
                let times = half / *smallest.entry(*name).or_insert(half);
                println!("{:<34}{prices:>12}{half:>10.1}{most:>10.1}{times:>8.2}", format!("{kind}: {name}"));
            }
        }
    }
}

/// The largest documents, each as its sender would write it, from bytes to the queue.
fn down_the_road(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let day = at(DAY);
    let stores: [(&str, Arc<dyn Store>); 2] = [
        ("memory", Arc::new(Memory::default())),
        ("embedded", Arc::new(Embedded::open(dir.path(), Options::default()).unwrap())),
    ];
    let mut group = criterion.benchmark_group("bytes to queue");
    group.sample_size(10).measurement_time(Duration::from_secs(6));
    for (kind, store) in stores {
        let house = open(store.clone(), &runtime);
        fill(&*store, 500 * 1_000);
        (12..500).for_each(|n| seed(&*store, identity(ChargeType::Tariff, n), Resolution::Hour, 24));
        let documents: [(&str, u64, Vec<Operation>); 3] = [
            ("a year of hourly prices", 8_760, vec![series(0, day, 365)]),
            ("500 operations on charges", 500, (0..500).map(|n| information(n, day)).collect()),
            ("500 operations on prices, a day of hours each", 500, (0..500).map(|n| series(n, day, 1)).collect()),
        ];
        for (name, elements, operations) in documents {
            let text = xml(&operations);
            let mut number = 0_u64;
            group.throughput(Throughput::Elements(elements));
            group.bench_function(format!("{kind}: {name}"), |bencher| {
                bencher.iter_custom(|count| {
                    let mut took = Duration::ZERO;
                    for _ in 0..count {
                        number += 1;
                        let document =
                            Bytes::from(text.replace("NUMBER", &format!("{}{number}", &name[name.len() - 5..])));
                        let started = Instant::now();
                        runtime.block_on(send(&house, document));
                        took += started.elapsed();
                    }
                    took
                });
            });
        }
    }
    group.finish();
}

async fn send(house: &Gateway, document: Bytes) {
    let caller = Party { number: ActorNumber::new(OWNER), role: ActorRole::GridAccessProvider };
    let known = house.document_for("requestchangeofpricelist").unwrap();
    let receipt = house
        .receive(&caller, house.read_whole(&caller, known, document).await.unwrap(), "bench", house.now())
        .await
        .unwrap();
    assert!(matches!(receipt, Receipt::Accepted(_)), "{receipt:?}");
    house.settled().await.unwrap();
}

/// The document of these operations; `NUMBER` is to be replaced in its ids.
fn xml(operations: &[Operation]) -> String {
    let records: String = operations.iter().map(record).collect();
    let reason = if operations[0].information().is_some() { "D18" } else { "D08" };
    format!(
        r#"<RequestChangeOfPriceList_MarketDocument xmlns="urn:ediel.org:structure:requestchangeofpricelist:0:1">
<mRID>NUMBER</mRID><type>D10</type><process.processType>{reason}</process.processType>
<businessSector.type>23</businessSector.type>
<sender_MarketParticipant.mRID codingScheme="A10">{OWNER}</sender_MarketParticipant.mRID>
<sender_MarketParticipant.marketRole.type>DDM</sender_MarketParticipant.marketRole.type>
<receiver_MarketParticipant.mRID codingScheme="A10">5790001330552</receiver_MarketParticipant.mRID>
<receiver_MarketParticipant.marketRole.type>DDZ</receiver_MarketParticipant.marketRole.type>
<createdDateTime>{NOW}</createdDateTime>{records}</RequestChangeOfPriceList_MarketDocument>"#
    )
}

fn record(operation: &Operation) -> String {
    let Operation { transaction_id, charge_id, effective, asked, .. } = operation;
    let effective = effective.unwrap();
    let rest = match asked {
        Asked::Information(it) => format!(
            "<name>{}</name><description>{}</description>\
             <priceTimeFrame_Period.resolution>PT1H</priceTimeFrame_Period.resolution>\
             <effectiveDate>{effective}</effectiveDate><VATPayer>D02</VATPayer>\
             <transparentInvoicing>false</transparentInvoicing><taxIndicator>false</taxIndicator>",
            it.name.as_deref().unwrap(),
            it.description.as_deref().unwrap()
        ),
        Asked::Prices(series) => {
            let series = series.as_ref().unwrap();
            let interval = series.interval.unwrap();
            let point = |it: &Point| {
                format!("<Point><position>{}</position><price.amount>{}</price.amount></Point>", it.position, it.price)
            };
            let points: String = series.points.iter().map(point).collect();
            format!(
                "<effectiveDate>{effective}</effectiveDate><Series_Period><resolution>PT1H</resolution>\
                 <timeInterval><start>{}</start><end>{}</end></timeInterval>{points}</Series_Period>",
                interval.start.to_minutes(),
                interval.end.to_minutes()
            )
        }
    };
    format!(
        r#"<MktActivityRecord><mRID>{transaction_id}NUMBER</mRID><ChargeGroup><ChargeType>
<chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">{OWNER}</chargeTypeOwner_MarketParticipant.mRID>
<type>D03</type><mRID>{charge_id}</mRID>{rest}</ChargeType></ChargeGroup></MktActivityRecord>"#
    )
}

criterion_group!(benches, as_history_grows, down_the_road);
criterion_main!(benches);
