//! Gridpost: a national hub's front door. It takes in market documents, answers for them, runs the market's
//! processes, and keeps each participant's post.
//!
//! Modules in reading order: the road a message takes, from a stranger's bytes to the receiver's queue.

pub mod document;
pub mod market;
pub mod process;
pub mod record;
