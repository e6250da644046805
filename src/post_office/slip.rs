//! What is kept of a document that has left its queue.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::record::{category_number, category_of};
use super::shown::{Shown, StoredShown};
use crate::document::Category;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Entry, stored};

/// What became of a document that has left its queue, found by its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    pub owner: Party,
    pub left: Left,
}

/// How a document left its queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    Dequeued(Parting),
    /// What it says was given out in the document with this id, and never under its own.
    Bundled(String),
    /// Its owner had been inactive for so long that nobody was expected to fetch it any more.
    Expired(Parting),
    /// It was moved aside, and waits for an operator.
    Quarantined(Parting),
    /// It came back from there: the place at which it waits since, by the commit and which of those that came back with it.
    Returned(Category, (u64, u64)),
    /// An operator gave it up.
    Discarded(Parting),
}

/// When a document left its queue, and how it was shown before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parting {
    pub at: Timestamp,
    /// Nothing where it never was, or left before that was kept.
    pub shown: Option<Shown>,
}

impl Slip {
    pub(super) fn encode(&self) -> Bytes {
        let (number, role) = (self.owner.number.to_string(), self.owner.role.code().to_string());
        let left = match &self.left {
            Left::Dequeued(parting) => StoredLeft::Taken(parting.into()),
            Left::Bundled(into) => StoredLeft::Bundled(into.clone()),
            Left::Expired(parting) => StoredLeft::Lapsed(parting.into()),
            Left::Quarantined(parting) => StoredLeft::Quarantined(parting.into()),
            Left::Returned(category, (_, nth)) => {
                StoredLeft::Returned { category: category_number(*category), nth: *nth }
            }
            Left::Discarded(parting) => StoredLeft::Discarded(parting.into()),
        };
        stored::write(VERSION, &StoredSlip { number, role, left })
    }

    /// Reads a stored record; `None` when it is of a version that we do not know.
    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let second = || stored::read::<StoredSlipSecond>(2, &entry.value).map(StoredSlip::from);
        let form: StoredSlip = stored::read(VERSION, &entry.value).or_else(second)?;
        let left = match form.left {
            StoredLeft::Dequeued(at) => Left::Dequeued(unshown(at)),
            StoredLeft::Fetched { at, peeked, times } => {
                let shown = peeked.map(|peeked| Shown::before_forms(peeked, times));
                Left::Dequeued(Parting { shown, ..unshown(at) })
            }
            StoredLeft::Taken(parting) => Left::Dequeued(parting.into()),
            StoredLeft::Lapsed(parting) => Left::Expired(parting.into()),
            StoredLeft::Bundled(into) => Left::Bundled(into),
            StoredLeft::Expired(at) => Left::Expired(unshown(at)),
            StoredLeft::Quarantined(parting) => Left::Quarantined(parting.into()),
            // It came back by the commit that wrote this.
            StoredLeft::Returned { category, nth } => Left::Returned(category_of(category)?, (entry.version, nth)),
            StoredLeft::Discarded(parting) => Left::Discarded(parting.into()),
        };
        Some(Self {
            owner: Party { number: ActorNumber::new(form.number), role: ActorRole::from_code(&form.role)? },
            left,
        })
    }
}

/// First byte of a stored record.
const VERSION: u8 = 3;

#[derive(Serialize, Deserialize)]
struct StoredSlip {
    number: String,
    role: String,
    left: StoredLeft,
}

#[derive(Serialize, Deserialize)]
enum StoredLeft {
    /// No longer written.
    Dequeued(i64),
    Bundled(String),
    /// No longer written.
    Expired(i64),
    /// No longer written.
    Fetched {
        at: i64,
        peeked: Option<i64>,
        times: u64,
    },
    Taken(StoredParting),
    Lapsed(StoredParting),
    Quarantined(StoredParting),
    Returned {
        category: u64,
        nth: u64,
    },
    Discarded(StoredParting),
}

#[derive(Serialize, Deserialize)]
struct StoredParting {
    at: i64,
    shown: Option<StoredShown>,
}

impl From<&Parting> for StoredParting {
    fn from(Parting { at, shown }: &Parting) -> Self {
        Self { at: at.micros(), shown: shown.map(StoredShown::from) }
    }
}

impl From<StoredParting> for Parting {
    fn from(StoredParting { at, shown }: StoredParting) -> Self {
        Self { at: Timestamp::from_micros(at), shown: shown.map(Shown::from) }
    }
}

/// Of something that left before it was kept how it had been shown.
fn unshown(at: i64) -> Parting {
    Parting { at: Timestamp::from_micros(at), shown: None }
}

/// What version 2 kept: what left was dequeued.
#[derive(Deserialize)]
struct StoredSlipSecond {
    number: String,
    role: String,
    dequeued: i64,
}

impl From<StoredSlipSecond> for StoredSlip {
    fn from(StoredSlipSecond { number, role, dequeued }: StoredSlipSecond) -> Self {
        Self { number, role, left: StoredLeft::Dequeued(dequeued) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_an_earlier_version_says_less_of_how_a_document_was_shown() {
        let (number, role) = ("8100000000108".to_string(), "DDQ".to_string());
        let dequeued = |shown| Left::Dequeued(Parting { at: Timestamp::from_micros(5), shown });
        let at_four = Shown { at: Timestamp::from_micros(4), first: None, last: None, times: 3 };
        let fetched = StoredLeft::Fetched { at: 5, peeked: Some(4), times: 3 };
        let rows = [
            (stored::write(3, &(&number, &role, fetched)), dequeued(Some(at_four))),
            (stored::write(3, &(&number, &role, StoredLeft::Dequeued(5))), dequeued(None)),
            (stored::write(3, &(&number, &role, StoredLeft::Expired(5))), Left::Expired(unshown(5))),
            (stored::write(2, &(&number, &role, 5_i64)), dequeued(None)),
        ];
        for (value, left) in rows {
            let slip = Slip::from_entry(&Entry { version: 1, value }).unwrap();
            assert_eq!(slip.left, left);
            assert_eq!(Slip::from_entry(&Entry { version: 1, value: slip.encode() }), Some(slip));
        }
    }

    #[test]
    fn however_a_document_left_is_read_as_it_was_written() {
        let parting = Parting { at: Timestamp::from_micros(5), shown: None };
        let owner = Party { number: ActorNumber::new("8100000000108"), role: ActorRole::EnergySupplier };
        for left in [
            Left::Dequeued(parting),
            Left::Bundled("m-3".into()),
            Left::Expired(parting),
            Left::Quarantined(parting),
            Left::Returned(Category::TimeSeries, (17, 2)),
            Left::Discarded(parting),
        ] {
            let slip = Slip { owner: owner.clone(), left };
            let entry = Entry { version: 17, value: slip.encode() };
            assert_eq!(Slip::from_entry(&entry), Some(slip), "what came back did so by the commit that says so");
        }
    }
}
