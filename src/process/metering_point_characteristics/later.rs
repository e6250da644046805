//! What an update makes of the versions behind its day.
//!
//! What it says holds until another change has said something else about the same, so it may change later versions too. Each
//! of those is held to the rules as it comes to be: what it cannot have any more goes, as it would by an update of its day;
//! and where it would break a rule that it did not break before, the update is rejected. What had been wrong before is not
//! held against it. Source: metering-points 9.2 (6, 8, 9).

use super::rules::{Rule, matrix, parents, suits};
use super::write::suits_parent;
use super::{Profile, states};
use crate::market::Timestamp;
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::{ConnectionState, MeteringPoint, Version};

/// Cleans the versions of `after` behind a day, and says which rules they break that they did not break `before`: each once, with
/// the first day on which it is broken.
pub fn hold(work: &Work, before: &MeteringPoint, after: &mut MeteringPoint, from: Timestamp) -> Vec<(Rule, Timestamp)> {
    let profile = work.context.market.dk().metering_points.profile;
    let mut broken: Vec<(Rule, Timestamp)> = Vec::new();
    after.revise(from, |previous, version| {
        let (was, had) = (before.at(version.from), before.at(Timestamp::from_micros(version.from.micros() - 1)));
        let is_same = version.is_as(was);
        if version.state == ConnectionState::ClosedDown || (is_same && previous.is_as(had)) {
            return;
        }
        let mut now = Vec::new();
        if !is_same {
            now = matrix::hold(before.kind, &mut version.master, Some(&was.master), &[], profile);
        }
        now.extend(unsuited(work, before, (previous, version), profile));
        let mut then = matrix::hold(before.kind, &mut was.master.clone(), Some(&was.master), &[], profile);
        then.extend(unsuited(work, before, (had, was), profile));
        for rule in now.into_iter().filter(|rule| !then.contains(rule)) {
            if broken.iter().all(|(known, _)| *known != rule) {
                broken.push((rule, version.from));
            }
        }
    });
    broken
}

/// What does not suit the type of a version, or its parent, or what was so right before it.
fn unsuited(
    work: &Work,
    point: &MeteringPoint,
    (previous, version): (&Version, &Version),
    profile: Profile,
) -> Vec<Rule> {
    let mut broken = suits::hold(point.kind, &version.master, Some(&previous.master), profile);
    if (previous.state, version.state) == (ConnectionState::New, ConnectionState::Connected) {
        broken.extend(states::connected(point.kind, &version.master));
    }
    if let Some(parent) = version.master.parent_id() {
        let known = work.site(parent).master.as_ref();
        broken.extend(parents::hold(point.kind, &point.grid_area, known, version.from, profile));
        broken.extend(suits_parent(work, point.kind, &version.master, version.from));
    }
    broken
}
