//! Reason codes: why the market's rules turned a request down. The list of all that it knows; each process has its own use
//! for some of them, and its own words. Source: charges 3.7, market-roles 4.9, metering-points 8.

/// A code of the market's list of reasons, as far as they are about single transactions or whole documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonCode {
    /// Error not specified.
    Unspecified,
    /// Accepted; stands in a header.
    A01,
    /// Rejected; stands in a header.
    A02,
    /// Document approved.
    D01,
    /// General error.
    D02,
    /// Consumer name or address missing.
    D03,
    /// Metering point differs from original.
    D05,
    /// Transaction reference differs from original.
    D06,
    /// Ongoing process.
    D07,
    /// Supplier is not the current supplier.
    D08,
    /// Search criteria cannot be combined.
    D11,
    /// Invalid quantity quality.
    D12,
    /// Internal error of the hub.
    D13,
    /// Incorrect charge information.
    D14,
    /// Incorrect settlement.
    D15,
    /// Incorrect connection status.
    D16,
    /// Incorrect CPR or CVR number.
    D17,
    /// Incorrect metering point type.
    D18,
    /// Function code not allowed.
    D19,
    /// Violated process.
    D20,
    /// Cancel meter reading.
    D21,
    /// Change of supply on new metering point.
    D22,
    /// Incorrect resolution.
    D23,
    /// Incorrect contract information.
    D24,
    /// The balance responsible party is not the current one.
    D25,
    /// Unauthorised TSO.
    D26,
    /// Illegal request.
    D27,
    /// Service request rejected.
    D28,
    /// No existing contract.
    D29,
    /// Attribute cannot be updated here.
    D30,
    /// Meter information incorrect.
    D31,
    /// Subtype cannot be changed.
    D32,
    /// Part of a calculation structure.
    D33,
    /// Parent has children.
    D34,
    /// Supplier exists at metering point.
    D35,
    /// Cannot be connected.
    D36,
    /// Illegal subtype.
    D37,
    /// No end of supply registered.
    D38,
    /// Ongoing end of supply.
    D39,
    /// Illegal process.
    D40,
    /// Municipality must take part in disconnection.
    D41,
    /// Police must take part in disconnection.
    D42,
    /// Bailiff must take part in disconnection.
    D43,
    /// Another reason for rejection.
    D44,
    /// Incorrect grid area.
    D46,
    /// Not allowed for net settlement group 6.
    D47,
    /// Actor blocked in grid area.
    D48,
    /// Other actor blocked in grid area.
    D49,
    /// No delegation.
    D50,
    /// Electrical heating change not allowed.
    D51,
    /// Process could not be carried out.
    D52,
    /// Incorrect occurrence of meter reading.
    D53,
    /// Move not allowed after a completed end of supply.
    D54,
    /// Connection type incorrect.
    D55,
    /// Capacity incorrect.
    D56,
    /// Power plant incorrect.
    D57,
    /// No access to the meter.
    D58,
    /// Technology code incorrect.
    D59,
    /// Illegal use of code.
    D60,
    /// Unauthorised metering point responsible.
    D61,
    /// Incorrect resolution.
    D62,
    /// Actual address indicator incorrect.
    D63,
    /// Mandatory attribute missing.
    D64,
    /// Disconnection type incorrect.
    D65,
    /// Illegal format.
    D66,
    /// Transparent invoicing incorrect.
    D67,
    /// Document type incorrect.
    D68,
    /// Energy business incorrect.
    D69,
    /// Address information incorrect.
    D70,
    /// Address type incorrect.
    D71,
    /// Incorrect customer information.
    D72,
    /// Installation not identifiable.
    E09,
    /// Data not available.
    E0H,
    /// Unauthorised grid access provider.
    E0I,
    /// Metering point not identifiable.
    E10,
    /// Measuring problem.
    E11,
    /// Other reason.
    E14,
    /// Unauthorised supplier.
    E16,
    /// Date not within the time limits.
    E17,
    /// Unauthorised balance responsible party.
    E18,
    /// Meter readings outside limits.
    E19,
    /// Metering point blocked for switching.
    E22,
    /// Product unknown or not that of the metering point.
    E29,
    /// No ongoing switch.
    E47,
    /// Invalid period.
    E50,
    /// Wrong number of decimals.
    E51,
    /// Unauthorised metered data responsible.
    E55,
    /// The relation, or the metering point, exists already.
    E59,
    /// Meter not identifiable.
    E61,
    /// Incorrect unit.
    E73,
    /// Not connected.
    E81,
    /// Incorrect value.
    E86,
    /// Number of observations does not fit the period and the resolution.
    E87,
    /// Beyond the limits of plausibility.
    E90,
    /// An estimate where there may be none.
    E91,
    /// Zero where there may be no zero.
    E97,
    /// Incorrect sign.
    E98,
}

