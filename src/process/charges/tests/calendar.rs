//! Rules that name midnight, a day or a month, on both change days of every year that the zone's tables have: charges
//! 3.6 and 5.3.

use super::*;

fn calendar() -> Calendar {
    Calendar::new(chrono_tz::Europe::Copenhagen)
}

/// The days of 23 and of 25 hours from 1980 to 2099, and 1 January of each year beside them.
fn days() -> Vec<Period> {
    let mut found = Vec::new();
    let mut start = local("1980-01-01");
    while start < local("2100-01-01") {
        let day = Period::new(start, calendar().midnight_in_days(start, 1));
        let new_year = calendar().is_first_of_month(start) && calendar().date(start).format("%m").to_string() == "01";
        if day.seconds() != 86_400 || new_year {
            found.push(day);
        }
        start = day.end;
    }
    found
}

/// A world in which `at` is now, and charges that have been there for ever.
fn world_at(now: Timestamp) -> World {
    let mut world = World { now, ..World::new() };
    for (charge_type, resolution) in [(ChargeType::Tariff, Resolution::Hour), (ChargeType::Fee, Resolution::Month)] {
        let identity = ChargeIdentity { charge_type, ..identity() };
        let mut state = ChargeState::unknown(identity);
        let data = MasterData {
            name: "A".into(),
            description: "a".into(),
            vat_class: VatClass::NoVat,
            transparent_invoicing: false,
        };
        state.create(local("1970-01-01"), false, resolution, data);
        world.commit(&state.changes());
    }
    world
}

fn verdict(world: &World, operation: Operation) -> Vec<&'static str> {
    let mut world = world.clone();
    broken(&world.send(&request(vec![operation]))).remove(0)
}

fn moved(instant: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_seconds(instant.seconds() + seconds)
}

/// VR.909, VR.919, VR.507-1: a day has as many hours as it has, and begins and ends at midnight.
#[test]
fn a_series_over_a_change_day_has_the_hours_of_that_day() {
    let days = days();
    assert!(days.len() > 350, "{} days", days.len());
    for day in days {
        let world = world_at(day.start);
        let hours = (day.seconds() / 3_600) as usize;
        let series = |start, end, count: usize| {
            let mut operation = prices(Resolution::Hour, start, end, &vec!["1"; count]);
            operation.effective = Some(start);
            verdict(&world, operation)
        };
        assert_eq!(series(day.start, day.end, hours), ACCEPTED, "{day:?}");
        let short = if hours == 23 { vec!["VR.507-1", "VR.909"] } else { vec!["VR.909"] };
        assert_eq!(series(day.start, day.end, hours - 1), short, "{day:?}");
        assert_eq!(series(day.start, day.end, hours + 1), ["VR.909"], "{day:?}");
        // An hour earlier or later is no midnight, whichever regime it would be midnight in.
        assert_eq!(series(day.start, moved(day.end, 3_600), hours + 1), ["VR.919"], "{day:?}");
        assert_eq!(series(moved(day.start, -3_600), day.end, hours + 1), ["VR.919"], "{day:?}");
        // Three days around it.
        let around = Period::new(calendar().midnight_in_days(day.start, -1), calendar().midnight_in_days(day.start, 2));
        let count = (around.seconds() / 3_600) as usize;
        assert_eq!(count, 48 + hours, "{day:?}");
        assert_eq!(series(around.start, around.end, count), ACCEPTED, "{day:?}");
    }
}

/// VR.209: the window begins and ends at local midnights, counted in local days from any hour of today.
#[test]
fn the_window_is_counted_in_local_days_on_a_change_day() {
    for day in days() {
        for now in [day.start, moved(day.start, 2 * 3_600), moved(day.end, -1)] {
            let world = world_at(now);
            let first = calendar().midnight_in_days(day.start, -720);
            let last = calendar().midnight_in_days(day.start, 1_095);
            let on = |instant| {
                verdict(&world, Operation { charge_id: "C-2".into(), effective: Some(instant), ..information() })
            };
            assert_eq!((on(first), on(last)), (ACCEPTED.to_vec(), ACCEPTED.to_vec()), "{now}");
            assert_eq!((on(moved(first, -1)), on(moved(last, 1))), (vec!["VR.209"], vec!["VR.209"]), "{now}");
        }
    }
}

/// VR.923: monthly prices end with a month, also with those in which summer time begins and ends.
#[test]
fn monthly_prices_end_with_a_month_of_any_year() {
    for year in (1980..2100).step_by(3) {
        let world = world_at(local(&format!("{year}-01-15")));
        for month in 1..=12 {
            let start = local(&format!("{year}-{month:02}-01"));
            let end = calendar().point_starts(Resolution::Month, start, 2)[1];
            let series = |start, end| {
                let operation = prices(Resolution::Month, start, end, &["1"]);
                verdict(&world, Operation { charge_type: Some(ChargeType::Fee), ..operation })
            };
            assert_eq!(series(start, end), ACCEPTED, "{year}-{month}");
            let within = calendar().midnight_in_days(start, 11);
            assert_eq!(series(within, end), ACCEPTED, "{year}-{month}: from within the month");
            assert_eq!(series(start, within), ["VR.923"], "{year}-{month}: up to within the month");
            let day_before = calendar().midnight_in_days(end, -1);
            assert_eq!(series(start, day_before), ["VR.923"], "{year}-{month}");
        }
    }
}
