//! The local calendar: where midnight falls, which month an instant is in, when the points of a series begin.
//!
//! Days last 23, 24 or 25 hours. Months and days are added on the local calendar, so the UTC hour shifts with summer
//! time; hours and quarters are elapsed time. Source: charges 3.6, 5.2 and 5.3.

use chrono::{
    DateTime, Datelike, Days, Duration, LocalResult, Months, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone,
};
use chrono_tz::Tz;

use super::{Period, Resolution, Timestamp};

/// The calendar of one time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar(Tz);

impl Calendar {
    pub const fn new(zone: Tz) -> Self {
        Self(zone)
    }

    /// The local date at `instant`.
    pub fn date(self, instant: Timestamp) -> NaiveDate {
        self.local(instant).date()
    }

    /// The instant at which `date` begins: local midnight, or the first instant after it that exists where midnight is
    /// skipped, or the earlier one where it comes twice.
    pub fn midnight(self, date: NaiveDate) -> Timestamp {
        let mut local = date.and_time(NaiveTime::MIN);
        loop {
            match self.0.from_local_datetime(&local) {
                LocalResult::Single(instant) | LocalResult::Ambiguous(instant, _) => return from_zone(instant),
                // A gap in local time ends on a whole minute everywhere since 1972; hours of them at most.
                LocalResult::None => local += Duration::minutes(1),
            }
        }
    }

    pub fn is_midnight(self, instant: Timestamp) -> bool {
        self.midnight(self.date(instant)) == instant
    }

    /// Whether `instant` is the local midnight with which a month begins.
    pub fn is_first_of_month(self, instant: Timestamp) -> bool {
        self.date(instant).day() == 1 && self.is_midnight(instant)
    }

    /// The midnight `days` local days after (or before) the day that `instant` falls on.
    pub fn midnight_in_days(self, instant: Timestamp, days: i32) -> Timestamp {
        self.midnight(add_days(self.date(instant), i64::from(days)))
    }

    /// How many local months have an instant in `period`; the first and the last may be partial.
    pub fn months_touched(self, period: Period) -> u64 {
        if period.is_empty() {
            return 0;
        }
        let last = self.date(Timestamp::from_micros(period.end.micros() - 1));
        let first = self.date(period.start);
        let months =
            i64::from(last.year() - first.year()) * 12 + i64::from(last.month()) - i64::from(first.month()) + 1;
        u64::try_from(months).unwrap_or(0)
    }

    /// How many points a series over `period` must have; none where the period is empty or reversed.
    pub fn point_count(self, resolution: Resolution, period: Period) -> u64 {
        if period.is_empty() {
            return 0;
        }
        let seconds = period.seconds();
        let count = match resolution {
            Resolution::QuarterHour => seconds / (15 * 60),
            Resolution::Hour => seconds / 3_600,
            Resolution::Day => (seconds + 43_200) / 86_400,
            Resolution::Month => return self.months_touched(period),
        };
        u64::try_from(count).expect("a period that is not empty has no negative length")
    }

    /// When the points 1 to `count` of a series begin that starts at `start`: point 1 at the start itself, every other
    /// so many units after the beginning of the unit that holds the start.
    pub fn point_starts(self, resolution: Resolution, start: Timestamp, count: usize) -> Vec<Timestamp> {
        let mut starts = Vec::with_capacity(count);
        if count > 0 {
            starts.push(start);
        }
        let steps = 1..count as i64;
        match resolution {
            Resolution::QuarterHour | Resolution::Hour => {
                let seconds = if resolution == Resolution::Hour { 3_600 } else { 15 * 60 };
                let into_unit = self.local_seconds(start).rem_euclid(seconds);
                let unit = start.seconds() - into_unit;
                starts.extend(steps.map(|n| Timestamp::from_seconds(unit + n * seconds)));
            }
            Resolution::Day => {
                let first = self.date(start);
                starts.extend(steps.map(|n| self.midnight(add_days(first, n))));
            }
            Resolution::Month => {
                let first = self.date(start).with_day(1).expect("every month has a first");
                starts.extend(steps.map(|n| self.midnight(add_months(first, n))));
            }
        }
        starts
    }

    fn local(self, instant: Timestamp) -> NaiveDateTime {
        let utc = instant.to_utc().naive_utc();
        let offset = self.0.offset_from_utc_datetime(&utc).fix();
        utc.checked_add_offset(offset).unwrap_or(utc)
    }

