//! What turned out to be wrong is reversed: what it had registered counts for nothing any more, and what it had ended goes on,
//! unless something else has ended it on the same day.
//!
//! Nothing is erased. A reversed process stays completed, for so it was believed; that it is reversed is told by the
//! reallocation about it that was completed since. While a reallocation runs, everything else that is pending stands still.
//!
//! Source: market-roles 2.7, 2.8.

use super::state::{AccountingPoint, Dates, Process, ProcessKind, Status};
use crate::market::{ActorNumber, Timestamp};

/// What carrying out a reallocation has come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reversal {
    /// The processes that are reversed.
    pub reversed: Vec<String>,
    /// Whoever had reported them.
    pub from: ActorNumber,
    /// Whose supply goes on, if anybody's.
    pub to: Option<ActorNumber>,
    /// What has yet to happen and rests on what was wrong; it is to be withdrawn.
    pub lapsed: Vec<String>,
    /// What had been suspended and is pending again.
    pub back: Vec<String>,
}

impl AccountingPoint {
    /// What a reallocation for this reason is about: whatever the requester has completed on this day, and nobody has
    /// reversed since. Several where a secondary move-in followed on the day of another.
    pub fn reversible(&self, reason: &str, requester: &ActorNumber, effective: Timestamp) -> Vec<&Process> {
        let all = self.processes().into_iter();
        all.filter(|it| it.effective == effective && it.requester.as_ref() == Some(requester))
            .filter(|it| it.status == Status::Completed && is_about(reason, it.kind) && !self.is_reversed(it))
            .collect()
    }

    /// Whether a reallocation has undone it.
    pub fn is_reversed(&self, process: &Process) -> bool {
        self.processes.values().any(|it| {
            it.kind == ProcessKind::Reallocation
                && it.status == Status::Completed
                && it.number > process.number
                && it.effective == process.effective
                && it.requester == process.requester
                && is_about(&it.reason, process.kind)
        })
    }

    /// Whether anything else that touches the supply or the customer has taken effect after these.
    pub fn has_changed_since(&self, wrong: &[&Process]) -> bool {
        let place = |process: &Process| (process.effective, process.kind.rank(), process.number);
        let last = wrong.iter().map(|process| place(process)).max();
        self.processes.values().any(|it| {
            let is_change = !matches!(it.kind, ProcessKind::Reallocation | ProcessKind::ChangeOfBalanceResponsible);
            is_change && it.status == Status::Completed && Some(place(it)) > last && !self.is_reversed(it)
        })
    }

    /// Whose supply goes on when what a reallocation is about is undone: that of whoever it was taken from, unless it ended on
    /// that day all the same.
    pub fn former_supplier(&self, reason: &str, requester: &ActorNumber, at: Timestamp) -> Option<&ActorNumber> {
        let wrong = self.reversible(reason, requester, at);
        if !wrong.iter().any(|it| it.supply.is_some() || it.kind == ProcessKind::MoveOut && it.ends_supply) {
            return self.supplier_at(at);
        }
        let former = self.ended(at, |it| Some(it.supply.as_ref()?.dates))?;
        let former = &former.supply.as_ref()?.supplier;
        let ends = |it: &Process| it.kind.is_end() && it.ends_supply && it.requester.as_ref() == Some(former);
        (!self.is_left(&wrong, at, ends)).then_some(former)
    }

    /// The last of what has ended at `at`: behind it there may be what began on that day and came to nothing.
    fn ended(&self, at: Timestamp, dates_of: impl Fn(&Process) -> Option<Dates>) -> Option<&Process> {
        let is_ended = |it: &&Process| dates_of(it).is_some_and(|dates| dates.end == Some(at) && !dates.reversed);
        let ended = self.processes.values().filter(is_ended);
        ended.max_by_key(|it| (dates_of(it).and_then(|dates| dates.start), it.kind.rank(), it.number))
    }

    /// Whether something else of the day has happened, and is not undone with these.
    fn is_left(&self, wrong: &[&Process], at: Timestamp, which: impl Fn(&Process) -> bool) -> bool {
        let is_wrong = |id: &str| wrong.iter().any(|it| it.id == id);
        let mut others = self.processes.values().filter(|it| it.effective == at && !is_wrong(&it.id));
        others.any(|it| it.status == Status::Completed && which(it) && !self.is_reversed(it))
    }

