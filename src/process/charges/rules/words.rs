//! How rules look at a case, and how a text shows a value: as the market's code, and `unknown` where there is none.
//!
//! Source: charges 3.8.

use super::super::request::{Information, RequestChangeOfPriceList};
use super::Case;
use crate::market::{Calendar, Period, Resolution};
use crate::process::charge_documents::{Judged, UNKNOWN, date};

pub fn calendar(case: &Case) -> Calendar {
    Calendar::new(case.market.zone)
}

pub fn information<'a>(case: &Case<'a>) -> Option<&'a Information> {
    case.operation.information()
}

pub fn interval(case: &Case) -> Option<Period> {
    case.operation.series().and_then(|series| series.interval)
}

pub fn charge(case: &Case) -> String {
    RequestChangeOfPriceList::seen(case).charge()
}

pub fn resolution(case: &Case) -> &'static str {
    case.operation.resolution().map_or(UNKNOWN, Resolution::code)
}

pub fn effective(case: &Case) -> String {
    date(case.operation.effective)
}

pub fn tax_indicator(case: &Case) -> &'static str {
    match information(case).and_then(|it| it.tax_indicator) {
        Some(true) => "true",
        Some(false) => "false",
        None => UNKNOWN,
    }
}
