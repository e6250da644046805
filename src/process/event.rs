//! Events: what other systems of the house hear about what has happened, in a durable, ordered log.
//!
//! An event is written in the batch of the decision that raised it, so it has happened exactly when its cause has. Its
//! place in the log is the number of that commit and its place in the decision; a subscriber reads from a position on,
//! and may read it again: delivery is at least once, and the id says what was heard before. Ids are made from the
//! message that caused the event, so a decision that is made again, or a replay, raises the same.
//!
//! A payload only ever gains fields; what must change otherwise becomes an event of another name (`_v2`). It never
//! holds personal data. Source: charges 8.2.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Context;
use crate::market::Timestamp;
use crate::record::{Change, Entry, Key, KeyRange, Space, stored};

/// Events, by commit, place in the decision, part.
pub const EVENTS: Space = Space(20);

/// Bytes of payload in one record. A year of hourly prices needs a dozen; a value may hold 64 KiB.
pub const PART_BYTES_MAX: usize = 48 * 1024;

/// Something that has happened, as it is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Such as `ChargeCreated`.
    pub name: &'static str,
    pub payload: Value,
}

/// Where an event stands in the log: the commit that wrote it, and its place among the events of that commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    pub commit: u64,
    pub event: u64,
}

/// An event as a subscriber reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub position: Position,
    /// 32 hexadecimal digits; whoever hears an id twice has heard the same event twice.
    pub id: String,
    /// The moment of receipt of the message that caused it.
    pub at: Timestamp,
    pub name: String,
    pub payload: Value,
}

/// What writes the events of one decision; for the batch of that decision and no other.
pub fn changes(events: &[Event], context: &Context) -> Vec<Change> {
    let mut changes = Vec::new();
    for (event, place) in events.iter().zip(0_u64..) {
        let id = context.id(&["event", event.name, &place.to_string()]);
        let payload = event.payload.to_string();
        let parts = payload.as_bytes().chunks(PART_BYTES_MAX);
        let count = parts.len() as u64;
        for (bytes, part) in parts.zip(0..) {
            let (id, name, at) = (id.clone(), event.name.to_string(), context.now.micros());
            let value = stored::write(VERSION, &StoredPart { at, id, name, parts: count, bytes: bytes.to_vec() });
            changes.push(Change::Put(Key::new(EVENTS).stamp().number(place).number(part), value));
        }
    }
    changes
}

/// The whole log.
pub fn all() -> KeyRange {
    KeyRange::under(&Key::new(EVENTS))
}

/// Everything that stands behind `position`.
pub fn after(position: Position) -> KeyRange {
    let next = Key::new(EVENTS).number(position.commit).number(position.event.saturating_add(1));
    KeyRange::under_from(&Key::new(EVENTS), next)
}

/// The events of consecutive records that begin where an event does. An event whose last part is not among them is left
/// out: it is read again from the position of the one before it.
///
/// # Panics
///
/// When the records are not what [`changes`] made of events.
pub fn read<'a>(records: impl IntoIterator<Item = (&'a Key, &'a Entry)>) -> Vec<Recorded> {
    let mut events = Vec::new();
    let mut payload: Vec<u8> = Vec::new();
    for (key, entry) in records {
        let mut numbers = key.reader();
        let mut number = || numbers.number().expect("an event's key is made of three numbers");
        let (position, part) = (Position { commit: number(), event: number() }, number());
        let stored: StoredPart = stored::read(VERSION, &entry.value).expect("a stored event is read back");
        if part == 0 {
            payload.clear();
        }
        payload.extend_from_slice(&stored.bytes);
        if part + 1 == stored.parts {
            let payload = serde_json::from_slice(&payload).expect("a stored payload is JSON");
            let at = Timestamp::from_micros(stored.at);
            events.push(Recorded { position, id: stored.id, at, name: stored.name, payload });
        }
    }
    events
}

/// `7.0`: the first event of commit 7.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.commit, self.event)
    }
}

/// Why a text is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no position in the log of events, such as 7.0, or 7 for all of commit 7")]
pub struct NoPosition(String);

impl FromStr for Position {
    type Err = NoPosition;

    fn from_str(text: &str) -> Result<Self, NoPosition> {
        let (commit, event) = text.split_once('.').map_or((text, None), |(commit, event)| (commit, Some(event)));
        match (commit.parse(), event.map_or(Ok(u64::MAX), str::parse)) {
            (Ok(commit), Ok(event)) => Ok(Self { commit, event }),
            _ => Err(NoPosition(text.chars().take(60).collect())),
        }
    }
}

