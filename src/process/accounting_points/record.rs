//! Accounting points as they are stored.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::state::{
    BalanceRegistration, ConsumerRegistration, Dates, Process, ProcessKind, Status, SupplyRegistration,
};
use crate::market::{ActorNumber, MeteringPointId, Timestamp};
use crate::record::{Change, Key, KeyRange, Space, stored};

/// Accounting points, by number: rewritten by every change to one of its processes, which it guards.
pub const POINTS: Space = Space(60);
/// Processes with what they register, by accounting point and id.
pub const PROCESSES: Space = Space(61);
/// Customers, by reference. The only place where personal numbers are kept.
pub const CUSTOMERS: Space = Space(62);
/// What became of the transactions about accounting points, by sender and transaction id.
pub const TRANSACTIONS: Space = Space(63);
/// The same, by our own id of them, which is also the id of the process.
pub const OWN_IDS: Space = Space(64);
/// Accounting points, by whoever supplies them or is to; and a mark that those of older stores are noted too.
pub const SUPPLIED: Space = Space(67);

pub const VERSION: u8 = 1;
/// Processes that say whether they end a supply.
const ENDING: u8 = 2;
/// Processes that say besides whose supply they take over.
const TAKING_OVER: u8 = 3;

/// The record that every decision about an accounting point takes turns on.
pub fn guard_key(id: &MeteringPointId) -> Key {
    Key::new(POINTS).text(id.as_str())
}

/// Every accounting point at which something was registered, by number, from behind one of them on.
pub fn points(after: Option<&MeteringPointId>) -> KeyRange {
    behind(Key::new(POINTS), after)
}

fn behind(under: Key, after: Option<&MeteringPointId>) -> KeyRange {
    let all = KeyRange::under(&under);
    let Some(after) = after else { return all };
    let next = [under.text(after.as_str()).as_bytes(), &[0]].concat();
    KeyRange { from: Key::from_bytes(next), to: all.to }
}

pub fn processes(id: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(PROCESSES).text(id.as_str()))
}

pub fn process_key(id: &MeteringPointId, process: &str) -> Key {
    Key::new(PROCESSES).text(id.as_str()).text(process)
}

pub fn supplied_key(supplier: &ActorNumber, point: &MeteringPointId) -> Key {
    Key::new(SUPPLIED).text(supplier.as_str()).text(point.as_str())
}

/// Notes an accounting point under a supplier.
pub fn supplied(supplier: &ActorNumber, point: &MeteringPointId) -> Change {
    Change::Put(supplied_key(supplier, point), Bytes::new())
}

/// Every accounting point that a supplier supplies or is to, by number, from behind one of them on.
pub fn supplied_by(supplier: &ActorNumber, after: Option<&MeteringPointId>) -> KeyRange {
    behind(Key::new(SUPPLIED).text(supplier.as_str()), after)
}

/// The accounting point of a record of [`supplied_by`].
pub fn read_supplied(key: &Key) -> MeteringPointId {
    let mut parts = key.reader();
    let point = parts.text().and_then(|_| parts.text());
    MeteringPointId::new(point.expect("an accounting point stands behind its supplier"))
}

/// The record that is there once every accounting point is noted under its suppliers, also of a store that is older than
/// these notes.
pub fn all_noted_key() -> Key {
    Key::new(SUPPLIED)
}

/// The accounting point of a record of [`points`].
pub fn read_point(key: &Key) -> MeteringPointId {
    MeteringPointId::new(key.reader().text().expect("a guard's key is a number"))
}

pub fn customer_key(reference: &str) -> Key {
    Key::new(CUSTOMERS).text(reference)
}

pub fn transaction_key(sender: &ActorNumber, transaction_id: &str) -> Key {
    Key::new(TRANSACTIONS).text(sender.as_str()).text(transaction_id)
}

pub fn own_id_key(own_id: &str) -> Key {
    Key::new(OWN_IDS).text(own_id)
}

pub fn write_guard(processes: u64) -> Bytes {
    stored::write(VERSION, &processes)
}

#[derive(Serialize, Deserialize)]
struct StoredProcess {
    kind: u8,
    number: u64,
    reason: String,
    effective: i64,
    status: u8,
    requester: Option<String>,
    transaction_id: String,
    suspended_by: Option<String>,
    supply: Option<(String, StoredDates)>,
    consumer: Option<(String, Option<String>, StoredDates)>,
    balance: Option<(String, String, StoredDates)>,
    /// Kept behind it, since version 2.
    #[serde(skip)]
    ends_supply: bool,
    /// The same, since version 3.
    #[serde(skip)]
    takes_over: Option<String>,
}

