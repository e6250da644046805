//! Who hears of a change of a link, besides whoever has asked for it. Source: charges 6.6.

use super::record;
use super::reply::Told;
use super::state::LinkIdentity;
use crate::market::{ActorNumber, ActorRole, MeteringPointId, Party, Timestamp};
use crate::process::Pack;
use crate::process::accounting_points::{self, Supply};
use crate::process::metering_points::{self, MeteringPoint};
use crate::process::participants::{self, is_live};
use crate::record::{Change, Facts, Needs};

/// A change of a metering point's links to a charge, from a date on.
pub struct LinkChange<'a> {
    pub point: &'a MeteringPoint,
    pub supplies: &'a [Supply],
    pub is_tax: bool,
    pub from: Timestamp,
    /// Whether those who supply later hear of it as well; a fee is charged on its date.
    pub to_later: bool,
}

/// What [`told`] and [`untold`] must know besides the metering points and who supplies them: asked again until it names
/// nothing new.
pub fn needs_more<'a>(points: impl IntoIterator<Item = &'a MeteringPointId>, facts: &Facts, pack: Pack) -> Needs {
    let mut needs = Needs::default();
    for id in points {
        let Some(point) = metering_points::metering_point(facts, id) else { continue };
        for supply in accounting_points::supplies(facts, id) {
            needs = needs.and(participants::needs_of(pack, &supplier(supply.supplier)));
        }
        needs = needs.and(metering_points::needs_of_grid_area(&point.grid_area));
        if metering_points::knows_grid_area(facts, &point.grid_area)
            && let Some(owner) = grid_owner(facts, &point)
        {
            needs = needs.and(participants::needs_of(pack, &owner));
        }
    }
    needs
}

/// The grid company for a tax; the supplier on the date, and where it is said every later one that is registered. Needs:
/// [`needs_more`].
pub fn told(facts: &Facts, change: &LinkChange, pack: Pack) -> Told {
    let mut told = Told::new();
    if change.is_tax {
        told.extend(grid_owner(facts, change.point).filter(|owner| is_live(facts, pack, owner)));
    }
    for supply in change.supplies {
        let later = supply.period.start > change.from && change.to_later;
        if supply.period.contains(change.from) || later {
            told.extend(Some(supplier(supply.supplier.clone())).filter(|supplier| is_live(facts, pack, supplier)));
        }
    }
    told
}

/// A link to a tax is noted where nobody in the grid can be told. Needs: [`needs_more`].
pub fn untold(facts: &Facts, change: &LinkChange, pair: &LinkIdentity, pack: Pack) -> Option<Change> {
    let noted = Change::Put(record::untold_key(&change.point.grid_area, pair), record::write_guard());
    let told = grid_owner(facts, change.point).is_some_and(|owner| is_live(facts, pack, &owner));
    (change.is_tax && !told).then_some(noted)
}

fn supplier(number: ActorNumber) -> Party {
    Party { number, role: ActorRole::EnergySupplier }
}

fn grid_owner(facts: &Facts, point: &MeteringPoint) -> Option<Party> {
    let number = metering_points::grid_area(facts, &point.grid_area)?.owner?;
    Some(Party { number, role: ActorRole::GridAccessProvider })
}
