//! Which document of one form is which of the other. Where each value stands is in [`super::records`] and
//! [`super::master_data`]. Sources: post-office 3.5 and Appendix B, market-roles 4.1 to 4.10, charges 7.

use super::master_data::{
    CHILDLESS, CUSTOMERS, CUSTOMERS_SENT, CUSTOMERS_TOLD, METERING_POINT, METERING_POINT_SENT, METERING_POINT_TOLD,
    RELATIVES,
};
use super::records::{
    ACKNOWLEDGED, CANCEL, CHANGE_OF_SUPPLIER, CHARGE_ANSWER, CHARGE_INFORMATION, CHARGE_QUERY, CONFIRM, DESCRIPTION,
    END, HEADER, HEADER_OF_ACKNOWLEDGEMENT, ID, LINKS, LINKS_QUERY, MASTER_DATA_QUERY, NOTIFIED, ORIGINAL, POINT,
    POINT_IF_ANY, REJECT, SERVICE, START,
};
use super::table::{Pair, Twin};

/// Of several twins of one CIM document, the first that has its business reason and answers as its records do.
pub const ALL: &[Twin] = &[
    // RSM-001
    twin("RequestChangeOfSupplier", "RequestChangeOfSupplier", "392", EVENT, &[ID, POINT, CHANGE_OF_SUPPLIER]),
    twin("ConfirmRequestChangeOfSupplier", "ConfirmChangeOfSupplier", "414", RESPONSE, &[CONFIRM, POINT]),
    twin("RejectRequestChangeOfSupplier", "RejectChangeOfSupplier", "414", RESPONSE, &[REJECT, POINT]),
    // RSM-024, and for the supplier's own processes RSM-002 and RSM-008
    twin("RequestCancellation", "RequestCancelChangeOfSupplier", "392", EVENT, CANCELS).of("E67", CHANGE),
    twin("ConfirmRequestCancellation", "ConfirmCancelChangeOfSupplier", "414", RESPONSE, &[CONFIRM, POINT])
        .of("E68", CHANGE),
    twin("RejectRequestCancellation", "RejectCancelChangeOfSupplier", "414", RESPONSE, &[REJECT, POINT])
        .of("E68", CHANGE),
    twin("RequestCancellation", "RequestCancelEndOfSupply", "432", EVENT, CANCELS).of("E67", SUPPLY_ENDS),
    twin("ConfirmRequestCancellation", "ConfirmCancelEndOfSupply", "E44", RESPONSE, &[CONFIRM, POINT])
        .of("E68", SUPPLY_ENDS),
    twin("RejectRequestCancellation", "RejectCancelEndOfSupply", "E44", RESPONSE, &[REJECT, POINT])
        .of("E68", SUPPLY_ENDS),
    twin("RequestCancellation", "RequestCancellation", "E67", EVENT, &[ID, ORIGINAL, POINT_IF_ANY]),
    twin("ConfirmRequestCancellation", "ConfirmCancellation", "E68", RESPONSE, &[CONFIRM, POINT_IF_ANY]),
    twin("RejectRequestCancellation", "RejectCancellation", "E68", RESPONSE, &[REJECT, POINT_IF_ANY]),
    // RSM-003
    twin("RequestReallocateChangeOfSupplier", "RequestReallocateChangeOfSupplier", "D01", EVENT, &[ID, POINT, START]),
    twin(
        "ConfirmRequestReallocateChangeOfSupplier",
        "ConfirmReallocateChangeOfSupplier",
        "D02",
        RESPONSE,
        &[CONFIRM, POINT],
    ),
    twin(
        "RejectRequestReallocateChangeOfSupplier",
        "RejectReallocateChangeOfSupplier",
        "D02",
        RESPONSE,
        &[REJECT, POINT],
    ),
    // RSM-004
    twin("GenericNotification", "NotifyChangeOfSupplier", "E44", EVENT, &[ID, POINT, NOTIFIED]),
    // RSM-005
    twin("RequestEndOfSupply", "RequestEndOfSupply", "432", EVENT, &[ID, POINT, END]),
    twin("ConfirmRequestEndOfSupply", "ConfirmEndOfSupply", "E44", RESPONSE, &[CONFIRM, POINT]),
    twin("RejectRequestEndOfSupply", "RejectEndOfSupply", "E44", RESPONSE, &[REJECT, POINT]),
    // RSM-006, answered with RSM-023 and RSM-029
    twin("RequestAccountingPointCharacteristics", "QueryMasterData", "D18", QUERY, &[ID, POINT, MASTER_DATA_QUERY]),
    twin("RejectRequestAccountingPointCharacteristics", "RejectQueryMasterData", "D19", QUERY, &[REJECT, POINT]),
    twin(
        "AccountingPointCharacteristics",
        "ResponseMasterDataMeteringPoint",
        "D20",
        MASTER_DATA,
        &[ID, ORIGINAL, METERING_POINT, METERING_POINT_TOLD, RELATIVES],
    ),
    twin(
        "CharacteristicsOfACustomerAtAnAP",
        "ResponseMasterDataConsumer",
        "D17",
        CONSUMERS,
        &[ID, ORIGINAL, CUSTOMERS, CUSTOMERS_TOLD],
    ),
    // RSM-009
    acknowledgement(),
    // RSM-020
    twin(
        "RequestService",
        "RequestServices",
        "D03",
        "PayloadMPServiceEvent",
        &[ID, POINT, START, SERVICE, DESCRIPTION],
    ),
    twin("ConfirmRequestService", "ConfirmServices", "D04", RESPONSE, &[CONFIRM, POINT, DESCRIPTION]),
    twin("RejectRequestService", "RejectServices", "D04", RESPONSE, &[REJECT, POINT, DESCRIPTION]),
    // RSM-021
    twin(
        "RequestChangeAccountingPointCharacteristics",
        "RequestUpdateMasterDataMeteringPoint",
        "E58",
        MASTER_DATA,
        &[ID, METERING_POINT, METERING_POINT_SENT],
    ),
    twin(
        "ConfirmRequestChangeAccountingPointCharacteristics",
        "ConfirmUpdateMasterDataMeteringPoint",
        "E59",
        CHARGE_EVENT,
        &[CONFIRM, POINT],
    ),
    twin(
        "RejectRequestChangeAccountingPointCharacteristics",
        "RejectUpdateMasterDataMeteringPoint",
        "E59",
        RESPONSE,
        &[REJECT, POINT],
    ),
    // RSM-022
    twin(
        "AccountingPointCharacteristics",
        "NotifyMasterDataMeteringPoint",
        "E07",
        MASTER_DATA,
        &[ID, METERING_POINT, METERING_POINT_TOLD, CHILDLESS],
    ),
    // RSM-025
    twin("NotifyCancellation", "NotifyCancellation", "E78", EVENT, &[ID, ORIGINAL, POINT]),
    // RSM-027
    twin(
        "RequestChangeCustomerCharacteristics",
        "RequestUpdateMasterDataConsumer",
        "D15",
        CONSUMERS,
        &[ID, CUSTOMERS, CUSTOMERS_SENT],
    ),
    twin(
        "ConfirmRequestChangeCustomerCharacteristics",
        "ConfirmUpdateMasterDataConsumer",
        "D16",
        CHARGE_EVENT,
        &[CONFIRM, POINT],
    ),
    twin(
        "RejectRequestChangeCustomerCharacteristics",
        "RejectUpdateMasterDataConsumer",
        "D16",
        CHARGE_EVENT,
        &[REJECT, POINT],
    ),
    // RSM-028
    twin(
        "CharacteristicsOfACustomerAtAnAP",
        "NotifyMasterDataConsumer",
        "E21",
        CONSUMERS,
        &[ID, CUSTOMERS, CUSTOMERS_TOLD],
    ),
    // RSM-030
    twin("RequestChangeBillingMasterData", "RequestUpdateMasterDataCharge", "D05", CHARGE_EVENT, &[ID, POINT, LINKS]),
    twin(
        "ConfirmRequestChangeBillingMasterData",
        "ConfirmUpdateMasterDataCharge",
        "D06",
        CHARGE_EVENT,
        &[CONFIRM, POINT],
    ),
    twin("RejectRequestChangeBillingMasterData", "RejectUpdateMasterDataCharge", "D06", CHARGE_EVENT, &[REJECT, POINT]),
    // RSM-032, the answer to a query, which CIM tells as RSM-031
    twin("NotifyBillingMasterData", "ResponseMasterDataCharge", "D09", CHARGE_EVENT, &[ID, ORIGINAL, POINT, LINKS])
        .of("D07", &["E0G"]),
    twin("RequestBillingMasterData", "QueryMasterDataCharge", "D08", CHARGE_EVENT, &[ID, POINT, LINKS_QUERY]),
    twin("RejectRequestBillingMasterData", "RejectMasterDataCharge", "D09", CHARGE_EVENT, &[REJECT, POINT]),
    // RSM-031
    twin("NotifyBillingMasterData", "NotifyMasterDataCharge", "D07", CHARGE_EVENT, &[ID, POINT, LINKS]),
    // RSM-033
    twin("RequestChangeOfPriceList", "RequestUpdateChargeInformation", "D10", CHARGE_EVENT, &[ID, CHARGE_INFORMATION]),
    twin("ConfirmRequestChangeOfPriceList", "ConfirmUpdateChargeInformation", "D11", CHARGE_EVENT, &[CONFIRM]),
    twin("RejectRequestChangeOfPriceList", "RejectUpdateChargeInformation", "D11", CHARGE_EVENT, &[REJECT]),
    // RSM-034
    twin("NotifyPriceList", "NotifyChargeInformation", "D12", CHARGE_EVENT, &[ID, CHARGE_INFORMATION]),
    // RSM-035
    twin("RequestPriceList", "QueryChargeInformation", "D13", "PayloadRequestChargeInformation", &[ID, CHARGE_QUERY])
        .renaming("D48", "E0G"),
    twin("NotifyPriceList", "ResponseQueryChargeInformation", "D14", CHARGE_EVENT, &[ID, CHARGE_ANSWER])
        .of("D12", &["D18"])
        .renaming("D18", "E0G")
        .answering(),
    twin("RejectRequestPriceList", "RejectQueryChargeInformation", "D14", CHARGE_EVENT, &[REJECT])
        .renaming("D48", "E0G"),
];

