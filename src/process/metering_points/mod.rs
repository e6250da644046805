//! Metering points, the grid areas they lie in, and who supplies them: as much as other processes ask about.
//!
//! Nothing here takes in a document yet; a world file says what there is. Whoever comes to write here keeps one promise
//! to those who read: the metering point's own record is rewritten whenever its supplies change, for it guards them.
//!
//! Source: charges 1.5 and 8.4.

mod events;
mod record;
mod state;
mod world;

#[cfg(test)]
mod tests;

pub use events::{created, created_point, owned, owned_area};
pub use state::{
    ConnectionState, GridArea, MeteringPoint, Supply, grid_area, knows_grid_area, metering_point, needs_of,
    needs_of_grid_area, supplies,
};
pub use world::{GridAreaTable, MeteringPointTable, SupplyTable};
