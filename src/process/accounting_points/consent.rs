//! Whose consent a change of supplier rests on: that of whoever was to consume on its day when it was asked for.
//!
//! Source: market-roles 2.2, 2.7, 2.14.

use super::state::{AccountingPoint, Process, ProcessKind, Status};

impl AccountingPoint {
    /// The changes of supplier yet to happen whose customer was to come, or has come, with this move-in.
    pub fn resting_on(&self, move_in: &str) -> Vec<&Process> {
        let changes = self.open().into_iter().filter(|it| it.kind == ProcessKind::ChangeOfSupplier);
        changes.filter(|it| self.consent(it).is_some_and(|consent| consent.id == move_in)).collect()
    }

    /// The last move-in before its day that was known of when it was asked for; nothing where its customer was there before any.
    /// With one that is withdrawn or reversed later, what rests on it goes as well.
    fn consent(&self, change: &Process) -> Option<&Process> {
        let known = |it: &&Process| it.number < change.number && it.effective <= change.effective;
        let moves = self.processes.values().filter(|it| it.kind == ProcessKind::MoveIn && known(it));
        let there = moves.filter(|it| it.status != Status::Cancelled && !self.is_reversed(it));
        there.max_by_key(|it| (it.effective, it.number))
    }
}
