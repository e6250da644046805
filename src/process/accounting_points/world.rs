//! Who supplies and who consumes before the first message: `[[supply]]` and `[[customer]]` tables of a world file.

use serde::Deserialize;

use super::customers::Customer;
use super::record;
use super::state::{ConsumerRegistration, Dates, Process, ProcessKind, Status, SupplyRegistration};
use crate::market::{ActorNumber, CustomerNumber, MeteringPointId, Timestamp};
use crate::process::participants::WorldFlaw;
use crate::record::Change;

/// One `[[supply]]` table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SupplyTable {
    pub metering_point: String,
    pub supplier: String,
    pub start: String,
    /// It has no end when this is left out.
    #[serde(default)]
    pub end: Option<String>,
}

/// One `[[customer]]` table.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CustomerTable {
    pub metering_point: String,
    /// CPR or CVR number.
    pub number: String,
    pub name: String,
    pub start: String,
    #[serde(default)]
    pub end: Option<String>,
}

/// Not a digit of the number.
impl std::fmt::Debug for CustomerTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CustomerTable({} {})", self.metering_point, self.start)
    }
}

impl SupplyTable {
    /// What writes this supply into a store that holds no other at that time.
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let dates = dates("supply", &self.metering_point, &self.start, self.end.as_deref())?;
        let supply = SupplyRegistration { supplier: ActorNumber::new(&*self.supplier), dates };
        let noted = record::supplied(&supply.supplier, &MeteringPointId::new(&*self.metering_point));
        let mut changes = opening("supply", &self.metering_point, dates, |process| process.supply = Some(supply));
        changes.push(noted);
        Ok(changes)
    }
}

impl CustomerTable {
    /// What writes this customer into a store that holds no other at that time.
    pub fn changes(&self) -> Result<Vec<Change>, WorldFlaw> {
        let dates = dates("customer", &self.metering_point, &self.start, self.end.as_deref())?;
        let mut reference = String::new();
        let mut changes = opening("customer", &self.metering_point, dates, |process| {
            reference = format!("{}-1", process.id);
            process.consumer = Some(ConsumerRegistration { customer: reference.clone(), second: None, dates });
        });
        changes.push(Customer::new(CustomerNumber::new(&self.number), &self.name).keep(&reference));
        Ok(changes)
    }
}

/// A process that was over before the hub began.
fn opening(table: &str, point: &str, dates: Dates, register: impl FnOnce(&mut Process)) -> Vec<Change> {
    let effective = dates.start.expect("a world's registrations have started");
    let mut hash = blake3::Hasher::new();
    for part in [table, point, &effective.to_string()] {
        hash.update(&(part.len() as u64).to_be_bytes()).update(part.as_bytes());
    }
    let mut process = Process {
        id: hash.finalize().to_hex()[..32].to_string(),
        kind: ProcessKind::Opening,
        number: 0,
        reason: String::new(),
        effective,
        status: Status::Completed,
        requester: None,
        transaction_id: String::new(),
        suspended_by: None,
        supply: None,
        consumer: None,
        balance: None,
        ends_supply: false,
        takes_over: None,
    };
    register(&mut process);
    let id = MeteringPointId::new(point);
    vec![
        Change::Put(record::process_key(&id, &process.id), record::write_process(&process)),
        Change::Put(record::guard_key(&id), record::write_guard(0)),
    ]
}

fn dates(table: &'static str, id: &str, start: &str, end: Option<&str>) -> Result<Dates, WorldFlaw> {
    let flaw = |field, value: &str| WorldFlaw { table, id: id.to_string(), field, value: value.into() };
    let instant = |field, text: &str| Timestamp::parse_date_time(text).ok_or_else(|| flaw(field, text));
    let from = instant("start", start)?;
    let to = end.map(|end| instant("end", end)).transpose()?;
    if to.is_some_and(|to| to <= from) {
        return Err(flaw("end", end.unwrap_or_default()));
    }
    Ok(Dates { start: Some(from), end: to, reversed: false })
}
