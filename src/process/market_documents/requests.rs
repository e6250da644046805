//! Requests about who supplies, who moves, what is withdrawn or asked for. Source: market-roles 4.4 and 4.8.

use super::door::{Door, SUPPLIER, SUPPLIER_OR_GRID};
use super::{CustomerId, Id, Said, Sent, SentRecord};

pub type RequestChangeOfSupplier = Sent<ChangeOfSupplier>;
pub type RequestEndOfSupply = Sent<EndOfSupply>;
pub type RequestReallocateChangeOfSupplier = Sent<Reallocation>;
pub type RequestCancellation = Sent<Cancellation>;
pub type RequestService = Sent<Service>;
pub type RequestAccountingPointCharacteristics = Sent<MasterDataQuery>;

/// RSM-001: a change of supplier (E03, D30), a move-in (E65, D21, D29), another balance responsible party (E56).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeOfSupplier {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub metering_point: Id,
    pub energy_supplier: Id,
    pub balance_responsible: Option<Id>,
    pub customer: Option<CustomerId>,
    pub customer_name: Option<String>,
    /// As written; the form that the market wants is a rule (market-roles 1.4).
    pub start: String,
}

impl SentRecord for ChangeOfSupplier {
    const DOOR: Door = Door {
        name: "RequestChangeOfSupplier",
        namespace: "urn:ediel.org:structure:requestchangeofsupplier:0:1",
        type_code: "392",
        reasons: &[
            ("E03", SUPPLIER),
            ("E65", SUPPLIER),
            ("D21", SUPPLIER),
            ("D29", SUPPLIER),
            ("D30", SUPPLIER),
            ("E56", SUPPLIER),
        ],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            METERING_POINT => self.metering_point = said.id(),
            ENERGY_SUPPLIER => self.energy_supplier = said.id(),
            "marketEvaluationPoint.balanceResponsibleParty_MarketParticipant.mRID" => {
                self.balance_responsible = Some(said.id());
            }
            "marketEvaluationPoint.customer_MarketParticipant.mRID" => self.customer = Some(said.customer()),
            "marketEvaluationPoint.customer_MarketParticipant.name" => self.customer_name = Some(said.text()),
            START => self.start = said.text(),
            // The shipper is the gas market's.
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

/// RSM-005: the supply ends (E20), or the customer moves out (E66).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EndOfSupply {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub metering_point: Id,
    /// The sender, if anybody (else E16).
    pub energy_supplier: Option<Id>,
    pub end: String,
}

impl SentRecord for EndOfSupply {
    const DOOR: Door = Door {
        name: "RequestEndOfSupply",
        namespace: "urn:ediel.org:structure:requestendofsupply:0:1",
        type_code: "432",
        reasons: &[("E20", SUPPLIER), ("E66", SUPPLIER)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            METERING_POINT => self.metering_point = said.id(),
            ENERGY_SUPPLIER => self.energy_supplier = Some(said.id()),
            END => self.end = said.text(),
            // The balance responsible party is not asked for; the shipper is the gas market's.
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

/// RSM-003: a move (D33) or a change of supplier (D07) was wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reallocation {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub metering_point: Id,
    /// The effective date of what was wrong.
    pub start: String,
}

impl SentRecord for Reallocation {
    const DOOR: Door = Door {
        name: "RequestReallocateChangeOfSupplier",
        namespace: "urn:ediel.org:structure:requestreallocatechangeofsupplier:0:1",
        type_code: "D01",
        reasons: &[("D07", SUPPLIER), ("D33", SUPPLIER)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            METERING_POINT => self.metering_point = said.id(),
            START => self.start = said.text(),
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

/// RSM-024: a request is withdrawn; the business reason is that of the request, or of its kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cancellation {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    /// The sender's own transaction id in the request that it withdraws; a rule asks for it (D64).
    pub original_transaction_id: Option<String>,
    pub metering_point: Id,
}

impl SentRecord for Cancellation {
    const DOOR: Door = Door {
        name: "RequestCancellation",
        namespace: "urn:ediel.org:structure:requestcancellation:0:1",
        type_code: "E67",
        reasons: &[
            ("E03", SUPPLIER_OR_GRID),
            ("E56", SUPPLIER_OR_GRID),
            ("E65", SUPPLIER_OR_GRID),
            ("D22", SUPPLIER_OR_GRID),
            ("E20", SUPPLIER_OR_GRID),
            ("E66", SUPPLIER_OR_GRID),
            ("D21", SUPPLIER_OR_GRID),
            ("D29", SUPPLIER_OR_GRID),
            ("D30", SUPPLIER_OR_GRID),
        ],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            ORIGINAL => self.original_transaction_id = Some(said.text()),
            METERING_POINT => self.metering_point = said.id(),
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

/// RSM-020: work at a metering point, as a service of its own (D22) or because a supply ends (E20).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Service {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    /// The day that is wished for.
    pub start: String,
    pub metering_point: Id,
    /// The sender, if anybody (else E16).
    pub energy_supplier: Option<Id>,
    /// What is to be done, in the codes of CIM; those of ebIX mean other things.
    pub service: String,
    pub description: Option<String>,
}

impl SentRecord for Service {
    const DOOR: Door = Door {
        name: "RequestService",
        namespace: "urn:ediel.org:structure:requestservice:0:1",
        type_code: "D03",
        reasons: &[("D22", SUPPLIER_OR_GRID), ("E20", SUPPLIER_OR_GRID)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            START => self.start = said.text(),
            METERING_POINT => self.metering_point = said.id(),
            ENERGY_SUPPLIER => self.energy_supplier = Some(said.id()),
            "marketEvaluationPoint.request_ServiceCategory.kind" => self.service = said.text(),
            "description" => self.description = Some(said.text()),
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

/// RSM-006: master data are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MasterDataQuery {
    pub transaction_id: String,
    pub process_reference: Option<String>,
    pub metering_point: Id,
    /// As of today without it.
    pub start: Option<String>,
    /// Open without it.
    pub end: Option<String>,
    /// `true` or `false`, `1` or `0`; false without it.
    pub with_children: Option<String>,
    /// On whose behalf, if not the sender's own; number and role go together (else D64).
    pub initiator: Option<Id>,
    pub initiator_role: Option<String>,
}

impl MasterDataQuery {
    pub fn wants_children(&self) -> bool {
        matches!(self.with_children.as_deref(), Some("true" | "1"))
    }
}

impl SentRecord for MasterDataQuery {
    const DOOR: Door = Door {
        name: "RequestAccountingPointCharacteristics",
        namespace: "urn:ediel.org:structure:requestaccountingpointcharacteristics:0:1",
        type_code: "D18",
        reasons: &[("E0G", SUPPLIER_OR_GRID)],
    };

    fn take(&mut self, _group: &str, name: &str, said: &Said) {
        match name {
            "mRID" => self.transaction_id = said.text(),
            PROCESS_REFERENCE => self.process_reference = Some(said.text()),
            METERING_POINT => self.metering_point = said.id(),
            START => self.start = Some(said.text()),
            END => self.end = Some(said.text()),
            "includeChildMeteringPoints" => self.with_children = Some(said.text()),
            "initiator_MarketParticipant.mRID" => self.initiator = Some(said.id()),
            "initiator_MarketParticipant.marketRole.type" => self.initiator_role = Some(said.text()),
            _ => {}
        }
    }

    fn transaction_id(&self) -> &str {
        &self.transaction_id
    }
}

pub(super) const PROCESS_REFERENCE: &str = "businessProcessReference_MktActivityRecord.mRID";
pub(super) const ORIGINAL: &str = "originalTransactionIDReference_MktActivityRecord.mRID";
pub(super) const METERING_POINT: &str = "marketEvaluationPoint.mRID";
pub(super) const ENERGY_SUPPLIER: &str = "marketEvaluationPoint.energySupplier_MarketParticipant.mRID";
pub(super) const START: &str = "start_DateAndOrTime.dateTime";
const END: &str = "end_DateAndOrTime.dateTime";
