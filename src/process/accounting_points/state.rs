//! What is known about an accounting point, and the questions that may be asked of it.

use std::collections::{BTreeMap, BTreeSet};

use super::record;
use crate::market::{ActorNumber, MeteringPointId, Period, Timestamp};
use crate::record::{Change, Facts, Needs};

/// Everything registered at one metering point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountingPoint {
    pub id: MeteringPointId,
    /// By their ids.
    pub(super) processes: BTreeMap<String, Process>,
    /// As they were loaded.
    before: BTreeMap<String, Process>,
    /// Whether something has changed that its guard stands for besides.
    touched: bool,
}

/// A registered change with an effective date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// 32 hexadecimal digits, made from the message that asked for it.
    pub id: String,
    pub kind: ProcessKind,
    /// How many processes were registered here before it.
    pub number: u64,
    /// Business reason that it was asked for with, such as `E03` or `D30`.
    pub reason: String,
    /// The local midnight from which the change holds.
    pub effective: Timestamp,
    pub status: Status,
    /// Who asked for it, and under which transaction id; nobody for what was so before the hub began. What an operator has
    /// ordered is the supplier's whom it is for, and has no transaction id.
    pub requester: Option<ActorNumber>,
    pub transaction_id: String,
    /// What keeps it from being carried out: a move-in, a reallocation, or of a forced change whatever would come before it.
    pub suspended_by: Option<String>,
    pub supply: Option<SupplyRegistration>,
    pub consumer: Option<ConsumerRegistration>,
    pub balance: Option<BalanceRegistration>,
    /// Whether the supply of whoever asked for it ends with it: of an end of supply always, of a move-out as the market has it,
    /// but not where it passed to whoever moved in on the day.
    pub ends_supply: bool,
    /// Whose supply it takes over, of a forced change alone: it does nothing where that one does not supply any more.
    pub takes_over: Option<ActorNumber>,
}

impl Process {
    /// Whether it is a forced change that waits for whatever would come before it.
    pub fn stands_by(&self) -> bool {
        self.takes_over.is_some() && self.status == Status::Suspended
    }

    /// One that has yet to happen, and registers nothing yet.
    pub fn pending(id: &str, kind: ProcessKind, reason: &str, effective: Timestamp, requester: &ActorNumber) -> Self {
        Self {
            id: id.to_string(),
            kind,
            number: 0,
            reason: reason.to_string(),
            effective,
            status: Status::Pending,
            requester: Some(requester.clone()),
            transaction_id: String::new(),
            suspended_by: None,
            supply: None,
            consumer: None,
            balance: None,
            ends_supply: false,
            takes_over: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessKind {
    /// What was so before the hub began.
    Opening,
    ChangeOfSupplier,
    MoveIn,
    MoveOut,
    EndOfSupply,
    Reallocation,
    ForcedSupplierChange,
    ChangeOfBalanceResponsible,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    Pending,
    Completed,
    Cancelled,
    Suspended,
}

/// When a registration holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dates {
    /// Nothing until it is effectuated.
    pub start: Option<Timestamp>,
    pub end: Option<Timestamp>,
    /// It turned out to be wrong, and counts for nothing: it ends where it began.
    pub reversed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplyRegistration {
    pub supplier: ActorNumber,
    pub dates: Dates,
}

/// Customers by their references in [`super::customers`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsumerRegistration {
    pub customer: String,
    pub second: Option<String>,
    pub dates: Dates,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BalanceRegistration {
    pub responsible: ActorNumber,
    pub supplier: ActorNumber,
    pub dates: Dates,
}

/// Who supplies an accounting point, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supply {
    pub supplier: ActorNumber,
    pub period: Period,
}

impl ProcessKind {
    pub const ALL: [ProcessKind; 8] = [
        ProcessKind::Opening,
        ProcessKind::ChangeOfSupplier,
        ProcessKind::MoveIn,
        ProcessKind::MoveOut,
        ProcessKind::EndOfSupply,
        ProcessKind::Reallocation,
        ProcessKind::ForcedSupplierChange,
        ProcessKind::ChangeOfBalanceResponsible,
    ];

    pub fn name(self) -> &'static str {
        match self {
            ProcessKind::Opening => "Opening",
            ProcessKind::ChangeOfSupplier => "ChangeOfSupplier",
            ProcessKind::MoveIn => "MoveIn",
            ProcessKind::MoveOut => "MoveOut",
            ProcessKind::EndOfSupply => "EndOfSupply",
            ProcessKind::Reallocation => "Reallocation",
            ProcessKind::ForcedSupplierChange => "ForcedSupplierChange",
            ProcessKind::ChangeOfBalanceResponsible => "ChangeOfBalanceResponsible",
        }
    }

    /// Whether something ends with it and nothing begins.
    pub fn is_end(self) -> bool {
        matches!(self, ProcessKind::EndOfSupply | ProcessKind::MoveOut)
    }

    /// Whether it may bring another supplier.
    pub fn brings_supplier(self) -> bool {
        matches!(self, ProcessKind::ChangeOfSupplier | ProcessKind::MoveIn | ProcessKind::ForcedSupplierChange)
    }

    /// Which of several processes due at one instant at one accounting point goes first: the lowest.
    ///
    /// Source: market-roles 2.14.
    pub const fn rank(self) -> u8 {
        match self {
            ProcessKind::Opening => 0,
            ProcessKind::EndOfSupply | ProcessKind::MoveOut => 10,
            ProcessKind::ChangeOfSupplier => 20,
            ProcessKind::MoveIn => 30,
            ProcessKind::ForcedSupplierChange => 40,
            ProcessKind::ChangeOfBalanceResponsible => 50,
            ProcessKind::Reallocation => 60,
        }
    }
}

impl Status {
    pub const ALL: [Status; 4] = [Status::Pending, Status::Completed, Status::Cancelled, Status::Suspended];

