//! What the market roles leave to configuration: legal time limits, and how the hub goes about its notices.
//!
//! Days are calendar days, counted as `count_in` says. Where a number of days bounds nothing, it is [`NO_BOUND`].
//!
//! Source: market-roles 2.1.1.

use serde::{Deserialize, Serialize};

/// A bound of so many days is none.
pub const NO_BOUND: i32 = -1;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub effective_date: EffectiveDate,
    pub change_of_supplier: ChangeOfSupplier,
    pub move_in: MoveIn,
    pub end_of_supply: EndOfSupply,
    pub move_out: MoveOut,
    pub forced: Forced,
    pub balance_responsible: BalanceResponsible,
    pub reallocate: Reallocate,
    pub customer_data: CustomerData,
    pub notices: Notices,
    pub dispatch: Dispatch,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectiveDate {
    /// In which calendar the days between today and an effective date are counted.
    pub count_in: CountIn,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CountIn {
    #[default]
    Utc,
    Local,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChangeOfSupplier {
    pub days_before: i32,
    pub days_after: i32,
    /// Smallest number of days from today to the effective date, for E03.
    pub min_notice_days: i32,
    /// The same for D30.
    pub short_notice_min_notice_days: i32,
    /// It may be cancelled until so long before the effective date.
    pub cancellation_period_hours: u32,
    /// The current supplier is told so long before the effective date.
    pub current_supplier_notice_hours: u32,
    /// Whether the grid company is told of each change.
    pub notify_grid_operator: bool,
    /// Whether the day that has begun may be the effective date.
    pub allow_today: bool,
    /// Whether a request must name a balance responsible party.
    pub require_brp: bool,
    /// Whether a metering point of net settlement group 6 keeps its supplier.
    pub net_settlement_group_6_stays: bool,
}

impl Default for ChangeOfSupplier {
    fn default() -> Self {
        Self {
            days_before: 0,
            days_after: NO_BOUND,
            min_notice_days: 0,
            short_notice_min_notice_days: 0,
            cancellation_period_hours: 72,
            current_supplier_notice_hours: 72,
            notify_grid_operator: false,
            allow_today: false,
            require_brp: false,
            net_settlement_group_6_stays: false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoveIn {
    /// Days from today within which the effective date of E65 must lie.
    pub days_before: i32,
    pub days_after: i32,
    pub d21_days_before: i32,
    pub d21_days_after: i32,
    pub d29_days_before: i32,
    pub d29_days_after: i32,
    /// Days after the effective date after which the grid company is sent what is known of the customer.
    pub customer_data_grace_days: i32,
    /// It may be cancelled until so long before the effective date.
    pub cancellation_period_hours: u32,
    /// Whether somebody may move in where a supply has ended.
    pub after_end_of_supply: bool,
}

impl Default for MoveIn {
    fn default() -> Self {
        Self {
            days_before: 16,
            days_after: 60,
            d21_days_before: 16,
            d21_days_after: 60,
            d29_days_before: 16,
            d29_days_after: 60,
            customer_data_grace_days: 15,
            cancellation_period_hours: 0,
            after_end_of_supply: true,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EndOfSupply {
    /// Days from today within which the end must lie.
    pub days_before: i32,
    pub days_after: i32,
    pub min_notice_days: i32,
    /// It may be cancelled until so long before the end; so may a move-out.
    pub cancellation_period_hours: u32,
}

impl Default for EndOfSupply {
    fn default() -> Self {
        Self { days_before: 0, days_after: NO_BOUND, min_notice_days: 0, cancellation_period_hours: 72 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MoveOut {
    /// Days from today within which the effective date must lie.
    pub days_before: i32,
    pub days_after: i32,
    /// Whether the supply ends with it.
    pub ends_supply: bool,
}

impl Default for MoveOut {
    fn default() -> Self {
        Self { days_before: 16, days_after: 60, ends_supply: true }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forced {
    /// Smallest number of days from today to the date of a forced change.
    pub min_notice_days: i32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BalanceResponsible {
    pub days_before: i32,
    pub days_after: i32,
    /// Whether the supplier is sent the metering point's master data when the change has happened.
    pub send_master_data: bool,
    /// Whether a request for a single consumption point is held to the party of the whole grid area, where there is one.
    pub consumption_per_grid_area: bool,
}

impl Default for BalanceResponsible {
    fn default() -> Self {
        Self { days_before: 0, days_after: NO_BOUND, send_master_data: false, consumption_per_grid_area: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reallocate {
    /// How many days ago a move or a change of supplier may have taken effect that is to be undone.
    pub max_days_back: i32,
    /// Days of 24 hours that the former supplier has to answer.
    pub response_days: u32,
    /// Whether a former supplier that does not answer agrees.
    pub silence_is_consent: bool,
}

impl Default for Reallocate {
    fn default() -> Self {
        Self { max_days_back: 60, response_days: 5, silence_is_consent: false }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomerData {
    /// Days from today within which the start date of an update (E34) must lie.
    pub days_before: i32,
    pub days_after: i32,
}

impl Default for CustomerData {
    fn default() -> Self {
        Self { days_before: NO_BOUND, days_after: 0 }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Notices {
    /// Whether a notice names the transaction of whoever caused it.
    pub echo_transaction_id: bool,
    /// Suppliers and balance responsible parties that are kept out of a grid area, such as `131:5790002000010`.
    pub blocked: Vec<String>,
}

impl Default for Notices {
    fn default() -> Self {
        Self { echo_transaction_id: true, blocked: Vec::new() }
    }
}

/// What counts as the dispatch of each kind of document, which lets its process go on. No legal effect waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Dispatch {
    pub confirm: Means,
    pub metering_point_details: Means,
    pub customer_details: Means,
    pub charge_details: Means,
    pub notifications: Means,
    /// After so long a document counts as dispatched that nobody has dequeued.
    pub patience_hours: u32,
}

impl Default for Dispatch {
    fn default() -> Self {
        Self {
            confirm: Means::Enqueued,
            metering_point_details: Means::Dequeued,
            customer_details: Means::Enqueued,
            charge_details: Means::Dequeued,
            notifications: Means::Enqueued,
            patience_hours: 24,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Means {
    /// It waits in its receiver's queue.
    Enqueued,
    /// Its receiver has fetched it.
    Dequeued,
}
