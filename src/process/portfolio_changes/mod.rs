//! What an operator changes about a supplier's whole portfolio: another supplier takes over its accounting points by force, or
//! another party becomes balance responsible for them in a grid area.
//!
//! **Parties.** An operator of the hub orders ([`Order`]); no document of a participant asks. The suppliers and the grid
//! company are told by the processes that the order sets off.
//!
//! **One job for each accounting point.** An order is judged as a whole ([`rules`]) and written down. An errand ([`fan_out`])
//! then goes through the supplier's accounting points, a page at a time, and sets a timer for each that the order is about;
//! the timer's decision ([`job`]) is the job: it takes turns with whatever else is decided about the accounting point, commits
//! alone, and leaves its outcome behind. After a crash, pages and jobs that were not committed are done; one that fails through
//! a bug of ours is parked alone. All are decided as of the moment of the order.
//!
//! **Forced change of supplier** ([`force`]). E06 where another supplier takes over, D13 where the old one fails. What is
//! pending at the accounting point by others goes before; the forced change then stands by until that has happened or is
//! cancelled. What a failing supplier has pending is cancelled.
//!
//! **Change of balance responsible party**: for each accounting point of a type that the supplier supplies in the grid area,
//! what a request (E56) of the supplier would have come to, without an answer.
//!
//! **Called off** ([`call_off`]). Until its day an order may be called off, by one commit with an errand of its own; whoever had
//! been told hears that it does not hold.
//!
//! **What is kept.** Orders, how far each has been gone through, and the outcome of each job ([`record`]).
//!
//! Source: market-roles 2.9, 2.10.

pub mod call_off;
pub mod fan_out;
mod force;
pub mod job;
pub mod order;
pub mod record;
mod rules;
pub mod view;

#[cfg(test)]
mod tests;

pub use call_off::CALL_OFF;
pub use fan_out::FAN_OUT;
pub use job::JOB;
pub use order::{Flaw, ForcedKind, Order, OrderTable, Selection, Successor, What};
pub use rules::{Refusal, Rule, give, needs, refusals};
