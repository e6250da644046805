//! Timers on the road: in due order, each as of its own instant, once.

mod beside;
mod bundles;
mod clock;
mod depth;
mod disk;
mod dry_run;
mod expiry;
mod lobby;
mod named;
mod parking;
mod parts;
mod peeks;
mod quarantine;
mod related;
mod retention;
mod search;

use std::sync::{Arc, OnceLock};

use super::*;
use crate::process::{Context, Decision, Duty, Pack, Timer};
use crate::record::{Change, Space};
use crate::store::Memory;

/// What the duties below write: what happened, in the order of commits.
const DIARY: Space = Space(99);

/// Writes its note into the diary; a note `again:90` sets another timer so many seconds after the first, and `here:3`
/// sets the same one anew at the same instant, that often, and writes the id that a document of it would have.
struct Write {
    timer: Timer,
}

const WRITE: timer::Kind = timer::Kind { name: "write", rank: 5, duty: |timer| write(timer) };
const WRITE_FIRST: timer::Kind = timer::Kind { name: "write first", rank: 1, duty: |timer| write(timer) };
const PANIC: timer::Kind = timer::Kind { name: "panic", rank: 0, duty: |_| panic!("a duty that cannot be read") };
const TORN: timer::Kind = timer::Kind { name: "torn", rank: 0, duty: |_| Box::new(Torn) };
const KINDS: [&timer::Kind; 4] = [&WRITE, &WRITE_FIRST, &PANIC, &TORN];

fn write(timer: &Timer) -> Box<dyn Duty> {
    Box::new(Write { timer: timer.clone() })
}

impl Duty for Write {
    fn needs(&self, _: &Context) -> Needs {
        Needs::default().key(self.timer.turn.clone())
    }

    fn decide(&self, _: &Facts, context: &Context) -> Decision {
        let note = String::from_utf8_lossy(&self.timer.note).into_owned();
        let mut line = format!("{} {} {note}", context.now, self.timer.id);
        let times = note.strip_prefix("here:").and_then(|times| times.parse::<u8>().ok());
        if let Some(times) = times {
            line = format!("{line} {}", context.id(&["document"]));
            let decision = Decision::default().change(Change::Put(Key::new(DIARY).stamp(), line.into()));
            let again = self.timer.clone().note(format!("here:{}", times.saturating_sub(1)));
            return if times == 0 { decision } else { decision.change_all(again.set(context)) };
        }
        let decision =
            Decision::default().change(Change::Put(Key::new(DIARY).stamp().text(&self.timer.id), line.into()));
        match note.strip_prefix("again:").and_then(|seconds| seconds.parse::<i64>().ok()) {
            Some(seconds) => {
                let due = Timestamp::from_micros(context.now.micros() + seconds * 1_000_000);
                decision
                    .change_all(Timer::new(&WRITE, due, self.timer.turn.clone(), "again").note("later").set(context))
            }
            None => decision,
        }
    }
}

/// Looks at a record that is put down by somebody else meanwhile, and takes it for granted.
struct Torn;

/// Where that happens.
static BESIDE: OnceLock<Arc<Memory>> = OnceLock::new();

impl Duty for Torn {
    fn needs(&self, _: &Context) -> Needs {
        Needs::default().key(Key::new(DIARY))
    }

