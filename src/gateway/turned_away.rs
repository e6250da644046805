//! What a known caller sends and nobody looks at: a document of an unknown name, in a wrong form, too large, or from somebody
//! who may not send it. It is archived with its verdict like any other (post-office 4.4, item 1).

use bytes::Bytes;

use super::intake::{codes_of, tell};
use super::reading::READ_AT_ONCE_BYTES_MAX;
use super::{Error, Fault, Gateway};
use crate::archive::{Came, Direction, LogEntry, Place};
use crate::market::{Party, Timestamp};
use crate::record::Packed;

/// A document at the door that goes no further.
pub struct TurnedAway {
    /// Name without `_MarketDocument`; empty where that is not known.
    pub document: &'static str,
    /// What is kept of it.
    pub body: Bytes,
    /// At which door; `None` where there is none.
    pub came: Option<Came>,
    /// What its sender is told.
    pub error: Error,
}

impl Gateway {
    /// Archives what was turned away. Returns once it is on disk.
    pub async fn turn_away(
        &self,
        caller: &Party,
        what: TurnedAway,
        correlation_id: &str,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let TurnedAway { document, body, came, error } = what;
        let body = match body.len() <= READ_AT_ONCE_BYTES_MAX {
            true => Packed::of(&body),
            false => {
                let packed = tokio::task::spawn_blocking(move || Packed::of(&body)).await;
                packed.map_err(|_| Fault::Reading { document })?
            }
        };
        let entry = LogEntry {
            direction: Direction::In,
            at: now,
            party: caller.clone(),
            addressee: None,
            document: document.to_string(),
            message_id: String::new(),
            correlation_id: correlation_id.to_string(),
            refused: codes_of(&error),
            hash: body.hash(),
            place: Place { bytes: body.bytes(), ..Place::default() },
            came,
            request: None,
        };
        let bytes = body.bytes();
        self.archive_refused(&entry, body).await?;
        tell(document, caller, correlation_id, &error.code, bytes);
        Ok(())
    }
}
