//! Coded values of the CIM code lists, as far as a process asks about them. Source: charges 1.3 and 3.7.

/// What kind of priced item a charge is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChargeType {
    Subscription,
    Fee,
    Tariff,
}

impl ChargeType {
    pub const ALL: [ChargeType; 3] = [ChargeType::Subscription, ChargeType::Fee, ChargeType::Tariff];

    pub const fn code(self) -> &'static str {
        match self {
            ChargeType::Subscription => "D01",
            ChargeType::Fee => "D02",
            ChargeType::Tariff => "D03",
        }
    }

    /// The number that events give it. Source: charges 1.3, in brackets.
    pub const fn number(self) -> u8 {
        match self {
            ChargeType::Subscription => 1,
            ChargeType::Fee => 2,
            ChargeType::Tariff => 3,
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// `VATPayer`: whether value added tax is paid on a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VatClass {
    NoVat,
    Vat25,
}

impl VatClass {
    pub const ALL: [VatClass; 2] = [VatClass::NoVat, VatClass::Vat25];

    pub const fn code(self) -> &'static str {
        match self {
            VatClass::NoVat => "D01",
            VatClass::Vat25 => "D02",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }
}

/// The length of time that one value of a series stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resolution {
    QuarterHour,
    Hour,
    Day,
    Month,
}

impl Resolution {
    pub const ALL: [Resolution; 4] = [Resolution::QuarterHour, Resolution::Hour, Resolution::Day, Resolution::Month];

    pub const fn code(self) -> &'static str {
        match self {
            Resolution::QuarterHour => "PT15M",
            Resolution::Hour => "PT1H",
            Resolution::Day => "P1D",
            Resolution::Month => "P1M",
        }
    }

    /// The literal text decides: `PT60M` lasts as long as `PT1H` and is not it, `P30D` is no `P1M`.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
    }

    /// No unit of this resolution lasts longer, in seconds: a month of 31 days or a day of 25 hours, with an hour to spare.
    pub const fn unit_seconds_max(self) -> i64 {
        match self {
            Resolution::QuarterHour => 15 * 60,
            Resolution::Hour => 3_600,
            Resolution::Day => 26 * 3_600,
            Resolution::Month => (31 * 24 + 2) * 3_600,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again() {
        assert!(ChargeType::ALL.iter().all(|it| ChargeType::from_code(it.code()) == Some(*it)));
        assert!(VatClass::ALL.iter().all(|it| VatClass::from_code(it.code()) == Some(*it)));
        assert!(Resolution::ALL.iter().all(|it| Resolution::from_code(it.code()) == Some(*it)));
    }

    #[test]
    fn a_resolution_is_its_literal_text() {
        for text in ["PT60M", "P30D", "PT24H", "pt1h", " PT1H", "P0Y1M", ""] {
            assert_eq!(Resolution::from_code(text), None, "{text:?}");
        }
    }
}
