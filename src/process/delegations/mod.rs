//! Delegation: a participant lets another act for it in one process in one grid area.
//!
//! **Rows.** What is known is a list of rows, each with a sequence number of whoever made it: who delegates what, where, to
//! whom, from when on and until when. Nothing is ever taken back from the list; a newer row says otherwise. Of the rows of one
//! participant, process and grid area that have begun at an instant, the one with the highest number counts, and the
//! delegation is in force unless that row has stopped by then. Its stop is excluded, as every end is; a row that stops
//! before it starts cancels. So rows may come late, twice, or in any order, and the end is the same.
//!
//! **Out.** A notification that is about metering points of a delegated area goes to the delegate's queue; its header names
//! the participant that it is for. Records of several areas are parted where they go to several queues. What answers a
//! request goes to whoever asked, and is never delegated: see [`forwarded`].
//!
//! **In.** The delegate sends with its own number and the role of whoever it acts for. Who that is follows from the record:
//! whoever runs the grid area, or owns the charge. If a delegation is in force at the moment of receipt, the record is
//! judged as if that participant had sent it; answers go to the delegate. Only a grid access provider (DDM) or a delegated
//! party (DEL) may be a delegate.
//!
//! **What can be delegated** is [`Process`]: the market's eight, whose documents this gateway does not carry, and those of its
//! own documents that are about a grid area.
//!
//! **What is kept.** The rows, and one record that every new row rewrites. Where nothing was ever delegated there is no such
//! record, and nothing else is looked at.
//!
//! Source: post-office 5.3, market-roles 5.6.

mod acting;
mod configure;
mod forward;
mod process;
mod record;
mod state;
mod world;

#[cfg(test)]
mod tests;

pub use acting::{Sender, answering, may_send_as, sender_for, sender_for_all, sender_needs, sender_of_all_needs};
pub use configure::{Configured, NotConfigured, Wanted, configure, configure_needs, configured};
pub use forward::forwarded;
pub use process::Process;
pub use state::{
    Delegation, Sequence, any, delegate, every_delegation, is_delegate, may_act, may_be_delegate, needs_of,
    needs_of_any, read_delegation, with_force,
};
pub use world::DelegationTable;
