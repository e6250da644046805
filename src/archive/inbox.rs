//! The inbox: documents that were answered with 202 and are not decided yet, in order of arrival.

use serde::{Deserialize, Serialize};

use crate::market::{ActorNumber, ActorRole, Party, Timestamp};
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Undecided documents by the commit that took them in.
const INBOX: Space = Space(10);
/// Documents whose decision failed through a bug of ours; an operator sees them and may replay them.
const PARKED: Space = Space(16);

/// What must be known to decide a document again after a crash; its bytes are in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboxEntry {
    pub caller: Party,
    /// Name without `_MarketDocument`.
    pub document: String,
    /// The moment of receipt: the `now` of its decision, however late it is made.
    pub at: Timestamp,
    pub correlation_id: String,
    pub hash: [u8; 32],
}

/// A document that we failed to decide, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    pub entry: InboxEntry,
    pub cause: String,
}

impl InboxEntry {
    /// The change that puts it into the inbox under the number of the commit itself.
    pub fn put(&self) -> Change {
        Change::Put(Key::new(INBOX).stamp(), stored::write(VERSION, &Stored::from(self)))
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        stored::read::<Stored>(VERSION, &entry.value)?.try_into().ok()
    }
}

/// Where the document that commit `number` took in waits.
pub fn inbox_key(number: u64) -> Key {
    Key::new(INBOX).number(number)
}

/// The commit that took in the document that waits, or is parked, under a key.
pub fn number_of(key: &Key) -> Option<u64> {
    key.reader().number()
}

/// All undecided documents, oldest first.
pub fn inbox_range() -> KeyRange {
    KeyRange::under(&Key::new(INBOX))
}

/// Where the document that commit `number` took in is parked.
pub fn parked_key(number: u64) -> Key {
    Key::new(PARKED).number(number)
}

/// All parked documents, oldest first.
pub fn parked_range() -> KeyRange {
    KeyRange::under(&Key::new(PARKED))
}

/// The changes that move a document out of the inbox because of a bug of ours.
pub fn park(number: u64, entry: &InboxEntry, cause: &str) -> Vec<Change> {
    let cause = cause.chars().take(CAUSE_CHARS_MAX).collect();
    let form = Stored { cause, ..Stored::from(entry) };
    vec![Change::Put(parked_key(number), stored::write(VERSION, &form)), Change::Delete(inbox_key(number))]
}

impl Parked {
    /// What has the document decided again, in the place at which it arrived.
    pub fn retry(&self, number: u64) -> Vec<Change> {
        let waiting = Change::Put(inbox_key(number), stored::write(VERSION, &Stored::from(&self.entry)));
        vec![waiting, Change::Delete(parked_key(number))]
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let form: Stored = stored::read(VERSION, &entry.value)?;
        let cause = form.cause.clone();
        Some(Self { entry: form.try_into().ok()?, cause })
    }
}

/// First byte of a stored entry.
const VERSION: u8 = 1;
/// What of a cause is kept: enough for a panic's text and place.
const CAUSE_CHARS_MAX: usize = 2_000;

#[derive(Serialize, Deserialize)]
struct Stored {
    number: String,
    role: String,
    document: String,
    at: i64,
    correlation_id: String,
    hash: [u8; 32],
    cause: String,
}

impl From<&InboxEntry> for Stored {
    fn from(entry: &InboxEntry) -> Self {
        Self {
            number: entry.caller.number.to_string(),
            role: entry.caller.role.code().to_string(),
            document: entry.document.clone(),
            at: entry.at.micros(),
            correlation_id: entry.correlation_id.clone(),
            hash: entry.hash,
            cause: String::new(),
        }
    }
}

impl TryFrom<Stored> for InboxEntry {
    type Error = ();

    fn try_from(stored: Stored) -> Result<Self, ()> {
        Ok(Self {
            caller: Party {
                number: ActorNumber::new(stored.number),
                role: ActorRole::from_code(&stored.role).ok_or(())?,
            },
            document: stored.document,
            at: Timestamp::from_micros(stored.at),
            correlation_id: stored.correlation_id,
            hash: stored.hash,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_or_is_parked_is_read_back_as_it_was_put() {
        let entry = InboxEntry {
            caller: Party { number: ActorNumber::new("8100000000030"), role: ActorRole::GridAccessProvider },
            document: "RequestChangeOfPriceList".into(),
            at: Timestamp::from_seconds(1_690_880_400),
            correlation_id: "c-1".into(),
            hash: [7; 32],
        };
        let Change::Put(_, value) = entry.put() else { panic!("an inbox entry is put") };
        assert_eq!(InboxEntry::from_entry(&Entry { version: 1, value }), Some(entry.clone()));
        let parked = park(4, &entry, "index out of bounds");
        let Change::Put(_, value) = parked[0].clone() else { panic!("a parked entry is put") };
        let cause = "index out of bounds".to_string();
        let found = Parked::from_entry(&Entry { version: 2, value }).unwrap();
        assert_eq!(found, Parked { entry: entry.clone(), cause });
        assert_eq!(parked[1], Change::Delete(inbox_key(4)));
        let [Change::Put(place, value), Change::Delete(left)] = &found.retry(4)[..] else { panic!("it goes back") };
        assert_eq!((place, left), (&inbox_key(4), parked[0].key()));
        assert_eq!((number_of(place), number_of(left)), (Some(4), Some(4)));
        assert_eq!(InboxEntry::from_entry(&Entry { version: 9, value: value.clone() }), Some(entry));
    }
}
