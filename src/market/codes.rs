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

/// Why the market's rules turned a request down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// General error.
    D02,
    /// Error inside the hub.
    D13,
    /// Incorrect charge information.
    D14,
    /// Resolution not correct.
    D23,
    /// Incorrect transparent invoicing.
    D67,
    /// Data missing or not available.
    E0H,
    /// Unauthorised grid access provider.
    E0I,
    /// Metering point not identifiable.
    E10,
    /// Date not within the time limits.
    E17,
    /// Unauthorised responsible.
    E55,
    /// Incorrect value.
    E86,
    /// Number of observations does not fit the period and the resolution.
    E87,
    /// Beyond the limits of plausibility.
    E90,
}

impl ReasonCode {
    pub const ALL: [ReasonCode; 13] = [
        ReasonCode::D02,
        ReasonCode::D13,
        ReasonCode::D14,
        ReasonCode::D23,
        ReasonCode::D67,
        ReasonCode::E0H,
        ReasonCode::E0I,
        ReasonCode::E10,
        ReasonCode::E17,
        ReasonCode::E55,
        ReasonCode::E86,
        ReasonCode::E87,
        ReasonCode::E90,
    ];

    pub const fn code(self) -> &'static str {
        match self {
            ReasonCode::D02 => "D02",
            ReasonCode::D13 => "D13",
            ReasonCode::D14 => "D14",
            ReasonCode::D23 => "D23",
            ReasonCode::D67 => "D67",
            ReasonCode::E0H => "E0H",
            ReasonCode::E0I => "E0I",
            ReasonCode::E10 => "E10",
            ReasonCode::E17 => "E17",
            ReasonCode::E55 => "E55",
            ReasonCode::E86 => "E86",
            ReasonCode::E87 => "E87",
            ReasonCode::E90 => "E90",
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.code() == code)
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
        assert!(ReasonCode::ALL.iter().all(|it| ReasonCode::from_code(it.code()) == Some(*it)));
    }

    #[test]
    fn a_resolution_is_its_literal_text() {
        for text in ["PT60M", "P30D", "PT24H", "pt1h", " PT1H", "P0Y1M", ""] {
            assert_eq!(Resolution::from_code(text), None, "{text:?}");
        }
    }
}
