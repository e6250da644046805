//! A metering point from day to day: each change makes a version that is so from its day on.
//!
//! What is told of a day is the version in force then, whatever was changed for later days; so a change of the past leaves
//! what was before it, and one of days to come is nobody's present. What a change says holds until another change says
//! something else about the same: versions behind it keep what they had said, and take over the rest.
//!
//! Source: metering-points 9.1, 9.2 (9).

use std::collections::BTreeSet;

use super::{ConnectionState, MasterData, MeteringPoint, Relative};
use crate::market::{MeteringPointId, Timestamp};
use crate::process::accounting_points::customer_data;

/// What is so of a metering point from one day until the next version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub from: Timestamp,
    pub state: ConnectionState,
    /// From when on it is in this state.
    pub state_since: Timestamp,
    /// Whether its producer is obliged to produce; only asked of metering points of type production.
    pub production_obligated: bool,
    pub master: MasterData,
}

impl Version {
    /// The first of a metering point that begins in this state.
    pub fn first(from: Timestamp, state: ConnectionState, production_obligated: bool, master: MasterData) -> Self {
        Self { from, state, state_since: from, production_obligated, master }
    }
}

impl MeteringPoint {
    /// The version in force at `at`; before it begins, how it is to begin.
    pub fn at(&self, at: Timestamp) -> &Version {
        self.versions.iter().rfind(|it| it.from <= at).unwrap_or(&self.versions[0])
    }

    /// In the order of their days; there is always one.
    pub fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// The version in force at `from`, and those behind it.
    pub fn from_on(&self, from: Timestamp) -> &[Version] {
        let first = self.versions.iter().rposition(|it| it.from <= from).unwrap_or(0);
        &self.versions[first..]
    }

    /// Whether it is closed down at `from`, or will be.
    pub fn is_closed_from(&self, from: Timestamp) -> bool {
        self.from_on(from).iter().any(|it| it.state == ConnectionState::ClosedDown)
    }

    /// The state that follows the one at `from`, if another does.
    pub fn next_state(&self, from: Timestamp) -> Option<ConnectionState> {
        let versions = self.from_on(from);
        versions.iter().map(|it| it.state).find(|state| *state != versions[0].state)
    }

    /// Everybody whose parent it is in any version, in the order of their numbers.
    pub fn children(&self) -> BTreeSet<&MeteringPointId> {
        self.versions.iter().flat_map(|it| &it.master.children).map(|(id, _)| id).collect()
    }

    /// Whoever is its parent in any version.
    pub fn parents(&self) -> BTreeSet<&MeteringPointId> {
        self.versions.iter().filter_map(|it| it.master.parent.as_ref()).map(|(id, _)| id).collect()
    }

    /// Changes what is so from a day on; nothing is written down where nothing changes.
    pub fn change(&mut self, from: Timestamp, change: impl FnOnce(&mut Version)) {
        let from = from.max(self.effective);
        let place = self.versions.iter().rposition(|it| it.from <= from).unwrap_or(0);
        let was = self.versions[place].clone();
        let mut is = Version { from, ..was.clone() };
        change(&mut is);
        if (Version { from: was.from, ..is.clone() }) == was {
            return;
        }
        let behind = place + 1;
        if was.from == from {
            self.versions[place] = is.clone();
        } else {
            self.versions.insert(behind, is.clone());
        }
        let behind = if was.from == from { behind } else { behind + 1 };
        let (mut was, mut is) = (was, is);
        for version in &mut self.versions[behind..] {
            let before = version.clone();
            carry_version(&was, &is, version);
            (was, is) = (before, version.clone());
        }
    }

    /// It is closed down from a day on, whatever was to become of it later.
    pub fn close_from(&mut self, since: Timestamp) {
        let close = |it: &mut Version| (it.state, it.state_since) = (ConnectionState::ClosedDown, since);
        self.change(since, close);
        self.versions.iter_mut().filter(|it| it.from > since).for_each(close);
    }
}

/// What has changed from `was` to `is` changes in a `later` version too, where that had it from `was`.
fn carry_version(was: &Version, is: &Version, later: &mut Version) {
    let mut state = (later.state, later.state_since);
    carry(&(was.state, was.state_since), &(is.state, is.state_since), &mut state);
    (later.state, later.state_since) = state;
    carry(&was.production_obligated, &is.production_obligated, &mut later.production_obligated);
    carry_master(&was.master, &is.master, &mut later.master);
}

fn carry<T: PartialEq + Clone>(was: &T, is: &T, later: &mut T) {
    if later == was {
        *later = is.clone();
    }
}

fn carry_master(was: &MasterData, is: &MasterData, later: &mut MasterData) {
    carry(&was.settlement_method, &is.settlement_method, &mut later.settlement_method);
    carry(&was.metering_method, &is.metering_method, &mut later.metering_method);
    carry(&was.read_cycle, &is.read_cycle, &mut later.read_cycle);
    carry(&was.net_settlement_group, &is.net_settlement_group, &mut later.net_settlement_group);
    carry(&was.next_reading_date, &is.next_reading_date, &mut later.next_reading_date);
    carry(&was.from_grid_area, &is.from_grid_area, &mut later.from_grid_area);
    carry(&was.to_grid_area, &is.to_grid_area, &mut later.to_grid_area);
    carry(&was.power_plant, &is.power_plant, &mut later.power_plant);
    carry(&was.capacity, &is.capacity, &mut later.capacity);
    carry(&was.connection_type, &is.connection_type, &mut later.connection_type);
    carry(&was.disconnection_method, &is.disconnection_method, &mut later.disconnection_method);
    carry(&was.asset_type, &is.asset_type, &mut later.asset_type);
    carry(&was.maximum_power, &is.maximum_power, &mut later.maximum_power);
    carry(&was.maximum_current, &is.maximum_current, &mut later.maximum_current);
    carry(&was.meter, &is.meter, &mut later.meter);
    carry(&was.product, &is.product, &mut later.product);
    carry(&was.unit, &is.unit, &mut later.unit);
    carry(&was.location_description, &is.location_description, &mut later.location_description);
    carry(&was.address_reference, &is.address_reference, &mut later.address_reference);
    carry(&was.is_actual_address, &is.is_actual_address, &mut later.is_actual_address);
    carry(&was.parent, &is.parent, &mut later.parent);
    let parts = |it: &MasterData| customer_data::parts(it.address.clone());
    let (of_was, of_is, mut of_later) = (parts(was), parts(is), parts(later));
    for ((was, is), later) in of_was.iter().zip(&of_is).zip(&mut of_later) {
        carry(was, is, later);
    }
    later.address = customer_data::address(of_later);
    carry_children(&was.children, &is.children, &mut later.children);
}

/// Children come and go one by one.
fn carry_children(was: &[Relative], is: &[Relative], later: &mut Vec<Relative>) {
    later.retain(|child| is.contains(child) || !was.contains(child));
    let added: Vec<Relative> =
        is.iter().filter(|child| !was.contains(child) && !later.contains(child)).cloned().collect();
    later.extend(added);
    later.sort();
}
