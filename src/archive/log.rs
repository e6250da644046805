//! The log: one entry for each document in or out, in order of commit. What one decision sends stands in one record, or
//! a few.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::bodies::Place;
use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Log entries by commit number, then by place within the commit.
const LOG: Space = Space(11);

/// Entries in one record. Each takes about 200 bytes, and 400 at most; a value may hold 64 KiB.
const RECORD_ENTRIES_MAX: usize = 100;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Direction {
    In,
    Out,
}

/// What is known of one document without opening it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEntry {
    pub direction: Direction,
    /// When it was received, or decided.
    pub at: Timestamp,
    /// The sender of a document that came in; whoever fetches one that went out.
    pub party: Party,
    /// Whom a document that went out is addressed to, where another fetches it.
    pub addressee: Option<Party>,
    /// Name without `_MarketDocument`; empty where the document was not recognised.
    pub document: String,
    pub message_id: String,
    pub correlation_id: String,
    /// Codes of the error document; empty for what was accepted or sent.
    pub refused: Vec<String>,
    pub hash: [u8; 32],
    /// Where its bytes stand among those of its commit.
    pub place: Place,
    /// How it came, if it was refused at a door.
    pub came: Option<Came>,
    /// The commit that took in the request from which it was made, however many timers and errands lie between. None for what came
    /// in, for a bundle, where nobody asked, and where it went out before this was kept.
    pub request: Option<u64>,
}

/// The request with which something came that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Came {
    pub kept: Kept,
    /// Where it was sent to, cut at [`CAME_CHARS_MAX`].
    pub path: String,
    /// Headers that say something of the body or of the program that sent it, by their names in lower case; never one that holds a
    /// credential. Each is cut at [`CAME_CHARS_MAX`].
    pub headers: Vec<(String, String)>,
}

/// What is kept of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Kept {
    /// All of it, unpacked if it came packed.
    Whole,
    /// All of it as it was sent, for it cannot be unpacked.
    AsSent,
    /// Nothing: it is larger than anything that is taken in, or it did not come to its end.
    Nothing,
}

impl Kept {
    pub fn name(self) -> &'static str {
        match self {
            Kept::Whole => "whole",
            Kept::AsSent => "encoded",
            Kept::Nothing => "nothing",
        }
    }
}

/// The change that logs a document that came in.
pub fn log_in(entry: &LogEntry) -> Change {
    Change::Put(Key::new(LOG).stamp().number(0), encode(std::slice::from_ref(entry)))
}

/// The changes that log what one decision sends, in order.
pub fn log_out(entries: &[LogEntry]) -> Vec<Change> {
    let key = |place| Key::new(LOG).stamp().number(place);
    entries.chunks(RECORD_ENTRIES_MAX).zip(1..).map(|(some, place)| Change::Put(key(place), encode(some))).collect()
}

/// All records, oldest first.
pub fn log_range() -> KeyRange {
    KeyRange::under(&Key::new(LOG))
}

/// The record in which the log has the nth document of a commit, and which of its entries that is. What a commit takes in
/// is its document 0; what it sends begins with 1.
pub fn log_key(commit: u64, nth: u64) -> (Key, usize) {
    let (record, entry) = match nth.checked_sub(1) {
        None => (0, 0),
        Some(sent) => (sent / RECORD_ENTRIES_MAX as u64 + 1, sent % RECORD_ENTRIES_MAX as u64),
    };
    (Key::new(LOG).number(commit).number(record), entry as usize)
}

/// The commit of a record of the log, and which of its documents the record's first entry is.
pub fn nth_in_record(key: &Key) -> Option<(u64, u64)> {
    let mut parts = key.reader();
    let (commit, record) = (parts.number()?, parts.number()?);
    let first = record.checked_sub(1).map_or(0, |record| record.saturating_mul(RECORD_ENTRIES_MAX as u64) + 1);
    Some((commit, first))
}

/// The same for any key; `None` where it is none of the log's.
pub fn in_log(key: &Key) -> Option<(u64, u64)> {
    if key.space() == LOG { nth_in_record(key) } else { None }
}

