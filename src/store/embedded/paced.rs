//! Writes into sled, with no more of them on their way to disk than sled can bear.
//!
//! Sled hands each buffer that is full, or that a batch begins or ends, to one of seven threads. When it is written, such a thread
//! takes sled's lock over segments. Whoever begins a segment behind the end of a file that was made shorter waits, with that lock
//! held, until it *is* shorter: a job for one of the same seven. So once seven buffers are on their way and the file was made
//! shorter meanwhile, all may wait for each other, and nobody writes ever again: a slow disk is enough (sled 0.34.7,
//! `SegmentAccountant::bump_tip` and `IoBufs::sa_stabilize`; `threadpool` starts no eighth thread while seven are at work).
//!
//! There is one writer, and it waits for the disk before so many can be on their way. Readers would write too: sled splits and joins
//! its leaves when somebody next passes by. So the writer passes by first.

use std::mem;

use bytes::Bytes;

use super::{block, state};
use crate::store::Fault;

pub(super) struct Paced<'t> {
    tree: &'t sled::Db,
    /// What may be on its way to disk, in bytes, at most.
    under_way: usize,
    /// Blocks to be written together, and their fences.
    batch: sled::Batch,
    fences: Vec<sled::IVec>,
    /// What those make sled write, at most.
    batch_bytes: usize,
}

impl<'t> Paced<'t> {
    pub fn new(tree: &'t sled::Db) -> Self {
        // What the one before has left.
        let under_way = UNDER_WAY_BYTES_MAX;
        Self { tree, under_way, batch: sled::Batch::default(), fences: Vec::new(), batch_bytes: 0 }
    }

    pub fn insert(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), Fault> {
        self.make_room_for(BESIDE_BYTES + value.len())?;
        self.tree.insert(key, value).map(drop).map_err(failed())
    }

    /// Puts parts in the place of the block at `fence`: the first one under the same fence, or none. Where a block is cut, no
    /// reader and no crash sees a record twice or not at all: the last parts are written first, some at a time, together
    /// with what of the block lies before them. The rest is written by [`Paced::finish`] at the latest.
    pub fn replace(&mut self, fence: &[u8], block: &[u8], parts: Vec<(Bytes, Vec<u8>)>) -> Result<(), Fault> {
        if parts.len() <= 1 {
            return match parts.into_iter().next() {
                Some((_, whole)) => self.insert(fence, whole),
                None => self.remove(fence),
            };
        }
        for (nth, (first, part)) in parts.into_iter().enumerate().rev() {
            self.add(if nth == 0 { fence } else { &first }, part);
            if self.batch_bytes >= BATCH_BYTES {
                if nth > 0 {
                    self.add(fence, block::before(block, &first).map_err(state::damaged)?.to_vec());
                }
                self.finish()?;
            }
        }
        Ok(())
    }

    /// Writes what waits to be written.
    pub fn finish(&mut self) -> Result<(), Fault> {
        if self.batch_bytes == 0 {
            return Ok(());
        }
        let bytes = mem::take(&mut self.batch_bytes);
        self.make_room_for(BUFFERS_OF_A_BATCH * BUFFER_BYTES + bytes)?;
        self.tree.apply_batch(mem::take(&mut self.batch)).map_err(failed())?;
        mem::take(&mut self.fences).iter().try_for_each(|fence| self.pass_by(fence))
    }

    fn remove(&mut self, key: &[u8]) -> Result<(), Fault> {
        self.make_room_for(BESIDE_BYTES)?;
        self.tree.remove(key).map_err(failed())?;
        self.pass_by(key)
    }

    /// Has sled split or join the leaf of a block that came or went.
    fn pass_by(&self, fence: &[u8]) -> Result<(), Fault> {
        self.tree.contains_key(fence).map(drop).map_err(failed())
    }

    fn add(&mut self, fence: &[u8], block: Vec<u8>) {
        self.batch_bytes += BESIDE_BYTES + block.len();
        let fence = sled::IVec::from(fence);
        self.fences.push(fence.clone());
        self.batch.insert(fence, block);
    }

