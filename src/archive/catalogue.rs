//! The catalogue: what documents in the log are found by.
//!
//! Each document stands under each of its [`Term`]s, in the order of its time, so that a search reads only what it
//! finds: it walks along its rarest term and looks the others up. The catalogue is made from the log afterwards, in
//! large batches, so that no document waits for it. Source: post-office 4.4.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::log::{Direction, LogEntry};
use crate::market::{ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// How far the log has been catalogued; what retention remembers stands under texts in the same space.
pub(super) const REACHED: Space = Space(15);
/// Places of documents, by term and time.
pub(super) const TERMS: Space = Space(19);

/// Something that a document is found by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Term {
    /// Every document.
    Any,
    /// Whose it is: the sender of what came in, the receiver of what went out, and whoever fetches it for that. Number and
    /// role belong together.
    Party(Party),
    /// The same, in whatever role.
    Number(String),
    /// Everybody's in a role.
    Role(ActorRole),
    Direction(Direction),
    /// Name without `_MarketDocument`; empty where the document was not recognised.
    Document(String),
    /// `process.processType`
    Reason(String),
    /// Empty where nobody could read one.
    MessageId(String),
    /// Of an activity record, or of one that it answers.
    TransactionId(String),
    CorrelationId(String),
    /// A metering point or a charge id.
    Subject(String),
    /// What was refused: the code of its error document, or of a detail.
    Refused(String),
    /// Number of whoever sent it; empty for what the hub sent.
    Sender(String),
    /// Number of whoever receives it; empty for what the hub received.
    Receiver(String),
    /// Message id of the bundle in which it was given out, or which it is.
    Bundle(String),
    /// The commit that took in the request which it is, or from which it was made; whatever its sender calls it.
    Request(u64),
    /// The market's number of its kind, such as RSM-033.
    Rsm(String),
    Verdict(Verdict),
}

/// What a sender was told at the door. What the market's rules say to a document that was accepted goes out as another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Accepted,
    Refused,
}

/// Where a document stands: its time, then its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub at: Timestamp,
    pub place: LogPlace,
}

/// A document's place in the log: the commit that logged it, and which of that commit's documents it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogPlace {
    pub commit: u64,
    pub nth: u64,
}

impl Term {
    /// How many documents it leads to, roughly, from few to many: a search walks along the first of its terms.
    pub fn rank(&self) -> u8 {
        match self {
            Term::Bundle(_) | Term::Request(_) => 2,
            Term::Sender(_) | Term::Receiver(_) => 7,
            Term::Rsm(_) => 9,
            Term::Role(_) | Term::Verdict(_) => 10,
            other => other.number(),
        }
    }

    /// The number of its kind in keys.
    fn number(&self) -> u8 {
        match self {
            Term::MessageId(_) => 1,
            Term::CorrelationId(_) => 2,
            Term::TransactionId(_) => 3,
            Term::Subject(_) => 4,
            Term::Refused(_) => 5,
            Term::Party(_) => 6,
            Term::Number(_) => 7,
            Term::Reason(_) => 8,
            Term::Document(_) => 9,
            Term::Direction(_) => 10,
            Term::Any => 11,
            Term::Sender(_) => 12,
            Term::Receiver(_) => 13,
            Term::Bundle(_) => 14,
            Term::Rsm(_) => 15,
            Term::Verdict(_) => 16,
            Term::Request(_) => 17,
            Term::Role(_) => 18,
        }
    }

    /// Documents under any term of this kind, in the order of the terms and then of time.
    pub(super) fn kind(&self) -> Key {
        Key::new(TERMS).fixed([self.number()])
    }

    fn prefix(&self) -> Key {
        let key = self.kind();
        match self {
            Term::Any => key,
            Term::Party(party) => key.text(party.number.as_str()).text(party.role.code()),
            Term::Direction(direction) => key.text(direction.name()),
            Term::Role(role) => key.text(role.code()),
            Term::Verdict(verdict) => key.text(verdict.name()),
            Term::Request(commit) => key.number(*commit),
            Term::Number(text)
            | Term::Document(text)
            | Term::Reason(text)
            | Term::MessageId(text)
            | Term::TransactionId(text)
            | Term::CorrelationId(text)
            | Term::Subject(text)
            | Term::Refused(text)
            | Term::Sender(text)
            | Term::Receiver(text)
            | Term::Bundle(text)
            | Term::Rsm(text) => key.text(text),
        }
    }

    /// Where it says that a document at `position` has this term.
    pub fn key(&self, position: &Position) -> Key {
        position.under(self.prefix())
    }

