//! Metering points: their numbers and their types.

use std::fmt;

/// The number of a metering point: a GSRN of 18 digits in Denmark.
///
/// What a document says is kept as it is, well-formed or not; an unknown number is turned down by the rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeteringPointId(String);

impl MeteringPointId {
    pub fn new(number: impl Into<String>) -> Self {
        Self(number.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// GS1, whatever its length: a metering point has no other number here.
    pub fn coding_scheme(&self) -> &'static str {
        "A10"
    }
}

impl fmt::Display for MeteringPointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a metering point measures. Source: charges 1.3, market-roles 4.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeteringPointType {
    Consumption,
    Production,
    Exchange,
    VeProduction,
    Analysis,
    SurplusProductionGroup,
    NetProduction,
    SupplyToGrid,
    ConsumptionFromGrid,
    WholesaleService,
    OwnProduction,
    NetFromGrid,
    NetToGrid,
    TotalConsumption,
    GridLossCorrection,
    ElectricalHeating,
    NetConsumption,
    OtherConsumption,
    OtherProduction,
    ExchangeReactiveEnergy,
    InternalUse,
}

/// Type, code on the wire, name. The place in the list, from 1, is the number that the market's older systems give it.
const TYPES: [(MeteringPointType, &str, &str); 21] = [
    (MeteringPointType::Consumption, "E17", "Consumption"),
    (MeteringPointType::Production, "E18", "Production"),
    (MeteringPointType::Exchange, "E20", "Exchange"),
    (MeteringPointType::VeProduction, "D01", "VeProduction"),
    (MeteringPointType::Analysis, "D02", "Analysis"),
    (MeteringPointType::SurplusProductionGroup, "D04", "SurplusProductionGroup"),
    (MeteringPointType::NetProduction, "D05", "NetProduction"),
    (MeteringPointType::SupplyToGrid, "D06", "SupplyToGrid"),
    (MeteringPointType::ConsumptionFromGrid, "D07", "ConsumptionFromGrid"),
    (MeteringPointType::WholesaleService, "D08", "WholesaleService"),
    (MeteringPointType::OwnProduction, "D09", "OwnProduction"),
    (MeteringPointType::NetFromGrid, "D10", "NetFromGrid"),
    (MeteringPointType::NetToGrid, "D11", "NetToGrid"),
    (MeteringPointType::TotalConsumption, "D12", "TotalConsumption"),
    (MeteringPointType::GridLossCorrection, "D13", "GridLossCorrection"),
    (MeteringPointType::ElectricalHeating, "D14", "ElectricalHeating"),
    (MeteringPointType::NetConsumption, "D15", "NetConsumption"),
    (MeteringPointType::OtherConsumption, "D17", "OtherConsumption"),
    (MeteringPointType::OtherProduction, "D18", "OtherProduction"),
    (MeteringPointType::ExchangeReactiveEnergy, "D20", "ExchangeReactiveEnergy"),
    (MeteringPointType::InternalUse, "D99", "InternalUse"),
];

impl MeteringPointType {
    pub fn all() -> impl Iterator<Item = MeteringPointType> {
        TYPES.iter().map(|row| row.0)
    }

    pub fn code(self) -> &'static str {
        TYPES[self as usize].1
    }

    pub fn name(self) -> &'static str {
        TYPES[self as usize].2
    }

    /// The number that the market's older systems give it; it is also what is stored.
    pub fn number(self) -> u8 {
        self as u8 + 1
    }

    pub fn from_number(number: u8) -> Option<Self> {
        TYPES.get(usize::from(number).wrapping_sub(1)).map(|row| row.0)
    }

    /// By its code or its name, such as `E17` or `Consumption`.
    pub fn from_text(text: &str) -> Option<Self> {
        TYPES.iter().find(|row| row.1 == text || row.2.eq_ignore_ascii_case(text)).map(|row| row.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_found_again() {
        for (kind, number) in MeteringPointType::all().zip(1..) {
            assert_eq!(kind.number(), number);
            assert_eq!(MeteringPointType::from_number(number), Some(kind));
            assert_eq!(MeteringPointType::from_text(kind.code()), Some(kind));
            assert_eq!(MeteringPointType::from_text(&kind.name().to_lowercase()), Some(kind));
        }
        assert_eq!((MeteringPointType::from_number(0), MeteringPointType::from_number(22)), (None, None));
        assert_eq!(MeteringPointType::from_text("D03"), None);
    }
}
