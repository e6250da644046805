//! How a text shows a value: as the market's code, and `unknown` where there is none. Source: charges 3.8.

use super::super::request::RequestChangeBillingMasterData;
use super::Case;
use crate::process::charge_documents::{Judged, date, shown};

pub fn charge(case: &Case) -> String {
    RequestChangeBillingMasterData::seen(case).charge()
}

pub fn point(case: &Case) -> String {
    format!("metering point {}", shown(&case.operation.metering_point))
}

pub fn link(case: &Case) -> String {
    RequestChangeBillingMasterData::seen(case).subject()
}

pub fn effective(case: &Case) -> String {
    date(case.operation.effective)
}

pub fn termination(case: &Case) -> String {
    date(case.operation.termination)
}