    /// All documents with this term from `from` up to `to`, excluded, oldest first.
    pub fn range(&self, from: Timestamp, to: Timestamp) -> KeyRange {
        KeyRange { from: self.prefix().signed(from.micros()), to: self.prefix().signed(to.micros()) }
    }
}

impl Position {
    /// Before every document.
    pub const FIRST: Self = Self { at: Timestamp::from_micros(i64::MIN), place: LogPlace { commit: 0, nth: 0 } };
    /// Behind every document.
    pub const LAST: Self =
        Self { at: Timestamp::from_micros(i64::MAX), place: LogPlace { commit: u64::MAX, nth: u64::MAX } };

    pub(super) fn under(&self, prefix: Key) -> Key {
        let Position { at, place: LogPlace { commit, nth } } = self;
        prefix.signed(at.micros()).number(*commit).number(*nth)
    }

    /// The position to which a term's key leads.
    pub fn of_key(key: &Key) -> Option<Self> {
        let (_, tail) = key.as_bytes().split_last_chunk::<POSITION_BYTES>()?;
        let tail = Key::new(TERMS).fixed(*tail);
        let mut parts = tail.reader();
        let at = Timestamp::from_micros(parts.signed()?);
        Some(Position { at, place: LogPlace { commit: parts.number()?, nth: parts.number()? } })
    }
}

/// What everybody knows of a logged document without opening it.
pub fn terms_of(entry: &LogEntry) -> BTreeSet<Term> {
    let number = entry.party.number.to_string();
    let (sender, receiver) = match entry.direction {
        Direction::In => (number, String::new()),
        Direction::Out => (String::new(), number),
    };
    let mut terms = BTreeSet::from([
        Term::Any,
        Term::Direction(entry.direction),
        Term::CorrelationId(entry.correlation_id.clone()),
        Term::Document(entry.document.clone()),
        Term::MessageId(entry.message_id.clone()),
        Term::Sender(sender),
        Term::Receiver(receiver),
    ]);
    // Whoever sent what cannot be read by anybody is nobody.
    let parties = [&entry.party].into_iter().chain(&entry.addressee).cloned().chain(entry.also_fetched_by());
    for party in parties.filter(|party| !party.number.as_str().is_empty()) {
        terms.extend([Term::Number(party.number.to_string()), Term::Role(party.role), Term::Party(party)]);
    }
    terms.extend(entry.refused.iter().cloned().map(Term::Refused));
    terms.extend(Verdict::of(entry).map(Term::Verdict));
    terms.extend(entry.request.map(Term::Request));
    terms.remove(&Term::CorrelationId(String::new()));
    terms
}

/// The change that enters a document under a term.
pub fn enter(term: &Term, position: &Position) -> Change {
    Change::Put(term.key(position), Bytes::from_static(&[VERSION]))
}

/// Where it stands that a document could not be read when it was entered, and so is found only by what the log says of it.
fn unread_key(place: LogPlace) -> Key {
    Key::new(REACHED).text("unread").number(place.commit).number(place.nth)
}

/// The change that says so.
pub fn unread(place: LogPlace) -> Change {
    Change::Put(unread_key(place), Bytes::from_static(&[VERSION]))
}

/// Every such document, oldest first.
pub fn unread_range() -> KeyRange {
    KeyRange::under(&Key::new(REACHED).text("unread"))
}

/// The document of such a key.
pub fn unread_place(key: &Key) -> Option<LogPlace> {
    let mut parts = key.reader();
    let _name = parts.text()?;
    Some(LogPlace { commit: parts.number()?, nth: parts.number()? })
}

/// Where it stands how far the log has been catalogued.
pub fn reached_key() -> Key {
    Key::new(REACHED)
}

/// The last record of the log that has been catalogued; none of them where that was by fewer terms than today, so that
/// the log is gone through again. `None` when it cannot be read.
pub fn reached(entry: &Entry) -> Option<Option<Key>> {
    if REACHED_BEFORE.iter().any(|version| stored::read::<Vec<u8>>(*version, &entry.value).is_some()) {
        return Some(None);
    }
    let bytes: Vec<u8> = stored::read(REACHED_VERSION, &entry.value)?;
    (!bytes.is_empty()).then(|| Some(Key::from_bytes(bytes)))
}

/// The change that says so.
pub fn reach(record: &Key) -> Change {
    Change::Put(reached_key(), stored::write(REACHED_VERSION, &record.as_bytes()))
}

impl Verdict {
    /// What was said to a document that came in.
    pub fn of(entry: &LogEntry) -> Option<Self> {
        let verdict = if entry.refused.is_empty() { Verdict::Accepted } else { Verdict::Refused };
        (entry.direction == Direction::In).then_some(verdict)
    }

