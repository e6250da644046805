//! Which metering point may belong to which. Source: metering-points 3.

use super::Rule;
use crate::market::{MeteringMethod, MeteringPointType, Timestamp};
use crate::process::metering_point_characteristics::Profile;
use crate::process::metering_points::{MasterData, MeteringPoint};

/// Why a metering point of this type in this grid area is no child of `parent` from a day on: P1 to P6, in the strict
/// profile P8, all of them together.
pub fn hold(
    kind: MeteringPointType,
    grid_area: &str,
    parent: Option<&MeteringPoint>,
    from: Timestamp,
    profile: Profile,
) -> Vec<Rule> {
    let Some(parent) = parent.filter(|it| it.effective <= from) else { return vec![Rule::UnknownParent] };
    let mut broken = Vec::new();
    if parent.grid_area != grid_area {
        broken.push(Rule::ParentInAnotherGridArea);
    }
    match (group(parent.kind), group(kind)) {
        (1, 3 | 4) | (2, 5) => {}
        (1 | 2, _) => broken.push(Rule::ChildMustSuitParent),
        _ => broken.push(Rule::ParentMustBeOfGroup1Or2),
    }
    if parent.is_closed_from(from) {
        broken.push(Rule::ParentIsClosedDown);
    }
    let is_measured = parent.at(from).master.metering_method == Some(MeteringMethod::Physical);
    if profile == Profile::Strict && kind == MeteringPointType::ExchangeReactiveEnergy && !is_measured {
        broken.push(Rule::ParentMustBePhysical);
    }
    broken
}

/// Whether own production below net settlement comes by its values as the strict profile wants.
pub fn own_production_suits(kind: MeteringPointType, master: &MasterData, parent: &MasterData) -> bool {
    let is_net_settled = parent.net_settlement_group.is_some_and(|group| !matches!(group, 0 | 99));
    let is_measured = master.metering_method == Some(MeteringMethod::Physical);
    kind != MeteringPointType::OwnProduction || !is_net_settled || !is_measured
}

/// The group of a type. Source: metering-points 3.
fn group(kind: MeteringPointType) -> u8 {
    use MeteringPointType::*;
    match kind {
        Consumption | Production => 1,
        Exchange => 2,
        Analysis | VeProduction | InternalUse => 4,
        ExchangeReactiveEnergy => 5,
        _ => 3,
    }
}
