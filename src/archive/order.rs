//! In which order documents are listed, and where in a list a page of it begins.
//!
//! A sort value is what the log itself says of a document, one text for each; those that are alike in it follow each other
//! in the order of time and place. Documents stand in the catalogue under these values, so an order is a range of it.

use std::fmt;
use std::fmt::Write;
use std::str::FromStr;

use super::catalogue::{POSITION_BYTES, Position, Term};
use super::log::{Direction, LogEntry};
use crate::record::{Key, KeyRange};

/// What a list of documents may be sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SortBy {
    #[default]
    Time,
    /// Bytewise, those without an id first; ids of more than 96 bytes stand together behind those, in an order that says nothing.
    MessageId,
    /// By name, unrecognised ones first.
    Document,
    /// By number, what the hub sent first.
    Sender,
    /// By number, what the hub received first.
    Receiver,
}

/// The orders by the names under which people ask for them.
pub const SORTS: [&str; 5] = ["time", "messageId", "document", "sender", "receiver"];

impl SortBy {
    const ALL: [Self; 5] = [Self::Time, Self::MessageId, Self::Document, Self::Sender, Self::Receiver];

    /// By one of [`SORTS`].
    pub fn from_name(name: &str) -> Option<Self> {
        SORTS.into_iter().zip(Self::ALL).find(|(known, _)| *known == name).map(|(_, by)| by)
    }

    /// The term under which a document stands in this order.
    pub fn term(self, entry: &LogEntry) -> Term {
        let number = |direction| match entry.direction == direction {
            true => entry.party.number.to_string(),
            false => String::new(),
        };
        match self {
            SortBy::Time => Term::Any,
            SortBy::MessageId => Term::MessageId(entry.message_id.clone()),
            SortBy::Document => Term::Document(entry.document.clone()),
            SortBy::Sender => Term::Sender(number(Direction::In)),
            SortBy::Receiver => Term::Receiver(number(Direction::Out)),
        }
    }

    /// Of these terms the one that all documents of this order have in common if they have it: among them the order is
    /// that of time.
    pub fn common(self, terms: &[Term]) -> Option<Term> {
        let is_of_this_kind = |term: &&Term| term.kind() == self.kind();
        if self == SortBy::Time { Some(Term::Any) } else { terms.iter().find(is_of_this_kind).cloned() }
    }

    /// All documents in this order, some twice: those are in their place under the key of their [`SortBy::term`].
    pub fn range(self) -> KeyRange {
        KeyRange::under(&self.kind())
    }

    fn kind(self) -> Key {
        let term: fn(String) -> Term = match self {
            SortBy::Time => |_| Term::Any,
            SortBy::MessageId => Term::MessageId,
            SortBy::Document => Term::Document,
            SortBy::Sender => Term::Sender,
            SortBy::Receiver => Term::Receiver,
        };
        term(String::new()).kind()
    }
}

/// A place in a sorted list: sort value, then time and place in the log. It stays where it is, whatever is added to the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    position: Position,
    /// The sort value as it stands in keys; empty in the order of time.
    value: Vec<u8>,
}

impl Cursor {
    /// Where a document stands.
    pub fn of(by: SortBy, position: &Position, entry: &LogEntry) -> Self {
        Self::of_key(by, &by.term(entry).key(position)).expect("it is a key of the order")
    }

    /// The place of a key in the range of an order.
    pub fn of_key(by: SortBy, key: &Key) -> Option<Self> {
        let rest = key.as_bytes().strip_prefix(by.kind().as_bytes())?;
        let (value, _) = rest.split_last_chunk::<POSITION_BYTES>()?;
        Some(Self { position: Position::of_key(key)?, value: value.to_vec() })
    }

    pub fn key(&self, by: SortBy) -> Key {
        self.position.under(Key::from_bytes([by.kind().as_bytes(), &self.value].concat()))
    }

    pub fn position(&self) -> Position {
        self.position
    }

    /// The place right before this one, or right behind it, where no document is: a page that begins there begins with this one.
    pub fn beside(mut self, before: bool) -> Self {
        let place = &mut self.position.place;
        match (before, place.nth) {
            (false, _) => place.nth = place.nth.saturating_add(1),
            (true, 0) => (place.commit, place.nth) = (place.commit.saturating_sub(1), u64::MAX),
            (true, _) => place.nth -= 1,
        }
        self
    }

