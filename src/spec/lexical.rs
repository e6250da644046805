//! What the built-in types look like when written down, each read by hand from its grammar.
//!
//! Source: XML Schema Part 2: Datatypes, second edition, section 3.2. Values arrive with their white space handled.

/// Reads from the front of a value; every step says whether it found what it looked for.
struct Scan<'v> {
    rest: &'v [u8],
}

impl Scan<'_> {
    fn take(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    /// Exactly two digits, as a number.
    fn two(&mut self) -> Option<u32> {
        match self.rest {
            [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => {
                self.rest = rest;
                Some(u32::from(a - b'0') * 10 + u32::from(b - b'0'))
            }
            _ => None,
        }
    }

    /// As many digits as there are; how many.
    fn digits(&mut self) -> usize {
        let count = self.rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(self.rest.len());
        self.rest = &self.rest[count..];
        count
    }

    /// A year of four digits or more; longer ones without leading zeros, none of them zero. Says whether it leaps.
    fn year(&mut self) -> Option<bool> {
        self.take(b'-');
        let digits = self.rest;
        let count = self.digits();
        let digits = &digits[..count];
        if count < 4 || count > 4 && digits[0] == b'0' || digits == b"0000" {
            return None;
        }
        // Four hundred years repeat, so the last four digits decide.
        let last = digits[count - 4..].iter().fold(0, |sum, b| sum * 10 + u32::from(b - b'0'));
        Some(last % 4 == 0 && (last % 100 != 0 || last % 400 == 0))
    }

    fn month(&mut self) -> Option<u32> {
        self.two().filter(|month| (1..=12).contains(month))
    }

    fn day(&mut self, days: u32) -> Option<u32> {
        self.two().filter(|&day| day >= 1 && day <= days)
    }

    fn date(&mut self) -> Option<()> {
        let leap = self.year()?;
        let month = self.take(b'-').then(|| self.month())??;
        self.take(b'-').then(|| self.day(days_of(month, leap)))??;
        Some(())
    }

    /// `hh:mm:ss(.s+)?`; 24:00:00 is the midnight at the end of a day.
    fn time(&mut self) -> Option<()> {
        let hour = self.two()?;
        let minute = self.take(b':').then(|| self.two())??;
        let second = self.take(b':').then(|| self.two())??;
        let mut fraction: &[u8] = &[];
        if self.take(b'.') {
            fraction = self.rest;
            let count = self.digits();
            if count == 0 {
                return None;
            }
            fraction = &fraction[..count];
        }
        let last = hour == 24 && minute == 0 && second == 0 && fraction.iter().all(|&b| b == b'0');
        (last || hour < 24 && minute < 60 && second < 60).then_some(())
    }

    /// Nothing, `Z`, or an offset up to fourteen hours, and then the end.
    fn zone(&mut self) -> bool {
        if self.rest.is_empty() || self.rest == b"Z" {
            return true;
        }
        if !self.take(b'+') && !self.take(b'-') {
            return false;
        }
        let Some(hours) = self.two() else { return false };
        if !self.take(b':') {
            return false;
        }
        let Some(minutes) = self.two() else { return false };
        self.rest.is_empty() && minutes < 60 && (hours < 14 || hours == 14 && minutes == 0)
    }
}

fn days_of(month: u32, leap: bool) -> u32 {
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn scan(text: &str) -> Scan<'_> {
    Scan { rest: text.as_bytes() }
}

pub(super) fn is_date_time(text: &str) -> bool {
    let mut scan = scan(text);
    scan.date().is_some() && scan.take(b'T') && scan.time().is_some() && scan.zone()
}

pub(super) fn is_date(text: &str) -> bool {
    let mut scan = scan(text);
    scan.date().is_some() && scan.zone()
}

pub(super) fn is_time(text: &str) -> bool {
    let mut scan = scan(text);
    scan.time().is_some() && scan.zone()
}

pub(super) fn is_year(text: &str) -> bool {
    let mut scan = scan(text);
    scan.year().is_some() && scan.zone()
}

pub(super) fn is_year_month(text: &str) -> bool {
    let mut scan = scan(text);
    scan.year().is_some() && scan.take(b'-') && scan.month().is_some() && scan.zone()
}

pub(super) fn is_month(text: &str) -> bool {
    let mut scan = scan(text);
    scan.take(b'-') && scan.take(b'-') && scan.month().is_some() && scan.zone()
}

pub(super) fn is_month_day(text: &str) -> bool {
    let mut scan = scan(text);
    let Some(month) = (scan.take(b'-') && scan.take(b'-')).then(|| scan.month()).flatten() else { return false };
    scan.take(b'-') && scan.day(days_of(month, true)).is_some() && scan.zone()
}

pub(super) fn is_day(text: &str) -> bool {
    let mut scan = scan(text);
    scan.take(b'-') && scan.take(b'-') && scan.take(b'-') && scan.day(31).is_some() && scan.zone()
}

/// `-?P(nY)?(nM)?(nD)?(T(nH)?(nM)?(n(.n)?S)?)?`, something in it, and something behind a `T`.
pub(super) fn is_duration(text: &str) -> bool {
    let mut scan = scan(text);
    scan.take(b'-');
    if !scan.take(b'P') || scan.rest.is_empty() {
        return false;
    }
    units(&mut scan, b"YMD");
    if scan.take(b'T') {
        if scan.rest.is_empty() {
            return false;
        }
        units(&mut scan, b"HMS");
    }
    scan.rest.is_empty()
}

/// Numbers with their units, in order, each at most once; stops at what does not fit.
fn units(scan: &mut Scan, order: &[u8]) {
    for &unit in order {
        let before = scan.rest;
        let whole = scan.digits();
        let fraction = if unit == b'S' && scan.take(b'.') { scan.digits() } else { 1 };
        if whole == 0 || fraction == 0 || !scan.take(unit) {
            scan.rest = before;
        }
    }
}

/// `prefix:local` or `local`; what the prefix means is another question.
pub(super) fn is_qname(text: &str) -> bool {
    let (prefix, local) = text.split_once(':').unwrap_or(("x", text));
    crate::xml::is_nc_name(prefix) && crate::xml::is_nc_name(local)
}

/// Nearly anything: what may not stand in a URI is taken as if it were escaped. Source: XML Schema Part 2, 3.2.17.
pub(super) fn is_any_uri(text: &str) -> bool {
    let escaped =
        text.split('%').skip(1).all(|rest| rest.len() >= 2 && rest.as_bytes()[..2].iter().all(u8::is_ascii_hexdigit));
    let scheme = match text.find([':', '/', '?', '#']) {
        Some(at) if text.as_bytes()[at] == b':' => {
            let scheme = &text[..at];
            scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
                && text.len() > at + 1
        }
        _ => true,
    };
    escaped && scheme && text.bytes().filter(|&b| b == b'#').count() <= 1
}

pub(super) fn is_boolean(text: &str) -> bool {
    matches!(text, "true" | "false" | "1" | "0")
}

/// A float or a double; both are written alike.
pub(super) fn is_float(text: &str) -> bool {
    if matches!(text, "INF" | "-INF" | "NaN") {
        return true;
    }
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    };
    super::decimal::Decimal::parse(mantissa).is_some()
        && exponent.is_none_or(|e| super::decimal::Decimal::parse_integer(e).is_some())
}

