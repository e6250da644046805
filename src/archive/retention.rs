//! How long documents are kept, and what holds them longer (post-office 4.4 item 6).
//!
//! What goes is a document's bytes. Its entry in the log stays, with the hash, and so do the ids that it used up and what
//! it is found by. Whether a document may go at all (it is fetched, it is decided) is for whoever knows queues and inbox.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::catalogue::Position;
use super::criteria::{CRITERIA, terms_for};
use crate::market::{Calendar, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Legal holds, by name. One that was lifted stays as a record that it was there.
const HOLDS: Space = Space(8);

/// How many whole calendar years a document is kept besides the one that has begun; -1 for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub years: i64,
    /// By the document's name without `_MarketDocument`, where it is kept for another time.
    pub documents: BTreeMap<String, i64>,
}

impl Policy {
    pub fn years_of(&self, document: &str) -> i64 {
        self.documents.get(document).copied().unwrap_or(self.years)
    }

    /// The instant before which documents of this name have been kept long enough; `None` where they are kept for ever.
    pub fn expires_before(&self, document: &str, calendar: Calendar, now: Timestamp) -> Option<Timestamp> {
        let years = i32::try_from(self.years_of(document)).ok().filter(|years| *years >= 0)?;
        let first_day = NaiveDate::from_ymd_opt(calendar.date(now).year().checked_sub(years)?, 1, 1)?;
        Some(calendar.midnight(first_day))
    }

    /// The instant from which on a document of this name and time has been kept long enough; `None` for never.
    pub fn expires_at(&self, document: &str, calendar: Calendar, at: Timestamp) -> Option<Timestamp> {
        let years = i32::try_from(self.years_of(document)).ok().filter(|years| *years >= 0)?;
        let year = calendar.date(at).year().checked_add(years)?.checked_add(1)?;
        Some(calendar.midnight(NaiveDate::from_ymd_opt(year, 1, 1)?))
    }

    /// The instant before which something may have been kept long enough; `None` where everything is kept for ever.
    pub fn anything_expires_before(&self, calendar: Calendar, now: Timestamp) -> Option<Timestamp> {
        let documents = self.documents.keys().map(String::as_str).chain([""]);
        documents.filter_map(|document| self.expires_before(document, calendar, now)).max()
    }
}

/// Documents that must be kept, however old they are: those that meet all of the criteria, of a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub name: String,
    /// Who wants it, and why, in the operator's words.
    pub reason: String,
    /// Each by one of the names of [`CRITERIA`]; without any every document is held.
    pub criteria: BTreeMap<&'static str, String>,
    pub from: Timestamp,
    /// Excluded.
    pub to: Timestamp,
    pub placed: Timestamp,
    pub lifted: Option<Timestamp>,
}

impl Hold {
    pub fn key(name: &str) -> Key {
        Key::new(HOLDS).text(name)
    }

    pub fn range() -> KeyRange {
        KeyRange::under(&Key::new(HOLDS))
    }

    /// The entries of the catalogue that a document at `position` has if it is held, all of them; `None` where it is not of
    /// the time.
    pub fn asks_for(&self, position: &Position) -> Option<Vec<Key>> {
        let is_of_the_time = self.lifted.is_none() && (self.from..self.to).contains(&position.at);
        let terms = terms_for(self.criteria.clone()).expect("a hold is made with criteria that can be used");
        is_of_the_time.then(|| terms.iter().map(|term| term.key(position)).collect())
    }

    /// The change that records it as it is now.
    pub fn put(&self) -> Change {
        let form = StoredHold {
            name: self.name.clone(),
            reason: self.reason.clone(),
            criteria: self.criteria.iter().map(|(name, text)| (name.to_string(), text.clone())).collect(),
            from: self.from.micros(),
            to: self.to.micros(),
            placed: self.placed.micros(),
            lifted: self.lifted.map(Timestamp::micros),
        };
        Change::Put(Self::key(&self.name), stored::write(VERSION, &form))
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: StoredHold = stored::read(VERSION, &entry.value)?;
        let known = |name: &str| CRITERIA.into_iter().find(|known| *known == name);
        let criteria = form.criteria.into_iter().map(|(name, text)| Some((known(&name)?, text)));
        let criteria = criteria.collect::<Option<BTreeMap<_, _>>>()?;
        terms_for(criteria.clone()).ok()?;
        Some(Self {
            name: form.name,
            reason: form.reason,
            criteria,
            from: Timestamp::from_micros(form.from),
            to: Timestamp::from_micros(form.to),
            placed: Timestamp::from_micros(form.placed),
            lifted: form.lifted.map(Timestamp::from_micros),
        })
    }
}

