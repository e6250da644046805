//! The catalogue: what documents in the log are found by.
//!
//! Each document stands under each of its [`Term`]s, in the order of its time, so that a search reads only what it
//! finds: it walks along its rarest term and looks the others up. The catalogue is made from the log afterwards, in
//! large batches, so that no document waits for it. Source: post-office 4.4.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use bytes::Bytes;

use super::log::{Direction, LogEntry};
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
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
}

/// A kind of term that is any text.
type TextTerm = fn(String) -> Term;

/// The criteria that are any text, by the names under which people give them.
const TEXTS: [(&str, TextTerm); 7] = [
    ("messageId", Term::MessageId),
    ("transactionId", Term::TransactionId),
    ("correlationId", Term::CorrelationId),
    ("subject", Term::Subject),
    ("document", Term::Document),
    ("reason", Term::Reason),
    ("refused", Term::Refused),
];

/// What people search by besides time: each of these names at most once, all that are given must be met.
pub const CRITERIA: [&str; 10] = [
    "party",
    "role",
    "direction",
    "messageId",
    "transactionId",
    "correlationId",
    "subject",
    "document",
    "reason",
    "refused",
];

/// Why a criterion cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {advice}")]
pub struct NoCriterion {
    pub name: &'static str,
    pub advice: &'static str,
}

/// The terms that criteria stand for, each given by one of the names of [`CRITERIA`] and its text.
pub fn terms_for(mut given: BTreeMap<&'static str, String>) -> Result<Vec<Term>, NoCriterion> {
    let wrong = |name, advice| NoCriterion { name, advice };
    let mut terms = Vec::new();
    match (given.remove("party"), given.remove("role")) {
        (None, None) => {}
        (Some(number), None) => terms.push(Term::Number(number)),
        (Some(number), Some(code)) => {
            let role = ActorRole::from_code(&code.to_ascii_uppercase());
            let role = role.ok_or(wrong("role", "a role looks like DDQ"))?;
            terms.push(Term::Party(Party { number: ActorNumber::new(number), role }));
        }
        (None, Some(_)) => return Err(wrong("role", "it goes with a party")),
    }
    if let Some(name) = given.remove("direction") {
        let direction = Direction::from_name(&name).ok_or(wrong("direction", "it is in or out"))?;
        terms.push(Term::Direction(direction));
    }
    terms.extend(TEXTS.into_iter().filter_map(|(name, term)| given.remove(name).map(term)));
    assert!(given.is_empty(), "{given:?} are no criteria");
    Ok(terms)
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
        }
    }

    /// Documents under any term of this kind, in the order of the terms and then of time.
    pub(super) fn kind(&self) -> Key {
        Key::new(TERMS).fixed([self.rank()])
    }

    fn prefix(&self) -> Key {
        let key = self.kind();
        match self {
            Term::Any => key,
            Term::Party(party) => key.text(party.number.as_str()).text(party.role.code()),
            Term::Direction(direction) => key.text(direction.name()),
            Term::Number(text)
            | Term::Document(text)
            | Term::Reason(text)
            | Term::MessageId(text)
            | Term::TransactionId(text)
            | Term::CorrelationId(text)
            | Term::Subject(text)
            | Term::Refused(text)
            | Term::Sender(text)
            | Term::Receiver(text) => key.text(text),
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
    let parties = std::iter::once(&entry.party).chain(&entry.addressee);
    for party in parties.filter(|party| !party.number.as_str().is_empty()) {
        terms.extend([Term::Party(party.clone()), Term::Number(party.number.to_string())]);
    }
    terms.extend(entry.also_fetched_by().map(Term::Party));
    terms.extend(entry.refused.iter().cloned().map(Term::Refused));
    terms.remove(&Term::CorrelationId(String::new()));
    terms
}

/// The change that enters a document under a term.
pub fn enter(term: &Term, position: &Position) -> Change {
    Change::Put(term.key(position), Bytes::from_static(&[VERSION]))
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
const REACHED_VERSION: u8 = 3;
/// The same when documents did not stand under their senders and receivers yet, nor those without a name or an id under none;
/// and when it was not kept which transactions each names, nor did they stand under every role that fetches them.
const REACHED_BEFORE: [u8; 2] = [1, 2];

#[cfg(test)]
mod tests {
    use super::*;

    fn position(at: i64, commit: u64, nth: u64) -> Position {
        Position { at: Timestamp::from_seconds(at), place: LogPlace { commit, nth } }
    }

    #[test]
    fn a_terms_range_holds_its_documents_of_that_time_in_order() {
        let party = Party { number: ActorNumber::new("8100000000030"), role: ActorRole::EnergySupplier };
        let other = Party { role: ActorRole::GridAccessProvider, ..party.clone() };
        let terms = [Term::Any, Term::Party(party), Term::Party(other), Term::Subject("a\u{0}b".into())];
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
    fn criteria_become_terms_and_what_cannot_be_one_is_named() {
        let terms = |given: &[(&'static str, &str)]| {
            let given = given.iter().map(|(name, text)| {
                assert!(CRITERIA.contains(name));
                (*name, text.to_string())
            });
            terms_for(given.collect()).map_err(|it| it.name)
        };
        let party = Party { number: ActorNumber::new("1"), role: ActorRole::EnergySupplier };
        assert_eq!(terms(&[]), Ok(vec![]));
        assert_eq!(terms(&[("party", "1")]), Ok(vec![Term::Number("1".into())]));
        assert_eq!(terms(&[("party", "1"), ("role", "ddq")]), Ok(vec![Term::Party(party)]));
        let mixed = [("subject", "7"), ("direction", "out"), ("messageId", "m")];
        let expected = [Term::Direction(Direction::Out), Term::MessageId("m".into()), Term::Subject("7".into())];
        assert_eq!(terms(&mixed), Ok(expected.to_vec()));
        for (wrong, name) in [
            (&[("role", "DDQ")][..], "role"),
            (&[("party", "1"), ("role", "D99")], "role"),
            (&[("direction", "up")], "direction"),
        ] {
            assert_eq!(terms(wrong), Err(name));
        }
        let texts = CRITERIA.iter().filter(|name| TEXTS.iter().any(|(text, _)| text == *name)).count();
        assert_eq!((texts, CRITERIA.len()), (TEXTS.len(), TEXTS.len() + 3), "no criterion is overlooked");
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
