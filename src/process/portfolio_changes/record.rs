//! Orders, the way that is left to go with each, and the outcome of each job, as they are stored.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::order::{ForcedKind, Order, Selection, Successor, What};
use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};
use crate::record::{Change, Entry, Facts, Key, KeyRange, Space, stored};

/// Orders, by id.
const ORDERS: Space = Space(72);
/// Orders whose accounting points are still to be gone through: commit.
const TASKS: Space = Space(73);
/// What became of each accounting point, by order and number.
const RESULTS: Space = Space(74);
/// Suppliers that fail, with the dates on which they are replaced.
const FAILING: Space = Space(75);

const VERSION: u8 = 1;
/// Orders that were called off.
const CALLED_OFF: u8 = 2;
/// Suppliers that fail by more than one order.
const FAILING_BY_ORDERS: u8 = 2;

/// An order as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// 32 hexadecimal digits, made from what it says and from its moment.
    pub id: String,
    /// The moment at which it was given.
    pub at: Timestamp,
    pub what: What,
    /// The metering points that it names stand among its results.
    pub about: About,
    pub date: Timestamp,
    /// How many accounting points it is about, once all have been gone through.
    pub found: Option<u64>,
    /// The moment at which it was called off.
    pub called_off: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    All,
    GridAreas(Vec<String>),
    Named,
}

/// How far an order has been gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    pub order: String,
    pub at: Timestamp,
    pub supplier: ActorNumber,
    pub way: Way,
    /// The last accounting point of the page before.
    pub after: Option<MeteringPointId>,
    /// Jobs so far.
    pub found: u64,
}

/// What is gone through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// Every accounting point of a store that is older than the notes of who supplies what: they are made first.
    Noting,
    /// What the supplier supplies.
    Supplied,
    /// What the order names.
    Named,
    /// What an order that is called off was about, as far as it has come.
    CallingOff,
}

/// What became of one accounting point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub kind: OutcomeKind,
    /// Names of the rules that kept it from being done.
    pub broken: Vec<String>,
    /// The process that was registered, and what it stands by for.
    pub process: Option<String>,
    pub stands_by: Option<String>,
    /// Processes of a failing supplier that were cancelled.
    pub cancelled: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutcomeKind {
    /// Its job is not done.
    Waiting,
    Done,
    /// Registered, and nothing is done or told while something else comes before it.
    StandsBy,
    Skipped,
    /// Its order was called off, and with it what had been registered.
    CalledOff,
}

impl OutcomeKind {
    /// As they are stored, by their place.
    pub const ALL: [OutcomeKind; 5] =
        [OutcomeKind::Waiting, OutcomeKind::Done, OutcomeKind::StandsBy, OutcomeKind::Skipped, OutcomeKind::CalledOff];

    pub fn name(self) -> &'static str {
        match self {
            OutcomeKind::Waiting => "waiting",
            OutcomeKind::Done => "done",
            OutcomeKind::StandsBy => "stands by",
            OutcomeKind::Skipped => "skipped",
            OutcomeKind::CalledOff => "called off",
        }
    }
}

impl Outcome {
    pub fn of(kind: OutcomeKind) -> Self {
        Self { kind, broken: Vec::new(), process: None, stands_by: None, cancelled: Vec::new() }
    }

    /// The same, taken back.
    pub fn called_off(self) -> Self {
        Self { kind: OutcomeKind::CalledOff, ..self }
    }
}

pub fn order_key(id: &str) -> Key {
    Key::new(ORDERS).text(id)
}

/// Every order, by id.
pub fn orders() -> KeyRange {
    KeyRange::under(&Key::new(ORDERS))
}

pub fn new_task_key() -> Key {
    Key::new(TASKS).stamp()
}

/// Every order that has not been gone through, the oldest first.
pub fn tasks() -> KeyRange {
    KeyRange::under(&Key::new(TASKS))
}

pub fn result_key(order: &str, point: &MeteringPointId) -> Key {
    Key::new(RESULTS).text(order).text(point.as_str())
}

/// The outcomes of an order, by accounting point, from behind one of them on.
pub fn results(order: &str, after: Option<&MeteringPointId>) -> KeyRange {
    let all = KeyRange::under(&Key::new(RESULTS).text(order));
    let Some(after) = after else { return all };
    let next = [result_key(order, after).as_bytes(), &[0]].concat();
    KeyRange { from: Key::from_bytes(next), to: all.to }
}

