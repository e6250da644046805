//! Rules about a document as a whole: who sends it, to whom, what it claims to be.

use super::Rule;
use crate::market::{ActorRole, ReasonCode};
use crate::process::charge_documents::{document_type_not_allowed, recipient_role_not_allowed};

pub static VR_404: Rule = Rule {
    number: "VR.404",
    name: "DocumentTypeMustBeRequestChangeBillingMasterData",
    code: ReasonCode::D02,
    holds: |case| case.header.document_type == "D05",
    text: |case| document_type_not_allowed(case.header),
};

/// The market's own test documents address the system operator, so that is taken as well (charges 2.5).
pub static VR_165: Rule = Rule {
    number: "VR.165",
    name: "RecipientRoleMustBeDdzOrEz",
    code: ReasonCode::E55,
    holds: |case| {
        let role = ActorRole::from_code(&case.header.receiver_role);
        matches!(role, Some(ActorRole::MeteringPointAdministrator | ActorRole::SystemOperator))
    },
    text: |case| recipient_role_not_allowed(case.header, "DDZ or EZ"),
};
