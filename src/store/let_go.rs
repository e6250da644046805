//! Bodies that were let go: a record says so for each, and from then on its bytes may be taken off the disk.
//!
//! The record is written like any other, by whoever decides that a body may go, and says when and why; what it holds is
//! that module's business. The body's hash stays where it is, so the chain of the journal holds as before.

use crate::record::{Key, KeyRange, Space};

/// Bodies that were let go, by their key.
const LET_GO: Space = Space(9);

/// Where it stands that a body was let go.
pub fn let_go_key(body: &Key) -> Key {
    Key::from_bytes([&[LET_GO.0], body.as_bytes()].concat())
}

/// All bodies that were let go.
pub fn let_go_range() -> KeyRange {
    KeyRange::under(&Key::new(LET_GO))
}

/// The body of which a record says that it was let go.
pub fn body_let_go(key: &Key) -> Option<Key> {
    let body = key.as_bytes().strip_prefix(&[LET_GO.0])?;
    (!body.is_empty()).then(|| Key::from_bytes(body.to_vec()))
}
