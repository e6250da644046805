//! What a disk may do to the files: torn ends, flipped bits, files gone or exchanged.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use gridpost::store::{Fault, rebuild, verify};

use super::*;

/// A store of `commits` commits, closed; each is a frame of its own with a record and a body.
fn written(dir: &Path, commits: u64) {
    let store = open(dir);
    for number in 1..=commits {
        store.commit(numbered(number)).unwrap();
    }
}

fn numbered(number: u64) -> Batch {
    let mut batch = put(&format!("record {number}"), &format!("value {number}"));
    batch.body(Key::new(OTHER).number(number), format!("<document number='{number}'/>"));
    batch
}

/// Asserts that exactly the first `commits` commits are there, whole, and that the store goes on behind them.
fn assert_holds(store: &Embedded, commits: u64) {
    assert_eq!(everything(store).len() as u64, commits);
    for number in 1..=commits {
        let record = store.get(&key(&format!("record {number}"))).unwrap().unwrap();
        assert_eq!((record.version, record.value), (number, format!("value {number}").into()));
        let body = store.body(&Key::new(OTHER).number(number)).unwrap().unwrap();
        assert_eq!(body, format!("<document number='{number}'/>"));
    }
    assert_eq!(store.body(&Key::new(OTHER).number(commits + 1)).unwrap(), None);
}

/// The journal's files in order.
fn segments(dir: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(dir.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(fs::copy(&path, &target).unwrap()),
        }
    }
}

fn open_fault(dir: &Path) -> Fault {
    Embedded::open(dir, options()).map(drop).unwrap_err()
}

/// Three commits, cut inside the third frame: its first byte, and a folder with sled as it was after two.
fn torn_store() -> (tempfile::TempDir, Vec<u8>, usize) {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 2);
    let start = fs::metadata(&segments(dir.path())[0]).unwrap().len() as usize;
    let aside = dir.path().join("sled.aside");
    copy(&dir.path().join("sled"), &aside);
    let store = open(dir.path());
    store.commit(numbered(3)).unwrap();
    drop(store);
    let journal = fs::read(&segments(dir.path())[0]).unwrap();
    fs::remove_dir_all(dir.path().join("sled")).unwrap();
    fs::rename(aside, dir.path().join("sled")).unwrap();
    (dir, journal, start)
}

#[test]
fn a_torn_tail_is_cut_at_whatever_byte_it_was_torn() {
    let (origin, journal, start) = torn_store();
    for length in start..=journal.len() {
        let dir = tempfile::tempdir().unwrap();
        copy(&origin.path().join("journal"), &dir.path().join("journal"));
        // In turns: sled stands behind frame 2, or has to be made anew.
        if length % 2 == 0 {
            copy(&origin.path().join("sled"), &dir.path().join("sled"));
        }
        fs::write(&segments(dir.path())[0], &journal[..length]).unwrap();
        let kept = if length == journal.len() { 3 } else { 2 };
        // Opening sled takes its time, so not every cut gets every question.
        if length % 8 == 0 {
            let torn = start < length && length < journal.len();
            assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().torn.is_some(), torn, "cut at {length}");
        }
        let store = open(dir.path());
        assert_holds(&store, kept);
        assert_eq!(version(store.commit(numbered(kept + 1)).unwrap()), kept + 1);
        drop(store);
        if length % 8 == 1 {
            assert_holds(&open(dir.path()), kept + 1);
        }
    }
}

#[test]
fn a_tail_whose_pages_never_reached_the_disk_is_cut_like_a_short_one() {
    let (origin, journal, start) = torn_store();
    for from in (start..journal.len()).step_by(7) {
        let dir = tempfile::tempdir().unwrap();
        copy(&origin.path().join("journal"), &dir.path().join("journal"));
        // The file has its full length, but a part of the frame is still zeros.
        let mut torn = journal.clone();
        let to = (from + 16).min(torn.len());
        torn[from..to].fill(0);
        fs::write(&segments(dir.path())[0], &torn).unwrap();
        let kept = if torn == journal { 3 } else { 2 };
        assert_holds(&open(dir.path()), kept);
    }
}

