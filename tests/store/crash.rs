//! A real process is killed while it commits; and what else happens to an open store.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use gridpost::store::{Fault, verify};

use super::*;

/// Tells this executable that it is to be the child; holds the store's folder.
const CHILD_DIR: &str = "GRIDPOST_STORE_TEST_CHILD";

const SUBMITTERS: u64 = 8;

/// Not a test of its own: what the child runs. Every commit writes two records and a body, and is then printed.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
    let store = open(Path::new(&dir));
    thread::scope(|scope| {
        for _ in 0..SUBMITTERS {
            scope.spawn(|| {
                loop {
                    let mut batch = Batch::default();
                    batch.put(Key::new(SPACE).stamp(), "one half").put(Key::new(OTHER).stamp(), "other half");
                    batch.body(Key::new(OTHER).stamp(), "<document/>".repeat(50));
                    let number = version(store.commit(batch).unwrap());
                    println!("{ACKNOWLEDGED}{number}");
                }
            });
        }
    });
}

const ACKNOWLEDGED: &str = "acknowledged ";

fn start_child(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::child_that_commits_until_it_is_killed", "--nocapture"])
        .env(CHILD_DIR, dir)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Kills the child once it has acknowledged so many, and returns the highest number that it acknowledged.
fn kill_after(child: &mut Child, acknowledgements: usize) -> u64 {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut numbers = lines.filter_map(|line| line.split_once(ACKNOWLEDGED)?.1.parse::<u64>().ok());
    let seen = numbers.by_ref().take(acknowledgements).max().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    // What was printed before the kill was acknowledged, whether we had read it or not.
    numbers.max().unwrap_or(0).max(seen)
}

#[test]
fn whatever_was_acknowledged_survives_kill_9_and_nothing_is_half_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut before = 0;
    for round in 0..8_usize {
        let mut child = start_child(dir.path());
        let acknowledged = kill_after(&mut child, 50 + round * 211);
        assert!(acknowledged > before, "round {round}");
        let store = open(dir.path());
        let last = everything(&store).last().unwrap().1.version;
        assert!(last >= acknowledged, "round {round}: {acknowledged} was acknowledged, {last} is there");
        for number in before + 1..=last {
            let half = |space| store.get(&Key::new(space).number(number)).unwrap().unwrap();
            assert_eq!((half(SPACE).version, half(OTHER).version), (number, number));
            assert_eq!(store.body(&Key::new(OTHER).number(number)).unwrap().unwrap().len(), 550);
        }
        assert_eq!(everything(&store).len() as u64, last * 2);
        before = last;
    }
    let report = verify(dir.path(), &mut |_| {}).unwrap();
    assert_eq!((report.commits, report.problems.len()), (before, 0));
}

#[test]
fn a_second_opener_is_told_who_has_the_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let process = format!("process {}", std::process::id());
    for refused in [Embedded::open(dir.path(), options()).map(drop), verify(dir.path(), &mut |_| {}).map(drop)] {
        let fault = refused.unwrap_err();
        assert!(matches!(&fault, Fault::InUse { owner, .. } if *owner == process), "{fault}");
    }
    drop(store);
    open(dir.path());

    let mut child = start_child(dir.path());
    let owner = format!("process {}", child.id());
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    while !line.contains(ACKNOWLEDGED) {
        line.clear();
        output.read_line(&mut line).unwrap();
    }
    let fault = Embedded::open(dir.path(), options()).map(drop).unwrap_err();
    assert!(matches!(&fault, Fault::InUse { owner: told, .. } if *told == owner), "{fault}");
    child.kill().unwrap();
    child.wait().unwrap();
    open(dir.path());
}

