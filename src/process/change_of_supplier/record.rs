//! Courses as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::course::{Awaited, Course, Entry, Notice, Notified, Outcome, Sent, State};
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party, Timestamp};
use crate::process::accounting_points::ProcessKind;
use crate::record::{Key, Space, stored};

/// How far each process has come, by its id.
pub const COURSES: Space = Space(65);

const VERSION: u8 = 4;

pub fn key(process: &str) -> Key {
    Key::new(COURSES).text(process)
}

#[derive(Serialize, Deserialize)]
struct Stored {
    number: u64,
    point: String,
    kind: String,
    reason: String,
    effective: i64,
    requester: String,
    transaction_id: String,
    state: u8,
    cancelled: bool,
    dispatched: Vec<u8>,
    /// Of version 1, which knew one of each; since then lists stand behind it.
    awaited: Option<StoredAwaited>,
    notified: Option<(String, String)>,
    /// Point and customer to the supplier; former supplier's notice; grid told; customer to the grid.
    sent: (bool, bool, u8, bool, bool),
    story: Vec<(i64, String)>,
}

/// State, message id, end of patience.
type StoredAwaited = (u8, String, i64);
/// Role, number, record id.
type StoredNotified = (String, String, String);

pub fn write(course: &Course) -> Bytes {
    let sent = course.move_in;
    let notice = match sent.supplier_notice {
        Notice::NotNeeded => 0,
        Notice::Required => 1,
        Notice::WasNotified => 2,
    };
    let stored = Stored {
        number: course.number,
        point: course.point.to_string(),
        kind: course.kind.name().to_string(),
        reason: course.reason.clone(),
        effective: course.effective.micros(),
        requester: course.requester.to_string(),
        transaction_id: course.transaction_id.clone(),
        state: number(course.state),
        cancelled: course.outcome == Outcome::Cancelled,
        dispatched: course.dispatched.iter().map(|state| number(*state)).collect(),
        awaited: None,
        notified: None,
        sent: (sent.point_to_supplier, sent.customer_to_supplier, notice, sent.grid_notified, sent.customer_to_grid),
        story: course.story.iter().map(|entry| (entry.at.micros(), entry.what.clone())).collect(),
    };
    let awaited = course.awaited.iter().map(|it| (number(it.state), it.message_id.clone(), it.due.micros()));
    let notified = course.notified.iter().map(|Notified { party, record_id }| {
        (party.role.code().to_string(), party.number.to_string(), record_id.clone())
    });
    let (awaited, notified): (Vec<StoredAwaited>, Vec<StoredNotified>) = (awaited.collect(), notified.collect());
    stored::write(
        VERSION,
        &(stored, awaited, notified, course.order.as_deref(), (course.consumer_told.as_deref(), course.announced)),
    )
}

/// What version 4 keeps: behind the order stands of which consumer the new supplier was told, and whether the house was told.
type All = (Stored, Vec<StoredAwaited>, Vec<StoredNotified>, Option<String>, (Option<String>, bool));

/// Version 3 knew no such consumer, version 2 no order. Of what version 1 kept, the one document and the one supplier are the first of their lists.
fn read_stored(bytes: &[u8]) -> Option<All> {
    if let Some(found) = stored::read(VERSION, bytes) {
        return Some(found);
    }
    if let Some((found, awaited, notified, order)) = stored::read(3, bytes) {
        let told = (None, announces(&found));
        return Some((found, awaited, notified, order, told));
    }
    if let Some((found, awaited, notified)) = stored::read(2, bytes) {
        let told = (None, announces(&found));
        return Some((found, awaited, notified, None, told));
    }
    let mut found: Stored = stored::read(1, bytes)?;
    let awaited = found.awaited.take().into_iter().collect();
    let role = ActorRole::EnergySupplier.code().to_string();
    let notified = found.notified.take().map(|(supplier, record_id)| (role, supplier, record_id));
    let told = (None, announces(&found));
    Some((found, awaited, notified.into_iter().collect(), None, told))
}

