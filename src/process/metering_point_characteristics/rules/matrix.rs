//! Which master data a metering point of which type must have, may have, and cannot have: a table. Source: metering-points 6.
//!
//! There are two profiles. In the base profile what a type cannot have is dropped without a word, as the market's systems do; in
//! the strict one it is rejected.

use Demand::{Drop, If, Optional, Refused, Required};

use super::Rule;
use super::fields::Step;
use crate::market::{AssetType, MeteringMethod, MeteringPointType};
use crate::process::market_documents::Address;
use crate::process::metering_point_characteristics::Profile;
use crate::process::metering_points::MasterData;

/// What a type asks of a field.
#[derive(Clone, Copy)]
enum Demand {
    Required,
    Optional,
    /// What is said of it is not kept.
    Drop,
    /// It cannot be said; what was there before may stay, or be taken away.
    Refused(Rule, Addition),
    /// It depends; see the notes of the market's matrix.
    If(Condition),
}

/// When a field is required, from the rest of the master data.
type Condition = fn(&MasterData) -> bool;

/// Whether the first say anything of a field that the second do not.
type Addition = fn(&MasterData, &MasterData) -> bool;

struct Row {
    /// Consumption, production, exchange, exchange of reactive energy, all others.
    demand: [Demand; 5],
    /// Consumption, production, exchange, exchange of reactive energy, grid loss, heating and net consumption, analysis and
    /// internal use, all others.
    strict: [Demand; 8],
    /// What is broken when it is missing: where a metering point is created, and where it is updated.
    missing: [Rule; 2],
    /// It is not missing when it was given, and is not known.
    unknown: Option<Rule>,
    has: fn(&MasterData) -> bool,
    drop: fn(&mut MasterData),
}

/// Why these master data are not whole, or are what their type cannot have; what it is to drop is dropped.
///
/// An update is not answerable for what was missing before it.
pub fn hold(
    kind: MeteringPointType,
    master: &mut MasterData,
    before: Option<&MasterData>,
    values: &[Rule],
    profile: Profile,
) -> Vec<Rule> {
    let step = if before.is_some() { Step::Update } else { Step::Create };
    let nothing = MasterData::default();
    let mut broken = Vec::new();
    for row in ROWS {
        let demand = match profile {
            Profile::Base => row.demand[column(kind)],
            Profile::Strict => row.strict[strict_column(kind)],
        };
        let asked = |it: &MasterData| match demand {
            Required => true,
            If(condition) => condition(it),
            Optional | Drop | Refused(..) => false,
        };
        let is_missing = |it: &MasterData| asked(it) && !(row.has)(it);
        if let Drop = demand {
            (row.drop)(master);
        } else if let Refused(rule, adds) = demand
            && adds(master, before.unwrap_or(&nothing))
        {
            broken.push(rule);
        } else if is_missing(master)
            && !before.is_some_and(is_missing)
            && row.unknown.is_none_or(|unknown| !values.contains(&unknown))
        {
            broken.push(row.missing[step as usize]);
        }
    }
    let exchanges = adds_exchange(master, before.unwrap_or(&nothing));
    if profile == Profile::Strict && kind != MeteringPointType::Exchange && exchanges {
        broken.push(Rule::ExchangeGridAreasNotAllowed);
    }
    broken.extend(conditions(kind, master, step));
    broken
}

/// C1, C2, C3, C6 and the clean-up of 9.2: what may be there only under a condition, and only so.
fn conditions(kind: MeteringPointType, master: &mut MasterData, step: Step) -> Vec<Rule> {
    let mut broken = Vec::new();
    let is_created = step == Step::Create;
    let group = master.net_settlement_group;
    let is_main = is_main(kind);
    if kind == MeteringPointType::Consumption {
        match master.next_reading_date {
            Some((_, day)) if group == Some(6) && day != 1 => broken.push(Rule::ScheduledReadingDateMustBeFirstOfMonth),
            Some(_) if group.is_some_and(|it| it != 6) && is_created => {
                broken.push(Rule::ScheduledReadingDateNotAllowed)
            }
            _ => {}
        }
    }
    if !is_created && group != Some(6) {
        master.next_reading_date = None;
    }
    if is_main && master.connection_type.is_some() {
        match group {
            Some(0) if is_created => broken.push(Rule::ConnectionTypeNotAllowed),
            Some(0) => master.connection_type = None,
            Some(3 | 6) if master.connection_type != Some(crate::market::ConnectionType::Installation) => {
                broken.push(Rule::ConnectionTypeMustBeInstallation);
            }
            _ => {}
        }
    }
    if is_main && is_net_settled(master) && master.asset_type == Some(AssetType::NoTechnology) {
        broken.push(Rule::AssetTypeMustBeATechnology);
    }
    if master.meter.is_some()
        && matches!(master.metering_method, Some(MeteringMethod::Virtual | MeteringMethod::Calculated))
    {
        if is_created {
            broken.push(Rule::MeterNotAllowed);
        } else {
            master.meter = None;
        }
    }
    broken
}