    fn local_seconds(self, instant: Timestamp) -> i64 {
        let utc = instant.to_utc().naive_utc();
        instant.seconds() + i64::from(self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc())
    }
}

/// A date so many days on. Chrono's calendar ends in the year 262142; a date beyond it is the last it has.
fn add_days(date: NaiveDate, days: i64) -> NaiveDate {
    let moved = match u64::try_from(days) {
        Ok(days) => date.checked_add_days(Days::new(days)),
        Err(_) => date.checked_sub_days(Days::new(days.unsigned_abs())),
    };
    moved.unwrap_or(if days < 0 { EARLIEST } else { LATEST })
}

fn add_months(date: NaiveDate, months: i64) -> NaiveDate {
    u32::try_from(months).ok().and_then(|months| date.checked_add_months(Months::new(months))).unwrap_or(LATEST)
}

/// A few days inside of what chrono can hold, so that a zone's offset always fits.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(-262_000, 1, 1).expect("a date");
const LATEST: NaiveDate = NaiveDate::from_ymd_opt(262_000, 1, 1).expect("a date");

fn from_zone(instant: DateTime<Tz>) -> Timestamp {
    Timestamp::from_micros(instant.timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copenhagen() -> Calendar {
        Calendar::new(chrono_tz::Europe::Copenhagen)
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_minutes(text).unwrap()
    }

    fn local(date: &str) -> Timestamp {
        copenhagen().midnight(date.parse().unwrap())
    }

    #[test]
    fn counts_are_those_of_the_table() {
        let rows = [
            ("2023-07-01", "2023-07-02", [96, 24, 1, 1]),
            ("2023-03-26", "2023-03-27", [92, 23, 1, 1]),
            ("2023-10-29", "2023-10-30", [100, 25, 1, 1]),
            ("2023-03-25", "2023-03-28", [284, 71, 3, 1]),
            ("2023-03-01", "2023-04-01", [2972, 743, 31, 1]),
            ("2023-10-01", "2023-11-01", [2980, 745, 31, 1]),
            ("2023-12-01", "2024-03-01", [8736, 2184, 91, 3]),
            ("2023-10-12", "2023-11-01", [1924, 481, 20, 1]),
            ("2023-10-12", "2023-12-01", [4804, 1201, 50, 2]),
            ("2023-10-12", "2023-11-12", [2980, 745, 31, 2]),
            ("2023-10-01", "2023-10-20", [1824, 456, 19, 1]),
            ("2023-10-12", "2023-10-12", [0, 0, 0, 0]),
            ("2023-10-13", "2023-10-12", [0, 0, 0, 0]),
        ];
        for (start, end, counts) in rows {
            let period = Period::new(local(start), local(end));
            let found = Resolution::ALL.map(|resolution| copenhagen().point_count(resolution, period));
            assert_eq!(found, counts, "{start} to {end}");
        }
    }

    #[test]
    fn points_begin_as_the_table_says() {
        let rows = [
            (Resolution::Month, ["2023-02-28T23:00Z", "2023-03-31T22:00Z", "2023-04-30T22:00Z"]),
            (Resolution::Month, ["2023-10-11T22:00Z", "2023-10-31T23:00Z", "2023-11-30T23:00Z"]),
            (Resolution::Day, ["2023-03-24T23:00Z", "2023-03-25T23:00Z", "2023-03-26T22:00Z"]),
            (Resolution::Hour, ["2023-03-25T23:00Z", "2023-03-26T00:00Z", "2023-03-26T01:00Z"]),
            (Resolution::QuarterHour, ["2023-06-30T22:00Z", "2023-06-30T22:15Z", "2023-06-30T22:30Z"]),
        ];
        for (resolution, starts) in rows {
            assert_eq!(copenhagen().point_starts(resolution, at(starts[0]), 3), starts.map(at), "{resolution:?}");
        }
        assert_eq!(copenhagen().point_starts(Resolution::Hour, at("2023-06-30T22:10Z"), 2)[1], at("2023-06-30T23:00Z"));
        assert_eq!(copenhagen().point_starts(Resolution::Month, at("2023-06-30T22:10Z"), 0), []);
    }

    #[test]
    fn every_day_for_120_years_begins_once_and_lasts_23_to_25_hours() {
        for zone in [chrono_tz::Europe::Copenhagen, chrono_tz::Europe::Tallinn, chrono_tz::Europe::Berlin] {
            let calendar = Calendar::new(zone);
            let (mut date, end) =
                (NaiveDate::from_ymd_opt(1980, 1, 1).unwrap(), NaiveDate::from_ymd_opt(2101, 1, 1).unwrap());
            let mut short_and_long = [0, 0];
            while date < end {
                let next = date.succ_opt().unwrap();
                let day = Period::new(calendar.midnight(date), calendar.midnight(next));
                let before = Timestamp::from_micros(day.start.micros() - 1);
                assert!(calendar.is_midnight(day.start) && !calendar.is_midnight(before), "{zone} {date}");
                assert_eq!((calendar.date(before).succ_opt(), calendar.date(day.start)), (Some(date), date), "{zone}");
                assert_eq!(calendar.is_first_of_month(day.start), date.day() == 1, "{zone} {date}");
                assert_eq!(calendar.midnight_in_days(day.start, 1), day.end);
                assert_eq!(calendar.midnight_in_days(day.end, -1), day.start);
                let hours = day.seconds() / 3_600;
                assert!((23..=25).contains(&hours) && day.seconds() % 3_600 == 0, "{zone} {date}: {hours}");
                short_and_long[0] += usize::from(hours == 23);
                short_and_long[1] += usize::from(hours == 25);
                let hours = hours as u64;
                let counts = Resolution::ALL.map(|resolution| calendar.point_count(resolution, day));
                assert_eq!(counts, [hours * 4, hours, 1, 1], "{zone} {date}");
                for (resolution, count) in Resolution::ALL.into_iter().zip(counts) {
                    let starts = calendar.point_starts(resolution, day.start, count as usize + 1);
                    assert_eq!(starts[0], day.start, "{zone} {date} {resolution:?}");
                    assert!(starts.is_sorted(), "{zone} {date} {resolution:?}");
                    let unit_max = resolution.unit_seconds_max();
                    assert!(starts.windows(2).all(|pair| Period::new(pair[0], pair[1]).seconds() <= unit_max));
                    match resolution {
                        Resolution::Month => assert!(calendar.is_first_of_month(starts[1]) && starts[1] >= day.end),
                        _ => assert_eq!(starts[count as usize], day.end, "{zone} {date} {resolution:?}"),
                    }
                }
                if date.day() == 1 {
                    let year_on = NaiveDate::from_ymd_opt(date.year() + 1, date.month(), 1).unwrap();
                    let year = Period::new(day.start, calendar.midnight(year_on));
                    let days = (year_on - date).num_days() as u64;
                    assert_eq!(
                        (calendar.point_count(Resolution::Day, year), calendar.months_touched(year)),
                        (days, 12)
                    );
                    assert_eq!(calendar.point_starts(Resolution::Month, day.start, 13)[12], year.end);
                    assert_eq!(
                        calendar.point_starts(Resolution::Day, day.start, days as usize + 1)[days as usize],
                        year.end
                    );
                }
                date = next;
            }
            // Known wrong: chrono-tz ends its tables with 2099, so 2100 has no summer time. By then it should have.
            // Estonia did without in 1980, 2000 and 2001, and left Moscow time in 1989 by not moving its clocks in spring.
            let years = if zone == chrono_tz::Europe::Tallinn { 116..=117 } else { 120..=120 };
            assert!(short_and_long.iter().all(|count| years.contains(count)), "{zone}: {short_and_long:?}");
        }
    }

    #[test]
    fn a_day_whose_midnight_is_skipped_begins_at_the_first_instant_that_exists() {
        let calendar = Calendar::new(chrono_tz::America::Sao_Paulo);
        let skipped = calendar.midnight("2018-11-04".parse().unwrap());
        assert_eq!(skipped, at("2018-11-04T03:00Z"));
        assert!(calendar.is_midnight(skipped));
        let twice = Calendar::new(chrono_tz::America::Havana).midnight("2018-11-04".parse().unwrap());
        assert_eq!(twice, at("2018-11-04T04:00Z"));
    }

    #[test]
    fn no_instant_is_too_far_away() {
        for micros in [i64::MIN, i64::MIN + 1, -1, 0, i64::MAX - 1, i64::MAX] {
            let instant = Timestamp::from_micros(micros);
            let _ = (copenhagen().is_first_of_month(instant), copenhagen().midnight_in_days(instant, -720));
            let _ = copenhagen().point_count(Resolution::Month, Period::new(instant, Timestamp::OPEN_END));
        }
    }
}
