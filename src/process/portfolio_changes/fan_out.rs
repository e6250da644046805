//! From an order to its jobs: the supplier's accounting points are gone through a page at a time, and each that the order is
//! about gets a timer, which is due at once.
//!
//! Its cost is that of what the supplier supplies, whatever else is stored. A store that is older than the notes of who supplies
//! what is gone through once, the first time that an order is given, and the notes are made.

use std::collections::BTreeSet;

use super::order::What;
use super::record::{self, About, Given, Outcome, OutcomeKind, Progress, Way};
use super::{call_off, job};
use crate::market::MeteringPointId;
use crate::process::accounting_points::{self, AccountingPoint};
use crate::process::errand::{self, Errand, cause};
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::{Context, Decision, Market};
use crate::record::{Change, Facts, Key, KeyRange, Needs};

/// Accounting points of one page: as many jobs, at most.
pub const PAGE_POINTS: usize = 256;

pub const FAN_OUT: errand::Kind = errand::Kind {
    name: "a supplier's accounting points to be changed by an operator's order",
    waiting: record::tasks,
    read: |key, entry| Box::new(Task { key: key.clone(), progress: Progress::read(entry) }),
};

/// An order that is being gone through.
struct Task {
    key: Key,
    progress: Progress,
}

/// What sets an order off, in the batch that gives it.
pub fn begin(progress: &Progress) -> Change {
    progress.put(record::new_task_key())
}

/// Whether an order is about a metering point, as far as its grid area and type go. One that is named is looked at by its job.
pub fn selects(given: &Given, point: Option<&MeteringPoint>) -> bool {
    let in_area = match &given.about {
        About::All | About::Named => true,
        About::GridAreas(areas) => point.is_some_and(|it| areas.contains(&it.grid_area)),
    };
    let of_type = match &given.what {
        What::ForceSupplierChange { .. } => true,
        What::ChangeBalanceResponsible { point_type, .. } => point.is_some_and(|it| it.kind == *point_type),
    };
    in_area && of_type
}

/// The records of what is gone through, and the accounting point that each stands for.
pub fn way(progress: &Progress) -> (KeyRange, fn(&Key) -> MeteringPointId) {
    let after = progress.after.as_ref();
    match progress.way {
        Way::Noting => (accounting_points::points(after), accounting_points::read_point),
        Way::Supplied => (accounting_points::supplied_by(&progress.supplier, after), accounting_points::read_supplied),
        Way::Named | Way::CallingOff => (record::results(&progress.order, after), record::read_result_point),
    }
}

impl Task {
    fn points(&self, page: &[Key]) -> BTreeSet<MeteringPointId> {
        page.iter().map(way(&self.progress).1).collect()
    }

    /// Notes accounting points under their suppliers; when all are noted, those of this supplier are gone through.
    fn note(&self, page: &[Key], more: bool, facts: &Facts) -> Vec<Change> {
        let points = self.points(page);
        let noted = points.iter().flat_map(|id| AccountingPoint::load(facts, id).note_suppliers());
        let mut changes: Vec<Change> = noted.collect();
        let progress = match more {
            true => Progress { after: points.into_iter().next_back(), ..self.progress.clone() },
            false => {
                changes.push(Change::Put(accounting_points::all_noted_key(), bytes::Bytes::new()));
                Progress { way: Way::Supplied, after: None, ..self.progress.clone() }
            }
        };
        changes.push(progress.put(self.key.clone()));
        changes
    }
}

impl Task {
    /// Each accounting point of an order that is called off gets a timer, which is due at once.
    fn call_off(&self, page: &[Key], more: bool, context: &Context) -> Vec<Change> {
        let points = self.points(page);
        let Progress { order, at, .. } = &self.progress;
        let timers = points.iter().flat_map(|id| call_off::timer(order, *at, id).set(context));
        let mut changes: Vec<Change> = timers.collect();
        changes.push(match more {
            true => Progress { after: points.into_iter().next_back(), ..self.progress.clone() }.put(self.key.clone()),
            false => Change::Delete(self.key.clone()),
        });
        changes
    }
}

impl Errand for Task {
    fn left(&self) -> Option<(KeyRange, usize)> {
        Some((way(&self.progress).0, PAGE_POINTS))
    }

    /// As of the order.
    fn context<'a>(&self, market: &'a Market) -> Context<'a> {
        let Progress { order, at, way, after, .. } = &self.progress;
        let after = after.as_ref().map_or("", MeteringPointId::as_str);
        let cause = cause(&job::cause_of(order), &["page", &format!("{way:?}"), after]);
        Context { now: *at, caller: market.hub_party(), cause, market }
    }

    fn needs(&self, page: &[Key], _context: &Context) -> Needs {
        let needs = Needs::default().key(self.key.clone()).key(record::order_key(&self.progress.order));
        let of_point = match self.progress.way {
            Way::Noting => accounting_points::needs_of,
            Way::Supplied | Way::Named | Way::CallingOff => metering_points::needs_of,
        };
        self.points(page).iter().fold(needs, |needs, id| needs.and(of_point(id)))
    }

    fn needs_more(&self, _page: &[Key], _facts: &Facts, _context: &Context) -> Needs {
        Needs::default()
    }

    fn decide(&self, page: &[Key], more: bool, facts: &Facts, context: &Context) -> Decision {
        if self.progress.way == Way::Noting {
            return Decision { changes: self.note(page, more, facts), ..Decision::default() };
        }
        let key = record::order_key(&self.progress.order);
        let given = Given::read(&key, facts.get(&key).expect("an order stays where it was given"));
        if self.progress.way == Way::CallingOff {
            return Decision { changes: self.call_off(page, more, context), ..Decision::default() };
        }
        if given.called_off.is_some() {
            // Nothing more is begun; what was is taken back behind this.
            let given = Given { found: Some(self.progress.found), ..given };
            return Decision::default().change(Change::Delete(self.key.clone())).change(given.put());
        }
        let points = self.points(page);
        let mut changes = Vec::new();
        let mut found = self.progress.found;
        for id in points.iter().filter(|id| selects(&given, metering_points::metering_point(facts, id).as_ref())) {
            if self.progress.way == Way::Supplied {
                changes.push(Outcome::of(OutcomeKind::Waiting).put(&given.id, id));
            }
            changes.extend(job::timer(&given, id).set(context));
            found += 1;
        }
        match more {
            true => {
                let after = points.into_iter().next_back();
                changes.push(Progress { after, found, ..self.progress.clone() }.put(self.key.clone()));
            }
            false => {
                changes.push(Change::Delete(self.key.clone()));
                changes.push(Given { found: Some(found), ..given }.put());
            }
        }
        Decision { changes, ..Decision::default() }
    }
}