    pub fn name(self) -> &'static str {
        match self {
            Status::Pending => "Pending",
            Status::Completed => "Completed",
            Status::Cancelled => "Cancelled",
            Status::Suspended => "Suspended",
        }
    }

    /// Whether it has yet to happen.
    pub fn is_open(self) -> bool {
        matches!(self, Status::Pending | Status::Suspended)
    }
}

impl Dates {
    pub fn from(start: Timestamp) -> Self {
        Self { start: Some(start), ..Self::default() }
    }

    /// When it holds; nothing when it has not been effectuated, was reversed, or lasts for no time.
    pub fn period(&self) -> Option<Period> {
        let period = Period::new(self.start?, self.end.unwrap_or(Timestamp::OPEN_END));
        (!self.reversed && !period.is_empty()).then_some(period)
    }

    pub(super) fn holds_at(&self, at: Timestamp) -> bool {
        self.period().is_some_and(|period| period.contains(at))
    }
}

/// Everything registered at a metering point.
pub fn needs_of(id: &MeteringPointId) -> Needs {
    Needs::default().range(record::processes(id), record::guard_key(id))
}

/// Who supplies a metering point, by the start: what is registered, and what will be if nothing changes.
/// Needs: [`needs_of`].
pub fn supplies(facts: &Facts, id: &MeteringPointId) -> Vec<Supply> {
    AccountingPoint::load(facts, id).as_expected().supplies()
}

impl AccountingPoint {
    /// Needs: [`needs_of`].
    pub fn load(facts: &Facts, id: &MeteringPointId) -> Self {
        let entries = facts.range(&record::processes(id)).iter();
        let processes: BTreeMap<String, Process> = entries
            .map(|(key, entry)| record::read_process(key, &entry.value))
            .map(|process| (process.id.clone(), process))
            .collect();
        Self { id: id.clone(), before: processes.clone(), processes, touched: false }
    }

    /// A metering point at which nothing was ever registered.
    pub fn unknown(id: MeteringPointId) -> Self {
        Self { id, processes: BTreeMap::new(), before: BTreeMap::new(), touched: false }
    }

    /// What is to be written for all that has changed since it was loaded; nothing when nothing has.
    pub fn changes(&self) -> Vec<Change> {
        let new = self.processes.values().filter(|process| self.before.get(&process.id) != Some(process));
        let mut changes: Vec<Change> = new
            .map(|process| Change::Put(record::process_key(&self.id, &process.id), record::write_process(process)))
            .collect();
        if self.touched || !changes.is_empty() {
            changes.push(Change::Put(record::guard_key(&self.id), record::write_guard(self.processes.len() as u64)));
        }
        let (now, before) = (holders(&self.processes), holders(&self.before));
        changes.extend(now.difference(&before).map(|supplier| record::supplied(supplier, &self.id)));
        changes.extend(before.difference(&now).map(|it| Change::Delete(record::supplied_key(it, &self.id))));
        changes
    }

    /// What notes it under everybody who supplies it or is to, whether or not it is noted there already.
    pub fn note_suppliers(&self) -> Vec<Change> {
        holders(&self.processes).into_iter().map(|supplier| record::supplied(supplier, &self.id)).collect()
    }

    /// Has its guard written although no process has changed: for whatever else is kept under it.
    pub fn touch(&mut self) {
        self.touched = true;
    }

