//! A metering point is connected, disconnected, and connected again. Source: metering-points 4, 10.1, 10.2.

use super::decide::{Case, Done};
use super::rules::{Rule, matrix};
use super::write::held;
use super::{notify, standing};
use crate::market::{MeteringMethod, MeteringPointType, Timestamp};
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::ConnectionState;

/// D15.
pub fn connect(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    use MeteringPointType::{ConsumptionFromGrid, ExchangeReactiveEnergy, NetProduction, SupplyToGrid};
    let effective = standing::judge(work, case, None)?;
    window(work, effective, work.context.market.dk().metering_points.connect_days_before)?;
    let point = standing::point(work, &case.id);
    let mut broken = Vec::new();
    let is_measured = matches!(point.kind, NetProduction | SupplyToGrid | ConsumptionFromGrid);
    if is_measured && point.master.metering_method != Some(MeteringMethod::Physical) {
        broken.push(Rule::MustBePhysicalToConnect);
    }
    if point.kind == ExchangeReactiveEnergy && point.master.parent.is_none() {
        broken.push(Rule::ParentIsRequiredToConnect);
    }
    if point.state != ConnectionState::New {
        broken.push(Rule::StateMustBeNew);
    }
    broken.extend(supplier(work, case, effective));
    held(broken)?;
    enter(work, case, ConnectionState::Connected, effective, "MeteringPointConnected")
}

/// E79: to `E23`, disconnected, or to `E22`, connected again.
pub fn change(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let said = case.record.connection_state.as_deref().map(str::trim).filter(|said| !said.is_empty());
    let missing = said.is_none().then_some(Rule::RequestedStateIsRequired);
    let effective = standing::judge(work, case, missing)?;
    window(work, effective, work.context.market.dk().metering_points.connection_state_days_before)?;
    let (from, to, event) = match said {
        Some("E23") => (ConnectionState::Connected, ConnectionState::Disconnected, "MeteringPointDisconnected"),
        Some("E22") => (ConnectionState::Disconnected, ConnectionState::Connected, "MeteringPointReconnected"),
        _ => return Err(vec![Rule::RequestedStateMustBeKnown]),
    };
    let mut broken = Vec::new();
    if standing::point(work, &case.id).state != from {
        broken.push(Rule::StateDoesNotFit);
    }
    broken.extend(supplier(work, case, effective));
    held(broken)?;
    enter(work, case, to, effective, event)
}

fn window(work: &Work, effective: Timestamp, days_before: i32) -> Result<(), Vec<Rule>> {
    let within = standing::is_within(effective, work.now(), days_before, 0, work.context.market);
    if within { Ok(()) } else { Err(vec![Rule::EffectiveDateOutsideWindow]) }
}

/// Somebody must supply an accounting point from the day on, or before.
fn supplier(work: &Work, case: &Case, effective: Timestamp) -> Option<Rule> {
    let is_supplied = work.site(&case.id).point.as_expected().supplier_at(effective).is_some();
    (matrix::is_main(standing::point(work, &case.id).kind) && !is_supplied).then_some(Rule::SupplierIsRequired)
}

fn enter(
    work: &mut Work,
    case: &Case,
    state: ConnectionState,
    since: Timestamp,
    event: &'static str,
) -> Result<Done, Vec<Rule>> {
    let point = standing::point_mut(work, &case.id);
    (point.state, point.state_since) = (state, since);
    work.tell(notify::dated(event, &case.id, since));
    Ok(Done { told_from: Some(since) })
}
