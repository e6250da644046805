//! Codes of the market roles and of metering points' master data. Source: market-roles 4.6 and 4.9.

/// Why a document of the market roles is sent: `process.processType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BusinessReason {
    Move,
    NewMeteringPoint,
    ChangeOfSupplier,
    Cancellation,
    UnrequestedChangeOfSupplier,
    DataAlignment,
    EndOfSupply,
    UpdateMeteringPoint,
    UpdateCustomer,
    MeterReadingOnDemand,
    ChangeOfBalanceResponsible,
    MoveIn,
    MoveOut,
    PlacementOfMeter,
    ChangeOfMeteringMethod,
    ChangeOfConnectionState,
    ChangeOfAnnualVolume,
    UpdateMeter,
    RollBackChangeOfSupplier,
    IncorrectProcess,
    CancelMeterReading,
    SupplierOfLastResort,
    CloseDownMeteringPoint,
    ConnectMeteringPoint,
    MergeOfGrids,
    UpdateSettlementData,
    ElectricalHeating,
    MoveInForAnotherReason,
    ServiceRequest,
    ReminderToSupplier,
    ProposalOfContact,
    SecondaryMoveIn,
    /// A change of supplier with short notice.
    ShortNotice,
    TransferOfMeteringPoint,
    IncorrectMove,
    EndOfSupplyByReallocation,
    SupplyGoesOnReallocationRejected,
    SupplyGoesOn,
    CancelService,
    EndOfSupplyShortNotice,
    ProductionObligation,
    RemovedParent,
    NoDisconnection,
    CancelledByRequester,
    CancelledByHub,
    IncorrectGridArea,
}

