//! What may happen to an accounting point: a process is registered, effectuated, cancelled, suspended, brought back.
//!
//! These functions keep the books and ask no rule. Whatever happens in whatever order, nobody is supplier beside another,
//! and no consumer beside another; what is over is closed, never erased.

use super::state::{AccountingPoint, Dates, Process, ProcessKind, Status};
use crate::market::{ActorNumber, Timestamp};

/// What effectuating a process has come to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Effect {
    /// Who supplies from the effective date on, where that is another than before.
    pub supplier: Option<ActorNumber>,
    /// Who supplied until then.
    pub previous: Option<ActorNumber>,
    /// What it has overtaken, ends of supply and move-outs; or itself where the supply that it is about is not
    /// there. They are cancelled.
    pub superseded: Vec<String>,
    /// Processes that it had suspended: they are cancelled.
    pub lapsed: Vec<String>,
    /// Processes that one of the cancelled ones had suspended, and forced changes that stood by for it: they are pending again.
    pub back: Vec<String>,
}

impl AccountingPoint {
    /// # Panics
    ///
    /// When there is a process of this id already: ids are made from the message that asked for it.
    pub fn register(&mut self, process: Process) {
        let number = self.processes.len() as u64;
        let before = self.processes.insert(process.id.clone(), Process { number, ..process });
        assert_eq!(before, None, "a process is registered once");
    }

    /// Carries out a pending process whose day has come; nothing when there is nothing to carry out, so that it never
    /// happens twice.
    pub fn effectuate(&mut self, id: &str, now: Timestamp) -> Option<Effect> {
        let process = self.processes.get(id).filter(|it| it.status == Status::Pending && it.effective <= now)?;
        let (kind, at) = (process.kind, process.effective);
        if kind.is_end() && self.is_overtaken(process) {
            return None;
        }
        if self.comes_to_nothing(process) {
            let back = self.cancel(id).expect("it is pending");
            return Some(Effect { superseded: vec![id.to_string()], back, ..Effect::default() });
        }
        let taker = process.supply.as_ref().map(|supply| supply.supplier.clone());
        self.update(id, |process| process.status = Status::Completed);
        let mut effect = Effect::default();
        if let Some(supply) = self.processes[id].supply.clone() {
            effect.previous = self.supplier_at(at).cloned();
            if effect.previous.as_ref() == Some(&supply.supplier) {
                // Its supply simply goes on.
                self.update(id, |process| process.supply = None);
                effect.previous = None;
            } else {
                let dates = self.make_room(at, |process| process.supply.as_mut().map(|it| &mut it.dates));
                self.update(id, |process| process.supply.as_mut().expect("it has one").dates = dates);
                effect.supplier = Some(supply.supplier);
            }
        }
        if self.processes[id].consumer.is_some() {
            let dates = self.make_room(at, |process| process.consumer.as_mut().map(|it| &mut it.dates));
            self.update(id, |process| process.consumer.as_mut().expect("it has one").dates = dates);
        }
        if let Some(balance) = self.processes[id].balance.clone() {
            let dates = self.make_room(at, |process| {
                let same = process.balance.as_mut().filter(|it| it.supplier == balance.supplier);
                same.map(|it| &mut it.dates)
            });
            self.update(id, |process| process.balance.as_mut().expect("it has one").dates = dates);
        }
        let this = self.processes[id].clone();
        // Of what stood by for it, it is asked anew whether it comes about.
        effect.lapsed = self.cancel_where(|it| {
            let stood_still = it.suspended_by.as_deref() == Some(id) && it.takes_over.is_none();
            it.status.is_open() && (stood_still || this.holds_back(it))
        });
        match kind {
            ProcessKind::EndOfSupply => effect.previous = self.end_supply(id, at),
            ProcessKind::MoveOut => {
                self.end_consumption(at);
                // The supply passes to whoever somebody moves in with on the same day.
                if self.takes_over(at, |kind| kind == ProcessKind::MoveIn) {
                    self.update(id, |process| process.ends_supply = false);
                } else if self.processes[id].ends_supply {
                    effect.previous = self.end_supply(id, at);
                }
            }
            _ if kind.brings_supplier() => effect.superseded = self.overtake(id, at, taker.as_ref()),
            _ => {}
        }
        for gone in effect.superseded.iter().chain(&effect.lapsed).map(String::as_str).chain([id]) {
            effect.back.extend(self.release(gone, None));
        }
        Some(effect)
    }

