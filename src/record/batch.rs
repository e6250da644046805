//! One batch: everything that one commit writes, and what must still be as it was seen.

use bytes::Bytes;

use super::{Key, Packed};

/// Largest value of a record, in bytes: what sled keeps inline and syncs. Larger things are bodies.
pub const VALUE_BYTES_MAX: usize = 64 * 1024;

/// The number of the commit that last wrote a record. Numbers grow; none is used twice.
pub type Version = u64;

/// A record as it is stored: its bytes and the commit that wrote them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub version: Version,
    pub value: Bytes,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    Put(Key, Bytes),
    /// Deleting what is not there is no error.
    Delete(Key),
}

impl Change {
    pub fn key(&self) -> &Key {
        match self {
            Change::Put(key, _) | Change::Delete(key) => key,
        }
    }
}

/// What must hold when the batch is committed, or nothing of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Absent,
    At(Version),
}

/// A document's bytes, kept in the journal and found again by key; never changed once written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    pub key: Key,
    pub packed: Packed,
}

/// All of it is written, durably, or none of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    pub expectations: Vec<(Key, Expected)>,
    pub changes: Vec<Change>,
    pub bodies: Vec<Body>,
}

impl Batch {
    /// Nothing is written unless `key` holds what `expected` says.
    pub fn expect(&mut self, key: Key, expected: Expected) -> &mut Self {
        self.expectations.push((key, expected));
        self
    }

    /// Nothing is written unless all that a decision looked at is as it saw it.
    pub fn unless_moved(&mut self, versions: impl IntoIterator<Item = (Key, Expected)>) -> &mut Self {
        self.expectations.extend(versions);
        self
    }

    pub fn put(&mut self, key: Key, value: impl Into<Bytes>) -> &mut Self {
        self.changes.push(Change::Put(key, value.into()));
        self
    }

    pub fn put_all(&mut self, changes: impl IntoIterator<Item = Change>) -> &mut Self {
        self.changes.extend(changes);
        self
    }

    pub fn delete(&mut self, key: Key) -> &mut Self {
        self.changes.push(Change::Delete(key));
        self
    }

    pub fn body_all(&mut self, bodies: impl IntoIterator<Item = Body>) -> &mut Self {
        self.bodies.extend(bodies);
        self
    }

    pub fn body(&mut self, key: Key, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.bodies.push(Body { key, packed: Packed::of(bytes.as_ref()) });
        self
    }
}

/// What became of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Written and on disk, as commit number so-and-so.
    Committed(Version),
    /// Nothing was written: this key is not as the batch expected.
    Conflict(Key),
}
