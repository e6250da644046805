//! Everything that came or went, byte for byte. The inbox is its undecided end.
//!
//! A body is kept under the number of the commit that wrote it: what came in alone, what one decision sends packed
//! together, for it is mostly the same text to several receivers. The log, the inbox and the queues refer to it.
//! Deciding who may ask, and how they ask, is left to the doors.

mod audit;
mod bodies;
mod catalogue;
mod clock;
mod criteria;
mod ids;
mod inbox;
mod log;
mod order;
mod retention;
mod rounds;
mod said;

pub use audit::{AuditEntry, BY_COMMAND, audit_after, audit_position, cut};
pub use bodies::{Outbound, Place, body_key, body_of_key, received, received_key, sent_alone};
pub use catalogue::{
    LogPlace, Position, Term, Verdict, enter, reach, reached, reached_key, terms_of, unread, unread_place, unread_range,
};
pub use clock::{clock_key, clock_showed, clock_shows};
pub use criteria::{CRITERIA, NoCriterion, terms_for};
pub use ids::{FirstUse, message_id_key, transaction_id_key};
pub use inbox::{InboxEntry, Parked, inbox_key, inbox_range, number_of, park, parked_key, parked_range};
pub use log::{
    Came, Direction, Kept, LogEntry, in_log, log_after, log_in, log_key, log_of, log_out, log_range, nth_in_record,
};
pub use order::{Cursor, SORTS, SortBy};
pub use retention::{Hold, LetGo, Policy};
pub use rounds::{
    FoundInactive, Round, bodies_to_erase, body_left, erase_next, erasing_range, leave, left_by, left_key,
};
pub use said::{Origin, Said, TIES_MAX, origin_key};
