//! The registry: who takes part in the market, in which role, and whether they still do.
//!
//! A participant is one number in one role in one market; a company with two roles is two participants, and so is one
//! that takes part in two markets. Whoever asks names the pack, so nobody of one market hears what another decides. Only
//! *live* participants, active or passive, may act and are told things; new, inactive and deleted ones are known and
//! nothing more. Participants come from a world file or from the operator, never from a market document.
//!
//! Records are kept by pack, role and number, so that "every live energy supplier" is one range. One owner record is
//! rewritten by every registry change; it guards all ranges, which is cheap because the registry seldom changes.
//!
//! Source: charges 1.2, post-office 5.1.

mod certificates;
mod record;
mod register;
mod state;
mod webhooks;
mod world;

#[cfg(test)]
mod tests;

pub use certificates::{
    Assignment, CERTIFICATES_MAX, Certificate, NotAssigned, Thumbprint, assign, assign_needs, certificate,
    certificate_needs, every_certificate, more_needs, read_certificate, withdraw,
};
pub use record::owner_key as registry_key;
pub use register::{ExternalIdTaken, register, register_needs, touched};
pub use state::{
    Participant, Status, by_external_id, everybody, everyone, form_of, is_live, is_registered, live_in_role, needs_of,
    needs_of_anywhere, needs_of_everybody, needs_of_external_id, needs_of_role, participant, read_participant,
};
pub use webhooks::{NoWebhook, Webhook, every_webhook, read_webhook, set_webhook, webhook, webhook_needs};
pub use world::{Actor, Listed, WorldFlaw};
