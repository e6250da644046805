//! Durable commits a second: `cargo bench --bench store [seconds]`.
//!
//! Each commit is what a door writes for one document: a 2 KiB body, its archive line and an inbox entry, guarded
//! against a second document of the same id. The body is XML-like, half of it digits that no compressor removes.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, LazyLock, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gridpost::record::{Batch, Expected, Key, Outcome, Space};
use gridpost::store::{Embedded, Memory, Options, Store};

const BODY_BYTES: usize = 2048;

fn main() {
    let seconds = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(3);
    let length = Duration::from_secs(seconds);
    println!("{:<34}{:>12}{:>10}{:>10}{:>10}", "", "commits/s", "p50 ms", "p99 ms", "max ms");
    let scratch = tempfile::tempdir_in(std::env::var_os("BENCH_DIR").unwrap_or(".".into())).unwrap();
    for threads in [1, 64, 128] {
        let store = embedded(&scratch.path().join(format!("threads-{threads}")));
        report(&format!("embedded, {threads} threads commit"), blocking(&store, threads, length), length);
    }
    for flights in [64, 128, 512] {
        let store = embedded(&scratch.path().join(format!("flights-{flights}")));
        let name = format!("embedded, 2 threads, {flights} in flight");
        report(&name, in_flight(&store, flights, length), length);
    }
    report("memory, 128 threads commit", blocking(&Memory::default(), 128, length), length);
    let store = embedded(&scratch.path().join("reads"));
    reads_beside_commits(&store, length);
}

fn embedded(dir: &Path) -> Embedded {
    Embedded::open(dir, Options::default()).unwrap()
}

/// Every body is this one with an id of its own at its beginning, so that making it costs nothing.
static BODY: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut body = Vec::new();
    while body.len() < BODY_BYTES {
        let digits = (body.len() as u64).wrapping_mul(0xD134_2543_DE82_EF95);
        body.extend_from_slice(format!("<Point><quantity>{digits}</quantity></Point>").as_bytes());
    }
    body
});

fn batch(number: u64) -> Batch {
    let id = format!("{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let body = [id.as_bytes(), &BODY[16..]].concat();
    let mut batch = Batch::default();
    batch.expect(Key::new(Space(1)).text(&id), Expected::Absent);
    batch.put(Key::new(Space(1)).text(&id), vec![1; 40]);
    batch.put(Key::new(Space(2)).stamp(), vec![2; 120]);
    batch.put(Key::new(Space(3)).stamp(), vec![3; 24]);
    batch.body(Key::new(Space(4)).text(&id), body);
    batch
}

fn blocking(store: &dyn Store, threads: u64, length: Duration) -> Vec<Duration> {
    let next = AtomicU64::new(0);
    let start = Instant::now();
    thread::scope(|scope| {
        let work = || {
            let mut took = Vec::new();
            while start.elapsed() < length {
                let batch = batch(next.fetch_add(1, Ordering::Relaxed));
                let begin = Instant::now();
                assert!(matches!(store.commit(batch).unwrap(), Outcome::Committed(_)));
                took.push(begin.elapsed());
            }
            took
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// As the doors will do it: few threads, many commits under way.
fn in_flight(store: &dyn Store, flights: u64, length: Duration) -> Vec<Duration> {
    let next = AtomicU64::new(0);
    let under_way = Arc::new((Mutex::new(0), Condvar::new()));
    let took = Arc::new(Mutex::new(Vec::new()));
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while start.elapsed() < length {
                    let batch = batch(next.fetch_add(1, Ordering::Relaxed));
                    let (count, landed) = &*under_way;
                    *landed.wait_while(count.lock().unwrap(), |count| *count >= flights).unwrap() += 1;
                    let (begin, took, under_way) = (Instant::now(), took.clone(), under_way.clone());
                    let done = move |outcome| {
                        assert!(matches!(outcome, Ok(Outcome::Committed(_))));
                        took.lock().unwrap().push(begin.elapsed());
                        *under_way.0.lock().unwrap() -= 1;
                        under_way.1.notify_one();
                    };
                    store.submit(batch, Box::new(done));
                }
            });
        }
    });
    let (count, landed) = &*under_way;
    drop(landed.wait_while(count.lock().unwrap(), |count| *count > 0).unwrap());
    std::mem::take(&mut took.lock().unwrap())
}

/// Reads should not notice that somebody flushes.
fn reads_beside_commits(store: &Embedded, length: Duration) {
    store.commit(batch(0)).unwrap();
    let key = batch(0).expectations.remove(0).0;
    let over = AtomicBool::new(false);
    let (commits, mut reads) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut took = Vec::new();
            while !over.load(Ordering::Relaxed) {
                let begin = Instant::now();
                store.get(&key).unwrap().unwrap();
                took.push(begin.elapsed());
                thread::sleep(Duration::from_micros(200));
            }
            took
        });
        let next = AtomicU64::new(1);
        let start = Instant::now();
        let work = || {
            while start.elapsed() < length {
                store.commit(batch(next.fetch_add(1, Ordering::Relaxed))).unwrap();
            }
        };
        thread::scope(|scope| (0..32).for_each(|_| drop(scope.spawn(work))));
        over.store(true, Ordering::Relaxed);
        (next.into_inner(), reader.join().unwrap())
    });
    println!("beside {} commits/s, reads of one record:", commits / length.as_secs());
    reads.sort_unstable();
    report("get", reads, length);
}

fn report(name: &str, mut took: Vec<Duration>, length: Duration) {
    took.sort_unstable();
    let per_second = took.len() as f64 / length.as_secs_f64();
    let ms = |part: f64| took[((took.len() - 1) as f64 * part) as usize].as_secs_f64() * 1000.0;
    println!("{name:<34}{per_second:>12.0}{:>10.3}{:>10.3}{:>10.3}", ms(0.5), ms(0.99), ms(1.0));
}