impl ReasonCode {
    /// In the order of their codes.
    pub const ALL: [ReasonCode; 97] = [
        ReasonCode::Unspecified,
        ReasonCode::A01,
        ReasonCode::A02,
        ReasonCode::D01,
        ReasonCode::D02,
        ReasonCode::D03,
        ReasonCode::D05,
        ReasonCode::D06,
        ReasonCode::D07,
        ReasonCode::D08,
        ReasonCode::D11,
        ReasonCode::D12,
        ReasonCode::D13,
        ReasonCode::D14,
        ReasonCode::D15,
        ReasonCode::D16,
        ReasonCode::D17,
        ReasonCode::D18,
        ReasonCode::D19,
        ReasonCode::D20,
        ReasonCode::D21,
        ReasonCode::D22,
        ReasonCode::D23,
        ReasonCode::D24,
        ReasonCode::D25,
        ReasonCode::D26,
        ReasonCode::D27,
        ReasonCode::D28,
        ReasonCode::D29,
        ReasonCode::D30,
        ReasonCode::D31,
        ReasonCode::D32,
        ReasonCode::D33,
        ReasonCode::D34,
        ReasonCode::D35,
        ReasonCode::D36,
        ReasonCode::D37,
        ReasonCode::D38,
        ReasonCode::D39,
        ReasonCode::D40,
        ReasonCode::D41,
        ReasonCode::D42,
        ReasonCode::D43,
        ReasonCode::D44,
        ReasonCode::D46,
        ReasonCode::D47,
        ReasonCode::D48,
        ReasonCode::D49,
        ReasonCode::D50,
        ReasonCode::D51,
        ReasonCode::D52,
        ReasonCode::D53,
        ReasonCode::D54,
        ReasonCode::D55,
        ReasonCode::D56,
        ReasonCode::D57,
        ReasonCode::D58,
        ReasonCode::D59,
        ReasonCode::D60,
        ReasonCode::D61,
        ReasonCode::D62,
        ReasonCode::D63,
        ReasonCode::D64,
        ReasonCode::D65,
        ReasonCode::D66,
        ReasonCode::D67,
        ReasonCode::D68,
        ReasonCode::D69,
        ReasonCode::D70,
        ReasonCode::D71,
        ReasonCode::D72,
        ReasonCode::E09,
        ReasonCode::E0H,
        ReasonCode::E0I,
        ReasonCode::E10,
        ReasonCode::E11,
        ReasonCode::E14,
        ReasonCode::E16,
        ReasonCode::E17,
        ReasonCode::E18,
        ReasonCode::E19,
        ReasonCode::E22,
        ReasonCode::E29,
        ReasonCode::E47,
        ReasonCode::E50,
        ReasonCode::E51,
        ReasonCode::E55,
        ReasonCode::E59,
        ReasonCode::E61,
        ReasonCode::E73,
        ReasonCode::E81,
        ReasonCode::E86,
        ReasonCode::E87,
        ReasonCode::E90,
        ReasonCode::E91,
        ReasonCode::E97,
        ReasonCode::E98,
    ];

    pub const fn code(self) -> &'static str {
        CODES[self as usize]
    }

    pub fn from_code(code: &str) -> Option<Self> {
        let at = CODES.binary_search(&code).ok()?;
        Self::ALL.get(at).copied()
    }
}

/// The codes on the wire, in the order of the variants, which is their own order.
const CODES: [&str; 97] = [
    "999", "A01", "A02", "D01", "D02", "D03", "D05", "D06", "D07", "D08", "D11", "D12", "D13", "D14", "D15", "D16",
    "D17", "D18", "D19", "D20", "D21", "D22", "D23", "D24", "D25", "D26", "D27", "D28", "D29", "D30", "D31", "D32",
    "D33", "D34", "D35", "D36", "D37", "D38", "D39", "D40", "D41", "D42", "D43", "D44", "D46", "D47", "D48", "D49",
    "D50", "D51", "D52", "D53", "D54", "D55", "D56", "D57", "D58", "D59", "D60", "D61", "D62", "D63", "D64", "D65",
    "D66", "D67", "D68", "D69", "D70", "D71", "D72", "E09", "E0H", "E0I", "E10", "E11", "E14", "E16", "E17", "E18",
    "E19", "E22", "E29", "E47", "E50", "E51", "E55", "E59", "E61", "E73", "E81", "E86", "E87", "E90", "E91", "E97",
    "E98",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_found_again_and_named_as_it_is_written() {
        for (code, known) in CODES.iter().zip(ReasonCode::ALL) {
            assert_eq!(known.code(), *code);
            assert_eq!(ReasonCode::from_code(code), Some(known));
            if known != ReasonCode::Unspecified {
                assert_eq!(format!("{known:?}"), *code);
            }
        }
        assert!(CODES.is_sorted());
        assert_eq!(ReasonCode::from_code("D45"), None);
    }
}
