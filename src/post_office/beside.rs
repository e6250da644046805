//! What is kept beside the bytes of a document, in the body that holds them: what its records say that CIM has no place for.
//!
//! It goes with the bytes: into a bundle, into the archive, and away.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::document::{Bearing, Bearings};
use crate::record::stored;

/// What is to be kept of what records say besides, each in its place; empty where none says anything.
pub fn write_beside<'a>(bearings: impl Iterator<Item = Option<&'a Bearing>> + Clone) -> Bytes {
    if bearings.clone().all(|bearing| bearing.is_none()) {
        return Bytes::new();
    }
    let form = |bearing: Option<&Bearing>| {
        bearing.map(|bearing| match bearing {
            Bearing::Starts => StoredBearing::Starts,
            Bearing::Ends => StoredBearing::Ends,
            Bearing::Answers => StoredBearing::Answers,
        })
    };
    stored::write(VERSION, &bearings.map(form).collect::<Vec<_>>())
}

/// Reads what was kept; nothing of a version that we do not know.
pub fn read_beside(bytes: &[u8]) -> Bearings {
    let read = |form| match form {
        StoredBearing::Starts => Bearing::Starts,
        StoredBearing::Ends => Bearing::Ends,
        StoredBearing::Answers => Bearing::Answers,
    };
    let forms: Vec<Option<StoredBearing>> = stored::read(VERSION, bytes).unwrap_or_default();
    forms.into_iter().map(|form| form.map(read)).collect()
}

/// First byte of what is kept.
const VERSION: u8 = 1;

#[derive(Serialize, Deserialize)]
enum StoredBearing {
    Starts,
    Ends,
    Answers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_records_say_besides_is_read_as_it_was_written() {
        let all = [Some(Bearing::Starts), None, Some(Bearing::Ends), Some(Bearing::Answers)];
        let write = |bearings: &[Option<Bearing>]| write_beside(bearings.iter().map(Option::as_ref));
        for bearings in [&all[..], &all[..2], &all[3..]] {
            assert_eq!(read_beside(&write(bearings)), bearings);
        }
        assert!(write(&[None, None]).is_empty() && write(&[]).is_empty());
        assert_eq!(read_beside(&[9, 1, 0]), Bearings::new());
    }
}
