//! Instants: what the market calls a point in time. Calendars live in [`super::calendar`].

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, TimeZone, Timelike, Utc};

/// A UTC instant in microseconds since 1970-01-01T00:00:00Z.
///
/// Nothing below the doors reads a clock: every `Timestamp` that a decision sees came in as an argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// `9999-12-31T23:59:59Z`, which stands for "no end" in every period.
    pub const OPEN_END: Timestamp = Timestamp(253_402_300_799_000_000);

    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000_000))
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whole seconds, rounded towards the past.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    pub fn is_open_end(self) -> bool {
        self == Self::OPEN_END
    }

    /// The same instant in chrono's terms; clamped to the years that chrono can hold.
    pub fn to_utc(self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.0).unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }

    pub fn from_utc(instant: DateTime<Utc>) -> Self {
        Self(instant.timestamp_micros())
    }

    /// Reads an `xs:dateTime` that already follows its lexical form; an instant without an offset counts as UTC,
    /// `24:00:00` is the next midnight, and a year that cannot be held saturates.
    ///
    /// Returns `None` for text that is not an `xs:dateTime`.
    pub fn parse_date_time(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (date, time) = rest.split_once('T')?;
        let mut parts = date.split('-');
        let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || year.len() < 4 || !year.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (month, day) = (two_digits(month)?, two_digits(day)?);
        let offset_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
        let (clock, offset) = time.split_at(offset_at);
        let offset_minutes = offset_minutes(offset)?;
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        if !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let mut clock = clock.split(':');
        let (hour, minute, second) =
            (two_digits(clock.next()?)?, two_digits(clock.next()?)?, two_digits(clock.next()?)?);
        if clock.next().is_some() || hour > 24 || minute > 59 || second > 59 {
            return None;
        }
        let micros =
            fraction.bytes().chain(std::iter::repeat(b'0')).take(6).fold(0, |n, b| n * 10 + i64::from(b - b'0'));
        let Some(year) = year.parse::<i32>().ok().map(|y| if negative { -y } else { y }) else {
            return Some(if negative { Self(i64::MIN) } else { Self(i64::MAX) });
        };
        let Some(days) = chrono::NaiveDate::from_ymd_opt(year, month, day) else {
            let representable = (-262_000..262_000).contains(&year);
            return (!representable).then_some(Self(if year < 0 { i64::MIN } else { i64::MAX }));
        };
        let days = i64::from(days.num_days_from_ce()) - 719_163;
        let minutes = (days * 24 + i64::from(hour)) * 60 + i64::from(minute) - offset_minutes;
        Some(Self((minutes * 60 + i64::from(second)).saturating_mul(1_000_000).saturating_add(micros)))
    }

    /// `YYYY-MM-DDThh:mmZ`, the form of interval bounds in CIM documents.
    pub fn to_minutes(self) -> String {
        let t = self.to_utc();
        format!("{:04}-{:02}-{:02}T{:02}:{:02}Z", t.year(), t.month(), t.day(), t.hour(), t.minute())
    }

    /// Reads `YYYY-MM-DDThh:mmZ`.
    pub fn parse_minutes(text: &str) -> Option<Self> {
        let head = text.strip_suffix('Z').filter(|head| head.len() == 16)?;
        Self::parse_date_time(&format!("{head}:00Z"))
    }
}

/// `YYYY-MM-DDThh:mm:ssZ`: whole seconds, as every document and message text writes it.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = Utc.timestamp_opt(self.to_utc().timestamp(), 0).single().unwrap_or(DateTime::<Utc>::MAX_UTC);
        f.write_str(&whole.to_rfc3339_opts(SecondsFormat::Secs, true))
    }
}

fn two_digits(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn offset_minutes(text: &str) -> Option<i64> {
    let sign = match text.as_bytes().first() {
        None => return Some(0),
        Some(b'Z') => return (text.len() == 1).then_some(0),
        Some(b'-') => -1,
        Some(_) => 1,
    };
    let (hours, minutes) = text[1..].split_once(':')?;
    let (hours, minutes) = (i64::from(two_digits(hours)?), i64::from(two_digits(minutes)?));
    (hours * 60 + minutes <= 14 * 60 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_time_is_read_with_its_offset_and_written_in_utc() {
        let rows = [
            ("2023-08-31T22:00:00Z", Some("2023-08-31T22:00:00Z")),
            ("2023-09-01T00:00:00+02:00", Some("2023-08-31T22:00:00Z")),
            ("2023-08-31T22:00:00", Some("2023-08-31T22:00:00Z")),
            ("2023-08-31T24:00:00Z", Some("2023-09-01T00:00:00Z")),
            ("2023-08-31T22:00:00.9999999Z", Some("2023-08-31T22:00:00Z")),
            (" 1969-12-31T23:59:59Z\n", Some("1969-12-31T23:59:59Z")),
            ("2023-02-29T00:00:00Z", None),
            ("2023-8-31T22:00:00Z", None),
            ("2023-08-31", None),
            ("2023-08-31T22:00Z", None),
        ];
        for (text, expected) in rows {
            assert_eq!(Timestamp::parse_date_time(text).map(|t| t.to_string()).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn minutes_are_read_back_as_written() {
        let bound = Timestamp::parse_minutes("2023-08-31T22:00Z").unwrap();
        assert_eq!(bound.to_minutes(), "2023-08-31T22:00Z");
        assert_eq!(Timestamp::parse_minutes("2023-08-31T22:00:00Z"), None);
    }

    #[test]
    fn the_open_end_is_the_last_second_of_year_9999() {
        assert_eq!(Timestamp::OPEN_END.to_string(), "9999-12-31T23:59:59Z");
    }
}
