//! Gridpost: a national hub's front door. It takes in market documents, answers for them, runs the market's
//! processes, and keeps each participant's post.
//!
//! Modules in reading order: first the nouns, then the road a message takes, then the doors. `ARCHITECTURE.md` has the
//! map, and who may know whom.

pub mod market;
pub mod record;

pub mod xml;

pub mod spec;

pub mod document;

pub mod process;

pub mod archive;
pub mod post_office;
pub mod store;

pub mod view;

pub mod gateway;

pub mod certs;
pub mod identity;
pub mod receipts;

pub mod client;
pub mod hint;
pub mod http;
pub mod replay;

pub mod cli;