/// The accounting point of an outcome.
pub fn read_result_point(key: &Key) -> MeteringPointId {
    let mut parts = key.reader();
    MeteringPointId::new(parts.text().and_then(|_| parts.text()).expect("an outcome's key ends in a number"))
}

pub fn failing_key(supplier: &ActorNumber) -> Key {
    Key::new(FAILING).text(supplier.as_str())
}

/// When a supplier is replaced, for it fails: the last of the days that orders name. Needs: [`failing_key`].
pub fn fails_until(facts: &Facts, supplier: &ActorNumber) -> Option<Timestamp> {
    failing(facts, supplier).into_iter().map(|(date, _)| Timestamp::from_micros(date)).max()
}

/// That a supplier fails holds by one more order. Needs: [`failing_key`].
pub fn fails(facts: &Facts, supplier: &ActorNumber, given: &Given) -> Change {
    let mut orders = failing(facts, supplier);
    // What has happened is called off by nobody.
    orders.retain(|(date, _)| *date > given.at.micros());
    orders.push((given.date.micros(), Some(given.id.clone())));
    put_failing(supplier, &orders)
}

/// That a supplier fails does not hold by this order any more; nothing where it did not. Needs: [`failing_key`].
pub fn fails_no_more(facts: &Facts, supplier: &ActorNumber, given: &Given) -> Option<Change> {
    let mut orders = failing(facts, supplier);
    // An older store knows a day, and not the order that named it.
    let at = orders.iter().position(|(date, order)| match order {
        Some(order) => *order == given.id,
        None => *date == given.date.micros(),
    })?;
    orders.remove(at);
    Some(if orders.is_empty() { Change::Delete(failing_key(supplier)) } else { put_failing(supplier, &orders) })
}

/// Days on which a supplier is replaced, each with its order, in the order in which they were given.
fn failing(facts: &Facts, supplier: &ActorNumber) -> Vec<(i64, Option<String>)> {
    let Some(entry) = facts.get(&failing_key(supplier)) else { return Vec::new() };
    let one = || stored::read(VERSION, &entry.value).map(|date| vec![(date, None)]);
    stored::read(FAILING_BY_ORDERS, &entry.value).or_else(one).expect("stored dates are read back")
}

fn put_failing(supplier: &ActorNumber, orders: &[(i64, Option<String>)]) -> Change {
    Change::Put(failing_key(supplier), stored::write(FAILING_BY_ORDERS, &orders))
}

#[derive(Serialize, Deserialize)]
enum StoredWhat {
    ForceSupplierChange { failure: bool, from: String, to: Option<String>, by_area: BTreeMap<String, String> },
    ChangeBalanceResponsible { supplier: String, production: bool, responsible: String },
}

#[derive(Serialize, Deserialize)]
struct StoredOrder {
    at: i64,
    what: StoredWhat,
    areas: Vec<String>,
    named: bool,
    date: i64,
    found: Option<u64>,
}

impl Given {
    /// An order of this moment; its id says what was ordered when.
    pub fn new(order: &Order, at: Timestamp) -> Self {
        let about = match &order.selection {
            Selection::All => About::All,
            Selection::GridAreas(areas) => About::GridAreas(areas.iter().cloned().collect()),
            Selection::MeteringPoints(_) => About::Named,
        };
        let mut given = Self {
            id: String::new(),
            at,
            what: order.what.clone(),
            about,
            date: order.date,
            found: None,
            called_off: None,
        };
        let mut hash = blake3::Hasher::new();
        hash.update(&given.write());
        if let Selection::MeteringPoints(points) = &order.selection {
            for point in points {
                hash.update(point.as_str().as_bytes()).update(&[0]);
            }
        }
        given.id = hash.finalize().to_hex()[..32].to_string();
        given
    }

    pub fn put(&self) -> Change {
        Change::Put(order_key(&self.id), self.write())
    }

    fn write(&self) -> Bytes {
        let what = match &self.what {
            What::ForceSupplierChange { kind, from, to } => {
                let (to, by_area) = match to {
                    Successor::One(to) => (Some(to.to_string()), BTreeMap::new()),
                    Successor::ByGridArea(suppliers) => {
                        (None, suppliers.iter().map(|(area, to)| (area.clone(), to.to_string())).collect())
                    }
                };
                let failure = *kind == ForcedKind::Failure;
                StoredWhat::ForceSupplierChange { failure, from: from.to_string(), to, by_area }
            }
            What::ChangeBalanceResponsible { supplier, point_type, responsible } => {
                StoredWhat::ChangeBalanceResponsible {
                    supplier: supplier.to_string(),
                    production: *point_type == MeteringPointType::Production,
                    responsible: responsible.to_string(),
                }
            }
        };
        let areas = match &self.about {
            About::GridAreas(areas) => areas.clone(),
            About::All | About::Named => Vec::new(),
        };
        let named = self.about == About::Named;
        let (at, date) = (self.at.micros(), self.date.micros());
        let stored = StoredOrder { at, what, areas, named, date, found: self.found };
        match self.called_off {
            None => stored::write(VERSION, &stored),
            Some(called_off) => stored::write(CALLED_OFF, &(stored, called_off.micros())),
        }
    }

