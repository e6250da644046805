//! Participants as they are stored: each pack names spaces of its own, so whatever one market asks for holds nobody of
//! another.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Participant, Status};
use crate::document::Wire;
use crate::market::{ActorNumber, ActorRole, Party};
use crate::process::Pack;
use crate::record::{Key, KeyRange, Space};

/// One record that every registry change rewrites: how many changes there were.
pub const REGISTRY: Space = Space(26);

const VERSION: u8 = 1;
/// The same of a participant that has chosen a form: its number is the last byte.
const WITH_FORM: u8 = 2;

fn participants(pack: Pack) -> Space {
    pack.definition().participants
}

fn external_ids(pack: Pack) -> Space {
    pack.definition().external_ids
}

#[derive(Serialize, Deserialize)]
struct StoredParticipant {
    status: u8,
    name: String,
    actor_id: String,
    external_id: Option<String>,
}

pub fn key(pack: Pack, party: &Party) -> Key {
    Key::new(participants(pack)).text(party.role.code()).text(party.number.as_str())
}

pub fn everybody(pack: Pack) -> KeyRange {
    KeyRange::under(&Key::new(participants(pack)))
}

pub fn role_range(pack: Pack, role: ActorRole) -> KeyRange {
    KeyRange::under(&Key::new(participants(pack)).text(role.code()))
}

pub fn external_key(pack: Pack, external_id: &str, party: &Party) -> Key {
    Key::new(external_ids(pack)).text(external_id).text(party.role.code()).text(party.number.as_str())
}

pub fn external_range(pack: Pack, external_id: &str) -> KeyRange {
    KeyRange::under(&Key::new(external_ids(pack)).text(external_id))
}

pub fn owner_key() -> Key {
    Key::new(REGISTRY)
}

pub fn write(participant: &Participant) -> Bytes {
    let stored = StoredParticipant {
        status: match participant.status {
            Status::New => 1,
            Status::Active => 2,
            Status::Inactive => 3,
            Status::Passive => 4,
            Status::Deleted => 5,
        },
        name: participant.name.clone(),
        actor_id: participant.actor_id.clone(),
        external_id: participant.external_id.clone(),
    };
    let version = if participant.form.is_some() { WITH_FORM } else { VERSION };
    let mut bytes = postcard::to_extend(&stored, vec![version]).expect("a participant can be written");
    bytes.extend(participant.form.map(Wire::number));
    bytes.into()
}

/// # Panics
///
/// When the bytes are not what [`write`] made of a participant.
pub fn read(pack: Pack, party: Party, bytes: &[u8]) -> Participant {
    let (stored, rest) = stored(bytes);
    let form = rest.first().and_then(|number| Wire::from_number(*number));
    Participant {
        pack,
        party,
        status: status(stored.status),
        name: stored.name,
        actor_id: stored.actor_id,
        external_id: stored.external_id,
        form,
    }
}

/// Only the status, without the texts behind it: a decision looks at every participant of a role.
pub fn read_status(bytes: &[u8]) -> Status {
    assert!(is_participant(bytes), "a stored participant has version {VERSION} or {WITH_FORM}");
    status(bytes[1])
}

/// Number and role of a participant of any pack.
pub fn read_party(key: &Key) -> Party {
    let mut parts = key.reader();
    let role = parts.text().expect("a role stands in its key");
    party(role, parts.text().expect("a number stands in its key"))
}

/// What stands under an external id: the party again, for a long external id stands in its key as a hash.
pub fn write_external(party: &Party) -> Bytes {
    let stored = (party.role.code(), party.number.as_str());
    postcard::to_extend(&stored, vec![VERSION]).expect("a party can be written").into()
}

pub fn read_external(bytes: &[u8]) -> Party {
    let (role, number) = postcard::from_bytes(versioned(bytes)).expect("a stored party is read back");
    party(role, number)
}

pub fn write_owner(changes: u64) -> Bytes {
    postcard::to_extend(&changes, vec![VERSION]).expect("a number can be written").into()
}

pub fn read_owner(bytes: &[u8]) -> u64 {
    postcard::from_bytes(versioned(bytes)).expect("a stored registry record is read back")
}

/// The stored participant, and what stands behind it.
fn stored(bytes: &[u8]) -> (StoredParticipant, &[u8]) {
    assert!(is_participant(bytes), "a stored participant has version {VERSION} or {WITH_FORM}");
    postcard::take_from_bytes(&bytes[1..]).expect("a stored participant is read back")
}

fn is_participant(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(&VERSION | &WITH_FORM))
}

pub(super) fn versioned(bytes: &[u8]) -> &[u8] {
    assert_eq!(bytes.first(), Some(&VERSION), "a stored participant has version {VERSION}");
    &bytes[1..]
}

fn status(number: u8) -> Status {
    *Status::ALL.get(usize::from(number).wrapping_sub(1)).expect("a stored status is one of five")
}

pub(super) fn party(role: String, number: String) -> Party {
    let role = ActorRole::from_code(&role).expect("a stored role is one that we know");
    Party { number: ActorNumber::new(number), role }
}
