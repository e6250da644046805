//! Retention day by day: it goes on where it stopped, costs what has become old, and lets go of nothing that must stay.

use std::cell::Cell;
use std::collections::BTreeMap;

use super::*;
use crate::archive::{AuditEntry, Hold, LetGo, LogEntry, Policy, Position, audit_after};
use crate::market::{ActorNumber, ActorRole, Calendar, Party};
use crate::store::{Embedded, Options, let_go_range};

const SUMMER_2023: &str = "2023-08-01T09:00:00Z";

fn instant(text: &str) -> Timestamp {
    Timestamp::parse_date_time(text).unwrap()
}

struct House {
    disk: Arc<Embedded>,
    gateway: Gateway,
    _dir: tempfile::TempDir,
}

impl House {
    async fn open() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // A segment for each frame.
        let options = Options { segment_bytes_max: 1, ..Options::default() };
        let disk = Arc::new(Embedded::open(&dir.path().join("store"), options).unwrap());
        let settings = Settings { undecided_max: 1_000, ..Settings::default() };
        let clock = Clock::standing_at(instant(SUMMER_2023));
        let gateway = Gateway::open(disk.clone(), Arc::new(crate::document::built_in()), settings, clock).unwrap();
        world::World::toy().settle_in(&gateway).await.unwrap();
        Self { disk, gateway, _dir: dir }
    }

    /// A grid company makes a charge known, which all suppliers are told.
    async fn announce(&self, charge: &str, effective: &str) {
        let sample = include_str!("../../../samples/charges/C1-create/01-in.xml");
        let body = sample.replace("TARIFF-1", charge).replace("T-1", charge).replace("DOC-1", charge);
        let body = body.replace("2023-08-31T22:00:00Z", effective);
        self.gateway.receive_from_its_sender(body.into_bytes().into(), charge).await.unwrap();
        self.gateway.settled().await.unwrap();
    }

    /// Everybody fetches everything.
    async fn fetch(&self) {
        for owner in self.gateway.owners_of_post().unwrap() {
            while let Some(next) = self.gateway.peek(&owner, None, self.gateway.now()).await.unwrap() {
                self.gateway.dequeue(&owner, &next.message_id, self.gateway.now()).await.unwrap();
            }
        }
        self.close_segment().await;
    }

    /// The journal goes on, so that nothing of what came before stands in its last segment.
    async fn close_segment(&self) {
        let mut batch = Batch::default();
        batch.put(Key::new(Space(250)), "later");
        self.gateway.write(batch).await.unwrap();
    }

    /// Runs retention as of an instant for so many pieces of one body each.
    fn run(&self, now: &str, pieces: usize, policy: &Policy) -> Done {
        let catalogue = self.gateway.catalogue();
        let retention = retention(&catalogue, policy, now);
        let left = Cell::new(pieces);
        let may_go_on = || {
            let may = left.get() > 0;
            left.set(left.get().saturating_sub(1));
            may
        };
        let audit = |target| AuditEntry {
            at: instant(now),
            party: Party { number: ActorNumber::new("user:x"), role: ActorRole::MeteringPointAdministrator },
            activity: "retention".into(),
            target,
            status: 200,
            correlation_id: String::new(),
        };
        Rounds { retention: &retention, disk: &self.disk, audit: &audit, piece: 1 }.run(&may_go_on).unwrap()
    }

    /// Runs retention until there is nothing more to do, with a stop behind each few pieces. What all runs came to.
    fn run_all(&self, now: &str, policy: &Policy) -> Done {
        let mut all = Done::default();
        for _ in 0..1_000 {
            let done = self.run(now, 4, policy);
            all.scanned += done.scanned;
            all.removed += done.removed;
            all.failed += done.failed;
            all.finished = done.finished;
            if done.finished {
                return Done { removed_bytes: 0, freed_bytes: 0, ..all };
            }
        }
        panic!("it never comes to an end: {all:?}");
    }

    /// Documents whose bytes are there, and those whose are not.
    fn documents(&self) -> (Vec<LogEntry>, Vec<LogEntry>) {
        let catalogue = self.gateway.catalogue();
        let all = catalogue.search(&Search::default()).unwrap().documents;
        let is_there =
            |(position, entry): &(Position, LogEntry)| catalogue.body(position.place.commit, entry).unwrap().is_some();
        let (there, gone): (Vec<_>, Vec<_>) = all.into_iter().partition(is_there);
        let entries = |of: Vec<(Position, LogEntry)>| of.into_iter().map(|(_, entry)| entry).collect();
        (entries(there), entries(gone))
    }

    fn audited(&self) -> Vec<String> {
        let range = audit_after(0);
        let trail =
            crate::store::records(&*self.disk, &range, 100).map(|it| AuditEntry::from_entry(&it.unwrap().1).unwrap());
        trail.filter(|entry| entry.activity == "retention").map(|entry| entry.target).collect()
    }
}

