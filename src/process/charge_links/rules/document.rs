//! Rules about a document as a whole: who sends it, to whom, what it claims to be.

use super::super::request::is_blank;
use super::Rule;
use super::words::shown;
use crate::market::{ActorRole, ReasonCode};
use crate::process::participants::Participant;

pub static VR_152: Rule = Rule {
    number: "VR.152",
    name: "CommandSenderMustBeAnExistingMarketParticipant",
    code: ReasonCode::D02,
    holds: |case| case.sender.is_some_and(Participant::is_live),
    text: |case| {
        format!(
            "sender {} of document {} is not, or no longer, an active market participant in its role",
            shown(&case.header.sender_number),
            shown(&case.header.message_id)
        )
    },
};

pub static VR_404: Rule = Rule {
    number: "VR.404",
    name: "DocumentTypeMustBeRequestChangeBillingMasterData",
    code: ReasonCode::D02,
    holds: |case| case.header.document_type == "D05",
    text: |case| {
        format!(
            "document type {} is not allowed with business reason {}",
            shown(&case.header.document_type),
            shown(&case.header.business_reason)
        )
    },
};

pub static VR_153: Rule = Rule {
    number: "VR.153",
    name: "RecipientIsMandatoryTypeValidation",
    code: ReasonCode::D02,
    holds: |case| !is_blank(&case.header.receiver_number),
    text: |case| format!("document {} has no recipient", shown(&case.header.message_id)),
};

pub static VR_150: Rule = Rule {
    number: "VR.150",
    name: "SenderIsMandatoryTypeValidation",
    code: ReasonCode::D02,
    holds: |case| !is_blank(&case.header.sender_number),
    text: |case| format!("document {} has no sender", shown(&case.header.message_id)),
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
    text: |case| {
        format!(
            "recipient role {} is not allowed, it must be DDZ or EZ with business reason {}",
            shown(&case.header.receiver_role),
            shown(&case.header.business_reason)
        )
    },
};
