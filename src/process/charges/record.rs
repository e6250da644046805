//! Charges as they are stored: the charge, its periods, its prices in blocks, the history of what was accepted, and a
//! log of what was rejected.
//!
//! A price block spans a fixed number of days, by resolution, and is stored under the instant where it ends. So
//! whatever may apply at or after an instant lies in one range of keys, whatever the resolution, and a small series
//! rewrites one or two blocks of a few KiB however long the charge has had prices.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::state::{Charge, ChargeIdentity, MasterData, PricePoint};
use crate::market::{ActorNumber, ChargeType, Period, Price, Resolution, Timestamp, VatClass};
use crate::record::{Entry, Key, KeyRange, Space};

/// Rejected operations: owner, type, id, commit, index in the document.
pub const REJECTED: Space = Space(31);
/// Charges: owner, type, id.
pub const CHARGES: Space = Space(32);
/// Periods: owner, type, id, start in microseconds.
pub const PERIODS: Space = Space(33);
/// Prices: owner, type, id, end of the block in seconds.
pub const PRICES: Space = Space(34);
/// Accepted operations: owner, type, id, commit, index in the document, part.
pub const HISTORY: Space = Space(35);

const VERSION: u8 = 1;

/// Points in one history record: of the largest points, 20 bytes each, it holds half of what a value may.
pub const HISTORY_POINTS_MAX: usize = 1_600;

/// How long a block of prices is. At most 1,024 points of at most 20 bytes stand in one: monthly prices may begin on any
/// day, so the worst block of them has as many points as days.
pub const fn block_seconds(resolution: Resolution) -> i64 {
    let days = match resolution {
        Resolution::QuarterHour => 4,
        Resolution::Hour => 16,
        Resolution::Day => 512,
        Resolution::Month => 1_024,
    };
    days * 86_400
}

/// Where the block ends that holds a point which begins at `seconds`.
pub fn block_end(resolution: Resolution, seconds: i64) -> i64 {
    (seconds.div_euclid(block_seconds(resolution)) + 1) * block_seconds(resolution)
}

fn key(space: Space, identity: &ChargeIdentity) -> Key {
    Key::new(space).text(identity.owner.as_str()).text(identity.charge_type.code()).text(&identity.id)
}

pub fn charge_key(identity: &ChargeIdentity) -> Key {
    key(CHARGES, identity)
}

/// Every charge there is, by owner, type and id.
pub fn all_charges() -> KeyRange {
    KeyRange::under(&Key::new(CHARGES))
}

pub fn read_identity(key: &Key) -> ChargeIdentity {
    let mut parts = key.reader();
    let mut text = || parts.text().expect("a charge's key is made of short texts");
    let (owner, charge_type, id) = (text(), text(), text());
    let charge_type = ChargeType::from_code(&charge_type).expect("a stored charge has a known type");
    ChargeIdentity { owner: ActorNumber::new(owner), charge_type, id }
}

pub fn period_key(identity: &ChargeIdentity, start: Timestamp) -> Key {
    key(PERIODS, identity).signed(start.micros())
}

pub fn periods(identity: &ChargeIdentity) -> KeyRange {
    KeyRange::under(&key(PERIODS, identity))
}

pub fn periods_from(identity: &ChargeIdentity, start: Timestamp) -> KeyRange {
    KeyRange::under_from(&key(PERIODS, identity), period_key(identity, start))
}

pub fn read_period_start(key: &Key) -> Timestamp {
    Timestamp::from_micros(last_signed(key))
}

pub fn block_key(identity: &ChargeIdentity, end: i64) -> Key {
    key(PRICES, identity).signed(end)
}

pub fn blocks(identity: &ChargeIdentity) -> KeyRange {
    KeyRange::under(&key(PRICES, identity))
}

/// Every block that may hold a price that applies at or after `start`, at any resolution.
pub fn blocks_from(identity: &ChargeIdentity, start: Timestamp) -> KeyRange {
    let earliest = start.seconds() - Resolution::Month.unit_seconds_max();
    KeyRange::under_from(&key(PRICES, identity), block_key(identity, earliest))
}

pub fn read_block_end(key: &Key) -> i64 {
    last_signed(key)
}

pub fn history_key(identity: &ChargeIdentity, operation: usize, part: usize) -> Key {
    key(HISTORY, identity).stamp().number(operation as u64).number(part as u64)
}

pub fn history(identity: &ChargeIdentity) -> KeyRange {
    KeyRange::under(&key(HISTORY, identity))
}

pub fn rejected_key(identity: &ChargeIdentity, operation: usize) -> Key {
    key(REJECTED, identity).stamp().number(operation as u64)
}

pub fn rejected(identity: &ChargeIdentity) -> KeyRange {
    KeyRange::under(&key(REJECTED, identity))
}

