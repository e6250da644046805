//! Accounting points: who supplies, who consumes and who is balance responsible at a metering point, and which processes
//! are about to change that.
//!
//! An accounting point is a metering point of type consumption or production. It is known here by its processes, each
//! with what it registers: a supplier, a consumer, a balance responsible party. A registration has no start until its
//! process is effectuated; it is never overwritten, only closed or marked reversed, so that whoever was supplier at a past
//! instant is found again whatever has happened since.
//!
//! Nothing is decided here: the processes of the market roles ([`super::change_of_supplier`] and its kin) ask what is, say
//! what changes, and keep the rules. Other processes ask for [`supplies`].
//!
//! **Personal numbers** are kept in one space of their own, by a reference that everything else holds instead: see
//! [`customers`]. What else is known of a customer is kept as versions: see [`customer_data`].
//!
//! Source: market-roles 2.1, 2.2.3, 2.5.3, 2.14.

pub mod area_balance;
pub mod change;
mod consent;
pub mod customer_data;
pub mod customers;
mod record;
pub mod reversal;
pub mod state;
pub mod takeover;
pub mod transactions;
mod world;

#[cfg(test)]
mod tests;

pub use change::Effect;
pub use customer_data::CustomerData;
pub use customers::Customer;
pub use record::{all_noted_key, guard_key, own_id_key, points, read_point, read_supplied, supplied_by};
pub use state::{
    AccountingPoint, BalanceRegistration, ConsumerRegistration, Dates, Process, ProcessKind, Status, Supply,
    SupplyRegistration, needs_of, supplies,
};
pub use takeover::Before;
pub use world::{CustomerTable, SupplyTable};