    fn make_room_for(&mut self, bytes: usize) -> Result<(), Fault> {
        if self.under_way + bytes > UNDER_WAY_BYTES_MAX {
            let written = self.tree.flush().map_err(failed())?;
            debug_assert!(written <= UNDER_WAY_BYTES_MAX, "{written} bytes were on their way at once");
            self.under_way = 0;
        }
        self.under_way += bytes;
        Ok(())
    }
}

fn failed() -> impl FnOnce(sled::Error) -> Fault {
    Fault::sled("apply frames to sled")
}

/// Sled's buffers, as large as its segments.
const BUFFER_BYTES: usize = 512 << 10;
/// Seven threads, less the one that is to be free, one for the last buffer that is begun, and one for whatever a reader writes.
const UNDER_WAY_BYTES_MAX: usize = 4 * BUFFER_BYTES;
/// A batch sends off the buffer that was begun before it, and one of its own, however little is in them.
const BUFFERS_OF_A_BATCH: usize = 2;
/// What sled writes beside a block: every tenth time the leaf in which it stands, of up to sixteen blocks, and both halves when
/// it splits. By this a fifth of what is reckoned is really on its way, and most of it now and then.
const BESIDE_BYTES: usize = 16 << 10;
/// A batch is written once it is so large. Readers wait meanwhile, for a millisecond or less.
const BATCH_BYTES: usize = 16 * BESIDE_BYTES;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::block::Pair;
    use super::*;

    const FENCE: &[u8] = b"";

    fn pairs(numbers: impl Iterator<Item = u16>, value: u8) -> Vec<Pair> {
        numbers.map(|number| (Bytes::copy_from_slice(&number.to_be_bytes()), Bytes::from(vec![value; 500]))).collect()
    }

    /// All records; each must lie in the block of its fence.
    fn records(tree: &sled::Db) -> BTreeMap<Bytes, Bytes> {
        let blocks: Vec<_> = tree.iter().map(Result::unwrap).collect();
        let next = blocks.iter().skip(1).map(|(fence, _)| Some(fence)).chain([None]);
        let mut records = BTreeMap::new();
        for ((fence, block), next) in blocks.iter().zip(next) {
            for (key, value) in block::unpack(block).unwrap() {
                assert!(key[..] >= fence[..] && next.is_none_or(|next| key[..] < next[..]), "{key:?} under {fence:?}");
                assert!(records.insert(key, value).is_none());
            }
        }
        records
    }

    #[test]
    fn a_block_that_is_cut_into_many_is_whole_at_every_moment() {
        let tree = sled::Config::new().temporary(true).open().unwrap();
        let old = pairs((0..4000).step_by(700), 1);
        let before = block::pack(&old, true).remove(0).1;
        Paced::new(&tree).insert(FENCE, before.clone()).unwrap();
        let old: BTreeMap<Bytes, Bytes> = old.into_iter().collect();
        let new = pairs(0..4000, 2);
        let parts = block::pack(&new, false);
        assert!(parts.len() > 400);

        let mut paced = Paced::new(&tree);
        paced.replace(FENCE, &before, parts).unwrap();
        let halfway = records(&tree);
        assert!(halfway.values().filter(|value| value[0] == 2).count() > 3000, "most is written");
        assert!(halfway.values().any(|value| value[0] == 1), "and some waits");
        assert!(old.keys().all(|key| halfway.contains_key(key)), "nothing is missing meanwhile");

        paced.finish().unwrap();
        assert_eq!(records(&tree), new.into_iter().collect());
        paced.replace(FENCE, &[], Vec::new()).unwrap();
        assert_eq!(tree.get(FENCE).unwrap(), None);
    }

    #[test]
    fn what_lies_before_a_key_is_a_block_too() {
        let all = pairs((0..80).step_by(10), 1);
        let block = block::pack(&all, true).remove(0).1;
        for (key, count) in [(0_u16, 0), (1, 1), (10, 1), (35, 4), (70, 7), (71, 8)] {
            let before = block::before(&block, &key.to_be_bytes()).unwrap();
            assert_eq!(block::unpack(before).unwrap(), all[..count], "before {key}");
        }
    }
}
