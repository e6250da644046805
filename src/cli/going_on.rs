//! What clock a gateway of the command line has over a store that others may have used before: it only moves forward (design 6).

use anyhow::{Result, bail};

use crate::gateway::{Clock, latest_seen};
use crate::market::Timestamp;
use crate::store::Store;

/// The same clock, or where it shows an earlier instant than the store has seen, one that goes on from there; and in that case a
/// sentence that says so.
pub fn not_before_what_was_seen(clock: Clock, store: &dyn Store) -> Result<(Clock, Option<String>)> {
    let asked = clock.now();
    let seen = latest_seen(store)?.filter(|seen| *seen > asked);
    let told = seen.map(|seen| {
        format!("The store has seen {seen} already, so the clock goes on from there and not from {asked}: it only moves forward.")
    });
    Ok((clock.not_before(seen), told))
}

/// The clock of a command that does something as of an instant: the one that was asked for, or the machine's, or where that is behind
/// what the store has seen, one that goes on from there.
///
/// # Errors
///
/// When the store has seen a later instant than the one that was asked for.
pub fn as_of(asked: Option<Timestamp>, store: &dyn Store) -> Result<Clock> {
    if let Some(asked) = asked {
        not_behind(asked, store)?;
        return Ok(Clock::standing_at(asked));
    }
    let (clock, told) = not_before_what_was_seen(Clock::machine(), store)?;
    told.iter().for_each(|told| eprintln!("{told}"));
    Ok(clock)
}

/// Refuses an instant that lies behind what the store has seen; else says what that is.
pub fn not_behind(asked: Timestamp, store: &dyn Store) -> Result<Option<Timestamp>> {
    let seen = latest_seen(store)?;
    match seen.filter(|seen| *seen > asked) {
        Some(seen) => {
            bail!("set the clock to {asked}: the store has seen {seen} already, and its clock only moves forward")
        }
        None => Ok(seen),
    }
}
