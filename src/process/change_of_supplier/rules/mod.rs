//! The rules that a request is held to: levels in order, in each level chains, in each chain rules.
//!
//! All chains of a level are asked, each up to the first rule that fails; when any has failed, no further level is entered.
//! So an empty value is not also malformed, and nobody is told about a metering point that does not exist.
//!
//! Source: market-roles 3.1, 3.3, 3.4.

mod balance;
mod domain;
mod input;

use crate::document::Header;
use crate::market::{ActorNumber, Timestamp};
use crate::process::Market;
use crate::process::accounting_points::{AccountingPoint, Customer};
use crate::process::market_documents::Rule;
use crate::process::market_documents::requests::ChangeOfSupplier;
use crate::process::metering_points::MeteringPoint;

use super::Asked;
use super::standing::Standing;

/// A rule of the market's table, and when it is broken.
pub struct Check {
    pub rule: Rule,
    pub fails: fn(&Case) -> bool,
}

/// Checks of one value, of which the first that fails is told.
pub type Chain = &'static [&'static Check];
pub type Level = &'static [Chain];

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a ChangeOfSupplier,
    pub now: Timestamp,
    pub market: &'a Market,
    /// The date in the record, if it is one.
    pub effective: Option<Timestamp>,
    pub supplier: Standing,
    /// Whether the balance responsible party is known and active.
    pub responsible_is_live: bool,
    /// The party that an operator has named for all that the supplier supplies to consumers in the grid area.
    pub area_responsible: Option<ActorNumber>,
    pub master: Option<&'a MeteringPoint>,
    pub point: &'a AccountingPoint,
    /// The accounting point once all that is pending has happened.
    pub expected: &'a AccountingPoint,
    /// The customer in the record, and the one registered on the effective date.
    pub customer: Option<Customer>,
    pub registered: Option<Customer>,
}

impl Case<'_> {
    /// # Panics
    ///
    /// When the rule `DateFormatMustBeUTC` has not been asked yet.
    pub fn effective(&self) -> Timestamp {
        self.effective.expect("the date's form is an input rule, and this is asked later")
    }

    pub fn requester(&self) -> ActorNumber {
        ActorNumber::new(self.record.energy_supplier.trimmed())
    }
}

/// Every level for what is asked.
pub fn levels(asked: Asked) -> Vec<Level> {
    match asked {
        Asked::ChangeOfSupplier => {
            vec![input::CHANGE_OF_SUPPLIER, domain::POINT, domain::SUPPLIER, domain::CHANGE_OF_SUPPLIER]
        }
        Asked::MoveIn => vec![
            input::SUPPLIER_ALONE,
            input::MOVE_IN,
            domain::POINT,
            domain::SUPPLIER,
            domain::MOVE_IN_DATE,
            domain::MOVE_IN,
        ],
        Asked::BalanceResponsible => vec![input::BALANCE, domain::POINT, domain::SUPPLIER, balance::DOMAIN],
    }
}

/// Every rule of the first level that does not hold, in the order of the tables.
pub fn broken(levels: &[Level], case: &Case) -> Vec<Rule> {
    let failed = |level: &Level| -> Vec<Rule> {
        let first = |chain: &Chain| chain.iter().find(|check| (check.fails)(case)).map(|check| check.rule);
        // A rule about several parties' numbers is told once.
        let mut failed: Vec<Rule> = Vec::new();
        for rule in level.iter().filter_map(first) {
            if !failed.contains(&rule) {
                failed.push(rule);
            }
        }
        failed
    };
    levels.iter().map(failed).find(|failed| !failed.is_empty()).unwrap_or_default()
}
