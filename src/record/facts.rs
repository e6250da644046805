//! What a decision must know first, and what it then knows.

use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Expected, Key, KeyRange};

/// The keys and ranges that a decision wants to see. The gateway loads them and remembers the versions it saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Needs {
    keys: BTreeSet<Key>,
    ranges: BTreeSet<KeyRange>,
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

    pub fn and(mut self, other: Needs) -> Self {
        self.keys.extend(other.keys);
        self.ranges.extend(other.ranges);
        self
    }

    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.keys.iter()
    }

    pub fn ranges(&self) -> impl Iterator<Item = &KeyRange> {
        self.ranges.iter()
    }
}

/// Records as they stood when they were loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    entries: BTreeMap<Key, Option<Entry>>,
    ranges: BTreeMap<KeyRange, Vec<(Key, Entry)>>,
}

impl Facts {
    pub fn insert(&mut self, key: Key, entry: Option<Entry>) {
        self.entries.insert(key, entry);
    }

    pub fn insert_range(&mut self, range: KeyRange, entries: Vec<(Key, Entry)>) {
        self.ranges.insert(range, entries);
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
