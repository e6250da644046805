//! The stored form of a record: a version byte, then postcard. Market types stay free of serialisation; each module
//! keeps plain structs for what it stores.

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes a record of the given format version.
pub fn write(version: u8, stored: &impl Serialize) -> Bytes {
    let mut bytes = vec![version];
    bytes = postcard::to_extend(stored, bytes).expect("plain data can be written to memory");
    bytes.into()
}

/// Reads a record of the given format version; `None` when it is of another version, or not such a record.
pub fn read<T: DeserializeOwned>(version: u8, bytes: &[u8]) -> Option<T> {
    match bytes.split_first()? {
        (first, rest) if *first == version => postcard::from_bytes(rest).ok(),
        _ => None,
    }
}