/// The commit that took the decision, and the operation's place in its document: of a key of [`HISTORY`] or
/// [`REJECTED`].
pub fn read_place(identity: &ChargeIdentity, at: &Key) -> (u64, u64) {
    let prefix = key(HISTORY, identity).as_bytes().len();
    let number = |from: usize| at.as_bytes().get(from..from + 8).and_then(|it| it.try_into().ok());
    let read = |from| u64::from_be_bytes(number(from).expect("the key goes on with two numbers"));
    (read(prefix), read(prefix + 8))
}

#[derive(Serialize, Deserialize)]
struct StoredCharge {
    changes: u64,
    tax_indicator: bool,
    resolution: u8,
    start: i64,
    stop: i64,
}

pub fn write_charge(charge: &Charge) -> Bytes {
    write(&StoredCharge {
        changes: charge.changes,
        tax_indicator: charge.tax_indicator,
        resolution: resolution_number(charge.resolution),
        start: charge.start.micros(),
        stop: charge.stop.micros(),
    })
}

pub fn read_charge(bytes: &[u8]) -> Charge {
    let stored: StoredCharge = read(bytes);
    Charge {
        changes: stored.changes,
        tax_indicator: stored.tax_indicator,
        resolution: resolution(stored.resolution),
        start: Timestamp::from_micros(stored.start),
        stop: Timestamp::from_micros(stored.stop),
    }
}

#[derive(Serialize, Deserialize)]
struct StoredMasterData {
    name: String,
    description: String,
    vat_class: u8,
    transparent_invoicing: bool,
}

pub fn write_master_data(data: &MasterData) -> Bytes {
    write(&stored_master_data(data))
}

pub fn read_master_data(bytes: &[u8]) -> MasterData {
    master_data(read(bytes))
}

fn stored_master_data(data: &MasterData) -> StoredMasterData {
    StoredMasterData {
        name: data.name.clone(),
        description: data.description.clone(),
        vat_class: match data.vat_class {
            VatClass::NoVat => 1,
            VatClass::Vat25 => 2,
        },
        transparent_invoicing: data.transparent_invoicing,
    }
}

fn master_data(stored: StoredMasterData) -> MasterData {
    MasterData {
        name: stored.name,
        description: stored.description,
        vat_class: match stored.vat_class {
            1 => VatClass::NoVat,
            2 => VatClass::Vat25,
            other => panic!("{other} is no stored VAT class"),
        },
        transparent_invoicing: stored.transparent_invoicing,
    }
}

/// Where the first point begins, then each point: how long after the one before it ended (mostly 0), how long it
/// lasts, mantissa, scale. Seconds.
#[derive(Serialize, Deserialize)]
struct StoredPoints(i64, Vec<(u32, u32, i64, u8)>);

pub fn write_block(points: &[PricePoint]) -> Bytes {
    write(&stored_points(points))
}

pub fn read_block(bytes: &[u8]) -> Vec<PricePoint> {
    price_points(&read(bytes))
}

fn stored_points(points: &[PricePoint]) -> StoredPoints {
    let start = points.first().map_or(0, |point| point.period.start.seconds());
    let mut at = start;
    let seconds = |length: i64| u32::try_from(length).expect("points stand in order, within days of each other");
    let stored = points.iter().map(|point| {
        let (mantissa, scale) = point.price.to_parts();
        let gap = seconds(point.period.start.seconds() - at);
        at = point.period.end.seconds();
        (gap, seconds(point.period.seconds()), mantissa, scale)
    });
    let stored = stored.collect();
    StoredPoints(start, stored)
}

fn price_points(stored: &StoredPoints) -> Vec<PricePoint> {
    let mut at = stored.0;
    let points = stored.1.iter().map(|(gap, length, mantissa, scale)| {
        let start = at + i64::from(*gap);
        at = start + i64::from(*length);
        PricePoint {
            period: Period::new(Timestamp::from_seconds(start), Timestamp::from_seconds(at)),
            price: Price::from_parts(*mantissa, *scale).expect("a stored price is a price"),
        }
    });
    points.collect()
}

/// An accepted operation, for the questions that the present state cannot answer: what was known when, and from whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The moment of receipt.
    pub at: Timestamp,
    pub document_id: String,
    pub transaction_id: String,
    pub said: Said,
}

/// What an accepted operation said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    Information {
        start: Timestamp,
        stops: bool,
        tax_indicator: bool,
        resolution: Resolution,
        data: MasterData,
    },
    /// All of the interval; in a later part, further points of the same series.
    Prices {
        resolution: Resolution,
        interval: Period,
        points: Vec<PricePoint>,
    },
}

#[derive(Serialize, Deserialize)]
struct StoredAccepted {
    at: i64,
    document_id: String,
    transaction_id: String,
    said: StoredSaid,
}