const VERSION: u8 = 1;

/// A piece of an event; each says all but the payload again, so that any of them can be understood alone.
#[derive(Serialize, Deserialize)]
struct StoredPart {
    at: i64,
    id: String,
    name: String,
    parts: u64,
    bytes: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::market::{ActorNumber, ActorRole, Party};
    use crate::process::Market;
    use crate::record::VALUE_BYTES_MAX;

    type Log = BTreeMap<Key, Entry>;

    fn write(log: &mut Log, commit: u64, events: &[Event]) {
        let market = Market::dk_defaults();
        let caller = Party { number: ActorNumber::new("2"), role: ActorRole::GridAccessProvider };
        let context = Context { now: Timestamp::from_seconds(9), caller, cause: [commit as u8; 32], market: &market };
        assert_eq!(changes(events, &context), changes(events, &context), "the same message, the same ids");
        for change in changes(events, &context) {
            let Change::Put(key, value) = change else { panic!("an event is never taken back") };
            assert!(value.len() < VALUE_BYTES_MAX);
            log.insert(key.at_commit(commit), Entry { version: commit, value });
        }
    }

    fn event(payload: Value) -> Event {
        Event { name: "ChargeCreated", payload }
    }

    #[test]
    fn a_subscriber_goes_on_where_it_stopped() {
        let mut log = Log::new();
        write(&mut log, 7, &[event(json!({"n": 1})), event(json!({"n": 2}))]);
        write(&mut log, 12, &[event(json!({"n": 3}))]);
        let numbers = |range: KeyRange| -> Vec<(String, u64)> {
            let found = read(log.range(range.from..range.to));
            found.iter().map(|it| (it.position.to_string(), it.payload["n"].as_u64().unwrap())).collect()
        };
        let at = |text: &str| text.parse::<Position>().unwrap();
        let all = numbers(all());
        assert_eq!(all, [("7.0".to_string(), 1), ("7.1".to_string(), 2), ("12.0".to_string(), 3)]);
        assert_eq!(numbers(after(at("7.0"))), all[1..]);
        assert_eq!(numbers(after(at("7.1"))), all[2..]);
        assert_eq!(numbers(after(at("8.0"))), all[2..]);
        assert_eq!(numbers(after(at("12.0"))), []);
        assert_eq!(numbers(after(at("7"))), all[2..], "behind all of commit 7");
        for wrong in ["", "7.", "7.x", "-1.0", "x"] {
            assert_eq!(wrong.parse::<Position>(), Err(NoPosition(wrong.into())));
        }
    }

    #[test]
    fn no_two_events_have_one_id() {
        let mut log = Log::new();
        write(
            &mut log,
            1,
            &[event(json!(1)), event(json!(1)), Event { name: "ChargeDiscontinued", payload: json!(1) }],
        );
        write(&mut log, 2, &[event(json!(1))]);
        let ids: std::collections::BTreeSet<String> = read(&log).into_iter().map(|it| it.id).collect();
        assert!(ids.len() == 4 && ids.iter().all(|id| id.len() == 32));
    }

    /// Bytes that version 1 wrote. They must be read for as long as a store may hold them.
    #[test]
    fn old_bytes_are_read() {
        let value = b"\x01\x80\xd1\xca\x08\x02id\x0dChargeCreated\x01\x07{\"n\":1}".as_slice();
        let log = Log::from([(
            Key::new(EVENTS).number(3).number(0).number(0),
            Entry { version: 3, value: bytes::Bytes::from_static(value) },
        )]);
        let expected = Recorded {
            position: Position { commit: 3, event: 0 },
            id: "id".into(),
            at: Timestamp::from_seconds(9),
            name: "ChargeCreated".into(),
            payload: json!({"n": 1}),
        };
        assert_eq!(read(&log), [expected]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_written_is_read_and_what_is_cut_off_is_left_out(
            lengths in prop::collection::vec(0..5 * PART_BYTES_MAX / 2, 1..3), cut in 0..8_usize,
        ) {
            let events: Vec<Event> = lengths.iter().map(|length| event(json!("x".repeat(*length)))).collect();
            let mut log = Log::new();
            write(&mut log, 1, &events);
            let whole = read(&log);
            prop_assert_eq!(whole.iter().map(|it| &it.payload).collect::<Vec<_>>(), events.iter().map(|it| &it.payload).collect::<Vec<_>>());
            let page = read(log.iter().take(cut));
            prop_assert_eq!(&page[..], &whole[..page.len()]);
            prop_assert!(cut < log.len() || page.len() == whole.len());
        }
    }
}
