//! Values judged on the bytes of the document, while their end is looked for.
//!
//! Each scanner takes only what it is certain about: a value without references, line ends or anything else that would
//! have to be read as something other than it is. For the rest the general path exists.

use super::Schema;
use super::schema::Name;
use super::simple::{self, Base, Facets, Simple, Variety, WhiteSpace};

/// The scanner of a simple type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quick {
    /// One of a list of codes, none of which has a character that means something to XML.
    Codes,
    /// A decimal number, without bounds.
    Decimal,
    /// A whole number, within bounds.
    Integer(i64, i64),
    /// A date and time; the form that the market writes, in UTC and whole seconds, is known by its shape.
    DateTime,
    /// Text of so many characters, in which white space is kept.
    Text(usize, usize),
    /// Anything else that depends on nothing but the value.
    Other,
    /// A value that means something only where it stands.
    Never,
}

/// The first sixteen bytes as a number, the first lowest, and which of its bits count.
pub(super) fn head(text: &[u8]) -> (u128, u128) {
    let mut bytes = [0; 16];
    let mut mask = [0; 16];
    let length = text.len().min(16);
    bytes[..length].copy_from_slice(&text[..length]);
    mask[..length].fill(0xFF);
    (u128::from_le_bytes(bytes), u128::from_le_bytes(mask))
}

#[inline]
pub(super) fn load16(bytes: &[u8], at: usize) -> Option<u128> {
    bytes.get(at..)?.first_chunk::<16>().map(|chunk| u128::from_le_bytes(*chunk))
}

/// Where the white space that begins at `at` ends.
#[inline]
pub(super) fn skip_space(bytes: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = bytes.get(at) {
        if byte == b' ' {
            // Indentation: eight at a time.
            while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
                let other = u64::from_le_bytes(*chunk) ^ 0x2020_2020_2020_2020;
                if other != 0 {
                    at += other.trailing_zeros() as usize / 8;
                    break;
                }
                at += 8;
            }
            if bytes.get(at) == Some(&b' ') {
                at += 1;
            }
        } else if matches!(byte, b'\n' | b'\t' | b'\r') {
            at += 1;
        } else {
            break;
        }
    }
    at
}

/// The scanner for a type.
pub(super) fn of(types: &[Simple], at: usize) -> Quick {
    let simple = &types[at];
    if simple::is_contextual(types, at as u32) {
        return Quick::Never;
    }
    let Variety::Atomic(base) = simple.variety else { return Quick::Other };
    let Facets { length, length_min, length_max, patterns, codes, min, max, total_digits, fraction_digits, .. } =
        &simple.facets;
    let (length_min, length_max) = (length.or(*length_min), length.or(*length_max));
    if !patterns.is_empty() || total_digits.is_some() || fraction_digits.is_some() {
        return Quick::Other;
    }
    let bounded = min.is_some() || max.is_some();
    let sized = length_min.is_some() || length_max.is_some();
    if let Some(codes) = codes {
        let plain = codes.iter().all(|code| !code.contains(['&', '<', '>', ']', '"', '\r', '\n', '\t']));
        return if plain && !sized && base == Base::String { Quick::Codes } else { Quick::Other };
    }
    match base {
        Base::String if simple.white_space == WhiteSpace::Preserve => {
            Quick::Text(length_min.unwrap_or(0), length_max.unwrap_or(usize::MAX))
        }
        Base::Decimal if !bounded => Quick::Decimal,
        Base::DateTime if !bounded => Quick::DateTime,
        Base::Integer => {
            let least = min.as_ref().map_or(i64::MIN, |b| bound(&b.text, b.inclusive, 1));
            let most = max.as_ref().map_or(i64::MAX, |b| bound(&b.text, b.inclusive, -1));
            Quick::Integer(least, most)
        }
        _ => Quick::Other,
    }
}

/// A bound as a number, moved by `step` where it lies outside; beyond all numbers, the last of them.
fn bound(text: &str, inclusive: bool, step: i64) -> i64 {
    let number = match text.trim().trim_start_matches('+').parse::<i64>() {
        Ok(number) => number,
        Err(_) if text.trim().starts_with('-') => return i64::MIN,
        Err(_) => return i64::MAX,
    };
    if inclusive { number } else { number.saturating_add(step) }
}

