//! What waits for somebody who has long been inactive leaves the queue, and nothing else does.

use super::bundles::{announces, house, supplier};
use super::registry::{ActorChange, Registration, Statement, plan};
use super::*;
use crate::archive::{AuditEntry, audit_after};
use crate::market::{ActorNumber, ActorRole, Party};
use crate::post_office::Bounds;
use crate::process::participants::{Participant, Status};

const DAY: i64 = 86_400;
const NOON: i64 = 1_690_891_200;

/// One run as of so many days behind noon, with a limit of thirty days: who has post, who of them is inactive, what has left.
fn run(gateway: &Gateway, day: i64, pieces: usize) -> (u64, u64, u64, bool) {
    let left = std::cell::Cell::new(pieces);
    let may_go_on = || left.replace(left.get().saturating_sub(1)) > 0;
    let audit = |target| AuditEntry {
        at: at(NOON + day * DAY),
        party: Party { number: ActorNumber::new("user:x"), role: ActorRole::MeteringPointAdministrator },
        activity: "expiry".into(),
        target,
        status: 200,
        correlation_id: String::new(),
    };
    let now = at(NOON + day * DAY);
    let done = Expiry { store: &*gateway.store, days: 30, now, audit: &audit, piece: 1 }.run(&may_go_on).unwrap();
    assert_eq!(done.failed, 0);
    (done.scanned, done.inactive, done.expired, done.finished)
}

async fn say(gateway: &Gateway, statement: &Statement) {
    let market = gateway.settings.markets.of(Pack::DK);
    let plan = plan(&*gateway.store, market, gateway.now(), statement).unwrap();
    gateway.write(plan.batch).await.unwrap();
}

async fn becomes(gateway: &Gateway, who: &Party, status: Status) {
    let id = who.number.to_string();
    let change = ActorChange { id, status: Some(status), ..ActorChange::default() };
    say(gateway, &Statement::Actor(change)).await;
}

fn status_of(gateway: &Gateway, id: &str) -> serde_json::Value {
    let catalogue = gateway.catalogue();
    let (position, entry) = catalogue.find(id, Some(&supplier())).unwrap().unwrap();
    assert!(catalogue.body(position.place.commit, &entry).unwrap().is_some(), "it stays in the archive");
    let row = catalogue.row(&position, &entry).unwrap();
    assert_eq!(catalogue.is_settled(position.place, &entry).unwrap(), row["delivery"]["status"] == "expired");
    row["delivery"].clone()
}

fn ids(gateway: &Gateway) -> Vec<String> {
    let terms = vec![crate::archive::Term::Party(supplier())];
    let found = gateway.catalogue().search(&Search { terms, ..Search::default() }).unwrap().documents;
    found.into_iter().map(|(_, entry)| entry.message_id).collect()
}

#[tokio::test]
async fn post_expires_when_its_receiver_has_been_inactive_for_so_many_days() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    let owners = gateway.owners_of_post().unwrap().len() as u64;
    assert_eq!(run(&gateway, 0, usize::MAX), (owners, 0, 0, true), "whoever is active keeps its post");
    assert_eq!(run(&gateway, 100, usize::MAX), (owners, 0, 0, true), "however old it is");
    for status in [Status::Passive, Status::New] {
        becomes(&gateway, &supplier(), status).await;
        assert_eq!(run(&gateway, 100, usize::MAX), (owners, 0, 0, true), "{status:?}");
    }
    becomes(&gateway, &supplier(), Status::Inactive).await;
    for day in [101, 102, 130] {
        assert_eq!(run(&gateway, day, usize::MAX), (owners, 1, 0, true), "day {day}");
    }
    // It was active in between, so the days begin again.
    becomes(&gateway, &supplier(), Status::Active).await;
    becomes(&gateway, &supplier(), Status::Inactive).await;
    for day in [131, 160] {
        assert_eq!(run(&gateway, day, usize::MAX), (owners, 1, 0, true), "day {day}");
    }
    assert_eq!(status_of(&gateway, &ids(&gateway)[0])["status"], "waiting");
    assert_eq!(run(&gateway, 161, 0), (0, 0, 0, false), "it is told to stop at once");
    // It stops between pieces, and the next run finds the rest.
    let expired: Vec<u64> = (1..100).map(|pieces| run(&gateway, 161, pieces).2).collect();
    assert!(expired.iter().all(|some| *some <= 1), "{expired:?}");
    let expired: u64 = expired.iter().sum();
    assert_eq!((expired, run(&gateway, 161, usize::MAX)), (2, (owners - 1, 0, 0, true)), "others keep theirs");
    for id in ids(&gateway) {
        let delivery = status_of(&gateway, &id);
        assert_eq!(
            (&delivery["status"], &delivery["expired"]),
            (&"expired".into(), &at(NOON + 161 * DAY).to_string().into())
        );
    }
    let range = audit_after(0);
    let trail = store::records(&*gateway.store, &range, 100).map(|it| AuditEntry::from_entry(&it.unwrap().1).unwrap());
    let told: Vec<String> = trail.filter(|it| it.activity == "expiry").map(|it| it.target).collect();
    let since = at(NOON + 131 * DAY);
    let expected = format!("1 documents of {}, inactive since {since} or longer", supplier());
    assert_eq!(told, [expected.clone(), expected]);

    becomes(&gateway, &supplier(), Status::Active).await;
    assert_eq!(gateway.peek(&supplier(), None, gateway.now()).await.unwrap(), None);
    for id in ids(&gateway) {
        assert_eq!(gateway.dequeue(&supplier(), &id, gateway.now()).await.unwrap(), post::Dequeued::Unknown);
    }
    announces(&gateway, "D-3", &["C"]).await;
    assert_eq!(
        gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap().records,
        1,
        "what comes is as ever"
    );
}

#[tokio::test]
async fn a_bundle_expires_with_what_stands_in_it() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    announces(&gateway, "D-2", &["B"]).await;
    let bundle = gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap().message_id;
    becomes(&gateway, &supplier(), Status::Deleted).await;
    run(&gateway, 0, usize::MAX);
    assert_eq!(run(&gateway, 30, usize::MAX).2, 1);
    let all = ids(&gateway);
    assert_eq!(all.len(), 3);
    for id in all {
        let delivery = status_of(&gateway, &id);
        let within = (id != bundle).then_some(&*bundle);
        assert_eq!((delivery["status"].as_str(), delivery["within"].as_str()), (Some("expired"), within));
        assert_eq!((&delivery["times"], &delivery["firstFormat"]), (&1.into(), &"xml".into()), "it had been shown");
    }
}

/// A number's queue as grid access provider is also that of its number as metered data responsible.
#[tokio::test]
async fn who_may_fetch_in_another_role_has_not_left_its_queue() {
    let gateway = house(Bounds::default()).await;
    announces(&gateway, "D-1", &["A"]).await;
    let grid = Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider };
    becomes(&gateway, &grid, Status::Inactive).await;
    let responsible = Participant {
        pack: Pack::DK,
        party: Party { role: ActorRole::MeteredDataResponsible, ..grid.clone() },
        name: "Grid".into(),
        status: Status::Active,
        actor_id: "another".into(),
        external_id: None,
        form: None,
    };
    let registration = Registration { participants: vec![responsible.into()], ..Registration::default() };
    say(&gateway, &Statement::Register(registration)).await;
    run(&gateway, 0, usize::MAX);
    assert_eq!(run(&gateway, 400, usize::MAX).2, 0);
    assert!(gateway.owners_of_post().unwrap().contains(&grid));
}