fn column(kind: MeteringPointType) -> usize {
    match kind {
        MeteringPointType::Consumption => 0,
        MeteringPointType::Production => 1,
        MeteringPointType::Exchange => 2,
        MeteringPointType::ExchangeReactiveEnergy => 3,
        _ => 4,
    }
}

fn strict_column(kind: MeteringPointType) -> usize {
    use MeteringPointType::*;
    match kind {
        Consumption => 0,
        Production => 1,
        Exchange => 2,
        ExchangeReactiveEnergy => 3,
        GridLossCorrection => 4,
        ElectricalHeating | NetConsumption => 5,
        Analysis | InternalUse => 6,
        _ => 7,
    }
}

/// Whether it is of the types that net settlement is about.
pub fn is_main(kind: MeteringPointType) -> bool {
    matches!(kind, MeteringPointType::Consumption | MeteringPointType::Production)
}

fn is_net_settled(it: &MasterData) -> bool {
    it.net_settlement_group.is_some_and(|group| group != 0)
}

/// C1: consumption of net settlement group 6 is read once a year.
fn is_read_yearly(it: &MasterData) -> bool {
    it.net_settlement_group == Some(6)
}

/// C5.
fn wants_power_plant(it: &MasterData) -> bool {
    it.net_settlement_group.is_some_and(|group| group != 0 && group != 99)
}

/// C6.
fn has_a_meter(it: &MasterData) -> bool {
    it.metering_method == Some(MeteringMethod::Physical)
}

/// C8.
fn has_a_reference(it: &MasterData) -> bool {
    it.address_reference.is_some()
}

fn part(part: fn(&Address) -> &Option<String>, it: &MasterData) -> bool {
    part(&it.address).is_some()
}

const ALL: [Demand; 5] = [Required; 5];
const MAIN_AND_EXCHANGE: [Demand; 5] = [Required, Required, Required, Optional, Optional];
const MAIN: [Demand; 5] = [Required, Required, Optional, Optional, Optional];
/// The same in the strict profile.
const EVERY: [Demand; 8] = [Required; 8];
const OF_MAIN: [Demand; 8] = [Required, Required, Optional, Optional, Optional, Optional, Optional, Optional];
const OF_MAIN_AND_EXCHANGE: [Demand; 8] =
    [Required, Required, Required, Optional, Optional, Optional, Optional, Optional];

/// What cannot be said in the strict profile.
const NO_SETTLEMENT: Demand =
    Refused(Rule::SettlementMethodNotAllowed, |it, was| adds(&it.settlement_method, &was.settlement_method));
const NO_GROUP: Demand =
    Refused(Rule::NetSettlementGroupNotAllowed, |it, was| adds(&it.net_settlement_group, &was.net_settlement_group));
const NO_READING_DATE: Demand =
    Refused(Rule::ScheduledReadingDateNotForProduction, |it, was| adds(&it.next_reading_date, &was.next_reading_date));
const NO_DISCONNECTION: Demand =
    Refused(Rule::DisconnectionTypeNotAllowed, |it, was| adds(&it.disconnection_method, &was.disconnection_method));
const NO_CONNECTION: Demand =
    Refused(Rule::ConnectionTypeNotOfType, |it, was| adds(&it.connection_type, &was.connection_type));
const NO_ASSET: Demand = Refused(Rule::AssetTypeNotAllowed, |it, was| adds(&it.asset_type, &was.asset_type));
const NO_CAPACITY: Demand = Refused(Rule::CapacityNotAllowed, |it, was| adds(&it.capacity, &was.capacity));
const NO_PLANT: Demand = Refused(Rule::PowerPlantNotAllowed, |it, was| adds(&it.power_plant, &was.power_plant));
const NO_LIMITS: Demand = Refused(Rule::PowerLimitsNotAllowed, |it, was| {
    adds(&it.maximum_power, &was.maximum_power) || adds(&it.maximum_current, &was.maximum_current)
});
const NO_REFERENCE: Demand =
    Refused(Rule::AddressReferenceNotAllowed, |it, was| adds(&it.address_reference, &was.address_reference));
