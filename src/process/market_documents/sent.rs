//! A document as its sender wrote it, and the values that its records are made of.

use std::fmt::Debug;

use super::Door;
use crate::document::Header;
use crate::market::{CustomerNumber, MeteringPointId};

/// A document of one kind: what follows its schema and was not turned away at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent<R> {
    pub header: Header,
    /// `reason.code` after the header, in answers that come in. The document's name is the verdict; where this says
    /// something else, it is worth a line in the log and nothing more.
    pub reason_code: Option<String>,
    /// In document order, at least one.
    pub records: Vec<R>,
}

/// One activity record: takes its values as they come, in document order.
///
/// It relies on the schema for order and number, and survives anything: it also sees documents that turn out to be flawed.
pub trait SentRecord: Clone + Debug + Default + Eq + Send + Sync + 'static {
    /// What is asked of the document at the door.
    const DOOR: Door;
    /// A group of elements opens, below the record.
    fn open(&mut self, _group: &str) {}
    /// A value, with the name of the innermost group that it stands in: `MktActivityRecord` for the record itself.
    fn take(&mut self, group: &str, name: &str, said: &Said);
    /// The sender's id of the record.
    fn transaction_id(&self) -> &str;
}

/// What an element says: its text, and its attributes if it has them.
#[derive(Clone, Copy, Default)]
pub struct Said<'a> {
    pub text: &'a str,
    pub coding_scheme: &'a str,
    pub unit: &'a str,
}

impl Said<'_> {
    pub fn text(&self) -> String {
        self.text.to_string()
    }

    pub fn id(&self) -> Id {
        Id { coding_scheme: self.coding_scheme.to_string(), number: self.text() }
    }

    pub fn customer(&self) -> CustomerId {
        CustomerId { coding_scheme: self.coding_scheme.to_string(), number: CustomerNumber::new(self.text) }
    }

    pub fn measured(&self) -> Measured {
        Measured { unit: self.unit.to_string(), amount: self.text() }
    }
}

/// The number of a party, a metering point or a grid area, and who gave it out, both as written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Id {
    pub coding_scheme: String,
    pub number: String,
}

impl Id {
    /// The number without white space around it, which is how it is compared.
    pub fn trimmed(&self) -> &str {
        self.number.trim()
    }

    pub fn is_blank(&self) -> bool {
        self.trimmed().is_empty()
    }

    pub fn metering_point(&self) -> MeteringPointId {
        MeteringPointId::new(self.trimmed())
    }

    /// Whether the scheme contradicts the length of a party's number: an EIC has 16 characters, a GLN 13.
    /// Source: market-roles 1.3; a contradiction is answered with D66.
    pub fn contradicts_itself(&self) -> bool {
        match self.trimmed().len() {
            13 => self.coding_scheme != "A10",
            16 => self.coding_scheme != "A01",
            // No number of a party has this length, and that is said by another rule.
            _ => false,
        }
    }
}

/// A customer's number with the kind that the document claims it to be. It is never shown where it is a person's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerId {
    pub coding_scheme: String,
    pub number: CustomerNumber,
}

impl CustomerId {
    /// Whether it is a CPR or CVR number of the kind that its coding scheme says (market-roles 1.3; else D17).
    pub fn is_valid(&self) -> bool {
        self.number.agrees_with(&self.coding_scheme)
    }
}

/// An amount with its unit, both as written; the schema does not look at the amount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Measured {
    pub unit: String,
    pub amount: String,
}

/// `mainAddress`. Source: market-roles 4.3. `language` is not used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    pub street_code: Option<String>,
    pub street: Option<String>,
    pub number: Option<String>,
    pub floor: Option<String>,
    pub room: Option<String>,
    pub municipality_code: Option<String>,
    pub city: Option<String>,
    pub city_section: Option<String>,
    pub country: Option<String>,
    pub post_code: Option<String>,
    pub post_box: Option<String>,
}

impl Address {
    /// Takes what belongs to an address. Returns whether it does.
    pub(super) fn take(&mut self, group: &str, name: &str, said: &Said) -> bool {
        let field = match (group, name) {
            ("streetDetail", "code") => &mut self.street_code,
            ("streetDetail", "name") => &mut self.street,
            ("streetDetail", "number") => &mut self.number,
            ("streetDetail", "floorIdentification") => &mut self.floor,
            ("streetDetail", "suiteNumber") => &mut self.room,
            ("townDetail", "code") => &mut self.municipality_code,
            ("townDetail", "name") => &mut self.city,
            ("townDetail", "section") => &mut self.city_section,
            ("townDetail", "country") => &mut self.country,
            ("usagePointLocation.mainAddress" | "mainAddress", "postalCode") => &mut self.post_code,
            ("usagePointLocation.mainAddress" | "mainAddress", "poBox") => &mut self.post_box,
            _ => return false,
        };
        *field = Some(said.text());
        true
    }

    /// Every part of it that there is.
    pub fn parts(&self) -> [&Option<String>; 11] {
        [
            &self.street_code,
            &self.street,
            &self.number,
            &self.floor,
            &self.room,
            &self.municipality_code,
            &self.city,
            &self.city_section,
            &self.country,
            &self.post_code,
            &self.post_box,
        ]
    }

    /// Whether it says nothing at all.
    pub fn is_blank(&self) -> bool {
        self.parts().into_iter().flatten().all(|part| part.trim().is_empty())
    }
}
