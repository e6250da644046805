//! The rules of master data, parents and states. [`Rule`] names them; each file asks those of one kind.

pub mod address;
mod broken;
pub mod fields;
pub mod matrix;
pub mod parents;
mod rule;
pub mod suits;

pub use broken::Broken;
pub use rule::Rule;
