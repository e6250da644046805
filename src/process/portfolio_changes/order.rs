//! What an operator orders, and how it is written: in a file, in JSON, or by the arguments of a command.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};
use thiserror::Error;

use crate::market::{ActorNumber, MeteringPointId, MeteringPointType, Timestamp};

/// Metering points that one order may name: each is written down with the order.
pub const METERING_POINTS_MAX: usize = 10_000;
/// Grid areas that one order may name; there are fewer than a hundred.
pub const GRID_AREAS_MAX: usize = 500;

/// Something that an operator changes about a supplier's portfolio.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub what: What,
    pub selection: Selection,
    /// The local midnight from which it holds.
    pub date: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    ForceSupplierChange {
        kind: ForcedKind,
        from: ActorNumber,
        to: Successor,
    },
    ChangeBalanceResponsible {
        supplier: ActorNumber,
        /// Consumption or production.
        point_type: MeteringPointType,
        responsible: ActorNumber,
    },
}

/// Why a supplier loses what it supplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForcedKind {
    /// E06: another supplier takes it over.
    Takeover,
    /// D13: it fails, and a supplier of last resort steps in.
    Failure,
}

/// Who supplies from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Successor {
    One(ActorNumber),
    /// Each in its grid areas.
    ByGridArea(BTreeMap<String, ActorNumber>),
}

/// Which of the supplier's accounting points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    All,
    GridAreas(BTreeSet<String>),
    MeteringPoints(BTreeSet<MeteringPointId>),
}

impl ForcedKind {
    /// Business reason of what is sent.
    pub fn code(self) -> &'static str {
        match self {
            ForcedKind::Takeover => "E06",
            ForcedKind::Failure => "D13",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        [ForcedKind::Takeover, ForcedKind::Failure].into_iter().find(|kind| kind.code() == code)
    }
}

impl What {
    /// Business reason of what it sets off.
    pub fn reason(&self) -> &'static str {
        match self {
            What::ForceSupplierChange { kind, .. } => kind.code(),
            What::ChangeBalanceResponsible { .. } => "E56",
        }
    }
}

impl Successor {
    /// Whoever supplies in a grid area from then on.
    pub fn in_area(&self, area: &str) -> Option<&ActorNumber> {
        match self {
            Successor::One(supplier) => Some(supplier),
            Successor::ByGridArea(suppliers) => suppliers.get(area),
        }
    }

    pub fn all(&self) -> BTreeSet<&ActorNumber> {
        match self {
            Successor::One(supplier) => BTreeSet::from([supplier]),
            Successor::ByGridArea(suppliers) => suppliers.values().collect(),
        }
    }
}

impl Order {
    /// The supplier whose accounting points it is about.
    pub fn supplier(&self) -> &ActorNumber {
        match &self.what {
            What::ForceSupplierChange { from, .. } => from,
            What::ChangeBalanceResponsible { supplier, .. } => supplier,
        }
    }

    /// Every grid area that it names.
    pub fn areas(&self) -> BTreeSet<&str> {
        let mut areas: BTreeSet<&str> = match &self.selection {
            Selection::GridAreas(areas) => areas.iter().map(String::as_str).collect(),
            _ => BTreeSet::new(),
        };
        if let What::ForceSupplierChange { to: Successor::ByGridArea(suppliers), .. } = &self.what {
            areas.extend(suppliers.keys().map(String::as_str));
        }
        areas
    }
}

/// An order as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "order", deny_unknown_fields)]
pub enum OrderTable {
    ForceSupplierChange {
        /// E06 or D13.
        kind: String,
        from: String,
        #[serde(default)]
        to: Option<String>,
        /// Instead of `to`: grid area to supplier.
        #[serde(default)]
        to_by_grid_area: BTreeMap<String, String>,
        /// An instant: a local midnight.
        date: String,
        /// Where neither these nor metering points are named, all are meant.
        #[serde(default, deserialize_with = "named")]
        grid_areas: Option<Vec<String>>,
        #[serde(default, deserialize_with = "named")]
        metering_points: Option<Vec<String>>,
    },
    ChangeBalanceResponsible {
        supplier: String,
        grid_area: String,
        /// Consumption or Production.
        #[serde(rename = "type")]
        point_type: String,
        balance_responsible: String,
        date: String,
    },
}

