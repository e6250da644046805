//! A metering point takes the place of what it was, in the lists of its parents as well. Source: metering-points 3, 9.1.

use super::notify;
use super::standing;
use crate::market::{MeteringPointId, Timestamp};
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::MeteringPoint;

/// Puts a metering point, changed from a day on, in the place of what it was, and has each of its parents, former ones
/// among them, list it on the days on which it is its child.
pub fn keep(work: &mut Work, point: MeteringPoint, from: Timestamp) {
    let before = work.site(&point.id).master.as_ref();
    let was = before.filter(|it| it.effective <= from).and_then(|it| it.at(from).master.parent_id()).cloned();
    let is = point.at(from).master.parent_id().cloned();
    let parents = before.iter().flat_map(|it| it.parents()).chain(point.parents());
    let parents: Vec<MeteringPointId> = parents.cloned().collect();
    for parent in &parents {
        if let Some(parent) = work.sites.get_mut(parent).and_then(|site| site.master.as_mut()) {
            parent.list(&point);
        }
    }
    let id = point.id.clone();
    standing::put(work, point);
    if was == is {
        return;
    }
    if let Some(parent) = was {
        work.tell(notify::coupled("DecoupledFromParent", &id, &parent));
    }
    if let Some(parent) = is {
        work.tell(notify::coupled("CoupledToParent", &id, &parent));
    }
}
