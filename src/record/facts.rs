//! What a decision must know first, and what it then knows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Expected, Key, KeyRange};

/// The keys and ranges that a decision wants to see. The gateway loads them and remembers the versions it saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    keys: BTreeSet<Key>,
    ranges: BTreeSet<KeyRange>,
    pages: BTreeMap<KeyRange, usize>,
}

impl Needs {
    pub fn key(mut self, key: Key) -> Self {
        self.keys.insert(key);
        self
    }

    /// Every record in `range`. `owner` is the record that is written whenever the range changes: its version guards
    /// the range, so a decision conflicts when a record it did not see has appeared.
    pub fn range(mut self, range: KeyRange, owner: Key) -> Self {
        self.keys.insert(owner);
        self.ranges.insert(range);
        self
    }

    /// The first `most` records in `range`, and whether more follow; `owner` as for [`Needs::range`]. What works a long
    /// list off piece by piece asks for no more than a piece.
    pub fn first(mut self, range: KeyRange, most: usize, owner: Key) -> Self {
        self.keys.insert(owner);
        let asked = self.pages.entry(range).or_default();
        *asked = most.max(*asked);
        self
    }

    pub fn and(mut self, other: Needs) -> Self {
        self.keys.extend(other.keys);
        self.ranges.extend(other.ranges);
        for (range, most) in other.pages {
            let asked = self.pages.entry(range).or_default();
            *asked = most.max(*asked);
        }
        self
    }

    /// What is wanted here and not there.
    pub fn besides(mut self, known: &Needs) -> Self {
        self.keys.retain(|key| !known.keys.contains(key));
        self.ranges.retain(|range| !known.ranges.contains(range));
        self.pages.retain(|range, most| known.pages.get(range).is_none_or(|known| known < most));
        self
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    pub fn ranges(&self) -> impl Iterator<Item = &KeyRange> {
        self.ranges.iter()
    }

    /// Ranges of which only the first so many records are wanted.
    pub fn pages(&self) -> impl Iterator<Item = (&KeyRange, usize)> {
        self.pages.iter().map(|(range, most)| (range, *most))
    }
}

/// Records as they stood when they were loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    entries: BTreeMap<Key, Option<Entry>>,
    ranges: BTreeMap<KeyRange, Vec<(Key, Entry)>>,
    pages: BTreeMap<KeyRange, Page>,
}

/// The first records of a range, in key order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub records: Vec<(Key, Entry)>,
    /// Whether the range goes on behind them.
    pub more: bool,
}

impl Facts {
    pub fn insert(&mut self, key: Key, entry: Option<Entry>) {
        self.entries.insert(key, entry);
    }

    pub fn insert_range(&mut self, range: KeyRange, entries: Vec<(Key, Entry)>) {
        self.ranges.insert(range, entries);
    }

    pub fn insert_page(&mut self, range: KeyRange, page: Page) {
        self.pages.insert(range, page);
    }

    /// Adds what was loaded later. What was known before stays as it was seen: that is what a commit is held against.
    pub fn add(&mut self, later: Facts) {
        for (key, entry) in later.entries {
            self.entries.entry(key).or_insert(entry);
        }
        self.ranges.extend(later.ranges);
        self.pages.extend(later.pages);
    }

    /// The first records of a range; `None` when they were not among the needs.
    pub fn page(&self, range: &KeyRange) -> Option<&Page> {
        self.pages.get(range)
    }

    /// Whether `key` was among the needs, so that [`Facts::get`] may be asked.
    pub fn knows(&self, key: &Key) -> bool {
        self.entries.contains_key(key)
    }

    /// Whether the range was among the needs, so that [`Facts::range`] may be asked.
    pub fn knows_range(&self, range: &KeyRange) -> bool {
        self.ranges.contains_key(range)
    }

    /// The record under `key`, if there is one.
    ///
    /// # Panics
    ///
    /// When `key` was not among the needs: a decision must not look at what nobody guards.
    pub fn get(&self, key: &Key) -> Option<&Entry> {
        self.entries.get(key).unwrap_or_else(|| panic!("{key} was not asked for")).as_ref()
    }

    /// The records of a range, in key order.
    ///
    /// # Panics
    ///
    /// When the range was not among the needs.
    pub fn range(&self, range: &KeyRange) -> &[(Key, Entry)] {
        self.ranges.get(range).unwrap_or_else(|| panic!("the range from {} was not asked for", range.from))
    }

    /// What was seen, for [`super::Batch::unless_moved`].
    pub fn versions(&self) -> impl Iterator<Item = (Key, Expected)> {
        self.entries.iter().map(|(key, entry)| {
            (key.clone(), entry.as_ref().map_or(Expected::Absent, |entry| Expected::At(entry.version)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Space;

    fn key(number: u64) -> Key {
        Key::new(Space(1)).number(number)
    }

    #[test]
    fn what_is_known_is_not_loaded_again() {
        let range = KeyRange::under(&key(7));
        let known = Needs::default().key(key(1)).first(range.clone(), 5, key(2));
        let wanted = Needs::default().key(key(1)).key(key(3)).first(range.clone(), 5, key(2));
        assert_eq!(wanted.besides(&known), Needs::default().key(key(3)));
        let deeper = Needs::default().first(range.clone(), 6, key(2)).besides(&known);
        assert_eq!(deeper.pages().collect::<Vec<_>>(), [(&range, 6)]);
        assert_eq!(deeper.keys().count(), 0, "the record that guards it is known");
        let whole = Needs::default().range(range.clone(), key(2)).besides(&known);
        assert_eq!(whole.ranges().collect::<Vec<_>>(), [&range]);
    }

    #[test]
    fn what_was_seen_first_is_what_counts() {
        let entry = |version| Some(Entry { version, value: bytes::Bytes::new() });
        let facts = |rows: &[(u64, Option<Entry>)]| {
            let mut facts = Facts::default();
            rows.iter().for_each(|(number, entry)| facts.insert(key(*number), entry.clone()));
            facts
        };
        let mut seen = facts(&[(1, entry(5)), (2, None)]);
        seen.add(facts(&[(1, entry(6)), (2, entry(6)), (3, entry(6))]));
        assert_eq!(seen, facts(&[(1, entry(5)), (2, None), (3, entry(6))]));
    }
}
