//! What is kept of documents beyond their bytes: what each says of itself, and to which request a decision goes back. The log
//! keeps its entries for ever, so what belongs together is still found when all bytes are gone.

use serde::{Deserialize, Serialize};

use super::catalogue::{LogPlace, TERMS};
use crate::record::{Change, Entry, Key, stored};

/// Kinds beside those of the catalogue's terms.
const SAID: u8 = 128;
const ORIGINS: u8 = 129;

/// Transactions of a document by which others are found; of a longer one the first, in their order.
pub const TIES_MAX: usize = 100;
/// Of a refused document they may be any texts; a longer one is not kept.
const TEXT_BYTES_MAX: usize = 256;

/// What a document says of itself that its entry in the log does not; empty where it says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Of a document whose entry in the log has none, for nobody could read it.
    pub message_id: String,
    /// `process.processType`
    pub reason: String,
    /// The market's number of its kind.
    pub rsm: String,
    /// Ids of its activity records, and of those that they answer; at most [`TIES_MAX`].
    pub transactions: Vec<String>,
}

impl Said {
    /// Where it stands of the document at a place.
    pub fn key(place: LogPlace) -> Key {
        Key::new(TERMS).fixed([SAID]).number(place.commit).number(place.nth)
    }

    /// The change that keeps it; none where there is nothing to keep.
    pub fn keep(self, place: LogPlace) -> Option<Change> {
        let fits = |text: &String| text.len() <= TEXT_BYTES_MAX;
        let transactions = self.transactions.into_iter().filter(fits).take(TIES_MAX).collect();
        let [message_id, reason] =
            [self.message_id, self.reason].map(|text| Some(text).filter(fits).unwrap_or_default());
        let said = Self { message_id, reason, transactions, rsm: self.rsm };
        (said != Self::default()).then(|| Change::Put(Self::key(place), stored::write(VERSION, &said)))
    }

    pub fn from_entry(entry: &Entry) -> Option<Self> {
        let first = || Some(Self { transactions: stored::read(TRANSACTIONS_ALONE, &entry.value)?, ..Self::default() });
        let second = || {
            let (reason, rsm, transactions) = stored::read(WITHOUT_MESSAGE_ID, &entry.value)?;
            Some(Self { reason, rsm, transactions, ..Self::default() })
        };
        stored::read(VERSION, &entry.value).or_else(second).or_else(first)
    }
}

/// Where it stands to which request the decisions of a cause go back.
pub fn origin_key(cause: &[u8; 32]) -> Key {
    Key::new(TERMS).fixed([ORIGINS]).fixed(*cause)
}

/// The request to which decisions go back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// As its sender named it, who may name others alike.
    pub correlation_id: String,
    /// The commit that took it in; none where an earlier version kept no more than its name.
    pub request: Option<u64>,
}

impl Origin {
    /// The change that keeps it for decisions of a cause; none where nobody asked.
    pub fn keep(&self, cause: &[u8; 32]) -> Option<Change> {
        let name = self.correlation_id.as_bytes();
        let value = match self.request {
            Some(commit) => [&[WITH_COMMIT], &commit.to_be_bytes()[..], name].concat(),
            None => name.to_vec(),
        };
        (!value.is_empty()).then(|| Change::Put(origin_key(cause), value.into()))
    }

    pub fn from_entry(entry: &Entry) -> Self {
        let with_commit = || {
            let (commit, name) = entry.value.strip_prefix(&[WITH_COMMIT])?.split_first_chunk()?;
            Some((name, u64::from_be_bytes(*commit)))
        };
        let (name, request) = with_commit().map_or((&*entry.value, None), |(name, commit)| (name, Some(commit)));
        Self { correlation_id: String::from_utf8_lossy(name).into_owned(), request }
    }
}

/// First byte of an origin that knows the commit; what was kept before begins with a visible character.
const WITH_COMMIT: u8 = 0;

/// First byte of what a document says of itself.
const VERSION: u8 = 3;
/// The same without a message id.
const WITHOUT_MESSAGE_ID: u8 = 2;
/// The same when it was transactions and nothing else.
const TRANSACTIONS_ALONE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_bounded() {
        let place = LogPlace { commit: 7, nth: 3 };
        let read = |change: Change| {
            let Change::Put(key, value) = change else { panic!("it is put") };
            (key, Entry { version: 1, value })
        };
        let ids: Vec<String> = (0..=TIES_MAX).map(|number| format!("t-{number}")).collect();
        let long = "t".repeat(TEXT_BYTES_MAX + 1);
        let transactions = [vec![long.clone()], ids.clone()].concat();
        let said = Said { message_id: "doc-1".into(), reason: "D18".into(), rsm: "RSM-033".into(), transactions };
        let (key, entry) = read(said.clone().keep(place).unwrap());
        let kept = Said { transactions: ids[..TIES_MAX].to_vec(), ..said };
        assert_eq!((key, Said::from_entry(&entry)), (Said::key(place), Some(kept)));
        let (message_id, reason, transactions) = (long.clone(), long.clone(), vec![long]);
        assert_eq!(Said { message_id, reason, rsm: String::new(), transactions }.keep(place), None);
        let longest = "t".repeat(TEXT_BYTES_MAX);
        let (message_id, reason, rsm) = (longest.clone(), longest.clone(), "RSM-033".into());
        let said = Said { message_id, reason, rsm, transactions: vec![longest; 1_000] };
        assert!(read(said.keep(place).unwrap()).1.value.len() < crate::record::VALUE_BYTES_MAX);
        let transactions = vec!["t-1".to_string(), "t-2".to_string()];
        let first = Entry { version: 1, value: stored::write(TRANSACTIONS_ALONE, &transactions) };
        let second = Entry { version: 1, value: stored::write(WITHOUT_MESSAGE_ID, &("D18", "RSM-033", &transactions)) };
        let said = Said { transactions, ..Said::default() };
        assert_eq!(Said::from_entry(&first), Some(said.clone()));
        let (reason, rsm) = ("D18".to_string(), "RSM-033".to_string());
        assert_eq!(Said::from_entry(&second), Some(Said { reason, rsm, ..said }));

        for (correlation_id, request) in [("c-1", Some(41)), ("", Some(41)), ("c-1", None)] {
            let origin = Origin { correlation_id: correlation_id.into(), request };
            let (key, entry) = read(origin.keep(&[7; 32]).unwrap());
            assert_eq!((key, Origin::from_entry(&entry)), (origin_key(&[7; 32]), origin));
        }
        assert_eq!(Origin::default().keep(&[7; 32]), None);
    }
}
