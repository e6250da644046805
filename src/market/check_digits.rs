//! Check digits: whether a number can be what it says it is. Whether anybody has it is another question.
//!
//! Source: market-roles 1.3. White space around a number is taken off before it is looked at.

/// Whether it is a GLN: 13 digits, the last of which checks the others.
pub fn is_gln(number: &str) -> bool {
    let number = number.trim();
    number.len() == 13 && is_gs1(number)
}

/// Whether it is the GSRN of a Danish metering point: 18 digits beginning with 57, the last of which checks the others.
pub fn is_gsrn(number: &str) -> bool {
    let number = number.trim();
    number.len() == 18 && number.starts_with("57") && is_gs1(number)
}

/// Whether it is an EIC code: 16 characters, the last of which checks the others.
pub fn is_eic(code: &str) -> bool {
    let code = code.trim();
    if code.len() != 16 {
        return false;
    }
    let mut sum = 0;
    let mut weight = 16;
    let mut last = 0;
    for byte in code.bytes() {
        last = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'A'..=b'Z' => u32::from(byte - b'A') + 10,
            b'-' => HYPHEN,
            _ => return false,
        };
        // The last character has the weight 1, and is not part of the sum.
        if weight > 1 {
            sum += last * weight;
            weight -= 1;
        }
    }
    // No code is issued whose check character would be a hyphen.
    last != HYPHEN && last == 36 - (sum + 36) % 37
}

/// Twelve digits with the check digit that makes them a GLN.
///
/// # Panics
///
/// When they are not twelve digits.
pub fn gln(digits: &str) -> String {
    let mut numbers = (0..10).map(|check| format!("{digits}{check}"));
    numbers.find(|number| is_gln(number)).expect("twelve digits have a check digit")
}

/// Digits weigh 3 and 1 in turns, seen from the last but one; the last fills up to the next ten. Only digits count.
fn is_gs1(number: &str) -> bool {
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let digits = number.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits.zip([1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10)
}

/// What a hyphen counts in an EIC code.
const HYPHEN: u32 = 36;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gln_has_thirteen_digits_and_a_right_last_one() {
        for number in ["5790001330552", "5790002000010", "7300000000011", " 5790001330552\n"] {
            assert!(is_gln(number), "{number:?}");
        }
        for number in ["5790001330550", "579000133055", "", "579000133055x", "57900013305521", "５790001330552"] {
            assert!(!is_gln(number), "{number:?}");
        }
    }

    #[test]
    fn a_gsrn_begins_with_57_and_has_a_right_last_digit() {
        for number in ["571313100000000010", "571313199000000076"] {
            assert!(is_gsrn(number), "{number:?}");
        }
        for number in [
            "571313100000000011",
            "581313100000000010",
            "57131310000000001",
            "5713131000000000100",
            "",
            "5790001330552",
        ] {
            assert!(!is_gsrn(number), "{number:?}");
        }
    }

    #[test]
    fn an_eic_has_a_right_last_character() {
        for code in ["10X1001A1001A248", "10XFR-RTE------Q"] {
            assert!(is_eic(code), "{code:?}");
        }
        for code in
            ["10X1001A1001A249", "10XFR-RTE------R", "10x1001A1001A248", "10X1001A1001A24", "----------------", ""]
        {
            assert!(!is_eic(code), "{code:?}");
        }
    }

    #[test]
    fn one_wrong_digit_is_always_found() {
        for number in ["5790001330552", "7300000000011"] {
            for at in 0..number.len() {
                for digit in b'0'..=b'9' {
                    let mut changed = number.as_bytes().to_vec();
                    changed[at] = digit;
                    let changed = String::from_utf8(changed).unwrap();
                    assert_eq!(is_gln(&changed), changed == number, "{changed}");
                }
            }
        }
    }
}