    /// Reads a cursor of this order from what its [`fmt::Display`] wrote.
    pub fn parse(by: SortBy, text: &str) -> Option<Self> {
        let cursor: Self = text.parse().ok()?;
        (cursor.value.is_empty() == (by == SortBy::Time)).then_some(cursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.position)?;
        if !self.value.is_empty() {
            f.write_char('.')?;
        }
        self.value.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Cursor {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (position, value) = match text.match_indices('.').nth(2) {
            Some((at, _)) if at + 1 < text.len() => (&text[..at], &text[at + 1..]),
            _ => (text, ""),
        };
        let digits = value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if !digits || value.len() % 2 > 0 || value.len() > VALUE_DIGITS_MAX {
            return Err(());
        }
        let bytes = (0..value.len()).step_by(2).map(|at| u8::from_str_radix(&value[at..at + 2], 16).map_err(|_| ()));
        Ok(Self { position: position.parse()?, value: bytes.collect::<Result<_, ()>>()? })
    }
}

/// A value of 96 bytes in a key, each escaped, with its end: more than any other takes.
const VALUE_DIGITS_MAX: usize = 2 * (2 * 96 + 1);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::bodies::Place;
    use super::super::catalogue::{LogPlace, terms_of};
    use super::*;
    use crate::market::{ActorNumber, ActorRole, Party, Timestamp};

    fn entry(direction: Direction, number: &str, document: &str, message_id: &str) -> LogEntry {
        LogEntry {
            direction,
            at: Timestamp::from_seconds(1_690_880_400),
            party: Party { number: ActorNumber::new(number), role: ActorRole::EnergySupplier },
            addressee: None,
            document: document.into(),
            message_id: message_id.into(),
            correlation_id: String::new(),
            refused: vec![],
            hash: [0; 32],
            place: Place { part: 0, offset: 0, bytes: 0 },
            came: None,
            request: None,
        }
    }

    fn position(at: i64, commit: u64, nth: u64) -> Position {
        Position { at: Timestamp::from_micros(at), place: LogPlace { commit, nth } }
    }

    #[test]
    fn every_document_stands_once_in_every_order() {
        for direction in [Direction::In, Direction::Out] {
            for (document, message_id) in [("", ""), ("NotifyPriceList", "doc-1")] {
                let entry = entry(direction, "8100000000030", document, message_id);
                let terms = terms_of(&entry);
                for by in SortBy::ALL {
                    let in_order = terms.iter().filter(|term| by.range().contains(&term.key(&position(1, 2, 3))));
                    assert_eq!(in_order.collect::<Vec<_>>(), [&by.term(&entry)]);
                    assert_eq!(by.common(&[by.term(&entry)]), Some(by.term(&entry)));
                    assert_eq!(by.common(&[Term::Subject("a".into())]).is_some(), by == SortBy::Time);
                }
            }
        }
        let known = |name: &&str| SortBy::from_name(name).is_some();
        assert!(SORTS.iter().all(known) && !known(&"Time") && !known(&"'"));
    }

    #[test]
    fn what_is_no_cursor_of_an_order_is_told() {
        let time = "1690880400000000.17.3";
        assert!(Cursor::parse(SortBy::Time, time).is_some());
        for wrong in ["", "17.3", "1.2.3.", "1.2.3.4", "1.2.3.zz", "1.2.3.00.00", "1.2.3.AB", "' or 1=1 --", "1.2.'"] {
            assert!(Cursor::parse(SortBy::Time, wrong).is_none(), "{wrong}");
            assert!(Cursor::parse(SortBy::Document, wrong).is_none(), "{wrong}");
        }
        assert!(Cursor::parse(SortBy::Document, time).is_none());
        let long = format!("{time}.{}", "00".repeat(500));
        assert!(Cursor::parse(SortBy::Document, &long).is_none());
    }

    proptest! {
        #[test]
        fn a_cursor_is_read_back_and_stands_where_its_document_does(
            id in "(\\PC|[\x00-\x03'\";%]){0,60}|a{90,140}",
            (at, commit, nth) in (any::<i64>(), 1..u64::MAX, 0..u64::MAX),
            by in prop::sample::select(&SortBy::ALL[..]),
        ) {
            let entry = entry(Direction::In, &id, &id, &id);
            let (position, key) = (position(at, commit, nth), by.term(&entry).key(&position(at, commit, nth)));
            let cursor = Cursor::of_key(by, &key).unwrap();
            prop_assert_eq!(cursor.position(), position);
            prop_assert_eq!(cursor.key(by), key.clone());
            prop_assert_eq!(Cursor::parse(by, &cursor.to_string()), Some(cursor.clone()));
            let (before, behind) = (cursor.clone().beside(true).key(by), cursor.beside(false).key(by));
            prop_assert!(before < key && key < behind);
        }
    }
}