/// Before version 4 everything counted as told but a forced change of which nobody had been told.
fn announces(found: &Stored) -> bool {
    found.kind != ProcessKind::ForcedSupplierChange.name() || found.state != number(State::NotStarted)
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a course.
pub fn read(process: &str, bytes: &[u8]) -> Course {
    let (found, awaited, notified, order, (consumer_told, announced)) =
        read_stored(bytes).expect("a stored course is read back");
    let state = |number: u8| State::ALL[usize::from(number)];
    let (point_to_supplier, customer_to_supplier, notice, grid_notified, customer_to_grid) = found.sent;
    let supplier_notice = match notice {
        0 => Notice::NotNeeded,
        1 => Notice::Required,
        _ => Notice::WasNotified,
    };
    let kind = ProcessKind::ALL.into_iter().find(|kind| kind.name() == found.kind);
    Course {
        process: process.to_string(),
        number: found.number,
        point: MeteringPointId::new(found.point),
        kind: kind.expect("a stored kind is known"),
        reason: found.reason,
        effective: Timestamp::from_micros(found.effective),
        requester: ActorNumber::new(found.requester),
        transaction_id: found.transaction_id,
        order,
        state: state(found.state),
        outcome: if found.cancelled { Outcome::Cancelled } else { Outcome::Accepted },
        dispatched: found.dispatched.into_iter().map(state).collect(),
        awaited: awaited
            .into_iter()
            .map(|(of, message_id, due)| Awaited { state: state(of), message_id, due: Timestamp::from_micros(due) })
            .collect(),
        notified: notified.into_iter().map(read_notified).collect(),
        move_in: Sent { point_to_supplier, customer_to_supplier, supplier_notice, grid_notified, customer_to_grid },
        announced,
        consumer_told,
        story: found.story.into_iter().map(|(at, what)| Entry { at: Timestamp::from_micros(at), what }).collect(),
    }
}

fn read_notified((role, number, record_id): StoredNotified) -> Notified {
    let role = ActorRole::from_code(&role).expect("a stored role is one that we know");
    Notified { party: Party { number: ActorNumber::new(number), role }, record_id }
}

/// Where a state stands in the list of all, which only ever grows at its end.
fn number(state: State) -> u8 {
    let place = State::ALL.iter().position(|each| *each == state).expect("the list is complete");
    u8::try_from(place).expect("the list is short")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that version 1 wrote: one document that is waited for, one supplier that was told.
    #[test]
    fn old_bytes_are_read() {
        let stored = Stored {
            number: 3,
            point: "5713".into(),
            kind: "ChangeOfSupplier".into(),
            reason: "E03".into(),
            effective: 7,
            requester: "1".into(),
            transaction_id: "t".into(),
            state: 2,
            cancelled: false,
            dispatched: vec![1],
            awaited: Some((2, "m".into(), 9)),
            notified: Some(("4".into(), "r".into())),
            sent: (true, false, 1, false, true),
            story: vec![(5, "x".into())],
        };
        let course = read("p", &stored::write(1, &stored));
        let due = Timestamp::from_micros(9);
        let state = State::AwaitingMeteringPointDetailsDispatch;
        assert_eq!(course.awaited, [Awaited { state, message_id: "m".into(), due }]);
        let party = Party { number: ActorNumber::new("4"), role: ActorRole::EnergySupplier };
        assert_eq!(course.notified, [Notified { party, record_id: "r".into() }]);
        assert_eq!(read("p", &write(&course)), course);
        let awaited: Vec<StoredAwaited> = vec![(2, "m".into(), 9)];
        let notified: Vec<StoredNotified> = vec![("DDQ".into(), "4".into(), "r".into())];
        let of_version_2 = (Stored { awaited: None, notified: None, ..stored }, awaited, notified);
        let course_of_version_2 = read("p", &stored::write(2, &of_version_2));
        assert_eq!(course_of_version_2, course);
        let (stored, awaited, notified) = of_version_2;
        let of_version_3 = stored::write(3, &(stored, awaited, notified, Some("o")));
        let ordered = Course { order: Some("o".into()), ..course };
        assert_eq!(read("p", &of_version_3), ordered);
        let told = Course { consumer_told: Some("c".into()), announced: false, ..ordered };
        assert_eq!(read("p", &write(&told)), told);
    }
}