impl BusinessReason {
    pub const ALL: [BusinessReason; 46] = [
        BusinessReason::Move,
        BusinessReason::NewMeteringPoint,
        BusinessReason::ChangeOfSupplier,
        BusinessReason::Cancellation,
        BusinessReason::UnrequestedChangeOfSupplier,
        BusinessReason::DataAlignment,
        BusinessReason::EndOfSupply,
        BusinessReason::UpdateMeteringPoint,
        BusinessReason::UpdateCustomer,
        BusinessReason::MeterReadingOnDemand,
        BusinessReason::ChangeOfBalanceResponsible,
        BusinessReason::MoveIn,
        BusinessReason::MoveOut,
        BusinessReason::PlacementOfMeter,
        BusinessReason::ChangeOfMeteringMethod,
        BusinessReason::ChangeOfConnectionState,
        BusinessReason::ChangeOfAnnualVolume,
        BusinessReason::UpdateMeter,
        BusinessReason::RollBackChangeOfSupplier,
        BusinessReason::IncorrectProcess,
        BusinessReason::CancelMeterReading,
        BusinessReason::SupplierOfLastResort,
        BusinessReason::CloseDownMeteringPoint,
        BusinessReason::ConnectMeteringPoint,
        BusinessReason::MergeOfGrids,
        BusinessReason::UpdateSettlementData,
        BusinessReason::ElectricalHeating,
        BusinessReason::MoveInForAnotherReason,
        BusinessReason::ServiceRequest,
        BusinessReason::ReminderToSupplier,
        BusinessReason::ProposalOfContact,
        BusinessReason::SecondaryMoveIn,
        BusinessReason::ShortNotice,
        BusinessReason::TransferOfMeteringPoint,
        BusinessReason::IncorrectMove,
        BusinessReason::EndOfSupplyByReallocation,
        BusinessReason::SupplyGoesOnReallocationRejected,
        BusinessReason::SupplyGoesOn,
        BusinessReason::CancelService,
        BusinessReason::EndOfSupplyShortNotice,
        BusinessReason::ProductionObligation,
        BusinessReason::RemovedParent,
        BusinessReason::NoDisconnection,
        BusinessReason::CancelledByRequester,
        BusinessReason::CancelledByHub,
        BusinessReason::IncorrectGridArea,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            BusinessReason::Move => "E01",
            BusinessReason::NewMeteringPoint => "E02",
            BusinessReason::ChangeOfSupplier => "E03",
            BusinessReason::Cancellation => "E05",
            BusinessReason::UnrequestedChangeOfSupplier => "E06",
            BusinessReason::DataAlignment => "E0G",
            BusinessReason::EndOfSupply => "E20",
            BusinessReason::UpdateMeteringPoint => "E32",
            BusinessReason::UpdateCustomer => "E34",
            BusinessReason::MeterReadingOnDemand => "E53",
            BusinessReason::ChangeOfBalanceResponsible => "E56",
            BusinessReason::MoveIn => "E65",
            BusinessReason::MoveOut => "E66",
            BusinessReason::PlacementOfMeter => "E67",
            BusinessReason::ChangeOfMeteringMethod => "E75",
            BusinessReason::ChangeOfConnectionState => "E79",
            BusinessReason::ChangeOfAnnualVolume => "E80",
            BusinessReason::UpdateMeter => "E84",
            BusinessReason::RollBackChangeOfSupplier => "D07",
            BusinessReason::IncorrectProcess => "D11",
            BusinessReason::CancelMeterReading => "D12",
            BusinessReason::SupplierOfLastResort => "D13",
            BusinessReason::CloseDownMeteringPoint => "D14",
            BusinessReason::ConnectMeteringPoint => "D15",
            BusinessReason::MergeOfGrids => "D16",
            BusinessReason::UpdateSettlementData => "D17",
            BusinessReason::ElectricalHeating => "D20",
            BusinessReason::MoveInForAnotherReason => "D21",
            BusinessReason::ServiceRequest => "D22",
            BusinessReason::ReminderToSupplier => "D23",
            BusinessReason::ProposalOfContact => "D28",
            BusinessReason::SecondaryMoveIn => "D29",
            BusinessReason::ShortNotice => "D30",
            BusinessReason::TransferOfMeteringPoint => "D31",
            BusinessReason::IncorrectMove => "D33",
            BusinessReason::EndOfSupplyByReallocation => "D34",
            BusinessReason::SupplyGoesOnReallocationRejected => "D35",
            BusinessReason::SupplyGoesOn => "D36",
            BusinessReason::CancelService => "D37",
            BusinessReason::EndOfSupplyShortNotice => "D38",
            BusinessReason::ProductionObligation => "D39",
            BusinessReason::RemovedParent => "D40",
            BusinessReason::NoDisconnection => "D41",
            BusinessReason::CancelledByRequester => "D44",
            BusinessReason::CancelledByHub => "D45",
            BusinessReason::IncorrectGridArea => "D46",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// How consumption is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SettlementMethod {
    Flex,
    Profiled,
    NonProfiled,
}

impl SettlementMethod {
    pub const ALL: [SettlementMethod; 3] =
        [SettlementMethod::Flex, SettlementMethod::Profiled, SettlementMethod::NonProfiled];

    pub const fn code(self) -> &'static str {
        match self {
            SettlementMethod::Flex => "D01",
            SettlementMethod::Profiled => "E01",
            SettlementMethod::NonProfiled => "E02",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// How a metering point comes by its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MeteringMethod {
    Physical,
    Virtual,
    Calculated,
}

impl MeteringMethod {
    pub const ALL: [MeteringMethod; 3] =
        [MeteringMethod::Physical, MeteringMethod::Virtual, MeteringMethod::Calculated];

    pub const fn code(self) -> &'static str {
        match self {
            MeteringMethod::Physical => "D01",
            MeteringMethod::Virtual => "D02",
            MeteringMethod::Calculated => "D03",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// How a power plant is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConnectionType {
    Direct,
    Installation,
}

impl ConnectionType {
    pub const ALL: [ConnectionType; 2] = [ConnectionType::Direct, ConnectionType::Installation];

