//! Customers: names, and the personal and company numbers that must stand nowhere else.
//!
//! A registration holds a customer's reference. The number is read where two customers are compared and where a document
//! tells a company's number; it goes into no event, no log and no error.

use super::record;
use crate::market::CustomerNumber;
use crate::record::{Change, Facts, Needs, stored};

/// Somebody who consumes. The number does not show itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    pub number: CustomerNumber,
    pub name: String,
}

impl Customer {
    pub fn new(number: CustomerNumber, name: &str) -> Self {
        Self { number, name: name.trim().to_string() }
    }

    /// Whether both are the same: numbers say so, unless one of them stands for a number that is not known; then the
    /// names do. Source: market-roles 1.3, customer equality.
    pub fn is_same_as(&self, other: &Customer) -> bool {
        if self.number.is_fictional() || other.number.is_fictional() {
            let fold = |name: &str| name.trim().to_lowercase();
            return !self.name.is_empty() && fold(&self.name) == fold(&other.name);
        }
        self.number == other.number
    }

    /// What keeps it under `reference`.
    pub fn keep(&self, reference: &str) -> Change {
        let value = stored::write(record::VERSION, &(self.number.personal(), &self.name));
        Change::Put(record::customer_key(reference), value)
    }
}

/// Whether a name, or a part of an address, has more characters than ebIX gives it; the schemas of CIM leave them open.
/// Source: market-roles 4.3.
pub fn is_too_long(text: &str) -> bool {
    text.chars().nth(TEXT_CHARACTERS_MAX).is_some()
}

pub fn needs_of(reference: &str) -> Needs {
    Needs::default().key(record::customer_key(reference))
}

/// Needs: [`needs_of`].
pub fn customer(facts: &Facts, reference: &str) -> Option<Customer> {
    let entry = facts.get(&record::customer_key(reference))?;
    let (number, name): (String, String) =
        stored::read(record::VERSION, &entry.value).expect("a stored customer is read back");
    Some(Customer { number: CustomerNumber::new(&number), name })
}

const TEXT_CHARACTERS_MAX: usize = 132;