    /// # Panics
    ///
    /// When the record is not one that [`Given::put`] made.
    pub fn read(key: &Key, entry: &Entry) -> Self {
        let id = key.reader().text().expect("an order's key is its id");
        let standing = || Some((stored::read(VERSION, &entry.value)?, None));
        let off = || stored::read::<(StoredOrder, i64)>(CALLED_OFF, &entry.value).map(|(order, at)| (order, Some(at)));
        let (found, called_off): (StoredOrder, Option<i64>) =
            standing().or_else(off).expect("a stored order is read back");
        let what = match found.what {
            StoredWhat::ForceSupplierChange { failure, from, to, by_area } => What::ForceSupplierChange {
                kind: if failure { ForcedKind::Failure } else { ForcedKind::Takeover },
                from: ActorNumber::new(from),
                to: match to {
                    Some(to) => Successor::One(ActorNumber::new(to)),
                    None => Successor::ByGridArea(
                        by_area.into_iter().map(|(area, to)| (area, ActorNumber::new(to))).collect(),
                    ),
                },
            },
            StoredWhat::ChangeBalanceResponsible { supplier, production, responsible } => {
                What::ChangeBalanceResponsible {
                    supplier: ActorNumber::new(supplier),
                    point_type: if production { MeteringPointType::Production } else { MeteringPointType::Consumption },
                    responsible: ActorNumber::new(responsible),
                }
            }
        };
        let about = match (found.named, found.areas.is_empty()) {
            (true, _) => About::Named,
            (false, true) => About::All,
            (false, false) => About::GridAreas(found.areas),
        };
        let (at, date) = (Timestamp::from_micros(found.at), Timestamp::from_micros(found.date));
        Self { id, at, what, about, date, found: found.found, called_off: called_off.map(Timestamp::from_micros) }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredProgress {
    order: String,
    at: i64,
    supplier: String,
    way: Way,
    after: Option<String>,
    found: u64,
}

impl Progress {
    pub fn put(&self, key: Key) -> Change {
        let stored = StoredProgress {
            order: self.order.clone(),
            at: self.at.micros(),
            supplier: self.supplier.to_string(),
            way: self.way,
            after: self.after.as_ref().map(ToString::to_string),
            found: self.found,
        };
        Change::Put(key, stored::write(VERSION, &stored))
    }

    /// # Panics
    ///
    /// When the record is not one that [`Progress::put`] made.
    pub fn read(entry: &Entry) -> Self {
        let found: StoredProgress = stored::read(VERSION, &entry.value).expect("a stored task is read back");
        Self {
            order: found.order,
            at: Timestamp::from_micros(found.at),
            supplier: ActorNumber::new(found.supplier),
            way: found.way,
            after: found.after.map(MeteringPointId::new),
            found: found.found,
        }
    }
}

#[derive(Serialize, Deserialize)]
struct StoredOutcome {
    kind: u8,
    broken: Vec<String>,
    process: Option<String>,
    stands_by: Option<String>,
    cancelled: Vec<String>,
}

impl Outcome {
    pub fn put(&self, order: &str, point: &MeteringPointId) -> Change {
        let place = OutcomeKind::ALL.iter().position(|kind| *kind == self.kind).expect("the list is complete");
        let stored = StoredOutcome {
            kind: u8::try_from(place).expect("the list is short"),
            broken: self.broken.clone(),
            process: self.process.clone(),
            stands_by: self.stands_by.clone(),
            cancelled: self.cancelled.clone(),
        };
        Change::Put(result_key(order, point), stored::write(VERSION, &stored))
    }

    /// # Panics
    ///
    /// When the record is not one that [`Outcome::put`] made.
    pub fn read(entry: &Entry) -> Self {
        let StoredOutcome { kind, broken, process, stands_by, cancelled } =
            stored::read(VERSION, &entry.value).expect("a stored outcome is read back");
        Self { kind: OutcomeKind::ALL[usize::from(kind)], broken, process, stands_by, cancelled }
    }
}