    pub const fn code(self) -> &'static str {
        match self {
            ConnectionType::Direct => "D01",
            ConnectionType::Installation => "D02",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// How a metering point is disconnected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisconnectionMethod {
    Remote,
    Manual,
}

impl DisconnectionMethod {
    pub const ALL: [DisconnectionMethod; 2] = [DisconnectionMethod::Remote, DisconnectionMethod::Manual];

    pub const fn code(self) -> &'static str {
        match self {
            DisconnectionMethod::Remote => "D01",
            DisconnectionMethod::Manual => "D02",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// What a customer's address is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AddressType {
    Technical,
    Juridical,
}

impl AddressType {
    pub const ALL: [AddressType; 2] = [AddressType::Technical, AddressType::Juridical];

    pub const fn code(self) -> &'static str {
        match self {
            AddressType::Technical => "D01",
            AddressType::Juridical => "D04",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// What is measured. `Tariff` is for charges that are settled like energy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnergyProduct {
    ActivePower,
    ReactivePower,
    ActiveEnergy,
    ReactiveEnergy,
    FuelQuantity,
    Tariff,
}

impl EnergyProduct {
    pub const ALL: [EnergyProduct; 6] = [
        EnergyProduct::ActivePower,
        EnergyProduct::ReactivePower,
        EnergyProduct::ActiveEnergy,
        EnergyProduct::ReactiveEnergy,
        EnergyProduct::FuelQuantity,
        EnergyProduct::Tariff,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            EnergyProduct::ActivePower => "8716867000016",
            EnergyProduct::ReactivePower => "8716867000023",
            EnergyProduct::ActiveEnergy => "8716867000030",
            EnergyProduct::ReactiveEnergy => "8716867000047",
            EnergyProduct::FuelQuantity => "5790001330606",
            EnergyProduct::Tariff => "5790001330590",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// What it is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EnergyUnit {
    KilowattHour,
    MegawattHour,
    Kilowatt,
    Megawatt,
    KilovarHour,
    Megavar,
    Tonne,
    Ampere,
    Piece,
    TariffCode,
}

impl EnergyUnit {
    pub const ALL: [EnergyUnit; 10] = [
        EnergyUnit::KilowattHour,
        EnergyUnit::MegawattHour,
        EnergyUnit::Kilowatt,
        EnergyUnit::Megawatt,
        EnergyUnit::KilovarHour,
        EnergyUnit::Megavar,
        EnergyUnit::Tonne,
        EnergyUnit::Ampere,
        EnergyUnit::Piece,
        EnergyUnit::TariffCode,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            EnergyUnit::KilowattHour => "KWH",
            EnergyUnit::MegawattHour => "MWH",
            EnergyUnit::Kilowatt => "KWT",
            EnergyUnit::Megawatt => "MAW",
            EnergyUnit::KilovarHour => "K3",
            EnergyUnit::Megavar => "Z03",
            EnergyUnit::Tonne => "TNE",
            EnergyUnit::Ampere => "AMP",
            EnergyUnit::Piece => "H87",
            EnergyUnit::TariffCode => "Z14",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// Whether the list of units that master data documents use has it; the others cannot be told there.
    pub const fn is_told_in_master_data(self) -> bool {
        matches!(
            self,
            EnergyUnit::KilowattHour
                | EnergyUnit::MegawattHour
                | EnergyUnit::Kilowatt
                | EnergyUnit::Megawatt
                | EnergyUnit::Ampere
        )
    }
}

/// What a power plant runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AssetType {
    SteamTurbineBackPressure,
    GasTurbine,
    CombinedCycle,
    CombustionEngineGas,
    SteamTurbineCondensation,
    Boiler,
    StirlingEngine,
    PermanentStorage,
    TemporaryStorage,
    FuelCells,
    Photovoltaic,
    Wind,
    Hydro,
    Wave,
    MixedProduction,
    ProductionWithStorage,
    PowerToX,
    RegenerativeDemand,
    DieselEngine,
    BioEngine,
    NoTechnology,
    UnknownTechnology,
}

impl AssetType {
    pub const ALL: [AssetType; 22] = [
        AssetType::SteamTurbineBackPressure,
        AssetType::GasTurbine,
        AssetType::CombinedCycle,
        AssetType::CombustionEngineGas,
        AssetType::SteamTurbineCondensation,
        AssetType::Boiler,
        AssetType::StirlingEngine,
        AssetType::PermanentStorage,
        AssetType::TemporaryStorage,
        AssetType::FuelCells,
        AssetType::Photovoltaic,
        AssetType::Wind,
        AssetType::Hydro,
        AssetType::Wave,
        AssetType::MixedProduction,
        AssetType::ProductionWithStorage,
        AssetType::PowerToX,
        AssetType::RegenerativeDemand,
        AssetType::DieselEngine,
        AssetType::BioEngine,
        AssetType::NoTechnology,
        AssetType::UnknownTechnology,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            AssetType::SteamTurbineBackPressure => "D01",
            AssetType::GasTurbine => "D02",
            AssetType::CombinedCycle => "D03",
            AssetType::CombustionEngineGas => "D04",
            AssetType::SteamTurbineCondensation => "D05",
            AssetType::Boiler => "D06",
            AssetType::StirlingEngine => "D07",
            AssetType::PermanentStorage => "D08",
            AssetType::TemporaryStorage => "D09",
            AssetType::FuelCells => "D10",
            AssetType::Photovoltaic => "D11",
            AssetType::Wind => "D12",
            AssetType::Hydro => "D13",
            AssetType::Wave => "D14",
            AssetType::MixedProduction => "D15",
            AssetType::ProductionWithStorage => "D16",
            AssetType::PowerToX => "D17",
            AssetType::RegenerativeDemand => "D18",
            AssetType::DieselEngine => "D19",
            AssetType::BioEngine => "D20",
            AssetType::NoTechnology => "D98",
            AssetType::UnknownTechnology => "D99",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// What a grid company may be asked to do, in the codes of CIM. In ebIX the first two are the other way round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServiceRequest {
    Disconnect,
    CloseDown,
    Connect,
    ReadMeter,
    CheckMeter,
    ChangeToFlex,
    ChangeToNonProfiled,
    /// Because the supply ends.
    DisconnectEndOfSupply,
    DisconnectWithMunicipality,
    DisconnectWithPolice,
    DisconnectWithBailiff,
    /// Ordinary, agreed with the customer.
    DisconnectAsAgreed,
    Other,
    SetUpElectricalHeating,
    RemoveElectricalHeating,
}

impl ServiceRequest {
    pub const ALL: [ServiceRequest; 15] = [
        ServiceRequest::Disconnect,
        ServiceRequest::CloseDown,
        ServiceRequest::Connect,
        ServiceRequest::ReadMeter,
        ServiceRequest::CheckMeter,
        ServiceRequest::ChangeToFlex,
        ServiceRequest::ChangeToNonProfiled,
        ServiceRequest::DisconnectEndOfSupply,
        ServiceRequest::DisconnectWithMunicipality,
        ServiceRequest::DisconnectWithPolice,
        ServiceRequest::DisconnectWithBailiff,
        ServiceRequest::DisconnectAsAgreed,
        ServiceRequest::Other,
        ServiceRequest::SetUpElectricalHeating,
        ServiceRequest::RemoveElectricalHeating,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            ServiceRequest::Disconnect => "D01",
            ServiceRequest::CloseDown => "D02",
            ServiceRequest::Connect => "D03",
            ServiceRequest::ReadMeter => "D04",
            ServiceRequest::CheckMeter => "D05",
            ServiceRequest::ChangeToFlex => "D06",
            ServiceRequest::ChangeToNonProfiled => "D07",
            ServiceRequest::DisconnectEndOfSupply => "D08",
            ServiceRequest::DisconnectWithMunicipality => "D09",
            ServiceRequest::DisconnectWithPolice => "D10",
            ServiceRequest::DisconnectWithBailiff => "D11",
            ServiceRequest::DisconnectAsAgreed => "D12",
            ServiceRequest::Other => "D13",
            ServiceRequest::SetUpElectricalHeating => "D14",
            ServiceRequest::RemoveElectricalHeating => "D15",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// The code in ebIX, where the service has one; every way to disconnect is the one that there is.
    pub const fn ebix_code(self) -> Option<&'static str> {
        match self {
            ServiceRequest::CloseDown => Some("D01"),
            ServiceRequest::Disconnect
            | ServiceRequest::DisconnectEndOfSupply
            | ServiceRequest::DisconnectWithMunicipality
            | ServiceRequest::DisconnectWithPolice
            | ServiceRequest::DisconnectWithBailiff
            | ServiceRequest::DisconnectAsAgreed => Some("D02"),
            ServiceRequest::Connect => Some("D03"),
            _ => None,
        }
    }

