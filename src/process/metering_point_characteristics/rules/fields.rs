//! What a record says, field by field, laid over what is known: a field that was left out stays as it is, one that is there
//! and blank is taken away, and every other replaces what was. Source: metering-points 7, 8.1, 9.1.

use super::Rule;
use super::address;
use crate::market::{
    AssetType, ConnectionType, DisconnectionMethod, EnergyProduct, EnergyUnit, MeteringMethod, MeteringPointId,
    SettlementMethod, is_gsrn,
};
use crate::process::market_documents::metering_point::MeteringPointCharacteristics;
use crate::process::market_documents::{Id, Measured};
use crate::process::metering_points::{MasterData, NET_SETTLEMENT_GROUPS, read_cycle};

/// Master data as a record would have them, and what is wrong with what it says.
#[derive(Debug, Default)]
pub struct Draft {
    pub master: MasterData,
    /// What a record that creates is asked first.
    pub input: Vec<Rule>,
    pub values: Vec<Rule>,
}

/// Which rule an unknown connection type breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Create,
    Update,
}

impl Draft {
    /// The record laid over `before`; its parent is not looked at.
    pub fn of(record: &MeteringPointCharacteristics, before: &MasterData, step: Step) -> Self {
        let mut draft = Self { master: before.clone(), ..Self::default() };
        draft.technical(record, step);
        draft.measured(record);
        address::take_address(&mut draft, record);
        draft
    }

    fn technical(&mut self, record: &MeteringPointCharacteristics, step: Step) {
        let Self { master, input, values } = self;
        let it = record;
        let connection = match step {
            Step::Create => Rule::ConnectionTypeMustBeKnown,
            Step::Update => Rule::ConnectionTypeMustBeKnownInUpdate,
        };
        take(&it.asset_type, &mut master.asset_type, AssetType::from_code, input, Rule::AssetTypeMustBeKnown);
        let plant = number(&it.power_plant);
        take(&plant, &mut master.power_plant, metering_point, input, Rule::PowerPlantMustBeGsrn);
        take(&amount(&it.capacity), &mut master.capacity, capacity, input, Rule::CapacityForm);
        take(&it.meter, &mut master.meter, at_most(15), input, Rule::MeterNumberLength);
        let method = MeteringMethod::from_code;
        take(&it.metering_method, &mut master.metering_method, method, input, Rule::MeteringMethodMustBeKnown);
        take(&it.connection_type, &mut master.connection_type, ConnectionType::from_code, input, connection);
        let date = &it.next_reading_date;
        take(date, &mut master.next_reading_date, month_and_day, input, Rule::ScheduledReadingDateForm);
        let group = &it.net_settlement_group;
        take(group, &mut master.net_settlement_group, net_settlement_group, input, Rule::NetSettlementGroupMustBeKnown);
        let disconnection = DisconnectionMethod::from_code;
        let unknown = Rule::DisconnectionTypeMustBeKnown;
        take(&it.disconnection_method, &mut master.disconnection_method, disconnection, input, unknown);
        take(&it.read_cycle, &mut master.read_cycle, read_cycle, values, Rule::ReadCycleMustBeKnown);
        let settlement = SettlementMethod::from_code;
        let unknown = Rule::SettlementMethodMustBeKnown;
        take(&it.settlement_method, &mut master.settlement_method, settlement, values, unknown);
    }

    fn measured(&mut self, record: &MeteringPointCharacteristics) {
        let Self { master, values, .. } = self;
        if let Some(series) = record.products.first() {
            take(&series.product, &mut master.product, EnergyProduct::from_code, values, Rule::ProductMustBeKnown);
            take(&series.unit, &mut master.unit, EnergyUnit::from_code, values, Rule::UnitMustBeKnown);
        }
        take(&amount(&record.maximum_power), &mut master.maximum_power, limit, values, Rule::PowerLimitForm);
        take(&amount(&record.maximum_current), &mut master.maximum_current, limit, values, Rule::CurrentLimitForm);
        let text = |text: &str| Some(text.to_string());
        // Whether there are such grid areas is asked later.
        let unbroken = Rule::UnknownExchangeGridArea;
        take(&number(&record.from_grid_area), &mut master.from_grid_area, text, values, unbroken);
        take(&number(&record.to_grid_area), &mut master.to_grid_area, text, values, unbroken);
    }
}

/// Lays what was said over a field.
pub fn take<T>(
    said: &Option<String>,
    field: &mut Option<T>,
    parse: impl Fn(&str) -> Option<T>,
    broken: &mut Vec<Rule>,
    unknown: Rule,
) {
    let Some(said) = said.as_deref().map(str::trim) else { return };
    *field = if said.is_empty() { None } else { parse(said) };
    if !said.is_empty() && field.is_none() {
        broken.push(unknown);
    }
}

pub fn at_most(characters: usize) -> impl Fn(&str) -> Option<String> {
    move |text| text.chars().nth(characters).is_none().then(|| text.to_string())
}

fn number(id: &Option<Id>) -> Option<String> {
    id.as_ref().map(|id| id.number.clone())
}

fn amount(measured: &Option<Measured>) -> Option<String> {
    measured.as_ref().map(|it| it.amount.clone())
}

fn metering_point(text: &str) -> Option<MeteringPointId> {
    is_gsrn(text).then(|| MeteringPointId::new(text))
}

/// A number of at most nine digits, with a point among them or not.
fn capacity(text: &str) -> Option<String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (is_digits(whole) && is_digits(part) && digits <= CAPACITY_DIGITS_MAX).then(|| text.to_string())
}

fn limit(text: &str) -> Option<String> {
    let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u32>().ok()).flatten()?;
    (number <= LIMIT_MAX).then(|| number.to_string())
}

fn net_settlement_group(text: &str) -> Option<u8> {
    NET_SETTLEMENT_GROUPS.into_iter().find(|group| group.to_string() == text)
}

/// `--MM-DD` of a year that is no leap year.
fn month_and_day(text: &str) -> Option<(u8, u8)> {
    let (month, day) = text.strip_prefix("--")?.split_once('-')?;
    let number = |text: &str| (text.len() == 2).then(|| text.parse::<u8>().ok()).flatten();
    let (month, day) = (number(month)?, number(day)?);
    chrono::NaiveDate::from_ymd_opt(NO_LEAP_YEAR, month.into(), day.into()).map(|_| (month, day))
}

const CAPACITY_DIGITS_MAX: usize = 9;
/// Of maximum power and maximum current.
const LIMIT_MAX: u32 = 999_999;
const NO_LEAP_YEAR: i32 = 2023;