    /// Suspends whatever else is pending, until the reallocation is over.
    pub fn suspend_for_reallocation(&mut self, reallocation: &str) -> Vec<String> {
        let mut suspended = Vec::new();
        let others = self.processes.values_mut().filter(|it| it.status == Status::Pending && it.id != reallocation);
        for process in others {
            (process.status, process.suspended_by) = (Status::Suspended, Some(reallocation.to_string()));
            suspended.push(process.id.clone());
        }
        suspended
    }

    /// Carries out a pending reallocation; nothing when there is none, so that it never happens twice.
    pub fn reverse(&mut self, reallocation: &str) -> Option<Reversal> {
        let process = self.processes.get(reallocation)?;
        if process.kind != ProcessKind::Reallocation || process.status != Status::Pending {
            return None;
        }
        let (at, reason, from) = (process.effective, process.reason.clone(), process.requester.clone()?);
        let to = self.former_supplier(&reason, &from, at).cloned();
        let wrong = self.reversible(&reason, &from, at);
        let moved_out_besides = self.is_left(&wrong, at, |it| it.kind == ProcessKind::MoveOut);
        let wrong: Vec<Process> = wrong.into_iter().cloned().collect();
        // The consent came from the customer that was wrong, whatever else keeps the change from happening.
        let resting = wrong.iter().flat_map(|it| self.resting_on(&it.id));
        let mut lapsed: Vec<String> = resting.map(|it| it.id.clone()).collect();
        self.update(reallocation, |process| process.status = Status::Completed);

        let moved_out = wrong.iter().any(|it| it.kind == ProcessKind::MoveOut);
        let supplies: Vec<Dates> = wrong.iter().filter_map(|it| Some(it.supply.as_ref()?.dates)).collect();
        let consumers: Vec<Dates> = wrong.iter().filter_map(|it| Some(it.consumer.as_ref()?.dates)).collect();
        for it in &wrong {
            self.update(&it.id, |process| {
                process.supply.iter_mut().for_each(|it| it.dates = it.dates.reversed());
                process.consumer.iter_mut().for_each(|it| it.dates = it.dates.reversed());
            });
        }
        if to.is_some() && (moved_out || !supplies.is_empty()) {
            let ended = self.ended(at, |it| Some(it.supply.as_ref()?.dates)).map(|it| it.id.clone());
            let reopen = |it: &mut Process| it.supply.as_mut().expect("it has one").dates.end = last_end(&supplies);
            ended.into_iter().for_each(|id| self.update(&id, reopen));
        }
        if !moved_out_besides && (moved_out || !consumers.is_empty()) {
            let ended = self.ended(at, |it| Some(it.consumer.as_ref()?.dates)).map(|it| it.id.clone());
            let reopen = |it: &mut Process| it.consumer.as_mut().expect("it has one").dates.end = last_end(&consumers);
            ended.into_iter().for_each(|id| self.update(&id, reopen));
        }

        let lost = to.as_ref() != Some(&from);
        let mut back = Vec::new();
        let stood_still = self.processes.values_mut().filter(|it| it.suspended_by.as_deref() == Some(reallocation));
        for it in stood_still.filter(|it| it.status == Status::Suspended) {
            if lapsed.contains(&it.id) {
                continue;
            }
            // The supply that it is about is not there.
            let is_of_own_supply = matches!(
                it.kind,
                ProcessKind::EndOfSupply | ProcessKind::MoveOut | ProcessKind::ChangeOfBalanceResponsible
            );
            if is_of_own_supply && lost && it.requester.as_ref() == Some(&from) {
                lapsed.push(it.id.clone());
            } else {
                (it.status, it.suspended_by) = (Status::Pending, None);
                back.push(it.id.clone());
            }
        }
        let reversed = wrong.into_iter().map(|it| it.id).collect();
        Some(Reversal { reversed, from, to, lapsed, back })
    }
}

impl Dates {
    /// It ends where it began, and counts for nothing.
    fn reversed(self) -> Self {
        Self { end: self.start, reversed: true, ..self }
    }
}

/// Whether a reallocation for this reason undoes processes of this kind.
fn is_about(reason: &str, kind: ProcessKind) -> bool {
    match reason {
        "D07" => kind == ProcessKind::ChangeOfSupplier,
        _ => matches!(kind, ProcessKind::MoveIn | ProcessKind::MoveOut),
    }
}

/// Until when the last of them held; nothing when it had no end.
fn last_end(dates: &[Dates]) -> Option<Timestamp> {
    let ends: Option<Vec<Timestamp>> = dates.iter().map(|it| it.end).collect();
    ends?.into_iter().max()
}