    fn decide(&self, facts: &Facts, _: &Context) -> Decision {
        if facts.get(&Key::new(DIARY)).is_none() {
            let mut batch = Batch::default();
            batch.put(Key::new(DIARY), "it is there");
            BESIDE.get().unwrap().commit(batch).unwrap();
            panic!("it is not there");
        }
        Decision::default()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

fn timer(kind: &timer::Kind, due: i64, turn: &str, id: &str, note: &str) -> Timer {
    Timer::new(kind, at(due), Key::new(Space(98)).text(turn), id).note(note.as_bytes().to_vec())
}

fn open(store: &Arc<Memory>, clock: Clock) -> Gateway {
    open_with(process::errands().collect(), store, clock)
}

fn open_with(errands: desk::Errands, store: &Arc<Memory>, clock: Clock) -> Gateway {
    let settings = Settings { undecided_max: 10, ..Settings::default() };
    let timers = KINDS.map(|kind| (Pack::DK, kind)).to_vec();
    Gateway::open_with((timers, errands), store.clone(), Arc::new(Specs::default()), settings, clock).unwrap()
}

async fn set(gateway: &Gateway, timers: &[Timer]) {
    let mut batch = Batch::default();
    batch.put_all(timers.iter().flat_map(|timer| timer.set_because(timer.cause())));
    gateway.write(batch).await.unwrap();
    gateway.settled().await.unwrap();
}

fn diary(gateway: &Gateway) -> Vec<String> {
    let page = gateway.store.page(&KeyRange::under(&Key::new(DIARY)), None, 100_000).unwrap();
    page.records.iter().map(|(_, entry)| String::from_utf8_lossy(&entry.value).into_owned()).collect()
}

#[tokio::test]
async fn what_is_due_happens_in_due_order_each_as_of_its_own_instant() {
    let store = Arc::new(Memory::default());
    let gateway = open(&store, Clock::standing_at(at(0)));
    set(
        &gateway,
        &[
            timer(&WRITE, 3600, "b", "b", ""),
            timer(&WRITE, 60, "a", "a", "again:90"),
            timer(&WRITE_FIRST, 3600, "c", "c", ""),
            timer(&WRITE, 7200, "a", "too late", ""),
        ],
    )
    .await;
    assert_eq!(diary(&gateway), [""; 0]);
    gateway.pass_time(at(3600)).await.unwrap();
    let expected = [
        "1970-01-01T00:01:00Z a again:90",
        "1970-01-01T00:02:30Z again later",
        "1970-01-01T01:00:00Z c ",
        "1970-01-01T01:00:00Z b ",
    ];
    assert_eq!(diary(&gateway), expected);
    gateway.pass_time(at(7199)).await.unwrap();
    assert_eq!(diary(&gateway).len(), 4);
    gateway.pass_time(at(7200)).await.unwrap();
    assert_eq!(diary(&gateway).len(), 5);
}

#[tokio::test]
async fn a_timer_set_anew_at_the_instant_at_which_it_runs_runs_again_and_sends_other_documents() {
    let gateway = open(&Arc::new(Memory::default()), Clock::standing_at(at(0)));
    set(&gateway, &[timer(&WRITE, 5, "a", "a", "here:3")]).await;
    gateway.pass_time(at(5)).await.unwrap();
    let diary = diary(&gateway);
    let notes: Vec<&str> = diary.iter().map(|line| line.split(' ').nth(2).unwrap()).collect();
    assert_eq!(notes, ["here:3", "here:2", "here:1", "here:0"]);
    let ids: std::collections::BTreeSet<&str> = diary.iter().map(|line| line.split(' ').nth(3).unwrap()).collect();
    assert_eq!(ids.len(), 4, "{diary:#?}");
}

#[tokio::test]
async fn what_fell_due_while_the_house_was_closed_happens_once_it_opens() {
    let store = Arc::new(Memory::default());
    let gateway = open(&store, Clock::standing_at(at(0)));
    set(&gateway, &[timer(&WRITE, 60, "a", "a", ""), timer(&WRITE, 50, "b", "b", "")]).await;
    drop(gateway);
    let gateway = open(&store, Clock::running_from(at(1_000)));
    gateway.settled().await.unwrap();
    assert_eq!(diary(&gateway), ["1970-01-01T00:00:50Z b ", "1970-01-01T00:01:00Z a "]);
    drop(gateway);
    let gateway = open(&store, Clock::standing_at(at(1_000)));
    gateway.settled().await.unwrap();
    assert_eq!(diary(&gateway).len(), 2, "nothing happens twice");
}

#[tokio::test]
async fn a_running_clock_needs_nobody_to_move_it() {
    let gateway = open(&Arc::new(Memory::default()), Clock::running_from(at(0)));
    let due = Timestamp::from_micros(gateway.now().micros() + 50_000);
    let mut soon = timer(&WRITE, 0, "a", "a", "");
    soon.due = due;
    set(&gateway, &[soon]).await;
    for _ in 0..500 {
        if !diary(&gateway).is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the timer did not go off");
}

#[tokio::test]
async fn many_timers_of_one_instant_are_all_decided() {
    let gateway = open(&Arc::new(Memory::default()), Clock::standing_at(at(0)));
    let timers: Vec<Timer> = (0..1_000).map(|n| timer(&WRITE, 5, &format!("{n:04}"), &format!("{n:04}"), "")).collect();
    set(&gateway, &timers).await;
    gateway.pass_time(at(5)).await.unwrap();
    let diary = diary(&gateway);
    assert!(diary.len() == 1_000 && diary.is_sorted());
}

#[tokio::test]
async fn a_timer_that_cannot_be_decided_is_parked_and_the_others_go_on() {
    let gateway = open(&Arc::new(Memory::default()), Clock::standing_at(at(0)));
    let cancelled = timer(&WRITE, 3, "a", "cancelled", "");
    set(&gateway, &[timer(&PANIC, 1, "a", "x", ""), timer(&WRITE, 2, "a", "a", ""), cancelled.clone()]).await;
    let mut batch = Batch::default();
    batch.put_all(cancelled.cancel());
    gateway.write(batch).await.unwrap();
    gateway.pass_time(at(5)).await.unwrap();
    assert_eq!(diary(&gateway), ["1970-01-01T00:00:02Z a "]);
    let checks = gateway.health().checks;
    let timers = checks.iter().find(|(name, _)| name == "timers").unwrap();
    assert!(timers.1.as_ref().is_err_and(|said| said.starts_with("1 parked")), "{checks:?}");
}

#[test]
fn every_kind_of_timer_has_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = process::timers().map(|(_, kind)| kind.name).collect();
    assert_eq!(names.len(), process::timers().count());
}

/// A timer in hand that somebody else has set anew is found once more, also where those behind it were handed in meanwhile.
#[tokio::test]
async fn a_timer_that_is_set_anew_while_it_is_in_hand_runs_as_it_was_set_last() {
    let gateway = open(&Arc::new(Memory::default()), Clock::standing_at(at(0)));
    let many = |note: &str| -> Vec<Timer> {
        (0..600).map(|n| timer(&WRITE, 5, &format!("{:02}", n % 50), &format!("{n:04}"), note)).collect()
    };
    set(&gateway, &many("first")).await;
    let write_again = async {
        let mut batch = Batch::default();
        batch.put_all(many("again").iter().step_by(3).flat_map(|timer| timer.set_because(timer.cause())));
        gateway.write(batch).await.unwrap();
    };
    let (passed, ()) = tokio::join!(gateway.pass_time(at(5)), write_again);
    passed.unwrap();
    gateway.pass_time(at(5)).await.unwrap();
    let diary = diary(&gateway);
    for n in 0..600 {
        let of_it: Vec<&String> = diary.iter().filter(|line| line.contains(&format!(" {n:04} "))).collect();
        let last = of_it.last().unwrap();
        assert!(n % 3 != 0 || last.ends_with("again"), "{of_it:?}");
        assert!(of_it.len() <= 2 && (n % 3 == 0 || of_it.len() == 1), "{of_it:?}");
    }
}
