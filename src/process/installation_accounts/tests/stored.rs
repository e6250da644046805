//! What is stored is read back, and what older versions stored is still read.

use super::*;
use crate::process::installation_accounts::record::{Changed, StoredEntity, Waiter};

#[test]
fn entities_are_read_back_as_they_were_written() {
    let all = case_1().into_iter().chain([prospect("S1", "P1", M1)]);
    for entity in all {
        let stored = StoredEntity { version: 7, entity };
        let read: StoredEntity = record::read(&record::write(&stored), || unreachable!()).unwrap();
        assert_eq!(read, stored);
    }
    assert_eq!(
        record::read_account(b"\x02").unwrap_err().to_string(),
        "the stored installation account cannot be read"
    );
}

/// Bytes that version 1 wrote. They must be read for as long as a store may hold them.
#[test]
fn old_bytes_are_read() {
    let object = StoredEntity { version: 300, entity: object("C1", "Berlin") };
    let bytes = b"\x01\xac\x02\x01\x02C1\x01\x09Lindenweg\x01\x014\x01\x0510115\x06Berlin\x02DE\x0d9900000000022";
    assert_eq!(record::write(&object)[..], bytes[..]);
    let contract = StoredEntity { version: 1, entity: contract("B1", "V1", "I1", "2026-01-01", Some("2026-12-31")) };
    let bytes = b"\x01\x01\x04\x02B1\x01\x02V1\x01\x02I1\x0a2026-01-01\x01\x0a2026-12-31\x01\x08Green 12\x00";
    assert_eq!(record::write(&contract)[..], bytes[..]);
    let changed = Changed { entity: EntityKey::new(EntityKind::Installation, "I1"), after: 3 };
    assert_eq!(record::write(&changed)[..], b"\x01\x02\x02I1\x03"[..]);
    let waiter = Waiter {
        since: Timestamp::from_micros(-1),
        missing: vec![EntityKey::new(EntityKind::BusinessPartner, "P1")],
        conflict: None,
        awaited: Vec::new(),
        sender: "9".into(),
        transaction_id: "t".into(),
    };
    assert_eq!(record::write(&waiter)[..], b"\x01\x01\x01\x00\x02P1\x00\x00\x019\x01t"[..]);
}

#[test]
fn the_bytes_of_an_account_stay_the_same() {
    let account = settled().account();
    let bytes = record::write(&account);
    assert_eq!(record::read_account(&bytes).unwrap(), account);
    // A change of this hash is a change of the stored form: it wants a new version, and a reader for this one.
    let hash = blake3::hash(&bytes).to_hex();
    assert_eq!(&hash[..16], "4ba08a2301aaa804", "{} bytes", bytes.len());
}

#[test]
fn a_sync_id_is_its_running_number_and_nothing_else() {
    assert_eq!(account::sync_id(3), "EVIAK0000000003");
    assert_eq!(view::sync_number("EVIAK0000000003"), Some(3));
    for wrong in ["EVIAK3", "EVIAK000000000x", "eviak0000000003", "EVIAK00000000031", "", "EVIAK+000000003"] {
        assert_eq!(view::sync_number(wrong), None, "{wrong}");
    }
}