/// Why what is written is no order.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Flaw {
    #[error("the kind {0} is neither E06 (takeover) nor D13 (supplier of last resort)")]
    Kind(String),
    #[error("a forced change goes either to one supplier (to) or to one for each grid area (to_by_grid_area)")]
    Successor,
    #[error("grid_areas and metering_points do not go together; without either, all are meant")]
    Selection,
    #[error("{0} names nothing; where all are meant, it is left out")]
    NothingSelected(&'static str),
    #[error("the date {0} is no instant such as 2023-09-30T22:00:00Z")]
    Date(String),
    #[error("the type {0} is neither Consumption nor Production")]
    PointType(String),
    #[error(
        "an order names at most {METERING_POINTS_MAX} metering points and {GRID_AREAS_MAX} grid areas; give several orders"
    )]
    TooMany,
}

impl OrderTable {
    pub fn order(&self) -> Result<Order, Flaw> {
        match self {
            OrderTable::ForceSupplierChange { kind, from, to, to_by_grid_area, date, grid_areas, metering_points } => {
                let kind = ForcedKind::from_code(kind).ok_or_else(|| Flaw::Kind(kind.clone()))?;
                let named = |list: &Option<Vec<String>>| list.as_ref().map_or(0, Vec::len);
                if named(metering_points) > METERING_POINTS_MAX
                    || named(grid_areas) > GRID_AREAS_MAX
                    || to_by_grid_area.len() > GRID_AREAS_MAX
                {
                    return Err(Flaw::TooMany);
                }
                let number = |number: &String| ActorNumber::new(number.trim());
                let to = match (to, to_by_grid_area.is_empty()) {
                    (Some(to), true) => Successor::One(number(to)),
                    (None, false) => {
                        let suppliers = to_by_grid_area.iter().map(|(area, to)| (area.clone(), number(to)));
                        Successor::ByGridArea(suppliers.collect())
                    }
                    _ => return Err(Flaw::Successor),
                };
                let selection = selection(grid_areas.as_deref(), metering_points.as_deref())?;
                let what = What::ForceSupplierChange { kind, from: number(from), to };
                Ok(Order { what, selection, date: instant(date)? })
            }
            OrderTable::ChangeBalanceResponsible { supplier, grid_area, point_type, balance_responsible, date } => {
                let types = [MeteringPointType::Consumption, MeteringPointType::Production];
                let found = types.into_iter().find(|it| it.name().eq_ignore_ascii_case(point_type));
                let what = What::ChangeBalanceResponsible {
                    supplier: ActorNumber::new(supplier.trim()),
                    point_type: found.ok_or_else(|| Flaw::PointType(point_type.clone()))?,
                    responsible: ActorNumber::new(balance_responsible.trim()),
                };
                let selection = Selection::GridAreas(BTreeSet::from([grid_area.clone()]));
                Ok(Order { what, selection, date: instant(date)? })
            }
        }
    }
}

/// A list that is written at all is one; nothing does not stand for all.
fn named<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    Vec::deserialize(from).map(Some)
}

fn selection(grid_areas: Option<&[String]>, metering_points: Option<&[String]>) -> Result<Selection, Flaw> {
    match (grid_areas, metering_points) {
        (None, None) => Ok(Selection::All),
        (Some([]), None) => Err(Flaw::NothingSelected("grid_areas")),
        (None, Some([])) => Err(Flaw::NothingSelected("metering_points")),
        (Some(areas), None) => Ok(Selection::GridAreas(areas.iter().cloned().collect())),
        (None, Some(points)) => {
            Ok(Selection::MeteringPoints(points.iter().map(|id| MeteringPointId::new(id.trim())).collect()))
        }
        (Some(_), Some(_)) => Err(Flaw::Selection),
    }
}

fn instant(text: &str) -> Result<Timestamp, Flaw> {
    Timestamp::parse_date_time(text.trim()).ok_or_else(|| Flaw::Date(text.to_string()))
}
