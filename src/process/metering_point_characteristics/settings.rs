//! What the processes of metering points leave to configuration. Source: metering-points 6, 7.1.

use serde::{Deserialize, Serialize};

/// Which of the market's two lists of rules holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// What the market's systems ask; what a type cannot have is dropped.
    Base,
    /// What the market's written list asks besides; what a type cannot have is rejected.
    Strict,
}

/// How many days before and after today an effective date may lie, in calendar days of the market's zone; -1 bounds nothing.
/// A close-down may always lie ahead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    pub profile: Profile,
    pub create_days_before: i32,
    pub create_days_after: i32,
    pub update_days_before: i32,
    pub update_days_after: i32,
    pub connect_days_before: i32,
    pub connect_days_after: i32,
    pub connection_state_days_before: i32,
    pub connection_state_days_after: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            profile: Profile::Base,
            create_days_before: -1,
            create_days_after: -1,
            update_days_before: 720,
            update_days_after: 0,
            connect_days_before: 720,
            connect_days_after: 0,
            connection_state_days_before: 720,
            connection_state_days_after: 0,
        }
    }
}