/// The records of one commit.
pub fn log_of(commit: u64) -> KeyRange {
    KeyRange::under(&Key::new(LOG).number(commit))
}

/// The entries of all commits after `commit`, oldest first.
pub fn log_after(commit: u64) -> KeyRange {
    let all = Key::new(LOG);
    KeyRange::under_from(&all, all.clone().number(commit.saturating_add(1)))
}

impl Came {
    fn cut(&self) -> Self {
        let cut = |text: &str| text.chars().take(CAME_CHARS_MAX).collect();
        let headers = self.headers.iter().map(|(name, value)| (name.clone(), cut(value)));
        Self { kept: self.kept, path: cut(&self.path), headers: headers.collect() }
    }
}

impl LogEntry {
    /// Whether a participant may see the document as one of its own: it sent or fetches it, or is addressed by it.
    pub fn is_of(&self, party: &Party) -> bool {
        self.party == *party || self.addressee.as_ref() == Some(party) || self.also_fetched_by().any(|it| it == *party)
    }

    /// Whether both are from or for one number, or one acts for it.
    pub fn shares_a_party_with(&self, other: &Self) -> bool {
        let numbers =
            |entry: &Self| [Some(&entry.party), entry.addressee.as_ref()].map(|it| it.map(|it| it.number.clone()));
        let others = numbers(other);
        numbers(self).into_iter().flatten().any(|number| others.contains(&Some(number)))
    }

    /// The same number in other roles, where these fetch what went out from the same queue; what one of them sends is its own.
    pub fn also_fetched_by(&self) -> impl Iterator<Item = Party> {
        let roles = (self.direction == Direction::Out).then(|| self.party.role.roles_served()).into_iter().flatten();
        roles.map(|role| Party { number: self.party.number.clone(), role })
    }

    /// What is kept of its bytes, as long as retention lets them be.
    pub fn kept(&self) -> Kept {
        self.came.as_ref().map_or(Kept::Whole, |came| came.kept)
    }

    /// The entries of a stored record, in order.
    pub fn from_record(record: &Entry) -> Option<Vec<Self>> {
        let first = || {
            let forms: Vec<Stored> = stored::read(FIRST, &record.value)?;
            Some(forms.into_iter().map(|form| (form, None, None, None)).collect())
        };
        let second = || {
            let forms: Vec<(Stored, Addressee)> = stored::read(WITH_ADDRESSEES, &record.value)?;
            Some(forms.into_iter().map(|(form, addressee)| (form, addressee, None, None)).collect())
        };
        let third = || {
            let forms: Vec<(Stored, Addressee, Option<Came>)> = stored::read(SAYING_HOW_THEY_CAME, &record.value)?;
            Some(forms.into_iter().map(|(form, addressee, came)| (form, addressee, came, None)).collect())
        };
        let fourth = || {
            let forms: Vec<(Stored, Addressee, Option<u64>)> = stored::read(WITH_REQUESTS, &record.value)?;
            Some(forms.into_iter().map(|(form, addressee, request)| (form, addressee, None, request)).collect())
        };
        let forms: Vec<(Stored, Addressee, Option<Came>, Option<u64>)> =
            fourth().or_else(second).or_else(third).or_else(first)?;
        let party =
            |number, role: &str| Some(Party { number: ActorNumber::new(number), role: ActorRole::from_code(role)? });
        let entry = |(form, addressee, came, request): (Stored, Addressee, Option<Came>, Option<u64>)| {
            let addressee = match addressee {
                Some((number, role)) => Some(party(number, &role)?),
                None => None,
            };
            Some(Self {
                direction: form.direction,
                at: Timestamp::from_micros(form.at),
                party: party(form.number, &form.role)?,
                addressee,
                document: form.document,
                message_id: form.message_id,
                correlation_id: form.correlation_id,
                refused: form.refused,
                hash: form.hash,
                place: form.place,
                came,
                request,
            })
        };
        forms.into_iter().map(entry).collect()
    }
}

