//! A store in memory: for tests, simulations and a gateway that may forget.
//!
//! It may be a fork of another store: it then begins with all that is there, costs memory for what is written since
//! only, and leaves the other as it was.
//!
//! It starts no thread. Whoever submits while nobody commits becomes the committer, and hands out the outcomes of all
//! that arrives meanwhile; so with one submitter every completion has run when `submit` returns.

use std::collections::{BTreeMap, VecDeque, btree_map};
use std::iter::Peekable;
use std::sync::{Arc, Mutex, MutexGuard};

use super::range::{Bounds, Way};
use super::{Completion, Fault, Page, Store, assert_well_formed};
use crate::record::{Batch, Change, Entry, Expected, Key, KeyRange, Outcome, Packed, Version};

#[derive(Default)]
pub struct Memory {
    state: Mutex<State>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct State {
    /// `None` for what is deleted here and may still be there in the store that this one was forked from.
    records: BTreeMap<Vec<u8>, Option<Entry>>,
    bodies: BTreeMap<Vec<u8>, Packed>,
    last: Version,
    origin: Option<Arc<dyn Store>>,
}

/// The first commit of a fork: no store comes that far by itself, so what is written here lies behind all that was.
const FORK_FIRST: Version = 1 << 62;

#[derive(Default)]
struct Queue {
    waiting: VecDeque<(Batch, Completion)>,
    committing: bool,
}

impl Store for Memory {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        lock(&self.state).get(key)
    }

    fn page(&self, range: &KeyRange, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.page_in(Way::Onward, range, after, limit)
    }

    fn page_back(&self, range: &KeyRange, before: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.page_in(Way::Back, range, before, limit)
    }

    fn packed(&self, key: &Key) -> Result<Option<Packed>, Fault> {
        let state = lock(&self.state);
        match (state.bodies.get(key.as_bytes()), &state.origin) {
            (Some(body), _) => Ok(Some(body.clone())),
            (None, Some(origin)) => origin.packed(key),
            (None, None) => Ok(None),
        }
    }

    fn submit(&self, batch: Batch, done: Completion) {
        assert_well_formed(&batch);
        {
            let mut queue = lock(&self.queue);
            queue.waiting.push_back((batch, done));
            if std::mem::replace(&mut queue.committing, true) {
                return;
            }
        }
        // A completion that panics must not leave the queue behind without a committer.
        let _turn = Turn(&self.queue);
        while let Some((batch, done)) = self.next() {
            let outcome = lock(&self.state).commit(batch);
            done(outcome);
        }
    }
}

impl Memory {
    /// A store that begins as `origin` is, and changes nothing in it. Nobody else may write to `origin` meanwhile.
    pub fn fork(origin: Arc<dyn Store>) -> Self {
        let state = State { last: FORK_FIRST, origin: Some(origin), ..State::default() };
        Self { state: Mutex::new(state), queue: Mutex::default() }
    }

    fn page_in(&self, way: Way, range: &KeyRange, behind: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        assert!(limit > 0, "a page holds at least one record");
        let Some(bounds) = way.rest_of(range, behind) else { return Ok(Page::default()) };
        let state = lock(&self.state);
        let own = state.records.range::<[u8], Bounds>(bounds);
        let mut own = Own { way, records: own }.peekable();
        let mut page = Page::default();
        let origin = state.origin.as_deref();
        let mut there = There { origin, way, range, behind: behind.cloned(), page: VecDeque::new() };
        while let Some((key, entry)) = next_of(&mut own, &mut there, limit)? {
            if page.records.len() == limit {
                page.more = true;
                break;
            }
            page.records.push((key, entry));
        }
        Ok(page)
    }

    /// The first batch in the queue; with the last one the turn to commit ends, under the same lock.
    fn next(&self) -> Option<(Batch, Completion)> {
        let mut queue = lock(&self.queue);
        let next = queue.waiting.pop_front();
        queue.committing = next.is_some();
        next
    }
}

struct Turn<'a>(&'a Mutex<Queue>);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            lock(self.0).committing = false;
        }
    }
}

/// What stands here in a range; `None` for what is deleted.
struct Own<'s> {
    way: Way,
    records: btree_map::Range<'s, Vec<u8>, Option<Entry>>,
}

impl<'s> Iterator for Own<'s> {
    type Item = (&'s Vec<u8>, &'s Option<Entry>);

    fn next(&mut self) -> Option<Self::Item> {
        match self.way {
            Way::Onward => self.records.next(),
            Way::Back => self.records.next_back(),
        }
    }
}

/// What a fork's origin holds of a range, read as far as it is asked for.
struct There<'a> {
    /// `None` when there is no origin, or nothing left in it.
    origin: Option<&'a dyn Store>,
    way: Way,
    range: &'a KeyRange,
    behind: Option<Key>,
    page: VecDeque<(Key, Entry)>,
}

impl There<'_> {
    fn peek(&mut self, limit: usize) -> Result<Option<&Key>, Fault> {
        if let Some(origin) = self.origin.filter(|_| self.page.is_empty()) {
            let page = match self.way {
                Way::Onward => origin.page(self.range, self.behind.as_ref(), limit)?,
                Way::Back => origin.page_back(self.range, self.behind.as_ref(), limit)?,
            };
            self.behind = page.next_after().cloned();
            if self.behind.is_none() {
                self.origin = None;
            }
            self.page = page.records.into();
        }
        Ok(self.page.front().map(|(key, _)| key))
    }
}

