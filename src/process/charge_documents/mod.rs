//! What the documents about charges share, whether they are about price lists ([`super::charges`]) or about who pays
//! them ([`super::charge_links`]): how a rule is asked, the rules that both have, how a request is taken in, how an answer
//! is built.
//!
//! Each process keeps its own list of rules and their order, what it looks at, and what it decides. A rule stands here
//! when number, name, condition and sentence are the same for both.

mod answer;
mod document_rules;
mod input_rules;
mod query;
mod reading;
mod rule;
mod words;

#[cfg(test)]
pub mod tests;

pub use answer::{answering, document, fate, receipt};
pub use input_rules::{CHARGE_ID_CHARACTERS_MAX, TRANSACTION_ID_CHARACTERS_MAX, at_most};
pub use query::{document_flaws, transaction_flaws};
#[cfg(test)]
pub use reading::REFUSALS_MAX;
pub use reading::{Refusals, answered, asker_needs, is_blank, live_sender, sender, transaction_ids};
pub use rule::{Broken, Judged, Rule, Seen, hold};
#[cfg(test)]
pub use words::REPEATED_CHARACTERS_MAX;
pub use words::{UNKNOWN, date, document_type_not_allowed, recipient_role_not_allowed, shown};