fn encode(entries: &[LogEntry]) -> Bytes {
    let form = |entry: &LogEntry| -> (Stored, Addressee) {
        let stored = Stored {
            direction: entry.direction,
            at: entry.at.micros(),
            number: entry.party.number.to_string(),
            role: entry.party.role.code().to_string(),
            document: entry.document.clone(),
            message_id: entry.message_id.chars().take(MESSAGE_ID_CHARS_MAX).collect(),
            correlation_id: entry.correlation_id.clone(),
            refused: entry.refused.clone(),
            hash: entry.hash,
            place: entry.place,
        };
        (stored, entry.addressee.as_ref().map(|it| (it.number.to_string(), it.role.code().to_string())))
    };
    let forms = entries.iter().map(form);
    if entries.iter().any(|entry| entry.came.is_some()) {
        let came = entries.iter().map(|entry| entry.came.as_ref().map(Came::cut));
        let forms = forms.zip(came).map(|((form, addressee), came)| (form, addressee, came));
        return stored::write(SAYING_HOW_THEY_CAME, &forms.collect::<Vec<_>>());
    }
    if entries.iter().any(|entry| entry.request.is_some()) {
        let forms = forms.zip(entries).map(|((form, addressee), entry)| (form, addressee, entry.request));
        return stored::write(WITH_REQUESTS, &forms.collect::<Vec<_>>());
    }
    stored::write(WITH_ADDRESSEES, &forms.collect::<Vec<_>>())
}

/// First byte of a stored record: entries of what went out, made from a request.
const WITH_REQUESTS: u8 = 5;
/// Entries of which one says how it came.
const SAYING_HOW_THEY_CAME: u8 = 4;
/// Entries that may say whom a document is addressed to.
const WITH_ADDRESSEES: u8 = 3;
/// Entries that could not.
const FIRST: u8 = 2;

/// What is kept of a path, or of a header's value.
pub const CAME_CHARS_MAX: usize = 256;

/// Number and role.
type Addressee = Option<(String, String)>;

/// The schema sets no bound on a document's id; the log keeps this much of it, the body has it whole.
const MESSAGE_ID_CHARS_MAX: usize = 128;