impl StoredProcess {
    /// Of what version 1 kept, an end of supply alone ends one.
    fn read(bytes: &[u8]) -> Option<Self> {
        if let Some((process, ends_supply, takes_over)) = stored::read::<(Self, bool, _)>(TAKING_OVER, bytes) {
            return Some(Self { ends_supply, takes_over, ..process });
        }
        if let Some((process, ends_supply)) = stored::read::<(Self, bool)>(ENDING, bytes) {
            return Some(Self { ends_supply, ..process });
        }
        let process: Self = stored::read(VERSION, bytes)?;
        let ends_supply = ProcessKind::ALL[usize::from(process.kind)] == ProcessKind::EndOfSupply;
        Some(Self { ends_supply, ..process })
    }
}

#[derive(Serialize, Deserialize)]
struct StoredDates {
    start: Option<i64>,
    end: Option<i64>,
    reversed: bool,
}

pub fn write_process(process: &Process) -> Bytes {
    let text = |number: &ActorNumber| number.to_string();
    let stored = StoredProcess {
        kind: place(&ProcessKind::ALL, process.kind),
        number: process.number,
        reason: process.reason.clone(),
        effective: process.effective.micros(),
        status: place(&Status::ALL, process.status),
        requester: process.requester.as_ref().map(text),
        transaction_id: process.transaction_id.clone(),
        suspended_by: process.suspended_by.clone(),
        supply: process.supply.as_ref().map(|it| (text(&it.supplier), write_dates(it.dates))),
        consumer: process.consumer.as_ref().map(|it| (it.customer.clone(), it.second.clone(), write_dates(it.dates))),
        balance: process.balance.as_ref().map(|it| (text(&it.responsible), text(&it.supplier), write_dates(it.dates))),
        ends_supply: process.ends_supply,
        takes_over: process.takes_over.as_ref().map(text),
    };
    stored::write(TAKING_OVER, &(&stored, stored.ends_supply, &stored.takes_over))
}

/// # Panics
///
/// When the record is not what [`write_process`] made of a process.
pub fn read_process(key: &Key, bytes: &[u8]) -> Process {
    let found = StoredProcess::read(bytes).expect("a stored process is read back");
    let mut parts = key.reader();
    let id = parts.text().and_then(|_| parts.text()).expect("a process's key ends in its id");
    Process {
        id,
        kind: ProcessKind::ALL[usize::from(found.kind)],
        number: found.number,
        reason: found.reason,
        effective: Timestamp::from_micros(found.effective),
        status: Status::ALL[usize::from(found.status)],
        requester: found.requester.map(ActorNumber::new),
        transaction_id: found.transaction_id,
        suspended_by: found.suspended_by,
        supply: found.supply.map(|(supplier, dates)| SupplyRegistration {
            supplier: ActorNumber::new(supplier),
            dates: read_dates(&dates),
        }),
        consumer: found.consumer.map(|(customer, second, dates)| ConsumerRegistration {
            customer,
            second,
            dates: read_dates(&dates),
        }),
        balance: found.balance.map(|(responsible, supplier, dates)| BalanceRegistration {
            responsible: ActorNumber::new(responsible),
            supplier: ActorNumber::new(supplier),
            dates: read_dates(&dates),
        }),
        ends_supply: found.ends_supply,
        takes_over: found.takes_over.map(ActorNumber::new),
    }
}

fn write_dates(dates: Dates) -> StoredDates {
    let micros = |at: Option<Timestamp>| at.map(Timestamp::micros);
    StoredDates { start: micros(dates.start), end: micros(dates.end), reversed: dates.reversed }
}

fn read_dates(dates: &StoredDates) -> Dates {
    let instant = |at: Option<i64>| at.map(Timestamp::from_micros);
    Dates { start: instant(dates.start), end: instant(dates.end), reversed: dates.reversed }
}

/// Where a value stands in the list of all of its kind: what is stored for it, so the lists only ever grow at their ends.
fn place<T: PartialEq>(all: &[T], value: T) -> u8 {
    let place = all.iter().position(|each| *each == value).expect("the list is complete");
    u8::try_from(place).expect("the list is short")
}
