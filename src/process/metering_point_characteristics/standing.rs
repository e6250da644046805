//! What every record is asked: whether it names a metering point and a day, whose metering point that is, and whether the
//! day is one that may be. Source: metering-points 7.1, 9.2, 10.

use super::decide::Case;
use super::rules::Rule;
use crate::market::{ActorRole, Calendar, MeteringPointId, Timestamp, is_gsrn};
use crate::process::Market;
use crate::process::change_of_supplier::window::instant;
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::{MeteringPoint, Version};

/// The number and the day, and what is wrong with them.
pub fn input(case: &Case, market: &Market) -> (Option<Timestamp>, Vec<Rule>) {
    let mut broken = Vec::new();
    if !is_gsrn(case.record.metering_point.trimmed()) {
        broken.push(Rule::InvalidGsrn);
    }
    let effective = effective_date(&case.record.start, market);
    broken.extend(effective.err());
    (effective.ok(), broken)
}

/// The day that a record of a metering point that exists is about, or what of the first steps does not hold.
pub fn judge(work: &Work, case: &Case, more: impl IntoIterator<Item = Rule>) -> Result<Timestamp, Vec<Rule>> {
    let (effective, mut broken) = input(case, work.context.market);
    broken.extend(more);
    let Some(effective) = effective.filter(|_| broken.is_empty()) else { return Err(broken) };
    if work.site(&case.id).master.is_none() {
        return Err(vec![Rule::UnknownMeteringPoint]);
    }
    if case.is_stranger {
        return Err(vec![Rule::NoDelegation]);
    }
    let is_grid = case.sender.role == ActorRole::GridAccessProvider;
    if is_grid && work.grid_operator(&case.id).as_ref() != Some(&case.sender) {
        return Err(vec![Rule::MeteringPointOfAnother]);
    }
    Ok(effective)
}

/// Whether an effective date lies within so many days before and after today, counted in the market's zone; -1 bounds
/// nothing.
pub fn is_within(effective: Timestamp, now: Timestamp, before: i32, after: i32, market: &Market) -> bool {
    let calendar = Calendar::new(market.zone);
    let days = (calendar.date(effective) - calendar.date(now)).num_days();
    (before < 0 || -days <= i64::from(before)) && (after < 0 || days <= i64::from(after))
}

/// The metering point of a record that [`judge`] has passed.
pub fn point<'a>(work: &'a Work, id: &MeteringPointId) -> &'a MeteringPoint {
    work.site(id).master.as_ref().expect("it is known")
}

/// What is so of it on the day that a record is about.
pub fn at<'a>(work: &'a Work, id: &MeteringPointId, day: Timestamp) -> &'a Version {
    point(work, id).at(day)
}

/// Puts a metering point in the place of what it was, or where there was none. Returns what it was.
pub fn put(work: &mut Work, point: MeteringPoint) -> Option<MeteringPoint> {
    let site = work.sites.get_mut(&point.id).expect("what a record names is loaded");
    site.master.replace(point)
}

/// A local midnight in UTC, with `.000` or without.
fn effective_date(text: &str, market: &Market) -> Result<Timestamp, Rule> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Rule::EffectiveDateIsRequired);
    }
    let whole = text.strip_suffix(".000Z").map(|whole| format!("{whole}Z"));
    let at = instant(whole.as_deref().unwrap_or(text)).filter(|at| Calendar::new(market.zone).is_midnight(*at));
    at.ok_or(Rule::EffectiveDateMustBeLocalMidnight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effective_date_is_a_local_midnight() {
        let market = Market::dk_defaults();
        let wrong = Rule::EffectiveDateMustBeLocalMidnight;
        for (text, expected) in [
            ("2021-06-30T22:00:00Z", None),
            ("2021-12-31T23:00:00Z", None),
            ("2021-06-30T22:00:00.000Z", None),
            ("2021-12-31T22:00:00Z", Some(wrong)),
            ("2021-06-30T22:00:01Z", Some(wrong)),
            ("2021-06-30T22:00:00+00:00", Some(wrong)),
            ("", Some(Rule::EffectiveDateIsRequired)),
        ] {
            assert_eq!(effective_date(text, &market).err(), expected, "{text}");
        }
    }

    #[test]
    fn days_are_counted_in_local_time() {
        let market = Market::dk_defaults();
        let at = |text: &str| instant(text).unwrap();
        let now = at("2023-08-01T09:00:00Z");
        for (effective, before, after, within) in [
            ("2023-07-31T22:00:00Z", 0, 0, true),
            ("2023-08-01T22:00:00Z", 0, 0, false),
            ("2021-08-10T22:00:00Z", 720, 0, true),
            ("2021-08-09T22:00:00Z", 720, 0, false),
            ("2001-08-09T22:00:00Z", -1, 0, true),
            ("2041-08-09T22:00:00Z", 0, -1, true),
        ] {
            assert_eq!(is_within(at(effective), now, before, after, &market), within, "{effective}");
        }
    }
}