const NO_ACTUAL_ADDRESS: Demand =
    Refused(Rule::ActualAddressNotAllowed, |it, was| adds(&it.is_actual_address, &was.is_actual_address));

fn adds<T: PartialEq>(is: &Option<T>, was: &Option<T>) -> bool {
    is.is_some() && is != was
}

fn adds_exchange(it: &MasterData, was: &MasterData) -> bool {
    adds(&it.from_grid_area, &was.from_grid_area) || adds(&it.to_grid_area, &was.to_grid_area)
}

/// What consumption and production are asked, and nobody else may say.
const fn of_main_alone(consumption: Demand, production: Demand, no: Demand) -> [Demand; 8] {
    [consumption, production, no, no, no, no, no, no]
}

/// What everybody may say but those of one column.
const fn but_for(column: usize, no: Demand) -> [Demand; 8] {
    let mut demands = [Optional; 8];
    demands[column] = no;
    demands
}

/// In the order in which what is missing is told.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { demand: ALL, strict: EVERY, missing: [Rule::ProductIsRequired; 2], unknown: Some(Rule::ProductMustBeKnown), has: |it| it.product.is_some(), drop: |_| {} },
    Row { demand: ALL, strict: EVERY, missing: [Rule::UnitIsRequired; 2], unknown: Some(Rule::UnitMustBeKnown), has: |it| it.unit.is_some(), drop: |_| {} },
    Row { demand: ALL, strict: EVERY, missing: [Rule::ReadCycleIsRequired; 2], unknown: Some(Rule::ReadCycleMustBeKnown), has: |it| it.read_cycle.is_some(), drop: |_| {} },
    Row { demand: ALL, strict: EVERY, missing: [Rule::MeteringMethodMustBeKnown, Rule::MeteringMethodCannotBeRemoved], unknown: Some(Rule::MeteringMethodMustBeKnown), has: |it| it.metering_method.is_some(), drop: |_| {} },
    Row { demand: [Required, Drop, Drop, Drop, Drop], strict: [Required, NO_SETTLEMENT, NO_SETTLEMENT, NO_SETTLEMENT, Required, NO_SETTLEMENT, NO_SETTLEMENT, NO_SETTLEMENT], missing: [Rule::SettlementMethodIsRequired; 2], unknown: Some(Rule::SettlementMethodMustBeKnown), has: |it| it.settlement_method.is_some(), drop: |it| it.settlement_method = None },
    Row { demand: MAIN, strict: of_main_alone(Required, Required, NO_GROUP), missing: [Rule::NetSettlementGroupIsRequired; 2], unknown: Some(Rule::NetSettlementGroupMustBeKnown), has: |it| it.net_settlement_group.is_some(), drop: |_| {} },
    Row { demand: [If(is_read_yearly), Drop, Optional, Optional, Optional], strict: [If(is_read_yearly), NO_READING_DATE, Optional, Optional, Optional, Optional, Optional, Optional], missing: [Rule::ScheduledReadingDateIsRequired; 2], unknown: Some(Rule::ScheduledReadingDateForm), has: |it| it.next_reading_date.is_some(), drop: |it| it.next_reading_date = None },
    Row { demand: MAIN_AND_EXCHANGE, strict: of_main_alone(Required, Required, NO_DISCONNECTION), missing: [Rule::DisconnectionTypeIsRequired, Rule::DisconnectionTypeCannotBeRemoved], unknown: Some(Rule::DisconnectionTypeMustBeKnown), has: |it| it.disconnection_method.is_some(), drop: |_| {} },
    Row { demand: [If(is_net_settled), If(is_net_settled), Optional, Optional, Optional], strict: of_main_alone(If(is_net_settled), If(is_net_settled), NO_CONNECTION), missing: [Rule::ConnectionTypeIsRequired; 2], unknown: Some(Rule::ConnectionTypeMustBeKnownInUpdate), has: |it| it.connection_type.is_some(), drop: |_| {} },
    Row { demand: [If(is_net_settled), Required, Optional, Optional, Optional], strict: of_main_alone(If(is_net_settled), Required, NO_ASSET), missing: [Rule::AssetTypeIsRequired; 2], unknown: Some(Rule::AssetTypeMustBeKnown), has: |it| it.asset_type.is_some(), drop: |_| {} },
    Row { demand: [If(is_net_settled), Optional, Optional, Optional, Optional], strict: [If(is_net_settled), If(is_net_settled), NO_CAPACITY, NO_CAPACITY, NO_CAPACITY, NO_CAPACITY, NO_CAPACITY, Optional], missing: [Rule::CapacityIsRequired; 2], unknown: Some(Rule::CapacityForm), has: |it| it.capacity.is_some(), drop: |_| {} },
    Row { demand: [If(wants_power_plant), Required, Optional, Optional, Optional], strict: [If(wants_power_plant), If(is_net_settled), NO_PLANT, NO_PLANT, NO_PLANT, NO_PLANT, NO_PLANT, Required], missing: [Rule::PowerPlantIsRequired; 2], unknown: Some(Rule::PowerPlantMustBeGsrn), has: |it| it.power_plant.is_some(), drop: |_| {} },
    Row { demand: [If(has_a_meter); 5], strict: [If(has_a_meter); 8], missing: [Rule::MeterIsRequired; 2], unknown: Some(Rule::MeterNumberLength), has: |it| it.meter.is_some(), drop: |_| {} },
    Row { demand: [Drop, Drop, Required, Drop, Drop], strict: [Optional, Optional, Required, Optional, Optional, Optional, Optional, Optional], missing: [Rule::ExchangeGridAreasAreRequired; 2], unknown: None, has: |it| it.from_grid_area.is_some() && it.to_grid_area.is_some(), drop: |it| (it.from_grid_area, it.to_grid_area) = (None, None) },
    Row { demand: [Optional; 5], strict: but_for(4, NO_LIMITS), missing: [Rule::PowerLimitForm; 2], unknown: None, has: |it| it.maximum_power.is_some() || it.maximum_current.is_some(), drop: |_| {} },
    Row { demand: ALL, strict: OF_MAIN, missing: [Rule::StreetNameIsRequired; 2], unknown: Some(Rule::StreetNameLength), has: |it| part(|it| &it.street, it), drop: |_| {} },
    Row { demand: MAIN_AND_EXCHANGE, strict: OF_MAIN_AND_EXCHANGE, missing: [Rule::StreetCodeIsRequired; 2], unknown: Some(Rule::StreetCodeForm), has: |it| part(|it| &it.street_code, it), drop: |_| {} },
    Row { demand: MAIN_AND_EXCHANGE, strict: OF_MAIN_AND_EXCHANGE, missing: [Rule::BuildingNumberIsRequired; 2], unknown: Some(Rule::BuildingNumberForm), has: |it| part(|it| &it.number, it), drop: |_| {} },
    Row { demand: MAIN_AND_EXCHANGE, strict: OF_MAIN_AND_EXCHANGE, missing: [Rule::MunicipalityIsRequired; 2], unknown: Some(Rule::MunicipalityCodeForm), has: |it| part(|it| &it.municipality_code, it), drop: |_| {} },
    Row { demand: MAIN_AND_EXCHANGE, strict: of_main_alone(Required, Required, NO_REFERENCE), missing: [Rule::AddressReferenceIsRequired; 2], unknown: Some(Rule::AddressReferenceForm), has: |it| it.address_reference.is_some(), drop: |_| {} },
    Row { demand: MAIN, strict: OF_MAIN, missing: [Rule::CityIsRequired; 2], unknown: Some(Rule::CityLength), has: |it| part(|it| &it.city, it), drop: |_| {} },
    Row { demand: MAIN, strict: OF_MAIN, missing: [Rule::PostCodeIsRequired; 2], unknown: Some(Rule::PostCodeForm), has: |it| part(|it| &it.post_code, it), drop: |_| {} },
    Row { demand: ALL, strict: EVERY, missing: [Rule::CountryMustBeDenmark, Rule::CountryIsRequired], unknown: Some(Rule::CountryMustBeDenmark), has: |it| part(|it| &it.country, it), drop: |_| {} },
    Row { demand: [If(has_a_reference); 5], strict: of_main_alone(Required, Required, NO_ACTUAL_ADDRESS), missing: [Rule::ActualAddressIsRequired; 2], unknown: None, has: |it| it.is_actual_address.is_some(), drop: |_| {} },
];
