//! One batch, committed whole: the store's trait, what it promises, and its interpreters.
//!
//! The store knows keys, versions and bytes; what they mean is left to others. A read sees only what is committed and
//! durable. A batch is checked by one committer against all that earlier batches wrote, so reads need no snapshot.
//! Version numbers are commit numbers: they begin at 1, every committed batch takes the next one, none is left out
//! and none is used twice, not even across restarts.

mod embedded;
mod fault;
mod let_go;
mod memory;
mod range;

use std::collections::HashSet;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;

use crate::record::{Batch, Change, Entry, Key, KeyRange, Outcome, Packed, VALUE_BYTES_MAX, Version};

pub use embedded::{
    ClosedSegments, Embedded, Erased, Head, Options, Problem, Progress, Proof, Proved, Report, Unproved, Until,
    rebuild, verify,
};
pub use fault::{Fault, Trouble};
pub use let_go::{body_let_go, let_go_key, let_go_range};
pub use memory::Memory;

/// Called once with what became of a batch. It should be short, for the batches behind it wait.
pub type Completion = Box<dyn FnOnce(Result<Outcome, Fault>) + Send>;

/// Where records and bodies are kept.
pub trait Store: Send + Sync + 'static {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault>;

    /// As many answers as keys, in their order. Not a snapshot: guard what must belong together by its versions.
    fn get_many(&self, keys: &[Key]) -> Result<Vec<Option<Entry>>, Fault> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// At most `limit` (1 or more) records of `range` in key order, behind `after` if that is given.
    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault>;

    /// The same from the end: the last records of `range`, last key first, before `before` if that is given.
    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, Fault>;

    /// A body in its packed form. Whoever unpacks it holds it against the hash that was written with it.
    fn packed(&self, key: &Key) -> Result<Option<Packed>, Fault>;

    /// A body's bytes, held against their hash.
    fn body(&self, key: &Key) -> Result<Option<Bytes>, Fault> {
        let unpack = |packed: Packed| packed.unpack().map_err(|source| Fault::Damaged { source });
        self.packed(key)?.map(unpack).transpose()
    }

    /// Where a commit stands in a chain of hashes that binds all before it; `None` where the store keeps none, or there is
    /// no such commit.
    fn head_of(&self, _commit: Version) -> Result<Option<Head>, Fault> {
        Ok(None)
    }

    /// The fault after which the store writes nothing more until it is opened again, if there was one. Reads go on.
    fn stopped(&self) -> Option<Fault> {
        None
    }

    /// What is the matter with a store that has not stopped.
    fn trouble(&self) -> Option<Trouble> {
        None
    }

    /// For how long what is being committed has hung on the disk, if it does.
    fn hangs(&self) -> Option<Duration> {
        None
    }

    /// Queues a batch and returns at once; `done` hears what became of it.
    ///
    /// Batches are committed in the order in which they were queued and their completions run one after the other in
    /// that order, on the committer's thread (`Memory`: on the thread of one of the submitters), with no lock held.
    /// A completion may submit, but must not block on a commit. Where the queue is full, or the store is closed or
    /// stopped, `done` hears so on the caller's own thread and nothing is written.
    ///
    /// A [`Fault`] from the disk itself leaves open whether the batch was written: ask again once the store is open
    /// again. [`Fault::Busy`], [`Fault::Closed`] and [`Fault::Stopped`] say that it was not.
    ///
    /// # Panics
    ///
    /// When the batch is malformed, see [`assert_well_formed`].
    fn submit(&self, batch: Batch, done: Completion);

    /// Commits a batch and waits until it is durable. Not to be called from a completion.
    fn commit(&self, batch: Batch) -> Result<Outcome, Fault> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.submit(batch, Box::new(move |outcome| drop(sender.send(outcome))));
        receiver.recv().unwrap_or(Err(Fault::Closed))
    }
}

/// Some records of a range, in key order or from the last key back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub records: Vec<(Key, Entry)>,
    /// Whether the range went on behind the last record when the page was read.
    pub more: bool,
}

impl Page {
    /// Where the next page continues; `None` after the last one.
    pub fn next_after(&self) -> Option<&Key> {
        self.records.last().filter(|_| self.more).map(|(key, _)| key)
    }
}

/// Every record of a range in key order, read some at a time; of what is written meanwhile, perhaps a part. It ends with
/// the first fault.
pub fn records<'s>(
    store: &'s dyn Store,
    range: &'s KeyRange,
    page_records: usize,
) -> impl Iterator<Item = Result<(Key, Entry), Fault>> + use<'s> {
    let mut rest = Some(None);
    let pages = std::iter::from_fn(move || {
        let after: Option<Key> = rest.take()?;
        Some(store.page(range, after.as_ref(), page_records).map(|page| {
            rest = page.next_after().cloned().map(Some);
            page.records
        }))
    });
    pages.flat_map(|page| {
        let (records, fault) = page.map_or_else(|fault| (Vec::new(), Some(fault)), |records| (records, None));
        records.into_iter().map(Ok).chain(fault.map(Err))
    })
}

/// Stops a batch that only a bug can have made: a value over [`VALUE_BYTES_MAX`], two puts of one key (stamped ones
/// too: they would become one record), or a stamp in a key that is not written.
fn assert_well_formed(batch: &Batch) {
    for (key, _) in &batch.expectations {
        assert!(!key.is_stamped(), "{key} is stamped, so nobody can have seen it");
    }
    let mut put = HashSet::with_capacity(batch.changes.len());
    for change in &batch.changes {
        match change {
            Change::Put(key, value) => {
                assert!(value.len() <= VALUE_BYTES_MAX, "{key} holds {} bytes: that is a body", value.len());
                assert!(put.insert(key), "{key} is put twice in one batch");
            }
            Change::Delete(key) => assert!(!key.is_stamped(), "{key} is stamped, so it cannot be there to delete"),
        }
    }
}
