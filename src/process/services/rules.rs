//! Why a service is not asked of the grid company. Source: market-roles 2.13, 3.3, 4.8, 4.9.

use crate::document::Header;
use crate::market::{ActorNumber, ActorRole, Party, ServiceRequest, Timestamp, is_gsrn};
use crate::process::change_of_supplier::window::instant;
use crate::process::change_of_supplier::work::Site;
use crate::process::market_documents::Rule;
use crate::process::market_documents::requests::Service;

/// A record in its document, and what is known about what it names.
pub struct Case<'a> {
    pub header: &'a Header,
    pub record: &'a Service,
    pub now: Timestamp,
    pub site: &'a Site,
    /// Whoever runs the grid that the metering point lies in.
    pub grid: Option<Party>,
}

/// What is to be forwarded, and to whom.
#[derive(Debug)]
pub struct Wanted {
    pub service: ServiceRequest,
    pub wished: Timestamp,
    pub grid: Party,
}

/// What is asked for, or every rule of the first level that does not hold.
pub fn judge(case: Case) -> Result<Wanted, Vec<Rule>> {
    let broken = input(&case);
    if !broken.is_empty() {
        return Err(broken);
    }
    if case.site.master.is_none() {
        return Err(vec![Rule::UnknownAccountingPoint]);
    }
    let is_supplier = case.header.sender_role == ActorRole::EnergySupplier.code();
    let sender: ActorNumber = case.header.sender();
    let mut broken = Vec::new();
    if !is_supplier || case.site.point.supplier_at(case.now) != Some(&sender) {
        broken.push(Rule::SenderMustBeCurrentSupplier);
    }
    let Some(grid) = case.grid else {
        broken.push(Rule::GridOperatorMustBeKnown);
        return Err(broken);
    };
    if !broken.is_empty() {
        return Err(broken);
    }
    let service = ServiceRequest::from_code(&case.record.service).expect("ServiceMustBeKnown holds");
    let wished = instant(case.record.start.trim()).expect("DateFormatMustBeUTC holds");
    Ok(Wanted { service, wished, grid })
}

fn input(case: &Case) -> Vec<Rule> {
    let mut broken = Vec::new();
    let record = case.record;
    if record.metering_point.is_blank() {
        broken.push(Rule::GsrnNumberIsRequired);
    } else if !is_gsrn(record.metering_point.trimmed()) {
        broken.push(Rule::InvalidGsrnNumber);
    }
    match &record.energy_supplier {
        Some(supplier) if supplier.contradicts_itself() => broken.push(Rule::ActorNumberMustMatchItsScheme),
        Some(supplier) if supplier.trimmed() != case.header.sender_number.trim() => {
            broken.push(Rule::EnergySupplierDoesNotMatchSender);
        }
        _ => {}
    }
    if instant(record.start.trim()).is_none() {
        broken.push(Rule::DateFormatMustBeUTC);
    }
    if is_too_long(record.description.as_deref()) {
        broken.push(Rule::DescriptionLength);
    }
    if ServiceRequest::from_code(&record.service).is_none() {
        broken.push(Rule::ServiceMustBeKnown);
    }
    broken
}

/// Whether a free text, of a request or of its answer, is longer than it may be.
pub fn is_too_long(description: Option<&str>) -> bool {
    description.is_some_and(|text| text.chars().nth(DESCRIPTION_CHARACTERS_MAX).is_some())
}

/// As in ebIX.
const DESCRIPTION_CHARACTERS_MAX: usize = 512;