/// A document of the same type in both forms, whatever its business reason.
const fn twin(
    cim: &'static str,
    ebix: &'static str,
    kind: &'static str,
    record: &'static str,
    pairs: &'static [&'static [Pair]],
) -> Twin {
    Twin { cim, ebix, types: (kind, kind), reasons: &[], answers: false, renamed: None, header: HEADER, record, pairs }
}

impl Twin {
    /// Of another type in CIM, and with these business reasons alone.
    const fn of(self, cim_type: &'static str, reasons: &'static [&'static str]) -> Twin {
        Twin { types: (cim_type, self.types.1), reasons, ..self }
    }

    /// Of documents that answer a query, where CIM does not tell.
    const fn answering(self) -> Twin {
        Twin { answers: true, ..self }
    }

    /// One of its business reasons has another code in ebIX.
    const fn renaming(self, cim: &'static str, ebix: &'static str) -> Twin {
        Twin { renamed: Some((cim, ebix)), ..self }
    }
}

const fn acknowledgement() -> Twin {
    let twin = twin("Acknowledgement", "Acknowledgement", "294", RESPONSE, &[ACKNOWLEDGED]);
    Twin { types: ("", "294"), header: HEADER_OF_ACKNOWLEDGEMENT, ..twin }
}

const EVENT: &str = "PayloadMPEvent";
const RESPONSE: &str = "PayloadResponseEvent";
const QUERY: &str = "PayloadMeterEvent";
const CHARGE_EVENT: &str = "PayloadChargeEvent";
const MASTER_DATA: &str = "PayloadMasterDataMPEvent";
const CONSUMERS: &str = "PayloadMasterDataMeteringPointPartyEvent";

const CANCELS: &[&[Pair]] = &[ID, ORIGINAL, CANCEL, POINT];
/// Business reasons of RSM-002: short notice and moves for other reasons have none there.
const CHANGE: &[&str] = &["E03", "E65"];
/// Those of RSM-008.
const SUPPLY_ENDS: &[&str] = &["E20", "E66"];
