//! What an RSM-021 can break, with the code that answers it and what is said. Source: metering-points 3, 6 to 10, 13.

use crate::market::ReasonCode;
use crate::process::market_documents::Reason;

/// A rule of metering points' master data and states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    InvalidGsrn,
    EffectiveDateIsRequired,
    EffectiveDateMustBeLocalMidnight,
    MeteringPointTypeIsRequired,
    MeteringPointTypeMustBeKnown,
    CountryMustBeDenmark,
    AssetTypeMustBeKnown,
    PowerPlantMustBeGsrn,
    CapacityForm,
    MeterNumberLength,
    MeteringMethodMustBeKnown,
    ConnectionTypeMustBeKnown,
    ConnectionTypeMustBeKnownInUpdate,
    ScheduledReadingDateForm,
    NetSettlementGroupMustBeKnown,
    ReadCycleIsRequired,
    DisconnectionTypeMustBeKnown,
    ParentMustBeGsrn,
    GridAreaIsRequired,
    GridAreaLength,
    StateMustBeNewOrConnected,
    ReactiveExchangeHasNoGridAreas,
    GridAreasCannotBeUpdated,
    RequestedStateIsRequired,
    MeteringPointIsNew,
    UnknownGridArea,
    SenderMustBeRegistered,
    SenderMustOperateGridArea,
    UnknownMeteringPoint,
    MeteringPointOfAnother,
    NoDelegation,
    EffectiveDateOutsideWindow,
    ProcessIsNotOffered,
    ProductMustBeKnown,
    UnitMustBeKnown,
    ReadCycleMustBeKnown,
    SettlementMethodMustBeKnown,
    PowerLimitForm,
    CurrentLimitForm,
    StreetNameLength,
    StreetCodeForm,
    BuildingNumberForm,
    FloorLength,
    RoomLength,
    CityLength,
    PostCodeForm,
    CitySubdivisionLength,
    MunicipalityCodeForm,
    LocationDescriptionLength,
    AddressReferenceForm,
    ProductIsRequired,
    UnitIsRequired,
    MeteringMethodCannotBeRemoved,
    SettlementMethodIsRequired,
    NetSettlementGroupIsRequired,
    ScheduledReadingDateIsRequired,
    ScheduledReadingDateMustBeFirstOfMonth,
    ScheduledReadingDateNotAllowed,
    DisconnectionTypeIsRequired,
    DisconnectionTypeCannotBeRemoved,
    ConnectionTypeIsRequired,
    ConnectionTypeNotAllowed,
    ConnectionTypeMustBeInstallation,
    AssetTypeIsRequired,
    AssetTypeMustBeATechnology,
    CapacityIsRequired,
    PowerPlantIsRequired,
    MeterIsRequired,
    MeterNotAllowed,
    ExchangeGridAreasAreRequired,
    UnknownExchangeGridArea,
    StreetNameIsRequired,
    StreetCodeIsRequired,
    BuildingNumberIsRequired,
    MunicipalityIsRequired,
    AddressReferenceIsRequired,
    CityIsRequired,
    PostCodeIsRequired,
    CountryIsRequired,
    ActualAddressIsRequired,
    ReadCycleMustSuitType,
    ProductMustSuitType,
    UnitMustSuitType,
    MeteringMethodMustSuitNetSettlementGroup,
    MeteringMethodMustSuitType,
    CalculatedMustStayCalculated,
    SettlementCannotBeProfiled,
    ScheduledReadingDateCannotChange,
    UnknownParent,
    ParentInAnotherGridArea,
    ParentMustBeOfGroup1Or2,
    ChildMustSuitParent,
    ParentIsClosedDown,
    ReadCycleMustEqualParents,
    ClosedDown,
    MustBePhysicalToConnect,
    ParentIsRequiredToConnect,
    StateMustBeNew,
    SupplierIsRequired,
    RequestedStateMustBeKnown,
    StateDoesNotFit,
    ChildrenAreOpen,
    SupplierExists,
    MustBeProduction,
    ObligedSupplierIsRequired,
    TooManyVersions,
    TooManyChildren,
    // Of the strict profile alone.
    GridAreaMustBeDigits,
    HeatingIsNotChangedHere,
    ProductionObligationIsRequired,
    ProductionObligationNotAllowed,
    SettlementMethodNotAllowed,
    NetSettlementGroupNotAllowed,
    ScheduledReadingDateNotForProduction,
    DisconnectionTypeNotAllowed,
    ConnectionTypeNotOfType,
    AssetTypeNotAllowed,
    CapacityNotAllowed,
    PowerPlantNotAllowed,
    PowerLimitsNotAllowed,
    ExchangeGridAreasNotAllowed,
    AddressReferenceNotAllowed,
    ActualAddressNotAllowed,
    ParentMustBePhysical,
    OwnProductionMustSuitParent,
}

