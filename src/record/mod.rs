//! What a decision may ask to know, and what it may ask to have written: keys, versions, changes, batches.
//!
//! Nothing here knows how or where bytes are kept. A key is ordered bytes; a value is at most [`VALUE_BYTES_MAX`]
//! bytes; anything larger is a [`Body`].

mod batch;
mod facts;
mod key;
mod packed;
pub mod stored;

pub use batch::{Batch, Body, Change, Entry, Expected, Outcome, VALUE_BYTES_MAX, Version};
pub use facts::{Facts, Needs, Page};
pub use key::{Key, KeyRange, KeyReader, Space};
pub use packed::{Damaged, Hash, Packed, Packer};