    pub fn name(self) -> &'static str {
        match self {
            Verdict::Accepted => "accepted",
            Verdict::Refused => "refused",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Verdict::Accepted, Verdict::Refused].into_iter().find(|verdict| verdict.name() == name)
    }
}

impl Direction {
    pub fn name(self) -> &'static str {
        match self {
            Direction::In => "in",
            Direction::Out => "out",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        [Direction::In, Direction::Out].into_iter().find(|direction| direction.name() == name)
    }
}

impl fmt::Display for LogPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.commit, self.nth)
    }
}

impl FromStr for LogPlace {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (commit, nth) = text.split_once('.').ok_or(())?;
        let number = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| ()),
            false => Err(()),
        };
        Ok(Self { commit: number(commit)?, nth: number(nth)? })
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.at.micros(), self.place)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (at, place) = text.split_once('.').ok_or(())?;
        Ok(Self { at: Timestamp::from_micros(at.parse().map_err(|_| ())?), place: place.parse()? })
    }
}

/// Time, commit and place within it, eight bytes each.
pub(super) const POSITION_BYTES: usize = 24;
/// First byte of a document's place under a term.
const VERSION: u8 = 1;
/// First byte of the record of how far the log has been catalogued.
const REACHED_VERSION: u8 = 6;
/// The same when documents stood under fewer terms, and less was kept of what they say of themselves.
const REACHED_BEFORE: [u8; 5] = [1, 2, 3, 4, 5];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::{ActorNumber, ActorRole};

    fn position(at: i64, commit: u64, nth: u64) -> Position {
        Position { at: Timestamp::from_seconds(at), place: LogPlace { commit, nth } }
    }

    #[test]
    fn a_terms_range_holds_its_documents_of_that_time_in_order() {
        let party = Party { number: ActorNumber::new("8100000000030"), role: ActorRole::EnergySupplier };
        let other = Party { role: ActorRole::GridAccessProvider, ..party.clone() };
        let roles = [party.role, other.role].map(Term::Role);
        let terms =
            [Term::Any, Term::Request(7), Term::Party(party), Term::Party(other), Term::Subject("a\u{0}b".into())];
        let terms = [&terms[..], &roles].concat();
        for term in &terms {
            let range = term.range(Timestamp::from_seconds(10), Timestamp::from_seconds(20));
            let rows = [(position(9, 1, 0), false), (position(10, 2, 0), true), (position(20, 3, 0), false)];
            for (position, inside) in rows {
                assert_eq!(range.contains(&term.key(&position)), inside, "{term:?} {position}");
                assert_eq!(Position::of_key(&term.key(&position)), Some(position));
                assert!(terms.iter().filter(|it| *it != term).all(|it| !range.contains(&it.key(&position))));
            }
            assert!(term.key(&position(10, 2, 1)) < term.key(&position(10, 3, 0)));
            assert!(term.key(&position(-5, 9, 1)) < term.key(&position(10, 3, 0)));
        }
    }

    #[test]
    fn places_and_positions_are_read_back_and_nothing_else_is() {
        let place = LogPlace { commit: 17, nth: 3 };
        assert_eq!((place.to_string(), "17.3".parse()), ("17.3".to_string(), Ok(place)));
        assert_eq!(position(-1, 17, 3).to_string().parse(), Ok(position(-1, 17, 3)));
        for wrong in ["", "17", "17.", ".3", "17.3.4", "+1.2", "a.b", "' or 1=1"] {
            assert!(wrong.parse::<LogPlace>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_document_that_could_not_be_read_is_found_again() {
        let place = LogPlace { commit: 17, nth: 3 };
        assert_eq!((unread_place(&unread_key(place)), unread(place).key()), (Some(place), &unread_key(place)));
        assert!(unread_range().contains(&unread_key(place)) && !unread_range().contains(&reached_key()));
    }

    #[test]
    fn how_far_the_catalogue_goes_is_read_back() {
        let (record, _) = super::super::log::log_key(41, 0);
        let Change::Put(_, value) = reach(&record) else { panic!("it is put") };
        assert_eq!(reached(&Entry { version: 50, value }), Some(Some(record.clone())));
        for before in REACHED_BEFORE {
            let value = stored::write(before, &record.as_bytes());
            assert_eq!(reached(&Entry { version: 50, value }), Some(None), "it is gone through again");
        }
        assert_eq!(reached(&Entry { version: 50, value: Bytes::from_static(b"\x09\x01") }), None);
    }
}