    /// Withdraws a process that has yet to happen, and brings back what it had suspended. Returns what came back; nothing
    /// when there was nothing to withdraw. What was itself suspended by a reallocation leaves to it what it had suspended.
    pub fn cancel(&mut self, id: &str) -> Option<Vec<String>> {
        let process = self.processes.get_mut(id).filter(|process| process.status.is_open())?;
        let still = process.suspended_by.clone();
        withdraw(process);
        let still = still.filter(|by| self.processes.get(by).is_some_and(|it| it.status.is_open()));
        Some(self.release(id, still))
    }

    /// Brings back what a process had suspended, or leaves it to another that goes on suspending it: to any other move-in that
    /// holds a change of supplier back. Returns what came back.
    fn release(&mut self, id: &str, still: Option<String>) -> Vec<String> {
        let mut back = Vec::new();
        let still = still.and_then(|by| self.processes.get(&by).cloned());
        let moves: Vec<Process> =
            self.open().into_iter().filter(|it| it.kind == ProcessKind::MoveIn && it.id != id).cloned().collect();
        let suspended = self.processes.values_mut().filter(|it| it.suspended_by.as_deref() == Some(id));
        for other in suspended.filter(|it| it.status == Status::Suspended) {
            let held_back = moves.iter().find(|it| it.holds_back(other)).map(|it| &it.id);
            let still = held_back.or_else(|| {
                let by = still.as_ref()?;
                if comes_before(by, other) { Some(&by.id) } else { by.suspended_by.as_ref() }
            });
            if still.is_some() {
                other.suspended_by = still.cloned();
            } else {
                (other.status, other.suspended_by) = (Status::Pending, None);
                back.push(other.id.clone());
            }
        }
        back
    }

    /// Suspends the changes of supplier that a move-in overtakes: those on its day and behind it. What another move-in has
    /// suspended already comes back only when neither is to come any more.
    pub fn suspend_for(&mut self, move_in: &str) -> Vec<String> {
        let this = self.processes[move_in].clone();
        let pending = self.processes.values_mut().filter(|it| it.status == Status::Pending);
        let mut suspended = Vec::new();
        for process in pending.filter(|it| this.holds_back(it)) {
            (process.status, process.suspended_by) = (Status::Suspended, Some(move_in.to_string()));
            suspended.push(process.id.clone());
        }
        suspended
    }

    /// Ends whatever holds at `at`, and says when something that begins there holds: until the next begins.
    fn make_room(&mut self, at: Timestamp, dates_of: impl Fn(&mut Process) -> Option<&mut Dates>) -> Dates {
        let mut end = None;
        for dates in self.processes.values_mut().filter_map(dates_of) {
            let Some(period) = dates.period() else { continue };
            if period.contains(at) {
                dates.end = Some(at);
            } else if period.start > at {
                end = Some(end.map_or(period.start, |end: Timestamp| end.min(period.start)));
            }
        }
        Dates { start: Some(at), end, reversed: false }
    }

    /// Whether whoever takes over at the same instant overtakes this end: not by a change that it was announced after, nor by
    /// force from somebody else. A move-out is overtaken by force alone, and not where somebody moves in on its day.
    fn is_overtaken(&self, end: &Process) -> bool {
        let moves_out = end.kind == ProcessKind::MoveOut;
        if moves_out && self.takes_over(end.effective, |kind| kind == ProcessKind::MoveIn) {
            return false;
        }
        self.processes.values().any(|it| {
            let is_later = end.number > it.number && end.requester == it.requester;
            let takes_over = match it.takes_over {
                Some(_) => it.takes_over == end.requester && self.supplies_until(&end.id, end.effective),
                None => it.kind.brings_supplier() && !is_later && !moves_out,
            };
            it.status == Status::Pending && it.effective == end.effective && takes_over
        })
    }

    /// Whether the supply that it ends, takes over, or has another balance responsible party for is not there.
    fn comes_to_nothing(&self, process: &Process) -> bool {
        let there = self.supplier_at(process.effective);
        match process.kind {
            ProcessKind::EndOfSupply => !self.supplies_until(&process.id, process.effective),
            ProcessKind::MoveOut => self.last_supplier(process.effective) != process.requester,
            ProcessKind::ForcedSupplierChange => there != process.takes_over.as_ref(),
            ProcessKind::ChangeOfBalanceResponsible => there != process.requester.as_ref(),
            _ => false,
        }
    }