    /// In the order in which they were registered.
    pub fn processes(&self) -> Vec<&Process> {
        let mut processes: Vec<&Process> = self.processes.values().collect();
        processes.sort_by_key(|process| (process.number, &process.id));
        processes
    }

    pub fn process(&self, id: &str) -> Option<&Process> {
        self.processes.get(id)
    }

    /// Those that have yet to happen, the first to be effectuated first.
    pub fn open(&self) -> Vec<&Process> {
        let mut open: Vec<&Process> = self.processes.values().filter(|process| process.status.is_open()).collect();
        open.sort_by_key(|process| (process.effective, process.kind.rank(), process.number, &process.id));
        open
    }

    /// The current supplier at `at`, and the process that made it so.
    pub fn supply_at(&self, at: Timestamp) -> Option<(&Process, &SupplyRegistration)> {
        let found = self.processes.values().filter_map(|it| it.supply.as_ref().map(|supply| (it, supply)));
        found.into_iter().find(|(_, supply)| supply.dates.holds_at(at))
    }

    pub fn supplier_at(&self, at: Timestamp) -> Option<&ActorNumber> {
        self.supply_at(at).map(|(_, supply)| &supply.supplier)
    }

    /// Whoever is to be supplier one day, with the day: several, by their day.
    pub fn future_suppliers(&self) -> Vec<(&ActorNumber, Timestamp)> {
        // What stands by is known to nobody yet.
        let open = self.open().into_iter().filter(|it| !it.stands_by());
        open.filter_map(|it| Some((&it.supply.as_ref()?.supplier, it.effective))).collect()
    }

    /// Every supply that was or is, by its start.
    pub fn supplies(&self) -> Vec<Supply> {
        let registered = self.processes.values().filter_map(|it| it.supply.as_ref());
        let mut supplies: Vec<Supply> = registered
            .filter_map(|it| Some(Supply { supplier: it.supplier.clone(), period: it.dates.period()? }))
            .collect();
        supplies.sort_by_key(|supply| supply.period);
        supplies
    }

    /// The consumer at `at`, and the process that made it so.
    pub fn consumer_at(&self, at: Timestamp) -> Option<(&Process, &ConsumerRegistration)> {
        let found = self.processes.values().filter_map(|it| it.consumer.as_ref().map(|consumer| (it, consumer)));
        found.into_iter().find(|(_, consumer)| consumer.dates.holds_at(at))
    }

    pub fn balance_at(&self, supplier: &ActorNumber, at: Timestamp) -> Option<&BalanceRegistration> {
        let found = self.processes.values().filter_map(|it| it.balance.as_ref());
        found.into_iter().find(|it| it.supplier == *supplier && it.dates.holds_at(at))
    }

    /// References of every customer that is or was registered, or is to be.
    pub fn customers(&self) -> Vec<&str> {
        let registered = self.processes.values().filter_map(|it| it.consumer.as_ref());
        registered.flat_map(|it| [Some(&*it.customer), it.second.as_deref()]).flatten().collect()
    }

    /// As it will be once all that is pending has happened, and what goes on because of it.
    pub fn as_expected(&self) -> Self {
        let mut expected = self.clone();
        let mut tried = BTreeSet::new();
        loop {
            let is_next = |it: &&&Process| it.status == Status::Pending && !tried.contains(&it.id);
            let next = expected.open().iter().find(is_next).map(|it| (it.id.clone(), it.effective));
            let Some((id, effective)) = next else { return expected };
            expected.effectuate(&id, effective);
            tried.insert(id);
        }
    }
}

/// Everybody who supplies or is to: under whom the accounting point is noted.
///
/// A supply is over once something was carried out on the day on which it ends, unless a reallocation runs that may undo it. Of
/// an end that a world file has set nobody knows here whether its day has come.
fn holders(processes: &BTreeMap<String, Process>) -> BTreeSet<&ActorNumber> {
    let has_happened = |at: Timestamp| {
        let on_the_day = || processes.values().filter(|it| it.effective == at);
        let ends = |it: &Process| it.status == Status::Completed && (it.kind.is_end() || it.kind.brings_supplier());
        let undone = |it: &Process| it.status.is_open() && it.kind == ProcessKind::Reallocation;
        on_the_day().any(ends) && !on_the_day().any(undone)
    };
    let registered = processes.values().filter_map(|it| Some((it, it.supply.as_ref()?)));
    let held = registered.filter(|(process, supply)| {
        let Dates { start, end, reversed } = supply.dates;
        process.status.is_open() || start.is_some() && !reversed && end.is_none_or(|end| !has_happened(end))
    });
    held.map(|(_, supply)| &supply.supplier).collect()
}
