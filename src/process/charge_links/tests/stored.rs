//! Stored forms: what was once written is read for as long as a store may hold it.

use super::super::default::DefaultLink;
use super::state::{By, Retired};
use super::*;
use crate::market::MeteringPointType;
use crate::record::VALUE_BYTES_MAX;

fn by(transaction: &str) -> By {
    By { at: at(NOW), document_id: "d".into(), transaction_id: transaction.into() }
}

fn one() -> Link {
    Link { period: Period::from(local("01-09")), factor: 3, created_by: by("t-1") }
}

/// Bytes of version 1, as it wrote them first.
#[test]
fn old_bytes_are_read() {
    let retired = Retired { link: one(), by: by("t-2") };
    let key = record::link_key(&identity(), local("01-09"));
    assert_eq!(record::write_link(&one()), OLD_LINK);
    assert_eq!(record::read_link(&key, OLD_LINK), one());
    assert_eq!(record::write_retired(&retired), OLD_RETIRED);
    assert_eq!(record::read_retired(OLD_RETIRED), retired);
    assert_eq!(record::read_timeline(b"\x01\xac\x02"), 300);
    assert_eq!(record::write_default_link(&default()), OLD_DEFAULT_LINK);
    assert_eq!(record::read_default_link(&record::default_link_key(&default()), OLD_DEFAULT_LINK), default());
}

const OLD_LINK: &[u8] = b"\x01\x80\xf7\xa0\xc6\x99\x83\xa2\x84\x07\x06\x80\x90\xcc\xd9\x98\xf6\x80\x06\x01d\x03t-1";
const OLD_RETIRED: &[u8] = b"\x01\x80\xe0\xb0\xa5\xe5\x8f\x82\x06\x80\xf7\xa0\xc6\x99\x83\xa2\x84\x07\x06\x80\x90\
    \xcc\xd9\x98\xf6\x80\x06\x01d\x03t-1\x80\x90\xcc\xd9\x98\xf6\x80\x06\x01d\x03t-2";
const OLD_DEFAULT_LINK: &[u8] = b"\x01\x80\xe0\x9a\x99\xd5\xa6\x83\x06";

fn default() -> DefaultLink {
    let period = Period::new(local("01-09"), local("01-10"));
    DefaultLink { kind: MeteringPointType::InternalUse, charge: identity().charge, period }
}

#[test]
fn keys_say_what_they_are_about() {
    assert_eq!(record::read_identity(&record::link_key(&identity(), local("01-09"))), identity());
    assert_eq!(record::read_identity(&record::retired_key(&identity(), 3)), identity());
    assert_eq!(record::read_point_of_charge(&record::point_of_charge_key(&identity())), identity().metering_point);
    let default = default();
    let value = record::write_default_link(&default);
    assert_eq!(record::read_default_link(&record::default_link_key(&default), &value), default);
}

#[test]
fn the_largest_record_is_far_below_what_a_value_may_hold() {
    let by = By { at: at(NOW), document_id: "ø".repeat(100), transaction_id: "ø".repeat(36) };
    let link = Link { period: Period::from(local("01-09")), factor: i64::MAX, created_by: by.clone() };
    assert!(record::write_retired(&Retired { link, by }).len() < VALUE_BYTES_MAX / 64);
}
