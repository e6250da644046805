//! Default charge links: the charges that every metering point of a type pays, linked once it has been created.
//!
//! [`super::created`] asks for them. The hub asks here, not a participant, so nobody is confirmed anything; those who hear
//! of links hear of these as well. Metering points of a world file were created long ago and get none: the file says
//! what they pay.
//!
//! A pair that was ever linked is left alone: asked twice, or asked for a metering point whose supplier has already
//! changed what it pays, this does nothing. Source: charges 6.5.

use std::collections::BTreeSet;

use super::decide::{self, Asker};
use super::record;
use super::reply;
use super::request::{Operation, REASON_LINKS, RequestChangeBillingMasterData};
use super::state::{LinkIdentity, LinkState};
use crate::document::Header;
use crate::market::{MeteringPointId, MeteringPointType, Period};
use crate::process::charge_documents::fate;
use crate::process::charges::ChargeIdentity;
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::{Context, Decision, Fate};
use crate::record::{Facts, Needs};

/// Metering points of this type pay this charge once, within this period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefaultLink {
    pub kind: MeteringPointType,
    pub charge: ChargeIdentity,
    pub period: Period,
}

/// What became of a metering point's default links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defaults {
    pub decision: Decision,
    pub reply: Reply,
}

/// What whoever asked is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// Whether the metering point has default links now, from this time or an earlier one.
    Succeeded {
        did_create_charge_links: bool,
    },
    MeteringPointUnknown,
    /// A link broke a rule, such as a charge that does not exist; the others are made all the same.
    LinksRejected,
}

/// What [`default_links`] must know first.
pub fn default_links_needs(point: &MeteringPointId) -> Needs {
    metering_points::needs_of(point).range(record::default_links(), record::default_links_guard_key())
}

/// What it must know besides, now that `facts` are: asked again until it names nothing new.
pub fn default_links_needs_more(point: &MeteringPointId, facts: &Facts, context: &Context) -> Needs {
    let Some(point) = metering_points::metering_point(facts, point) else { return Needs::default() };
    let request = request(&point, &applicable(facts, &point), context);
    let needs = decide::needs(&request, context);
    let known = needs.keys().all(|key| facts.knows(key)) && needs.ranges().all(|range| facts.knows_range(range));
    match known {
        true => needs.and(decide::needs_more(&request, facts, context)),
        false => needs,
    }
}

/// Links a metering point to every charge that its type pays by default, from the later of the two beginnings on.
pub fn default_links(point: &MeteringPointId, facts: &Facts, context: &Context) -> Defaults {
    let Some(point) = metering_points::metering_point(facts, point) else {
        return Defaults { decision: Decision::default(), reply: Reply::MeteringPointUnknown };
    };
    let wanted = applicable(facts, &point);
    let fresh = |link: &&DefaultLink| {
        let identity = LinkIdentity { metering_point: point.id.clone(), charge: link.charge.clone() };
        !LinkState::load(facts, identity).is_known()
    };
    let fresh: Vec<DefaultLink> = wanted.iter().filter(fresh).cloned().collect();
    let request = request(&point, &fresh, context);
    let work = decide::carry_out(&request, facts, context, Asker::Hub);
    let outgoing = reply::notifications(&request, &work.answers, None, context);
    let fates = request
        .operations
        .iter()
        .zip(&work.answers)
        .map(|(operation, answer)| fate(&operation.transaction_id, answer.broken()));
    let fates: Vec<Fate> = fates.collect();
    let reply = match fates.iter().all(|fate| fate.broken.is_empty()) {
        true => Reply::Succeeded { did_create_charge_links: !wanted.is_empty() },
        false => Reply::LinksRejected,
    };
    Defaults { decision: Decision { changes: work.changes, events: work.events, outgoing, fates }, reply }
}

/// The default links of a metering point's type that have not ended before it begins, each from then on.
fn applicable(facts: &Facts, point: &MeteringPoint) -> Vec<DefaultLink> {
    let entries = facts.range(&record::default_links()).iter();
    let all = entries.map(|(key, entry)| record::read_default_link(key, &entry.value));
    let mut seen = BTreeSet::new();
    all.filter(|link| link.kind == point.kind)
        .map(|link| DefaultLink {
            period: Period::new(link.period.start.max(point.effective), link.period.end),
            ..link
        })
        .filter(|link| !link.period.is_empty() && seen.insert((link.charge.clone(), link.period)))
        .collect()
}

/// The links as a document would ask for them, in the name of the hub.
fn request(point: &MeteringPoint, links: &[DefaultLink], context: &Context) -> RequestChangeBillingMasterData {
    let header = Header {
        message_id: context.id(&["default links", point.id.as_str()]),
        document_type: "D05".into(),
        business_reason: REASON_LINKS.into(),
        created: context.now.to_string(),
        ..Header::default()
    };
    let operations = links.iter().map(|link| {
        let charge = &link.charge;
        let start = link.period.start.to_string();
        let id = [point.id.as_str(), charge.owner.as_str(), charge.charge_type.code(), &*charge.id, &*start];
        Operation {
            transaction_id: context.id(&[&["default link"], &id[..]].concat()),
            metering_point: point.id.to_string(),
            owner: charge.owner.to_string(),
            charge_type: Some(charge.charge_type),
            charge_id: charge.id.clone(),
            factor: Some(1),
            effective: Some(link.period.start),
            termination: Some(link.period.end).filter(|end| !end.is_open_end()),
        }
    });
    RequestChangeBillingMasterData { header, operations: operations.collect() }
}
