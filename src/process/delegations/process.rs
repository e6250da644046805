//! What can be delegated, by the names under which the market delegates it.

use crate::document::Outgoing;
use crate::market::ActorRole;
use crate::process::charge_links;
use crate::process::market_documents::kinds::{CUSTOMER_DATA, METERING_POINT_DATA};

/// One direction of one family of documents. Source: post-office 5.3 for the first eight; the others are ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Process {
    RequestEnergyResults,
    ReceiveEnergyResults,
    RequestWholesaleResults,
    ReceiveWholesaleResults,
    RequestMeasurements,
    IncomingMeteredDataForMeteringPoint,
    OutgoingMeteredDataForMeteringPoint,
    MissingMeasurementLog,
    /// RSM-006, on behalf of whoever the record names.
    RequestMeteringPointCharacteristics,
    /// RSM-021, for whoever runs the grid area.
    IncomingMeteringPointCharacteristics,
    /// RSM-022
    OutgoingMeteringPointCharacteristics,
    /// RSM-028
    OutgoingCustomerCharacteristics,
    /// RSM-030, for the owner of the charge.
    IncomingBillingMasterData,
    /// RSM-031
    OutgoingBillingMasterData,
    /// RSM-033, for a grid access provider that owns the charge.
    IncomingPriceList,
}

impl Process {
    pub const ALL: [Process; 15] = [
        Process::RequestEnergyResults,
        Process::ReceiveEnergyResults,
        Process::RequestWholesaleResults,
        Process::ReceiveWholesaleResults,
        Process::RequestMeasurements,
        Process::IncomingMeteredDataForMeteringPoint,
        Process::OutgoingMeteredDataForMeteringPoint,
        Process::MissingMeasurementLog,
        Process::RequestMeteringPointCharacteristics,
        Process::IncomingMeteringPointCharacteristics,
        Process::OutgoingMeteringPointCharacteristics,
        Process::OutgoingCustomerCharacteristics,
        Process::IncomingBillingMasterData,
        Process::OutgoingBillingMasterData,
        Process::IncomingPriceList,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Process::RequestEnergyResults => "RequestEnergyResults",
            Process::ReceiveEnergyResults => "ReceiveEnergyResults",
            Process::RequestWholesaleResults => "RequestWholesaleResults",
            Process::ReceiveWholesaleResults => "ReceiveWholesaleResults",
            Process::RequestMeasurements => "RequestMeasurements",
            Process::IncomingMeteredDataForMeteringPoint => "IncomingMeteredDataForMeteringPoint",
            Process::OutgoingMeteredDataForMeteringPoint => "OutgoingMeteredDataForMeteringPoint",
            Process::MissingMeasurementLog => "MissingMeasurementLog",
            Process::RequestMeteringPointCharacteristics => "RequestMeteringPointCharacteristics",
            Process::IncomingMeteringPointCharacteristics => "IncomingMeteringPointCharacteristics",
            Process::OutgoingMeteringPointCharacteristics => "OutgoingMeteringPointCharacteristics",
            Process::OutgoingCustomerCharacteristics => "OutgoingCustomerCharacteristics",
            Process::IncomingBillingMasterData => "IncomingBillingMasterData",
            Process::OutgoingBillingMasterData => "OutgoingBillingMasterData",
            Process::IncomingPriceList => "IncomingPriceList",
        }
    }

    /// Whether this gateway carries documents of the process, so that delegating it has an effect here.
    pub fn is_carried(self) -> bool {
        match self {
            Process::RequestEnergyResults
            | Process::ReceiveEnergyResults
            | Process::RequestWholesaleResults
            | Process::ReceiveWholesaleResults
            | Process::RequestMeasurements
            | Process::IncomingMeteredDataForMeteringPoint
            | Process::OutgoingMeteredDataForMeteringPoint
            | Process::MissingMeasurementLog => false,
            Process::RequestMeteringPointCharacteristics
            | Process::IncomingMeteringPointCharacteristics
            | Process::OutgoingMeteringPointCharacteristics
            | Process::OutgoingCustomerCharacteristics
            | Process::IncomingBillingMasterData
            | Process::OutgoingBillingMasterData
            | Process::IncomingPriceList => true,
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|process| process.name().eq_ignore_ascii_case(name))
    }

    /// The process that a document on its way out belongs to; `None` where it cannot be delegated, because it answers a
    /// request or is about no grid area.
    pub fn of_outgoing(document: &Outgoing) -> Option<Self> {
        let is_query_answer = document.business_reason == charge_links::REASON_QUERY;
        match document.kind {
            kind if *kind == METERING_POINT_DATA => Some(Process::OutgoingMeteringPointCharacteristics),
            kind if *kind == CUSTOMER_DATA => Some(Process::OutgoingCustomerCharacteristics),
            kind if *kind == charge_links::NOTIFY && !is_query_answer => Some(Process::OutgoingBillingMasterData),
            _ => None,
        }
    }

    /// The process that a document that comes in belongs to, by its name, and the roles in which a delegate may send it.
    pub fn of_incoming(document: &str) -> Option<(Self, &'static [ActorRole])> {
        use ActorRole::{EnergySupplier, GridAccessProvider, SystemOperator};
        match document {
            "RequestChangeAccountingPointCharacteristics" => {
                Some((Process::IncomingMeteringPointCharacteristics, &[GridAccessProvider]))
            }
            "RequestAccountingPointCharacteristics" => {
                Some((Process::RequestMeteringPointCharacteristics, &[EnergySupplier, GridAccessProvider]))
            }
            "RequestChangeBillingMasterData" => {
                Some((Process::IncomingBillingMasterData, &[GridAccessProvider, SystemOperator]))
            }
            "RequestChangeOfPriceList" => Some((Process::IncomingPriceList, &[GridAccessProvider])),
            _ => None,
        }
    }
}
