//! Whose queues notifications go to: that of whoever acts for their receiver in the grid area that they are about.

use std::sync::Arc;

use super::{Process, any, delegate, needs_of, needs_of_any};
use crate::document::{Outgoing, Record};
use crate::market::{MeteringPointId, Party};
use crate::process::market_documents::letters::point_of;
use crate::process::{Context, gather_more, metering_points};
use crate::record::{Facts, Needs};

/// The same documents, each for the queue of whoever acts for its receiver at the moment of the decision, and what was looked
/// at for that: nothing where none of them can be delegated, and one record where nothing ever was.
///
/// A document whose records go to several queues becomes several, in the order of their first records; the first of them
/// keeps its id.
pub fn forwarded<E>(
    outgoing: Vec<Outgoing>,
    context: &Context,
    load: impl FnMut(&Needs) -> Result<Facts, E>,
) -> Result<(Vec<Outgoing>, Facts), E> {
    if outgoing.iter().all(|document| Process::of_outgoing(document).is_none()) {
        return Ok((outgoing, Facts::default()));
    }
    let facts = gather_more(needs_of_any(), |facts| needs_more(&outgoing, facts), load)?;
    if !any(&facts) {
        return Ok((outgoing, facts));
    }
    let forwarded = outgoing.into_iter().flat_map(|document| parted(document, &facts, context));
    Ok((forwarded.collect(), facts))
}

/// The metering points, and once their grid areas are known, what is delegated there.
fn needs_more(outgoing: &[Outgoing], facts: &Facts) -> Needs {
    let mut needs = Needs::default();
    if !any(facts) {
        return needs;
    }
    for (document, process) in outgoing.iter().filter_map(|it| Some((it, Process::of_outgoing(it)?))) {
        for point in document.records.iter().filter_map(point_of) {
            needs = needs.and(metering_points::needs_of(&point));
            if let Some(area) = area_of(&point, facts) {
                needs = needs.and(needs_of(&document.receiver, process, &area));
            }
        }
    }
    needs
}

fn area_of(point: &MeteringPointId, facts: &Facts) -> Option<String> {
    let known = metering_points::is_looked_up(facts, point).then(|| metering_points::metering_point(facts, point));
    Some(known??.grid_area)
}

fn parted(document: Outgoing, facts: &Facts, context: &Context) -> Vec<Outgoing> {
    let Some(process) = Process::of_outgoing(&document) else { return vec![document] };
    let owner = |record: &Record| -> Party {
        let area = point_of(record).and_then(|point| area_of(&point, facts));
        let acting = area.and_then(|area| delegate(facts, &document.receiver, process, &area, context.now));
        acting.unwrap_or_else(|| document.receiver.clone())
    };
    let mut parts: Vec<(Party, Vec<Record>)> = Vec::new();
    for record in document.records.iter() {
        let owner = owner(record);
        match parts.iter_mut().find(|(party, _)| *party == owner) {
            Some((_, records)) => records.push(record.clone()),
            None => parts.push((owner, vec![record.clone()])),
        }
    }
    if let [(owner, _)] = &parts[..] {
        // Its records stay those that it may share with others.
        return vec![document.for_queue_of(owner)];
    }
    let part = |(place, (owner, records)): (usize, (Party, Vec<Record>))| {
        let message_id = match place {
            0 => document.message_id.clone(),
            _ => context.id(&[&document.message_id, "queue of", owner.number.as_str(), owner.role.code()]),
        };
        let records: Arc<[Record]> = records.into();
        Outgoing { message_id, records, ..document.clone() }.for_queue_of(&owner)
    };
    parts.into_iter().enumerate().map(part).collect()
}
