//! Prices: exact decimals, never binary floating point.

use std::fmt;

use rust_decimal::{Decimal, RoundingStrategy};

/// Most digits that a price can have in all, as the schema's `Amount_Decimal` counts them: without leading zeros and
/// without trailing zeros after the point.
pub const PRICE_DIGITS_MAX: u32 = 17;

/// A price per unit in the market's currency. It may be negative.
///
/// `1.5` and `1.500` are the same price: no zeros are kept after the last decimal that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(Decimal);

impl Price {
    /// Reads an `xs:decimal`: an optional sign, digits, and a point that may stand anywhere among them.
    ///
    /// Returns `None` for any other text, and for a number of more than [`PRICE_DIGITS_MAX`] digits.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim_matches([' ', '\t', '\r', '\n']);
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let fraction = if fraction.ends_with('0') { fraction.trim_end_matches('0') } else { fraction };
        let whole = if whole.starts_with('0') { whole.trim_start_matches('0') } else { whole };
        // The other checks come first so that a text of any length costs no more than one pass.
        if !digits.bytes().all(|b| b.is_ascii_digit() || b == b'.') || fraction.contains('.') {
            return None;
        }
        if whole.len() + fraction.len() > PRICE_DIGITS_MAX as usize {
            return None;
        }
        let mantissa = whole.bytes().chain(fraction.bytes()).fold(0_i64, |n, b| n * 10 + i64::from(b - b'0'));
        let mantissa = if negative { -mantissa } else { mantissa };
        Some(Self(Decimal::new(mantissa, fraction.len() as u32)))
    }

    /// The price `mantissa / 10^scale`, as it is stored. Returns `None` for what no price can be.
    pub fn from_parts(mantissa: i64, scale: u8) -> Option<Self> {
        let fits = u32::from(scale) <= PRICE_DIGITS_MAX && mantissa.unsigned_abs() < 10_u64.pow(PRICE_DIGITS_MAX);
        fits.then(|| Self(Decimal::new(mantissa, u32::from(scale)).normalize()))
    }

    /// Mantissa and scale, the shortest that say it.
    pub fn to_parts(self) -> (i64, u8) {
        let mantissa = i64::try_from(self.0.mantissa()).expect("a price has at most 17 digits");
        (mantissa, self.0.scale() as u8)
    }

    pub fn decimal(self) -> Decimal {
        self.0
    }

    /// Digits before the point, without leading zeros; `0.5` has none.
    pub fn integer_digits(self) -> u32 {
        let (mantissa, scale) = self.to_parts();
        let whole = mantissa.unsigned_abs() / 10_u64.pow(u32::from(scale));
        if whole == 0 { 0 } else { whole.ilog10() + 1 }
    }

    /// Digits after the point, without trailing zeros.
    pub fn decimals(self) -> u32 {
        self.0.scale()
    }

    /// With six decimals, as documents write it: `1.100000`. Further ones, which no accepted price has, are rounded.
    pub fn to_six_decimals(self) -> String {
        let (mantissa, scale) = match self.0.scale() {
            0..=6 => self.to_parts(),
            _ => Self(self.0.round_dp_with_strategy(6, RoundingStrategy::MidpointAwayFromZero).normalize()).to_parts(),
        };
        let (digits, unit) = (mantissa.unsigned_abs(), 10_u64.pow(u32::from(scale)));
        let (whole, millionths) = (digits / unit, digits % unit * 10_u64.pow(6 - u32::from(scale)));
        let sign = if mantissa < 0 { "-" } else { "" };
        format!("{sign}{whole}.{millionths:06}")
    }
}

/// Exactly, with as many decimals as count: `1.1`.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// text, what it reads as, digits before and after the point, six decimals
    #[test]
    fn every_form_of_a_decimal_is_read() {
        let rows = [
            ("1.1", "1.1", 1, 1, "1.100000"),
            ("+1.5", "1.5", 1, 1, "1.500000"),
            (".5", "0.5", 0, 1, "0.500000"),
            ("5.", "5", 1, 0, "5.000000"),
            ("-0", "0", 0, 0, "0.000000"),
            ("-0.0", "0", 0, 0, "0.000000"),
            ("-.000001", "-0.000001", 0, 6, "-0.000001"),
            ("0001.5000000", "1.5", 1, 1, "1.500000"),
            ("100", "100", 3, 0, "100.000000"),
            ("99999999.999999", "99999999.999999", 8, 6, "99999999.999999"),
            ("-99999999.999999", "-99999999.999999", 8, 6, "-99999999.999999"),
            ("100000000", "100000000", 9, 0, "100000000.000000"),
            ("0.1234567", "0.1234567", 0, 7, "0.123457"),
            ("12345678901234567", "12345678901234567", 17, 0, "12345678901234567.000000"),
            ("0000000000000000000000000000001.00000000000000000000000000000", "1", 1, 0, "1.000000"),
            (" 7\n", "7", 1, 0, "7.000000"),
        ];
        for (text, shown, integer_digits, decimals, six) in rows {
            let price = Price::parse(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(price.to_string(), shown, "{text}");
            assert_eq!((price.integer_digits(), price.decimals()), (integer_digits, decimals), "{text}");
            assert_eq!(price.to_six_decimals(), six, "{text}");
        }
        for text in [
            "",
            ".",
            "+",
            "-",
            "+.",
            "1e3",
            "1,5",
            "1.2.3",
            "--1",
            "1-",
            "٣",
            "123456789012345678",
            "0.123456789012345678",
        ] {
            assert_eq!(Price::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_stored_and_what_is_shown_reads_back(mantissa in -99_999_999_999_999_999_i64..=99_999_999_999_999_999, scale in 0_u8..=17) {
            let price = Price::from_parts(mantissa, scale).unwrap();
            let (mantissa, scale) = price.to_parts();
            prop_assert_eq!(Price::from_parts(mantissa, scale), Some(price));
            prop_assert_eq!(Price::parse(&price.to_string()), Some(price));
            if price.decimals() <= 6 && price.integer_digits() <= 11 {
                prop_assert_eq!(Price::parse(&price.to_six_decimals()), Some(price));
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC{0,40}") {
            let _ = Price::parse(&text);
        }
    }
}
