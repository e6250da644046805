//! Metering points and the grid areas they lie in: as much as other processes ask about. Who supplies them is kept by
//! [`super::accounting_points`].
//!
//! Nothing here takes in a document yet; a world file says what there is.
//!
//! Source: charges 1.5 and 8.4.

mod events;
mod record;
mod state;
mod world;

#[cfg(test)]
mod tests;

pub use events::{created, created_point, disowned, owned, owned_area};
pub use state::{
    ConnectionState, GridArea, MeteringPoint, grid_area, knows_grid_area, metering_point, needs_of, needs_of_grid_area,
};
pub use world::{GridAreaTable, MeteringPointTable};