/// The next record of a page: of one's own and the origin's the first, one's own where both have it.
fn next_of(own: &mut Peekable<Own<'_>>, there: &mut There<'_>, limit: usize) -> Result<Option<(Key, Entry)>, Fault> {
    let way = there.way;
    loop {
        let origins = there.peek(limit)?.map(Key::as_bytes);
        match (own.peek().map(|(key, _)| key.as_slice()), origins) {
            (None, None) => return Ok(None),
            (own, Some(theirs)) if own.is_none_or(|own| way.is_before(theirs, own)) => {
                return Ok(there.page.pop_front());
            }
            (own, theirs) => {
                if own == theirs {
                    there.page.pop_front();
                }
            }
        }
        if let Some((key, Some(entry))) = own.next() {
            return Ok(Some((Key::from_bytes(key.clone()), entry.clone())));
        }
    }
}

impl State {
    fn get(&self, key: &Key) -> Result<Option<Entry>, Fault> {
        match (self.records.get(key.as_bytes()), &self.origin) {
            (Some(entry), _) => Ok(entry.clone()),
            (None, Some(origin)) => origin.get(key),
            (None, None) => Ok(None),
        }
    }

    fn commit(&mut self, batch: Batch) -> Result<Outcome, Fault> {
        for (key, expected) in batch.expectations {
            let found = self.get(&key)?.map_or(Expected::Absent, |entry| Expected::At(entry.version));
            if found != expected {
                return Ok(Outcome::Conflict(key));
            }
        }
        self.last += 1;
        let version = self.last;
        for change in batch.changes {
            match change {
                Change::Put(key, value) => {
                    self.records.insert(key.at_commit(version).as_bytes().to_vec(), Some(Entry { version, value }));
                }
                Change::Delete(key) if self.origin.is_some() => {
                    self.records.insert(key.as_bytes().to_vec(), None);
                }
                Change::Delete(key) => {
                    self.records.remove(key.as_bytes());
                }
            }
        }
        for body in batch.bodies {
            self.bodies.insert(body.key.at_commit(version).as_bytes().to_vec(), body.packed);
        }
        Ok(Outcome::Committed(version))
    }
}

/// Nothing panics while it holds one of these locks, so a poisoned one is still whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::record::Space;

    fn key(number: u8) -> Key {
        Key::new(Space(1)).number(number.into())
    }

    fn write(store: &Memory, changes: &[(u8, bool)]) {
        let mut batch = Batch::default();
        for (number, put) in changes.iter().copied().collect::<BTreeMap<u8, bool>>() {
            if put {
                batch.put(key(number), vec![number])
            } else {
                batch.delete(key(number))
            };
        }
        assert!(matches!(store.commit(batch), Ok(Outcome::Committed(_))));
    }

    fn all(store: &dyn Store, limit: usize) -> Vec<(Key, bytes::Bytes)> {
        let range = KeyRange::under(&Key::new(Space(1)));
        let records = crate::store::records(store, &range, limit).map(Result::unwrap);
        records.map(|(key, entry)| (key, entry.value)).collect()
    }

    /// The same, read from the end.
    fn all_back(store: &dyn Store, limit: usize) -> Vec<(Key, bytes::Bytes)> {
        let range = KeyRange::under(&Key::new(Space(1)));
        let (mut all, mut before) = (VecDeque::new(), None);
        loop {
            let page = store.page_back(&range, before.as_ref(), limit).unwrap();
            before = page.next_after().cloned();
            page.records.into_iter().for_each(|(key, entry)| all.push_front((key, entry.value)));
            if before.is_none() {
                return all.into();
            }
        }
    }

    proptest! {
        #[test]
        fn a_fork_is_as_if_its_origin_had_gone_on_and_leaves_it_alone(
            before in prop::collection::vec((0..12_u8, any::<bool>()), 0..20),
            since in prop::collection::vec((0..12_u8, any::<bool>()), 0..20),
            limit in 1..6_usize,
        ) {
            let (origin, whole) = (Arc::new(Memory::default()), Memory::default());
            write(&origin, &before);
            write(&whole, &before);
            let fork = Memory::fork(origin.clone());
            let untouched = all(&*origin, 100);
            write(&fork, &since);
            write(&whole, &since);
            prop_assert_eq!(all(&fork, limit), all(&whole, 100));
            prop_assert_eq!(all_back(&fork, limit), all(&whole, 100));
            prop_assert_eq!(all(&*origin, limit), untouched);
            for number in 0..12 {
                let value = |store: &Memory| store.get(&key(number)).unwrap().map(|entry| entry.value);
                prop_assert_eq!(value(&fork), value(&whole));
            }
        }
    }

    #[test]
    fn a_fork_expects_what_its_origin_holds() {
        let origin = Arc::new(Memory::default());
        write(&origin, &[(1, true)]);
        let fork = Memory::fork(origin.clone());
        let mut batch = Batch::default();
        batch.expect(key(1), Expected::At(1)).expect(key(2), Expected::Absent).delete(key(1));
        assert!(matches!(fork.commit(batch.clone()), Ok(Outcome::Committed(FORK_FIRST..))));
        assert_eq!(fork.commit(batch).unwrap(), Outcome::Conflict(key(1)));
        assert!(origin.get(&key(1)).unwrap().is_some());
    }
}