fn retention<'a>(catalogue: &'a Catalogue<'a>, policy: &'a Policy, now: &str) -> Retention<'a> {
    Retention { catalogue, policy, calendar: Calendar::new(chrono_tz::Europe::Copenhagen), now: instant(now) }
}

fn three_years() -> Policy {
    Policy { years: 3, documents: BTreeMap::new() }
}

#[tokio::test]
async fn retention_goes_on_where_it_stopped_and_looks_at_nothing_twice() {
    let house = House::open().await;
    let policy = three_years();
    house.announce("A", "2023-08-31T22:00:00Z").await;
    house.fetch().await;
    house.gateway.pass_time(instant("2025-08-01T09:00:00Z")).await.unwrap();
    house.announce("B", "2025-08-31T22:00:00Z").await;
    house.fetch().await;
    let all = house.documents().0.len() as u64;

    let led_to = || {
        let catalogue = house.gateway.catalogue();
        let (request, _) = catalogue.find("A", None).unwrap().unwrap();
        catalogue.related(request.place, None).unwrap().len()
    };
    let related = led_to();
    assert!(related > 1, "a confirmation and notices");

    assert_eq!(house.run("2027-01-02T02:00:00Z", 0, &policy), Done::default(), "it is told to stop at once");
    assert_eq!(house.documents().1, []);
    let first_year = house.run_all("2027-01-02T02:00:00Z", &policy);
    let gone = house.documents().1;
    assert!(!gone.is_empty() && gone.iter().all(|entry| entry.at < instant("2024-01-01T00:00:00Z")));
    assert_eq!((first_year.removed, first_year.scanned), (gone.len() as u64, gone.len() as u64), "{first_year:?}");
    assert_eq!(led_to(), related, "also of what is gone it is known what it led to");
    let told = house.audited();
    let counted = told.iter().map(|target| target.split(' ').next().unwrap().parse::<u64>().unwrap()).sum::<u64>();
    assert!(told.len() > 1 && counted == first_year.removed, "{told:?}");

    // Nothing has become old since.
    house.close_segment().await;
    let nothing = Done { finished: true, ..Done::default() };
    assert_eq!(house.run_all("2027-06-01T02:00:00Z", &policy), nothing);
    assert_eq!(house.audited(), told);
    let second_year = house.run_all("2029-01-02T02:00:00Z", &policy);
    assert_eq!((second_year.removed, second_year.scanned), (all - first_year.removed, all - first_year.removed));
    assert_eq!(house.documents().0, []);

    // Another policy begins again, and finds nothing that is still there.
    let shorter = Policy { years: 0, ..three_years() };
    assert_eq!(house.run_all("2029-01-02T02:00:00Z", &shorter).removed, 0);
}

#[tokio::test]
async fn what_must_stay_is_looked_at_by_each_run_until_it_may_go() {
    let house = House::open().await;
    let policy = Policy { years: 0, documents: BTreeMap::from([("ConfirmRequestChangeOfPriceList".to_string(), 5)]) };
    house.announce("A", "2023-08-31T22:00:00Z").await;
    let hold = Hold {
        name: "case 7".into(),
        reason: "a court asks".into(),
        criteria: BTreeMap::from([("messageId", "A".to_string())]),
        from: Timestamp::from_micros(i64::MIN),
        to: Timestamp::OPEN_END,
        placed: house.gateway.now(),
        lifted: None,
    };
    let mut batch = Batch::default();
    batch.put_all([hold.put()]);
    house.gateway.write(batch).await.unwrap();
    house.close_segment().await;
    let all = house.documents().0.len() as u64;
    let whole = |now| {
        let done = house.run(now, usize::MAX, &policy);
        assert_eq!((done.finished, done.failed), (true, 0), "{done:?}");
        (done.scanned, done.removed, done.unfetched, done.held)
    };
    // The confirmation shares its body with the notices.
    assert_eq!(whole("2024-01-02T02:00:00Z"), (all, 0, 0, 1));
    assert_eq!(whole("2024-01-02T02:00:01Z"), (1, 0, 0, 1), "what is young is not looked at before its time");
    let lifted = Hold { lifted: Some(house.gateway.now()), ..hold };
    let mut batch = Batch::default();
    batch.put_all([lifted.put()]);
    house.gateway.write(batch).await.unwrap();
    house.close_segment().await;
    assert_eq!(whole("2024-01-03T02:00:00Z"), (1, 1, 0, 0));
    assert_eq!(whole("2029-01-02T02:00:00Z"), (all - 1, 0, all - 1, 0), "nobody has fetched them");
    assert_eq!(whole("2029-01-03T02:00:00Z"), (all - 1, 0, all - 1, 0));
    house.fetch().await;
    let bundles = house.documents().0.len() as u64 - (all - 1);
    assert_eq!(whole("2029-01-04T02:00:00Z"), (all - 1 + bundles, all - 1 + bundles, 0, 0));
    assert_eq!(house.documents().0, []);
    assert_eq!(whole("2029-01-05T02:00:00Z"), (0, 0, 0, 0));
}

