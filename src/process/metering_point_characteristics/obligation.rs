//! The system operator says whether a producer is obliged to produce. Source: metering-points 9.4, market-roles 2.13.
//!
//! A metering point that is not said to be otherwise from then on is obliged.

use super::decide::{Case, Done};
use super::rules::Rule;
use super::write::{held, is_true};
use super::{family, standing};
use crate::market::MeteringPointType;
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::ConnectionState;

/// D39. That it is the system operator who says so is asked at the door.
pub fn change(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let effective = standing::judge(work, case, None)?;
    let point = standing::point(work, &case.id);
    if point.kind != MeteringPointType::Production {
        return Err(vec![Rule::MustBeProduction]);
    }
    let mut broken = Vec::new();
    if point.at(effective).state == ConnectionState::ClosedDown {
        broken.push(Rule::ClosedDown);
    }
    if work.site(&case.id).point.supplier_at(effective).is_none() {
        broken.push(Rule::ObligedSupplierIsRequired);
    }
    held(broken)?;
    let obliged = case.record.production_obligation.as_deref().is_none_or(is_true);
    let mut point = standing::point(work, &case.id).clone();
    point.change(effective, |version| version.production_obligated = obliged);
    let before = family::keep(work, point, effective)?;
    Ok(Done { told: before.map(|before| (effective, before)) })
}
