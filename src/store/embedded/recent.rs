//! Blocks that were read from sled lately: who takes part, say, is asked for with every document, and sled takes
//! microseconds to find a block.
//!
//! Two generations take turns. What is asked for again moves to the young one; when that is full it becomes the old one,
//! and what nobody has asked for meanwhile is forgotten.

use std::collections::BTreeMap;
use std::mem;
use std::ops::Bound;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::Bytes;

use super::block::{Cursor, Damaged};

/// A block as it stood when it was read.
pub(super) struct Held {
    pub fence: Bytes,
    pub block: Bytes,
    /// Its last key. What lies between its fence and that belongs into it, and nowhere else.
    last: Bytes,
    /// The fence behind it, `None` behind the last block; looked up once somebody asks.
    pub next: OnceLock<Option<Bytes>>,
}

pub(super) struct Recent {
    /// How often blocks were changed.
    round: AtomicU64,
    generations: Mutex<Generations>,
}

/// A moment between two changes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Round(u64);

#[derive(Default)]
struct Generations {
    /// By fence.
    young: BTreeMap<Bytes, Arc<Held>>,
    old: BTreeMap<Bytes, Arc<Held>>,
    /// What the young ones take in memory, about.
    young_bytes: usize,
}

impl Held {
    pub fn new(fence: &[u8], block: &[u8]) -> Result<Self, Damaged> {
        let block = Bytes::copy_from_slice(block);
        let mut records = Cursor::new(&block);
        while records.step()? {}
        let last = Bytes::copy_from_slice(records.key().max(fence));
        Ok(Self { fence: Bytes::copy_from_slice(fence), block, last, next: OnceLock::new() })
    }

    /// Whether a key that is not before its fence is known to belong into it.
    fn covers(&self, key: &[u8]) -> bool {
        let is_before = |next: &Option<Bytes>| next.as_ref().is_none_or(|next| key < &next[..]);
        key <= &self.last[..] || self.next.get().is_some_and(is_before)
    }

    fn weight(&self) -> usize {
        OVERHEAD_BYTES + self.fence.len() + self.last.len() + self.block.len()
    }
}

impl Recent {
    pub fn new() -> Self {
        Self { round: AtomicU64::new(0), generations: Mutex::default() }
    }

    /// To be asked before a block is read, for [`Recent::remember`].
    pub fn round(&self) -> Round {
        Round(self.round.load(Ordering::Acquire))
    }

    /// The block into which a key belongs, if it is remembered.
    pub fn block_of(&self, key: &[u8]) -> Option<Arc<Held>> {
        self.generations().block_of(key)
    }

    /// A block that was read. It is not kept where any was changed since `round`: it may have been this one.
    pub fn remember(&self, round: Round, held: &Arc<Held>) {
        let mut generations = self.generations();
        if self.round() == round {
            generations.insert(held.clone());
        }
    }

    /// The blocks at these fences were changed in sled. Until this returns some are told of as they were.
    pub fn forget(&self, fences: impl IntoIterator<Item = impl AsRef<[u8]>>) {
        let mut generations = self.generations();
        self.round.fetch_add(1, Ordering::Release);
        for (at, fence) in (1..).zip(fences) {
            generations.remove(fence.as_ref());
            if at % FORGOTTEN_AT_A_TIME == 0 {
                // Readers come in between.
                drop(generations);
                generations = self.generations();
            }
        }
    }

