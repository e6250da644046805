//! Answers that come in, to what the hub forwarded: from a former supplier (RSM-003), from a grid company (RSM-020).
//! Source: market-roles 4.8.

use super::door::{Door, GRID, SUPPLIER};
use super::requests::{METERING_POINT, ORIGINAL, PROCESS_REFERENCE};
use super::{Id, Said, Sent, SentRecord};

pub type ConfirmRequestReallocateChangeOfSupplier = Sent<ReallocationConfirmed>;
pub type RejectRequestReallocateChangeOfSupplier = Sent<ReallocationRejected>;
pub type ConfirmRequestService = Sent<ServiceConfirmed>;
pub type RejectRequestService = Sent<ServiceRejected>;

/// What every answer says of what it answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answered {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    /// The id of our own record that it answers; without it nobody knows what is meant (D64).
    pub original_transaction_id: Option<String>,
    /// A rejection may leave it out.
    pub metering_point: Option<Id>,
}

impl Answered {
    fn take(&mut self, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            ORIGINAL => self.original_transaction_id = Some(said.text()),
            METERING_POINT => self.metering_point = Some(said.id()),
            _ => {}
        }
    }
}

/// A reason as its sender gave it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SentReason {
    pub code: String,
    pub text: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReallocationConfirmed {
    pub answered: Answered,
}

impl SentRecord for ReallocationConfirmed {
    const DOOR: Door = Door {
        name: "ConfirmRequestReallocateChangeOfSupplier",
        namespace: "urn:ediel.org:structure:confirmrequestreallocatechangeofsupplier:0:1",
        type_code: "D02",
        reasons: &[("D07", SUPPLIER), ("D33", SUPPLIER)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        self.answered.take(name, said);
    }

    fn transaction_id(&self) -> &str {
        &self.answered.transaction_id
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReallocationRejected {
    pub answered: Answered,
    pub reasons: Vec<SentReason>,
}

impl SentRecord for ReallocationRejected {
    const DOOR: Door = Door {
        name: "RejectRequestReallocateChangeOfSupplier",
        namespace: "urn:ediel.org:structure:rejectrequestreallocatechangeofsupplier:0:1",
        type_code: "D02",
        reasons: &[("D07", SUPPLIER), ("D33", SUPPLIER)],
    };

    fn open(&mut self, group: &str) {
        open_reason(&mut self.reasons, group);
    }

    fn take(&mut self, group: &str, name: &str, said: &Said) {
        if !take_reason(&mut self.reasons, group, name, said) {
            self.answered.take(name, said);
        }
    }

    fn transaction_id(&self) -> &str {
        &self.answered.transaction_id
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceConfirmed {
    pub answered: Answered,
    pub description: Option<String>,
}

impl SentRecord for ServiceConfirmed {
    const DOOR: Door = Door {
        name: "ConfirmRequestService",
        namespace: "urn:ediel.org:structure:confirmrequestservice:0:1",
        type_code: "D04",
        reasons: &[("D22", GRID), ("E20", GRID)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "description" => self.description = Some(said.text()),
            _ => self.answered.take(name, said),
        }
    }

    fn transaction_id(&self) -> &str {
        &self.answered.transaction_id
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceRejected {
    pub answered: Answered,
    pub reasons: Vec<SentReason>,
    pub description: Option<String>,
}

impl SentRecord for ServiceRejected {
    const DOOR: Door = Door {
        name: "RejectRequestService",
        namespace: "urn:ediel.org:structure:rejectrequestservice:0:1",
        type_code: "D04",
        reasons: &[("D22", GRID), ("E20", GRID)],
    };

    fn open(&mut self, group: &str) {
        open_reason(&mut self.reasons, group);
    }

    fn take(&mut self, group: &str, name: &str, said: &Said) {
        if take_reason(&mut self.reasons, group, name, said) {
            return;
        }
        match name {
            "description" => self.description = Some(said.text()),
            _ => self.answered.take(name, said),
        }
    }

    fn transaction_id(&self) -> &str {
        &self.answered.transaction_id
    }
}

fn open_reason(reasons: &mut Vec<SentReason>, group: &str) {
    if group == "Reason" {
        reasons.push(SentReason::default());
    }
}

/// Takes what stands in a reason. Returns whether it does.
fn take_reason(reasons: &mut [SentReason], group: &str, name: &str, said: &Said) -> bool {
    let (true, Some(reason)) = (group == "Reason", reasons.last_mut()) else { return false };
    match name {
        "code" => reason.code = said.text(),
        "text" => reason.text = Some(said.text()),
        _ => {}
    }
    true
}
