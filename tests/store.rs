//! What every store promises, on each of them; then what the embedded one survives.

#[path = "store/crash.rs"]
mod crash;
#[path = "store/damage.rs"]
mod damage;
#[path = "store/erase.rs"]
mod erase;
#[path = "store/property.rs"]
mod property;
#[path = "store/suite.rs"]
mod suite;

use std::path::Path;

use gridpost::record::{Batch, Entry, Key, KeyRange, Outcome, Space, Version};
use gridpost::store::{Embedded, Options, Store};

const SPACE: Space = Space(7);
const OTHER: Space = Space(8);

fn key(name: &str) -> Key {
    Key::new(SPACE).text(name)
}

fn put(name: &str, value: &str) -> Batch {
    let mut batch = Batch::default();
    batch.put(key(name), value.to_owned());
    batch
}

fn version(outcome: Outcome) -> Version {
    match outcome {
        Outcome::Committed(version) => version,
        Outcome::Conflict(key) => panic!("a conflict about {key}"),
    }
}

/// Small segments and windows, so that every test of some length crosses from one into the next.
fn options() -> Options {
    Options { segment_bytes_max: 4096, cache_bytes: 1 << 20, window_bytes: 8192, ..Options::default() }
}

fn open(dir: &Path) -> Embedded {
    Embedded::open(dir, options()).unwrap()
}

/// Every record of the two spaces that the tests use.
fn everything(store: &dyn Store) -> Vec<(Key, Entry)> {
    let whole = KeyRange { from: Key::new(SPACE), to: Key::new(Space(OTHER.0 + 1)) };
    let page = store.page(&whole, None, usize::MAX).unwrap();
    assert!(!page.more);
    let back = store.page_back(&whole, None, usize::MAX).unwrap();
    assert!(!back.more && back.records.iter().rev().eq(&page.records));
    page.records
}
