//! Change of supplier, move-in, and change of balance responsible party: what a RequestChangeOfSupplier asks for.
//!
//! **Parties.** An energy supplier (DDQ) asks; the hub answers; the supplier before it, the grid company (DDM) and whoever
//! else is concerned are told.
//!
//! **Documents.** RequestChangeOfSupplier (RSM-001), by its business reason: a change of supplier (E03, D30 at short
//! notice), a move-in (E65, D21 for another reason, D29 secondary), a change of balance responsible party (E56). It is
//! answered with one ConfirmRequestChangeOfSupplier for all that was accepted and one RejectRequestChangeOfSupplier with
//! every reason for the rest; records stand alone.
//!
//! **Two tracks.** The message track ([`track`]) sends one document after the other: confirmation, metering point, customer
//! and charges to the future supplier, and a notice to the current one 72 hours before its supply ends ([`notice`]). The date track
//! ([`effect`]) carries a process out at the local midnight of its effective date, whatever the message track has come to.
//! A move-in has no message track: what is known is sent at once, and the former supplier and the grid company are told
//! when it has taken effect; the customer's data follow to the grid company some days later.
//!
//! **Several processes at one accounting point.** Changes on different days stand side by side; at the earlier day one
//! supplier takes over, at the later one the other. A move-in suspends the changes of supplier on its day and behind it,
//! whose consent came from a customer who leaves; they lapse when it takes effect and come back when it is cancelled.
//!
//! **Deadlines** are settings ([`Settings`]); dates are local midnights ([`window`]).
//!
//! **What is kept.** The accounting point with its processes and registrations ([`super::accounting_points`]), and for each
//! process how far it has come ([`course`]).
//!
//! Source: market-roles 2.1, 2.2, 2.5, 2.10, 2.14.

pub mod asking;
pub mod balance_order;
pub mod course;
mod decide;
pub mod effect;
mod ending;
pub mod events;
mod forced;
pub mod letters;
pub mod notice;
mod record;
mod rules;
pub mod settings;
pub mod standing;
pub mod timeline;
pub mod timers;
pub mod track;
pub mod view;
pub mod window;
mod withdrawal;
pub mod work;

#[cfg(test)]
pub mod tests;

pub use settings::Settings;

use crate::market::ActorRole;
use crate::process::Incoming;
use crate::process::accounting_points::ProcessKind;
use crate::process::market_documents::requests::ChangeOfSupplier;
use crate::process::market_documents::{RequestKind, reader};

/// RSM-001.
pub const REQUEST_CHANGE_OF_SUPPLIER: Incoming = Incoming {
    name: "RequestChangeOfSupplier",
    namespace: "urn:ediel.org:structure:requestchangeofsupplier:0:1",
    routes: &["requestchangeofsupplier"],
    roles: &[ActorRole::EnergySupplier],
    reader: reader::<ChangeOfSupplier>,
};

/// What a RequestChangeOfSupplier asks for, which its business reason says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    ChangeOfSupplier,
    MoveIn,
    BalanceResponsible,
}

impl Asked {
    /// Any other reason is refused at the door.
    pub fn of(business_reason: &str) -> Self {
        match business_reason {
            "E65" | "D21" | "D29" => Asked::MoveIn,
            "E56" => Asked::BalanceResponsible,
            _ => Asked::ChangeOfSupplier,
        }
    }

    pub fn kind(self) -> ProcessKind {
        match self {
            Asked::ChangeOfSupplier => ProcessKind::ChangeOfSupplier,
            Asked::MoveIn => ProcessKind::MoveIn,
            Asked::BalanceResponsible => ProcessKind::ChangeOfBalanceResponsible,
        }
    }

    /// By which the market's rules choose their codes.
    pub fn request(self) -> RequestKind {
        match self {
            Asked::ChangeOfSupplier => RequestKind::ChangeOfSupplier,
            Asked::MoveIn => RequestKind::MoveIn,
            Asked::BalanceResponsible => RequestKind::ChangeOfBalanceResponsible,
        }
    }
}