#[test]
fn what_sled_knows_to_have_been_acknowledged_is_not_taken_for_a_torn_tail() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    let path = &segments(dir.path())[0];
    let length = fs::metadata(path).unwrap().len();
    fs::OpenOptions::new().write(true).open(path).unwrap().set_len(length - 1).unwrap();
    let fault = open_fault(dir.path());
    assert!(matches!(&fault, Fault::Corrupt { file, .. } if file == path), "{fault}");
    assert_eq!(fs::metadata(path).unwrap().len(), length - 1);
    assert!(!verify(dir.path(), &mut |_| {}).unwrap().problems.is_empty());
    // The operator may accept the loss.
    rebuild(dir.path(), &mut |_| {}).unwrap();
    assert_holds(&open(dir.path()), 2);
}

#[test]
fn a_flipped_bit_before_the_last_frame_is_reported_where_it_is_and_nothing_is_cut() {
    let origin = tempfile::tempdir().unwrap();
    written(origin.path(), 3);
    let journal = fs::read(&segments(origin.path())[0]).unwrap();
    let offsets = frame_offsets(&journal);
    for at in (0..offsets[2]).step_by(5) {
        let dir = tempfile::tempdir().unwrap();
        copy(&origin.path().join("journal"), &dir.path().join("journal"));
        let path = &segments(dir.path())[0];
        let mut flipped = journal.clone();
        flipped[at] ^= 1 << (at % 8);
        fs::write(path, &flipped).unwrap();
        let frame = offsets.iter().rev().find(|offset| **offset <= at).copied().unwrap_or(0);
        match open_fault(dir.path()) {
            Fault::Corrupt { file, offset, .. } => assert_eq!((&file, offset as usize), (path, frame), "flipped {at}"),
            other => panic!("flipped {at}: {other:?}"),
        }
        assert_eq!(fs::read(path).unwrap(), flipped);
        let problems = verify(dir.path(), &mut |_| {}).unwrap().problems;
        assert!(problems.iter().any(|problem| &problem.file == path), "flipped {at}: {problems:?}");
        assert!(rebuild(dir.path(), &mut |_| {}).is_err());
    }
}

/// Where the frames of a segment begin.
fn frame_offsets(journal: &[u8]) -> Vec<usize> {
    (0..journal.len()).filter(|at| journal[*at..].starts_with(b"GPFR")).collect()
}

#[test]
fn all_damage_is_listed_not_only_the_first() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 60);
    assert!(segments(dir.path()).len() >= 3);
    for path in &segments(dir.path())[..3] {
        let mut bytes = fs::read(path).unwrap();
        let second = frame_offsets(&bytes)[1];
        bytes[second + 140] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    let files: Vec<_> = report.problems.iter().map(|problem| problem.file.clone()).collect();
    assert_eq!(files, segments(dir.path())[..3]);
    assert_eq!(report.frames, 57);
}

#[test]
fn a_flipped_bit_in_a_body_is_told_to_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    let path = &segments(dir.path())[0];
    let mut bytes = fs::read(path).unwrap();
    let last_of_second = frame_offsets(&bytes)[2] - 5;
    bytes[last_of_second] ^= 1;
    fs::write(path, bytes).unwrap();
    let store = open(dir.path());
    assert!(matches!(store.body(&Key::new(OTHER).number(2)), Err(Fault::Corrupt { file, .. }) if &file == path));
    assert!(store.body(&Key::new(OTHER).number(3)).unwrap().is_some());
    drop(store);
    let problems = verify(dir.path(), &mut |_| {}).unwrap().problems;
    assert_eq!(problems.len(), 1);
    assert!(problems[0].found.contains("frame 2"), "{problems:?}");
}

#[test]
fn a_missing_segment_is_reported_and_so_is_a_missing_journal() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 60);
    let all = segments(dir.path());
    let middle = dir.path().join("middle");
    fs::rename(&all[1], &middle).unwrap();
    assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().problems.len(), 1);
    fs::rename(&middle, &all[1]).unwrap();
    assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().problems, []);
    let last = dir.path().join("last");
    fs::rename(all.last().unwrap(), &last).unwrap();
    assert!(matches!(open_fault(dir.path()), Fault::Corrupt { .. }));
    for path in segments(dir.path()) {
        fs::remove_file(path).unwrap();
    }
    assert!(matches!(open_fault(dir.path()), Fault::Corrupt { .. }));
}

