//! What other systems hear of a charge: one event for each accepted operation.
//!
//! Types and resolutions go as the numbers that the market's older systems give them; an open end is
//! `9999-12-31T23:59:59Z`. Source: charges 8.2.

use serde_json::{Value, json};

use super::Settings;
use super::decide::Step;
use super::state::{ChargeIdentity, ChargeState};
use crate::market::{Price, Resolution, Timestamp};
use crate::process::Event;

/// What `step` is told as, asked before it is done to `state`.
pub fn of(step: &Step, state: &ChargeState, settings: &Settings) -> Event {
    let identity = &state.identity;
    let stop = state.charge().map_or(Timestamp::OPEN_END, |charge| charge.stop);
    match step {
        Step::Create { start, tax_indicator, resolution, .. } => event(
            "ChargeCreated",
            identity,
            json!({
                "currency": settings.currency,
                "resolution": resolution_number(*resolution),
                "tax_indicator": tax_indicator,
                "start": start.to_string(),
                "end": Timestamp::OPEN_END.to_string(),
            }),
        ),
        Step::Update { start, .. } => event("ChargePeriodUpdated", identity, json!({"period": period(*start, stop)})),
        // The period that takes the stop's place is an update as well, and the cancellation says which stop is meant.
        Step::CancelStop { .. } => {
            event("ChargeDiscontinuationCancelled", identity, json!({"cancelled_end": stop.to_string()}))
        }
        Step::Stop { on } => event("ChargeDiscontinued", identity, json!({"end": on.to_string()})),
        Step::Prices { interval, points } => {
            let points = points
                .iter()
                .map(|point| json!({"price": units_and_nanos(point.price), "time": point.period.start.to_string()}));
            event(
                "ChargePricesUpdated",
                identity,
                json!({
                    "update_period_start": interval.start.to_string(),
                    "update_period_end": interval.end.to_string(),
                    "points": points.collect::<Vec<_>>(),
                }),
            )
        }
    }
}

fn event(name: &'static str, identity: &ChargeIdentity, mut payload: Value) -> Event {
    payload["charge_id"] = identity.id.clone().into();
    payload["charge_type"] = identity.charge_type.number().into();
    payload["charge_owner"] = identity.owner.as_str().into();
    Event { name, payload }
}

fn period(start: Timestamp, end: Timestamp) -> Value {
    json!({"start": start.to_string(), "end": end.to_string()})
}

/// A decimal in two whole numbers of equal sign: units, and thousand millionths of one.
fn units_and_nanos(price: Price) -> Value {
    let (mantissa, scale) = price.to_parts();
    let unit = 10_i64.pow(u32::from(scale));
    let nanos = i128::from(mantissa % unit) * 1_000_000_000 / i128::from(unit);
    json!({"units": mantissa / unit, "nanos": i64::try_from(nanos).expect("less than a unit")})
}

fn resolution_number(resolution: Resolution) -> u8 {
    match resolution {
        Resolution::QuarterHour => 1,
        Resolution::Hour => 2,
        Resolution::Day => 3,
        Resolution::Month => 4,
    }
}
