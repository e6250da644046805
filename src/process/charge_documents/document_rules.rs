//! Rules about a document as a whole, and about what follows an operation that failed. Which document type and which
//! recipient role a process takes (VR.404, VR.165) is its own.

use super::{Judged, Rule, is_blank, shown};
use crate::market::ReasonCode;
use crate::process::participants::Participant;

impl<R: Judged> Rule<R> {
    /// Asked before everything else: whose operation it is is not known.
    pub const CH_17: Self = Self {
        number: "CH.17",
        name: "DelegatedPartyMustActForTheOwner",
        code: ReasonCode::D50,
        holds: |case| !R::seen(case).is_stranger,
        text: |case| {
            let seen = R::seen(case);
            format!(
                "the owner of {} does not let sender {} act for it",
                seen.charge(),
                shown(&seen.header.sender_number)
            )
        },
    };

    pub const VR_152: Self = Self {
        number: "VR.152",
        name: "CommandSenderMustBeAnExistingMarketParticipant",
        code: ReasonCode::D02,
        holds: |case| R::seen(case).sender.is_some_and(Participant::is_live),
        text: |case| {
            let header = R::seen(case).header;
            format!(
                "sender {} of document {} is not, or no longer, an active market participant in its role",
                shown(&header.sender_number),
                shown(&header.message_id)
            )
        },
    };

    pub const VR_153: Self = Self {
        number: "VR.153",
        name: "RecipientIsMandatoryTypeValidation",
        code: ReasonCode::D02,
        holds: |case| !is_blank(&R::seen(case).header.receiver_number),
        text: |case| format!("document {} has no recipient", shown(&R::seen(case).header.message_id)),
    };

    pub const VR_150: Self = Self {
        number: "VR.150",
        name: "SenderIsMandatoryTypeValidation",
        code: ReasonCode::D02,
        holds: |case| !is_blank(&R::seen(case).header.sender_number),
        text: |case| format!("document {} has no sender", shown(&R::seen(case).header.message_id)),
    };

    /// Answered to every operation behind one that failed; nothing else about it is asked.
    pub const VR_906: Self = Self {
        number: "VR.906",
        name: "SubsequentBundleOperationsFail",
        code: ReasonCode::D14,
        holds: |case| R::seen(case).failed.is_none(),
        text: |case| {
            let seen = R::seen(case);
            format!(
                "transaction {} for {} is not carried out, because transaction {} before it failed",
                shown(seen.transaction_id),
                seen.subject(),
                shown(seen.failed.unwrap_or_default())
            )
        },
    };
}
