//! Rules about the values of a record, asked without a look at what is registered. Source: market-roles 3.3.

use super::{Case, Check, Level};
use crate::market::{is_eic, is_gln, is_gsrn};
use crate::process::accounting_points::customers::is_too_long;
use crate::process::market_documents::{Id, Rule};

pub static CHANGE_OF_SUPPLIER: Level = &[
    &[&GSRN_NUMBER_IS_REQUIRED, &INVALID_GSRN_NUMBER],
    &[
        &ENERGY_SUPPLIER_ID_IS_EMPTY,
        &INVALID_ENERGY_SUPPLIER_GLN,
        &ACTOR_NUMBER_MUST_MATCH_ITS_SCHEME,
        &ENERGY_SUPPLIER_DOES_NOT_MATCH_SENDER,
    ],
    &[&BALANCE_RESPONSIBLE_MISSING_WHERE_REQUIRED, &BALANCE_RESPONSIBLE_MUST_MATCH_ITS_SCHEME],
    &[&EFFECTIVE_DATE_IS_EMPTY, &DATE_FORMAT_MUST_BE_UTC],
    &[&CONSUMER_IDENTIFIER_IS_REQUIRED, &INVALID_CUSTOMER_NUMBER],
];

/// Asked before anything else about a move-in, and alone.
pub static SUPPLIER_ALONE: Level = &[&[
    &ENERGY_SUPPLIER_ID_IS_EMPTY,
    &INVALID_ENERGY_SUPPLIER_GLN,
    &ACTOR_NUMBER_MUST_MATCH_ITS_SCHEME,
    &ENERGY_SUPPLIER_DOES_NOT_MATCH_SENDER,
]];

pub static MOVE_IN: Level = &[
    &[&GSRN_NUMBER_IS_REQUIRED, &INVALID_GSRN_NUMBER],
    &[&BALANCE_RESPONSIBLE_MISSING_WHERE_REQUIRED, &BALANCE_RESPONSIBLE_MUST_MATCH_ITS_SCHEME],
    &[&EFFECTIVE_DATE_IS_EMPTY, &DATE_FORMAT_MUST_BE_UTC],
    &[&CONSUMER_NAME_IS_REQUIRED, &CUSTOMER_TEXT_LENGTH],
    &[&CONSUMER_IDENTIFIER_IS_REQUIRED, &INVALID_CUSTOMER_NUMBER],
];

pub static BALANCE: Level = &[
    &[&GSRN_NUMBER_IS_REQUIRED, &INVALID_GSRN_NUMBER],
    &[
        &ENERGY_SUPPLIER_ID_IS_EMPTY,
        &INVALID_ENERGY_SUPPLIER_GLN,
        &ACTOR_NUMBER_MUST_MATCH_ITS_SCHEME,
        &ENERGY_SUPPLIER_DOES_NOT_MATCH_SENDER,
    ],
    &[&BALANCE_RESPONSIBLE_MISSING, &BALANCE_RESPONSIBLE_MUST_MATCH_ITS_SCHEME],
    &[&EFFECTIVE_DATE_IS_EMPTY, &DATE_FORMAT_MUST_BE_UTC],
];

pub static GSRN_NUMBER_IS_REQUIRED: Check =
    Check { rule: Rule::GsrnNumberIsRequired, fails: |case| case.record.metering_point.is_blank() };

pub static INVALID_GSRN_NUMBER: Check =
    Check { rule: Rule::InvalidGsrnNumber, fails: |case| !is_gsrn(case.record.metering_point.trimmed()) };

pub static ENERGY_SUPPLIER_ID_IS_EMPTY: Check =
    Check { rule: Rule::EnergySupplierIdIsEmpty, fails: |case| case.record.energy_supplier.is_blank() };

pub static INVALID_ENERGY_SUPPLIER_GLN: Check = Check {
    rule: Rule::InvalidEnergySupplierGln,
    fails: |case| {
        let number = case.record.energy_supplier.trimmed();
        !is_gln(number) && !is_eic(number)
    },
};

pub static ACTOR_NUMBER_MUST_MATCH_ITS_SCHEME: Check =
    Check { rule: Rule::ActorNumberMustMatchItsScheme, fails: |case| case.record.energy_supplier.contradicts_itself() };

pub static ENERGY_SUPPLIER_DOES_NOT_MATCH_SENDER: Check = Check {
    rule: Rule::EnergySupplierDoesNotMatchSender,
    fails: |case| case.record.energy_supplier.trimmed() != case.header.sender_number.trim(),
};

pub static BALANCE_RESPONSIBLE_MISSING: Check =
    Check { rule: Rule::BalanceResponsibleMissing, fails: names_no_responsible };

pub static BALANCE_RESPONSIBLE_MISSING_WHERE_REQUIRED: Check = Check {
    rule: Rule::BalanceResponsibleMissing,
    fails: |case| case.market.dk().market_roles.change_of_supplier.require_brp && names_no_responsible(case),
};

pub static BALANCE_RESPONSIBLE_MUST_MATCH_ITS_SCHEME: Check = Check {
    rule: Rule::ActorNumberMustMatchItsScheme,
    fails: |case| case.record.balance_responsible.as_ref().is_some_and(Id::contradicts_itself),
};

pub static EFFECTIVE_DATE_IS_EMPTY: Check =
    Check { rule: Rule::EffectiveDateIsEmpty, fails: |case| case.record.start.trim().is_empty() };

pub static DATE_FORMAT_MUST_BE_UTC: Check =
    Check { rule: Rule::DateFormatMustBeUTC, fails: |case| case.effective.is_none() };

pub static CONSUMER_NAME_IS_REQUIRED: Check = Check {
    rule: Rule::ConsumerNameIsRequired,
    fails: |case| case.record.customer_name.as_deref().is_none_or(|name| name.trim().is_empty()),
};

/// Only a move-in's customer is kept.
pub static CUSTOMER_TEXT_LENGTH: Check = Check {
    rule: Rule::CustomerTextLength,
    fails: |case| case.record.customer_name.as_deref().is_some_and(is_too_long),
};

pub static CONSUMER_IDENTIFIER_IS_REQUIRED: Check =
    Check { rule: Rule::ConsumerIdentifierIsRequired, fails: names_no_customer };

pub static INVALID_CUSTOMER_NUMBER: Check = Check {
    rule: Rule::InvalidCustomerNumber,
    fails: |case| case.record.customer.as_ref().is_some_and(|customer| !customer.is_valid()),
};

fn names_no_responsible(case: &Case) -> bool {
    case.record.balance_responsible.as_ref().is_none_or(|id| id.is_blank())
}

fn names_no_customer(case: &Case) -> bool {
    case.record.customer.as_ref().is_none_or(|customer| customer.number.is_blank())
}
