//! Numbers as JSON writes them, in the plain notation that is all XML knows.

use std::borrow::Cow;

/// The same number without an exponent and, where a whole one belongs, without a fraction of zeros. The point is shifted in
/// the text, so nothing is lost of it.
///
/// `None` when the exponent is beyond [`EXPONENT_MAX`]. `number` is one that JSON has.
pub fn plain(number: &str, whole: bool) -> Option<Cow<'_, str>> {
    let Some((mantissa, exponent)) = number.split_once(['e', 'E']) else {
        let is_whole = |(_, fraction): &(&str, &str)| whole && fraction.bytes().all(|digit| digit == b'0');
        return Some(Cow::Borrowed(number.split_once('.').filter(is_whole).map_or(number, |(integer, _)| integer)));
    };
    let exponent: i32 = exponent.parse().ok().filter(|exponent| (-EXPONENT_MAX..=EXPONENT_MAX).contains(exponent))?;
    let (sign, digits) = mantissa.strip_prefix('-').map_or(("", mantissa), |digits| ("-", digits));
    let (integer, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let zeros = |many: usize| std::iter::repeat_n('0', many);
    let shift = exponent.unsigned_abs() as usize;
    // With room enough on the side to which the point goes, its new place is within the digits.
    let (digits, point): (String, usize) = if exponent < 0 {
        (zeros(shift).chain(integer.chars()).chain(fraction.chars()).collect(), integer.len())
    } else {
        (integer.chars().chain(fraction.chars()).chain(zeros(shift)).collect(), integer.len() + shift)
    };
    let (integer, fraction) = digits.split_at(point);
    let (integer, fraction) = (integer.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let integer = if integer.is_empty() { "0" } else { integer };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(Cow::Owned([sign, integer, point, fraction].concat()))
}

/// Largest exponent, either way: beyond what any number of the market has digits for, and too small to make much of a few bytes.
pub const EXPONENT_MAX: i32 = 40;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_point_is_shifted_in_the_text() {
        let rows = [
            ("12.50", "12.50", "12.50"),
            ("1.0", "1.0", "1"),
            ("-3.000", "-3.000", "-3"),
            ("1.5", "1.5", "1.5"),
            ("1e-05", "0.00001", "0.00001"),
            ("1.25E2", "125", "125"),
            ("1.25e+1", "12.5", "12.5"),
            ("-120e-1", "-12", "-12"),
            ("0.001e3", "1", "1"),
            ("0e5", "0", "0"),
            ("9007199254740993e0", "9007199254740993", "9007199254740993"),
            ("12345.678901234567890123e-3", "12.345678901234567890123", "12.345678901234567890123"),
        ];
        for (number, decimal, whole) in rows {
            assert_eq!(plain(number, false).as_deref(), Some(decimal), "{number}");
            assert_eq!(plain(number, true).as_deref(), Some(whole), "{number}");
        }
        assert_eq!(plain("1e40", true).map(|plain| plain.len()), Some(41));
        for beyond in ["1e41", "1e-41", "1e999999999", "0e-99999999999999999999"] {
            assert_eq!(plain(beyond, false), None, "{beyond}");
        }
    }

    proptest! {
        #[test]
        fn it_is_the_same_number(mantissa in -(1i64 << 53)..1i64 << 53, point in 0usize..9, exponent in -20i32..20) {
            let digits = format!("{:010}", mantissa.unsigned_abs());
            let (integer, fraction) = digits.split_at(digits.len() - point);
            let sign = if mantissa < 0 { "-" } else { "" };
            let fraction = if point == 0 { String::new() } else { format!(".{fraction}") };
            let number = format!("{sign}{integer}{fraction}e{exponent}");
            let plain = plain(&number, true).unwrap();
            prop_assert!(!plain.contains(['e', 'E']));
            prop_assert_eq!(plain.parse::<f64>().unwrap(), number.parse::<f64>().unwrap());
        }
    }
}
