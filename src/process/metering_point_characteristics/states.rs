//! A metering point is connected, disconnected, and connected again. Source: metering-points 4, 10.1, 10.2.

use super::decide::{Case, Done};
use super::rules::{Rule, matrix};
use super::write::held;
use super::{family, notify, standing};
use crate::market::{MeteringMethod, MeteringPointType, Timestamp};
use crate::process::change_of_supplier::work::Work;
use crate::process::metering_points::{ConnectionState, MasterData, MeteringPoint};

/// D15.
pub fn connect(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let effective = standing::judge(work, case, None)?;
    let settings = &work.context.market.dk().metering_points;
    window(work, effective, settings.connect_days_before, settings.connect_days_after)?;
    let (point, version) = (standing::point(work, &case.id), standing::at(work, &case.id, effective));
    let mut broken = connected(point.kind, &version.master);
    if !is_from(point, effective, ConnectionState::New) {
        broken.push(Rule::StateMustBeNew);
    }
    broken.extend(supplier(work, case, effective));
    held(broken)?;
    enter(work, case, ConnectionState::Connected, effective, "MeteringPointConnected")
}

/// Why a metering point cannot be connected as it is.
pub fn connected(kind: MeteringPointType, master: &MasterData) -> Vec<Rule> {
    use MeteringPointType::{ConsumptionFromGrid, ExchangeReactiveEnergy, NetProduction, SupplyToGrid};
    let mut broken = Vec::new();
    let is_measured = matches!(kind, NetProduction | SupplyToGrid | ConsumptionFromGrid);
    if is_measured && master.metering_method != Some(MeteringMethod::Physical) {
        broken.push(Rule::MustBePhysicalToConnect);
    }
    if kind == ExchangeReactiveEnergy && master.parent.is_none() {
        broken.push(Rule::ParentIsRequiredToConnect);
    }
    broken
}

/// E79: to `E23`, disconnected, or to `E22`, connected again.
pub fn change(work: &mut Work, case: &Case) -> Result<Done, Vec<Rule>> {
    let said = case.record.connection_state.as_deref().map(str::trim).filter(|said| !said.is_empty());
    let missing = said.is_none().then_some(Rule::RequestedStateIsRequired);
    let effective = standing::judge(work, case, missing)?;
    let settings = &work.context.market.dk().metering_points;
    window(work, effective, settings.connection_state_days_before, settings.connection_state_days_after)?;
    let (from, to, event) = match said {
        Some("E23") => (ConnectionState::Connected, ConnectionState::Disconnected, "MeteringPointDisconnected"),
        Some("E22") => (ConnectionState::Disconnected, ConnectionState::Connected, "MeteringPointReconnected"),
        _ => return Err(vec![Rule::RequestedStateMustBeKnown]),
    };
    let mut broken = Vec::new();
    if !is_from(standing::point(work, &case.id), effective, from) {
        broken.push(Rule::StateDoesNotFit);
    }
    broken.extend(supplier(work, case, effective));
    held(broken)?;
    enter(work, case, to, effective, event)
}

/// Whether it is in this state on the day, and in no other later but that it may be closed down: states follow each other in
/// the order of their days.
fn is_from(point: &MeteringPoint, day: Timestamp, state: ConnectionState) -> bool {
    let next = point.next_state(day);
    point.at(day).state == state && next.is_none_or(|next| next == ConnectionState::ClosedDown)
}

fn window(work: &Work, effective: Timestamp, before: i32, after: i32) -> Result<(), Vec<Rule>> {
    let within = standing::is_within(effective, work.now(), before, after, work.context.market);
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
    let mut point = standing::point(work, &case.id).clone();
    point.change(since, |version| (version.state, version.state_since) = (state, since));
    let before = family::keep(work, point, since)?;
    work.tell(notify::dated(event, &case.id, since));
    Ok(Done { told: before.map(|before| (since, before)) })
}
