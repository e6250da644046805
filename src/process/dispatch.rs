//! Waiting until a document is dequeued, and no longer than patience allows.
//!
//! A process that waits sets a timer for the end of its patience and leaves a watch with the document's message id. When the
//! document is dequeued, the same commit takes the watch away and brings the timer forward to that moment; when nobody
//! dequeues it, the timer falls due in its own time. Either way the process hears of it once, by its timer.
//!
//! Source: market-roles 2.1 (dispatched), 6.5 item 8.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Context, Timer};
use crate::market::Timestamp;
use crate::record::{Change, Entry, Key, Space, stored};

/// Documents whose dequeuing is waited for, by message id, each with the timer that it brings forward.
const WATCHES: Space = Space(66);

const VERSION: u8 = 2;

#[derive(Serialize, Deserialize)]
struct Stored {
    due: i64,
    kind: String,
    rank: u8,
    turn: Vec<u8>,
    id: String,
    note: Vec<u8>,
    set_by: [u8; 32],
}

/// What version 1 kept: not who set the timer.
#[derive(Deserialize)]
struct StoredFirst {
    due: i64,
    kind: String,
    rank: u8,
    turn: Vec<u8>,
    id: String,
    note: Vec<u8>,
}

impl From<StoredFirst> for Stored {
    fn from(first: StoredFirst) -> Self {
        let StoredFirst { due, kind, rank, turn, id, note } = first;
        Self { due, kind, rank, turn, id, note, set_by: [0; 32] }
    }
}

/// Where the watch of a document is, if it has one.
pub fn watch_key(message_id: &str) -> Key {
    Key::new(WATCHES).text(message_id)
}

/// Sets `timer`, and lets it fall due as soon as the document is dequeued.
pub fn watch(message_id: &str, timer: &Timer, context: &Context) -> Vec<Change> {
    let stored = Stored {
        due: timer.due.micros(),
        kind: timer.kind.clone(),
        rank: timer.rank,
        turn: timer.turn.as_bytes().to_vec(),
        id: timer.id.clone(),
        note: timer.note.to_vec(),
        set_by: context.cause,
    };
    let mut changes = timer.set(context);
    changes.push(Change::Put(watch_key(message_id), stored::write(VERSION, &stored)));
    changes
}

/// Takes the watch away; the timer is its setter's to cancel.
pub fn forget(message_id: &str) -> Change {
    Change::Delete(watch_key(message_id))
}

/// What a document's being dequeued at `now` changes besides; `watch` is the record at its [`watch_key`]. Nothing when the
/// record is not one that we know.
pub fn dequeued(message_id: &str, watch: &Entry, now: Timestamp) -> Option<Vec<Change>> {
    let first = || stored::read::<StoredFirst>(1, &watch.value).map(Stored::from);
    let found = stored::read(VERSION, &watch.value).or_else(first)?;
    let timer = Timer {
        due: Timestamp::from_micros(found.due),
        kind: found.kind,
        rank: found.rank,
        turn: Key::from_bytes(found.turn),
        id: found.id,
        note: Bytes::from(found.note),
        set_by: found.set_by,
    };
    // Patience has run out already: its timer is about to be decided, and takes the watch away itself.
    if timer.due <= now {
        return Some(Vec::new());
    }
    let mut changes = vec![forget(message_id)];
    changes.extend(timer.cancel());
    changes.extend(Timer { due: now, ..timer }.set_because(found.set_by));
    Some(changes)
}
