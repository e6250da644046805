//! Which metering point belongs to which, from day to day.
//!
//! A child says whose it is: it has one parent at most on each day. A parent's list of children says the same on every day, and is
//! made from what its children say ([`MeteringPoint::list`]). Whatever is closed down belongs to nobody.
//!
//! Source: metering-points 3, 9.1.

use std::collections::BTreeSet;

use super::{MasterData, MeteringPoint, Version};
use crate::market::{MeteringPointId, Timestamp};

/// How many children a metering point may have, all that it ever had or is to have counted: dozens are much, and each version
/// must find room in a record with all of them.
pub const CHILDREN_MAX: usize = 200;

impl MeteringPoint {
    /// Everybody whose parent it is in any version, in the order of their numbers.
    pub fn children(&self) -> BTreeSet<&MeteringPointId> {
        self.versions.iter().flat_map(|it| &it.master.children).map(|(id, _)| id).collect()
    }

    /// Whoever is its parent in any version.
    pub fn parents(&self) -> BTreeSet<&MeteringPointId> {
        self.versions.iter().filter_map(|it| it.master.parent_id()).collect()
    }

    /// Whether it has the same parent as `other` on every day.
    pub fn belongs_as(&self, other: &MeteringPoint) -> bool {
        let days = self.versions.iter().chain(&other.versions).map(|it| it.from);
        let mut parents = days.map(|day| (self.at(day).master.parent_id(), other.at(day).master.parent_id()));
        self.effective == other.effective && parents.all(|(is, was)| is == was)
    }

    /// Lists a child from each day on which it becomes a child of this one, until it ceases to be; it is not listed on any other
    /// day, whatever was listed before.
    pub fn list(&mut self, child: &MeteringPoint) {
        for version in &mut self.versions {
            let belongs = child.belongs_to(&self.id, version.from);
            version.list(child, belongs);
        }
        let effective = self.effective;
        for day in child.versions.iter().map(|it| it.from).filter(|day| *day > effective) {
            let belongs = child.belongs_to(&self.id, day);
            if self.at(day).lists(&child.id) != belongs {
                let mut version = Version { from: day, ..self.at(day).clone() };
                version.list(child, belongs);
                self.put(version);
            }
        }
    }

    /// Whether it is there on the day, and a child of this parent.
    fn belongs_to(&self, parent: &MeteringPointId, day: Timestamp) -> bool {
        self.effective <= day && self.at(day).master.parent_id() == Some(parent)
    }
}

impl Version {
    fn lists(&self, child: &MeteringPointId) -> bool {
        self.master.children.iter().any(|(id, _)| id == child)
    }

    fn list(&mut self, child: &MeteringPoint, belongs: bool) {
        self.master.children.retain(|(id, _)| *id != child.id);
        if belongs {
            self.master.children.push((child.id.clone(), Some(child.kind)));
            self.master.children.sort();
        }
    }
}

impl MasterData {
    /// The number of its parent.
    pub fn parent_id(&self) -> Option<&MeteringPointId> {
        self.parent.as_ref().map(|(id, _)| id)
    }
}