    /// Nothing panics while it holds this lock, so a poisoned one is still whole.
    fn generations(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Generations {
    fn block_of(&mut self, key: &[u8]) -> Option<Arc<Held>> {
        let before = |blocks: &BTreeMap<Bytes, Arc<Held>>| {
            let (_, held) = blocks.range::<[u8], _>((Bound::Unbounded, Bound::Included(key))).next_back()?;
            held.covers(key).then(|| held.clone())
        };
        if let Some(held) = before(&self.young) {
            return Some(held);
        }
        let held = before(&self.old)?;
        self.old.remove(&held.fence);
        self.insert(held.clone());
        Some(held)
    }

    fn insert(&mut self, held: Arc<Held>) {
        if self.young_bytes + held.weight() > YOUNG_BYTES_MAX {
            self.old = mem::take(&mut self.young);
            self.young_bytes = 0;
        }
        self.young_bytes += held.weight();
        if let Some(before) = self.young.insert(held.fence.clone(), held) {
            self.young_bytes -= before.weight();
        }
    }

    fn remove(&mut self, fence: &[u8]) {
        self.old.remove(fence);
        if let Some(held) = self.young.remove(fence) {
            self.young_bytes -= held.weight();
        }
    }
}

/// What a generation takes in memory, about; there are two.
const YOUNG_BYTES_MAX: usize = 8 << 20;
/// What a block takes in memory beside its bytes, about.
const OVERHEAD_BYTES: usize = 256;
/// Readers wait no longer than it takes to look up so many.
const FORGOTTEN_AT_A_TIME: usize = 256;

#[cfg(test)]
mod tests {
    use super::super::block::pack;
    use super::*;

    fn held(keys: &[&'static str]) -> Arc<Held> {
        let pairs: Vec<_> = keys.iter().map(|key| ((*key).into(), "value".into())).collect();
        let [(fence, block)] = &pack(&pairs, true)[..] else { panic!("a small block") };
        Arc::new(Held::new(fence, block).unwrap())
    }

    fn fence_of(recent: &Recent, key: &str) -> Option<Bytes> {
        recent.block_of(key.as_bytes()).map(|held| held.fence.clone())
    }

    #[test]
    fn a_block_is_found_by_every_key_that_is_known_to_belong_into_it() {
        let recent = Recent::new();
        let (first, second) = (held(&["b", "d"]), held(&["g", "k"]));
        recent.remember(recent.round(), &first);
        recent.remember(recent.round(), &second);
        let found = |keys: [&str; 7]| keys.map(|key| fence_of(&recent, key).map_or(0, |fence| fence[0]));
        let keys = ["a", "b", "c", "e", "g", "h", "z"];
        assert_eq!(found(keys), [0, b'b', b'b', 0, b'g', b'g', 0]);
        first.next.set(Some("f".into())).unwrap();
        second.next.set(None).unwrap();
        assert_eq!(found(keys), [0, b'b', b'b', b'b', b'g', b'g', b'g']);
        assert_eq!(fence_of(&recent, "f"), None, "another block begins there");
    }

    #[test]
    fn what_was_read_before_a_change_is_not_remembered_after_it() {
        let recent = Recent::new();
        let before = recent.round();
        let (changed, other) = (held(&["b", "d"]), held(&["g", "k"]));
        recent.remember(before, &changed);
        recent.remember(before, &other);
        recent.forget(["b", "x"]);
        recent.remember(before, &changed);
        assert_eq!([fence_of(&recent, "b"), fence_of(&recent, "g")], [None, Some("g".into())]);
        recent.remember(recent.round(), &changed);
        assert!(fence_of(&recent, "b").is_some());
    }

    #[test]
    fn what_is_asked_for_stays_and_memory_is_bounded() {
        let recent = Recent::new();
        recent.remember(recent.round(), &held(&["wanted"]));
        let value = Bytes::from(vec![7; 4_000]);
        let blocks_max = 2 * YOUNG_BYTES_MAX / value.len();
        for number in 0..3 * blocks_max {
            let key = format!("w{number:09}");
            let (fence, block) = pack(&[(key.into(), value.clone())], true).remove(0);
            recent.remember(recent.round(), &Arc::new(Held::new(&fence, &block).unwrap()));
            assert!(fence_of(&recent, "wanted").is_some(), "{number}");
        }
        let generations = recent.generations();
        assert!((blocks_max / 3..blocks_max).contains(&(generations.young.len() + generations.old.len())));
        assert_eq!(generations.young_bytes, generations.young.values().map(|held| held.weight()).sum::<usize>());
    }
}
