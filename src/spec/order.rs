//! Values beside one another: which of two dates, durations or numbers is the greater, where that can be said.
//!
//! Two spellings may be one value, and two values may have no order: a time with an offset and one without lie too near
//! each other, or a month and thirty days. Source: XML Schema Part 2, 3.2 and appendix E. Values are known to be of
//! their type's form.

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::simple::Base;

/// Seconds are counted in parts of this size; what is finer is cut off.
const PARTS: i128 = 1_000_000_000_000;
const DAY: i128 = 86_400 * PARTS;
/// The greatest offset there is: where one is missing, the time may be so much earlier or later.
const UNSURE: i128 = 14 * 3_600 * PARTS;

/// Can this type have bounds?
pub(super) fn is_ordered(base: Base) -> bool {
    use Base::*;
    matches!(
        base,
        Decimal
            | Integer
            | Float
            | Double
            | DateTime
            | Date
            | Time
            | YearMonth
            | Year
            | MonthDay
            | Day
            | Month
            | Duration
    )
}

/// How `a` compares with `b`; none where it cannot be said.
pub(super) fn compare(base: Base, a: &str, b: &str) -> Option<Ordering> {
    match base {
        Base::Decimal | Base::Integer => Some(Decimal::parse(a)?.cmp(&Decimal::parse(b)?)),
        Base::Float => compare_floats(f64::from(a.parse::<f32>().ok()?), f64::from(b.parse::<f32>().ok()?)),
        Base::Double => compare_floats(a.parse().ok()?, b.parse().ok()?),
        Base::Duration => compare_durations(duration(a)?, duration(b)?),
        _ => compare_instants(instant(base, a)?, instant(base, b)?),
    }
}

/// One spelling for all spellings of one date, time or duration; none for values of other types.
pub(super) fn canonical(base: Base, text: &str) -> Option<String> {
    use Base::*;
    match base {
        Duration => duration(text).map(|(months, parts)| format!("{months} {parts}")),
        DateTime | Date | Time | YearMonth | Year | MonthDay | Day | Month => {
            instant(base, text).map(|(parts, sure)| format!("{parts} {sure}"))
        }
        _ => None,
    }
}

fn compare_floats(a: f64, b: f64) -> Option<Ordering> {
    if a.is_nan() && b.is_nan() { Some(Ordering::Equal) } else { a.partial_cmp(&b) }
}

/// Parts of a second since some day long ago, and whether an offset was given.
fn instant(base: Base, text: &str) -> Option<(i128, bool)> {
    let (text, offset) = match text.strip_suffix('Z') {
        Some(rest) => (rest, Some(0)),
        None => match text.len().checked_sub(6).and_then(|at| text.get(at..)) {
            Some(zone) if zone.as_bytes()[3] == b':' && matches!(zone.as_bytes()[0], b'+' | b'-') => {
                let minutes = zone[1..3].parse::<i128>().ok()? * 60 + zone[4..].parse::<i128>().ok()?;
                (&text[..text.len() - 6], Some(if zone.starts_with('-') { -minutes } else { minutes }))
            }
            _ => (text, None),
        },
    };
    let (date, time) = match base {
        Base::Time => ("", text),
        Base::DateTime => text.split_once('T')?,
        _ => (text, ""),
    };
    // A leap year, so that the 29th of February is a day.
    let (mut year, mut month, mut day) = (1972, 1, 1);
    match base {
        Base::Time => {}
        Base::MonthDay => (month, day) = (date[2..4].parse().ok()?, date[5..7].parse().ok()?),
        Base::Month => month = date[2..4].parse().ok()?,
        Base::Day => day = date[3..5].parse().ok()?,
        _ => {
            let (negative, rest) = date.strip_prefix('-').map_or((false, date), |rest| (true, rest));
            let mut parts = rest.split('-');
            let digits = parts.next()?;
            // So far away, one year is as good as another.
            let count = if digits.len() > 18 { 10i128.pow(18) } else { digits.parse::<i128>().ok()? };
            // There is no year 0: the year before 1 is -1.
            year = if negative { 1 - count } else { count };
            month = parts.next().map_or(Some(1), |m| m.parse().ok())?;
            day = parts.next().map_or(Some(1), |d| d.parse().ok())?;
        }
    }
    let mut parts = days(year, month, day) * DAY;
    if !time.is_empty() {
        let hours = time[..2].parse::<i128>().ok()? * 3600 + time[3..5].parse::<i128>().ok()? * 60;
        parts += hours * PARTS + seconds(&time[6..])?;
    }
    Some((parts - offset.unwrap_or(0) * 60 * PARTS, offset.is_some()))
}

/// Days since the first of March of the year 0, by the calendar of Gregory throughout.
fn days(year: i128, month: i128, day: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year
}

/// `s.s` in parts of a second.
fn seconds(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let whole = if whole.len() > 20 { 10i128.pow(20) } else { whole.parse::<i128>().ok()? };
    let fraction = &fraction[..fraction.len().min(12)];
    let fine =
        if fraction.is_empty() { 0 } else { fraction.parse::<i128>().ok()? * 10i128.pow(12 - fraction.len() as u32) };
    Some(whole * PARTS + fine)
}

