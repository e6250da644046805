//! Rules about an operation and what is stored: the metering point, the charge, and who may link them.

use super::words::*;
use super::{Case, Rule};
use crate::market::{ActorRole, Period, ReasonCode};
use crate::process::charge_documents::{UNKNOWN, shown};
use crate::process::charges::Charge;
use crate::process::participants::Participant;

pub static VR_200: Rule = Rule {
    number: "VR.200",
    name: "MeteringPointDoesNotExist",
    code: ReasonCode::E10,
    holds: |case| case.point.is_some_and(|it| case.operation.effective.is_none_or(|start| it.effective <= start)),
    text: |case| format!("{} is unknown on {}", point(case), effective(case)),
};

/// A stop takes nothing that is not there, so it may lie behind the end of the charge.
pub static VR_679: Rule = Rule {
    number: "VR.679",
    name: "ChargeDoesNotExistOnLinkStartDate",
    code: ReasonCode::E0I,
    holds: |case| {
        let Some(charge) = case.charge else { return false };
        case.operation.is_stop() || case.operation.effective.is_none_or(|start| charge.life().contains(start))
    },
    text: |case| format!("{} does not exist on {}", charge(case), effective(case)),
};

pub static CH_02: Rule = Rule {
    number: "CH.02",
    name: "OwnerMustBeALiveSystemOperatorOrGridAccessProvider",
    code: ReasonCode::E0I,
    holds: |case| case.owner.iter().any(Participant::is_live),
    text: |case| format!("the owner of {} is no active system operator or grid access provider", charge(case)),
};

pub static CH_08: Rule = Rule {
    number: "CH.08",
    name: "LinkMustLieWithinTheLifeOfTheCharge",
    code: ReasonCode::E0I,
    holds: |case| match (case.charge, case.operation.effective) {
        (Some(charge), Some(start)) if !case.operation.is_stop() => {
            charge.life().covers(Period::new(start, case.operation.end()))
        }
        _ => true,
    },
    text: |case| {
        let stop = case.charge.map_or(UNKNOWN.into(), |charge| charge.stop.to_string());
        match case.charge.is_some_and(Charge::is_stopped) {
            true => format!("{} reaches beyond the charge, which is stopped on {stop}", link(case)),
            false => format!("{} ends after {stop}: leave the end out where there is none", link(case)),
        }
    },
};

/// The owner, or the metering point's present supplier where the owner is the system operator.
pub static CH_09: Rule = Rule {
    number: "CH.09",
    name: "LinkSenderMustBeEntitled",
    code: ReasonCode::E0I,
    holds: |case| {
        case.by_default || case.sender.is_some_and(|sender| is_owner(sender, case) || acts_for_owner(sender, case))
    },
    text: |case| {
        format!(
            "sender {} in role {} may not change {}: its owner may, and for a charge of the system operator the supplier",
            shown(&case.header.sender_number),
            shown(&case.header.sender_role),
            link(case)
        )
    },
};

pub static CH_12: Rule = Rule {
    number: "CH.12",
    name: "StopMustFindALink",
    code: ReasonCode::D14,
    holds: |case| match (case.links, case.operation.effective) {
        (Some(links), Some(at)) if case.operation.is_stop() => links.reaches(at),
        _ => true,
    },
    text: |case| format!("{} cannot be stopped on {}: there is none from then on", link(case), effective(case)),
};

fn is_owner(sender: &Participant, case: &Case) -> bool {
    let owns = matches!(sender.party.role, ActorRole::SystemOperator | ActorRole::GridAccessProvider);
    owns && sender.party.number.as_str() == case.operation.owner
}

fn acts_for_owner(sender: &Participant, case: &Case) -> bool {
    let supplies = case.supplies.iter().any(|it| it.period.contains(case.now) && it.supplier == sender.party.number);
    let of_operator = case.owner.iter().any(|it| it.is_live() && it.party.role == ActorRole::SystemOperator);
    sender.party.role == ActorRole::EnergySupplier && supplies && of_operator
}
