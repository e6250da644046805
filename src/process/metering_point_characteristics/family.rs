//! A metering point takes the place of what it was, in the lists of its parents as well. Source: metering-points 3, 9.1.

use std::collections::BTreeSet;

use super::rules::Rule;
use super::write::held;
use super::{notify, standing};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::{CHILDREN_MAX, MeteringPoint, VERSIONS_MAX};

/// A metering point as it is to be, and where its parents change with all of them, former ones among them, as they are to list it.
pub struct Plan {
    point: MeteringPoint,
    parents: Vec<MeteringPoint>,
    /// The day of the change.
    from: Timestamp,
}

impl Plan {
    pub fn of(work: &Work, point: MeteringPoint, from: Timestamp) -> Self {
        let was = work.site(&point.id).master.as_ref();
        let changes = !was.is_some_and(|was| was.belongs_as(&point));
        let parents = was.into_iter().flat_map(MeteringPoint::parents).chain(point.parents()).filter(|_| changes);
        let parents: BTreeSet<&MeteringPointId> = parents.collect();
        let known = parents.into_iter().filter_map(|id| work.sites.get(id)?.master.clone());
        let listed = |mut parent: MeteringPoint| {
            parent.list(&point);
            parent
        };
        Self { parents: known.map(listed).collect(), point, from }
    }

    /// What has no room for it. Whatever has more than it may has it from before there were bounds, and keeps it.
    pub fn room(&self, work: &Work) -> Vec<Rule> {
        let mut broken = Vec::new();
        let points = || std::iter::once(&self.point).chain(&self.parents);
        let is_over = |is: &MeteringPoint, count: fn(&MeteringPoint) -> usize, most: usize| {
            count(is) > most && work.site(&is.id).master.as_ref().is_none_or(|was| count(is) > count(was))
        };
        if points().any(|it| is_over(it, |it| it.versions().len(), VERSIONS_MAX)) {
            broken.push(Rule::TooManyVersions);
        }
        if points().any(|it| is_over(it, |it| it.children().len(), CHILDREN_MAX)) {
            broken.push(Rule::TooManyChildren);
        }
        broken
    }

    /// Puts all of them in the place of what they were. Returns what the metering point was, if there was one.
    pub fn keep(self, work: &mut Work) -> Option<MeteringPoint> {
        let Self { point, parents, from } = self;
        let id = point.id.clone();
        let is = point.at(from).master.parent_id().cloned();
        for parent in parents {
            standing::put(work, parent);
        }
        let before = standing::put(work, point);
        let was = before.as_ref().and_then(|it| it.at(from).master.parent_id());
        if was != is.as_ref() {
            was.into_iter().for_each(|parent| work.tell(notify::coupled("DecoupledFromParent", &id, parent)));
            is.iter().for_each(|parent| work.tell(notify::coupled("CoupledToParent", &id, parent)));
        }
        before
    }
}

/// Puts a metering point, changed from a day on, in the place of what it was, if there is room for it. Returns what it was.
pub fn keep(work: &mut Work, point: MeteringPoint, from: Timestamp) -> Result<Option<MeteringPoint>, Vec<Rule>> {
    let plan = Plan::of(work, point, from);
    held(plan.room(work))?;
    Ok(plan.keep(work))
}