/// Judges the value that begins at `start` and ends before `quote`: where it begins and ends once its white space is
/// handled, and how long it is as it stands. None where the general path must look.
#[inline]
pub(super) fn value(
    schema: &Schema,
    simple: u32,
    text: &str,
    start: usize,
    rest: &[u8],
    quote: u8,
) -> Option<(usize, usize, usize)> {
    let length = match schema.quick[simple as usize] {
        Quick::Codes => codes(&schema.simples[simple as usize], text, start, rest, quote),
        Quick::Decimal => decimal(rest, quote),
        Quick::Integer(least, most) => integer(rest, quote, least, most),
        Quick::DateTime => date_time(rest, quote),
        Quick::Text(least, most) => plain(rest, quote).filter(|&length| {
            let fits = |count: usize| (least..=most).contains(&count);
            // No more characters than bytes, and no fewer than a quarter.
            fits(length) && rest[..length].is_ascii() || fits(text[start..start + length].chars().count())
        }),
        Quick::Other => None,
        Quick::Never => return None,
    };
    match length {
        Some(length) => Some((start, start + length, length)),
        None => seldom(schema, simple, text, start, rest, quote),
    }
}

/// Whatever is not of the usual form, as long as it stands there plainly.
#[inline(never)]
fn seldom(
    schema: &Schema,
    simple: u32,
    text: &str,
    start: usize,
    rest: &[u8],
    quote: u8,
) -> Option<(usize, usize, usize)> {
    let length = plain(rest, quote)?;
    let raw = &text[start..start + length];
    match simple::check(&schema.simples, simple, raw) {
        Ok(std::borrow::Cow::Borrowed(value)) => {
            let from = start + (value.as_ptr() as usize - raw.as_ptr() as usize);
            Some((from, from + value.len(), length))
        }
        _ => None,
    }
}

/// Bytes up to the quote, if none of them means anything to XML. Line feeds do, within quotes.
#[inline]
fn plain(rest: &[u8], quote: u8) -> Option<usize> {
    let length = memchr::memchr(quote, rest)?;
    let quoted = quote != b'<';
    let strange = rest[..length].iter().fold(false, |strange, &b| {
        strange | (b == b'&') | (b == b'\r') | (b == b']') | (b == b'<') | (quoted & ((b == b'\n') | (b == b'\t')))
    });
    (!strange).then_some(length)
}

#[inline]
fn codes(simple: &Simple, text: &str, start: usize, rest: &[u8], quote: u8) -> Option<usize> {
    let codes = simple.facets.codes.as_ref()?;
    let chunk = rest.first_chunk::<8>()?;
    let found = u64::from_le_bytes(*chunk) ^ (u64::from(quote) * 0x0101_0101_0101_0101);
    let zeros = found.wrapping_sub(0x0101_0101_0101_0101) & !found & 0x8080_8080_8080_8080;
    if zeros == 0 {
        let length = plain(rest, quote)?;
        return codes.contains(&text[start..start + length]).then_some(length);
    }
    let length = zeros.trailing_zeros() as usize / 8;
    if length == 0 {
        return None;
    }
    let packed = u64::from_be_bytes(*chunk) & (u64::MAX << (64 - 8 * length));
    codes.contains_packed(packed).then_some(length)
}

#[inline]
fn digits(rest: &[u8]) -> usize {
    let mut count = 0;
    while rest.get(count).is_some_and(|b| b.is_ascii_digit()) {
        count += 1;
    }
    count
}

#[inline]
fn decimal(rest: &[u8], quote: u8) -> Option<usize> {
    let sign = usize::from(matches!(rest.first(), Some(b'-' | b'+')));
    let whole = digits(&rest[sign..]);
    let mut end = sign + whole;
    let mut fraction = 0;
    if rest.get(end) == Some(&b'.') {
        fraction = digits(&rest[end + 1..]);
        end += 1 + fraction;
    }
    (whole + fraction > 0 && rest.get(end) == Some(&quote)).then_some(end)
}

