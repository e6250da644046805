//! Rules about a document as a whole: who sends it, to whom, what it claims to be.

use super::super::request::{REASON_INFORMATION, REASON_PRICES};
use super::Rule;
use crate::market::{ActorRole, ReasonCode};
use crate::process::charge_documents::{document_type_not_allowed, recipient_role_not_allowed, shown};

pub static VR_424: Rule = Rule {
    number: "VR.424",
    name: "BusinessReasonCodeMustBeUpdateChargeInformationOrChargePrices",
    code: ReasonCode::D02,
    holds: |case| [REASON_PRICES, REASON_INFORMATION].contains(&&*case.header.business_reason),
    text: |case| {
        format!(
            "business reason {} is not allowed with document type {}",
            shown(&case.header.business_reason),
            shown(&case.header.document_type)
        )
    },
};

pub static VR_404: Rule = Rule {
    number: "VR.404",
    name: "DocumentTypeMustBeRequestChangeOfPriceList",
    code: ReasonCode::D02,
    holds: |case| case.header.document_type == "D10",
    text: |case| document_type_not_allowed(case.header),
};

pub static VR_165: Rule = Rule {
    number: "VR.165",
    name: "RecipientRoleMustBeDdz",
    code: ReasonCode::E55,
    holds: |case| case.header.receiver_role == ActorRole::MeteringPointAdministrator.code(),
    text: |case| recipient_role_not_allowed(case.header, "DDZ"),
};