#[test]
fn a_lost_or_ruined_sled_is_made_anew_and_is_the_same() {
    let ruins: [fn(&Path); 6] = [
        |sled| fs::remove_dir_all(sled).unwrap(),
        |sled| fs::write(sled.join("db"), b"garbage").unwrap(),
        |sled| fs::write(sled.join("conf"), b"garbage").unwrap(),
        |sled| fs::remove_file(sled.join("db")).unwrap(),
        |sled| {
            let mut db = fs::read(sled.join("db")).unwrap();
            db.fill(0xA5);
            fs::write(sled.join("db"), db).unwrap();
        },
        |sled| {
            fs::remove_dir_all(sled).unwrap();
            fs::write(sled, b"a file where a folder should be").unwrap();
        },
    ];
    for (number, ruin) in ruins.iter().enumerate() {
        let dir = tempfile::tempdir().unwrap();
        written(dir.path(), 60);
        let whole = verify(dir.path(), &mut |_| {}).unwrap();
        assert_eq!((whole.frames, whole.records, whole.bodies, whole.problems.len()), (60, 60, 60, 0));
        ruin(&dir.path().join("sled"));
        let store = Embedded::open(dir.path(), options()).unwrap_or_else(|fault| panic!("ruin {number}: {fault:?}"));
        assert_holds(&store, 60);
        drop(store);
        assert_eq!(verify(dir.path(), &mut |_| {}).unwrap(), whole, "ruin {number}");
    }
}

#[test]
fn snapshots_that_sled_lost_or_never_finished_do_not_matter() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 20);
    let sled = dir.path().join("sled");
    fs::write(sled.join("snap.00000000FFFFFFFF.generating"), b"half a snapshot").unwrap();
    assert_holds(&open(dir.path()), 20);
    for entry in fs::read_dir(&sled).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("snap.") {
            fs::remove_file(path).unwrap();
        }
    }
    assert_holds(&open(dir.path()), 20);
}

#[test]
fn verify_names_each_record_of_sled_that_does_not_follow_from_the_journal() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    let record = |name: &str| [&[1], key(name).as_bytes()].concat();
    let tree = sled::open(dir.path().join("sled")).unwrap();
    let mut block = unpack(&tree.get([1]).unwrap().unwrap());
    assert_eq!(block.len(), 6);
    block.remove(&record("record 1")).unwrap();
    block.insert(record("record 2"), b"\0\0\0\0\0\0\0\x02forged".to_vec()).unwrap();
    block.insert(record("record 4"), b"\0\0\0\0\0\0\0\x04forged".to_vec());
    tree.insert([1], pack(&block)).unwrap();
    drop(tree);
    let problems = verify(dir.path(), &mut |_| {}).unwrap().problems;
    let found: Vec<_> = problems.iter().map(|problem| problem.found.as_str()).collect();
    let expected = ["record 7:record 1\\x00 is missing", "record 7:record 2\\x00 is another"];
    assert_eq!(found[..2], expected);
    assert_eq!(found[2..], ["record 7:record 4\\x00 should not be there"]);
    let mut progress = Vec::new();
    rebuild(dir.path(), &mut |step| progress.push(step.bytes)).unwrap();
    assert!(progress.is_sorted() && progress.len() == 3);
    assert_eq!(verify(dir.path(), &mut |_| {}).unwrap().problems, []);
    assert_holds(&open(dir.path()), 3);
}

/// The records of one of sled's blocks; all of them are short.
fn unpack(mut block: &[u8]) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let (mut records, mut key) = (BTreeMap::new(), Vec::new());
    while let [shared, own, rest @ ..] = block {
        key.truncate(usize::from(*shared));
        let (own, rest) = rest.split_at(usize::from(*own));
        key.extend_from_slice(own);
        let (value, rest) = rest[1..].split_at(usize::from(rest[0]));
        records.insert(key.clone(), value.to_vec());
        block = rest;
    }
    records
}

fn pack(records: &BTreeMap<Vec<u8>, Vec<u8>>) -> Vec<u8> {
    records
        .iter()
        .flat_map(|(key, value)| [&[0, key.len() as u8], &key[..], &[value.len() as u8], value].concat())
        .collect()
}

#[test]
fn after_the_machine_went_down_sled_is_not_trusted() {
    let dir = tempfile::tempdir().unwrap();
    written(dir.path(), 3);
    // Sled lost a block of records, as after a power cut; the store was open on an earlier boot.
    let tree = sled::open(dir.path().join("sled")).unwrap();
    tree.remove([1]).unwrap().unwrap();
    drop(tree);
    fs::write(dir.path().join("running"), "an earlier boot").unwrap();
    assert_holds(&open(dir.path()), 3);
    assert!(!dir.path().join("running").exists());
}
