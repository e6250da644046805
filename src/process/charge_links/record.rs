//! Charge links as they are stored: by metering point, then charge; an index the other way round; and what was retired.
//!
//! Three records guard ranges. A timeline's own record counts its operations and guards its links. The guard of a
//! metering point is rewritten with any of its links, that of a charge whenever a metering point comes or goes; link
//! operations write these two and never look at them, so operations on different pairs do not get into each other's way.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::default::DefaultLink;
use super::state::{By, Link, LinkIdentity, Retired};
use crate::market::{ActorNumber, ChargeType, MeteringPointId, MeteringPointType, Period, Timestamp};
use crate::process::charges::ChargeIdentity;
use crate::record::{Key, KeyRange, Space, stored};

/// Pairs whose links nobody in the grid was told of, for the grid area had no active owner: grid area, metering point,
/// owner, type, id.
pub const UNTOLD: Space = Space(28);
/// Timelines: metering point, owner, type, id.
pub const TIMELINES: Space = Space(36);
/// Links: metering point, owner, type, id, start in microseconds.
pub const LINKS: Space = Space(37);
/// Links that were replaced: metering point, owner, type, id, commit, place.
pub const RETIRED: Space = Space(38);
/// The metering points that are linked to a charge: owner, type, id, metering point.
pub const POINTS_OF_CHARGE: Space = Space(39);
/// One record for each metering point, rewritten with any of its links.
pub const POINT_GUARDS: Space = Space(40);
/// One record for each charge, rewritten when a metering point is linked to it or not any more.
pub const CHARGE_GUARDS: Space = Space(41);
/// Default links: owner, type, id, metering point type, start in microseconds.
pub const DEFAULT_LINKS: Space = Space(42);
/// One record that every change of the default links rewrites.
pub const DEFAULT_LINKS_GUARD: Space = Space(43);

const VERSION: u8 = 1;

fn charge(key: Key, charge: &ChargeIdentity) -> Key {
    key.text(charge.owner.as_str()).text(charge.charge_type.code()).text(&charge.id)
}

fn pair(space: Space, identity: &LinkIdentity) -> Key {
    charge(Key::new(space).text(identity.metering_point.as_str()), &identity.charge)
}

pub fn timeline_key(identity: &LinkIdentity) -> Key {
    pair(TIMELINES, identity)
}

pub fn link_key(identity: &LinkIdentity, start: Timestamp) -> Key {
    pair(LINKS, identity).signed(start.micros())
}

pub fn links(identity: &LinkIdentity) -> KeyRange {
    KeyRange::under(&pair(LINKS, identity))
}

pub fn links_of_point(point: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(LINKS).text(point.as_str()))
}

pub fn retired_key(identity: &LinkIdentity, place: usize) -> Key {
    pair(RETIRED, identity).stamp().number(place as u64)
}

pub fn retired(identity: &LinkIdentity) -> KeyRange {
    KeyRange::under(&pair(RETIRED, identity))
}

pub fn retired_of_point(point: &MeteringPointId) -> KeyRange {
    KeyRange::under(&Key::new(RETIRED).text(point.as_str()))
}

pub fn point_of_charge_key(identity: &LinkIdentity) -> Key {
    charge(Key::new(POINTS_OF_CHARGE), &identity.charge).text(identity.metering_point.as_str())
}

pub fn points_of_charge(identity: &ChargeIdentity) -> KeyRange {
    KeyRange::under(&charge(Key::new(POINTS_OF_CHARGE), identity))
}

pub fn point_guard_key(point: &MeteringPointId) -> Key {
    Key::new(POINT_GUARDS).text(point.as_str())
}

pub fn charge_guard_key(identity: &ChargeIdentity) -> Key {
    charge(Key::new(CHARGE_GUARDS), identity)
}

pub fn default_link_key(link: &DefaultLink) -> Key {
    let key = charge(Key::new(DEFAULT_LINKS), &link.charge);
    key.number(link.kind.number().into()).signed(link.period.start.micros())
}

pub fn default_links() -> KeyRange {
    KeyRange::under(&Key::new(DEFAULT_LINKS))
}

pub fn default_links_guard_key() -> Key {
    Key::new(DEFAULT_LINKS_GUARD)
}

pub fn untold_key(area: &str, identity: &LinkIdentity) -> Key {
    charge(Key::new(UNTOLD).text(area).text(identity.metering_point.as_str()), &identity.charge)
}

pub fn untold(area: &str) -> KeyRange {
    KeyRange::under(&Key::new(UNTOLD).text(area))
}