fn compare_instants((a, a_sure): (i128, bool), (b, b_sure): (i128, bool)) -> Option<Ordering> {
    if a_sure == b_sure {
        return Some(a.cmp(&b));
    }
    match (a - b).abs() > UNSURE {
        true => Some(a.cmp(&b)),
        false => None,
    }
}

/// Months, and parts of a second.
fn duration(text: &str) -> Option<(i128, i128)> {
    let (negative, mut rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    rest = rest.strip_prefix('P')?;
    let (mut months, mut parts, mut timed) = (0i128, 0i128, false);
    while !rest.is_empty() {
        if let Some(time) = rest.strip_prefix('T') {
            (rest, timed) = (time, true);
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit) = (&rest[..end], rest.as_bytes()[end]);
        rest = &rest[end + 1..];
        let amount = seconds(number)?;
        match (unit, timed) {
            (b'Y', _) => months += amount / PARTS * 12,
            (b'M', false) => months += amount / PARTS,
            (b'D', _) => parts += amount * 86_400,
            (b'H', _) => parts += amount * 3600,
            (b'M', true) => parts += amount * 60,
            _ => parts += amount,
        }
    }
    Some(if negative { (-months, -parts) } else { (months, parts) })
}

/// One is longer if it is from wherever one counts. Source: XML Schema Part 2, 3.2.6.2.
fn compare_durations(a: (i128, i128), b: (i128, i128)) -> Option<Ordering> {
    let after = |(months, parts): (i128, i128), year: i128, month: i128| {
        let total = year * 12 + month - 1 + months;
        days(total.div_euclid(12), total.rem_euclid(12) + 1, 1) * DAY + parts
    };
    let mut orders = [(1696, 9), (1697, 2), (1903, 3), (1903, 7)]
        .map(|(year, month)| after(a, year, month).cmp(&after(b, year, month)))
        .into_iter();
    let first = orders.next()?;
    orders.all(|order| order == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_ordered_where_they_can_be() {
        let order = |a, b| compare(Base::DateTime, a, b);
        assert_eq!(order("2000-01-15T00:00:00", "2000-02-15T00:00:00"), Some(Ordering::Less));
        assert_eq!(order("2000-01-15T12:00:00", "2000-01-16T12:00:00Z"), Some(Ordering::Less));
        assert_eq!(order("2000-01-01T12:00:00", "1999-12-31T23:00:00Z"), None);
        assert_eq!(order("2000-01-16T12:00:00", "2000-01-16T12:00:00Z"), None);
        assert_eq!(order("2000-03-04T20:00:00Z", "2000-03-04T23:00:00+03:00"), Some(Ordering::Equal));
        assert_eq!(order("2000-12-31T24:00:00Z", "2001-01-01T00:00:00.000Z"), Some(Ordering::Equal));
        assert_eq!(order("-0001-12-31T23:59:59Z", "0001-01-01T00:00:00Z"), Some(Ordering::Less));
        assert_eq!(order("2000-01-01T00:00:00.5Z", "2000-01-01T00:00:00.49Z"), Some(Ordering::Greater));
        assert_eq!(compare(Base::Time, "23:00:00-01:00", "00:00:00Z"), Some(Ordering::Greater));
        assert_eq!(compare(Base::MonthDay, "--02-29", "--03-01"), Some(Ordering::Less));
        assert_eq!(compare(Base::Date, "2024-02-29", "2024-03-01"), Some(Ordering::Less));
        assert_eq!(compare(Base::Year, "12024", "2024"), Some(Ordering::Greater));
        assert_eq!(compare(Base::Day, "---31", "---01"), Some(Ordering::Greater));
    }

    #[test]
    fn durations_are_ordered_as_the_recommendation_lists_them() {
        let order = |a, b| compare(Base::Duration, a, b);
        for (year, days) in [("P1Y", "P364D"), ("P1M", "P27D"), ("P5M", "P149D")] {
            assert_eq!(order(year, days), Some(Ordering::Greater), "{year} {days}");
        }
        for (year, days) in [("P1Y", "P365D"), ("P1Y", "P366D"), ("P1M", "P28D"), ("P1M", "P31D"), ("P5M", "P153D")] {
            assert_eq!(order(year, days), None, "{year} {days}");
        }
        for (year, days) in [("P1Y", "P367D"), ("P1M", "P32D"), ("P5M", "P154D")] {
            assert_eq!(order(year, days), Some(Ordering::Less), "{year} {days}");
        }
        let same = |a, b| canonical(Base::Duration, a) == canonical(Base::Duration, b);
        assert!(same("P1Y", "P12M") && same("PT1H", "PT3600.0S") && !same("P1M", "P30D"));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert_eq!(compare(Base::Float, "1E2", "100.0"), Some(Ordering::Equal));
        assert_eq!(compare(Base::Double, "-INF", "0"), Some(Ordering::Less));
        assert_eq!(compare(Base::Double, "NaN", "0"), None);
    }
}