/// Why a body was let go: the record of it, which is the log of deletions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LetGo {
    /// When, in microseconds since 1970.
    at: i64,
    /// How many years its documents were to be kept; the longest of them.
    pub years: i64,
    /// How many documents stood in it, and their bytes.
    pub documents: u64,
    pub bytes: u64,
}

impl LetGo {
    pub fn new(at: Timestamp, years: i64, documents: u64, bytes: u64) -> Self {
        Self { at: at.micros(), years, documents, bytes }
    }

    pub fn at(&self) -> Timestamp {
        Timestamp::from_micros(self.at)
    }

    pub fn encode(&self) -> Bytes {
        stored::write(VERSION, self)
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        stored::read(VERSION, &entry.value)
    }
}

/// First byte of a stored record.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
struct StoredHold {
    name: String,
    reason: String,
    criteria: Vec<(String, String)>,
    from: i64,
    to: i64,
    placed: i64,
    lifted: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::LogPlace;

    fn instant(text: &str) -> Timestamp {
        Timestamp::parse_date_time(text).unwrap()
    }

    #[test]
    fn a_document_is_kept_for_whole_local_years_besides_the_one_that_has_begun() {
        let copenhagen = Calendar::new(chrono_tz::Europe::Copenhagen);
        let documents = BTreeMap::from([("Short".to_string(), 0), ("Ever".to_string(), -1)]);
        let policy = Policy { years: 3, documents };
        let rows = [
            ("NotifyPriceList", "2026-11-28T10:00:00Z", Some("2022-12-31T23:00:00Z")),
            // The new year has begun in Copenhagen, and not yet in UTC.
            ("NotifyPriceList", "2026-12-31T23:00:00Z", Some("2023-12-31T23:00:00Z")),
            ("NotifyPriceList", "2026-12-31T22:59:59Z", Some("2022-12-31T23:00:00Z")),
            ("Short", "2026-11-28T10:00:00Z", Some("2025-12-31T23:00:00Z")),
            ("Ever", "2026-11-28T10:00:00Z", None),
        ];
        for (document, now, expected) in rows {
            let before = policy.expires_before(document, copenhagen, instant(now));
            assert_eq!(before, expected.map(instant), "{document} {now}");
            // What has just expired has done so by now, and what has not will do so later.
            if let Some(before) = before {
                let last = Timestamp::from_micros(before.micros() - 1);
                let expires = |at| policy.expires_at(document, copenhagen, at).unwrap();
                assert!(expires(last) <= instant(now) && expires(before) > instant(now), "{document} {now}");
            }
            assert_eq!(policy.expires_at("Ever", copenhagen, instant(now)), None);
        }
    }

    #[test]
    fn nothing_is_looked_at_that_is_too_young_for_every_document() {
        let copenhagen = Calendar::new(chrono_tz::Europe::Copenhagen);
        let before = |years, short| {
            let documents = BTreeMap::from([("Short".to_string(), short)]);
            Policy { years, documents }.anything_expires_before(copenhagen, instant("2026-11-28T10:00:00Z"))
        };
        assert_eq!(before(3, 1), Some(instant("2024-12-31T23:00:00Z")));
        assert_eq!(before(3, -1), Some(instant("2022-12-31T23:00:00Z")));
        assert_eq!(before(-1, 3), Some(instant("2022-12-31T23:00:00Z")));
        assert_eq!(before(-1, -1), None);
    }

    #[test]
    fn a_hold_is_read_back_and_asks_for_all_of_its_criteria() {
        let given = [("party", "8100000000030"), ("role", "DDQ"), ("subject", "571"), ("direction", "out")];
        let criteria: BTreeMap<_, _> = given.into_iter().map(|(name, text)| (name, text.to_string())).collect();
        let (from, to) = (instant("2023-01-01T00:00:00Z"), instant("2024-01-01T00:00:00Z"));
        let (name, reason) = ("case 7".to_string(), "a court asks".to_string());
        let hold = Hold { name, reason, criteria, from, to, placed: to, lifted: None };
        let Change::Put(key, value) = hold.put() else { panic!("it is put") };
        assert_eq!(key, Hold::key("case 7"));
        assert_eq!(Hold::from_entry(&Entry { version: 1, value }), Some(hold.clone()));
        let at = |at| Position { at, place: LogPlace { commit: 1, nth: 0 } };
        assert_eq!(hold.asks_for(&at(from)).unwrap().len(), 3, "number and role are one");
        assert_eq!(hold.asks_for(&at(to)), None);
        assert_eq!(Hold { lifted: Some(to), ..hold.clone() }.asks_for(&at(from)), None);
        let unusable = Hold { criteria: BTreeMap::from([("role", "D99".to_string())]), ..hold };
        let Change::Put(_, value) = unusable.put() else { panic!("it is put") };
        assert_eq!(Hold::from_entry(&Entry { version: 1, value }), None);
    }
}
