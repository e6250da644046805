//! The market's nouns: numbers, roles, codes, instants, calendars. Values only; no rules, no I/O.

mod calendar;
mod check_digits;
mod codes;
mod customer;
mod market_location;
mod metering_point;
mod party;
mod period;
mod price;
mod reason_code;
mod role_codes;
mod timestamp;

pub use calendar::Calendar;
pub use check_digits::{gln, is_eic, is_gln, is_gsrn};
pub use codes::{ChargeType, Resolution, VatClass};
pub use customer::{CustomerNumber, CustomerType};
pub use market_location::{MARKET_LOCATION_DIGITS, is_market_location};
pub use metering_point::{MeteringPointId, MeteringPointType};
pub use party::{ActorNumber, ActorRole, Party};
pub use period::Period;
pub use price::Price;
pub use reason_code::ReasonCode;
pub use role_codes::{
    AddressType, AssetType, BusinessReason, ConnectionType, DisconnectionMethod, EnergyProduct, EnergyUnit,
    MeteringMethod, ServiceRequest, SettlementMethod,
};
pub use timestamp::Timestamp;
