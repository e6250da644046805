//! Does a store that has grown answer as fast as a small one? `cargo bench --bench stored` fills a queue with ten thousand
//! and with a million documents, and prints what a peek, a dequeue, an enqueue and a look-up cost then.
//!
//! Besides, what a bundle of 50 MB costs: the peek that closes it, the peek after that, and its dequeue.
//!
//! `STORED_MAX=10000000` adds ten million. `BENCH_DIR` names the disk to use. Each document is a place in the queue, a
//! slip of another one, and a used id; the bodies of a commit are one body, as after a decision for many receivers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use gridpost::archive::{self, Outbound, Place};
use gridpost::document::{Category, Kind, Outgoing};
use gridpost::gateway::{Clock, Dequeued, Gateway, Settings};
use gridpost::market::{ActorNumber, ActorRole, Party, Timestamp};
use gridpost::post_office::{self, Bounds, Letter, Subjects};
use gridpost::record::{Batch, Expected, Key, Outcome};
use gridpost::store::{Embedded, Options, Store};
use tokio::runtime::Runtime;

/// Documents of one commit.
const GROUP: u64 = 500;
/// Commits that are on their way to disk while a queue is filled.
const GROUPS_AHEAD: u64 = 16;
/// How often each thing is measured.
const TIMES: u64 = 2_000;
/// And the bundle: it is 200 times its own size of disk.
const BUNDLES: u64 = 20;
/// Notices that become one bundle, and the points of each: 50 MB in all. A participant's default limit of points is lower.
const NOTICES: u64 = 340;
const POINTS: u64 = 1_000;

const KIND: Kind = Kind {
    name: "NotifyPriceList",
    namespace: "urn:ediel.org:structure:notifypricelist:0:1",
    type_code: "D12",
    category: Category::MasterData,
    status: None,
};

fn main() {
    let most = std::env::var("STORED_MAX").ok().and_then(|most| most.parse().ok()).unwrap_or(1_000_000);
    let runtime = Runtime::new().unwrap();
    println!("{:<16}{:<24}{:>9}{:>9}{:>9}", "stored", "ms", "p50", "p99", "max");
    for stored in [10_000, 1_000_000, 10_000_000].into_iter().filter(|stored| *stored <= most) {
        let scratch = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
        let began = Instant::now();
        let store = Embedded::open(scratch.path(), Options::default()).unwrap();
        fill(&store, stored);
        drop(store);
        println!("{stored:<16}filled in {:.1} s", began.elapsed().as_secs_f64());
        let began = Instant::now();
        let store = Arc::new(Embedded::open(scratch.path(), Options::default()).unwrap());
        println!("{stored:<16}opened in {:.3} s", began.elapsed().as_secs_f64());
        measure(stored, store, &runtime);
    }
}

/// Many groups are on their way at a time, so that the disk is flushed once for many, not once for each.
fn fill(store: &Embedded, stored: u64) {
    let (done, outcomes) = std::sync::mpsc::channel();
    let wait = || assert!(matches!(outcomes.recv().unwrap(), Ok(Outcome::Committed(_))));
    for group in 0..stored / GROUP {
        if group >= GROUPS_AHEAD {
            wait();
        }
        let done = done.clone();
        store.submit(group_of(group, stored), Box::new(move |outcome| drop(done.send(outcome))));
    }
    (0..GROUPS_AHEAD.min(stored / GROUP)).for_each(|_| wait());
}

fn measure(stored: u64, store: Arc<Embedded>, runtime: &Runtime) {
    let bundles = Bounds { points_max: NOTICES * POINTS, ..Bounds::default() };
    let settings = Settings { undecided_max: 1_000_000, bundles, ..Settings::default() };
    let clock = Clock::running_from(Timestamp::from_seconds(1_690_880_400));
    let gateway = Gateway::open(store.clone(), Arc::new(gridpost::document::built_in()), settings, clock).unwrap();
    let (owner, now) = (owner(), gateway.now());
    let scattered = |number: u64| number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % stored;
    let mut ids = Vec::new();
    report(stored, "first peek and dequeue", || {
        let peeked = runtime.block_on(gateway.peek(&owner, None, now)).unwrap().unwrap();
        ids.push(peeked.message_id);
        // It is dequeued at once, so that the next peek is a first one again.
        assert_eq!(runtime.block_on(gateway.dequeue(&owner, ids.last().unwrap(), now)).unwrap(), Dequeued::Done);
    });
    report(stored, "peek again", || drop(runtime.block_on(gateway.peek(&owner, None, now)).unwrap().unwrap()));
    let mut number = 0;
    report(stored, "dequeue again", || {
        number += 1;
        let id = &ids[number % ids.len()];
        assert_eq!(runtime.block_on(gateway.dequeue(&owner, id, now)).unwrap(), Dequeued::Already);
    });
    let mut next = stored;
    report(stored, "enqueue", || {
        next += 1;
        let mut batch = Batch::default();
        add(&mut batch, next..next + 1, stored);
        assert!(matches!(store.commit(batch).unwrap(), Outcome::Committed(_)));
    });
    let mut number = 0;
    report(stored, "get, there", || {
        number += 1;
        assert!(store.get(&used_id(scattered(number), stored)).unwrap().is_some());
    });
    report(stored, "get, not there", || {
        number += 1;
        assert!(store.get(&unused_id(scattered(number), stored)).unwrap().is_none());
    });
    measure_bundles(stored, &store, &gateway, runtime);
}