#[derive(Serialize, Deserialize)]
enum StoredSaid {
    Information { start: i64, stops: bool, tax_indicator: bool, resolution: u8, data: StoredMasterData },
    Prices { resolution: u8, start: i64, end: i64, points: StoredPoints },
}

/// The history records of one accepted operation: several when a series is too long for one.
pub fn write_history(accepted: &Accepted) -> Vec<Bytes> {
    let record = |said| {
        write(&StoredAccepted {
            at: accepted.at.micros(),
            document_id: accepted.document_id.clone(),
            transaction_id: accepted.transaction_id.clone(),
            said,
        })
    };
    match &accepted.said {
        Said::Information { start, stops, tax_indicator, resolution, data } => vec![record(StoredSaid::Information {
            start: start.micros(),
            stops: *stops,
            tax_indicator: *tax_indicator,
            resolution: resolution_number(*resolution),
            data: stored_master_data(data),
        })],
        Said::Prices { resolution, interval, points } => {
            let parts = points.chunks(HISTORY_POINTS_MAX);
            let part = |points| StoredSaid::Prices {
                resolution: resolution_number(*resolution),
                start: interval.start.micros(),
                end: interval.end.micros(),
                points: stored_points(points),
            };
            parts.map(|points| record(part(points))).collect()
        }
    }
}

pub fn read_history(bytes: &[u8]) -> Accepted {
    let stored: StoredAccepted = read(bytes);
    let said = match stored.said {
        StoredSaid::Information { start, stops, tax_indicator, resolution: number, data } => Said::Information {
            start: Timestamp::from_micros(start),
            stops,
            tax_indicator,
            resolution: resolution(number),
            data: master_data(data),
        },
        StoredSaid::Prices { resolution: number, start, end, points } => Said::Prices {
            resolution: resolution(number),
            interval: Period::new(Timestamp::from_micros(start), Timestamp::from_micros(end)),
            points: price_points(&points),
        },
    };
    Accepted {
        at: Timestamp::from_micros(stored.at),
        document_id: stored.document_id,
        transaction_id: stored.transaction_id,
        said,
    }
}

/// An operation that was rejected: who asked for what about a charge, and which rules were broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// The moment of receipt.
    pub at: Timestamp,
    pub document_id: String,
    pub transaction_id: String,
    /// Whether it was about prices (D08), and not about charge information (D18).
    pub prices: bool,
    /// By number, such as `VR.209`.
    pub broken: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredRejected {
    at: i64,
    document_id: String,
    transaction_id: String,
    prices: bool,
    broken: Vec<String>,
}

pub fn write_rejected(rejected: &Rejected) -> Bytes {
    let Rejected { at, document_id, transaction_id, prices, broken } = rejected.clone();
    write(&StoredRejected { at: at.micros(), document_id, transaction_id, prices, broken })
}

pub fn read_rejected(bytes: &[u8]) -> Rejected {
    let StoredRejected { at, document_id, transaction_id, prices, broken } = read(bytes);
    Rejected { at: Timestamp::from_micros(at), document_id, transaction_id, prices, broken }
}

/// The periods of a charge: each ends where the next one starts, the last one where the charge stops.
pub fn read_timeline<'a>(
    charge: &Charge,
    periods: impl IntoIterator<Item = (&'a Key, &'a Entry)>,
) -> Vec<(Period, MasterData)> {
    let mut timeline: Vec<(Period, MasterData)> = Vec::new();
    for (key, entry) in periods {
        let start = read_period_start(key);
        if let Some((before, _)) = timeline.last_mut() {
            before.end = start;
        }
        timeline.push((Period::new(start, charge.stop), read_master_data(&entry.value)));
    }
    timeline
}

/// The numbers that the market's older systems give the resolutions.
fn resolution_number(resolution: Resolution) -> u8 {
    match resolution {
        Resolution::QuarterHour => 1,
        Resolution::Hour => 2,
        Resolution::Day => 3,
        Resolution::Month => 4,
    }
}

fn resolution(number: u8) -> Resolution {
    *Resolution::ALL.get(usize::from(number).wrapping_sub(1)).expect("a stored resolution is one of four")
}

fn last_signed(key: &Key) -> i64 {
    let tail = key.as_bytes().last_chunk().expect("the key ends in a number");
    (u64::from_be_bytes(*tail) ^ (1 << 63)) as i64
}

fn write<T: Serialize>(stored: &T) -> Bytes {
    postcard::to_extend(stored, vec![VERSION]).expect("a record can be written").into()
}

fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> T {
    assert_eq!(bytes.first(), Some(&VERSION), "a stored charge has version {VERSION}");
    postcard::from_bytes(&bytes[1..]).expect("a stored charge is read back")
}