    /// Whether somebody else is to begin at this instant.
    fn takes_over(&self, at: Timestamp, by: impl Fn(ProcessKind) -> bool) -> bool {
        self.processes.values().any(|it| it.status == Status::Pending && it.effective == at && by(it.kind))
    }

    /// Whether the supply that a process ends is that of whoever asked for it.
    fn supplies_until(&self, id: &str, at: Timestamp) -> bool {
        let last = Timestamp::from_micros(at.micros() - 1);
        self.supplier_at(last).is_some() && self.supplier_at(last) == self.processes[id].requester.as_ref()
    }

    /// Who supplied last before an instant: nobody else speaks for a customer whose supply has ended.
    fn last_supplier(&self, at: Timestamp) -> Option<ActorNumber> {
        self.supplies().into_iter().rfind(|it| it.period.start < at).map(|it| it.supplier)
    }

    /// Cancels the ends of supply and the move-outs that a new supplier, or a new customer, makes pointless: those on its
    /// day and behind it, but not what the new supplier itself has announced of its own supply since, nor what another has
    /// announced of a supply that is yet to begin.
    fn overtake(&mut self, id: &str, at: Timestamp, by: Option<&ActorNumber>) -> Vec<String> {
        let number = self.processes[id].number;
        let brings = self.open().into_iter().filter(|it| it.kind.brings_supplier());
        let to_come: Vec<Process> = brings.cloned().collect();
        self.cancel_where(|it| {
            let is_later = it.number > number && it.requester.as_ref() == by;
            let is_ahead = to_come.iter().any(|begins| {
                begins.requester == it.requester && begins.number < it.number && begins.effective < it.effective
            });
            it.kind.is_end() && it.status == Status::Pending && it.effective >= at && !is_later && !is_ahead
        })
    }

    fn end_consumption(&mut self, at: Timestamp) {
        let consumers = self.processes.values_mut().filter_map(|it| it.consumer.as_mut());
        for consumer in consumers.filter(|it| it.dates.holds_at(at)) {
            consumer.dates.end = Some(at);
        }
    }

    /// Ends the supply of whoever asked for this process, unless it is over.
    fn end_supply(&mut self, by: &str, at: Timestamp) -> Option<ActorNumber> {
        let requester = self.processes[by].requester.as_ref();
        let (process, supply) = self.supply_at(at).filter(|(_, supply)| Some(&supply.supplier) == requester)?;
        let (id, supplier) = (process.id.clone(), supply.supplier.clone());
        self.update(&id, |process| process.supply.as_mut().expect("it has one").dates.end = Some(at));
        Some(supplier)
    }

    fn cancel_where(&mut self, which: impl Fn(&Process) -> bool) -> Vec<String> {
        let mut cancelled = Vec::new();
        for process in self.processes.values_mut().filter(|process| which(process)) {
            withdraw(process);
            cancelled.push(process.id.clone());
        }
        cancelled
    }

    pub(super) fn update(&mut self, id: &str, change: impl FnOnce(&mut Process)) {
        change(self.processes.get_mut(id).expect("whoever updates a process has found it"));
    }
}

impl Process {
    /// Whether a change of supplier cannot happen because somebody moves in: its consent came from a customer who leaves.
    fn holds_back(&self, change: &Process) -> bool {
        let overtakes = self.number > change.number && self.effective <= change.effective;
        self.kind == ProcessKind::MoveIn && change.kind == ProcessKind::ChangeOfSupplier && overtakes
    }
}

/// Whether what keeps something that was to come before a process keeps the process as well: a forced change goes on where it is
/// behind a move-in with the same supplier, or before one.
fn comes_before(by: &Process, process: &Process) -> bool {
    let with_another = || by.supply.as_ref().map(|it| &it.supplier) != process.takes_over.as_ref();
    let is_forced = process.takes_over.is_some() && by.kind != ProcessKind::Reallocation;
    !is_forced || by.effective <= process.effective && with_another()
}

/// What it would have registered never came to be, and is removed.
fn withdraw(process: &mut Process) {
    process.status = Status::Cancelled;
    (process.supply, process.consumer, process.balance) = (None, None, None);
}
