//! What the documents of the market roles share: change of supplier, end of supply, reallocation, cancellation, master data
//! of customers and of metering points, services. Source: market-roles 4; structure rules 3.2.
//!
//! Coming in, a document becomes a [`Sent`]: its header, and its records as plain structs that hold every field as the sender
//! wrote it. An element that was left out is `None`; one that was there and empty is `Some` of an empty text, for the two
//! mean different things where master data are changed. Nothing is judged here but what a sender hears at the door
//! ([`door`]): which process, which rule, which answer is for the processes to say.
//!
//! Going out, typed values become records ([`letters`], [`master_data`]) of the kinds in [`kinds`]; what a broken rule is
//! called and answered with stands in [`Rule`].
//!
//! A process that takes a document in implements [`crate::process::Request`] for its `Sent`, or
//! [`Asking`](crate::process::change_of_supplier::asking::Asking) for its record, and registers [`reader`].

pub mod answers;
pub mod customers;
mod door;
pub mod kinds;
pub mod letters;
pub mod master_data;
pub mod metering_point;
mod reading;
pub mod requests;
mod rule;
mod sent;
mod texts;

#[cfg(test)]
mod tests;

pub use door::{Door, ID_CHARACTERS_MAX, schema_flaw, turned_away_from};
pub use reading::{DocumentReader, reader};
pub use rule::{Reason, RequestKind, Rule, reasons};
pub use sent::{Address, CustomerId, Id, Measured, Said, Sent, SentRecord};
pub use texts::{Text, text_of};
