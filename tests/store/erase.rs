//! Bodies that were let go are erased, and nobody takes that for damage; everything else that is zeros is damage.

use std::fs;
use std::path::PathBuf;

use gridpost::record::Packed;
use gridpost::store::{Erased, Fault, Trouble, let_go_key, rebuild, verify};

use super::*;

fn body_key(number: u64) -> Key {
    Key::new(OTHER).number(number)
}

/// What no compression makes smaller, so that a body takes whole blocks of the disk.
fn noise(number: u64) -> Vec<u8> {
    let mut bytes = vec![0; 20_000];
    blake3::Hasher::new().update(&number.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// A store of `bodies` bodies, two in each segment.
fn written(dir: &Path, bodies: u64) -> Embedded {
    let store = Embedded::open(dir, Options { segment_bytes_max: 30_000, ..options() }).unwrap();
    for number in 1..=bodies {
        let mut batch = put(&format!("record {number}"), "value");
        batch.body(body_key(number), noise(number));
        store.commit(batch).unwrap();
    }
    store
}

fn let_go(store: &Embedded, bodies: &[u64]) -> Vec<Key> {
    let keys: Vec<Key> = bodies.iter().map(|number| body_key(*number)).collect();
    let mut batch = Batch::default();
    for key in &keys {
        batch.put(let_go_key(key), "why");
    }
    store.commit(batch).unwrap();
    keys
}

fn segments(dir: &Path) -> Vec<(PathBuf, u64)> {
    let entries = fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path());
    let mut segments: Vec<_> = entries.map(|path| (path.clone(), fs::metadata(&path).unwrap().len())).collect();
    segments.sort();
    segments
}

#[test]
fn what_was_let_go_is_erased_and_the_chain_holds_as_before() {
    let dir = tempfile::tempdir().unwrap();
    let store = written(dir.path(), 10);
    let before = segments(dir.path());
    let head = store.head_of(10).unwrap();
    let keys = let_go(&store, &[1, 2, 5]);
    let erased = store.erase(&keys).unwrap();
    assert_eq!((erased.bodies, erased.bytes >= 60_000), (3, true));
    assert_eq!(store.erase(&keys).unwrap(), Erased::default(), "twice is as good as once");
    let holds = |store: &Embedded| {
        for number in 1..=10 {
            let expected = (![1, 2, 5].contains(&number)).then(|| noise(number).into());
            assert_eq!(store.body(&body_key(number)).unwrap(), expected, "body {number}");
            assert_eq!(store.packed(&body_key(number)).unwrap().is_some(), expected.is_some());
        }
        assert_eq!(store.head_of(10).unwrap(), head);
    };
    holds(&store);
    drop(store);
    assert_eq!(segments(dir.path())[..before.len() - 1], before[..before.len() - 1], "no file changes its length");
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    assert_eq!((report.problems, report.erased, report.bodies), (Vec::new(), 3, 7));
    rebuild(dir.path(), &mut |_| {}).unwrap();
    holds(&open(dir.path()));
}

#[test]
fn nothing_is_erased_that_was_not_let_go_or_stands_in_the_last_segment() {
    let dir = tempfile::tempdir().unwrap();
    let store = written(dir.path(), 5);
    assert_eq!(store.erase(&[body_key(1), body_key(99)]).unwrap(), Erased::default());
    let keys = let_go(&store, &[5]);
    let closed = store.closed_segments().unwrap();
    assert_eq!([1, 5, 99].map(|number| closed.hold(&body_key(number)).unwrap()), [true, false, false]);
    assert_eq!(store.erase(&keys).unwrap(), Erased::default());
    for number in [1, 5] {
        assert_eq!(store.body(&body_key(number)).unwrap().unwrap(), noise(number));
    }
}

#[test]
fn zeros_where_a_body_was_that_nobody_let_go_are_damage() {
    let dir = tempfile::tempdir().unwrap();
    drop(written(dir.path(), 5));
    let (path, _) = &segments(dir.path())[0];
    let mut bytes = fs::read(path).unwrap();
    let stored = Packed::of(&noise(2)).stored().clone();
    let at = bytes.windows(stored.len()).position(|window| window == stored).expect("the body stands there");
    let backup = dir.path().join("backup");
    fs::write(&backup, &bytes).unwrap();
    bytes[at..at + stored.len()].fill(0);
    fs::write(path, &bytes).unwrap();
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    assert_eq!((report.problems.len(), report.erased), (1, 0), "{:?}", report.problems);
    let store = open(dir.path());
    assert!(store.trouble().is_none());
    assert!(matches!(store.body(&body_key(2)), Err(Fault::Corrupt { .. })));
    assert_eq!(store.body(&body_key(1)).unwrap().unwrap(), noise(1));
    assert!(matches!(store.trouble(), Some(Trouble::Harmed(_))), "whoever looks hears of it");
    fs::rename(&backup, path).unwrap();
    assert!(store.trouble().is_none(), "and that it has been put back");
    assert_eq!(store.body(&body_key(2)).unwrap().unwrap(), noise(2));
}

/// What stands behind the damage tells of bodies that were let go all the same, and sled of what was told in it.
#[test]
fn damage_elsewhere_makes_no_damage_of_what_was_let_go() {
    let dir = tempfile::tempdir().unwrap();
    let store = written(dir.path(), 10);
    let keys = [let_go(&store, &[1, 2]), let_go(&store, &[5])].concat();
    store.erase(&keys).unwrap();
    drop(store);
    let files: Vec<PathBuf> = segments(dir.path()).into_iter().map(|(path, _)| path).collect();
    for path in [&files[1], files.last().unwrap()] {
        let whole = fs::read(path).unwrap();
        let header = whole.windows(4).rposition(|window| window == b"GPFR").expect("a frame begins there");
        let mut damaged = whole.clone();
        damaged[header + 40] ^= 4;
        fs::write(path, &damaged).unwrap();
        let report = verify(dir.path(), &mut |_| {}).unwrap();
        let blamed = report.problems.iter().filter(|it| it.found.contains("nobody let it go")).count();
        assert!(!report.problems.is_empty() && blamed == 0, "{:#?}", report.problems);
        assert_eq!(report.erased, 3);
        fs::write(path, &whole).unwrap();
    }
}