#[inline]
fn integer(rest: &[u8], quote: u8, least: i64, most: i64) -> Option<usize> {
    let negative = rest.first() == Some(&b'-');
    let sign = usize::from(negative);
    let mut number = 0i64;
    let mut end = sign;
    while let Some(&byte @ b'0'..=b'9') = rest.get(end) {
        if end - sign == 18 {
            return None;
        }
        number = number * 10 + i64::from(byte - b'0');
        end += 1;
    }
    let number = if negative { -number } else { number };
    (end > sign && rest.get(end) == Some(&quote) && (least..=most).contains(&number)).then_some(end)
}

/// `YYYY-MM-DDThh:mm:ssZ`
#[inline]
fn date_time(rest: &[u8], quote: u8) -> Option<usize> {
    let chunk = rest.first_chunk::<21>()?;
    let two = |at: usize| {
        let (a, b) = (chunk[at].wrapping_sub(b'0'), chunk[at + 1].wrapping_sub(b'0'));
        if a > 9 || b > 9 { u32::MAX } else { u32::from(a) * 10 + u32::from(b) }
    };
    let (century, year, month, day) = (two(0), two(2), two(5), two(8));
    let shaped = chunk[4] == b'-'
        && chunk[7] == b'-'
        && chunk[10] == b'T'
        && chunk[13] == b':'
        && chunk[16] == b':'
        && chunk[19] == b'Z'
        && chunk[20] == quote;
    let real = century < 100
        && year < 100
        && (century > 0 || year > 0)
        && (1..=12).contains(&month)
        // Months with more days than 28 on which a value falls seldom are left to the scanner of all forms.
        && (1..=31).contains(&day)
        && (day <= 28 || matches!(month, 1 | 3 | 5 | 7 | 8 | 10 | 12) || day <= 30 && month != 2)
        && two(11) < 24
        && two(14) < 60
        && two(17) < 60;
    (shaped && real).then_some(20)
}

/// Makes a name ready to be compared in place.
pub(super) fn name(namespace: &str, local: &str, space: u32) -> Name {
    let (head, mask) = head(local.as_bytes());
    Name { namespace: namespace.to_string(), local: local.to_string(), space, head, mask }
}

#[cfg(test)]
mod tests {
    use super::super::decimal::Decimal;
    use super::*;

    #[test]
    fn white_space_ends_where_it_ends() {
        for spaces in 0..40 {
            for tail in ["", "<", "x      ", "\u{b}", "<aaaaaaaaaaaaaaaaaa"] {
                for lead in ["", "\n", "\r\n\t", " \n"] {
                    let text = format!("{lead}{}{tail}", " ".repeat(spaces));
                    assert_eq!(skip_space(text.as_bytes(), 0), lead.len() + spaces, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn scanners_take_nothing_that_the_general_way_refuses() {
        let values = [
            "",
            "0",
            "-1",
            "+1",
            "12.5",
            ".5",
            "5.",
            ".",
            "-",
            "1e5",
            "999999",
            "1000000",
            "12345678901234567890",
            "2024-02-28T23:59:59Z",
            "2024-02-29T00:00:00Z",
            "2023-02-29T00:00:00Z",
            "2024-04-31T00:00:00Z",
            "2024-04-30T00:00:00Z",
            "2024-12-31T24:00:00Z",
            "0000-01-01T00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-00T00:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024x01-01T00:00:00Z",
            "2024-01-01T00:00:0:Z",
        ];
        for value in values {
            let text = format!("{value}<padding-padding-padding");
            let rest = text.as_bytes();
            if decimal(rest, b'<').is_some() {
                assert!(Decimal::parse(value).is_some(), "{value}");
            }
            if integer(rest, b'<', 1, 999_999).is_some() {
                assert!(value.parse::<u32>().is_ok_and(|n| (1..=999_999).contains(&n)), "{value}");
            }
            if date_time(rest, b'<').is_some() {
                assert!(super::super::lexical::is_date_time(value), "{value}");
            }
        }
        assert_eq!(integer(b"-9<", b'<', -9, 0), Some(2));
        assert_eq!(decimal(b"1.25<", b'<'), Some(4));
        assert_eq!(date_time(b"2024-03-01T08:00:00Z<", b'<'), Some(20));
    }
}
