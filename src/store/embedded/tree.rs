//! The tree over what a frame writes: by it one record is proved, and nothing of the others is shown.
//!
//! Leaves are the changes and the bodies of a frame, in the table's order, each in its stored form behind a salt of its
//! own. A node is the hash of the two below it; one that is left over goes up as it is. At the top the root is joined with
//! the hash of the whole table, which also tells where each commit ends. Salts follow from the store's id, which nobody
//! outside knows: so whoever holds a path cannot find out by trying what its other hashes stand for.

use std::ops::Range;

use super::frame::{Hash, StoreId};

pub(super) const SALT_BYTES: usize = 16;

pub(super) type Salt = [u8; SALT_BYTES];

/// Keys that keep leaves, nodes and the top apart, so that none can pose as another.
const NODE: &[u8; 32] = b"gridpost journal: node of a tree";
const TOP: &[u8; 32] = b"gridpost journal: top of a tree.";
const SALTS: &str = "gridpost journal: the salts of a frame";

/// A hash beside the way from a leaf to the root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beside {
    pub is_left: bool,
    pub hash: Hash,
}

/// The hash that a frame's header has of its table, whose changes and bodies stand at `items`.
pub(super) fn hash(store: &StoreId, frame: u64, table: &[u8], items: &[Range<usize>]) -> Hash {
    let mut leaves = leaves(store, frame, table, items);
    while leaves.len() > 1 {
        leaves = level_above(&leaves);
    }
    top(&table_hash(store, frame, table), &leaves.pop().unwrap_or_default())
}

/// What proves the item at `index`: its salt, the hashes beside its way to the root, and the hash of the whole table.
pub(super) fn path(
    store: &StoreId,
    frame: u64,
    table: &[u8],
    items: &[Range<usize>],
    mut index: usize,
) -> (Salt, Vec<Beside>, Hash) {
    let salt = salts(store, frame, items.len())[1 + index];
    let mut level = leaves(store, frame, table, items);
    let mut beside = Vec::new();
    while level.len() > 1 {
        let neighbour = index ^ 1;
        beside.extend(level.get(neighbour).map(|hash| Beside { is_left: neighbour < index, hash: *hash }));
        level = level_above(&level);
        index /= 2;
    }
    (salt, beside, table_hash(store, frame, table))
}

/// The hash that a header must have of its table, if the item stands in it.
pub(super) fn climb(salt: &Salt, item: &[u8], path: &[Beside], table_hash: &Hash) -> Hash {
    let root = path.iter().fold(leaf(&mut Vec::new(), salt, item), |below, Beside { is_left, hash }| match is_left {
        true => node(hash, &below),
        false => node(&below, hash),
    });
    top(table_hash, &root)
}

fn leaves(store: &StoreId, frame: u64, table: &[u8], items: &[Range<usize>]) -> Vec<Hash> {
    let salts = salts(store, frame, items.len());
    let mut salted = Vec::new();
    let leaf = |(item, salt): (&Range<usize>, &Salt)| leaf(&mut salted, salt, &table[item.clone()]);
    items.iter().zip(&salts[1..]).map(leaf).collect()
}

fn level_above(level: &[Hash]) -> Vec<Hash> {
    let above = |pair: &[Hash]| if let [left, right] = pair { node(left, right) } else { pair[0] };
    level.chunks(2).map(above).collect()
}

fn table_hash(store: &StoreId, frame: u64, table: &[u8]) -> Hash {
    let salt = salts(store, frame, 0)[0];
    *blake3::Hasher::new().update(&salt).update(table).finalize().as_bytes()
}

/// The salt of the whole table, then one for each item.
fn salts(store: &StoreId, frame: u64, items: usize) -> Vec<Salt> {
    let mut bytes = vec![0; (1 + items) * SALT_BYTES];
    let mut hasher = blake3::Hasher::new_derive_key(SALTS);
    hasher.update(store).update(&frame.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes.as_chunks().0.to_vec()
}

/// A salted item. There are thousands of small ones in a frame, and for those hashing at once is twice as fast as by
/// pieces: `salted` is where they are put together.
fn leaf(salted: &mut Vec<u8>, salt: &Salt, item: &[u8]) -> Hash {
    salted.clear();
    salted.extend_from_slice(salt);
    salted.extend_from_slice(item);
    *blake3::hash(salted).as_bytes()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    joined(NODE, left, right)
}

fn top(table_hash: &Hash, root: &Hash) -> Hash {
    joined(TOP, table_hash, root)
}

fn joined(key: &[u8; 32], left: &Hash, right: &Hash) -> Hash {
    let mut both = [0; 64];
    both[..32].copy_from_slice(left);
    both[32..].copy_from_slice(right);
    *blake3::keyed_hash(key, &both).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORE: StoreId = [7; 16];

    /// A table of items of one to five bytes, and where they stand.
    fn table(items: usize) -> (Vec<u8>, Vec<Range<usize>>) {
        let (mut table, mut places) = (vec![items as u8], Vec::new());
        for item in 0..items {
            let from = table.len();
            table.extend(std::iter::repeat_n(item as u8, 1 + item % 5));
            places.push(from..table.len());
        }
        (table, places)
    }

    #[test]
    fn each_item_of_a_table_of_any_size_is_proved_by_its_own_path_and_by_no_other() {
        for count in 1..=33 {
            let (table, items) = table(count);
            let whole = hash(&STORE, 3, &table, &items);
            for (index, item) in items.iter().enumerate() {
                let (salt, beside, table_hash) = path(&STORE, 3, &table, &items, index);
                let item = &table[item.clone()];
                assert_eq!(climb(&salt, item, &beside, &table_hash), whole, "{index} of {count}");
                assert_ne!(climb(&salt, b"another", &beside, &table_hash), whole);
                assert_ne!(climb(&[0; SALT_BYTES], item, &beside, &table_hash), whole);
                for wrong in 0..beside.len() {
                    let mut beside = beside.clone();
                    beside[wrong].hash[wrong % 32] ^= 1;
                    assert_ne!(climb(&salt, item, &beside, &table_hash), whole);
                }
                if let Some((_, shorter)) = beside.split_last() {
                    assert_ne!(climb(&salt, item, shorter, &table_hash), whole);
                }
            }
        }
    }

    #[test]
    fn the_hash_tells_another_table_another_frame_and_another_store() {
        let (table, items) = table(4);
        let whole = hash(&STORE, 3, &table, &items);
        for at in 0..table.len() {
            let mut flipped = table.clone();
            flipped[at] ^= 1;
            assert_ne!(hash(&STORE, 3, &flipped, &items), whole, "byte {at}");
        }
        assert_ne!(hash(&STORE, 4, &table, &items), whole);
        assert_ne!(hash(&[8; 16], 3, &table, &items), whole);
        assert_ne!(hash(&STORE, 3, b"\0", &[]), [0; 32]);
    }

    #[test]
    fn no_two_items_share_a_salt_so_a_path_does_not_tell_whether_two_are_the_same() {
        let items = [1..3, 3..5];
        let leaves = leaves(&STORE, 3, b"\x02abab", &items);
        assert_ne!(leaves[0], leaves[1]);
    }
}
