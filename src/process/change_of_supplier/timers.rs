//! What the market roles have yet to do, and what it comes to when its time has come.
//!
//! Source: market-roles 2.2.2, 2.2.3, 2.5.2, 2.14, 6.7.

use super::course::{self, Awaited, Course, State};
use super::work::{self, Work};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::accounting_points::{self, ProcessKind};
use crate::process::timer::Kind;
use crate::process::{Context, Decision, Duty, Timer};
use crate::record::{Facts, Needs};

/// A change of supplier takes effect.
pub const SUPPLIER: Kind = Kind {
    name: "change-of-supplier",
    rank: ProcessKind::ChangeOfSupplier.rank(),
    duty: |timer| due(timer, Due::Effect),
};
/// A supply ends.
pub const END_OF_SUPPLY: Kind =
    Kind { name: "end-of-supply", rank: ProcessKind::EndOfSupply.rank(), duty: |timer| due(timer, Due::Effect) };
/// A customer moves out.
pub const MOVE_OUT: Kind =
    Kind { name: "move-out", rank: ProcessKind::MoveOut.rank(), duty: |timer| due(timer, Due::Effect) };
/// A move-in takes effect.
pub const MOVE_IN: Kind =
    Kind { name: "move-in", rank: ProcessKind::MoveIn.rank(), duty: |timer| due(timer, Due::Effect) };
/// A supplier takes over from another by force.
pub const FORCED: Kind = Kind {
    name: "forced-supplier-change",
    rank: ProcessKind::ForcedSupplierChange.rank(),
    duty: |timer| due(timer, Due::Effect),
};
/// A change of balance responsible party takes effect.
pub const BALANCE: Kind = Kind {
    name: "change-of-balance-responsible",
    rank: ProcessKind::ChangeOfBalanceResponsible.rank(),
    duty: |timer| due(timer, Due::Effect),
};
/// The current supplier is to be told that its supply stops: after whatever takes effect at the same instant.
pub const NOTICE: Kind = Kind { name: "current-supplier-notice", rank: 100, duty: |timer| due(timer, Due::Notice) };
/// A document was dequeued, or nobody waits for that any longer.
pub const PATIENCE: Kind = Kind { name: "dispatch-patience", rank: 110, duty: |timer| due(timer, Due::Dispatched) };
/// What is known of a customer goes to the grid company.
pub const GRACE: Kind = Kind { name: "customer-data-to-grid", rank: 120, duty: |timer| due(timer, Due::Grace) };
/// A former supplier has not said whether what it is told was wrong was wrong.
pub const SILENCE: Kind = Kind { name: "former-supplier-is-silent", rank: 130, duty: |timer| due(timer, Due::Silence) };

pub fn effect(course: &Course) -> Timer {
    let kind = match course.kind {
        ProcessKind::MoveIn => &MOVE_IN,
        ProcessKind::EndOfSupply => &END_OF_SUPPLY,
        ProcessKind::MoveOut => &MOVE_OUT,
        ProcessKind::ForcedSupplierChange => &FORCED,
        ProcessKind::ChangeOfBalanceResponsible => &BALANCE,
        _ => &SUPPLIER,
    };
    timer(kind, course.effective, course)
}

pub fn notice(course: &Course, due: Timestamp) -> Timer {
    timer(&NOTICE, due, course)
}

pub fn patience(course: &Course, message_id: &str, due: Timestamp) -> Timer {
    let mut timer = timer(&PATIENCE, due, course).note(message_id.as_bytes().to_vec());
    if course.kind == ProcessKind::ForcedSupplierChange {
        // It waits for several documents at a time.
        timer.id = format!("{}.{message_id}", timer.id);
    }
    timer
}

pub fn silence(course: &Course, due: Timestamp) -> Timer {
    timer(&SILENCE, due, course)
}

/// The timer for the end of what a process waits for.
pub fn awaited(course: &Course, awaited: &Awaited) -> Timer {
    match awaited.state {
        State::AwaitingFormerSupplierResponse => silence(course, awaited.due),
        _ => patience(course, &awaited.message_id, awaited.due),
    }
}

pub fn grace(course: &Course, due: Timestamp) -> Timer {
    timer(&GRACE, due, course)
}

fn timer(kind: &Kind, due: Timestamp, course: &Course) -> Timer {
    // Of two processes due at one instant in one rank, the one that was registered first goes first.
    let id = format!("{:010}.{}", course.number, course.process);
    Timer::new(kind, due, accounting_points::guard_key(&course.point), id)
}

enum Due {
    Effect,
    Notice,
    Dispatched,
    Grace,
    Silence,
}

/// Something about one process whose time has come.
struct Appointment {
    point: MeteringPointId,
    process: String,
    message_id: String,
    due: Due,
}

fn due(timer: &Timer, due: Due) -> Box<dyn Duty> {
    let point = timer.turn.reader().text().expect("the turn of such a timer is an accounting point");
    Box::new(Appointment {
        point: MeteringPointId::new(point),
        process: timer.id.split('.').nth(1).unwrap_or_default().to_string(),
        message_id: String::from_utf8_lossy(&timer.note).into_owned(),
        due,
    })
}

impl Duty for Appointment {
    fn needs(&self, _context: &Context) -> Needs {
        work::needs([&self.point]).and(course::needs_of(&self.process))
    }

    fn needs_more(&self, facts: &Facts, _context: &Context) -> Needs {
        work::needs_more(facts, [&self.point])
    }

    fn decide(&self, facts: &Facts, context: &Context) -> Decision {
        let mut work = Work::load(facts, context, [self.point.clone()], &[&self.process]);
        match self.due {
            Due::Effect => work.effectuate(&self.process),
            Due::Notice => work.advance(&self.process),
            Due::Dispatched => work.dispatched(&self.process, &self.message_id),
            Due::Grace => work.customer_to_grid(&self.process),
            Due::Silence => work.former_supplier_is_silent(&self.process),
        }
        work.finish()
    }
}
