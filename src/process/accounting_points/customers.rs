//! Customers: names, and the personal and company numbers that must stand nowhere else.
//!
//! A registration holds a customer's reference. The number is read where two customers are compared and where a document
//! tells a company's number; it goes into no event, no log and no error, and [`Customer`] does not show it.

use std::fmt;

use super::record;
use crate::record::{Change, Facts, Needs, stored};

/// Somebody who consumes.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    number: String,
    pub name: String,
}

impl Customer {
    pub fn new(number: impl Into<String>, name: impl Into<String>) -> Self {
        Self { number: number.into().trim().to_string(), name: name.into().trim().to_string() }
    }

    /// A company's number may be told; a person's is not.
    pub fn company_number(&self) -> Option<&str> {
        (self.number.len() == COMPANY_DIGITS).then_some(&*self.number)
    }

    /// `CPR` or `CVR`.
    pub fn kind(&self) -> &'static str {
        if self.number.len() == COMPANY_DIGITS { "CVR" } else { "CPR" }
    }

    /// Whether both are the same: numbers say so, unless one of them stands for a number that is not known; then the
    /// names do. Source: market-roles 1.3, customer equality.
    pub fn is_same_as(&self, other: &Customer) -> bool {
        if self.is_fictional() || other.is_fictional() {
            let fold = |name: &str| name.trim().to_lowercase();
            return !self.name.trim().is_empty() && fold(&self.name) == fold(&other.name);
        }
        self.number == other.number
    }

    /// The number stands for one that is not known: `ddMMyy0000`, or `11111111`.
    pub fn is_fictional(&self) -> bool {
        match self.number.len() {
            COMPANY_DIGITS => self.number == "11111111",
            _ => self.number.ends_with("0000"),
        }
    }

    /// What keeps it under `reference`.
    pub fn keep(&self, reference: &str) -> Change {
        Change::Put(record::customer_key(reference), stored::write(record::VERSION, &(&self.number, &self.name)))
    }
}

/// Not a digit of the number.
impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer({})", self.kind())
    }
}

pub fn needs_of(reference: &str) -> Needs {
    Needs::default().key(record::customer_key(reference))
}

/// Needs: [`needs_of`].
pub fn customer(facts: &Facts, reference: &str) -> Option<Customer> {
    let entry = facts.get(&record::customer_key(reference))?;
    let (number, name): (String, String) =
        stored::read(record::VERSION, &entry.value).expect("a stored customer is read back");
    Some(Customer { number, name })
}

/// Digits of a CVR number; a CPR number has ten.
const COMPANY_DIGITS: usize = 8;