#[test]
fn when_the_journal_cannot_be_written_nothing_more_is_acknowledged_and_reads_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    store.commit(put("a", "one")).unwrap();
    // The next segment has nowhere to go.
    std::fs::rename(dir.path().join("journal"), dir.path().join("elsewhere")).unwrap();
    let mut large = Batch::default();
    large.put(key("large"), vec![0; 5000]);
    assert_eq!(version(store.commit(large).unwrap()), 2);
    let fault = store.commit(put("b", "two")).unwrap_err();
    assert!(matches!(fault, Fault::Io { doing: "begin the journal segment", .. }), "{fault}");
    let fault = store.commit(put("c", "three")).unwrap_err();
    assert!(matches!(fault, Fault::Stopped { .. }), "{fault}");
    assert_eq!(everything(&store).len(), 2);
    drop(store);
    std::fs::rename(dir.path().join("elsewhere"), dir.path().join("journal")).unwrap();
    let store = open(dir.path());
    assert_eq!(version(store.commit(put("c", "three")).unwrap()), 3);
    assert_eq!(everything(&store).len(), 3);
}

#[test]
fn a_full_queue_says_busy_and_loses_nothing_that_it_took() {
    const QUEUE: usize = 4;
    let dir = tempfile::tempdir().unwrap();
    let store = Embedded::open(dir.path(), Options { queue_batches_max: QUEUE, ..options() }).unwrap();
    // The committer is held up in the first completion, so what follows has to wait.
    let (hold, held) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let stay = Box::new(move |_| {
        began.send(()).unwrap();
        held.recv().unwrap();
    });
    store.submit(put("held", ""), stay);
    begun.recv().unwrap();
    let (sender, receiver) = mpsc::channel();
    for number in 0..=QUEUE {
        let sender = sender.clone();
        store.submit(put(&number.to_string(), ""), Box::new(move |outcome| sender.send(outcome).unwrap()));
    }
    let fault = receiver.recv_timeout(Duration::from_secs(10)).unwrap().unwrap_err();
    assert!(matches!(fault, Fault::Busy { batches: QUEUE, .. }), "{fault}");
    hold.send(()).unwrap();
    let outcomes: Vec<_> = receiver.iter().take(QUEUE).map(|outcome| version(outcome.unwrap())).collect();
    assert_eq!(outcomes, [2, 3, 4, 5]);
    assert_eq!(store.get(&key(&QUEUE.to_string())).unwrap(), None);
}

#[test]
fn what_waits_when_the_store_is_dropped_is_still_committed() {
    let dir = tempfile::tempdir().unwrap();
    let (sender, receiver) = mpsc::channel();
    let store = open(dir.path());
    for number in 0..100 {
        let sender = sender.clone();
        store.submit(put(&number.to_string(), ""), Box::new(move |outcome| sender.send(outcome).unwrap()));
    }
    drop((store, sender));
    assert!(receiver.iter().all(|outcome| outcome.is_ok()));
    assert_eq!(everything(&open(dir.path())).len(), 100);
}

#[test]
fn a_completion_may_hold_the_last_handle_of_a_store() {
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(dir.path()));
    let (dropped, wait) = mpsc::channel::<()>();
    let (sender, receiver) = mpsc::channel();
    let last = store.clone();
    let done = move |outcome| {
        wait.recv().unwrap();
        drop(last);
        sender.send(outcome).unwrap();
    };
    store.submit(put("a", "one"), Box::new(done));
    drop(store);
    dropped.send(()).unwrap();
    assert_eq!(version(receiver.recv().unwrap().unwrap()), 1);
    // The threads let go of the folder on their own.
    let reopened = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        Embedded::open(dir.path(), options()).ok()
    });
    assert_eq!(everything(&reopened.unwrap()).len(), 1);
}

#[test]
fn a_store_that_cannot_be_made_says_so_in_words() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let fault = Embedded::open(&file, options()).map(drop).unwrap_err();
    assert_eq!(fault.to_string(), format!("make the folder {}", file.join("journal").display()));
    let fault = verify(&dir.path().join("nowhere"), &mut |_| {}).unwrap_err();
    assert!(fault.to_string().starts_with("find a store in"), "{fault}");
}