impl Rule {
    pub fn all() -> impl Iterator<Item = Rule> {
        TABLE.iter().map(|(rule, ..)| *rule)
    }

    /// As in the market's table, `message-specs/rules-metering-points.tsv`.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    pub fn code(self) -> ReasonCode {
        TABLE[self as usize].2
    }

    pub fn text(self) -> &'static str {
        TABLE[self as usize].3
    }
}

/// What is said of broken rules: each of them, with its code.
pub fn reasons(broken: &[Rule]) -> Vec<Reason> {
    broken.iter().map(|rule| Reason { code: rule.code().code().into(), text: Some(rule.text().into()) }).collect()
}

/// In the order of [`Rule`].
#[rustfmt::skip]
const TABLE: &[(Rule, &str, ReasonCode, &str)] = &[
    (Rule::InvalidGsrn, "InvalidGsrn", ReasonCode::D57, "the metering point's number is missing, or is no GSRN of Denmark"),
    (Rule::EffectiveDateIsRequired, "EffectiveDateIsRequired", ReasonCode::D02, "the effective date is missing"),
    (Rule::EffectiveDateMustBeLocalMidnight, "EffectiveDateMustBeLocalMidnight", ReasonCode::E86, "the effective date is not a local midnight, written in UTC"),
    (Rule::MeteringPointTypeIsRequired, "MeteringPointTypeIsRequired", ReasonCode::D02, "the metering point's type is missing"),
    (Rule::MeteringPointTypeMustBeKnown, "MeteringPointTypeMustBeKnown", ReasonCode::D18, "the metering point's type is not known"),
    (Rule::CountryMustBeDenmark, "CountryMustBeDenmark", ReasonCode::E86, "the country is not DK"),
    (Rule::AssetTypeMustBeKnown, "AssetTypeMustBeKnown", ReasonCode::D59, "the asset type is not known"),
    (Rule::PowerPlantMustBeGsrn, "PowerPlantMustBeGsrn", ReasonCode::D57, "the power plant's number is no GSRN"),
    (Rule::CapacityForm, "CapacityForm", ReasonCode::E86, "the capacity is no number, or has more than nine digits"),
    (Rule::MeterNumberLength, "MeterNumberLength", ReasonCode::E86, "the meter's number is longer than 15 characters"),
    (Rule::MeteringMethodMustBeKnown, "MeteringMethodMustBeKnown", ReasonCode::D02, "the metering method is missing or not known"),
    (Rule::ConnectionTypeMustBeKnown, "ConnectionTypeMustBeKnown", ReasonCode::D02, "the connection type is not known"),
    (Rule::ConnectionTypeMustBeKnownInUpdate, "ConnectionTypeMustBeKnownInUpdate", ReasonCode::D66, "the connection type is not known"),
    (Rule::ScheduledReadingDateForm, "ScheduledReadingDateForm", ReasonCode::E86, "the scheduled reading date is no day of a year"),
    (Rule::NetSettlementGroupMustBeKnown, "NetSettlementGroupMustBeKnown", ReasonCode::D62, "there is no such net settlement group"),
    (Rule::ReadCycleIsRequired, "ReadCycleIsRequired", ReasonCode::D53, "the read cycle is missing"),
    (Rule::DisconnectionTypeMustBeKnown, "DisconnectionTypeMustBeKnown", ReasonCode::D65, "the disconnection type is not known"),
    (Rule::ParentMustBeGsrn, "ParentMustBeGsrn", ReasonCode::E10, "the parent's number is no GSRN"),
    (Rule::GridAreaIsRequired, "GridAreaIsRequired", ReasonCode::E10, "the grid area is missing"),
    (Rule::GridAreaLength, "GridAreaLength", ReasonCode::E86, "a grid area has three characters"),
    (Rule::StateMustBeNewOrConnected, "StateMustBeNewOrConnected", ReasonCode::D02, "the state asked for is neither new nor connected"),
    (Rule::ReactiveExchangeHasNoGridAreas, "ReactiveExchangeHasNoGridAreas", ReasonCode::D46, "exchange of reactive energy goes from and to no grid area"),
    (Rule::GridAreasCannotBeUpdated, "GridAreasCannotBeUpdated", ReasonCode::D46, "from and to which grid area energy goes cannot be changed"),
    (Rule::RequestedStateIsRequired, "RequestedStateIsRequired", ReasonCode::D02, "the state asked for is missing"),
    (Rule::MeteringPointIsNew, "MeteringPointIsNew", ReasonCode::E10, "there is, or was, a metering point of this number"),
    (Rule::UnknownGridArea, "UnknownGridArea", ReasonCode::E10, "there is no such grid area"),
    (Rule::SenderMustBeRegistered, "SenderMustBeRegistered", ReasonCode::E10, "the sender does not take part in the market"),
    (Rule::SenderMustOperateGridArea, "SenderMustOperateGridArea", ReasonCode::E0I, "the sender does not run the grid area"),
    (Rule::UnknownMeteringPoint, "UnknownMeteringPoint", ReasonCode::E10, "there is no such metering point"),
    (Rule::MeteringPointOfAnother, "MeteringPointOfAnother", ReasonCode::E10, "the metering point lies in another company's grid"),
    (Rule::NoDelegation, "NoDelegation", ReasonCode::D50, "whoever runs the grid area does not let the sender act for it"),
    (Rule::EffectiveDateOutsideWindow, "EffectiveDateOutsideWindow", ReasonCode::E17, "the effective date lies outside the time allowed"),
    (Rule::ProcessIsNotOffered, "ProcessIsNotOffered", ReasonCode::D40, "there is no such process of metering points"),
    (Rule::ProductMustBeKnown, "ProductMustBeKnown", ReasonCode::E29, "the product is not known"),
    (Rule::UnitMustBeKnown, "UnitMustBeKnown", ReasonCode::E73, "the unit is not known"),
    (Rule::ReadCycleMustBeKnown, "ReadCycleMustBeKnown", ReasonCode::D53, "the read cycle is not known"),
    (Rule::SettlementMethodMustBeKnown, "SettlementMethodMustBeKnown", ReasonCode::D15, "the settlement method is not known"),
    (Rule::PowerLimitForm, "PowerLimitForm", ReasonCode::E86, "the maximum power is no whole number up to 999999"),
    (Rule::CurrentLimitForm, "CurrentLimitForm", ReasonCode::E86, "the maximum current is no whole number up to 999999"),
    (Rule::StreetNameLength, "StreetNameLength", ReasonCode::E86, "the street's name is longer than 40 characters"),
    (Rule::StreetCodeForm, "StreetCodeForm", ReasonCode::E86, "the street's code is not four digits from 0001 on"),
    (Rule::BuildingNumberForm, "BuildingNumberForm", ReasonCode::E86, "the building's number is not one of Denmark's form, such as 12B"),
    (Rule::FloorLength, "FloorLength", ReasonCode::E86, "the floor is longer than four characters"),
    (Rule::RoomLength, "RoomLength", ReasonCode::E86, "the room is longer than four characters"),
    (Rule::CityLength, "CityLength", ReasonCode::E86, "the city's name is longer than 25 characters"),
    (Rule::PostCodeForm, "PostCodeForm", ReasonCode::E86, "the post code is not four digits"),
    (Rule::CitySubdivisionLength, "CitySubdivisionLength", ReasonCode::E86, "the part of the city is longer than 34 characters"),
    (Rule::MunicipalityCodeForm, "MunicipalityCodeForm", ReasonCode::E86, "the municipality's code does not lie between 100 and 999"),
    (Rule::LocationDescriptionLength, "LocationDescriptionLength", ReasonCode::E86, "the description of the location is longer than 60 characters"),
    (Rule::AddressReferenceForm, "AddressReferenceForm", ReasonCode::E86, "the address reference is no UUID, or that of nothing"),
    (Rule::ProductIsRequired, "ProductIsRequired", ReasonCode::D02, "the product is missing"),
    (Rule::UnitIsRequired, "UnitIsRequired", ReasonCode::E73, "the unit is missing"),
    (Rule::MeteringMethodCannotBeRemoved, "MeteringMethodCannotBeRemoved", ReasonCode::D64, "the metering method cannot be taken away"),
    (Rule::SettlementMethodIsRequired, "SettlementMethodIsRequired", ReasonCode::D15, "the settlement method is missing"),
    (Rule::NetSettlementGroupIsRequired, "NetSettlementGroupIsRequired", ReasonCode::D62, "the net settlement group is missing"),
    (Rule::ScheduledReadingDateIsRequired, "ScheduledReadingDateIsRequired", ReasonCode::E0H, "the scheduled reading date is missing"),
    (Rule::ScheduledReadingDateMustBeFirstOfMonth, "ScheduledReadingDateMustBeFirstOfMonth", ReasonCode::E0H, "the scheduled reading date is not the first day of a month"),
    (Rule::ScheduledReadingDateNotAllowed, "ScheduledReadingDateNotAllowed", ReasonCode::D02, "a scheduled reading date is for net settlement group 6 only"),
    (Rule::DisconnectionTypeIsRequired, "DisconnectionTypeIsRequired", ReasonCode::D02, "the disconnection type is missing"),
    (Rule::DisconnectionTypeCannotBeRemoved, "DisconnectionTypeCannotBeRemoved", ReasonCode::D65, "the disconnection type cannot be taken away"),
    (Rule::ConnectionTypeIsRequired, "ConnectionTypeIsRequired", ReasonCode::D66, "the connection type is missing"),
    (Rule::ConnectionTypeNotAllowed, "ConnectionTypeNotAllowed", ReasonCode::D02, "net settlement group 0 has no connection type"),
    (Rule::ConnectionTypeMustBeInstallation, "ConnectionTypeMustBeInstallation", ReasonCode::D55, "net settlement groups 3 and 6 are connected in the installation"),
    (Rule::AssetTypeIsRequired, "AssetTypeIsRequired", ReasonCode::D59, "the asset type is missing"),
    (Rule::AssetTypeMustBeATechnology, "AssetTypeMustBeATechnology", ReasonCode::D60, "net settlement wants a technology"),
    (Rule::CapacityIsRequired, "CapacityIsRequired", ReasonCode::D56, "the capacity is missing"),
    (Rule::PowerPlantIsRequired, "PowerPlantIsRequired", ReasonCode::D57, "the power plant is missing"),
    (Rule::MeterIsRequired, "MeterIsRequired", ReasonCode::D31, "the meter's number is missing although there is a meter"),
    (Rule::MeterNotAllowed, "MeterNotAllowed", ReasonCode::E86, "there is no meter to have a number"),
    (Rule::ExchangeGridAreasAreRequired, "ExchangeGridAreasAreRequired", ReasonCode::D46, "from and to which grid area energy goes is missing"),
    (Rule::UnknownExchangeGridArea, "UnknownExchangeGridArea", ReasonCode::D46, "there is no such grid area to exchange energy with"),
    (Rule::StreetNameIsRequired, "StreetNameIsRequired", ReasonCode::E86, "the street's name is missing"),
    (Rule::StreetCodeIsRequired, "StreetCodeIsRequired", ReasonCode::E86, "the street's code is missing"),
    (Rule::BuildingNumberIsRequired, "BuildingNumberIsRequired", ReasonCode::E86, "the building's number is missing"),
    (Rule::MunicipalityIsRequired, "MunicipalityIsRequired", ReasonCode::E86, "the municipality's code is missing"),
    (Rule::AddressReferenceIsRequired, "AddressReferenceIsRequired", ReasonCode::E86, "the address reference is missing"),
    (Rule::CityIsRequired, "CityIsRequired", ReasonCode::E86, "the city is missing"),
    (Rule::PostCodeIsRequired, "PostCodeIsRequired", ReasonCode::E86, "the post code is missing"),
    (Rule::CountryIsRequired, "CountryIsRequired", ReasonCode::E86, "the country is missing, or not DK"),
    (Rule::ActualAddressIsRequired, "ActualAddressIsRequired", ReasonCode::D63, "whether the address is the actual one is missing"),
    (Rule::ReadCycleMustSuitType, "ReadCycleMustSuitType", ReasonCode::D53, "metering points of this type are not read in this cycle"),
    (Rule::ProductMustSuitType, "ProductMustSuitType", ReasonCode::E29, "this product is not measured at metering points of this type"),
    (Rule::UnitMustSuitType, "UnitMustSuitType", ReasonCode::E73, "metering points of this type are not measured in this unit"),
    (Rule::MeteringMethodMustSuitNetSettlementGroup, "MeteringMethodMustSuitNetSettlementGroup", ReasonCode::D37, "net settlement is not measured by a meter"),
    (Rule::MeteringMethodMustSuitType, "MeteringMethodMustSuitType", ReasonCode::D37, "metering points of this type do not come by their values in this way"),
    (Rule::CalculatedMustStayCalculated, "CalculatedMustStayCalculated", ReasonCode::D37, "a calculated surplus stays calculated"),
    (Rule::SettlementCannotBeProfiled, "SettlementCannotBeProfiled", ReasonCode::D15, "consumption is not settled by a profile any more"),
    (Rule::ScheduledReadingDateCannotChange, "ScheduledReadingDateCannotChange", ReasonCode::D47, "the scheduled reading date of net settlement group 6 stays as it is"),
    (Rule::UnknownParent, "UnknownParent", ReasonCode::E10, "there is no such parent on the day"),
    (Rule::ParentInAnotherGridArea, "ParentInAnotherGridArea", ReasonCode::D46, "the parent lies in another grid area"),
    (Rule::ParentMustBeOfGroup1Or2, "ParentMustBeOfGroup1Or2", ReasonCode::D18, "metering points of the parent's type have no children"),
    (Rule::ChildMustSuitParent, "ChildMustSuitParent", ReasonCode::D18, "metering points of this type are no children of the parent's type"),
    (Rule::ParentIsClosedDown, "ParentIsClosedDown", ReasonCode::D16, "the parent is closed down"),
    (Rule::ReadCycleMustEqualParents, "ReadCycleMustEqualParents", ReasonCode::D53, "the read cycle is not that of the parent"),
    (Rule::ClosedDown, "ClosedDown", ReasonCode::D16, "the metering point is closed down"),
    (Rule::MustBePhysicalToConnect, "MustBePhysicalToConnect", ReasonCode::D37, "metering points of this type are connected with a meter only"),
    (Rule::ParentIsRequiredToConnect, "ParentIsRequiredToConnect", ReasonCode::D36, "exchange of reactive energy is connected as a child only"),
    (Rule::StateMustBeNew, "StateMustBeNew", ReasonCode::D16, "the metering point is not new"),
    (Rule::SupplierIsRequired, "SupplierIsRequired", ReasonCode::D36, "nobody supplies the metering point from the effective date on"),
    (Rule::RequestedStateMustBeKnown, "RequestedStateMustBeKnown", ReasonCode::D16, "a metering point is disconnected or connected again, nothing else"),
    (Rule::StateDoesNotFit, "StateDoesNotFit", ReasonCode::D16, "the metering point is not in the state to go from"),
    (Rule::ChildrenAreOpen, "ChildrenAreOpen", ReasonCode::D16, "the metering point has children that are not closed down"),
    (Rule::SupplierExists, "SupplierExists", ReasonCode::D35, "somebody supplies the metering point on the effective date"),
    (Rule::MustBeProduction, "MustBeProduction", ReasonCode::D18, "only production is obliged to produce"),
    (Rule::ObligedSupplierIsRequired, "ObligedSupplierIsRequired", ReasonCode::D36, "nobody supplies the metering point on the effective date"),
    (Rule::TooManyVersions, "TooManyVersions", ReasonCode::D52, "the metering point, or a parent of it, has 500 versions, and can be changed on no other day"),
    (Rule::TooManyChildren, "TooManyChildren", ReasonCode::D52, "the parent has 200 children, former ones counted, and can have no others"),
    (Rule::GridAreaMustBeDigits, "GridAreaMustBeDigits", ReasonCode::E86, "a grid area has three digits"),
    (Rule::HeatingIsNotChangedHere, "HeatingIsNotChangedHere", ReasonCode::D18, "electrical heating is neither created nor changed in this way"),
    (Rule::ProductionObligationIsRequired, "ProductionObligationIsRequired", ReasonCode::D02, "whether production is obliged to produce is missing"),
    (Rule::ProductionObligationNotAllowed, "ProductionObligationNotAllowed", ReasonCode::D18, "metering points of this type are not obliged to produce"),
    (Rule::SettlementMethodNotAllowed, "SettlementMethodNotAllowed", ReasonCode::D15, "metering points of this type have no settlement method"),
    (Rule::NetSettlementGroupNotAllowed, "NetSettlementGroupNotAllowed", ReasonCode::D62, "metering points of this type have no net settlement group"),
    (Rule::ScheduledReadingDateNotForProduction, "ScheduledReadingDateNotForProduction", ReasonCode::E0H, "production has no scheduled reading date"),
    (Rule::DisconnectionTypeNotAllowed, "DisconnectionTypeNotAllowed", ReasonCode::D02, "metering points of this type have no disconnection type"),
    (Rule::ConnectionTypeNotOfType, "ConnectionTypeNotOfType", ReasonCode::D66, "metering points of this type have no connection type"),
    (Rule::AssetTypeNotAllowed, "AssetTypeNotAllowed", ReasonCode::D59, "metering points of this type have no asset type"),
    (Rule::CapacityNotAllowed, "CapacityNotAllowed", ReasonCode::D56, "metering points of this type have no capacity"),
    (Rule::PowerPlantNotAllowed, "PowerPlantNotAllowed", ReasonCode::D57, "metering points of this type belong to no power plant"),
    (Rule::PowerLimitsNotAllowed, "PowerLimitsNotAllowed", ReasonCode::E86, "metering points of this type have no maximum power or current"),
    (Rule::ExchangeGridAreasNotAllowed, "ExchangeGridAreasNotAllowed", ReasonCode::D46, "metering points of this type exchange no energy between grid areas"),
    (Rule::AddressReferenceNotAllowed, "AddressReferenceNotAllowed", ReasonCode::E86, "metering points of this type have no address reference"),
    (Rule::ActualAddressNotAllowed, "ActualAddressNotAllowed", ReasonCode::D63, "of metering points of this type nobody says whether the address is the actual one"),
    (Rule::ParentMustBePhysical, "ParentMustBePhysical", ReasonCode::D37, "the parent of reactive exchange has a meter"),
    (Rule::OwnProductionMustSuitParent, "OwnProductionMustSuitParent", ReasonCode::D37, "own production below net settlement is not measured by a meter"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_a_row_in_the_markets_table_with_the_same_code() {
        let table = include_str!("../../../../message-specs/rules-metering-points.tsv");
        let rows: BTreeSet<(&str, &str)> = table
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let cells: Vec<&str> = line.split('\t').collect();
                assert_eq!(cells.len(), 6, "{line}");
                (cells[0], cells[1])
            })
            .collect();
        assert_eq!(rows, Rule::all().map(|rule| (rule.name(), rule.code().code())).collect());
    }

    #[test]
    fn rows_stand_in_the_order_of_the_rules_and_are_named_as_they_are_spelled() {
        for (place, rule) in Rule::all().enumerate() {
            assert_eq!((rule as usize, format!("{rule:?}").as_str()), (place, rule.name()));
        }
    }
}
