//! The market's nouns: numbers, roles, codes, instants, calendars. Values only; no rules, no I/O.

mod calendar;
mod codes;
mod metering_point;
mod party;
mod period;
mod price;
mod timestamp;

pub use calendar::Calendar;
pub use codes::{ChargeType, ReasonCode, Resolution, VatClass};
pub use metering_point::{MeteringPointId, MeteringPointType};
pub use party::{ActorNumber, ActorRole, Party};
pub use period::Period;
pub use price::Price;
pub use timestamp::Timestamp;
