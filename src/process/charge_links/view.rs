//! What may be seen of charge links. Source: charges 10.5.

use std::cmp::Reverse;

use serde::Serialize;

use super::state;
use crate::market::{MeteringPointId, Timestamp};
use crate::process::charges::view as charges;
use crate::process::metering_points;
use crate::record::{Facts, Needs};

/// A charge that a metering point pays, paid, or is to pay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LinkRow {
    /// Code, such as `D03`.
    pub charge_type: &'static str,
    pub charge_id: String,
    pub owner: String,
    /// As of the day that is asked for; of a charge that is stopped then, the last there was.
    pub name: String,
    pub transparent_invoicing: bool,
    pub tax: bool,
    pub factor: i64,
    pub start: String,
    /// Nothing while it is open.
    pub end: Option<String>,
}

pub fn links_needs(point: &MeteringPointId) -> Needs {
    metering_points::needs_of(point).and(state::needs_of_point(point))
}

/// The charges that are linked.
pub fn links_needs_more(point: &MeteringPointId, facts: &Facts) -> Needs {
    let links = state::links_of_point(facts, point);
    links.iter().fold(Needs::default(), |needs, (charge, _)| needs.and(charges::timeline_needs(charge)))
}

/// By type, charge id and owner, the newest first; nothing when the metering point is unknown. Needs: both.
pub fn links(facts: &Facts, point: &MeteringPointId, today: Timestamp) -> Option<Vec<LinkRow>> {
    metering_points::metering_point(facts, point)?;
    let mut links = state::links_of_point(facts, point);
    links.sort_by_key(|(charge, link)| {
        (charge.charge_type, charge.id.clone(), charge.owner.clone(), Reverse(link.period.start))
    });
    let row = |(charge, link): (crate::process::charges::ChargeIdentity, state::Link)| {
        let timeline = charges::timeline(facts, &charge);
        let now = charges::valid_at(facts, &charge, today).or_else(|| timeline.last().cloned());
        let now = now.expect("a link is made to a charge that exists, and no charge is ever removed");
        LinkRow {
            charge_type: charge.charge_type.code(),
            charge_id: charge.id,
            owner: charge.owner.to_string(),
            name: now.name,
            transparent_invoicing: now.transparent_invoicing,
            tax: now.tax,
            factor: link.factor,
            start: link.period.start.to_string(),
            end: (!link.period.end.is_open_end()).then(|| link.period.end.to_string()),
        }
    };
    Some(links.into_iter().map(row).collect())
}