/// `xx` or `xx-YYYY` and the like. Source: XML Schema Part 2, 3.3.3.
pub(super) fn is_language(text: &str) -> bool {
    text.split('-').enumerate().all(|(at, part)| {
        let fits = |b: u8| if at == 0 { b.is_ascii_alphabetic() } else { b.is_ascii_alphanumeric() };
        (1..=8).contains(&part.len()) && part.bytes().all(fits)
    })
}

pub(super) fn is_hex(text: &str) -> bool {
    text.len().is_multiple_of(2) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Bytes that a base64 value stands for. Source: XML Schema Part 2, 3.2.16; a space may follow any character.
pub(super) fn base64_bytes(text: &str) -> Option<usize> {
    if text.contains("  ") || text.starts_with(' ') || text.ends_with(' ') {
        return None;
    }
    let symbols = || text.bytes().filter(|&b| b != b' ');
    let count = symbols().count();
    let padding = symbols().rev().take_while(|&b| b == b'=').count();
    let legal = |b: u8| b.is_ascii_alphanumeric() || b == b'+' || b == b'/';
    if count % 4 != 0 || padding > 2 || !symbols().take(count - padding).all(legal) {
        return None;
    }
    // The bits that padding cuts off must be zero.
    let last = symbols().rev().nth(padding);
    let fits = match padding {
        1 => last.is_some_and(|b| b"AEIMQUYcgkosw048".contains(&b)),
        2 => last.is_some_and(|b| b"AQgw".contains(&b)),
        _ => true,
    };
    fits.then_some(count / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(holds: fn(&str) -> bool, right: &[&str], wrong: &[&str]) {
        for text in right {
            assert!(holds(text), "{text:?} is one");
        }
        for text in wrong {
            assert!(!holds(text), "{text:?} is none");
        }
    }

    #[test]
    fn dates_and_times_stand_on_both_sides_of_each_edge() {
        check(
            is_date_time,
            &[
                "2022-12-31T23:00:00Z",
                "2024-02-29T00:00:00",
                "2000-02-29T00:00:00.5+14:00",
                "2022-01-01T24:00:00Z",
                "-0001-01-01T00:00:00",
                "12022-01-01T00:00:00-13:59",
            ],
            &[
                "",
                "2022-12-31",
                "2022-12-31T23:00Z",
                "2023-02-29T00:00:00Z",
                "1900-02-29T00:00:00Z",
                "2022-04-31T00:00:00Z",
                "2022-13-01T00:00:00Z",
                "2022-00-01T00:00:00Z",
                "2022-01-00T00:00:00Z",
                "2022-01-01T24:00:01Z",
                "2022-01-01T25:00:00Z",
                "2022-01-01T23:60:00Z",
                "2022-01-01T23:59:60Z",
                "2022-01-01T23:59:59.Z",
                "2022-01-01T23:59:59z",
                "2022-01-01T23:59:59+14:01",
                "2022-01-01t23:59:59Z",
                "0000-01-01T00:00:00Z",
                "02022-01-01T00:00:00Z",
                "202-01-01T00:00:00Z",
                "+2022-01-01T00:00:00Z",
                "2022-01-01T00:00:00ZZ",
                "2022-01-01T00:00:00Æ",
            ],
        );
        check(is_date, &["2022-12-31", "2022-12-31Z", "2022-12-31+02:00"], &["2022-12-32", "2022-12-31T", "22-12-31"]);
        check(is_time, &["00:00:00", "23:59:59.999Z", "24:00:00"], &["24:00:00.1", "0:00:00", "00:00"]);
        check(is_month_day, &["--02-29", "--12-31Z"], &["--02-30", "02-29", "--13-01", "--04-31", "--2-01"]);
        check(is_month, &["--12", "--01Z"], &["--13", "--00", "-12", "--12--"]);
        check(is_day, &["---31", "---01+01:00"], &["---32", "---00", "--31"]);
        check(is_year, &["2022", "-2022Z", "12345"], &["022", "0000", "01234"]);
        check(is_year_month, &["2022-12"], &["2022-13", "2022", "2022-12-01"]);
    }

    #[test]
    fn durations_need_an_amount() {
        check(
            is_duration,
            &["PT15M", "PT1H", "P1D", "P1M", "-P1Y2M3DT4H5M6.7S", "P0D", "PT0.5S", "P30D"],
            &[
                "", "P", "PT", "P1DT", "1D", "P1H", "PT1D", "P1M1Y", "P-1D", "PT.5S", "PT1.S", "p1d", "P1D ", "+P1D",
                "P1.5D",
            ],
        );
    }

    #[test]
    fn other_types_follow_their_grammars() {
        check(is_boolean, &["true", "false", "1", "0"], &["TRUE", "", "2", "yes"]);
        check(is_float, &["1", "-1.5E-3", "INF", "-INF", "NaN", ".5e1"], &["", "+INF", "1e", "1e1.5", "e1", "nan"]);
        check(is_language, &["da", "en-US", "i-klingon"], &["", "d1", "en-", "toolonglanguage"]);
        check(is_hex, &["", "0aFF"], &["0", "0g"]);
        assert_eq!(base64_bytes("AAAA AA=="), Some(4));
        assert_eq!(base64_bytes(""), Some(0));
        assert_eq!(base64_bytes("AAAB"), Some(3));
        assert_eq!(base64_bytes("AB=="), None);
        assert_eq!(base64_bytes("A==="), None);
    }
}
