//! Decimal numbers of any length, taken apart in place: nothing is rounded, nothing allocated.

use std::cmp::Ordering;
use std::fmt;

/// A number without leading or trailing zeros that say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal<'v> {
    negative: bool,
    /// Digits before the point, no leading zeros; empty below one.
    whole: &'v str,
    /// Digits behind the point, no trailing zeros.
    fraction: &'v str,
}

impl<'v> Decimal<'v> {
    /// `[+-]?(digits(.digits*)?|.digits)`. Source: XML Schema Part 2, 3.2.3.1.
    pub(super) fn parse(text: &'v str) -> Option<Decimal<'v>> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let point = digits.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
        let (whole, fraction) = match digits.as_bytes().get(point) {
            None => (digits, ""),
            Some(b'.') => (&digits[..point], &digits[point + 1..]),
            Some(_) => return None,
        };
        if whole.is_empty() && fraction.is_empty() || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let zero = whole.is_empty() && fraction.is_empty();
        Some(Decimal { negative: negative && !zero, whole, fraction })
    }

    /// As [`Decimal::parse`], without a point. Source: XML Schema Part 2, 3.3.13.1.
    pub(super) fn parse_integer(text: &'v str) -> Option<Decimal<'v>> {
        if text.contains('.') { None } else { Decimal::parse(text) }
    }

    /// Digits that carry the value. Source: XML Schema Part 2, 4.3.11: the least `n` with `i × 10^-m`, `|i| < 10^n`,
    /// `m ≤ n`, so zeros just behind the point count where nothing stands before it.
    pub(super) fn total_digits(&self) -> usize {
        (self.whole.len() + self.fraction.len()).max(1)
    }

    pub(super) fn fraction_digits(&self) -> usize {
        self.fraction.len()
    }
}

/// Without anything that says nothing: `-1.5`, `0`.
impl fmt::Display for Decimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        let point = if self.fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{}{point}{}", if self.whole.is_empty() { "0" } else { self.whole }, self.fraction)
    }
}

impl Ord for Decimal<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        let size = self.whole.len().cmp(&other.whole.len());
        let size = size.then_with(|| self.whole.cmp(other.whole)).then_with(|| self.fraction.cmp(other.fraction));
        match (self.negative, other.negative) {
            (false, false) => size,
            (true, true) => size.reverse(),
            (false, true) => Ordering::Greater,
            (true, false) => Ordering::Less,
        }
    }
}

impl PartialOrd for Decimal<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_compare_by_value() {
        let order = ["-10.5", "-2", "-1.10", "-0.05", "0", "0.049", ".05", "1", "1.1", "9", "10", "999999"];
        for (at, small) in order.iter().enumerate() {
            for large in &order[at + 1..] {
                assert!(Decimal::parse(small) < Decimal::parse(large), "{small} < {large}");
            }
        }
        assert_eq!(Decimal::parse("-0.0"), Decimal::parse("+00."));
        assert_eq!(Decimal::parse("01.50"), Decimal::parse("1.5"));
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "+", "-", ".", "1e3", "1,0", " 1", "1.2.3", "--1", "INF", "１"] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
        assert_eq!(Decimal::parse_integer("1.0"), None);
        assert!(Decimal::parse_integer("+007").is_some());
    }

    #[test]
    fn digits_are_those_that_carry_the_value() {
        let digits = |text| Decimal::parse(text).map(|d| (d.total_digits(), d.fraction_digits()));
        assert_eq!(digits("0012.3400"), Some((4, 2)));
        assert_eq!(digits("0"), Some((1, 0)));
        assert_eq!(digits("0.001"), Some((3, 3)));
        assert_eq!(digits("-100"), Some((3, 0)));
    }
}