fn measure_bundles(stored: u64, store: &Embedded, gateway: &Gateway, runtime: &Runtime) {
    let (owner, now) = (other_owner(), gateway.now());
    let mut took = [const { Vec::new() }; 3];
    for bundle in 0..BUNDLES {
        let batch = notices(stored + (bundle + 1) * NOTICES * 2);
        assert!(matches!(store.commit(batch).unwrap(), Outcome::Committed(_)));
        let mut timed = |step: usize, work: &mut dyn FnMut()| {
            let began = Instant::now();
            work();
            took[step].push(began.elapsed());
        };
        let peek = || runtime.block_on(gateway.peek(&owner, None, now)).unwrap().unwrap();
        let mut id = String::new();
        timed(0, &mut || {
            let peeked = peek();
            assert!(peeked.body.len() > 50_000_000, "{}", peeked.body.len());
            id = peeked.message_id;
        });
        timed(1, &mut || assert_eq!(peek().message_id, id));
        timed(2, &mut || assert_eq!(runtime.block_on(gateway.dequeue(&owner, &id, now)).unwrap(), Dequeued::Done));
    }
    let names = ["50 MB: peek, closes it", "50 MB: peek again", "50 MB: dequeue"];
    names.iter().zip(took).for_each(|(name, took)| tell(stored, name, took));
}

/// Notices of prices for another participant, which become one bundle.
fn notices(first: u64) -> Batch {
    let (mut batch, mut outbound) = (Batch::default(), Outbound::default());
    let written: Vec<(Outgoing, u64, Place)> = (first..first + NOTICES)
        .map(|number| {
            let outgoing = Outgoing { receiver: other_owner(), business_reason: "D08".into(), ..letter(number) };
            let (document, records_from) = notice(&outgoing);
            let place = outbound.add(document.into_bytes(), &[]);
            (outgoing, records_from as u64, place)
        })
        .collect();
    let letters = written.iter().map(|(outgoing, records_from, place)| {
        let Place { part, offset, bytes } = *place;
        let (message_id, joins_from) = (outgoing.message_id.clone(), Some(*records_from));
        let (records, points, about, hash) = (1, POINTS, about(outgoing), [0; 32]);
        Letter { outgoing, message_id, records, points, about, hash, part, offset, bytes, joins_from }
    });
    batch.put_all(post_office::enqueue(letters));
    batch.body_all(outbound.bodies());
    batch
}

/// A price list of one charge, and the byte at which its record begins.
fn notice(outgoing: &Outgoing) -> (String, usize) {
    let Outgoing { message_id, receiver, created, .. } = outgoing;
    let mut text = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<cim:NotifyPriceList_MarketDocument xmlns:cim="urn:ediel.org:structure:notifypricelist:0:1">
  <cim:mRID>{message_id}</cim:mRID>
  <cim:type>D12</cim:type>
  <cim:process.processType>D08</cim:process.processType>
  <cim:businessSector.type>23</cim:businessSector.type>
  <cim:sender_MarketParticipant.mRID codingScheme="A10">5790001330552</cim:sender_MarketParticipant.mRID>
  <cim:sender_MarketParticipant.marketRole.type>DDZ</cim:sender_MarketParticipant.marketRole.type>
  <cim:receiver_MarketParticipant.mRID codingScheme="A10">{}</cim:receiver_MarketParticipant.mRID>
  <cim:receiver_MarketParticipant.marketRole.type>DDQ</cim:receiver_MarketParticipant.marketRole.type>
  <cim:createdDateTime>{created}</cim:createdDateTime>
"#,
        receiver.number
    );
    let records_from = text.len();
    text += &format!(
        r#"  <cim:MktActivityRecord>
    <cim:mRID>{}</cim:mRID>
    <cim:ChargeGroup>
      <cim:ChargeType>
        <cim:chargeTypeOwner_MarketParticipant.mRID codingScheme="A10">8100000000030</cim:chargeTypeOwner_MarketParticipant.mRID>
        <cim:type>D03</cim:type>
        <cim:mRID>TARIFF</cim:mRID>
        <cim:effectiveDate>2023-09-30T22:00:00Z</cim:effectiveDate>
        <cim:Series_Period>
          <cim:resolution>PT1H</cim:resolution>
          <cim:timeInterval>
            <cim:start>2023-09-30T22:00Z</cim:start>
            <cim:end>2023-11-11T15:00Z</cim:end>
          </cim:timeInterval>
"#,
        &message_id[..20]
    );
    for position in 1..=POINTS {
        text += &format!(
            "          <cim:Point>\n            <cim:position>{position}</cim:position>\n            \
             <cim:price.amount>{position}.000000</cim:price.amount>\n          </cim:Point>\n"
        );
    }
    text += r"        </cim:Series_Period>
      </cim:ChargeType>
    </cim:ChargeGroup>
  </cim:MktActivityRecord>