    /// ebIX names no others; what it reserves is turned down (D60).
    pub fn from_ebix_code(code: &str) -> Option<Self> {
        match code {
            "D01" => Some(ServiceRequest::CloseDown),
            "D02" => Some(ServiceRequest::Disconnect),
            "D03" => Some(ServiceRequest::Connect),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_and_stands_in_the_markets_list() {
        let lists = include_str!("../../message-specs/dk/codes.xsd");
        let listed = |list: &str, code: &str| {
            let from = lists.find(&format!("simpleType name=\"{list}\"")).expect(list);
            let to = from + lists[from..].find("</simpleType>").expect(list);
            lists[from..to].contains(&format!("value=\"{code}\""))
        };
        for it in BusinessReason::ALL {
            assert!(BusinessReason::from_code(it.code()) == Some(it) && listed("ProcessTypeList", it.code()), "{it:?}");
        }
        for it in SettlementMethod::ALL {
            assert!(
                SettlementMethod::from_code(it.code()) == Some(it) && listed("SettlementMethodTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in MeteringMethod::ALL {
            assert!(
                MeteringMethod::from_code(it.code()) == Some(it) && listed("MeteringMethodTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in ConnectionType::ALL {
            assert!(
                ConnectionType::from_code(it.code()) == Some(it) && listed("MPConnectionTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in DisconnectionMethod::ALL {
            assert!(
                DisconnectionMethod::from_code(it.code()) == Some(it)
                    && listed("DisconnectionMethodTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in AddressType::ALL {
            assert!(AddressType::from_code(it.code()) == Some(it) && listed("AddressTypeList", it.code()), "{it:?}");
        }
        for it in EnergyProduct::ALL {
            assert!(
                EnergyProduct::from_code(it.code()) == Some(it) && listed("EnergyProductTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in AssetType::ALL {
            assert!(AssetType::from_code(it.code()) == Some(it) && listed("AssetTypeList", it.code()), "{it:?}");
        }
        for it in ServiceRequest::ALL {
            assert!(
                ServiceRequest::from_code(it.code()) == Some(it) && listed("ServiceRequestTypeList", it.code()),
                "{it:?}"
            );
        }
        for it in EnergyUnit::ALL {
            assert_eq!(EnergyUnit::from_code(it.code()), Some(it));
            assert_eq!(listed("UnitOfMeasureTypeList", it.code()), it.is_told_in_master_data(), "{it:?}");
        }
    }

    #[test]
    fn disconnecting_and_closing_down_change_places_in_ebix() {
        assert_eq!((ServiceRequest::Disconnect.code(), ServiceRequest::Disconnect.ebix_code()), ("D01", Some("D02")));
        assert_eq!((ServiceRequest::CloseDown.code(), ServiceRequest::CloseDown.ebix_code()), ("D02", Some("D01")));
        assert_eq!(ServiceRequest::DisconnectEndOfSupply.ebix_code(), Some("D02"));
        assert_eq!(ServiceRequest::ReadMeter.ebix_code(), None);
        assert_eq!(ServiceRequest::from_ebix_code("D02"), Some(ServiceRequest::Disconnect));
        assert_eq!(ServiceRequest::from_ebix_code("D04"), None);
    }
}
