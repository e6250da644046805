//! A store knows the latest instant that it has seen, and no clock goes behind that (design 6).

use super::bundles::{announces, house, supplier};
use super::*;
use crate::archive::{AuditEntry, BY_COMMAND};
use crate::market::ActorNumber;
use crate::post_office::Bounds;

fn seen(gateway: &Gateway) -> Option<Timestamp> {
    latest_seen(&**gateway.store()).unwrap()
}

#[tokio::test]
async fn a_store_has_seen_what_came_what_was_fetched_and_where_its_clock_was() {
    assert_eq!(latest_seen(&Memory::default()).unwrap(), None);
    let gateway = house(Bounds::default()).await;
    let noon = gateway.now();
    announces(&gateway, "A", &["A"]).await;
    assert_eq!(seen(&gateway), Some(noon));

    let later = |seconds: i64| Timestamp::from_micros(noon.micros() + seconds * 1_000_000);
    let by_command = ActorNumber::new(format!("{BY_COMMAND}root"));
    for (number, at, expected) in [(supplier().number, later(60), 60), (by_command, later(9_999), 60)] {
        let (activity, target) = ("something".to_string(), String::new());
        let party = Party { number, ..supplier() };
        let done = AuditEntry { at, party, activity, target, status: 200, correlation_id: String::new() };
        gateway.audit(&done).await.unwrap();
        assert_eq!(seen(&gateway), Some(later(expected)), "{done:?}");
    }

    gateway.pass_time(later(120)).await.unwrap();
    let peeked = gateway.peek(&supplier(), None, gateway.now()).await.unwrap().unwrap();
    assert_eq!(seen(&gateway), Some(later(120)));
    gateway.pass_time(later(180)).await.unwrap();
    gateway.dequeue(&supplier(), &peeked.message_id, gateway.now()).await.unwrap();
    assert_eq!(seen(&gateway), Some(later(180)));

    gateway.pass_time(later(240)).await.unwrap();
    gateway.write_down_the_clock().await.unwrap();
    assert_eq!(seen(&gateway), Some(later(240)));
    announces(&gateway, "B", &["B"]).await;
    assert_eq!(seen(&gateway), Some(later(240)));
}

#[test]
fn a_clock_goes_on_from_what_was_seen_where_that_is_later() {
    let rows = [(100, None, 100), (100, Some(99), 100), (100, Some(100), 100), (100, Some(101), 101)];
    for (starts, seen, expected) in rows {
        let clock = Clock::standing_at(at(starts)).not_before(seen.map(at));
        assert_eq!((clock.now(), clock.runs()), (at(expected), false), "{starts} {seen:?}");
        let running = Clock::running_from(at(starts)).not_before(seen.map(at));
        assert!(running.now() >= at(expected) && running.now() < at(expected + 60) && running.runs());
    }
}