/// Of a key of [`UNTOLD`].
pub fn read_untold(key: &Key) -> LinkIdentity {
    let mut parts = key.reader();
    let mut text = || parts.text().expect("the key is made of short texts");
    let _area = text();
    let metering_point = MeteringPointId::new(text());
    LinkIdentity { metering_point, charge: read_charge(&mut text) }
}

/// Of a key of [`TIMELINES`], [`LINKS`] or [`RETIRED`].
pub fn read_identity(key: &Key) -> LinkIdentity {
    let mut parts = key.reader();
    let mut text = || parts.text().expect("a link's key begins with short texts");
    let metering_point = MeteringPointId::new(text());
    LinkIdentity { metering_point, charge: read_charge(&mut text) }
}

/// The metering point in a key of [`POINTS_OF_CHARGE`].
pub fn read_point_of_charge(key: &Key) -> MeteringPointId {
    let mut parts = key.reader();
    let mut text = || parts.text().expect("the key is made of short texts");
    read_charge(&mut text);
    MeteringPointId::new(text())
}

fn read_charge(text: &mut impl FnMut() -> String) -> ChargeIdentity {
    let (owner, charge_type, id) = (text(), text(), text());
    let charge_type = ChargeType::from_code(&charge_type).expect("a stored charge has a known type");
    ChargeIdentity { owner: ActorNumber::new(owner), charge_type, id }
}

#[derive(Serialize, Deserialize)]
struct StoredBy(i64, String, String);

#[derive(Serialize, Deserialize)]
struct StoredLink {
    end: i64,
    factor: i64,
    created_by: StoredBy,
}

#[derive(Serialize, Deserialize)]
struct StoredRetired {
    start: i64,
    link: StoredLink,
    by: StoredBy,
}

pub fn write_timeline(changes: u64) -> Bytes {
    stored::write(VERSION, &changes)
}

/// How many operations were accepted.
pub fn read_timeline(bytes: &[u8]) -> u64 {
    stored::read(VERSION, bytes).expect("a stored timeline is read back")
}

/// A record that says nothing but that it was written.
pub fn write_guard() -> Bytes {
    Bytes::from_static(&[VERSION])
}

pub fn write_link(link: &Link) -> Bytes {
    stored::write(VERSION, &stored_link(link))
}

/// # Panics
///
/// When key and bytes are not what [`link_key`] and [`write_link`] made of a link.
pub fn read_link(key: &Key, bytes: &[u8]) -> Link {
    let start = i64::from_be_bytes(*key.as_bytes().last_chunk().expect("a link's key ends in its start")) ^ i64::MIN;
    link(start, stored::read(VERSION, bytes).expect("a stored link is read back"))
}

pub fn write_retired(retired: &Retired) -> Bytes {
    let start = retired.link.period.start.micros();
    stored::write(VERSION, &StoredRetired { start, link: stored_link(&retired.link), by: stored_by(&retired.by) })
}

pub fn read_retired(bytes: &[u8]) -> Retired {
    let found: StoredRetired = stored::read(VERSION, bytes).expect("a stored link is read back");
    Retired { link: link(found.start, found.link), by: by(found.by) }
}

pub fn write_default_link(link: &DefaultLink) -> Bytes {
    stored::write(VERSION, &link.period.end.micros())
}

pub fn read_default_link(key: &Key, bytes: &[u8]) -> DefaultLink {
    let mut parts = key.reader();
    let charge = read_charge(&mut || parts.text().expect("a default link's key begins with a charge"));
    let kind = parts.number().and_then(|number| u8::try_from(number).ok()).and_then(MeteringPointType::from_number);
    let start = Timestamp::from_micros(parts.signed().expect("a default link's key ends in its start"));
    let end = stored::read(VERSION, bytes).expect("a stored default link is read back");
    DefaultLink {
        kind: kind.expect("a stored metering point type is known"),
        charge,
        period: Period::new(start, Timestamp::from_micros(end)),
    }
}

fn stored_link(link: &Link) -> StoredLink {
    StoredLink { end: link.period.end.micros(), factor: link.factor, created_by: stored_by(&link.created_by) }
}

fn link(start: i64, found: StoredLink) -> Link {
    let period = Period::new(Timestamp::from_micros(start), Timestamp::from_micros(found.end));
    Link { period, factor: found.factor, created_by: by(found.created_by) }
}

fn stored_by(by: &By) -> StoredBy {
    StoredBy(by.at.micros(), by.document_id.clone(), by.transaction_id.clone())
}

fn by(found: StoredBy) -> By {
    By { at: Timestamp::from_micros(found.0), document_id: found.1, transaction_id: found.2 }
}
