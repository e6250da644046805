//! Links as they are told: none outlives its charge.
//!
//! A stop leaves the links of its charge in the store as they were made, for it may be taken back. Whoever is told of links
//! is told what the stop leaves of them; where it leaves nothing there is nothing to tell.
//!
//! Source: charges 4.3, 6.6; market-roles 2.2.2.

use std::collections::BTreeSet;

use super::request::Operation;
use super::state::{self, Link, LinkIdentity};
use crate::market::{MeteringPointId, Period, Timestamp};
use crate::process::charges::state::{ChargeState, Reach};
use crate::process::charges::{self, Charge, ChargeIdentity};
use crate::record::{Facts, Needs};

/// The charge and its end.
pub fn needs(charge: &ChargeIdentity) -> Needs {
    charges::state::needs(charge, &Reach::default())
}

/// The charges that a metering point pays. Needs: [`state::needs_of_point`].
pub fn needs_of_point(facts: &Facts, point: &MeteringPointId) -> Needs {
    let charges: BTreeSet<ChargeIdentity> =
        state::links_of_point(facts, point).into_iter().map(|(charge, _)| charge).collect();
    charges.iter().fold(Needs::default(), |found, charge| found.and(needs(charge)))
}

/// The links of a metering point to all its charges, by type, charge and start. Needs: [`state::needs_of_point`] and
/// [`needs_of_point`].
pub fn links_of_point(facts: &Facts, point: &MeteringPointId) -> Vec<(ChargeIdentity, Link)> {
    let stored = state::links_of_point(facts, point).into_iter();
    let mut links: Vec<(ChargeIdentity, Link)> =
        stored.filter_map(|(charge, link)| left(link, end(facts, &charge)).map(|link| (charge, link))).collect();
    links.sort_by_key(|(charge, link)| (charge.charge_type, charge.id.clone(), charge.owner.clone(), link.period));
    links
}

/// The links of a pair by their start. Needs: [`state::needs`] of the pair and [`needs`] of its charge.
pub fn links(facts: &Facts, pair: &LinkIdentity) -> Vec<Link> {
    let end = end(facts, &pair.charge);
    state::links(facts, pair).into_iter().filter_map(|link| left(link, end)).collect()
}

/// The charge as it stands, if it exists. Needs: [`needs`].
pub fn charge(facts: &Facts, identity: &ChargeIdentity) -> Option<Charge> {
    ChargeState::load(facts, identity.clone(), &Reach::default()).charge().cloned()
}

fn end(facts: &Facts, identity: &ChargeIdentity) -> Timestamp {
    charge(facts, identity).map_or(Timestamp::OPEN_END, |charge| charge.stop)
}

/// A link as the operation that would have made it.
pub fn operation(transaction_id: &str, point: &MeteringPointId, charge: &ChargeIdentity, link: &Link) -> Operation {
    Operation {
        transaction_id: transaction_id.to_string(),
        metering_point: point.to_string(),
        owner: charge.owner.to_string(),
        charge_type: Some(charge.charge_type),
        charge_id: charge.id.clone(),
        factor: Some(link.factor),
        effective: Some(link.period.start),
        termination: Some(link.period.end),
    }
}

/// What is left of a link whose charge ends at `end`.
fn left(link: Link, end: Timestamp) -> Option<Link> {
    let period = Period::new(link.period.start, link.period.end.min(end));
    (!period.is_empty()).then_some(Link { period, ..link })
}
