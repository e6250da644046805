//! Which values suit which type of metering point. Source: metering-points 6.1, 9.2 (8).

use super::Rule;
use super::matrix::is_main;
use crate::market::{EnergyProduct, EnergyUnit, MeteringMethod, MeteringPointType, SettlementMethod};
use crate::process::metering_point_characteristics::Profile;
use crate::process::metering_points::MasterData;

/// Every value that does not suit, of those that there are; `before` where they are updated.
pub fn hold(kind: MeteringPointType, master: &MasterData, before: Option<&MasterData>, profile: Profile) -> Vec<Rule> {
    use MeteringPointType::*;
    let strict = profile == Profile::Strict;
    let mut broken = Vec::new();
    let mut ask = |holds: bool, rule: Rule| {
        if !holds {
            broken.push(rule);
        }
    };
    let cycles: &[&str] = match kind {
        VeProduction => &["PT15M", "PT1H", "P1M"],
        Analysis if strict => &["PT15M", "PT1H", "P1M"],
        NetConsumption if strict => &["PT1H"],
        _ => &["PT15M", "PT1H"],
    };
    ask(master.read_cycle.is_none_or(|it| cycles.contains(&it)), Rule::ReadCycleMustSuitType);
    let product = match kind {
        VeProduction => None,
        Analysis | InternalUse if strict => None,
        ExchangeReactiveEnergy => Some(EnergyProduct::ReactiveEnergy),
        _ => Some(EnergyProduct::ActiveEnergy),
    };
    ask(product.is_none() || master.product.is_none() || master.product == product, Rule::ProductMustSuitType);
    let unit = match kind {
        VeProduction | Analysis | InternalUse => None,
        ExchangeReactiveEnergy => Some(EnergyUnit::KilovarHour),
        _ => Some(EnergyUnit::KilowattHour),
    };
    let in_megawatts =
        strict && matches!(kind, OtherConsumption | OtherProduction) && master.unit == Some(EnergyUnit::MegawattHour);
    let unit_suits = unit.is_none() || master.unit.is_none() || master.unit == unit || in_megawatts;
    ask(unit_suits, Rule::UnitMustSuitType);
    let is_net_settled = master.net_settlement_group.is_some_and(|group| !matches!(group, 0 | 99));
    if let Some(method) = master.metering_method {
        let by_group = !is_main(kind) || !is_net_settled || method != MeteringMethod::Physical;
        ask(by_group, Rule::MeteringMethodMustSuitNetSettlementGroup);
        let by_type = match kind {
            TotalConsumption => method != MeteringMethod::Physical,
            NetConsumption => method == MeteringMethod::Calculated,
            OtherConsumption | OtherProduction => method != MeteringMethod::Calculated,
            ExchangeReactiveEnergy if strict => method == MeteringMethod::Physical,
            _ => true,
        };
        ask(by_type, Rule::MeteringMethodMustSuitType);
        let was_calculated = before.is_some_and(|it| it.metering_method == Some(MeteringMethod::Calculated));
        let stays = kind != SurplusProductionGroup || !was_calculated || method == MeteringMethod::Calculated;
        ask(stays, Rule::CalculatedMustStayCalculated);
    }
    let is_profiled = kind == Consumption && master.settlement_method == Some(SettlementMethod::Profiled);
    ask(!is_profiled, Rule::SettlementCannotBeProfiled);
    let reading = |it: &MasterData| it.next_reading_date.filter(|_| it.net_settlement_group == Some(6));
    let fixed = before.filter(|_| kind == Consumption && master.net_settlement_group == Some(6)).and_then(reading);
    ask(fixed.is_none_or(|date| master.next_reading_date == Some(date)), Rule::ScheduledReadingDateCannotChange);
    broken
}