#[derive(Serialize, Deserialize)]
struct Stored {
    direction: Direction,
    at: i64,
    number: String,
    role: String,
    document: String,
    message_id: String,
    correlation_id: String,
    refused: Vec<String>,
    hash: [u8; 32],
    place: Place,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64) -> LogEntry {
        LogEntry {
            direction: Direction::In,
            at: Timestamp::from_seconds(1_690_880_400),
            party: Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider },
            addressee: None,
            document: "RequestChangeOfPriceList".into(),
            message_id: format!("doc-{number}"),
            correlation_id: "c-1".into(),
            refused: vec!["B2B-008".into()],
            hash: [7; 32],
            place: Place { part: 0, offset: number, bytes: 2048 },
            came: None,
            request: None,
        }
    }

    #[test]
    fn an_entry_is_read_back_as_it_was_logged() {
        let Change::Put(_, value) = log_in(&entry(17)) else { panic!("a log entry is put") };
        assert_eq!(LogEntry::from_record(&Entry { version: 1, value }), Some(vec![entry(17)]));
    }

    #[test]
    fn entries_from_before_a_document_could_be_fetched_by_another_than_its_addressee_are_read() {
        let Change::Put(_, value) = log_in(&entry(17)) else { panic!("a log entry is put") };
        let now: Vec<(Stored, Addressee)> = stored::read(WITH_ADDRESSEES, &value).unwrap();
        let before: Vec<Stored> = now.into_iter().map(|(form, _)| form).collect();
        let value = stored::write(FIRST, &before);
        assert_eq!(LogEntry::from_record(&Entry { version: 1, value }), Some(vec![entry(17)]));
    }

    #[test]
    fn how_something_came_is_read_back_and_cut_where_it_is_long() {
        let long = "é".repeat(CAME_CHARS_MAX + 1);
        let came = |path: &str| Came {
            kept: Kept::AsSent,
            path: path.into(),
            headers: vec![("content-type".into(), path.into())],
        };
        let refused = LogEntry { came: Some(came(&long)), ..entry(17) };
        let Change::Put(_, value) = log_in(&refused) else { panic!("a log entry is put") };
        let read = LogEntry::from_record(&Entry { version: 1, value });
        let kept = LogEntry { came: Some(came(&"é".repeat(CAME_CHARS_MAX))), ..entry(17) };
        assert_eq!((kept.kept(), entry(17).kept()), (Kept::AsSent, Kept::Whole));
        assert_eq!(read, Some(vec![kept]));
    }

    #[test]
    fn what_went_out_says_from_which_request_it_was_made() {
        let sent = LogEntry { direction: Direction::Out, refused: vec![], request: Some(41), ..entry(17) };
        let by_nobody = LogEntry { request: None, ..sent.clone() };
        let entries = [sent, by_nobody];
        let [Change::Put(_, value)] = &log_out(&entries)[..] else { panic!("it is one record") };
        assert_eq!(LogEntry::from_record(&Entry { version: 1, value: value.clone() }).unwrap(), entries);
    }

    #[test]
    fn a_document_is_its_addressees_and_its_delegates() {
        let party = |number, role| Party { number: ActorNumber::new(number), role };
        let grid = party("8200000000011", ActorRole::GridAccessProvider);
        let delegated = LogEntry { addressee: Some(grid.clone()), ..entry(17) };
        let Change::Put(_, value) = log_in(&delegated) else { panic!("a log entry is put") };
        assert_eq!(LogEntry::from_record(&Entry { version: 1, value }), Some(vec![delegated.clone()]));
        assert!(delegated.is_of(&grid) && delegated.is_of(&delegated.party) && !entry(17).is_of(&grid));
        assert!(!delegated.is_of(&party("8200000000011", ActorRole::EnergySupplier)));
    }

    #[test]
    fn a_queue_of_two_roles_is_that_of_both_and_what_one_sends_its_own() {
        let sent = entry(17);
        let responsible = Party { role: ActorRole::MeteredDataResponsible, ..sent.party.clone() };
        let fetched = LogEntry { direction: Direction::Out, ..sent.clone() };
        assert!(fetched.is_of(&responsible) && fetched.is_of(&fetched.party) && !sent.is_of(&responsible));
        let sent_by_the_other = LogEntry { party: responsible, ..sent.clone() };
        assert!(!sent_by_the_other.is_of(&sent.party));
    }

    #[test]
    fn what_one_decision_sends_stands_in_as_many_records_as_it_needs() {
        let entries: Vec<LogEntry> = (0..2 * RECORD_ENTRIES_MAX as u64 + 1).map(entry).collect();
        let changes = log_out(&entries);
        assert_eq!(changes.len(), 3);
        let records = changes.into_iter().flat_map(|change| {
            let Change::Put(_, value) = change else { panic!("a log entry is put") };
            LogEntry::from_record(&Entry { version: 1, value }).unwrap()
        });
        assert_eq!(records.collect::<Vec<_>>(), entries);
        assert!(log_out(&[]).is_empty());
        for (nth, place) in [(0, (0, 0)), (1, (1, 0)), (100, (1, 99)), (101, (2, 0))] {
            let (key, entry) = log_key(7, nth);
            assert_eq!((key.clone(), entry), (Key::new(LOG).number(7).number(place.0), place.1));
            assert_eq!(nth_in_record(&key), Some((7, nth - place.1 as u64)));
        }
        let addressee = Some(entry(1).party);
        let (message_id, request) = ("é".repeat(MESSAGE_ID_CHARS_MAX), Some(u64::MAX));
        let longest = LogEntry { message_id, addressee, request, ..entry(1) };
        let Change::Put(_, value) = log_out(&vec![longest; RECORD_ENTRIES_MAX]).remove(0) else { panic!("it is put") };
        assert!(value.len() < crate::record::VALUE_BYTES_MAX, "{} bytes", value.len());
    }
}
