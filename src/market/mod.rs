//! The market's nouns: numbers, roles, codes, instants, calendars. Values only; no rules, no I/O.

mod party;
mod timestamp;

pub use party::{ActorNumber, ActorRole, Party};
pub use timestamp::Timestamp;
