//! Market locations (MaLo): where energy is taken from the grid or fed into it, in the German market.

/// Whether `id` can be a market location: eleven digits, the first of them no zero, the last a check digit over the
/// others. Source: installation-accounts 1.
pub fn is_market_location(id: &str) -> bool {
    let digits: Vec<u32> = id.chars().map_while(|digit| digit.to_digit(10)).collect();
    let well_formed = id.len() == MARKET_LOCATION_DIGITS && digits.len() == MARKET_LOCATION_DIGITS && digits[0] > 0;
    well_formed && check_digit(&digits[..MARKET_LOCATION_DIGITS - 1]) == digits[MARKET_LOCATION_DIGITS - 1]
}

/// Digits of a market location, its check digit included.
pub const MARKET_LOCATION_DIGITS: usize = 11;

/// The digits at even places count twice; the check digit fills the sum up to a multiple of ten.
fn check_digit(digits: &[u32]) -> u32 {
    let sum: u32 = digits.iter().zip([1, 2].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    (10 - sum % 10) % 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_market_location_ends_in_its_check_digit() {
        // 1 + 3 + 5 + 7 + 9 = 25, twice 2 + 4 + 6 + 8 + 0 = 40: 65, so five are missing.
        assert!(is_market_location("12345678905"));
        // 5, and twice 2: nine, so one is missing.
        for right in ["50020000001", "10000000009", "50000000005", "45000000006", "11111111115"] {
            assert!(is_market_location(right), "{right}");
        }
        for wrong in ["12345678904", "02345678907", "1234567890", "123456789055", "1234567890x", "", "１2345678905"] {
            assert!(!is_market_location(wrong), "{wrong}");
        }
    }

    #[test]
    fn no_other_last_digit_will_do() {
        for first_ten in [1_000_000_000_u64, 1_234_567_890, 9_876_543_210, 5_555_555_555] {
            let right = (0..10).filter(|last| is_market_location(&format!("{first_ten}{last}"))).count();
            assert_eq!(right, 1, "{first_ten}");
        }
    }
}
