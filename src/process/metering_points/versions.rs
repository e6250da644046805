//! A metering point from day to day: each change makes a version that is so from its day on.
//!
//! What is told of a day is the version in force then, whatever was changed for later days; so a change of the past leaves
//! what was before it, and one of days to come is nobody's present. What a change says holds until another change says
//! something else about the same: versions behind it keep what they had said, and take over the rest.
//!
//! Source: metering-points 9.1, 9.2 (9).

use super::{ConnectionState, MasterData, MeteringPoint};
use crate::market::Timestamp;
use crate::process::accounting_points::customer_data;

/// How many versions a metering point may have: a change in every month for forty years. All of them are read for every
/// decision about it.
pub const VERSIONS_MAX: usize = 500;

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

    /// Whether the same is so in both, from whatever day on.
    pub fn is_as(&self, other: &Version) -> bool {
        *self == Version { from: self.from, ..other.clone() }
    }

    /// What is closed down is nobody's child.
    fn leave_when_closed(&mut self) {
        if self.state == ConnectionState::ClosedDown {
            self.master.parent = None;
        }
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

    /// Changes what is so from a day on; nothing is written down where nothing changes.
    pub fn change(&mut self, from: Timestamp, change: impl FnOnce(&mut Version)) {
        let from = from.max(self.effective);
        let place = self.versions.iter().rposition(|it| it.from <= from).unwrap_or(0);
        let was = self.versions[place].clone();
        let mut is = Version { from, ..was.clone() };
        change(&mut is);
        is.leave_when_closed();
        if is.is_as(&was) {
            return;
        }
        let place = self.put(is.clone());
        let (mut was, mut is) = (was, is);
        for version in &mut self.versions[place + 1..] {
            let before = version.clone();
            carry_version(&was, &is, version);
            version.leave_when_closed();
            (was, is) = (before, version.clone());
        }
    }

    /// Puts a version in its place, instead of the one of its day if there is one. Returns the place.
    pub(super) fn put(&mut self, version: Version) -> usize {
        match self.versions.binary_search_by_key(&version.from, |it| it.from) {
            Ok(place) => {
                self.versions[place] = version;
                place
            }
            Err(place) => {
                self.versions.insert(place, version);
                place
            }
        }
    }

    /// Looks at each version behind a day, with the one before it, and may change it.
    pub fn revise(&mut self, from: Timestamp, mut revise: impl FnMut(&Version, &mut Version)) {
        for place in 1..self.versions.len() {
            let (before, behind) = self.versions.split_at_mut(place);
            if behind[0].from > from {
                revise(&before[place - 1], &mut behind[0]);
            }
        }
    }

    /// It is closed down from a day on, whatever was to become of it later, and nobody's child any more.
    pub fn close_from(&mut self, since: Timestamp) {
        let close = |it: &mut Version| (it.state, it.state_since) = (ConnectionState::ClosedDown, since);
        self.change(since, close);
        for version in self.versions.iter_mut().filter(|it| it.from > since) {
            close(version);
            version.leave_when_closed();
        }
    }
}

/// What has changed from `was` to `is` changes in a `later` version too, where that had it from `was`.
fn carry_version(was: &Version, is: &Version, later: &mut Version) {
    let Version { from: _, state, state_since, production_obligated, master } = later;
    let mut entered = (*state, *state_since);
    carry(&(was.state, was.state_since), &(is.state, is.state_since), &mut entered);
    (*state, *state_since) = entered;
    carry(&was.production_obligated, &is.production_obligated, production_obligated);
    carry_master(&was.master, &is.master, master);
}

fn carry<T: PartialEq + Clone>(was: &T, is: &T, later: &mut T) {
    if later == was {
        *later = is.clone();
    }
}

/// Every field is named, so that none is forgotten.
fn carry_master(was: &MasterData, is: &MasterData, later: &mut MasterData) {
    let MasterData {
        settlement_method,
        metering_method,
        read_cycle,
        net_settlement_group,
        next_reading_date,
        from_grid_area,
        to_grid_area,
        power_plant,
        capacity,
        connection_type,
        disconnection_method,
        asset_type,
        maximum_power,
        maximum_current,
        meter,
        product,
        unit,
        location_description,
        address_reference,
        address,
        is_actual_address,
        parent,
        // Children say themselves from when until when they are there.
        children: _,
    } = later;
    carry(&was.settlement_method, &is.settlement_method, settlement_method);
    carry(&was.metering_method, &is.metering_method, metering_method);
    carry(&was.read_cycle, &is.read_cycle, read_cycle);
    carry(&was.net_settlement_group, &is.net_settlement_group, net_settlement_group);
    carry(&was.next_reading_date, &is.next_reading_date, next_reading_date);
    carry(&was.from_grid_area, &is.from_grid_area, from_grid_area);
    carry(&was.to_grid_area, &is.to_grid_area, to_grid_area);
    carry(&was.power_plant, &is.power_plant, power_plant);
    carry(&was.capacity, &is.capacity, capacity);
    carry(&was.connection_type, &is.connection_type, connection_type);
    carry(&was.disconnection_method, &is.disconnection_method, disconnection_method);
    carry(&was.asset_type, &is.asset_type, asset_type);
    carry(&was.maximum_power, &is.maximum_power, maximum_power);
    carry(&was.maximum_current, &is.maximum_current, maximum_current);
    carry(&was.meter, &is.meter, meter);
    carry(&was.product, &is.product, product);
    carry(&was.unit, &is.unit, unit);
    carry(&was.location_description, &is.location_description, location_description);
    carry(&was.address_reference, &is.address_reference, address_reference);
    carry(&was.is_actual_address, &is.is_actual_address, is_actual_address);
    carry(&was.parent, &is.parent, parent);
    let mut of_later = customer_data::parts(std::mem::take(address));
    let of_was = customer_data::parts(was.address.clone());
    let of_is = customer_data::parts(is.address.clone());
    for ((was, is), later) in of_was.iter().zip(&of_is).zip(&mut of_later) {
        carry(was, is, later);
    }
    *address = customer_data::address(of_later);
}
