//! Reading a RequestChangeBillingMasterData: names and values become operations, or refusals.
//!
//! What the schema cannot say stands here: no blank ids in the header, reason D17, one charge in each record (CH.06), a
//! factor that is a whole number (charges 3.2). Almost everything else may be missing by the schema; rules ask for it.

use super::state::LinkIdentity;
use crate::document::{Header, HeaderReader, Reader};
use crate::market::{ActorNumber, ChargeType, MeteringPointId, Timestamp};
use crate::process::charge_documents::{Refusals, is_blank};
use crate::process::charges::ChargeIdentity;
use crate::process::{Refused, Request, RequestReader};

/// RSM-030: charges that metering points pay, do not pay any more, or pay another number of times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestChangeBillingMasterData {
    pub header: Header,
    pub operations: Vec<Operation>,
}

/// One activity record. Texts are as sent; a blank one counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Operation {
    pub transaction_id: String,
    pub metering_point: String,
    pub owner: String,
    pub charge_type: Option<ChargeType>,
    pub charge_id: String,
    pub factor: Option<i64>,
    pub effective: Option<Timestamp>,
    /// The link has no end without it; it is a stop where it equals the effective date.
    pub termination: Option<Timestamp>,
}

impl Operation {
    /// Which link it is about, once the charge's type is known.
    pub fn identity(&self) -> Option<LinkIdentity> {
        let charge_type = self.charge_type?;
        let charge = ChargeIdentity { owner: ActorNumber::new(&*self.owner), charge_type, id: self.charge_id.clone() };
        Some(LinkIdentity { metering_point: self.point(), charge })
    }

    pub fn point(&self) -> MeteringPointId {
        MeteringPointId::new(&*self.metering_point)
    }

    pub fn end(&self) -> Timestamp {
        self.termination.unwrap_or(Timestamp::OPEN_END)
    }

    pub fn is_stop(&self) -> bool {
        self.termination.is_some() && self.termination == self.effective
    }
}

/// Business reason of charge links.
pub const REASON_LINKS: &str = "D17";

pub fn reader() -> Box<dyn RequestReader> {
    Box::new(LinksReader::default())
}

/// Collects the operations of one document.
#[derive(Debug, Default)]
pub struct LinksReader {
    header: HeaderReader,
    place: Place,
    /// The record that is being read; a new one for each, so that nothing is inherited from the one before.
    draft: Operation,
    /// How many charges were opened in it.
    charge_types: usize,
    operations: Vec<Operation>,
    refusals: Refusals,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Header,
    Record,
    Charge,
}

impl Reader for LinksReader {
    fn open(&mut self, name: &str) {
        self.place = match (self.place, name) {
            (Place::Header, "MktActivityRecord") => {
                (self.draft, self.charge_types) = (Operation::default(), 0);
                Place::Record
            }
            (Place::Record, "ChargeType") => {
                self.charge_types += 1;
                // A ChargeType may be empty, so there may be no value to blame; the first one is not to blame either.
                if self.charge_types == 2 {
                    let message = "a record has a second ChargeType: send one activity record for each charge (CH.06)";
                    self.refusals.push(message.into(), None);
                }
                Place::Charge
            }
            (place, _) => place,
        };
    }

    fn value(&mut self, name: &str, value: &str, byte: usize) {
        let draft = &mut self.draft;
        match (self.place, name) {
            (Place::Header, _) => self.header(name, value, byte),
            (Place::Record, "mRID") => draft.transaction_id.push_str(value),
            (Place::Record, "marketEvaluationPoint.mRID") => draft.metering_point.push_str(value),
            (Place::Record, _) => {}
            (Place::Charge, _) if self.charge_types > 1 => {}
            (Place::Charge, "chargeTypeOwner_MarketParticipant.mRID") => draft.owner.push_str(value),
            (Place::Charge, "type") => draft.charge_type = ChargeType::from_code(value),
            (Place::Charge, "mRID") => draft.charge_id.push_str(value),
            (Place::Charge, "factor") if is_blank(value) => {}
            (Place::Charge, "factor") => {
                draft.factor = value.trim().parse().ok();
                if draft.factor.is_none() {
                    self.refusals.value(name, value, "a factor is a whole number", byte);
                }
            }
            (Place::Charge, "effectiveDate") => draft.effective = Timestamp::parse_date_time(value),
            // A date that we cannot hold is as far away as no end at all.
            (Place::Charge, "terminationDate") => draft.termination = Timestamp::parse_date_time(value),
            (Place::Charge, _) => {}
        }
    }

    fn default_value(&mut self, name: &str, _default: &str, byte: usize) {
        self.value(name, "", byte);
    }

    fn close(&mut self, name: &str) {
        self.place = match (self.place, name) {
            (Place::Charge, "ChargeType") => Place::Record,
            (Place::Record, "MktActivityRecord") => {
                self.operations.push(std::mem::take(&mut self.draft));
                Place::Header
            }
            (place, _) => place,
        };
    }
}

impl RequestReader for LinksReader {
    fn finish(self: Box<Self>) -> Result<Box<dyn Request>, Refused> {
        let (request, refusals) = self.read();
        refusals.or(request)
    }
}

impl LinksReader {
    /// [`RequestReader::finish`], with its type still known.
    #[cfg(test)]
    pub fn finish_typed(self) -> Result<RequestChangeBillingMasterData, Vec<crate::document::Refusal>> {
        let (request, refusals) = self.read();
        refusals.none().map(|()| request)
    }

    fn read(self) -> (RequestChangeBillingMasterData, Refusals) {
        (RequestChangeBillingMasterData { header: self.header.finish(), operations: self.operations }, self.refusals)
    }

    fn header(&mut self, name: &str, value: &str, byte: usize) {
        if self.refusals.header_speaks(name, value, byte) && name == "process.processType" && value != REASON_LINKS {
            self.refusals.value(name, value, "billing master data is changed with D17", byte);
        }
        self.header.value(name, value);
    }
}
