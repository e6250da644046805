//! Documents in and documents out, each held to its schema.

mod outgoing;
mod reading;
mod strange;
