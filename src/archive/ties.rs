//! What ties documents together beyond their bytes: the transactions that each names, and to which request a decision goes
//! back. The log keeps its entries for ever, so what belongs together is still found when all bytes are gone.

use bytes::Bytes;

use super::catalogue::{LogPlace, TERMS};
use crate::record::{Change, Entry, Key, stored};

/// Kinds beside those of the catalogue's terms.
const TRANSACTIONS: u8 = 128;
const ORIGINS: u8 = 129;

/// Transactions of a document by which others are found; of a longer one the first, in their order.
pub const TIES_MAX: usize = 100;
/// Of a refused document they may be any texts; a longer one ties nothing.
const TRANSACTION_BYTES_MAX: usize = 256;

/// Where it stands which transactions a document names.
pub fn transactions_key(place: LogPlace) -> Key {
    Key::new(TERMS).fixed([TRANSACTIONS]).number(place.commit).number(place.nth)
}

/// The change that keeps the transactions of a document; none where it names none.
pub fn keep_transactions<'t>(place: LogPlace, transactions: impl Iterator<Item = &'t str>) -> Option<Change> {
    let kept: Vec<&str> = transactions.filter(|id| id.len() <= TRANSACTION_BYTES_MAX).take(TIES_MAX).collect();
    (!kept.is_empty()).then(|| Change::Put(transactions_key(place), stored::write(VERSION, &kept)))
}

pub fn transactions(entry: &Entry) -> Option<Vec<String>> {
    stored::read(VERSION, &entry.value)
}

/// Where it stands to which request the decisions of a cause go back.
pub fn origin_key(cause: &[u8; 32]) -> Key {
    Key::new(TERMS).fixed([ORIGINS]).fixed(*cause)
}

/// The change that keeps the correlation id of the request to which a cause goes back.
pub fn keep_origin(cause: &[u8; 32], correlation_id: &str) -> Change {
    Change::Put(origin_key(cause), Bytes::copy_from_slice(correlation_id.as_bytes()))
}

pub fn origin(entry: &Entry) -> String {
    String::from_utf8_lossy(&entry.value).into_owned()
}

/// First byte of stored transactions.
const VERSION: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ties_documents_together_is_read_back_and_bounded() {
        let place = LogPlace { commit: 7, nth: 3 };
        let read = |change: Change| {
            let Change::Put(key, value) = change else { panic!("it is put") };
            (key, Entry { version: 1, value })
        };
        let ids: Vec<String> = (0..=TIES_MAX).map(|number| format!("t-{number}")).collect();
        let long = "t".repeat(TRANSACTION_BYTES_MAX + 1);
        let named = std::iter::once(&long).chain(&ids).map(String::as_str);
        let (key, entry) = read(keep_transactions(place, named).unwrap());
        assert_eq!((key, transactions(&entry).unwrap()), (transactions_key(place), ids[..TIES_MAX].to_vec()));
        assert_eq!(keep_transactions(place, [long.as_str()].into_iter()), None);
        let longest = "t".repeat(TRANSACTION_BYTES_MAX);
        let (_, entry) = read(keep_transactions(place, std::iter::repeat_n(longest.as_str(), 1_000)).unwrap());
        assert!(entry.value.len() < crate::record::VALUE_BYTES_MAX);
        let (key, entry) = read(keep_origin(&[7; 32], "c-1"));
        assert_eq!((key, origin(&entry)), (origin_key(&[7; 32]), "c-1".to_string()));
    }
}
