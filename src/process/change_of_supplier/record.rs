//! Courses as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::course::{Awaited, Course, Entry, Notice, Notified, Outcome, Sent, State};
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::process::accounting_points::ProcessKind;
use crate::record::{Key, Space, stored};

/// How far each process has come, by its id.
pub const COURSES: Space = Space(65);

const VERSION: u8 = 1;

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
    awaited: Option<(u8, String, i64)>,
    notified: Option<(String, String)>,
    /// Point and customer to the supplier; former supplier's notice; grid told; customer to the grid.
    sent: (bool, bool, u8, bool, bool),
    story: Vec<(i64, String)>,
}

pub fn write(course: &Course) -> Bytes {
    let sent = course.move_in;
    let notice = match sent.supplier_notice {
        Notice::NotNeeded => 0,
        Notice::Required => 1,
        Notice::WasNotified => 2,
    };
    stored::write(
        VERSION,
        &Stored {
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
            awaited: course.awaited.as_ref().map(|it| (number(it.state), it.message_id.clone(), it.due.micros())),
            notified: course.notified.as_ref().map(|it| (it.supplier.to_string(), it.record_id.clone())),
            sent: (
                sent.point_to_supplier,
                sent.customer_to_supplier,
                notice,
                sent.grid_notified,
                sent.customer_to_grid,
            ),
            story: course.story.iter().map(|entry| (entry.at.micros(), entry.what.clone())).collect(),
        },
    )
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a course.
pub fn read(process: &str, bytes: &[u8]) -> Course {
    let found: Stored = stored::read(VERSION, bytes).expect("a stored course is read back");
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
        state: state(found.state),
        outcome: if found.cancelled { Outcome::Cancelled } else { Outcome::Accepted },
        dispatched: found.dispatched.into_iter().map(state).collect(),
        awaited: found.awaited.map(|(of, message_id, due)| Awaited {
            state: state(of),
            message_id,
            due: Timestamp::from_micros(due),
        }),
        notified: found
            .notified
            .map(|(supplier, record_id)| Notified { supplier: ActorNumber::new(supplier), record_id }),
        move_in: Sent { point_to_supplier, customer_to_supplier, supplier_notice, grid_notified, customer_to_grid },
        story: found.story.into_iter().map(|(at, what)| Entry { at: Timestamp::from_micros(at), what }).collect(),
    }
}

/// Where a state stands in the list of all, which only ever grows at its end.
fn number(state: State) -> u8 {
    let place = State::ALL.iter().position(|each| *each == state).expect("the list is complete");
    u8::try_from(place).expect("the list is short")
}