#[tokio::test]
async fn what_an_interrupted_run_let_go_is_erased_by_the_next() {
    let house = House::open().await;
    let policy = three_years();
    house.announce("A", "2023-08-31T22:00:00Z").await;
    house.fetch().await;
    let now = "2027-01-02T02:00:00Z";
    let let_go = |some: usize| {
        let catalogue = house.gateway.catalogue();
        let retention = retention(&catalogue, &policy, now);
        let mut expired = Vec::new();
        let mut found = |it| {
            expired.push(it);
            Ok(())
        };
        retention.look_through(&mut found).unwrap();
        retention.let_go(&expired[..some], Vec::new()).unwrap();
        expired[..some].iter().map(|it| it.documents.len()).sum::<usize>()
    };
    // A run of a store from before it was remembered what is to be erased.
    let first = let_go(1);
    let mut batch = Batch::default();
    for record in crate::store::records(&*house.disk, &crate::archive::erasing_range(), 10) {
        batch.delete(record.unwrap().0);
    }
    house.gateway.write(batch).await.unwrap();
    house.close_segment().await;
    assert_eq!(house.documents().1, [], "it was let go, and its bytes are there");
    assert_eq!(house.run(now, 0, &policy), Done::default());
    assert_eq!(house.documents().1, [], "it was told to stop before");
    house.run(now, 1, &policy);
    assert_eq!(house.documents().1.len(), first);
    let second = let_go(1);
    house.close_segment().await;
    house.run(now, 0, &policy);
    assert_eq!(house.documents().1.len(), first + second, "what is written down is erased whatever time there is");
    house.run_all(now, &policy);
    assert_eq!(house.documents().0, []);
    let range = let_go_range();
    let logged = crate::store::records(&*house.disk, &range, 10).map(|it| LetGo::from_entry(&it.unwrap().1).unwrap());
    assert_eq!(logged.inspect(|why| assert_eq!(why.years, 3)).count(), 2);
}

/// A notice on the legal date names no transaction of the request's: a timer that the request has set is all that links them.
#[tokio::test]
async fn what_belongs_to_a_request_is_found_from_every_side_when_all_bytes_are_gone() {
    let house = House::open().await;
    let request = include_str!("../../../samples/change-of-supplier/E03-from-request-to-effect/01-in.xml");
    house.gateway.receive_from_its_sender(request.into(), "c-1").await.unwrap();
    house.gateway.settled().await.unwrap();
    house.fetch().await;
    house.gateway.pass_time(instant("2023-10-05T00:00:00Z")).await.unwrap();
    house.fetch().await;

    let catalogue = house.gateway.catalogue();
    let all: Vec<_> = catalogue.search(&Search::default()).unwrap().documents;
    let names: Vec<_> = all.iter().map(|(_, entry)| (entry.document.as_str(), entry.correlation_id.as_str())).collect();
    assert_eq!(names.len(), 6, "{names:?}");
    assert!(names.contains(&("CharacteristicsOfACustomerAtAnAP", "c-1")), "no transaction of it is the request's");
    assert!(names.contains(&("GenericNotification", "c-1")), "{names:?}");
    let all_are_related = || {
        for (position, _) in &all {
            let related = catalogue.related(position.place, None).unwrap();
            let others = all.iter().filter(|(other, _)| other != position);
            assert!(related.iter().eq(others), "{position} and {related:#?}");
        }
    };
    all_are_related();
    house.close_segment().await;
    house.run_all("2030-01-02T02:00:00Z", &three_years());
    assert_eq!(house.documents().0, [], "all bytes are gone");
    all_are_related();

    // Each participant sees its own, on both sides.
    for (position, entry) in &all {
        let own = catalogue.related(position.place, Some(&entry.party)).unwrap();
        assert!(own.iter().all(|(_, it)| it.is_of(&entry.party)), "{own:#?}");
    }
}
