//! Metering points with their master data, in versions by the day, and the grid areas they lie in. Who supplies them is kept by
//! [`super::accounting_points`]; what a grid company changes about them is decided by
//! [`super::metering_point_characteristics`].
//!
//! Source: charges 1.5 and 8.4, metering-points 4 and 6.

mod events;
mod family;
mod master_data;
mod record;
mod state;
mod versions;
pub mod view;
mod world;

#[cfg(test)]
mod tests;

pub use events::{
    closed_down, closed_down_point, created, created_point, disowned, owned, owned_area, owner_activated,
};
pub use family::CHILDREN_MAX;
pub use master_data::{MasterData, NET_SETTLEMENT_GROUPS, READ_CYCLES, Relative, read_cycle};
pub use state::{
    ConnectionState, GridArea, MeteringPoint, changes, grid_area, grid_areas_of, is_looked_up, knows_grid_area,
    metering_point, needs_of, needs_of_grid_area, needs_of_grid_areas,
};
pub use versions::{VERSIONS_MAX, Version};
pub use world::{GridAreaTable, MeteringPointTable};
