//! The charges of a metering point, as whoever takes over its supply is sent them. Source: market-roles 2.2.2.

use super::reply;
use super::request::Operation;
use super::state;
use crate::document::Record;
use crate::market::{MeteringPointId, Timestamp};
use crate::record::{Facts, Needs};

/// Which charges are meant, and whose request they are sent for.
pub struct Details<'a> {
    pub point: &'a MeteringPointId,
    /// Links that end by then are left out.
    pub from: Timestamp,
    pub transaction_id: &'a str,
}

pub fn details_needs(point: &MeteringPointId) -> Needs {
    state::needs_of_point(point)
}

/// A record of NotifyBillingMasterData for each link, by type, charge and start; `id` gives the record at a place its id.
/// Needs: [`details_needs`].
pub fn details(facts: &Facts, details: &Details, id: impl Fn(usize) -> String) -> Vec<Record> {
    let mut links = state::links_of_point(facts, details.point);
    links.retain(|(_, link)| link.period.end > details.from);
    links.sort_by_key(|(charge, link)| (charge.charge_type, charge.id.clone(), charge.owner.clone(), link.period));
    let records = links.into_iter().enumerate().map(|(place, (charge, link))| {
        let operation = Operation {
            transaction_id: details.transaction_id.to_string(),
            metering_point: details.point.to_string(),
            owner: charge.owner.to_string(),
            charge_type: Some(charge.charge_type),
            charge_id: charge.id,
            factor: Some(link.factor),
            effective: Some(link.period.start),
            termination: Some(link.period.end),
        };
        reply::answer(&operation, id(place))
    });
    records.collect()
}