</cim:NotifyPriceList_MarketDocument>
";
    (text, records_from)
}

fn owner() -> Party {
    Party { number: ActorNumber::new("8100000000108"), role: ActorRole::EnergySupplier }
}

fn other_owner() -> Party {
    Party { number: ActorNumber::new("7300000000011"), role: ActorRole::EnergySupplier }
}

/// Where an id stands among all: ids are spread evenly, and the fill makes them in order. Made in any other order ten
/// million would be as many rewrites of blocks, and take hours; look-ups are scattered all the same.
fn spread(number: u64, stored: u64) -> u64 {
    number.wrapping_mul(u64::MAX / (2 * stored))
}

fn used_id(number: u64, stored: u64) -> Key {
    id_key(spread(number, stored))
}

/// An id that nobody has used, right behind one that somebody has.
fn unused_id(number: u64, stored: u64) -> Key {
    id_key(spread(number, stored) + 1)
}

fn id_key(id: u64) -> Key {
    archive::message_id_key(&ActorNumber::new("8100000000030"), &format!("{id:016x}"))
}

fn group_of(group: u64, stored: u64) -> Batch {
    let mut batch = Batch::default();
    add(&mut batch, group * GROUP..(group + 1) * GROUP, stored);
    batch
}

/// Each is about a charge of its own.
fn about(outgoing: &Outgoing) -> Subjects {
    std::iter::once(Subjects::number(&outgoing.message_id)).collect()
}

fn add(batch: &mut Batch, numbers: std::ops::Range<u64>, stored: u64) {
    let mut outbound = Outbound::default();
    let outgoing: Vec<(Outgoing, Place)> = numbers
        .clone()
        .map(|number| {
            let document = format!("<document number='{number}'/>{:2000}", "");
            (letter(number), outbound.add(document.into_bytes(), &[]))
        })
        .collect();
    let letters = outgoing.iter().map(|(outgoing, place)| {
        let Place { part, offset, bytes } = *place;
        let (message_id, joins_from) = (outgoing.message_id.clone(), None);
        let (records, points, about, hash) = (1, 0, about(outgoing), [0; 32]);
        Letter { outgoing, message_id, records, points, about, hash, part, offset, bytes, joins_from }
    });
    batch.put_all(post_office::enqueue(letters));
    batch.body_all(outbound.bodies());
    for number in numbers {
        let (slip, used) = (format!("another-{:016x}", spread(number, stored)), used_id(number, stored));
        batch.put(post_office::slip_key(&slip), vec![1; 40]);
        batch.expect(used.clone(), Expected::Absent).put(used, vec![1; 80]);
    }
}

fn letter(number: u64) -> Outgoing {
    Outgoing {
        kind: &KIND,
        receiver: owner(),
        delegate: None,
        sender: Party { number: ActorNumber::new("5790001330552"), role: ActorRole::MeteringPointAdministrator },
        business_reason: "D18".into(),
        created: Timestamp::from_seconds(1_690_880_400),
        message_id: blake3::hash(&number.to_be_bytes()).to_hex()[..32].into(),
        head: Vec::new(),
        records: [].into(),
    }
}

fn report(stored: u64, name: &str, mut work: impl FnMut()) {
    let took = (0..TIMES)
        .map(|_| {
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    tell(stored, name, took);
}

fn tell(stored: u64, name: &str, mut took: Vec<Duration>) {
    took.sort_unstable();
    let ms = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    println!("{stored:<16}{name:<24}{:>9.3}{:>9.3}{:>9.3}", ms(0.5), ms(0.99), ms(1.0));
}
