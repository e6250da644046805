//! The charges of a metering point, as whoever takes over its supply is sent them. Source: market-roles 2.2.2.

use super::reply;
use super::standing;
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

/// And when those charges end. Needs: [`details_needs`].
pub fn details_needs_more(facts: &Facts, point: &MeteringPointId) -> Needs {
    standing::needs_of_point(facts, point)
}

/// A record of NotifyBillingMasterData for each link, by type, charge and start; `id` gives the record at a place its id.
/// Needs: [`details_needs`], [`details_needs_more`].
pub fn details(facts: &Facts, details: &Details, id: impl Fn(usize) -> String) -> Vec<Record> {
    let links = standing::links_of_point(facts, details.point).into_iter();
    let links = links.filter(|(_, link)| link.period.end > details.from);
    let records = links.enumerate().map(|(place, (charge, link))| {
        reply::answer(&standing::operation(details.transaction_id, details.point, &charge, &link), id(place))
    });
    records.collect()
}
