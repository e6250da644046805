//! Customers: people, known by a CPR number, and companies, known by a CVR number.
//!
//! A CPR number is the most private thing that comes through this house. Nothing here shows one: neither `Debug` nor
//! `Display`, and whoever must write it down asks for it by [`CustomerNumber::personal`], which is easy to search for.

use std::fmt;

use chrono::NaiveDate;

/// What a document or a record says is a customer's number, white space around it taken off; right or wrong.
///
/// Source: market-roles 1.3.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomerNumber(String);

/// Whom a number stands for, which follows from its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CustomerType {
    /// Ten digits, of which the first six are a date: `ddMMyyNNNN`.
    Person,
    /// Eight digits, the first of them not 0.
    Company,
}

impl CustomerType {
    /// The coding scheme of its numbers.
    pub const fn coding_scheme(self) -> &'static str {
        match self {
            CustomerType::Person => "ARR",
            CustomerType::Company => "VAT",
        }
    }

    /// By the coding scheme that a document names. `VA` is what very old documents say of a company.
    pub fn from_coding_scheme(scheme: &str) -> Option<Self> {
        match scheme {
            "ARR" => Some(CustomerType::Person),
            "VAT" | "VA" => Some(CustomerType::Company),
            _ => None,
        }
    }

    /// The name that events give it; the number itself is never in an event.
    pub const fn name(self) -> &'static str {
        match self {
            CustomerType::Person => "CPR",
            CustomerType::Company => "CVR",
        }
    }
}

impl CustomerNumber {
    pub fn new(number: &str) -> Self {
        Self(number.trim().to_string())
    }

    pub fn is_blank(&self) -> bool {
        self.0.is_empty()
    }

    /// None where it is neither a CPR nor a CVR number.
    pub fn customer_type(&self) -> Option<CustomerType> {
        let digits = self.0.as_bytes();
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        match digits.len() {
            10 if birthday(&self.0).is_some() => Some(CustomerType::Person),
            8 if digits[0] != b'0' => Some(CustomerType::Company),
            _ => None,
        }
    }

    /// Whether it is a number of the kind that its coding scheme claims.
    pub fn agrees_with(&self, scheme: &str) -> bool {
        self.customer_type().is_some_and(|it| CustomerType::from_coding_scheme(scheme) == Some(it))
    }

    /// Whether it stands for somebody whose number is not known: no two of these are provably the same customer.
    pub fn is_fictional(&self) -> bool {
        match self.customer_type() {
            Some(CustomerType::Person) => self.0.ends_with("0000"),
            Some(CustomerType::Company) => self.0 == FICTIONAL_COMPANY,
            None => false,
        }
    }

    /// The number where it may be told to others: a company's.
    pub fn public(&self) -> Option<&str> {
        (self.customer_type() == Some(CustomerType::Company)).then_some(&*self.0)
    }

    /// The number itself, whatever it is. For the one record that keeps it, and for nothing that anybody reads.
    pub fn personal(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.customer_type(), self.public()) {
            (_, Some(number)) => write!(f, "CVR {number}"),
            (Some(_), None) => f.write_str("a CPR number"),
            // It may be a CPR number with a slip of the pen in it.
            (None, None) if self.is_blank() => f.write_str("no customer number"),
            (None, None) => f.write_str("neither a CPR nor a CVR number"),
        }
    }
}

impl fmt::Debug for CustomerNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerNumber({self})")
    }
}

/// The day that a CPR number begins with. Numbers issued since 2007 need not satisfy the old check by 11.
///
/// Source: market-roles 1.3; the seventh digit says which century.
fn birthday(number: &str) -> Option<NaiveDate> {
    let part = |from: usize, to: usize| number.get(from..to)?.parse::<i32>().ok();
    let (day, month, year, seventh) = (part(0, 2)?, part(2, 4)?, part(4, 6)?, part(6, 7)?);
    let century = match seventh {
        0..=3 => 1900,
        4 | 9 if year <= 36 => 2000,
        4 | 9 => 1900,
        _ if year <= 57 => 2000,
        _ => 1800,
    };
    NaiveDate::from_ymd_opt(century + year, u32::try_from(month).ok()?, u32::try_from(day).ok()?)
}

/// Stands for a company whose number is not known.
const FICTIONAL_COMPANY: &str = "11111111";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_by_its_length_and_its_date() {
        for (number, expected) in [
            ("0101701234", Some(CustomerType::Person)),
            (" 3112990000 ", Some(CustomerType::Person)),
            ("2902004000", Some(CustomerType::Person)),
            ("2902000000", None),
            ("3002701234", None),
            ("0113701234", None),
            ("12345678", Some(CustomerType::Company)),
            ("11111111", Some(CustomerType::Company)),
            ("99999999", Some(CustomerType::Company)),
            ("01234567", None),
            ("123456789", None),
            ("1234567x", None),
            ("१२३४५६७८", None),
            ("010170-1234", None),
            ("", None),
        ] {
            assert_eq!(CustomerNumber::new(number).customer_type(), expected, "{number:?}");
        }
    }

    #[test]
    fn the_seventh_digit_says_in_which_century_somebody_was_born() {
        let born = |number: &str| birthday(number).unwrap().to_string();
        assert_eq!(born("0101003000"), "1900-01-01");
        assert_eq!(born("0101364000"), "2036-01-01");
        assert_eq!(born("0101374000"), "1937-01-01");
        assert_eq!(born("0101575000"), "2057-01-01");
        assert_eq!(born("0101588000"), "1858-01-01");
        assert_eq!(born("0101369000"), "2036-01-01");
        assert_eq!(born("0101379000"), "1937-01-01");
    }

    #[test]
    fn fictional_numbers_stand_for_nobody_in_particular() {
        assert!(CustomerNumber::new("0101700000").is_fictional());
        assert!(CustomerNumber::new("11111111").is_fictional());
        assert!(!CustomerNumber::new("0101700001").is_fictional());
        assert!(!CustomerNumber::new("12345678").is_fictional());
        assert!(!CustomerNumber::new("0000").is_fictional());
    }

    #[test]
    fn a_coding_scheme_must_agree_with_its_number() {
        assert!(CustomerNumber::new("0101701234").agrees_with("ARR"));
        assert!(!CustomerNumber::new("0101701234").agrees_with("VAT"));
        assert!(CustomerNumber::new("12345678").agrees_with("VAT"));
        assert!(CustomerNumber::new("12345678").agrees_with("VA"));
        assert!(!CustomerNumber::new("12345678").agrees_with("A10"));
        assert!(!CustomerNumber::new("1234").agrees_with("VAT"));
    }

    #[test]
    fn a_personal_number_is_never_shown_right_or_wrong() {
        for number in ["0101701234", "0101700000", "010170-1234", "01017012345", "9901701234"] {
            let customer = CustomerNumber::new(number);
            let shown = format!("{customer} {customer:?} {:#?}", Some(&customer));
            assert!(!shown.contains("0101") && !shown.contains("1234") && !shown.contains("9901"), "{shown}");
            assert_eq!(customer.public(), None);
        }
        let company = CustomerNumber::new("12345678");
        assert_eq!(company.to_string(), "CVR 12345678");
        assert_eq!(company.public(), Some("12345678"));
    }
}
